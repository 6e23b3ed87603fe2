//! The lists that a session asks for: rooms, and the members of a room, page by page. Runs under the chat lock, and works only as long as the page is.

use std::collections::BTreeMap;
use std::sync::Arc;

use wildmatch::WildMatch;

use super::directory::after;
use super::room::Room;
use super::{Change, State};
use crate::answer::{Done, FactsInfo, MemberInfo, RoomInfo};
use crate::command::RoomFilter;
use crate::error::ChatError;
use crate::model::{Millis, PlaceId, Role};
use crate::names::{Nick, RoomName, fold_mask};

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
    pub(super) fn list_rooms(&mut self, past: Option<&RoomName>, filter: &RoomFilter) -> Result<(), ChatError> {
        let done = self.rooms_after(past, filter)?;
        self.answer(done);
        Ok(())
    }

    fn rooms_after(&self, past: Option<&RoomName>, filter: &RoomFilter) -> Result<Done, ChatError> {
        let wanted = Wanted::new(filter);
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
        // A filter may leave out many rooms, and the lock is not held for all of them.
        let (mut seen, mut last) = (0, None);
        let looked_at = std::iter::from_fn(next).take_while(|_| {
            seen += 1;
            seen <= LOOKED_AT
        });
        let looked_at = looked_at.inspect(|room| last = Some(Arc::clone(&room.shown)));
        let found = looked_at.filter(|room| wanted.takes(room, told(room)));
        let (rooms, mut more) = self.cx.page(found.map(|room| room_info(room, told(room))));
        let mut next = rooms.last().map(|info| Arc::clone(&info.room));
        if !more && seen > LOOKED_AT {
            (more, next) = (true, last);
        }
        Ok(Done::Rooms { rooms, total, more, next: next.filter(|_| more), mask: filter.only.first().cloned() })
    }

    /// How many people and rooms there are.
    pub(super) fn facts(&mut self) {
        let Counted { guests, ops, rooms, .. } = self.counted();
        let facts = self.state.registry.facts();
        self.answer(Done::Facts(FactsInfo { guests, ops, rooms, since: self.cx.run, ..facts }));
    }

    /// What must be counted one by one. Each IRC client is told it when it comes, so if
    /// there are many, a count may be old: else all of them would count all others under the lock.
    fn counted(&mut self) -> Counted {
        let (state, now) = (&*self.state, self.cx.now);
        let is_many = state.registry.facts().people + state.rooms.sizes().0 > Counted::MANY;
        let known = state.counted.filter(|known| is_many && (known.time..known.time + Counted::OLD).contains(&now));
        let counted = known.unwrap_or_else(|| Counted {
            time: now,
            guests: state.registry.kinds().1,
            ops: state.registry.people().filter(|(_, person)| state.is_server_op(person)).count(),
            rooms: state.rooms.after(None, false).filter(|room| !room.members.is_empty()).count(),
        });
        self.state.counted = Some(counted);
        counted
    }

    /// A page of the members of a room, in the order of their names.
    pub(super) fn members(&mut self, name: Option<&RoomName>, past: Option<&Nick>) -> Result<(), ChatError> {
        let room = match name {
            Some(name) => self.room_to_see(name)?,
            None => self.own_room(None)?,
        };
        let (members, more) = self.cx.page(self.state.members_of(room, past));
        self.answer(Done::Members {
            room: Arc::clone(&room.shown),
            members,
            total: room.members.len(),
            hidden: !room.settings.is_public(),
            more,
        });
        Ok(())
    }
}

/// What was counted one by one, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    time: Millis,
    guests: usize,
    ops: usize,
    rooms: usize,
}

impl Counted {
    /// With more people and rooms together, a count is used again.
    const MANY: usize = 1_000;
    /// For so long.
    const OLD: Millis = 1_000;
}

/// How many rooms are compared with a filter for one page, that is, in one hold of the lock.
const LOOKED_AT: usize = 1_000;

/// A filter whose masks are ready to be compared.
struct Wanted<'a> {
    filter: &'a RoomFilter,
    only: Vec<WildMatch>,
    not: Vec<WildMatch>,
}

impl Wanted<'_> {
    fn new(filter: &RoomFilter) -> Wanted<'_> {
        // A room's key has no `#`, so a mask may be written with it or without.
        let ready = |mask: &Arc<str>| WildMatch::new(fold_mask(mask).trim_start_matches('#'));
        let [only, not] = [&filter.only, &filter.not].map(|masks| masks.iter().map(ready).collect());
        Wanted { filter, only, not }
    }

    fn takes(&self, room: &Room, with_topic: bool) -> bool {
        let name = room.name.key();
        let name = name.trim_start_matches('#');
        let topic = room.topic.as_ref().filter(|_| with_topic).and_then(|topic| topic.time);
        self.filter.takes(room.members.len(), room.made, topic)
            && (self.only.is_empty() || self.only.iter().any(|mask| mask.matches(name)))
            && !self.not.iter().any(|mask| mask.matches(name))
    }
}

/// A row of a room list.
pub(super) fn room_info(room: &Room, with_topic: bool) -> RoomInfo {
    let topic = room.topic.as_ref().filter(|_| with_topic);
    RoomInfo {
        room: Arc::clone(&room.shown),
        members: room.members.len(),
        topic: topic.map(|topic| Arc::clone(&topic.text)),
        topic_time: topic.and_then(|topic| topic.time),
        made: room.made,
    }
}
