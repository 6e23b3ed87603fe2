//! Everything that a session's thread waits for: its pace, the disk, its answers, its peer. Does not know what any command does.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::Session;
use super::cost::{Cost, PARTS};
use super::hub::Database;
use crate::error::ChatError;
use crate::event::Event;
use crate::limits::Limits;
use crate::net::Flow;
use crate::store::StoreError;

/// The refusal of a command whose read failed.
impl From<StoreError> for ChatError {
    fn from(error: StoreError) -> ChatError {
        match error {
            StoreError::Busy(time) => ChatError::Busy(time.as_secs()),
            StoreError::TookTooLong(time) => ChatError::TakesTooLong(time.as_secs()),
            StoreError::Stopped => ChatError::Closing,
            error => {
                tracing::error!(%error, "cannot read");
                ChatError::NotTaken("the server cannot read its database".to_owned())
            }
        }
    }
}

/// How fast a peer may be, and whether it was too fast.
#[derive(Debug)]
pub(super) struct Pace {
    lines: Option<DefaultDirectRateLimiter>,
    /// The read marks that are free.
    marks: Option<DefaultDirectRateLimiter>,
    /// How often the peer may say that it is typing.
    typing: Option<DefaultDirectRateLimiter>,
    /// Whether the command that is handled came before its time: it is paid for, and others are not told.
    pub hushed: bool,
    /// How much may come at once, in parts of a line.
    burst: NonZeroU32,
    /// Whether lines of the peer wait, so that bytes read from it may be old.
    pub held_back: bool,
    /// Whether the peer was told that it is too fast, and still is.
    told: bool,
    /// Whether a line of the last read had to wait.
    waited: bool,
}

impl Pace {
    pub fn new(limits: &Limits) -> Pace {
        let parts = |count: usize, parts: u32| u32::try_from(count).unwrap_or(u32::MAX).saturating_mul(parts);
        let limiter = |rate: u32, burst: u32| {
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            Some(RateLimiter::direct(Quota::per_second(NonZeroU32::new(rate)?).allow_burst(burst)))
        };
        let burst = parts(limits.rate_burst, PARTS);
        let reads = NonZeroU32::new(parts(limits.reads, 1));
        Pace {
            marks: reads.map(|reads| RateLimiter::direct(Quota::per_minute(reads))),
            typing: Quota::with_period(limits.typing).map(RateLimiter::direct),
            hushed: false,
            lines: limiter(parts(limits.rate, PARTS), burst),
            burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN),
            held_back: false,
            told: false,
            waited: false,
        }
    }

    /// Another read begins. A peer that floods is told once: a line that need not
    /// wait, between two lines that wait, changes nothing.
    pub fn begin_read(&mut self) {
        self.told &= std::mem::take(&mut self.waited);
    }

    /// What `cost` takes of `rate`. Read marks and typing have a pace of their own; what is faster costs as much as a line.
    pub fn settle(&mut self, cost: Cost) -> Cost {
        let own = match cost {
            Cost::Mark => &self.marks,
            Cost::Typing => &self.typing,
            Cost::Nothing | Cost::Parts(_) => return cost,
        };
        let fits = own.as_ref().is_some_and(|own| own.check().is_ok());
        self.hushed = !fits;
        if fits { Cost::Nothing } else { Cost::LINE }
    }

    /// Pays `cost`; or returns how long to wait, if it is too early.
    fn early(&self, cost: Cost) -> Option<Duration> {
        let Cost::Parts(cost) = cost else { return None };
        // A cost above the burst would never be allowed.
        let early = self.lines.as_ref()?.check_n(cost.min(self.burst)).ok()?.err()?;
        Some(early.wait_time_from(DefaultClock::default().now()))
    }
}

impl Session {
    /// Waits if the peer is faster than `rate`. Meanwhile nothing is read from it;
    /// the bytes that it sends wait on its own side, and nothing is lost.
    pub(super) fn keep_pace(&mut self, cost: Cost) -> Flow {
        if cost == Cost::Nothing {
            return Flow::Go;
        }
        let mut waited = false;
        while let Some(time) = self.pace.early(cost) {
            self.pace.held_back = true;
            if !std::mem::replace(&mut self.pace.told, true) {
                let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
                self.effects.tell_event(&self.handle.outbox, Event::Waiting { ms });
            }
            // Events of earlier lines must not wait with this line.
            self.flush();
            waited = true;
            self.pace.waited = true;
            let stopping = self.handle.pausing(|| self.hub.wait(time.max(Duration::from_millis(1))));
            if stopping || self.handle.outbox.closed().is_some() {
                return Flow::End;
            }
        }
        if self.pace.held_back && !waited {
            // From here on, silence counts against the peer again.
            self.pace.held_back = false;
            self.handle.heard.store(self.hub.uptime(), Ordering::Relaxed);
        }
        Flow::Go
    }

    /// Waits if the write queue is full, so that a slow disk slows down the sessions that speak.
    pub(super) fn admit(&mut self, needed: bool) -> Result<(), ChatError> {
        let Some(database) = self.hub.database.as_ref().filter(|_| needed) else { return Ok(()) };
        let write_queue = Arc::clone(&database.write_queue);
        if write_queue.has_room() {
            return Ok(());
        }
        // Other sessions do not wait for the disk: they get the earlier events of this burst now.
        self.flush();
        self.handle.pausing(|| write_queue.admit(self.hub.limits.now().keep_patience)).map_err(ChatError::NotTaken)
    }

    /// Waits until everything that this session said before is stored and answered.
    pub(super) fn wait_for_answers(&mut self) {
        if !self.handle.outbox.owes() {
            return;
        }
        // Other sessions do not wait for the disk.
        self.flush();
        self.handle.pausing(|| self.handle.outbox.wait_for_answers(self.hub.limits.now().keep_patience * 2));
    }

    /// Holds back the next command while the outbox is more than half full, or more
    /// than half of it is reserved for answers. A peer that never reads is closed
    /// as a slow consumer.
    pub(super) fn wait_for_space(&mut self) {
        let limits = &self.handle.limits;
        let (half, patience) = (limits.outbox_bytes / 2, limits.outbox_patience);
        if self.handle.outbox.load() <= half {
            return;
        }
        self.flush();
        self.handle.pausing(|| self.handle.outbox.wait_below(half, patience));
    }

    /// The database, after everything said before is stored.
    pub(super) fn settled_database(&mut self) -> Result<Arc<Database>, ChatError> {
        let database = self.database()?;
        // Other sessions do not wait for the disk: they get the earlier events of this burst now.
        self.flush();
        database.write_queue.wait_until_stored(self.hub.limits.now().keep_patience);
        Ok(database)
    }
}
