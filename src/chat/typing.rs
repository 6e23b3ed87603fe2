//! A person is typing: which sessions are told. Nothing of it is stored. Runs under the chat lock; how often a session may say so is not decided here.

use std::sync::Arc;

use super::loads::Halt;
use super::{Change, PersonId, SessionId, State};
use crate::answer::Done;
use crate::command::Place;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::Pair;
use crate::names::{Nick, RoomName};
use crate::wire::Letter;

impl State {
    /// Whether a session is told that the person `own` is typing: it asked for that, and is another person's.
    fn hears_typing(&self, session: SessionId, own: PersonId) -> bool {
        self.registry.session(session).is_some_and(|session| session.wants.typing && session.person != own)
    }
}

impl Change<'_> {
    /// Tells the others in a place that the caller is typing.
    pub(super) fn typing(&mut self, place: Option<&Place>) -> Result<(), Halt> {
        match place {
            Some(Place::With(nick)) => self.typing_to(nick)?,
            Some(Place::Room(name)) => self.typing_in(Some(name))?,
            None => self.typing_in(None)?,
        }
        self.answer(Done::Typing);
        Ok(())
    }

    /// In a room with more than `typing-members` members no session is told: there it would be many events for nothing.
    fn typing_in(&mut self, name: Option<&RoomName>) -> Result<(), ChatError> {
        let room = self.own_room(name)?;
        self.may_speak(room)?;
        if room.members.len() > self.cx.limits.typing_members {
            return Ok(());
        }
        let event = Event::Typing { room: Arc::clone(&room.shown), nick: self.caller.face.clone() };
        let (place, own, state) = (room.place, self.caller.person, &*self.state);
        if let Some(room) = state.rooms.get(place) {
            room.fan_out(&Arc::new(Letter::new(event)), |session| !state.hears_typing(session, own), self.effects);
        }
        Ok(())
    }

    /// A conversation begins with its first message: before it, nothing is told.
    fn typing_to(&mut self, nick: &Nick) -> Result<(), Halt> {
        let found = self.state.addressee(nick);
        let (to, reader) = found.ok_or_else(|| ChatError::NoSuchNick(nick.shown().to_owned()))?;
        let Some(reader) = reader else { return Ok(()) };
        let pair = Pair::new(self.caller.identity, to);
        match self.state.conversations.get(&pair) {
            None if self.cx.write_queue.is_some() => {
                return Err(self.state.unknown_conversation(self.caller.identity, to));
            }
            Some(conversation) if conversation.place.is_some() => {}
            _ => return Ok(()),
        }
        let nick = self.caller.face.clone();
        let letter = Arc::new(Letter::new(Event::Typing { room: Arc::from(format!("@{nick}")), nick }));
        let (own, state) = (self.caller.person, &*self.state);
        for (session, outbox) in state.registry.outboxes(reader) {
            if state.hears_typing(session, own) {
                self.effects.tell(outbox, &letter);
            }
        }
        Ok(())
    }
}
