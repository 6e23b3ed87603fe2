//! What is told of rooms and people to whom: a room into which one may not come is not told. Runs under the chat lock.

use std::collections::HashMap;
use std::sync::Arc;

use super::effects::Effects;
use super::registry::Person;
use super::room::Room;
use super::{Ask, PersonId, SessionId, State};
use crate::answer::{Done, WhoisInfo};
use crate::error::ChatError;
use crate::model::Millis;
use crate::model::{PlaceId, Restriction, Role};
use crate::names::{Nick, RoomName};

impl State {
    /// Whether a person may be told that there is this room: it is open to all,
    /// or the person is in it, or may enter it, by a role, an invitation, or
    /// because it is one of the account's own. A banned person is not told.
    pub(super) fn may_know(&self, asker: PersonId, room: &Room, now: Millis) -> bool {
        if !room.is_private() || room.members.contains(&asker) {
            return true;
        }
        let Some(person) = self.registry.person(asker) else { return false };
        let role = self.role_in(person.identity, room);
        let open = role.is_some() || person.memberships.contains_key(&room.place);
        role >= Some(Role::Op) || open && !self.is_kept_out(person, room, now)
    }

    /// Whether a person is banned from a room, by any session of theirs.
    fn is_kept_out(&self, person: &Person, room: &Room, now: Millis) -> bool {
        let banned = |id: &SessionId| {
            let suspect = self.suspect_of(*id)?;
            self.restrictions.on(Some(room.place), Restriction::Ban, &suspect, now).map(|_| ())
        };
        self.role_in(person.identity, room) < Some(Role::Op) && person.sessions.iter().any(|id| banned(id).is_some())
    }

    /// Why the asking person cannot do something in a room in which they are not.
    pub(super) fn not_there(&self, ask: &Ask<'_>, name: RoomName) -> ChatError {
        match self.rooms.get(name.key()) {
            Some(room) if self.may_know(ask.person, room, ask.now) => ChatError::NotInRoom(name),
            Some(_) | None => ChatError::NoSuchRoom(name),
        }
    }

    /// Whether the asking person may be told who is in a room.
    pub(super) fn may_see_members(&self, ask: &Ask<'_>, name: &RoomName) -> Result<(), ChatError> {
        let room = self.rooms.get(name.key()).filter(|room| self.may_know(ask.person, room, ask.now));
        let room = room.ok_or_else(|| ChatError::NoSuchRoom(name.clone()))?;
        if room.members.contains(&ask.person) || self.as_server_op(ask).is_ok() {
            return Ok(());
        }
        if room.is_private() {
            return Err(ChatError::NotInRoom(name.clone()));
        }
        let suspect = self.suspect(ask)?;
        match self.restrictions.on(Some(room.place), Restriction::Ban, &suspect, ask.now) {
            Some(restriction) if self.role_in(suspect.identity, room) < Some(Role::Op) => {
                Err(ChatError::Banned(Some(name.clone()), restriction.until, restriction.text.clone()))
            }
            _ => Ok(()),
        }
    }

    /// What those of these places are called that are rooms, and into which a person may come.
    pub(super) fn labels(&self, id: PersonId, places: &[PlaceId], now: Millis) -> HashMap<PlaceId, Arc<str>> {
        let Some(person) = self.registry.person(id) else { return HashMap::new() };
        let label = |place: &PlaceId| {
            let room = self.rooms.get(self.places.get(place)?)?;
            let told =
                room.members.contains(&id) || self.may_know(id, room, now) && !self.is_kept_out(person, room, now);
            told.then(|| (*place, Arc::clone(&room.shown)))
        };
        places.iter().filter_map(label).collect()
    }

    pub(super) fn whois(&self, ask: &Ask<'_>, nick: &Nick, effects: &mut Effects) -> Result<(), ChatError> {
        let person = self.registry.called(nick).and_then(|id| self.registry.person(id));
        let person = person.ok_or_else(|| ChatError::NoSuchNick(nick.shown().to_owned()))?;
        let asked_by_op =
            self.registry.person(ask.person).is_some_and(|asker| self.registry.accounts.is_op(asker.identity));
        let session = person.sessions.last().and_then(|id| self.registry.session(*id));
        let address = session.map(|session| Arc::from(session.address.to_canonical().to_string()));
        let fronts = person.sessions.iter().filter_map(|id| self.registry.session(*id));
        let rooms = person.rooms.iter().filter_map(|name| self.rooms.get(name.key()));
        let info = WhoisInfo {
            nick: Arc::clone(&person.shown),
            rooms: rooms
                .filter(|room| self.may_know(ask.person, room, ask.now))
                .map(|room| Arc::clone(&room.shown))
                .collect(),
            since: person.since,
            idle: u64::try_from(ask.now - person.active).unwrap_or(0) / 1000,
            fronts: fronts.map(|session| session.front.to_owned()).collect(),
            registered: person.account().is_some(),
            address: address.filter(|_| asked_by_op),
            away: person.away.clone(),
        };
        ask.answer(Done::Whois(info), effects);
        Ok(())
    }
}
