//! Whom hostile clients bother, until when, and what they have done. Knows nothing of how.

use std::net::SocketAddr;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// Whom hostile clients bother, and until when.
#[derive(Debug)]
pub struct Aim {
    /// The server.
    pub addr: SocketAddr,
    /// Decides everything.
    pub seed: u64,
    /// The two people that talk.
    pub people: [String; 2],
    /// Their room.
    pub room: String,
    /// Until when.
    pub over: Over,
}

/// Whether the soak is over, for all threads that wait for its end.
#[derive(Debug, Default)]
pub struct Over {
    is_over: Mutex<bool>,
    bell: Condvar,
}

impl Over {
    /// It is.
    pub fn ring(&self) {
        *self.is_over.lock() = true;
        self.bell.notify_all();
    }

    /// Whether it is.
    pub fn is_over(&self) -> bool {
        *self.is_over.lock()
    }

    /// Waits for the end, but not beyond that time.
    pub fn wait_until(&self, time: Instant) {
        self.bell.wait_while_until(&mut self.is_over.lock(), |is_over| !*is_over, time);
    }
}

/// What a client has done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deeds {
    /// Connections.
    pub lives: u64,
    /// Bytes sent.
    pub sent: u64,
    /// Bytes heard.
    pub heard: u64,
    /// Connections the server ended.
    pub ended: u64,
    /// Connections that were not taken.
    pub refused: u64,
}

impl Deeds {
    /// And what another has done.
    pub fn add(&mut self, other: Deeds) {
        self.lives += other.lives;
        self.sent += other.sent;
        self.heard += other.heard;
        self.ended += other.ended;
        self.refused += other.refused;
    }
}
