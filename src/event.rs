//! What a member is told: events, answers and the reasons for leaving, in the words of `docs/protocol.md`. Knows no bytes, sockets or threads.
//!
//! The types carry their JSON names, because the JSON front sends exactly
//! these; the encoding itself is in [`crate::wire`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The version of the protocol, told in both directions by `hello`.
pub const PROTOCOL: u32 = 1;

/// Milliseconds since 1 January 1970, UTC.
pub type Millis = i64;

/// A message's number in its room: the first is 1, then no gaps.
pub type Seq = u64;

/// The mark a sender puts on a command, to know its answer by: 1 to 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tag(pub Arc<str>);

impl Tag {
    /// The longest tag taken, in bytes.
    pub const MAX_BYTES: usize = 64;
}

/// A line said in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The room it was said in, with its `#`.
    pub room: Arc<str>,
    /// Its number in that room.
    pub seq: Seq,
    /// Who said it.
    pub from: Arc<str>,
    /// What was said.
    pub text: Arc<str>,
    /// When the server took it.
    pub time: Millis,
    /// Whether it is an action (`/me waves`), not speech.
    #[serde(default, skip_serializing_if = "is_false")]
    pub me: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Why a session ended: exactly one of these, the first that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloseReason {
    /// The member asked to leave, or ended its input.
    Quit,
    /// The connection broke.
    Lost,
    /// The peer was silent for longer than `gone-after`.
    Timeout,
    /// The peer took no name in time.
    LoginTimeout,
    /// The peer sent too much before it took a name.
    LoginLines,
    /// The peer read too slowly.
    SlowConsumer,
    /// The operator closed the session.
    Kicked,
    /// The same person came back on a new connection.
    Replaced,
    /// The server stopped.
    ServerStopped,
    /// The peer speaks a protocol that is not served here.
    NotServed,
    /// The server failed inside, in this session only.
    Failed,
}

impl CloseReason {
    /// All of them, in the order of `docs/protocol.md`.
    pub const ALL: [CloseReason; 11] = [
        CloseReason::Quit,
        CloseReason::Lost,
        CloseReason::Timeout,
        CloseReason::LoginTimeout,
        CloseReason::LoginLines,
        CloseReason::SlowConsumer,
        CloseReason::Kicked,
        CloseReason::Replaced,
        CloseReason::ServerStopped,
        CloseReason::NotServed,
        CloseReason::Failed,
    ];

    /// The stable name on the wire, in kebab case.
    pub fn code(self) -> &'static str {
        match self {
            CloseReason::Quit => "quit",
            CloseReason::Lost => "lost",
            CloseReason::Timeout => "timeout",
            CloseReason::LoginTimeout => "login-timeout",
            CloseReason::LoginLines => "login-lines",
            CloseReason::SlowConsumer => "slow-consumer",
            CloseReason::Kicked => "kicked",
            CloseReason::Replaced => "replaced",
            CloseReason::ServerStopped => "server-stopped",
            CloseReason::NotServed => "not-served",
            CloseReason::Failed => "failed",
        }
    }

    /// The words people are shown after a name that left.
    pub fn words(self) -> &'static str {
        match self {
            CloseReason::Quit => "quit",
            CloseReason::Lost => "connection lost",
            CloseReason::Timeout => "no sign of life",
            CloseReason::LoginTimeout => "took no name in time",
            CloseReason::LoginLines => "sent too much before taking a name",
            CloseReason::SlowConsumer => "read too slowly",
            CloseReason::Kicked => "kicked",
            CloseReason::Replaced => "came back on a new connection",
            CloseReason::ServerStopped => "server stopped",
            CloseReason::NotServed => "that protocol is not served here",
            CloseReason::Failed => "a fault in the server",
        }
    }
}

/// One name in a member list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberInfo {
    /// The name as its owner writes it.
    pub nick: Arc<str>,
    /// The away text, where the member is away.
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
    /// The topic, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Arc<str>>,
}

/// What `whois` tells of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoisInfo {
    /// The name.
    pub nick: Arc<str>,
    /// Rooms the person is in.
    pub rooms: Vec<Arc<str>>,
    /// When the person came.
    pub since: Millis,
    /// Whole seconds since the person last said or asked something.
    pub idle: u64,
    /// The fronts of the person's sessions: `json`, `line`.
    pub fronts: Vec<String>,
    /// The away text, where the person is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Arc<str>>,
}

/// One row of the answer to `help`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpInfo {
    /// How the command is written, without the slash.
    pub usage: String,
    /// What it does.
    pub text: String,
}

/// What a command made: the body of an `ok`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "kebab-case")]
pub enum Done {
    /// The greeting is exchanged; with a name, where one was taken.
    Hello {
        /// The name taken, if the `hello` asked for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nick: Option<Arc<str>>,
        /// The token that brings this person back after a lost connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Arc<str>>,
    },
    /// The name is taken or changed.
    Nick {
        /// The name now.
        nick: Arc<str>,
        /// The token that brings this person back, when the name is the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Arc<str>>,
    },
    /// In the room.
    Join {
        /// The room.
        room: Arc<str>,
    },
    /// Out of the room.
    Leave {
        /// The room.
        room: Arc<str>,
    },
    /// The rooms there are.
    Rooms {
        /// In the order of their names.
        rooms: Vec<RoomInfo>,
        /// How many there are, when the list is cut.
        total: usize,
    },
    /// Who is in a room.
    Members {
        /// The room.
        room: Arc<str>,
        /// In the order of their names.
        members: Vec<MemberInfo>,
        /// How many there are, when the list is cut.
        total: usize,
    },
    /// The message is delivered and has its number.
    Say {
        /// The room.
        room: Arc<str>,
        /// Its number there.
        seq: Seq,
        /// When the server took it.
        time: Millis,
        /// Whether this tag was said before; nothing was said again.
        #[serde(default, skip_serializing_if = "is_false")]
        again: bool,
    },
    /// The private message is delivered.
    Msg {
        /// To whom.
        to: Arc<str>,
        /// When the server took it.
        time: Millis,
        /// The away text of the one written to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        away: Option<Arc<str>>,
        /// Whether this tag was sent before; nothing was sent again.
        #[serde(default, skip_serializing_if = "is_false")]
        again: bool,
    },
    /// The topic, as it is now.
    Topic {
        /// The room.
        room: Arc<str>,
        /// The topic, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<Arc<str>>,
    },
    /// About a person.
    Whois(WhoisInfo),
    /// Marked away.
    Away {
        /// With these words.
        text: Arc<str>,
    },
    /// No longer away.
    Back,
    /// Recent messages of a room.
    History(History),
    /// The commands.
    Help {
        /// In the order of the command table.
        commands: Vec<HelpInfo>,
    },
    /// The server is there.
    Ping {
        /// What the `ping` carried.
        token: Arc<str>,
    },
    /// Going; nothing more comes but `closing`.
    Quit,
}

/// Recent messages of a room, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The room.
    pub room: Arc<str>,
    /// The messages, without gaps.
    pub messages: Vec<Arc<Message>>,
    /// How many of those asked for the room no longer remembers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
    /// Whether the room remembers more in the direction asked for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

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
        /// A free name, for who has none in mind.
        offer: Arc<str>,
        /// The room joined when no other is asked for.
        lobby: Arc<str>,
        /// The longest text of a message, in characters.
        text: usize,
        /// The longest line, in bytes with its ending.
        line_bytes: usize,
        /// Seconds of silence after which this server asks for a sign of life.
        ping_after: u64,
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
        /// The command's tag, where it could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<Tag>,
        /// The stable code, see `docs/protocol.md`.
        code: Arc<str>,
        /// The value that gave offence.
        value: Arc<str>,
        /// A sentence for people.
        text: Arc<str>,
        /// A name that would do instead, where the refusal is about a name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<Arc<str>>,
    },
    /// A line was said.
    Message(Arc<Message>),
    /// A private line, to both sides.
    Private {
        /// Who wrote it.
        from: Arc<str>,
        /// To whom.
        to: Arc<str>,
        /// What was written.
        text: Arc<str>,
        /// When the server took it.
        time: Millis,
    },
    /// This person is in a room now.
    Joined {
        /// The room.
        room: Arc<str>,
        /// When the room was made; a room of the same name made later counts its messages anew.
        made: Millis,
        /// The number of its last message.
        seq: Seq,
        /// How many members it has.
        total: usize,
        /// The topic, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<Arc<str>>,
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
    },
    /// Somebody came into a room.
    Join {
        /// The room.
        room: Arc<str>,
        /// Who.
        nick: Arc<str>,
        /// When.
        time: Millis,
    },
    /// Somebody left a room and is still on the server.
    Leave {
        /// The room.
        room: Arc<str>,
        /// Who.
        nick: Arc<str>,
        /// Words of farewell.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
        /// When.
        time: Millis,
    },
    /// Somebody is gone from every room.
    Quit {
        /// Who.
        nick: Arc<str>,
        /// Why.
        reason: CloseReason,
        /// Words of farewell, or the operator's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
        /// When.
        time: Millis,
    },
    /// Somebody has another name now.
    Nick {
        /// The name before.
        old: Arc<str>,
        /// The name now.
        new: Arc<str>,
        /// When.
        time: Millis,
    },
    /// A room has another topic.
    Topic {
        /// The room.
        room: Arc<str>,
        /// The topic; absent when it was removed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<Arc<str>>,
        /// Who set it.
        by: Arc<str>,
        /// When.
        time: Millis,
    },
    /// Somebody is away, or back where there is no text.
    Away {
        /// Who.
        nick: Arc<str>,
        /// The away text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
    },
    /// The operator says something to everyone.
    Notice {
        /// What.
        text: Arc<str>,
    },
    /// You are too fast; what you sent is kept and goes on in this time.
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
    /// About how many bytes this takes on the wire: what the outbox counts.
    /// An estimate, for it is asked before anything is encoded; never less
    /// than the text it carries.
    pub fn weight(&self) -> usize {
        const FRAME: usize = 96;
        let history = |h: &History| h.messages.iter().map(|m| m.text.len() + FRAME).sum::<usize>();
        let some = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
        let members = |list: &[MemberInfo]| list.iter().map(|m| m.nick.len() + some(&m.away) + 16).sum::<usize>();
        FRAME
            + match self {
                Event::Message(message) => message.text.len(),
                Event::Private { text, .. } | Event::Notice { text } | Event::Closing { text, .. } => text.len(),
                Event::Ping { token } | Event::Ok { done: Done::Ping { token }, .. } => token.len(),
                Event::Ok { done: Done::Away { text }, .. } => FRAME + text.len(),
                Event::Topic { topic: text, .. }
                | Event::Joined { topic: text, .. }
                | Event::Leave { text, .. }
                | Event::Quit { text, .. }
                | Event::Away { text, .. }
                | Event::Ok { done: Done::Topic { topic: text, .. } | Done::Msg { away: text, .. }, .. } => {
                    FRAME + some(text)
                }
                Event::Ok { done: Done::Whois(who), .. } => {
                    FRAME + some(&who.away) + who.rooms.iter().map(|room| room.len() + 3).sum::<usize>()
                }
                Event::Members { members: list, .. } => members(list),
                Event::History(h) => history(h),
                Event::Ok { done: Done::History(h), .. } => history(h),
                Event::Ok { done: Done::Members { members: list, .. }, .. } => members(list),
                Event::Ok { done: Done::Rooms { rooms, .. }, .. } => {
                    rooms.iter().map(|r| r.room.len() + some(&r.topic) + 40).sum()
                }
                Event::Ok { done: Done::Help { commands }, .. } => {
                    commands.iter().map(|c| c.usage.len() + c.text.len() + 24).sum()
                }
                Event::Error { value, text, .. } => value.len() + text.len(),
                _ => FRAME,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_weighs_less_than_the_text_it_carries() {
        let long: Arc<str> = "ж".repeat(8_000).into();
        let some = Some(Arc::clone(&long));
        let short: Arc<str> = "x".into();
        let name = || Arc::clone(&short);
        let member = || MemberInfo { nick: name(), away: some.clone() };
        let message =
            Arc::new(Message { room: name(), seq: 1, from: name(), text: Arc::clone(&long), time: 0, me: false });
        let history = || History { room: name(), messages: vec![Arc::clone(&message)], missed: 0, more: false };
        let whois = WhoisInfo { nick: name(), rooms: vec![], since: 0, idle: 0, fronts: vec![], away: some.clone() };
        let made = [
            Done::Rooms { rooms: vec![RoomInfo { room: name(), members: 1, topic: some.clone() }], total: 1 },
            Done::Members { room: name(), members: vec![member()], total: 1 },
            Done::Msg { to: name(), time: 0, away: some.clone(), again: false },
            Done::Topic { room: name(), topic: some.clone() },
            Done::Whois(whois),
            Done::Away { text: Arc::clone(&long) },
            Done::History(history()),
            Done::Help { commands: vec![HelpInfo { usage: String::new(), text: long.to_string() }] },
            Done::Ping { token: Arc::clone(&long) },
        ];
        let events = [
            Event::Error { tag: None, code: name(), value: Arc::clone(&long), text: name(), offer: None },
            Event::Message(Arc::clone(&message)),
            Event::Private { from: name(), to: name(), text: Arc::clone(&long), time: 0 },
            Event::Joined { room: name(), made: 0, seq: 0, total: 1, topic: some.clone() },
            Event::Members { room: name(), members: vec![member()], more: false },
            Event::History(history()),
            Event::Leave { room: name(), nick: name(), text: some.clone(), time: 0 },
            Event::Quit { nick: name(), reason: CloseReason::Quit, text: some.clone(), time: 0 },
            Event::Topic { room: name(), topic: some.clone(), by: name(), time: 0 },
            Event::Away { nick: name(), text: some.clone() },
            Event::Notice { text: Arc::clone(&long) },
            Event::Ping { token: Arc::clone(&long) },
            Event::Closing { reason: CloseReason::Quit, text: Arc::clone(&long) },
        ];
        for event in events.into_iter().chain(made.map(|done| Event::Ok { tag: None, done })) {
            assert!(event.weight() > long.len(), "{}", event.weight());
        }
    }
}
