//! How sessions end, and what the others hear of it: once, with the reason.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use roomful::event::Event;
use roomful::server::{Server, StartError};
use serde_json::json;

use crate::support::{Got, TestServer, brief};

fn is_quit(event: &Event) -> bool {
    matches!(event, Event::Quit { .. })
}

/// Labs D12, E16: after a reset an innocent thread died in its next send.
#[test]
fn d12_a_reset_peer_harms_nobody() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    for i in 0..30 {
        let guest = server.login_in(&format!("guest{i}"), "#a");
        // Speaking right into the reset.
        ann.send("say", json!({"text": "are you there?"}));
        guest.wire.reset();
        ann.send("say", json!({"text": "and now?"}));
    }
    let mut quits: Vec<String> = (0..30).map(|_| brief(&ann.wait(is_quit))).collect();
    quits.sort_unstable();
    quits.dedup();
    assert_eq!(quits.len(), 30);
    assert!(quits.iter().all(|quit| quit.ends_with(" lost")), "{quits:?}");
    assert_eq!(ann.say("#a", "still here"), 61);
    server.wait_for_sessions(1);
}

/// Lab D12: the end of a stream was not handled, and cost a core for ever.
#[test]
fn d12_a_session_that_ends_leaves_no_thread() {
    let server = TestServer::start();
    for i in 0..100 {
        let mut peer = server.login_in(&format!("guest{i}"), "#a");
        match i % 3 {
            0 => drop(peer.quit()),
            1 => peer.wire.reset(),
            _ => peer.wire.half_close(),
        }
    }
    server.wait_for_sessions(0);
}

/// Lab C13: one notice with a reason, whatever it was.
#[test]
fn c13_each_end_is_told_once_with_its_reason() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    ann.join("#b");
    let mut told = Vec::new();
    for end in ["quit", "lost", "reset", "kicked"] {
        let mut bob = server.login_in("bob", "#a");
        bob.join("#b"); // in two rooms with ann: she is told once all the same
        ann.sync();
        match end {
            "quit" => drop(bob.quit()),
            "lost" => drop(bob),
            "reset" => bob.wire.reset(),
            _ => {
                server.kick("bob");
                let closing = bob.rest();
                assert_eq!(brief(closing.last().unwrap()), "closing kicked: kicked by the operator");
            }
        }
        told.push(brief(&ann.wait(is_quit)));
        assert_eq!(ann.sync(), []);
    }
    assert_eq!(told, ["- bob quit", "- bob lost", "- bob lost", "- bob kicked"]);
}

/// A line that was cut off by the loss of the connection was never sent.
#[test]
fn a_peer_lost_in_the_middle_of_a_line_has_not_said_it() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.login_in("bob", "#lobby");
    bob.wire.send("{\"type\":\"say\",\"text\":\"half of wh");
    drop(bob);
    assert_eq!(brief(&ann.wait(is_quit)), "- bob lost");
    let mut cat = server.nc_login("cat");
    cat.wire.send("half of wh");
    cat.wire.reset();
    assert_eq!(brief(&ann.wait(is_quit)), "- cat lost");
    assert_eq!(ann.hears(), ["#lobby + bob", "#lobby + cat"]);
}

/// A session that the server closed is not heard any more, not even with half a line.
#[test]
fn a_person_who_was_kicked_says_nothing_more() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.sync();
    bob.wire.send("/ping\nlast words without an en");
    bob.until("* The server is there.");
    server.kick("bob");
    assert_eq!(bob.line(), "* Kicked by the operator.");
    assert!(bob.wire.try_send("d\nand more\n").is_ok());
    bob.wire.half_close();
    assert_eq!(bob.get(), Got::End(String::new()));
    assert_eq!(brief(&ann.wait(is_quit)), "- bob kicked");
    assert_eq!(ann.sync(), []);

    let mut cat = server.nc_login("cat");
    ann.sync();
    cat.wire.send("/ping\nlast words without an en");
    cat.until("* The server is there.");
    server.kick("cat");
    cat.wire.half_close();
    assert_eq!(brief(&ann.wait(is_quit)), "- cat kicked");
    assert_eq!(ann.sync(), []);
}

/// The last line is heard; also if another thread is writing to the leaving session just then.
#[test]
fn the_farewell_is_heard_also_while_another_thread_writes_to_the_leaver() {
    let server = TestServer::start();
    for i in 0..150 {
        let mut ann = server.nc_login("ann");
        let mut bob = server.nc_login("bob");
        bob.types("/quit");
        // The thread that told ann so may still have her pen when she leaves, too.
        ann.until("bob left");
        ann.types("/quit");
        assert_eq!(ann.rest(), ["* Bye."], "round {i}");
        server.wait_for_sessions(0);
    }
}

/// Lab E12: a client that vanished is dropped by the ping timeout; one that answers is not.
#[test]
fn e12_a_session_without_a_sign_of_life_is_closed_and_one_that_answers_is_not() {
    let server = TestServer::with(|limits| {
        (limits.ping_after, limits.gone_after) = (Duration::from_secs(1), Duration::from_secs(2));
    });
    let mut ann = server.login_in("ann", "#a");
    let mut stopped = server.login_in("stopped", "#a");
    let mut nc = server.nc_login("nc");
    let (mut pings, mut gone) = (0, None);
    while gone.is_none() {
        match ann.read() {
            Event::Ping { token } => {
                pings += 1;
                ann.send("pong", json!({"token": token}));
            }
            event if is_quit(&event) => gone = Some(brief(&event)),
            _ => {}
        }
    }
    assert_eq!(gone.as_deref(), Some("- stopped timeout"));
    assert!(pings >= 1);
    assert!(!ann.sync().iter().any(is_quit));
    let heard = stopped.rest();
    assert!(matches!(heard[..], [Event::Ping { .. }, Event::Closing { .. }]), "asked once, then told: {heard:?}");
    assert_eq!(nc.sync(), [""; 0], "nobody at nc can answer a ping, and is not asked");
}

/// Lab E8: the main thread only accepts.
#[test]
fn e8_newcomers_get_in_while_a_session_floods() {
    let server = TestServer::start();
    let flooder = server.login_in("flooder", "#a");
    let over = AtomicBool::new(false);
    let mut sender = flooder.wire.sender();
    thread::scope(|scope| {
        let end = crate::order::OnDrop(&over);
        scope.spawn(|| {
            use std::io::Write;
            let flood = "{\"type\":\"say\",\"text\":\"flood\"}\n".repeat(100);
            while !over.load(Ordering::Relaxed) {
                if sender.write_all(flood.as_bytes()).is_err() {
                    break;
                }
            }
            flooder.wire.reset();
        });
        for i in 0..50 {
            server.login(&format!("guest{i}"));
        }
        drop(end);
    });
}

/// Lab E16, the author's own list, 1: a client connects.
#[test]
fn e16_a_client_connects() {
    let server = TestServer::start();
    assert_eq!(server.login_in("ann", "#lobby").hears(), [""; 0]);
}

/// Lab E16, 2: a client cannot connect; and E2, a server cannot listen on a port that another has.
#[test]
fn e16_a_client_cannot_connect_if_nobody_listens() {
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
    let refused = std::net::TcpStream::connect(nobody).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let server = TestServer::start();
    let in_use = Server::bind(server.addr()).unwrap().start().unwrap_err();
    assert!(matches!(in_use, StartError::Listen(error) if error.kind() == std::io::ErrorKind::AddrInUse));
    assert_eq!(server.login("ann").hears(), [""; 0]);
}

/// Lab E16, 3: clients talk.
#[test]
fn e16_clients_talk() {
    let server = TestServer::start();
    let (mut ann, mut bob) = (server.login_in("ann", "#lobby"), server.nc_login("bob"));
    ann.sync();
    ann.say("#lobby", "hello bob");
    assert_eq!(bob.hears(), ["ann: hello bob"]);
    bob.asks("hello ann");
    assert_eq!(ann.hears(), ["#lobby ann: hello bob", "#lobby bob: hello ann"]);
}

/// Lab E16, 4: a forced cut, on the client's side and on the server's.
#[test]
fn e16_a_forced_cut_on_both_sides_is_noticed() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let bob = server.login_in("bob", "#lobby");
    bob.wire.reset();
    assert_eq!(brief(&ann.wait(is_quit)), "- bob lost");
    let mut cat = server.login_in("cat", "#lobby");
    for handle in server.hub().handles() {
        handle.stream.kill();
    }
    cat.wire.rest_or_cut();
    ann.wire.rest_or_cut();
    server.wait_for_sessions(0);
}
