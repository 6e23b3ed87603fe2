//! What people do in rooms: join, leave, say, set the topic. Runs under the chat lock.

use std::sync::Arc;

use super::directory::Directory;
use super::loads::{CatchUp, Halt, JoinRequest, LastSeen};
use super::room::Room;
use super::unstored::What;
use super::{Change, PersonId, SessionId};
use crate::actor::Actor;
use crate::answer::{Done, page};
use crate::command::{Page, Place};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{FileInfo, Identity, Kind, Message, Owner, PlaceId, Role, Topic};
use crate::names::{RoomName, SERVER};
use crate::record::{Record, StoredMessage};
use crate::wire::Letter;

/// How something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// By the caller.
    By(Kind),
    /// By the server about the caller, under a name that no person can have.
    ByServer,
}

/// What is said, before it has its number.
#[derive(Debug)]
pub(super) struct Words {
    pub text: Arc<str>,
    pub manner: Manner,
    pub file: Option<Arc<FileInfo>>,
}

impl<C> Change<'_, C> {
    pub(super) fn make_room(&mut self, name: &RoomName, maker: Option<Owner>) -> PlaceId {
        self.state.last.place += 1;
        let mut room = Room::new(name.clone(), PlaceId(self.state.last.place), self.cx.now);
        room.maker = maker;
        let place = room.place;
        self.state.rooms.add(room);
        place
    }

    /// Called after a member left. An empty room is removed; if it must stay,
    /// it forgets its ops, bans and settings. The lobby always stays.
    pub(super) fn forget_room(&mut self, place: PlaceId) {
        let Some(room) = self.state.rooms.get_mut(place).filter(|room| room.members.is_empty()) else { return };
        if !room.lasts(&self.cx) {
            self.state.restrictions.end_at(Some(place), &self.cx);
            let known = room.roles.keys().chain(&room.voices);
            known.for_each(|identity| self.state.registry.accounts.holds(*identity, place, false));
        }
        if room.name != *self.cx.lobby && room.forgettable(self.cx.write_queue.is_some()) {
            return self.end_room(place);
        }
        room.emptied(&self.cx);
        let (added, waits) = (room.added, room.recent.loaded && room.seq() > 0 && self.cx.write_queue.is_some());
        self.state.rooms.list(place);
        if waits {
            self.state.forget_later(added, What::Recent(place));
        }
        self.leave_behind(place, self.cx.now);
    }

    /// Takes a person out of a room, and tells the person's sessions. The caller of
    /// this must tell the members. Returns the person as others see it.
    pub(super) fn put_out(&mut self, id: PersonId, place: PlaceId, text: Option<Arc<str>>) -> Option<Actor> {
        let room = self.state.rooms.get_mut(place)?;
        room.remove(id, &self.state.registry.person(id)?.nick);
        let left = Arc::new(Letter::new(Event::Left { room: Arc::clone(&room.shown), text }));
        for (session, outbox) in self.state.registry.outboxes(id) {
            room.unseat(session);
            self.effects.tell(outbox, &left);
        }
        let person = self.state.registry.person_mut(id)?;
        person.rooms.retain(|other| *other != place);
        person.spoke.remove(&place);
        // A guest is an op, and has a voice, only until leaving the room.
        if let Identity::Guest(_) = person.identity {
            room.voices.remove(&person.identity);
            room.roles.retain(|identity, role| *identity != person.identity || *role != Role::Op);
        }
        if let Some(account) = person.account()
            && person.memberships.remove(&place).is_some()
        {
            self.cx.store(Record::MembershipEnded(account, place));
        }
        let (next, sessions, nick) = (person.rooms.last().copied(), person.sessions.clone(), person.face.clone());
        for session in sessions {
            if self.state.registry.session(session).is_some_and(|session| session.current == Some(place)) {
                self.set_current(session, next);
            }
        }
        Some(nick)
    }

    fn set_current(&mut self, session: SessionId, place: Option<PlaceId>) {
        let Some(known) = self.state.registry.session_mut(session) else { return };
        let before = std::mem::replace(&mut known.current, place);
        if before == place {
            return;
        }
        let turn = |rooms: &mut Directory, place: Option<PlaceId>, elsewhere| {
            if let Some(room) = place.and_then(|place| rooms.get_mut(place)) {
                room.turn(session, elsewhere);
            }
        };
        turn(&mut self.state.rooms, before, true);
        turn(&mut self.state.rooms, place, false);
    }
}

impl Change<'_> {
    /// Takes the caller into a room, unless there is something to be shown first.
    pub(super) fn join(&mut self, request: &JoinRequest) -> Result<Option<CatchUp>, Halt> {
        let place = self.room_to_join(request)?;
        let room = self.state.rooms.at(place)?;
        let missed = room.missed(request.seen.as_ref(), &self.cx);
        if missed.is_none() {
            if request.answer {
                let room = Arc::clone(&room.shown);
                self.answer(Done::Join { room });
            }
            self.go_in(place, request.seen)?;
        }
        Ok(missed)
    }

    /// The room to enter: one that the caller may enter, or a new one.
    fn room_to_join(&mut self, request: &JoinRequest) -> Result<PlaceId, Halt> {
        let (name, limits) = (&request.room, self.cx.limits);
        let person = self.person()?;
        let room = self.state.rooms.named(name);
        let newcomer = room.is_none_or(|room| !room.members.contains(&self.caller.person));
        if newcomer && person.rooms.len() >= limits.rooms_per_person {
            return Err(ChatError::TooManyRooms(limits.rooms_per_person).into());
        }
        if let Some(room) = room {
            if newcomer {
                self.may_come_in(room, request.key.as_deref())?;
            }
            room.must_be_loaded(&self.cx)?;
            return Ok(room.place);
        }
        // The caller gave a key, so means a room with a key. A new room would be open to all.
        if request.key.is_some() {
            return Err(ChatError::RoomNew(name.clone()).into());
        }
        if let Some(other) = self.state.rooms.like(name) {
            // The name of a room that the caller may not know of is not told here either.
            let known = self.state.may_know(self.caller.person, other, self.cx.now);
            let other = if known { &other.name } else { name }.clone();
            return Err(ChatError::RoomConfusable(name.clone(), other).into());
        }
        self.make_space();
        if self.state.rooms.len() >= limits.rooms {
            return Err(ChatError::ServerRoomsFull(limits.rooms).into());
        }
        let address = self.state.registry.session(self.caller.session).map(|session| session.address);
        let maker = address.map(|address| Owner::of(self.caller.identity, address));
        Ok(self.make_room(name, maker))
    }

    /// Seats the person's sessions in a room, and shows them the room: the members,
    /// the recent messages. All of it is queued in this one critical section, so
    /// the next message comes after it, without gap or double. If the person is in
    /// the room already, the room is shown again, to the calling session only.
    fn go_in(&mut self, place: PlaceId, seen: Option<LastSeen>) -> Result<(), ChatError> {
        let newcomer = !self.state.rooms.at(place)?.members.contains(&self.caller.person);
        if newcomer {
            self.come_in(place)?;
        }
        self.show_room(place, seen, newcomer)?;
        if newcomer {
            self.person_mut()?.rooms.push(place);
        }
        self.talk_in(place);
        Ok(())
    }

    /// Seats a person who was not in the room, and tells the members.
    #[inline(never)]
    fn come_in(&mut self, place: PlaceId) -> Result<(), ChatError> {
        let (identity, nick) = (self.caller.identity, self.caller.face.clone());
        let room = Arc::clone(&self.state.rooms.at(place)?.shown);
        let away = self.person()?.away.clone();
        self.tell_all_in(place, Event::Join { room, nick, time: self.cx.now, away });
        let room = self.state.rooms.at_mut(place)?;
        let account = matches!(identity, Identity::Account(_)) && self.cx.write_queue.is_some();
        if account {
            room.store_once(&self.cx);
        }
        // The first person in an empty room is its op, unless the room is registered or the lobby.
        if room.members.is_empty() && !room.lasts(&self.cx) {
            room.give_role(&self.cx, identity, Some(Role::Op));
            self.state.registry.accounts.holds(identity, place, true);
        }
        let Some(person) = self.state.registry.person(self.caller.person) else { return Err(ChatError::NameFirst) };
        room.add(self.caller.person, Arc::from(person.nick.key()));
        for (session, outbox) in self.state.registry.outboxes(self.caller.person) {
            room.seat(session, outbox);
        }
        let seq = room.seq();
        self.state.left.remove(place);
        if account {
            self.add_membership(self.caller.person, place, seq);
        }
        Ok(())
    }

    /// Shows a room: to all sessions of a newcomer, else only to the calling session.
    #[inline(never)]
    fn show_room(&mut self, place: PlaceId, seen: Option<LastSeen>, newcomer: bool) -> Result<(), ChatError> {
        let (room, limits) = (self.state.rooms.at(place)?, self.cx.limits);
        let shown = || Arc::clone(&room.shown);
        let (topic, topic_by, topic_time) = Topic::told(room.topic.as_ref());
        let joined = Event::Joined {
            room: shown(),
            made: room.made,
            run: self.cx.run,
            seq: room.seq(),
            total: room.members.len(),
            topic,
            topic_by,
            topic_time,
        };
        let hidden = !room.settings.is_public();
        let mut letters = vec![letter(joined)];
        let mut members = self.state.members_of(room, None).peekable();
        loop {
            let piece = page(&mut members, limits.members_page, limits.answer_bytes);
            let more = members.peek().is_some();
            letters.push(letter(Event::Members { room: shown(), members: piece, hidden, more }));
            if !more {
                break;
            }
        }
        match seen.map(|seen| room.seen_up_to(&seen, self.cx.run)) {
            Some(after) => {
                let pieces = room.recent.history_since(&room.shown, after, limits);
                letters.extend(pieces.into_iter().map(|piece| letter(Event::History(piece))));
            }
            None => {
                let replay = room.recent.history(&room.shown, Page::Last, limits.replay, limits.answer_bytes);
                letters.push(letter(Event::History(replay)));
            }
        }
        for (session, outbox) in self.state.registry.outboxes(self.caller.person) {
            let own = session == self.caller.session;
            if own || newcomer && self.effects.keeps_up(outbox) {
                letters.iter().for_each(|letter| self.effects.answer_with(outbox, letter));
            }
        }
        Ok(())
    }

    /// Notes the room in which the calling session talks now. The person's other
    /// sessions talk there, too, only if they talked in no room.
    fn talk_in(&mut self, place: PlaceId) {
        let sessions: Vec<_> = self.state.registry.outboxes(self.caller.person).map(|(session, _)| session).collect();
        for session in sessions {
            let current = self.state.registry.session(session).and_then(|session| session.current);
            if session == self.caller.session || current.is_none() {
                self.set_current(session, Some(place));
            } else if let Some(room) = self.state.rooms.get_mut(place) {
                room.turn(session, current != Some(place));
            }
        }
    }

    pub(super) fn leave_room(&mut self, name: Option<&RoomName>, text: Option<Arc<str>>) -> Result<(), ChatError> {
        let room = self.own_room(name)?;
        let was_op = self.state.is_op_of(room, self.caller.person);
        let (place, room) = (room.place, Arc::clone(&room.shown));
        let text = self.state.side_words(self.caller.session, text, self.cx.now);
        self.answer(Done::Leave { room: Arc::clone(&room) });
        let Some(nick) = self.put_out(self.caller.person, place, text.clone()) else { return Ok(()) };
        self.tell_all_in(place, Event::Leave { room, nick: nick.clone(), text, time: self.cx.now });
        if was_op {
            self.hand_on(place, &nick);
        }
        self.forget_room(place);
        Ok(())
    }

    /// Says something in a room, or to one person.
    pub(super) fn say_at(&mut self, place: Option<&Place>, text: Arc<str>, kind: Kind) -> Result<(), Halt> {
        match place {
            Some(Place::With(nick)) => self.msg(nick, text, kind),
            Some(Place::Room(name)) => Ok(self.say(Some(name), text, Manner::By(kind))?),
            None => Ok(self.say(None, text, Manner::By(kind))?),
        }
    }

    /// Says something in a room.
    pub(super) fn say(&mut self, name: Option<&RoomName>, text: Arc<str>, manner: Manner) -> Result<(), ChatError> {
        if self.said_before() {
            return Ok(());
        }
        let message = self.say_in(name, Words { text, manner, file: None })?;
        let room = Arc::clone(&message.room);
        self.done_once(Done::Say { room, seq: message.seq, time: message.time, again: false });
        Ok(())
    }

    /// Says something in a room: the message gets its number, every member hears it,
    /// and it is queued for the database.
    pub(super) fn say_in(&mut self, name: Option<&RoomName>, words: Words) -> Result<Arc<Message>, ChatError> {
        let (room, inside) = match words.file {
            // To send a file is to read the place, too.
            Some(_) => (self.own_room(name)?, true),
            None => self.room_to_say_in(name)?,
        };
        self.may_speak(room)?;
        let place = room.place;
        let room = self.state.rooms.at_mut(place)?;
        let Words { text, manner, file } = words;
        let by_server = manner == Manner::ByServer;
        let message = Arc::new(Message {
            room: Arc::clone(&room.shown),
            seq: room.seq() + 1,
            from: if by_server { Actor::from(SERVER) } else { self.caller.face.clone() },
            text,
            time: self.cx.now,
            kind: if let Manner::By(kind) = manner { kind } else { Kind::Text },
            file,
            deleted: false,
            place,
        });
        let identity = self.caller.identity;
        room.recent.push(&message, identity, self.cx.limits);
        room.store_once(&self.cx);
        let stored = StoredMessage { place, identity, message: Arc::clone(&message) };
        room.added = self.cx.store_counted(Record::Message(stored));
        let letter = Arc::new(Letter::new(Event::Message(Arc::clone(&message))));
        room.fan_out(&letter, |session| !by_server && self.caller.skips_own(session), self.effects);
        self.effects.report(&letter);
        match inside {
            true => self.state.registry.spoke(self.caller.person, place, message.seq),
            false if self.caller.echo => self.effects.answer_with(&self.caller.outbox, &letter),
            false => {}
        }
        Ok(message)
    }

    /// Sets the topic of a room, or tells it.
    pub(super) fn topic(&mut self, name: Option<&RoomName>, topic: Option<Arc<str>>) -> Result<(), ChatError> {
        let room = self.own_or_any_room(name)?;
        let place = room.place;
        let Some(text) = topic else {
            let done = topic_of(room);
            self.answer(done);
            return Ok(());
        };
        self.may_set_topic(room)?;
        let room = self.state.rooms.at_mut(place)?;
        let text = Some(text).filter(|text| !text.is_empty());
        let changed = room.topic.as_ref().map(|topic| &topic.text) != text.as_ref();
        if changed {
            let (by, time) = (Some(Arc::clone(self.caller.face.nick())), self.cx.now);
            let set = |text| Topic { text, by, time: Some(time) };
            room.topic = text.clone().map(set);
            room.store(&self.cx);
            let (room, by) = (Arc::clone(&room.shown), self.caller.face.clone());
            self.tell_room(place, Event::Topic { room, topic: text, by, time });
        }
        let done = topic_of(self.state.rooms.at(place)?);
        self.answer_when_stored(done, Record::Barrier);
        Ok(())
    }
}

fn topic_of(room: &Room) -> Done {
    let (topic, topic_by, topic_time) = Topic::told(room.topic.as_ref());
    Done::Topic { room: Arc::clone(&room.shown), topic, topic_by, topic_time }
}

fn letter(event: Event) -> Arc<Letter> {
    Arc::new(Letter::new(event))
}
