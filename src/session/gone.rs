//! Conversations of an account with guests who are gone: only the database knows them, by the name of then. Knows no rooms.

use std::sync::Arc;

use super::Session;
use super::hub;
use super::queries::unread;
use crate::answer::Done;
use crate::chat::Readable;
use crate::error::ChatError;
use crate::model::Tag;
use crate::model::{Identity, PlaceId};
use crate::names::Nick;
use crate::record::{MembershipRow, Record};

impl Session {
    /// Marks as read what was said with somebody who is gone; nothing where there is no such conversation.
    pub(super) fn read_the_gone(&mut self, tag: Option<Tag>, nick: &Nick) -> Result<Option<()>, ChatError> {
        let Ok((account, _)) = self.hub.chat.account_of(self.handle.id, hub::now()) else { return Ok(None) };
        let database = self.settled_database()?;
        let mut last = None;
        for membership in database.store.memberships(account).map_err(|error| unread(&error))? {
            let is_meant =
                membership.with.as_ref().is_some_and(|(_, with)| Nick::parse(with).is_ok_and(|with| with == *nick));
            if is_meant {
                database.write_queue.add_whole(Record::Membership(account, membership.place, membership.seq), None);
                last = last.max(Some(membership.seq));
            }
        }
        let Some(seq) = last else { return Ok(None) };
        self.keep(&database, tag, Done::Read { room: format!("@{nick}").into(), seq }, Record::Barrier);
        Ok(Some(()))
    }

    /// Ends the conversations with guests of that name who are gone; nothing where there is none.
    pub(super) fn close_the_gone(&mut self, tag: Option<Tag>, nick: &Nick) -> Result<Option<()>, ChatError> {
        let Ok((account, _)) = self.hub.chat.account_of(self.handle.id, hub::now()) else { return Ok(None) };
        let database = self.settled_database()?;
        let memberships = database.store.memberships(account).map_err(|error| unread(&error))?;
        let gone = |membership: MembershipRow| {
            let (identity, shown) = membership.with?;
            let is_meant =
                matches!(identity, Identity::Guest(_)) && Nick::parse(&shown).is_ok_and(|known| known == *nick);
            is_meant.then_some((identity, membership.place))
        };
        let gone: Vec<(Identity, PlaceId)> = memberships.into_iter().filter_map(gone).collect();
        if gone.is_empty() {
            return Ok(None);
        }
        for (guest, place) in gone {
            self.hub.chat.conversation_over(account, guest, place);
            database.write_queue.add_whole(Record::PlaceDeleted(place), None);
        }
        self.keep(&database, tag, Done::Close { room: format!("@{nick}").into() }, Record::Barrier);
        Ok(Some(()))
    }

    /// An account's conversation with a guest who is gone: of those by that name, the one who came last.
    pub(super) fn with_the_gone(&mut self, nick: &Nick) -> Result<Option<Readable>, ChatError> {
        let Ok((account, _)) = self.hub.chat.account_of(self.handle.id, hub::now()) else { return Ok(None) };
        let memberships = self.settled_database()?.store.memberships(account).map_err(|error| unread(&error))?;
        let readable = |membership: MembershipRow| {
            let (with, shown) = membership.with?;
            let is_meant = Nick::parse(&shown).is_ok_and(|known| known == *nick);
            let (label, identity) = (Arc::from(format!("@{shown}")), Identity::Account(account));
            is_meant.then_some(Readable { place: membership.place, label, identity, with: Some(with) })
        };
        Ok(memberships.into_iter().filter_map(readable).last())
    }
}
