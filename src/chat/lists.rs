//! The lists that a session asks for: rooms, and the members of a room, page by page. Runs under the chat lock, and works only as long as the page is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::directory::after;
use super::room::Room;
use super::{Change, State};
use crate::answer::{Done, MemberInfo, RoomInfo};
use crate::error::ChatError;
use crate::model::{PlaceId, Role};
use crate::names::{Nick, RoomName};

impl State {
    /// The members of a room whose names come after `past`, in the order of the names.
    pub(super) fn members_of(&self, room: &Room, past: Option<&Nick>) -> impl Iterator<Item = MemberInfo> {
        let people = room.names.range::<str, _>(after(past.map(Nick::key))).map(|(_, id)| *id);
        people.filter_map(|id| self.registry.person(id)).map(|person| MemberInfo {
            nick: person.face.clone(),
            voice: room.voices.contains(&person.identity),
            role: room.roles.get(&person.identity).copied().filter(|role| *role > Role::Member),
            away: person.away.clone(),
        })
    }
}

impl Change<'_> {
    /// A page of the rooms that the caller may know of, in the order of the
    /// names: all public rooms, and the caller's own rooms that are private or hidden.
    pub(super) fn list_rooms(&mut self, past: Option<&RoomName>) -> Result<(), ChatError> {
        let done = self.rooms_after(past)?;
        self.answer(done);
        Ok(())
    }

    fn rooms_after(&self, past: Option<&RoomName>) -> Result<Done, ChatError> {
        let (state, past) = (&*self.state, past.map(RoomName::key));
        let person = self.person()?;
        let all = self.as_server_op().is_ok();
        let held: Vec<PlaceId> =
            self.caller.account().into_iter().flat_map(|id| state.registry.accounts.held(id)).collect();
        let own = person.rooms.iter().chain(&person.invited).chain(person.memberships.keys()).chain(&held);
        let hidden = |room: &&Room| !all && !room.is_public() && state.may_know(self.caller.person, room, self.cx.now);
        let own: BTreeMap<&str, &Room> =
            state.rooms.among(own).filter(hidden).map(|room| (room.name.key(), room)).collect();
        let (every, open) = state.rooms.sizes();
        let total = if all { every } else { open } + own.len();
        let mut open = state.rooms.after(past, all).peekable();
        let mut own = own.range::<str, _>(after(past)).map(|(_, room)| *room).peekable();
        let next = || match (open.peek(), own.peek()) {
            (Some(a), Some(b)) if b.name.key() < a.name.key() => own.next(),
            (Some(_), _) => open.next(),
            (None, _) => own.next(),
        };
        // The topic of a private or hidden room is for its members, and for an op of the server.
        let told = |room: &Room| all || room.is_public() || room.members.contains(&self.caller.person);
        let (rooms, more) = self.cx.page(std::iter::from_fn(next).map(|room| room_info(room, told(room))));
        Ok(Done::Rooms { rooms, total, more })
    }

    /// A page of the members of a room, in the order of their names.
    pub(super) fn members(&mut self, name: Option<&RoomName>, past: Option<&Nick>) -> Result<(), ChatError> {
        let room = match name {
            Some(name) => self.room_to_see(name)?,
            None => self.own_room(None)?,
        };
        let (members, more) = self.cx.page(self.state.members_of(room, past));
        self.answer(Done::Members { room: Arc::clone(&room.shown), members, total: room.members.len(), more });
        Ok(())
    }
}

/// A row of a room list.
pub(super) fn room_info(room: &Room, with_topic: bool) -> RoomInfo {
    let topic = room.topic.as_ref().filter(|_| with_topic).map(|topic| Arc::clone(&topic.text));
    RoomInfo { room: Arc::clone(&room.shown), members: room.members.len(), topic }
}
