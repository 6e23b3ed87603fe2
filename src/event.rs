//! What a member is told, in the words of `docs/protocol.md`. Knows no bytes, sockets or threads.
//!
//! The types carry their JSON names, because the JSON front sends exactly
//! these; the encoding itself is in [`crate::wire`].

mod refusal;
mod weight;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::answer::{ChatInfo, Done, History, MemberInfo};
use crate::error::Code;
use crate::model::{
    Changed, CloseReason, FileInfo, Kind, Message, Millis, PlaceId, Restriction, Role, Seq, Settings, Tag, is_false,
};

pub use crate::model::PROTOCOL;

/// Everything a session can be told. Closed: a new one does not compile until every front words it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// The server's side of the greeting.
    Hello {
        /// The protocol version spoken from here on.
        version: u32,
        /// The server and its version.
        server: Arc<str>,
        /// A free name, for a session that has no other.
        offer: Arc<str>,
        /// The room joined when no other is asked for.
        lobby: Arc<str>,
        /// The longest text of a message, in characters.
        text: usize,
        /// The longest line, in bytes with its ending.
        line_bytes: usize,
        /// Seconds of silence after which this server asks for a sign of life.
        ping_after: u64,
        /// The hash of the page that this server serves; absent if it serves none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        page: Option<Arc<str>>,
        /// Messages a second that a session may send for long; 0 if there is no such limit.
        rate: usize,
        /// Messages that a session may send at once.
        rate_burst: usize,
        /// The largest file that is taken, in bytes; 0 if none is taken.
        file_bytes: usize,
        /// Whether what is said is stored; a server with `--memory` stores nothing.
        kept: bool,
        /// The message of the day, in lines; absent if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        motd: Option<Arc<str>>,
    },
    /// A command was carried out.
    Ok {
        /// The command's tag.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<Tag>,
        /// What it made.
        #[serde(flatten)]
        done: Done,
    },
    /// A command was refused; the session goes on.
    Error {
        /// The command's tag, if it could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<Tag>,
        /// The stable code, see `docs/protocol.md`.
        code: Code,
        /// The value that was refused.
        value: Arc<str>,
        /// A sentence for people.
        text: Arc<str>,
        /// A name that is free, if the refusal is about a name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<Arc<str>>,
    },
    /// A message was said.
    Message(Arc<Message>),
    /// A private message, to both people.
    Private {
        /// The author.
        from: Actor,
        /// The reader.
        to: Arc<str>,
        /// Its number in the conversation of the two.
        seq: Seq,
        /// What was written.
        text: Arc<str>,
        /// When the server took it.
        time: Millis,
        /// Whether it is speech, an action or a notice.
        #[serde(flatten)]
        kind: Kind,
        /// The file that was sent with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<Arc<FileInfo>>,
        /// The number of the conversation, for fronts whose messages have names of their own.
        #[serde(skip)]
        place: PlaceId,
    },
    /// This person is in a room now.
    Joined {
        /// The room.
        room: Arc<str>,
        /// When the room was made; a room of the same name made later counts its messages anew.
        made: Millis,
        /// When this run of the server began.
        run: Millis,
        /// The number of its last message.
        seq: Seq,
        /// How many members it has.
        total: usize,
        /// The topic, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<Arc<str>>,
        /// The member who set the topic; absent in a file of an older server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic_by: Option<Arc<str>>,
        /// When it was set, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic_time: Option<Millis>,
    },
    /// A piece of the member list, after `joined`.
    Members {
        /// The room.
        room: Arc<str>,
        /// Some members, in the order of their names.
        members: Vec<MemberInfo>,
        /// Whether the room is hidden; for fronts that show it.
        #[serde(skip)]
        hidden: bool,
        /// Whether another piece follows.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// Recent messages, after the member list.
    History(History),
    /// This person is no longer in a room.
    Left {
        /// The room.
        room: Arc<str>,
        /// Words of farewell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
    },
    /// A person came into a room.
    Join {
        /// The room.
        room: Arc<str>,
        /// The person.
        nick: Actor,
        /// When.
        time: Millis,
        /// The away text, if the person is away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        away: Option<Arc<str>>,
    },
    /// A person left a room and is still online.
    Leave {
        /// The room.
        room: Arc<str>,
        /// The person.
        nick: Actor,
        /// Words of farewell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
        /// When.
        time: Millis,
    },
    /// A person left the server, and so every room.
    Quit {
        /// The person.
        nick: Actor,
        /// Why.
        reason: CloseReason,
        /// Words of farewell, or the operator's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
        /// When.
        time: Millis,
    },
    /// A person has another name now.
    Nick {
        /// The name before.
        old: Arc<str>,
        /// The name now.
        new: Arc<str>,
        /// The person, with the name before.
        #[serde(skip)]
        by: Actor,
        /// When.
        time: Millis,
    },
    /// What others see of a person beside the nick is another now: the host, the account, or the words about oneself.
    #[serde(rename = "about")]
    Face {
        /// The person, as from now on. Of a login that is with the name of the account; the nick follows.
        #[serde(rename = "nick")]
        who: Actor,
        /// The person, as before.
        #[serde(skip)]
        old: Actor,
        /// The words about oneself; absent if there are none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
    },
    /// A room has another topic.
    Topic {
        /// The room.
        room: Arc<str>,
        /// The topic; absent when it was removed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<Arc<str>>,
        /// The member who set it.
        by: Actor,
        /// When.
        time: Millis,
    },
    /// A person is away; or is back, if there is no text.
    Away {
        /// The person.
        nick: Actor,
        /// The away text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
    },
    /// A message was deleted.
    Deleted {
        /// Where: `#room`, or `@nick`.
        room: Arc<str>,
        /// Which.
        seq: Seq,
        /// When the message had been taken.
        said: Millis,
        /// The person who deleted it.
        by: Actor,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
        /// When.
        time: Millis,
        /// The number of the place, for fronts whose messages have names of their own.
        #[serde(skip)]
        place: PlaceId,
    },
    /// A person was removed from a room, and may be banned from it.
    Kick {
        /// The room.
        room: Arc<str>,
        /// The person.
        nick: Arc<str>,
        /// The op who did it.
        by: Actor,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
        /// When.
        time: Millis,
    },
    /// A person is banned or muted, or not any more.
    Restriction {
        /// The room.
        room: Arc<str>,
        /// From what.
        restriction: Restriction,
        /// Whether it is lifted.
        #[serde(default, skip_serializing_if = "is_false")]
        lifted: bool,
        /// The person, by the present or last name; or the address or mask.
        nick: Arc<str>,
        /// The mask as the op typed it, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mask: Option<Arc<str>>,
        /// The op who did it.
        by: Actor,
        /// Until when; for ever if it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Millis>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
        /// When.
        time: Millis,
    },
    /// A person has another role in a room.
    Role {
        /// The room.
        room: Arc<str>,
        /// The person.
        nick: Arc<str>,
        /// The role now; absent if the person has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
        /// The role before, for a front that tells what is taken and what is given.
        #[serde(skip)]
        was: Option<Role>,
        /// The op who did it.
        by: Actor,
        /// When.
        time: Millis,
    },
    /// A person has a voice in a room, or not any more.
    Voice {
        /// The room.
        room: Arc<str>,
        /// The person.
        nick: Arc<str>,
        /// Whether the person has one now.
        voice: bool,
        /// The op who did it.
        by: Actor,
        /// When.
        time: Millis,
    },
    /// A room has other settings.
    Settings {
        /// The room.
        room: Arc<str>,
        /// What is set now. The members of the room are told the key, too.
        #[serde(flatten)]
        settings: Settings,
        /// Whether an account has registered it.
        #[serde(default, skip_serializing_if = "is_false")]
        registered: bool,
        /// What of this was not so before.
        #[serde(default, skip_serializing_if = "Changed::is_empty")]
        changed: Changed,
        /// The op who did it.
        by: Actor,
        /// When.
        time: Millis,
    },
    /// You may come into a room; or another person may, if you are its op and asked for `invites`.
    Invite {
        /// The room.
        room: Arc<str>,
        /// The invited person, if it is not you.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nick: Option<Arc<str>>,
        /// The op.
        by: Actor,
        /// When.
        time: Millis,
    },
    /// Your rooms and private conversations, after a login.
    Chats {
        /// Rooms first, in the order of their names.
        chats: Vec<ChatInfo>,
        /// Whether there are more after the last of these.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// You have read this, in another session of yours.
    Read {
        /// `#room`, or `@nick`.
        room: Arc<str>,
        /// Up to which message.
        seq: Seq,
    },
    /// A person is typing, in a place of yours. Only sessions that asked for it are told.
    Typing {
        /// `#room`, or `@nick`.
        room: Arc<str>,
        /// The person.
        nick: Actor,
    },
    /// The operator says something to everyone.
    Notice {
        /// What.
        text: Arc<str>,
    },
    /// You are too fast. What you sent is not lost; the server reads on after this time.
    Waiting {
        /// Milliseconds until the next line is taken.
        ms: u64,
    },
    /// Are you there? Answer `pong` with the same token.
    Ping {
        /// To be sent back.
        token: Arc<str>,
    },
    /// The server closes this session; nothing comes after it.
    Closing {
        /// Why.
        reason: CloseReason,
        /// A sentence for people.
        text: Arc<str>,
    },
}

impl Event {
    /// Whether JSON has words for it: not for a host or an account.
    pub fn is_in_json(&self) -> bool {
        !matches!(self, Event::Face { who, old, .. } if who.about() == old.about())
    }
}
