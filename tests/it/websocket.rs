//! Pages over WebSocket: the same chat as for programs, frames as the standard has them, and a number for every end. (docs/protocol.md, *WebSocket*)

use std::fs;
use std::net::TcpStream;
use std::time::Duration;

use roomful::event::Event;
use roomful::limits::Limits;
use serde_json::json;
use tungstenite::Message;
use tungstenite::client::IntoClientRequest;

use crate::server_support::Program;
use crate::support::frames::{self, BINARY, CLOSE, PING, PONG, TEXT, masked};
use crate::support::{Got, Peer, TestServer, Wire, brief, eventually, message_of};

/// The others are told of a page that was closed as soon as it is, not when it may have been loaded anew.
fn at_once(limits: &mut Limits) {
    limits.linger = Duration::ZERO;
}

/// A page that has said nothing.
fn page(server: &TestServer) -> Peer {
    Peer::new(server.wire().upgrade())
}

/// A page with a name, in `#a`.
fn page_in(server: &TestServer, nick: &str) -> Peer {
    come_in(page(server), nick)
}

fn come_in(mut peer: Peer, nick: &str) -> Peer {
    peer.hello(json!({"nick": nick, "rooms": ["#a"]})).expect("a free name");
    peer.shown();
    peer
}

/// The last events, then the number and words of the Close frame, which is answered; then the orderly end.
fn ends(peer: &mut Peer) -> (Vec<String>, u16, String) {
    let events = peer.rest();
    let (code, words) = peer.wire.frames.as_mut().and_then(|frames| frames.close.take()).expect("a Close frame");
    (events.iter().map(brief).collect(), code, words)
}

/// What the others hear of a page after `bytes`, and the number with which it is closed.
fn after(bytes: &[u8], change: impl FnOnce(&mut Limits)) -> (String, u16) {
    let server = TestServer::with(change);
    let mut ann = server.login_in("ann", "#a");
    let mut page = page_in(&server, "page");
    ann.sync();
    // The server may close before it has read everything.
    let _ = page.wire.try_send(bytes);
    let told = brief(&ann.wait(|event| matches!(event, Event::Quit { .. })));
    let mut code = 0;
    while !matches!(page.wire.get(), Got::End(_) | Got::Cut) {}
    if let Some((number, _)) = &page.wire.frames.as_ref().expect("frames").close {
        code = *number;
    }
    ann.say("#a", "still here");
    server.wait_for_sessions(1);
    (told, code)
}

#[test]
fn a_page_a_program_and_a_person_see_one_order() {
    const LINES: u64 = 100;
    let server = TestServer::start();
    let mut page = page_in(&server, "page");
    let mut program = server.login_in("program", "#a");
    let mut other = page_in(&server, "other");
    for peer in [&mut page, &mut program] {
        let lines: String =
            (0..LINES).map(|i| json!({"type": "say", "text": i.to_string()}).to_string() + "\n").collect();
        peer.wire.send(lines);
    }
    let [one, two, three] = [&mut page, &mut program, &mut other].map(|peer| {
        let mut seen = Vec::new();
        while seen.len() < 2 * LINES as usize {
            seen.extend(message_of(&peer.read()).cloned());
        }
        seen
    });
    assert_eq!(one, two);
    assert_eq!(one, three);
    assert_eq!(Vec::from_iter(one.iter().map(|message| message.seq)), Vec::from_iter(1..=2 * LINES));
}

/// Another implementation, by the same standard.
#[test]
fn a_client_library_talks_with_it() {
    let server = TestServer::with(at_once);
    let mut ann = server.login_in("ann", "#a");
    let tcp = TcpStream::connect(server.addr()).unwrap();
    tcp.set_read_timeout(Some(crate::support::DEADLINE)).unwrap();
    let mut request = format!("ws://{}/ws", server.addr()).into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", "roomful.1".parse().unwrap());
    let (mut socket, answer) = tungstenite::client(request, tcp).unwrap();
    assert_eq!(answer.headers()["sec-websocket-protocol"], "roomful.1");
    let hello = json!({"type": "hello", "version": 1, "nick": "lib", "rooms": ["#a"]}).to_string();
    socket.send(Message::text(hello)).unwrap();
    socket.send(Message::Ping("are you there".into())).unwrap();
    socket.send(Message::text(json!({"type": "say", "text": "привет 👋"}).to_string())).unwrap();
    let heard = ann.wait(|event| message_of(event).is_some());
    assert_eq!(brief(&heard), "#a lib: привет 👋");
    socket.close(None).unwrap();
    let mut seen = Vec::new();
    while let Ok(message) = socket.read() {
        seen.push(message);
    }
    assert!(seen.contains(&Message::Pong("are you there".into())), "{seen:?}");
    assert_eq!(brief(&ann.wait(|event| matches!(event, Event::Quit { .. }))), "- lib closed");
}

#[test]
fn it_works_byte_by_byte_and_with_everything_in_one_write() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    let hello = json!({"type": "hello", "version": 1, "nick": "page", "rooms": ["#a"]}).to_string();
    let say = json!({"type": "say", "text": "привет"}).to_string();
    let quit = json!({"type": "quit"}).to_string();
    let frames: Vec<u8> = [hello, say, quit].iter().flat_map(|text| masked(TEXT, text.as_bytes())).collect();
    let bytes = [frames::HANDSHAKE.as_bytes(), &frames].concat();
    for size in [1, 7, bytes.len()] {
        let mut wire = server.wire();
        for piece in bytes.chunks(size) {
            wire.send_bytes(piece);
        }
        wire.bytes_to_end();
        server.wait_for_sessions(1);
        assert_eq!(ann.hears(), ["#a + page", "#a page: привет", "- page quit"], "{size}");
    }
}

#[test]
fn every_end_has_its_number_and_its_name() {
    let mut server = TestServer::start();
    let mut page = page_in(&server, "page");
    page.ask("quit", json!({})).expect("nobody is held");
    assert_eq!(ends(&mut page), (vec!["closing quit: bye".to_owned()], 1000, "quit".to_owned()));
    let mut page = page_in(&server, "page");
    server.kick("page");
    let (events, code, words) = ends(&mut page);
    assert_eq!((events[0].as_str(), code, words.as_str()), ("closing kicked: kicked by the operator", 4005, "kicked"));
    server.wait_for_sessions(0);
    let mut old = page_in(&server, "page");
    let mut new = self::page(&server);
    new.hello(json!({"resume": old.resume, "nick": "page", "rooms": []})).expect("the token is good");
    let (_, code, words) = ends(&mut old);
    assert_eq!((code, words.as_str()), (4006, "replaced"));
    server.stop("stop");
    let (events, code, words) = ends(&mut new);
    assert!(events.last().is_some_and(|event| event.starts_with("closing server-stopped: ")), "{events:?}");
    assert_eq!((code, words.as_str()), (1001, "server-stopped"));
}

#[test]
fn a_page_that_takes_no_name_is_told_so_and_closed() {
    let server = TestServer::with(|limits| limits.login = Duration::from_secs(1));
    assert_eq!(ends(&mut page(&server)).1, 4002);
    let mut page = page(&server);
    page.wire.send("{}\n".repeat(65));
    let (_, code, words) = ends(&mut page);
    assert_eq!((code, words.as_str()), (4003, "login-lines"));
}

#[test]
fn a_close_is_answered_and_told_and_an_end_without_one_is_a_lost_connection() {
    let server = TestServer::with(at_once);
    let mut ann = server.login_in("ann", "#a");
    let mut page = page_in(&server, "page");
    page.wire.send_bytes(masked(CLOSE, &[3, 0xe9]));
    assert_eq!(ends(&mut page), (vec![], 1001, String::new()));
    let mut told = || brief(&ann.wait(|event| matches!(event, Event::Quit { .. })));
    assert_eq!(told(), "- page closed");
    page_in(&server, "other").wire.half_close();
    assert_eq!(told(), "- other lost");
    server.wait_for_sessions(1);
}

#[test]
fn bad_frames_end_the_page_with_the_number_of_the_standard_and_nobody_else() {
    let unmasked = [&[TEXT, 2][..], b"{}"].concat();
    for (bytes, code) in [
        (unmasked, 1002),
        (masked(TEXT | 0x40, b"{}"), 1002),
        (masked(0x83, b""), 1002),
        (masked(0x80, b"x"), 1002),
        (masked(PING, &[0; 126]), 1002),
        (masked(BINARY, b"{}"), 1003),
        (masked(TEXT, b"\xff{}"), 1007),
        (masked(TEXT, &vec![b'x'; 65_537]), 1009),
        (vec![TEXT, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4], 1009),
    ] {
        assert_eq!(after(&bytes, |_| ()), ("- page lost".to_owned(), code), "{:?}", &bytes[..bytes.len().min(16)]);
    }
}

#[test]
fn ten_thousand_pings_and_twenty_thousand_fragments_end_the_page_only() {
    assert_eq!(after(&masked(PING, b"x").repeat(10_000), |_| ()), ("- page lost".to_owned(), 1008));
    assert_eq!(after(&masked(PONG, b"").repeat(10_000), |_| ()), ("- page lost".to_owned(), 1008));
    let fragments = [masked(0x01, b"{"), masked(0x00, b" ").repeat(20_000)].concat();
    assert_eq!(after(&fragments, |_| ()), ("- page lost".to_owned(), 1009));
}

#[test]
fn empty_frames_are_paced_like_lines_and_refused_texts_are_answered() {
    let server = TestServer::with(|limits| (limits.rate, limits.rate_burst) = (1, 5));
    let mut page = page_in(&server, "page");
    page.wire.send_bytes(masked(TEXT, b"").repeat(6));
    page.wait(|event| matches!(event, Event::Waiting { .. }));
    let server = TestServer::start();
    let mut page = page_in(&server, "page");
    page.wire.send_bytes(masked(TEXT, &vec![b'x'; 16_384]));
    assert_eq!(page.refused().code, "line-too-long");
    page.wire.send("nonsense\n");
    assert_eq!(page.refused().code, "bad-json");
    page.say("#a", "still here");
}

/// A page in a hidden tab: its scripts are held up, but the browser answers pings.
#[test]
fn a_silent_page_is_asked_by_a_ping_frame_and_stays() {
    let server = TestServer::with(|limits| {
        (limits.ping_after, limits.gone_after) = (Duration::from_secs(1), Duration::from_secs(2));
    });
    let mut page = page_in(&server, "page");
    let end = std::time::Instant::now() + Duration::from_secs(4);
    // The peer of these tests answers pings while it reads, as a browser does.
    while std::time::Instant::now() < end {
        assert_eq!(page.wire.get_within(Duration::from_millis(200)), None);
    }
    let frames = page.wire.frames.as_ref().expect("frames");
    assert!(frames.close.is_none() && frames.answered >= 2, "{} pings", frames.answered);
    page.say("#a", "here");
}

#[test]
fn a_page_that_lost_its_connection_comes_back_with_its_token() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    let page = page_in(&server, "page");
    let token = page.resume.clone();
    page.wire.reset();
    ann.wait(|event| matches!(event, Event::Quit { .. }));
    let seq = ann.say("#a", "missed");
    let mut back = self::page(&server);
    assert_eq!(back.hello(json!({"resume": token, "nick": "page", "rooms": []})).expect("it is known"), "page");
    let shown = back.join_after("#a", json!({"after": 0}));
    assert_eq!(shown.history.messages.last().map(|message| message.seq), Some(seq));
}

/// The page says with a Close frame that it goes, and comes back within `linger`: with its token it is the same
/// person; without it, it is another one, and the name is free only after the moment.
#[test]
fn a_page_that_is_loaded_anew_is_not_seen_by_the_others() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    let mut page = page_in(&server, "page");
    assert_eq!(ann.hears(), ["#a + page"]);
    let token = page.resume.clone();
    page.wire.send_bytes(masked(CLOSE, &[3, 0xe9]));
    assert_eq!(ends(&mut page).1, 1001);
    server.wait_for_sessions(1);
    let seq = ann.say("#a", "meanwhile");
    assert_eq!(self::page(&server).hello(json!({"nick": "page", "rooms": []})).unwrap_err().code, "nick-in-use");
    let mut back = self::page(&server);
    assert_eq!(back.hello(json!({"resume": token, "nick": "page", "rooms": []})).expect("it is known"), "page");
    let shown = back.join_after("#a", json!({"after": 0}));
    assert_eq!(shown.history.messages.last().map(|message| message.seq), Some(seq));
    assert_eq!(shown.members, ["ann", "page"]);
    back.say("#a", "here");
    assert_eq!(ann.hears(), ["#a ann: meanwhile", "#a page: here"]);
}

#[test]
fn a_page_that_does_not_come_back_has_left_after_the_moment() {
    let server = TestServer::with(|limits| limits.linger = Duration::from_millis(300));
    let mut ann = server.login_in("ann", "#a");
    let mut page = page_in(&server, "page");
    ann.sync();
    let closed = std::time::Instant::now();
    page.wire.send_bytes(masked(CLOSE, b""));
    assert_eq!(brief(&ann.wait(|event| matches!(event, Event::Quit { .. }))), "- page closed");
    assert!(closed.elapsed() >= Duration::from_millis(300));
    assert_eq!(self::page(&server).hello(json!({"nick": "page", "rooms": []})).expect("the name is free"), "page");
}

#[test]
fn a_long_history_is_one_frame() {
    let server = TestServer::with(|limits| limits.history_page = 100);
    let mut page = page_in(&server, "page");
    let text = "x".repeat(2_000);
    for _ in 0..40 {
        page.say("#a", &text);
    }
    page.sync();
    let before = page.wire.frames.as_ref().expect("frames").count;
    let done = page.ask("history", json!({"room": "#a", "limit": 40})).expect("it is a member");
    assert!(brief(&Event::Ok { tag: None, done }).len() > 60_000);
    assert_eq!(page.wire.frames.as_ref().expect("frames").count, before + 1);
}

#[test]
fn a_deaf_page_is_cut_and_the_others_do_not_notice() {
    let server = TestServer::with(|limits| {
        (limits.send_buffer, limits.outbox_bytes, limits.outbox_soft_bytes) = (4_096, 65_536, 65_536);
    });
    let mut ann = server.login_in("ann", "#a");
    let mut bob = page_in(&server, "bob");
    let mut deaf = come_in(Peer::new(Wire::connect_narrow(server.addr(), 4_096).upgrade()), "deaf");
    let text = "x".repeat(4_000);
    ann.sync();
    let (mut last, mut gone, mut heard) = (0, Vec::new(), Vec::new());
    while gone.is_empty() {
        last = ann.say("#a", &text);
        assert!(last < 500, "500 lines, and the deaf one is still here");
        heard.extend(bob.sync());
        gone.extend(ann.hears().into_iter().filter(|event| event.starts_with("- ")));
    }
    assert_eq!(gone, ["- deaf slow-consumer"]);
    heard.extend(bob.sync());
    let seqs: Vec<u64> = heard.iter().filter_map(message_of).map(|message| message.seq).collect();
    assert_eq!(seqs, Vec::from_iter(1..=last));
    // It is cut in the middle of a frame, so no Close frame can follow.
    deaf.wire.rest_or_cut();
    assert!(deaf.wire.frames.expect("frames").close.is_none());
    server.wait_for_sessions(2);
}

/// A browser cannot tell a page why a handshake was refused.
#[test]
fn a_full_server_accepts_the_handshake_and_says_so_in_a_frame() {
    let server = TestServer::with(|limits| limits.sessions = 1);
    let ann = server.login("ann");
    let (events, code, words) = ends(&mut page(&server));
    assert_eq!(events, ["closing full: The server is full (1 sessions). Try again later."]);
    assert_eq!((code, words.as_str()), (1013, "full"));
    ann.quit();
    server.wait_for_sessions(0);
    page_in(&server, "page");
}

#[cfg(unix)]
#[test]
fn pages_leave_no_thread_and_no_descriptor_behind() {
    let program = Program::start(&["--memory"]);
    let count = |what: &str| fs::read_dir(format!("/proc/{}/{what}", program.id())).expect("it runs").count();
    let held = || (count("task"), count("fd"));
    let one = come_in(Peer::new(program.wire().upgrade()), "first");
    let before = held();
    for round in 0..3 {
        let pages: Vec<Peer> = (0..20).map(|_| Peer::new(program.wire().upgrade())).collect();
        for (i, mut page) in pages.into_iter().enumerate() {
            match (i + round) % 3 {
                0 => page.wire.send_bytes(masked(CLOSE, b"")),
                1 => page.wire.send_bytes(masked(BINARY, b"")),
                _ => page.wire.reset(),
            }
        }
    }
    eventually("as before", || held() == before);
    drop(one);
}

/// At its end, the server of a test fails if it leaves a session or a thread behind.
#[test]
fn a_hundred_pages_leave_nothing_behind() {
    let server = TestServer::with(at_once);
    for round in 0..4 {
        let pages: Vec<Peer> = (0..25).map(|i| page_in(&server, &format!("page{i}"))).collect();
        for (i, mut page) in pages.into_iter().enumerate() {
            match (i + round) % 4 {
                0 => page.wire.send_bytes(masked(CLOSE, b"")),
                1 => page.wire.send_bytes([0xff; 20]),
                2 => page.wire.send_bytes(&masked(TEXT, b"{\"type\":\"say\"}")[..9]),
                _ => page.wire.half_close(),
            }
        }
        eventually("all are gone", || server.hub().sessions() == 0);
    }
}
