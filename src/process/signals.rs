//! Signals to this process, and how another program takes its place: all that systems do in different ways. Knows no program.

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use std::io;
use std::process::Command;
use std::sync::Arc;

/// What a signal may do to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person's program: a terminal that has another program in front stops it, as people expect.
    Personal,
    /// Other people depend on it, so no terminal stops it.
    Server,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// End in order: Ctrl-C, SIGTERM; on Windows Ctrl-Break and the closing of the window, too.
    Stop,
    /// SIGHUP: the terminal was closed; a program without one may read its settings again.
    HangUp,
}

/// Decides which signals never reach this program. Call it first in `main`,
/// because only threads that are started later inherit it.
///
/// - If a file becomes too large for `ulimit -f`, the write fails, and the
///   program is not killed.
/// - If a [`Kind::Server`] uses its terminal from the background, it gets an
///   error and is not stopped.
///
/// # Errors
/// Those of the system; none is known.
pub fn settle(kind: Kind) -> io::Result<()> {
    system::settle(kind)
}

/// From here on `handler` is called for each signal that asks the program to end. Call it once.
/// Two threads call it, so a second signal is heard while the first is still handled.
///
/// A signal that was ignored at the start, as `nohup` does it, stays ignored.
/// macOS does not tell of SIGTERM and SIGHUP whether they were.
///
/// # Errors
/// Those of the system, such as no thread to wait for signals.
pub fn take(handler: impl Fn(Signal) + Send + Sync + 'static) -> io::Result<()> {
    let handler = Arc::new(handler);
    let interrupted = Arc::clone(&handler);
    match ctrlc::try_set_handler(move || interrupted(Signal::Stop)) {
        // With a handler already there, SIGINT is ignored.
        Ok(()) | Err(ctrlc::Error::MultipleHandlers) => system::take(handler),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Whether this signal, by its number, was ignored when the program was started.
pub fn is_ignored(signal: i32) -> bool {
    system::is_ignored(signal)
}

/// Starts a program in the place of this one. It returns only if it fails.
pub fn replace_by(program: &mut Command, name: &std::ffi::OsStr) -> io::Error {
    system::replace_by(program, name)
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::sync::Arc;
    use std::{fs, io, thread};

    use nix::sys::signal::{SigSet, Signal as Named};
    use signal_hook::consts::{SIGHUP, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::{Kind, Signal};

    /// They are blocked. A handler would do for SIGXFSZ, but not for the other two: with a handler
    /// the system repeats the read, and the signal, without an end.
    pub fn settle(kind: Kind) -> io::Result<()> {
        let mut blocked = SigSet::empty();
        blocked.add(Named::SIGXFSZ);
        if kind == Kind::Server {
            blocked.add(Named::SIGTTIN);
            blocked.add(Named::SIGTTOU);
        }
        Ok(blocked.thread_block()?)
    }

    pub fn take(handler: Arc<impl Fn(Signal) + Send + Sync + 'static>) -> io::Result<()> {
        let wanted: Vec<i32> = [SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)).collect();
        let mut signals = Signals::new(wanted)?;
        let hear = move || {
            for signal in signals.forever() {
                handler(if signal == SIGHUP { Signal::HangUp } else { Signal::Stop });
            }
        };
        thread::Builder::new().name("signals".to_owned()).spawn(hear)?;
        Ok(())
    }

    /// Linux tells; other systems do not.
    pub fn is_ignored(signal: i32) -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        // A bit for each signal, from signal 1 on.
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        mask >> (signal - 1) & 1 == 1
    }

    pub fn replace_by(program: &mut Command, name: &OsStr) -> io::Error {
        program.arg0(name).exec()
    }
}

/// Windows has Ctrl-C, Ctrl-Break and the closing of the window, and no other signals.
#[cfg(windows)]
mod windows {
    use std::ffi::OsStr;
    use std::io;
    use std::process::Command;
    use std::sync::Arc;

    use super::{Kind, Signal};

    pub fn settle(_: Kind) -> io::Result<()> {
        Ok(())
    }

    pub fn take(_: Arc<impl Fn(Signal) + Send + Sync + 'static>) -> io::Result<()> {
        Ok(())
    }

    pub fn is_ignored(_: i32) -> bool {
        false
    }

    pub fn replace_by(_: &mut Command, _: &OsStr) -> io::Error {
        io::ErrorKind::Unsupported.into()
    }
}
