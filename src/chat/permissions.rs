//! Order in the room: who may come in and speak, what is set there, whose it is. Runs under the chat lock.

use std::sync::Arc;

use super::effects::Effects;
use super::restrictions::BanSubject;
use super::room::Room;
use super::{Ask, Here, SessionId, State};
use crate::answer::Done;
use crate::command::Change;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{Identity, PlaceId, Restriction, Role};
use crate::names::RoomName;
use crate::record::Record;
use crate::wire::Letter;

impl Room {
    /// Gives somebody a role, or takes it; an account's is kept.
    pub(super) fn give_role(&mut self, here: &Here<'_>, identity: Identity, role: Option<Role>) {
        match role {
            Some(role) => self.roles.insert(identity, role),
            None => self.roles.remove(&identity),
        };
        if let (Identity::Account(account), true) = (identity, self.kept) {
            here.keep(Record::Role(self.place, account, role));
        }
    }
}

impl State {
    /// What somebody may do in a room. An op of the server may do what an owner may.
    pub(super) fn role_in(&self, identity: Identity, room: &Room) -> Option<Role> {
        if self.registry.accounts.is_op(identity) { Some(Role::Owner) } else { room.roles.get(&identity).copied() }
    }

    /// Whether the asking person may come into a room in which they are not.
    #[inline(never)]
    pub(super) fn may_come_in(&self, ask: &Ask<'_>, room: &Room, key: Option<&str>) -> Result<(), ChatError> {
        let suspect = self.suspect(ask)?;
        let role = self.role_in(suspect.identity, room);
        if role >= Some(Role::Op) {
            return Ok(());
        }
        if let Some(restriction) = self.restrictions.on(Some(room.place), Restriction::Ban, &suspect, ask.now) {
            return Err(ChatError::Banned(Some(room.name.clone()), restriction.until, restriction.text.clone()));
        }
        let at_home =
            self.registry.person(ask.person).is_some_and(|person| person.memberships.contains_key(&room.place));
        if role.is_some() || at_home {
            return Ok(());
        }
        if room.settings.invite_only {
            return Err(ChatError::InviteOnly(room.name.clone()));
        }
        if room.settings.key.is_some() && room.settings.key.as_deref() != key {
            return Err(ChatError::KeyNeeded(room.name.clone()));
        }
        Ok(())
    }

    /// Whether the asking person is banned from a room.
    pub(super) fn is_banned(&self, ask: &Ask<'_>, name: &RoomName) -> bool {
        let (Some(room), Ok(suspect)) = (self.rooms.get(name.key()), self.suspect(ask)) else { return false };
        self.role_in(suspect.identity, room) < Some(Role::Op)
            && self.restrictions.on(Some(room.place), Restriction::Ban, &suspect, ask.now).is_some()
    }

    /// Whether the asking person may speak in a room.
    pub(super) fn may_speak(&self, ask: &Ask<'_>, name: &RoomName) -> Result<(), ChatError> {
        let Some(room) = self.rooms.get(name.key()) else { return Ok(()) };
        if self.restrictions.at(Some(room.place)).is_empty() && !room.settings.announcements {
            return Ok(());
        }
        self.is_heard(&self.suspect(ask)?, room, ask)
    }

    /// Whether somebody is heard in a room.
    fn is_heard(&self, suspect: &BanSubject, room: &Room, here: &Here<'_>) -> Result<(), ChatError> {
        if self.role_in(suspect.identity, room) >= Some(Role::Op) {
            return Ok(());
        }
        if let Some(restriction) = self.restrictions.on(Some(room.place), Restriction::Mute, suspect, here.now) {
            return Err(ChatError::Muted(room.name.clone(), restriction.until, restriction.text.clone()));
        }
        if room.settings.announcements { Err(ChatError::AnnouncementsOnly(room.name.clone())) } else { Ok(()) }
    }

    /// Words beside a message that others see: a farewell, or why somebody is
    /// away. There are none of who may not speak in one of the rooms they are in.
    pub(super) fn side_words(&self, session: SessionId, text: Option<Arc<str>>, here: &Here<'_>) -> Option<Arc<str>> {
        let suspect = text.as_ref().and_then(|_| self.suspect_of(session))?;
        let person = self.registry.person(self.registry.session(session)?.person)?;
        let mut rooms = person.rooms.iter().filter_map(|name| self.rooms.get(name.key()));
        text.filter(|_| rooms.all(|room| self.is_heard(&suspect, room, here).is_ok()))
    }

    /// The room, which must be one's own, and in which one must have that role.
    pub(super) fn room_as(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        needed: Role,
    ) -> Result<(RoomName, Role), ChatError> {
        let identity = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?.identity;
        let name = self.own_or_any_room(ask, name)?;
        let role = self.rooms.get(name.key()).and_then(|room| self.role_in(identity, room));
        match role.filter(|role| *role >= needed) {
            Some(role) => Ok((name, role)),
            None => Err(ChatError::NeedsRole(needed, Some(name))),
        }
    }

    /// The room called so, or the one in which the session is talking. The
    /// asking person must be in it, unless they may do everything everywhere.
    pub(super) fn own_or_any_room(&mut self, ask: &Ask<'_>, name: Option<RoomName>) -> Result<RoomName, ChatError> {
        match name {
            Some(name) if self.as_server_op(ask).is_ok() && self.rooms.contains_key(name.key()) => Ok(name),
            name => Ok(self.own_room(ask, name)?.name.clone()),
        }
    }

    /// Refuses whoever is no op of the server.
    pub(super) fn as_server_op(&self, ask: &Ask<'_>) -> Result<(), ChatError> {
        let identity = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?.identity;
        if self.registry.accounts.is_op(identity) { Ok(()) } else { Err(ChatError::NeedsRole(Role::Owner, None)) }
    }

    #[inline(never)]
    pub(super) fn register_room(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        let account = self.own_account(ask)?;
        let (name, _) = self.room_as(ask, name, Role::Op)?;
        let mine = |room: &&Room| room.registered && room.roles.get(&Identity::Account(account)) == Some(&Role::Owner);
        let held = self.registry.accounts.held(account);
        let held = held.filter_map(|place| self.rooms.get(self.places.get(&place)?));
        if held.filter(mine).count() >= ask.limits.rooms_per_account {
            return Err(ChatError::TooManyOwned(ask.limits.rooms_per_account));
        }
        let room = self.rooms.get_mut(name.key()).ok_or_else(|| ChatError::NoSuchRoom(name.clone()))?;
        if room.registered {
            return Err(ChatError::RoomRegistered(name));
        }
        room.registered = true;
        self.left.remove(room.place);
        room.keep_changed(ask);
        room.give_role(ask, Identity::Account(account), Some(Role::Owner));
        self.registry.accounts.holds(Identity::Account(account), room.place, Some(Role::Owner));
        let room = Arc::clone(&room.shown);
        self.tell_role(ask, &name, Identity::Account(account), Role::Owner, effects);
        self.tell_settings(ask, &name, effects);
        ask.answer_kept(Done::RegisterRoom { room }, Record::Barrier, effects);
        Ok(())
    }

    pub(super) fn drop_room(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        self.own_account(ask)?;
        let (name, _) = self.room_as(ask, name, Role::Owner).map_err(|refusal| match refusal {
            // Where nobody owns the room, it is not the owner who is needed.
            ChatError::NeedsRole(_, Some(name)) if self.rooms.get(name.key()).is_some_and(|room| !room.registered) => {
                ChatError::RoomNotRegistered(name)
            }
            other => other,
        })?;
        let room = self.rooms.get_mut(name.key()).ok_or_else(|| ChatError::NoSuchRoom(name.clone()))?;
        if !room.registered {
            return Err(ChatError::RoomNotRegistered(name));
        }
        room.registered = false;
        let owners: Vec<Identity> =
            room.roles.iter().filter(|(_, role)| **role == Role::Owner).map(|(identity, _)| *identity).collect();
        owners.iter().for_each(|identity| room.give_role(ask, *identity, Some(Role::Op)));
        room.keep_changed(ask);
        let shown = Arc::clone(&room.shown);
        owners.into_iter().for_each(|identity| self.tell_role(ask, &name, identity, Role::Op, effects));
        self.tell_settings(ask, &name, effects);
        // Its owner may not be there.
        let by =
            self.registry.person(ask.person).map(|person| Arc::clone(&person.shown)).ok_or(ChatError::NameFirst)?;
        self.hand_on(&name, &by, ask, effects);
        self.forget_room(&name, ask);
        ask.answer_kept(Done::DropRoom { room: shown }, Record::Barrier, effects);
        Ok(())
    }

    #[inline(never)]
    pub(super) fn settings(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        change: &Change,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        let name = if *change == Change::default() {
            self.own_or_any_room(ask, name)?
        } else {
            self.room_as(ask, name, Role::Op)?.0
        };
        let room = self.rooms.get_mut(name.key()).ok_or_else(|| ChatError::NoSuchRoom(name.clone()))?;
        let before = room.settings.clone();
        room.settings.invite_only = change.invite_only.unwrap_or(before.invite_only);
        room.settings.announcements = change.announcements.unwrap_or(before.announcements);
        if let Some(key) = &change.key {
            room.settings.key = Some(Arc::clone(key)).filter(|key| !key.is_empty());
        }
        let changed = room.settings != before;
        if changed {
            room.keep_changed(ask);
            self.listed.put(&Arc::from(name.key()), !room.is_private());
        }
        let done = Done::Settings {
            room: Arc::clone(&room.shown),
            settings: room.settings.clone(),
            registered: room.registered,
        };
        if changed {
            self.tell_settings(ask, &name, effects);
            ask.answer_kept(done, Record::Barrier, effects);
        } else {
            ask.answer(done, effects);
        }
        Ok(())
    }

    /// Tells a room what an account is there now.
    fn tell_role(&self, ask: &Ask<'_>, name: &RoomName, identity: Identity, role: Role, effects: &mut Effects) {
        let Identity::Account(account) = identity else { return };
        let account = self.registry.accounts.get(account).map(|account| Arc::from(account.nick.shown()));
        let by = self.registry.person(ask.person).map(|person| Arc::clone(&person.shown));
        let shown = self.rooms.get(name.key()).map(|room| Arc::clone(&room.shown));
        let (Some(room), Some(nick), Some(by)) = (shown, account, by) else { return };
        self.tell_room(ask, name, Event::Role { room, nick, role: Some(role), by, time: ask.now }, effects);
    }

    pub(super) fn tell_settings(&self, ask: &Ask<'_>, name: &RoomName, effects: &mut Effects) {
        let (Some(room), Some(by)) = (self.rooms.get(name.key()), self.registry.person(ask.person)) else { return };
        let event = Event::Settings {
            room: Arc::clone(&room.shown),
            settings: room.settings.clone(),
            registered: room.registered,
            by: Arc::clone(&by.shown),
            time: ask.now,
        };
        let letter = Arc::new(Letter::new(event));
        room.fan_out(&letter, |session| ask.skips_own(session), effects);
        effects.report(&letter);
    }

    pub(super) fn tell_room(&self, ask: &Ask<'_>, name: &RoomName, event: Event, effects: &mut Effects) {
        let Some(room) = self.rooms.get(name.key()) else { return };
        let letter = Arc::new(Letter::new(event));
        room.fan_out(&letter, |session| ask.skips_own(session), effects);
        effects.report(&letter);
    }

    pub(super) fn announce(&mut self, ask: &Ask<'_>, text: Arc<str>, effects: &mut Effects) -> Result<(), ChatError> {
        self.as_server_op(ask)?;
        let letter = Arc::new(Letter::new(Event::Notice { text }));
        for (_, session) in self.registry.sessions() {
            effects.tell(&session.outbox, &letter);
        }
        effects.report(&letter);
        ask.answer(Done::Announce, effects);
        Ok(())
    }

    pub(super) fn room_at(&mut self, place: PlaceId) -> Option<&mut Room> {
        self.rooms.get_mut(self.places.get(&place)?)
    }
}
