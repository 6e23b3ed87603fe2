//! Why a client could not connect, could not send, or ended. Knows no sockets and no screen.

use std::fmt;
use std::io;

use crate::event::CloseReason;

/// Why there is no client: it could not connect, or was not let in.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody answers at that address, or it is no address.
    Connect {
        /// The address as it was given.
        addr: String,
        /// What the system said.
        error: io::Error,
    },
    /// The server refused the name, a room's name or the protocol version.
    Refused {
        /// The stable code, see `docs/protocol.md`.
        code: String,
        /// The server's sentence.
        text: String,
        /// A name that would do instead.
        offer: Option<String>,
    },
    /// The server closed the connection before letting anybody in.
    Closed {
        /// Its reason, if it spoke the protocol.
        reason: Option<CloseReason>,
        /// Its sentence, if it said one.
        text: String,
    },
    /// What answers there is no server of this protocol; its first line.
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

/// Why a line or a command was not taken for sending. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsent {
    /// There is no connection at the moment. Lines to say are kept and sent
    /// later; other commands are not.
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

/// Why a client ended. After it nothing more is heard.
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
