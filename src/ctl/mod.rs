//! `chat-server ctl`: an operator's commands from another process on the same machine. Knows how a command goes there and back, and not what it does.
//!
//! A connection carries one command: one line there; back a line `ok` or `no`,
//! then what is to be shown, then the end. [`Ctl`] is the server's side, [`ask`]
//! and [`watch`] are the operator's.

mod ask;
mod channel;
mod error;
mod person;
mod serve;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use ask::{Reply, ask, watch};
pub use error::CtlError;
pub use person::converse;
pub use serve::Ctl;

/// How long an operator waits for an answer: longer than the server may need for two others before.
const ANSWER: Duration = Duration::from_secs(30);

/// Before the words for which Tab is asked: no command begins so.
const TAB: char = '\t';

/// The control socket of the server that uses the database `data`: beside the file, and not beside a link to it.
pub fn beside(data: &Path) -> PathBuf {
    let mut path = fs::canonicalize(data).unwrap_or_else(|_| data.to_path_buf()).into_os_string();
    path.push(".ctl");
    path.into()
}
