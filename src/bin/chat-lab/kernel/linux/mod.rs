//! Linux, through `/proc`: where threads wait, and how full sockets are. Knows no other system.

pub mod calls;
mod diag;
pub mod effort;
pub mod family;
pub mod process;
pub mod sentence;
pub mod sockets;
pub mod threads;

use super::NameOf;
pub use family::{adopt, unblock_signals};

/// Whether this system tells what a program has read, where its threads wait, and what it costs.
pub const TELLS: bool = true;

/// What each thread of a process waits for, in sentences; nothing, if it cannot be seen.
pub fn waits(pid: i32, name_of: NameOf) -> Vec<String> {
    threads::look(pid).map_or_else(|_| Vec::new(), |threads| sentence::sentences(&threads, name_of))
}
