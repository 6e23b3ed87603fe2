//! What the operator's commands need: the chat, the ways in, the settings of the process. Knows no screen and no socket.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::WaysIn;
use super::countdown::Countdown;
use crate::front::Fronts;
use crate::server::Handle;
use crate::session::hub::Hub;

/// What is shown for a command; or the sentence that refuses it, which begins with `! `.
pub type Answer = Result<String, String>;

/// What only the program can do, because it knows how it was started.
pub struct Levers {
    /// Reads the settings again, and says what has changed.
    pub reload: Box<dyn Fn() -> Answer + Send + Sync>,
    /// Sets what is logged.
    pub log: Box<dyn Fn(&str) -> Answer + Send + Sync>,
}

/// Carries out the operator's commands, wherever they come from. All clones are one desk.
#[derive(Debug, Clone)]
pub struct Desk {
    pub(super) hub: Arc<Hub>,
    fronts: Arc<Fronts>,
    ways: WaysIn,
    listening: Vec<SocketAddr>,
    levers: Option<Arc<Levers>>,
    pub(super) countdown: Arc<Countdown>,
}

impl Desk {
    /// The desk of a server. Without levers, its settings stay as they are.
    pub fn of(server: &Handle, ways: WaysIn, levers: Option<Levers>) -> Desk {
        Desk {
            hub: Arc::clone(server.hub()),
            fronts: Arc::clone(&server.fronts),
            ways,
            listening: server.local_addrs().to_vec(),
            levers: levers.map(Arc::new),
            countdown: Arc::default(),
        }
    }

    /// The same desk for an operator whose screen is not known: nothing is drawn.
    #[must_use]
    pub fn elsewhere(&self) -> Desk {
        Desk { ways: WaysIn { can_draw: false, ..self.ways.clone() }, ..self.clone() }
    }

    /// All that the operator's commands are about.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// The numbers of the server, as `/metrics` tells them.
    pub(super) fn metrics(&self) -> String {
        self.fronts.metrics(&self.hub)
    }

    pub(super) fn qr(&self, number: &str) -> Answer {
        self.ways.qr(&self.listening, number)
    }

    pub(super) fn reload(&self) -> Answer {
        self.with_levers(|levers| (levers.reload)())
    }

    pub(super) fn log(&self, level: &str) -> Answer {
        self.with_levers(|levers| (levers.log)(level))
    }

    fn with_levers(&self, pull: impl FnOnce(&Levers) -> Answer) -> Answer {
        let levers = self.levers.as_ref();
        levers.map_or_else(|| Err("! The settings of this server are those of its start.".to_owned()), |all| pull(all))
    }
}

impl fmt::Debug for Levers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Levers").finish_non_exhaustive()
    }
}
