//! Admits connections and sessions: so many in all, so many from one address at once, and so many from one address over time. Knows no chat.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::recurring::Recurring;
use crate::limits::InForce;
use crate::model::origin;

/// Connections that are told at once, in their own protocol, why they are not admitted.
const TOLD: usize = 16;

/// Counts the connections, and the sessions among them.
#[derive(Debug)]
pub struct Door {
    limits: InForce,
    connections: Arc<Mutex<Inside>>,
    sessions: Arc<Mutex<Inside>>,
    knocks: Recurring,
    /// Connections that are only told why they are not admitted.
    told: Arc<Mutex<Inside>>,
    arrivals: Recurring,
}

/// How many connections or sessions there are, in all and from each address; loopback is not counted.
#[derive(Debug, Default)]
struct Inside {
    all: usize,
    /// How many there ever were.
    ever: u64,
    from: HashMap<IpAddr, usize>,
}

/// The right of one connection or session to be counted. Dropping it makes room for another.
#[derive(Debug)]
pub struct Pass {
    inside: Arc<Mutex<Inside>>,
    address: Option<IpAddr>,
}

impl Door {
    /// A door with these `limits`.
    pub fn new(limits: &InForce) -> Door {
        Door {
            limits: limits.clone(),
            connections: Arc::default(),
            sessions: Arc::default(),
            knocks: Recurring::new(limits, |limits| (limits.knocks, limits.arrival_window)),
            told: Arc::default(),
            arrivals: Recurring::new(limits, |limits| (limits.arrivals, limits.arrival_window)),
        }
    }

    /// Admits a connection from `address`, before anything is read from it.
    ///
    /// # Errors
    /// The sentence that tells the peer why its connection is not admitted.
    pub fn let_in(&self, address: IpAddr) -> Result<Pass, String> {
        let (address, limits) = (counted(address), self.limits.now());
        let mut inside = self.connections.lock();
        if inside.all >= limits.connections {
            drop(inside); // one lock at a time
            let most = limits.connections;
            let crowded = || format!("The server has {most} connections, and no more are allowed. Try again later.");
            return Err(self.is_full().unwrap_or_else(crowded));
        }
        if let Some(count) = inside.too_many(address, limits.connections_per_address) {
            return Err(format!(
                "Your address has {count} connections here, and no more are allowed. Close one first."
            ));
        }
        Ok(inside.enter(&self.connections, address))
    }

    /// Lets a connection that is not admitted say in which protocol it wants to hear
    /// why. `None`: too many do so at this moment.
    pub fn hear_out(&self) -> Option<Pass> {
        let mut inside = self.told.lock();
        (inside.all < TOLD).then(|| inside.enter(&self.told, None))
    }

    /// Lets a connection from `address` become a session.
    ///
    /// # Errors
    /// The sentence that tells the peer why there is no session for it.
    pub fn begin_session(&self, address: IpAddr) -> Result<Pass, String> {
        let address = counted(address);
        if let Some(sentence) = self.is_full() {
            return Err(sentence);
        }
        if is_early(&self.knocks, address) {
            return Err("Too many connections from your address. Try again in some minutes.".to_owned());
        }
        let limits = self.limits.now();
        let mut inside = self.sessions.lock();
        if inside.all >= limits.sessions {
            return Err(full(limits.sessions));
        }
        if let Some(count) = inside.too_many(address, limits.sessions_per_address) {
            return Err(format!("Your address has {count} sessions here, and no more are allowed. Close one first."));
        }
        Ok(inside.enter(&self.sessions, address))
    }

    /// Counts a session from `address` that takes a name, and is not the session of
    /// a person who comes back with a token: a phone that wakes often is no crowd.
    ///
    /// # Errors
    /// The sentence that tells the peer why it may not come in.
    pub fn arrive(&self, address: IpAddr) -> Result<(), &'static str> {
        match is_early(&self.arrivals, counted(address)) {
            true => Err("too many new people came from your address; try again in some minutes"),
            false => Ok(()),
        }
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.sessions.lock().all
    }

    /// How many sessions there ever were.
    pub fn visits(&self) -> u64 {
        self.sessions.lock().ever
    }

    /// The sentence for a peer, if there is no room for one more session.
    pub fn is_full(&self) -> Option<String> {
        let most = self.limits.now().sessions;
        (self.sessions.lock().all >= most).then(|| full(most))
    }
}

fn full(most: usize) -> String {
    format!("The server is full ({most} sessions). Try again later.")
}

/// Whether one more from `address` would be too many; if not, it is counted.
fn is_early(recurring: &Recurring, address: Option<IpAddr>) -> bool {
    address.is_some_and(|address| recurring.check(address).is_err())
}

/// The address to count. For IPv6 it is the network, because one network has more
/// addresses than could be counted. Loopback is not counted.
fn counted(address: IpAddr) -> Option<IpAddr> {
    Some(origin(address)).filter(|address| !address.is_loopback())
}

impl Inside {
    /// The count for `address`, if it has reached `most`; a `most` of 0 is no limit.
    fn too_many(&self, address: Option<IpAddr>, most: usize) -> Option<usize> {
        let count = self.from.get(&address?).copied().unwrap_or(0);
        (most > 0 && count >= most).then_some(count)
    }

    fn enter(&mut self, own: &Arc<Mutex<Inside>>, address: Option<IpAddr>) -> Pass {
        self.all += 1;
        self.ever += 1;
        if let Some(address) = address {
            *self.from.entry(address).or_default() += 1;
        }
        Pass { inside: Arc::clone(own), address }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut inside = self.inside.lock();
        inside.all -= 1;
        let Some(address) = self.address else { return };
        if let Some(count) = inside.from.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                inside.from.remove(&address);
            }
        }
    }
}
