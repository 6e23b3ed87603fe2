//! What is stored: history over pages and restarts, tags, and answers in their order. Knows no accounts. (protocol.md, *What is stored*, `history`)

use roomful::answer::Done;
use roomful::event::Event;
use serde_json::json;

use crate::support::{Peer, TestServer, brief, seqs};

/// Lab B6: after a restart the last lines come back, in their order, and the numbers go on.
#[test]
fn b6_after_a_restart_the_last_lines_come_back_in_order() {
    let server = TestServer::with_database();
    let mut ann = server.login("ann");
    let made = ann.join("#a").made;
    ann.says_numbers("#a", 1, 30);
    ann.does("topic", json!({"room": "#a", "topic": "skis"}));
    drop(ann);
    let server = server.restarted();
    let mut bob = server.login("bob");
    let shown = bob.join("#a");
    assert_eq!(seqs(&shown.history), Vec::from_iter(11..=30));
    assert!(shown.history.messages.iter().all(|m| *m.text == m.seq.to_string() && &*m.from == "ann"));
    assert_eq!((shown.made, shown.seq, shown.topic.as_deref()), (made, 30, Some("skis")));
    assert!(shown.history.more);
    assert_eq!(bob.say("#a", "goes on"), 31);
}

/// Lab B8: what was answered `ok` is there after a restart.
#[test]
fn b8_what_was_answered_is_there_after_a_restart() {
    let mut server = TestServer::with_database();
    for round in 1..=4 {
        let mut ann = server.login_in("ann", "#a");
        assert_eq!(ann.say("#a", &format!("line {round}")), round);
        assert_eq!(ann.texts("#a").len() as u64, round);
        drop(ann);
        server = server.restarted();
    }
}

/// protocol.md, `history`: all that is stored, page by page, also beyond what is in memory.
#[test]
fn all_that_is_stored_is_read_page_by_page_both_ways() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    ann.says_numbers("#a", 1, 250);
    read_all(&mut ann);
    drop(ann);
    let server = server.restarted();
    read_all(&mut server.login_in("bob", "#a"));
}

/// Reads 250 messages of #a both ways.
fn read_all(peer: &mut Peer) {
    let mut page = |fields: serde_json::Value| {
        let history = peer.history(fields);
        assert_eq!((&*history.room, history.after), ("#a", None));
        (seqs(&history), history.missed, history.more)
    };
    assert_eq!(page(json!({"limit": 3})), (vec![248, 249, 250], 0, true));
    assert_eq!(page(json!({})).0.len(), 20);
    assert_eq!(page(json!({"limit": 1_000})), (Vec::from_iter(151..=250), 0, true));
    assert_eq!(page(json!({"before": 156, "limit": 10})), (Vec::from_iter(146..=155), 0, true));
    assert_eq!(page(json!({"before": 4, "limit": 10})), (vec![1, 2, 3], 0, false));
    assert_eq!(page(json!({"before": 1})), (vec![], 0, false));
    assert_eq!(page(json!({"after": 145, "limit": 10})), (Vec::from_iter(146..=155), 0, true));
    assert_eq!(page(json!({"after": 0, "limit": 2})), (vec![1, 2], 0, true));
    assert_eq!(page(json!({"after": 248, "limit": 9})), (vec![249, 250], 0, false));
    assert_eq!(page(json!({"after": 250})), (vec![], 0, false));
    assert_eq!(page(json!({"after": u64::MAX})), (vec![], 0, false));
    assert_eq!(page(json!({"before": u64::MAX, "limit": 1})), (vec![250], 0, true));
    // Between two numbers.
    assert_eq!(page(json!({"before": 6, "after": 2})).0, [3, 4, 5]);
}

/// protocol.md, `history`: `until` and `since`.
#[test]
fn history_is_read_before_and_after_a_time() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    ann.says_numbers("#a", 1, 120);
    let times: Vec<i64> =
        [50, 120].map(|seq| ann.history(json!({"before": seq + 1, "limit": 1})).messages[0].time).into();
    for time in times {
        let earlier = ann.history(json!({"until": time, "limit": 100}));
        assert!(earlier.messages.iter().all(|message| message.time < time), "{time}");
        let later = ann.history(json!({"since": time, "limit": 100}));
        assert!(later.messages.iter().all(|message| message.time >= time), "{time}");
        let (last, first) = (seqs(&earlier).last().copied().unwrap_or(0), seqs(&later)[0]);
        assert_eq!(last + 1, first, "nothing between the two");
    }
    let long_ago = ann.history(json!({"since": 0, "limit": 5}));
    assert_eq!((seqs(&long_ago), long_ago.more), (vec![1, 2, 3, 4, 5], true));
    assert!(ann.history(json!({"until": 0})).messages.is_empty());
    assert!(ann.history(json!({"since": i64::MAX})).messages.is_empty());
    assert_eq!(seqs(&ann.history(json!({"until": i64::MAX, "limit": 2}))), [119, 120]);
}

/// protocol.md, `history`: of a conversation, under the other one's name, as of a room.
#[test]
fn a_long_conversation_is_read_page_by_page() {
    let server = TestServer::with_database();
    let (mut ann, mut bob) = (server.account("ann"), server.account("bob"));
    for n in 1..=130 {
        let (from, to) = if n % 2 == 0 { (&mut ann, "bob") } else { (&mut bob, "ann") };
        let done = from.does("msg", json!({"to": to, "text": n.to_string()}));
        assert!(matches!(done, Done::Msg { seq, .. } if seq == n), "{n}: {done:?}");
    }
    drop(bob);
    let check = |ann: &mut Peer| {
        assert_eq!(seqs(&ann.history(json!({"room": "@bob", "limit": 100}))), Vec::from_iter(31..=130));
        let first = ann.history(json!({"room": "@bob", "before": 31, "limit": 100}));
        assert_eq!((seqs(&first), first.more), (Vec::from_iter(1..=30), false));
        assert!(first.messages.iter().all(|m| *m.text == m.seq.to_string() && &*m.room == "@bob"));
        assert_eq!(seqs(&ann.history(json!({"room": "@bob", "after": 99, "limit": 3}))), [100, 101, 102]);
    };
    check(&mut ann);
    drop(ann);
    let server = server.restarted();
    check(&mut server.once_more("ann"));
}

/// protocol.md, *Tags and answers*: over a restart as well.
#[test]
fn a_tag_is_not_said_again_after_a_restart() {
    let server = TestServer::with_database();
    let _bob = server.account("bob");
    let mut ann = server.login_in("ann", "#a");
    let token = ann.resume.clone();
    let line = json!({"room": "#a", "text": "once", "tag": "mine"});
    let private = json!({"to": "bob", "text": "psst", "tag": "yours"});
    ann.send("say", line.clone());
    ann.send("msg", private.clone());
    let Ok(Done::Say { seq: 1, time, .. }) = ann.answer("mine") else { panic!() };
    ann.answer("yours").unwrap();
    drop(ann);
    let mut server = server.restarted();
    for _ in 0..2 {
        let (mut ann, nick) = server.come_back(&token);
        assert_eq!(nick, "ann");
        assert_eq!(ann.resume, token);
        ann.join("#a");
        ann.send("say", line.clone());
        ann.send("msg", private.clone());
        assert_eq!(ann.answer("mine").unwrap(), Done::Say { room: "#a".into(), seq: 1, time, again: true });
        let again = ann.answer("yours").unwrap();
        assert!(matches!(&again, Done::Msg { to, seq: 1, again: true, .. } if &**to == "bob"), "{again:?}");
        assert_eq!(ann.texts("#a"), ["once"]);
        assert_eq!(ann.texts("@bob"), ["psst"]);
        drop(ann);
        server = server.restarted();
    }
}

/// protocol.md, guarantee 2: one answer each, in the order of the commands, whatever they wait for.
#[test]
fn answers_come_in_the_order_of_the_commands_of_one_write() {
    let server = TestServer::with_database();
    let _bob = server.account("bob");
    let mut ann = server.account_in("ann", "#a");
    let commands = [
        r##"{"type":"say","tag":"1","room":"#a","text":"one"}"##,
        r##"{"type":"ping","tag":"2"}"##,
        r##"{"type":"say","tag":"3","room":"#a","text":"two"}"##,
        r##"no JSON"##,
        r##"{"type":"history","tag":"4","room":"#a"}"##,
        r##"{"type":"msg","tag":"5","to":"bob","text":"psst"}"##,
        r##"{"type":"say","tag":"6","room":"#none","text":"x"}"##,
        r##"{"type":"topic","tag":"7","room":"#a","topic":"skis"}"##,
        r##"{"type":"rooms","tag":"8"}"##,
        r##"{"type":"read","tag":"9","room":"#a"}"##,
        r##"{"type":"search","tag":"10","text":"two"}"##,
        r##"{"type":"say","tag":"1","room":"#a","text":"one"}"##,
        r##"{"type":"members","tag":"12","room":"#a"}"##,
        r##"{"type":"offer","tag":"13","room":"#a","name":"x","size":1}"##,
        r##"{"type":"finish","tag":"14","upload":1}"##,
        r##"{"type":"cancel","tag":"15","upload":1}"##,
        r##"{"type":"delete","tag":"16","room":"#a"}"##,
        r##"{"type":"chats","tag":"17"}"##,
    ];
    ann.wire.send(commands.join("\n") + "\n");
    let mut answers = Vec::new();
    while answers.len() < commands.len() {
        match ann.read() {
            Event::Ok { tag, .. } | Event::Error { tag, .. } => {
                answers.push(tag.map_or("-".to_owned(), |tag| tag.0.to_string()));
            }
            _ => {}
        }
    }
    let order = ["1", "2", "3", "-", "4", "5", "6", "7", "8", "9", "10", "1", "12", "13", "14", "15", "16", "17"];
    assert_eq!(answers, order);
}

/// What was said in the same write is in the history that is asked for after it.
#[test]
fn history_and_search_have_what_was_said_just_before() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    for n in 1..=20 {
        ann.send("say", json!({"room": "#a", "text": format!("word{n}")}));
        assert_eq!(seqs(&ann.history(json!({"limit": 1}))), [n]);
        assert_eq!(ann.finds(json!({"text": format!("word{n}")})), [format!("#a word{n}")]);
    }
}

/// protocol.md, *What is stored*: a room with nothing in it is removed, also over a restart; others are not.
#[test]
fn a_room_without_topic_and_message_is_removed_when_empty_and_others_are_not() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#said");
    ann.say("#said", "x");
    ann.join("#topic");
    ann.does("topic", json!({"topic": "t"}));
    ann.join("#nothing");
    for room in ["#said", "#topic", "#nothing"] {
        ann.leave(room);
    }
    let rooms = |peer: &mut Peer| match peer.does("rooms", json!({})) {
        Done::Rooms { rooms, .. } => rooms.iter().map(|room| room.room.to_string()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let resume_id = ["#lobby", "#said", "#topic"];
    assert_eq!(rooms(&mut ann), resume_id);
    ann.join("#nothing");
    drop(ann);
    let server = server.restarted();
    assert_eq!(rooms(&mut server.login("bob")), resume_id);
    assert_eq!(server.once_more("ann").chats_told(), [""; 0], "those it has left are not its own");
}

/// Lab B12: what a guest is told of a message to nobody.
#[test]
fn a_person_who_is_neither_here_nor_registered_cannot_be_written_to() {
    let server = TestServer::with_database();
    server.account("bob").quit();
    let mut ann = server.login("ann");
    assert_eq!(ann.code("msg", json!({"to": "nobody", "text": "x"})), "no-such-nick");
    assert_eq!(ann.code("reply", json!({"text": "x"})), "nobody-to-reply-to");
    ann.does("msg", json!({"to": "bob", "text": "for later"}));
    let private = ann.wait(|event| matches!(event, Event::Private { .. }));
    assert_eq!(brief(&private), "ann to bob: for later");
}
