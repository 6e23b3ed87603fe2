//! Who may come in: how many sessions in all, from one address at once, and from one address over time. Knows no chat.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;

use super::hub::Hub;
use crate::limits::Limits;
use crate::model::origin;

/// The accepting thread's memory of who came.
#[derive(Debug)]
pub struct Door {
    inside: Arc<Inside>,
    arrivals: Option<Recurring>,
}

/// What may be done from one address only so often, and who did it.
#[derive(Debug)]
pub struct Recurring {
    limiter: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    /// At how many addresses those are forgotten whose window has passed.
    sweep_at: AtomicUsize,
}

impl Recurring {
    /// `count` times within `window`; always, if that is 0.
    pub fn new(count: usize, window: Duration) -> Option<Recurring> {
        let count = u32::try_from(count).ok().and_then(NonZeroU32::new)?;
        let quota = Quota::with_period(window / count.get())?;
        let limiter = RateLimiter::hashmap(quota.allow_burst(count));
        Some(Recurring { limiter, sweep_at: AtomicUsize::new(FIRST_SWEEP) })
    }

    /// Counts once more for `address`.
    ///
    /// # Errors
    /// It was too often; how long to wait.
    pub fn check(&self, address: IpAddr) -> Result<(), Duration> {
        if self.limiter.len() >= self.sweep_at.load(Ordering::Relaxed) {
            self.limiter.retain_recent();
            self.sweep_at.store(FIRST_SWEEP.max(self.limiter.len() * 2), Ordering::Relaxed);
        }
        let early = self.limiter.check_key(&address).err();
        early.map_or(Ok(()), |early| Err(early.wait_time_from(DefaultClock::default().now())))
    }
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
