//! When the terminal is set for an editor, and when as it was found. Knows no keys and no screen.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use super::tty::{self, is_in_background};

/// Asks the terminal to mark a paste, and not to.
const MARK_PASTES: &str = "\u{1b}[?2004h";
const NO_MARKS: &str = "\u{1b}[?2004l";

pub(super) struct Modes {
    /// How the terminal was found.
    before: tty::Modes,
    /// A line is being read: Ctrl-C is a key.
    reading: AtomicBool,
    /// Ctrl-C is a key also between two lines.
    holds_ctrl_c: AtomicBool,
    /// The terminal is set as the editor needs it.
    taken: AtomicBool,
}

impl Modes {
    /// From here on no key is echoed, and none waits for the end of a line.
    pub fn take() -> io::Result<Modes> {
        let no = || AtomicBool::new(false);
        let before = tty::Modes::found()?;
        let modes = Modes { before, reading: no(), holds_ctrl_c: no(), taken: AtomicBool::new(true) };
        modes.wanted().set()?;
        write(MARK_PASTES);
        Ok(modes)
    }

    pub fn hold_ctrl_c(&self) {
        self.holds_ctrl_c.store(true, SeqCst);
        self.set();
    }

    pub fn read(&self, reads: bool) {
        let held = self.holds_ctrl_c.load(SeqCst);
        if self.reading.swap(reads, SeqCst) != reads && !held {
            self.set();
        }
    }

    /// Sets what is wanted now, whatever it was set to meanwhile. Not if we run
    /// in the background, because then the terminal belongs to the shell.
    pub fn set(&self) {
        if is_in_background() {
            return;
        }
        self.taken.store(true, SeqCst);
        // If this fails, there is no terminal any more, and the reading ends.
        let _ = self.wanted().set();
        write(MARK_PASTES);
    }

    /// Whether the terminal is set for us.
    pub fn is_taken(&self) -> bool {
        self.taken.load(SeqCst)
    }

    /// Sets the terminal as it was found.
    pub fn restore(&self) {
        if !self.taken.swap(false, SeqCst) {
            // It is set for another program by now.
            return;
        }
        // This comes first, because unlike `write` it never waits for a terminal that takes no
        // output. It fails if there is no terminal any more, and then nothing is left to restore.
        let _ = self.before.set();
        write(NO_MARKS);
    }

    fn wanted(&self) -> tty::Modes {
        self.before.for_keys(self.reading.load(SeqCst) || self.holds_ctrl_c.load(SeqCst))
    }
}

/// Writes to the terminal. It fails if there is no terminal any more, and then the reading thread finds out.
pub(super) fn write(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
}
