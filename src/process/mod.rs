//! A program as a process: its signals, its variables, and output that may not be read. Knows nothing of a chat.

mod errand;
mod outlet;
pub mod service;
mod variables;

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{fs, io};

use nix::sys::signal::{SigSet, Signal};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

use crate::net::capacity;

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
    /// Other people depend on it, so no terminal stops it.
    Server,
}

/// Decides which signals never reach this program. Call it first in `main`,
/// because only threads that are started later inherit it.
///
/// - A signal that was ignored at the start stays ignored, even if a handler
///   is set for it later: it is blocked.
/// - If a file becomes too large for `ulimit -f`, the write fails, and the
///   program is not killed.
/// - If a [`Kind::Server`] uses its terminal from the background, it gets an
///   error and is not stopped.
///
/// # Errors
/// Those of the system; none is known.
pub fn settle_signals(kind: Kind) -> io::Result<()> {
    let ignored = ignored_at_start();
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGXFSZ);
    for signal in ENDING {
        if ignored >> (signal as u64 - 1) & 1 == 1 {
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

/// The signals that are ignored now, a bit each, from signal 1 on; none if the system does not tell.
fn ignored_at_start() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
/// If address space is limited, starts this program anew with few arenas
/// for its allocator, because each takes as much as the threads of a hundred
/// sessions. Their number can only be set before a program starts.
pub fn save_address_space() {
    const FEW: &str = "2";
    if capacity::is_space_limited() && std::env::var_os(capacity::ARENAS_VARIABLE).is_none() {
        let Ok(own) = std::env::current_exe() else { return };
        let mut arguments = std::env::args_os();
        let name = arguments.next().unwrap_or_else(|| own.clone().into());
        let mut anew = Command::new(own);
        // It returns only if it fails; then there can be fewer sessions.
        let _ = anew.arg0(name).args(arguments).env(capacity::ARENAS_VARIABLE, FEW).exec();
    }
}
