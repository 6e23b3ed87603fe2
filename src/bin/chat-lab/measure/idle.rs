//! Idle: many clients in rooms of ten that say nothing; measures the login and the cost of each idle client. Knows no dialect.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::measure::figures::Row;
use crate::measure::target::{Target, fresh_run, room};

/// Members of each room.
pub const ROOM: usize = 10;

/// Lets `clients` in, watches them for `watch`, lets them go.
///
/// # Errors
/// When they do not get in, or the server's process has ended.
pub fn run(target: &Target, clients: usize, watch: Duration, row: &mut Row) -> Result<()> {
    let rooms = fresh_run();
    let mut crowd = target.crowd(0)?;
    let (before, cpu, started) = (target.holding()?, target.cpu()?, Instant::now());
    crowd.admit(clients, |who| room(rooms, who / ROOM))?;
    row.set("join_rate", clients as f64 / started.elapsed().as_secs_f64());
    let joined = target.cpu()?;
    row.set("join_cpu_us", joined.zip(cpu).map(|(b, a)| (b - a).as_secs_f64() * 1e6 / clients as f64));
    let started = Instant::now();
    while started.elapsed() < watch {
        crowd.turn(Duration::from_millis(100), |_, _| {})?;
    }
    let idle = target.cpu()?.zip(joined).map(|(b, a)| (b - a).as_secs_f64() * 1e3);
    row.set("idle_ms_s", idle.map(|idle| idle / started.elapsed().as_secs_f64()));
    if let Some((now, before)) = target.holding()?.zip(before) {
        let each = |now: u64, before: u64| now.saturating_sub(before) as f64 / clients as f64;
        row.set("kib_each", each(now.rss, before.rss) / 1024.0);
        row.set("threads_each", each(now.threads, before.threads));
        row.set("fds_each", each(now.fds, before.fds));
        row.set("threads", now.threads as f64);
        row.set("fds", now.fds as f64);
        row.set("rss_mib", now.rss as f64 / 1_048_576.0);
    }
    let left = crowd.leave()?;
    row.set("leave_rate", left.rate);
    row.set("errors", left.troubles.count as f64);
    row.trouble = left.troubles.first;
    Ok(())
}
