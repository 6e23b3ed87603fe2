//! Whether the server works, and is not only alive: the watchdog checks the sessions, the chat's lock is free at times, and the database writer comes back. Knows no service manager.

use std::mem::replace;
use std::sync::atomic::Ordering;

use super::hub::Hub;

/// What was seen of the server at the last look.
#[derive(Debug, Default)]
pub struct Pulse {
    checks: Option<u64>,
    /// How often the database writer had come back, if something waited for it.
    visits: Option<u64>,
}

impl Pulse {
    /// Waits for the chat's lock, for ever if it is held for ever. Then returns whether since the last look
    /// the watchdog has checked the sessions, and the database writer has come back, if something
    /// waits for it. A full disk does not stop the pulse, because the writer comes back to try again.
    pub fn beats(&mut self, hub: &Hub) -> bool {
        hub.chat.wait_until_free();
        let checks = Some(hub.checks.load(Ordering::Relaxed));
        let has_checked = replace(&mut self.checks, checks) != checks;
        let visits = hub.database.as_ref().and_then(|database| database.write_queue.visits());
        let before = replace(&mut self.visits, visits);
        has_checked && (visits.is_none() || visits != before)
    }
}
