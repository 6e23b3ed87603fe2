//! What of a running server can be changed. Knows no files and no command line.

use std::sync::Arc;

use super::Handle;
use super::resources::within;
use crate::front::Fronts;
use crate::front::http::Settings;
use crate::limits::Limits;
use crate::net::capacity::Capacity;
use crate::session::hub::Hub;
use crate::tls::Pair;

/// Changes a running server. All clones change the same one.
///
/// ```
/// use roomful::limits::Limits;
/// use roomful::server::Server;
///
/// let server = Server::bind("127.0.0.1:0")?.start()?;
/// let tuner = server.tuner();
/// let wanted = Limits { rate: 7, backlog: 7, ..Limits::default() };
/// assert_eq!(tuner.set_limits(&wanted), ["backlog"]); // needs a restart
/// assert_eq!(server.hub().limits.now().rate, 7);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Tuner {
    hub: Arc<Hub>,
    fronts: Arc<Fronts>,
    capacity: Capacity,
}

impl Tuner {
    pub(super) fn of(server: &Handle) -> Tuner {
        Tuner { hub: Arc::clone(&server.hub), fronts: Arc::clone(&server.fronts), capacity: server.capacity }
    }

    /// Puts other limits in force, as far as the machine had room at the start. Each
    /// connection that is open holds the limits of its beginning. Returns the names of
    /// those that differ and need a restart.
    pub fn set_limits(&self, limits: &Limits) -> Vec<&'static str> {
        self.hub.limits.change(&within(limits.clone(), &self.capacity))
    }

    /// The limits in force.
    pub fn limits(&self) -> Arc<Limits> {
        self.hub.limits.now()
    }

    /// Puts other hosts, origins, and readers of the metrics in force. The rest of
    /// the settings needs a restart.
    pub fn set_web(&self, settings: &Settings) {
        self.fronts.change(settings);
    }

    /// Whether the server encrypts. That needs a restart.
    pub fn encrypts(&self) -> bool {
        self.hub.security.is_some()
    }

    /// Gives newcomers this certificate, which was read and checked. Returns whether it is another.
    pub fn set_certificate(&self, pair: Pair) -> bool {
        self.hub.security.as_ref().is_some_and(|security| security.take(pair))
    }

    /// Sets the message of the day, which newcomers are shown; `None` for none.
    pub fn set_motd(&self, motd: Option<Arc<str>>) {
        self.hub.set_motd(motd);
    }
}
