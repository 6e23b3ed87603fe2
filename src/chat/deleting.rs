//! Taking back what was said: one message by its number, or all that an account ever said. Runs under the chat lock.

use std::sync::Arc;

use super::effects::Effects;
use super::need::{Need, Readable, Step};
use super::{Ask, Chat, Here, State};
use crate::answer::Done;
use crate::command::Place;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, Identity, Role};
use crate::model::{Millis, Seq};
use crate::names::RoomName;
use crate::record::Record;
use crate::wire::Letter;

impl State {
    /// Deletes a message: one that is remembered here, or else its author must be read first.
    #[inline(never)]
    pub(super) fn delete(
        &mut self,
        ask: &Ask<'_>,
        place: Option<Place>,
        seq: Option<Seq>,
        effects: &mut Effects,
    ) -> Result<Step, ChatError> {
        let Readable { place: id, label, identity, .. } = match self.place_to_order(ask, place.as_ref())? {
            Ok(readable) => readable,
            Err(need) => return Ok(Step::Needs(need)),
        };
        let room = self.places.get(&id).and_then(|key| self.rooms.get(key));
        let remembered = room.and_then(|room| match seq {
            Some(seq) => Some((seq, room.recent.author(seq)?)),
            None => Some((room.recent.last_of(identity)?, identity)),
        });
        match remembered {
            Some((seq, author)) => {
                let place = place.unwrap_or_else(|| Place::Room(room.map_or(ask.lobby, |room| &room.name).clone()));
                self.delete_at(ask, &place, seq, Some(author), effects)?;
                Ok(Step::Done)
            }
            None if ask.write_queue.is_some() => Ok(Step::Needs(Need::Author { place: id, label, seq, identity })),
            None => Err(ChatError::NoSuchMessage(seq.unwrap_or(0))),
        }
    }

    #[inline(never)]
    pub(super) fn delete_at(
        &mut self,
        ask: &Ask<'_>,
        place: &Place,
        seq: Seq,
        author: Option<Identity>,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        let Ok(Readable { place: id, label, identity, .. }) = self.place_to_order(ask, Some(place))? else {
            return Err(ChatError::NoSuchMessage(seq));
        };
        let by =
            self.registry.person(ask.person).map(|person| Arc::clone(&person.shown)).ok_or(ChatError::NameFirst)?;
        match place {
            Place::Room(name) => {
                if author != Some(identity) {
                    self.may_delete_others(ask, name)?;
                }
                let Some(room) = self.rooms.get_mut(name.key()) else { return Err(ChatError::NoSuchMessage(seq)) };
                room.recent.delete(seq);
                let event = Event::Deleted { room: Arc::clone(&label), seq, by, time: ask.now };
                let letter = Arc::new(Letter::new(event));
                room.fan_out(&letter, |session| ask.skips_own(session), effects);
                effects.report(&letter);
            }
            Place::With(nick) => {
                if author != Some(identity) {
                    return Err(ChatError::NoSuchMessage(seq));
                }
                let other = self.somebody(nick).and_then(|(_, person)| person).filter(|other| *other != ask.person);
                // The other one may be gone; one's own other sessions are told all the same.
                let sides = [(Some(ask.person), Arc::clone(&label)), (other, format!("@{by}").into())];
                for (side, room) in sides {
                    let letter =
                        Arc::new(Letter::new(Event::Deleted { room, seq, by: Arc::clone(&by), time: ask.now }));
                    for (session, outbox) in side.into_iter().flat_map(|id| self.registry.outboxes(id)) {
                        if !ask.skips_own(session) {
                            effects.tell(outbox, &letter);
                        }
                    }
                }
            }
        }
        ask.answer_kept(Done::Delete { room: label, seq }, Record::MessageDeleted(id, seq), effects);
        Ok(())
    }

    /// Whether the asking person may delete what others said in a room.
    fn may_delete_others(&self, ask: &Ask<'_>, name: &RoomName) -> Result<(), ChatError> {
        let identity = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?.identity;
        let role = self.rooms.get(name.key()).and_then(|room| self.role_in(identity, room));
        if role >= Some(Role::Op) { Ok(()) } else { Err(ChatError::NeedsRole(Role::Op, Some(name.clone()))) }
    }

    /// Deletes what a deleted account said, as far as it is remembered, in at
    /// most `most` rooms after `past`. The last one of these, if there are more.
    fn delete_said(
        &mut self,
        said: &DeletedAccount,
        past: Option<&str>,
        most: usize,
        here: &Here<'_>,
        effects: &mut Effects,
    ) -> Option<Arc<str>> {
        let keys: Vec<Arc<str>> = self.listed.after(past).take(most).cloned().collect();
        for key in &keys {
            let Some(room) = self.rooms.get_mut(key) else { continue };
            for seq in room.recent.delete_all_of(Identity::Account(said.account)) {
                let deleted =
                    Event::Deleted { room: Arc::clone(&room.shown), seq, by: Arc::clone(&said.nick), time: here.now };
                room.fan_out(&Arc::new(Letter::new(deleted)), |_| false, effects);
            }
        }
        keys.last().filter(|_| keys.len() == most).cloned()
    }
}

/// An account that was deleted with all it said.
#[derive(Debug, Clone)]
pub struct DeletedAccount {
    /// Which it was.
    pub account: AccountId,
    /// What it was called.
    pub nick: Arc<str>,
}

impl Chat {
    /// Deletes what a deleted account said from the memory of a number of
    /// rooms; from where to go on, if there are more. Not all at once, because
    /// everybody would wait for as long as there are rooms.
    pub fn delete_said(
        &self,
        said: &DeletedAccount,
        past: Option<&str>,
        now: Millis,
        effects: &mut Effects,
    ) -> Option<Arc<str>> {
        /// Rooms that are looked through while the others wait for the lock.
        const ROOMS: usize = 256;
        self.change(|state| state.delete_said(said, past, ROOMS, &self.here(now), effects))
    }
}
