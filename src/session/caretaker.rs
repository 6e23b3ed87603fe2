//! One thread that looks after every session's time: too long without a name, silent, slow, or taking its leave. Knows no rooms and no fronts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::house::{self, House, News};
use super::keeper;
use super::link::Link;
use crate::event::{CloseReason, Event};

/// The time between two looks at every session: how late a deadline may be noticed.
const ROUND: Duration = Duration::from_millis(500);

/// A round may come so late and still be taken for one of a busy machine.
const LATE: Duration = Duration::from_millis(500);

/// The life of the caretaker: a round now and then, until the server stops.
pub fn live(house: &Arc<House>) {
    let mut rounds = Rounds::from(Instant::now());
    while !house.wait(ROUND) {
        rounds.go(house, Instant::now());
    }
    // Stopping: farewells still have their deadline. Whoever is left after that
    // is cut by the service; a session that is none any more must not keep us here.
    let deadline = Instant::now() + house.limits.stop + house.limits.farewell * 2;
    while house.sessions() > 0 && Instant::now() < deadline {
        house.links().iter().for_each(|link| end_farewell(house, link, Instant::now()));
        std::thread::park_timeout(ROUND);
    }
}

/// Looks at every session, one after another, and that they come in time.
#[derive(Debug)]
pub struct Rounds {
    last: Instant,
}

impl Rounds {
    /// The first is one round after `start`.
    pub fn from(start: Instant) -> Rounds {
        Rounds { last: start }
    }

    /// One look at every session. A round that comes far too late tells that
    /// this process did not run: it was stopped, or its machine was. That is
    /// nobody's silence and nobody's delay, so it counts against no one.
    /// (A machine that sleeps stops the clock that we read, too.)
    pub fn go(&mut self, house: &Arc<House>, now: Instant) {
        let pause = now.saturating_duration_since(self.last).saturating_sub(ROUND);
        self.last = now;
        if pause > LATE {
            tracing::info!(?pause, "this process did not run");
            if let Some(archive) = &house.archive {
                archive.journal.forgive(pause, now);
            }
            let uptime = house.uptime_at(now);
            house.links().iter().for_each(|link| link.forgive(pause, now, uptime));
        }
        go_round(house, now);
    }
}

fn go_round(house: &Arc<House>, now: Instant) {
    keeper::refuse_overdue(house);
    if house.archive.is_none() {
        // With a database, the keeper does this: it has a time that can be relied on.
        house.end_left_rooms(house::now());
    }
    let mut all = 0;
    let mut weights: Vec<(usize, Arc<Link>)> = Vec::new();
    for link in house.links() {
        let look = link.outbox.look(now, house.limits.outbox_soft_bytes, house.limits.outbox_patience);
        if look.closed {
            end_farewell(house, &link, now);
        } else if look.too_slow {
            link.outbox.close(CloseReason::SlowConsumer, None);
            house.cut_slow(link.id);
        } else if !link.named.load(Ordering::Relaxed) {
            end_login(house, &link, now);
        } else if link.json.load(Ordering::Relaxed) {
            ask_for_life(house, &link, house.uptime_at(now));
        }
        all += look.weight;
        if look.weight > 0 {
            weights.push((look.weight, link));
        }
    }
    if all > house.limits.outboxes_bytes {
        relieve(house, all, weights);
    }
}

/// Cuts a session that had its time to hang up.
fn end_farewell(house: &Arc<House>, link: &Link, now: Instant) {
    let since = *link.ending.lock().get_or_insert(now);
    if now.saturating_duration_since(since) > house.limits.farewell {
        link.stream.kill();
    }
}

/// Closes a session that has no name yet and should have.
fn end_login(house: &Arc<House>, link: &Link, now: Instant) {
    let limit = house.limits.login;
    let [forgiven, in_line] = [&link.forgiven, &link.in_line].map(|time| time.load(Ordering::Relaxed));
    let excused = Duration::from_millis(forgiven.saturating_add(in_line));
    // While its thread waits, we take the time, and not the peer.
    if !link.paused.load(Ordering::Relaxed) && now.saturating_duration_since(link.since) > limit + excused {
        let sentence = format!("no name came within {} seconds, goodbye", limit.as_secs());
        house.close(link, CloseReason::LoginTimeout, &sentence);
    }
}

/// Asks a silent session for a sign of life, and closes one that gave none.
fn ask_for_life(house: &Arc<House>, link: &Link, now: u64) {
    let since = |then: &AtomicU64| Duration::from_millis(now.saturating_sub(then.load(Ordering::Relaxed)));
    let paused = link.paused.load(Ordering::Relaxed);
    if paused {
        // We are the silent ones: its thread does not read.
        link.excused.store(now, Ordering::Relaxed);
    }
    let (silent, asked) = (since(&link.heard), since(&link.asked));
    if silent.min(since(&link.excused)) > house.limits.gone_after {
        house.tell(|| News::Line(format!("! {} gave no sign of life", link.peer())));
        house.close(link, CloseReason::Timeout, "no sign of life from you");
        link.stream.kill();
    } else if silent > house.limits.ping_after && asked > house.limits.ping_after {
        // Also while its answer is not read: what is sent to a host that is gone tells the kernel so.
        link.asked.store(now, Ordering::Relaxed);
        house.tell_session(link, Event::Ping { token: Arc::from(now.to_string()) });
    }
}

/// Cuts the sessions for which most waits, until the rest is within the bound.
fn relieve(house: &Arc<House>, mut all: usize, mut weights: Vec<(usize, Arc<Link>)>) {
    weights.sort_unstable_by_key(|(weight, link)| (*weight, link.id));
    while let Some((weight, link)) = weights.pop().filter(|_| all > house.limits.outboxes_bytes) {
        link.outbox.close(CloseReason::SlowConsumer, None);
        house.cut_slow(link.id);
        all -= weight;
    }
}
