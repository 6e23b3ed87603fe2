//! The server's `hello` to a program: what it serves, and its limits. Knows no commands.

use std::sync::Arc;

use super::Session;
use crate::event::{Event, PROTOCOL};

impl Session {
    /// Sends the server's `hello`, the first event that a program gets.
    #[inline(never)]
    pub(super) fn greet(&mut self) {
        let limits = &self.handle.limits;
        let hello = Event::Hello {
            version: PROTOCOL,
            server: Arc::from(concat!("roomful ", env!("CARGO_PKG_VERSION"))),
            offer: Arc::from(self.hub.chat.offer(self.handle.seed()).shown()),
            lobby: Arc::from(self.hub.chat.lobby().shown()),
            text: limits.text,
            line_bytes: limits.line_bytes,
            ping_after: limits.ping_after.as_secs(),
            page: self.hub.page.clone(),
            rate: limits.rate,
            rate_burst: limits.rate_burst,
            // Without a database no file is taken.
            file_bytes: if self.hub.database.is_some() { limits.file_bytes } else { 0 },
            kept: self.hub.database.is_some(),
            motd: self.hub.motd(),
        };
        self.effects.answer(&self.handle.outbox, hello);
    }
}
