//! What the service manager hears of the server: that it is ready, how many sessions there are, that it works, that it stops. Knows no systemd.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use roomful::process::{Errand, service};
use roomful::session::hub::Hub;
use roomful::session::pulse::Pulse;

/// How often the line of the service manager may change, and how late the end is noticed.
const INTERVAL: Duration = Duration::from_secs(1);

/// Tells the service manager, on a thread of its own: no other thread waits for it. Without a service
/// manager there is no thread.
pub struct Service(Option<Errand>);

impl Service {
    /// Says that the server is ready, and goes on telling.
    pub fn start(hub: &Arc<Hub>) -> io::Result<Service> {
        if !service::is_listening() {
            return Ok(Service(None));
        }
        service::ready();
        let hub = Arc::clone(hub);
        Ok(Service(Some(Errand::start("service", move |_| tell(&hub))?)))
    }

    /// Waits for at most `time` until the service manager has heard all.
    pub fn end(self, time: Duration) {
        self.0.map(|errand| errand.end(time));
    }
}

/// Tells how many sessions there are, and, several times within the time that the service manager
/// waits, that the server works. If it does not work, nothing is said.
fn tell(hub: &Hub) {
    let beat = service::alive_within().map(|time| time / 4);
    let mut pulse = Pulse::default();
    let mut told = String::new();
    let mut next = Instant::now();
    loop {
        let line = format!("{} sessions, of at most {}", hub.door.sessions(), hub.limits.now().sessions);
        if line != told {
            service::status(&line);
            told = line;
        }
        if let Some(beat) = beat.filter(|_| Instant::now() >= next) {
            next = Instant::now() + beat;
            if pulse.beats(hub) {
                service::alive();
            }
        }
        if hub.wait(INTERVAL.min(beat.unwrap_or(INTERVAL))) {
            return;
        }
    }
}
