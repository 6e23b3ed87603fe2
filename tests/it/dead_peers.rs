//! Hosts that vanish, and a server that was stopped for a while: the first are noticed soon, the second is not taken for silence. (docs/threads.md, dead peers)

use std::io::{ErrorKind, Read};
use std::mem::MaybeUninit;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use roomful::chat::Chat;
use roomful::chat::effects::Watch;
use roomful::event::Event;
use roomful::front::sniff::Kind;
use roomful::front::{Fronts, Opening, Sts};
use roomful::limits::{InForce, Limits};
use roomful::model::CloseReason;
use roomful::names::RoomName;
use roomful::net::Stream;
use roomful::net::crew::Crew;
use roomful::record::Snapshot;
use roomful::session::handle::SessionHandle;
use roomful::session::hub::Hub;
use roomful::session::news::Newsroom;
use roomful::session::watchdog::Checks;
use serde_json::json;
use socket2::SockRef;

use crate::server_support::Program;
use crate::support::{DEADLINE, TestServer, Wire, brief, eventually};

/// The least a kernel holds for a socket.
const NARROW: usize = 4_096;

/// What sessions share, without a server around it: no thread runs here but those of laggards.
pub struct Bare {
    pub hub: Arc<Hub>,
    listener: TcpListener,
}

impl Bare {
    /// With `threads` at the most.
    pub fn with(limits: Limits, threads: usize) -> Bare {
        let (stack, limits) = (limits.stack_bytes, InForce::from(limits));
        let lobby = RoomName::parse("#lobby").expect("a good name");
        let chat = Chat::new(&limits, lobby, 0, Snapshot::default(), None);
        let crew = Crew::new(threads, stack);
        let hub = Hub::new(chat, &limits, None, Newsroom::open(Watch::Nothing, 16).0, crew);
        Bare { hub: Arc::new(hub), listener: TcpListener::bind("127.0.0.1:0").expect("a free port") }
    }

    /// A JSON session, and its peer's end. Nobody reads what it sends.
    pub fn come(&self) -> (Wire, Arc<SessionHandle>) {
        let limits = &self.hub.limits.now();
        let wire = Wire::connect_narrow(self.listener.local_addr().expect("bound"), NARROW);
        let (tcp, peer) = self.listener.accept().expect("it came");
        let stream = Arc::new(Stream::new(tcp, peer, limits.send_buffer, limits.unreachable_after).expect("open"));
        let fronts = &Arc::<Fronts>::default();
        let opening = Opening {
            fronts,
            limits,
            offer: None,
            motd: None,
            links: None,
            irc: fronts.names(),
            takes_passwords: true,
            sts: Sts::Silent,
        };
        let json = Fronts::open(Kind::Json, &opening).expect("JSON is served").encoder;
        let handle = Arc::new(SessionHandle::new(self.hub.next_session(), &stream, Arc::clone(limits), json));
        handle.pings.store(true, Ordering::Relaxed);
        self.hub.admit(&handle);
        (wire, handle)
    }
}

fn reason(handle: &SessionHandle) -> Option<CloseReason> {
    handle.outbox.closed().map(|ending| ending.reason)
}

/// docs/limits.md, `unreachable-after`: the kernel ends a connection whose host takes nothing, on every front. It took
/// up to 1,072 s without such a time. A JSON session is asked by us, and silence alone ends it later.
#[cfg(target_os = "linux")]
#[test]
fn on_every_front_the_kernel_watches_whether_the_other_host_is_there() {
    let server = TestServer::start();
    let (_line, _json) = (server.nc_login("ann"), server.login("bob"));
    for handle in server.hub().handles() {
        let socket = handle.stream.socket();
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(36)));
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(20));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(4));
        assert_eq!(socket.keepalive().unwrap(), !handle.pings.load(Ordering::Relaxed));
    }
}

/// docs/limits.md, `unreachable-after`: a host that lives and takes nothing has all of `outbox-patience`.
#[cfg(target_os = "linux")]
#[test]
fn the_kernel_never_has_less_patience_than_the_outbox() {
    let server = TestServer::with(|limits| limits.outbox_patience = Duration::from_secs(100));
    let _peer = server.login("ann");
    let handle = server.hub().handles().pop().expect("ann's");
    assert_eq!(handle.stream.socket().tcp_user_timeout().unwrap(), Some(Duration::from_secs(106)));
}

/// protocol.md, pings: what a flooder left in our buffers was said for minutes after its host had vanished, because the thread
/// that holds it back does not read, and so was not told.
#[test]
fn a_session_that_is_held_back_ends_as_soon_as_its_connection_is_broken() {
    let bare = Bare::with(Limits::default(), 4);
    let (mut wire, handle) = bare.come();
    handle.pausing(|| wire.half_close());
    eventually("the half-close is here", || handle.stream.socket().peek(&mut [MaybeUninit::uninit()]).is_ok());
    handle.pausing(|| ());
    assert_eq!(reason(&handle), None, "who only sends nothing more is still here");
    handle.pausing(|| wire.reset());
    eventually("the reset is here", || handle.stream.is_broken());
    handle.pausing(|| ());
    assert_eq!((reason(&handle), handle.lost.load(Ordering::Relaxed)), (Some(CloseReason::Lost), true));
}

/// The same with lines that wait: they are not said any more, on either front.
#[test]
fn what_a_flooder_left_behind_is_not_said_any_more_once_its_connection_is_broken() {
    for line_front in [true, false] {
        let server = TestServer::with(|limits| (limits.rate, limits.rate_burst) = (1, 2));
        let mut ann = server.login_in("ann", "#lobby");
        let mut wire = server.wire();
        if line_front {
            wire.send("flo\n".to_owned() + &"again and again\n".repeat(200));
        } else {
            let hello = json!({"type": "hello", "version": 1, "nick": "flo", "rooms": ["#lobby"]});
            let say = json!({"type": "say", "room": "#lobby", "text": "again and again"});
            wire.send(format!("{hello}\n") + &format!("{say}\n").repeat(200));
        }
        ann.wait(|event| matches!(event, Event::Message(_)));
        wire.reset();
        assert_eq!(brief(&ann.wait(|event| matches!(event, Event::Quit { .. }))), "- flo lost");
    }
}

/// The same with lines that have no answer, so that nothing tells us: what they had in our buffers kept their session
/// here for up to half an hour, because each read of it counted as a sign of life.
#[test]
fn what_a_flooder_left_behind_is_no_sign_of_life() {
    let server = TestServer::with(|limits| {
        (limits.rate, limits.rate_burst, limits.ping_after) = (1, 2, Duration::from_secs(2));
    });
    let mut ann = server.login_in("ann", "#lobby");
    let mut flo = server.login_in("flo", "#lobby");
    // At this rate six seconds of lines, of which one second is read at once.
    let pong = json!({"type": "pong", "token": "x".repeat(3_200)});
    SockRef::from(&flo.wire.sender()).set_send_buffer_size(1 << 20).unwrap();
    flo.wire.send(format!("{pong}\n").repeat(170));
    flo.wait(|event| matches!(event, Event::Waiting { .. }));
    drop(flo);
    assert_eq!(brief(&ann.wait(|event| matches!(event, Event::Quit { .. }))), "- flo lost");
}

/// A session that is held back is no sign of life from its peer; but nor is its silence the peer's.
#[test]
fn a_session_that_is_held_back_is_asked_and_not_closed_because_we_do_not_read() {
    let second = Duration::from_secs(1);
    let bare = Bare::with(Limits { ping_after: second * 5, gone_after: second * 12, ..Limits::default() }, 4);
    let (mut wire, handle) = bare.come();
    handle.named.store(true, Ordering::Relaxed);
    let (start, heard) = (Instant::now(), handle.heard.load(Ordering::Relaxed));
    let mut rounds = Checks::from(start);
    handle.paused.store(true, Ordering::Relaxed);
    (1..=60).for_each(|n| rounds.go(&bare.hub, start + second / 2 * n));
    assert_eq!(reason(&handle), None);
    assert_eq!(handle.heard.load(Ordering::Relaxed), heard, "nothing was heard");
    // Every five seconds it is asked: a host that has vanished would not take it.
    (0..4).for_each(|_| assert!(wire.line().contains("ping")));
    // From now on it is read, and still says nothing.
    handle.paused.store(false, Ordering::Relaxed);
    (61..=83).for_each(|n| rounds.go(&bare.hub, start + second / 2 * n));
    assert_eq!(reason(&handle), None);
    (84..=86).for_each(|n| rounds.go(&bare.hub, start + second / 2 * n));
    assert_eq!(reason(&handle), Some(CloseReason::Timeout));
}

/// The same, at its end: what was read of it late was no sign of life, so it is asked once more before it is closed.
#[test]
fn a_session_that_was_held_back_is_asked_once_more_before_it_is_closed() {
    let second = Duration::from_secs(1);
    let bare = Bare::with(Limits { ping_after: second * 5, gone_after: second * 12, ..Limits::default() }, 4);
    let (mut wire, handle) = bare.come();
    handle.named.store(true, Ordering::Relaxed);
    let start = Instant::now();
    let mut rounds = Checks::from(start);
    handle.paused.store(true, Ordering::Relaxed);
    (1..=12).for_each(|n| rounds.go(&bare.hub, start + second / 2 * n));
    assert!(wire.line().contains("ping"), "after five seconds and a half");
    handle.paused.store(false, Ordering::Relaxed);
    (13..=23).for_each(|n| rounds.go(&bare.hub, start + second / 2 * n));
    assert!(wire.line().contains("ping"), "and after eleven");
    (24..=36).for_each(|n| rounds.go(&bare.hub, start + second / 2 * n));
    assert_eq!(reason(&handle), None);
    (37..=38).for_each(|n| rounds.go(&bare.hub, start + second / 2 * n));
    assert_eq!(reason(&handle), Some(CloseReason::Timeout), "twelve seconds after it was held back last");
}

/// docs/threads.md, a pause of our own: 50 sessions of 50 were closed as `timeout` after 20 s at `--gone-after 12`.
#[test]
fn a_pause_of_the_server_counts_against_no_deadline_of_a_session() {
    let second = Duration::from_secs(1);
    let limits = Limits {
        ping_after: second * 5,
        gone_after: second * 12,
        login: second * 12,
        outbox_patience: second * 12,
        farewell: second * 12,
        send_buffer: NARROW,
        ..Limits::default()
    };
    let bare = Bare::with(limits, 4);
    let [(_w1, silent), (_w2, unnamed), (_w3, deaf), (_w4, leaving)] = std::array::from_fn(|_| bare.come());
    [&silent, &deaf, &leaving].into_iter().for_each(|handle| handle.named.store(true, Ordering::Relaxed));
    let text = Arc::<str>::from("x".repeat(4_000));
    while bare.hub.crew.living() == 0 {
        bare.hub.tell_session(&deaf, Event::Ping { token: Arc::clone(&text) });
    }
    deaf.pings.store(false, Ordering::Relaxed); // so that it is not asked for life as well
    leaving.outbox.close(CloseReason::Quit, None);
    let start = Instant::now();
    let mut rounds = Checks::from(start);
    // Eight seconds, a pause of an hour, and two seconds more.
    let pause = second * 3_600;
    (1..=16).for_each(|n| rounds.go(&bare.hub, start + second / 2 * n));
    (17..=20).for_each(|n| rounds.go(&bare.hub, start + pause + second / 2 * n));
    assert_eq!([&silent, &unnamed, &deaf].map(|handle| reason(handle)), [None; 3]);
    assert!(!leaving.stream.is_broken(), "it may still hang up by itself");
    // The seconds before the pause and those after it do count.
    (21..=30).for_each(|n| rounds.go(&bare.hub, start + pause + second / 2 * n));
    let ended = [CloseReason::Timeout, CloseReason::LoginTimeout, CloseReason::SlowConsumer];
    assert_eq!([&silent, &unnamed, &deaf].map(|handle| reason(handle)), ended.map(Some));
    assert!(leaving.stream.is_broken(), "it had its time");
    bare.hub.crew.join_all();
}

/// The same with the program itself.
#[cfg(unix)]
#[test]
fn a_server_program_that_was_stopped_has_its_sessions_when_it_goes_on() {
    let program = Program::start(&["--gone-after", "4", "--ping-after", "1"]);
    let mut peers: Vec<_> = (0..5).map(|n| program.peer(&format!("guest{n}"), "#a")).collect();
    program.signal("STOP");
    // Its kernel takes the connection, and it says nothing for longer than `gone-after`.
    let mut silence = TcpStream::connect(program.addr).expect("the port is there");
    silence.set_read_timeout(Some(DEADLINE)).expect("not zero");
    assert_eq!(silence.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    program.signal("CONT");
    // After more than one look of the watchdog each of them is still answered.
    let (end, mut heard) = (Instant::now() + Duration::from_secs(1), 0);
    while Instant::now() < end {
        heard += peers.iter_mut().map(|peer| peer.sync().len()).sum::<usize>();
    }
    assert!(heard > 0, "each was asked for a sign of life");
    assert_eq!(program.stop().code, Some(0));
}
