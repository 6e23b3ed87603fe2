//! Deleting what was said: one message by its number, or all messages of an account. Runs under the chat lock.

use std::sync::Arc;

use super::effects::Effects;
use super::history::Readable;
use super::loads::{Doomed, Halt, Next, Unremembered};
use super::{Change, Chat, SessionId};
use crate::actor::Actor;
use crate::answer::Done;
use crate::command::Place;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, Identity, Millis, PlaceId, Role, Seq, Tag};
use crate::names::Nick;
use crate::record::Record;
use crate::wire::Letter;

/// A message that is to be deleted, and that was found.
#[derive(Debug)]
pub struct Found<'a> {
    /// The place.
    pub place: &'a Place,
    /// Its number there.
    pub seq: Seq,
    /// Its author.
    pub author: Identity,
    /// When it was said.
    pub said: Millis,
    /// The reason.
    pub text: Option<Arc<str>>,
}

impl Found<'_> {
    /// The event for readers to whom the place is shown as `room`.
    fn event(&self, id: PlaceId, room: Arc<str>, by: &Actor, time: Millis) -> Event {
        let (by, text) = (by.clone(), self.text.clone());
        Event::Deleted { room, seq: self.seq, said: self.said, by, text, time, place: id }
    }
}

impl Change<'_> {
    /// Deletes a message that is in memory. For any other message, the author must be read from the database first.
    pub(super) fn delete(&mut self, doomed: Doomed) -> Result<Next, Halt> {
        let Readable { place: id, label, identity, .. } = self.readable_or_any(doomed.place.as_ref())?;
        let room = self.state.rooms.get(id);
        let remembered = room.and_then(|room| {
            let seq = doomed.seq.or_else(|| room.recent.last_of(identity))?;
            Some((seq, room.recent.author(seq)?, room.name.clone()))
        });
        match remembered {
            Some((seq, (_, said), _)) if doomed.said.is_some_and(|expected| expected != said) => {
                Err(ChatError::NoSuchMessage(seq).into())
            }
            Some((seq, (author, said), name)) => {
                let place = doomed.place.unwrap_or(Place::Room(name));
                self.delete_found(Found { place: &place, seq, author, said, text: doomed.text })?;
                Ok(Next::Done)
            }
            None if self.cx.write_queue.is_some() => {
                Ok(Next::FindAuthor(Unremembered { doomed, place: id, label, identity }))
            }
            None => Err(ChatError::NoSuchMessage(doomed.seq.unwrap_or(0)).into()),
        }
    }

    /// Deletes a message whose author is known.
    fn delete_found(&mut self, found: Found<'_>) -> Result<(), ChatError> {
        let seq = found.seq;
        let readable = self.readable_or_any(Some(found.place)).map_err(|halt| match halt {
            Halt::Refused(refusal) => refusal,
            Halt::Load(_) => ChatError::NoSuchMessage(seq),
        })?;
        let Readable { place: id, label, identity, .. } = readable;
        match found.place {
            Place::Room(_) => self.delete_in_room(id, &found)?,
            Place::With(_) if found.author != identity => return Err(ChatError::NoSuchMessage(seq)),
            Place::With(nick) => self.tell_both_deleted(id, nick, &label, &found),
        }
        self.answer_when_stored(Done::Delete { room: label, seq }, Record::MessageDeleted(id, seq));
        Ok(())
    }

    /// Deletes the caller's own message; an op of the room may delete any message.
    fn delete_in_room(&mut self, place: PlaceId, found: &Found<'_>) -> Result<(), ChatError> {
        let room = self.state.rooms.at(place)?;
        if found.author != self.caller.identity && self.own_role(room) < Some(Role::Op) {
            return Err(ChatError::NeedsRole(Role::Op, Some(room.name.clone())));
        }
        let room = self.state.rooms.at_mut(place)?;
        room.recent.delete(found.seq);
        let deleted = found.event(place, Arc::clone(&room.shown), &self.caller.face, self.cx.now);
        self.tell_room(place, deleted);
        Ok(())
    }

    /// Tells both people of a conversation, each with the name of the other one as the place.
    fn tell_both_deleted(&mut self, id: PlaceId, nick: &Nick, label: &Arc<str>, found: &Found<'_>) {
        let (by, time) = (self.caller.face.clone(), self.cx.now);
        self.tell_own(&Arc::new(Letter::new(found.event(id, Arc::clone(label), &by, time))));
        let other = self.state.addressee(nick).and_then(|(_, person)| person);
        if let Some(other) = other.filter(|other| *other != self.caller.person) {
            let deleted = found.event(id, format!("@{by}").into(), &by, time);
            self.tell_person(other, &Arc::new(Letter::new(deleted)), |_| false);
        }
    }
}

/// An account that was deleted with all its messages.
#[derive(Debug, Clone)]
pub struct DeletedAccount {
    /// Its number.
    pub account: AccountId,
    /// Its name.
    pub nick: Arc<str>,
}

impl Chat {
    /// Deletes a message whose author was read from the database.
    ///
    /// # Errors
    /// The message is not the caller's, and the caller is no op there.
    pub fn delete_known(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        found: Found<'_>,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        self.on_behalf((session, tag), now, effects, |change| change.delete_found(found))
    }

    /// Deletes the messages of a deleted account from the memory of some rooms.
    /// Returns the room after which to go on, if there are more. Not all rooms
    /// in one call, because every session waits for the lock meanwhile.
    pub fn delete_said(
        &self,
        said: &DeletedAccount,
        past: Option<&str>,
        now: Millis,
        effects: &mut Effects,
    ) -> Option<Arc<str>> {
        /// Rooms in one call, that is, in one hold of the lock.
        const ROOMS: usize = 256;
        self.by_server(now, effects, |change| {
            let rooms = &mut change.state.rooms;
            let places: Vec<PlaceId> = rooms.after(past, true).take(ROOMS).map(|room| room.place).collect();
            for place in &places {
                let Some(room) = rooms.get_mut(*place) else { continue };
                for (seq, taken) in room.recent.delete_all_of(Identity::Account(said.account)) {
                    let (shown, by) = (Arc::clone(&room.shown), Actor::from(Arc::clone(&said.nick)));
                    let deleted =
                        Event::Deleted { room: shown, seq, said: taken, by, text: None, time: now, place: *place };
                    room.fan_out(&Arc::new(Letter::new(deleted)), |_| false, change.effects);
                }
            }
            let last = places.last().filter(|_| places.len() == ROOMS)?;
            rooms.get(*last).map(|room| Arc::from(room.name.key()))
        })
    }
}
