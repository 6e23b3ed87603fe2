//! Ctrl-C: it ends the checker with an exit code of its own, and the marks of a class are not lost. Knows no program; its guard ends it when the checker ends.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use roomful::process::take_signals;

/// Whether a signal came.
static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on a signal ends the checker. If `patient`, the first one only asks it to stop after the program that is
/// graded now.
///
/// # Errors
/// When signals cannot be taken.
pub fn settle(patient: bool) -> Result<()> {
    let handler = move |_| {
        if ASKED.swap(true, Ordering::Relaxed) || !patient {
            let _ = writeln!(io::stderr(), "chat-lab: interrupted");
            std::process::exit(i32::from(super::INTERRUPTED));
        }
        let _ = writeln!(io::stderr(), "chat-lab: stops after this one; once more to stop at once");
    };
    take_signals(handler).context("cannot take signals")
}

/// Whether a signal came.
pub fn is_asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
