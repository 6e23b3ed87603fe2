//! What nobody here needs any more, and the database does not have yet: it is forgotten when it does. Runs under the chat lock.

use std::collections::VecDeque;

use super::{Conversation, Here, State};
use crate::model::{Identity, Pair, PlaceId};

/// So many entries are looked at whenever a person goes. One person leaves fewer
/// entries behind, so their number does not grow, and nobody waits for the work.
const AT_ONCE: usize = 8;

/// What is to be forgotten, and how much had been added to the journal with it.
#[derive(Debug, Default)]
pub(super) struct Unkept(VecDeque<(u64, What)>);

#[derive(Debug)]
pub(super) enum What {
    /// The conversation of these two.
    Conversation(Identity, Identity),
    /// What was said of late in this room.
    Recent(PlaceId),
}

impl State {
    /// Notes what is to be forgotten when all is kept up to `added`.
    pub(super) fn forget_later(&mut self, added: u64, what: What) {
        self.unkept.0.push_back((added, what));
    }

    /// Forgets some of what was to be forgotten and is kept by now.
    pub(super) fn forget_kept(&mut self, here: &Here<'_>) {
        let is_kept = |added: u64| here.write_queue.is_none_or(|write_queue| write_queue.is_stored(added));
        for _ in 0..AT_ONCE {
            let Some((_, what)) = self.unkept.0.pop_front_if(|(added, _)| is_kept(*added)) else { return };
            match what {
                What::Conversation(one, other) => self.forget_conversation(one, other, here),
                What::Recent(place) => {
                    if let Some(room) = self.room_at(place).filter(|room| room.members.is_empty()) {
                        room.let_go(here);
                    }
                }
            }
        }
    }

    /// Forgets the conversation of these two, if none of them is here.
    pub(super) fn forget_conversation(&mut self, one: Identity, other: Identity, here: &Here<'_>) {
        let key = Pair::new(one, other);
        let is_here = |identity| self.registry.here(identity).is_some();
        let Some(Conversation { added, .. }) = self.conversations.get(&key) else { return };
        if is_here(one) || is_here(other) {
            return;
        }
        let added = *added;
        if here.write_queue.is_none_or(|write_queue| write_queue.is_stored(added)) {
            self.conversations.remove(&key);
        } else {
            self.forget_later(added, What::Conversation(one, other));
        }
    }
}
