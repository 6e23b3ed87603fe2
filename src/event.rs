//! What a member is told: events, answers and the reasons for leaving, in the words of `docs/protocol.md`. Knows no bytes, sockets or threads.
//!
//! The types carry their JSON names, because the JSON front sends exactly
//! these; the encoding itself is in [`crate::wire`].

use std::iter::Peekable;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::record::{Restriction, Role, Settings};

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

/// A line said in a room, or in a private conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Where it was said: `#room`, or `@nick` of the other one in a private conversation.
    pub room: Arc<str>,
    /// Its number there.
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
    /// The file that was sent with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Arc<FileInfo>>,
    /// Whether it was deleted since: then there is no text and no file left.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
}

/// A file that somebody sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Its number, to ask for it by.
    pub file: u64,
    /// Its name, cleaned: no folders, no control characters, 1 to 255 bytes.
    pub name: Arc<str>,
    /// What it is, by its content: `image/jpeg`; `application/octet-stream` where that does not tell.
    pub mime: Arc<str>,
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256 of them, in 64 hexadecimal digits.
    pub sha256: Arc<str>,
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
    /// The account's password is another, or the account is gone.
    LoggedOut,
    /// The server stopped.
    ServerStopped,
    /// The peer speaks a protocol that is not served here.
    NotServed,
    /// The server failed inside, in this session only.
    Failed,
}

impl CloseReason {
    /// All of them, in the order of `docs/protocol.md`.
    pub const ALL: [CloseReason; 12] = [
        CloseReason::Quit,
        CloseReason::Lost,
        CloseReason::Timeout,
        CloseReason::LoginTimeout,
        CloseReason::LoginLines,
        CloseReason::SlowConsumer,
        CloseReason::Kicked,
        CloseReason::Replaced,
        CloseReason::LoggedOut,
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
            CloseReason::LoggedOut => "logged-out",
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
            CloseReason::LoggedOut => "logged out",
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
    /// What the member may do there, where it is more than others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
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
    /// Whether the name belongs to an account, and they are logged in to it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub registered: bool,
    /// Where they come from: only an op of the server is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Arc<str>>,
    /// The away text, where the person is away.
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
}

/// A ban or a mute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanInfo {
    /// From what: `ban` or `mute`.
    pub restriction: Restriction,
    /// Who it is for: a nick, or an address.
    pub nick: Arc<str>,
    /// Until when; for ever if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// Who said so.
    pub by: Arc<str>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Arc<str>>,
    /// When.
    pub time: Millis,
}

/// What was done about somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moderated {
    /// Where; on the whole server if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Arc<str>>,
    /// About whom: a nick, or an address.
    pub nick: Arc<str>,
    /// Until when; for ever, or for once, if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
}

/// One file in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRow {
    /// The file.
    #[serde(flatten)]
    pub info: Arc<FileInfo>,
    /// The number of its message.
    pub seq: Seq,
    /// Who sent it.
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
        /// Whether one is logged in to the account of that name.
        #[serde(default, skip_serializing_if = "is_false")]
        registered: bool,
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
        /// How many there are, on all pages.
        total: usize,
        /// Whether there are more after the last of these.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// Who is in a room.
    Members {
        /// The room.
        room: Arc<str>,
        /// In the order of their names.
        members: Vec<MemberInfo>,
        /// How many there are, on all pages.
        total: usize,
        /// Whether there are more after the last of these.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
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
        /// Its number in the conversation.
        seq: Seq,
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
    /// Earlier messages of a room or a private conversation.
    History(History),
    /// What was found.
    Search {
        /// The newest first.
        messages: Vec<Arc<Message>>,
        /// Whether there is more, before the last of these.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
        /// What the next page is asked for with, if there is more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<Arc<str>>,
    },
    /// The message is deleted.
    Delete {
        /// Where.
        room: Arc<str>,
        /// Which.
        seq: Seq,
    },
    /// One's own rooms and private conversations.
    Chats {
        /// Rooms first, in the order of their names.
        chats: Vec<ChatInfo>,
        /// Whether there are more after the last of these.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// Read.
    Read {
        /// Where.
        room: Arc<str>,
        /// Up to which message.
        seq: Seq,
    },
    /// A private conversation is ended: it is not among one's own any more.
    Close {
        /// With whom: `@nick`.
        room: Arc<str>,
    },
    /// There is an account of this name now, and one is logged in to it.
    Register {
        /// The name.
        nick: Arc<str>,
    },
    /// Logged in.
    Login {
        /// The name, which is the account's.
        nick: Arc<str>,
        /// The token that brings this person back after a lost connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Arc<str>>,
    },
    /// A guest from now on.
    Logout {
        /// The name now.
        nick: Arc<str>,
    },
    /// The password is changed.
    Password,
    /// The account is deleted, and one is a guest.
    DeleteAccount {
        /// The name now.
        nick: Arc<str>,
    },
    /// An op of the server from now on.
    Claim,
    /// The room is one's own, and lasts.
    RegisterRoom {
        /// The room.
        room: Arc<str>,
    },
    /// The room is nobody's.
    DropRoom {
        /// The room.
        room: Arc<str>,
    },
    /// What is set in a room, as it is now.
    Settings {
        /// The room.
        room: Arc<str>,
        /// What is set.
        #[serde(flatten)]
        settings: Settings,
        /// Whether somebody has registered it.
        #[serde(default, skip_serializing_if = "is_false")]
        registered: bool,
    },
    /// Invited.
    Invite(Moderated),
    /// Put out.
    Kick(Moderated),
    /// Kept out.
    Ban(Moderated),
    /// Not kept out any more.
    Unban(Moderated),
    /// Kept from speaking.
    Mute(Moderated),
    /// Not kept from speaking any more.
    Unmute(Moderated),
    /// An op.
    Op(Moderated),
    /// No op any more.
    Deop(Moderated),
    /// The bans and mutes.
    Bans {
        /// The room; absent for the whole server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<Arc<str>>,
        /// The oldest first.
        bans: Vec<BanInfo>,
        /// How many older ones are left out before these.
        #[serde(default, skip_serializing_if = "is_zero")]
        skip: u64,
        /// Whether there are more after the last of these.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// Everybody is told.
    Announce,
    /// The file may come.
    Offer {
        /// What to call it while it comes.
        upload: u64,
        /// The most bytes that one piece may have.
        piece: usize,
    },
    /// The piece is kept.
    Chunk {
        /// Of which upload.
        upload: u64,
        /// Where the next piece begins.
        offset: u64,
    },
    /// The file is complete, and said.
    Finish {
        /// Where.
        room: Arc<str>,
        /// The number of its message.
        seq: Seq,
        /// When.
        time: Millis,
        /// The file's number.
        file: u64,
        /// Whether this tag was used before; nothing was said again.
        #[serde(default, skip_serializing_if = "is_false")]
        again: bool,
    },
    /// The file will not come.
    Cancel {
        /// Which upload.
        upload: u64,
    },
    /// The files of a room or a private conversation.
    Files {
        /// Where.
        room: Arc<str>,
        /// The newest first.
        files: Vec<FileRow>,
        /// Whether there are more before the last of these.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// A piece of a file.
    Get {
        /// The file.
        #[serde(flatten)]
        info: Arc<FileInfo>,
        /// From which byte on.
        offset: u64,
        /// The bytes, in base64 (RFC 4648, 4); empty at the end.
        data: Arc<str>,
    },
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

/// Earlier messages of a room or a private conversation, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// `#room`, or `@nick`.
    pub room: Arc<str>,
    /// The messages, without gaps.
    pub messages: Vec<Arc<Message>>,
    /// How many of those asked for are left out before these: no longer kept, or too many for one answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
    /// Whether there are more in the direction asked for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
    /// The last message seen before these, as the server takes it: less than the `after` of the
    /// `join` where that was about messages that are lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
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
        /// Its number in the conversation of the two.
        seq: Seq,
        /// What was written.
        text: Arc<str>,
        /// When the server took it.
        time: Millis,
        /// The file that was sent with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<Arc<FileInfo>>,
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
    /// A message was deleted.
    Deleted {
        /// Where: `#room`, or `@nick`.
        room: Arc<str>,
        /// Which.
        seq: Seq,
        /// Who deleted it.
        by: Arc<str>,
        /// When.
        time: Millis,
    },
    /// Somebody was put out of a room, and perhaps is kept out.
    Kick {
        /// The room.
        room: Arc<str>,
        /// Who.
        nick: Arc<str>,
        /// Who did it.
        by: Arc<str>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
        /// When.
        time: Millis,
    },
    /// Somebody is kept from coming in or from speaking, or not any more.
    Restriction {
        /// The room.
        room: Arc<str>,
        /// From what.
        restriction: Restriction,
        /// Whether it is lifted.
        #[serde(default, skip_serializing_if = "is_false")]
        lifted: bool,
        /// Who, by the name they have or had.
        nick: Arc<str>,
        /// Who did it.
        by: Arc<str>,
        /// Until when; for ever if it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Millis>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
        /// When.
        time: Millis,
    },
    /// Somebody may do more or less in a room.
    Role {
        /// The room.
        room: Arc<str>,
        /// Who.
        nick: Arc<str>,
        /// What they are now; absent where they are like everybody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
        /// Who did it.
        by: Arc<str>,
        /// When.
        time: Millis,
    },
    /// A room is set otherwise.
    Settings {
        /// The room.
        room: Arc<str>,
        /// What is set now; the key itself is told to those in the room.
        #[serde(flatten)]
        settings: Settings,
        /// Whether somebody has registered it.
        #[serde(default, skip_serializing_if = "is_false")]
        registered: bool,
        /// Who did it.
        by: Arc<str>,
        /// When.
        time: Millis,
    },
    /// You may come into a room.
    Invite {
        /// The room.
        room: Arc<str>,
        /// Who says so.
        by: Arc<str>,
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

/// What a row takes beside its texts, in bytes.
const FRAME: usize = 96;

/// A row of a list, of which an answer holds as many as fit.
pub trait Row {
    /// About how many bytes it takes on the wire.
    fn weight(&self) -> usize;
}

/// Takes a page off the front of `rows`: at most `most`, and as many as fit in
/// `bytes`, but one at least. What is left in `rows` is for the next page.
pub fn page<T: Row>(rows: &mut Peekable<impl Iterator<Item = T>>, most: usize, bytes: usize) -> Vec<T> {
    let (mut page, mut weight) = (Vec::new(), 0);
    while let Some(row) = rows.next_if(|row| page.is_empty() || (page.len() < most && weight + row.weight() <= bytes)) {
        weight += row.weight();
        page.push(row);
    }
    page
}

fn length(text: &Option<Arc<str>>) -> usize {
    text.as_ref().map_or(0, |text| text.len())
}

impl Row for MemberInfo {
    fn weight(&self) -> usize {
        self.nick.len() + length(&self.away) + 48
    }
}

impl Row for RoomInfo {
    fn weight(&self) -> usize {
        self.room.len() + length(&self.topic) + 48
    }
}

impl Row for ChatInfo {
    fn weight(&self) -> usize {
        self.room.len() + 80
    }
}

impl Row for BanInfo {
    fn weight(&self) -> usize {
        self.nick.len() + self.by.len() + length(&self.text) + FRAME
    }
}

impl Row for FileRow {
    fn weight(&self) -> usize {
        self.info.name.len() + self.from.len() + 3 * FRAME
    }
}

impl Row for Arc<Message> {
    fn weight(&self) -> usize {
        self.text.len() + FRAME + self.file.as_ref().map_or(0, |file| file.name.len() + 2 * FRAME)
    }
}

/// What the rows of a list weigh together.
fn sum<T: Row>(rows: &[T]) -> usize {
    rows.iter().map(Row::weight).sum()
}

impl Event {
    /// About how many bytes this takes on the wire: what the outbox counts.
    /// An estimate, for it is asked before anything is encoded; never less
    /// than the text it carries.
    pub fn weight(&self) -> usize {
        let file = |file: &Option<Arc<FileInfo>>| file.as_ref().map_or(0, |file| file.name.len() + 2 * FRAME);
        let some = length;
        FRAME
            + match self {
                Event::Message(message) => message.text.len() + file(&message.file),
                Event::Private { text, file: sent, .. } => text.len() + file(sent),
                Event::Notice { text } | Event::Closing { text, .. } => text.len(),
                Event::Ping { token } | Event::Ok { done: Done::Ping { token }, .. } => token.len(),
                Event::Ok { done: Done::Away { text }, .. } => FRAME + text.len(),
                Event::Topic { topic: text, .. }
                | Event::Joined { topic: text, .. }
                | Event::Leave { text, .. }
                | Event::Quit { text, .. }
                | Event::Away { text, .. }
                | Event::Kick { text, .. }
                | Event::Restriction { text, .. }
                | Event::Settings { settings: Settings { key: text, .. }, .. }
                | Event::Ok {
                    done:
                        Done::Topic { topic: text, .. }
                        | Done::Msg { away: text, .. }
                        | Done::Settings { settings: Settings { key: text, .. }, .. },
                    ..
                } => FRAME + some(text),
                Event::Ok { done: Done::Whois(who), .. } => {
                    FRAME + some(&who.away) + who.rooms.iter().map(|room| room.len() + 3).sum::<usize>()
                }
                Event::Members { members, .. } | Event::Ok { done: Done::Members { members, .. }, .. } => sum(members),
                Event::History(history) | Event::Ok { done: Done::History(history), .. } => sum(&history.messages),
                Event::Ok { done: Done::Search { messages, .. }, .. } => sum(messages),
                Event::Ok { done: Done::Rooms { rooms, .. }, .. } => sum(rooms),
                Event::Chats { chats, .. } | Event::Ok { done: Done::Chats { chats, .. }, .. } => sum(chats),
                Event::Ok { done: Done::Bans { bans, .. }, .. } => sum(bans),
                Event::Ok { done: Done::Files { files, .. }, .. } => sum(files),
                Event::Ok { done: Done::Get { data, .. }, .. } => data.len() + 3 * FRAME,
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
        let member = || MemberInfo { nick: name(), role: None, away: some.clone() };
        let message =
            Arc::new(Message { room: name(), seq: 1, from: name(), text: Arc::clone(&long), ..Message::default() });
        let history = || History { messages: vec![Arc::clone(&message)], ..History::default() };
        let whois = WhoisInfo {
            nick: name(),
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
            restriction: Restriction::Ban,
            nick: name(),
            until: None,
            by: name(),
            text: some.clone(),
            time: 0,
        };
        let made = [
            Done::Rooms {
                rooms: vec![RoomInfo { room: name(), members: 1, topic: some.clone() }],
                total: 1,
                more: false,
            },
            Done::Members { room: name(), members: vec![member()], total: 1, more: false },
            Done::Msg { to: name(), seq: 1, time: 0, away: some.clone(), again: false },
            Done::Search { messages: vec![Arc::clone(&message)], more: false, next: some.clone() },
            Done::Settings { room: name(), settings: settings(), registered: false },
            Done::Bans { room: None, bans: vec![ban()], skip: 0, more: false },
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
            Event::Private { from: name(), to: name(), seq: 1, text: Arc::clone(&long), time: 0, file: None },
            Event::Kick { room: name(), nick: name(), by: name(), text: some.clone(), time: 0 },
            Event::Settings { room: name(), settings: settings(), registered: false, by: name(), time: 0 },
            Event::Joined { room: name(), made: 0, run: 0, seq: 0, total: 1, topic: some.clone() },
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
