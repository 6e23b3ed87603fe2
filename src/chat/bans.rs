//! Bans: they are checked when a person comes in or takes a name; and the list of them. Runs under the chat lock.

use std::sync::Arc;

use super::restrictions::{BanSubject, ban_list};
use super::{Change, SessionId, State};
use crate::answer::Done;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{Millis, PlaceId, Restriction, Target};
use crate::names::{Nick, RoomName};
use crate::wire::Letter;

impl State {
    /// The person of a session, as bans see them.
    pub(super) fn subject_of(&self, session: SessionId) -> Option<BanSubject> {
        let session = self.registry.session(session)?;
        let person = self.registry.person(session.person)?;
        Some(BanSubject::new(person, session.resume_id, session.address))
    }

    /// Refuses a person who is banned from the whole server. A ban does not hold for an op of the server.
    pub(super) fn check_server_ban(&self, subject: &BanSubject, now: Millis) -> Result<(), ChatError> {
        match self.restrictions.on(None, Restriction::Ban, subject, now) {
            Some(ban) if !self.registry.accounts.is_op(subject.identity) => {
                Err(ChatError::Banned(None, ban.until, ban.text.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a name that is banned from the server, or from a room of the
    /// person who wants it: that person would be banned there and still inside.
    pub(super) fn check_banned_name(&self, session: SessionId, nick: &Nick, now: Millis) -> Result<(), ChatError> {
        let Some(before) = self.subject_of(session) else { return Ok(()) };
        let subject = BanSubject { nick: nick.clone(), ..before };
        self.check_server_ban(&subject, now)?;
        let mut rooms = self.registry.person_in(session).into_iter().flat_map(|person| self.rooms.among(&person.rooms));
        rooms.try_for_each(|room| self.check_ban(room, &subject, now))
    }
}

impl<C> Change<'_, C> {
    /// Called when a person takes another name. A restriction of the old name holds for that person still.
    pub(super) fn name_follows(&mut self, before: &BanSubject) {
        let resume = [Target::Resume(before.resume_id)];
        self.state.restrictions.follow(before, |target| matches!(target, Target::Nick(_)), &resume, &self.cx);
    }
}

impl Change<'_> {
    /// The caller's person, as bans see them.
    pub(super) fn subject(&self) -> Result<BanSubject, ChatError> {
        self.state.subject_of(self.caller.session).ok_or(ChatError::NameFirst)
    }

    /// Takes a guest who logged in out of the rooms from which the account is banned.
    pub(super) fn leave_where_banned(&mut self) -> Result<(), ChatError> {
        let (subject, now) = (self.subject()?, self.cx.now);
        // An op loses no room here: no ban holds for an op.
        let rooms = self.state.rooms.among(&self.person()?.rooms);
        let banned: Vec<PlaceId> =
            rooms.filter(|room| self.state.check_ban(room, &subject, now).is_err()).map(|room| room.place).collect();
        for place in banned {
            let Some(nick) = self.put_out(self.caller.person, place, None) else { continue };
            if let Some(room) = self.state.rooms.get(place) {
                let leave = Event::Leave { room: Arc::clone(&room.shown), nick, text: None, time: now };
                room.fan_out(&Arc::new(Letter::new(leave)), |_| false, self.effects);
            }
            self.forget_room(place);
        }
        Ok(())
    }

    /// A page of the bans and mutes of a room, for its members, or of the server. An address is in it only if an op wrote it.
    pub(super) fn bans(&mut self, name: Option<&RoomName>, everywhere: bool, skip: u64) -> Result<(), ChatError> {
        if everywhere {
            self.as_server_op()?;
        }
        let room = if everywhere { None } else { Some(self.own_or_any_room(name)?) };
        let in_force = ban_list(self.state.restrictions.at(room.map(|room| room.place)), self.cx.now);
        let (bans, more) = self.cx.page(in_force.skip(usize::try_from(skip).unwrap_or(usize::MAX)));
        self.answer(Done::Bans { room: room.map(|room| Arc::clone(&room.shown)), bans, skip, more });
        Ok(())
    }
}
