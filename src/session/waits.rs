//! Everything one session's thread waits for before it goes on: its pace, the disk, its answers, its peer. Does not know what any command does.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};

use super::Session;
use super::cost::{Cost, PARTS};
use super::hub::Database;
use crate::error::ChatError;
use crate::event::Event;
use crate::net::Flow;
use crate::store::StoreError;

/// A failed read, as the asker is told.
pub(super) fn unread(error: &StoreError) -> ChatError {
    match error {
        StoreError::Busy(time) => return ChatError::Busy(time.as_secs()),
        StoreError::TookTooLong(time) => return ChatError::TakesTooLong(time.as_secs()),
        StoreError::Stopped => return ChatError::Closing,
        _ => {}
    }
    tracing::error!(%error, "cannot read");
    ChatError::NotTaken("the server cannot read its database".to_owned())
}

impl Session {
    /// Waits, if the peer is faster than `rate`. Meanwhile nothing is read
    /// from it, and what it sent waits on its own side: nothing is lost.
    pub(super) fn keep_pace(&mut self, cost: Cost) -> Flow {
        let burst = u32::try_from(self.hub.limits.rate_burst).unwrap_or(u32::MAX).saturating_mul(PARTS);
        let (pace, cost) = match cost {
            Cost::Nothing => return Flow::Go,
            // More than the burst would never be allowed.
            Cost::Parts(cost) => (&self.pace, cost.min(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))),
            Cost::Piece => (&self.piece_pace, NonZeroU32::MIN),
        };
        let Some(pace) = pace else { return Flow::Go };
        let mut waited = false;
        while let Ok(Err(early)) = pace.check_n(cost) {
            let time = early.wait_time_from(DefaultClock::default().now());
            self.held_back = true;
            if !std::mem::replace(&mut self.told_to_wait, true) {
                let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
                self.effects.tell_event(&self.handle.outbox, Event::Waiting { ms });
            }
            // What came before this line must not wait with it.
            let effects = std::mem::replace(&mut self.effects, self.hub.effects());
            self.hub.apply(effects);
            waited = true;
            self.waited = true;
            let stopping = self.handle.pausing(|| self.hub.wait(time.max(Duration::from_millis(1))));
            if stopping || self.handle.outbox.closed().is_some() {
                return self.over();
            }
        }
        if self.held_back && !waited {
            // From here on silence is the peer's again.
            self.held_back = false;
            self.handle.heard.store(self.hub.uptime(), Ordering::Relaxed);
        }
        Flow::Go
    }

    /// Waits, where what is to be kept waits already: so a slow disk slows who speaks.
    pub(super) fn admit(&mut self, needed: bool) -> Result<(), ChatError> {
        let Some(database) = self.hub.database.as_ref().filter(|_| needed) else { return Ok(()) };
        let write_queue = Arc::clone(&database.write_queue);
        if write_queue.has_room() {
            return Ok(());
        }
        // What this burst said before is for others, who do not wait for the disk.
        self.flush();
        self.handle.pausing(|| write_queue.admit(self.hub.limits.keep_patience)).map_err(ChatError::NotTaken)
    }

    /// Waits until what this session said before is kept, and answered.
    pub(super) fn wait_for_answers(&mut self) {
        if !self.handle.outbox.owes() {
            return;
        }
        // Nobody waits for the disk but who spoke.
        self.flush();
        self.handle.pausing(|| self.handle.outbox.wait_for_answers(self.hub.limits.keep_patience * 2));
    }

    /// Holds back the next command while much waits that this peer has not
    /// taken, or much is promised that would come at once. A peer that never takes it is closed as a slow consumer.
    pub(super) fn wait_for_space(&mut self) {
        let limits = &self.hub.limits;
        let (half, patience) = (limits.outbox_bytes / 2, limits.outbox_patience);
        if self.handle.outbox.load() <= half {
            return;
        }
        self.flush();
        self.handle.pausing(|| self.handle.outbox.wait_below(half, patience));
    }
    /// The database, when all is in it that was said before.
    pub(super) fn settled_database(&mut self) -> Result<Arc<Database>, ChatError> {
        let database = self.database()?;
        // What this burst did before is for others, who do not wait for the disk.
        self.flush();
        database.write_queue.wait_until_stored(self.hub.limits.keep_patience);
        Ok(database)
    }
}
