//! What the system tells of any program, and how a program is started so that nothing of it is left. Nothing is installed in the program, and nothing is stopped.
//!
//! All that differs between systems stands in this folder. `unix` and `windows` start and end programs. Linux
//! tells where threads wait and how full sockets are; elsewhere little of this is known, and `TELLS` says so.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
pub mod socket;
#[cfg(unix)]
mod unix;
#[cfg_attr(target_os = "linux", path = "../verbs.rs")]
#[cfg_attr(not(target_os = "linux"), path = "absent.rs")]
pub mod verbs;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub use linux::*;
#[cfg(not(target_os = "linux"))]
pub use other::*;
#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// The name of the client that has this address, if it has one.
pub type NameOf<'a> = &'a dyn Fn(std::net::SocketAddr) -> Option<String>;

/// What a program may use, with all that it starts.
pub struct Limits {
    /// Processor time, in seconds.
    pub cpu: u64,
    /// Open descriptors.
    pub descriptors: u64,
}
