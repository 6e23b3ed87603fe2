//! Notices and actions, pages by bounds, and what is asked of lists: rooms by masks, places by times, counts. Knows no IRC. (protocol.md)

use roomful::answer::{Done, FactsInfo};
use roomful::event::Event;
use roomful::model::Kind;
use serde_json::json;

use crate::support::{TestServer, seqs};

/// protocol.md, `notice` and `me`: in rooms and in conversations, live and in the history.
#[test]
fn a_notice_and_an_action_are_what_they_are_everywhere() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    let mut nc = server.nc_login("nc");
    nc.asks("/join #a");
    bob.does("away", json!({"text": "at lunch"}));
    ann.does("notice", json!({"room": "#a", "text": "built\nin 3 s"}));
    ann.does("me", json!({"room": "#a", "text": "waves"}));
    let told = |kind: &str| json!({"room": "@bob", "text": kind});
    // No program is to answer a notice, and the server does not either.
    assert!(matches!(ann.does("notice", told("psst")), Done::Msg { seq: 1, away: None, .. }));
    assert_eq!(bob.code("reply", json!({"text": "what?"})), "nobody-to-reply-to");
    assert!(matches!(ann.does("me", told("nods")), Done::Msg { seq: 2, away: Some(_), .. }));
    let mut heard = Vec::new();
    while heard.len() < 4 {
        match bob.wait(|event| matches!(event, Event::Message(_) | Event::Private { .. })) {
            Event::Message(message) => heard.push((message.kind, message.seq)),
            Event::Private { kind, seq, .. } => heard.push((kind, seq)),
            _ => {}
        }
    }
    assert_eq!(heard, [(Kind::Notice, 1), (Kind::Action, 2), (Kind::Notice, 1), (Kind::Action, 2)]);
    for (room, kinds) in [("#a", [Kind::Notice, Kind::Action]), ("@ann", [Kind::Notice, Kind::Action])] {
        let page = bob.history(json!({"room": room}));
        assert_eq!(page.messages.iter().map(|message| message.kind).collect::<Vec<_>>(), kinds, "{room}");
    }
    let shown = nc.asks("/ping").join("\n");
    assert!(shown.contains("-ann- built") && shown.contains("* ann waves"), "{shown}");
    assert_eq!(ann.code("notice", json!({"room": "#a", "text": " "})), "text-empty");
}

/// protocol.md, `delete`: a reason, and the time of the message that is meant.
#[test]
fn a_deletion_tells_its_reason_and_takes_no_other_message() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    let Done::Say { time, .. } = ann.does("say", json!({"room": "#a", "text": "oops"})) else { panic!() };
    assert_eq!(ann.code("delete", json!({"seq": 1, "said": time - 1})), "no-such-message");
    ann.does("delete", json!({"seq": 1, "said": time, "text": "a typing error"}));
    let Event::Deleted { seq: 1, said, text: Some(text), .. } = bob.wait(|e| matches!(e, Event::Deleted { .. })) else {
        panic!()
    };
    assert_eq!((said, &*text), (time, "a typing error"));
}

/// protocol.md, `history`: two ends, around a message or a time, and from the newest on.
#[test]
fn history_is_asked_for_between_two_ends_and_around_a_message() {
    for server in [TestServer::with_database(), TestServer::start()] {
        let mut ann = server.login_in("ann", "#a");
        ann.says_numbers("#a", 1, 9);
        let mut page = |fields: serde_json::Value| seqs(&ann.history(fields));
        assert_eq!(page(json!({"after": 2, "before": 7, "limit": 2})), [3, 4]);
        assert_eq!(page(json!({"after": 2, "before": 7, "newest": true, "limit": 2})), [5, 6]);
        assert_eq!(page(json!({"after": 2, "newest": true, "limit": 2})), [8, 9]);
        assert_eq!(page(json!({"around": 5, "limit": 3})), [4, 5, 6]);
        assert_eq!(page(json!({"since": 0, "before": 3})), [1, 2]);
        assert_eq!(page(json!({"around_time": 0, "limit": 2})), [1, 2]);
        assert_eq!(ann.code("history", json!({"around": "x"})), "bad-field");
    }
}

/// protocol.md, `rooms`: by masks, members and times; and `facts`.
#[test]
fn rooms_are_found_by_masks_members_and_times_and_all_are_counted() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#chess");
    for room in ["#chess-club", "#Лыжи", "#tea"] {
        ann.join(room);
    }
    let mut bob = server.login_in("bob", "#tea");
    bob.does("topic", json!({"room": "#tea", "topic": "green"}));
    let mut found = |fields: serde_json::Value| match bob.does("rooms", fields) {
        Done::Rooms { rooms, .. } => rooms.iter().map(|info| info.room.to_string()).collect::<Vec<_>>().join(" "),
        other => panic!("{other:?}"),
    };
    assert_eq!(found(json!({"only": ["chess*", "#ЛЫ?и"]})), "#chess #chess-club #Лыжи");
    assert_eq!(found(json!({"only": ["*"], "not": ["*-*", "lobby"], "under": 2})), "#chess #Лыжи");
    assert_eq!(found(json!({"over": 1})), "#tea");
    assert_eq!(found(json!({"topic_since": 1})), "#tea");
    assert_eq!(found(json!({"topic_until": 1})), "");
    assert_eq!(found(json!({"made_until": 1})), "");
    assert_eq!(found(json!({"made_since": 1, "over": 0})), "#chess #chess-club #tea #Лыжи");
    assert_eq!(bob.code("rooms", json!({"only": vec!["*"; 9]})), "bad-field");
    assert_eq!(bob.code("rooms", json!({"only": "*"})), "bad-field");
    drop(server.login("eve"));
    let Done::Facts(facts) = ann.does("facts", json!({})) else { panic!() };
    let FactsInfo { most_people, guests, ops, rooms, accounts, .. } = facts;
    assert_eq!((most_people, ops, rooms, accounts), (3, 0, 4, 1));
    assert!((1..=2).contains(&guests));
}

/// A page of rooms with a filter says where the next one begins, also if it has no room.
#[test]
fn what_a_filter_leaves_out_does_not_end_the_list() {
    let server = TestServer::with(|limits| limits.members_page = 2);
    let mut ann = server.login_in("ann", "#a1");
    for room in ["#a2", "#b1", "#b2", "#a3"] {
        ann.join(room);
    }
    let (mut all, mut past) = (Vec::new(), json!(null));
    loop {
        let Done::Rooms { rooms, next, more, .. } = ann.does("rooms", json!({"only": ["a*"], "past": past})) else {
            panic!()
        };
        all.extend(rooms.iter().map(|info| info.room.to_string()));
        assert_eq!(next.is_some(), more);
        let Some(next) = next else { break };
        past = json!(next);
    }
    assert_eq!(all, ["#a1", "#a2", "#a3"]);
}

/// protocol.md, `chats`: by the time of the last message, for accounts and guests.
#[test]
fn places_are_found_by_the_time_of_their_last_message() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.join("#b");
    ann.join("#empty");
    let mut bob = server.login_in("bob", "#a");
    let mut times = Vec::new();
    for (kind, fields) in [
        ("say", json!({"room": "#b", "text": "x"})),
        ("msg", json!({"to": "bob", "text": "x"})),
        ("say", json!({"room": "#a", "text": "x"})),
    ] {
        // Times are in whole milliseconds.
        loop {
            let (Done::Say { time, .. } | Done::Msg { time, .. }) = ann.does(kind, fields.clone()) else { panic!() };
            if times.last() != Some(&time) {
                times.push(time);
                break;
            }
        }
    }
    let mut found = |fields: serde_json::Value| match ann.does("chats", fields) {
        Done::Chats { chats, more: false } => {
            chats.iter().map(|chat| chat.room.to_string()).collect::<Vec<_>>().join(" ")
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(found(json!({"since": times[0]})), "#b @bob #a");
    assert_eq!(found(json!({"since": times[0], "limit": 2})), "#b @bob");
    assert_eq!(found(json!({"since": times[0], "limit": 2, "newest": true})), "@bob #a");
    assert_eq!(found(json!({"since": times[0] + 1, "until": times[2]})), "@bob");
    match bob.does("chats", json!({"since": 0})) {
        Done::Chats { chats, .. } => {
            let rooms: Vec<_> = chats.iter().map(|chat| &*chat.room).collect();
            assert_eq!(rooms, ["@ann", "#a"]);
        }
        other => panic!("{other:?}"),
    }
}
