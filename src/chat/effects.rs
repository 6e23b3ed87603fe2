//! What a change of the chat leaves to be done outside its lock: whom to flush, whom to cut, what to tell the console. Does none of it.

use std::sync::Arc;

use parking_lot::Mutex;

use super::SessionId;
use super::outbox::{Offer, Outbox, Outgoing};
use crate::event::Event;
use crate::model::CloseReason;
use crate::wire::Letter;

/// The outboxes of one room that wait to be flushed, and the rounds in which that is done.
///
/// One thread at a time does the rounds. Who finds somebody at it goes on:
/// what was just said will be seen before the rounds end. So while one
/// speaker's round goes from member to member, what the others say gathers,
/// and goes out with one write a member instead of one a message.
#[derive(Debug, Default)]
pub struct RoomFlush {
    state: Mutex<FlushState>,
}

#[derive(Debug, Default)]
struct FlushState {
    due: Vec<Arc<Outbox>>,
    running: bool,
    /// Whether somebody came while another was at it, since the last crier began.
    crowded: bool,
}

/// The duty to do a room's rounds. Dropping it, also in a panic, lets the next speaker take it.
#[derive(Debug)]
pub struct Flusher {
    flush: Arc<RoomFlush>,
    crowded: bool,
    over: bool,
}

impl RoomFlush {
    /// Takes on the duty, unless somebody has it.
    pub fn begin(self: &Arc<Self>) -> Option<Flusher> {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.running, true) {
            state.crowded = true;
            return None;
        }
        let crowded = std::mem::take(&mut state.crowded);
        Some(Flusher { flush: Arc::clone(self), crowded, over: false })
    }
}

impl Flusher {
    /// One round: calls `flush` for every outbox that is due. False, and the
    /// duty is over, when none is.
    pub fn flush_all(&mut self, flush: impl FnMut(Arc<Outbox>)) -> bool {
        let due = {
            let mut state = self.flush.state.lock();
            self.over = state.due.is_empty();
            self.crowded |= state.crowded;
            state.running = !self.over;
            std::mem::take(&mut state.due)
        };
        due.into_iter().for_each(flush);
        !self.over
    }

    /// Where several speak at once: lets those run who are about to, so that
    /// one round goes for all of them.
    pub fn let_others_speak(&self) {
        if self.crowded {
            std::thread::yield_now();
        }
    }

    /// Whether something has come to be due since the last round began.
    pub fn has_more(&self) -> bool {
        !self.flush.state.lock().due.is_empty()
    }

    /// Whether the last round found nothing due.
    pub fn is_over(&self) -> bool {
        self.over
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        if !self.over {
            self.flush.state.lock().running = false;
        }
    }
}

/// To be done after the chat lock is released. One is filled by a whole burst of commands.
#[derive(Debug, Default)]
pub struct Effects {
    /// Rooms with outboxes to flush.
    pub room_flushes: Vec<Arc<RoomFlush>>,
    /// Outboxes to flush beside those.
    pub outboxes: Vec<Arc<Outbox>>,
    /// Sessions to cut, because their outbox is over its bound.
    pub overflowed: Vec<SessionId>,
    /// What happened, for the console, where one listens.
    pub news: Vec<Arc<Letter>>,
    /// Whether anybody wants the news, and the messages among them.
    pub watch: Watch,
}

/// How much of what happens the console wants to hear.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum Watch {
    /// Nothing: there is no console.
    #[default]
    Nothing,
    /// Who comes and goes, topics, names.
    Events,
    /// That, and what is said in the rooms.
    Messages,
}

impl Effects {
    /// An empty one that gathers news as far as `watch` says.
    pub fn new(watch: Watch) -> Effects {
        Effects { watch, ..Effects::default() }
    }

    /// Offers `letter` to one session.
    pub fn tell(&mut self, outbox: &Arc<Outbox>, letter: &Arc<Letter>, elsewhere: bool) {
        self.offer(outbox, Outgoing::Letter(Arc::clone(letter), elsewhere));
    }

    /// Gives a session what it asked for.
    pub fn answer(&mut self, outbox: &Arc<Outbox>, event: Event) {
        self.answer_with(outbox, &Arc::new(Letter::new(event)));
    }

    /// The same with a letter that several sessions get.
    pub fn answer_with(&mut self, outbox: &Arc<Outbox>, letter: &Arc<Letter>) {
        self.offer(outbox, Outgoing::Answer(Arc::clone(letter)));
    }

    /// Whether a session that did not ask may be given an answer. Its thread
    /// does not wait for what another one of its person asks for; so one that
    /// has `most` bytes waiting is a slow consumer.
    pub fn keeps_up(&mut self, outbox: &Arc<Outbox>, most: usize) -> bool {
        if outbox.weight() <= most {
            return true;
        }
        if outbox.close(CloseReason::SlowConsumer, None) {
            self.overflowed.push(outbox.session());
        }
        false
    }

    fn offer(&mut self, outbox: &Arc<Outbox>, item: Outgoing) {
        match outbox.offer(item) {
            Offer::Taken | Offer::Closed => {}
            Offer::Due => self.outboxes.push(Arc::clone(outbox)),
            Offer::Overflow => self.overflowed.push(outbox.session()),
        }
    }

    /// Offers an event to one session.
    pub fn tell_event(&mut self, outbox: &Arc<Outbox>, event: Event) {
        self.tell(outbox, &Arc::new(Letter::new(event)), false);
    }

    /// Offers `letter` to everybody in `listeners`, and has their outboxes flushed in the room's `flush`.
    pub fn tell_room<'a>(
        &mut self,
        flush: &Arc<RoomFlush>,
        letter: &Arc<Letter>,
        listeners: impl Iterator<Item = (&'a Arc<Outbox>, bool)>,
    ) {
        let mut flush_state = flush.state.lock();
        for (outbox, elsewhere) in listeners {
            match outbox.offer(Outgoing::Letter(Arc::clone(letter), elsewhere)) {
                Offer::Taken | Offer::Closed => {}
                Offer::Due => flush_state.due.push(Arc::clone(outbox)),
                Offer::Overflow => self.overflowed.push(outbox.session()),
            }
        }
        drop(flush_state);
        if !self.room_flushes.iter().any(|effects| Arc::ptr_eq(effects, flush)) {
            self.room_flushes.push(Arc::clone(flush));
        }
    }

    /// Keeps `letter` for the console, where it wants such news.
    pub fn report(&mut self, letter: &Arc<Letter>) {
        let wanted = match letter.event() {
            Event::Message(_) => Watch::Messages,
            _ => Watch::Events,
        };
        if self.watch >= wanted {
            self.news.push(Arc::clone(letter));
        }
    }
}
