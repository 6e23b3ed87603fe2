//! HTTP on the one port: what is served, and connections that stay. (docs/protocol.md, *HTTP*)

use std::collections::BTreeSet;
use std::time::Duration;

use roomful::front::Fronts;
use roomful::front::http::Settings;
use roomful::limits::Limits;
use roomful::names::MAX_ROOM;
use roomful::server::Server;
use serde_json::Value;

use crate::support::frames::HANDSHAKE;
use crate::support::{TestServer, Wire, eventually};

const PROTOCOL: &str = include_str!("../../docs/protocol.md");

/// One answer off a connection that may stay.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// Reads one; `bare` if it has no body, whatever its length says.
    pub fn read(wire: &mut Wire, bare: bool) -> Answer {
        let first = wire.line();
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {first:?}"));
        let mut fields = Vec::new();
        loop {
            let line = wire.line();
            let line = line.strip_suffix('\r').expect("CR before LF");
            let Some((name, value)) = line.split_once(": ") else { break };
            fields.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut answer = Answer { status, fields, body: String::new() };
        let length = if bare { 0 } else { answer.field("content-length").map_or(0, |length| length.parse().unwrap()) };
        answer.body = String::from_utf8(wire.bytes(length)).expect("text");
        answer
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn is_last(&self) -> bool {
        self.field("connection") == Some("close")
    }
}

/// What this machine asks for a path.
pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
}

/// Asks on a connection of its own.
pub fn ask(server: &TestServer, request: impl AsRef<[u8]>) -> Answer {
    let mut wire = server.wire();
    wire.send(&request);
    Answer::read(&mut wire, request.as_ref().starts_with(b"HEAD"))
}

/// docs/protocol.md, *HTTP*: the page may load its own files and nothing else.
#[test]
fn the_page_comes_with_its_policy_and_no_session_begins() {
    let server = TestServer::start();
    let mut wire = server.wire();
    for _ in 0..2 {
        wire.send(get("/"));
        let page = Answer::read(&mut wire, false);
        assert_eq!((page.status, page.field("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(page.body.starts_with("<!doctype html>"), "{}", page.body);
        assert!(!page.body.contains("a/SET/") && !page.body.contains("MODULES"), "{}", page.body);
        let policy = page.field("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(policy.contains("connect-src 'self' ws://127.0.0.1 wss://127.0.0.1;"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-frame-options", "DENY"),
            ("cache-control", "no-cache"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(page.field(name), Some(value), "{name}");
        }
        assert!(page.field("date").unwrap().ends_with(" GMT"));
        assert!(page.field("server").is_none() && page.field("access-control-allow-origin").is_none());
        assert!(!page.is_last());
    }
    assert_eq!(server.hub().chat.presence().len(), 0);
    // Elsewhere than on this machine a browser would complain about it.
    let other = ask(&server, "GET / HTTP/1.1\r\nHost: 192.168.1.5:7667\r\n\r\n");
    assert_eq!(other.field("cross-origin-opener-policy"), None);
    assert!(other.field("content-security-policy").unwrap().contains(" ws://192.168.1.5:7667 wss://192.168.1.5:7667;"));
}

#[test]
fn what_a_browser_has_is_not_sent_again_and_another_version_is_not_remembered() {
    let server = TestServer::start();
    let page = ask(&server, get("/"));
    let tag = page.field("etag").unwrap();
    let set = tag.trim_matches('"');
    let asks = |path: &str, tag: &str| {
        ask(&server, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {tag}\r\n\r\n"))
    };
    let file = format!("/a/{set}/index.html");
    for path in ["/", &file] {
        assert_eq!((asks(path, tag).status, asks(path, &format!("\"x\", W/{tag}")).status), (304, 304), "{path}");
        assert_eq!(asks(path, "\"x\"").status, 200, "{path}");
        assert_eq!(asks(path, tag).field("content-length"), None);
    }
    assert_eq!(ask(&server, get(&file)).field("cache-control"), Some("public, max-age=31536000, immutable"));
    for path in ["/a/0123456789abcdef/index.html", &format!("/a/{set}/nothing.js"), &format!("/a/{set}/"), "/a/"] {
        let missing = ask(&server, get(path));
        assert_eq!((missing.status, missing.field("cache-control")), (404, Some("no-store")), "{path}");
    }
}

#[test]
fn a_head_is_answered_as_a_get_without_its_body() {
    let server = TestServer::start();
    for path in ["/", "/healthz", "/nothing"] {
        let mut wire = server.wire();
        let of = |method: &str| format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        wire.send(of("HEAD") + &of("GET"));
        let (head, get) = (Answer::read(&mut wire, true), Answer::read(&mut wire, false));
        assert_eq!((head.status, head.fields), (get.status, get.fields), "{path}");
    }
}

#[test]
fn however_the_bytes_are_cut_the_answers_are_the_same_and_in_order() {
    let server = TestServer::start();
    let paths = ["/healthz", "/nothing", "/", "/healthz"];
    let all: String = paths.iter().map(|path| get(path)).collect();
    let read = |wire: &mut Wire| paths.map(|_| Answer::read(wire, false).status);
    let mut wire = server.wire();
    wire.send(&all);
    assert_eq!(read(&mut wire), [200, 404, 200, 200], "all in one piece");
    let mut wire = server.wire();
    // The first line comes whole, or its peer would be taken for a person who types.
    let (first, rest) = all.split_at(all.find('\n').unwrap() + 1);
    wire.send(first);
    rest.bytes().for_each(|byte| wire.send([byte]));
    assert_eq!(read(&mut wire), [200, 404, 200, 200], "byte by byte");
}

#[test]
fn a_connection_ends_after_its_last_request_or_when_the_peer_wants_it() {
    let server = TestServer::with(|limits| limits.http_requests = 3);
    let mut wire = server.wire();
    wire.send(get("/healthz").repeat(5));
    let last: Vec<bool> = (0..3).map(|_| Answer::read(&mut wire, false).is_last()).collect();
    assert_eq!((last, wire.rest().len()), (vec![false, false, true], 0));
    for request in [
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Close\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n",
    ] {
        assert!(ask(&server, request).is_last(), "{request}");
    }
}

/// A page load is six threads, so they must not stay for long.
#[test]
fn a_connection_without_requests_ends_by_itself() {
    let server = TestServer::with(|limits| limits.http_idle = Duration::from_secs(1));
    let mut wire = server.wire();
    wire.send(get("/healthz"));
    assert_eq!(Answer::read(&mut wire, false).status, 200);
    assert!(wire.rest().is_empty(), "the end, and no answer to a request that never came");
    server.wait_for_sessions(0);
}

#[test]
fn a_connection_that_loaded_the_page_becomes_a_session() {
    let server = TestServer::start();
    let mut wire = server.wire();
    wire.send(get("/") + &get("/welcome.json"));
    Answer::read(&mut wire, false);
    Answer::read(&mut wire, false);
    wire.send(HANDSHAKE);
    assert_eq!(Answer::read(&mut wire, true).status, 101);
    eventually("it is a session", || *server.hub().handles()[0].front.lock() == "websocket");
}

#[test]
fn a_server_that_stops_does_not_wait_for_connections_that_wait_for_a_request() {
    let mut server = TestServer::with(|limits| limits.stop = Duration::from_secs(600));
    let mut idle = server.wire();
    idle.send(get("/healthz"));
    Answer::read(&mut idle, false);
    let mut slow = server.wire();
    slow.send("GET / HTTP/1.1\r\n");
    server.wait_for_sessions(2);
    eventually("both are known", || {
        server.hub().handles().iter().all(|handle| handle.is_exchange.load(std::sync::atomic::Ordering::Relaxed))
    });
    let stopped = server.stop("the test is over");
    assert_eq!((stopped.told, stopped.cut), (0, 0));
    assert!(idle.rest_or_cut().is_empty(), "no words of the chat");
}

#[test]
fn the_page_knows_before_anybody_comes_in_what_it_needs() {
    let server = TestServer::start();
    let _ann = server.login_in("ann", "#chess");
    let mut keyed = server.login_in("bob", "#secret");
    keyed.wire.send("{\"type\":\"set\",\"tag\":\"k\",\"room\":\"#secret\",\"key\":\"swordfish\"}\n");
    let _ = keyed.answer("k");
    let answer = ask(&server, get("/welcome.json"));
    assert_eq!((answer.status, answer.field("content-type")), (200, Some("application/json")));
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    let row = PROTOCOL.lines().find(|line| line.starts_with("| `/welcome.json` |")).expect("its row");
    let fields = row.split_once("comes in: ").expect("its fields").1.split('`').skip(1).step_by(2);
    let fields: BTreeSet<&str> = fields.filter(|name| *name != "rooms").chain(["rooms"]).collect();
    assert_eq!(told.as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>(), fields);
    let page = ask(&server, get("/"));
    assert_eq!(told["page"].as_str().unwrap(), page.field("etag").unwrap().trim_matches('"'));
    assert_eq!((&told["lobby"], &told["kept"], &told["file_bytes"]), (&"#lobby".into(), &false.into(), &0.into()));
    assert_eq!(told["addresses"], Value::Array(Vec::new()), "on loopback nobody else can come");
    let chess = told["rooms"].as_array().unwrap().iter().find(|room| room["room"] == "#chess").unwrap();
    assert_eq!(chess["members"], 1);
    let mut offers = vec![told["offer"].clone()];
    for _ in 0..5 {
        let told: Value = serde_json::from_str(&ask(&server, get("/welcome.json")).body).unwrap();
        assert!(!offers.contains(&told["offer"]), "a class opens the page at once");
        offers.push(told["offer"].clone());
    }
}

fn with_settings(settings: Settings) -> TestServer {
    TestServer::serving(Fronts::default().web(settings))
}

#[test]
fn an_address_is_a_picture_with_the_room_in_it_and_on_loopback_there_is_none() {
    let server = with_settings(Settings { address: Some("192.168.1.5".to_owned()), ..Settings::default() });
    let code = ask(&server, get("/qr.svg?to=0&room=%23%D0%BB%D1%8B%D0%B6%D0%B8"));
    assert_eq!((code.status, code.field("content-type")), (200, Some("image/svg+xml")));
    assert!(code.body.starts_with("<svg "), "{}", code.body);
    assert_ne!(code.body, ask(&server, get("/qr.svg")).body, "the room is in it");
    for path in ["/qr.svg?to=1", "/qr.svg?to=x", "/qr.svg?to=-1"] {
        assert_eq!(ask(&server, get(path)).status, 404, "{path}");
    }
    // A picture takes the longer the more there is in it, so there is no more in it than a room's name.
    let longest = format!("%23{}", "%F0%9E%A4%80".repeat(MAX_ROOM));
    assert_eq!(ask(&server, get(&format!("/qr.svg?room={longest}"))).status, 200);
    assert_eq!(ask(&server, get(&format!("/qr.svg?room={longest}a"))).status, 404);
    assert_eq!(ask(&TestServer::start(), get("/qr.svg?to=0")).status, 404);
}

#[test]
fn those_who_write_the_page_serve_their_folder_to_themselves_only() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("index.html", "<!-- MODULES --><script src=\"a/SET/main.js\">");
    write("main.js", "1");
    let settings = Settings { page: Some(folder.path().to_owned()), ..Settings::default() };
    let server = with_settings(settings.clone());
    let page = ask(&server, get("/"));
    assert_eq!(page.field("cache-control"), Some("no-store"));
    assert!(page.body.contains("modulepreload\" href=\"a/dev/main.js\"") && page.body.ends_with("\"a/dev/main.js\">"));
    write("main.js", "2");
    assert_eq!(ask(&server, get("/a/dev/main.js")).body, "2", "read anew");
    for path in ["/a/dev/../dev/main.js", "/a/dev/%6dain.js", "/a/dev//main.js", "/a/dev/.", "/a/dev/"] {
        assert_eq!(ask(&server, get(path)).status, 404, "{path}");
    }
    let error = Server::bind("0.0.0.0:0").unwrap().limits(Limits::default()).web(settings).start().unwrap_err();
    assert!(error.to_string().contains("listen on 127.0.0.1"), "{error}");
}

/// Every number that is promised is there, and no name of a person or a room.
#[test]
fn the_numbers_name_nobody() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#chess");
    ann.say("#chess", "e4");
    ask(&server, get("/nothing"));
    ask(&server, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    let told = ask(&server, get("/metrics"));
    assert_eq!(told.field("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for row in [
        "roomful_build_info{version=\"",
        "roomful_sessions{front=\"json\"} 1",
        "roomful_connections{kind=\"session\"} 1",
        "roomful_people{kind=\"guest\"} 1",
        "roomful_rooms ",
        "roomful_messages_total{kind=\"say\"} 1",
        "roomful_deliveries_total{front=\"json\"} ",
        "roomful_outbox_bytes ",
        "roomful_outbox_largest_bytes ",
        "# TYPE roomful_sessions_ended_total counter",
        "# TYPE roomful_refusals_total counter",
        "roomful_logins_failed_total 0",
        "roomful_commit_seconds_bucket{le=\"0.001\"} ",
        "roomful_commit_seconds_bucket{le=\"+Inf\"} ",
        "roomful_write_queue_bytes ",
        "roomful_files_bytes 0",
        "roomful_uploads 0",
        "roomful_http_requests_total{route=\"none\",class=\"4xx\"} 1",
        "roomful_http_bytes_total{way=\"in\"} ",
        "roomful_handshakes_refused_total{why=\"host\"} 1",
        "process_cpu_seconds_total ",
        "process_resident_memory_bytes ",
        "process_open_fds ",
        "process_threads ",
        "process_start_time_seconds ",
    ] {
        let is_told = told.body.lines().any(|line| line.starts_with(row));
        assert!(is_told || (row.starts_with("process_") && cfg!(not(target_os = "linux"))), "{row}:\n{}", told.body);
    }
    assert!(!told.body.contains("ann") && !told.body.contains("chess"), "{}", told.body);
}

#[test]
fn the_health_is_told_in_a_word() {
    let health = ask(&TestServer::start(), get("/healthz"));
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
}
