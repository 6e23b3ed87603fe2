//! Why a server is not talked to, in sentences that say what to do. Knows no connection and no file.

use std::path::PathBuf;

use thiserror::Error;

use crate::net::fingerprint::Fingerprint;

/// Why a client does not trust the server that answers. Nothing was sent to it:
/// no name, no password, no token. Its text may have several lines.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Distrust {
    /// The key is not known, and no authority vouches for it.
    #[error(
        "{host} has a key that is not known here:
  {key}
Nothing was sent. If the server's screen shows the same:
  --fingerprint {key}
takes it; --trust new takes and stores the key of any server that is not known yet"
    )]
    Unknown {
        /// The server, as `known_hosts` has it.
        host: String,
        /// The key that it shows.
        key: Fingerprint,
    },
    /// The key is another than the one that is known.
    #[error(
        "THE KEY OF {host} HAS CHANGED.
The server was set up anew, or another machine answers in its place.
  known{}{known}
  now{}{key}
Nothing was sent. Ask the operator; if the new key is right:
  chat-client --forget {host}",
        day(since),
        blank(since)
    )]
    Changed {
        /// The server, as `known_hosts` has it.
        host: String,
        /// The key that is known.
        known: Fingerprint,
        /// Since when: a day.
        since: String,
        /// The key that it shows now.
        key: Fingerprint,
    },
    /// The key is another than the one that the user has named.
    #[error(
        "{host} HAS ANOTHER KEY THAN --fingerprint SAYS.
The fingerprint is an old one, or another machine answers in its place.
  given  {given}
  now    {key}
Nothing was sent. Ask the operator for the fingerprint of the key"
    )]
    NotGiven {
        /// The server.
        host: String,
        /// The key that the user has named.
        given: Fingerprint,
        /// The key that it shows.
        key: Fingerprint,
    },
    /// The server's key is known, and now the server speaks no TLS.
    #[error(
        "{host} WAS ENCRYPTED BEFORE, AND IS NOT NOW.
The server was set up anew, or another machine answers in its place.
  known{}{known}
Nothing was sent. Ask the operator; if it is right without encryption:
  chat-client --forget {host}",
        day(since)
    )]
    Downgraded {
        /// The server, as `known_hosts` has it.
        host: String,
        /// The key that is known.
        known: Fingerprint,
        /// Since when: a day.
        since: String,
    },
    /// The server speaks no TLS, and the user wants no other.
    #[error("{host} is not encrypted, and --tls always or --fingerprint asks for that. Nothing was sent")]
    Plain {
        /// The server.
        host: String,
    },
    /// The user wants no TLS with a server whose key is known.
    #[error(
        "{host} was encrypted before, so it is not talked to with --tls never; if that is right:  chat-client --forget {host}"
    )]
    Never {
        /// The server, as `known_hosts` has it.
        host: String,
    },
    /// The keys that are known cannot be read.
    #[error("cannot read {}, which has the keys of known servers ({why}); mend it, or name another file by --known-hosts", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The line about this server has no key.
    #[error("line {line} of {} is damaged, so the key of {host} is not certain.
Mend the line; or, to be asked again:
  chat-client --forget {host}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// The server, as the line has it.
        host: String,
    },
    /// The authorities of `--ca` cannot be read.
    #[error("cannot take {} for --ca: {why}", file.display())]
    Authority {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// ` since 2026-11-19  `, or only blanks.
fn day(since: &str) -> String {
    if since.is_empty() { "  ".to_owned() } else { format!(" since {since}  ") }
}

/// As many blanks as [`day`] and the longer word before it.
fn blank(since: &str) -> String {
    " ".repeat(day(since).len() + "known".len() - "now".len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_key_is_shown_below_the_one_that_is_known() {
        let (known, key) = (Fingerprint::of_key(b"a"), Fingerprint::of_key(b"b"));
        for since in ["2026-11-19", ""] {
            let changed = Distrust::Changed { host: "lab:1".to_owned(), known, since: since.to_owned(), key };
            let text = changed.to_string();
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines.len(), 6, "{text}");
            assert_eq!(lines[2].find(&known.to_string()), lines[3].find(&key.to_string()), "{text}");
        }
    }
}
