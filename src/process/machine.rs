//! What the system tells of this machine and this process: limits, processor time, its name. On a system that does not tell, nothing.

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

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

#[cfg(unix)]
mod unix {
    use std::time::Duration;

    use rustix::process::{Resource as Of, Rlimit, geteuid, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};

    use super::Resource;

    /// The most open files of a process that macOS takes if its own limit is none.
    const FEWER_FILES: u64 = 10_240;

    /// The most that this process may have; `None` is no limit.
    pub fn limit(resource: Resource) -> Option<u64> {
        let of = match resource {
            Resource::Files => Of::Nofile,
            Resource::Threads => Of::Nproc,
            Resource::Space => Of::As,
            Resource::Data => Of::Data,
        };
        getrlimit(of).current
    }

    /// Lets this process have as many open files as it may allow itself.
    pub fn raise_files() {
        let Rlimit { current: Some(current), maximum } = getrlimit(Of::Nofile) else { return };
        let fewer = maximum.unwrap_or(u64::MAX).min(FEWER_FILES).max(current);
        // Without the right to raise it, the old limit remains in force.
        let _ = setrlimit(Of::Nofile, Rlimit { current: maximum, maximum })
            .or_else(|_| setrlimit(Of::Nofile, Rlimit { current: Some(fewer), maximum }));
    }

    /// Whether the limit on threads does not hold for the user of this process.
    pub fn is_almighty() -> bool {
        geteuid().is_root()
    }

    /// The processor time that this process has used.
    pub fn processor_time() -> Option<Duration> {
        Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).ok()
    }

    /// How this machine is called.
    pub fn machine_name() -> Option<String> {
        rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
    }
}

/// The safe calls tell of nothing but the name.
#[cfg(windows)]
#[allow(missing_docs, reason = "they are explained above")]
mod windows {
    use std::time::Duration;

    use super::Resource;

    pub fn limit(_: Resource) -> Option<u64> {
        None
    }

    pub fn raise_files() {}

    pub fn is_almighty() -> bool {
        false
    }

    pub fn processor_time() -> Option<Duration> {
        None
    }

    pub fn machine_name() -> Option<String> {
        std::env::var("COMPUTERNAME").ok()
    }
}
