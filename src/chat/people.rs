//! What people do that is not tied to one room: come, go, change their name, write to one another. Runs under the chat lock.

use std::collections::HashSet;
use std::sync::Arc;

use super::effects::Effects;
use super::memory::{Lost, Tags};
use super::outbox::Ending;
use super::registry::Session;
use super::restrictions::BanSubject;
use super::{Ask, Here, LoggedIn, LoginKind, LoginRequest, PersonId, SessionId, State};
use crate::answer::Done;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::CloseReason;
use crate::model::{Identity, ResumeId, Role};
use crate::names::{Nick, RoomName};
use crate::record::{Record, ResumeRow};
use crate::wire::Letter;

/// Who comes in, and what they bring along.
struct Arrival {
    person: PersonId,
    resume_id: ResumeId,
    resume_stored: bool,
    token: (Arc<str>, [u8; 32]),
    tags: Tags,
    /// The room in which they were talking, where they were here all the while.
    current: Option<RoomName>,
}

impl State {
    pub(super) fn enter(
        &mut self,
        entry: &LoginRequest<'_>,
        here: &Here<'_>,
        effects: &mut Effects,
    ) -> Result<LoggedIn, ChatError> {
        let older = entry.resume.as_deref().and_then(|token| self.tokens.session_of(token));
        // With a password it is that account which is meant, whosever the token is.
        let of = |older: &SessionId| self.registry.person(self.registry.session(*older)?.person)?.account();
        let older = older.filter(|older| entry.account.is_none_or(|id| of(older) == Some(id)));
        let older = older.filter(|older| !self.is_thrown_out(*older));
        let arrival = match older {
            Some(older) => self.take_over(older, entry, here, effects)?,
            None => self.arrive(entry, here, effects)?,
        };
        let Arrival { person, resume_id, resume_stored, token: (token, token_hash), tags, current } = arrival;
        let session = Session {
            person,
            outbox: Arc::clone(entry.outbox),
            echo: entry.echo,
            front: entry.front,
            current: current.clone(),
            address: entry.address,
            token: Arc::clone(&token),
            token_hash,
            replaced: false,
            resume_id,
            resume_stored,
            tags,
            roles: Vec::new(),
        };
        self.registry.attach(entry.session, session);
        self.tokens.bind(Arc::clone(&token), entry.session);
        if let Some(person) = self.registry.person_mut(person) {
            person.knows_own(&entry.memberships);
        }
        let Some(known) = self.registry.person(person) else { return Err(ChatError::Closing) };
        let (nick, account) = (Arc::clone(&known.shown), known.account());
        let already = known.rooms.clone();
        if account.is_some() || resume_stored {
            self.store_resume(here, entry.session);
        }
        let ask = self.ask(entry.session, entry.tag.clone(), *here)?;
        ask.answer(
            match entry.greeting {
                LoginKind::Hello => {
                    let registered = account.is_some();
                    Done::Hello { nick: Some(Arc::clone(&nick)), resume: Some(token), registered }
                }
                LoginKind::Nick => Done::Nick { nick: Arc::clone(&nick), resume: Some(token) },
                LoginKind::Login => Done::Login { nick: Arc::clone(&nick), resume: Some(token) },
            },
            effects,
        );
        for name in &already {
            if let Some(room) = self.rooms.get_mut(name.key()) {
                room.seat(entry.session, entry.outbox);
                room.turn(entry.session, current.as_ref() != Some(name));
            }
        }
        let rooms = entry.rooms.clone().unwrap_or_else(|| {
            let own = self.rooms_of(person, &entry.memberships);
            if own.is_empty() { vec![here.lobby.clone()] } else { own }
        });
        Ok(LoggedIn { nick, rooms, account })
    }

    /// Whether a session is ending for good, and has only not hung up yet: nobody takes it over.
    fn is_thrown_out(&self, session: SessionId) -> bool {
        let ending = self.registry.session(session).and_then(|session| session.outbox.closed());
        ending.is_some_and(|ending| matches!(ending.reason, CloseReason::Kicked | CloseReason::Quit))
    }

    /// Makes a new person; or somebody who went not long ago once more, with
    /// the old name if it is free and no other is asked for; or one more
    /// session of an account that is here.
    #[inline(never)]
    fn arrive(
        &mut self,
        entry: &LoginRequest<'_>,
        here: &Here<'_>,
        effects: &mut Effects,
    ) -> Result<Arrival, ChatError> {
        let lost = entry.resume.as_deref().and_then(|token| self.tokens.recent(token, here.now, here.limits));
        let before = match (lost, &entry.recalled) {
            (Some(lost), _) => Some((lost.nick.clone(), lost.identity, lost.resume_id)),
            (None, Some(ResumeRow { resume, .. })) => {
                let identity = resume.account.map_or(Identity::Guest(resume.id), Identity::Account);
                Some((resume.nick.clone(), identity, resume.id))
            }
            (None, None) => None,
        };
        // A password or a token of before may be on its way still.
        let recalled = entry.recalled.as_ref().and_then(|kept| Some((kept.resume.account?, kept.resume.seen)));
        for (id, time) in entry.account.map(|id| (id, entry.asked)).into_iter().chain(recalled) {
            if self.registry.accounts.changed_after(id, time) {
                return Err(ChatError::LoginFailed);
            }
        }
        let account = entry.account.or(match before {
            Some((_, Identity::Account(id), _)) => Some(id),
            _ => None,
        });
        let account = account.and_then(|id| self.registry.accounts.get(id).cloned());
        let resume_id = before.as_ref().map_or(ResumeId(self.last.resume + 1), |(_, _, resume_id)| *resume_id);
        let person = match account {
            Some(account) => {
                let identity = Identity::Account(account.id);
                self.check_server_ban(
                    here,
                    &BanSubject::new(identity, resume_id, account.nick.clone(), entry.address),
                )?;
                match self.registry.here(identity) {
                    Some(person) => person,
                    None => {
                        self.make_way(here, &account.nick, None, effects);
                        self.registry.claim(&account.nick, identity, here.now)?
                    }
                }
            }
            None => {
                let identity = Identity::Guest(resume_id);
                // A session that was replaced may outlast the one that was lost, and still be the person.
                let ghost = self.registry.here(identity);
                let nick = match (&entry.nick, before.as_ref().map(|(nick, ..)| nick)) {
                    (Some(nick), _) => nick.clone(),
                    (None, Some(nick)) if self.registry.free(nick, ghost, identity).is_ok() => nick.clone(),
                    (None, _) => self.registry.offer(entry.seed),
                };
                let suspect = BanSubject::new(identity, resume_id, nick.clone(), entry.address);
                self.check_server_ban(here, &suspect)?;
                let earlier = before.as_ref().map(|(nick, ..)| BanSubject { nick: nick.clone(), ..suspect });
                earlier.as_ref().map_or(Ok(()), |earlier| self.check_server_ban(here, earlier))?;
                let person = match ghost {
                    Some(ghost) => {
                        self.give_name(ghost, &nick, |_| false, here, effects)?;
                        ghost
                    }
                    None => self.registry.claim(&nick, identity, here.now)?,
                };
                if let Some(earlier) = earlier {
                    self.name_follows(&earlier, here);
                }
                person
            }
        };
        let guest = self.registry.person(person).filter(|person| person.account().is_none());
        let current = guest.and_then(|guest| guest.rooms.last().cloned());
        self.last.resume = self.last.resume.max(resume_id.0);
        // Not before: who is refused one name may ask for another with the same token.
        let gone = entry.resume.as_deref().and_then(|token| self.tokens.redeem(token, here.now, here.limits));
        // The token stays: the answer that would tell a new one may be lost, too.
        let hash = |kept: bool| if kept { entry.resume_hash } else { entry.token.1 };
        Ok(match (gone, &entry.recalled, &entry.resume) {
            (Some((token, lost)), ..) => {
                self.take_roles_up(person, lost.roles);
                let token = (token, hash(true));
                Arrival { person, resume_id, resume_stored: lost.resume_stored, token, tags: lost.tags, current }
            }
            (None, Some(recalled), Some(resume)) => {
                let token = (Arc::from(&**resume), hash(true));
                let tags = Tags::recalled(&recalled.said, here.limits.tags);
                Arrival { person, resume_id, resume_stored: true, token, tags, current }
            }
            _ => {
                let token = (Arc::clone(&entry.token.0), hash(false));
                Arrival { person, resume_id, resume_stored: false, token, tags: Tags::default(), current }
            }
        })
    }

    /// The same session on a new connection: the older one is ended, and
    /// nobody else notices anything but another name, if it comes with one.
    #[cold]
    #[inline(never)]
    fn take_over(
        &mut self,
        older: SessionId,
        entry: &LoginRequest<'_>,
        here: &Here<'_>,
        effects: &mut Effects,
    ) -> Result<Arrival, ChatError> {
        let person = self.registry.session(older).ok_or(ChatError::Closing)?.person;
        let known = self.registry.person(person).ok_or(ChatError::Closing)?;
        let nick = entry.nick.as_ref().filter(|_| known.account().is_none()).unwrap_or(&known.nick).clone();
        let resume_id = self.registry.session(older).ok_or(ChatError::Closing)?.resume_id;
        self.check_server_ban(here, &BanSubject::new(known.identity, resume_id, nick.clone(), entry.address))?;
        self.check_banned_name(here, older, &nick)?;
        if let (Some(nick), Some(known)) = (&entry.nick, self.registry.person(person))
            && known.nick != *nick
            && known.account().is_none()
        {
            let own = known.sessions.clone();
            self.give_name(person, nick, |session| own.contains(&session), here, effects)?;
        }
        let text: Arc<str> = Arc::from("you came back on a new connection");
        let closing = Arc::new(Letter::new(Event::Closing { reason: CloseReason::Replaced, text }));
        let old = self.registry.session_mut(older).ok_or(ChatError::Closing)?;
        if old.outbox.close(CloseReason::Replaced, Some(closing)) {
            effects.outboxes.push(Arc::clone(&old.outbox));
        }
        // What it has not said yet is sent again here, with its tag: from there it would be said twice.
        old.replaced = true;
        Ok(Arrival {
            person,
            resume_id: old.resume_id,
            resume_stored: old.resume_stored,
            token: (Arc::clone(&old.token), old.token_hash),
            tags: std::mem::take(&mut old.tags),
            // Who takes over goes on talking where the older session talked.
            current: old.current.clone(),
        })
    }

    /// Takes a session out for good; and its person, if this was the last one.
    pub(super) fn depart(
        &mut self,
        id: SessionId,
        ending: Ending,
        here: &Here<'_>,
        effects: &mut Effects,
    ) -> Option<Arc<str>> {
        let person = self.registry.person(self.registry.session(id)?.person)?;
        let (shown, nick, identity) = (Arc::clone(&person.shown), person.nick.clone(), person.identity);
        let reason = ending.reason;
        let session = self.part(id, ending, here, effects)?;
        self.remember(session, nick, identity, reason, here);
        Some(shown)
    }

    /// Takes a session away from its person; and tells the neighbours, if it was the last one.
    #[inline(never)]
    pub(super) fn part(
        &mut self,
        session: SessionId,
        ending: Ending,
        here: &Here<'_>,
        effects: &mut Effects,
    ) -> Option<Session> {
        let known = self.registry.session(session)?.person;
        let ending = match ending.reason {
            CloseReason::Quit => Ending { text: self.side_words(session, ending.text, here), ..ending },
            _ => ending,
        };
        let person = self.registry.person(known)?;
        let (shown, rooms) = (Arc::clone(&person.shown), person.rooms.clone());
        for name in &rooms {
            if let Some(room) = self.rooms.get_mut(name.key()) {
                room.unseat(session);
            }
        }
        let (mut session, last) = self.registry.detach(session)?;
        if let Some(mut person) = last {
            let mut kept_order = Vec::new();
            let invited = std::mem::take(&mut person.invited);
            for name in rooms.iter().chain(&invited) {
                if let Some(room) = self.rooms.get_mut(name.key()) {
                    room.remove(known, &person.nick);
                    if room.roles.get(&person.identity) >= Some(&Role::Op) {
                        kept_order.push(name);
                    }
                    if let Identity::Guest(_) = person.identity
                        && let Some(role) = room.roles.remove(&person.identity)
                    {
                        session.roles.push((room.place, room.emptied, role));
                    }
                }
            }
            // A session that was replaced may outlast the one that replaced it: that one's end is the person's.
            let Ending { reason, text } = person.ending.take().unwrap_or(ending);
            let nick = Arc::clone(&shown);
            let letter = Arc::new(Letter::new(Event::Quit { nick, reason, text, time: here.now }));
            self.tell_neighbours(&rooms, &letter, |_| false, effects);
            kept_order.into_iter().for_each(|name| self.hand_on(name, &shown, here, effects));
            rooms.iter().for_each(|name| self.forget_room(name, here));
            if let Some(account) = person.account() {
                person.spoke.iter().for_each(|(place, seq)| here.keep(Record::Membership(account, *place, *seq)));
            }
            self.forget_conversations(person.identity, person.conversations, here);
        } else if !session.replaced && self.registry.are_replaced(known) {
            self.registry.person_mut(known)?.ending = Some(ending);
        }
        Some(session)
    }

    /// Keeps what is needed to bring somebody back who did not mean to go.
    #[inline(never)]
    fn remember(&mut self, session: Session, nick: Nick, identity: Identity, reason: CloseReason, here: &Here<'_>) {
        if session.replaced {
            return;
        }
        let Session { token, resume_id, resume_stored, tags, roles, .. } = session;
        match reason {
            CloseReason::ServerStopped => self.tokens.forget(&token),
            CloseReason::Quit | CloseReason::Kicked => {
                self.tokens.forget(&token);
                if resume_stored {
                    here.keep(Record::ResumeEnded(resume_id));
                }
            }
            _ => {
                let lost = Lost { time: here.now, nick, identity, resume_id, resume_stored, tags, roles };
                self.tokens.park(token, lost, here.limits);
            }
        }
    }

    /// Tells everybody in any of `rooms`, each session once.
    fn tell_neighbours(
        &self,
        rooms: &[RoomName],
        letter: &Arc<Letter>,
        deaf: impl Fn(SessionId) -> bool,
        effects: &mut Effects,
    ) {
        let mut told = HashSet::new();
        for room in rooms.iter().filter_map(|name| self.rooms.get(name.key())) {
            room.fan_out(letter, |session| deaf(session) || (rooms.len() > 1 && !told.insert(session)), effects);
        }
    }

    pub(super) fn named_already(&self, ask: &Ask<'_>) -> ChatError {
        self.registry
            .person(ask.person)
            .map_or(ChatError::NameFirst, |person| ChatError::NamedAlready(person.nick.clone()))
    }

    pub(super) fn rename(&mut self, ask: &Ask<'_>, nick: Option<Nick>, effects: &mut Effects) -> Result<(), ChatError> {
        let nick = nick.ok_or(ChatError::Missing { field: "nick", usage: "nick NAME" })?;
        if let Some(person) = self.registry.person(ask.person).filter(|person| person.account().is_some()) {
            return Err(ChatError::LoggedIn(person.nick.clone()));
        }
        self.check_banned_name(ask, ask.session, &nick)?;
        self.give_name(ask.person, &nick, |session| session == ask.session, ask, effects)?;
        ask.answer(Done::Nick { nick: Arc::from(nick.shown()), resume: None }, effects);
        Ok(())
    }

    /// Gives a person another name, if it is free, and tells the neighbours.
    pub(super) fn give_name(
        &mut self,
        id: PersonId,
        nick: &Nick,
        deaf: impl Fn(SessionId) -> bool,
        here: &Here<'_>,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        let person = self.registry.person(id).ok_or(ChatError::NameFirst)?;
        let (old, rooms, old_nick) = (Arc::clone(&person.shown), person.rooms.clone(), person.nick.clone());
        let before = person.sessions.first().and_then(|session| self.suspect_of(*session));
        self.registry.rename(id, nick)?;
        self.list_anew(id, &rooms, &old_nick, nick);
        if let Some(before) = before {
            self.name_follows(&before, here);
        }
        let new: Arc<str> = Arc::from(nick.shown());
        if old != new {
            let letter = Arc::new(Letter::new(Event::Nick { old, new, time: here.now }));
            self.tell_neighbours(&rooms, &letter, deaf, effects);
            effects.report(&letter);
        }
        Ok(())
    }

    pub(super) fn set_away(&mut self, ask: &Ask<'_>, text: Option<Arc<str>>, effects: &mut Effects) {
        let Some(person) = self.registry.person_mut(ask.person) else { return };
        if std::mem::replace(&mut person.away, text.clone()) == text {
            return;
        }
        let (nick, rooms) = (Arc::clone(&person.shown), person.rooms.clone());
        let letter = Arc::new(Letter::new(Event::Away { nick, text }));
        self.tell_neighbours(&rooms, &letter, |session| session == ask.session, effects);
    }
}
