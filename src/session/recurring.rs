//! Limits how often something is done from one address. Knows addresses and time, not what is done.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// So many addresses are remembered before any is forgotten.
const FIRST_SWEEP: usize = 1024;

/// Counts, for each address, how often something was done from there.
#[derive(Debug)]
pub struct Recurring {
    limiter: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    /// If so many addresses are remembered, those whose window has passed are forgotten.
    sweep_at: AtomicUsize,
}

impl Recurring {
    /// Allows something `count` times within `window`. There is no bound if `count` is 0.
    pub fn new(count: usize, window: Duration) -> Option<Recurring> {
        let count = u32::try_from(count).ok().and_then(NonZeroU32::new)?;
        let quota = Quota::with_period(window / count.get())?;
        let limiter = RateLimiter::hashmap(quota.allow_burst(count));
        Some(Recurring { limiter, sweep_at: AtomicUsize::new(FIRST_SWEEP) })
    }

    /// Counts one more use from `address`.
    ///
    /// # Errors
    /// There were too many. The value says how long to wait.
    pub fn check(&self, address: IpAddr) -> Result<(), Duration> {
        if self.limiter.len() >= self.sweep_at.load(Ordering::Relaxed) {
            self.limiter.retain_recent();
            self.sweep_at.store(FIRST_SWEEP.max(self.limiter.len() * 2), Ordering::Relaxed);
        }
        let early = self.limiter.check_key(&address).err();
        early.map_or(Ok(()), |early| Err(early.wait_time_from(DefaultClock::default().now())))
    }
}
