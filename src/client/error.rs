//! Why a client could not connect, could not send, or ended. Knows no sockets and no screen.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::trust::Distrust;
use crate::error::Code;
use crate::model::CloseReason;

/// Why there is no client: it could not connect, or was not let in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No server answers at that address, or it is no address.
    #[error("cannot connect to {addr}: {}", words(error))]
    Connect {
        /// The address as it was given.
        addr: String,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The server refused the name, a room's name or the protocol version.
    #[error("{text}")]
    Refused {
        /// The stable code, see `docs/protocol.md`.
        code: Code,
        /// The server's sentence.
        text: String,
        /// A name that would do instead.
        offer: Option<String>,
    },
    /// The server closed the connection before the login.
    #[error("{}", closed(text))]
    Closed {
        /// Its reason, if it spoke the protocol.
        reason: Option<CloseReason>,
        /// Its sentence, if it said one.
        text: String,
    },
    /// The server there does not speak this protocol; its first line.
    #[error("that is no Roomful server; it says {0:?}")]
    NotRoomful(String),
    /// The server is not trusted; nothing was sent to it.
    #[error(transparent)]
    Untrusted(#[from] Distrust),
    /// The connection broke, or the server was silent for too long.
    #[error("lost the server ({})", words(.0))]
    Lost(#[source] io::Error),
}

fn closed(text: &str) -> String {
    if text.is_empty() { "the server closed the connection".to_owned() } else { format!("the server says: {text}") }
}

/// What the system said, in words for people: small letters, no error number.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        io::ErrorKind::UnexpectedEof => "the server hung up".to_owned(),
        // Windows has whole sentences for these, in the language of its user.
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => "connection reset by peer".to_owned(),
        _ => {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or_default().trim_end().trim_end_matches('.');
            let mut letters = text.chars();
            letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
        }
    }
}

/// Why a line or a command was not sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unsent {
    /// There is no connection at the moment. Lines to say wait and are sent later;
    /// other commands are not.
    #[error("there is no connection; try again when it is back")]
    NotConnected,
    /// So many lines wait for their answers already.
    #[error("{0} lines wait for their answers already")]
    Full(usize),
    /// The text is too long.
    #[error("too long ({have} {unit}, max {most})")]
    TooLong {
        /// How long it is.
        have: usize,
        /// How long it may be.
        most: usize,
        /// What is counted: `characters`, or `bytes` of the whole line.
        unit: &'static str,
    },
    /// The client has ended.
    #[error("the connection has ended")]
    Ended,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AskError {
    /// It was not sent.
    #[error(transparent)]
    Unsent(#[from] Unsent),
    /// The server refused.
    #[error("{text}")]
    Refused {
        /// The stable code, see `docs/protocol.md`.
        code: Code,
        /// The server's sentence.
        text: String,
    },
    /// The connection was lost before the answer came.
    #[error("the connection was lost")]
    Lost,
    /// No answer came in time.
    #[error("no answer in time")]
    Timeout,
}

/// Why a file was not sent, or not fetched. No part of it is stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file on this machine could not be read or written.
    #[error("{}: {}", path.display(), words(error))]
    Local {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// It is a folder, a device or the like.
    #[error("{} is no file", .0.display())]
    NoFile(PathBuf),
    /// It became shorter while it was sent.
    #[error("{} became shorter meanwhile", .0.display())]
    Changed(PathBuf),
    /// The server refused it, or the connection broke.
    #[error(transparent)]
    Asked(#[from] AskError),
    /// The server refused its bytes; the server's sentence.
    #[error("{0}")]
    Refused(String),
    /// The connection over which its bytes go broke.
    #[error("the connection for the file broke ({}); try it again", words(.0))]
    Broken(#[from] io::Error),
    /// What came has another size or hash than the server had said.
    #[error("it came damaged, and was thrown away")]
    Damaged,
    /// The `progress` function returned `false`.
    #[error("stopped")]
    Stopped,
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
    /// The server that answers now is not trusted; nothing was sent to it.
    Untrusted(Distrust),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Quit => write!(f, "left"),
            End::Closed { reason, text } if text.is_empty() => f.write_str(reason.words()),
            End::Closed { text, .. } | End::Refused { text } => f.write_str(text),
            End::GaveUp { why } => f.write_str(why),
            End::Untrusted(distrust) => distrust.fmt(f),
        }
    }
}
