//! All that differs between systems at a terminal: its modes, its size, keys, what wakes a waiting thread. Knows no line and no screen.
//!
//! Both systems have the same items; those of Unix are explained.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// What woke a thread that waits for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woke {
    /// Bytes have come.
    Bytes,
    /// Nothing came within the time.
    Nothing,
    /// The waiting is to stop.
    Stop,
    /// The input has ended, or there is no terminal any more.
    End,
}

/// What the system asks of a program at a terminal.
#[derive(Debug)]
#[cfg_attr(windows, allow(dead_code, reason = "Windows asks nothing of these"))]
pub enum Asked {
    /// To end, or to stop for a while, after the terminal is given back.
    Leave(Leave),
    /// The program continues after it was stopped.
    GoOn,
}
