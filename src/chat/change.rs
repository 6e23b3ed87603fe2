//! One change of the chat: the state, the session that asks for the change, and the effects outside the lock. The commands are its methods, each in the file of its subject; this file knows none of them.

use std::sync::Arc;

use super::context::Context;
use super::effects::Effects;
use super::outbox::Outbox;
use super::registry::Person;
use super::room::Room;
use super::write_queue::PendingAnswer;
use super::{PersonId, SessionId, State};
use crate::actor::Actor;
use crate::answer::Done;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, Identity, PlaceId, Tag};
use crate::names::RoomName;
use crate::record::Record;
use crate::wire::Letter;

/// The session that asks for a change, and its person as it was when the change began.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) session: SessionId,
    pub(super) person: PersonId,
    pub(super) identity: Identity,
    /// The person as events carry it.
    pub(super) face: Actor,
    pub(super) outbox: Arc<Outbox>,
    pub(super) echo: bool,
    /// Whether the session is an op of the server, by its account or by itself.
    pub(super) op: bool,
    /// The tag of the command, until it is answered.
    pub(super) tag: Option<Tag>,
}

impl Caller {
    /// The account to which the caller is logged in.
    pub(super) fn account(&self) -> Option<AccountId> {
        self.identity.account()
    }

    /// Whether `session` is the calling one and does not want to hear its own messages.
    pub(super) fn skips_own(&self, session: SessionId) -> bool {
        session == self.session && !self.echo
    }
}

/// One change. If the server makes the change itself, the caller is `()`.
pub(super) struct Change<'a, C = Caller> {
    pub(super) state: &'a mut State,
    pub(super) cx: Context<'a>,
    pub(super) effects: &'a mut Effects,
    pub(super) caller: C,
}

impl State {
    /// The session as a caller.
    pub(super) fn caller(&self, session: SessionId, tag: Option<Tag>) -> Result<Caller, ChatError> {
        let found = self.registry.session(session).ok_or(ChatError::NameFirst)?;
        if found.replaced {
            return Err(ChatError::Closing);
        }
        let person = self.registry.person(found.person).ok_or(ChatError::NameFirst)?;
        Ok(Caller {
            session,
            person: found.person,
            identity: person.identity,
            face: person.face.clone(),
            outbox: Arc::clone(&found.outbox),
            echo: found.echo,
            op: found.oper || self.registry.accounts.is_op(person.identity),
            tag,
        })
    }
}

impl<C> Change<'_, C> {
    /// The same change, on behalf of another session.
    pub(super) fn on_behalf_of(&mut self, session: SessionId, tag: Option<Tag>) -> Result<Change<'_>, ChatError> {
        let caller = self.state.caller(session, tag)?;
        Ok(Change { state: self.state, cx: self.cx, effects: self.effects, caller })
    }

    /// Tells every session in a room, and the console.
    pub(super) fn tell_all_in(&mut self, place: PlaceId, event: Event) {
        let Some(room) = self.state.rooms.get(place) else { return };
        let letter = Arc::new(Letter::new(event));
        room.fan_out(&letter, |_| false, self.effects);
        self.effects.report(&letter);
    }

    /// Tells every session of a person, but not the sessions for which `skips` is true.
    pub(super) fn tell_person(&mut self, person: PersonId, letter: &Arc<Letter>, skips: impl Fn(SessionId) -> bool) {
        for (session, outbox) in self.state.registry.outboxes(person) {
            if !skips(session) {
                self.effects.tell(outbox, letter);
            }
        }
    }
}

impl Change<'_> {
    /// The caller's person, as it is now.
    pub(super) fn person(&self) -> Result<&Person, ChatError> {
        self.state.registry.person(self.caller.person).ok_or(ChatError::NameFirst)
    }

    /// The same, to be changed.
    pub(super) fn person_mut(&mut self) -> Result<&mut Person, ChatError> {
        self.state.registry.person_mut(self.caller.person).ok_or(ChatError::NameFirst)
    }

    /// Notes that the caller asks for something: the person is active.
    pub(super) fn is_active(&mut self) -> Result<(), ChatError> {
        self.person_mut()?.active = self.cx.now;
        Ok(())
    }

    /// The room of this name, or the room in which the caller talks. The caller must be in it.
    pub(super) fn own_room(&self, name: Option<&RoomName>) -> Result<&Room, ChatError> {
        let room = match name {
            Some(name) => self.state.rooms.named(name),
            None => {
                let session = self.state.registry.session(self.caller.session);
                Some(self.state.rooms.at(session.and_then(|session| session.current).ok_or(ChatError::NoRoom)?)?)
            }
        };
        match (room, name) {
            (Some(room), _) if room.members.contains(&self.caller.person) => Ok(room),
            (Some(room), _) if self.state.may_know(self.caller.person, room, self.cx.now) => {
                Err(ChatError::NotInRoom(name.unwrap_or(&room.name).clone()))
            }
            (_, Some(name)) => Err(ChatError::NoSuchRoom(name.clone())),
            (_, None) => Err(ChatError::NoRoom),
        }
    }

    /// The same; but an op of the server need not be in the room.
    pub(super) fn own_or_any_room(&self, name: Option<&RoomName>) -> Result<&Room, ChatError> {
        match name.and_then(|name| self.state.rooms.named(name)) {
            Some(room) if self.as_server_op().is_ok() => Ok(room),
            _ => self.own_room(name),
        }
    }

    /// Queues the `ok` of this command.
    pub(super) fn answer(&mut self, done: Done) {
        let tag = self.caller.tag.take();
        self.effects.answer(&self.caller.outbox, Event::Ok { tag, done });
    }

    /// Queues `record` for the database. The `ok` of this command comes when the
    /// record and all records before it are stored.
    pub(super) fn answer_when_stored(&mut self, done: Done, record: Record) {
        let Some(write_queue) = self.cx.write_queue else { return self.answer(done) };
        self.caller.outbox.promise();
        let answer = Event::Ok { tag: self.caller.tag.take(), done };
        write_queue.add(record, Some(PendingAnswer { outbox: Arc::clone(&self.caller.outbox), answer }));
    }

    /// Tells a room what the caller did there, and the console.
    pub(super) fn tell_room(&mut self, place: PlaceId, event: Event) {
        let Some(room) = self.state.rooms.get(place) else { return };
        let letter = Arc::new(Letter::new(event));
        room.fan_out(&letter, |session| self.caller.skips_own(session), self.effects);
        self.effects.report(&letter);
    }
}
