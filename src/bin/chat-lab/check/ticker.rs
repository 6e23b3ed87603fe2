//! A thread that notices when this machine lets nobody run: then a rule that failed by time is run again. Knows no rule.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often it looks at the clock.
const TICK: Duration = Duration::from_millis(10);
/// A longer gap between two looks means that the machine was too busy.
pub const GAP: Duration = Duration::from_millis(200);

/// The thread, which ends with this value.
#[derive(Debug)]
pub struct Ticker {
    worst: Arc<Mutex<Duration>>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no thread.
    pub fn start() -> std::io::Result<Ticker> {
        let worst = Arc::new(Mutex::new(Duration::ZERO));
        let (end, ended) = channel::<()>();
        let thread = thread::Builder::new().name("ticker".to_owned()).spawn({
            let worst = Arc::clone(&worst);
            move || {
                let mut last = Instant::now();
                while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    let gap = last.elapsed();
                    last = Instant::now();
                    let mut worst = worst.lock();
                    *worst = gap.max(*worst);
                }
            }
        })?;
        Ok(Ticker { worst, end: Some(end), thread: Some(thread) })
    }

    /// The longest gap since this was asked last.
    pub fn take(&self) -> Duration {
        std::mem::take(&mut *self.worst.lock())
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
