//! What the chat does not need any more, but the database does not have yet: it is forgotten when it is stored. Runs under the chat lock.

use std::collections::VecDeque;

use super::{Change, Conversation, State};
use crate::model::{Identity, Pair, PlaceId};

/// So many entries are checked whenever a person leaves. Most people add fewer, so
/// the list does not grow, and no session waits long for this work.
const AT_ONCE: usize = 8;

/// What is to be forgotten, and how many records had been added to the write queue with it.
#[derive(Debug, Default)]
pub(super) struct Unstored(VecDeque<(u64, What)>);

#[derive(Debug)]
pub(super) enum What {
    /// The conversation of these two.
    Conversation(Identity, Identity),
    /// The last messages of this room.
    Recent(PlaceId),
}

impl State {
    /// Notes what is to be forgotten when all is stored up to `added`.
    pub(super) fn forget_later(&mut self, added: u64, what: What) {
        self.unstored.0.push_back((added, what));
    }
}

impl<C> Change<'_, C> {
    /// Forgets the conversations of a person who left, unless the other person is
    /// online; but not before the database has all of them.
    pub(super) fn forget_conversations(&mut self, identity: Identity, with: impl IntoIterator<Item = Identity>) {
        self.forget_stored();
        with.into_iter().for_each(|other| self.forget_conversation(identity, other));
    }

    /// Forgets some of the entries that are stored by now.
    fn forget_stored(&mut self) {
        for _ in 0..AT_ONCE {
            let due = self.state.unstored.0.pop_front_if(|(added, _)| self.cx.is_stored(*added));
            match due {
                None => return,
                Some((_, What::Conversation(one, other))) => self.forget_conversation(one, other),
                Some((_, What::Recent(place))) => {
                    let room = self.state.rooms.get_mut(place).filter(|room| room.members.is_empty());
                    if let Some(room) = room {
                        room.let_go(&self.cx);
                    }
                }
            }
        }
    }

    /// Forgets the conversation of these two, if neither of them is online.
    fn forget_conversation(&mut self, one: Identity, other: Identity) {
        let key = Pair::new(one, other);
        let Some(Conversation { added, .. }) = self.state.conversations.get(&key) else { return };
        if key.both().iter().any(|identity| self.state.registry.online(*identity).is_some()) {
            return;
        }
        let added = *added;
        if self.cx.is_stored(added) {
            self.state.conversations.remove(&key);
        } else {
            self.state.forget_later(added, What::Conversation(one, other));
        }
    }
}
