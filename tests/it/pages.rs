//! Pages that are exact whatever the clock did, how long they are, and what counts as unread. Knows no words. (protocol.md, `history`, `search`, `chats`)

use std::collections::BTreeSet;
use std::sync::Arc;

use roomful::answer::Done;
use roomful::limits::{InForce, Limits};
use roomful::model::{Identity, PlaceId, ResumeId, Settings};
use roomful::model::{Message, Millis, Seq};
use roomful::names::RoomName;
use roomful::record::{Record, RoomRecord, StoredMessage};
use roomful::store;
use serde_json::json;

use crate::support::{TestServer, seqs};

/// A server on a database with these messages: the place, 1 or 2, and the time. The rooms are `#r1` and `#r2`.
fn server_with(said: &[(u32, Millis)]) -> TestServer {
    let mut server = TestServer::with_database();
    let data = server.data();
    server.stop("its database is filled");
    std::fs::remove_file(&data).unwrap();
    let mut writer = store::open(&data, &InForce::default()).unwrap().writer;
    let mut seqs = [0; 3];
    for place in [1, 2] {
        let room = RoomRecord {
            place: PlaceId(place),
            name: RoomName::parse(&format!("#r{place}")).unwrap(),
            made: 1,
            topic: None,
            settings: Settings::default(),
            registered: false,
        };
        writer.write(&[Record::Room(room)]).unwrap();
    }
    for (place, time) in said {
        seqs[*place as usize] += 1;
        let message = Message { seq: seqs[*place as usize], from: "ann".into(), time: *time, ..words() };
        let line = StoredMessage {
            place: PlaceId(*place),
            identity: Identity::Guest(ResumeId(1)),
            message: Arc::new(message),
        };
        writer.write(&[Record::Message(line)]).unwrap();
    }
    writer.close().unwrap();
    server.started()
}

fn words() -> Message {
    Message { text: "needle".into(), ..Message::default() }
}

/// Twenty messages in two rooms: the clock runs, is set back by an hour, and runs; many at one time.
fn twenty() -> Vec<(u32, Millis)> {
    const HOUR: Millis = 3_600_000;
    let now = 1_700_000_000_000;
    (0..20).map(|n| (1 + (n % 2) as u32, now + n / 4 - if n < 10 { 0 } else { HOUR })).collect()
}

/// protocol.md, `search`: `next` leaves nothing out and repeats nothing, also if the clock was set back.
#[test]
fn what_is_found_comes_whole_in_pages_after_the_clock_was_set_back() {
    let server = server_with(&twenty());
    let mut ann = server.login_in("ann", "#r1");
    ann.join("#r2");
    for limit in [1, 2, 3, 7, 20] {
        let (mut found, mut next) = (Vec::new(), json!(null));
        loop {
            let fields = json!({"text": "needle", "limit": limit, "next": next});
            let Done::Search { messages, more, next: after } = ann.does("search", fields) else { panic!() };
            assert_eq!(after.is_some(), more);
            assert!(messages.len() == limit || !more);
            found.extend(messages.iter().map(|message| (message.room.to_string(), message.seq)));
            if !more {
                break;
            }
            next = json!(after);
        }
        assert_eq!(found.len(), 20, "pages of {limit}");
        assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>().len(), 20, "pages of {limit}");
        for room in ["#r1", "#r2"] {
            let there: Vec<Seq> = found.iter().filter(|(at, _)| at == room).map(|(_, seq)| *seq).collect();
            assert_eq!(there, Vec::from_iter((1..=10).rev()), "the newest first");
        }
    }
}

/// protocol.md, `search`: what an answer did not have as `next` is refused with what is wanted.
#[test]
fn a_made_up_next_is_refused() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    for next in ["", "x", "1.2", "1.2.3.4", "1.-2.3", "1.2.x", "\u{1b}[31m"] {
        let refusal = ann.refusal("search", json!({"text": "needle", "next": next}));
        assert_eq!(refusal.code, "bad-field", "{next}");
    }
    for next in ["0.0.0", "-1.1.1", "9223372036854775807.4294967295.18446744073709551615"] {
        ann.does("search", json!({"text": "needle", "next": next}));
    }
}

/// protocol.md, `history`: a time only finds a number; from the database and from memory alike.
#[test]
fn a_page_by_time_begins_at_the_right_number_after_the_clock_was_set_back() {
    let said: Vec<(u32, Millis)> = [10, 20, 30, 5, 15, 25].map(|time| (1, time)).to_vec();
    let server = server_with(&said);
    let mut ann = server.login_in("ann", "#r1");
    let mut page = |fields| seqs(&ann.history(fields));
    assert_eq!(page(json!({"room": "#r1", "since": 20, "limit": 2})), [2, 3]);
    assert_eq!(page(json!({"room": "#r1", "since": 30})), [3, 4, 5, 6]);
    assert_eq!(page(json!({"room": "#r1", "since": 31})), [0; 0]);
    assert_eq!(page(json!({"room": "#r1", "until": 20, "limit": 2})), [4, 5]);
    assert_eq!(page(json!({"room": "#r1", "until": 6})), [1, 2, 3, 4]);
    assert_eq!(page(json!({"room": "#r1", "until": 5})), [0; 0]);
}

/// protocol.md, `history`, `search`: `limit` is above 0; the line front's `/history` says the same.
#[test]
fn a_page_of_nothing_is_refused_and_one_of_one_is_not() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    ann.say("#a", "needle");
    for kind in ["history", "search"] {
        let fields = |limit: u64| json!({"room": "#a", "text": "needle", "limit": limit});
        assert_eq!(ann.code(kind, fields(0)), "bad-field");
        match ann.does(kind, fields(1)) {
            Done::History(history) => assert_eq!((seqs(&history), history.more), (vec![1], false)),
            Done::Search { messages, more, .. } => assert_eq!((messages.len(), more), (1, false)),
            other => panic!("{other:?}"),
        }
    }
    let mut nc = server.nc_login("vera");
    nc.types("/history 0");
    nc.until("! ");
}

/// limits.md, `replay`: off shows nothing to a person who joins; a person who asks is answered nevertheless.
#[test]
fn a_person_who_asks_for_history_gets_some_if_nothing_is_replayed() {
    for kept in [true, false] {
        for (replay, most) in [(0, 20), (1, 1), (30, 30)] {
            let change = |limits: &mut Limits| limits.replay = replay;
            let server = if kept { TestServer::with_database_and(change) } else { TestServer::with(change) };
            let mut ann = server.login_in("ann", "#a");
            ann.says_numbers("#a", 1, 40);
            let page = ann.history(json!({"room": "#a"}));
            assert_eq!((page.messages.len(), page.more), (most, true), "kept {kept}, replay {replay}");
            let mut bob = server.login("bob");
            assert_eq!(bob.join("#a").history.messages.len(), replay);
        }
    }
}

/// protocol.md, *Answers*, chat: `unread` is how many are there still.
#[test]
fn what_is_deleted_or_expired_is_not_unread() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account("bob");
    bob.join("#a");
    ann.says_numbers("#a", 1, 5);
    ann.does("msg", json!({"to": "bob", "text": "one"}));
    ann.does("msg", json!({"to": "bob", "text": "two"}));
    let mut unread = || match bob.does("chats", json!({})) {
        Done::Chats { chats, .. } => {
            chats.iter().map(|chat| format!("{} {}", chat.room, chat.unread)).collect::<Vec<_>>().join(", ")
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(unread(), "#a 5, @ann 2");
    ann.does("delete", json!({"room": "#a", "seq": 2}));
    ann.does("delete", json!({"room": "#a", "seq": 5}));
    ann.does("delete", json!({"room": "@bob", "seq": 1}));
    assert_eq!(unread(), "#a 3, @ann 1");
    ann.does("delete", json!({"room": "@bob", "seq": 2}));
    assert_eq!(unread(), "#a 3, @ann 0");
    bob.does("read", json!({"room": "#a", "seq": 3}));
    match bob.does("chats", json!({})) {
        Done::Chats { chats, .. } => assert_eq!((chats[0].read, chats[0].unread, chats[0].seq), (3, 1, 5)),
        other => panic!("{other:?}"),
    }
}
