//! What a session asks to be listed: rooms, and who is in one; page by page. Runs under the chat lock, and works no longer than the page is long.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use super::effects::Effects;
use super::room::Room;
use super::{Ask, PersonId, State};
use crate::answer::{Done, MemberInfo, RoomInfo, page};
use crate::error::ChatError;
use crate::model::Role;
use crate::names::{Nick, RoomName};

/// The keys of the rooms, in their order. Looking through all rooms for a
/// page would hold the lock for as long as there are rooms.
#[derive(Debug, Default)]
pub(super) struct Listed {
    all: BTreeSet<Arc<str>>,
    /// Those that everybody may know of.
    open: BTreeSet<Arc<str>>,
}

impl Listed {
    /// Notes a room, and whether everybody may know of it now.
    pub fn put(&mut self, key: &Arc<str>, open: bool) {
        self.all.insert(Arc::clone(key));
        if open {
            self.open.insert(Arc::clone(key));
        } else {
            self.open.remove(key);
        }
    }

    pub fn remove(&mut self, key: &str) {
        self.all.remove(key);
        self.open.remove(key);
    }

    /// The keys of all rooms after `past`, in their order.
    pub fn after(&self, past: Option<&str>) -> impl Iterator<Item = &Arc<str>> {
        self.all.range::<str, _>(after(past))
    }

    #[cfg(test)]
    pub fn sizes(&self) -> (usize, usize) {
        (self.all.len(), self.open.len())
    }
}

/// What comes after `past` in a set, or all of it.
fn after(past: Option<&str>) -> (Bound<&str>, Bound<&str>) {
    (past.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}

impl State {
    /// A page of the rooms that the asking person may know of, in the order of
    /// the names: the open ones, and those of their own that are not.
    pub(super) fn list_rooms(&self, ask: &Ask<'_>, past: Option<RoomName>, effects: &mut Effects) {
        let past = past.as_ref().map(RoomName::key);
        let Some(person) = self.registry.person(ask.person) else { return };
        let all = self.registry.accounts.is_op(person.identity);
        let set = if all { &self.listed.all } else { &self.listed.open };
        let held = person.account().into_iter().flat_map(|id| self.registry.accounts.held(id));
        let places = person.memberships.keys().copied().chain(held).filter_map(|place| self.places.get(&place));
        let invited = person.invited.iter().map(RoomName::key).chain(places.map(|key| &**key));
        let hidden = |key: &&str| {
            let room = self.rooms.get(*key).filter(|room| !all && room.is_private());
            room.is_some_and(|room| self.may_know(ask.person, room, ask.now))
        };
        let own: BTreeSet<&str> = person.rooms.iter().map(RoomName::key).chain(invited).filter(hidden).collect();
        let total = set.len() + own.len();
        let mut open = set.range::<str, _>(after(past)).map(|key| &**key).peekable();
        let mut own = own.range::<str, _>(after(past)).copied().peekable();
        // What a closed room is about is for those in it, and for whoever may do everything.
        let told = |room: &Room| all || !room.is_private() || room.members.contains(&ask.person);
        let info = |room: &Room| room_info(room, told(room));
        let next = || match (open.peek(), own.peek()) {
            (Some(a), Some(b)) if b < a => own.next(),
            (Some(_), _) => open.next(),
            (None, _) => own.next(),
        };
        let mut rows = std::iter::from_fn(next).filter_map(|key| self.rooms.get(key)).map(info).peekable();
        let rooms = page(&mut rows, ask.limits.members_page, ask.limits.answer_bytes);
        let more = rows.peek().is_some();
        ask.answer(Done::Rooms { rooms, total, more }, effects);
    }

    /// All rooms, in the order of their names: for the operator.
    pub(super) fn all_rooms(&self) -> Vec<RoomInfo> {
        self.listed.all.iter().filter_map(|key| self.rooms.get(key)).map(|room| room_info(room, true)).collect()
    }

    /// A page of the members of a room, in the order of their names.
    pub(super) fn members(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        past: Option<Nick>,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        let name = match name {
            Some(name) => name,
            None => self.own_room(ask, None)?.name.clone(),
        };
        self.may_see_members(ask, &name)?;
        let room = self.rooms.get(name.key()).ok_or(ChatError::NoSuchRoom(name))?;
        let mut rows = self.members_of(room, past.as_ref()).peekable();
        let members = page(&mut rows, ask.limits.members_page, ask.limits.answer_bytes);
        let more = rows.peek().is_some();
        ask.answer(Done::Members { room: Arc::clone(&room.shown), members, total: room.members.len(), more }, effects);
        Ok(())
    }

    /// Puts a member of some rooms where the new name belongs.
    pub(super) fn list_anew(&mut self, id: PersonId, rooms: &[RoomName], before: &Nick, now: &Nick) {
        for name in rooms {
            if let Some(room) = self.rooms.get_mut(name.key()) {
                room.names.remove(before.key());
                room.names.insert(Arc::from(now.key()), id);
            }
        }
    }

    /// Those in a room whose names come after `past`, in the order of the names.
    pub(super) fn members_of(&self, room: &Room, past: Option<&Nick>) -> impl Iterator<Item = MemberInfo> {
        let people = room.names.range::<str, _>(after(past.map(Nick::key))).map(|(_, id)| *id);
        people.filter_map(|id| self.registry.person(id)).map(|person| MemberInfo {
            nick: Arc::clone(&person.shown),
            role: room.roles.get(&person.identity).copied().filter(|role| *role > Role::Member),
            away: person.away.clone(),
        })
    }
}

fn room_info(room: &Room, with_topic: bool) -> RoomInfo {
    let topic = room.topic.clone().filter(|_| with_topic);
    RoomInfo { room: Arc::clone(&room.shown), members: room.members.len(), topic }
}
