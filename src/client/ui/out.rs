//! What others say, on its way to stdout. Knows when it can go there no more.

use std::io::{self, ErrorKind, Write};

use crate::client::error::words;
use crate::terminal::Screen;

/// Whether stdout still takes what is printed.
#[derive(Default)]
pub(super) struct Out {
    /// What the system said when it did not.
    failed: Option<String>,
}

impl Out {
    /// Prints a line, or several. If stdout takes it no more, as on a full
    /// disk, the client is to leave: what it heard from there on would be lost.
    pub fn print(&mut self, screen: &Screen, text: &str) {
        if !screen.is_plain() {
            return screen.print(text);
        }
        let printed = writeln!(io::stdout().lock(), "{text}").and_then(|()| io::stdout().flush());
        if let Err(error) = printed {
            self.failed = failure(&error).or(self.failed.take());
            screen.stop();
        }
    }

    /// Why what was heard is not all printed, in words.
    pub fn failure(&self) -> Option<&str> {
        self.failed.as_deref()
    }
}

/// What to say of an error at stdout; nothing if nobody reads it any more, which is their right.
pub(super) fn failure(error: &io::Error) -> Option<String> {
    (error.kind() != ErrorKind::BrokenPipe).then(|| format!("cannot print: {}", words(error)))
}
