//! Up to where an account has read in each of its places. Runs under the chat lock.

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
    /// Notes that a place was read, and tells the account's other sessions.
    pub(super) fn read(&mut self, place: Option<&Place>, seq: Option<Seq>) -> Result<(), Halt> {
        let account = self.own_account()?;
        let Readable { place, label, identity, with } = self.readable(place)?;
        let last = match with {
            Some(other) => self.state.conversations.get(&Pair::new(identity, other)).map_or(0, |found| found.seq),
            None => self.state.rooms.at(place)?.seq(),
        };
        let read = self.person_mut()?.memberships.entry(place).or_default();
        // It never goes back.
        let (before, seq) = (*read, seq.unwrap_or(last).min(last).max(*read));
        *read = seq;
        if seq > before {
            let letter = Arc::new(Letter::new(Event::Read { room: Arc::clone(&label), seq }));
            let own = self.caller.session;
            self.tell_person(self.caller.person, &letter, |session| session == own);
        }
        self.answer_kept(Done::Read { room: label, seq }, Record::Membership(account, place, seq));
        Ok(())
    }
}

impl Chat {
    /// Up to where a session's person has read because they spoke there: it is stored when they leave.
    pub fn spoke(&self, session: SessionId) -> HashMap<PlaceId, Seq> {
        self.change(|state| {
            let person = state.registry.session(session).and_then(|session| state.registry.person(session.person));
            person.map_or(HashMap::new(), |person| person.spoke.clone())
        })
    }
}
