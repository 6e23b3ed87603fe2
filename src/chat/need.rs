//! Where the chat must know what only the database knows: what it asks the session to read, and how it is told. Reads nothing itself.

use std::collections::HashMap;
use std::sync::Arc;

use super::effects::Effects;
use super::room::Room;
use super::{Chat, Conversation, Here, PersonId, SessionId, State};
use crate::command::{Page, Place, Spot};
use crate::error::ChatError;
use crate::model::{AccountId, FileId, Identity, Pair, PlaceId};
use crate::model::{FileInfo, Millis, Seq, Tag};
use crate::names::RoomName;
use crate::record::{ConversationRow, StoredMessage};

/// How far a command has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is carried out.
    Done,
    /// Something must be read first, outside the lock. Where the need says so,
    /// the same command is given once more then.
    Needs(Need),
}

/// What must be read, outside the lock, before a command can go on, or to answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The last messages of a room, for [`Chat::load`]; then the command once more.
    Recent {
        /// Which.
        place: PlaceId,
        /// How it is shown.
        label: Arc<str>,
        /// The number of its last message.
        seq: Seq,
        /// How often something had been deleted there when this was asked.
        deletions: u64,
    },
    /// What was said after `after` in a room and before `first`, to be shown
    /// page by page; then to go in, having seen it.
    CatchUp {
        /// Which.
        place: PlaceId,
        /// How it is shown.
        label: Arc<str>,
        /// The last message seen, as the chat takes it.
        after: Seq,
        /// The first message that is remembered in memory.
        first: Seq,
    },
    /// The number of the conversation of these two, for [`Chat::load_conversation`]; then the command once more.
    Conversation {
        /// The two, the asker first.
        between: (Identity, Identity),
        /// What must still be so when it is given.
        reading: Option<Reading>,
    },
    /// Whose a message is, for [`Chat::delete_known`].
    Author {
        /// Where.
        place: PlaceId,
        /// How it is shown.
        label: Arc<str>,
        /// Which; the asker's last one there if none.
        seq: Option<Seq>,
        /// The asker.
        identity: Identity,
    },
    /// A page of what was said: the answer.
    History {
        /// Where.
        place: PlaceId,
        /// How it is shown.
        label: Arc<str>,
        /// Which page.
        page: Page,
        /// At most so many.
        most: usize,
    },
    /// What is found: the answer.
    Search {
        /// The asker's account, whose conversations are looked through, too.
        account: Option<AccountId>,
        /// The rooms, and how they are shown.
        rooms: Vec<(PlaceId, Arc<str>)>,
        /// The words.
        text: Arc<str>,
        /// Only what was said before this time.
        until: Option<Millis>,
        /// Only what comes after this on further pages.
        next: Option<Spot>,
        /// At most so many.
        most: usize,
    },
    /// The places of an account, and what is unread there: the answer.
    Chats {
        /// Whose.
        account: AccountId,
        /// Only those that come after this one.
        past: Option<Place>,
    },
    /// The files of a place: the answer.
    Files {
        /// Where.
        place: PlaceId,
        /// How it is shown.
        label: Arc<str>,
        /// Only those sent before the message of this number.
        before: Option<Seq>,
    },
}

/// A place somebody may read, and how it is shown to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable {
    /// Which.
    pub place: PlaceId,
    /// How it is shown.
    pub label: Arc<str>,
    /// Whose it is that asks.
    pub identity: Identity,
    /// The other one, where it is a private conversation.
    pub with: Option<Identity>,
}

/// A file that is complete, and to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSaid {
    /// Where; in the current room if it is not said.
    pub place: Option<Place>,
    /// The file.
    pub info: Arc<FileInfo>,
    /// Words that go with it.
    pub text: Arc<str>,
}

/// What somebody who comes back has seen of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSeen {
    /// The last message.
    pub after: Seq,
    /// When that room was made.
    pub made: Option<Millis>,
    /// In which run of the server.
    pub run: Option<Millis>,
    /// Whether to go in even where something between that and now is left out.
    pub accept_gap: bool,
}

/// Of whom a conversation is read: while they are here, it is forgotten only if
/// one of the two ends it, and that is counted. So nobody is hindered by what
/// others forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    person: PersonId,
    /// How often a conversation of theirs was ended.
    ended: u64,
}

impl State {
    /// See [`Reading`]; nothing if they are not here.
    pub(super) fn reading(&self, identity: Identity) -> Option<Reading> {
        let id = self.registry.here(identity)?;
        Some(Reading { person: id, ended: self.registry.person(id)?.ended })
    }

    /// A conversation of these two is over: what was read of it is not true any more.
    pub(super) fn ended(&mut self, pair: Pair) {
        for identity in pair.both() {
            if let Some(person) = self.registry.here(identity).and_then(|id| self.registry.person_mut(id)) {
                person.ended += 1;
            }
        }
    }
}

/// Where somebody wants to go in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// The room.
    pub room: RoomName,
    /// What they have seen of it.
    pub seen: Option<LastSeen>,
    /// The word that opens it.
    pub key: Option<Arc<str>>,
}

impl From<RoomName> for JoinRequest {
    fn from(room: RoomName) -> JoinRequest {
        JoinRequest { room, seen: None, key: None }
    }
}

impl Room {
    /// The last message that somebody has seen who says `seen`. A room made
    /// anew counts anew; and what was heard in an earlier run of the server
    /// may not have been kept: its number was given again since.
    pub(super) fn after(&self, seen: &LastSeen, run: Millis) -> Seq {
        if seen.made.is_some_and(|made| made != self.made) {
            return 0;
        }
        let same_run = seen.run.is_none_or(|seen| seen == run);
        if same_run { seen.after.min(self.seq()) } else { seen.after.min(self.seq_at_start) }
    }

    /// What must be read before somebody can come in who has seen so much.
    pub(super) fn needs(&self, seen: Option<&LastSeen>, here: &Here<'_>) -> Option<Need> {
        here.write_queue?;
        let (place, label) = (self.place, Arc::clone(&self.shown));
        if !self.recent.loaded {
            return Some(Need::Recent { place, label, seq: self.seq(), deletions: self.recent.deletions });
        }
        let seen = seen.filter(|seen| !seen.accept_gap)?;
        let (after, first) = (self.after(seen, here.run), self.recent.first());
        (after.saturating_add(1) < first).then_some(Need::CatchUp { place, label, after, first })
    }
}

impl Chat {
    /// Gives a room its last messages, as they were read when `seq` was the
    /// last, and nothing was deleted since; the oldest first. What is older by
    /// now than the room is left.
    pub fn load(&self, place: PlaceId, (seq, deletions): (Seq, u64), lines: Vec<StoredMessage>) {
        self.change(|state| {
            if let Some(room) =
                state.room_at(place).filter(|room| (room.seq(), room.recent.deletions) == (seq, deletions))
            {
                room.recent.load(lines, &self.limits);
            }
        });
    }

    /// Whose a session is.
    pub fn who_is(&self, session: SessionId) -> Option<Identity> {
        self.change(|state| Some(state.registry.person(state.registry.session(session)?.person)?.identity))
    }

    /// Notes that an account's conversation with a guest who is gone is over.
    pub fn conversation_over(&self, account: AccountId, guest: Identity, place: PlaceId) {
        self.change(|state| {
            state.registry.accounts.count_conversation(account, false);
            if let Some(person) =
                state.registry.here(Identity::Account(account)).and_then(|id| state.registry.person_mut(id))
            {
                person.memberships.remove(&place);
                person.spoke.remove(&place);
            }
            let pair = Pair::new(Identity::Account(account), guest);
            state.conversations.remove(&pair);
            state.ended(pair);
        });
    }

    /// For [`Chat::load_conversation`]: to be asked before a conversation of theirs is read.
    pub fn reading(&self, identity: Identity) -> Option<Reading> {
        self.change(|state| state.reading(identity))
    }

    /// Gives the chat the number of a conversation and of its last message, as
    /// they were read; or that there is none yet. `reading` is from before that:
    /// if it is another now, this one may have been forgotten meanwhile, and be newer.
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
                if let Some(person) = state.registry.here(one).and_then(|id| state.registry.person_mut(id)) {
                    person.conversations.insert(other);
                }
            }
            state.conversations.entry(Pair::new(between.0, between.1)).or_insert(conversation);
        });
    }

    /// Deletes a message whose author was read from the database.
    ///
    /// # Errors
    /// It is not the asker's, and they are no op there.
    #[allow(clippy::too_many_arguments)]
    pub fn delete_known(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        (place, seq, author): (Place, Seq, Identity),
        now: Millis,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        self.with_ask(session, tag, now, |state, ask| state.delete_at(ask, &place, seq, Some(author), effects))
    }

    /// The place where a session may send something now.
    ///
    /// # Errors
    /// It may not, or there is no such place. `Needs` as in [`Chat::obey`].
    pub fn may_send(
        &self,
        session: SessionId,
        place: Option<&Place>,
        now: Millis,
    ) -> Result<Result<Readable, Need>, ChatError> {
        self.with_ask(session, None, now, |state, ask| state.may_send(ask, place))
    }

    /// How a place is shown to a session that may read it.
    pub fn may_read(&self, session: SessionId, place: PlaceId, now: Millis) -> Option<Arc<str>> {
        let label = self.with_ask(session, None, now, |state, ask| Ok(state.may_read(ask, place)));
        label.ok().flatten()
    }

    /// Up to where a session's person has read because they spoke there: it is kept when they go.
    pub fn spoke(&self, session: SessionId) -> HashMap<PlaceId, Seq> {
        self.change(|state| {
            let person = state.registry.session(session).and_then(|session| state.registry.person(session.person));
            person.map_or(HashMap::new(), |person| person.spoke.clone())
        })
    }

    /// What the rooms among these places are called, into which a session's person may come.
    pub fn labels(&self, session: SessionId, places: &[PlaceId], now: Millis) -> HashMap<PlaceId, Arc<str>> {
        let labels = |state: &mut State| Some(state.labels(state.registry.session(session)?.person, places, now));
        self.change(labels).unwrap_or_default()
    }

    /// A number for a file that was never given before.
    pub fn next_file(&self) -> FileId {
        self.change(|state| {
            state.last.file += 1;
            FileId(state.last.file)
        })
    }

    /// Says that a file was sent, as [`Chat::obey`] says a line.
    ///
    /// # Errors
    /// Those of saying something there.
    pub fn say_file(
        &self,
        session: SessionId,
        tag: Option<Tag>,
        said: FileSaid,
        now: Millis,
        effects: &mut Effects,
    ) -> Result<Step, ChatError> {
        self.with_ask(session, tag, now, |state, ask| state.say_file(ask, said, effects))
    }

    /// Answers a command whose tag was used before, as it was answered then; whether it was.
    pub fn said_before(&self, session: SessionId, tag: Option<Tag>, now: Millis, effects: &mut Effects) -> bool {
        self.with_ask(session, tag, now, |state, ask| Ok(state.said_before(ask, effects))).unwrap_or(false)
    }
}
