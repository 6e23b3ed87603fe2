//! The WebSocket front: the handshake, and its two halves. Knows no sockets.

use super::Opening;
use crate::model::CloseReason;
use crate::wire::Protocol;

/// A handshake that is right, and can be answered.
#[derive(Debug)]
pub struct Accepted {}

/// A request that is no handshake that we can accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It does not ask for a WebSocket: status 426.
    NoUpgrade,
}

impl Refusal {
    /// The status of the answer.
    pub fn status(self) -> u16 {
        426
    }

    /// What was wrong, and what to do.
    pub fn sentence(self) -> &'static str {
        "This path is for WebSockets."
    }
}

/// Checks a handshake. `values` gives all values of the header field with a name in small letters.
///
/// # Errors
/// What is wrong with it.
pub fn accept<'h, V>(_values: impl Fn(&'static str) -> V) -> Result<Accepted, Refusal>
where
    V: IntoIterator<Item = &'h [u8]>,
{
    Err(Refusal::NoUpgrade)
}

/// The protocol of a session on this WebSocket; its greeting is the answer to the handshake.
pub fn open(opening: &Opening<'_>, _accepted: Accepted) -> Protocol {
    super::json::open(opening)
}

/// All that is said to a peer for which there is no room.
pub fn last_words(_accepted: Accepted, _reason: CloseReason, sentence: &str) -> Vec<u8> {
    sentence.as_bytes().to_vec()
}
