//! The server's command line: reads the settings, starts the server and its console, stops it in order. Knows nothing of the chat.

/// The flags, their variables, and the help text.
mod args;
/// The certificate.
mod cert;
/// Commands from another process.
mod ctl;
/// The log.
mod log;
/// The settings, read again.
mod reload;
/// From the first line on the screen to the last.
mod serve;
/// What the service manager is told.
mod service;
/// The settings in force.
mod settings;
/// The server, made of its settings.
mod start;

use std::io::{self, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use args::{Args, Task};
use clap::{ArgMatches, FromArgMatches};
use reload::{Reload, Started};
use roomful::config::{Config, ConfigError};
use roomful::net::capacity;
use roomful::process::{self, Kind};
use roomful::store::{self, StoreError};
use roomful::tls::TlsError;

/// The database, or a copy of it, cannot be made or used (sysexits.h: EX_CANTCREAT).
const EXIT_STORE: u8 = 73;
/// Stopped, and some records are not in the database (sysexits.h: EX_TEMPFAIL).
const EXIT_UNKEPT: u8 = 75;
/// A setting that cannot be taken (sysexits.h: EX_CONFIG).
const EXIT_CONFIG: u8 = 78;

fn main() -> ExitCode {
    capacity::save_address_space();
    // Before the first thread is started, because they are taken out of the environment.
    let sockets = process::service::sockets();
    let ready = process::settle_signals(Kind::Server);
    let matches = process::parse(args::command());
    let args = ready.map_err(anyhow::Error::from).and_then(|()| Ok(Args::from_arg_matches(&matches)?));
    match args.and_then(|args| run(&args, &matches, sockets)) {
        Ok(code) => code,
        Err(error) => {
            // If stderr is closed or full, the exit code tells.
            let _ = writeln!(io::stderr(), "chat-server: {error:#}");
            ExitCode::from(if error.is::<ConfigError>() || error.is::<TlsError>() {
                EXIT_CONFIG
            } else if error.is::<StoreError>() {
                EXIT_STORE
            } else {
                1
            })
        }
    }
}

/// The listening sockets that were passed to this process, or the sentence about one that cannot be used.
type Passed = Result<Vec<TcpListener>, String>;

fn run(args: &Args, matches: &ArgMatches, sockets: Passed) -> anyhow::Result<ExitCode> {
    if let Some(Task::Manual(manual)) = &args.task {
        manual.write("chat-server", args::command())?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = settings::read(args, matches)?;
    match &args.task {
        Some(Task::Backup { file }) => backup(&config, file),
        Some(Task::Cert { host, days, renew }) => cert::run(&config, host, *days, *renew),
        Some(Task::Ctl { words }) => ctl::run(&config, words),
        Some(Task::Manual(_)) => Ok(ExitCode::SUCCESS),
        None if args.check_config => {
            settings::motd(&config)?;
            print_settings(&config)
        }
        None => run_server(args, &config, matches, sockets),
    }
}

fn backup(config: &Config, file: &Path) -> anyhow::Result<ExitCode> {
    let bytes = store::backup(Path::new(&config.data), file)?;
    // The copy is made, even if stdout is closed.
    let _ = writeln!(io::stdout(), "{} is a copy of {}, {bytes} bytes", file.display(), config.data);
    Ok(ExitCode::SUCCESS)
}

fn print_settings(config: &Config) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout();
    let written = out.write_all(config.to_toml().as_bytes()).and_then(|()| out.flush());
    written.context("cannot print the settings")?;
    Ok(ExitCode::SUCCESS)
}

fn run_server(args: &Args, config: &Config, matches: &ArgMatches, sockets: Passed) -> anyhow::Result<ExitCode> {
    let sockets = sockets.map_err(|wrong| ConfigError { setting: String::new(), wrong })?;
    let log = log::start(config)?;
    let motd = settings::motd(config)?;
    let server = start::server(config, motd.clone(), matches, sockets)?;
    let reload = Reload::of(&server, Started { args, matches, config, motd, log: &log });
    let service = service::Service::start(server.hub())?;
    let ran = serve::until_stopped(server, config, &reload).map(|stopped| {
        if stopped.unkept > 0 {
            let records = stopped.unkept;
            log.put(format!(
                "chat-server: not in the database: the last {records} records; none of them was answered ok"
            ));
            return ExitCode::from(EXIT_UNKEPT);
        }
        if !stopped.closed {
            log.put(
                "chat-server: the database could not be closed in time; all is in its log, and the next start reads it"
                    .to_owned(),
            );
        }
        ExitCode::SUCCESS
    });
    service.end(serve::LAST_WORDS);
    log.drain(serve::LAST_WORDS);
    ran
}
