//! Churn: clients come, join, say one thing and quit, over and over; measures the cost of a cycle and what it leaves behind. Knows no dialect.

use std::mem;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::kernel::process::Holding;
use crate::marker::Mark;
use crate::measure::crowd::{Crowd, Heard};
use crate::measure::figures::Row;
use crate::measure::target::{Target, fresh_run, room};

/// Cycles at the same time, each in a room of its own, with one client that does not leave and hears the messages.
/// A peer's listen queue holds ten: with more lanes connections would wait a second for the kernel.
pub const LANES: usize = 8;
/// A measurement begins no more cycles after this; a server that lets people in once a second does few.
const MEASURED: Duration = Duration::from_secs(4);
/// A measurement that makes no progress for this long has failed.
const STANDSTILL: Duration = Duration::from_secs(10);
/// How long the kernel may take to remove ended threads.
const SETTLE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Default)]
struct Lane {
    heard: bool,
    quitting: bool,
    done: bool,
}

/// Warms up, then measures `cycles` cycles twice.
///
/// # Errors
/// A client is refused, the cycles stop, or the server's process has ended.
pub fn run(target: &Target, cycles: u32, row: &mut Row) -> Result<()> {
    let rooms = fresh_run();
    let mut crowd = target.crowd(64)?;
    crowd.admit(LANES, |who| room(rooms, who))?;
    let (mut done, mut heard) = measure(&mut crowd, cycles / 10, rooms)?;
    let before = settled(target, None)?;
    let mut after = before;
    for name in ["", "_2"] {
        let (cpu, started) = (target.cpu()?, Instant::now());
        let this = measure(&mut crowd, cycles, rooms)?;
        (done, heard) = (done + this.0, heard + this.1);
        let cycles = f64::from(this.0);
        let spent = target.cpu()?.zip(cpu).map(|(after, before)| (after - before).as_secs_f64());
        row.set(&format!("cycles{name}"), cycles);
        row.set(&format!("cpu_us{name}"), spent.map(|spent| spent * 1e6 / cycles));
        row.set(&format!("rate{name}"), cycles / started.elapsed().as_secs_f64());
        let now = settled(target, before)?;
        row.set(&format!("rss_kib_more{name}"), more(now, after, |holding| holding.rss).map(|bytes| bytes / 1024.0));
        after = now;
    }
    row.set("threads_more", more(after, before, |holding| holding.threads));
    row.set("fds_more", more(after, before, |holding| holding.fds));
    row.set("lost", f64::from(done) - f64::from(heard));
    crowd.members.drain(LANES..);
    let troubles = crowd.leave()?.troubles;
    row.set("errors", troubles.count as f64);
    row.trouble = troubles.first;
    Ok(())
}

/// Does at most `cycles` cycles; returns how many were done and how many of their messages were heard.
fn measure(crowd: &mut Crowd, cycles: u32, rooms: u32) -> Result<(u32, u32)> {
    let mut lanes = [Lane { done: true, ..Lane::default() }; LANES];
    let (mut begun, mut done, mut heard) = (0, 0, 0);
    let (started, mut last) = (Instant::now(), Instant::now());
    let mut joined = Vec::new();
    let mut line = Vec::new();
    loop {
        for (lane, state) in lanes.iter_mut().enumerate() {
            if state.done && begun < cycles && started.elapsed() < MEASURED {
                begin(crowd, lane, rooms)?;
                *state = Lane::default();
                begun += 1;
            }
        }
        if done == begun {
            return Ok((done, heard));
        }
        crowd.turn(Duration::from_millis(100), |who, told| match told {
            Heard::Mark(..) if who < LANES => {
                lanes[who].heard = true;
                heard += 1;
            }
            Heard::Joined if who >= LANES => joined.push(who - LANES),
            Heard::Gone if who >= LANES => {
                lanes[who - LANES].done = true;
                done += 1;
                last = Instant::now();
            }
            _ => {}
        })?;
        for lane in joined.drain(..) {
            line.clear();
            let mark = Mark { speaker: 0, number: 0, sent: crowd.now() };
            crowd.write_say(&room(rooms, lane), mark, &mut line);
            crowd.send(LANES + lane, &line);
        }
        for (lane, state) in lanes.iter_mut().enumerate() {
            if state.heard && !mem::replace(&mut state.quitting, true) {
                crowd.quit(LANES + lane);
            }
        }
        if crowd.troubles.count > 0 || last.elapsed() > STANDSTILL {
            let why = crowd.troubles.first.as_deref().unwrap_or("the server is silent");
            bail!("{done} of {cycles} cycles done: {why}");
        }
    }
}

/// Connects the next client of a lane: the first takes a new place, the others that of the one before.
fn begin(crowd: &mut Crowd, lane: usize, rooms: u32) -> Result<()> {
    if crowd.members.len() == LANES + lane {
        crowd.open(room(rooms, lane), None)?;
        return Ok(());
    }
    crowd.reopen(LANES + lane)
}

/// What the process holds once it has no more threads and descriptors than `before`, or time is up.
fn settled(target: &Target, before: Option<Holding>) -> Result<Option<Holding>> {
    let started = Instant::now();
    loop {
        std::thread::sleep(Duration::from_millis(50));
        let now = target.holding()?;
        let quiet = now.zip(before).is_none_or(|(now, before)| now.threads <= before.threads && now.fds <= before.fds);
        if (quiet && started.elapsed() > SETTLE / 4) || started.elapsed() > SETTLE {
            return Ok(now);
        }
    }
}

fn more(now: Option<Holding>, before: Option<Holding>, of: impl Fn(&Holding) -> u64) -> Option<f64> {
    now.zip(before).map(|(now, before)| of(&now) as f64 - of(&before) as f64)
}
