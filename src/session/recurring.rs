//! Limits how often something is done from one address. Knows addresses and time, not what is done.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::RwLock;

use crate::limits::{InForce, Limits};

/// So many addresses are remembered before any is forgotten.
const FIRST_SWEEP: usize = 1024;

/// Counts, for each address, how often something was done from there.
#[derive(Debug)]
pub struct Recurring {
    limits: InForce,
    numbers: fn(&Limits) -> Numbers,
    counted: RwLock<Counted>,
}

/// How often within which time; there is no bound if the count is 0.
type Numbers = (usize, Duration);

/// What was counted since the numbers were changed last.
#[derive(Debug)]
struct Counted {
    numbers: Numbers,
    limiter: Option<RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>>,
    /// If so many addresses are remembered, those whose window has passed are forgotten.
    sweep_at: AtomicUsize,
}

impl Recurring {
    /// Allows something so many times within such a time as `numbers` takes from the
    /// limits in force. When these are changed, the count begins anew.
    pub fn new(limits: &InForce, numbers: fn(&Limits) -> Numbers) -> Recurring {
        let counted = RwLock::new(Counted::new(numbers(&limits.now())));
        Recurring { limits: limits.clone(), numbers, counted }
    }

    /// Counts one more use from `address`.
    ///
    /// # Errors
    /// There were too many. The value says how long to wait.
    pub fn check(&self, address: IpAddr) -> Result<(), Duration> {
        let numbers = (self.numbers)(&self.limits.now());
        if self.counted.read().numbers != numbers {
            *self.counted.write() = Counted::new(numbers);
        }
        self.counted.read().check(address)
    }
}

impl Counted {
    fn new(numbers: Numbers) -> Counted {
        let (count, window) = numbers;
        let count = u32::try_from(count).ok().and_then(NonZeroU32::new);
        let quota = count.and_then(|count| Some(Quota::with_period(window / count.get())?.allow_burst(count)));
        Counted { numbers, limiter: quota.map(RateLimiter::hashmap), sweep_at: AtomicUsize::new(FIRST_SWEEP) }
    }

    fn check(&self, address: IpAddr) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if limiter.len() >= self.sweep_at.load(Ordering::Relaxed) {
            limiter.retain_recent();
            self.sweep_at.store(FIRST_SWEEP.max(limiter.len() * 2), Ordering::Relaxed);
        }
        let early = limiter.check_key(&address).err();
        early.map_or(Ok(()), |early| Err(early.wait_time_from(DefaultClock::default().now())))
    }
}
