//! An event on its way to many readers, encoded at most once for each piece that they share. Knows no queue and no socket.

use std::sync::{Arc, OnceLock};

use super::{json, line};
use crate::event::Event;

/// What of an event is the same for many sessions, and so is encoded once for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A JSON object on a line.
    Json,
    /// Plain text about the room in which the reader is talking, or about none.
    Line,
    /// Plain text about another of the reader's rooms: it names the room.
    LineElsewhere,
}

impl Piece {
    const COUNT: usize = 3;

    fn encode(self, event: &Event, out: &mut Vec<u8>) {
        match self {
            Piece::Json => json::encode(event, out),
            Piece::Line => line::encode(event, false, out),
            Piece::LineElsewhere => line::encode(event, true, out),
        }
    }
}

/// An event on its way to many readers.
#[derive(Debug)]
pub struct Letter {
    event: Event,
    weight: usize,
    pieces: [OnceLock<Box<[u8]>>; Piece::COUNT],
}

impl Letter {
    /// A letter that says `event`.
    pub fn new(event: Event) -> Letter {
        Letter { weight: event.weight(), event, pieces: Default::default() }
    }

    /// What it says.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// About how many bytes it takes on a wire; see [`Event::weight`].
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// What it says, as this piece, with its line ending; nothing if the
    /// piece has no words for the event. It is encoded by the thread that
    /// needs it first.
    pub fn piece(&self, piece: Piece) -> &[u8] {
        self.pieces[piece as usize].get_or_init(|| {
            let mut bytes = Vec::with_capacity(self.weight);
            piece.encode(&self.event, &mut bytes);
            bytes.into_boxed_slice()
        })
    }
}

/// A letter, as one session gets it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// What is said.
    pub letter: Arc<Letter>,
    /// It is about a room in which the session is not talking.
    pub elsewhere: bool,
    /// The session asked for it: a command of its own made it.
    pub answers: bool,
}

impl Delivery {
    /// `letter`, for a session that did not ask, about nothing elsewhere.
    pub fn of(letter: &Arc<Letter>) -> Delivery {
        Delivery { letter: Arc::clone(letter), elsewhere: false, answers: false }
    }
}
