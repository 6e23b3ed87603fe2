//! Files: one large file goes up and down again and again, while people talk in small rooms; measures how fast it goes, and how late their lines come. Knows no dialect.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use roomful::client::{Client, Options, Source};

use crate::measure::figures::Row;
use crate::measure::steady;
use crate::measure::target::{Target, fresh_run};

/// The size of the file, in bytes.
pub const SIZE: usize = 10 << 20;
/// Rooms of people who talk meanwhile.
pub const ROOMS: usize = 10;
/// How long an answer about the file may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lets people talk for `measure` while a file is sent and fetched.
///
/// # Errors
/// When they do not get in, the file is refused, or the server's process has ended.
pub fn run(target: &Target, size: usize, warm_up: Duration, measure: Duration, row: &mut Row) -> Result<()> {
    let over = AtomicBool::new(false);
    let (times, talked) = thread::scope(|scope| {
        let carrier = scope.spawn(|| carry(target, &over));
        let talked = steady::run(target, (ROOMS, size), warm_up, measure, row);
        over.store(true, Ordering::Relaxed);
        (carrier.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the carrier of the file panicked"))), talked)
    });
    talked?;
    let times = times?;
    let rate = |of: fn(&(Duration, Duration)) -> Duration| {
        let mut seconds: Vec<f64> = times.iter().map(|time| of(time).as_secs_f64()).collect();
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).map(|median| SIZE as f64 / 1e6 / median)
    };
    row.set("up_rate", rate(|time| time.0));
    row.set("down_rate", rate(|time| time.1));
    row.set("files", times.len() as f64);
    Ok(())
}

/// Sends the file, fetches it, deletes it, and again. Returns how long it was on its way up and down.
fn carry(target: &Target, over: &AtomicBool) -> Result<Vec<(Duration, Duration)>> {
    let bytes: Vec<u8> = (0..SIZE).map(|at| (at * 31 + at / 255) as u8).collect();
    let folder = tempfile::tempdir()?;
    let nick = Some(format!("courier{}", fresh_run()));
    let options = Options { nick, retry: Some(Duration::ZERO), ..Options::default() };
    let client = Client::connect(&target.addr.to_string(), options).context("the carrier of the file")?;
    let mut times = Vec::new();
    while !over.load(Ordering::Relaxed) || times.is_empty() {
        let began = Instant::now();
        let source = Source { name: "large.bin", size: SIZE as u64, bytes: &mut &bytes[..] };
        let sent = client.send_from("#lobby", source, "", |_, _| true).context("a file was not sent")?;
        let up = began.elapsed();
        let began = Instant::now();
        let (_, path) = client.get_file(sent.file, Some(folder.path()), |_, _| true).context("a file did not come")?;
        times.push((up, began.elapsed()));
        std::fs::remove_file(path)?;
        let message = [("room", "#lobby".into()), ("seq", sent.seq.into())];
        client.ask("delete", &message, PATIENCE).context("a file was not deleted")?;
    }
    client.quit(None);
    Ok(times)
}
