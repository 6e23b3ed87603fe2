//! The JSON front: for programs. All of its words are in [`crate::wire::json`].

use std::borrow::Cow;

use crate::model::CloseReason;
use crate::names::Nick;
use crate::net::sniff;
use crate::session::{Front, Heard};
use crate::wire::json::{self, Refused};

#[derive(Debug)]
pub(super) struct JsonFront;

impl Front for JsonFront {
    fn name(&self) -> &'static str {
        "json"
    }

    fn json(&self) -> bool {
        true
    }

    /// A program speaks first.
    fn greeting(&mut self, _offer: &Nick) -> Option<String> {
        None
    }

    fn strip<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(bytes)
    }

    fn read(&mut self, line: &[u8], _named: bool) -> Result<Heard, Refused> {
        // RFC 8259, 8.1: a byte order mark may be ignored; some shells put one before what they pipe.
        let line = line.trim_ascii();
        let line = sniff::without_blanks(line);
        if line.is_empty() {
            return Ok(Heard::Nothing);
        }
        json::decode(line).map(|(tag, command)| Heard::Command(tag, command))
    }

    /// A program that means to go says `quit`.
    fn end_of_input(&self) -> CloseReason {
        CloseReason::Lost
    }
}
