//! What a Unix tells of this machine and this process.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Resource as Of, Rlimit, geteuid, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::Resource;

/// The most open files of a process that macOS takes if its own limit is none.
const FEWER_FILES: u64 = 10_240;

pub(super) fn limit(resource: Resource) -> Option<u64> {
    let of = match resource {
        Resource::Files => Of::Nofile,
        Resource::Threads => Of::Nproc,
        Resource::Space => Of::As,
        Resource::Data => Of::Data,
    };
    getrlimit(of).current
}

pub(super) fn raise_files() {
    let Rlimit { current: Some(current), maximum } = getrlimit(Of::Nofile) else { return };
    let fewer = Some(maximum.unwrap_or(u64::MAX).min(FEWER_FILES).max(current));
    // Without the right to raise it, the old limit remains in force.
    let _ = setrlimit(Of::Nofile, Rlimit { current: maximum, maximum })
        .or_else(|_| setrlimit(Of::Nofile, Rlimit { current: fewer, maximum }));
}

pub(super) fn is_almighty() -> bool {
    geteuid().is_root()
}

pub(super) fn processor_time() -> Option<Duration> {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).ok()
}

pub(super) fn free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

pub(super) fn machine_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}
