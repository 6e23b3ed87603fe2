//! Lines from stdin if there is no terminal to edit them on. Knows no keys and no screen.

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::{Input, Screen, Terminal};
use crate::wire::reader::{Line, Lines};

pub(super) struct PlainInput {
    lines: Lines,
    ready: VecDeque<Input>,
    ended: bool,
    /// Becomes readable when the reading is to stop.
    stop: UnixStream,
    /// Whether to stop also when the reader of stdout has closed it.
    ends_with_reader: bool,
}

impl PlainInput {
    pub fn new() -> io::Result<(PlainInput, Screen)> {
        let (stop, waker) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        let lines = Lines::new(Terminal::LINE_BYTES);
        let input = PlainInput { lines, ready: VecDeque::new(), ended: false, stop, ends_with_reader: false };
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
            if self.wait()? {
                return Ok(Input::Stopped);
            }
            self.take()?;
        }
    }

    /// Waits until there is something to read. True if it is the stop signal, or
    /// if the reader of stdout has closed it.
    fn wait(&self) -> io::Result<bool> {
        let (stdin, stdout) = (io::stdin(), io::stdout());
        let mut ends = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(&self.stop, PollFlags::IN),
            // Asked for nothing, it still tells when its other end is closed.
            PollFd::new(&stdout, PollFlags::empty()),
        ];
        let ends = if self.ends_with_reader { &mut ends[..] } else { &mut ends[..2] };
        retry_on_intr(|| poll(ends, None))?;
        Ok(ends[1..].iter().any(|end| !end.revents().is_empty()))
    }

    fn take(&mut self) -> io::Result<()> {
        let mut stdin = io::stdin().lock();
        let piece = match stdin.fill_buf() {
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        };
        let taken = piece.len();
        let mut rest = piece;
        while let Some(line) = self.lines.next(&mut rest) {
            self.ready.push_back(input_of(line));
        }
        stdin.consume(taken);
        if taken == 0 {
            self.ended = true;
            self.ready.extend(self.lines.finish().map(input_of));
        }
        Ok(())
    }
}

/// Asks for a secret on a terminal that has no editor.
pub(super) fn read_secret(prompt: &str) -> io::Result<Input> {
    // The echo must be off before the question is shown, because then the person types.
    let before = tcgetattr(io::stdin())?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    tcsetattr(io::stdin(), OptionalActions::Drain, &quiet)?;
    let secret = rpassword::prompt_password(prompt);
    tcsetattr(io::stdin(), OptionalActions::Drain, &before)?;
    match secret {
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
