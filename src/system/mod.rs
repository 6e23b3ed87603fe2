//! What the system tells of this machine and this process: limits, processor time, free disk space, its name. On a system that does not tell, nothing.

use std::path::Path;
use std::time::Duration;

#[cfg(unix)]
#[path = "unix.rs"]
mod own;
#[cfg(windows)]
#[path = "windows.rs"]
mod own;

/// Something of which the system may limit how much a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Open files.
    Files,
    /// Threads of this user.
    Threads,
    /// Bytes of address space.
    Space,
    /// Bytes of data.
    Data,
}

/// The most that this process may have; `None` is no limit.
pub fn limit(resource: Resource) -> Option<u64> {
    own::limit(resource)
}

/// Lets this process have as many open files as it may allow itself.
pub fn raise_files() {
    own::raise_files();
}

/// Whether no limit on threads holds for the user of this process.
pub fn is_almighty() -> bool {
    own::is_almighty()
}

/// The processor time that this process has used.
pub fn processor_time() -> Option<Duration> {
    own::processor_time()
}

/// How many bytes the disk of this file can still take.
pub fn free_bytes(path: &Path) -> Option<u64> {
    own::free_bytes(path)
}

/// How this machine is called.
pub fn machine_name() -> Option<String> {
    own::machine_name()
}
