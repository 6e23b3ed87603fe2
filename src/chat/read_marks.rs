//! The read marks: up to which message an account has read in each of its places. Runs under the chat lock.

use std::collections::HashMap;
use std::sync::Arc;

use super::history::Readable;
use super::loads::Halt;
use super::{Change, Chat, SessionId};
use crate::answer::Done;
use crate::command::Place;
use crate::event::Event;
use crate::model::{Pair, PlaceId, Seq};
use crate::record::Record;
use crate::wire::Letter;

impl Change<'_> {
    /// Notes that a place was read up to `seq`, and tells the account's other sessions.
    pub(super) fn read(&mut self, place: Option<&Place>, seq: Option<Seq>) -> Result<(), Halt> {
        let account = self.own_account()?;
        let Readable { place, label, identity, with } = self.readable(place)?;
        let last = match with {
            Some(other) => self.state.conversations.get(&Pair::new(identity, other)).map_or(0, |found| found.seq),
            None => self.state.rooms.at(place)?.seq(),
        };
        let read = self.person_mut()?.memberships.entry(place).or_default();
        // The mark never moves back.
        let (before, seq) = (*read, seq.unwrap_or(last).min(last).max(*read));
        *read = seq;
        if seq > before {
            let letter = Arc::new(Letter::new(Event::Read { room: Arc::clone(&label), seq }));
            let own = self.caller.session;
            self.tell_person(self.caller.person, &letter, |session| session == own);
        }
        self.answer_when_stored(Done::Read { room: label, seq }, Record::Membership(account, place, seq));
        Ok(())
    }
}

impl Chat {
    /// The read marks that a session's person moved by speaking. They are stored when the person leaves.
    pub fn spoke(&self, session: SessionId) -> HashMap<PlaceId, Seq> {
        self.change(|state| Some(state.registry.person_in(session)?.spoke.clone())).unwrap_or_default()
    }
}
