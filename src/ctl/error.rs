//! What may go wrong between an operator and a server, in sentences that say what to do. Knows no command.

use std::io;
use std::path::PathBuf;

use super::ANSWER;

/// Why there is no way to the server, or none for operators into it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CtlError {
    /// The path is too long for a socket.
    #[error(
        "the path of the control socket is too long ({} has {} bytes): name a shorter one with --ctl, for the server and for ctl",
        .0.display(), .0.as_os_str().len()
    )]
    TooLong(PathBuf),
    /// Another server listens there.
    #[error("another server answers at {}: stop it, or give this one another path with --ctl", .0.display())]
    InUse(PathBuf),
    /// Another file has that name.
    #[error("{} is no control socket and is not removed: move it away, or name another path with --ctl", .0.display())]
    Foreign(PathBuf),
    /// The system refuses it.
    #[error("no control socket can be made at {}: {}; name another path with --ctl", .0.display(), .1)]
    Refused(PathBuf, io::Error),
    /// No server listens there.
    #[error("no server answers at {}: is it running? --data, --config or --ctl says which one is meant", .0.display())]
    Nobody(PathBuf),
    /// The socket is another user's.
    #[error("{} is another user's: run ctl as the user that runs the server", .0.display())]
    Denied(PathBuf),
    /// The server is there and says nothing.
    #[error("the server at {} has not answered within {} s", .0.display(), ANSWER.as_secs())]
    Silent(PathBuf),
    /// A command of several lines.
    #[error("a command is one line")]
    Lines,
}

impl CtlError {
    /// Whether no server could be reached, and the command was not refused.
    pub fn is_nobody(&self) -> bool {
        matches!(self, CtlError::Nobody(_) | CtlError::Silent(_))
    }
}
