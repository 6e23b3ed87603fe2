//! What the kernel says about a process: its processor time, memory, threads and descriptors. Knows nothing of chat.
//!
//! Processor time is read from the process's own CPU clock (`clock_getcpuclockid`):
//! nanoseconds, user and system time together, of all threads, those already ended
//! included. `/proc/PID/stat` counts the same time in hundredths of a second, and the
//! finer `schedstat` of a thread is lost when the thread ends.

use std::fs;
use std::io;
use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// A process on this machine whose cost is read.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pid: i32,
    clock: ClockId,
}

/// What a process holds at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Holding {
    /// Resident memory in bytes.
    pub rss: u64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors; 0 when we may not look.
    pub fds: u64,
}

impl Process {
    /// # Errors
    /// When there is no such process.
    pub fn new(pid: i32) -> io::Result<Self> {
        let clock = clock_getcpuclockid(Pid::from_raw(pid))?;
        Ok(Self { pid, clock })
    }

    /// Processor time used so far.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn cpu(&self) -> io::Result<Duration> {
        Ok(clock_gettime(self.clock)?.into())
    }

    /// Memory, threads and descriptors now.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn holding(&self) -> io::Result<Holding> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let fds = fs::read_dir(format!("/proc/{}/fd", self.pid)).map_or(0, Iterator::count);
        Ok(Holding {
            rss: field(&status, "VmRSS:").unwrap_or(0) * 1024,
            threads: field(&status, "Threads:").unwrap_or(0),
            fds: fds as u64,
        })
    }
}

fn field(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_fields_are_read_by_their_names() {
        let status = "Name:\tx\nVmRSS:\t   12 kB\nThreads:\t3\n";
        assert_eq!(field(status, "VmRSS:"), Some(12));
        assert_eq!(field(status, "Threads:"), Some(3));
        assert_eq!(field(status, "Swap:"), None);
    }

    #[test]
    fn our_own_process_is_seen_using_its_processor() {
        let process = Process::new(std::process::id() as i32).expect("we are alive");
        let before = process.cpu().expect("we are alive");
        let sum = (0..100_000u64).fold(0u64, |sum, n| std::hint::black_box(sum ^ n));
        assert!(process.cpu().expect("we are alive") > before, "{sum}");
        let holding = process.holding().expect("we are alive");
        assert!(holding.rss > 0 && holding.threads > 0 && holding.fds > 2, "{holding:?}");
    }
}
