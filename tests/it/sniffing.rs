//! Which protocol the first bytes are taken for.

use std::time::{Duration, Instant};

use crate::support::{Got, Peer, TestServer};

const GREETING: &str = "Roomful, plain mode. Type your name and press Enter [";

/// After 300 ms of silence the peer is taken for a person, and greeted.
#[test]
fn a_peer_that_says_nothing_is_greeted_after_the_silence_and_not_before() {
    let server = TestServer::start();
    let before = Instant::now();
    let mut bob = server.nc();
    let greeting = bob.line();
    assert!(greeting.starts_with(GREETING), "{greeting}");
    assert!(before.elapsed() >= Duration::from_millis(300), "{:?}", before.elapsed());
    bob.login("bob");
}

/// A person who speaks first is not asked for what they have said.
#[test]
fn a_person_who_types_at_once_is_not_greeted() {
    let server = TestServer::with(|limits| limits.greet_after = Duration::from_secs(60));
    let shown = server.nc().login("bob");
    assert!(shown[0].starts_with("* Hello bob."), "{shown:?}");
}

/// The first line may still switch a greeted connection.
#[test]
fn json_after_the_greeting_switches_to_json() {
    let server = TestServer::with(|limits| limits.greet_after = Duration::from_millis(10));
    let mut wire = server.wire();
    assert!(wire.line().starts_with(GREETING));
    let mut ann = Peer::new(wire);
    assert_eq!(ann.hello(serde_json::json!({"nick": "ann"})).unwrap(), "ann");
    ann.say("#lobby", "as JSON");
    assert_eq!(ann.quit().iter().filter_map(crate::support::message_of).count(), 1);
}

/// The bytes that were looked at are handed on, none is lost.
#[test]
fn a_name_that_begins_like_a_protocol_is_a_name_all_the_same() {
    let server = TestServer::with(|limits| limits.greet_after = Duration::from_millis(10));
    for (first, rest, name) in [
        ("G", "erda\n", "Gerda"),
        ("GET", "a\n", "GETa"),
        ("PUT", "in\n", "PUTin"),
        ("n", "ick2\n", "nick2"),
        ("Cap", "tain\n", "Captain"),
    ] {
        let mut peer = server.nc();
        peer.wire.send(first);
        // Undecided bytes do not stop a person from being greeted.
        let greeting = peer.line();
        assert!(greeting.starts_with(GREETING), "{greeting}");
        peer.wire.send(rest);
        let shown = peer.until("* Hello ");
        assert!(shown.concat().contains(&format!("* Hello {name}.")), "{shown:?}");
    }
}

/// A hello in single bytes is known as surely as in one piece.
#[test]
fn a_json_hello_byte_by_byte_is_json() {
    let server = TestServer::start();
    let mut ann = server.peer();
    for byte in "{\"type\":\"hello\",\"version\":1,\"nick\":\"ann\",\"tag\":\"h\"}\n".bytes() {
        ann.wire.send([byte]);
    }
    ann.answer("h").unwrap();
}

/// Without a certificate, a refusal in its own protocol, and the end.
#[test]
fn tls_without_a_certificate_gets_an_alert_and_a_close() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    for hello in [&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01][..], &[0x16, 0x03]] {
        let mut tls = server.wire();
        tls.send(hello);
        // RFC 8446, 6: a fatal alert, protocol_version.
        assert_eq!(tls.bytes_to_end(), [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46]);
    }
    assert_eq!(watcher.hears(), [""; 0]);
    server.wait_for_sessions(1);
}

/// Lab D12: a peer that comes and goes without a word leaves nothing.
#[test]
fn a_peer_that_hangs_up_without_a_word_leaves_no_session() {
    let server = TestServer::start();
    for _ in 0..20 {
        let mut wire = server.wire();
        wire.half_close();
    }
    for first in ["G", "{", "CA", "\u{16}"] {
        let mut wire = server.wire();
        wire.send(first);
        wire.half_close();
        assert!(!matches!(wire.get(), Got::Cut), "{first}");
    }
    server.wait_for_sessions(0);
}
