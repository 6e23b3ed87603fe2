//! What both halves of an IRC session know of the session itself: the encoder sets it as the answers pass. Knows no line.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

/// The own name. It may be one answer behind; then a line is refused or split that fits by some bytes.
#[derive(Debug, Default)]
pub(super) struct Own {
    nick: Mutex<Option<Arc<str>>>,
    /// How many bytes `nick!user@host` has.
    prefix: AtomicUsize,
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
}
