//! Readers that are slow, dripping or deaf.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use roomful::event::Event;
use roomful::limits::Limits;
use serde_json::json;

use crate::support::{LinePeer, Peer, TestServer, Wire, brief, message_of};

/// The least a kernel holds for a socket, so that a reader lags soon.
const NARROW: usize = 4_096;
const TEXT: usize = 4_000;

fn narrow(server: &TestServer, nick: &str) -> Peer {
    let mut peer = Peer::new(Wire::connect_narrow(server.addr(), NARROW));
    peer.hello(json!({"nick": nick, "rooms": ["#a"]})).expect("a free name");
    peer.shown();
    peer
}

/// So small that a deaf reader is found after some dozen lines.
fn small(limits: &mut Limits) {
    (limits.send_buffer, limits.outbox_bytes, limits.outbox_soft_bytes) = (NARROW, 65_536, 65_536);
}

fn is_quit(event: &Event) -> bool {
    matches!(event, Event::Quit { .. })
}

/// Lab D4: it stops nobody, is closed as a slow consumer, and the others are told once.
#[test]
fn d4_a_deaf_reader_stops_nobody_and_is_closed_and_told_of_once() {
    let server = TestServer::with(small);
    let mut ann = server.login_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    let mut deaf = narrow(&server, "deaf");
    ann.sync();
    bob.sync();
    let text = "x".repeat(TEXT);
    let (mut said, mut gone, mut heard) = (0, Vec::new(), Vec::new());
    while gone.is_empty() {
        assert!(said < 500, "500 lines, and the deaf one is still here");
        said = ann.say("#a", &text);
        // On a busy machine what bob has not read would make him slow, too.
        heard.extend(bob.sync());
        gone.extend(ann.hears().into_iter().filter(|event| event.starts_with("- ")));
    }
    // After that the room goes on as before.
    let last = ann.say("#a", "after");
    assert_eq!(gone, ["- deaf slow-consumer"]);
    assert_eq!(ann.hears(), ["#a ann: after"]);
    heard.extend(bob.sync());
    assert_eq!(heard.iter().filter(|event| is_quit(event)).count(), 1);
    let seqs: Vec<u64> = heard.iter().filter_map(message_of).map(|message| message.seq).collect();
    assert_eq!(seqs, Vec::from_iter(1..=last));
    assert_eq!(server.hub().counts.slow.load(Ordering::Relaxed), 1);
    // What it had been sent it can still read, in order; then there is the end.
    let lines = deaf.wire.rest_or_cut();
    assert!(lines.len() < 100, "{} lines", lines.len());
    server.wait_for_sessions(2);
}

/// The same at `nc`: a terminal that was stopped with Ctrl-S.
#[test]
fn a_deaf_terminal_is_closed_too() {
    let server = TestServer::with(small);
    let mut ann = server.login_in("ann", "#lobby");
    let mut deaf = LinePeer::new(Wire::connect_narrow(server.addr(), NARROW));
    deaf.login("deaf");
    ann.sync();
    let text = "x".repeat(TEXT);
    let gone = (0..500).find_map(|_| {
        ann.say("#lobby", &text);
        ann.hears().into_iter().find(|event| event.starts_with("- "))
    });
    assert_eq!(gone.as_deref(), Some("- deaf slow-consumer"));
}

/// A write timeout is per call, so a dripping reader kept it alive for ever. Age counts here.
#[test]
fn a_dripping_reader_is_closed_by_the_age_of_what_waits() {
    let server = TestServer::with(|limits| {
        (limits.send_buffer, limits.outbox_patience) = (NARROW, Duration::from_secs(1));
        (limits.outbox_bytes, limits.outbox_soft_bytes) = (1 << 20, 1 << 20);
    });
    let mut ann = server.login_in("ann", "#a");
    let mut dripping = narrow(&server, "dripping");
    let text = "x".repeat(TEXT);
    (0..50).for_each(|_| assert!(ann.say("#a", &text) > 0));
    ann.sync();
    let began = Instant::now();
    let mut drops = 0;
    let gone = loop {
        drops += usize::from(dripping.wire.drip().is_some());
        if let Some(event) = ann.sync().into_iter().find(is_quit) {
            break event;
        }
    };
    assert_eq!(brief(&gone), "- dripping slow-consumer");
    assert!(drops > 100, "{drops}");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

/// Labs C5, C6: what the socket does not take at once is finished later, complete and in order.
#[test]
fn c5_a_slow_reader_that_reads_gets_five_mebibytes_complete_and_in_order() {
    const LINES: usize = (5 << 20) / TEXT + 1;
    let server = TestServer::with(|limits| {
        limits.send_buffer = NARROW;
        (limits.outbox_bytes, limits.outbox_soft_bytes) = (8 << 20, 8 << 20);
    });
    let mut slow = narrow(&server, "slow");
    let mut ann = server.nc_login("ann");
    ann.asks("/join #a");
    let line = |i: usize| format!("{i:04}{}", "x".repeat(TEXT - 4));
    for i in 0..LINES {
        ann.types(&line(i));
    }
    ann.sync(); // all of it has been said; nothing of it has been read
    let writers = server.hub().crew.living() - server.hub().sessions();
    assert_eq!(writers, 1, "a writer thread has taken over");
    for i in 0..LINES {
        let event = slow.wait(|event| matches!(event, Event::Message(_)));
        let message = message_of(&event).expect("waited for");
        assert_eq!((message.seq, &*message.text), (i as u64 + 1, &*line(i)));
    }
    // It has caught up and is one of us again.
    slow.say("#a", "here I am");
    assert!(ann.sync().last().unwrap().ends_with("slow: here I am"));
}

/// protocol.md, limits, `outboxes-bytes`: over the sum of all, the largest is closed first.
#[test]
fn if_all_outboxes_together_are_too_large_the_largest_is_closed() {
    let server = TestServer::with(|limits| {
        (limits.send_buffer, limits.outboxes_bytes) = (NARROW, 300_000);
        (limits.outbox_bytes, limits.outbox_soft_bytes) = (1 << 20, 1 << 20);
    });
    let mut ann = server.login_in("ann", "#a");
    let _deaf = narrow(&server, "deaf");
    let mut deafer = narrow(&server, "deafer");
    deafer.join("#b");
    ann.join("#b");
    let text = "x".repeat(TEXT);
    (0..50).for_each(|_| assert!(ann.say("#a", &text) > 0));
    (0..25).for_each(|_| assert!(ann.say("#b", &text) > 0));
    assert_eq!(brief(&ann.wait(is_quit)), "- deafer slow-consumer");
    assert!(!ann.sync().iter().any(is_quit));
}

/// A session that asks for more than it reads is held back; no other is.
#[test]
fn a_session_that_asks_and_does_not_read_waits_for_itself() {
    let server =
        TestServer::with(|limits| (limits.send_buffer, limits.outbox_patience) = (NARROW, Duration::from_secs(1)));
    let mut ann = server.login_in("ann", "#a");
    let text = "x".repeat(TEXT);
    (0..30).for_each(|_| assert!(ann.say("#a", &text) > 0));
    let mut greedy = narrow(&server, "greedy");
    ann.sync();
    let ask = json!({"type": "history", "room": "#a", "limit": 30}).to_string() + "\n";
    greedy.wire.send(ask.repeat(20)); // 20 answers of 120 KB each
    // Meanwhile the others are answered at once; then the greedy one is found.
    let gone = loop {
        if let Some(event) = ann.sync().into_iter().find(is_quit) {
            break event;
        }
    };
    assert_eq!(brief(&gone), "- greedy slow-consumer");
}
