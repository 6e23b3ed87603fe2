//! What is printed on stdout. Knows when stdout takes no more.

use std::io::{self, ErrorKind};
use std::ops::Deref;

use parking_lot::Mutex;

use crate::client::error::words;
use crate::terminal::{Screen, write_plain};

/// The screen of the conversation, which notices that stdout takes no more.
pub(super) struct Out {
    screen: Screen,
    /// What the system said when it did not.
    failed: Mutex<Option<String>>,
}

impl Out {
    pub fn new(screen: Screen) -> Out {
        Out { screen, failed: Mutex::default() }
    }

    /// Prints a line, or several. If stdout takes it no more, as on a full
    /// disk, the client is to leave: what it heard from there on would be lost.
    pub fn print(&self, text: &str) {
        if !self.screen.is_plain() {
            return self.screen.print(text);
        }
        if let Err(error) = write_plain(&mut io::stdout().lock(), text) {
            let mut failed = self.failed.lock();
            *failed = failed.take().or(failure(&error));
            self.screen.stop();
        }
    }

    /// Why what was heard is not all printed, in words.
    pub fn failure(&self) -> Option<String> {
        self.failed.lock().clone()
    }
}

impl Deref for Out {
    type Target = Screen;

    fn deref(&self) -> &Screen {
        &self.screen
    }
}

/// What to say of an error of stdout; nothing if its reader has closed it, which is no error.
pub(super) fn failure(error: &io::Error) -> Option<String> {
    (error.kind() != ErrorKind::BrokenPipe).then(|| format!("cannot print: {}", words(error)))
}
