//! The HTTP front: which path leads where, and what every answer has. Knows no rooms, and no session but by its number.

mod answer;
mod assets;
mod doorstep;
mod exchange;
mod files;
mod gauges;
mod range;
mod route;
mod welcome;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::names::MAX_ROOM;
use crate::qr::Qr;
use crate::session::health;
use crate::session::hub::Hub;
use answer::Answer;
pub(super) use exchange::{Exchange, Step};

/// The longest room in the address of a picture, in bytes: its sign, and letters of four bytes, each byte as `%xx`.
const LONGEST_ROOM: usize = 3 + MAX_ROOM * 12;

/// What the operator sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// More names that this server answers to: `--host`.
    pub hosts: Vec<String>,
    /// Origins of a proxy before this server: `--origin`.
    pub origins: Vec<String>,
    /// The folder that is served instead of the page: `--page`.
    pub page: Option<PathBuf>,
    /// The address that people are told first: `--address`.
    pub address: Option<String>,
    /// Whether everybody may read the metrics: `--metrics everyone`.
    pub metrics_for_everyone: bool,
}

/// What all exchanges share.
#[derive(Debug)]
pub struct Http {
    /// Those of the start.
    settings: Settings,
    metrics_for_everyone: AtomicBool,
    pages: assets::Pages,
    doorstep: doorstep::Doorstep,
    welcome: welcome::Welcome,
    gauges: gauges::Gauges,
    /// Held while a picture is made, which takes milliseconds: many who ask for pictures have one processor, and not all.
    drawing: Mutex<()>,
    /// The addresses that the server listens on.
    listening: Vec<SocketAddr>,
}

impl Http {
    /// With these settings, on a server that listens on these addresses.
    pub fn new(settings: Settings, listening: &[SocketAddr]) -> Http {
        let beyond = listening.iter().any(|address| !address.ip().is_loopback());
        Http {
            pages: assets::Pages::new(settings.page.clone()),
            doorstep: doorstep::Doorstep::new(&settings, beyond),
            welcome: welcome::Welcome::default(),
            gauges: gauges::Gauges::default(),
            drawing: Mutex::new(()),
            metrics_for_everyone: AtomicBool::new(settings.metrics_for_everyone),
            settings,
            listening: listening.to_vec(),
        }
    }

    /// Puts other hosts, origins, and readers of the metrics in force, from the next request on.
    pub(super) fn change(&self, settings: &Settings) {
        self.doorstep.change(settings);
        self.metrics_for_everyone.store(settings.metrics_for_everyone, Ordering::Relaxed);
    }

    /// The settings of the start.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The set of files that is served as the page.
    pub(super) fn page(&self) -> &str {
        self.pages.set()
    }

    /// What the page knows before anybody comes in.
    fn welcome(&self, hub: &Hub) -> Arc<welcome::Known> {
        self.welcome.known(hub, self.settings.address.as_deref(), &self.listening)
    }

    fn welcome_json(&self, hub: &Hub, seed: u64) -> Answer {
        let json = self.welcome(hub).json(hub, self.pages.set(), seed);
        Answer::new(200, "application/json", json).with("Cache-Control", "no-store")
    }

    /// The address number `to` of the list in `welcome.json`, with a room, as a picture.
    fn qr(&self, hub: &Hub, scheme: &str, query: Option<&str>) -> Answer {
        let known = self.welcome(hub);
        let value = |name: &str| {
            let fields = query.unwrap_or_default().split('&').filter_map(|part| part.split_once('='));
            fields.filter(|(known, _)| *known == name).map(|(_, value)| value).next()
        };
        let to = value("to").map_or(Some(0), |to| to.parse().ok());
        let room = value("room").unwrap_or_default();
        if room.len() > LONGEST_ROOM {
            return Answer::sentence(
                404,
                &format!("No room has such a long name; {MAX_ROOM} characters are the most."),
            );
        }
        // The room stays encoded as it came: the fragment of the address needs the same.
        let room = Some(room)
            .filter(|room| !room.is_empty())
            .map_or(String::new(), |room| format!("#{}", room.strip_prefix("%23").unwrap_or(room)));
        let address = to.and_then(|to: usize| known.addresses.get(to));
        let _drawing = self.drawing.lock();
        let Some(code) = address.and_then(|address| Qr::of(&format!("{scheme}://{address}/{room}"))) else {
            return Answer::sentence(404, "There is no such address; this server may be for this machine only.");
        };
        Answer::new(200, "image/svg+xml", code.svg().into_bytes()).with("Cache-Control", "no-store")
    }

    /// Whether the server can take messages, and why not.
    fn health(hub: &Hub) -> Answer {
        let troubles = health::troubles(hub);
        if troubles.is_empty() {
            return Answer::sentence(200, "ok");
        }
        Answer::sentence(503, &troubles.join("; "))
    }

    /// All numbers, for the metrics.
    pub(super) fn numbers(&self, hub: &Arc<Hub>) -> String {
        gauges::page(hub, &self.gauges)
    }

    /// The metrics. To others there is nothing here: they need not know that there is.
    fn metrics(&self, hub: &Arc<Hub>, peer: IpAddr) -> Option<Answer> {
        let may = self.metrics_for_everyone.load(Ordering::Relaxed) || peer.to_canonical().is_loopback();
        may.then(|| {
            Answer::new(200, "text/plain; version=0.0.4; charset=utf-8", self.numbers(hub).into_bytes())
                .with("Cache-Control", "no-store")
        })
    }
}
