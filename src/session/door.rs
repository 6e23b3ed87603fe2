//! Who may come in: how many sessions in all, from one address at once, and from one address over time. Knows no chat.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::hub::Hub;
use super::recurring::Recurring;
use crate::limits::Limits;
use crate::model::origin;

/// The accepting thread's memory of who came.
#[derive(Debug)]
pub struct Door {
    inside: Arc<Inside>,
    arrivals: Option<Recurring>,
}

/// How many sessions each address has; loopback is not counted.
#[derive(Debug, Default)]
struct Inside(Mutex<HashMap<IpAddr, usize>>);

/// A session's right to be inside. Dropping it makes room for another.
#[derive(Debug)]
pub struct Pass {
    inside: Option<(Arc<Inside>, IpAddr)>,
}

impl Door {
    /// A door that keeps `limits`.
    pub fn new(limits: &Limits) -> Door {
        Door { inside: Arc::default(), arrivals: Recurring::new(limits.arrivals, limits.arrival_window) }
    }

    /// Lets somebody from `address` in.
    ///
    /// # Errors
    /// The sentence for whoever cannot come in.
    pub fn knock(&mut self, hub: &Hub, address: IpAddr) -> Result<Pass, String> {
        // Of IPv6 whole networks are counted: each has more addresses than could ever be.
        let (limits, address) = (&hub.limits, origin(address));
        if hub.sessions() >= limits.sessions {
            return Err(format!("The server is full ({} sessions). Try again later.", limits.sessions));
        }
        if address.is_loopback() {
            return Ok(Pass { inside: None });
        }
        if self.arrivals.as_ref().is_some_and(|arrivals| arrivals.check(address).is_err()) {
            return Err("Too many connections from your address. Try again in some minutes.".to_owned());
        }
        let mut inside = self.inside.0.lock();
        let count = inside.entry(address).or_default();
        if limits.sessions_per_address > 0 && *count >= limits.sessions_per_address {
            return Err(format!("Your address has {count} sessions here, and no more are allowed. Close one first."));
        }
        *count += 1;
        Ok(Pass { inside: Some((Arc::clone(&self.inside), address)) })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some((inside, address)) = self.inside.take() else { return };
        let mut inside = inside.0.lock();
        if let Some(count) = inside.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                inside.remove(&address);
            }
        }
    }
}
