//! Conversations of an account with guests who are gone: only the database knows them, by the name of then. Knows no rooms.

use std::sync::Arc;

use super::Session;
use super::hub;
use super::queries::{conversations, unread};
use crate::answer::Done;
use crate::chat::Need;
use crate::command::{Command, Place};
use crate::error::ChatError;
use crate::model::Tag;
use crate::model::{Identity, PlaceId};
use crate::names::Nick;
use crate::record::{MembershipRow, Record};

impl Session {
    /// Marks as read what was said with somebody who is gone; nothing where there is no such conversation.
    #[inline(never)]
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
    #[inline(never)]
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

    /// What an account reads of its conversation with a guest who is gone: the one by that name who came last.
    #[inline(never)]
    pub(super) fn with_the_gone(&mut self, command: &Command) -> Result<Option<Need>, ChatError> {
        let (Command::History { place: Some(Place::With(nick)), .. }
        | Command::Search { place: Some(Place::With(nick)), .. }
        | Command::Files { place: Some(Place::With(nick)), .. }) = command
        else {
            return Ok(None);
        };
        let Ok((account, _)) = self.hub.chat.account_of(self.handle.id, hub::now()) else { return Ok(None) };
        let database = self.settled_database()?;
        let memberships = database.store.memberships(account).map_err(|error| unread(&error))?;
        let is_meant = |shown: &Arc<str>| Nick::parse(shown.trim_start_matches('@')).is_ok_and(|known| known == *nick);
        let found = conversations(memberships).filter(|(_, shown)| is_meant(shown)).last();
        let Some((place, label)) = found else { return Ok(None) };
        let most = |limit: &Option<usize>| self.hub.limits.page(*limit);
        Ok(match command {
            Command::History { page, limit, .. } => {
                Some(Need::History { place, label, page: *page, most: most(limit) })
            }
            Command::Search { text, until, next, limit, .. } => Some(Need::Search {
                account: None,
                rooms: vec![(place, label)],
                text: Arc::clone(text),
                until: *until,
                next: *next,
                most: most(limit),
            }),
            Command::Files { before, .. } => Some(Need::Files { place, label, before: *before }),
            _ => None,
        })
    }
}
