//! The IRC front: for irssi, WeeChat and their kind, and for bots. What a line asks is in `decoder`, what is told in `encoder`; they meet only in the notes of `asked`. Knows no chat.

mod asked;
mod caps;
mod decoder;
mod encoder;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::Opening;
use crate::model::CloseReason;
use crate::wire::{Manners, Protocol};
use decoder::IrcDecoder;
use encoder::IrcEncoder;

/// Opens the protocol of an IRC client.
pub(super) fn open(opening: &Opening<'_>) -> Protocol {
    // The length of the own prefix: the encoder sets it, the decoder refuses lines that would be too long with it.
    let prefix = Arc::new(AtomicUsize::new(0));
    Protocol {
        // A client that wants to leave says QUIT.
        manners: Manners { name: "irc", echo: true, pings: true, hello: false, end_of_input: CloseReason::Lost },
        greeting: Vec::new(),
        decoder: Box::new(IrcDecoder::new(opening, &prefix)),
        encoder: Box::new(IrcEncoder::new(opening, &prefix)),
    }
}
