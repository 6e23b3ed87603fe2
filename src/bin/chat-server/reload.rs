//! Reads the settings again while the server runs: all of them are taken, or none. Knows no signal, no console and no socket of `ctl`.

use std::sync::Arc;
use std::time::SystemTime;

use clap::ArgMatches;
use parking_lot::Mutex;
use roomful::config::{Change, Config, ConfigError};
use roomful::limits::Live;
use roomful::process::service;
use roomful::server::{Handle, Tuner};
use roomful::tls::Pair;

use crate::args::Args;
use crate::log::{self, Log};
use crate::settings;

/// Reads the settings of one server again. All clones read for the same server.
#[derive(Clone)]
pub struct Reload(Arc<Inner>);

struct Inner {
    args: Args,
    matches: ArgMatches,
    tuner: Tuner,
    log: Log,
    /// The settings of the start: those that need a restart are still in force.
    start: Config,
    in_force: Mutex<InForce>,
}

/// The settings that were read last, and the message of the day.
struct InForce {
    config: Config,
    motd: Option<Arc<str>>,
}

/// What the program was started with.
pub struct Started<'a> {
    pub args: &'a Args,
    pub matches: &'a ArgMatches,
    pub config: &'a Config,
    pub motd: Option<Arc<str>>,
    pub log: &'a Log,
}

impl Reload {
    /// Reads settings again for `server`.
    pub fn of(server: &Handle, started: Started<'_>) -> Reload {
        let Started { args, matches, config, motd, log } = started;
        Reload(Arc::new(Inner {
            args: args.clone(),
            matches: matches.clone(),
            tuner: server.tuner(),
            log: log.clone(),
            start: config.clone(),
            in_force: Mutex::new(InForce { config: config.clone(), motd }),
        }))
    }

    /// Reads the settings again, and puts those in force that can change. Returns one
    /// sentence: what has changed, and what needs a restart.
    ///
    /// # Errors
    /// What cannot be taken, and where it is written. Then nothing has changed.
    pub fn run(&self) -> Result<String, ConfigError> {
        service::reloading();
        let told = self.0.run();
        service::ready();
        match &told {
            Ok(sentence) => tracing::info!("{sentence}"),
            Err(error) => tracing::error!(%error, "the settings are not read again: one cannot be taken"),
        }
        told
    }

    /// Logs other things, until the settings are read again.
    ///
    /// # Errors
    /// It is no level, and no directives.
    pub fn set_log(&self, text: &str) -> Result<(), ConfigError> {
        let level = log::level(text)?;
        let mut in_force = self.0.in_force.lock();
        text.clone_into(&mut in_force.config.log);
        self.0.log.set_level(level);
        Ok(())
    }
}

impl Inner {
    fn run(&self) -> Result<String, ConfigError> {
        // Held to the end, so that two at a time do not mix. Only a thread that reads the settings waits for it.
        let mut in_force = self.in_force.lock();
        // All is read and checked before anything is changed.
        let config = settings::read(&self.args, &self.matches)?;
        let motd = settings::motd(&config)?;
        let file = log::file(&config)?;
        let level = log::level(&config.log)?;
        let pair = self.certificate(&config)?;

        self.log.set_file(file);
        self.log.set_level(level);
        self.tuner.set_web(&config.web());
        self.tuner.set_limits(&config.limits);
        self.tuner.set_motd(motd.clone());
        let is_other = pair.is_some_and(|pair| self.tuner.set_certificate(pair));
        let mut sentence = sentence(&self.start, &in_force, (&config, &motd), is_other);
        let room = self.tuner.limits().sessions;
        if room < config.limits.sessions {
            sentence.push_str(&format!("; this machine had room for {room} sessions at the start"));
        }
        *in_force = InForce { config, motd };
        Ok(sentence)
    }

    /// The certificate of these settings, if the server encrypts.
    fn certificate(&self, config: &Config) -> Result<Option<Pair>, ConfigError> {
        if !self.tuner.encrypts() {
            return Ok(None);
        }
        let pair = Pair::read(&config.tls()?, SystemTime::now());
        pair.map(Some).map_err(|error| ConfigError { setting: "tls-cert".to_owned(), wrong: error.to_string() })
    }
}

/// What has changed, and what needs a restart.
fn sentence(
    start: &Config,
    before: &InForce,
    (config, motd): (&Config, &Option<Arc<str>>),
    certificate: bool,
) -> String {
    let changed = before.config.changes(config).into_iter().filter(|change| change.live != Live::Restart);
    let mut changed: Vec<String> = changed.map(|change| shown(&change)).collect();
    if before.motd != *motd && before.config.motd == config.motd {
        changed.push("the text of motd".to_owned());
    }
    if certificate {
        changed.push("another certificate, for new connections".to_owned());
    }
    let left = start.changes(config).into_iter().filter(|change| change.live == Live::Restart);
    let left: Vec<String> = left.map(|change| format!("{} {}", change.name, change.is)).collect();
    let changed = if changed.is_empty() { "nothing has changed".to_owned() } else { changed.join(", ") };
    let left = if left.is_empty() { String::new() } else { format!("; needs a restart: {}", left.join(", ")) };
    format!("settings read again: {changed}{left}")
}

fn shown(change: &Change) -> String {
    let whose = if change.live == Live::NewConnections { ", for new connections" } else { "" };
    format!("{} {} (was {}{whose})", change.name, change.is, change.was)
}
