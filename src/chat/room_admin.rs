//! A room and its owner: register, drop, settings; and the announcement of a server op. Runs under the chat lock.

use std::sync::Arc;

use super::Change;
use super::room::Room;
use crate::answer::Done;
use crate::command;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{Changed, Identity, PlaceId, Role, Setting};
use crate::names::RoomName;
use crate::record::Record;
use crate::wire::Letter;

impl Change<'_> {
    pub(super) fn register_room(&mut self, name: Option<&RoomName>) -> Result<(), ChatError> {
        let account = self.own_account()?;
        let owner = Identity::Account(account);
        let (room, _) = self.room_as(name, Role::Op)?;
        let (place, shown) = (room.place, Arc::clone(&room.shown));
        let is_own = |room: &&Room| room.registered && room.roles.get(&owner) == Some(&Role::Owner);
        let held = self.state.registry.accounts.held(account).filter_map(|place| self.state.rooms.get(place));
        if held.filter(is_own).count() >= self.cx.limits.rooms_per_account {
            return Err(ChatError::TooManyOwned(self.cx.limits.rooms_per_account));
        }
        if room.registered {
            return Err(ChatError::RoomRegistered(room.name.clone()));
        }
        let room = self.state.rooms.at_mut(place)?;
        room.registered = true;
        room.store(&self.cx);
        let was = room.roles.get(&owner).copied();
        self.give_role(place, owner, Some(Role::Owner));
        self.state.left.remove(place);
        self.tell_role(place, owner, Role::Owner, was);
        self.tell_settings(place, [Setting::Registered].into_iter().collect());
        self.answer_when_stored(Done::RegisterRoom { room: shown }, Record::Barrier);
        Ok(())
    }

    pub(super) fn drop_room(&mut self, name: Option<&RoomName>) -> Result<(), ChatError> {
        self.own_account()?;
        let room = self.own_or_any_room(name)?;
        if !room.registered {
            // Checked first: the caller must not be told that only the owner may do this.
            return Err(ChatError::RoomNotRegistered(room.name.clone()));
        }
        let (place, shown) = (self.room_as(name, Role::Owner)?.0.place, Arc::clone(&room.shown));
        let room = self.state.rooms.at_mut(place)?;
        room.registered = false;
        let is_owner = |(identity, role): (&Identity, &Role)| (*role == Role::Owner).then_some(*identity);
        let owners: Vec<Identity> = room.roles.iter().filter_map(is_owner).collect();
        owners.iter().for_each(|identity| room.give_role(&self.cx, *identity, Some(Role::Op)));
        room.store(&self.cx);
        owners.into_iter().for_each(|identity| self.tell_role(place, identity, Role::Op, Some(Role::Owner)));
        self.tell_settings(place, [Setting::Registered].into_iter().collect());
        // The owner may not be in the room.
        let by = self.caller.face.clone();
        self.hand_on(place, &by);
        self.forget_room(place);
        self.answer_when_stored(Done::DropRoom { room: shown }, Record::Barrier);
        Ok(())
    }

    /// Changes the settings of a room, or tells them.
    pub(super) fn settings(&mut self, name: Option<&RoomName>, change: &command::Change) -> Result<(), ChatError> {
        let room = match *change == command::Change::default() {
            true => self.own_or_any_room(name)?,
            false => self.room_as(name, Role::Op)?.0,
        };
        let place = room.place;
        let room = self.state.rooms.at_mut(place)?;
        let before = room.settings.clone();
        room.settings = change.made_to(&before);
        let (settings, registered) = (room.settings.clone(), room.registered);
        let changed = settings.changed_since(&before);
        let done = Done::Settings { room: Arc::clone(&room.shown), settings, registered };
        if !changed.is_empty() {
            room.store(&self.cx);
            self.state.rooms.list(place);
            self.tell_settings(place, changed);
            self.answer_when_stored(done, Record::Barrier);
        } else {
            self.answer(done);
        }
        Ok(())
    }

    /// Tells a room the new role of an account.
    fn tell_role(&mut self, place: PlaceId, identity: Identity, role: Role, was: Option<Role>) {
        let nick = self.state.registry.accounts.of(identity).map(|account| Arc::from(account.nick.shown()));
        let (Some(room), Some(nick)) = (self.state.rooms.get(place), nick) else { return };
        let (room, by) = (Arc::clone(&room.shown), self.caller.face.clone());
        self.tell_room(place, Event::Role { room, nick, role: Some(role), was, by, time: self.cx.now });
    }

    pub(super) fn tell_settings(&mut self, place: PlaceId, changed: Changed) {
        let Some(room) = self.state.rooms.get(place) else { return };
        let (settings, registered, time) = (room.settings.clone(), room.registered, self.cx.now);
        let (room, by) = (Arc::clone(&room.shown), self.caller.face.clone());
        self.tell_room(place, Event::Settings { room, settings, registered, changed, by, time });
    }

    pub(super) fn announce(&mut self, text: Arc<str>) -> Result<(), ChatError> {
        self.as_server_op()?;
        self.broadcast(text);
        self.answer(Done::Announce);
        Ok(())
    }
}

impl<C> Change<'_, C> {
    /// Tells every session that has a name, and the console.
    pub(super) fn broadcast(&mut self, text: Arc<str>) {
        let letter = Arc::new(Letter::new(Event::Notice { text }));
        for (_, session) in self.state.registry.sessions() {
            self.effects.tell(&session.outbox, &letter);
        }
        self.effects.report(&letter);
    }
}
