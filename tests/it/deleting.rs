//! Messages that are deleted. Knows no files. (protocol.md, `delete`)

use roomful::answer::Done;
use serde_json::json;

use crate::support::TestServer;

/// protocol.md, `delete`: one's own last one, or one by its number; everybody there is told.
#[test]
fn a_person_who_said_something_takes_it_back() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    bob.say("#a", "bob's first");
    ann.say("#a", "ann's");
    bob.say("#a", "bob's second");
    ann.sync();
    bob.sync();
    assert_eq!(bob.does("delete", json!({})), Done::Delete { room: "#a".into(), seq: 3 });
    assert_eq!(bob.does("delete", json!({"room": "a"})), Done::Delete { room: "#a".into(), seq: 1 });
    assert_eq!(bob.code("delete", json!({"room": "#a"})), "no-such-message", "nothing of bob's is left");
    assert_eq!(ann.hears(), ["#a 3 deleted by bob", "#a 1 deleted by bob"]);
    assert_eq!(bob.hears(), ["#a 3 deleted by bob", "#a 1 deleted by bob"]);
    assert_eq!(bob.code("delete", json!({"room": "#a", "seq": 1})), "no-such-message", "it is deleted already");
    assert_eq!(bob.code("delete", json!({"room": "#a", "seq": 17})), "no-such-message");
    assert_eq!(bob.code("delete", json!({"room": "#a", "seq": 0})), "no-such-message");
    assert_eq!(bob.code("delete", json!({"room": "#a", "seq": u64::MAX})), "no-such-message");
    assert_eq!(bob.code("delete", json!({"room": "#a", "seq": 2})), "needs-role");
    assert_eq!(server.login("cat").code("delete", json!({"room": "#a", "seq": 2})), "not-in-room");
    let history = server.login("dan").join("#a").history;
    let shown: Vec<_> = history.messages.iter().map(|m| (m.seq, &*m.text, m.deleted)).collect();
    assert_eq!(shown, [(1, "", true), (2, "ann's", false), (3, "", true)]);
}

/// protocol.md, `delete`: an op, what others said; also what is in the database only.
#[test]
fn an_op_deletes_what_others_said_also_long_ago() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.does("register-room", json!({}));
    let mut bob = server.account_in("bob", "#a");
    bob.says_numbers("#a", 1, 150);
    bob.does("delete", json!({"room": "#a", "seq": 3}));
    assert_eq!(ann.code("delete", json!({"room": "#a", "seq": 3})), "no-such-message");
    drop((ann, bob));
    let server = server.restarted();
    let mut ann = server.once_more("ann");
    let mut eve = server.account_in("eve", "#a");
    ann.join("#a");
    eve.sync();
    for seq in [1, 149] {
        assert_eq!(eve.code("delete", json!({"room": "#a", "seq": seq})), "needs-role");
        ann.does("delete", json!({"room": "#a", "seq": seq}));
    }
    assert_eq!(eve.hears(), ["#a 1 deleted by ann", "#a 149 deleted by ann"]);
    assert_eq!(eve.code("delete", json!({})), "no-such-message", "eve has said nothing");
    let mut bob = server.once_more("bob");
    bob.join("#a");
    assert_eq!(bob.does("delete", json!({"room": "#a", "seq": 2})), Done::Delete { room: "#a".into(), seq: 2 });
    assert_eq!(bob.does("delete", json!({"room": "#a"})), Done::Delete { room: "#a".into(), seq: 150 });
    let deleted: Vec<u64> = [1, 101]
        .into_iter()
        .flat_map(|from| bob.history(json!({"room": "#a", "after": from - 1, "limit": 100})).messages)
        .filter(|message| message.deleted)
        .map(|message| message.seq)
        .collect();
    assert_eq!(deleted, [1, 2, 3, 149, 150]);
}

/// protocol.md, `delete`: what is deleted is not found, and is in no file after the end.
#[test]
fn what_is_deleted_is_not_found_and_not_in_the_file() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.say("#a", "the key is under the xylophone");
    ann.say("#a", "nothing there");
    assert_eq!(ann.finds(json!({"text": "xylophone"})).len(), 1);
    ann.does("delete", json!({"room": "#a", "seq": 1}));
    for _ in 0..2 {
        for text in ["xylophone", "xyl*", "\"the key\""] {
            assert_eq!(ann.finds(json!({"text": text})), [""; 0], "{text}");
        }
        assert_eq!(ann.texts("#a"), ["", "nothing there"]);
    }
    drop(ann);
    let data = server.data();
    let server = server.restarted();
    let mut ann = server.once_more("ann");
    ann.join("#a");
    assert_eq!(ann.finds(json!({"text": "xylophone"})), [""; 0]);
    assert_eq!(ann.finds(json!({"text": "nothing"})), ["#a nothing there"]);
    let bytes = std::fs::read(data).unwrap();
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("nothing there"), "what is kept is in there, or this proves nothing");
    assert!(!has("under the xylophone"), "the text is in the file still");
}

/// protocol.md, `delete`: in a private conversation, one's own only; both are told under the other's name.
#[test]
fn in_a_conversation_each_deletes_their_own() {
    let server = TestServer::with_database();
    let (mut ann, mut bob) = (server.account("ann"), server.account("Bob"));
    ann.does("msg", json!({"to": "bob", "text": "one"}));
    bob.does("reply", json!({"text": "two"}));
    ann.sync();
    bob.sync();
    assert_eq!(ann.code("delete", json!({"room": "@bob", "seq": 2})), "no-such-message");
    assert_eq!(ann.does("delete", json!({"room": "@bob", "seq": 1})), Done::Delete { room: "@Bob".into(), seq: 1 });
    assert_eq!(ann.hears(), ["@Bob 1 deleted by ann"]);
    assert_eq!(bob.hears(), ["@ann 1 deleted by ann"]);
    assert_eq!(ann.texts("@bob"), ["", "two"]);
    bob.does("delete", json!({"room": "@ann"}));
    assert_eq!(ann.texts("@bob"), ["", ""]);
    bob.quit();
    server.wait_for_sessions(1);
    ann.does("msg", json!({"to": "bob", "text": "three"}));
    ann.sync();
    ann.does("delete", json!({"room": "@bob"}));
    assert_eq!(ann.hears(), ["@Bob 3 deleted by ann"], "one's own sessions are told, also where the other is gone");
}

/// A guest's words are the guest's: another of the same name does not delete them.
#[test]
fn another_guest_of_the_same_name_deletes_nothing() {
    let server = TestServer::with_database();
    let _ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    bob.say("#a", "first bob");
    bob.quit();
    server.wait_for_sessions(1);
    let mut bob = server.login_in("bob", "#a");
    assert_eq!(bob.code("delete", json!({"room": "#a", "seq": 1})), "needs-role");
    assert_eq!(bob.code("delete", json!({"room": "#a"})), "no-such-message");
}

/// protocol.md, *What is stored*: without a database one deletes what is remembered.
#[test]
fn in_memory_too_what_is_remembered_is_deleted() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    ann.say("#a", "x");
    ann.does("delete", json!({}));
    assert_eq!(ann.texts("#a"), [""]);
    assert_eq!(ann.code("delete", json!({})), "no-such-message");
}
