//! An account's conversations with guests who left: only the database has them, under the names of then. Knows no rooms.

use std::sync::Arc;

use super::Session;
use super::hub::{self, Database};
use crate::answer::Done;
use crate::chat::Readable;
use crate::chat::write_queue::PendingAnswer;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, Identity, Tag};
use crate::names::Nick;
use crate::record::{MembershipRow, Record};

/// An account, the database, and the account's conversations with people of one name.
type Conversations = (AccountId, Arc<Database>, Vec<MembershipRow>);

impl Session {
    /// The conversations of this session's account with people called `nick`; `None` if it is a guest's session.
    fn conversations_with(&mut self, nick: &Nick) -> Result<Option<Conversations>, ChatError> {
        let Ok((account, _)) = self.hub.chat.account_of(self.handle.id, hub::now()) else { return Ok(None) };
        let database = self.settled_database()?;
        let mut memberships = database.store.memberships(account)?;
        let is_called = |shown: &str| Nick::parse(shown).is_ok_and(|known| known == *nick);
        memberships.retain(|membership| membership.with.as_ref().is_some_and(|(_, shown)| is_called(shown)));
        Ok(Some((account, database, memberships)))
    }

    /// Marks conversations with a guest who left as read; `None` if there is no such conversation.
    pub(super) fn read_former_guest(&mut self, tag: Option<Tag>, nick: &Nick) -> Result<Option<()>, ChatError> {
        let Some((account, database, memberships)) = self.conversations_with(nick)? else { return Ok(None) };
        let Some(seq) = memberships.iter().map(|membership| membership.seq).max() else { return Ok(None) };
        for MembershipRow { place, seq, .. } in memberships {
            database.write_queue.add_whole(Record::Membership(account, place, seq), None);
        }
        self.keep(&database, tag, Done::Read { room: format!("@{nick}").into(), seq }, Record::Barrier);
        Ok(Some(()))
    }

    /// Ends the conversations with guests of that name who left; `None` if there is none.
    pub(super) fn close_former_guest(&mut self, tag: Option<Tag>, nick: &Nick) -> Result<Option<()>, ChatError> {
        let Some((account, database, memberships)) = self.conversations_with(nick)? else { return Ok(None) };
        let mut ended = false;
        for MembershipRow { place, with, .. } in memberships {
            if let Some((guest @ Identity::Guest(_), _)) = with {
                self.hub.chat.conversation_over(account, guest, place);
                database.write_queue.add_whole(Record::PlaceDeleted(place), None);
                ended = true;
            }
        }
        if ended {
            self.keep(&database, tag, Done::Close { room: format!("@{nick}").into() }, Record::Barrier);
        }
        Ok(ended.then_some(()))
    }

    /// Queues `record` for the database. The session is answered with `done` when it is stored.
    fn keep(&self, database: &Database, tag: Option<Tag>, done: Done, record: Record) {
        let outbox = Arc::clone(&self.handle.outbox);
        outbox.promise();
        database.write_queue.add_whole(record, Some(PendingAnswer { outbox, answer: Event::Ok { tag, done } }));
    }

    /// An account's conversation with a guest who left. If several guests had that name, it is the last one's.
    pub(super) fn with_former_guest(&mut self, nick: &Nick) -> Result<Option<Readable>, ChatError> {
        let Some((account, _, mut memberships)) = self.conversations_with(nick)? else { return Ok(None) };
        let Some((place, (with, shown))) = memberships.pop().and_then(|last| Some((last.place, last.with?))) else {
            return Ok(None);
        };
        let (label, identity) = (Arc::from(format!("@{shown}")), Identity::Account(account));
        Ok(Some(Readable { place, label, identity, with: Some(with) }))
    }
}
