//! `shutdown`: the server stops after a time that is counted down before everybody. Knows no other command.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use parking_lot::Mutex;

use crate::process::Errand;
use crate::session::hub::Hub;

/// When everybody is told again how much time is left, in seconds.
const MARKS: [u64; 8] = [3_600, 1_800, 600, 300, 60, 30, 10, 5];

/// How long a countdown may take to notice that it is over: as long as telling everybody once.
const NOTICE: Duration = Duration::from_secs(1);

/// A stop that was announced, if one was. It is taken back when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Countdown(Mutex<Option<Errand>>);

impl Countdown {
    /// Starts to count down, instead of what was counted down before.
    pub fn start(&self, hub: &Arc<Hub>, time: Duration, why: String) -> io::Result<()> {
        self.cancel();
        let hub = Arc::clone(hub);
        let errand = Errand::start("shutdown", move |cancelled| count_down(&hub, time, &why, cancelled))?;
        // Another operator may have started one meanwhile.
        let other = self.0.lock().replace(errand);
        other.map(|other| other.end(NOTICE));
        Ok(())
    }

    /// Whether there was something to take back.
    pub fn cancel(&self) -> bool {
        let running = self.0.lock().take();
        running.map(|running| running.end(NOTICE)).is_some()
    }
}

impl Drop for Countdown {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Ends when the time is over, or `cancelled` is closed.
fn count_down(hub: &Arc<Hub>, time: Duration, why: &str, cancelled: &Receiver<()>) {
    let until = Instant::now() + time;
    let mut left = time.as_secs();
    loop {
        hub.announce(&format!("the server stops in {}{}", shown(left), reason(why)));
        let next = MARKS.into_iter().find(|mark| *mark < left).unwrap_or(0);
        if cancelled.recv_deadline(until - Duration::from_secs(next)).is_err_and(|error| error.is_disconnected()) {
            return;
        }
        if next == 0 {
            return hub.ask_to_stop(if why.is_empty() { "the operator stopped it" } else { why });
        }
        left = next;
    }
}

fn reason(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(": {why}") }
}

/// Seconds in the largest unit that leaves nothing over.
pub(super) fn shown(seconds: u64) -> String {
    match seconds {
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
