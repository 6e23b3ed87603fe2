//! How long one thread waits for another, counting only the time in which this process ran. Does not know what is waited for.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, MutexGuard};

/// What is left of a wait.
///
/// A process may be stopped, with its machine or by a signal. When it goes on,
/// all its deadlines are in the past, before the other threads have had any
/// time to work. So a wait has steps, and a step never counts for more than its
/// own length.
#[derive(Debug)]
pub struct Patience {
    left: Duration,
}

/// The length of a step: a pause of the process costs a waiting thread at most this.
const STEP: Duration = Duration::from_millis(500);

impl Patience {
    /// Patience for `time`.
    pub fn of(time: Duration) -> Patience {
        Patience { left: time }
    }

    /// Waits for `bell`, for at most one step. Returns whether the patience is at
    /// its end. In both cases the caller checks its condition again.
    pub fn wait<T>(&mut self, bell: &Condvar, guard: &mut MutexGuard<'_, T>) -> bool {
        let step = self.left.min(STEP);
        if step.is_zero() {
            return true;
        }
        let began = Instant::now();
        bell.wait_for(guard, step);
        self.has_passed(began.elapsed(), step)
    }

    /// Waits for `bell` while `is_so` holds, until the patience is at its end. Returns whether it holds no more.
    pub fn wait_while<T>(
        mut self,
        bell: &Condvar,
        guard: &mut MutexGuard<'_, T>,
        mut is_so: impl FnMut(&mut T) -> bool,
    ) -> bool {
        while is_so(guard) {
            if self.wait(bell, guard) {
                return !is_so(guard);
            }
        }
        true
    }

    fn has_passed(&mut self, time: Duration, step: Duration) -> bool {
        self.left = self.left.saturating_sub(time.min(step));
        self.left.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    /// docs/threads.md, "A pause of our own".
    #[test]
    fn a_pause_costs_one_step_and_no_more() {
        let mut patience = Patience::of(STEP * 3);
        assert!(!patience.has_passed(Duration::from_secs(3_600), STEP));
        assert!(!patience.has_passed(STEP, STEP));
        assert!(patience.has_passed(Duration::from_secs(3_600), STEP));
    }

    #[test]
    fn patience_ends_also_without_any_bell() {
        let (bell, mutex) = (Condvar::new(), Mutex::new(()));
        let mut guard = mutex.lock();
        assert!(Patience::of(Duration::ZERO).wait(&bell, &mut guard));
        let mut short = Patience::of(Duration::from_millis(3));
        while !short.wait(&bell, &mut guard) {}
    }
}
