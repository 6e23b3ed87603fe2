//! An event for many readers, encoded at most once for each form that they share. Knows no queue and no socket.

use std::sync::{Arc, OnceLock};

use super::irc::{self, Bits};
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
    /// Lines of IRC for sessions with the same capabilities.
    Irc(Bits),
}

impl Piece {
    /// The piece whose bytes hold this one of `event`. A frame is a header and the same
    /// JSON as on a line, so both are one piece of memory, encoded once.
    fn held_by(self, event: &Event) -> Piece {
        match self {
            Piece::JsonFrame => Piece::Json,
            Piece::Irc(bits) => Piece::Irc(bits.seen_in(event)),
            piece => piece,
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
            Piece::Irc(bits) => irc::encode(event, bits, out),
        }
    }

    /// This piece of the bytes that hold it.
    fn of(self, bytes: &[u8]) -> &[u8] {
        match self {
            _ if bytes.is_empty() => bytes,
            Piece::Json => &bytes[frame::HEAD..],
            Piece::JsonFrame => frame::framed(bytes),
            Piece::Line | Piece::LineElsewhere | Piece::Irc(_) => bytes,
        }
    }
}

/// An event for many readers, with its encoded forms.
#[derive(Debug)]
pub struct Letter {
    event: Event,
    weight: usize,
    forms: Forms,
}

/// The forms that were asked for, as a list: the first is here, each of the others behind
/// the one before. Most letters are read in one form or two of the many that there
/// are, and idle letters are much of what an idle session costs.
#[derive(Debug, Default)]
struct Forms(OnceLock<Box<Form>>);

#[derive(Debug)]
struct Form {
    piece: Piece,
    bytes: Box<[u8]>,
    others: Forms,
}

impl Letter {
    /// A letter that says `event`.
    pub fn new(event: Event) -> Letter {
        Letter { weight: event.weight(), event, forms: Forms::default() }
    }

    /// The event.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// About how many bytes it takes when it is sent; see [`Event::weight`].
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// The bytes of this form, lines with their endings; empty if this form says nothing
    /// of the event. The first thread that needs them encodes them.
    pub fn piece(&self, piece: Piece) -> &[u8] {
        let held = piece.held_by(&self.event);
        let mut forms = &self.forms;
        loop {
            // Another thread may have put another form here: then ours is behind it.
            let form = forms.0.get_or_init(|| self.encoded(held));
            if form.piece == held {
                return piece.of(&form.bytes);
            }
            forms = &form.others;
        }
    }

    fn encoded(&self, piece: Piece) -> Box<Form> {
        let mut bytes = Vec::with_capacity(frame::HEAD + self.weight);
        piece.encode(&self.event, &mut bytes);
        Box::new(Form { piece, bytes: bytes.into_boxed_slice(), others: Forms::default() })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Message;

    #[test]
    fn each_form_is_encoded_once_whichever_threads_ask_for_it_first() {
        let message = Message { room: "#a".into(), from: "anna".into(), text: "hi".into(), ..Message::default() };
        let letter = Letter::new(Event::Message(Arc::new(message)));
        let bits = [false, true].map(|time| Bits { time, ..Bits::default() });
        let all = [
            Piece::Json,
            Piece::JsonFrame,
            Piece::Line,
            Piece::LineElsewhere,
            Piece::Irc(bits[0]),
            Piece::Irc(bits[1]),
        ];
        let asked = |skip: usize| all.iter().cycle().skip(skip).take(all.len()).map(|piece| letter.piece(*piece));
        std::thread::scope(|scope| {
            (0..all.len()).for_each(|skip| drop(scope.spawn(move || asked(skip).for_each(drop))));
        });
        let first: Vec<_> = asked(0).map(<[u8]>::as_ptr).collect();
        let again: Vec<_> = asked(0).map(<[u8]>::as_ptr).collect();
        assert_eq!(first, again);
        assert_eq!(letter.piece(Piece::Irc(bits[0])), b":anna PRIVMSG #a :hi\r\n");
        assert!(letter.piece(Piece::Line).ends_with(b" anna: hi\n"));
    }

    #[test]
    fn a_letter_that_nobody_has_read_has_no_space_for_its_forms() {
        assert_eq!(size_of::<Letter>(), size_of::<Event>() + size_of::<usize>() + size_of::<Forms>());
        assert!(size_of::<Forms>() <= 2 * size_of::<usize>());
    }
}
