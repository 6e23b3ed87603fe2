//! The log: what goes in, and where it goes. Knows no setting but its own.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::anyhow;
use parking_lot::Mutex;
use roomful::config::{Config, ConfigError, LogFormat};
use roomful::process::Outlet;
use roomful::process::private::private;
use tracing_subscriber::EnvFilter;

/// The log of this process. All clones are the same.
#[derive(Clone)]
pub struct Log {
    lines: Outlet,
    /// Where the lines are written; none for stderr.
    to: Arc<Mutex<Option<File>>>,
    set_level: Arc<dyn Fn(EnvFilter) + Send + Sync>,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").finish_non_exhaustive()
    }
}

/// What is logged, as `tracing` reads it.
///
/// # Errors
/// It is no level, and no directives.
pub fn level(text: &str) -> Result<EnvFilter, ConfigError> {
    EnvFilter::try_new(text).map_err(|error| ConfigError {
        setting: "log".to_owned(),
        wrong: format!("{error}; it takes off, error, warn, info, debug, trace, or tracing directives"),
    })
}

/// Opens the file of the log, to write at its end; none if the log goes to stderr.
///
/// # Errors
/// It cannot be opened.
pub fn file(config: &Config) -> Result<Option<File>, ConfigError> {
    let path = &config.log_file;
    if path.is_empty() {
        return Ok(None);
    }
    private(OpenOptions::new().create(true).append(true)).open(path).map(Some).map_err(|error| ConfigError {
        setting: "log-file".to_owned(),
        wrong: format!("cannot open {path:?}: {error}; name a file in a folder that is there and may be written to"),
    })
}

/// Starts the log: diagnostics with the names of the threads. What people say is never
/// in them. A panic is a diagnostic, too: its thread must not wait for the reader of stderr.
///
/// # Errors
/// The level is none, the file cannot be opened, or there is no thread to be had.
pub fn start(config: &Config) -> anyhow::Result<Log> {
    let to = Arc::new(Mutex::new(file(config)?));
    let written = Arc::clone(&to);
    let lines = Outlet::open("log", config.limits.console_lines, move |line| {
        let mut to = written.lock();
        let stored = to.as_mut().is_some_and(|file| file.write_all(format!("{line}\n").as_bytes()).is_ok());
        if !stored {
            // An error of stderr cannot be told anywhere.
            let _ = writeln!(io::stderr(), "{line}");
        }
    })?;
    let fallen = lines.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        let trace = Backtrace::capture();
        let trace = if trace.status() == BacktraceStatus::Captured { format!("\n{trace}") } else { String::new() };
        fallen.offer(format!("thread '{}' {panic}{trace}", thread.name().unwrap_or("<unnamed>")));
    }));
    let set_level = start_tracing(config, lines.clone())?;
    Ok(Log { lines, to, set_level })
}

/// Writes what `tracing` hears into `to`. Returns what sets the level.
fn start_tracing(config: &Config, to: Outlet) -> anyhow::Result<Arc<dyn Fn(EnvFilter) + Send + Sync>> {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(level(&config.log)?)
        .with_thread_names(true)
        .with_writer(move || to.clone());
    // The two have different types, so each is handled here. A level can always be set while the log is there.
    let (started, set_level): (_, Arc<dyn Fn(EnvFilter) + Send + Sync>) = match config.log_format {
        LogFormat::Text => {
            let lines = lines.with_ansi(false).with_filter_reloading();
            let handle = lines.reload_handle();
            (lines.try_init(), Arc::new(move |level| drop(handle.reload(level))))
        }
        LogFormat::Json => {
            let lines = lines.json().with_filter_reloading();
            let handle = lines.reload_handle();
            (lines.try_init(), Arc::new(move |level| drop(handle.reload(level))))
        }
    };
    started.map_err(|error| anyhow!("cannot start the log: {error}"))?;
    Ok(set_level)
}

impl Log {
    /// Logs other things from now on.
    pub fn set_level(&self, level: EnvFilter) {
        (self.set_level)(level);
    }

    /// Writes to another file from now on, or to stderr.
    pub fn set_file(&self, file: Option<File>) {
        *self.to.lock() = file;
    }

    /// Writes a line, whatever the level; waits until there is room.
    pub fn put(&self, line: String) {
        self.lines.put(line);
    }

    /// Waits for at most `time` until all lines are written.
    pub fn drain(&self, time: Duration) {
        self.lines.drain(time);
    }
}
