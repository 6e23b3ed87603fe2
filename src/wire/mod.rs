//! Bytes to values and back, one file for each front's language. Knows no sockets, no threads and not who is in the chat.

pub mod json;
pub mod line;
pub mod reader;
pub mod telnet;

use std::sync::{Arc, OnceLock};

use crate::event::Event;

/// The forms in which an event goes over a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A JSON object on a line.
    Json,
    /// Plain text about the room in which the reader is talking, or about none.
    Line,
    /// Plain text about another of the reader's rooms: it names the room.
    LineElsewhere,
}

impl Form {
    const COUNT: usize = 3;

    /// Appends `event` in this form to `out`, with its line ending. Appends
    /// nothing where the form has no words for the event.
    pub fn encode(self, event: &Event, out: &mut Vec<u8>) {
        match self {
            Form::Json => json::encode(event, out),
            Form::Line => line::encode(event, false, out),
            Form::LineElsewhere => line::encode(event, true, out),
        }
    }
}

/// An event on its way to many readers. It is encoded at most once for each
/// form, by whoever needs that form first.
#[derive(Debug)]
pub struct Letter {
    event: Event,
    weight: usize,
    encoded: [OnceLock<Box<[u8]>>; Form::COUNT],
}

impl Letter {
    /// A letter that says `event`.
    pub fn new(event: Event) -> Letter {
        Letter { weight: event.weight(), event, encoded: Default::default() }
    }

    /// What it says.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// About how many bytes it takes on a wire; see [`Event::weight`].
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// What it says, in this form.
    pub fn bytes(&self, form: Form) -> &[u8] {
        self.encoded[form as usize].get_or_init(|| {
            let mut bytes = Vec::with_capacity(self.weight);
            form.encode(&self.event, &mut bytes);
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
