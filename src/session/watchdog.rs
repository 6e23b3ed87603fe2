//! The thread that checks every session's time limits: too long without a name, silent, slow, or too slow to hang up. Knows no rooms and no fronts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::db_writer;
use super::handle::SessionHandle;
use super::hub::{self, Hub, News};
use crate::event::Event;
use crate::model::CloseReason;

/// The time between two checks of every session: how late a deadline may be noticed.
const INTERVAL: Duration = Duration::from_millis(500);

/// A check may be so late only because the machine is busy.
const LATE: Duration = Duration::from_millis(500);

/// Runs the watchdog: checks every session at each interval, until the server stops.
/// A server that was started for a newcomer (`is_activated`) may end though none came.
pub fn live(hub: &Arc<Hub>, is_activated: bool) {
    let start = Instant::now();
    let mut checks = Checks { empty_since: is_activated.then_some(start), ..Checks::from(start) };
    while !hub.wait(INTERVAL) {
        checks.go(hub, Instant::now());
    }
    // The server is stopping. Sessions that end still have their deadline. The
    // service cuts those that are left after it, so this loop has a deadline too.
    let limits = hub.limits.now();
    let deadline = Instant::now() + limits.stop + limits.farewell * 2;
    while hub.sessions() > 0 && Instant::now() < deadline {
        hub.handles().iter().for_each(|handle| end_farewell(handle, Instant::now()));
        std::thread::park_timeout(INTERVAL);
    }
}

/// Checks every session again and again, and notices if a check comes too late.
#[derive(Debug)]
pub struct Checks {
    last: Instant,
    /// Since when no session has been there; none before the first one.
    empty_since: Option<Instant>,
    /// How many sessions there had ever been at the last check.
    visits: u64,
}

impl Checks {
    /// The first check is one interval after `start`.
    pub fn from(start: Instant) -> Checks {
        Checks { last: start, empty_since: None, visits: 0 }
    }

    /// Checks every session once. If a check comes far too late, this process did
    /// not run: it was stopped, or its machine was. No session caused that pause,
    /// so it counts against none. (While a machine sleeps, our clock stops too.)
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
            self.empty_since = self.empty_since.map(|since| now.min(since + pause));
        }
        check_all(hub, now);
        self.end_if_empty(hub, now);
        hub.checks.fetch_add(1, Ordering::Relaxed);
    }

    /// Asks for the end if no session was there for `exit-when-empty`.
    fn end_if_empty(&mut self, hub: &Hub, now: Instant) {
        let visits = hub.door.visits();
        if hub.door.sessions() > 0 || visits != self.visits {
            (self.visits, self.empty_since) = (visits, Some(now));
        }
        let most = hub.limits.now().exit_when_empty;
        if !most.is_zero() && self.empty_since.is_some_and(|since| now.saturating_duration_since(since) >= most) {
            let why = format!("no session was there for {} s (exit-when-empty)", most.as_secs());
            tracing::info!(why, "the server ends");
            hub.ask_to_stop(&why);
            self.empty_since = None;
        }
    }
}

fn check_all(hub: &Arc<Hub>, now: Instant) {
    db_writer::refuse_overdue(hub);
    hub.end_lingering(hub.limits.now().linger, CloseReason::Closed);
    if hub.database.is_none() {
        // With a database, the writer does this, because it has a reliable time.
        hub.end_left_rooms(hub::now());
    }
    remind(hub);
    let mut all = 0;
    let mut weights: Vec<(usize, Arc<SessionHandle>)> = Vec::new();
    for handle in hub.handles() {
        let look = handle.outbox.look(now, handle.limits.outbox_soft_bytes, handle.limits.outbox_patience);
        if look.closed {
            end_farewell(&handle, now);
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
    let most = hub.limits.now().outboxes_bytes;
    if all > most {
        relieve(hub, (all, most), weights);
    }
}

/// Reminds the operator of a certificate that ends soon.
fn remind(hub: &Hub) {
    if let Some(sentence) = hub.security.as_ref().and_then(|security| security.remind(SystemTime::now())) {
        tracing::warn!("{sentence}");
        hub.tell(|| News::Line(format!("! {sentence}")));
    }
}

/// Cuts a session whose peer did not hang up in time.
fn end_farewell(handle: &SessionHandle, now: Instant) {
    let since = *handle.ending.lock().get_or_insert(now);
    if now.saturating_duration_since(since) > handle.limits.farewell {
        handle.stream.kill();
    }
}

/// Closes a session that took no name in time.
fn end_login(hub: &Arc<Hub>, handle: &SessionHandle, now: Instant) {
    if handle.is_exchange.load(Ordering::Acquire) {
        return;
    }
    let limit = handle.limits.login;
    let [forgiven, in_line] = [&handle.forgiven, &handle.in_line].map(|time| time.load(Ordering::Relaxed));
    let excused = Duration::from_millis(forgiven.saturating_add(in_line));
    // While its thread waits, the server takes the time, not the peer.
    if !handle.paused.load(Ordering::Relaxed) && now.saturating_duration_since(handle.since) > limit + excused {
        let sentence = format!("no name came within {} seconds, goodbye", limit.as_secs());
        hub.close(handle, CloseReason::LoginTimeout, &sentence);
    }
}

/// Pings a silent session, and closes one that does not answer.
fn ask_for_life(hub: &Arc<Hub>, handle: &SessionHandle, now: u64) {
    let since = |then: &AtomicU64| Duration::from_millis(now.saturating_sub(then.load(Ordering::Relaxed)));
    let paused = handle.paused.load(Ordering::Relaxed);
    if paused {
        // Its thread does not read, so the silence is not the peer's.
        handle.excused.store(now, Ordering::Relaxed);
    }
    let (silent, asked) = (since(&handle.heard), since(&handle.asked));
    if silent.min(since(&handle.excused)) > handle.limits.gone_after {
        hub.tell(|| News::Line(format!("! {} gave no sign of life", handle.peer())));
        hub.close(handle, CloseReason::Timeout, "no sign of life from you");
        handle.stream.kill();
    } else if silent > handle.limits.ping_after && asked > handle.limits.ping_after {
        // Sent also while its thread does not read: if the host has vanished, the kernel notices it by this.
        handle.asked.store(now, Ordering::Relaxed);
        hub.tell_session(handle, Event::Ping { token: Arc::from(now.to_string()) });
    }
}

/// Cuts the sessions with the fullest outboxes, until the others are within the bound.
fn relieve(hub: &Arc<Hub>, (mut all, most): (usize, usize), mut weights: Vec<(usize, Arc<SessionHandle>)>) {
    weights.sort_unstable_by_key(|(weight, handle)| (*weight, handle.id));
    while let Some((weight, handle)) = weights.pop().filter(|_| all > most) {
        handle.outbox.close(CloseReason::SlowConsumer, None);
        hub.cut_slow(handle.id);
        all -= weight;
    }
}
