//! What the chat must have in memory before a verb can go on: why the verb stops, what the session reads, and how it is given to the chat. Reads nothing itself.

use std::sync::Arc;

use super::context::Context;
use super::room::Room;
use super::{Chat, Conversation, PersonId, State};
use crate::command::Place;
use crate::error::ChatError;
use crate::model::{Identity, Millis, Pair, PlaceId, Seq};
use crate::names::RoomName;
use crate::record::{ConversationRow, StoredMessage};

/// Why a verb stops before its end. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// It is refused.
    Refused(ChatError),
    /// The chat lacks what only the database has: read it, give it to the chat, and ask again.
    Load(Load),
}

impl From<ChatError> for Halt {
    fn from(refusal: ChatError) -> Halt {
        Halt::Refused(refusal)
    }
}

impl Halt {
    /// The refusal, also if something is to be loaded and that does not help.
    pub fn into_refusal(self) -> ChatError {
        match self {
            Halt::Refused(refusal) => refusal,
            Halt::Load(_) => ChatError::NotTaken("there is too much going on there".to_owned()),
        }
    }
}

/// What is to be read, outside the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// The last messages of a room, for [`Chat::load_recent`].
    Recent {
        /// The room.
        place: PlaceId,
        /// How it is shown.
        label: Arc<str>,
        /// The number of its last message.
        seq: Seq,
        /// How often something had been deleted there when this was asked.
        deletions: u64,
    },
    /// The number of the conversation of these two, for [`Chat::load_conversation`].
    Conversation {
        /// The two, the caller first.
        between: (Identity, Identity),
        /// What must still be so when it is given.
        reading: Option<Reading>,
    },
}

/// What the session has to do after a verb: most are at their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the command is carried out.
    Done,
    /// Go into the room with [`Chat::go_in`].
    GoIn(JoinRequest),
    /// Read whose a message is, and delete it with [`Chat::delete_known`].
    FindAuthor(Unremembered),
}

/// What was said in a room after the last message that was seen, and before the first one in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatchUp {
    /// The room.
    pub place: PlaceId,
    /// How it is shown.
    pub label: Arc<str>,
    /// The last message that was seen, as the chat takes it.
    pub after: Seq,
    /// The first message that is in memory.
    pub first: Seq,
}

/// A message that is to be deleted and is not in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unremembered {
    /// Where it was said, as the command says.
    pub named: Option<Place>,
    /// The same, by its number.
    pub place: PlaceId,
    /// How that is shown.
    pub label: Arc<str>,
    /// Its number; the caller's last message there if none.
    pub seq: Option<Seq>,
    /// The caller.
    pub identity: Identity,
}

/// The last message of a room that a returning session has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSeen {
    /// The last message.
    pub after: Seq,
    /// When that room was made.
    pub made: Option<Millis>,
    /// In which run of the server.
    pub run: Option<Millis>,
    /// Whether to go in even if something between that and now is left out.
    pub accept_gap: bool,
}

/// A room that a session wants to go into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// The room.
    pub room: RoomName,
    /// What the session has seen of it.
    pub seen: Option<LastSeen>,
    /// The word that opens it.
    pub key: Option<Arc<str>>,
    /// Whether this is a command that is yet to be answered.
    pub answer: bool,
}

impl From<RoomName> for JoinRequest {
    fn from(room: RoomName) -> JoinRequest {
        JoinRequest { room, seen: None, key: None, answer: false }
    }
}

/// The person for whom a conversation is read. While they are here, it is
/// forgotten only if one of the two ends it, and that is counted. So what
/// others forget does not undo what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    person: PersonId,
    /// How often a conversation of theirs was ended.
    ended: u64,
}

impl Room {
    /// The last message that a session has seen, by what it says. A room made
    /// anew counts anew; and what was heard in an earlier run of the server
    /// may not have been stored: its number was given again since.
    pub(super) fn seen_up_to(&self, seen: &LastSeen, run: Millis) -> Seq {
        if seen.made.is_some_and(|made| made != self.made) {
            return 0;
        }
        let same_run = seen.run.is_none_or(|seen| seen == run);
        if same_run { seen.after.min(self.seq()) } else { seen.after.min(self.seq_at_start) }
    }

    /// Stops unless the last messages are in memory.
    pub(super) fn must_be_loaded(&self, cx: &Context<'_>) -> Result<(), Halt> {
        if self.recent.loaded || cx.write_queue.is_none() {
            return Ok(());
        }
        let (place, label) = (self.place, Arc::clone(&self.shown));
        Err(Halt::Load(Load::Recent { place, label, seq: self.seq(), deletions: self.recent.deletions }))
    }

    /// What a session has missed that has seen so much, and that is not in memory.
    pub(super) fn missed(&self, seen: Option<&LastSeen>, cx: &Context<'_>) -> Option<CatchUp> {
        let seen = seen.filter(|seen| !seen.accept_gap && cx.write_queue.is_some())?;
        let (after, first) = (self.seen_up_to(seen, cx.run), self.recent.first());
        let (place, label) = (self.place, Arc::clone(&self.shown));
        (after.saturating_add(1) < first).then_some(CatchUp { place, label, after, first })
    }
}

impl State {
    /// See [`Reading`]; nothing if that person is not here.
    fn reading(&self, identity: Identity) -> Option<Reading> {
        let id = self.registry.here(identity)?;
        Some(Reading { person: id, ended: self.registry.person(id)?.ended })
    }

    /// Stops because the conversation of these two is not known here; `one` asks.
    pub(super) fn unknown_conversation(&self, one: Identity, other: Identity) -> Halt {
        Halt::Load(Load::Conversation { between: (one, other), reading: self.reading(one) })
    }

    /// A conversation of these two is over: what was read of it is not true any more.
    pub(super) fn ended(&mut self, pair: Pair) {
        for identity in pair.both() {
            if let Some(person) = self.registry.person_of_mut(identity) {
                person.ended += 1;
            }
        }
    }
}

impl Chat {
    /// Gives a room its last messages, the oldest first, as they were read when
    /// it was at `seq` and `deletions`. Ignored if a message was said or deleted since.
    pub fn load_recent(&self, place: PlaceId, (seq, deletions): (Seq, u64), lines: Vec<StoredMessage>) {
        self.change(|state| {
            let room = state.rooms.get_mut(place);
            if let Some(room) = room.filter(|room| (room.seq(), room.recent.deletions) == (seq, deletions)) {
                room.recent.load(lines, &self.limits);
            }
        });
    }

    /// For [`Chat::load_conversation`]: to be asked before a conversation of theirs is read.
    pub fn reading(&self, identity: Identity) -> Option<Reading> {
        self.change(|state| state.reading(identity))
    }

    /// Gives the chat the number of a conversation and of its last message, as
    /// they were read; or that there is none yet. Ignored if a conversation of
    /// theirs was ended since `reading`: this one may have changed.
    pub fn load_conversation(
        &self,
        between: (Identity, Identity),
        reading: Option<Reading>,
        found: Option<ConversationRow>,
    ) {
        let conversation = match found {
            Some(ConversationRow { place, seq, closed }) => Conversation { place: Some(place), seq, added: 0, closed },
            None => Conversation::default(),
        };
        self.change(|state| {
            if reading.is_none() || state.reading(between.0) != reading {
                return;
            }
            for (one, other) in [between, (between.1, between.0)] {
                if let Some(person) = state.registry.person_of_mut(one) {
                    person.conversations.insert(other);
                }
            }
            state.conversations.entry(Pair::new(between.0, between.1)).or_insert(conversation);
        });
    }
}
