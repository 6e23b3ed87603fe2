//! One thread that looks after every session's time: too long without a name, silent, slow, or taking its leave. Knows no rooms and no fronts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::db_writer;
use super::handle::SessionHandle;
use super::hub::{self, Hub, News};
use crate::event::Event;
use crate::model::CloseReason;

/// The time between two looks at every session: how late a deadline may be noticed.
const INTERVAL: Duration = Duration::from_millis(500);

/// A round may come so late and still be taken for one of a busy machine.
const LATE: Duration = Duration::from_millis(500);

/// The life of the caretaker: a round now and then, until the server stops.
pub fn live(hub: &Arc<Hub>) {
    let mut rounds = Checks::from(Instant::now());
    while !hub.wait(INTERVAL) {
        rounds.go(hub, Instant::now());
    }
    // Stopping: farewells still have their deadline. Whoever is left after that
    // is cut by the service; a session that is none any more must not keep us here.
    let deadline = Instant::now() + hub.limits.stop + hub.limits.farewell * 2;
    while hub.sessions() > 0 && Instant::now() < deadline {
        hub.handles().iter().for_each(|handle| end_farewell(hub, handle, Instant::now()));
        std::thread::park_timeout(INTERVAL);
    }
}

/// Looks at every session, one after another, and that they come in time.
#[derive(Debug)]
pub struct Checks {
    last: Instant,
}

impl Checks {
    /// The first is one round after `start`.
    pub fn from(start: Instant) -> Checks {
        Checks { last: start }
    }

    /// One look at every session. A round that comes far too late tells that
    /// this process did not run: it was stopped, or its machine was. That is
    /// nobody's silence and nobody's delay, so it counts against no one.
    /// (A machine that sleeps stops the clock that we read, too.)
    pub fn go(&mut self, hub: &Arc<Hub>, now: Instant) {
        let pause = now.saturating_duration_since(self.last).saturating_sub(INTERVAL);
        self.last = now;
        if pause > LATE {
            tracing::info!(?pause, "this process did not run");
            if let Some(database) = &hub.database {
                database.write_queue.forgive(pause, now);
            }
            let uptime = hub.uptime_at(now);
            hub.handles().iter().for_each(|handle| handle.forgive(pause, now, uptime));
        }
        check_all(hub, now);
    }
}

fn check_all(hub: &Arc<Hub>, now: Instant) {
    db_writer::refuse_overdue(hub);
    if hub.database.is_none() {
        // With a database, the keeper does this: it has a time that can be relied on.
        hub.end_left_rooms(hub::now());
    }
    let mut all = 0;
    let mut weights: Vec<(usize, Arc<SessionHandle>)> = Vec::new();
    for handle in hub.handles() {
        let look = handle.outbox.look(now, hub.limits.outbox_soft_bytes, hub.limits.outbox_patience);
        if look.closed {
            end_farewell(hub, &handle, now);
        } else if look.too_slow {
            handle.outbox.close(CloseReason::SlowConsumer, None);
            hub.cut_slow(handle.id);
        } else if !handle.named.load(Ordering::Relaxed) {
            end_login(hub, &handle, now);
        } else if handle.pings.load(Ordering::Relaxed) {
            ask_for_life(hub, &handle, hub.uptime_at(now));
        }
        all += look.weight;
        if look.weight > 0 {
            weights.push((look.weight, handle));
        }
    }
    if all > hub.limits.outboxes_bytes {
        relieve(hub, all, weights);
    }
}

/// Cuts a session that had its time to hang up.
fn end_farewell(hub: &Arc<Hub>, handle: &SessionHandle, now: Instant) {
    let since = *handle.ending.lock().get_or_insert(now);
    if now.saturating_duration_since(since) > hub.limits.farewell {
        handle.stream.kill();
    }
}

/// Closes a session that has no name yet and should have.
fn end_login(hub: &Arc<Hub>, handle: &SessionHandle, now: Instant) {
    let limit = hub.limits.login;
    let [forgiven, in_line] = [&handle.forgiven, &handle.in_line].map(|time| time.load(Ordering::Relaxed));
    let excused = Duration::from_millis(forgiven.saturating_add(in_line));
    // While its thread waits, we take the time, and not the peer.
    if !handle.paused.load(Ordering::Relaxed) && now.saturating_duration_since(handle.since) > limit + excused {
        let sentence = format!("no name came within {} seconds, goodbye", limit.as_secs());
        hub.close(handle, CloseReason::LoginTimeout, &sentence);
    }
}

/// Asks a silent session for a sign of life, and closes one that gave none.
fn ask_for_life(hub: &Arc<Hub>, handle: &SessionHandle, now: u64) {
    let since = |then: &AtomicU64| Duration::from_millis(now.saturating_sub(then.load(Ordering::Relaxed)));
    let paused = handle.paused.load(Ordering::Relaxed);
    if paused {
        // We are the silent ones: its thread does not read.
        handle.excused.store(now, Ordering::Relaxed);
    }
    let (silent, asked) = (since(&handle.heard), since(&handle.asked));
    if silent.min(since(&handle.excused)) > hub.limits.gone_after {
        hub.tell(|| News::Line(format!("! {} gave no sign of life", handle.peer())));
        hub.close(handle, CloseReason::Timeout, "no sign of life from you");
        handle.stream.kill();
    } else if silent > hub.limits.ping_after && asked > hub.limits.ping_after {
        // Also while its answer is not read: what is sent to a host that is gone tells the kernel so.
        handle.asked.store(now, Ordering::Relaxed);
        hub.tell_session(handle, Event::Ping { token: Arc::from(now.to_string()) });
    }
}

/// Cuts the sessions for which most waits, until the rest is within the bound.
fn relieve(hub: &Arc<Hub>, mut all: usize, mut weights: Vec<(usize, Arc<SessionHandle>)>) {
    weights.sort_unstable_by_key(|(weight, handle)| (*weight, handle.id));
    while let Some((weight, handle)) = weights.pop().filter(|_| all > hub.limits.outboxes_bytes) {
        handle.outbox.close(CloseReason::SlowConsumer, None);
        hub.cut_slow(handle.id);
        all -= weight;
    }
}
