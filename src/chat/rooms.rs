//! What people do in rooms: join, leave, say, ask who is there. Runs under the chat lock.

use std::sync::Arc;

use super::effects::Effects;
use super::need::{JoinRequest, LastSeen, Step};
use super::room::{Room, Words};
use super::unkept::What;
use super::{Ask, Here, PersonId, State};
use crate::answer::{Done, page};
use crate::command::Page;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{Identity, Owner, PlaceId, Role};
use crate::model::{Message, Millis};
use crate::names::RoomName;
use crate::record::{Record, StoredMessage};
use crate::wire::Letter;

impl State {
    #[inline(never)]
    pub(super) fn make_room(&mut self, name: &RoomName, now: Millis, maker: Option<Owner>) {
        self.last.place += 1;
        let mut room = Room::new(name.clone(), PlaceId(self.last.place), now);
        room.maker = maker;
        self.add_room(room);
    }

    pub(super) fn add_room(&mut self, room: Room) {
        let key: Arc<str> = Arc::from(room.name.key());
        self.looks.insert(Arc::from(room.name.skeleton()), Arc::clone(&key));
        self.places.insert(room.place, Arc::clone(&key));
        self.listed.put(&key, !room.is_private());
        self.rooms.insert(key, room);
    }

    /// After somebody went out: where nobody is left, the room goes, or what
    /// it holds only for those in it; the lobby stays.
    pub(super) fn forget_room(&mut self, name: &RoomName, here: &Here<'_>) {
        let Some(room) = self.rooms.get_mut(name.key()).filter(|room| room.members.is_empty()) else { return };
        if !room.registered && name != here.lobby {
            self.restrictions.end_at(Some(room.place), here);
            room.roles.keys().for_each(|identity| self.registry.accounts.holds(*identity, room.place, None));
        }
        if name == here.lobby || !room.forgettable(here.write_queue.is_some()) {
            room.emptied(here);
            let (added, waits) = (room.added, room.recent.loaded && room.seq() > 0 && here.write_queue.is_some());
            let (key, open, place) = (Arc::from(name.key()), !room.is_private(), room.place);
            self.listed.put(&key, open);
            if waits {
                self.forget_later(added, What::Recent(place));
            }
            return self.leave_behind(place, here.now, here);
        }
        let place = room.place;
        self.end_room(place, here);
    }

    /// Seats the asking person's sessions in a room, and tells them what is
    /// there: the answer, the members, the recent messages. All of it is
    /// queued in this one critical section, so what is said next comes after
    /// it, without gap or double. Joining a room one is in shows it anew, to
    /// the asking session only.
    pub(super) fn join(
        &mut self,
        ask: &Ask<'_>,
        wish: &JoinRequest,
        answer: bool,
        effects: &mut Effects,
    ) -> Result<Step, ChatError> {
        let name = &wish.room;
        let Some(person) = self.registry.person(ask.person) else { return Err(ChatError::NameFirst) };
        let (identity, newcomer) = (person.identity, !person.rooms.contains(name));
        if newcomer && person.rooms.len() >= ask.limits.rooms_per_person {
            return Err(ChatError::TooManyRooms(ask.limits.rooms_per_person));
        }
        match self.rooms.get(name.key()) {
            Some(room) => {
                if newcomer {
                    self.may_come_in(ask, room, wish.key.as_deref())?;
                }
                if let Some(need) = room.needs(wish.seen.as_ref(), ask) {
                    return Ok(Step::Needs(need));
                }
            }
            None => {
                // Who has a key means a room that has one, and would talk in one that is open to all.
                if wish.key.is_some() {
                    return Err(ChatError::RoomNew(name.clone()));
                }
                if let Some(other) = self.looks.get(name.skeleton()).and_then(|key| self.rooms.get(key)) {
                    // The name of a room that is not told is not told here either.
                    let known = self.may_know(ask.person, other, ask.now);
                    return Err(ChatError::RoomConfusable(
                        name.clone(),
                        if known { &other.name } else { name }.clone(),
                    ));
                }
                self.make_space(ask);
                if self.rooms.len() >= ask.limits.rooms {
                    return Err(ChatError::ServerRoomsFull(ask.limits.rooms));
                }
                let maker = self.maker(ask);
                self.make_room(name, ask.now, maker);
            }
        }
        let Some(room) = self.rooms.get(name.key()) else { return Ok(Step::Done) };
        if answer {
            ask.answer(Done::Join { room: Arc::clone(&room.shown) }, effects);
        }
        if newcomer {
            self.come_in(ask, identity, name, effects);
        }
        self.show_room(ask, name, wish.seen, newcomer, effects);
        let own_spelling = self.rooms.get(name.key()).map(|room| room.name.clone());
        if let Some(person) = self.registry.person_mut(ask.person).filter(|_| newcomer) {
            person.rooms.extend(own_spelling);
        }
        self.talk_in(ask, Some(name.clone()));
        Ok(Step::Done)
    }

    /// Seats somebody who was not there, and tells the others.
    #[inline(never)]
    fn come_in(&mut self, ask: &Ask<'_>, identity: Identity, name: &RoomName, effects: &mut Effects) {
        let Some(person) = self.registry.person(ask.person) else { return };
        let (nick, key) = (Arc::clone(&person.shown), Arc::from(person.nick.key()));
        let Some(room) = self.rooms.get_mut(name.key()) else { return };
        let letter = Arc::new(Letter::new(Event::Join { room: Arc::clone(&room.shown), nick, time: ask.now }));
        room.fan_out(&letter, |_| false, effects);
        effects.report(&letter);
        let account = matches!(identity, Identity::Account(_)) && ask.write_queue.is_some();
        if account {
            room.keep(ask);
        }
        // Who comes into a room in which nobody is, and which nobody owns, keeps order there.
        if room.members.is_empty() && !room.registered && room.name != *ask.lobby {
            room.give_role(ask, identity, Some(Role::Op));
            self.registry.accounts.holds(identity, room.place, Some(Role::Op));
        }
        room.add(ask.person, key);
        self.left.remove(room.place);
        for (session, outbox) in self.registry.outboxes(ask.person) {
            room.seat(session, outbox);
        }
        let (place, seq) = (room.place, room.seq());
        if account {
            self.add_membership(ask, ask.person, place, seq);
        }
    }

    /// Tells what is in a room: to all sessions of somebody new there, else to the asking one.
    #[inline(never)]
    fn show_room(&self, ask: &Ask<'_>, name: &RoomName, seen: Option<LastSeen>, newcomer: bool, effects: &mut Effects) {
        let Some(room) = self.rooms.get(name.key()) else { return };
        let shown = || Arc::clone(&room.shown);
        let joined = Event::Joined {
            room: shown(),
            made: room.made,
            run: ask.run,
            seq: room.seq(),
            total: room.members.len(),
            topic: room.topic.clone(),
        };
        let mut members = self.members_of(room, None).peekable();
        let mut pieces = Vec::new();
        while pieces.is_empty() || members.peek().is_some() {
            let piece = page(&mut members, ask.limits.members_page, ask.limits.answer_bytes);
            pieces.push(Event::Members { room: shown(), members: piece, more: members.peek().is_some() });
        }
        let history = match seen.map(|seen| room.after(&seen, ask.run)) {
            Some(after) => room.recent.history_since(&room.shown, after, ask.limits),
            None => vec![room.recent.history(&room.shown, Page::Last, ask.limits.replay, ask.limits.answer_bytes)],
        };
        let letters: Vec<Arc<Letter>> = std::iter::once(joined)
            .chain(pieces)
            .chain(history.into_iter().map(Event::History))
            .map(|event| Arc::new(Letter::new(event)))
            .collect();
        for (session, outbox) in self.registry.outboxes(ask.person) {
            let own = session == ask.session;
            if own || newcomer && effects.keeps_up(outbox, ask.limits.outbox_bytes) {
                letters.iter().for_each(|letter| effects.answer_with(outbox, letter));
            }
        }
    }

    pub(super) fn leave_room(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        text: Option<Arc<str>>,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        let room = self.own_room(ask, name)?;
        let (name, shown) = (room.name.clone(), Arc::clone(&room.shown));
        let (text, kept_order) = (self.side_words(ask.session, text, ask), self.keeps_order(ask.person, &name));
        ask.answer(Done::Leave { room: Arc::clone(&shown) }, effects);
        let Some(nick) = self.put_out(ask, ask.person, &name, effects) else { return Ok(()) };
        if let Some(room) = self.rooms.get(name.key()) {
            let letter =
                Arc::new(Letter::new(Event::Leave { room: shown, nick: Arc::clone(&nick), text, time: ask.now }));
            room.fan_out(&letter, |_| false, effects);
            effects.report(&letter);
        }
        if kept_order {
            self.hand_on(&name, &nick, ask, effects);
        }
        self.forget_room(&name, ask);
        Ok(())
    }

    /// Takes somebody out of a room, and tells their sessions so; the others
    /// are yet to be told. Returns the nick.
    pub(super) fn put_out(
        &mut self,
        here: &Here<'_>,
        id: PersonId,
        name: &RoomName,
        effects: &mut Effects,
    ) -> Option<Arc<str>> {
        let room = self.rooms.get_mut(name.key())?;
        room.remove(id, &self.registry.person(id)?.nick);
        let left = Arc::new(Letter::new(Event::Left { room: Arc::clone(&room.shown) }));
        for (session, outbox) in self.registry.outboxes(id) {
            room.unseat(session);
            effects.tell(outbox, &left);
        }
        let place = room.place;
        let person = self.registry.person_mut(id)?;
        person.rooms.retain(|other| other != name);
        person.spoke.remove(&place);
        // A guest is an op until they leave.
        if let (Identity::Guest(_), Some(Role::Op)) = (person.identity, room.roles.get(&person.identity)) {
            room.roles.remove(&person.identity);
        }
        if let Some(account) = person.account()
            && person.memberships.remove(&place).is_some()
        {
            here.keep(Record::MembershipEnded(account, place));
        }
        let (next, sessions, nick) = (person.rooms.last().cloned(), person.sessions.clone(), Arc::clone(&person.shown));
        for session in sessions {
            let talking_here =
                self.registry.session(session).is_some_and(|session| session.current.as_ref() == Some(name));
            if talking_here {
                self.set_current(session, next.clone());
            }
        }
        Some(nick)
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
    pub(super) fn own_room(&mut self, ask: &Ask<'_>, name: Option<RoomName>) -> Result<&mut Room, ChatError> {
        let name = match name {
            Some(name) => name,
            None => self.registry.session(ask.session).and_then(|s| s.current.clone()).ok_or(ChatError::NoRoom)?,
        };
        if !self.rooms.get(name.key()).is_some_and(|room| room.members.contains(&ask.person)) {
            return Err(self.not_there(ask, name));
        }
        self.rooms.get_mut(name.key()).ok_or(ChatError::NoSuchRoom(name))
    }

    pub(super) fn say(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        text: Arc<str>,
        me: bool,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        if self.said_before(ask, effects) {
            return Ok(());
        }
        let person = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?;
        let (from, identity) = (Arc::clone(&person.shown), person.identity);
        let words = Words { from, identity, text, me, file: None, time: ask.now };
        let message = self.say_in(ask, name, words, effects)?;
        let done = Done::Say { room: Arc::clone(&message.room), seq: message.seq, time: message.time, again: false };
        self.done_once(ask, done, effects);
        Ok(())
    }

    /// Says something in a room: it gets its number, all there hear it, and it is on its way to be kept.
    pub(super) fn say_in(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        words: Words,
        effects: &mut Effects,
    ) -> Result<Arc<Message>, ChatError> {
        let name = self.own_room(ask, name)?.name.clone();
        self.may_speak(ask, &name)?;
        let room = self.rooms.get_mut(name.key()).ok_or(ChatError::NoSuchRoom(name))?;
        let identity = words.identity;
        room.keep(ask);
        let message = room.say(words, ask.limits);
        room.added = ask.keep_counted(Record::Message(StoredMessage {
            place: room.place,
            identity,
            message: Arc::clone(&message),
        }));
        let letter = Arc::new(Letter::new(Event::Message(Arc::clone(&message))));
        room.fan_out(&letter, |session| ask.skips_own(session), effects);
        effects.report(&letter);
        let place = room.place;
        self.registry.spoke(ask.person, place, message.seq);
        Ok(message)
    }

    pub(super) fn topic(
        &mut self,
        ask: &Ask<'_>,
        name: Option<RoomName>,
        topic: Option<Arc<str>>,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        let by =
            self.registry.person(ask.person).map(|person| Arc::clone(&person.shown)).ok_or(ChatError::NameFirst)?;
        let name = self.own_or_any_room(ask, name)?;
        let sets = topic.is_some();
        if sets {
            self.may_speak(ask, &name)?;
        }
        let room = self.rooms.get_mut(name.key()).ok_or(ChatError::NoSuchRoom(name))?;
        if let Some(topic) = topic {
            let topic = Some(topic).filter(|topic| !topic.is_empty());
            if topic != room.topic {
                room.topic = topic.clone();
                room.keep_changed(ask);
                let event = Event::Topic { room: Arc::clone(&room.shown), topic, by, time: ask.now };
                let letter = Arc::new(Letter::new(event));
                room.fan_out(&letter, |session| ask.skips_own(session), effects);
                effects.report(&letter);
            }
        }
        let done = Done::Topic { room: Arc::clone(&room.shown), topic: room.topic.clone() };
        if sets {
            ask.answer_kept(done, Record::Barrier, effects)
        } else {
            ask.answer(done, effects)
        }
        Ok(())
    }
}
