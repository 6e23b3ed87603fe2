//! One order for all, whatever the others do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use roomful::event::Event;
use roomful::model::Message;
use serde_json::json;

use crate::support::{Peer, TestServer, message_of};

/// Reads messages of a room until the one with number `last`.
fn messages_to(peer: &mut Peer, last: u64) -> Vec<Arc<Message>> {
    let mut messages = Vec::new();
    while messages.last().is_none_or(|message: &Arc<Message>| message.seq < last) {
        messages.extend(message_of(&peer.read()).cloned());
    }
    messages
}

/// Everyone sees one order; the numbers have no gap.
#[test]
fn everybody_sees_one_order_with_every_speaker() {
    const SPEAKERS: u64 = 4;
    const LINES: u64 = 100;
    let server = TestServer::start();
    let mut speakers: Vec<Peer> = (0..SPEAKERS).map(|i| server.login_in(&format!("speaker{i}"), "#a")).collect();
    let mut listeners: Vec<Peer> = (0..3).map(|i| server.login_in(&format!("listener{i}"), "#a")).collect();
    let all: Vec<Vec<Arc<Message>>> = thread::scope(|scope| {
        let speak = |peer: &mut Peer| {
            // In bursts of 1 to 20, so that some lines share a read and others do not.
            let lines: Vec<String> =
                (0..LINES).map(|i| json!({"type": "say", "text": i.to_string()}).to_string() + "\n").collect();
            let mut rest = &lines[..];
            for burst in (1..=20).cycle() {
                let (now, later) = rest.split_at(burst.min(rest.len()));
                peer.wire.send(now.concat());
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            messages_to(peer, SPEAKERS * LINES)
        };
        let speaking: Vec<_> = speakers.iter_mut().map(|peer| scope.spawn(move || speak(peer))).collect();
        let listening: Vec<_> =
            listeners.iter_mut().map(|peer| scope.spawn(move || messages_to(peer, SPEAKERS * LINES))).collect();
        speaking.into_iter().chain(listening).map(|thread| thread.join().expect("no reader fails")).collect()
    });
    for seen in &all {
        assert_eq!(seen, &all[0]);
    }
    let seqs: Vec<u64> = all[0].iter().map(|message| message.seq).collect();
    assert_eq!(seqs, Vec::from_iter(1..=SPEAKERS * LINES));
    for i in 0..SPEAKERS {
        let own = all[0].iter().filter(|m| *m.from == format!("speaker{i}")).map(|m| m.text.parse().expect("a number"));
        assert_eq!(own.collect::<Vec<u64>>(), Vec::from_iter(0..LINES), "each one's lines keep their order");
    }
}

/// Lab C6: a second send overwrote what was not sent yet.
#[test]
fn c6_a_thousand_lines_back_to_back_arrive_complete_and_in_order() {
    let server = TestServer::start();
    let mut ann = server.nc_login("ann");
    let mut bob = server.nc_login("bob");
    ann.sync();
    ann.wire.send((1..=1_000).map(|i| format!("line {i}\n")).collect::<String>());
    let heard: Vec<String> = (1..=1_000).map(|_| bob.line()).collect();
    for (i, line) in heard.iter().enumerate() {
        assert!(line.ends_with(&format!("] ann: line {}", i + 1)), "{i}: {line}");
    }
    assert_eq!(bob.sync(), [""; 0]);
}

/// Lab C11: one's own line comes back in its place, and the `ok` names its number.
#[test]
fn the_speaker_sees_its_own_lines_in_their_place() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    ann.sync();
    for i in 1..=10 {
        bob.say("#a", "from bob");
        assert_eq!(ann.say("#a", "from ann"), 2 * i);
    }
    let seqs: Vec<u64> = ann.sync().iter().filter_map(message_of).map(|message| message.seq).collect();
    assert_eq!(seqs, Vec::from_iter(1..=20));
}

/// Joining shows what was said, then what is said: no gap, no double.
#[test]
fn a_person_who_joins_while_others_speak_misses_nothing_and_hears_nothing_twice() {
    let server = TestServer::start();
    let speakers: Vec<Peer> = (0..2).map(|i| server.login_in(&format!("speaker{i}"), "#a")).collect();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for mut speaker in speakers {
            let over = &over;
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    speaker.say("#a", "on and on");
                    speaker.sync();
                }
            });
        }
        let end = OnDrop(&over);
        for i in 0..40 {
            let mut peer = server.peer();
            // By turns in the hello and by a join of its own.
            let rooms = if i % 2 == 0 { json!(["#a"]) } else { json!([]) };
            peer.hello(json!({"nick": format!("guest{i}"), "rooms": rooms})).expect("a free name");
            let shown = if i % 2 == 0 { peer.shown() } else { peer.join("#a") };
            let recent: Vec<u64> = shown.history.messages.iter().map(|message| message.seq).collect();
            assert_eq!(recent.last().copied().unwrap_or(0), shown.seq);
            let mut seqs = recent;
            while seqs.len() < 40 {
                seqs.extend(message_of(&peer.wait(|event| matches!(event, Event::Message(_)))).map(|m| m.seq));
            }
            assert_eq!(seqs, Vec::from_iter(seqs[0]..seqs[0] + seqs.len() as u64));
        }
        drop(end);
    });
}

/// Ends the speakers also when the test fails.
pub struct OnDrop<'a>(pub &'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
