//! What others see of a person beside the nick: the cloak as the host, the account, the words about oneself. Runs under the chat lock.

use std::sync::Arc;

use super::context::Context;
use super::registry::Look;
use super::{Change, LoginRequest, PersonId, SessionId};
use crate::actor::Actor;
use crate::cloak::Behind;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, Address, Identity, PlaceId};
use crate::wire::Letter;

impl Context<'_> {
    /// The host of a person who comes from this address.
    pub(super) fn host(&self, identity: Identity, address: Address) -> Box<str> {
        self.cloak.host(Behind::of(identity, address))
    }
}

impl<C> Change<'_, C> {
    /// What others see of a person who comes as `request` says.
    pub(super) fn look<'r>(&self, identity: Identity, request: &'r LoginRequest<'_>) -> Look<'r> {
        let stored = self.state.registry.accounts.of(identity).and_then(|account| account.about.clone());
        Look {
            user: &request.user,
            host: self.cx.host(identity, request.address),
            about: stored.or_else(|| request.about.clone()),
        }
    }

    /// Gives a person another face. The person's own sessions are told, but not the
    /// sessions for which `skips` is true; if `heard`, all who share a room with the person, too.
    pub(super) fn change_face(&mut self, id: PersonId, who: Actor, heard: bool, skips: impl Fn(SessionId) -> bool) {
        let Some(person) = self.state.registry.person_mut(id) else { return };
        let old = std::mem::replace(&mut person.face, who.clone());
        let rooms = if heard { person.rooms.clone() } else { Vec::new() };
        self.tell_face(id, &rooms, (who, old), skips);
    }

    /// Tells that a person has another face.
    fn tell_face(
        &mut self,
        id: PersonId,
        rooms: &[PlaceId],
        (who, old): (Actor, Actor),
        skips: impl Fn(SessionId) -> bool,
    ) {
        if who == old {
            return;
        }
        let text = who.about().cloned();
        let letter = Arc::new(Letter::new(Event::Face { who, old, text }));
        self.tell_neighbours(rooms, &letter, &skips);
        if rooms.is_empty() {
            self.tell_person(id, &letter, skips);
        }
    }
}

impl Change<'_> {
    /// Called before the calling guest becomes this account. The words of the account count, if it has any.
    pub(super) fn take_face_of(&mut self, id: AccountId) -> Result<(), ChatError> {
        let (own, person) = (self.caller.session, self.person()?);
        let (old, rooms) = (person.face.clone(), person.rooms.clone());
        let account = self.state.registry.accounts.get(id).ok_or(ChatError::LoginFailed)?;
        let (nick, about) = (Arc::from(account.nick.shown()), account.about.clone());
        let host = self.cx.cloak.host(Behind::Account(id));
        let new = old.with(|parts| {
            (parts.host, parts.registered) = (&host, true);
            parts.about = about.or_else(|| parts.about.take());
        });
        self.person_mut()?.face = new.clone();
        let who = new.with(|parts| parts.nick = nick);
        self.tell_face(self.caller.person, &rooms, (who, old), |session| session == own);
        Ok(())
    }
}
