//! Connections and sessions: how many in all, and how many from one address.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use roomful::limits::Limits;
use roomful::session::door::Door;

use crate::support::TestServer;

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// protocol.md, limits, `sessions`: one more is told so and closed; when one ends, there is room again.
#[test]
fn one_session_too_many_is_told_and_closed() {
    let server = TestServer::with(|limits| limits.sessions = 2);
    let mut ann = server.login("ann");
    let bob = server.nc_login("bob");
    let mut cat = server.wire();
    assert_eq!(cat.rest_or_cut(), ["! The server is full (2 sessions). Try again later."]);
    assert_eq!(ann.sync(), []);
    drop(bob);
    server.wait_for_sessions(1);
    server.nc_login("cat");
}

/// protocol.md, limits, `sessions-per-address`: counted while they last; loopback is exempt.
#[test]
fn an_address_has_as_many_sessions_as_the_limit_says_and_loopback_any_number() {
    let server = TestServer::with(|limits| (limits.sessions_per_address, limits.knocks) = (2, 0));
    let door = Door::new(&server.hub().limits);
    let first = door.begin_session(ip("192.0.2.1")).unwrap();
    let _second = door.begin_session(ip("192.0.2.1")).unwrap();
    let refusal = door.begin_session(ip("192.0.2.1")).unwrap_err();
    assert_eq!(refusal, "Your address has 2 sessions here, and no more are allowed. Close one first.");
    let _other = door.begin_session(ip("2001:db8::1")).unwrap();
    drop(first);
    let _third = door.begin_session(ip("192.0.2.1")).unwrap();
    door.begin_session(ip("192.0.2.1")).unwrap_err();
    let mut inside = Vec::new();
    for _ in 0..50 {
        let passes = ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"].map(|at| door.begin_session(ip(at)));
        assert!(passes.iter().all(Result::is_ok), "{passes:?}");
        inside.extend(passes);
    }
}

/// protocol.md, limits, `knocks`: counted also when they have ended again.
#[test]
fn an_address_comes_as_often_as_the_limit_says() {
    let limits = Limits { knocks: 3, arrival_window: Duration::from_secs(600), ..Limits::default() };
    let door = Door::new(&limits.into());
    let knock = |at| door.begin_session(ip(at)).map(drop);
    for _ in 0..3 {
        knock("192.0.2.1").unwrap();
    }
    let refusal = knock("192.0.2.1").unwrap_err();
    assert_eq!(refusal, "Too many connections from your address. Try again in some minutes.");
    knock("192.0.2.2").unwrap();
    for _ in 0..50 {
        knock("127.0.0.1").unwrap();
    }
}

/// A newcomer for whom there was no thread is forgotten, and its socket closed.
#[test]
fn a_session_that_never_lived_leaves_nothing_behind() {
    use roomful::front::{Entrance, Fronts, plain};
    use roomful::session::handle::SessionHandle;

    let server = TestServer::start();
    let hub = server.hub();
    let here = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let there = std::net::TcpStream::connect(here.local_addr().unwrap()).unwrap();
    let (tcp, peer) = here.accept().unwrap();
    let stream = Arc::new(roomful::net::Stream::new(tcp, peer, 0, Duration::from_secs(9)).unwrap());
    let pass = hub.door.let_in(peer.ip()).unwrap();
    let handle = Arc::new(SessionHandle::new(hub.next_session(), &stream, hub.limits.now(), plain()));
    hub.admit(&handle);
    let entrance = Entrance::new(hub, &Arc::new(Fronts::default()), &handle, (pass, None));
    drop((handle, stream));
    assert_eq!(hub.sessions(), 1);
    drop(entrance);
    assert_eq!(hub.sessions(), 0);
    assert_eq!(std::io::Read::read(&mut &there, &mut [0]).unwrap(), 0, "its socket is closed");
}

/// protocol.md, limits, `sessions-per-address`, `knocks`: of IPv6 a whole network counts as one address.
#[test]
fn an_ipv6_network_counts_as_one_address() {
    let server = TestServer::with(|limits| (limits.sessions_per_address, limits.knocks) = (2, 3));
    let door = Door::new(&server.hub().limits);
    let first = door.begin_session(ip("2001:db8:0:1::1")).unwrap();
    let _second = door.begin_session(ip("2001:db8:0:1::2")).unwrap();
    let refusal = door.begin_session(ip("2001:db8:0:1:ffff:ffff:ffff:ffff")).unwrap_err();
    assert_eq!(refusal, "Your address has 2 sessions here, and no more are allowed. Close one first.");
    drop(first);
    let refusal = door.begin_session(ip("2001:db8:0:1::4")).unwrap_err();
    assert!(refusal.starts_with("Too many connections"), "{refusal}");
    let _other = door.begin_session(ip("2001:db8:0:2::1")).unwrap();
}
