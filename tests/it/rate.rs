//! Too fast for `rate`.

use std::time::{Duration, Instant};

use roomful::event::Event;
use roomful::model::CloseReason;
use serde_json::json;

use crate::support::{TestServer, brief, message_of};

/// protocol.md, limits, `rate`: told once, nothing refused or lost, all in order, no other session slowed.
#[test]
fn a_person_who_is_too_fast_is_told_once_and_loses_nothing() {
    let server = TestServer::with(|limits| (limits.rate, limits.rate_burst) = (2, 5));
    let mut bob = server.login("bob");
    bob.join("#a");
    let mut ann = server.login_in("ann", "#a");
    bob.sync();
    let began = Instant::now();
    // The hello and the join were two of the five.
    ann.wire
        .send((1..=6).map(|i| json!({"type": "say", "text": i.to_string()}).to_string() + "\n").collect::<String>());
    let waiting = ann.wait(|event| matches!(event, Event::Waiting { .. }));
    assert!(matches!(waiting, Event::Waiting { ms: 1..=500 }), "{waiting:?}");
    // What came before it is out, and the others go on while ann waits.
    let before = ann.so_far().iter().filter_map(message_of).count();
    assert_eq!(before, 3);
    assert_eq!(bob.hears(), ["1", "2", "3"].map(|text| format!("#a ann: {text}")));
    bob.say("#a", "I may");
    assert!(began.elapsed() < Duration::from_millis(1_400), "bob had to wait: {:?}", began.elapsed());
    // Her ping waits behind what she said.
    let events = ann.sync();
    assert!(began.elapsed() >= Duration::from_millis(1_400), "{:?}", began.elapsed());
    let heard: Vec<String> = events.iter().filter(|event| message_of(event).is_some()).map(brief).collect();
    assert_eq!(heard, ["#a bob: I may", "#a ann: 4", "#a ann: 5", "#a ann: 6"]);
    assert!(!events.iter().any(|event| matches!(event, Event::Waiting { .. })), "told once");
}

/// At `nc` the sentence says how long; a line in time again is not told off.
#[test]
fn at_nc_the_sentence_says_how_long() {
    let server = TestServer::with(|limits| (limits.rate, limits.rate_burst) = (2, 1));
    let mut bob = server.login("bob");
    let mut ann = server.nc_login("ann"); // taking the name was the one
    ann.types("/nick anna");
    let line = ann.line();
    assert!(line.starts_with("! Too fast. The rest of what you sent goes on in 0."), "{line}");
    assert_eq!(ann.sync(), ["* You are anna now."]);
    bob.ask("ping", json!({})).unwrap();
}

/// protocol.md, limits, `rate`: lists and history cost three; `ping`, `pong` and empty lines a twentieth; `quit` nothing.
#[test]
fn lists_cost_more_and_signs_of_life_little() {
    let server = TestServer::with(|limits| (limits.rate, limits.rate_burst) = (1, 5));
    let mut ann = server.login("ann"); // costs one
    for _ in 0..5 {
        ann.send("pong", json!({}));
        assert_eq!(ann.sync(), []);
    }
    ann.ask("rooms", json!({})).unwrap(); // costs three, and half a one is left
    ann.send("history", json!({"room": "#lobby"}));
    assert_eq!(ann.sync().iter().map(brief).collect::<Vec<_>>(), ["waiting", "error not-in-room #lobby"]);
    ann.quit();
}

/// A session that waits can be woken by stop.
#[test]
fn stop_wakes_a_session_that_waits() {
    let mut server = TestServer::with(|limits| (limits.rate, limits.rate_burst) = (1, 1));
    let mut ann = server.login("ann");
    ann.wire.send("{\"type\":\"say\",\"text\":\"x\"}\n".repeat(1_000));
    ann.wait(|event| matches!(event, Event::Waiting { .. }));
    let began = Instant::now();
    let reader = std::thread::spawn(move || ann.rest());
    let stopped = server.stop("enough");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!((stopped.told, stopped.cut), (1, 0));
    let heard = reader.join().expect("an orderly end");
    assert!(matches!(heard.last(), Some(Event::Closing { reason: CloseReason::ServerStopped, .. })), "{heard:?}");
}

/// A flood of lines that are refused is no cheaper for the flooder than one of messages.
#[test]
fn a_refused_line_costs_as_much_as_one_that_is_said() {
    let server = TestServer::with(|limits| (limits.rate, limits.rate_burst) = (1_000, 2));
    let mut ann = server.login("ann");
    ann.wire.send("nonsense\n".repeat(50));
    let waiting = ann.wait(|event| matches!(event, Event::Waiting { .. }));
    assert!(matches!(waiting, Event::Waiting { .. }));
    let refused = |events: &[Event]| events.iter().filter(|event| matches!(event, Event::Error { .. })).count();
    let before = refused(&ann.so_far());
    assert!(before < 50, "the rest waits");
    assert_eq!(before + refused(&ann.sync()), 50, "none is lost");
}

/// protocol.md, limits, `rate`: whatever costs the server costs its sender, be it nothing that anybody sees.
#[test]
fn a_flood_of_pings_pongs_empty_lines_or_bytes_without_an_end_waits_like_one_of_messages() {
    let floods: [(&str, String); 4] = [
        ("ping", "{\"type\":\"ping\"}\n".repeat(500)),
        ("pong", "{\"type\":\"pong\"}\n".repeat(500)),
        ("empty lines", "\n".repeat(500)),
        ("a line without an end", "x".repeat(1 << 20)),
    ];
    let server = TestServer::with(|limits| (limits.rate, limits.rate_burst) = (1, 10));
    for (number, (what, flood)) in floods.into_iter().enumerate() {
        let mut ann = server.login(&format!("ann{number}"));
        ann.wire.send(flood);
        let waiting = ann.wait(|event| matches!(event, Event::Waiting { .. } | Event::Closing { .. }));
        assert!(matches!(waiting, Event::Waiting { .. }), "{what}: {waiting:?}");
    }
    let mut nina = server.nc_login("nina");
    nina.wire.send([255_u8, 241].repeat(50_000)); // telnet's IAC NOP
    assert!(nina.line().starts_with("! Too fast."));
}

/// The rooms of a `hello` are paid for: those one may be in with a fifth of a message, those beyond with a whole one.
#[test]
fn a_hello_with_many_rooms_waits_for_them() {
    let server = TestServer::with(|limits| (limits.rate, limits.rate_burst, limits.rooms_per_person) = (1, 3, 10));
    let mut ann = server.peer();
    let rooms: Vec<String> = (0..40).map(|i| format!("#r{i}")).collect();
    ann.hello(json!({"nick": "ann", "rooms": rooms})).unwrap();
    ann.wait(|event| matches!(event, Event::Waiting { .. }));
    let before = ann.so_far().iter().filter(|event| matches!(event, Event::Joined { .. })).count();
    assert_eq!(before, 10, "they fit in the burst: the first goes with the hello");
}

/// protocol.md, `registrations`: an account lasts, so its making is counted, from loopback too.
#[test]
fn accounts_are_made_only_so_often_from_one_address() {
    let server = TestServer::with_database_and(|limits| limits.registrations = 2);
    server.account("ann");
    server.account("bob");
    let refusal = server.login("eve").refusal("register", json!({"password": "nine blue skis"}));
    assert_eq!(refusal.code, "register-too-often");
    assert!((1..=1_800).contains(&refusal.value.parse::<u64>().unwrap()), "{refusal:?}");
    server.once_more("ann");
}

/// protocol.md, `waiting`: a flood of what costs little is told once, though some of it goes through without a wait.
#[test]
fn a_flooder_with_little_things_is_told_once() {
    let server = TestServer::with(|limits| (limits.rate, limits.rate_burst) = (100, 1));
    let mut ann = server.login("ann");
    ann.wire.send("{\"type\":\"pong\"}\n".repeat(1_000));
    let told = ann.sync().iter().filter(|event| matches!(event, Event::Waiting { .. })).count();
    assert_eq!(told, 1);
}
