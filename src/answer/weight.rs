//! What an answer and the rows of its lists weigh in an outbox. Knows no bytes.

use std::sync::Arc;

use super::Done;
use super::rows::{BanInfo, ChatInfo, FileRow, GoneInfo, MemberInfo, PersonInfo, RoomInfo, WhoisInfo};
use crate::model::{Message, Settings};

/// What a row takes beside its texts, in bytes.
pub(crate) const FRAME: usize = 96;

/// A row of a list, of which an answer holds as many as fit.
pub trait Row {
    /// About how many bytes it takes on the wire.
    fn weight(&self) -> usize;
}

impl Done {
    /// About how many bytes this takes on the wire; never less than the text it carries.
    pub fn weight(&self) -> usize {
        FRAME
            + match self {
                Done::Ping { token: text } | Done::Away { text } | Done::Offer { url: text, .. } => FRAME + text.len(),
                Done::Topic { topic: text, .. }
                | Done::Msg { away: text, .. }
                | Done::About { text }
                | Done::Settings { settings: Settings { key: text, .. }, .. } => FRAME + length(text),
                Done::Whois(whois) => whois.weight(),
                Done::Members { members, .. } => sum(members),
                Done::History(history) => sum(&history.messages),
                Done::Search { messages, .. } => sum(messages),
                Done::Rooms { rooms, mask, .. } => sum(rooms) + length(mask),
                Done::Chats { chats, .. } => sum(chats),
                Done::Bans { bans, .. } => sum(bans),
                Done::Who { people, .. } => sum(people),
                Done::Whowas { people, .. } => sum(people),
                Done::Files { files, .. } => sum(files),
                Done::Get { info, url } => url.len() + info.name.len() + 4 * FRAME,
                Done::Help { commands } => commands.iter().map(|c| c.usage.len() + c.text.len() + 24).sum(),
                Done::Hello { .. }
                | Done::Nick { .. }
                | Done::Join { .. }
                | Done::Facts(_)
                | Done::Leave { .. }
                | Done::Say { .. }
                | Done::Back
                | Done::Delete { .. }
                | Done::Read { .. }
                | Done::Close { .. }
                | Done::Typing
                | Done::Register { .. }
                | Done::Login { .. }
                | Done::Authenticate { .. }
                | Done::Oper
                | Done::Deoper
                | Done::Logout { .. }
                | Done::Password
                | Done::DeleteAccount { .. }
                | Done::Claim
                | Done::RegisterRoom { .. }
                | Done::DropRoom { .. }
                | Done::Invite(_)
                | Done::Kick(_)
                | Done::Ban(_)
                | Done::Unban(_)
                | Done::Mute(_)
                | Done::Unmute(_)
                | Done::Op(_)
                | Done::Deop(_)
                | Done::Voice(_)
                | Done::Devoice(_)
                | Done::Announce
                | Done::Finish { .. }
                | Done::Cancel { .. }
                | Done::Quit => FRAME,
            }
    }
}

pub(crate) fn length(text: &Option<Arc<str>>) -> usize {
    text.as_ref().map_or(0, |text| text.len())
}

/// The words of a message. Before each further line stands a mark, and in JSON an escape.
pub(crate) fn said(text: &str) -> usize {
    text.len() + FRAME / 4 * memchr::memchr_iter(b'\n', text.as_bytes()).count()
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

impl Row for WhoisInfo {
    fn weight(&self) -> usize {
        let rooms: usize = self.rooms.iter().map(|room| room.len() + 3).sum();
        FRAME + length(&self.away) + length(&self.about) + rooms
    }
}

impl Row for ChatInfo {
    fn weight(&self) -> usize {
        self.room.len() + 80
    }
}

impl Row for BanInfo {
    fn weight(&self) -> usize {
        self.nick.len() + length(&self.mask) + self.by.len() + length(&self.text) + FRAME
    }
}

impl Row for PersonInfo {
    fn weight(&self) -> usize {
        self.who.prefix().len()
            + self.who.about().map_or(0, |about| about.len())
            + length(&self.away)
            + length(&self.room)
            + 2 * FRAME
    }
}

impl Row for GoneInfo {
    fn weight(&self) -> usize {
        self.nick.len() + self.user.len() + self.host.len() + length(&self.about) + FRAME
    }
}

impl Row for FileRow {
    fn weight(&self) -> usize {
        self.info.name.len() + self.from.len() + 3 * FRAME
    }
}

impl Row for Arc<Message> {
    fn weight(&self) -> usize {
        said(&self.text) + FRAME + self.file.as_ref().map_or(0, |file| file.name.len() + 2 * FRAME)
    }
}

/// What the rows of a list weigh together.
pub(crate) fn sum<T: Row>(rows: &[T]) -> usize {
    rows.iter().map(Row::weight).sum()
}
