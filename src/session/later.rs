//! Work that a session does after a command, in a shallower call: taking a name, joining rooms. It calls deep, and stack pages that were used once are resident for the life of the thread. Knows no front.

use std::sync::Arc;

use super::Session;
use super::cost::Cost;
use crate::chat::{JoinRequest, LoginKind};
use crate::model::{AccountId, Millis, Tag};
use crate::names::{Nick, RoomName};
use crate::net::Flow;

/// The name and the proofs that a login gives.
#[derive(Debug, Default)]
pub(super) struct Name {
    pub nick: Option<Nick>,
    pub account: Option<AccountId>,
    /// When the password was asked for.
    pub asked: Millis,
    pub resume: Option<Box<str>>,
    pub beside: bool,
    pub rooms: Option<Vec<RoomName>>,
    /// Whether it goes into its own rooms only: without such a room, not even into the lobby.
    pub own: bool,
    /// What the front says of its user.
    pub user: Option<Box<str>>,
    pub about: Option<Arc<str>>,
}

/// Work that a command leaves for later.
#[derive(Debug)]
pub(super) enum Later {
    /// Take this name.
    Enter(Option<Tag>, LoginKind, Name),
    /// Join the rooms that came with the name.
    Rooms(Vec<RoomName>),
    /// Join a room that a command named.
    GoIn(Option<Tag>, JoinRequest),
}

impl Session {
    /// Does the work that the last command left for later.
    pub(super) fn do_later(&mut self) -> Flow {
        while let Some(later) = self.later.take() {
            let (tag, done) = match *later {
                // Waits in here do not count against the time for taking a name.
                Later::Enter(tag, kind, name) => {
                    let handle = Arc::clone(&self.handle);
                    let entered = handle.in_line(|| self.enter(tag.clone(), kind, name));
                    if handle.outbox.closed().is_some() {
                        return Flow::End;
                    }
                    (tag, entered)
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

    /// Joins the rooms that came with the name. The first belongs to the name, and costs nothing.
    fn go_in(&mut self, rooms: Vec<RoomName>) -> Flow {
        for (number, room) in rooms.into_iter().enumerate() {
            let cost = match number {
                0 => Cost::Nothing,
                _ if number < self.hub.limits.now().rooms_per_person => Cost::ROOM,
                // Above the limit, the answer is only a refusal.
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
