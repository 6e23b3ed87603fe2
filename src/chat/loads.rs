//! What the chat must have in memory before a command can go on: why the command stops, what the session reads for it, and how the chat gets it. Reads nothing itself.

use std::sync::Arc;

use super::context::Context;
use super::room::Room;
use super::{Chat, Conversation, PersonId, State};
use crate::command::Place;
use crate::error::ChatError;
use crate::model::{Identity, Millis, Pair, PlaceId, Seq};
use crate::names::RoomName;
use crate::record::{ConversationRow, StoredMessage};

/// Why a command stops before its end. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// It is refused.
    Refused(ChatError),
    /// The chat needs what only the database has: the session reads it, gives it to the chat, and asks again.
    Load(Load),
}

impl From<ChatError> for Halt {
    fn from(refusal: ChatError) -> Halt {
        Halt::Refused(refusal)
    }
}

impl Halt {
    /// The refusal; also if the chat still asks to load, though the session has tried several times.
    pub fn into_refusal(self) -> ChatError {
        match self {
            Halt::Refused(refusal) => refusal,
            Halt::Load(_) => ChatError::NotTaken("there is too much going on there".to_owned()),
        }
    }
}

/// What the session is to read, outside the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// The last messages of a room, for [`Chat::load_recent`].
    Recent {
        /// The room.
        place: PlaceId,
        /// How it is shown.
        label: Arc<str>,
        /// The number of its last message then.
        seq: Seq,
        /// How often something had been deleted there when this was asked.
        deletions: u64,
    },
    /// The number of the conversation of these two, for [`Chat::load_conversation`].
    Conversation {
        /// The two, the caller first.
        between: (Identity, Identity),
        /// What must be the same when the chat gets it.
        reading: Option<Reading>,
    },
}

/// What the session has to do after a command. Most commands are complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the command is carried out.
    Done,
    /// Go into the room with [`Chat::go_in`].
    GoIn(JoinRequest),
    /// Read the author of a message, and delete it with [`Chat::delete_known`].
    FindAuthor(Unremembered),
}

/// The messages of a room that a session has not seen and that are not in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatchUp {
    /// The room.
    pub place: PlaceId,
    /// How it is shown.
    pub label: Arc<str>,
    /// The last message that the session has seen, as the chat counts it.
    pub after: Seq,
    /// The first message that is in memory.
    pub first: Seq,
}

/// A message that is to be deleted, as the command names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doomed {
    /// The place; if none, the current room.
    pub place: Option<Place>,
    /// Its number; if none, the caller's last message there is meant.
    pub seq: Option<Seq>,
    /// When it was said, if the command tells.
    pub said: Option<Millis>,
    /// The reason.
    pub text: Option<Arc<str>>,
}

/// A message that is to be deleted and is not in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unremembered {
    /// The message as the command names it.
    pub doomed: Doomed,
    /// The number of the place.
    pub place: PlaceId,
    /// How that place is shown.
    pub label: Arc<str>,
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
    /// The run of the server in which the session saw it.
    pub run: Option<Millis>,
    /// Whether the session goes in even if it does not get all messages since.
    pub accept_gap: bool,
}

/// A room that a session wants to go into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// The room.
    pub room: RoomName,
    /// What the session has seen of it.
    pub seen: Option<LastSeen>,
    /// The key of the room.
    pub key: Option<Arc<str>>,
    /// Whether this is a command that the chat has yet to answer.
    pub answer: bool,
}

impl From<RoomName> for JoinRequest {
    fn from(room: RoomName) -> JoinRequest {
        JoinRequest { room, seen: None, key: None, answer: false }
    }
}

/// The person for whom a conversation is read from the database. While that
/// person is online, the chat forgets the conversation only if one of the two
/// ends it, and that is counted here: so the chat knows if the row is out of date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    person: PersonId,
    /// How often a conversation of that person was ended.
    ended: u64,
}

impl Room {
    /// The last message that a session has seen, if it says so much. A room that
    /// was made again counts from 1 again. A message of an earlier run of the
    /// server may be lost, and another message may have its number now.
    pub(super) fn seen_up_to(&self, seen: &LastSeen, run: Millis) -> Seq {
        if seen.made.is_some_and(|made| made != self.made) {
            return 0;
        }
        let same_run = seen.run.is_none_or(|seen| seen == run);
        if same_run { seen.after.min(self.seq()) } else { seen.after.min(self.seq_at_start) }
    }

    /// Stops the command unless the last messages are in memory.
    pub(super) fn must_be_loaded(&self, cx: &Context<'_>) -> Result<(), Halt> {
        if self.recent.loaded || cx.write_queue.is_none() {
            return Ok(());
        }
        let (place, label) = (self.place, Arc::clone(&self.shown));
        Err(Halt::Load(Load::Recent { place, label, seq: self.seq(), deletions: self.recent.deletions }))
    }

    /// The messages after `seen` that are not in memory, if there are any.
    pub(super) fn missed(&self, seen: Option<&LastSeen>, cx: &Context<'_>) -> Option<CatchUp> {
        let seen = seen.filter(|seen| !seen.accept_gap && cx.write_queue.is_some())?;
        let (after, first) = (self.seen_up_to(seen, cx.run), self.recent.first());
        let (place, label) = (self.place, Arc::clone(&self.shown));
        (after.saturating_add(1) < first).then_some(CatchUp { place, label, after, first })
    }
}

impl State {
    /// See [`Reading`]; `None` if that person is not online.
    fn reading(&self, identity: Identity) -> Option<Reading> {
        let id = self.registry.online(identity)?;
        Some(Reading { person: id, ended: self.registry.person(id)?.ended })
    }

    /// Stops the command of `one`, because the chat does not know the conversation of these two.
    pub(super) fn unknown_conversation(&self, one: Identity, other: Identity) -> Halt {
        Halt::Load(Load::Conversation { between: (one, other), reading: self.reading(one) })
    }

    /// Called when the conversation of these two has ended: a row that was read before is out of date.
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
        let limits = self.limits.now();
        self.change(|state| {
            let room = state.rooms.get_mut(place);
            if let Some(room) = room.filter(|room| (room.seq(), room.recent.deletions) == (seq, deletions)) {
                room.recent.load(lines, &limits);
            }
        });
    }

    /// For [`Chat::load_conversation`]. Called before a conversation of this person is read.
    pub fn reading(&self, identity: Identity) -> Option<Reading> {
        self.change(|state| state.reading(identity))
    }

    /// Gives the chat the numbers of a conversation and of its last message, as
    /// they were read; or that there is no such conversation. Ignored if a
    /// conversation of the person ended since `reading`, because it may be this one.
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
