//! Deleting what was said: one message by its number, or all messages of an account. Runs under the chat lock.

use std::sync::Arc;

use super::effects::Effects;
use super::history::Readable;
use super::loads::{Halt, Next, Unremembered};
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

impl Change<'_> {
    /// Deletes a message that is in memory. For any other message, the author must be read from the database first.
    pub(super) fn delete(&mut self, place: Option<Place>, seq: Option<Seq>) -> Result<Next, Halt> {
        let Readable { place: id, label, identity, .. } = self.readable_or_any(place.as_ref())?;
        let room = self.state.rooms.get(id);
        let remembered = room.and_then(|room| match seq {
            Some(seq) => Some((seq, room.recent.author(seq)?)),
            None => Some((room.recent.last_of(identity)?, identity)),
        });
        match (remembered, room) {
            (Some((seq, author)), Some(room)) => {
                let place = place.unwrap_or_else(|| Place::Room(room.name.clone()));
                self.delete_at(&place, seq, author)?;
                Ok(Next::Done)
            }
            _ if self.cx.write_queue.is_some() => {
                Ok(Next::FindAuthor(Unremembered { named: place, place: id, label, seq, identity }))
            }
            _ => Err(ChatError::NoSuchMessage(seq.unwrap_or(0)).into()),
        }
    }

    /// Deletes a message whose author is known.
    fn delete_at(&mut self, place: &Place, seq: Seq, author: Identity) -> Result<(), ChatError> {
        let found = self.readable_or_any(Some(place)).map_err(|halt| match halt {
            Halt::Refused(refusal) => refusal,
            Halt::Load(_) => ChatError::NoSuchMessage(seq),
        })?;
        let Readable { place: id, label, identity, .. } = found;
        match place {
            Place::Room(_) => self.delete_in_room(id, seq, author)?,
            Place::With(_) if author != identity => return Err(ChatError::NoSuchMessage(seq)),
            Place::With(nick) => self.tell_both_deleted(nick, &label, seq),
        }
        self.answer_when_stored(Done::Delete { room: label, seq }, Record::MessageDeleted(id, seq));
        Ok(())
    }

    /// Deletes the caller's own message; an op of the room may delete any message.
    fn delete_in_room(&mut self, place: PlaceId, seq: Seq, author: Identity) -> Result<(), ChatError> {
        let room = self.state.rooms.at(place)?;
        if author != self.caller.identity && self.own_role(room) < Some(Role::Op) {
            return Err(ChatError::NeedsRole(Role::Op, Some(room.name.clone())));
        }
        let room = self.state.rooms.at_mut(place)?;
        room.recent.delete(seq);
        let (room, by) = (Arc::clone(&room.shown), self.caller.face.clone());
        self.tell_room(place, Event::Deleted { room, seq, by, time: self.cx.now });
        Ok(())
    }

    /// Tells both people of a conversation, each with the name of the other one as the place.
    fn tell_both_deleted(&mut self, nick: &Nick, label: &Arc<str>, seq: Seq) {
        let (by, time) = (self.caller.face.clone(), self.cx.now);
        let own = Event::Deleted { room: Arc::clone(label), seq, by: by.clone(), time };
        self.tell_own(&Arc::new(Letter::new(own)));
        let other = self.state.addressee(nick).and_then(|(_, person)| person);
        if let Some(other) = other.filter(|other| *other != self.caller.person) {
            let deleted = Event::Deleted { room: format!("@{by}").into(), seq, by, time };
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
        (place, seq, author): (&Place, Seq, Identity),
        now: Millis,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        self.on_behalf((session, tag), now, effects, |change| change.delete_at(place, seq, author))
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
                for seq in room.recent.delete_all_of(Identity::Account(said.account)) {
                    let (shown, by) = (Arc::clone(&room.shown), Actor::from(Arc::clone(&said.nick)));
                    let deleted = Event::Deleted { room: shown, seq, by, time: now };
                    room.fan_out(&Arc::new(Letter::new(deleted)), |_| false, change.effects);
                }
            }
            let last = places.last().filter(|_| places.len() == ROOMS)?;
            rooms.get(*last).map(|room| Arc::from(room.name.key()))
        })
    }
}
