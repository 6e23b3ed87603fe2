//! Turns at what is shared: the memory of many who log in, and which time the waiting counts against. Does not know how turns are taken.

use std::fs;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use roomful::client::News;
use roomful::model::CloseReason;
use roomful::session::watchdog::Checks;
use serde_json::json;

use crate::client_fake::{Fake, Faults};
use crate::client_relay::Relay;
use crate::client_support;
use crate::server_support::{Program, with_database};
use crate::support::{PASSWORD, Peer, TestServer};

/// The most memory that the server program ever had, in MiB.
fn most_resident(program: &Program) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.id())).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it is there");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1_024
}

/// docs/limits.md, `hashers`: each has 19 MiB, and nobody else has any of it.
#[cfg(target_os = "linux")]
#[test]
fn many_who_register_and_log_in_cost_the_memory_of_the_hashers_and_no_more() {
    const MANY: usize = 40;
    let folder = tempfile::tempdir().unwrap();
    let program = Program::spawn(&mut with_database(&folder.path().join("roomful.db")));
    let registered = |n: usize| {
        let mut peer = Peer::new(program.wire());
        peer.hello(json!({"nick": format!("guest{n}"), "rooms": []})).expect("a free name");
        peer.register();
        peer
    };
    let staying: Vec<Peer> = (0..MANY / 2).map(registered).collect();
    thread::scope(|scope| {
        for n in 0..MANY {
            let wire = program.wire();
            scope.spawn(move || {
                let mut peer = Peer::new(wire);
                let name = format!("guest{}", n % (MANY / 2));
                peer.hello(json!({"nick": name, "password": PASSWORD, "rooms": []})).expect("it is the password");
            });
        }
    });
    // Two hashers, and what a debug build needs beside: without lending it was 390 MiB.
    let most = most_resident(&program);
    assert!(most < 120, "{most} MiB");
    drop(staying);
}

/// docs/limits.md, `login`: what its peer waits for us does not count.
#[test]
fn the_time_in_which_a_peer_waits_for_its_turn_does_not_count_against_its_time_for_a_name() {
    let server = TestServer::with(|limits| limits.login = Duration::from_secs(600));
    let _peer = server.nc();
    server.wait_for_sessions(1);
    let handle = server.hub().handles().pop().unwrap();
    let closed_at = |seconds: u64| {
        let then = handle.since + Duration::from_secs(seconds);
        Checks::from(then).go(server.hub(), then);
        handle.outbox.closed().map(|ending| ending.reason)
    };
    handle.pausing(|| assert_eq!(closed_at(9_999), None, "it waits now"));
    handle.in_line.store(50_000, Ordering::Relaxed);
    assert_eq!(closed_at(650), None);
    assert_eq!(closed_at(651), Some(CloseReason::LoginTimeout));
}

/// The same: a login waits for a hasher, and that is put to our account.
#[test]
fn a_login_is_time_in_line() {
    let server = TestServer::with_database();
    let began = Instant::now();
    let mut peer = server.peer();
    peer.refusal("hello", json!({"version": 1, "nick": "nobody", "password": PASSWORD}));
    let handle = server.hub().handles().pop().unwrap();
    let in_line = u128::from(handle.in_line.load(Ordering::Relaxed));
    assert!((1..=began.elapsed().as_millis()).contains(&in_line), "{in_line} ms");
}

/// docs/threads.md: a session that waits for a turn does not stop the server from stopping.
#[test]
fn a_server_stops_while_many_wait_to_be_let_in() {
    let mut server = TestServer::with_database_and(|limits| limits.hashers = 1);
    let peers: Vec<Peer> = (0..50)
        .map(|n| {
            let mut peer = server.peer();
            peer.send("hello", json!({"version": 1, "nick": format!("nobody{n}"), "password": PASSWORD}));
            peer
        })
        .collect();
    server.wait_for_sessions(50);
    server.stop("now");
    drop(peers);
}

/// protocol.md, `server-busy`: it passes, so a client that comes back tries again.
#[test]
fn a_client_that_comes_back_to_a_server_with_no_turn_for_it_tries_again() {
    let fake = Fake::start(Faults { busy_at: Some(2), ..Faults::default() });
    let relay = Relay::to(&fake.addr);
    let bob = client_support::Peer::connect(&relay.addr, "bob");
    relay.cut();
    let why = bob.until("the second try", |news| match news {
        News::Lost { why, first: false, .. } => Some(why.clone()),
        _ => None,
    });
    assert_eq!(why, "too many want the same now");
    bob.until("the way back", |news| matches!(news, News::Back { .. }).then_some(()));
}
