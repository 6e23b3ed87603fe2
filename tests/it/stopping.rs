//! The end of the server.

use std::thread;
use std::time::{Duration, Instant};

use roomful::event::Event;
use roomful::limits::Limits;
use roomful::model::CloseReason;
use roomful::server::Server;
use serde_json::json;

use crate::support::{LinePeer, Peer, TestServer, Wire, brief};

/// Lab E7: every client on every front is shown the reason.
#[test]
fn e7_everybody_is_told_why_on_every_front() {
    let mut server = TestServer::with(|limits| limits.greet_after = Duration::from_millis(10));
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    let mut unnamed = server.peer();
    unnamed.hello(json!({})).unwrap();
    let mut silent = server.nc();
    silent.line();
    ann.sync();
    let farewells = thread::spawn(move || {
        let ann: Vec<String> = ann.rest().iter().map(brief).collect();
        (ann, bob.rest(), unnamed.rest(), silent.rest())
    });
    let began = Instant::now();
    let stopped = server.stop("the lesson is over");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!((stopped.told, stopped.cut), (4, 0));
    let (ann, bob, unnamed, silent) = farewells.join().expect("orderly ends, no reset");
    let sentence = "the server is going down: the lesson is over";
    assert_eq!(ann.last().unwrap(), &format!("closing server-stopped: {sentence}"));
    assert!(matches!(unnamed[..], [Event::Closing { reason: CloseReason::ServerStopped, .. }]), "{unnamed:?}");
    for lines in [bob, silent] {
        assert_eq!(lines.last().unwrap(), "* The server is going down: the lesson is over.");
    }
}

/// Within 2 s, whatever the peers do.
#[test]
fn deaf_and_stubborn_peers_hold_nothing_up() {
    const NARROW: usize = 4_096;
    let mut server = TestServer::with(|limits| limits.send_buffer = NARROW);
    let mut ann = server.login_in("ann", "#lobby");
    let deaf: Vec<LinePeer> = (0..3)
        .map(|i| {
            let mut peer = LinePeer::new(Wire::connect_narrow(server.addr(), NARROW));
            peer.login(&format!("deaf{i}"));
            peer
        })
        .collect();
    let never_named: Vec<Wire> = (0..3).map(|_| server.wire()).collect();
    for _ in 0..20 {
        ann.say("#lobby", &"x".repeat(4_000));
    }
    let lagging = server.hub().crew.living() - server.hub().sessions();
    assert_eq!(lagging, 3);
    server.wait_for_sessions(7);
    let began = Instant::now();
    let stopped = server.stop("now"); // nobody here reads, nobody hangs up
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(stopped.told, 7);
    drop((deaf, never_named));
}

/// Lab C7: stop and start on the same port.
#[test]
fn c7_the_port_can_be_used_again_at_once() {
    let mut server = TestServer::start();
    let addr = server.addr();
    let mut ann = server.login("ann");
    let reader = thread::spawn(move || ann.rest());
    server.stop("to start again");
    reader.join().expect("told and closed");
    let again = Server::bind(addr).unwrap().limits(Limits { rate: 0, ..Limits::default() }).start().unwrap();
    assert_eq!(again.local_addr(), addr);
    Peer::new(Wire::connect(addr)).hello(json!({"nick": "ann"})).unwrap();
}

/// A handle that is dropped without `stop` says goodbye and joins all the same.
#[test]
fn dropping_the_handle_stops_and_joins_too() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let reader = thread::spawn(move || ann.rest());
    server.let_go();
    let heard = reader.join().expect("an orderly end");
    assert_eq!(brief(heard.last().unwrap()), "closing server-stopped: the server is going down: it was dropped");
}

/// A peer that connects while the server stops is not left waiting.
#[test]
fn newcomers_during_the_stop_are_not_left_hanging() {
    let mut server = TestServer::start();
    let addr = server.addr();
    let knocking = thread::spawn(move || {
        let mut came = 0;
        while let Ok(stream) = std::net::TcpStream::connect(addr) {
            drop(stream);
            came += 1;
        }
        came
    });
    let mut peers: Vec<Peer> = (0..20).map(|i| server.login_in(&format!("guest{i}"), "#a")).collect();
    for peer in &mut peers {
        peer.send("say", json!({"text": "and on"}));
    }
    let readers: Vec<_> = peers.into_iter().map(|mut peer| thread::spawn(move || peer.rest())).collect();
    server.stop("with everybody in it");
    for reader in readers {
        let heard = reader.join().expect("an orderly end");
        assert!(matches!(heard.last(), Some(Event::Closing { .. })), "{heard:?}");
    }
    assert!(knocking.join().expect("ends when nobody listens") > 0);
}

/// A server nobody came to.
#[test]
fn an_empty_server_stops_at_once() {
    let began = Instant::now();
    let mut server = TestServer::start();
    let stopped = server.stop("unused");
    assert_eq!((stopped.told, stopped.cut), (0, 0));
    assert!(began.elapsed() < Duration::from_secs(1));
}
