//! What a client knows: its name, its rooms, the messages it has seen, and the lines without an answer. Knows no sockets and no threads.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::News;
use super::asked::{Asked, Wanted};
use super::error::{AskError, End, Unsent};
use super::keys::{place_key, same_room};
use super::link::Welcome;
use super::marks::Marks;
use super::missed::{self, Missed};
use super::rooms::Rooms;
use crate::answer::{ChatInfo, Done, History};
use crate::command::Secret;
use crate::error::Code;
use crate::event::Event;
use crate::model::{Kind, Message, Millis, Seq, Tag};
use crate::wire::json;

/// Lines that may wait for their answers at once. The server remembers the last
/// 256 tags of a person; if more lines than that were on the way, one might be
/// said twice after a lost connection.
pub(super) const WINDOW: usize = 64;

/// A line that the client says, and that has no answer yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The tag that its answer will carry.
    pub tag: Tag,
    /// The room it is for, or the person; empty for a reply.
    pub to: String,
    /// The words.
    pub text: Arc<str>,
    /// Whether it is for one person only.
    pub private: bool,
    /// Whether it is speech, an action or a notice.
    pub kind: Kind,
    /// Whether it has come back as a message of the room: only the answer is missing.
    pub heard: bool,
    /// The line as it is sent.
    pub(super) line: String,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub nick: String,
    pub resume: Option<String>,
    pub server: String,
    pub rooms: Rooms,
    pub pending: VecDeque<Said>,
    /// Other commands without an answer.
    pub asked: Asked,
    /// Whether the client is logged in.
    pub account: bool,
    /// Logs in again if the resume token does not.
    pub password: Option<Secret>,
    pub(super) marks: Marks,
    pub(super) missed: Missed,
    /// From the key of a room's name to the password of the room, if it is known.
    pub(super) keys: BTreeMap<String, Arc<str>>,
    pub connected: bool,
    pub leaving: bool,
    pub end: Option<End>,
    /// Lines that the reading thread wants written, by the thread that writes now or by itself.
    pub owed: Vec<String>,
    text: usize,
    line_bytes: usize,
    tags: u64,
}

impl State {
    pub fn welcomed(&mut self, welcome: &Welcome) {
        welcome.nick.clone_into(&mut self.nick);
        self.resume.clone_from(&welcome.resume);
        self.account = welcome.registered;
        self.connected = true;
        if welcome.text > 0 {
            (self.text, self.line_bytes) = (welcome.text, welcome.line_bytes);
            welcome.server.clone_into(&mut self.server);
        }
    }

    pub fn next_tag(&mut self) -> Tag {
        self.tags += 1;
        Tag(self.tags.to_string().into())
    }

    pub fn is_answered(&self, tag: &Tag) -> bool {
        !self.asked.is_open(tag) && self.pending.iter().all(|said| said.tag != *tag)
    }

    /// Whether a line to say must wait until the server has answered others.
    pub fn is_full(&self) -> bool {
        self.pending.len() >= WINDOW && self.connected && self.end.is_none() && !self.leaving
    }

    /// Makes a command's line, with a tag.
    pub fn compose(&mut self, kind: &str, fields: &[(&str, Value)], wanted: Wanted) -> Result<(Tag, String), Unsent> {
        let is_line = wanted == Wanted::Line;
        if self.end.is_some() || self.leaving {
            return Err(Unsent::Ended);
        }
        if !is_line && !self.connected {
            return Err(Unsent::NotConnected);
        }
        if is_line && self.pending.len() >= WINDOW {
            return Err(Unsent::Full(WINDOW));
        }
        let field = |wanted| fields.iter().find(|(name, _)| *name == wanted).and_then(|(_, value)| value.as_str());
        let text = field("text").unwrap_or_default();
        let long = |have, most, unit| Err(Unsent::TooLong { have, most, unit });
        let have = text.chars().count();
        if is_line && have > self.text {
            return long(have, self.text, "characters");
        }
        let tag = self.next_tag();
        let mut all = vec![("tag", Value::from(&*tag.0))];
        all.extend(fields.iter().cloned());
        let line = json::request(kind, &all);
        if line.len() >= self.line_bytes {
            return long(line.len() + 1, self.line_bytes, "bytes");
        }
        if is_line {
            let to = field("room").or_else(|| field("to")).unwrap_or_default().to_owned();
            let private = matches!(kind, "msg" | "reply") || to.starts_with('@');
            let to = to.trim_start_matches('@').to_owned();
            let kind = match kind {
                "me" => Kind::Action,
                "notice" => Kind::Notice,
                _ => Kind::Text,
            };
            let (tag, text, line) = (tag.clone(), text.into(), line.clone());
            self.pending.push_back(Said { tag, to, text, private, kind, heard: false, line });
        } else {
            self.asked.begin(tag.clone(), wanted);
        }
        Ok((tag, line))
    }

    /// A room is asked for with this key.
    pub fn has_key(&mut self, room: &str, key: Option<&Arc<str>>) {
        match key.filter(|key| !key.is_empty()) {
            Some(key) => drop(self.keys.insert(place_key(room), Arc::clone(key))),
            None => drop(self.keys.remove(&place_key(room))),
        }
    }

    /// The connection is lost: commands that were on their way get no answer any more.
    pub fn lost(&mut self) {
        self.connected = false;
        self.owed.clear();
        self.asked.lost();
    }

    /// The number up to which to report a place as read, if the server does not know it.
    pub fn report(&mut self, place: &str) -> Option<Seq> {
        if self.account && self.connected { self.marks.report(place) } else { None }
    }

    /// Learns from an event. Returns what the sink is told: nothing if it is known, or if a thread waits for it.
    pub fn learn(&mut self, event: Event) -> Option<News> {
        match event {
            Event::Ok { tag, done } => self.answered(tag, done),
            Event::Error { tag, code, value, text, offer } => {
                let at = self.pending.iter().position(|said| Some(&said.tag) == tag.as_ref());
                if let Some(said) = at.and_then(|at| self.pending.remove(at)) {
                    return Some(if code == Code::NotKept {
                        News::Unkept(said, text)
                    } else {
                        News::Unsent(said, text)
                    });
                }
                // A room that does not let the client in again is left.
                self.rooms.refused(tag.as_ref());
                let refused = || Err(AskError::Refused { code: code.clone(), text: text.to_string() });
                match self.asked.end(tag.as_ref(), refused) {
                    Wanted::Awaited | Wanted::Ignored | Wanted::Missed => None,
                    _ => Some(News::Event(Event::Error { tag, code, value, text, offer })),
                }
            }
            Event::Message(message) => self.heard(message),
            Event::History(history) => Some(News::Event(Event::History(self.unseen(history)))),
            other => {
                self.follow(&other);
                Some(News::Event(other))
            }
        }
    }

    /// A message was said in a room.
    fn heard(&mut self, message: Arc<Message>) -> Option<News> {
        if self.rooms.get(&message.room).is_some_and(|room| !room.catch_up.message(message.seq)) {
            return None;
        }
        self.marks.seen(&message.room, message.seq);
        if message.from.as_ref() == self.nick {
            let same =
                |said: &&mut Said| !said.heard && same_room(&said.to, &message.room) && said.text == message.text;
            if let Some(said) = self.pending.iter_mut().find(same) {
                said.heard = true;
            }
        }
        Some(News::Event(Event::Message(message)))
    }

    fn answered(&mut self, tag: Option<Tag>, done: Done) -> Option<News> {
        if let Some(tag) = &tag {
            self.pending.retain(|said| said.tag != *tag);
        }
        self.become_of(&done);
        match self.asked.end(tag.as_ref(), || Ok(done.clone())) {
            Wanted::Awaited | Wanted::Ignored => None,
            Wanted::Made => Some(News::Event(Event::Ok { tag: None, done })),
            Wanted::Line | Wanted::Told | Wanted::Both => Some(News::Event(Event::Ok { tag, done })),
            Wanted::Missed => self.found(done),
        }
    }

    /// Follows an answer that changes the client's name or account.
    fn become_of(&mut self, done: &Done) {
        let (nick, resume, account) = match done {
            Done::Nick { nick, resume } => (nick, resume, self.account),
            Done::Login { nick, resume } => (nick, resume, true),
            Done::Register { nick } => (nick, &None, true),
            Done::Logout { nick } | Done::DeleteAccount { nick } => (nick, &None, false),
            Done::Password => {
                // The password that is known here is the old one now.
                self.password = None;
                return;
            }
            Done::Chats { chats, .. } => return chats.iter().for_each(|chat| self.marks.read(&chat.room, chat.read)),
            Done::Read { room, seq } => return self.marks.read(room, *seq),
            _ => return,
        };
        if self.account && !account {
            self.password = None;
            self.marks.forget();
            self.missed.forget();
        }
        self.account = account;
        if resume.is_some() {
            self.resume = resume.as_ref().map(|token| token.to_string());
        }
        let old = std::mem::replace(&mut self.nick, nick.to_string());
        if old != self.nick {
            let old: Arc<str> = old.into();
            let (new, by) = (Arc::clone(nick.nick()), Arc::clone(&old).into());
            self.follow(&Event::Nick { old, new, by, time: 0 });
        }
    }

    /// The messages of `history` that were not seen yet.
    fn unseen(&mut self, mut history: History) -> History {
        let rewound = self.rooms.get(&history.room).and_then(|room| room.catch_up.page(&mut history));
        if let Some(after) = rewound {
            self.marks.rewind(&history.room, after);
        }
        if let Some(last) = history.messages.last() {
            self.marks.seen(&history.room, last.seq);
        }
        history
    }

    /// Follows what happens to the client, its rooms and its conversations.
    fn follow(&mut self, event: &Event) {
        self.rooms.follow(event);
        match event {
            Event::Joined { room, made, run, seq, .. } => {
                let anew = self.rooms.joined(room, *made, *run, *seq);
                if anew {
                    self.marks.rewind(room, 0);
                }
            }
            Event::Private { from, to, seq, time, .. } => {
                let with = if **from == self.nick { to } else { from.nick() };
                let place = format!("@{with}");
                self.marks.seen(&place, *seq);
                self.missed.heard(&place, *seq, *time);
            }
            Event::Settings { room, settings, .. } => self.has_key(room, settings.key.as_ref()),
            Event::Chats { chats, .. } => self.learn_chats(chats),
            Event::Read { room, seq } => self.marks.read(room, *seq),
            Event::Nick { old, new, .. } if self.nick == **old => (**new).clone_into(&mut self.nick),
            _ => {}
        }
    }

    /// Notes that a command is on its way, and what happens with its answer.
    fn begin(&mut self, wanted: Wanted) -> Tag {
        let tag = self.next_tag();
        self.asked.begin(tag.clone(), wanted);
        tag
    }

    /// The lines to send after a reconnect: the rooms, then the lines without an
    /// answer, then what asks for missed conversations.
    pub fn comeback(&mut self) -> Vec<String> {
        let known = |time: Millis| Value::from(Some(time).filter(|time| *time != 0));
        let mut lines = Vec::with_capacity(self.rooms.0.len() + self.pending.len());
        for at in 0..self.rooms.0.len() {
            let tag = self.begin(Wanted::Made);
            let room = &mut self.rooms.0[at];
            let key = self.keys.get(&place_key(&room.name)).map(|key| &**key).into();
            let fields = [
                ("tag", (*tag.0).into()),
                ("room", (&*room.name).into()),
                ("after", room.catch_up.seen.into()),
                ("made", known(room.catch_up.made)),
                ("run", known(room.catch_up.run)),
                ("key", key),
            ];
            lines.push(json::request("join", &fields));
            room.catch_up.ask(tag);
        }
        lines.extend(self.pending.iter().map(|said| said.line.clone()));
        if self.missed.wanted {
            // The server tells an account by `chats` which have unread lines.
            let mut talked = if self.account { Vec::new() } else { self.marks.conversations() };
            // If there are too many, those are asked for in which something was said last.
            talked.sort_by_key(|(place, _)| Reverse(self.missed.last_time(place)));
            for (place, after) in &mut talked {
                *after = self.missed.after(place, *after);
            }
            lines.extend(self.ask_for(talked));
        }
        lines
    }

    /// The server has told which places have unread lines: asks for those that did not come here.
    pub fn learn_chats(&mut self, chats: &[ChatInfo]) {
        let mut unheard = Vec::new();
        for chat in chats {
            let seen = self.marks.seen_in(&chat.room);
            let has_lost = chat.seq < seen && chat.room.starts_with('@');
            if has_lost {
                // The messages after it are lost, and their numbers come again.
                self.marks.rewind(&chat.room, chat.seq);
            }
            self.marks.read(&chat.room, chat.read);
            if self.is_unheard(chat) || has_lost && chat.unread > 0 {
                let known = self.missed.after(&chat.room, seen.min(chat.seq));
                let after = if chat.read > seen { chat.read } else { known };
                unheard.push((chat.room.to_string(), after));
            }
        }
        if self.missed.wanted {
            let lines = self.ask_for(unheard);
            self.owed.extend(lines);
        }
    }

    /// Whether this is a conversation with unread lines that did not come here. A
    /// server that was killed may have forgotten what was read.
    pub fn is_unheard(&self, chat: &ChatInfo) -> bool {
        chat.room.starts_with('@') && chat.unread > 0 && chat.seq > self.marks.seen_in(&chat.room)
    }

    /// Asks for conversations, each after a number. The ping behind them is answered when all have come.
    fn ask_for(&mut self, places: Vec<(String, Seq)>) -> Vec<String> {
        let mut lines = Vec::new();
        for (place, after) in places.into_iter().take(missed::MOST) {
            let tag = self.begin(Wanted::Missed);
            lines.push(self.missed.ask(&place, after, &tag));
        }
        let tag = self.begin(Wanted::Missed);
        lines.push(json::request("ping", &[("tag", (*tag.0).into())]));
        lines
    }

    /// The answer to something missed came.
    fn found(&mut self, done: Done) -> Option<News> {
        match done {
            Done::History(mut history) => {
                self.missed.leave_out(&mut history);
                let last = history.messages.last()?;
                self.marks.seen(&history.room, last.seq);
                Some(News::Event(Event::History(history)))
            }
            Done::Ping { .. } => {
                if !self.asked.has(Wanted::Missed) {
                    self.missed.end();
                }
                Some(News::Event(Event::Ok { tag: None, done }))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
