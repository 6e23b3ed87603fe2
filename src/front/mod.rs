//! The fronts: which protocols are served, one file for each, and how to refuse the others. Does not know what a session does.

mod entrance;
pub mod http;
mod irc;
mod irc_names;
mod json;
mod line;
mod links;
mod password;
pub mod sniff;
mod stranger;
mod ws;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::limits::Limits;
use crate::names::Nick;
use crate::session::hub::Hub;
use crate::wire::{Encoder, Input, Protocol};

pub use entrance::Entrance;
use http::{Http, Settings};
pub use irc_names::IrcNames;
pub use links::Links;
use sniff::Kind;

/// The kinds that are served, and how the front of each is opened.
pub struct Fronts {
    served: Vec<(Kind, Box<Open>)>,
    http: Http,
    irc: IrcNames,
    /// Where only IRC is spoken.
    irc_ports: Vec<SocketAddr>,
    /// Whether passwords may come unencrypted from other machines.
    clear_passwords: bool,
}

/// What a client is told of encryption by the capability `sts`: nothing, if it must not rely on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sts {
    /// Nothing.
    #[default]
    Silent,
    /// It should come back encrypted, to this port.
    Port(u16),
    /// For so many seconds it should come encrypted only.
    Seconds(u64),
}

/// Opens a front for one connection.
pub type Open = dyn Fn(&Opening<'_>) -> Protocol + Send + Sync;

/// Everything that a front may know when it is opened.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// The other fronts, for a peer that turns out to speak another protocol.
    pub fronts: &'a Arc<Fronts>,
    /// The numbers in force.
    pub limits: &'a Arc<Limits>,
    /// A free name to offer, if the peer has sent nothing yet and waits for a greeting.
    pub offer: Option<&'a Nick>,
    /// The message of the day, if there is one.
    pub motd: Option<&'a Arc<str>>,
    /// What makes addresses of files for this connection, if there are files.
    pub links: Option<&'a Links>,
    /// How the server is called on IRC.
    pub irc: &'a IrcNames,
    /// Whether there are accounts, and nobody else can read a password that this peer sends, or the operator allows it.
    pub takes_passwords: bool,
    /// What an IRC client is told of encryption.
    pub sts: Sts,
}

#[cfg(test)]
impl<'a> Opening<'a> {
    /// For a peer that speaks first, on a server without files and without a message of the day.
    fn bare(fronts: &'a Arc<Fronts>, limits: &'a Arc<Limits>, irc: &'a IrcNames) -> Opening<'a> {
        let (takes_passwords, sts) = (true, Sts::Silent);
        Opening { fronts, limits, offer: None, motd: None, links: None, irc, takes_passwords, sts }
    }
}

impl Fronts {
    /// Serves `kind` too, or with another front than before.
    #[must_use]
    pub fn serve(mut self, kind: Kind, open: impl Fn(&Opening<'_>) -> Protocol + Send + Sync + 'static) -> Fronts {
        self.served.retain(|(known, _)| *known != kind);
        self.served.push((kind, Box::new(open)));
        self
    }

    /// Serves HTTP with these settings.
    #[must_use]
    pub fn web(mut self, settings: Settings) -> Fronts {
        self.http = Http::new(settings, &[]);
        self
    }

    /// Is called so on IRC.
    #[must_use]
    pub fn named(mut self, names: IrcNames) -> Fronts {
        self.irc = names;
        self
    }

    /// Sets whether passwords may come unencrypted from other machines.
    #[must_use]
    pub fn clear_passwords(mut self, clear: bool) -> Fronts {
        self.clear_passwords = clear;
        self
    }

    /// How the server is called on IRC.
    pub fn names(&self) -> &IrcNames {
        &self.irc
    }

    /// Whether a connection that came to the address `local` can only be IRC.
    fn is_irc_port(&self, local: impl FnOnce() -> Option<SocketAddr>) -> bool {
        if self.irc_ports.is_empty() {
            return false;
        }
        let is_at = |port: &SocketAddr, local: SocketAddr| {
            port.port() == local.port() && (port.ip().is_unspecified() || port.ip().to_canonical() == local.ip())
        };
        let local = local().map(|local| SocketAddr::new(local.ip().to_canonical(), local.port()));
        local.is_some_and(|local| self.irc_ports.iter().any(|port| is_at(port, local)))
    }

    /// Whether the page is read from a folder.
    pub fn reads_page(&self) -> bool {
        self.http.settings().page.is_some()
    }

    /// The name of the set of files that is served as the page: a hash of them.
    pub fn page(&self) -> &str {
        self.http.page()
    }

    /// The same fronts, on a server that listens on these addresses, and on those of `irc` for IRC only.
    #[must_use]
    pub fn listening(mut self, addresses: &[SocketAddr], irc: &[SocketAddr]) -> Fronts {
        self.http = Http::new(self.http.settings().clone(), addresses);
        self.irc_ports = irc.to_vec();
        self
    }

    /// The numbers of the server, as `/metrics` tells them.
    pub fn metrics(&self, hub: &Arc<Hub>) -> String {
        self.http.numbers(hub)
    }

    /// Puts other hosts, origins, and readers of the metrics in force.
    pub fn change(&self, settings: &Settings) {
        self.http.change(settings);
    }

    /// Opens the front for `kind`, if it is served.
    pub fn open(kind: Kind, opening: &Opening<'_>) -> Option<Protocol> {
        let (_, open) = opening.fronts.served.iter().find(|(known, _)| *known == kind)?;
        Some(open(opening))
    }
}

impl Default for Fronts {
    /// Plain text for people, JSON for programs, IRC for its clients.
    fn default() -> Fronts {
        let http = Http::new(Settings::default(), &[]);
        let none = Fronts {
            served: Vec::new(),
            http,
            irc: IrcNames::default(),
            irc_ports: Vec::new(),
            clear_passwords: false,
        };
        none.serve(Kind::Line, line::open).serve(Kind::Json, json::open).serve(Kind::Irc, irc::open)
    }
}

impl fmt::Debug for Fronts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.served.iter().map(|(kind, _)| kind)).finish()
    }
}

/// The encoder for a peer whose protocol is not known yet.
pub fn plain() -> Box<dyn Encoder> {
    Box::new(line::LineEncoder::default())
}

/// Tells the session of bytes that made no input, if there were any; `line` of them cost as much as a line.
fn waste(bytes: usize, line: usize) -> Option<Input> {
    (bytes > 0).then_some(Input::Waste { bytes, line })
}
