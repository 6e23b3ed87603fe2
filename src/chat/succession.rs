//! That a room does not lose its last op: which member is the next when that op leaves, and why that op cannot be unmade. Knows no words and no connection. Runs under the chat lock.

use std::sync::Arc;

use super::effects::Effects;
use super::{Here, PersonId, State};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{Identity, PlaceId, Restriction, Role};
use crate::names::RoomName;
use crate::wire::Letter;

impl State {
    /// Whether a member keeps order in a room by a role there.
    pub(super) fn keeps_order(&self, id: PersonId, name: &RoomName) -> bool {
        let (Some(person), Some(room)) = (self.registry.person(id), self.rooms.get(name.key())) else { return false };
        room.roles.get(&person.identity) >= Some(&Role::Op)
    }

    /// Refuses to unmake the owner of a registered room, which would be
    /// nobody's and registered, and the only op who is in another one.
    pub(super) fn check_last_op(&self, here: &Here<'_>, name: &RoomName, identity: Identity) -> Result<(), ChatError> {
        let Some(room) = self.rooms.get(name.key()).filter(|_| name != here.lobby) else { return Ok(()) };
        let is_last = match room.roles.get(&identity) {
            Some(Role::Owner) => true,
            Some(Role::Op) if !room.registered => {
                let is_here = |id: &PersonId| self.registry.here(identity) == Some(*id);
                let mut others = room.members.iter().filter(|id| !is_here(id));
                room.members.iter().any(is_here) && !others.any(|id| self.keeps_order(*id, name))
            }
            _ => false,
        };
        if is_last { Err(ChatError::LastOp(name.clone())) } else { Ok(()) }
    }

    /// After an op went out of a room that nobody has registered: if no other
    /// is in it, the member who has been there longest is op from now on. A
    /// muted member is passed over, unless all are muted.
    pub(super) fn hand_on(&mut self, name: &RoomName, by: &Arc<str>, here: &Here<'_>, effects: &mut Effects) {
        let Some(room) = self.rooms.get(name.key()).filter(|room| !room.registered && name != here.lobby) else {
            return;
        };
        if room.members.iter().any(|id| self.keeps_order(*id, name)) {
            return;
        }
        let rank = |(session, came)| {
            let suspect = self.suspect_of(session)?;
            let id = self.registry.session(session)?.person;
            let goes = self.registry.are_replaced(id);
            let muted = self.restrictions.on(Some(room.place), Restriction::Mute, &suspect, here.now).is_some();
            Some((goes, muted, came, id))
        };
        let Some((.., next)) =
            room.arrivals().filter_map(rank).min_by_key(|(goes, muted, came, _)| (*goes, *muted, *came))
        else {
            return;
        };
        let Some(person) = self.registry.person(next) else { return };
        let (identity, nick) = (person.identity, Arc::clone(&person.shown));
        let Some(room) = self.rooms.get_mut(name.key()) else { return };
        if matches!(identity, Identity::Account(_)) && here.write_queue.is_some() {
            room.keep(here);
        }
        room.give_role(here, identity, Some(Role::Op));
        self.registry.accounts.holds(identity, room.place, Some(Role::Op));
        let (room_shown, role, by) = (Arc::clone(&room.shown), Some(Role::Op), Arc::clone(by));
        let letter = Arc::new(Letter::new(Event::Role { room: room_shown, nick, role, by, time: here.now }));
        room.fan_out(&letter, |_| false, effects);
        effects.report(&letter);
    }

    /// A guest who was lost and comes back is in rooms what they were there,
    /// where the order of the room has not ended since.
    pub(super) fn take_roles_up(&mut self, id: PersonId, roles: Vec<(PlaceId, u64, Role)>) {
        let Some(identity) = self.registry.person(id).map(|person| person.identity) else { return };
        for (place, emptied, role) in roles.into_iter().filter(|_| matches!(identity, Identity::Guest(_))) {
            let Some(room) = self.room_at(place).filter(|room| room.emptied == emptied) else { continue };
            room.roles.entry(identity).or_insert(role);
            let name = room.name.clone();
            if let Some(guest) = self.registry.person_mut(id) {
                guest.invited.insert(name);
            }
        }
    }
}
