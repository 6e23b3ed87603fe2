//! What lets a page be small: lines that the server reads, tabs without a password, marks and typing beside the rate. (protocol.md, `typed`, `typing`, `hello`)

use std::net::{IpAddr, UdpSocket};
use std::time::{Duration, Instant};

use roomful::answer::Done;
use roomful::event::Event;
use roomful::limits::Limits;
use roomful::server::Server;
use roomful::session::door::Door;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Peer, TestServer, Wire, brief};

fn typed(place: &str, line: &str) -> Value {
    json!({"place": place, "line": line})
}

/// protocol.md, `typed`: answered as the command that it is, with its tag.
#[test]
fn a_typed_line_is_the_command_that_it_means() {
    let server = TestServer::with_database();
    let (mut ann, mut bob) = (server.account_in("ann", "#a"), server.login_in("bob", "#a"));
    ann.join("#b");
    bob.sync();
    ann.sync();
    assert!(matches!(ann.does("typed", typed("#a", "hello")), Done::Say { room, seq: 1, .. } if &*room == "#a"));
    assert!(matches!(ann.does("typed", typed("#a", "//help")), Done::Say { seq: 2, .. }));
    assert!(matches!(ann.does("typed", typed("@bob", "psst")), Done::Msg { to, .. } if &*to == "bob"));
    assert!(matches!(ann.does("typed", typed("#a", "/topic skis")), Done::Topic { room, .. } if &*room == "#a"));
    assert!(matches!(ann.does("typed", typed("@bob", "/history")), Done::History(page) if page.messages.len() == 1));
    assert!(
        matches!(ann.does("typed", json!({"line": "in the current room"})), Done::Say { room, .. } if &*room == "#b")
    );
    assert!(matches!(ann.does("typed", typed("#a", "/kick bob")), Done::Kick(_)));
    let heard =
        ["#a ann: hello", "#a ann: /help", "ann to bob: psst", "#a topic by ann (skis)", "#a ann kicks bob", "#a left"];
    assert_eq!(bob.hears(), heard);
}

#[test]
fn a_typed_line_that_is_refused_says_what_is_said_everywhere() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    for (place, line, code, text) in [
        ("#a", "/jion #b", "unknown-command", "no command \"jion\", did you mean /join? nothing was sent"),
        ("#a", "/msg", "missing-field", "NAME is missing; write /msg NAME TEXT"),
        (
            "#a",
            "/login ann",
            "password-typed",
            "/login needs a password, and that is never typed into the line for messages; use the form for it",
        ),
        (
            "#a",
            "/login ann secret",
            "password-shown",
            "a password is asked for and never written on the line; take another one, this may have been seen",
        ),
        (
            "@bob",
            "/topic x",
            "room-only",
            "/topic is about a room, and this is a private conversation; go to the room, and type it there",
        ),
        ("#none", "x", "no-such-room", "there is no #none; /rooms lists what there is, /join makes one"),
        ("#a", "", "text-empty", "there is nothing to send in that"),
        ("#a", "/typed x", "unknown-command", "no command \"typed\", /help lists what there is; nothing was sent"),
    ] {
        let refusal = ann.refusal("typed", typed(place, line));
        assert_eq!((refusal.code.as_str(), &*refusal.text), (code, text), "{line}");
    }
    for (fields, code) in [
        (json!({}), "missing-field"),
        (json!({"line": 5}), "bad-field"),
        (json!({"line": "x", "place": "a b"}), "room-bad-character"),
        (json!({"line": "x".repeat(4_001), "place": "#a"}), "text-too-long"),
    ] {
        assert_eq!(ann.code("typed", fields.clone()), code, "{fields}");
    }
    let mut stranger = server.peer();
    stranger.hello(json!({})).unwrap();
    assert_eq!(stranger.code("typed", typed("#a", "hi")), "name-first");
    assert!(matches!(stranger.does("typed", json!({"line": "/nick eve"})), Done::Nick { .. }));
    ann.send("typed", typed("#a", " {quit} "));
    assert_eq!(brief(ann.rest().last().unwrap()), "closing quit: bye");
}

/// protocol.md, *Tags and answers* and *Rate*: with the tag and at the price of the command that it is.
#[test]
fn a_typed_line_is_said_once_and_costs_what_the_command_costs() {
    let server = TestServer::with(|limits| (limits.rate, limits.rate_burst) = (1, 6));
    let mut ann = server.login_in("ann", "#a"); // two of the six
    let line = json!({"type": "typed", "tag": "x1", "place": "#a", "line": "once"}).to_string() + "\n";
    ann.wire.send(&line);
    assert!(matches!(ann.answer("x1"), Ok(Done::Say { seq: 1, again: false, .. })));
    ann.wire.send(&line);
    assert!(matches!(ann.answer("x1"), Ok(Done::Say { seq: 1, again: true, .. })));
    // Two lists are six; as two lines they would be the last two.
    (0..2).for_each(|_| ann.send("typed", typed("#a", "/rooms")));
    ann.wait(|event| matches!(event, Event::Waiting { .. }));
}

/// protocol.md, `hello`, `beside`: two tabs of an account need the password once.
#[test]
fn a_token_lets_one_more_session_in_beside_its_own() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#a");
    let mut one = server.account_in("ann", "#a");
    bob.sync();
    let mut two = server.peer();
    two.hello(json!({"nick": "ann", "resume": one.resume, "beside": true, "rooms": []})).unwrap();
    assert_ne!(two.resume, one.resume);
    assert!(two.chats_told().contains(&"#a 0/0".to_owned()));
    two.say("#a", "from two");
    one.say("#a", "from one");
    assert_eq!(bob.hears(), ["#a ann: from two", "#a ann: from one"]);
    // Also of a token whose session is lost, and after a restart; the token is not used up.
    let token = one.resume.clone();
    one.wire.reset();
    two.wire.reset();
    server.wait_for_sessions(1);
    let mut three = server.peer();
    three.hello(json!({"resume": token, "beside": true, "rooms": []})).unwrap();
    assert!(matches!(three.does("nick", json!({})), Done::Nick { nick, .. } if &*nick == "ann"));
    let server = server.restarted();
    let mut four = server.peer();
    four.hello(json!({"nick": "ann", "resume": token, "beside": true, "rooms": []})).unwrap();
    assert_ne!(four.resume, token);
    let mut one = server.peer();
    one.hello(json!({"nick": "ann", "resume": token, "rooms": []})).unwrap();
    assert_eq!(one.resume, token);
    four.sync();
    // A new password ends it, and tokens that are no account's let nobody in beside.
    four.does("password", json!({"old": PASSWORD, "new": "ten blue skis"}));
    let mut five = server.peer();
    assert_eq!(
        five.hello(json!({"nick": "ann", "resume": token, "beside": true})).unwrap_err().code,
        "nick-registered"
    );
}

#[test]
fn a_guest_has_one_session() {
    let server = TestServer::with_database();
    let mut ann = server.login("ann");
    let beside = |nick: &str, token: &str| {
        let mut two = server.peer();
        two.hello(json!({"nick": nick, "resume": token, "beside": true, "rooms": []}))
    };
    for nick in ["ann", "vera"] {
        let refusal = beside(nick, &ann.resume).unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.value.as_str()), ("nick-in-use", "ann"));
        assert!(refusal.offer.is_some());
    }
    assert_eq!(ann.sync(), [], "the guest is not disturbed");
    assert_eq!(beside("eve", "no token").unwrap(), "eve");
    assert_eq!(beside("cat", "").unwrap(), "cat");
    for (field, value) in
        [("beside", json!("yes")), ("wants", json!("typing")), ("wants", json!([1])), ("wants", json!({}))]
    {
        let mut fields = json!({"nick": "dan"});
        fields[field] = value;
        assert_eq!(server.peer().hello(fields).unwrap_err().code, "bad-field", "{field}");
    }
}

fn curious(server: &TestServer, nick: &str, room: &str) -> Peer {
    let mut peer = server.peer();
    peer.hello(json!({"nick": nick, "wants": ["typing", "something new"], "rooms": [room]})).unwrap();
    peer.shown();
    peer
}

/// protocol.md, `typing`; docs/limits.md, `typing`: one in its time, and only for those who asked.
#[test]
fn typing_is_told_once_in_its_time_to_those_who_asked() {
    let server = TestServer::with_database_and(|limits| limits.typing = Duration::from_secs(60));
    let (mut ann, mut bob, mut cat) =
        (curious(&server, "ann", "#a"), server.login_in("bob", "#a"), curious(&server, "cat", "#a"));
    [&mut ann, &mut bob, &mut cat].into_iter().for_each(|peer| drop(peer.sync()));
    for _ in 0..3 {
        assert_eq!(bob.does("typing", json!({"room": "#a"})), Done::Typing);
    }
    assert_eq!(cat.does("typing", json!({})), Done::Typing);
    assert_eq!(ann.hears(), ["#a bob types", "#a cat types"]);
    assert_eq!((bob.hears(), cat.hears()), (vec![], vec!["#a bob types".to_owned()]));
    assert_eq!(ann.texts("#a"), [""; 0]);
    for (nick, room, code) in
        [("x1", "#none", "no-such-room"), ("x2", "@nobody", "no-such-nick"), ("x3", "a b", "room-bad-character")]
    {
        let mut fresh = server.login(nick);
        assert_eq!(fresh.code("typing", json!({"room": room})), code);
    }
    // Between two people, also after a restart, when only the database knows that they write to each other.
    let mut ann = server.account("anna");
    let mut dan = server.account("dan");
    ann.does("msg", json!({"to": "dan", "text": "hi"}));
    dan.sync();
    let server = server.restarted();
    let mut dan = server.peer();
    dan.hello(json!({"nick": "dan", "password": PASSWORD, "wants": ["typing"], "rooms": []})).unwrap();
    let mut ann = server.once_more("anna");
    dan.sync();
    ann.does("typing", json!({"room": "@dan"}));
    assert_eq!(dan.hears(), ["@anna anna types"]);
}

/// protocol.md, *Rate*: marks and typing do not hold up what is said; a flood of them does.
#[test]
fn marks_and_typing_are_free_until_they_are_a_flood() {
    let server = TestServer::with_database_and(|limits| (limits.rate, limits.rate_burst, limits.reads) = (1, 6, 20));
    let mut ann = server.account_in("ann", "#a"); // three of the six
    let began = Instant::now();
    for _ in 0..20 {
        ann.does("read", json!({"room": "#a"}));
    }
    ann.does("typing", json!({"room": "#a"}));
    ann.say("#a", "hi");
    assert!(!ann.sync().iter().any(|event| matches!(event, Event::Waiting { .. })), "{:?}", began.elapsed());
    for _ in 0..8 {
        ann.send("read", json!({"room": "#a"}));
    }
    ann.wait(|event| matches!(event, Event::Waiting { .. }));
}

/// protocol.md, *Lines*: no program is told `ok` for a mute on the whole server.
#[test]
fn an_order_that_holds_in_one_room_is_not_given_for_the_whole_server() {
    let server = TestServer::with_database();
    let (mut ann, mut bob) = (server.account_in("ann", "#a"), server.login_in("bob", "#a"));
    ann.sync();
    bob.sync();
    for order in ["mute", "unmute", "invite", "op", "deop"] {
        let refusal = ann.refusal(order, json!({"nick": "bob", "room": "#a", "everywhere": true}));
        assert_eq!((refusal.code.as_str(), refusal.value.as_str()), ("one-room-only", ""), "{order}");
        assert_eq!(ann.code(order, json!({"nick": "bob", "everywhere": "yes"})), "bad-field");
    }
    assert_eq!(ann.sync(), []);
    assert_eq!(bob.sync(), []);
    ann.does("kick", json!({"nick": "bob", "everywhere": false}));
    assert_eq!(bob.hears(), ["#a ann kicks bob", "#a left"]);
}

/// protocol.md, `hello`: what a client must know to pace itself.
#[test]
fn the_greeting_says_how_fast_and_how_large_and_what_is_kept() {
    for (server, size, stored) in [
        (TestServer::with(|limits| limits.rate = 3), 0, false),
        (TestServer::with_database_and(|limits| limits.rate = 3), 10_485_760, true),
    ] {
        let mut ann = server.peer();
        ann.send("hello", json!({"version": 1}));
        let Event::Hello { page, rate, rate_burst, file_bytes, kept, .. } = ann.read() else { panic!() };
        assert_eq!((page.map(|page| page.len()), rate, rate_burst, file_bytes, kept), (Some(16), 3, 10, size, stored));
    }
}

/// An address of this machine that is not loopback, if it has one. Nothing is sent.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("198.51.100.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_loopback())
}

/// docs/limits.md, `arrivals`: a phone that wakes often, behind an address from which no more people may come.
#[test]
fn a_session_that_comes_back_is_no_arrival() {
    let Some(address) = own_address() else { return };
    let limits = Limits { rate: 0, arrivals: 2, linger: Duration::ZERO, ..Limits::default() };
    let server = Server::bind(format!("{address}:0")).unwrap().limits(limits).start().unwrap();
    let peer = || Peer::new(Wire::connect(server.local_addr()));
    let (mut phone, mut other) = (peer(), peer());
    phone.hello(json!({"nick": "ann"})).unwrap();
    // A refused name and then another one is one arrival.
    assert_eq!(other.hello(json!({"nick": "ann"})).unwrap_err().code, "nick-in-use");
    other.hello(json!({"nick": "bob"})).unwrap();
    let token = phone.resume;
    for _ in 0..5 {
        let mut phone = peer();
        phone.hello(json!({"nick": "ann", "resume": token})).unwrap();
        assert_eq!(phone.resume, token);
    }
    for fields in [json!({"nick": "eve", "version": 1}), json!({"nick": "eve", "version": 1, "resume": "made up"})] {
        let mut stranger = peer();
        stranger.send("hello", fields);
        let told = brief(stranger.rest().last().unwrap());
        assert_eq!(told, "closing full: too many new people came from your address; try again in some minutes");
    }
    server.stop("the end");
}

/// docs/limits.md, `knocks`, `arrivals`: sessions that begin, and people who come.
#[test]
fn sessions_that_begin_and_people_who_come_are_counted_apart() {
    let limits = Limits { arrivals: 1, knocks: 3, ..Limits::default() };
    let door = Door::new(&limits.into());
    let school: IpAddr = "192.0.2.1".parse().unwrap();
    door.arrive(school).unwrap();
    assert!(door.arrive(school).unwrap_err().starts_with("too many new people"));
    for _ in 0..3 {
        drop(door.begin_session(school).unwrap());
    }
    assert!(door.begin_session(school).unwrap_err().starts_with("Too many connections"));
    for _ in 0..50 {
        door.arrive("127.0.0.1".parse().unwrap()).unwrap();
    }
}
