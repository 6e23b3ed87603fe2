//! What a client knows: its name, its rooms with what it has seen there, and its lines without an answer. Knows no sockets and no threads.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::error::{End, Unsent};
use super::link::Welcome;
use crate::event::{Done, Event, History, Millis, Seq, Tag};
use crate::names::{Nick, RoomName};
use crate::wire::json;

/// Lines that may wait for their answers at once. The server remembers the
/// last 256 tags of a person; with more lines than that on the way, one might
/// be said twice after a lost connection.
pub(super) const WINDOW: usize = 64;

/// A line of one's own that has no answer yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The mark its answer will carry.
    pub tag: Tag,
    /// The room it is for, or the person, or nobody for a reply.
    pub to: String,
    /// The words.
    pub text: Arc<str>,
    /// Whether it is for one person only.
    pub private: bool,
    /// Whether it is an action.
    pub me: bool,
    /// Whether it has come back in the room: only the answer is missing.
    pub heard: bool,
    /// The line as it goes over the wire.
    pub(super) line: String,
}

/// A room one is in.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub name: String,
    pub made: Millis,
    pub seen: Seq,
    /// From the key of a name to the name.
    pub members: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub nick: String,
    pub resume: Option<String>,
    pub server: String,
    pub places: Vec<Place>,
    pub pending: VecDeque<Said>,
    /// Tags of other commands without an answer.
    pub asked: Vec<Tag>,
    pub connected: bool,
    pub leaving: bool,
    pub end: Option<End>,
    /// A sign of life that could not be given because somebody was writing.
    pub owed: Option<Arc<str>>,
    text: usize,
    line_bytes: usize,
    tags: u64,
}

/// What is left of an event for those who are told.
pub(super) enum Told {
    Event(Event),
    /// A line was refused; with the sentence.
    Unsent(Said, Arc<str>),
    /// Nothing: it was known.
    Nothing,
}

impl State {
    pub fn welcomed(&mut self, welcome: &Welcome) {
        welcome.nick.clone_into(&mut self.nick);
        self.resume.clone_from(&welcome.resume);
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
        !self.asked.contains(tag) && self.pending.iter().all(|said| said.tag != *tag)
    }

    /// Makes a command's line, with a tag; `said` is what it says, if it says something.
    pub fn compose(
        &mut self,
        kind: &str,
        fields: &[(&'static str, Value)],
        said: Option<Said>,
    ) -> Result<(Tag, String), Unsent> {
        if self.end.is_some() || self.leaving {
            return Err(Unsent::Ended);
        }
        if said.is_none() && !self.connected {
            return Err(Unsent::NotConnected);
        }
        if said.is_some() && self.pending.len() >= WINDOW {
            return Err(Unsent::Full(WINDOW));
        }
        let long = |have, most, unit| Err(Unsent::TooLong { have, most, unit });
        if let Some(said) = said.as_ref().filter(|said| said.text.len() > self.text) {
            let have = said.text.chars().count();
            if have > self.text {
                return long(have, self.text, "characters");
            }
        }
        let tag = self.next_tag();
        let mut all = vec![("tag", Value::from(&*tag.0))];
        all.extend(fields.iter().cloned());
        let line = json::request(kind, &all);
        if line.len() >= self.line_bytes {
            return long(line.len() + 1, self.line_bytes, "bytes");
        }
        match said {
            Some(said) => self.pending.push_back(Said { tag: tag.clone(), line: line.clone(), ..said }),
            None => self.asked.push(tag.clone()),
        }
        Ok((tag, line))
    }

    /// The lines that bring everything back after a reconnect: the rooms, then what has no answer.
    pub fn comeback(&self) -> Vec<String> {
        let join = |place: &Place| {
            let made = if place.made == 0 { Value::Null } else { place.made.into() };
            json::request("join", &[("room", (&*place.name).into()), ("after", place.seen.into()), ("made", made)])
        };
        self.places.iter().map(join).chain(self.pending.iter().map(|said| said.line.clone())).collect()
    }

    /// The connection is gone: commands that were on their way get no answer any more.
    pub fn lost(&mut self) {
        self.connected = false;
        self.asked.clear();
        self.owed = None;
    }

    /// Learns from an event, and leaves out what was known.
    pub fn learn(&mut self, event: Event) -> Told {
        match event {
            Event::Ok { tag, done } => self.answered(tag, done),
            Event::Error { tag, code, value, text, offer } => {
                let place = tag.as_ref().and_then(|tag| self.pending.iter().position(|said| said.tag == *tag));
                match place.and_then(|place| self.pending.remove(place)) {
                    Some(said) => Told::Unsent(said, text),
                    None => {
                        self.asked.retain(|asked| Some(asked) != tag.as_ref());
                        Told::Event(Event::Error { tag, code, value, text, offer })
                    }
                }
            }
            Event::Message(message) => {
                if let Some(place) = self.place(&message.room) {
                    if message.seq <= place.seen {
                        return Told::Nothing;
                    }
                    place.seen = message.seq;
                }
                if message.from.as_ref() == self.nick {
                    let same = |said: &&mut Said| {
                        !said.heard && same_room(&said.to, &message.room) && said.text == message.text
                    };
                    if let Some(said) = self.pending.iter_mut().find(same) {
                        said.heard = true;
                    }
                }
                Told::Event(Event::Message(message))
            }
            Event::History(history) => Told::Event(Event::History(self.unseen(history))),
            other => {
                self.follow(&other);
                Told::Event(other)
            }
        }
    }

    fn answered(&mut self, tag: Option<Tag>, done: Done) -> Told {
        if let Some(tag) = &tag {
            self.pending.retain(|said| said.tag != *tag);
            self.asked.retain(|asked| asked != tag);
        }
        if let Done::Nick { nick, .. } = &done {
            let (old, new) = (std::mem::replace(&mut self.nick, nick.to_string()), Arc::clone(nick));
            self.follow(&Event::Nick { old: old.into(), new, time: 0 });
        }
        Told::Event(Event::Ok { tag, done })
    }

    /// The messages of `history` that were not seen yet.
    fn unseen(&mut self, mut history: History) -> History {
        if let Some(place) = self.place(&history.room) {
            history.messages.retain(|message| message.seq > place.seen);
            place.seen = history.messages.last().map_or(place.seen, |message| message.seq);
        }
        history
    }

    /// Keeps the list of rooms and their members.
    fn follow(&mut self, event: &Event) {
        match event {
            Event::Joined { room, made, .. } => {
                if self.place(room).is_none() {
                    self.places.push(Place { name: room.to_string(), ..Place::default() });
                }
                if let Some(place) = self.place(room) {
                    if place.made != *made {
                        (place.made, place.seen) = (*made, 0);
                    }
                    place.members.clear();
                }
            }
            Event::Members { room, members, .. } => {
                if let Some(place) = self.place(room) {
                    place.members.extend(members.iter().map(|member| (key(&member.nick), member.nick.to_string())));
                }
            }
            Event::Left { room } => self.places.retain(|place| !same_room(&place.name, room)),
            Event::Join { room, nick, .. } => {
                if let Some(place) = self.place(room) {
                    place.members.insert(key(nick), nick.to_string());
                }
            }
            Event::Leave { room, nick, .. } => {
                if let Some(place) = self.place(room) {
                    place.members.remove(&key(nick));
                }
            }
            Event::Quit { nick, .. } => self.places.iter_mut().for_each(|place| drop(place.members.remove(&key(nick)))),
            Event::Nick { old, new, .. } => {
                if self.nick == **old {
                    (**new).clone_into(&mut self.nick);
                }
                for place in &mut self.places {
                    if place.members.remove(&key(old)).is_some() {
                        place.members.insert(key(new), new.to_string());
                    }
                }
            }
            _ => {}
        }
    }

    pub fn place(&mut self, room: &str) -> Option<&mut Place> {
        self.places.iter_mut().find(|place| same_room(&place.name, room))
    }
}

pub(super) fn same_room(a: &str, b: &str) -> bool {
    a == b || matches!((RoomName::parse(a), RoomName::parse(b)), (Ok(a), Ok(b)) if a == b)
}

pub(super) fn key(nick: &str) -> String {
    Nick::parse(nick).map_or_else(|_| nick.to_lowercase(), |nick| nick.key().to_owned())
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
