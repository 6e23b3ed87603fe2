//! The time by which old things are deleted: a clock that has just jumped is not believed. Knows no clock and no thread: both times come with the call.

use std::time::Duration;

use crate::model::Millis;

/// The two times may differ by this much between two looks: no clock is exact, and some are corrected a little.
const SLACK: Millis = 5_000;

/// The time of day as far as it is reliable. It starts at the last time that the
/// database knew, and moves on with the time that the server runs. The clock is
/// followed if it agrees with that. If it shows another time, that time is
/// believed after the clock has shown it for long.
#[derive(Debug)]
pub(super) struct Clock {
    /// The time of day at which the server was started, as it is believed.
    base: Millis,
    /// The start according to the clock, if it differs, and since when the clock says so.
    other: Option<(Duration, Millis)>,
}

impl Clock {
    /// A clock that starts at `known`, the last time in the database; 0 if there is none.
    pub fn new(known: Millis) -> Clock {
        Clock { base: known, other: None }
    }

    /// The time that is believed if the clock shows `wall` and the server has run
    /// for `running`; another time than before is believed when it was shown for
    /// `settle`. What is too old by the earlier of `wall` and this time may
    /// be deleted.
    pub fn look(&mut self, wall: Millis, running: Duration, settle: Duration) -> Millis {
        let since = Millis::try_from(running.as_millis()).unwrap_or(Millis::MAX);
        let base = wall.saturating_sub(since);
        let is_same = |one: Millis| one.abs_diff(base) <= SLACK.unsigned_abs();
        if is_same(self.base) {
            (self.base, self.other) = (base, None);
        } else {
            let began = self.other.filter(|(_, other)| is_same(*other)).map_or(running, |(began, _)| began);
            self.other = Some((began, base));
            if running.saturating_sub(began) >= settle {
                (self.base, self.other) = (base, None);
            }
        }
        self.base.saturating_add(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = 86_400_000;
    const MINUTE: Duration = Duration::from_secs(60);
    const SETTLE: Duration = Duration::from_secs(21_600);
    const NOW: Millis = 1_800_000_000_000;

    /// Looks every minute from `from` on for `time`, while the clock is `ahead` of the right time.
    fn look(clock: &mut Clock, from: &mut Duration, time: Duration, ahead: Millis) -> Millis {
        let end = *from + time;
        let mut last = 0;
        while *from < end {
            let wall = right(*from) + ahead;
            last = clock.look(wall, *from, SETTLE).min(wall);
            *from += MINUTE;
        }
        last - right(*from - MINUTE)
    }

    fn right(running: Duration) -> Millis {
        NOW + Millis::try_from(running.as_millis()).unwrap()
    }

    #[test]
    fn a_clock_that_is_a_month_ahead_for_a_minute_or_for_hours_is_not_believed() {
        let (mut clock, mut at) = (Clock::new(NOW), Duration::ZERO);
        assert_eq!(look(&mut clock, &mut at, 5 * MINUTE, 0), 0);
        assert_eq!(look(&mut clock, &mut at, MINUTE, 30 * DAY), 0);
        assert_eq!(look(&mut clock, &mut at, 5 * MINUTE, 0), 0);
        assert_eq!(look(&mut clock, &mut at, SETTLE, 30 * DAY), 0, "one look less than it takes");
        assert_eq!(look(&mut clock, &mut at, MINUTE, 0), 0);
        assert_eq!(look(&mut clock, &mut at, SETTLE, 30 * DAY), 0, "and it begins anew");
    }

    #[test]
    fn a_clock_that_stands_by_it_is_believed_in_the_end() {
        let (mut clock, mut at) = (Clock::new(NOW - 30 * DAY), Duration::ZERO);
        assert_eq!(look(&mut clock, &mut at, SETTLE, 0), -30 * DAY, "the server was off for a month");
        assert_eq!(look(&mut clock, &mut at, MINUTE, 0), 0);
    }

    #[test]
    fn a_clock_that_jumps_again_and_again_is_not_believed() {
        let (mut clock, mut at) = (Clock::new(NOW), Duration::ZERO);
        for hour in 1..100 {
            assert_eq!(look(&mut clock, &mut at, 60 * MINUTE, DAY * hour), 0);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nothing_older_and_forward_again_is_believed_at_once() {
        let (mut clock, mut at) = (Clock::new(NOW), Duration::ZERO);
        assert_eq!(look(&mut clock, &mut at, 5 * MINUTE, -DAY), -DAY);
        assert_eq!(look(&mut clock, &mut at, MINUTE, 0), 0);
        look(&mut clock, &mut at, SETTLE + MINUTE, -DAY);
        assert_eq!(look(&mut clock, &mut at, MINUTE, 0), -DAY, "it has stood by that for long");
    }

    #[test]
    fn a_clock_is_followed_by_as_little_as_it_is_wrong() {
        let (mut clock, mut at) = (Clock::new(NOW), Duration::ZERO);
        for step in 1..=100 {
            assert_eq!(look(&mut clock, &mut at, MINUTE, step * SLACK), step * SLACK);
        }
        assert_eq!(look(&mut clock, &mut at, MINUTE, 101 * SLACK + 1), 100 * SLACK);
    }

    #[test]
    fn a_database_that_knows_no_time_has_nothing_deleted_before_the_clock_has_stood_for_long() {
        let (mut clock, mut at) = (Clock::new(0), Duration::ZERO);
        assert_eq!(look(&mut clock, &mut at, SETTLE, 0), -NOW);
        assert_eq!(look(&mut clock, &mut at, MINUTE, 0), 0);
    }
}
