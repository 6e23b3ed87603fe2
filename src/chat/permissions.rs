//! What a person may do in a room: come in, speak, act as an op. Changes nothing.

use std::sync::Arc;

use super::restrictions::BanSubject;
use super::room::Room;
use super::{Change, SessionId, State};
use crate::error::ChatError;
use crate::model::{Identity, Millis, Restriction, Role};
use crate::names::RoomName;

impl State {
    /// The role of a person in a room. An op of the server may do all that an owner may.
    pub(super) fn role_in(&self, identity: Identity, room: &Room) -> Option<Role> {
        if self.registry.accounts.is_op(identity) { Some(Role::Owner) } else { room.roles.get(&identity).copied() }
    }

    /// Refuses a person who is banned from a room. A ban does not hold for an op of the room.
    pub(super) fn check_ban(&self, room: &Room, subject: &BanSubject, now: Millis) -> Result<(), ChatError> {
        match self.restrictions.on(Some(room.place), Restriction::Ban, subject, now) {
            Some(ban) if self.role_in(subject.identity, room) < Some(Role::Op) => {
                Err(ChatError::Banned(Some(room.name.clone()), ban.until, ban.text.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Whether a person may speak in a room. A voice is an op's word for this person, and so is more than a mute.
    fn is_heard(&self, subject: &BanSubject, room: &Room, now: Millis) -> Result<(), ChatError> {
        if self.role_in(subject.identity, room) >= Some(Role::Op) || room.voices.contains(&subject.identity) {
            return Ok(());
        }
        if let Some(mute) = self.restrictions.on(Some(room.place), Restriction::Mute, subject, now) {
            return Err(ChatError::Muted(room.name.clone(), mute.until, mute.text.clone()));
        }
        if room.settings.announcements { Err(ChatError::AnnouncementsOnly(room.name.clone())) } else { Ok(()) }
    }

    /// A text that is no message, but that others see: a farewell, or why a person
    /// is away. It is dropped if the person may not speak in one of the rooms.
    pub(super) fn side_words(&self, session: SessionId, text: Option<Arc<str>>, now: Millis) -> Option<Arc<str>> {
        let subject = text.as_ref().and_then(|_| self.subject_of(session))?;
        let person = self.registry.person_in(session)?;
        text.filter(|_| self.rooms.among(&person.rooms).all(|room| self.is_heard(&subject, room, now).is_ok()))
    }
}

impl Change<'_> {
    /// Whether the caller may come into a room.
    pub(super) fn may_come_in(&self, room: &Room, key: Option<&str>) -> Result<(), ChatError> {
        if self.caller.op {
            return Ok(());
        }
        self.state.check_ban(room, &self.subject()?, self.cx.now)?;
        let is_own = self.person()?.memberships.contains_key(&room.place);
        if is_own || self.state.role_in(self.caller.identity, room).is_some() {
            return Ok(());
        }
        if room.settings.invite_only {
            return Err(ChatError::InviteOnly(room.name.clone()));
        }
        if room.settings.key.is_some() && room.settings.key.as_deref() != key {
            return Err(ChatError::KeyNeeded(room.name.clone()));
        }
        match room.settings.limit {
            Some(most) if room.members.len() >= most => Err(ChatError::RoomFull(room.name.clone(), most)),
            _ => Ok(()),
        }
    }

    /// Whether the caller may set the topic of a room.
    pub(super) fn may_set_topic(&self, room: &Room) -> Result<(), ChatError> {
        if room.settings.topic_by_ops && self.own_role(room) < Some(Role::Op) {
            return Err(ChatError::NeedsRole(Role::Op, Some(room.name.clone())));
        }
        self.may_speak(room)
    }

    /// The room to say a text in: that of [`Change::own_room`], or another one that lets people outside write.
    /// Whether the caller is in it, too.
    pub(super) fn room_to_say_in(&self, name: Option<&RoomName>) -> Result<(&Room, bool), ChatError> {
        let other = name.and_then(|name| self.state.rooms.named(name)).filter(|room| {
            let welcome = room.settings.outsiders && !room.members.contains(&self.caller.person);
            let known = self.caller.op || self.state.may_know(self.caller.person, room, self.cx.now);
            welcome && (known || !room.is_private())
        });
        let Some(room) = other else { return Ok((self.own_room(name)?, true)) };
        if !self.caller.op {
            self.state.check_ban(room, &self.subject()?, self.cx.now)?;
        }
        // Its messages may not be in memory, and nobody would hear this one.
        if room.members.is_empty() { Err(ChatError::Outsider(room.name.clone())) } else { Ok((room, false)) }
    }

    /// Whether the caller may speak in a room.
    pub(super) fn may_speak(&self, room: &Room) -> Result<(), ChatError> {
        if self.caller.op || self.state.restrictions.at(Some(room.place)).is_empty() && !room.settings.announcements {
            return Ok(());
        }
        self.state.is_heard(&self.subject()?, room, self.cx.now)
    }

    /// The caller's role in a room. An op of the server may do all that an owner may.
    pub(super) fn own_role(&self, room: &Room) -> Option<Role> {
        if self.caller.op { Some(Role::Owner) } else { self.state.role_in(self.caller.identity, room) }
    }

    /// The room as in [`Change::own_or_any_room`], if the caller's role there is at least `needed`; and that role.
    pub(super) fn room_as(&self, name: Option<&RoomName>, needed: Role) -> Result<(&Room, Role), ChatError> {
        let room = self.own_or_any_room(name)?;
        let role = self.own_role(room).filter(|role| *role >= needed);
        let refusal = || ChatError::NeedsRole(needed, Some(room.name.clone()));
        Ok((room, role.ok_or_else(refusal)?))
    }

    /// Refuses a caller who is no op of the server.
    pub(super) fn as_server_op(&self) -> Result<(), ChatError> {
        if self.caller.op { Ok(()) } else { Err(ChatError::NeedsRole(Role::Owner, None)) }
    }
}
