//! Words that are found as people type them, also inside a run without blanks; and texts that show nothing. Knows no pages. (protocol.md, `search`, *Text*)

use std::sync::Arc;

use roomful::answer::Done;
use roomful::limits::InForce;
use roomful::model::Message;
use roomful::model::{Identity, PlaceId, ResumeId, Settings};
use roomful::names::RoomName;
use roomful::record::{Record, RoomRecord, StoredMessage};
use roomful::store;
use serde_json::json;

use crate::server_support::{Program, with_database};
use crate::support::TestServer;

/// protocol.md, `search`: what people type for one another is the same, and a run without blanks is searched inside.
#[test]
fn words_are_found_inside_a_run_and_however_they_are_typed() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    for text in ["今天你好吗", "それでも", "Café Straße", "ΟΔΥΣΣΕΎΣ", "мой ёж", "👩‍🚀 lands"]
    {
        ann.say("#a", text);
    }
    for (words, found) in [
        ("你好", &["今天你好吗"][..]),
        ("でも", &["それでも"]),
        ("cafe", &["Café Straße"]),
        ("STRASSE caf*", &["Café Straße"]),
        ("οδυσσευς", &["ΟΔΥΣΣΕΎΣ"]),
        ("еж", &["мой ёж"]),
        ("мои", &[]),
        ("👩‍🚀", &["👩‍🚀 lands"]),
    ] {
        let found: Vec<String> = found.iter().map(|text| format!("#a {text}")).collect();
        assert_eq!(ann.finds(json!({"text": words})), found, "{words}");
    }
    let mut bob = server.nc();
    bob.types("bob #a");
    bob.until("* You are in #a.");
    bob.types("/search cafe");
    bob.until("--- 1 found ---");
    bob.until("Café Straße");
}

/// protocol.md, *Text*: what shows nothing counts as the empty text, on both fronts.
#[test]
fn a_text_that_shows_nothing_is_the_empty_text() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    for hidden in
        ["\u{3164}", "\u{200b}\u{200d}", "\u{2800} \u{2800}", "\u{ad}", "\u{115f}\u{1160}", "\u{fe0f}", "\n\u{3000}\t"]
    {
        let fields = |name: &str| json!({"room": "#a", "to": "ann", name: hidden, "text": hidden});
        for kind in ["say", "me", "msg"] {
            assert_eq!(bob.code(kind, fields("x")), "text-empty", "{kind} {hidden:?}");
        }
        assert_eq!(ann.code("search", json!({"text": hidden})), "text-empty");
        ann.does("topic", json!({"room": "#a", "topic": "skis"}));
        assert_eq!(
            ann.does("topic", json!({"room": "#a", "topic": hidden})),
            Done::Topic { room: "#a".into(), topic: None, topic_by: None, topic_time: None }
        );
        match bob.does("away", json!({"text": hidden})) {
            Done::Away { text } => assert!(!text.is_empty() && *text != *hidden, "{text:?}"),
            other => panic!("{other:?}"),
        }
        // To open the room would be the opposite of what was meant.
        let refusal = ann.refusal("settings", json!({"room": "#a", "key": hidden}));
        assert_eq!(refusal.code, "bad-field");
    }
    bob.does("back", json!({}));
    assert!(ann.texts("#a").is_empty(), "nothing was said");
    assert_eq!(ann.say("#a", "👍\u{fe0f}"), 1);
    ann.does("settings", json!({"room": "#a", "key": "open"}));
    ann.does("settings", json!({"room": "#a", "key": ""}));
    let mut nc = server.nc_login("vera");
    nc.types("\u{3164}\u{200b}");
    nc.until("! There is nothing to send in that.");
    nc.types("/me \u{2800}");
    nc.until("! There is nothing to send in that.");
}

/// protocol.md, *Names*: no name is hidden either.
#[test]
fn a_name_that_shows_nothing_is_refused() {
    let server = TestServer::start();
    let mut ann = server.login("ann");
    for hidden in ["\u{3164}", "\u{200b}", "\u{2800}", "a\u{3164}", "a\u{200d}b", "\u{115f}"] {
        let codes = [ann.code("nick", json!({"nick": hidden})), ann.code("join", json!({"room": hidden}))];
        assert!(codes[0].starts_with("nick-bad") && codes[1].starts_with("room-bad"), "{hidden:?} {codes:?}");
    }
}

/// protocol.md, `offer`: a name that shows nothing is `file`.
#[test]
fn a_file_whose_name_shows_nothing_is_called_file() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let (upload, url) = ann.offers("#a", "\u{3164}\u{200b}", 1);
    assert_eq!(ann.puts(&url, b"x").status, 201);
    ann.does("finish", json!({"upload": upload, "text": "\u{3164}"}));
    let said = ann.history(json!({"room": "#a"})).messages;
    assert_eq!((&*said[0].text, &*said[0].file.as_ref().unwrap().name), ("", "file"));
}

/// README, *What is stored*: if much is to be indexed, the operator is told, and also when it is done.
#[test]
fn the_operator_is_told_when_much_is_to_be_indexed_and_when_it_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    let mut writer = store::open(&data, &InForce::default()).unwrap().writer;
    let room = RoomRecord {
        place: PlaceId(1),
        name: RoomName::parse("#a").unwrap(),
        made: 1,
        topic: None,
        settings: Settings::default(),
        registered: false,
    };
    let line = |seq| {
        let message =
            Message { seq, from: "ann".into(), text: "今天你好吗".into(), time: 1, ..Message::default() };
        Record::Message(StoredMessage {
            place: PlaceId(1),
            identity: Identity::Guest(ResumeId(1)),
            message: Arc::new(message),
        })
    };
    writer.write(&[Record::Room(room)]).unwrap();
    writer.write(&(1..=10_000).map(line).collect::<Vec<_>>()).unwrap();
    writer.close().unwrap();
    let mut program = Program::spawn(&mut with_database(&data));
    program.shows("the words of 10000 messages are put into the index");
    program.shows("all words can be found again");
    let mut ann = program.peer("ann", "#a");
    assert_eq!(ann.finds(json!({"text": "你好", "limit": 1})), ["#a 今天你好吗"]);
    drop(ann);
    assert_eq!(program.stop().code, Some(0));
    let program = Program::spawn(&mut with_database(&data));
    assert_eq!(program.stop().out.iter().filter(|line| line.contains("index")).count(), 0, "it is told once");
}
