//! Files that go out: whether a ticket still carries a right, and the bytes, one bounded piece after another. Knows no HTTP.
//!
//! The right is looked for again at each piece: a peer that reads slowly may need hours
//! for a file, and a member may be banned meanwhile.

use std::sync::Arc;

use super::handle::SessionHandle;
use super::hub::{self, Database, Hub};
use super::receiving::PIECE;
use crate::chat::{Privacy, SessionId};
use crate::model::{FileId, FileInfo, PlaceId};
use crate::store::StoreError;

/// A file that a session may fetch now.
#[derive(Debug)]
pub struct Download {
    hub: Arc<Hub>,
    database: Arc<Database>,
    /// The session that the path was made for, and the place where the file was said.
    right: (SessionId, PlaceId),
    /// The file.
    pub info: Arc<FileInfo>,
    /// Whether everybody may come in where it was sent.
    pub privacy: Privacy,
}

impl Download {
    /// The file of a path, if the session that the path was made for lives and may read it.
    /// There is one answer for all that is wrong, so that it tells nothing. `asks` is the
    /// connection that asks.
    ///
    /// # Errors
    /// The database cannot be read now.
    pub fn open(hub: &Arc<Hub>, path: &str, asks: &SessionHandle) -> Result<Option<Download>, StoreError> {
        let Some(database) = &hub.database else { return Ok(None) };
        let Some((session, file)) = database.tickets.file(path) else { return Ok(None) };
        if !lives(hub, session) {
            return Ok(None);
        }
        // What was announced or deleted before this request may not be in the database yet.
        asks.pausing(|| database.write_queue.wait_until_stored(hub.limits.now().keep_patience));
        let Some(found) = database.store.file(file)? else { return Ok(None) };
        let privacy = hub.chat.may_read(session, found.place, hub::now());
        Ok(privacy.map(|privacy| Download {
            hub: Arc::clone(hub),
            database: Arc::clone(database),
            right: (session, found.place),
            info: found.info,
            privacy,
        }))
    }

    /// The bytes from `offset` on, at most [`PIECE`] and at most `most`. None if they are not there
    /// any more, or if the right has ended. A connection to the database is held for this piece only.
    pub fn piece(&self, offset: u64, most: u64) -> Option<Vec<u8>> {
        let (session, place) = self.right;
        if !lives(&self.hub, session) || self.hub.chat.may_read(session, place, hub::now()).is_none() {
            tracing::debug!(file = self.info.file, "the right to a file has ended");
            return None;
        }
        let most = usize::try_from(most).map_or(PIECE, |most| most.min(PIECE));
        let read = self.database.store.piece(FileId(self.info.file), offset, most);
        let (_, bytes) = read.inspect_err(|error| tracing::warn!(%error, "a file was cut short")).ok()??;
        if bytes.is_empty() {
            tracing::error!(file = self.info.file, offset, "a file has lost bytes");
            return None;
        }
        Some(bytes)
    }
}

/// Whether a session lives. One that was told that it is over has lost its rights, though its thread may not have ended yet.
fn lives(hub: &Hub, session: SessionId) -> bool {
    hub.handle(session).is_some_and(|handle| handle.outbox.closed().is_none())
}
