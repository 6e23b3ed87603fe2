//! The rows of lists: what they hold, what they weigh, and how many fit into one answer. Knows no bytes, sockets or threads.

use std::iter::Peekable;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{FileInfo, Message, Millis, Restriction, Role, Seq, is_false};

/// One name in a member list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberInfo {
    /// The name as its owner writes it.
    pub nick: Arc<str>,
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
    /// Rooms with somebody in them that every person may know of.
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
    /// The person it is for: a nick, or an address.
    pub nick: Arc<str>,
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

/// What was done to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moderated {
    /// The room; if absent, the whole server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Arc<str>>,
    /// The person: a nick, or an address.
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

/// What a row takes beside its texts, in bytes.
pub(crate) const FRAME: usize = 96;

/// A row of a list, of which an answer holds as many as fit.
pub trait Row {
    /// About how many bytes it takes on the wire.
    fn weight(&self) -> usize;
}

/// Takes a page off the front of `rows`: at most `most`, and as many as fit in
/// `bytes`, but one at least. What is left in `rows` is for the next page.
pub fn page<T: Row>(rows: &mut Peekable<impl Iterator<Item = T>>, most: usize, bytes: usize) -> Vec<T> {
    let (mut page, mut weight) = (Vec::with_capacity(rows.size_hint().0.min(most)), 0);
    while let Some(row) = rows.next_if(|row| page.is_empty() || (page.len() < most && weight + row.weight() <= bytes)) {
        weight += row.weight();
        page.push(row);
    }
    page
}

/// What [`cut`] has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cut {
    /// Rows below the lower end.
    pub below: bool,
    /// Rows above the upper end.
    pub above: bool,
}

/// Cuts rows at both ends to about `bytes`; the first `lower` of them are counted
/// downwards from there, and the others upwards. At least one row is left.
pub fn cut<T: Row>(rows: &mut Vec<T>, lower: usize, bytes: usize) -> Cut {
    let (down, up) = rows.split_at(lower);
    let (least_down, least_up) = (usize::from(up.is_empty()), 1);
    // What is on both sides of something gets half of the space on each.
    let (below, weight) = fitting(down.iter().rev(), if up.is_empty() { bytes } else { bytes / 2 }, least_down);
    let (above, _) = fitting(up.iter(), bytes.saturating_sub(weight), least_up);
    let cut = Cut { below: below < down.len(), above: above < up.len() };
    rows.truncate(lower + above);
    drop(rows.drain(..lower - below));
    cut
}

/// How many rows fit into `bytes`, but `least` at least, if there are so many; and what they weigh.
fn fitting<'a, T: Row + 'a>(rows: impl Iterator<Item = &'a T>, bytes: usize, least: usize) -> (usize, usize) {
    let (mut count, mut weight) = (0, 0);
    for row in rows {
        let with = weight + row.weight();
        if with > bytes && count >= least {
            break;
        }
        (count, weight) = (count + 1, with);
    }
    (count, weight)
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
        said(&self.text) + FRAME + self.file.as_ref().map_or(0, |file| file.name.len() + 2 * FRAME)
    }
}

/// What the rows of a list weigh together.
pub(crate) fn sum<T: Row>(rows: &[T]) -> usize {
    rows.iter().map(Row::weight).sum()
}
