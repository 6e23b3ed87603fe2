//! The IRC front: for irssi, WeeChat and their kind, and for bots. What a line asks is in `decoder`, what is told in `encoder`; they meet only in the notes of `asked`. Knows no chat.

mod answers;
mod asked;
mod cap;
mod caps;
mod commands;
mod decoder;
mod encoder;
mod events;
mod history;
mod labels;
mod modes;
mod own;
mod past;
mod people;
mod people_told;
mod refusals;
mod register;
mod rooms;
mod rooms_told;
mod sasl;
mod server;
mod state;
mod talk;
mod welcome;
mod words;

use std::sync::Arc;

use super::Opening;
use crate::model::CloseReason;
use crate::wire::{Manners, Protocol};
use decoder::IrcDecoder;
use encoder::IrcEncoder;
use own::Own;

/// Opens the protocol of an IRC client.
pub(super) fn open(opening: &Opening<'_>) -> Protocol {
    let own = Arc::new(Own::default());
    Protocol {
        // A client that wants to leave says QUIT.
        manners: Manners {
            name: "irc",
            echo: true,
            pings: true,
            hello: false,
            whole_lists: true,
            counts: true,
            end_of_input: CloseReason::Lost,
        },
        greeting: Vec::new(),
        decoder: Box::new(IrcDecoder::new(opening, &own)),
        encoder: Box::new(IrcEncoder::new(opening, &own)),
    }
}
