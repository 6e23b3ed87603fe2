//! The end of the whole run: a thread kills the program when the time is over, so that a rule that waits comes to its end. Knows no rule.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::check::program::Killer;

/// Why the rest is not run.
pub const TOLD: &str = "the whole run took too long";

/// The thread, which ends with this value.
#[derive(Debug)]
pub struct Limit {
    until: Instant,
    killer: Arc<Mutex<Option<Killer>>>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Limit {
    /// Begins to wait.
    ///
    /// # Errors
    /// When there is no thread.
    pub fn start(time: Duration) -> io::Result<Limit> {
        let until = Instant::now() + time;
        let killer: Arc<Mutex<Option<Killer>>> = Arc::default();
        let (end, ended) = channel::<()>();
        let thread = thread::Builder::new().name("limit".to_owned()).spawn({
            let killer = Arc::clone(&killer);
            move || {
                if ended.recv_timeout(time) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                if let Some(killer) = &*killer.lock() {
                    killer.kill();
                }
            }
        })?;
        Ok(Limit { until, killer, end: Some(end), thread: Some(thread) })
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// What is killed when the time is over.
    pub fn set(&self, killer: Option<Killer>) {
        *self.killer.lock() = killer;
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::kernel::pair;

    #[test]
    fn the_program_is_killed_when_the_time_is_over_and_not_before() {
        let (ours, mut guard) = pair().unwrap();
        let limit = Limit::start(Duration::from_secs(3600)).unwrap();
        limit.set(Some(Killer::of(ours)));
        assert!(!limit.is_over());
        drop(limit);
        let mut told = String::new();
        guard.read_to_string(&mut told).unwrap();
        assert_eq!(told, "");

        let (ours, mut guard) = pair().unwrap();
        let limit = Limit::start(Duration::from_millis(100)).unwrap();
        limit.set(Some(Killer::of(ours)));
        let mut told = [0; 5];
        guard.read_exact(&mut told).unwrap();
        assert!(limit.is_over() && told == *b"kill\n");
    }
}
