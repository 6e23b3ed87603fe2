//! How a crowd gets in and out: a few at a time, all within bounds; knows nothing of what is measured.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::measure::crowd::{Crowd, Heard, Troubles};

/// Connections that may be on their way in at once: a peer's listen queue holds as few as ten.
const BATCH: usize = 8;
/// But as many as this for a server that is slow to let people in: one peer does so once a second.
const MAX_BATCH: usize = 1024;
/// If no client joins for this long, the batch is doubled.
const SLOW: Duration = Duration::from_millis(50);
/// If no client of the crowd gets in for this long, the crowd has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Getting out may take this long in all.
const LEAVING: Duration = Duration::from_secs(10);
/// A server that closes no connection for this long has forgotten one.
const STANDSTILL: Duration = Duration::from_secs(5);

/// How a crowd got out.
#[derive(Debug)]
pub struct Left {
    /// Connections closed a second.
    pub rate: f64,
    /// All that went wrong, from the first connection on.
    pub troubles: Troubles,
}

impl Crowd {
    /// Opens `count` clients a few at a time and returns when all have joined.
    ///
    /// # Errors
    /// A client is refused or does not get in in time; with the server's words.
    pub fn admit(&mut self, count: usize, room: impl Fn(usize) -> String) -> Result<()> {
        let (first, mut joined, mut last_joined) = (self.members.len(), 0, Instant::now());
        let mut batch = BATCH;
        while joined < count {
            let opened = self.members.len() - first;
            for who in first + opened..first + count.min(joined + batch) {
                self.open(room(who), None)?;
            }
            self.turn(SLOW, |_, heard| {
                if let Heard::Joined = heard {
                    joined += 1;
                    last_joined = Instant::now();
                }
            })?;
            if last_joined.elapsed() > SLOW {
                batch = (batch * 2).min(MAX_BATCH);
            }
            if self.troubles.count > 0 || last_joined.elapsed() > PATIENCE {
                let why = self.troubles.first.as_deref().unwrap_or("the server is silent");
                bail!("{joined} of {count} clients got in: {why}");
            }
        }
        Ok(())
    }

    /// Everybody quits; returns when the server has closed all connections, or has had 10 s.
    ///
    /// A server that is still closing them then is left to it: one peer takes minutes for 10,000.
    ///
    /// # Errors
    /// When epoll itself fails.
    pub fn leave(mut self) -> Result<Left> {
        for who in 0..self.members.len() {
            self.quit(who);
        }
        let all = self.members.iter().filter(|member| !member.gone).count();
        let (started, mut gone, mut last) = (Instant::now(), 0, Instant::now());
        while gone < all && started.elapsed() < LEAVING {
            self.turn(Duration::from_millis(100), |_, heard| {
                if let Heard::Gone = heard {
                    gone += 1;
                    last = Instant::now();
                }
            })?;
        }
        if gone < all && last.elapsed() > STANDSTILL {
            self.trouble(format!("{} connections stay open after quit", all - gone));
        }
        Ok(Left { rate: gone as f64 / started.elapsed().as_secs_f64(), troubles: self.troubles })
    }
}
