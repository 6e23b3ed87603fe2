//! Refusals: what was asked, understood and denied. Knows no front: each front words them for itself, from `code`, `value` and the sentence here.

mod words;

use std::sync::Arc;

use crate::event::Event;
use crate::model::Role;
use crate::model::{Millis, Seq, Tag};
use crate::names::{self, NameError, Nick, RoomName};

/// A refusal. The session that caused it goes on, and nobody else notices.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChatError {
    /// A nick or room name breaks the rules for names; with one that would do.
    Name(NameError, Option<Nick>),
    /// The nick belongs to somebody who is here; with a free one near it.
    NickInUse(Nick, Nick),
    /// The nick looks like that of somebody who is here; with a free one near it.
    NickConfusable(Nick, Nick),
    /// A name must be taken first.
    NameFirst,
    /// A name was taken already; `nick` changes it.
    NamedAlready(Nick),
    /// Nobody here has that nick.
    NoSuchNick(String),
    /// No room has that name.
    NoSuchRoom(RoomName),
    /// The room's name looks like that of a room there is.
    RoomConfusable(RoomName, RoomName),
    /// The speaker is not in that room.
    NotInRoom(RoomName),
    /// The speaker is in no room, and named none.
    NoRoom,
    /// The speaker is in as many rooms as one person may be in.
    TooManyRooms(usize),
    /// The account has registered as many rooms as one may.
    TooManyOwned(usize),
    /// The server has as many rooms as it may have.
    ServerRoomsFull(usize),
    /// There is nobody to reply to.
    NobodyToReplyTo,
    /// There is nothing in the text.
    TextEmpty,
    /// A text is longer than its limit.
    TooLong {
        /// Which text: `text`, `topic`, `away` or `reason`.
        what: &'static str,
        /// How many characters it has.
        have: usize,
        /// How many it may have.
        most: usize,
    },
    /// A line is longer than `line-bytes`; the number.
    LineTooLong(usize),
    /// No command has that name; with the nearest one.
    UnknownCommand(String, Option<&'static str>),
    /// A line to be said looks like a command; its word.
    LikelyCommand(String),
    /// A line to be said looks like one of the JSON protocol's.
    LikelyJson,
    /// A command lacks a field; with the way people write it, where a person wrote it.
    Missing {
        /// The field.
        field: &'static str,
        /// How the command is written.
        usage: &'static str,
    },
    /// A field has a value that it cannot have.
    BadField {
        /// The field.
        field: &'static str,
        /// What came instead.
        value: String,
        /// What it takes.
        wants: &'static str,
    },
    /// The line is no JSON object; with what the parser said.
    BadJson(String),
    /// The JSON object has no `type`.
    NoType,
    /// The peer speaks another version of the protocol.
    Version(u64),
    /// The first word on the JSON front was not `hello`.
    HelloFirst,
    /// The server is about to close this session.
    Closing,
    /// The nick belongs to an account; with a free one near it.
    NickRegistered(Nick, Nick),
    /// For that one must be logged in.
    LoginFirst,
    /// One is logged in already.
    LoggedIn(Nick),
    /// Wrong name or password: it is not said which.
    LoginFailed,
    /// Too many wrong passwords; for so many seconds no other is looked at.
    LoginTooOften(u64),
    /// So many accounts were made from one address; the seconds to wait.
    RegisterTooOften(u64),
    /// An account has too many private conversations to begin one more with it; its name.
    ConversationsFull(Nick),
    /// A password is shorter than 8 or longer than 1,024 bytes, or has control characters.
    PasswordBad,
    /// A new password was typed in two different ways.
    PasswordsDiffer,
    /// A password stood on the line, where it can be seen.
    PasswordShown,
    /// The code for the first op is wrong, or used up.
    ClaimFailed,
    /// There are as many accounts as there may be.
    AccountsFull(usize),
    /// The server keeps nothing, and this needs something kept.
    NothingKept,
    /// It was not taken, because it could not be kept; with the reason.
    NotTaken(String),
    /// There was no turn at something that all share; after so many seconds.
    Busy(u64),
    /// A read of the database was ended, for it took longer than so many seconds.
    TakesTooLong(u64),
    /// It was said, and everybody heard it; but it is not in the database yet; with the reason.
    NotKept(String),
    /// One must be more than one is: which role, in which room, or on the whole server.
    NeedsRole(Role, Option<RoomName>),
    /// The room would have nobody who keeps order.
    LastOp(RoomName),
    /// One is banned from the room, or from the server; until when, and why.
    Banned(Option<RoomName>, Option<Millis>, Option<Arc<str>>),
    /// One may not speak in the room; until when, and why.
    Muted(RoomName, Option<Millis>, Option<Arc<str>>),
    /// One must be invited to the room.
    InviteOnly(RoomName),
    /// The room has a key, and it was not the one given, or none was.
    KeyNeeded(RoomName),
    /// A key was given for a room that does not exist yet.
    RoomNew(RoomName),
    /// Only ops speak in the room.
    AnnouncementsOnly(RoomName),
    /// There is no ban or mute of that kind for them.
    NoSuchBan(String),
    /// There are as many bans and mutes as there may be.
    TooManyBans(usize),
    /// Nobody has registered the room.
    RoomNotRegistered(RoomName),
    /// Somebody has registered the room.
    RoomRegistered(RoomName),
    /// There is no private conversation with that person.
    NoConversation(Nick),
    /// There is no such message there, or it was deleted.
    NoSuchMessage(Seq),
    /// There is no such file, or not for the asker.
    NoSuchFile(u64),
    /// The file is larger than `file-bytes`.
    FileTooLarge {
        /// How many bytes it has.
        have: u64,
        /// How many it may have.
        most: u64,
    },
    /// There is no more room for files: the asker's own, or the server's.
    FilesFull {
        /// Whether it is the asker's share that is full.
        own: bool,
        /// How many bytes there may be.
        most: u64,
    },
    /// As many files are being sent as may be at once.
    UploadsBusy(usize),
    /// There is no such upload, or it is somewhere else; with what is expected.
    BadUpload(String),
}

impl ChatError {
    /// Every code there is, for the handbook and its test.
    pub const CODES: &[&str] = &[
        "nick-in-use",
        "nick-confusable",
        "name-first",
        "named-already",
        "no-such-nick",
        "no-such-room",
        "room-confusable",
        "not-in-room",
        "no-room",
        "too-many-rooms",
        "too-many-owned",
        "server-rooms-full",
        "nobody-to-reply-to",
        "text-empty",
        "text-too-long",
        "topic-too-long",
        "away-too-long",
        "reason-too-long",
        "line-too-long",
        "unknown-command",
        "likely-command",
        "likely-json",
        "missing-field",
        "bad-field",
        "bad-json",
        "missing-type",
        "version-unsupported",
        "hello-first",
        "closing",
        "nick-registered",
        "login-first",
        "logged-in",
        "login-failed",
        "login-too-often",
        "register-too-often",
        "conversations-full",
        "password-bad",
        "passwords-differ",
        "password-shown",
        "claim-failed",
        "accounts-full",
        "nothing-kept",
        "not-taken",
        "not-kept",
        "server-busy",
        "takes-too-long",
        "needs-role",
        "last-op",
        "banned",
        "muted",
        "invite-only",
        "key-needed",
        "room-new",
        "announcements-only",
        "no-such-ban",
        "too-many-bans",
        "room-not-registered",
        "room-registered",
        "no-conversation",
        "no-such-message",
        "no-such-file",
        "file-too-large",
        "files-full",
        "uploads-busy",
        "bad-upload",
    ];

    /// The stable code, in kebab case. A name's own codes come from [`NameError::code`].
    pub fn code(&self) -> &'static str {
        match self {
            ChatError::Name(error, _) => error.code(),
            ChatError::NickInUse(..) => "nick-in-use",
            ChatError::NickConfusable(..) => "nick-confusable",
            ChatError::NameFirst => "name-first",
            ChatError::NamedAlready(_) => "named-already",
            ChatError::NoSuchNick(_) => "no-such-nick",
            ChatError::NoSuchRoom(_) => "no-such-room",
            ChatError::RoomConfusable(..) => "room-confusable",
            ChatError::NotInRoom(_) => "not-in-room",
            ChatError::NoRoom => "no-room",
            ChatError::TooManyRooms(_) => "too-many-rooms",
            ChatError::TooManyOwned(_) => "too-many-owned",
            ChatError::ServerRoomsFull(_) => "server-rooms-full",
            ChatError::NobodyToReplyTo => "nobody-to-reply-to",
            ChatError::TextEmpty => "text-empty",
            ChatError::TooLong { what, .. } => match *what {
                "topic" => "topic-too-long",
                "away" => "away-too-long",
                "reason" => "reason-too-long",
                _ => "text-too-long",
            },
            ChatError::LineTooLong(_) => "line-too-long",
            ChatError::UnknownCommand(..) => "unknown-command",
            ChatError::LikelyCommand(_) => "likely-command",
            ChatError::LikelyJson => "likely-json",
            ChatError::Missing { .. } => "missing-field",
            ChatError::BadField { .. } => "bad-field",
            ChatError::BadJson(_) => "bad-json",
            ChatError::NoType => "missing-type",
            ChatError::Version(_) => "version-unsupported",
            ChatError::HelloFirst => "hello-first",
            ChatError::Closing => "closing",
            ChatError::NickRegistered(..) => "nick-registered",
            ChatError::LoginFirst => "login-first",
            ChatError::LoggedIn(_) => "logged-in",
            ChatError::LoginFailed => "login-failed",
            ChatError::LoginTooOften(_) => "login-too-often",
            ChatError::RegisterTooOften(_) => "register-too-often",
            ChatError::ConversationsFull(_) => "conversations-full",
            ChatError::PasswordBad => "password-bad",
            ChatError::PasswordsDiffer => "passwords-differ",
            ChatError::PasswordShown => "password-shown",
            ChatError::ClaimFailed => "claim-failed",
            ChatError::AccountsFull(_) => "accounts-full",
            ChatError::NothingKept => "nothing-kept",
            ChatError::NotTaken(_) => "not-taken",
            ChatError::NotKept(_) => "not-kept",
            ChatError::Busy(_) => "server-busy",
            ChatError::TakesTooLong(_) => "takes-too-long",
            ChatError::NeedsRole(..) => "needs-role",
            ChatError::LastOp(_) => "last-op",
            ChatError::Banned(..) => "banned",
            ChatError::Muted(..) => "muted",
            ChatError::InviteOnly(_) => "invite-only",
            ChatError::KeyNeeded(_) => "key-needed",
            ChatError::RoomNew(_) => "room-new",
            ChatError::AnnouncementsOnly(_) => "announcements-only",
            ChatError::NoSuchBan(_) => "no-such-ban",
            ChatError::TooManyBans(_) => "too-many-bans",
            ChatError::RoomNotRegistered(_) => "room-not-registered",
            ChatError::RoomRegistered(_) => "room-registered",
            ChatError::NoConversation(_) => "no-conversation",
            ChatError::NoSuchMessage(_) => "no-such-message",
            ChatError::NoSuchFile(_) => "no-such-file",
            ChatError::FileTooLarge { .. } => "file-too-large",
            ChatError::FilesFull { .. } => "files-full",
            ChatError::UploadsBusy(_) => "uploads-busy",
            ChatError::BadUpload(_) => "bad-upload",
        }
    }

    /// The value that gave offence, as it came; empty where there is none.
    pub fn value(&self) -> String {
        match self {
            ChatError::Name(error, _) => error.value(),
            ChatError::NickInUse(nick, _) | ChatError::NickConfusable(nick, _) | ChatError::NamedAlready(nick) => {
                nick.shown().to_owned()
            }
            ChatError::NoSuchNick(text)
            | ChatError::UnknownCommand(text, _)
            | ChatError::LikelyCommand(text)
            | ChatError::BadJson(text) => text.clone(),
            ChatError::NoSuchRoom(room) | ChatError::RoomConfusable(room, _) | ChatError::NotInRoom(room) => {
                room.shown().to_owned()
            }
            ChatError::TooManyRooms(n) | ChatError::ServerRoomsFull(n) | ChatError::LineTooLong(n) => n.to_string(),
            ChatError::TooLong { have, .. } => have.to_string(),
            ChatError::Missing { field, .. } => (*field).to_owned(),
            ChatError::BadField { value, .. } => value.clone(),
            ChatError::Version(n) => n.to_string(),
            ChatError::NameFirst
            | ChatError::NoRoom
            | ChatError::NobodyToReplyTo
            | ChatError::TextEmpty
            | ChatError::LikelyJson
            | ChatError::NoType
            | ChatError::HelloFirst
            | ChatError::Closing
            | ChatError::LoginFirst
            | ChatError::LoginFailed
            | ChatError::PasswordBad
            | ChatError::PasswordsDiffer
            | ChatError::PasswordShown
            | ChatError::ClaimFailed
            | ChatError::NothingKept
            | ChatError::Banned(None, ..)
            | ChatError::NeedsRole(_, None) => String::new(),
            ChatError::NickRegistered(nick, _) | ChatError::LoggedIn(nick) | ChatError::NoConversation(nick) => {
                nick.shown().to_owned()
            }
            ChatError::NeedsRole(_, Some(room))
            | ChatError::LastOp(room)
            | ChatError::Banned(Some(room), ..)
            | ChatError::Muted(room, ..)
            | ChatError::InviteOnly(room)
            | ChatError::KeyNeeded(room)
            | ChatError::RoomNew(room)
            | ChatError::AnnouncementsOnly(room)
            | ChatError::RoomNotRegistered(room)
            | ChatError::RoomRegistered(room) => room.shown().to_owned(),
            ChatError::ConversationsFull(nick) => nick.shown().to_owned(),
            ChatError::LoginTooOften(n)
            | ChatError::RegisterTooOften(n)
            | ChatError::NoSuchMessage(n)
            | ChatError::NoSuchFile(n) => n.to_string(),
            ChatError::TooManyOwned(n) => n.to_string(),
            ChatError::Busy(n) | ChatError::TakesTooLong(n) => n.to_string(),
            ChatError::AccountsFull(n) | ChatError::TooManyBans(n) | ChatError::UploadsBusy(n) => n.to_string(),
            ChatError::NotTaken(text)
            | ChatError::NotKept(text)
            | ChatError::NoSuchBan(text)
            | ChatError::BadUpload(text) => text.clone(),
            ChatError::FileTooLarge { have, .. } => have.to_string(),
            ChatError::FilesFull { most, .. } => most.to_string(),
        }
    }

    /// The refusal as it is told to whoever caused it.
    pub fn told(&self, tag: Option<Tag>) -> Event {
        Event::Error {
            tag,
            code: Arc::from(self.code()),
            value: Arc::from(names::clean(&self.value())),
            text: Arc::from(self.to_string()),
            offer: self.offer().map(|nick| Arc::from(nick.shown())),
        }
    }

    /// A nick that would do instead, where the refusal is about a nick.
    pub fn offer(&self) -> Option<&Nick> {
        match self {
            ChatError::Name(_, offer) => offer.as_ref(),
            ChatError::NickInUse(_, free) | ChatError::NickConfusable(_, free) | ChatError::NickRegistered(_, free) => {
                Some(free)
            }
            _ => None,
        }
    }
}

impl std::error::Error for ChatError {}

/// So that a decoder of commands needs no error of its own.
impl serde::de::Error for ChatError {
    fn custom<T: std::fmt::Display>(words: T) -> ChatError {
        ChatError::BadJson(words.to_string())
    }

    fn missing_field(field: &'static str) -> ChatError {
        ChatError::Missing { field, usage: "" }
    }
}

impl From<NameError> for ChatError {
    fn from(error: NameError) -> ChatError {
        ChatError::Name(error, None)
    }
}
