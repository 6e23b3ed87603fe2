//! How a session is ended from outside: by the server, the operator, an op, or because its page did not come back. Knows no front, and not why it is done.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::handle::SessionHandle;
use super::hub::{Hub, now};
use crate::chat::SessionId;
use crate::chat::outbox::Ending;
use crate::event::Event;
use crate::model::CloseReason;
use crate::wire::Letter;

impl Hub {
    /// Puts a last sentence into the outbox of a session and closes the outbox. Returns whether it was open.
    pub fn say_goodbye(&self, handle: &SessionHandle, ending: impl Into<Ending>, sentence: &str) -> bool {
        let ending = ending.into();
        let closing = Event::Closing { reason: ending.reason, text: Arc::from(sentence) };
        handle.outbox.close(ending, Some(Arc::new(Letter::new(closing))))
    }

    /// Ends a session, with a last sentence for its peer. Returns false if it was ending already.
    pub fn close(&self, handle: &SessionHandle, ending: impl Into<Ending>, sentence: &str) -> bool {
        let first = self.say_goodbye(handle, ending, sentence);
        if first && handle.is_exchange.load(Ordering::Acquire) {
            // Its thread has the pen, and waits for the next request perhaps.
            handle.stream.stop_reading();
        } else if first {
            self.flush(&handle.outbox);
        }
        first
    }

    /// Waits until everything in the outbox is written: by this thread, or by the
    /// thread that has the pen.
    pub fn write_the_last(&self, handle: &SessionHandle) {
        if let Some(pen) = handle.outbox.flush() {
            handle.outbox.catch_up(pen);
        }
        handle.outbox.wait_until_written(handle.limits.farewell);
    }

    /// Closes the sessions of people who are banned from the server.
    pub fn close_banned(self: &Arc<Self>) {
        for id in self.chat.banned_sessions(now()) {
            self.kick(id, None, "you are banned from this server");
        }
    }

    /// Closes a session that has a name, on behalf of those who keep order; the others hear `text`.
    pub fn kick(self: &Arc<Self>, id: SessionId, text: Option<Arc<str>>, sentence: &str) {
        let ending = Ending { reason: CloseReason::Kicked, text };
        let mut effects = self.effects();
        if self.chat.end_if_lingering(id, ending.clone(), now(), &mut effects) {
            self.apply(effects);
        } else if let Some(handle) = self.handle(id) {
            self.close(&handle, ending, sentence);
        }
    }

    /// Tells the others of people who closed the page and did not come back within
    /// `time`; with `time` zero, of all of them. Each needs the lock for itself, so
    /// that no other thread waits for all of them.
    pub fn end_lingering(self: &Arc<Self>, time: Duration, reason: CloseReason) {
        let mut effects = self.effects();
        while self.chat.end_lingering(time, reason, now(), &mut effects) {
            self.apply(std::mem::replace(&mut effects, self.effects()));
        }
    }
}
