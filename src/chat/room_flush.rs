//! The flush of a room: the outboxes that wait to be flushed, and the one thread at a time that flushes them. Starts no thread, and knows no sockets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

use super::outbox::Outbox;

/// The outboxes of one room that wait to be flushed.
///
/// One thread at a time flushes them. If another thread already does, a speaker
/// goes on: that thread will see the message before it ends. So while one speaker
/// flushes member after member, the messages of other speakers gather, and go out
/// with one write for each member instead of one for each message.
#[derive(Debug, Default)]
pub struct RoomFlush {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    due: Vec<Arc<Outbox>>,
    running: bool,
    /// Whether another speaker came during a flush, since the last flusher began.
    crowded: bool,
}

/// The duty to flush a room. Dropping it, also in a panic, lets the next speaker take it.
#[derive(Debug)]
pub struct Flusher {
    room: Arc<RoomFlush>,
    crowded: bool,
    over: bool,
}

impl RoomFlush {
    /// The list to which a fan-out adds. A fan-out locks it once.
    pub(super) fn due(&self) -> MappedMutexGuard<'_, Vec<Arc<Outbox>>> {
        MutexGuard::map(self.state.lock(), |state| &mut state.due)
    }

    /// Calls `flush` for every outbox that is due, again and again until none is
    /// due, unless another thread already does. After `patience` it returns the
    /// duty, for a thread that has nothing else to do: so the speaker can go on,
    /// however much other members say.
    pub fn flush(self: &Arc<Self>, patience: Duration, flush: impl FnMut(&Arc<Outbox>)) -> Option<Flusher> {
        self.begin()?.run(patience, flush)
    }

    /// Takes the duty, unless another thread has it.
    fn begin(self: &Arc<Self>) -> Option<Flusher> {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.running, true) {
            state.crowded = true;
            return None;
        }
        let crowded = std::mem::take(&mut state.crowded);
        Some(Flusher { room: Arc::clone(self), crowded, over: false })
    }
}

impl Flusher {
    /// See [`RoomFlush::flush`].
    pub fn run(mut self, patience: Duration, mut flush: impl FnMut(&Arc<Outbox>)) -> Option<Flusher> {
        let began = Instant::now();
        loop {
            // If several members speak at once, yields the processor once, so that their messages join this flush.
            if self.crowded {
                std::thread::yield_now();
            }
            let due = self.take_due();
            if due.is_empty() {
                return None;
            }
            due.into_iter().for_each(|outbox| flush(&outbox));
            if began.elapsed() > patience && !self.room.state.lock().due.is_empty() {
                return Some(self);
            }
        }
    }

    /// Takes the outboxes that are due. If there are none, the duty is over.
    fn take_due(&mut self) -> Vec<Arc<Outbox>> {
        let mut state = self.room.state.lock();
        self.over = state.due.is_empty();
        self.crowded |= state.crowded;
        state.running = !self.over;
        std::mem::take(&mut state.due)
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        if !self.over {
            self.room.state.lock().running = false;
        }
    }
}
