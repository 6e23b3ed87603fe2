//! An event for many readers, encoded at most once for each form that they share. Knows no queue and no socket.

use std::sync::{Arc, OnceLock};

use super::{frame, json, line};
use crate::event::Event;

/// A form of an event that is the same for many sessions, so that it is encoded once for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A JSON object on a line.
    Json,
    /// The same object in a WebSocket frame, without the line ending.
    JsonFrame,
    /// Plain text about the reader's current room, or about no room.
    Line,
    /// Plain text about another of the reader's rooms; it names the room.
    LineElsewhere,
}

impl Piece {
    /// How many different bytes there are.
    const CELLS: usize = 3;

    /// Which bytes of a letter this is a part of. A frame is a header and the same
    /// JSON as on a line. So both are one piece of memory, encoded once, and a
    /// letter is not larger because some of its readers use WebSocket.
    fn cell(self) -> usize {
        match self {
            Piece::Json | Piece::JsonFrame => 0,
            Piece::Line => 1,
            Piece::LineElsewhere => 2,
        }
    }

    fn encode(self, event: &Event, out: &mut Vec<u8>) {
        match self {
            Piece::Json | Piece::JsonFrame if !event.is_in_json() => {}
            Piece::Json | Piece::JsonFrame => {
                out.resize(frame::HEAD, 0);
                json::encode(event, out);
                frame::put_head(out);
            }
            Piece::Line => line::encode(event, false, out),
            Piece::LineElsewhere => line::encode(event, true, out),
        }
    }

    /// This piece of the bytes in its cell.
    fn of(self, bytes: &[u8]) -> &[u8] {
        match self {
            _ if bytes.is_empty() => bytes,
            Piece::Json => &bytes[frame::HEAD..],
            Piece::JsonFrame => frame::framed(bytes),
            Piece::Line | Piece::LineElsewhere => bytes,
        }
    }
}

/// An event for many readers, with its encoded forms.
#[derive(Debug)]
pub struct Letter {
    event: Event,
    weight: usize,
    cells: [OnceLock<Box<[u8]>>; Piece::CELLS],
}

impl Letter {
    /// A letter that says `event`.
    pub fn new(event: Event) -> Letter {
        Letter { weight: event.weight(), event, cells: Default::default() }
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// About how many bytes it takes when it is sent; see [`Event::weight`].
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// The bytes of this form, a line with its ending; empty if this form says nothing
    /// of the event. The first thread that needs them encodes them.
    pub fn piece(&self, piece: Piece) -> &[u8] {
        piece.of(self.cells[piece.cell()].get_or_init(|| {
            let mut bytes = Vec::with_capacity(frame::HEAD + self.weight);
            piece.encode(&self.event, &mut bytes);
            bytes.into_boxed_slice()
        }))
    }
}

/// A letter for one session.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The letter.
    pub letter: Arc<Letter>,
    /// Whether it is about a room that is not the session's current one.
    pub elsewhere: bool,
    /// Whether it is what the session, or another one of its person, asked for. That is
    /// bounded by itself, and does not make a session slow.
    pub answers: bool,
    /// Whether a command of this very session made the event, also if others get it, too.
    pub own: bool,
}

impl Delivery {
    /// `letter` for a session that did not ask for it, not about another room.
    pub fn of(letter: &Arc<Letter>) -> Delivery {
        Delivery { letter: Arc::clone(letter), elsewhere: false, answers: false, own: false }
    }
}
