//! A room does not lose its last op: which member is the next op when the last one leaves, and why that op cannot be unmade. Runs under the chat lock; knows no texts and no connections.

use std::sync::Arc;

use super::memory::Standing;
use super::room::Room;
use super::{Change, PersonId, State};
use crate::actor::Actor;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{Identity, Millis, PlaceId, Restriction, Role};

impl State {
    /// Whether a member is an op or the owner of a room by a role there.
    pub(super) fn is_op_of(&self, room: &Room, id: PersonId) -> bool {
        self.registry.person(id).is_some_and(|person| room.roles.get(&person.identity) >= Some(&Role::Op))
    }

    /// The next op: the member who has been in the room longest. A muted member is
    /// passed over, unless all are muted.
    fn next_op(&self, room: &Room, now: Millis) -> Option<PersonId> {
        let rank = |(session, came)| {
            let subject = self.subject_of(session)?;
            let id = self.registry.session(session)?.person;
            let goes = self.registry.are_ending(id);
            let muted = self.restrictions.on(Some(room.place), Restriction::Mute, &subject, now).is_some();
            Some(((goes, muted, came), id))
        };
        room.arrivals().filter_map(rank).min_by_key(|(rank, _)| *rank).map(|(_, id)| id)
    }
}

impl<C> Change<'_, C> {
    /// Refuses to unmake the owner of a registered room, which would then have no
    /// owner; and to unmake the only op in a room that is not registered.
    pub(super) fn check_last_op(&self, room: &Room, identity: Identity) -> Result<(), ChatError> {
        let is_last = match room.roles.get(&identity) {
            _ if room.name == *self.cx.lobby => false,
            Some(Role::Owner) => true,
            Some(Role::Op) if !room.registered => {
                let is_target = |id: &PersonId| self.state.registry.online(identity) == Some(*id);
                let mut others = room.members.iter().filter(|id| !is_target(id));
                room.members.iter().any(is_target) && !others.any(|id| self.state.is_op_of(room, *id))
            }
            Some(Role::Op | Role::Member) | None => false,
        };
        if is_last { Err(ChatError::LastOp(room.name.clone())) } else { Ok(()) }
    }

    /// Called after an op left. If the room is not registered and no op is in it
    /// any more, the next member is op from now on.
    pub(super) fn hand_on(&mut self, place: PlaceId, by: &Actor) {
        let room = self.state.rooms.get(place).filter(|room| !room.lasts(&self.cx));
        let room = room.filter(|room| !room.members.iter().any(|id| self.state.is_op_of(room, *id)));
        let next = room.and_then(|room| self.state.next_op(room, self.cx.now));
        let Some(person) = next.and_then(|id| self.state.registry.person(id)) else { return };
        let (identity, nick) = (person.identity, Arc::clone(person.shown()));
        let Some(room) = self.state.rooms.get_mut(place) else { return };
        let was = room.roles.get(&identity).copied();
        if matches!(identity, Identity::Account(_)) && self.cx.write_queue.is_some() {
            room.store_once(&self.cx);
        }
        let (room, by) = (Arc::clone(&room.shown), by.clone());
        self.give_role(place, identity, Some(Role::Op));
        self.tell_all_in(place, Event::Role { room, nick, role: Some(Role::Op), was, by, time: self.cx.now });
    }

    /// Gives a guest who comes back the old roles and voices again, unless the room has been
    /// emptied since.
    pub(super) fn take_roles_up(&mut self, id: PersonId, standings: Vec<Standing>) {
        let Some(guest) = self.state.registry.person_mut(id).filter(|person| person.account().is_none()) else {
            return;
        };
        for Standing { place, emptied, role, voice } in standings {
            let room = self.state.rooms.get_mut(place).filter(|room| room.emptied == emptied);
            let Some(room) = room else { continue };
            if let Some(role) = role {
                room.roles.entry(guest.identity).or_insert(role);
            }
            if voice {
                room.voices.insert(guest.identity);
            }
            guest.invited.insert(place);
        }
    }
}
