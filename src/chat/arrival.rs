//! A session takes its name: as a new guest, as a guest who comes back, as an account, or in the place of an older connection of the same session. Runs under the chat lock.

use std::sync::Arc;

use super::memory::Tags;
use super::registry::Session;
use super::restrictions::BanSubject;
use super::{Change, LoggedIn, LoginKind, LoginRequest, PersonId, SessionId};
use crate::answer::Done;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, CloseReason, Identity, PlaceId, ResumeId, Seq, origin};
use crate::names::{Nick, RoomName};
use crate::record::ResumeRow;
use crate::wire::Letter;

/// What the session becomes.
enum Arrival {
    /// A guest without a token, or with an unknown one.
    NewGuest,
    /// A guest who comes back, with a token that is in memory or in the database.
    LostGuest(Nick, ResumeId),
    /// An account, by its password or its token; and the resume number of that token.
    Account(AccountId, Option<ResumeId>),
    /// The session is still there, on an older connection.
    TakeOver(SessionId),
}

/// What a session has when it begins.
struct Beginning {
    person: PersonId,
    resume_id: ResumeId,
    resume_stored: bool,
    token: (Arc<str>, [u8; 32]),
    tags: Tags,
    /// The room in which it talks, if its person was online all the time.
    current: Option<PlaceId>,
}

impl Change<'_, ()> {
    /// Gives a session its name, and a seat in the rooms in which its person is already.
    pub(super) fn enter(&mut self, request: &LoginRequest<'_>) -> Result<LoggedIn, ChatError> {
        let beginning = match self.arrival(request)? {
            Arrival::TakeOver(older) => {
                let beginning = self.take_over(older, request)?;
                let entered = self.attach(beginning, request)?;
                self.end_if_lingering(older, CloseReason::Replaced.into());
                return Ok(entered);
            }
            Arrival::Account(id, resume_id) => {
                let resume_id = resume_id.unwrap_or(self.next_resume_id());
                let person = self.account_arrives(id, resume_id, request)?;
                self.begin(person, resume_id, request)
            }
            Arrival::LostGuest(nick, resume_id) => {
                let person = self.guest_returns(&nick, resume_id, request)?;
                self.begin(person, resume_id, request)
            }
            Arrival::NewGuest => {
                let resume_id = self.next_resume_id();
                let person = self.guest_arrives(resume_id, request)?;
                self.begin(person, resume_id, request)
            }
        };
        self.attach(beginning, request)
    }

    fn next_resume_id(&self) -> ResumeId {
        ResumeId(self.state.last.resume + 1)
    }

    /// Finds out what the session becomes. Nothing has changed yet.
    #[inline(never)]
    fn arrival(&mut self, request: &LoginRequest<'_>) -> Result<Arrival, ChatError> {
        let (state, cx) = (&mut *self.state, &self.cx);
        let older = request.resume.as_deref().and_then(|token| state.tokens.session_of(token));
        if let Some(older) = older.filter(|_| !request.beside)
            && let Some(session) = state.registry.session(older)
        {
            let account = state.registry.person(session.person).and_then(|person| person.account());
            // With a password, that account is meant, whatever the token says.
            let is_meant = request.account.is_none_or(|id| account == Some(id));
            // A session that said goodbye is not taken over: its connection is only not closed yet.
            let ending = session.outbox.closed().map(|ending| ending.reason);
            if is_meant && !matches!(ending, Some(CloseReason::Kicked | CloseReason::Quit)) {
                return Ok(Arrival::TakeOver(older));
            }
        }
        let stored = request.recalled.as_ref().map(|row| &row.resume);
        // The password may have changed after this one was checked, or after this token was read.
        let recalled = stored.and_then(|stored| Some((stored.account?, stored.seen)));
        for (id, time) in request.account.map(|id| (id, request.asked)).into_iter().chain(recalled) {
            if state.registry.accounts.changed_after(id, time) {
                return Err(ChatError::LoginFailed);
            }
        }
        let here = older.filter(|_| request.beside).and_then(|older| state.subject_of(older));
        let lost = request.resume.as_deref().and_then(|token| state.tokens.recent(token, cx.now, cx.limits));
        let before = match (here, lost, stored) {
            (Some(here), ..) => Some((here.nick, here.identity, here.resume_id)),
            (None, Some(lost), _) => Some((lost.nick.clone(), lost.identity, lost.resume_id)),
            (None, None, Some(row)) => {
                Some((row.nick.clone(), row.account.map_or(Identity::Guest(row.id), Identity::Account), row.id))
            }
            (None, None, None) => None,
        };
        let account = request.account.or(match before {
            Some((_, Identity::Account(id), _)) => Some(id),
            _ => None,
        });
        let account = account.filter(|id| state.registry.accounts.get(*id).is_some());
        Ok(match (account, before) {
            // One more session, with a token of its own.
            (Some(id), _) if request.beside => Arrival::Account(id, None),
            // A guest has one session.
            (None, Some((nick, ..))) if request.beside => {
                let free = state.registry.near(&nick, request.seed);
                return Err(ChatError::NickInUse(nick, free));
            }
            (Some(id), before) => Arrival::Account(id, before.map(|(.., resume_id)| resume_id)),
            (None, Some((nick, _, resume_id))) => Arrival::LostGuest(nick, resume_id),
            (None, None) => Arrival::NewGuest,
        })
    }

    /// The person of a session that has no name yet, as bans see a person.
    fn newcomer(&self, identity: Identity, resume_id: ResumeId, nick: &Nick, request: &LoginRequest<'_>) -> BanSubject {
        let face = self.look(identity, request).face(nick, identity);
        BanSubject { identity, resume_id, nick: nick.clone(), origin: origin(request.address), face }
    }

    /// The person of an account, which may be online already, with other sessions.
    #[inline(never)]
    fn account_arrives(
        &mut self,
        id: AccountId,
        resume_id: ResumeId,
        request: &LoginRequest<'_>,
    ) -> Result<PersonId, ChatError> {
        let (identity, account) = (Identity::Account(id), self.state.registry.accounts.get(id));
        let nick = account.map(|account| account.nick.clone()).ok_or(ChatError::LoginFailed)?;
        let subject = self.newcomer(identity, resume_id, &nick, request);
        self.state.check_server_ban(&subject, self.cx.now)?;
        if let Some(person) = self.state.registry.online(identity) {
            return Ok(person);
        }
        self.make_way(&nick, None);
        let look = self.look(identity, request);
        self.state.registry.claim(&nick, identity, look, self.cx.now)
    }

    #[inline(never)]
    fn guest_arrives(&mut self, resume_id: ResumeId, request: &LoginRequest<'_>) -> Result<PersonId, ChatError> {
        let identity = Identity::Guest(resume_id);
        let nick = request.nick.clone().unwrap_or_else(|| self.state.registry.offer(request.seed));
        let subject = self.newcomer(identity, resume_id, &nick, request);
        self.state.check_server_ban(&subject, self.cx.now)?;
        let look = self.look(identity, request);
        self.state.registry.claim(&nick, identity, look, self.cx.now)
    }

    /// The person of a guest who comes back: with the old name, if it is free and the session wants no other.
    #[inline(never)]
    fn guest_returns(
        &mut self,
        before: &Nick,
        resume_id: ResumeId,
        request: &LoginRequest<'_>,
    ) -> Result<PersonId, ChatError> {
        let (identity, registry) = (Identity::Guest(resume_id), &self.state.registry);
        // A replaced session may end later than the lost one; then the person is still there.
        let ghost = registry.online(identity);
        let nick = match &request.nick {
            Some(nick) => nick.clone(),
            None if registry.free(before, ghost, identity).is_ok() => before.clone(),
            None => registry.offer(request.seed),
        };
        let subject = self.newcomer(identity, resume_id, &nick, request);
        self.state.check_server_ban(&subject, self.cx.now)?;
        let earlier = BanSubject { nick: before.clone(), ..subject };
        self.state.check_server_ban(&earlier, self.cx.now)?;
        let person = match ghost {
            Some(ghost) => {
                self.give_name(ghost, &nick, |_| false)?;
                ghost
            }
            None => {
                let look = self.look(identity, request);
                self.state.registry.claim(&nick, identity, look, self.cx.now)?
            }
        };
        self.name_follows(&earlier);
        Ok(person)
    }

    /// What the session begins with: what it had before, if its token is in memory or in the database.
    #[inline(never)]
    fn begin(&mut self, person: PersonId, resume_id: ResumeId, request: &LoginRequest<'_>) -> Beginning {
        let guest = self.state.registry.person(person).filter(|person| person.account().is_none());
        let current = guest.and_then(|guest| guest.rooms.last().copied());
        self.state.last.resume = self.state.last.resume.max(resume_id.0);
        let (now, limits) = (self.cx.now, self.cx.limits);
        // Only here: after a refused name, the session may try another name with the same token.
        let resume = request.resume.as_deref().filter(|_| !request.beside);
        let lost = resume.and_then(|token| self.state.tokens.redeem(token, now, limits));
        // The token is not replaced: the answer with a new token might be lost, too.
        let (token, tags, resume_stored) = match (lost, &request.recalled, resume) {
            (Some((token, lost)), ..) => {
                self.take_roles_up(person, lost.standings);
                ((token, request.resume_hash), lost.tags, lost.resume_stored)
            }
            (None, Some(ResumeRow { said, .. }), Some(resume)) => {
                ((Arc::from(resume), request.resume_hash), Tags::recalled(said, limits.tags), true)
            }
            (None, ..) => (request.token.clone(), Tags::default(), false),
        };
        Beginning { person, resume_id, resume_stored, token, tags, current }
    }

    /// The same session on a new connection: the older connection is closed. Other
    /// people notice nothing, except a new name if the session comes with one.
    #[cold]
    #[inline(never)]
    fn take_over(&mut self, older: SessionId, request: &LoginRequest<'_>) -> Result<Beginning, ChatError> {
        let subject = self.state.subject_of(older).ok_or(ChatError::Closing)?;
        let is_guest = matches!(subject.identity, Identity::Guest(_));
        let wanted = request.nick.as_ref().filter(|_| is_guest).unwrap_or(&subject.nick).clone();
        let come = BanSubject { nick: wanted.clone(), origin: origin(request.address), ..subject.clone() };
        self.state.check_server_ban(&come, self.cx.now)?;
        self.state.check_banned_name(older, &wanted, self.cx.now)?;
        let person = self.state.registry.session(older).ok_or(ChatError::Closing)?.person;
        if wanted != subject.nick {
            let own = self.state.registry.person(person).map_or(Vec::new(), |person| person.sessions.clone());
            self.give_name(person, &wanted, |session| own.contains(&session))?;
        }
        let text: Arc<str> = Arc::from("you came back on a new connection");
        let closing = Arc::new(Letter::new(Event::Closing { reason: CloseReason::Replaced, text }));
        let old = self.state.registry.session_mut(older).ok_or(ChatError::Closing)?;
        if old.outbox.close(CloseReason::Replaced, Some(closing)) {
            self.effects.outboxes.push(Arc::clone(&old.outbox));
        }
        // The client sends its open commands again on the new connection. From the old one they would be said twice.
        old.replaced = true;
        Ok(Beginning {
            person,
            resume_id: old.resume_id,
            resume_stored: old.resume_stored,
            token: (Arc::clone(&old.token), old.token_hash),
            tags: std::mem::take(&mut old.tags),
            // The new session talks in the room in which the older one talked.
            current: old.current,
        })
    }

    /// A guest who comes back from another address has another host.
    fn come_from(&mut self, id: PersonId, request: &LoginRequest<'_>) {
        let Some(person) = self.state.registry.person(id) else { return };
        let host = self.cx.host(person.identity, request.address);
        if person.face.host() != &*host {
            let who = person.face.with(|parts| parts.host = &host);
            self.change_face(id, who, true, |session| session == request.session);
        }
    }

    /// Adds the session to its person, answers, and seats it in the rooms of the person.
    #[inline(never)]
    fn attach(&mut self, beginning: Beginning, request: &LoginRequest<'_>) -> Result<LoggedIn, ChatError> {
        let Beginning { person, resume_id, resume_stored, token: (token, token_hash), tags, current } = beginning;
        let session = Session {
            person,
            outbox: Arc::clone(request.outbox),
            echo: request.echo,
            wants: request.wants,
            oper: false,
            front: request.front,
            current,
            address: request.address,
            token: Arc::clone(&token),
            token_hash,
            replaced: false,
            lingers: false,
            resume_id,
            resume_stored,
            tags,
            standings: Vec::new(),
        };
        self.state.registry.attach(request.session, session);
        self.state.tokens.bind(Arc::clone(&token), request.session);
        if let Some(person) = self.state.registry.person_mut(person) {
            person.knows_own(&request.memberships);
        }
        self.come_from(person, request);
        let mut change = self.on_behalf_of(request.session, request.tag.clone())?;
        let (nick, account) = (change.caller.face.clone(), change.caller.account());
        if account.is_some() || resume_stored {
            change.store_resume(request.session);
        }
        let (shown, registered) = (nick.clone(), account.is_some());
        change.answer(match request.greeting {
            LoginKind::Hello => Done::Hello { nick: Some(shown), resume: Some(token), registered },
            LoginKind::Nick => Done::Nick { nick: shown, resume: Some(token) },
            LoginKind::Login => Done::Login { nick: shown, resume: Some(token) },
        });
        for place in change.person()?.rooms.clone() {
            let room = change.state.rooms.at_mut(place)?;
            room.seat(request.session, request.outbox);
            room.turn(request.session, current != Some(place));
        }
        let rooms = request.rooms.clone().unwrap_or_else(|| change.rooms_to_enter(&request.memberships, request.own));
        Ok(LoggedIn { nick, rooms, account })
    }
}

impl Change<'_> {
    /// The rooms of the caller's person: those the person is in, and those of the account; or the lobby, unless `only_own`.
    fn rooms_to_enter(&self, memberships: &[(PlaceId, Seq)], only_own: bool) -> Vec<RoomName> {
        let places = self.state.rooms_of(self.caller.person, memberships);
        let rooms: Vec<RoomName> = self.state.rooms.among(&places).map(|room| room.name.clone()).collect();
        if rooms.is_empty() && !only_own { vec![self.cx.lobby.clone()] } else { rooms }
    }
}
