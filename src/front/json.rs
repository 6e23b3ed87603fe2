//! The JSON front: for programs. All of its words are in [`crate::wire::json`].

use std::borrow::Cow;

use crate::event::CloseReason;
use crate::names::Nick;
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
    fn greeting(&self, _offer: &Nick) -> Option<String> {
        None
    }

    fn strip<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        Cow::Borrowed(bytes)
    }

    fn read(&mut self, line: &[u8], _named: bool) -> Result<Heard, Refused> {
        if line.trim_ascii().is_empty() {
            return Ok(Heard::Nothing);
        }
        json::decode(line).map(|(tag, command)| Heard::Command(tag, command))
    }

    /// A program that means to go says `quit`.
    fn end_of_input(&self) -> CloseReason {
        CloseReason::Lost
    }
}
