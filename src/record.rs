//! What is to be kept, in words that the chat and the store share. Knows no lock, no SQL and no bytes of a wire.
//!
//! The chat says what has changed as a [`Record`]; the store writes records
//! down, and gives back at the next start what the chat must know from the
//! beginning: a [`Snapshot`].

use std::sync::Arc;

use crate::model::{
    AccountId, Address, FileId, FileInfo, Identity, Message, Millis, Pair, PlaceId, Restriction, ResumeId, Role, Seq,
    Settings, Tag, Target,
};
use crate::names::{Nick, RoomName};

/// A room as it is kept, without its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// Its number.
    pub place: PlaceId,
    /// Its name.
    pub name: RoomName,
    /// When it was made.
    pub made: Millis,
    /// Its topic.
    pub topic: Option<Arc<str>>,
    /// What is set there.
    pub settings: Settings,
    /// Whether somebody has registered it: then it stays, however empty.
    pub registered: bool,
}

/// An account as the chat knows it: all but the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// Its number.
    pub id: AccountId,
    /// The name that belongs to it.
    pub nick: Nick,
    /// When it was made.
    pub made: Millis,
    /// Whether it may do everything everywhere.
    pub op: bool,
}

/// A ban or a mute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestrictionRecord {
    /// Where; on the whole server if there is none.
    pub place: Option<PlaceId>,
    /// From what.
    pub restriction: Restriction,
    /// Whom: the first is whom the order was about.
    pub targets: Vec<Target>,
    /// The nick they had, to show.
    pub nick: Arc<str>,
    /// Until when; for ever if there is none.
    pub until: Option<Millis>,
    /// Who said so.
    pub by: Arc<str>,
    /// Why.
    pub text: Option<Arc<str>>,
    /// When.
    pub time: Millis,
}

/// What a stay said under a tag, so that it is not said again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidRecord {
    /// The stay.
    pub resume_id: ResumeId,
    /// The tag.
    pub tag: Tag,
    /// Where: `#room` or `@nick`, as the answer says it.
    pub label: Arc<str>,
    /// The message's number there.
    pub seq: Seq,
    /// When.
    pub time: Millis,
    /// The file that came with it, if one did.
    pub file: Option<FileId>,
}

/// A stay that can be taken up again after the server was down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumeRecord {
    /// Its number.
    pub id: ResumeId,
    /// SHA-256 of its resume token.
    pub token: [u8; 32],
    /// The account it is logged in to.
    pub account: Option<AccountId>,
    /// The nick.
    pub nick: Nick,
    /// When it was last known to be alive.
    pub seen: Millis,
}

/// A message and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Where.
    pub place: PlaceId,
    /// Whose.
    pub identity: Identity,
    /// What. Its `room` is how it is shown to some reader, and is not kept.
    pub message: Arc<Message>,
}

/// One change, to be kept. They are kept in the order in which the chat made them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Nothing: what was before it is kept, once this is.
    Barrier,
    /// A room is new, or has another topic, other settings, or was registered or given up.
    Room(RoomRecord),
    /// A room is gone, with all that was in it.
    PlaceDeleted(PlaceId),
    /// Two people have a private conversation.
    Conversation {
        /// Its number.
        place: PlaceId,
        /// The two.
        between: Pair,
        /// What they were called then, in the same order.
        nicks: (Arc<str>, Arc<str>),
    },
    /// A message was said, perhaps with a file that is complete.
    Message(StoredMessage),
    /// A message was deleted, and the file that came with it.
    MessageDeleted(PlaceId, Seq),
    /// What was said under a tag.
    Said(SaidRecord),
    /// A stay has begun, or is seen again, or is logged in now.
    Resume(ResumeRecord),
    /// A stay has ended for good.
    ResumeEnded(ResumeId),
    /// An account was made; with the PHC string of its password.
    Account(AccountRecord, Arc<str>),
    /// It has another password, and its stays have ended; those of sessions that go on follow.
    Password(AccountId, Arc<str>),
    /// It may do everything now, or not any more.
    ServerOp(AccountId, bool),
    /// It is gone, with its roles, places, stays and conversations; and with what it said and sent, if so.
    AccountDeleted(AccountId, bool),
    /// A guest became this new account, and so its conversations are the account's.
    Became(ResumeId, AccountId),
    /// An account's role in a room.
    Role(PlaceId, AccountId, Option<Role>),
    /// A ban or mute; for each of its targets it replaces one of the same kind there.
    Restriction(RestrictionRecord),
    /// One is lifted for this target.
    RestrictionLifted(Option<PlaceId>, Restriction, Target),
    /// An account is at home in this place, and has read up to this number.
    Membership(AccountId, PlaceId, Seq),
    /// It is not at home there any more.
    MembershipEnded(AccountId, PlaceId),
    /// A file begins to come in; a guest's with the address it counts for. It is
    /// nobody's to see until its `Message` is kept.
    File(FileId, Identity, PlaceId, Option<Address>),
    /// A piece of it, from this byte on.
    Piece(FileId, u64, Arc<[u8]>),
    /// It will not be finished.
    FileDeleted(FileId),
}

impl Record {
    /// About how many bytes it holds in memory while it waits.
    pub fn weight(&self) -> usize {
        const FRAME: usize = 128;
        FRAME
            + match self {
                Record::Message(line) => line.message.text.len(),
                Record::Piece(_, _, bytes) => bytes.len(),
                _ => 0,
            }
    }
}

/// A room as it is found at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomSnapshot {
    /// The room.
    pub room: RoomRecord,
    /// The number of its last message.
    pub seq: Seq,
    /// When that was said; when it was made, if nothing was.
    pub said: Millis,
    /// The accounts that have a role there.
    pub roles: Vec<(AccountId, Role)>,
}

/// A private conversation, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationRow {
    /// Its number.
    pub place: PlaceId,
    /// The number of its last message.
    pub seq: Seq,
    /// The accounts among the two who have ended it for themselves.
    pub closed: Vec<AccountId>,
}

/// What the chat must know from the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// All rooms.
    pub rooms: Vec<RoomSnapshot>,
    /// All accounts.
    pub accounts: Vec<AccountRecord>,
    /// How many private conversations each account has, if it has any.
    pub conversations: Vec<(AccountId, usize)>,
    /// All bans and mutes, also those that are over by now.
    pub restrictions: Vec<RestrictionRecord>,
    /// The highest numbers given so far.
    pub last: Numbers,
}

/// The highest numbers given so far; 0 where none was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Of places.
    pub place: u32,
    /// Of accounts.
    pub account: u32,
    /// Of stays.
    pub resume: u64,
    /// Of files.
    pub file: u64,
}

/// A place that is somebody's own, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipRow {
    /// Which.
    pub place: PlaceId,
    /// With whom, where it is a private conversation: who they are, and what they are called
    /// (an account by its present name, a guest by the name then).
    pub with: Option<(Identity, Arc<str>)>,
    /// The number of its last message that is kept.
    pub seq: Seq,
    /// Up to which number it was read.
    pub read: Seq,
}

/// A stay as it is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumeRow {
    /// The stay.
    pub resume: ResumeRecord,
    /// What it said under tags, the oldest first.
    pub said: Vec<SaidRecord>,
}

/// A file that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// What there is to know of it.
    pub info: Arc<FileInfo>,
    /// Where it was sent.
    pub place: PlaceId,
    /// The number of its message there.
    pub seq: Seq,
    /// Who sent it, as they were called.
    pub from: Arc<str>,
    /// When.
    pub time: Millis,
}

/// Messages out of the store, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pages {
    /// The messages, each with its author.
    pub messages: Vec<StoredMessage>,
    /// The number of the oldest message of the place that is still kept; 0 if there is none.
    pub first: Seq,
    /// Whether there are more in the direction asked for.
    pub more: bool,
}
