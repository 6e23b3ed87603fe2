//! The bytes of one file that come in over a connection: counted, hashed, looked at, and handed to the write queue. Knows no HTTP, and of the chat only the next number of a file.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::handle::SessionHandle;
use super::hub::{Database, Hub};
use super::kind::{Kind, Look};
use super::tickets::UploadId;
use super::uploads::{Offered, PutError, State};
use crate::model::{FileId, FileInfo};
use crate::record::Record;
use crate::wire::hex;

/// The bytes of one record of a file, and of one read of it.
pub const PIECE: usize = 32_768;

/// The bytes that a file leaves free on the disk, so that what members say is still stored.
const RESERVE: u64 = 1 << 20;

/// At most so many bytes lie in the log of the database and in the database itself, for a moment.
const TWICE: u64 = 8 << 20;

/// One file whose bytes a connection brings. If it is dropped before all have come, the
/// bytes are removed, and the upload waits for them again from the first.
#[derive(Debug)]
pub struct Receiving {
    database: Arc<Database>,
    handle: Arc<SessionHandle>,
    patience: Duration,
    id: UploadId,
    file: FileId,
    offered: Offered,
    /// How many bytes were stored, and those that make no record yet.
    at: u64,
    piece: Vec<u8>,
    sum: Sha256,
    look: Look,
    whole: bool,
}

/// A file whose bytes have all come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The number of the upload.
    pub upload: u64,
    /// What came.
    pub info: Arc<FileInfo>,
}

impl Receiving {
    /// The connection `handle` is about to bring `length` bytes to this path.
    ///
    /// # Errors
    /// No bytes are taken.
    pub fn begin(hub: &Arc<Hub>, path: &str, length: u64, handle: &Arc<SessionHandle>) -> Result<Receiving, PutError> {
        let database = hub.database.as_ref().ok_or(PutError::NoUpload)?;
        let id = database.tickets.upload(path).ok_or(PutError::NoUpload)?;
        let offered = database.uploads.begin(id, length, handle)?;
        // From here on `Drop` lets the upload wait again.
        let receiving = Receiving {
            database: Arc::clone(database),
            handle: Arc::clone(handle),
            patience: hub.limits.now().keep_patience,
            id,
            // Not the number of an attempt before: what that one left is removed under its own number.
            file: hub.chat.next_file(),
            at: 0,
            piece: Vec::new(),
            sum: Sha256::new(),
            look: Look::default(),
            whole: false,
            offered,
        };
        let Offered { identity, stored_in, origin, .. } = receiving.offered;
        receiving.store(Record::File(receiving.file, identity, stored_in, origin))?;
        Ok(receiving)
    }

    /// How many bytes are still to come.
    pub fn left(&self) -> u64 {
        self.offered.size - self.at - self.piece.len() as u64
    }

    /// Takes bytes, not more than are [left](Receiving::left). Waits here while the disk is
    /// behind, so that a slow disk slows the connection that brings them.
    ///
    /// # Errors
    /// The upload is over, or the disk takes no more.
    pub fn take(&mut self, mut bytes: &[u8]) -> Result<(), PutError> {
        self.sum.update(bytes);
        self.look.see(bytes);
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() == PIECE {
                self.store_piece()?;
            }
        }
        Ok(())
    }

    fn store_piece(&mut self) -> Result<(), PutError> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece: Arc<[u8]> = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE)).into();
        let (at, length) = (self.at, piece.len() as u64);
        self.store(Record::Piece(self.file, at, piece))?;
        self.at += length;
        Ok(())
    }

    fn store(&self, record: Record) -> Result<(), PutError> {
        let (queue, left) = (&self.database.write_queue, self.offered.size - self.at);
        if self.database.store.free_bytes().is_some_and(|free| free < left + left.min(TWICE) + RESERVE) {
            return Err(PutError::NotStored("the server's disk is full".to_owned()));
        }
        self.handle.pausing(|| queue.admit_piece(self.patience)).map_err(PutError::NotStored)?;
        if self.database.uploads.look(self.id).is_none() {
            return Err(PutError::NoUpload);
        }
        queue.add_whole(record, None);
        Ok(())
    }

    /// All bytes have come: waits until they are stored, and tells what they are.
    ///
    /// # Errors
    /// The upload is over, bytes are missing, or the disk did not take them.
    pub fn end(mut self) -> Result<Received, PutError> {
        let size = self.offered.size;
        if self.left() > 0 {
            return Err(PutError::OtherSize { have: size - self.left(), size });
        }
        self.store_piece()?;
        let queue = &self.database.write_queue;
        self.handle.pausing(|| queue.wait_until_stored(self.patience));
        let stored = self.database.store.stored_bytes(self.file).map_err(|error| {
            tracing::error!(%error, "cannot read back");
            PutError::NotStored("the server cannot read its database".to_owned())
        })?;
        if stored != Some(size) {
            let why = queue.troubled().map_or("the disk did not take all of it".to_owned(), |why| why.to_string());
            return Err(PutError::NotStored(why));
        }
        let Kind { mime, size: picture } = std::mem::take(&mut self.look).end();
        let info = Arc::new(FileInfo {
            file: self.file.0,
            name: Arc::clone(&self.offered.name),
            mime: Arc::from(mime),
            size,
            sha256: hex(&std::mem::take(&mut self.sum).finalize()).into(),
            width: picture.map(|(width, _)| width),
            height: picture.map(|(_, height)| height),
        });
        self.database.uploads.set(self.id, State::Whole(Arc::clone(&info)))?;
        self.whole = true;
        Ok(Received { upload: self.id.number, info })
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        if !self.whole {
            self.database.write_queue.add_whole(Record::FileDeleted(self.file), None);
            // If the upload is over, there is nothing to set.
            let _ = self.database.uploads.set(self.id, State::Waiting);
        }
    }
}
