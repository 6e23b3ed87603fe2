//! Taking a name.

use std::time::Duration;

use roomful::event::{Event, PROTOCOL};
use roomful::model::CloseReason;
use serde_json::json;

use crate::support::TestServer;

/// Lab D8: "You join to chat" was printed without asking the server.
#[test]
fn d8_in_means_the_server_said_so() {
    let server = TestServer::start();
    let mut ann = server.peer();
    assert_eq!(ann.hello(json!({"nick": "ann"})).unwrap(), "ann");
    let refusal = server.peer().hello(json!({"nick": "ann"})).unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.value.as_str()), ("nick-in-use", "ann"));
    let mut bob = server.nc();
    bob.types("ann");
    let line = bob.line();
    assert!(line.starts_with("! The name ann is taken by ") && line.ends_with(" is free."), "{line}");
}

/// protocol.md, `hello`: the server's side names the version, an offer and the limits in force.
#[test]
fn the_greeting_says_what_a_client_must_know() {
    let server = TestServer::start();
    let mut ann = server.peer();
    ann.send("hello", json!({"version": PROTOCOL, "tag": "h"}));
    let Event::Hello { version, offer, lobby, text, line_bytes, ping_after, .. } = ann.read() else {
        panic!("no hello")
    };
    assert_eq!((version, &*lobby, text, line_bytes, ping_after), (PROTOCOL, "#lobby", 4_000, 16_384, 90));
    ann.answer("h").unwrap();
    // Without a name yet: the offer is taken by asking for none.
    ann.ask("nick", json!({})).unwrap();
    assert_eq!(ann.shown().members, [offer.to_string()]);
}

/// Guests get an offered free name; empty takes it.
#[test]
fn an_empty_name_takes_the_one_offered() {
    let server = TestServer::with(|limits| limits.greet_after = Duration::from_millis(10));
    let mut bob = server.nc();
    let greeting = bob.line();
    let offer = greeting.split_once('[').and_then(|(_, rest)| rest.split_once(']')).expect("an offer").0;
    let shown = bob.login("");
    assert!(shown[0].starts_with(&format!("* Hello {offer}.")), "{shown:?}");
    let server = TestServer::start();
    let mut others: Vec<_> = (0..5).map(|_| server.peer()).collect();
    for peer in &mut others {
        peer.hello(json!({"rooms": []})).unwrap();
        peer.ask("nick", json!({})).expect("each is offered a name of its own");
    }
}

/// Lab D6: a name that looks like another person's cannot be taken, and a free one is offered.
#[test]
fn nobody_takes_a_name_that_is_here_or_looks_like_one() {
    let server = TestServer::start();
    let _anna = server.login("anna");
    for (nick, code) in [
        ("anna", "nick-in-use"),
        ("ANNA", "nick-in-use"),
        ("\u{ff41}nna", "nick-in-use"),
        ("аnnа", "nick-mixed-scripts"),
        ("аппа", ""),
    ] {
        let mut peer = server.peer();
        match peer.hello(json!({"nick": nick, "rooms": []})) {
            Ok(taken) => assert_eq!((taken.as_str(), code), (nick, "")),
            Err(refusal) => {
                assert_eq!(refusal.code, code, "{nick}");
                let offer = refusal.offer.expect("a free name");
                assert_eq!(peer.hello(json!({"nick": offer, "rooms": []})).unwrap(), offer);
            }
        }
    }
    // Cyrillic letters all of which have a Latin twin.
    let _cop = server.login("сор");
    let refusal = server.peer().hello(json!({"nick": "cop"})).unwrap_err();
    assert_eq!(refusal.code, "nick-confusable");
}

/// A bad name is explained, with one that would do.
#[test]
fn a_bad_name_is_refused_with_its_reason_and_an_offer() {
    let server = TestServer::start();
    for (nick, code) in [
        ("two words", "nick-bad-character"),
        ("7up", "nick-bad-start"),
        ("x\u{202e}y", "nick-bad-character"),
        ("bell\u{7}", "nick-bad-character"),
        ("server", "nick-reserved"),
        (&"n".repeat(33), "nick-too-long"),
    ] {
        let mut peer = server.peer();
        let refusal = peer.hello(json!({"nick": nick, "rooms": []})).unwrap_err();
        assert_eq!(refusal.code, code, "{nick:?}");
        assert!(!refusal.text.contains(char::is_control), "{refusal:?}");
        let offer = refusal.offer.unwrap_or_else(|| panic!("no offer for {nick:?}"));
        assert_eq!(peer.hello(json!({"nick": offer, "rooms": []})).unwrap(), offer);
        let mut line = server.nc();
        line.types(nick);
        assert!(line.line().starts_with("! "), "{nick:?}");
    }
    // Of these nothing is left; the name offered in the greeting stands.
    assert_eq!(server.peer().hello(json!({"nick": ""})).unwrap_err().code, "nick-empty");
    assert_eq!(server.peer().hello(json!({"nick": "😀"})).unwrap_err().code, "nick-bad-start");
    for length in [31, 32] {
        server.login(&"n".repeat(length)).quit();
    }
}

/// protocol.md, `hello`: another version is refused, and the right one may follow.
#[test]
fn a_hello_with_another_version_is_refused_and_may_be_said_again() {
    let server = TestServer::start();
    let mut ann = server.peer();
    for version in [0, 2, u64::MAX] {
        let refusal = ann.ask("hello", json!({"version": version, "nick": "ann"})).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.value), ("version-unsupported", version.to_string()));
    }
    assert_eq!(ann.ask("hello", json!({"nick": "ann"})).unwrap_err().code, "missing-field");
    assert_eq!(ann.hello(json!({"nick": "ann"})).unwrap(), "ann");
}

/// Commands before the name.
#[test]
fn commands_before_the_name_are_refused_and_nothing_of_the_rooms_is_shown() {
    let server = TestServer::start();
    let mut ann = server.peer();
    let commands = [
        ("say", json!({"text": "x"})),
        ("join", json!({"room": "#a"})),
        ("rooms", json!({})),
        ("members", json!({"room": "#lobby"})),
        ("whois", json!({"nick": "bob"})),
        ("history", json!({"room": "#lobby"})),
        ("away", json!({})),
    ];
    for (kind, fields) in &commands {
        assert_eq!(ann.ask(kind, fields.clone()).unwrap_err().code, "hello-first", "{kind}");
    }
    assert_eq!(ann.ask("nick", json!({"nick": "ann"})).unwrap_err().code, "hello-first");
    ann.hello(json!({})).unwrap();
    for (kind, fields) in commands {
        assert_eq!(ann.ask(kind, fields).unwrap_err().code, "name-first", "{kind}");
    }
    ann.ask("help", json!({})).unwrap();
    assert_eq!(ann.sync(), []);
    ann.ask("nick", json!({"nick": "ann"})).unwrap();

    let mut bob = server.nc();
    bob.types("/rooms");
    assert_eq!(bob.line(), "! Take a name first: /nick NAME.");
    bob.types("/quit");
    assert_eq!(bob.rest(), ["* Bye."]);
}

/// protocol.md, limits, `login`: a session that takes too long is told and closed.
#[test]
fn a_session_that_takes_no_name_in_time_is_told_and_closed() {
    let server = TestServer::with(|limits| limits.login = Duration::from_secs(1));
    let mut named = server.login("ann");
    let mut json = server.peer();
    json.hello(json!({})).unwrap();
    let mut line = server.nc();
    assert_eq!(line.rest().last().unwrap(), "* No name came within 1 seconds, goodbye.");
    let closing = json.rest();
    assert!(matches!(closing[..], [Event::Closing { reason: CloseReason::LoginTimeout, .. }]), "{closing:?}");
    assert_eq!(named.sync(), []);
    server.wait_for_sessions(1);
}

/// protocol.md, limits, `login-lines`: one line more than the limit closes.
#[test]
fn too_many_lines_without_a_name_close_the_session() {
    let server = TestServer::with(|limits| limits.login_lines = 4);
    let mut ann = server.peer();
    for _ in 0..4 {
        ann.ask("rooms", json!({})).unwrap_err();
    }
    ann.send("hello", json!({"version": PROTOCOL, "nick": "ann"}));
    let closing = ann.rest();
    assert!(matches!(closing[..], [.., Event::Closing { reason: CloseReason::LoginLines, .. }]), "{closing:?}");
    // The fourth line may be the one that brings the name.
    let mut bob = server.peer();
    for _ in 0..3 {
        bob.ask("rooms", json!({})).unwrap_err();
    }
    bob.hello(json!({"nick": "ann"})).unwrap();
}

/// protocol.md, limits, `login-bytes`: at the limit is taken, one above closes.
#[test]
fn too_many_bytes_without_a_name_close_the_session() {
    let server = TestServer::with(|limits| (limits.login_bytes, limits.line_bytes) = (1_000, 4_096));
    for (bytes, closed) in [(999, false), (1_000, false), (1_001, true)] {
        let mut peer = server.nc();
        peer.wire.send(format!("{}\n", "x".repeat(bytes - 1)));
        match closed {
            true => assert_eq!(peer.rest(), ["* Too much text without a name, goodbye."]),
            false => assert!(peer.line().starts_with("! Nick "), "{bytes}"),
        }
    }
}

/// Lab A2: a name and a room may come at once.
#[test]
fn a_name_and_rooms_may_be_asked_for_together() {
    let server = TestServer::start();
    let mut ann = server.peer();
    ann.hello(json!({"nick": "ann", "rooms": ["#a", "b"]})).unwrap();
    assert_eq!([ann.shown().members, ann.shown().members], [["ann"], ["ann"]]);
    let mut bob = server.nc();
    bob.types("bob #a");
    assert_eq!(bob.until("You are in").last().unwrap(), "* You are in #a.");
    assert_eq!(ann.hears(), ["#a + bob"]);
}
