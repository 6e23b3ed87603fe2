//! `chat-server ctl`: finds the control socket, says the command there, and ends with what came of it. Knows no command.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use roomful::config::{Config, ConfigError};
use roomful::console::{Desk, Paint};
use roomful::ctl::{self, Ctl, CtlError};
use roomful::process::Outlet;
use roomful::session::hub::News;
use roomful::terminal;

/// No server answers (sysexits.h: EX_UNAVAILABLE).
const EXIT_NOBODY: u8 = 69;

/// Says one command to a running server; without one, all that are typed or piped in.
///
/// # Errors
/// No path is known, or the terminal cannot be used.
pub fn run(config: &Config, words: &[String]) -> anyhow::Result<ExitCode> {
    let path = path(config).ok_or_else(|| ConfigError {
        setting: "ctl".to_owned(),
        wrong: "a server with --memory has a control socket only if --ctl PATH names one, for it and for ctl"
            .to_owned(),
    })?;
    let line = words.join(" ");
    let said = match words.first().map(String::as_str) {
        None => ctl::converse(&path),
        Some("watch") => watch(&path, &line),
        Some(_) => ctl::ask(&path, &line).map_err(anyhow::Error::from).map(|reply| {
            show(&reply.text, reply.is_ok);
            reply.is_ok
        }),
    };
    match said {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::FAILURE),
        Err(error) => {
            // If stderr is closed or full, the exit code tells.
            let _ = writeln!(io::stderr(), "chat-server: {error:#}");
            let is_nobody = error.downcast_ref().is_some_and(CtlError::is_nobody);
            Ok(if is_nobody { ExitCode::from(EXIT_NOBODY) } else { ExitCode::FAILURE })
        }
    }
}

fn watch(path: &std::path::Path, line: &str) -> anyhow::Result<bool> {
    let reply = ctl::watch(path, line, drop, |line| writeln!(io::stdout(), "{line}").is_ok())?;
    show(&reply.text, reply.is_ok);
    Ok(reply.is_ok)
}

/// The answer goes to stdout, a refusal to stderr.
fn show(text: &str, is_ok: bool) {
    if text.is_empty() {
        return;
    }
    let text = Paint::new(is_ok && terminal::wants_colour()).line(text);
    // What cannot be shown was done even so, and the exit code tells.
    let _ = if is_ok { writeln!(io::stdout(), "{text}") } else { writeln!(io::stderr(), "{text}") };
}

/// Takes commands from other processes. If the path beside the database cannot be used, the server goes on without.
///
/// # Errors
/// The path that the operator named cannot be used.
pub fn listen(
    config: &Config,
    desk: &Desk,
    news: crossbeam_channel::Receiver<News>,
    out: &Outlet,
) -> anyhow::Result<Option<Ctl>> {
    let Some(path) = path(config) else { return Ok(None) };
    match Ctl::start(&path, desk, news) {
        Ok(ctl) => Ok(Some(ctl)),
        Err(error) if config.ctl.is_empty() => {
            out.put(format!("! {error}. Until then chat-server ctl does not reach this server."));
            Ok(None)
        }
        Err(error) => Err(error).context("no commands can be taken"),
    }
}

/// The path of the control socket: the one that the operator named, or else beside the database.
fn path(config: &Config) -> Option<PathBuf> {
    if !config.ctl.is_empty() {
        return Some(PathBuf::from(&config.ctl));
    }
    (!config.memory).then(|| ctl::beside(config.data.as_ref()))
}
