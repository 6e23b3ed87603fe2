//! Refusals: what was asked, understood and denied. Knows no front: each front words them for itself, from `code`, `value` and the sentence here.

use std::fmt;
use std::sync::Arc;

use crate::event::{Event, Tag};
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
        "server-rooms-full",
        "nobody-to-reply-to",
        "text-empty",
        "text-too-long",
        "topic-too-long",
        "away-too-long",
        "reason-too-long",
        "line-too-long",
        "unknown-command",
        "missing-field",
        "bad-field",
        "bad-json",
        "missing-type",
        "version-unsupported",
        "hello-first",
        "closing",
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
            ChatError::Missing { .. } => "missing-field",
            ChatError::BadField { .. } => "bad-field",
            ChatError::BadJson(_) => "bad-json",
            ChatError::NoType => "missing-type",
            ChatError::Version(_) => "version-unsupported",
            ChatError::HelloFirst => "hello-first",
            ChatError::Closing => "closing",
        }
    }

    /// The value that gave offence, as it came; empty where there is none.
    pub fn value(&self) -> String {
        match self {
            ChatError::Name(error, _) => error.value(),
            ChatError::NickInUse(nick, _) | ChatError::NickConfusable(nick, _) | ChatError::NamedAlready(nick) => {
                nick.shown().to_owned()
            }
            ChatError::NoSuchNick(text) | ChatError::UnknownCommand(text, _) | ChatError::BadJson(text) => text.clone(),
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
            | ChatError::NoType
            | ChatError::HelloFirst
            | ChatError::Closing => String::new(),
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
            ChatError::NickInUse(_, free) | ChatError::NickConfusable(_, free) => Some(free),
            _ => None,
        }
    }
}

impl fmt::Display for ChatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChatError::Name(error, Some(free)) => write!(f, "{error}; {free} is free"),
            ChatError::Name(error, None) => write!(f, "{error}"),
            ChatError::NickInUse(nick, free) => write!(f, "{nick} is here already; {free} is free"),
            ChatError::NickConfusable(nick, free) => {
                write!(f, "{nick} looks like the name of somebody who is here; {free} is free")
            }
            ChatError::NameFirst => write!(f, "take a name first"),
            ChatError::NamedAlready(nick) => write!(f, "you are {nick}; nick changes a name"),
            ChatError::NoSuchNick(nick) => write!(f, "nobody here is called {nick:?}; members lists who is"),
            ChatError::NoSuchRoom(room) => write!(f, "there is no {room}; rooms lists them, join makes one"),
            ChatError::RoomConfusable(room, other) => {
                write!(f, "{room} looks like {other}; join that, or choose another name")
            }
            ChatError::NotInRoom(room) => write!(f, "you are not in {room}; join it first"),
            ChatError::NoRoom => write!(f, "you are in no room; join one first"),
            ChatError::TooManyRooms(most) => {
                write!(f, "you are in {most} rooms, and more are not allowed; leave one first")
            }
            ChatError::ServerRoomsFull(most) => write!(f, "the server has {most} rooms, and more are not allowed"),
            ChatError::NobodyToReplyTo => write!(f, "nobody has written to you yet; use msg"),
            ChatError::TextEmpty => write!(f, "there is nothing to send in that"),
            ChatError::TooLong { what, have, most } => {
                write!(f, "{what} too long ({have} characters, max {most}), not taken")
            }
            ChatError::LineTooLong(most) => write!(f, "line too long (max {most} bytes), not sent"),
            ChatError::UnknownCommand(word, Some(near)) => {
                write!(f, "no command {word:?}, did you mean {near}? nothing was sent")
            }
            ChatError::UnknownCommand(word, None) => {
                write!(f, "no command {word:?}, help lists them; nothing was sent")
            }
            ChatError::Missing { field, usage: "" } => write!(f, "{field} is missing"),
            ChatError::Missing { field, usage } => write!(f, "{field} is missing; write {usage}"),
            ChatError::BadField { field, value, wants } => write!(f, "{field} takes {wants}, not {value}"),
            ChatError::BadJson(said) => write!(f, "that line is no JSON object: {said}"),
            ChatError::NoType => write!(f, "the object has no \"type\""),
            ChatError::Version(theirs) => {
                write!(f, "this server speaks version {}, not {theirs}", crate::event::PROTOCOL)
            }
            ChatError::HelloFirst => write!(f, "say hello first"),
            ChatError::Closing => write!(f, "this session is being closed"),
        }
    }
}

impl std::error::Error for ChatError {}

impl From<NameError> for ChatError {
    fn from(error: NameError) -> ChatError {
        ChatError::Name(error, None)
    }
}
