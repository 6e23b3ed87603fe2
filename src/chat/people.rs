//! What people do that is not tied to one room: come, go, change their name, write to one another. Runs under the chat lock.

use std::collections::HashSet;
use std::sync::Arc;

use super::outbox::Ending;
use super::registry::{Person, Session};
use super::touched::Touched;
use super::{Ask, Entered, Entry, PersonId, SessionId, State};
use crate::error::ChatError;
use crate::event::{CloseReason, Done, Event, Millis, WhoisInfo};
use crate::limits::Limits;
use crate::names::{Nick, RoomName};
use crate::wire::Letter;

impl State {
    pub(super) fn enter(
        &mut self,
        entry: Entry<'_>,
        now: Millis,
        limits: &Limits,
        lobby: &RoomName,
        touched: &mut Touched,
    ) -> Result<Entered, ChatError> {
        let person = match entry.resume.as_deref().and_then(|token| self.tokens.owner(token)) {
            Some(person) => self.take_over(person, entry.nick.as_ref(), now, touched)?,
            None => self.arrive(&entry, now, limits)?,
        };
        // Who takes over goes on talking where the older session talked.
        let older = self.registry.person(person).and_then(|person| person.sessions.last());
        let current = older.and_then(|id| self.registry.session(*id)?.current.clone());
        let session = Session {
            person,
            outbox: Arc::clone(entry.outbox),
            echo: entry.echo,
            front: entry.front,
            current: current.clone(),
        };
        self.registry.attach(entry.session, session);
        let Some(known) = self.registry.person(person) else { return Err(ChatError::Closing) };
        let (nick, resume) = (Arc::clone(&known.shown), Some(Arc::clone(&known.token)));
        let already = known.rooms.clone();
        let ask = self.ask(entry.session, entry.tag, now, limits, lobby)?;
        let done = if entry.hello {
            Done::Hello { nick: Some(Arc::clone(&nick)), resume }
        } else {
            Done::Nick { nick: Arc::clone(&nick), resume }
        };
        ask.answer(done, touched);
        for name in &already {
            if let Some(room) = self.rooms.get_mut(name.key()) {
                room.seat(entry.session, entry.outbox);
                room.turn(entry.session, current.as_ref() != Some(name));
            }
        }
        let rooms = entry.rooms.unwrap_or_else(|| if already.is_empty() { vec![lobby.clone()] } else { already });
        Ok(Entered { nick, rooms })
    }

    /// Makes a new person; or somebody who went not long ago once more, with
    /// the old name if it is free and no other is asked for.
    #[inline(never)]
    fn arrive(&mut self, entry: &Entry<'_>, now: Millis, limits: &Limits) -> Result<PersonId, ChatError> {
        let before = entry.resume.as_deref().and_then(|token| self.tokens.nick(token, now, limits));
        let nick = match (&entry.nick, before) {
            (Some(nick), _) => nick.clone(),
            (None, Some(nick)) if !self.registry.taken(&nick) => nick,
            (None, _) => self.registry.offer(entry.seed),
        };
        let person = self.registry.claim(&nick, Arc::clone(&entry.token), now)?;
        // Not before: who is refused one name may ask for another with the same token.
        let gone = entry.resume.as_deref().and_then(|token| self.tokens.redeem(token, now, limits));
        if let (Some((token, tags)), Some(person)) = (gone, self.registry.person_mut(person)) {
            // The token stays: the answer that would tell a new one may be lost, too.
            (person.token, person.tags) = (token, tags);
        }
        if let Some(token) = self.registry.person(person).map(|person| Arc::clone(&person.token)) {
            self.tokens.here(token, person);
        }
        Ok(person)
    }

    /// The same person on a new connection: the older sessions are ended, and
    /// nobody else notices anything but another name, if it comes with one.
    #[cold]
    #[inline(never)]
    fn take_over(
        &mut self,
        person: PersonId,
        nick: Option<&Nick>,
        now: Millis,
        touched: &mut Touched,
    ) -> Result<PersonId, ChatError> {
        if let (Some(nick), Some(known)) = (nick, self.registry.person(person))
            && known.nick != *nick
        {
            let own = known.sessions.clone();
            self.give_name(person, nick, |session| own.contains(&session), now, touched)?;
        }
        let text: Arc<str> = Arc::from("you came back on a new connection");
        let closing = Arc::new(Letter::new(Event::Closing { reason: CloseReason::Replaced, text }));
        for (_, outbox) in self.registry.outboxes(person) {
            if outbox.close(CloseReason::Replaced, Some(Arc::clone(&closing))) {
                touched.outboxes.push(Arc::clone(outbox));
            }
        }
        Ok(person)
    }

    /// Takes a session out; and its person, if this was the last one.
    pub(super) fn depart(
        &mut self,
        session: SessionId,
        ending: Ending,
        now: Millis,
        limits: &Limits,
        lobby: &RoomName,
        touched: &mut Touched,
    ) -> Option<Arc<str>> {
        let known = self.registry.session(session)?.person;
        let person = self.registry.person(known)?;
        let (shown, rooms) = (Arc::clone(&person.shown), person.rooms.clone());
        let newest = person.sessions.last() == Some(&session);
        for name in &rooms {
            if let Some(room) = self.rooms.get_mut(name.key()) {
                room.unseat(session);
            }
        }
        let (_, last) = self.registry.detach(session)?;
        if let Some(mut person) = last {
            for name in &rooms {
                if let Some(room) = self.rooms.get_mut(name.key()) {
                    room.members.remove(&known);
                }
            }
            // A session that was replaced may outlast the one that replaced it: that one's end is the person's.
            let Ending { reason, text } = person.ending.take().unwrap_or(ending);
            let letter = Arc::new(Letter::new(Event::Quit { nick: Arc::clone(&shown), reason, text, time: now }));
            self.tell_neighbours(&rooms, &letter, |_| false, touched);
            rooms.iter().for_each(|name| self.forget_room(name, lobby));
            self.remember(person, reason, now, limits);
        } else if newest {
            self.registry.person_mut(known)?.ending = Some(ending);
        }
        Some(shown)
    }

    /// Keeps what is needed to bring somebody back who did not mean to go.
    fn remember(&mut self, person: Person, reason: CloseReason, now: Millis, limits: &Limits) {
        match reason {
            CloseReason::Quit | CloseReason::Kicked | CloseReason::ServerStopped => self.tokens.forget(&person.token),
            _ => self.tokens.gone(person.token, person.nick, person.tags, now, limits),
        }
    }

    /// Tells everybody in any of `rooms`, each session once.
    fn tell_neighbours(
        &self,
        rooms: &[RoomName],
        letter: &Arc<Letter>,
        deaf: impl Fn(SessionId) -> bool,
        touched: &mut Touched,
    ) {
        let mut told = HashSet::new();
        for room in rooms.iter().filter_map(|name| self.rooms.get(name.key())) {
            room.fan_out(letter, |session| deaf(session) || (rooms.len() > 1 && !told.insert(session)), touched);
        }
    }

    pub(super) fn named_already(&self, ask: &Ask<'_>) -> ChatError {
        self.registry
            .person(ask.person)
            .map_or(ChatError::NameFirst, |person| ChatError::NamedAlready(person.nick.clone()))
    }

    pub(super) fn rename(&mut self, ask: &Ask<'_>, nick: Option<Nick>, touched: &mut Touched) -> Result<(), ChatError> {
        let nick = nick.ok_or(ChatError::Missing { field: "nick", usage: "nick NAME" })?;
        self.give_name(ask.person, &nick, |session| session == ask.session, ask.now, touched)?;
        ask.answer(Done::Nick { nick: Arc::from(nick.shown()), resume: None }, touched);
        Ok(())
    }

    /// Gives a person another name, if it is free, and tells the neighbours.
    fn give_name(
        &mut self,
        id: PersonId,
        nick: &Nick,
        deaf: impl Fn(SessionId) -> bool,
        now: Millis,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        let Some(person) = self.registry.person(id) else { return Err(ChatError::NameFirst) };
        let (old, rooms) = (Arc::clone(&person.shown), person.rooms.clone());
        self.registry.rename(id, nick)?;
        let new: Arc<str> = Arc::from(nick.shown());
        if old != new {
            let letter = Arc::new(Letter::new(Event::Nick { old, new, time: now }));
            self.tell_neighbours(&rooms, &letter, deaf, touched);
            touched.report(&letter);
        }
        Ok(())
    }

    pub(super) fn set_away(&mut self, ask: &Ask<'_>, text: Option<Arc<str>>, touched: &mut Touched) {
        let Some(person) = self.registry.person_mut(ask.person) else { return };
        if std::mem::replace(&mut person.away, text.clone()) == text {
            return;
        }
        let (nick, rooms) = (Arc::clone(&person.shown), person.rooms.clone());
        let letter = Arc::new(Letter::new(Event::Away { nick, text }));
        self.tell_neighbours(&rooms, &letter, |session| session == ask.session, touched);
    }

    /// Delivers a private line to every session of both sides.
    pub(super) fn write_to(
        &mut self,
        ask: &Ask<'_>,
        to: PersonId,
        text: Arc<str>,
        touched: &mut Touched,
    ) -> Result<(), ChatError> {
        if self.said_before(ask, touched) {
            return Ok(());
        }
        let Some(from) = self.registry.person(ask.person) else { return Err(ChatError::NameFirst) };
        let Some(reader) = self.registry.person(to) else { return Err(ChatError::NobodyToReplyTo) };
        let (from, name, away) = (Arc::clone(&from.shown), Arc::clone(&reader.shown), reader.away.clone());
        let event = Event::Private { from, to: Arc::clone(&name), text, time: ask.now };
        let letter = Arc::new(Letter::new(event));
        let own = self.registry.outboxes(ask.person).filter(|(session, _)| to != ask.person && !ask.is_deaf(*session));
        for (_, outbox) in self.registry.outboxes(to).chain(own) {
            touched.tell(outbox, &letter, false);
        }
        if let Some(reader) = self.registry.person_mut(to) {
            reader.correspondent = Some(ask.person);
        }
        self.done_once(ask, Done::Msg { to: name, time: ask.now, away, again: false }, touched);
        Ok(())
    }

    pub(super) fn whois(&self, ask: &Ask<'_>, nick: &Nick, touched: &mut Touched) -> Result<(), ChatError> {
        let person = self.registry.called(nick).and_then(|id| self.registry.person(id));
        let person = person.ok_or_else(|| ChatError::NoSuchNick(nick.shown().to_owned()))?;
        let fronts = person.sessions.iter().filter_map(|id| self.registry.session(*id));
        let info = WhoisInfo {
            nick: Arc::clone(&person.shown),
            rooms: person.rooms.iter().map(|room| Arc::from(room.shown())).collect(),
            since: person.since,
            idle: u64::try_from(ask.now - person.active).unwrap_or(0) / 1000,
            fronts: fronts.map(|session| session.front.to_owned()).collect(),
            away: person.away.clone(),
        };
        ask.answer(Done::Whois(info), touched);
        Ok(())
    }

    /// Answers a command whose tag was used before with what it made then;
    /// whether it was one. A client that lost its connection sends again what
    /// it has no answer to, and must not be heard twice.
    pub(super) fn said_before(&self, ask: &Ask<'_>, touched: &mut Touched) -> bool {
        let tags = self.registry.person(ask.person).map(|person| &person.tags);
        let Some(done) = ask.tag.as_ref().and_then(|tag| tags?.get(tag)) else { return false };
        let mut done = done.clone();
        if let Done::Say { again, .. } | Done::Msg { again, .. } = &mut done {
            *again = true;
        }
        ask.answer(done, touched);
        true
    }

    /// Answers, and remembers the tag with the answer.
    pub(super) fn done_once(&mut self, ask: &Ask<'_>, done: Done, touched: &mut Touched) {
        if let (Some(tag), Some(person)) = (&ask.tag, self.registry.person_mut(ask.person)) {
            person.tags.put(tag.clone(), done.clone(), ask.limits.tags);
        }
        ask.answer(done, touched);
    }
}
