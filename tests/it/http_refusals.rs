//! Requests that are refused: each with a sentence, and nobody else notices. (docs/protocol.md, *HTTP*)

use std::time::{Duration, Instant};

use crate::http::{Answer, ask, get};
use crate::support::{DEADLINE, TestServer, Wire};

const HOST: &str = "Host: 127.0.0.1\r\n";

/// What is refused with which status, and that nothing behind it is taken for another request.
const REFUSED: &[(&str, u16)] = &[
    // Two readers could see two requests in these.
    ("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n\r\n", 400),
    ("PUT /u/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    ("PUT /u/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n\r\n", 400),
    ("PUT /u/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", 400),
    ("PUT /u/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5, 5\r\n\r\n", 400),
    ("PUT /u/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x5\r\n\r\n", 400),
    ("PUT /u/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length:\r\n\r\n", 400),
    ("PUT /u/1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("PUT /u/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    ("GET / HTTP/1.1\r\nHost: localhost\r\ntransfer-encoding: identity\r\n\r\n", 501),
    ("GET / HTTP/1.1\nHost: localhost\n\n", 400),
    ("GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\n z\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", 400),
    ("GET /a\0b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nX\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 400),
    ("GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("GET / x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("GET nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("GET /a\\b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("GET /лыжи HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("post / http/1.1\r\nHost: localhost\r\n\r\n", 400),
    // What this server does not do.
    ("GET / HTTP/1.2\r\nHost: localhost\r\n\r\n", 505),
    ("GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 505),
    ("BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nExpect: a-pony\r\n\r\n", 417),
    ("PUT /u/1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 411),
    ("GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n", 426),
    (
        "GET /ws HTTP/1.0\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        426,
    ),
    // What other sites must not do.
    ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    ("GET /ws HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n", 403),
    ("PUT /u/1 HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nContent-Length: 3\r\n\r\nabc", 403),
    ("GET /welcome.json HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n\r\n", 403),
    // A method that a path does not take.
    ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}", 405),
    ("DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    ("PATCH /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    ("TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    ("OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    ("GET /u/1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
    ("CONNECT localhost:25 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
];

#[test]
fn what_is_wrong_is_said_in_a_sentence_and_nothing_behind_it_is_a_request() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    for (request, status) in REFUSED {
        let mut wire = server.wire();
        wire.send(format!("{request}{}", get("/healthz")));
        let answer = Answer::read(&mut wire, false);
        assert_eq!(answer.status, *status, "{request:?}: {answer:?}");
        let is_sentence = match answer.field("content-type") {
            Some("application/json") => request.starts_with("PUT /u/") && answer.body.contains("\"type\":\"error\""),
            _ => answer.body.ends_with(".\n"),
        };
        assert!(answer.is_last() && is_sentence, "{request:?}: {answer:?}");
        assert_eq!(answer.field("cache-control"), Some("no-store"), "{request:?}");
        assert_eq!(answer.field("allow").is_some(), *status == 405, "{request:?}");
        assert_eq!(wire.rest(), [""; 0], "{request:?}");
    }
    assert_eq!(watcher.hears(), [""; 0]);
    server.wait_for_sessions(1);
}

/// Paths are compared as they are: nothing is decoded, nothing goes up.
#[test]
fn a_path_that_is_none_of_ours_is_not_found() {
    let server = TestServer::start();
    for path in [
        "/index.html",
        "//",
        "//ws",
        "/./",
        "/a/../",
        "/%2e%2e/",
        "/ws/",
        "/WS",
        "/Healthz",
        "/healthz/",
        "/a/..%2f..%2fetc/passwd",
        "/f/../../etc/passwd",
        "/f/1/x/y",
        "/metrics/",
    ] {
        let answer = ask(&server, get(path));
        assert_eq!((answer.status, answer.is_last()), (404, false), "{path}");
    }
    assert_eq!(ask(&server, "GET /?room=x HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200, "a query is no path");
    assert_eq!(ask(&server, "GET http://LOCALHOST/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
    assert_eq!(ask(&server, "GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
}

#[test]
fn what_is_too_large_is_refused_before_all_of_it_is_here() {
    let server = TestServer::start();
    let long = |count| "x".repeat(count);
    for (sent, status) in [
        (format!("GET /{} HTTP/1.1\r\n{HOST}\r\n", long(2_047)), 404),
        (format!("GET /{} HTTP/1.1\r\n{HOST}\r\n", long(2_048)), 414),
        (format!("GET /{}", long(1 << 20)), 414),
        (format!("GET / HTTP/1.1\r\n{HOST}X: {}\r\n\r\n", long(16_000)), 200),
        (format!("GET / HTTP/1.1\r\n{HOST}X: {}\r\n\r\n", long(16_384)), 431),
        (format!("GET / HTTP/1.1\r\n{HOST}X: {}", long(1 << 20)), 431),
        (format!("GET / HTTP/1.1\r\n{HOST}{}\r\n", "X: y\r\n".repeat(99)), 200),
        (format!("GET / HTTP/1.1\r\n{HOST}{}", "X: y\r\n".repeat(100)), 431),
    ] {
        let mut wire = server.wire();
        // The server may have hung up before the end.
        let _ = wire.try_send(&sent);
        let answer = Answer::read(&mut wire, false);
        assert_eq!((answer.status, answer.is_last()), (status, status > 404), "{:?}", &sent[..60.min(sent.len())]);
    }
}

/// rwf2/Rocket#3004: a browser that still sends shows a reset instead of the sentence.
#[test]
fn who_still_sends_a_body_reads_the_sentence() {
    let server = TestServer::start();
    let mut wire = server.wire();
    wire.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n");
    wire.send(vec![b'x'; 200_000]);
    let answer = Answer::read(&mut wire, false);
    assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD")));
    assert!(wire.rest().is_empty(), "an orderly end, no reset");
}

/// Lab F07: a head that never ends holds one thread for `http-head-time`, whether bytes drip or not.
#[test]
fn a_head_that_comes_too_slowly_is_refused_even_if_it_drips() {
    let server = TestServer::with(|limits| {
        (limits.http_head_time, limits.http_head) = (Duration::from_secs(1), 1 << 20);
    });
    let mut silent = server.wire();
    silent.send("GET / HTTP/1.1\r\nHost: loc");
    let mut drips = server.wire();
    drips.send("GET / HTTP/1.1\r\nX: ");
    // Another peer sets the pace: a byte for each of its answers.
    let mut other = server.wire();
    let mut dripped = 0;
    let began = Instant::now();
    while drips.try_send("x").is_ok() {
        assert!(began.elapsed() < DEADLINE, "it drips for ever");
        other.send(get("/healthz"));
        if Answer::read(&mut other, false).is_last() {
            other = server.wire();
        }
        dripped += 1;
    }
    assert!(dripped > 10, "{dripped}");
    for wire in [&mut silent, &mut drips] {
        assert!(wire.rest_or_cut().first().is_none_or(|line| line.starts_with("HTTP/1.1 408 ")));
    }
    let mut alone = server.wire();
    alone.send("GET / HTTP/1.1\r\nHost: loc");
    assert_eq!(Answer::read(&mut alone, false).status, 408);
}

/// Lab F07: two hundred slow heads at once, and nobody else notices.
#[test]
fn two_hundred_slow_requests_disturb_nobody() {
    let server = TestServer::start();
    let (mut ann, mut bob) = (server.login_in("ann", "#a"), server.login_in("bob", "#a"));
    bob.sync();
    ann.sync();
    let slow: Vec<_> = (0..200)
        .map(|_| {
            let mut wire = server.wire();
            wire.send("GET / HTTP/1.1\r\nX: y");
            wire
        })
        .collect();
    server.wait_for_sessions(202);
    for count in 0..20 {
        ann.say("#a", &format!("line {count}"));
        bob.sync();
        assert_eq!(ask(&server, get("/healthz")).status, 200);
    }
    drop(slow);
    server.wait_for_sessions(2);
}

/// A page of another site can send such a POST without asking first.
#[test]
fn a_command_in_a_body_reaches_no_chat() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    let hello = "{\"type\":\"hello\",\"version\":1,\"nick\":\"eve\",\"rooms\":[\"#lobby\"]}\n";
    for path in ["/", "/ws", "/nothing"] {
        let length = hello.len();
        let answer = ask(&server, format!("POST {path} HTTP/1.1\r\n{HOST}Content-Length: {length}\r\n\r\n{hello}"));
        assert!(matches!(answer.status, 404 | 405) && answer.is_last(), "{path}: {answer:?}");
    }
    assert_eq!(watcher.hears(), [""; 0]);
}

/// Answers are taken at some pace, or the connection is cut: a thread waits for them.
#[test]
fn who_takes_no_answers_is_cut() {
    let server = TestServer::with(|limits| {
        (limits.http_body_idle, limits.send_buffer) = (Duration::from_secs(1), 4_096);
    });
    let mut ann = server.login("ann");
    let mut deaf = Wire::connect_narrow(server.addr(), 1_024);
    deaf.send(get("/metrics").repeat(100));
    server.wait_for_sessions(2);
    assert_eq!(ann.sync(), []);
    server.wait_for_sessions(1);
}

/// Nothing is asked for that is refused anyway: a client that waits for `100 Continue` sends no byte of its file.
#[test]
fn a_file_that_nobody_offered_is_refused_before_a_byte_of_it() {
    let server = TestServer::with_database();
    let asked = format!("PUT /u/1.2.3 HTTP/1.1\r\n{HOST}Content-Length: 10000000000\r\nExpect: 100-continue\r\n\r\n");
    let answer = ask(&server, asked);
    assert_eq!((answer.status, answer.is_last()), (404, true), "{answer:?}");
}

/// A program that watches the server hears why it takes no messages.
#[test]
fn a_database_that_cannot_be_written_is_no_good_health() {
    let server = TestServer::with_database();
    let write_queue = &server.hub().database.as_ref().unwrap().write_queue;
    write_queue.trouble("the server's disk is full");
    let health = ask(&server, get("/healthz"));
    assert_eq!(health.body, "the database cannot be written: the server's disk is full\n");
    assert_eq!((health.status, ask(&server, get("/")).status), (503, 200));
    write_queue.stored(&[]);
    assert_eq!(ask(&server, get("/healthz")).status, 200);
}
