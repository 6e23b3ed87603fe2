//! The rooms that a client is in, and their members. Knows no connection, and nothing that is said.

use std::collections::BTreeMap;

use super::catch_up::CatchUp;
use super::keys::{nick_key, same_room};
use crate::event::Event;
use crate::model::{Millis, Seq, Tag};

/// One room.
#[derive(Debug, Default)]
pub(super) struct JoinedRoom {
    pub name: String,
    pub catch_up: CatchUp,
    /// From the key of a name to the name.
    pub members: BTreeMap<String, String>,
}

/// All rooms, in the order of joining.
#[derive(Debug, Default)]
pub(super) struct Rooms(pub Vec<JoinedRoom>);

impl Rooms {
    pub fn get(&mut self, room: &str) -> Option<&mut JoinedRoom> {
        self.0.iter_mut().find(|joined| same_room(&joined.name, room))
    }

    /// A person is not in a room any more.
    fn lose(&mut self, room: &str, nick: &str) {
        if let Some(room) = self.get(room) {
            room.members.remove(&nick_key(nick));
        }
    }

    /// The `join` with this tag was refused after a lost connection: that room is left.
    pub fn refused(&mut self, tag: Option<&Tag>) {
        self.0.retain(|room| !room.catch_up.is_asked_by(tag));
    }

    /// A room is joined. Whether its numbers begin anew.
    pub fn joined(&mut self, room: &str, made: Millis, run: Millis, last: Seq) -> bool {
        let at = self.0.iter().position(|joined| same_room(&joined.name, room)).unwrap_or_else(|| {
            self.0.push(JoinedRoom { name: room.to_owned(), ..JoinedRoom::default() });
            self.0.len() - 1
        });
        self.0[at].members.clear();
        self.0[at].catch_up.joined(made, run, last)
    }

    /// Follows members that come, leave, or change their name.
    pub fn follow(&mut self, event: &Event) {
        match event {
            Event::Members { room, members, .. } => {
                if let Some(room) = self.get(room) {
                    room.members.extend(members.iter().map(|member| (nick_key(&member.nick), member.nick.to_string())));
                }
            }
            Event::Left { room, .. } => self.0.retain(|joined| !same_room(&joined.name, room)),
            Event::Join { room, nick, .. } => {
                if let Some(room) = self.get(room) {
                    room.members.insert(nick_key(nick), nick.to_string());
                }
            }
            Event::Leave { room, nick, .. } => self.lose(room, nick),
            Event::Kick { room, nick, .. } => self.lose(room, nick),
            Event::Quit { nick, .. } => self.0.iter_mut().for_each(|room| drop(room.members.remove(&nick_key(nick)))),
            Event::Nick { old, new, .. } => {
                for room in &mut self.0 {
                    if room.members.remove(&nick_key(old)).is_some() {
                        room.members.insert(nick_key(new), new.to_string());
                    }
                }
            }
            _ => {}
        }
    }
}
