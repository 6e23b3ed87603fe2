//! What the user wants of the trust in a server, and what came of it. Knows no connection and no file.

use std::fmt;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::net::fingerprint::Fingerprint;

/// How a client makes sure that it talks to the right server.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Whether the connection is encrypted.
    pub encryption: Encryption,
    /// The key that the server must have. Nothing else counts then.
    pub fingerprint: Option<Fingerprint>,
    /// The file with the keys of known servers; the user's own if it is `None`.
    pub known_hosts: Option<PathBuf>,
    /// A file with certificates of authorities, in PEM, that count instead of those of the world.
    pub authorities: Option<PathBuf>,
    /// What is done with a key that is not known.
    pub strangers: Strangers,
}

/// Whether a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Encryption {
    /// Yes, if the server can; not on this machine, unless its key is known or given.
    #[default]
    Auto,
    /// Yes, or there is no connection.
    Always,
    /// No. Refused for a server whose key is known.
    Never,
}

/// What is done with a key that is not known, and that no authority vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strangers {
    /// It is refused.
    #[default]
    Refuse,
    /// It is taken, and known from then on.
    Take,
    /// Only this key is taken, and known from then on.
    TakeOnly(Fingerprint),
}

/// How safe a connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Security {
    /// It is not encrypted, and does not leave this machine.
    Here,
    /// It is not encrypted.
    Plain,
    /// It is encrypted, and the server has the key that was given.
    Given,
    /// It is encrypted with a key that is known.
    Known {
        /// Since when: a day, if the file has it.
        since: String,
    },
    /// It is encrypted, and an authority vouches for the server.
    Vouched,
    /// It is encrypted with a new key, which the user has taken.
    New {
        /// Why the key could not be stored, if it could not.
        unstored: Option<String>,
    },
}

impl Security {
    /// Whether it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        !matches!(self, Security::Here | Security::Plain)
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Security::Here => f.write_str("this machine, not encrypted"),
            Security::Plain => f.write_str("not encrypted"),
            Security::Given => f.write_str("encrypted, its key is the given one"),
            Security::Known { since } if since.is_empty() => f.write_str("encrypted, its key is known"),
            Security::Known { since } => write!(f, "encrypted, its key is known since {since}"),
            Security::Vouched => f.write_str("encrypted, its certificate is valid"),
            Security::New { unstored: None } => f.write_str("encrypted, its key is new and stored"),
            Security::New { unstored: Some(why) } => {
                write!(f, "encrypted, its key is new and could not be stored: {why}")
            }
        }
    }
}
