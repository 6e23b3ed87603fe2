//! What people do that is not tied to one room: leave for good, change their name, go away. Runs under the chat lock.

use std::collections::HashSet;
use std::sync::Arc;

use super::memory::{Lost, Standing};
use super::outbox::Ending;
use super::registry::{Person, Session};
use super::restrictions::BanSubject;
use super::{Change, Chat, PersonId, SessionId};
use crate::answer::Done;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, CloseReason, Identity, PlaceId, Role, Target};
use crate::names::{self, NameError, Nick};
use crate::record::Record;
use crate::wire::Letter;

impl<C> Change<'_, C> {
    /// Removes a session; and its person, if this was the last session. Returns the
    /// nick. A session whose page was closed may linger first.
    pub(super) fn depart(&mut self, id: SessionId, ending: Ending) -> Option<Arc<str>> {
        if ending.reason == CloseReason::Closed && self.linger(id) {
            return Some(Arc::clone(self.state.registry.person_in(id)?.shown()));
        }
        self.remove(id, ending)
    }

    /// The same for a session that does not linger, or not any more.
    pub(super) fn remove(&mut self, id: SessionId, ending: Ending) -> Option<Arc<str>> {
        let person = self.state.registry.person_in(id)?;
        let (shown, nick, identity) = (Arc::clone(person.shown()), person.nick.clone(), person.identity);
        let reason = ending.reason;
        let session = self.part(id, ending)?;
        if !session.replaced {
            self.remember(session, nick, identity, reason);
        }
        Some(shown)
    }

    /// Takes a session away from its person; and the person out of the rooms, if this was the last session.
    pub(super) fn part(&mut self, session: SessionId, mut ending: Ending) -> Option<Session> {
        let id = self.state.registry.session(session)?.person;
        if ending.reason == CloseReason::Quit {
            ending.text = self.state.side_words(session, ending.text, self.cx.now);
        }
        let rooms = self.state.registry.person(id)?.rooms.clone();
        for place in rooms {
            if let Some(room) = self.state.rooms.get_mut(place) {
                room.unseat(session);
            }
        }
        let (mut session, last) = self.state.registry.detach(session)?;
        if let Some(mut person) = last {
            // A replaced or lingering session may end last. Others are told the reason of its replacement.
            let ending = person.ending.take().unwrap_or(ending);
            self.take_out(id, person, &mut session, ending);
        } else if !session.is_ending() && self.state.registry.are_ending(id) {
            self.state.registry.person_mut(id)?.ending = Some(ending);
        }
        Some(session)
    }

    /// Takes a person who has no session any more out of all rooms, and tells the members there.
    fn take_out(&mut self, id: PersonId, person: Person, session: &mut Session, ending: Ending) {
        let mut op_in = Vec::new();
        let subject = BanSubject::new(&person, session.resume_id, session.address);
        let targets = person.account().map_or_else(|| subject.lasting(), |account| vec![Target::Account(account)]);
        self.state.gone.note(&person, targets, self.cx.now, self.cx.limits.gone);
        for place in person.rooms.iter().chain(&person.invited) {
            let Some(room) = self.state.rooms.get_mut(*place) else { continue };
            room.remove(id, &person.nick);
            if room.roles.get(&person.identity) >= Some(&Role::Op) {
                op_in.push(*place);
            }
            if let Identity::Guest(_) = person.identity {
                let (role, voice) = (room.roles.remove(&person.identity), room.voices.remove(&person.identity));
                if role.is_some() || voice {
                    session.standings.push(Standing { place: *place, emptied: room.emptied, role, voice });
                }
            }
        }
        let (Ending { reason, text }, nick) = (ending, person.face.clone());
        let letter = Arc::new(Letter::new(Event::Quit { nick, reason, text, time: self.cx.now }));
        self.tell_neighbours(&person.rooms, &letter, |_| false);
        op_in.into_iter().for_each(|place| self.hand_on(place, &person.face));
        person.rooms.iter().for_each(|place| self.forget_room(*place));
        if let Some(account) = person.account() {
            person.spoke.iter().for_each(|(place, seq)| self.cx.store(Record::Membership(account, *place, *seq)));
        }
        self.forget_conversations(person.identity, person.conversations);
    }

    /// Remembers what brings a lost session back. A session that said goodbye is forgotten.
    fn remember(&mut self, session: Session, nick: Nick, identity: Identity, reason: CloseReason) {
        let Session { token, resume_id, resume_stored, tags, standings, .. } = session;
        match reason {
            CloseReason::ServerStopped => self.state.tokens.forget(&token),
            CloseReason::Quit | CloseReason::Kicked => {
                self.state.tokens.forget(&token);
                if resume_stored {
                    self.cx.store(Record::ResumeEnded(resume_id));
                }
            }
            _ => {
                let lost = Lost { time: self.cx.now, nick, identity, resume_id, resume_stored, tags, standings };
                self.state.tokens.park(token, lost, self.cx.limits);
            }
        }
    }

    /// Tells every session in any of `rooms`, each once, but not the sessions for which `skips` is true.
    pub(super) fn tell_neighbours(
        &mut self,
        rooms: &[PlaceId],
        letter: &Arc<Letter>,
        skips: impl Fn(SessionId) -> bool,
    ) {
        let mut told = HashSet::new();
        for room in self.state.rooms.among(rooms) {
            let is_done = |session| skips(session) || (rooms.len() > 1 && !told.insert(session));
            room.fan_out(letter, is_done, self.effects);
        }
    }

    /// Gives a person another name, if it is free, and tells the members of the person's rooms.
    pub(super) fn give_name(
        &mut self,
        id: PersonId,
        nick: &Nick,
        skips: impl Fn(SessionId) -> bool,
    ) -> Result<(), ChatError> {
        let person = self.state.registry.person(id).ok_or(ChatError::NameFirst)?;
        let (by, rooms, old_nick) = (person.face.clone(), person.rooms.clone(), person.nick.clone());
        let before = person.sessions.first().and_then(|session| self.state.subject_of(*session));
        self.state.registry.rename(id, nick)?;
        for place in &rooms {
            if let Some(room) = self.state.rooms.get_mut(*place) {
                room.names.remove(old_nick.key());
                room.names.insert(Arc::from(nick.key()), id);
            }
        }
        if let Some(before) = before {
            self.name_follows(&before);
        }
        if by != nick.shown() {
            let (old, new) = (Arc::clone(by.nick()), Arc::from(nick.shown()));
            let letter = Arc::new(Letter::new(Event::Nick { old, new, by, time: self.cx.now }));
            self.tell_neighbours(&rooms, &letter, skips);
            self.effects.report(&letter);
        }
        Ok(())
    }
}

impl Change<'_> {
    pub(super) fn rename(&mut self, nick: Option<Nick>) -> Result<(), ChatError> {
        let nick = nick.ok_or(ChatError::Missing { field: "nick", usage: "nick NAME" })?;
        if self.caller.account().is_some() {
            return Err(ChatError::LoggedIn(self.person()?.nick.clone()));
        }
        let own = self.caller.session;
        self.state.check_banned_name(own, &nick, self.cx.now)?;
        self.give_name(self.caller.person, &nick, |session| session == own)?;
        let nick = self.person()?.face.clone();
        self.answer(Done::Nick { nick, resume: None });
        Ok(())
    }

    /// Notes that the caller is away, and why. The members of the caller's rooms hear the reason if the caller may speak.
    pub(super) fn away(&mut self, text: Option<Arc<str>>) -> Result<(), ChatError> {
        let text = self.state.side_words(self.caller.session, text, self.cx.now).unwrap_or_else(|| Arc::from("away"));
        self.set_away(Some(Arc::clone(&text)))?;
        self.answer(Done::Away { text });
        Ok(())
    }

    pub(super) fn back(&mut self) -> Result<(), ChatError> {
        self.set_away(None)?;
        self.answer(Done::Back);
        Ok(())
    }

    /// Sets the caller's words about themselves, or tells them.
    pub(super) fn about(&mut self, text: Option<Arc<str>>) -> Result<(), ChatError> {
        let Some(text) = text else {
            let text = self.person()?.face.about().cloned();
            self.answer(Done::About { text });
            return Ok(());
        };
        let text = Some(text).filter(|text| !text.is_empty());
        if let Some(account) = self.caller.account() {
            self.state.registry.accounts.set_about(account, text.clone());
            self.cx.store(Record::About(account, text.clone()));
        }
        // As with an away text, nobody hears words of a person who may not speak.
        let heard = self.state.side_words(self.caller.session, text.clone(), self.cx.now) == text;
        let own = self.caller.session;
        let who = self.person()?.face.with(|parts| parts.about.clone_from(&text));
        self.change_face(self.caller.person, who, heard, |session| session == own);
        self.answer_when_stored(Done::About { text }, Record::Barrier);
        Ok(())
    }

    /// Makes the calling session an op of the server: the password of this account was right.
    pub(super) fn oper(&mut self, account: AccountId) -> Result<(), ChatError> {
        if !self.state.registry.accounts.is_op(Identity::Account(account)) {
            return Err(ChatError::NoSuchOp);
        }
        self.set_oper(true);
        self.answer(Done::Oper);
        Ok(())
    }

    /// Takes from the calling session what `oper` gave it.
    pub(super) fn deoper(&mut self) {
        self.set_oper(false);
        self.answer(Done::Deoper);
    }

    fn set_oper(&mut self, oper: bool) {
        if let Some(session) = self.state.registry.session_mut(self.caller.session) {
            session.oper = oper;
        }
    }

    fn set_away(&mut self, text: Option<Arc<str>>) -> Result<(), ChatError> {
        let person = self.person_mut()?;
        if std::mem::replace(&mut person.away, text.clone()) == text {
            return Ok(());
        }
        let (nick, rooms, own) = (person.face.clone(), person.rooms.clone(), self.caller.session);
        let letter = Arc::new(Letter::new(Event::Away { nick, text }));
        self.tell_neighbours(&rooms, &letter, |session| session == own);
        Ok(())
    }
}

impl Chat {
    /// A nick that is free at this moment.
    pub fn offer(&self, seed: u64) -> Nick {
        self.change(|state| state.registry.offer(seed))
    }

    /// A free nick near the one that `error` is about, if it is about a nick.
    pub fn suggest(&self, error: &NameError) -> Option<Nick> {
        if !error.code().starts_with("nick-") {
            return None;
        }
        self.change(|state| names::suggest(&error.value(), |nick| state.registry.taken(nick)))
    }
}
