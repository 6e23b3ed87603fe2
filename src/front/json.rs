//! The JSON front: for programs. Knows lines; the objects in them are read and written by [`crate::wire::json`].

use super::Opening;
use super::sniff::without_blanks;
use crate::error::ChatError;
use crate::model::CloseReason;
use crate::wire::reader::{Line, Lines};
use crate::wire::{Decoder, Delivery, Encoder, Input, Manners, Piece, Protocol, json};

/// Opens the protocol of a program whose first byte is `{`.
pub(super) fn open(opening: &Opening<'_>) -> Protocol {
    let line_bytes = opening.limits.line_bytes;
    Protocol {
        // A program that wants to leave says `quit`.
        manners: Manners {
            name: "json",
            echo: true,
            pings: true,
            hello: true,
            whole_lists: false,
            counts: false,
            end_of_input: CloseReason::Lost,
        },
        greeting: Vec::new(),
        decoder: Box::new(JsonDecoder { lines: Lines::new(line_bytes), line_bytes }),
        encoder: Box::new(JsonEncoder),
    }
}

#[derive(Debug)]
struct JsonDecoder {
    lines: Lines,
    line_bytes: usize,
}

impl JsonDecoder {
    fn read(&self, line: &Line<'_>) -> Input {
        let Line::Whole(line) = line else { return Input::Refused(None, ChatError::LineTooLong(self.line_bytes)) };
        // RFC 8259, 8.1: a byte order mark may be ignored; some shells put one before the text that they pipe.
        let line = without_blanks(line.trim_ascii());
        if line.is_empty() {
            return Input::Empty;
        }
        match json::decode(line) {
            Ok((tag, command)) => Input::Command(tag, command),
            Err((tag, refusal)) => Input::Refused(tag, refusal),
        }
    }
}

impl Decoder for JsonDecoder {
    fn next(&mut self, bytes: &mut &[u8], _named: bool) -> Option<Input> {
        if let Some(line) = self.lines.next(bytes) {
            return Some(self.read(&line));
        }
        super::waste(self.lines.dropped(), self.line_bytes)
    }

    fn finish(&mut self, _named: bool) -> Option<Input> {
        self.lines.finish().map(|line| self.read(&line))
    }
}

#[derive(Debug)]
struct JsonEncoder;

impl Encoder for JsonEncoder {
    fn shared<'l>(&self, item: &'l Delivery) -> Option<&'l [u8]> {
        Some(item.letter.piece(Piece::Json))
    }
}
