//! The numbers of the server, in the text format of Prometheus. No name of a person or a room is in them.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::route::Route;
use crate::model::{AccountId, Owner};
use crate::process::machine;
use crate::session::hub::Hub;
use crate::session::tallies::{Tally, Times};

/// What exchanges count.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    /// Answers: by route, and by the first digit of the status.
    answers: [[AtomicU64; 6]; Route::ALL.len()],
    pub(super) bytes_in: AtomicU64,
    pub(super) bytes_out: AtomicU64,
    /// Requests that were refused before a route was looked at, or as a handshake.
    pub(super) refused: Tally,
}

impl Gauges {
    /// Counts one answer.
    pub(super) fn answered(&self, route: Route, status: u16) {
        let class = usize::from(status / 100).min(5);
        self.answers[route as usize][class].fetch_add(1, Ordering::Relaxed);
    }
}

/// The text that is being written.
#[derive(Default)]
struct Page(String);

impl Page {
    /// Begins a metric.
    fn begin(&mut self, name: &str, kind: &str, about: &str) {
        let _ = write!(self.0, "# HELP {name} {about}\n# TYPE {name} {kind}\n"); // into a string: cannot fail
    }

    fn row(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
    }

    /// A metric that is one number.
    fn one(&mut self, name: &str, kind: &str, about: &str, value: impl Display) {
        self.begin(name, kind, about);
        self.row(name, "", value);
    }

    /// A metric with one label.
    fn many(&mut self, (name, kind, about): (&str, &str, &str), label: &str, rows: &BTreeMap<String, u64>) {
        self.begin(name, kind, about);
        for (key, value) in rows {
            self.row(name, &format!("{label}=\"{key}\""), value);
        }
    }
}

/// All metrics.
pub(super) fn page(hub: &Arc<Hub>, gauges: &Gauges) -> String {
    let mut page = Page::default();
    page.begin("roomful_build_info", "gauge", "The version that runs.");
    page.row("roomful_build_info", concat!("version=\"", env!("CARGO_PKG_VERSION"), "\""), 1);
    connections(&mut page, hub);
    chat(&mut page, hub);
    stored(&mut page, hub);
    http(&mut page, gauges);
    encryption(&mut page, hub);
    process(&mut page, hub);
    page.0
}

/// Connections, sessions, and what waits for them.
fn connections(page: &mut Page, hub: &Arc<Hub>) {
    let mut kinds: BTreeMap<String, u64> =
        ["session", "http", "unknown"].into_iter().map(|kind| (kind.to_owned(), 0)).collect();
    let mut fronts: BTreeMap<String, u64> = BTreeMap::new();
    let mut deliveries = hub.counts.deliveries.all();
    let (mut all, mut largest) = (0, 0);
    for handle in hub.handles() {
        let front = *handle.front.lock();
        let kind = match front {
            _ if handle.is_exchange.load(Ordering::Relaxed) => "http",
            "" => "unknown",
            _ => "session",
        };
        *kinds.entry(kind.to_owned()).or_default() += 1;
        if kind == "session" {
            *fronts.entry(front.to_owned()).or_default() += 1;
            *deliveries.entry(front.to_owned()).or_default() += handle.delivered.load(Ordering::Relaxed);
        }
        let weight = handle.outbox.weight();
        (all, largest) = (all + weight, largest.max(weight));
    }
    page.many(("roomful_connections", "gauge", "Connections now, by what they are."), "kind", &kinds);
    page.many(("roomful_sessions", "gauge", "Sessions now, by front."), "front", &fronts);
    page.many(("roomful_deliveries_total", "counter", "Events written to sessions, by front."), "front", &deliveries);
    page.one("roomful_outbox_bytes", "gauge", "What waits for all sessions, in bytes.", all);
    page.one("roomful_outbox_largest_bytes", "gauge", "What waits for one session at most, in bytes.", largest);
}

/// People, rooms, and what they did.
fn chat(page: &mut Page, hub: &Arc<Hub>) {
    let census = hub.chat.census();
    let people = [("account", census.accounts), ("guest", census.guests)];
    let people = people.into_iter().map(|(kind, count)| (kind.to_owned(), count as u64)).collect();
    page.many(("roomful_people", "gauge", "People online."), "kind", &people);
    page.one("roomful_rooms", "gauge", "Rooms.", census.rooms);
    let counts = &hub.counts;
    let said = counts.said.all();
    page.many(("roomful_messages_total", "counter", "What was said, by command."), "kind", &said);
    let ended = counts.ended.all();
    page.many(("roomful_sessions_ended_total", "counter", "Sessions that ended, by reason."), "reason", &ended);
    let refusals = counts.refusals.all();
    page.many(("roomful_refusals_total", "counter", "Commands that were refused, by code."), "code", &refusals);
    let failed = counts.refusals.of("login-failed") + counts.refusals.of("login-too-often");
    page.one("roomful_logins_failed_total", "counter", "Logins that were refused for their password.", failed);
}

/// The database and what waits for it.
fn stored(page: &mut Page, hub: &Arc<Hub>) {
    let Some(database) = &hub.database else { return };
    let name = "roomful_commit_seconds";
    page.begin(name, "histogram", "How long the database took to store a group of records.");
    let (counts, seconds) = hub.counts.commits.read();
    for (bound, count) in Times::BOUNDS.iter().zip(counts) {
        let bound = Duration::from_millis(*bound).as_secs_f64();
        page.row("roomful_commit_seconds_bucket", &format!("le=\"{bound}\""), count);
    }
    let all = counts[Times::BOUNDS.len()];
    page.row("roomful_commit_seconds_bucket", "le=\"+Inf\"", all);
    page.row("roomful_commit_seconds_sum", "", seconds);
    page.row("roomful_commit_seconds_count", "", all);
    let waiting = database.write_queue.bytes();
    page.one("roomful_write_queue_bytes", "gauge", "What waits to be stored, in bytes.", waiting);
    page.one("roomful_uploads", "gauge", "Files that are offered, and not said yet.", database.shelf.reserved());
    // Any owner will do: the second number is about all.
    if let Ok((_, bytes)) = database.store.bytes(Owner::Account(AccountId(0))) {
        page.one("roomful_files_bytes", "gauge", "Files in the database, in bytes.", bytes);
    }
}

/// What exchanges counted.
fn http(page: &mut Page, gauges: &Gauges) {
    let name = "roomful_http_requests_total";
    page.begin(name, "counter", "Answers to HTTP requests, by route and class of status.");
    for (route, classes) in Route::ALL.iter().zip(&gauges.answers) {
        for (class, count) in classes.iter().enumerate() {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                page.row(name, &format!("route=\"{}\",class=\"{class}xx\"", route.name()), count);
            }
        }
    }
    let bytes = [("in", &gauges.bytes_in), ("out", &gauges.bytes_out)];
    let bytes = bytes.into_iter().map(|(way, count)| (way.to_owned(), count.load(Ordering::Relaxed))).collect();
    page.many(("roomful_http_bytes_total", "counter", "Bytes of HTTP."), "way", &bytes);
    let about = "Requests refused at the door, by reason.";
    page.many(("roomful_handshakes_refused_total", "counter", about), "why", &gauges.refused.all());
}

/// Handshakes, and the certificate.
fn encryption(page: &mut Page, hub: &Arc<Hub>) {
    let Some(security) = &hub.security else { return };
    let mut all: BTreeMap<String, u64> =
        security.acceptor().failed().into_iter().map(|(word, count)| (word.to_owned(), count)).collect();
    all.insert("done".to_owned(), security.acceptor().done());
    page.many(("roomful_tls_handshakes_total", "counter", "Handshakes, by how they ended."), "end", &all);
    let open = hub.handles().iter().filter(|handle| handle.stream.is_secure()).count();
    page.one("roomful_tls_connections", "gauge", "Connections now that are encrypted.", open);
    let until = security.certificate().until.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    page.one("roomful_tls_certificate_ends_seconds", "gauge", "When the certificate ends.", until);
}

/// What the system says of this process.
fn process(page: &mut Page, hub: &Arc<Hub>) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let start = now.saturating_sub(hub.started.elapsed()).as_secs_f64();
    page.one("process_start_time_seconds", "gauge", "When the server started.", start);
    if let Some(time) = machine::processor_time() {
        page.one("process_cpu_seconds_total", "counter", "Processor time.", time.as_secs_f64());
    }
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let status = read("/proc/self/status");
    let number = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    if let Some(kib) = number("VmRSS:") {
        page.one("process_resident_memory_bytes", "gauge", "Memory in use.", kib * 1_024);
    }
    if let Some(threads) = number("Threads:") {
        page.one("process_threads", "gauge", "Threads.", threads);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        page.one("process_open_fds", "gauge", "Open descriptors.", open.count().saturating_sub(1));
    }
}
