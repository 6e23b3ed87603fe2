//! What a command made: the body of an `ok`, in the words of `docs/protocol.md`. Knows no bytes, sockets or threads.

mod page;
mod rows;
mod weight;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::model::{FileInfo, Message, Millis, Seq, Settings, is_false};
pub use page::{cut, page};
pub use rows::{
    BanInfo, ChatInfo, FactsInfo, FileRow, GoneInfo, HelpInfo, MemberInfo, Moderated, PersonInfo, RoomInfo, WhoisInfo,
    shown_mask,
};
pub use weight::Row;
pub(crate) use weight::{FRAME, length, said, sum};

/// What a command made: the body of an `ok`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "kebab-case")]
pub enum Done {
    /// The greeting is exchanged; a name may have been taken with it.
    Hello {
        /// The name taken, if the `hello` asked for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nick: Option<Actor>,
        /// The token that brings this person back after a lost connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Arc<str>>,
        /// Whether the session is logged in to the account of that name.
        #[serde(default, skip_serializing_if = "is_false")]
        registered: bool,
    },
    /// The name is taken or changed.
    Nick {
        /// The name now.
        nick: Actor,
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
        /// How many there are, on all pages; also those that a filter leaves out.
        total: usize,
        /// Whether there are more after the last of these.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
        /// The room after which the next page begins, if there may be more; with a filter, perhaps none of these.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<Arc<str>>,
        /// The first mask that was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mask: Option<Arc<str>>,
    },
    /// How many there are of what.
    Facts(FactsInfo),
    /// The members of a room.
    Members {
        /// The room.
        room: Arc<str>,
        /// In the order of their names.
        members: Vec<MemberInfo>,
        /// How many there are, on all pages.
        total: usize,
        /// Whether the room is hidden; for fronts that show it.
        #[serde(skip)]
        hidden: bool,
        /// Whether there are more after the last of these.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// The people that `who` asked about, of those who are online.
    Who {
        /// In the order of their names; or, if names were asked about, in the order of these.
        people: Vec<PersonInfo>,
        /// Whether there are more after the last of these.
        #[serde(default, skip_serializing_if = "is_false")]
        more: bool,
    },
    /// The people who had the name of `whowas` and left.
    Whowas {
        /// The name.
        nick: Arc<str>,
        /// Who left last comes first.
        people: Vec<GoneInfo>,
    },
    /// The message is delivered and has its number.
    Say {
        /// The room.
        room: Arc<str>,
        /// Its number there.
        seq: Seq,
        /// When the server took it.
        time: Millis,
        /// Whether this tag was used before; nothing was said again.
        #[serde(default, skip_serializing_if = "is_false")]
        again: bool,
    },
    /// The private message is delivered.
    Msg {
        /// The reader.
        to: Arc<str>,
        /// Its number in the conversation.
        seq: Seq,
        /// When the server took it.
        time: Millis,
        /// The away text of the reader.
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
    /// The caller's rooms and private conversations.
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
    /// A private conversation is ended: it is not among the caller's any more.
    Close {
        /// The other person: `@nick`.
        room: Arc<str>,
    },
    /// The others there are told that the person is typing, if they asked to be.
    Typing,
    /// There is an account of this name now, and the session is logged in to it.
    Register {
        /// The name.
        nick: Actor,
    },
    /// Logged in.
    Login {
        /// The name, which is the account's.
        nick: Actor,
        /// The token that brings this person back after a lost connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Arc<str>>,
    },
    /// The password is that of this account; the name is yet to be taken.
    Authenticate {
        /// The name of the account.
        nick: Arc<str>,
    },
    /// The caller's words about themselves, as they are now.
    About {
        /// The words, if there are any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
    },
    /// This session is an op of the server.
    Oper,
    /// This session is no op of the server, unless its account is.
    Deoper,
    /// A guest from now on.
    Logout {
        /// The name now.
        nick: Actor,
    },
    /// The password is changed.
    Password,
    /// The account is deleted, and the session is a guest's.
    DeleteAccount {
        /// The name now.
        nick: Actor,
    },
    /// An op of the server from now on.
    Claim,
    /// The account owns the room, and the room lasts.
    RegisterRoom {
        /// The room.
        room: Arc<str>,
    },
    /// The room has no owner.
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
        /// Whether an account has registered it.
        #[serde(default, skip_serializing_if = "is_false")]
        registered: bool,
    },
    /// Invited.
    Invite(Moderated),
    /// Removed from the room.
    Kick(Moderated),
    /// Banned.
    Ban(Moderated),
    /// Not banned any more.
    Unban(Moderated),
    /// Muted.
    Mute(Moderated),
    /// Not muted any more.
    Unmute(Moderated),
    /// An op.
    Op(Moderated),
    /// No op any more.
    Deop(Moderated),
    /// Has a voice.
    Voice(Moderated),
    /// Has no voice any more.
    Devoice(Moderated),
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
    /// All people are told.
    Announce,
    /// The file may come.
    Offer {
        /// Its number while it comes.
        upload: u64,
        /// Where its bytes are sent, by `PUT`.
        url: Arc<str>,
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
    /// Where a file is fetched.
    Get {
        /// The file.
        #[serde(flatten)]
        info: Arc<FileInfo>,
        /// Where its bytes are fetched, by `GET`, as long as this session may read it.
        url: Arc<str>,
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
    /// The session ends; only `closing` comes after this.
    Quit,
}

/// Earlier messages of a room or a private conversation, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// `#room`, or `@nick`.
    pub room: Arc<str>,
    /// The messages, without gaps.
    pub messages: Vec<Arc<Message>>,
    /// How many of those asked for are left out before these: not stored any more, or too many for one answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
    /// Whether there are more in the direction asked for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
    /// The last message seen before these, as the server takes it: less than the `after` of the
    /// `join` if that was about messages that are lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl Done {
    /// Whether it is a page of a list, and another follows.
    pub fn has_more(&self) -> bool {
        match self {
            Done::Rooms { more, .. }
            | Done::Members { more, .. }
            | Done::Bans { more, .. }
            | Done::Who { more, .. } => *more,
            _ => false,
        }
    }
}
