//! What the page knows before anybody comes in: the server, its addresses, its open rooms. What takes time is found out once a second at most.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;

use crate::answer::RoomInfo;
use crate::event::PROTOCOL;
use crate::net::addresses;
use crate::session::hub::Hub;

/// How long one answer holds.
const HOLDS: Duration = Duration::from_secs(1);
/// The most rooms that are told.
const ROOMS: usize = 50;

/// What is the same for all pages.
#[derive(Debug, Default)]
pub(super) struct Welcome {
    made: Mutex<Option<(Instant, Arc<Known>)>>,
}

/// What takes some time to find out.
#[derive(Debug)]
pub(super) struct Known {
    /// The addresses at which others reach this server, the best first; none on loopback.
    pub(super) addresses: Vec<String>,
    rooms: Vec<RoomInfo>,
}

#[derive(Serialize)]
struct Body<'a> {
    server: &'a str,
    version: u32,
    page: &'a str,
    offer: &'a str,
    lobby: &'a str,
    text: usize,
    file_bytes: usize,
    kept: bool,
    addresses: &'a [String],
    rooms: &'a [RoomInfo],
}

impl Welcome {
    /// What is known, not older than a second. `first` is the address that the operator named.
    pub(super) fn known(&self, hub: &Hub, first: Option<&str>, listening: &[SocketAddr]) -> Arc<Known> {
        if let Some((since, known)) = &mut *self.made.lock() {
            if since.elapsed() < HOLDS {
                return Arc::clone(known);
            }
            // Until this thread has made a new one, the others take the old one.
            *since = Instant::now();
        }
        let addresses = addresses::told(first, listening, &addresses::of_this_machine());
        let known = Arc::new(Known { addresses, rooms: hub.chat.largest_open_rooms(ROOMS) });
        *self.made.lock() = Some((Instant::now(), Arc::clone(&known)));
        known
    }
}

impl Known {
    /// The JSON for one page; `page` is the set that is served. Each page is offered
    /// a name of its own by its `seed`, because a whole class may open it at once.
    pub(super) fn json(&self, hub: &Hub, page: &str, seed: u64) -> Vec<u8> {
        let limits = hub.limits.now();
        let offer = hub.chat.offer(seed);
        let body = Body {
            server: concat!("roomful ", env!("CARGO_PKG_VERSION")),
            version: PROTOCOL,
            page,
            offer: offer.shown(),
            lobby: hub.chat.lobby().shown(),
            text: limits.text,
            // Without a database there is no place for files.
            file_bytes: if hub.database.is_some() { limits.file_bytes } else { 0 },
            kept: hub.database.is_some(),
            addresses: &self.addresses,
            rooms: &self.rooms,
        };
        // Numbers, strings and lists have a JSON form always.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}
