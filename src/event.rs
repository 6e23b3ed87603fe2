//! What a member is told, in the words of `docs/protocol.md`. Knows no bytes, sockets or threads.
//!
//! The types carry their JSON names, because the JSON front sends exactly
//! these; the encoding itself is in [`crate::wire`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::answer::{ChatInfo, Done, FRAME, History, MemberInfo, length, said, sum};
use crate::error::{ChatError, Code};
use crate::model::{
    Changed, CloseReason, FileInfo, Kind, Message, Millis, PlaceId, Restriction, Role, Seq, Settings, Tag, is_false,
};
use crate::names;

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
        /// The member who set it, if that is known.
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
    /// You may come into a room.
    Invite {
        /// The room.
        room: Arc<str>,
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

    /// About how many bytes this takes on the wire: what the outbox counts.
    /// An estimate, because it is asked before anything is encoded; never less
    /// than the text it carries.
    pub fn weight(&self) -> usize {
        let file = |file: &Option<Arc<FileInfo>>| file.as_ref().map_or(0, |file| file.name.len() + 2 * FRAME);
        FRAME
            + match self {
                Event::Ok { done, .. } => return done.weight(),
                Event::Message(message) => said(&message.text) + file(&message.file),
                Event::Private { text, file: sent, .. } => said(text) + file(sent),
                Event::Notice { text } | Event::Closing { text, .. } => text.len(),
                Event::Ping { token } => token.len(),
                Event::Topic { topic: text, .. }
                | Event::Joined { topic: text, .. }
                | Event::Leave { text, .. }
                | Event::Left { text, .. }
                | Event::Join { away: text, .. }
                | Event::Face { text, .. }
                | Event::Quit { text, .. }
                | Event::Away { text, .. }
                | Event::Deleted { text, .. }
                | Event::Kick { text, .. }
                | Event::Restriction { text, .. }
                | Event::Settings { settings: Settings { key: text, .. }, .. } => FRAME + length(text),
                Event::Members { members, .. } => sum(members),
                Event::History(history) => sum(&history.messages),
                Event::Chats { chats, .. } => sum(chats),
                Event::Error { value, text, .. } => value.len() + text.len(),
                Event::Hello { .. }
                | Event::Nick { .. }
                | Event::Role { .. }
                | Event::Voice { .. }
                | Event::Invite { .. }
                | Event::Read { .. }
                | Event::Typing { .. }
                | Event::Waiting { .. } => FRAME,
            }
    }
}

impl ChatError {
    /// The refusal as it is told to the session that caused it.
    pub fn told(&self, tag: Option<Tag>) -> Event {
        Event::Error {
            tag,
            code: self.code(),
            value: Arc::from(names::clean(&self.value())),
            text: Arc::from(self.to_string()),
            offer: self.offer().map(|nick| Arc::from(nick.shown())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{BanInfo, HelpInfo, RoomInfo, WhoisInfo};

    #[test]
    fn no_event_weighs_less_than_the_text_it_carries() {
        let long: Arc<str> = "ж".repeat(8_000).into();
        let some = Some(Arc::clone(&long));
        let short: Arc<str> = "x".into();
        let name = || Arc::clone(&short);
        let member = || MemberInfo { nick: name().into(), role: None, voice: false, away: some.clone() };
        let message = Arc::new(Message {
            room: name(),
            seq: 1,
            from: name().into(),
            text: Arc::clone(&long),
            ..Message::default()
        });
        let history = || History { messages: vec![Arc::clone(&message)], ..History::default() };
        let whois = WhoisInfo {
            nick: name(),
            user: name(),
            host: name(),
            about: None,
            op: false,
            rooms: vec![],
            since: 0,
            idle: 0,
            fronts: vec![],
            registered: false,
            address: None,
            away: some.clone(),
        };
        let settings = || Settings { key: some.clone(), ..Settings::default() };
        let ban = || BanInfo {
            mask: some.clone(),
            restriction: Restriction::Ban,
            nick: name(),
            until: None,
            by: name(),
            text: some.clone(),
            time: 0,
        };
        let made = [
            Done::Rooms {
                rooms: vec![RoomInfo { room: name(), members: 1, topic: some.clone(), topic_time: None, made: 0 }],
                total: 1,
                more: false,
                next: None,
                mask: some.clone(),
            },
            Done::Members { room: name(), members: vec![member()], total: 1, more: false },
            Done::Msg { to: name(), seq: 1, time: 0, away: some.clone(), again: false },
            Done::Search { messages: vec![Arc::clone(&message)], more: false, next: some.clone() },
            Done::Settings { room: name(), settings: settings(), registered: false },
            Done::Bans { room: None, bans: vec![ban()], skip: 0, more: false },
            Done::Topic { room: name(), topic: some.clone(), topic_by: None, topic_time: None },
            Done::Whois(whois),
            Done::Away { text: Arc::clone(&long) },
            Done::History(history()),
            Done::Help { commands: vec![HelpInfo { usage: String::new(), text: long.to_string() }] },
            Done::Ping { token: Arc::clone(&long) },
        ];
        let events = [
            Event::Error { tag: None, code: Code::NoRoom, value: Arc::clone(&long), text: name(), offer: None },
            Event::Message(Arc::clone(&message)),
            Event::Private {
                from: name().into(),
                to: name(),
                seq: 1,
                text: Arc::clone(&long),
                time: 0,
                kind: Kind::Text,
                file: None,
                place: PlaceId(1),
            },
            Event::Kick { room: name(), nick: name(), by: name().into(), text: some.clone(), time: 0 },
            Event::Settings {
                room: name(),
                settings: settings(),
                registered: false,
                changed: Changed::default(),
                by: name().into(),
                time: 0,
            },
            Event::Joined {
                room: name(),
                made: 0,
                run: 0,
                seq: 0,
                total: 1,
                topic: some.clone(),
                topic_by: None,
                topic_time: None,
            },
            Event::Members { room: name(), members: vec![member()], more: false },
            Event::History(history()),
            Event::Leave { room: name(), nick: name().into(), text: some.clone(), time: 0 },
            Event::Quit { nick: name().into(), reason: CloseReason::Quit, text: some.clone(), time: 0 },
            Event::Topic { room: name(), topic: some.clone(), by: name().into(), time: 0 },
            Event::Away { nick: name().into(), text: some.clone() },
            Event::Notice { text: Arc::clone(&long) },
            Event::Ping { token: Arc::clone(&long) },
            Event::Closing { reason: CloseReason::Quit, text: Arc::clone(&long) },
        ];
        for event in events.into_iter().chain(made.map(|done| Event::Ok { tag: None, done })) {
            assert!(event.weight() > long.len(), "{}", event.weight());
        }
    }
}
