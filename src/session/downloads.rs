//! Files that go out: whether a ticket still carries a right, and the bytes, one bounded piece after another. Knows no HTTP.

use std::sync::Arc;

use super::handle::SessionHandle;
use super::hub::{self, Database, Hub};
use super::receiving::PIECE;
use crate::chat::Privacy;
use crate::model::{FileId, FileInfo};
use crate::store::StoreError;

/// A file that a session may fetch now.
#[derive(Debug)]
pub struct Download {
    database: Arc<Database>,
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
    pub fn open(hub: &Hub, path: &str, asks: &SessionHandle) -> Result<Option<Download>, StoreError> {
        let Some(database) = &hub.database else { return Ok(None) };
        let Some((session, file)) = database.tickets.file(path) else { return Ok(None) };
        // A session that was told that it is over has lost its rights, though its thread may not have ended yet.
        if hub.handle(session).is_none_or(|handle| handle.outbox.closed().is_some()) {
            return Ok(None);
        }
        // What was announced or deleted before this request may not be in the database yet.
        asks.pausing(|| database.write_queue.wait_until_stored(hub.limits.keep_patience));
        let Some(found) = database.store.file(file)? else { return Ok(None) };
        let privacy = hub.chat.may_read(session, found.place, hub::now());
        Ok(privacy.map(|privacy| Download { database: Arc::clone(database), info: found.info, privacy }))
    }

    /// The bytes from `offset` on, at most [`PIECE`] and at most `most`. None if they are not there
    /// any more. A connection to the database is held for this piece only.
    pub fn piece(&self, offset: u64, most: u64) -> Option<Vec<u8>> {
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
