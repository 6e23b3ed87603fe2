//! What a change of the chat leaves to be done outside its lock: outboxes to flush, sessions to cut, news for the console. Does none of it.

use std::sync::Arc;

use super::SessionId;
use super::outbox::{Offer, Outbox, Outgoing};
use super::room_flush::RoomFlush;
use crate::event::Event;
use crate::model::CloseReason;
use crate::wire::{Delivery, Letter};

/// What is to be done after the chat lock is released. A whole burst of commands fills one.
#[derive(Debug, Default)]
pub struct Effects {
    /// Rooms with outboxes to flush.
    pub room_flushes: Vec<Arc<RoomFlush>>,
    /// Outboxes to flush beside those.
    pub outboxes: Vec<Arc<Outbox>>,
    /// Sessions to cut, because their outbox is over its bound.
    pub overflowed: Vec<SessionId>,
    /// What happened, for the console, if there is one.
    pub news: Vec<Arc<Letter>>,
    /// Which news the console wants.
    pub watch: Watch,
    /// The session whose commands these are the effects of.
    pub own: Option<SessionId>,
    /// The last answer to the own session, if there are more pages behind it.
    pub page: Option<Arc<Letter>>,
}

/// How much of what happens the console wants to hear.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum Watch {
    /// Nothing: there is no console.
    #[default]
    Nothing,
    /// Members who come and leave, topics, names.
    Events,
    /// The same, and the messages in the rooms.
    Messages,
}

impl Watch {
    /// How much must be wanted so that `event` is told.
    pub fn of(event: &Event) -> Watch {
        match event {
            Event::Message(_) => Watch::Messages,
            _ => Watch::Events,
        }
    }
}

impl Effects {
    /// Empty effects, which collect the news that `watch` names.
    pub fn new(watch: Watch) -> Effects {
        Effects { watch, ..Effects::default() }
    }

    /// Offers `letter` to one session.
    pub fn tell(&mut self, outbox: &Arc<Outbox>, letter: &Arc<Letter>) {
        let own = self.is_own(outbox.session());
        self.offer(outbox, Outgoing::Event(Delivery { own, ..Delivery::of(letter) }));
    }

    /// Whether the commands of this session have these effects.
    pub(super) fn is_own(&self, session: SessionId) -> bool {
        self.own == Some(session)
    }

    /// Gives a session what it asked for.
    pub fn answer(&mut self, outbox: &Arc<Outbox>, event: Event) {
        self.answer_with(outbox, &Arc::new(Letter::new(event)));
    }

    /// The same with a letter that several sessions get.
    pub fn answer_with(&mut self, outbox: &Arc<Outbox>, letter: &Arc<Letter>) {
        let own = self.is_own(outbox.session());
        if own && matches!(letter.event(), Event::Ok { done, .. } if done.has_more()) {
            self.page = Some(Arc::clone(letter));
        }
        self.offer(outbox, Outgoing::Event(Delivery { answers: true, own, ..Delivery::of(letter) }));
    }

    /// Whether a session may be given an answer to what another session of its
    /// person asked. Its own thread does not wait for space then; so a session
    /// over its bound in bytes is closed as a slow consumer.
    pub fn keeps_up(&mut self, outbox: &Arc<Outbox>) -> bool {
        if outbox.weight() <= outbox.most_bytes {
            return true;
        }
        if outbox.close(CloseReason::SlowConsumer, None) {
            self.overflowed.push(outbox.session());
        }
        false
    }

    /// Offers one thing to one session.
    pub fn offer(&mut self, outbox: &Arc<Outbox>, item: Outgoing) {
        match outbox.offer(item) {
            Offer::Taken | Offer::Closed => {}
            Offer::Due => self.outboxes.push(Arc::clone(outbox)),
            Offer::Overflow => self.overflowed.push(outbox.session()),
        }
    }

    /// Offers an event to one session.
    pub fn tell_event(&mut self, outbox: &Arc<Outbox>, event: Event) {
        self.tell(outbox, &Arc::new(Letter::new(event)));
    }

    /// Has the outboxes of a room flushed that became due in a fan-out.
    pub(super) fn flush_room(&mut self, room: &Arc<RoomFlush>) {
        if !self.room_flushes.iter().any(|known| Arc::ptr_eq(known, room)) {
            self.room_flushes.push(Arc::clone(room));
        }
    }

    /// Adds `letter` to the news, if the console wants such news.
    pub fn report(&mut self, letter: &Arc<Letter>) {
        if self.watch >= Watch::of(letter.event()) {
            self.news.push(Arc::clone(letter));
        }
    }
}
