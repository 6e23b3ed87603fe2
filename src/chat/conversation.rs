//! A private conversation, as far as the chat needs to know it. Knows no messages.

use crate::model::{AccountId, PlaceId, Seq};

/// What the chat knows of a conversation of two.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// Its number, once something was said in it.
    pub place: Option<PlaceId>,
    /// The number of its last message.
    pub seq: Seq,
    /// How many records had been added to the write queue with that message.
    pub added: u64,
    /// The accounts among the two that have ended it for themselves.
    pub closed: Vec<AccountId>,
}
