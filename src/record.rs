//! What is stored, in words that the chat and the store share. Knows no lock, no SQL and no bytes of a wire.
//!
//! The chat says what has changed as a [`Record`]; the store writes records
//! down, and gives back at the next start what the chat must know from the
//! beginning: a [`Snapshot`].

use std::sync::Arc;

use crate::model::{
    AccountId, Address, FileId, FileInfo, Identity, Message, Millis, Pair, PlaceId, Restriction, ResumeId, Role, Seq,
    Settings, Tag, Target, Topic,
};
use crate::names::{Nick, RoomName};

/// A room as it is stored, without its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// Its number.
    pub place: PlaceId,
    /// Its name.
    pub name: RoomName,
    /// When it was made.
    pub made: Millis,
    /// Its topic.
    pub topic: Option<Topic>,
    /// What is set there.
    pub settings: Settings,
    /// Whether an account has registered it: then it is not removed when it is empty.
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
    /// The owner's words about themselves.
    pub about: Option<Arc<str>>,
}

/// A ban or a mute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestrictionRecord {
    /// The room; the whole server if there is none.
    pub place: Option<PlaceId>,
    /// What is forbidden.
    pub restriction: Restriction,
    /// Whom it holds for. The first is what the op named.
    pub targets: Vec<Target>,
    /// The nick that the member had, to show.
    pub nick: Arc<str>,
    /// The mask as the op typed it, if it was one.
    pub mask: Option<Arc<str>>,
    /// Until when; for ever if there is none.
    pub until: Option<Millis>,
    /// The nick of the op.
    pub by: Arc<str>,
    /// The reason.
    pub text: Option<Arc<str>>,
    /// When.
    pub time: Millis,
}

/// What was said under a tag, so that it is not said again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidRecord {
    /// The login that said it.
    pub resume_id: ResumeId,
    /// The tag.
    pub tag: Tag,
    /// The room or conversation: `#room` or `@nick`, as the answer says it.
    pub label: Arc<str>,
    /// The message's number there.
    pub seq: Seq,
    /// When.
    pub time: Millis,
    /// The file that came with it, if one did.
    pub file: Option<FileId>,
}

/// A login that can be resumed with its token, also after the server was down.
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
    /// When it was last used.
    pub seen: Millis,
}

/// A message, its place and its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// The place.
    pub place: PlaceId,
    /// The author.
    pub identity: Identity,
    /// The message. Its `room` is how the place is shown to one reader, and is not stored.
    pub message: Arc<Message>,
}

/// One change that is to be stored. Records are stored in the order in which the chat made them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Stores nothing. When the writer reaches it, everything before it is on disk.
    Barrier,
    /// A room is new, or has another topic, other settings, or was registered or given up.
    Room(RoomRecord),
    /// A room or a conversation was deleted, with all that was in it.
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
    /// A login that can be resumed has begun, was used again, or has an account now.
    Resume(ResumeRecord),
    /// A login cannot be resumed any more.
    ResumeEnded(ResumeId),
    /// An account was made; with the PHC string of its password.
    Account(AccountRecord, Arc<str>),
    /// An account has another password, and its logins have ended; the records of sessions that go on follow.
    Password(AccountId, Arc<str>),
    /// An account is a server op now, or is not any more.
    ServerOp(AccountId, bool),
    /// An account's words about its owner.
    About(AccountId, Option<Arc<str>>),
    /// An account was deleted, with its roles, memberships, logins and conversations; if `true`, with its messages and files.
    AccountDeleted(AccountId, bool),
    /// A guest became this new account, and so its conversations are the account's.
    Became(ResumeId, AccountId),
    /// An account's role in a room.
    Role(PlaceId, AccountId, Option<Role>),
    /// An account has a voice in a room, or not any more.
    Voice(PlaceId, AccountId, bool),
    /// A ban or mute; for each of its targets it replaces one of the same kind there.
    Restriction(RestrictionRecord),
    /// A restriction is lifted for this target.
    RestrictionLifted(Option<PlaceId>, Restriction, Target),
    /// An account is a member of this place, and has read up to this number.
    Membership(AccountId, PlaceId, Seq),
    /// An account is not a member of this place any more.
    MembershipEnded(AccountId, PlaceId),
    /// A file begins to come in; a guest's with the address it counts for. No
    /// session can read it until its `Message` is stored.
    File(FileId, Identity, PlaceId, Option<Address>),
    /// A piece of a file, from this byte on.
    Piece(FileId, u64, Arc<[u8]>),
    /// A file will not be finished.
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
    /// The accounts that have a voice there.
    pub voices: Vec<AccountId>,
}

/// A private conversation, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationRow {
    /// Its number.
    pub place: PlaceId,
    /// The number of its last message.
    pub seq: Seq,
    /// The accounts among the two that have ended it for themselves.
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
    /// The key of the cloaks.
    pub cloak_key: Vec<u8>,
}

/// The highest numbers given so far; 0 if none was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Of places.
    pub place: u32,
    /// Of accounts.
    pub account: u32,
    /// Of logins that can be resumed.
    pub resume: u64,
    /// Of files.
    pub file: u64,
}

/// A place of which an account is a member, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipRow {
    /// The place.
    pub place: PlaceId,
    /// If it is a private conversation, the other person: identity and name
    /// (an account's present name, a guest's name at that time).
    pub with: Option<(Identity, Arc<str>)>,
    /// The number of its last message that is stored.
    pub seq: Seq,
    /// When that was said, if it was not removed since.
    pub time: Option<Millis>,
    /// Up to which number it was read.
    pub read: Seq,
}

/// A login that can be resumed, as it is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumeRow {
    /// The login.
    pub resume: ResumeRecord,
    /// What it said under tags, the oldest first.
    pub said: Vec<SaidRecord>,
}

/// A file that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// What there is to know of it.
    pub info: Arc<FileInfo>,
    /// The place it was sent to.
    pub place: PlaceId,
    /// The number of its message there.
    pub seq: Seq,
    /// The name of its sender at that time.
    pub from: Arc<str>,
    /// When.
    pub time: Millis,
}

/// Messages out of the store, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pages {
    /// The messages, each with its author.
    pub messages: Vec<StoredMessage>,
    /// How many of them are counted downwards, from the end of these.
    pub lower: usize,
    /// The number of the oldest message of the place that is still stored; 0 if there is none.
    pub first: Seq,
    /// Whether there are more in the direction asked for.
    pub more: bool,
}
