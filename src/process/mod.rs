//! A program as a process: its signals, its variables, and output that nobody takes. Knows nothing of a chat.

mod errand;
mod outlet;
mod variables;

use std::{fs, io};

use nix::sys::signal::{SigSet, Signal};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

pub use errand::{Errand, within};
pub use outlet::Outlet;
pub use variables::{origin, parse, yes_or_no};

/// The signals that ask a program to end, and that may be ignored on purpose, as `nohup` does.
const ENDING: [Signal; 3] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM];

/// What a signal may do to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person's program: a terminal that has another program in front stops it, as people expect.
    Personal,
    /// Others depend on it, so no terminal stops it.
    Server,
}

/// Settles which signals never reach this program. To be called first in
/// `main`, because only threads that are started later inherit it.
///
/// - A signal that was ignored at the start stays ignored, although a handler
///   is set for it later: it is blocked.
/// - A file that has become too large for `ulimit -f` is an error of the one
///   who writes, and not the end of the program.
/// - A [`Kind::Server`] that uses its terminal from the background gets an
///   error, and is not stopped.
///
/// # Errors
/// Those of the system; none is known.
pub fn settle_signals(kind: Kind) -> io::Result<()> {
    let ignored = ignored_at_start();
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGXFSZ);
    for signal in ENDING {
        if ignored & bit(signal) != 0 {
            blocked.add(signal);
        }
    }
    if kind == Kind::Server {
        blocked.add(Signal::SIGTTIN);
        blocked.add(Signal::SIGTTOU);
    }
    Ok(blocked.thread_block()?)
}

/// Whether stdin is a terminal at which another program is in front.
pub fn is_in_background() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|front| front != getpgrp())
}

/// The signals that are ignored now, a bit each; none where the system does not tell.
fn ignored_at_start() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn bit(signal: Signal) -> u64 {
    1 << (signal as u64 - 1)
}
