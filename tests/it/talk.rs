//! What people do with one another.

use roomful::answer::Done;
use roomful::event::Event;
use serde_json::json;

use crate::support::{TestServer, brief};

/// Lab A4: a message goes only to the speaker's room.
#[test]
fn a4_another_room_hears_nothing() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    let mut bob = server.login_in("bob", "#b");
    let mut cat = server.login("cat");
    ann.say("#a", "only here");
    assert_eq!(bob.sync(), []);
    assert_eq!(cat.sync(), []);
}

/// Lab A7: each of the others gets exactly one notice of a join and of a leave.
#[test]
fn a7_joins_and_leaves_are_told_once_each() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    bob.join("#b");
    let mut cat = server.login_in("cat", "#a");
    cat.join("#b");
    cat.join("#a"); // again: shows it anew, and is no news to the others
    assert_eq!(ann.hears(), ["#a + bob", "#a + cat"]);
    assert_eq!(bob.hears(), ["#a + cat", "#b + cat"]);
    cat.ask("leave", json!({"room": "#b", "text": "tea"})).unwrap();
    cat.ask("quit", json!({"text": "home"})).unwrap();
    cat.rest();
    let quit = |event: &Event| matches!(event, Event::Quit { .. });
    assert_eq!(brief(&ann.wait(quit)), "- cat quit (home)");
    assert_eq!(ann.sync(), []);
    assert_eq!(brief(&bob.wait(quit)), "- cat quit (home)");
    assert_eq!(bob.hears(), ["#b - cat (tea)"]);
}

/// A member who left hears nothing more of the room.
#[test]
fn a_member_who_left_hears_nothing_more() {
    let server = TestServer::start();
    let (mut ann, mut bob) = (server.login("ann"), server.login("bob"));
    ann.join("#rust");
    bob.join("#rust");
    bob.leave("#rust");
    ann.say("#rust", "still here?");
    assert_eq!(bob.sync(), []);
    assert_eq!(bob.ask("say", json!({"room": "#rust", "text": "x"})).unwrap_err().code, "not-in-room");
}

/// Rooms are made by joining, and removed when empty and without topic.
#[test]
fn a_room_is_made_by_joining_and_removed_when_empty_and_without_topic() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "лыжи");
    ann.join("#kept");
    ann.ask("topic", json!({"room": "#kept", "topic": "stays"})).unwrap();
    let rooms = |ann: &mut crate::support::Peer| match ann.ask("rooms", json!({})) {
        Ok(Done::Rooms { rooms, total, .. }) => {
            assert_eq!(rooms.len(), total);
            rooms.iter().map(|room| format!("{} {}", room.room, room.members)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(rooms(&mut ann), ["#kept 1", "#lobby 0", "#лыжи 1"]);
    ann.leave("#ЛЫЖИ");
    ann.leave("#kept");
    assert_eq!(rooms(&mut ann), ["#kept 0", "#lobby 0"]);
    assert_eq!(ann.join("#kept").topic.as_deref(), Some("stays"));
    ann.ask("topic", json!({"room": "#kept", "topic": ""})).unwrap();
    ann.leave("#kept");
    assert_eq!(rooms(&mut ann), ["#lobby 0"]);
}

/// Lab B7: two people see a private line, and nobody else.
#[test]
fn a_private_line_reaches_its_reader_and_nobody_else() {
    let server = TestServer::start();
    let (mut ann, mut bob) = (server.login_in("ann", "#a"), server.login_in("bob", "#a"));
    let mut eve = server.login_in("eve", "#a");
    ann.sync();
    bob.sync();
    let Done::Msg { to, .. } = ann.ask("msg", json!({"to": "BOB", "text": "secret"})).unwrap() else { panic!() };
    assert_eq!(&*to, "bob");
    assert_eq!(bob.hears(), ["ann to bob: secret"]);
    bob.ask("reply", json!({"text": "got it"})).unwrap();
    assert_eq!(ann.hears(), ["ann to bob: secret", "bob to ann: got it"]);
    assert_eq!(eve.sync(), []);
    assert_eq!(ann.ask("msg", json!({"to": "nobody", "text": "x"})).unwrap_err().code, "no-such-nick");
}

/// protocol.md, `away`, `back`, `whois`: the others see it, and a person who writes is told.
#[test]
fn a_person_who_is_away_is_seen_to_be_away() {
    let server = TestServer::start();
    let (mut ann, mut bob) = (server.login_in("ann", "#a"), server.nc_login("bob"));
    ann.join("#lobby");
    bob.sync();
    ann.ask("away", json!({"text": "tea"})).unwrap();
    assert_eq!(bob.hears(), ["* ann is away: tea"]);
    assert_eq!(bob.asks("/msg ann hi"), ["* ann is away: tea"]);
    let Done::Whois(info) = ann.ask("whois", json!({"nick": "Ann"})).unwrap() else { panic!() };
    assert_eq!((info.away.as_deref(), info.rooms.len(), &info.fronts[..]), (Some("tea"), 2, &["json".to_owned()][..]));
    let line = bob.asks("/whois ann").concat();
    assert!(line.starts_with("* ann is in #a, #lobby, here since ") && line.ends_with("by json. Away: tea"), "{line}");
    ann.ask("back", json!({})).unwrap();
    assert_eq!(bob.hears(), ["* ann is back"]);
    assert_eq!(ann.ask("whois", json!({"nick": "nobody"})).unwrap_err().code, "no-such-nick");
}

/// protocol.md, `nick`: one person, one name at a time, told to the neighbours once.
#[test]
fn a_new_name_is_told_once_and_frees_the_old_one() {
    let server = TestServer::start();
    let (mut ann, mut bob) = (server.login_in("ann", "#a"), server.login_in("bob", "#a"));
    ann.join("#b");
    bob.join("#b");
    ann.sync();
    bob.sync();
    assert_eq!(ann.ask("nick", json!({"nick": "bob"})).unwrap_err().code, "nick-in-use");
    ann.ask("nick", json!({"nick": "Anna"})).unwrap();
    ann.ask("nick", json!({"nick": "ANNA"})).unwrap(); // another spelling of one's own
    assert_eq!(bob.hears(), ["ann = Anna", "Anna = ANNA"]);
    server.login("ann");
    ann.say("#a", "x");
    assert_eq!(bob.hears(), ["#a ANNA: x"]);
}

/// protocol.md, `topic`: seen by all, and shown to newcomers.
#[test]
fn a_topic_is_told_to_the_room_and_shown_to_newcomers() {
    let server = TestServer::start();
    let (mut ann, mut bob) = (server.login_in("ann", "#a"), server.login_in("bob", "#a"));
    ann.sync();
    let done = ann.ask("topic", json!({"room": "#a", "topic": " lab\u{7} 4 "})).unwrap();
    let Done::Topic { topic, topic_by, topic_time: Some(_), .. } = &done else { panic!("{done:?}") };
    assert_eq!((topic.as_deref(), topic_by.as_deref()), (Some("lab 4"), Some("ann")));
    assert_eq!(bob.hears(), ["#a topic by ann (lab 4)"]);
    assert_eq!(server.login("cat").join("#a").topic.as_deref(), Some("lab 4"));
    assert_eq!(bob.ask("topic", json!({})).unwrap(), done);
    bob.ask("topic", json!({"topic": ""})).unwrap();
    assert_eq!(ann.hears()[0], "#a topic by ann (lab 4)");
    assert_eq!(server.login("dan").join("#a").topic, None);
}

/// Lab E10, A8: a newcomer sees the last 20 lines, with author and time.
#[test]
fn e10_a_newcomer_sees_the_last_twenty_lines() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    for i in 1..=25 {
        assert_eq!(ann.say("#a", &format!("line {i}")), i);
    }
    let shown = server.login("bob").join("#a");
    let seqs: Vec<u64> = shown.history.messages.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, Vec::from_iter(6..=25));
    assert_eq!(shown.seq, 25);
    let last = &shown.history.messages[19];
    assert_eq!((&*last.from, &*last.text), ("ann", "line 25"));
    assert!((roomful::session::hub::now() - last.time).abs() < 60_000, "{}", last.time);
}

/// protocol.md, `history`: page by page, backwards to the beginning and forwards to the end.
#[test]
fn history_is_read_page_by_page_both_ways() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    (1..=120).for_each(|i| assert_eq!(ann.say("#a", &i.to_string()), i));
    let mut page = |fields: serde_json::Value| match ann.ask("history", fields) {
        Ok(Done::History(page)) => (page.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), page.missed, page.more),
        other => panic!("{other:?}"),
    };
    assert_eq!(page(json!({"limit": 3})), (vec![118, 119, 120], 0, true));
    assert_eq!(page(json!({"before": 118, "limit": 2})), (vec![116, 117], 0, true));
    assert_eq!(page(json!({"before": 23, "limit": 9})), (vec![21, 22], 0, false));
    assert_eq!(page(json!({"after": 118, "limit": 9})), (vec![119, 120], 0, false));
    assert_eq!(page(json!({"after": 10, "limit": 1})), (vec![21], 10, true));
    assert_eq!(page(json!({"limit": 1_000})).0, Vec::from_iter(21..=120));
}

/// protocol.md, `members`: the list follows joins, leaves and names, in pieces if it is long.
#[test]
fn the_member_list_follows_and_comes_in_pieces() {
    let server = TestServer::with(|limits| limits.members_page = 2);
    let mut ann = server.login_in("ann", "#a");
    let _others = ["eve", "bob", "dan"].map(|nick| server.login_in(nick, "#a"));
    let mut cat = server.login("cat");
    assert_eq!(cat.join("#a").members, ["ann", "bob", "cat", "dan", "eve"]);
    cat.leave("#a");
    let Done::Members { members, total, .. } = ann.ask("members", json!({"room": "#a"})).unwrap() else { panic!() };
    assert_eq!((members.len(), total), (2, 4));
    assert_eq!(ann.ask("members", json!({"room": "#none"})).unwrap_err().code, "no-such-room");
}

/// protocol.md, limits, `rooms-per-person` and `rooms`.
#[test]
fn rooms_are_made_up_to_the_limits() {
    let server = TestServer::with(|limits| (limits.rooms_per_person, limits.rooms) = (2, 4));
    let mut ann = server.login_in("ann", "#a");
    ann.join("#b");
    assert_eq!(ann.ask("join", json!({"room": "#c"})).unwrap_err().code, "too-many-rooms");
    let mut bob = server.login_in("bob", "#c");
    assert_eq!(bob.ask("join", json!({"room": "#d"})).unwrap_err().code, "server-rooms-full");
    bob.join("#a");
}
