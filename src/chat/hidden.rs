//! What is told of rooms and people to whom: a room into which one may not come is not told. Runs under the chat lock.

use std::sync::Arc;

use super::touched::Touched;
use super::{Ask, State};
use crate::error::ChatError;
use crate::event::{Done, WhoisInfo};
use crate::names::Nick;

impl State {
    pub(super) fn whois(&self, ask: &Ask<'_>, nick: &Nick, touched: &mut Touched) -> Result<(), ChatError> {
        let person = self.registry.called(nick).and_then(|id| self.registry.person(id));
        let person = person.ok_or_else(|| ChatError::NoSuchNick(nick.shown().to_owned()))?;
        let asked_by_op = self.registry.person(ask.person).is_some_and(|asker| self.registry.accounts.is_op(asker.who));
        let session = person.sessions.last().and_then(|id| self.registry.session(*id));
        let address = session.map(|session| Arc::from(session.address.to_canonical().to_string()));
        let fronts = person.sessions.iter().filter_map(|id| self.registry.session(*id));
        let info = WhoisInfo {
            nick: Arc::clone(&person.shown),
            rooms: person.rooms.iter().map(|room| Arc::from(room.shown())).collect(),
            since: person.since,
            idle: u64::try_from(ask.now - person.active).unwrap_or(0) / 1000,
            fronts: fronts.map(|session| session.front.to_owned()).collect(),
            registered: person.account().is_some(),
            address: address.filter(|_| asked_by_op),
            away: person.away.clone(),
        };
        ask.answer(Done::Whois(info), touched);
        Ok(())
    }
}
