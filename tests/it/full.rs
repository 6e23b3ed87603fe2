//! A server that has no room: each peer is told so in its own protocol, and what is no session takes no room of one. (docs/protocol.md, *Connecting*)

use std::net::IpAddr;
use std::time::Duration;

use roomful::event::Event;
use roomful::limits::Limits;
use roomful::model::CloseReason;
use roomful::session::door::Door;

use crate::support::TestServer;

const FULL: &str = "The server is full (1 sessions). Try again later.";

fn server() -> TestServer {
    TestServer::with(|limits| limits.sessions = 1)
}

#[test]
fn an_irc_client_hears_error_and_a_mail_program_421() {
    let server = server();
    let _ann = server.login("ann");
    for (sent, told) in [
        ("NICK bob\r\nUSER b 0 * :b\r\n", format!("ERROR :{FULL}")),
        ("EHLO mail.example.org\r\n", format!("421 {}", FULL.trim_end_matches('.'))),
        ("PING\r\n", format!("-ERR {}", FULL.trim_end_matches('.'))),
    ] {
        let mut wire = server.wire();
        wire.send(sent);
        assert_eq!(wire.rest(), [told + "\r"]);
    }
}

/// RFC 8446, 6: a fatal alert.
#[test]
fn a_tls_client_hears_an_alert() {
    let server = server();
    let _ann = server.login("ann");
    let mut tls = server.wire();
    tls.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]);
    assert_eq!(tls.bytes_to_end(), [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46]);
}

#[test]
fn a_program_hears_closing_with_full_and_a_person_a_line() {
    let server = server();
    let mut ann = server.login("ann");
    let mut bot = server.peer();
    bot.wire.send("{\"type\":\"hello\",\"version\":1,\"nick\":\"bot\"}\n");
    assert_eq!(bot.rest(), [Event::Closing { reason: CloseReason::Full, text: FULL.into() }]);
    for sent in ["", "bob\n"] {
        let mut nc = server.wire();
        nc.send(sent);
        assert_eq!(nc.rest(), [format!("! {FULL}")], "{sent:?}");
    }
    assert_eq!(ann.sync(), []);
    ann.quit();
    server.wait_for_sessions(0);
    server.login("bot");
}

/// docs/limits.md, `connections`: each is told in its own protocol; of those that say nothing only sixteen are waited for.
#[test]
fn with_too_many_connections_everybody_hears_why_in_their_own_way() {
    let server = TestServer::with(|limits| {
        (limits.sessions, limits.connections, limits.greet_after) = (2, 3, Duration::from_secs(60));
    });
    let ann = server.login("ann");
    let waiting = [server.wire(), server.wire()].map(|mut wire| {
        wire.send("GE");
        wire
    });
    server.wait_for_sessions(3);
    const SENTENCE: &str = "The server has 3 connections, and no more are allowed. Try again later.";
    for (sent, begins) in [
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "HTTP/1.1 503 Service Unavailable"),
        ("{\"type\":\"hello\"}\n", "{\"type\":\"closing\",\"reason\":\"full\""),
        ("bob\n", "! The server"),
    ] {
        let mut wire = server.wire();
        wire.send(sent);
        let told = wire.rest();
        let all = told.join("\n");
        assert!(all.starts_with(begins) && all.contains(SENTENCE), "{told:?}");
        if begins.starts_with("HTTP") {
            assert!(all.contains("Retry-After: ") && all.contains("text/html"), "{all}");
        }
    }
    let silent: Vec<_> = (0..16)
        .map(|_| {
            let mut wire = server.wire();
            wire.send("GET / HT");
            wire
        })
        .collect();
    server.wait_for_sessions(3 + silent.len());
    let told = server.wire().rest_or_cut();
    assert_eq!(told, [format!("! {SENTENCE}")]);
    drop(silent);
    drop((ann, waiting));
    server.wait_for_sessions(0);
    server.login("ann");
}

/// What has not told yet what it speaks takes no room of a session.
#[test]
fn a_session_finds_room_beside_connections_that_are_none() {
    let server = TestServer::with(|limits| (limits.sessions, limits.greet_after) = (1, Duration::from_secs(60)));
    let browsers: Vec<_> = (0..20)
        .map(|_| {
            let mut wire = server.wire();
            wire.send("GET / HT");
            wire
        })
        .collect();
    server.wait_for_sessions(20);
    let mut ann = server.login("ann");
    for mut browser in browsers {
        browser.send("TP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(browser.line().starts_with("HTTP/1.1 200 "), "a page load needs no session");
    }
    assert_eq!(ann.sync(), []);
}

/// docs/limits.md, `knocks`, `sessions-per-address`: a class behind one address opens pages, and can still come in.
#[test]
fn connections_that_become_no_session_take_nothing_of_what_an_address_may() {
    let limits = Limits { knocks: 2, sessions_per_address: 1, connections_per_address: 50, ..Limits::default() };
    let door = Door::new(&limits.into());
    let school: IpAddr = "192.0.2.1".parse().unwrap();
    for _ in 0..3 {
        let pages: Vec<_> = (0..50).map(|_| door.let_in(school).unwrap()).collect();
        let refusal = door.let_in(school).unwrap_err();
        assert_eq!(refusal, "Your address has 50 connections here, and no more are allowed. Close one first.");
        drop(door.let_in("127.0.0.1".parse().unwrap()).unwrap());
        drop(pages);
    }
    let first = door.begin_session(school).unwrap();
    assert!(door.begin_session(school).unwrap_err().starts_with("Your address has 1 sessions here"));
    drop(first);
    assert!(door.begin_session(school).unwrap_err().starts_with("Too many connections from your address."));
}
