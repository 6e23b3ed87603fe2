//! Words that are found, and by whom. Knows no deleting. (protocol.md, `search`)

use roomful::answer::Done;
use serde_json::json;

use crate::support::TestServer;

/// protocol.md, `search`: case does not matter, е finds ё; all words; phrases; beginnings.
#[test]
fn words_are_found_in_any_case_as_phrases_and_by_their_beginnings() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    for text in ["Ёлка и ЁЖИК", "ежик в тумане", "новая Лыжня за лесом", "за новой лыжнёй", "Straße 12", "wax, wax-on"]
    {
        ann.say("#a", text);
    }
    let mut finds = |text: &str| ann.finds(json!({"text": text})).join("; ");
    assert_eq!(finds("ежик"), "#a ежик в тумане; #a Ёлка и ЁЖИК");
    assert_eq!(finds("ёжик"), "#a ежик в тумане; #a Ёлка и ЁЖИК");
    assert_eq!(finds("ЕЖИК туман*"), "#a ежик в тумане");
    assert_eq!(finds("лыжн*"), "#a за новой лыжнёй; #a новая Лыжня за лесом");
    assert_eq!(finds("лыжн"), "");
    assert_eq!(finds("\"лыжня за\""), "#a новая Лыжня за лесом");
    assert_eq!(finds("\"за лыжня\""), "");
    assert_eq!(finds("за лыжня"), "#a новая Лыжня за лесом");
    assert_eq!(finds("12"), "#a Straße 12");
    assert_eq!(finds("straße"), "#a Straße 12");
    assert_eq!(finds("wax-on"), "#a wax, wax-on");
    assert_eq!(finds("нет такого"), "");
}

/// What means something to SQLite is looked for as it stands, or finds nothing; it fails nothing.
#[test]
fn no_search_is_an_error_or_more_than_words() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    ann.say("#a", "alpha beta NOT gamma");
    for text in
        ["'", "\"", "\"\"", "*", "(", "a AND", "NEAR(", "text:alpha", "alpha OR zzz", "-", "^alpha", "%", "😀", "\0x"]
    {
        let found = ann.ask("search", json!({"text": text}));
        assert!(matches!(found, Ok(Done::Search { .. })) || found.is_err_and(|e| e.code == "text-empty"), "{text}");
    }
    assert_eq!(ann.finds(json!({"text": "alpha NOT gamma"})).len(), 1, "a word like any other");
    assert_eq!(ann.finds(json!({"text": "alpha OR gamma"})), [""; 0]);
    assert_eq!(ann.code("search", json!({"text": " "})), "text-empty");
    assert_eq!(ann.code("search", json!({})), "missing-field");
    assert_eq!(ann.code("search", json!({"text": "x".repeat(4_001)})), "text-too-long");
}

/// protocol.md, `search`: in the rooms one is in and one's own conversations, and nowhere else.
#[test]
fn nobody_finds_what_they_may_not_see() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#b");
    let mut eve = server.account_in("eve", "#e");
    ann.say("#a", "secret in a");
    bob.say("#b", "secret in b");
    ann.does("msg", json!({"to": "bob", "text": "secret of two"}));
    bob.does("msg", json!({"to": "eve", "text": "secret of bob and eve"}));
    let secret = || json!({"text": "secret"});
    assert_eq!(ann.finds(secret()), ["@bob secret of two", "#a secret in a"], "the newest first");
    assert_eq!(eve.finds(secret()), ["@bob secret of bob and eve"]);
    assert_eq!(eve.code("search", json!({"room": "#a", "text": "secret"})), "not-in-room");
    assert_eq!(eve.code("search", json!({"room": "@ann", "text": "secret"})), "no-conversation");
    assert_eq!(bob.finds(json!({"room": "@Ann", "text": "secret"})), ["@ann secret of two"]);
    assert_eq!(bob.finds(json!({"room": "#b", "text": "secret"})), ["#b secret in b"]);
    eve.join("#a");
    assert_eq!(eve.finds(secret()), ["@bob secret of bob and eve", "#a secret in a"], "who is in, finds");
    eve.leave("#a");
    assert_eq!(eve.finds(secret()), ["@bob secret of bob and eve"]);
    drop((ann, bob, eve));
    let server = server.restarted();
    assert_eq!(server.once_more("eve").finds(secret()), ["@bob secret of bob and eve"]);
    assert_eq!(server.once_more("ann").finds(secret()), ["@bob secret of two"], "not in #a now");
    assert_eq!(server.login("guest").finds(secret()), [""; 0]);
}

/// protocol.md, `search`: also in a guest's own conversations.
#[test]
fn a_guest_finds_what_was_said_in_private() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    let mut guest = server.login("guest");
    ann.does("msg", json!({"to": "guest", "text": "secret"}));
    assert_eq!(guest.finds(json!({"room": "@ann", "text": "secret"})), ["@ann secret"]);
    assert_eq!(guest.finds(json!({"text": "secret"})), ["@ann secret"]);
}

/// protocol.md, `search`: pages, with the `next` of the one before.
#[test]
fn what_is_found_comes_in_pages_with_nothing_left_out() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    for n in 1..=60 {
        ann.say("#a", &format!("needle {n}"));
        ann.say("#a", "hay");
    }
    let mut found = Vec::new();
    let mut next = json!(null);
    loop {
        let fields = json!({"room": "#a", "text": "needle", "limit": 7, "next": next});
        let Done::Search { messages, more, next: after } = ann.does("search", fields) else { panic!() };
        assert!(messages.windows(2).all(|two| two[0].seq > two[1].seq), "the newest first");
        found.extend(messages.iter().map(|message| message.seq));
        if !more {
            break;
        }
        assert_eq!(messages.len(), 7);
        next = json!(after);
    }
    assert_eq!(found, Vec::from_iter((0..60).map(|n| 2 * n + 1).rev()));
    let Done::Search { messages, more, .. } = ann.does("search", json!({"text": "needle", "limit": 1_000})) else {
        panic!()
    };
    assert_eq!((messages.len(), more), (60, false));
    let Done::Search { messages, more, .. } = ann.does("search", json!({"text": "needle"})) else { panic!() };
    assert!(messages.len() <= 100 && (more || messages.len() == 60), "{} {more}", messages.len());
}

/// The first results in 1,500 messages come as they should, from the file too.
#[test]
fn an_old_message_is_found_after_a_restart() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    ann.say("#a", "старая лыжня");
    ann.says_numbers("#a", 2, 1_500);
    drop(ann);
    let server = server.restarted();
    let mut bob = server.login_in("bob", "#a");
    assert_eq!(bob.finds(json!({"text": "ЛЫЖНЯ"})), ["#a старая лыжня"]);
    assert_eq!(bob.finds(json!({"text": "1234"})), ["#a 1234"]);
}
