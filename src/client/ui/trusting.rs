//! Trust as the user sees it: the settings, the question about a new key, forgetting a key. Knows no connection and no certificate.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Exit;
use super::question::ask;
use crate::client::trust::{Encryption, Strangers, Trust, forget};
use crate::net::fingerprint::Fingerprint;
use crate::terminal::Terminal;

/// What was asked for on the command line. The sentences are its help.
#[derive(Debug, Clone, Default, Args)]
pub struct TrustSettings {
    /// Whether the connection is encrypted
    #[arg(long, env = "CHAT_CLIENT_TLS", value_enum, default_value = "auto")]
    pub tls: Encryption,

    /// The key that the server must have, as its own screen shows it
    ///
    /// Eight groups of four digits. Nothing else counts then.
    #[arg(long, env = "CHAT_CLIENT_FINGERPRINT", value_name = "KEY")]
    pub fingerprint: Option<Fingerprint>,

    /// Which keys are trusted beside valid certificates
    #[arg(long, env = "CHAT_CLIENT_TRUST", value_enum, default_value = "known")]
    pub trust: Trusted,

    /// The file with the keys of known servers
    ///
    /// If not said: roomful/known_hosts in the folder for settings, which is
    /// ~/.config, or %APPDATA% on Windows.
    #[arg(long, env = "CHAT_CLIENT_KNOWN_HOSTS", value_name = "FILE")]
    pub known_hosts: Option<PathBuf>,

    /// A file with certificates of authorities, which count instead of those of the world
    #[arg(long, env = "CHAT_CLIENT_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// Forget the key of a server, host or host:port, and end
    #[arg(long, value_name = "HOST")]
    pub forget: Option<String>,
}

/// Which keys are trusted without an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Trusted {
    /// Those that are known; a person is asked about a new one.
    #[default]
    Known,
    /// Also a new one. It is known from then on.
    New,
}

impl From<&TrustSettings> for Trust {
    fn from(settings: &TrustSettings) -> Trust {
        Trust {
            encryption: settings.tls,
            fingerprint: settings.fingerprint,
            known_hosts: settings.known_hosts.clone(),
            authorities: settings.ca.clone(),
            strangers: match settings.trust {
                Trusted::Known => Strangers::Refuse,
                Trusted::New => Strangers::Take,
            },
        }
    }
}

/// Asks a person whether a new key is the right one.
pub(super) fn is_right(host: &str, key: Fingerprint, terminal: &mut Terminal) -> Result<bool, Exit> {
    terminal.screen().note(&format!("* {host} has a key that is not known here. Compare it with the server's screen:"));
    terminal.screen().note(&format!("*   {key}"));
    loop {
        let answer = ask(terminal, "The server's screen shows the same. Trust it from now on?", "yes")?;
        match &*answer.to_lowercase() {
            "yes" | "y" => return Ok(true),
            "no" | "n" => return Ok(false),
            _ => terminal.screen().note("! Type yes or no."),
        }
    }
}

/// Forgets the key of a server, and says so.
pub(super) fn forgotten(addr: &str, settings: &TrustSettings) -> Exit {
    match forget(addr, settings.known_hosts.as_deref()) {
        Ok(true) => {
            // If stdout is closed or full, the exit code tells.
            let _ = writeln!(io::stdout(), "The key of {addr} is forgotten.");
            Exit::done()
        }
        Ok(false) => Exit::new(Exit::OTHER, format!("no key of {addr} is known, so none was forgotten")),
        Err(why) => Exit::new(Exit::OTHER, format!("the key of {addr} was not forgotten ({why})")),
    }
}
