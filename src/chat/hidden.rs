//! Which rooms a person may know of, and what `whois` tells: a private room is not told of to a person who may not enter it, nor a hidden one to a person who is not in it. Runs under the chat lock.

use std::collections::HashMap;
use std::sync::Arc;

use super::registry::Person;
use super::room::Room;
use super::{Change, PersonId, SessionId, State};
use crate::answer::{Done, WhoisInfo};
use crate::error::ChatError;
use crate::model::{Millis, PlaceId, Role};
use crate::names::{Nick, RoomName};

impl State {
    /// Whether a person may know that this room exists. The room is public, or the
    /// person is in it, or may enter it: by a role, an invitation, or the account's
    /// membership. A banned person may not know. A hidden room may be entered by
    /// anyone who has its name from elsewhere; but nothing here tells that it exists.
    pub(super) fn may_know(&self, asker: PersonId, room: &Room, now: Millis) -> bool {
        if room.is_public() || room.members.contains(&asker) {
            return true;
        }
        let Some(person) = self.registry.person(asker) else { return false };
        let role = self.role_in(person.identity, room);
        let open = role.is_some() || person.memberships.contains_key(&room.place);
        role >= Some(Role::Op) || open && !self.is_banned(person, room, now)
    }

    /// Whether a person is an op of the server, by the account or in one of the sessions.
    pub(super) fn is_server_op(&self, person: &Person) -> bool {
        let is_oper = |id: &SessionId| self.registry.session(*id).is_some_and(|session| session.oper);
        self.registry.accounts.is_op(person.identity) || person.sessions.iter().any(is_oper)
    }

    /// Whether a person is banned from a room, by any of the person's sessions.
    fn is_banned(&self, person: &Person, room: &Room, now: Millis) -> bool {
        let subject = |id: &SessionId| self.subject_of(*id);
        person.sessions.iter().filter_map(subject).any(|subject| self.check_ban(room, &subject, now).is_err())
    }

    /// The names of the rooms among these places that a person may enter.
    pub(super) fn labels(&self, id: PersonId, places: &[PlaceId], now: Millis) -> HashMap<PlaceId, Arc<str>> {
        let Some(person) = self.registry.person(id) else { return HashMap::new() };
        let told = |room: &&Room| {
            room.members.contains(&id) || self.may_know(id, room, now) && !self.is_banned(person, room, now)
        };
        self.rooms.among(places).filter(told).map(|room| (room.place, Arc::clone(&room.shown))).collect()
    }
}

impl Change<'_> {
    /// The room of this name, if the caller may see its members.
    pub(super) fn room_to_see(&self, name: &RoomName) -> Result<&Room, ChatError> {
        let room = self.state.rooms.named(name);
        let room = room.filter(|room| self.caller.op || self.state.may_know(self.caller.person, room, self.cx.now));
        let room = room.ok_or_else(|| ChatError::NoSuchRoom(name.clone()))?;
        if room.members.contains(&self.caller.person) || self.caller.op {
            return Ok(room);
        }
        if !room.is_public() {
            return Err(ChatError::NotInRoom(name.clone()));
        }
        self.state.check_ban(room, &self.subject()?, self.cx.now)?;
        Ok(room)
    }

    pub(super) fn whois(&mut self, nick: &Nick) -> Result<(), ChatError> {
        let state = &*self.state;
        let person = state.registry.called(nick).and_then(|id| state.registry.person(id));
        let missing = || match state.gone.called(nick).next() {
            Some(gone) => ChatError::LeftLately(gone.nick.to_string(), self.cx.now - gone.time),
            None => ChatError::NoSuchNick(nick.shown().to_owned()),
        };
        let person = person.ok_or_else(missing)?;
        let session = person.sessions.last().and_then(|id| state.registry.session(*id));
        let address = session.map(|session| Arc::from(session.address.to_canonical().to_string()));
        let fronts = person.sessions.iter().filter_map(|id| state.registry.session(*id));
        let known = |room: &&Room| self.caller.op || state.may_know(self.caller.person, room, self.cx.now);
        let rank = |room: &Room| (room.roles.get(&person.identity).copied(), room.voices.contains(&person.identity));
        let rooms = state.rooms.among(&person.rooms).filter(known);
        let (rooms, ranks) = rooms.map(|room| (Arc::clone(&room.shown), rank(room))).unzip();
        let info = WhoisInfo {
            nick: Arc::clone(person.shown()),
            user: person.face.user().into(),
            host: person.face.host().into(),
            about: person.face.about().cloned(),
            op: state.is_server_op(person),
            rooms,
            ranks,
            since: person.since,
            idle: u64::try_from(self.cx.now - person.active).unwrap_or(0) / 1000,
            fronts: fronts.map(|session| session.front.to_owned()).collect(),
            registered: person.account().is_some(),
            address: address.filter(|_| self.as_server_op().is_ok()),
            away: person.away.clone(),
        };
        self.answer(Done::Whois(info));
        Ok(())
    }
}
