//! Who may come in: how many sessions in all, from one address at once, and from one address over time. Knows no chat.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;

use super::house::House;
use crate::limits::Limits;

/// The accepting thread's memory of who came.
#[derive(Debug)]
pub struct Door {
    inside: Arc<Inside>,
    arrivals: Option<RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>>,
    /// At how many addresses those are forgotten whose window has passed.
    sweep_at: usize,
}

/// So many addresses are remembered before any is forgotten.
const FIRST_SWEEP: usize = 1024;

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
        let arrivals = u32::try_from(limits.arrivals).ok().and_then(NonZeroU32::new).and_then(|count| {
            let quota = Quota::with_period(limits.arrival_window / count.get())?;
            Some(RateLimiter::hashmap(quota.allow_burst(count)))
        });
        Door { inside: Arc::default(), arrivals, sweep_at: FIRST_SWEEP }
    }

    /// Lets somebody from `address` in.
    ///
    /// # Errors
    /// The sentence for whoever cannot come in.
    pub fn knock(&mut self, house: &House, address: IpAddr) -> Result<Pass, String> {
        let limits = &house.limits;
        if house.sessions() >= limits.sessions {
            return Err(format!("The server is full ({} sessions). Try again later.", limits.sessions));
        }
        if address.to_canonical().is_loopback() {
            return Ok(Pass { inside: None });
        }
        if let Some(arrivals) = &self.arrivals {
            if arrivals.len() >= self.sweep_at {
                arrivals.retain_recent();
                self.sweep_at = FIRST_SWEEP.max(arrivals.len() * 2);
            }
            if arrivals.check_key(&address).is_err() {
                return Err("Too many connections from your address. Try again in some minutes.".to_owned());
            }
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
