//! The rows of lists: what they hold. Knows no bytes, sockets or threads.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::model::{Address, FileInfo, Millis, Restriction, Role, Seq, is_false};

/// One name in a member list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberInfo {
    /// The member, by the name as its owner writes it.
    pub nick: Actor,
    /// The role of the member, if it is more than `member`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether the member has a voice.
    #[serde(default, skip_serializing_if = "is_false")]
    pub voice: bool,
    /// The away text, if the member is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Arc<str>>,
}

/// One room in a room list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// The name, with its `#`.
    pub room: Arc<str>,
    /// How many members it has.
    pub members: usize,
    /// The topic, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Arc<str>>,
    /// When the topic was set, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_time: Option<Millis>,
    /// When the room was made.
    pub made: Millis,
}

/// How many people and rooms there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactsInfo {
    /// People online.
    pub people: usize,
    /// The most people that were online at once since this run of the server began.
    pub most_people: usize,
    /// Those of them that are guests.
    pub guests: usize,
    /// Those of them that are ops of the server.
    pub ops: usize,
    /// Their sessions.
    pub sessions: usize,
    /// The most sessions that there were at once since this run of the server began.
    pub most_sessions: usize,
    /// The rooms that have members and that every person may know of.
    pub rooms: usize,
    /// Accounts, online or not.
    pub accounts: usize,
    /// When this run of the server began.
    pub since: Millis,
}

/// What `whois` tells of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoisInfo {
    /// The name.
    pub nick: Arc<str>,
    /// What the front says of its user.
    pub user: Arc<str>,
    /// A cloak instead of the address: of the account, or of all guests from that address.
    pub host: Arc<str>,
    /// The person's words about themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Arc<str>>,
    /// Rooms the person is in.
    pub rooms: Vec<Arc<str>>,
    /// The role of the person in each of them, and whether the person has a voice there; for fronts that show it.
    #[serde(skip)]
    pub ranks: Vec<(Option<Role>, bool)>,
    /// When the person came.
    pub since: Millis,
    /// Whole seconds since the person last said or asked something.
    pub idle: u64,
    /// The fronts of the person's sessions: `json`, `line`.
    pub fronts: Vec<String>,
    /// Whether the name belongs to an account, and the person is logged in to it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub registered: bool,
    /// Whether the person is an op of the server, by the account or in one of the sessions.
    #[serde(default, skip_serializing_if = "is_false")]
    pub op: bool,
    /// The address of the person: only an op of the server is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Arc<str>>,
    /// The away text, if the person is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Arc<str>>,
}

/// One of a person's own rooms or private conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatInfo {
    /// `#room`, or `@nick`.
    pub room: Arc<str>,
    /// The number of its last message.
    pub seq: Seq,
    /// Up to which number it was read.
    pub read: Seq,
    /// How many came after that.
    pub unread: u64,
    /// When the last message was said, if it is still stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Millis>,
}

/// A ban or a mute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanInfo {
    /// From what: `ban` or `mute`.
    pub restriction: Restriction,
    /// The person it is for: a nick, an address, or a mask.
    pub nick: Arc<str>,
    /// The mask as the op typed it, if it was one; it lifts the ban again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Arc<str>>,
    /// Until when; for ever if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// The op.
    pub by: Arc<str>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Arc<str>>,
    /// When.
    pub time: Millis,
}

/// The mask of a restriction as lists of masks show it: as it was typed; of an address or a name, the mask that means it.
pub fn shown_mask<'a>(nick: &'a str, mask: Option<&'a str>) -> Cow<'a, str> {
    match mask {
        Some(mask) => Cow::Borrowed(mask),
        None if nick.parse::<Address>().is_ok() => Cow::Owned(["*!*@", nick].concat()),
        None => Cow::Owned([nick, "!*@*"].concat()),
    }
}

impl BanInfo {
    /// The mask that lifts it, also if it was made by a name or an address.
    pub fn shown_mask(&self) -> Cow<'_, str> {
        shown_mask(&self.nick, self.mask.as_deref())
    }
}

/// What was done to a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moderated {
    /// The room; if absent, the whole server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Arc<str>>,
    /// The person: a nick, an address, or a mask.
    pub nick: Arc<str>,
    /// The mask as it was typed, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Arc<str>>,
    /// Until when; for ever, or for once, if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// How many people a ban of a mask or of an address has put out of the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<usize>,
    /// Whether more of them are in the room: the same ban again puts out the next ones.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
}

/// A person in the answer to `who`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonInfo {
    /// The person: in JSON the fields `nick`, `user`, `host`, and `registered` and `about` if there is something to say.
    #[serde(flatten, with = "parts")]
    pub who: Actor,
    /// The away text, if the person is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Arc<str>>,
    /// Whether it is an op of the server.
    #[serde(default, skip_serializing_if = "is_false")]
    pub op: bool,
    /// A room that the asker may know the person to be in: the one asked about, or one of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Arc<str>>,
    /// The role there, if it is more than `member`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether the person has a voice there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub voice: bool,
    /// Whole seconds since the person last said or asked something.
    pub idle: u64,
    /// When the person came.
    pub since: Millis,
}

/// An [`Actor`] as fields of an object.
mod parts {
    use std::borrow::Cow;

    use serde::{Deserializer, Serializer};

    use super::*;
    use crate::actor::ActorParts;

    #[derive(Serialize, Deserialize)]
    struct Parts<'a> {
        nick: Arc<str>,
        user: Cow<'a, str>,
        host: Cow<'a, str>,
        #[serde(default, skip_serializing_if = "is_false")]
        registered: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Arc<str>>,
    }

    pub fn serialize<S: Serializer>(who: &Actor, serializer: S) -> Result<S::Ok, S::Error> {
        let (nick, user, host) = (Arc::clone(who.nick()), who.user().into(), who.host().into());
        Parts { nick, user, host, registered: who.is_registered(), about: who.about().cloned() }.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Actor, D::Error> {
        let Parts { nick, user, host, registered, about } = Parts::deserialize(deserializer)?;
        Ok(Actor::new(ActorParts { nick, user: &user, host: &host, registered, about }))
    }
}

/// A person who left the server, in the answer to `whowas`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneInfo {
    /// The name.
    pub nick: Arc<str>,
    /// The user name that the front gave.
    pub user: Arc<str>,
    /// What stood for the address.
    pub host: Arc<str>,
    /// Words about the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Arc<str>>,
    /// Whether the name belonged to an account, and the person was logged in to it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub registered: bool,
    /// When the person left.
    pub time: Millis,
}

/// One file in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    /// The file.
    #[serde(flatten)]
    pub info: Arc<FileInfo>,
    /// The number of its message.
    pub seq: Seq,
    /// The sender.
    pub from: Arc<str>,
    /// When.
    pub time: Millis,
}

/// One row of the answer to `help`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpInfo {
    /// How the command is written, without the slash.
    pub usage: String,
    /// What it does.
    pub text: String,
}
