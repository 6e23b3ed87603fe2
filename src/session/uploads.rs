//! Files that come in: what was offered, and how far each has come. Knows no bytes and no HTTP.
//!
//! An upload belongs to the hub: a session offers it, and another connection brings its
//! bytes, see `receiving`. It ends with its session, and with `cancel`; the connection is
//! then cut. The one lock here is a leaf: nothing is done under it that waits.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::handle::SessionHandle;
use super::shelf::Room;
use super::tickets::UploadId;
use crate::chat::SessionId;
use crate::chat::write_queue::WriteQueue;
use crate::command::Place;
use crate::model::{Address, FileId, FileInfo, Identity, PlaceId};
use crate::record::Record;

/// What a session offered.
#[derive(Debug, Clone)]
pub struct Offered {
    /// Where it is to be said.
    pub place: Place,
    /// The person it is for, if it is for one person.
    pub with: Option<Identity>,
    /// Its name, cleaned.
    pub name: Arc<str>,
    /// How many bytes it has.
    pub size: u64,
    /// The person who sends it.
    pub identity: Identity,
    /// The number of the place.
    pub stored_in: PlaceId,
    /// The address that a guest counts for.
    pub origin: Option<Address>,
}

/// All files that come in.
#[derive(Debug, Default)]
pub struct Uploads {
    known: Mutex<BTreeMap<UploadId, Upload>>,
}

#[derive(Debug)]
struct Upload {
    offered: Offered,
    /// The bytes of `files-bytes` that it reserves until it is said.
    room: Room,
    state: State,
}

/// How far an upload has come.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// No connection brings its bytes now.
    Waiting,
    /// This connection brings them. Only its thread makes records of the file.
    Coming(Arc<SessionHandle>),
    /// All bytes are stored.
    Whole(Arc<FileInfo>),
}

/// Why no bytes are taken, or no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// The ticket is none, or its upload is over.
    #[error("there is no such upload, or it is over; offer the file again")]
    NoUpload,
    /// Another connection brings the bytes.
    #[error("this file is being sent already, on another connection")]
    Busy,
    /// All bytes have come before.
    #[error("all of this file is here; finish it, or offer another")]
    Complete,
    /// Another size was offered.
    #[error("{size} bytes were offered, and this has {have}; offer it anew")]
    OtherSize {
        /// How many would come.
        have: u64,
        /// How many were offered.
        size: u64,
    },
    /// The bytes cannot be stored.
    #[error("{0}; send it again later")]
    NotStored(String),
}

impl Uploads {
    /// Notes what a session offered.
    pub fn add(&self, id: UploadId, offered: Offered, room: Room) {
        self.known.lock().insert(id, Upload { offered, room, state: State::Waiting });
    }

    /// How many files a session sends.
    pub fn of(&self, session: SessionId) -> usize {
        self.known.lock().range(all_of(session)).count()
    }

    /// What was offered, and the file if it is whole.
    pub(super) fn look(&self, id: UploadId) -> Option<(Offered, Option<Arc<FileInfo>>)> {
        let known = self.known.lock();
        let upload = known.get(&id)?;
        let whole = if let State::Whole(info) = &upload.state { Some(Arc::clone(info)) } else { None };
        Some((upload.offered.clone(), whole))
    }

    /// Takes out an upload whose file is said; `position` is as for [`Room::said`].
    pub(super) fn said(&self, id: UploadId, position: u64) {
        let upload = self.known.lock().remove(&id);
        if let Some(upload) = upload {
            upload.room.said(position);
        }
    }

    /// Ends an upload: its connection is cut, and nothing of it stays. Returns whether there was one.
    pub(super) fn drop(&self, id: UploadId, queue: &WriteQueue) -> bool {
        let upload = self.known.lock().remove(&id);
        upload.is_some_and(|upload| {
            upload.end(queue);
            true
        })
    }

    /// Ends all uploads of a session.
    pub(super) fn drop_all(&self, session: SessionId, queue: &WriteQueue) {
        let mut known = self.known.lock();
        let ids: Vec<UploadId> = known.range(all_of(session)).map(|(id, _)| *id).collect();
        let ended: Vec<Upload> = ids.iter().filter_map(|id| known.remove(id)).collect();
        drop(known);
        ended.into_iter().for_each(|upload| upload.end(queue));
    }

    /// Gives the upload to a connection, if it waits for one.
    pub(super) fn begin(&self, id: UploadId, length: u64, handle: &Arc<SessionHandle>) -> Result<Offered, PutError> {
        let mut known = self.known.lock();
        let upload = known.get_mut(&id).ok_or(PutError::NoUpload)?;
        match upload.state {
            State::Coming(_) => return Err(PutError::Busy),
            State::Whole(_) => return Err(PutError::Complete),
            State::Waiting => {}
        }
        let size = upload.offered.size;
        if length != size {
            return Err(PutError::OtherSize { have: length, size });
        }
        upload.state = State::Coming(Arc::clone(handle));
        Ok(upload.offered.clone())
    }

    pub(super) fn set(&self, id: UploadId, state: State) -> Result<(), PutError> {
        let mut known = self.known.lock();
        known.get_mut(&id).ok_or(PutError::NoUpload)?.state = state;
        Ok(())
    }
}

fn all_of(session: SessionId) -> std::ops::RangeInclusive<UploadId> {
    UploadId { session, number: 0 }..=UploadId { session, number: u64::MAX }
}

impl Upload {
    fn end(self, queue: &WriteQueue) {
        match self.state {
            State::Waiting => {}
            // Its thread finds out, and removes what it had stored.
            State::Coming(handle) => handle.stream.kill(),
            State::Whole(info) => queue.add_whole(Record::FileDeleted(FileId(info.file)), None),
        }
    }
}
