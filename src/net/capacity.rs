//! How many connections this machine can hold, one thread and one descriptor each. Reads the system's limits and changes none but its own.
//!
//! Past the limit on memory maps a Rust process does not get an error, it
//! aborts (rust-lang/rust#78497): so the number is computed before, and
//! newcomers above it are refused with a reason.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Maps of one thread: its stack, its signal stack, and a guard page to each.
const MAPS_A_THREAD: u64 = 4;
/// What the rest of the process needs of each resource, generously.
const REST: u64 = 512;

/// The limits that bear on the number of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Open files of this process.
    pub descriptors: u64,
    /// Memory maps of this process.
    pub maps: u64,
    /// Threads of this user, and of the whole system.
    pub threads: u64,
}

impl Capacity {
    /// Raises this process's own limit on open files as far as it may, and
    /// reads the limits. One that cannot be read is taken for none.
    pub fn of_this_machine() -> Capacity {
        let files = getrlimit(Resource::Nofile);
        // Without the right to raise it, the old one stays in force.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum });
        let number = |path: &str| fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok());
        let system = number("/proc/sys/kernel/threads-max").unwrap_or(u64::MAX);
        let pids = number("/proc/sys/kernel/pid_max").unwrap_or(u64::MAX);
        Capacity {
            descriptors: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
            maps: number("/proc/sys/vm/max_map_count").unwrap_or(u64::MAX),
            threads: getrlimit(Resource::Nproc).current.unwrap_or(u64::MAX).min(system).min(pids),
        }
    }

    /// How many connections fit.
    ///
    /// ```
    /// use roomful::net::capacity::Capacity;
    ///
    /// let small = Capacity { descriptors: 1024, maps: 65_530, threads: 90_000 };
    /// assert_eq!(small.connections(), 512);
    /// ```
    pub fn connections(&self) -> usize {
        let fit = self.descriptors.min(self.maps / MAPS_A_THREAD).min(self.threads).saturating_sub(REST);
        usize::try_from(fit).unwrap_or(usize::MAX).max(1)
    }
}
