//! Lines from stdin if there is no terminal to edit them on. Knows no keys and no screen.

use std::collections::VecDeque;
use std::io;

use super::tty::{self, Piped, Woke, Woken, wake_up};
use super::{Input, Screen, Terminal};
use crate::wire::reader::{Line, Lines};

pub(super) struct PlainInput {
    piped: Piped,
    lines: Lines,
    ready: VecDeque<Input>,
    ended: bool,
    stop: Woken,
    /// Whether to stop also when the reader of stdout has closed it.
    ends_with_reader: bool,
}

impl PlainInput {
    pub fn new() -> io::Result<(PlainInput, Screen)> {
        let (waker, stop) = wake_up()?;
        let input = PlainInput {
            piped: Piped::open()?,
            lines: Lines::new(Terminal::LINE_BYTES),
            ready: VecDeque::new(),
            ended: false,
            stop,
            ends_with_reader: false,
        };
        Ok((input, Screen::plain(waker)))
    }

    pub fn end_with_reader(&mut self) {
        self.ends_with_reader = true;
    }

    pub fn read(&mut self) -> io::Result<Input> {
        loop {
            if let Some(input) = self.ready.pop_front() {
                return Ok(input);
            }
            if self.ended {
                return Ok(Input::End);
            }
            let (lines, ready) = (&mut self.lines, &mut self.ready);
            let woke = self.piped.wait(&self.stop, self.ends_with_reader, |mut bytes| {
                while let Some(line) = lines.next(&mut bytes) {
                    ready.push_back(input_of(line));
                }
            });
            match woke? {
                Woke::Bytes | Woke::Nothing => {}
                Woke::Stop => return Ok(Input::Stopped),
                Woke::End => {
                    self.ended = true;
                    self.ready.extend(self.lines.finish().map(input_of));
                }
            }
        }
    }
}

/// Asks for a secret on a terminal that has no editor.
pub(super) fn read_secret(prompt: &str) -> io::Result<Input> {
    match tty::read_secret(prompt) {
        Ok(secret) => Ok(Input::Line(secret)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Input::Interrupted { dropped: true }),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Input::End),
        Err(error) => Err(error),
    }
}

fn input_of(line: Line<'_>) -> Input {
    match line {
        Line::Whole(bytes) => Input::Line(String::from_utf8_lossy(&bytes).into_owned()),
        Line::TooLong => Input::TooLong,
    }
}
