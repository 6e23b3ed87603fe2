//! Why a client could not connect, could not send, or ended. Knows no sockets and no screen.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::error::Code;
use crate::model::CloseReason;

/// Why there is no client: it could not connect, or was not let in.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// No server answers at that address, or it is no address.
    Connect {
        /// The address as it was given.
        addr: String,
        /// What the system said.
        error: io::Error,
    },
    /// The server refused the name, a room's name or the protocol version.
    Refused {
        /// The stable code, see `docs/protocol.md`.
        code: Code,
        /// The server's sentence.
        text: String,
        /// A name that would do instead.
        offer: Option<String>,
    },
    /// The server closed the connection before the login.
    Closed {
        /// Its reason, if it spoke the protocol.
        reason: Option<CloseReason>,
        /// Its sentence, if it said one.
        text: String,
    },
    /// The server there does not speak this protocol; its first line.
    NotRoomful(String),
    /// The connection broke, or the server was silent for too long.
    Lost(io::Error),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Connect { addr, error } => write!(f, "cannot connect to {addr}: {}", words(error)),
            ClientError::Refused { text, .. } => f.write_str(text),
            ClientError::Closed { text, .. } if text.is_empty() => write!(f, "the server closed the connection"),
            ClientError::Closed { text, .. } => write!(f, "the server says: {text}"),
            ClientError::NotRoomful(line) => write!(f, "that is no Roomful server; it says {line:?}"),
            ClientError::Lost(error) => write!(f, "lost the server ({})", words(error)),
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ClientError::Connect { error, .. } | ClientError::Lost(error) => Some(error),
            _ => None,
        }
    }
}

/// What the system said, in words for people: small letters, no error number.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        io::ErrorKind::UnexpectedEof => "the server hung up".to_owned(),
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            let mut letters = text.chars();
            letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
        }
    }
}

/// Why a line or a command was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsent {
    /// There is no connection at the moment. Lines to say wait and are sent later;
    /// other commands are not.
    NotConnected,
    /// So many lines wait for their answers already.
    Full(usize),
    /// The text is too long.
    TooLong {
        /// How long it is.
        have: usize,
        /// How long it may be.
        most: usize,
        /// What is counted: `characters`, or `bytes` of the whole line.
        unit: &'static str,
    },
    /// The client has ended.
    Ended,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsent::NotConnected => write!(f, "there is no connection; try again when it is back"),
            Unsent::Full(count) => write!(f, "{count} lines wait for their answers already"),
            Unsent::TooLong { have, most, unit } => write!(f, "too long ({have} {unit}, max {most})"),
            Unsent::Ended => write!(f, "the connection has ended"),
        }
    }
}

impl std::error::Error for Unsent {}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskError {
    /// It was not sent.
    Unsent(Unsent),
    /// The server refused.
    Refused {
        /// The stable code, see `docs/protocol.md`.
        code: Code,
        /// The server's sentence.
        text: String,
    },
    /// The connection was lost before the answer came.
    Lost,
    /// No answer came in time.
    Timeout,
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Unsent(unsent) => write!(f, "{unsent}"),
            AskError::Refused { text, .. } => f.write_str(text),
            AskError::Lost => write!(f, "the connection was lost"),
            AskError::Timeout => write!(f, "no answer in time"),
        }
    }
}

impl std::error::Error for AskError {}

impl From<Unsent> for AskError {
    fn from(unsent: Unsent) -> AskError {
        AskError::Unsent(unsent)
    }
}

/// Why a file was not sent, or not fetched. No part of it is stored.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// The file on this machine could not be read or written.
    Local {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is a folder, a device or the like.
    NoFile(PathBuf),
    /// It became shorter while it was sent.
    Changed(PathBuf),
    /// The server refused it, or the connection broke.
    Asked(AskError),
    /// What came has another size or hash than the server had said.
    Damaged,
    /// The `progress` function returned `false`.
    Stopped,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::Local { path, error } => write!(f, "{}: {}", path.display(), words(error)),
            FileError::NoFile(path) => write!(f, "{} is no file", path.display()),
            FileError::Changed(path) => write!(f, "{} became shorter meanwhile", path.display()),
            FileError::Asked(error) => write!(f, "{error}"),
            FileError::Damaged => write!(f, "it came damaged, and was thrown away"),
            FileError::Stopped => write!(f, "stopped"),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FileError::Local { error, .. } => Some(error),
            FileError::Asked(error) => Some(error),
            _ => None,
        }
    }
}

impl From<AskError> for FileError {
    fn from(error: AskError) -> FileError {
        FileError::Asked(error)
    }
}

/// Why a client ended. No news come after it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// It was asked to.
    Quit,
    /// The server closed the session for a reason that makes coming back wrong.
    Closed {
        /// The reason.
        reason: CloseReason,
        /// The server's sentence.
        text: String,
    },
    /// The server was lost and did not come back in time.
    GaveUp {
        /// What happened last.
        why: String,
    },
    /// The server did not let the client in again.
    Refused {
        /// The server's sentence.
        text: String,
    },
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Quit => write!(f, "left"),
            End::Closed { reason, text } if text.is_empty() => f.write_str(reason.words()),
            End::Closed { text, .. } | End::Refused { text } => f.write_str(text),
            End::GaveUp { why } => f.write_str(why),
        }
    }
}
