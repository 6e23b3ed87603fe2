//! How much of a core a process would use on a machine of its own: `/proc/PID/task/*/schedstat`. Knows no sockets.
//!
//! A thread that spins on a busy machine runs for a small part of the time only, but waits for a core all the rest.

use std::collections::HashMap;
use std::time::{Duration, Instant};
use std::{fs, io};

/// What the threads of a process have done up to one moment.
pub struct Effort {
    at: Instant,
    threads: HashMap<i32, Thread>,
}

/// The time for which a thread ran, and for which it could have run and got no core.
#[derive(Clone, Copy, Default)]
struct Thread {
    ran: Duration,
    waited: Duration,
}

impl Effort {
    /// Up to now.
    ///
    /// # Errors
    /// When there is no such process, or no `/proc`.
    pub fn of(pid: i32) -> io::Result<Effort> {
        let mut threads = HashMap::new();
        for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
            let path = entry?.path();
            let tid = path.file_name().and_then(|name| name.to_str()?.parse().ok());
            // A thread that has ended since the list was read does nothing.
            let (Some(tid), Ok(text)) = (tid, fs::read_to_string(path.join("schedstat"))) else { continue };
            threads.insert(tid, thread(&text));
        }
        Ok(Effort { at: Instant::now(), threads })
    }

    /// The part of a core that the process used since then; more than 1 if it used several. The time in which a thread
    /// got no core is left out.
    pub fn part_since(&self, before: &Effort) -> f64 {
        let time = self.at.saturating_duration_since(before.at);
        let parts = self.threads.iter().map(|(tid, now)| {
            let then = before.threads.get(tid).copied().unwrap_or_default();
            let ran = now.ran.saturating_sub(then.ran).min(time);
            let free = time.saturating_sub(now.waited.saturating_sub(then.waited)).max(ran);
            if free.is_zero() { 0.0 } else { ran.as_secs_f64() / free.as_secs_f64() }
        });
        parts.sum()
    }
}

/// `7350000 1200000 41`: nanoseconds that it ran, that it waited for a core, and how often it got one.
fn thread(schedstat: &str) -> Thread {
    let mut numbers = schedstat.split(' ').map(|number| Duration::from_nanos(number.parse().unwrap_or(0)));
    let mut next = || numbers.next().unwrap_or_default();
    Thread { ran: next(), waited: next() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effort(at: Instant, schedstat: &str) -> Effort {
        Effort { at, threads: HashMap::from([(1, thread(schedstat))]) }
    }

    #[test]
    fn a_thread_that_spins_uses_a_whole_core_also_if_it_gets_a_fifth_of_one() {
        let began = Instant::now();
        let (before, now) = (effort(began, "100 50 1"), effort(began + Duration::from_nanos(1000), "300 850 9\n"));
        assert!((now.part_since(&before) - 1.0).abs() < 1e-9);
        let rests = effort(began + Duration::from_nanos(1000), "100 50 1");
        assert!(rests.part_since(&before) < 1e-9);
    }

    #[test]
    fn this_process_is_seen_working() {
        let pid = std::process::id() as i32;
        let before = Effort::of(pid).unwrap();
        let sum = (0..3_000_000u64).fold(0u64, |sum, n| std::hint::black_box(sum ^ n));
        assert!(Effort::of(pid).unwrap().part_since(&before) > 0.0, "{sum}");
        assert!(Effort::of(i32::MAX).is_err());
    }
}
