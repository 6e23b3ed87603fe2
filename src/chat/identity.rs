//! Accounts and their names: register, log in, log out, claim. Runs under the chat lock; knows no passwords, only that one was right.

use std::sync::Arc;

use super::outbox::Ending;
use super::registry::Look;
use super::restrictions::BanSubject;
use super::{Change, LoggedIn, PersonId, Proven, State};
use crate::answer::Done;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, CloseReason, Identity, PlaceId, Seq, Target};
use crate::names::Nick;
use crate::record::{AccountRecord, Record};
use crate::wire::Letter;

impl<C> Change<'_, C> {
    /// Makes the account of a person a member of a place, read up to `seq`, unless it is a member already.
    pub(super) fn add_membership(&mut self, person: PersonId, place: PlaceId, seq: Seq) {
        if let Some(person) = self.state.registry.person_mut(person)
            && let Some(account) = person.account()
            && !person.memberships.contains_key(&place)
        {
            person.memberships.insert(place, seq);
            self.cx.store(Record::Membership(account, place, seq));
        }
    }

    /// Renames the guests that have this name or one that looks like it, but not the person `rightful`.
    pub(super) fn make_way(&mut self, nick: &Nick, rightful: Option<PersonId>) {
        for id in self.state.registry.holders(nick) {
            let person = self.state.registry.person(id).filter(|person| person.account().is_none());
            let Some(person) = person.filter(|_| Some(id) != rightful) else { continue };
            let (in_a_room, by) = (!person.rooms.is_empty(), person.face.clone());
            let free = self.state.registry.near(nick, self.cx.now.unsigned_abs());
            // It cannot be refused: the name was just found free.
            let _ = self.give_name(id, &free, |_| false);
            if !in_a_room {
                let (old, new) = (Arc::clone(by.nick()), Arc::from(free.shown()));
                let renamed = Arc::new(Letter::new(Event::Nick { old, new, by, time: self.cx.now }));
                self.tell_person(id, &renamed, |_| false);
            }
            let text = format!("{nick} belongs to an account, and its owner is here; you are {free} now");
            let notice = Arc::new(Letter::new(Event::Notice { text: text.into() }));
            self.tell_person(id, &notice, |_| false);
        }
    }
}

impl Change<'_> {
    /// The account to which the caller is logged in.
    pub(super) fn own_account(&self) -> Result<AccountId, ChatError> {
        if self.cx.write_queue.is_none() {
            return Err(ChatError::NothingKept);
        }
        self.caller.account().ok_or(ChatError::LoginFirst)
    }

    /// Checks that the caller's name can become an account.
    pub(super) fn may_register(&self) -> Result<(), ChatError> {
        if self.cx.write_queue.is_none() {
            return Err(ChatError::NothingKept);
        }
        if self.caller.account().is_some() {
            return Err(ChatError::LoggedIn(self.person()?.nick.clone()));
        }
        if self.state.registry.accounts.count() >= self.cx.limits.accounts {
            return Err(ChatError::AccountsFull(self.cx.limits.accounts));
        }
        Ok(())
    }

    /// Makes an account of the caller's name; `hash` is the hash of its password.
    pub(super) fn register(&mut self, hash: Arc<str>) -> Result<(), ChatError> {
        self.may_register()?;
        let (guest, nick, subject) = (self.caller.identity, self.person()?.nick.clone(), self.subject()?);
        self.state.registry.free(&nick, Some(self.caller.person), guest)?;
        self.state.last.account += 1;
        let id = AccountId(self.state.last.account);
        let account =
            AccountRecord { id, nick, made: self.cx.now, op: false, about: self.person()?.face.about().cloned() };
        self.state.registry.accounts.insert(account.clone());
        self.cx.store(Record::Account(account, hash));
        // All targets of the restrictions are followed, because the new account is this same person.
        let targets = [Target::Account(id), Target::Resume(subject.resume_id)];
        self.state.restrictions.follow(&subject, |_| true, &targets, &self.cx);
        self.become_account(id)?;
        self.take_conversations_along(guest, id)?;
        self.store_resumes(self.caller.person);
        let nick = self.person()?.face.clone();
        self.answer_when_stored(Done::Register { nick }, Record::Barrier);
        Ok(())
    }

    /// The calling guest is that account from here on. The account gets the guest's rooms, and the guest's roles there.
    fn become_account(&mut self, id: AccountId) -> Result<(), ChatError> {
        let (guest, account) = (self.caller.identity, Identity::Account(id));
        let person = self.person()?;
        let (rooms, invited) = (person.rooms.clone(), person.invited.clone());
        self.take_face_of(id)?;
        self.state.registry.becomes(self.caller.person, account);
        self.caller.identity = account;
        // Invitations, too: a guest may have a role in a room without being in it.
        for place in rooms.iter().chain(&invited) {
            let Some(room) = self.state.rooms.get_mut(*place) else { continue };
            let role = room.roles.remove(&guest);
            let more = role.filter(|role| room.roles.get(&account) < Some(role));
            let voice = room.voices.remove(&guest);
            if more.is_some() || voice || room.members.contains(&self.caller.person) {
                room.store_once(&self.cx);
            }
            if more.is_some() {
                room.give_role(&self.cx, account, more);
            }
            if voice {
                room.give_voice(&self.cx, account, true);
            }
            self.state.registry.accounts.holds(account, *place, room.knows(account));
        }
        for place in rooms {
            let seq = self.state.rooms.at(place)?.seq();
            self.add_membership(self.caller.person, place, seq);
        }
        Ok(())
    }

    /// Makes the calling session a session of an account, whose password was right.
    /// Returns the rooms that the session has yet to enter.
    pub(super) fn login(&mut self, proven: Proven) -> Result<LoggedIn, ChatError> {
        let Proven { account, memberships, asked } = proven;
        let person = self.person()?;
        if person.account().is_some() {
            return Err(ChatError::LoggedIn(person.nick.clone()));
        }
        let mut already = person.rooms.clone();
        let accounts = &self.state.registry.accounts;
        let nick = accounts.get(account).filter(|_| !accounts.changed_after(account, asked));
        let nick = nick.map(|account| account.nick.clone()).ok_or(ChatError::LoginFailed)?;
        let (guest, identity) = (self.subject()?, Identity::Account(account));
        self.state.check_server_ban(&BanSubject { identity, ..guest.clone() }, self.cx.now)?;
        // Only by the resume number: the same address or name may be another person's.
        let is_certain: fn(&Target) -> bool = |target| matches!(target, Target::Resume(_));
        self.state.restrictions.follow(&guest, is_certain, &[Target::Account(account)], &self.cx);
        if let Some(person) = self.state.registry.online(identity) {
            self.move_session(person, "logged in")?;
            already.clear();
        } else {
            self.make_way(&nick, Some(self.caller.person));
            self.person_mut()?.knows_own(&memberships);
            self.become_account(account)?;
            let own = self.caller.session;
            self.give_name(self.caller.person, &nick, |session| session == own)?;
        }
        self.leave_where_banned()?;
        self.store_resume(self.caller.session);
        let nick = self.person()?.face.clone();
        self.answer(Done::Login { nick: nick.clone(), resume: None });
        let rooms = self.state.rooms_of(self.caller.person, &memberships);
        // The session has seen the rooms in which it already was.
        let rooms = self.state.rooms.among(rooms.iter().filter(|place| !already.contains(place)));
        let rooms = rooms.map(|room| room.name.clone()).collect();
        Ok(LoggedIn { nick, rooms, account: Some(account) })
    }

    /// Moves the calling session from its person to the person `to`: out of the
    /// rooms of the one, and into the rooms of the other.
    fn move_session(&mut self, to: PersonId, why: &str) -> Result<(), ChatError> {
        let rooms = self.person()?.rooms.clone();
        for room in self.state.rooms.among(&rooms) {
            self.effects.tell_event(&self.caller.outbox, Event::Left { room: Arc::clone(&room.shown), text: None });
        }
        let ending = Ending { reason: CloseReason::Quit, text: Some(Arc::from(why)) };
        let id = self.caller.session;
        let mut session = self.part(id, ending).ok_or(ChatError::NameFirst)?;
        session.person = to;
        session.current = None;
        self.state.registry.attach(id, session);
        let tag = self.caller.tag.take();
        self.caller = self.state.caller(id, tag)?;
        let rooms = self.person()?.rooms.clone();
        for place in rooms {
            self.state.rooms.at_mut(place)?.seat(id, &self.caller.outbox);
        }
        Ok(())
    }

    /// Makes the calling session a session of a new guest, with a free name near its old name.
    pub(super) fn logout(&mut self, why: &str) -> Result<LoggedIn, ChatError> {
        if self.caller.account().is_none() {
            return Err(ChatError::LoginFirst);
        }
        let session = self.caller.session;
        let free = self.state.registry.near(&self.person()?.nick, session.0);
        let subject = self.subject()?;
        let identity = Identity::Guest(subject.resume_id);
        let face = self.person()?.face.clone();
        let (host, about) = (self.cx.host(identity, subject.origin), face.about().cloned());
        let look = Look { user: face.user(), host, about };
        let guest = self.state.registry.claim(&free, identity, look, self.cx.now)?;
        let is_certain: fn(&Target) -> bool = |target| matches!(target, Target::Account(_) | Target::Resume(_));
        self.state.restrictions.follow(&subject, is_certain, &subject.lasting(), &self.cx);
        self.move_session(guest, why)?;
        self.store_resume(session);
        Ok(LoggedIn { nick: self.caller.face.clone(), rooms: vec![self.cx.lobby.clone()], account: None })
    }

    /// Makes the caller's account an op of the server, if `code` is the code that the server printed.
    pub(super) fn claim(&mut self, code: &str) -> Result<(), ChatError> {
        let id = self.own_account()?;
        if self.state.claim.as_deref() != Some(code) {
            return Err(ChatError::ClaimFailed);
        }
        self.state.claim = None;
        self.state.registry.accounts.set_op(id, true);
        self.answer_when_stored(Done::Claim, Record::ServerOp(id, true));
        Ok(())
    }
}

impl State {
    /// The rooms of a person: the rooms that the person is in, and the rooms among the memberships.
    pub(super) fn rooms_of(&self, person: PersonId, own: &[(PlaceId, Seq)]) -> Vec<PlaceId> {
        let mut rooms = self.registry.person(person).map_or(Vec::new(), |person| person.rooms.clone());
        for (place, _) in own {
            if self.rooms.get(*place).is_some() && !rooms.contains(place) {
                rooms.push(*place);
            }
        }
        rooms
    }
}
