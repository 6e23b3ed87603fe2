//! How often things happened, by their kind, for those who watch the server. Knows no names of people or rooms.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

/// How often each kind of a thing happened. Kinds come from closed lists, so there are few.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<String, u64>>);

impl Tally {
    /// Notes that `kind` happened `count` times more.
    pub fn add(&self, kind: &str, count: u64) {
        let mut all = self.0.lock();
        match all.get_mut(kind) {
            Some(so_far) => *so_far += count,
            None => drop(all.insert(kind.to_owned(), count)),
        }
    }

    /// All kinds that happened, and how often.
    pub fn all(&self) -> BTreeMap<String, u64> {
        self.0.lock().clone()
    }

    /// How often `kind` happened.
    pub fn of(&self, kind: &str) -> u64 {
        self.0.lock().get(kind).copied().unwrap_or(0)
    }
}

/// How long something took, each time.
#[derive(Debug, Default)]
pub struct Times {
    /// How many took at most as long as the bound with the same place; the last took longer than all.
    within: [AtomicU64; Times::BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Times {
    /// The bounds, in milliseconds.
    pub const BOUNDS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

    /// Notes one.
    pub fn add(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let place = Times::BOUNDS.iter().position(|bound| micros <= bound * 1_000);
        self.within[place.unwrap_or(Times::BOUNDS.len())].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// How many took at most as long as each bound, then how many there were, and all their time in seconds.
    pub fn read(&self) -> ([u64; Times::BOUNDS.len() + 1], f64) {
        let mut sum = 0;
        let counts = self.within.each_ref().map(|count| {
            sum += count.load(Ordering::Relaxed);
            sum
        });
        (counts, Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_counts_for_every_bound_that_it_is_within() {
        let times = Times::default();
        for millis in [1, 3, 9_000] {
            times.add(Duration::from_millis(millis));
        }
        let (counts, seconds) = times.read();
        assert_eq!((counts[0], counts[1], counts[2], counts[11], counts[12]), (1, 1, 2, 2, 3));
        assert!((seconds - 9.004).abs() < 0.001);
    }
}
