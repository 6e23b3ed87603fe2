//! What both halves of an IRC session know of the session itself: its name, and the rooms that are open at the client. The encoder sets it as the answers pass. Knows no line.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::model::Millis;

/// The own name and rooms. For the decoder they may be one answer behind; then a line is refused that fits by some bytes.
#[derive(Debug, Default)]
pub(super) struct Own {
    nick: Mutex<Option<Arc<str>>>,
    /// How many bytes `nick!user@host` has.
    prefix: AtomicUsize,
    /// The rooms that are open at the client, and when each was made.
    rooms: Mutex<Vec<(Arc<str>, Millis)>>,
}

impl Own {
    /// The session is called so from now on, and `prefix` is `nick!user@host`.
    pub fn set(&self, nick: &Arc<str>, prefix: &str) {
        *self.nick.lock() = Some(Arc::clone(nick));
        self.prefix.store(prefix.len(), Ordering::Relaxed);
    }

    /// The nick; none before the welcome.
    pub fn nick(&self) -> Option<Arc<str>> {
        self.nick.lock().clone()
    }

    /// How many bytes `nick!user@host` has.
    pub fn prefix(&self) -> usize {
        self.prefix.load(Ordering::Relaxed)
    }

    /// Notes that a room is open at the client. Returns whether it was closed.
    pub fn open(&self, room: &Arc<str>, made: Millis) -> bool {
        let mut rooms = self.rooms.lock();
        let is_new = rooms.iter().all(|(open, _)| open != room);
        if is_new {
            rooms.push((Arc::clone(room), made));
        }
        is_new
    }

    /// Notes that a room is closed at the client. Returns whether it was open.
    pub fn close(&self, room: &str) -> bool {
        let mut rooms = self.rooms.lock();
        let before = rooms.len();
        rooms.retain(|(open, _)| **open != *room);
        rooms.len() < before
    }

    /// When a room was made that is open at the client.
    pub fn made(&self, room: &str) -> Option<Millis> {
        self.rooms.lock().iter().find(|(open, _)| **open == *room).map(|(_, made)| *made)
    }

    /// The rooms that are open at the client.
    pub fn rooms(&self) -> Vec<Arc<str>> {
        self.rooms.lock().iter().map(|(room, _)| Arc::clone(room)).collect()
    }
}
