//! Who asks what, and when: what a change of the chat knows beside the state it changes. Changes nothing.

use std::ops::Deref;
use std::sync::Arc;

use super::effects::Effects;
use super::outbox::Outbox;
use super::write_queue::{PendingAnswer, WriteQueue};
use super::{PersonId, SessionId};
use crate::answer::Done;
use crate::event::Event;
use crate::limits::Limits;
use crate::model::{Millis, Tag};
use crate::names::RoomName;
use crate::record::Record;

/// What every change must know of its surroundings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Here<'a> {
    pub(super) now: Millis,
    pub(super) run: Millis,
    pub(super) limits: &'a Limits,
    pub(super) lobby: &'a RoomName,
    pub(super) write_queue: Option<&'a WriteQueue>,
}

impl Here<'_> {
    /// Has something kept, where anything is.
    pub(super) fn keep(&self, record: Record) {
        self.keep_counted(record);
    }

    /// The same; returns its place among all that was ever added.
    pub(super) fn keep_counted(&self, record: Record) -> u64 {
        self.write_queue.map_or(0, |write_queue| write_queue.add(record, None))
    }
}

/// Who asks what, and when: what every verb needs to know.
pub(super) struct Ask<'a> {
    pub(super) session: SessionId,
    pub(super) person: PersonId,
    pub(super) outbox: Arc<Outbox>,
    pub(super) echo: bool,
    pub(super) tag: Option<Tag>,
    pub(super) here: Here<'a>,
}

impl<'a> Deref for Ask<'a> {
    type Target = Here<'a>;

    fn deref(&self) -> &Here<'a> {
        &self.here
    }
}

impl Ask<'_> {
    /// Queues the `ok` of this command.
    pub(super) fn answer(&self, done: Done, effects: &mut Effects) {
        effects.answer(&self.outbox, Event::Ok { tag: self.tag.clone(), done });
    }

    /// Has `record` kept, and with it all that was before; the `ok` of this
    /// command comes when it is.
    pub(super) fn answer_kept(&self, done: Done, record: Record, effects: &mut Effects) {
        match self.write_queue {
            None => self.answer(done, effects),
            Some(write_queue) => {
                self.outbox.promise();
                let answer = Event::Ok { tag: self.tag.clone(), done };
                write_queue.add(record, Some(PendingAnswer { outbox: Arc::clone(&self.outbox), answer }));
            }
        }
    }

    /// Whether `session` is the asking one, and needs not be told what it did.
    pub(super) fn skips_own(&self, session: SessionId) -> bool {
        session == self.session && !self.echo
    }
}
