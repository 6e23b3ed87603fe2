//! The rooms and private conversations of a session's person, with what is unread there: all of them page by page, or those of a certain time. Knows no front.

use std::sync::Arc;

use super::Session;
use super::hub::{self, Database};
use crate::answer::{self, ChatInfo};
use crate::chat::Searchable;
use crate::command::{Place, Within};
use crate::error::ChatError;
use crate::model::{AccountId, Millis, PlaceId};
use crate::record::MembershipRow;

impl Session {
    /// The places whose last message was said within two times, in the order of these messages.
    pub(super) fn chats_within(&mut self, within: Within) -> Result<Vec<ChatInfo>, ChatError> {
        let database = self.settled_database()?;
        let Searchable { account, places } = self.hub.chat.searchable(self.handle.id, hub::now())?;
        let mut chats = match account {
            Some(account) => self.all_chats(&database, account)?,
            None => {
                // A guest has no marks.
                let last = database.store.last_messages(&places)?;
                let info = |(_, room): &(PlaceId, Arc<str>), (seq, time)| ChatInfo {
                    room: Arc::clone(room),
                    seq,
                    read: seq,
                    unread: 0,
                    time,
                };
                places.iter().zip(last).map(|(place, last)| info(place, last)).collect()
            }
        };
        let Within { from, to, limit } = within;
        let between = |time: Millis| from.min(to) < time && time < from.max(to);
        chats.retain(|chat| chat.time.is_some_and(between));
        chats.sort_by_key(|chat| chat.time);
        let limits = self.hub.limits.now();
        let most = limits.page(limit).min(limits.members_page);
        if from <= to {
            chats.truncate(most);
        } else {
            drop(chats.drain(..chats.len().saturating_sub(most)));
        }
        Ok(chats)
    }

    /// A page of the places of an account, with their unread counts; and whether there are more.
    pub(super) fn chats(
        &self,
        database: &Database,
        account: AccountId,
        past: Option<Place>,
    ) -> Result<(Vec<ChatInfo>, bool), ChatError> {
        let mut chats = self.all_chats(database, account)?;
        let key = |room: &str| room.to_lowercase();
        let past = past.map(|past| key(&past.to_string()));
        chats.retain(|chat| past.as_ref().is_none_or(|past| key(&chat.room) > *past));
        chats.sort_by_cached_key(|chat| key(&chat.room));
        let mut rows = chats.into_iter().peekable();
        let limits = self.hub.limits.now();
        let page = answer::page(&mut rows, limits.members_page, limits.answer_bytes);
        Ok((page, rows.peek().is_some()))
    }

    /// The places of an account, in no order.
    fn all_chats(&self, database: &Database, account: AccountId) -> Result<Vec<ChatInfo>, ChatError> {
        let memberships = database.store.memberships(account)?;
        let places: Vec<PlaceId> = memberships
            .iter()
            .filter(|membership| membership.with.is_none())
            .map(|membership| membership.place)
            .collect();
        let labels = self.hub.chat.labels(self.handle.id, &places, hub::now());
        let spoke = self.hub.chat.spoke(self.handle.id);
        let read_up = |membership: &MembershipRow| {
            membership.read.max(spoke.get(&membership.place).copied().unwrap_or(0)).min(membership.seq)
        };
        let after: Vec<_> = memberships.iter().map(|membership| (membership.place, read_up(membership))).collect();
        let left = database.store.left_after(&after)?;
        let label = |membership: &MembershipRow| match &membership.with {
            Some((_, nick)) => Some(Arc::from(format!("@{nick}"))),
            None => labels.get(&membership.place).cloned(),
        };
        let info = |(membership, unread): (MembershipRow, u64)| {
            let (room, read) = (label(&membership)?, read_up(&membership));
            Some(ChatInfo { room, seq: membership.seq, read, unread, time: membership.time })
        };
        Ok(memberships.into_iter().zip(left).filter_map(info).collect())
    }
}
