//! Files: a body that a session sends, and a file that it fetches. Knows no sockets; the exchange brings the bytes and takes them.

use std::sync::Arc;

use super::answer::Answer;
use crate::session::hub::Hub;
use crate::wire::http::Head;

/// A body that is coming. Dropping it before its end drops what has come.
#[derive(Debug)]
pub(super) struct Upload {}

/// Begins to take the body of `PUT /u/<ticket>`, `length` bytes long.
///
/// # Errors
/// The answer that refuses it; then no byte of it is read.
pub(super) fn put(_hub: &Arc<Hub>, _ticket: &str, _length: u64) -> Result<Upload, Answer> {
    Err(not_found())
}

impl Upload {
    /// Takes the next piece; together they are never longer than was said.
    ///
    /// # Errors
    /// The answer that ends it.
    pub(super) fn take(&mut self, _bytes: &[u8]) -> Result<(), Answer> {
        Ok(())
    }

    /// All of it is here.
    pub(super) fn finish(self) -> Answer {
        not_found()
    }
}

/// Answers `GET /f/<path>`; `head` has the other fields: `range`, `if-range`, `if-none-match`.
/// To a HEAD the same is answered, and the exchange leaves the body out.
pub(super) fn get(_hub: &Arc<Hub>, _path: &str, _head: &Head) -> Answer {
    not_found()
}

fn not_found() -> Answer {
    Answer::sentence(404, "There is no such file here.")
}
