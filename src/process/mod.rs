//! A program as a process: its signals, its variables, and output that nobody takes. Knows nothing of a chat.

mod outlet;
mod variables;

use std::time::Duration;
use std::{fs, io, thread};

use crossbeam_channel::bounded;
use nix::sys::signal::{SigSet, Signal};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;

pub use outlet::Outlet;
pub use variables::{origin, parse, yes_or_no};

use crate::terminal;

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
///   is set for it later: it is blocked. SIGINT is the exception on a terminal,
///   because the line editor is woken by it.
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
        let is_needed = signal == Signal::SIGINT && terminal::is_person();
        if ignored & bit(signal) != 0 && !is_needed {
            blocked.add(signal);
        }
    }
    if kind == Kind::Server {
        blocked.add(Signal::SIGTTIN);
        blocked.add(Signal::SIGTTOU);
    }
    Ok(blocked.thread_block()?)
}

/// Does something that may never end, such as talking to a terminal that
/// takes nothing; after `time` the caller goes on without it. Whether it was done.
///
/// ```
/// use std::time::Duration;
/// use roomful::process::within;
///
/// assert!(within(Duration::from_secs(5), || ()));
/// assert!(!within(Duration::ZERO, || loop { std::thread::park() }));
/// ```
pub fn within(time: Duration, what: impl FnOnce() + Send + 'static) -> bool {
    let (end, ended) = bounded::<()>(0);
    let work = move || {
        what();
        drop(end);
    };
    let started = thread::Builder::new().name("within".to_owned()).spawn(work);
    // Nothing is ever sent: it is over when its end of the channel is dropped.
    started.is_ok() && ended.recv_timeout(time).is_err_and(|error| error.is_disconnected())
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
