//! What people do in rooms: join, leave, say, ask who is there and what was said. Runs under the chat lock.

use std::sync::Arc;

use super::room::Room;
use super::touched::Touched;
use super::{Ask, State};
use crate::command::Page;
use crate::error::ChatError;
use crate::event::{Done, Event, MemberInfo, Millis, RoomInfo, Seq};
use crate::names::RoomName;
use crate::wire::Letter;

/// What somebody who comes back has seen of a room: the last message, and when that room was made.
pub(super) type Seen = (Seq, Option<Millis>);

impl State {
    pub(super) fn make_room(&mut self, name: &RoomName, now: Millis) {
        let key: Arc<str> = Arc::from(name.key());
        self.looks.insert(Arc::from(name.skeleton()), Arc::clone(&key));
        self.rooms.insert(key, Room::new(name.clone(), now));
    }

    /// Lets a room go that nobody is in and that has no topic; the lobby stays.
    pub(super) fn forget_room(&mut self, name: &RoomName, lobby: &RoomName) {
        if name != lobby && self.rooms.get(name.key()).is_some_and(Room::forgettable) {
            self.rooms.remove(name.key());
            self.looks.remove(name.skeleton());
        }
    }

    pub(super) fn join_asked(
        &mut self,
        ask: &Ask<'_>,
        name: &RoomName,
        seen: Option<Seen>,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        let room: Arc<str> =
            self.rooms.get(name.key()).map_or_else(|| Arc::from(name.shown()), |room| Arc::clone(&room.shown));
        self.join(ask, name, seen, Some(Done::Join { room }), touched)
    }

    /// Seats the asking person's sessions in a room, and tells them what is
    /// there: the answer, the members, the recent messages. All of it is
    /// queued in this one critical section, so what is said next comes after
    /// it, without gap or double. Joining a room one is in shows it anew, to
    /// the asking session only.
    pub(super) fn join(
        &mut self,
        ask: &Ask<'_>,
        name: &RoomName,
        seen: Option<Seen>,
        answer: Option<Done>,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        let Some(person) = self.registry.person(ask.person) else { return Err(ChatError::NameFirst) };
        let (nick, newcomer) = (Arc::clone(&person.shown), !person.rooms.contains(name));
        if newcomer && person.rooms.len() >= ask.limits.rooms_per_person {
            return Err(ChatError::TooManyRooms(ask.limits.rooms_per_person));
        }
        if !self.rooms.contains_key(name.key()) {
            if let Some(other) = self.looks.get(name.skeleton()).and_then(|key| self.rooms.get(key)) {
                return Err(ChatError::RoomConfusable(name.clone(), other.name.clone()));
            }
            if self.rooms.len() >= ask.limits.rooms {
                return Err(ChatError::ServerRoomsFull(ask.limits.rooms));
            }
            self.make_room(name, ask.now);
        }
        if let Some(done) = answer {
            ask.answer(done, touched);
        }
        let Some(room) = self.rooms.get_mut(name.key()) else { return Ok(()) };
        let own_spelling = room.name.clone();
        if newcomer {
            let event = Event::Join { room: Arc::clone(&room.shown), nick, time: ask.now };
            let letter = Arc::new(Letter::new(event));
            room.fan_out(&letter, |_| false, touched);
            touched.report(&letter);
            room.members.insert(ask.person);
            for (session, outbox) in self.registry.outboxes(ask.person) {
                room.seat(session, outbox);
            }
        }
        self.show_room(ask, name, seen, newcomer, touched);
        if let Some(person) = self.registry.person_mut(ask.person).filter(|_| newcomer) {
            person.rooms.push(own_spelling);
        }
        self.talk_in(ask, Some(name.clone()));
        Ok(())
    }

    /// Tells what is in a room: to all sessions of somebody new there, else to the asking one.
    #[inline(never)]
    fn show_room(&self, ask: &Ask<'_>, name: &RoomName, seen: Option<Seen>, newcomer: bool, touched: &mut Touched) {
        let Some(room) = self.rooms.get(name.key()) else { return };
        let shown = || Arc::clone(&room.shown);
        let joined = Event::Joined {
            room: shown(),
            made: room.made,
            seq: room.seq,
            total: room.members.len(),
            topic: room.topic.clone(),
        };
        let members = self.member_list(room);
        let pieces = members.chunks(ask.limits.members_page).enumerate().map(|(i, piece)| Event::Members {
            room: shown(),
            members: piece.to_vec(),
            more: (i + 1) * ask.limits.members_page < members.len(),
        });
        let history = match seen {
            // A room made anew counts anew: all of it is unseen.
            Some((after, made)) if made.is_none_or(|made| made == room.made) => {
                room.history(Page::After(after), ask.limits.recent)
            }
            Some(_) => room.history(Page::After(0), ask.limits.recent),
            None => room.history(Page::Last, ask.limits.replay),
        };
        let letters: Vec<Arc<Letter>> = std::iter::once(joined)
            .chain(pieces)
            .chain([Event::History(history)])
            .map(|event| Arc::new(Letter::new(event)))
            .collect();
        for (session, outbox) in self.registry.outboxes(ask.person) {
            if newcomer || session == ask.session {
                letters.iter().for_each(|letter| touched.tell(outbox, letter, false));
            }
        }
    }

    pub(super) fn leave_room(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        text: Option<Arc<str>>,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        let room = self.own_room(ask, name)?;
        let (name, shown) = (room.name.clone(), Arc::clone(&room.shown));
        room.members.remove(&ask.person);
        ask.answer(Done::Leave { room: Arc::clone(&shown) }, touched);
        let left = Arc::new(Letter::new(Event::Left { room: Arc::clone(&shown) }));
        let Some(room) = self.rooms.get_mut(name.key()) else { return Ok(()) };
        for (session, outbox) in self.registry.outboxes(ask.person) {
            room.unseat(session);
            touched.tell(outbox, &left, false);
        }
        let Some(person) = self.registry.person_mut(ask.person) else { return Ok(()) };
        person.rooms.retain(|other| *other != name);
        let next = person.rooms.last().cloned();
        let event = Event::Leave { room: shown, nick: Arc::clone(&person.shown), text, time: ask.now };
        let sessions = person.sessions.clone();
        let letter = Arc::new(Letter::new(event));
        room.fan_out(&letter, |_| false, touched);
        touched.report(&letter);
        for session in sessions {
            let talking_here =
                self.registry.session(session).is_some_and(|session| session.current.as_ref() == Some(&name));
            if talking_here {
                self.set_current(session, next.clone());
            }
        }
        self.forget_room(&name, ask.lobby);
        Ok(())
    }

    /// Notes in which room the asking session is talking now. The person's
    /// other sessions follow only where they were talking in none.
    fn talk_in(&mut self, ask: &Ask<'_>, name: Option<RoomName>) {
        let sessions: Vec<_> = self.registry.outboxes(ask.person).map(|(session, _)| session).collect();
        for session in sessions {
            let silent = self.registry.session(session).is_some_and(|session| session.current.is_none());
            if session == ask.session || silent {
                self.set_current(session, name.clone());
            } else if let Some(room) = name.as_ref().and_then(|name| self.rooms.get_mut(name.key())) {
                let here = self.registry.session(session).is_some_and(|session| session.current == name);
                room.turn(session, !here);
            }
        }
    }

    fn set_current(&mut self, session: super::SessionId, name: Option<RoomName>) {
        let Some(known) = self.registry.session_mut(session) else { return };
        let before = std::mem::replace(&mut known.current, name.clone());
        if before == name {
            return;
        }
        if let Some(room) = before.and_then(|before| self.rooms.get_mut(before.key())) {
            room.turn(session, true);
        }
        if let Some(room) = name.and_then(|name| self.rooms.get_mut(name.key())) {
            room.turn(session, false);
        }
    }

    /// The room called so, or the one in which the session is talking; the asking person must be in it.
    fn own_room(&mut self, ask: &Ask<'_>, name: Option<RoomName>) -> Result<&mut Room, ChatError> {
        let name = match name {
            Some(name) => name,
            None => self.registry.session(ask.session).and_then(|s| s.current.clone()).ok_or(ChatError::NoRoom)?,
        };
        match self.rooms.get_mut(name.key()) {
            Some(room) if room.members.contains(&ask.person) => Ok(room),
            Some(_) => Err(ChatError::NotInRoom(name)),
            None => Err(ChatError::NoSuchRoom(name)),
        }
    }

    pub(super) fn say(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        text: Arc<str>,
        me: bool,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        if self.said_before(ask, touched) {
            return Ok(());
        }
        let from =
            self.registry.person(ask.person).map(|person| Arc::clone(&person.shown)).ok_or(ChatError::NameFirst)?;
        let room = self.own_room(ask, name)?;
        let message = room.record(from, text, me, ask.now, ask.limits);
        let done = Done::Say { room: Arc::clone(&message.room), seq: message.seq, time: message.time, again: false };
        let letter = Arc::new(Letter::new(Event::Message(message)));
        room.fan_out(&letter, |session| ask.is_deaf(session), touched);
        touched.report(&letter);
        self.done_once(ask, done, touched);
        Ok(())
    }

    pub(super) fn topic(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        topic: Option<Arc<str>>,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        let by =
            self.registry.person(ask.person).map(|person| Arc::clone(&person.shown)).ok_or(ChatError::NameFirst)?;
        let room = self.own_room(ask, name)?;
        if let Some(topic) = topic {
            let topic = Some(topic).filter(|topic| !topic.is_empty());
            if topic != room.topic {
                room.topic = topic.clone();
                let event = Event::Topic { room: Arc::clone(&room.shown), topic, by, time: ask.now };
                let letter = Arc::new(Letter::new(event));
                room.fan_out(&letter, |session| ask.is_deaf(session), touched);
                touched.report(&letter);
            }
        }
        let done = Done::Topic { room: Arc::clone(&room.shown), topic: room.topic.clone() };
        ask.answer(done, touched);
        Ok(())
    }

    pub(super) fn members(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        let name = match name {
            Some(name) => name,
            None => self.own_room(ask, None)?.name.clone(),
        };
        let room = self.rooms.get(name.key()).ok_or(ChatError::NoSuchRoom(name))?;
        let mut members = self.member_list(room);
        let total = members.len();
        members.truncate(ask.limits.members_page);
        ask.answer(Done::Members { room: Arc::clone(&room.shown), members, total }, touched);
        Ok(())
    }

    pub(super) fn history(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        page: Page,
        limit: Option<usize>,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        let most = limit.unwrap_or(ask.limits.replay).min(ask.limits.history_page);
        let history = self.own_room(ask, name)?.history(page, most);
        ask.answer(Done::History(history), touched);
        Ok(())
    }

    /// In the order of the names.
    fn member_list(&self, room: &Room) -> Vec<MemberInfo> {
        let mut people: Vec<_> = room.members.iter().filter_map(|id| self.registry.person(*id)).collect();
        people.sort_unstable_by(|a, b| a.nick.key().cmp(b.nick.key()));
        people.iter().map(|person| MemberInfo { nick: Arc::clone(&person.shown), away: person.away.clone() }).collect()
    }

    /// In the order of the names.
    pub(super) fn room_list(&self) -> Vec<RoomInfo> {
        let mut rooms: Vec<_> = self.rooms.values().collect();
        rooms.sort_unstable_by(|a, b| a.name.key().cmp(b.name.key()));
        let info = |room: &Room| RoomInfo {
            room: Arc::clone(&room.shown),
            members: room.members.len(),
            topic: room.topic.clone(),
        };
        rooms.into_iter().map(info).collect()
    }
}
