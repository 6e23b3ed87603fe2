//! The HTTP front: which path leads where, and what every answer has. Knows no rooms, and no session but by its number.

mod answer;
mod assets;
mod doorstep;
mod exchange;
mod files;
mod route;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

pub(super) use exchange::{Exchange, Step};

/// What the operator sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// More names that this server answers to: `--host`.
    pub hosts: Vec<String>,
    /// Origins of a proxy before this server: `--origin`.
    pub origins: Vec<String>,
    /// The folder that is served instead of the page: `--page`.
    pub page: Option<PathBuf>,
    /// Whether everybody may read the metrics: `--metrics everyone`.
    pub metrics_for_everyone: bool,
}

/// What all exchanges share.
#[derive(Debug)]
pub struct Http {
    settings: Settings,
    pages: assets::Pages,
    doorstep: doorstep::Doorstep,
    /// The addresses that the server listens on.
    listening: Vec<SocketAddr>,
}

impl Http {
    /// With these settings, on a server that listens on these addresses.
    pub fn new(settings: Settings, listening: &[SocketAddr]) -> Http {
        let beyond = listening.iter().any(|address| !address.ip().is_loopback());
        Http {
            pages: assets::Pages::new(settings.page.clone().filter(|_| !beyond)),
            doorstep: doorstep::Doorstep::new(&settings, beyond),
            settings,
            listening: listening.to_vec(),
        }
    }

    /// The settings.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether `peer` may read the metrics.
    fn may_measure(&self, peer: IpAddr) -> bool {
        self.settings.metrics_for_everyone || peer.to_canonical().is_loopback()
    }
}
