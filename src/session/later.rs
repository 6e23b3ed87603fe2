//! What a session does after a command: takes a name, goes into rooms. Not within the command, because stack pages once touched stay resident for the life of the thread, and these go deep. Knows no front.

use std::sync::Arc;

use super::Session;
use super::cost::Cost;
use crate::chat::{JoinRequest, LoginKind};
use crate::model::{AccountId, Millis, Tag};
use crate::names::{Nick, RoomName};
use crate::net::Flow;

/// What a peer says of itself to take a name.
#[derive(Debug, Default)]
pub(super) struct Name {
    pub nick: Option<Nick>,
    pub account: Option<AccountId>,
    /// When the password was asked for.
    pub asked: Millis,
    pub resume: Option<Box<str>>,
    pub rooms: Option<Vec<RoomName>>,
}

/// What a command leaves to be done.
#[derive(Debug)]
pub(super) enum Later {
    /// Take this name.
    Enter(Option<Tag>, LoginKind, Name),
    /// Go into the rooms that came with the name.
    Rooms(Vec<RoomName>),
    /// Go into a room that was asked for.
    GoIn(Option<Tag>, JoinRequest),
}

impl Session {
    /// Does what the last command has left to be done.
    pub(super) fn do_later(&mut self) -> Flow {
        while let Some(later) = self.later.take() {
            let (tag, done) = match *later {
                // What is waited for here does not count against the time for taking a name.
                Later::Enter(tag, kind, name) => {
                    let handle = Arc::clone(&self.handle);
                    (tag.clone(), handle.in_line(|| self.enter(tag, kind, name)))
                }
                Later::GoIn(tag, request) => (tag.clone(), self.come_in(tag, request)),
                Later::Rooms(rooms) => {
                    if self.go_in(rooms) == Flow::End {
                        return Flow::End;
                    }
                    continue;
                }
            };
            if let Err(refusal) = done {
                self.refuse(tag, refusal);
            }
        }
        Flow::Go
    }

    /// Goes into the rooms that came with the name. The first goes with the name, and costs nothing.
    fn go_in(&mut self, rooms: Vec<RoomName>) -> Flow {
        for (number, room) in rooms.into_iter().enumerate() {
            let cost = match number {
                0 => Cost::Nothing,
                _ if number < self.hub.limits.rooms_per_person => Cost::ROOM,
                // One more than a person may be in: a refusal.
                _ => Cost::LINE,
            };
            if self.keep_pace(cost) == Flow::End {
                return Flow::End;
            }
            self.wait_for_space();
            if let Err(refusal) = self.come_in(None, JoinRequest::from(room)) {
                self.refuse(None, refusal);
            }
        }
        Flow::Go
    }
}
