//! The log: what goes in, and where it goes. Knows no setting but its own.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::thread;

use anyhow::anyhow;
use roomful::config::{Config, LogFormat};
use roomful::process::Outlet;
use tracing_subscriber::EnvFilter;

/// Starts the log: diagnostics with the names of the threads, on stderr. What people
/// say is never in them. A panic is a diagnostic, too: its thread must not wait for the
/// reader of stderr.
///
/// # Errors
/// The level is none, or there is no thread to be had.
pub fn start(config: &Config) -> anyhow::Result<Outlet> {
    let log = Outlet::open("log", config.limits.console_lines, |line| {
        // An error of stderr cannot be told anywhere.
        let _ = writeln!(io::stderr(), "{line}");
    })?;
    let fallen = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        let trace = Backtrace::capture();
        let trace = if trace.status() == BacktraceStatus::Captured { format!("\n{trace}") } else { String::new() };
        fallen.offer(format!("thread '{}' {panic}{trace}", thread.name().unwrap_or("<unnamed>")));
    }));
    let to = log.clone();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&config.log)?)
        .with_thread_names(true)
        .with_writer(move || to.clone());
    let started = match config.log_format {
        LogFormat::Text => lines.with_ansi(false).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    started.map_err(|error| anyhow!("cannot start the log: {error}"))?;
    Ok(log)
}
