//! Private conversations of an account: how many there may be, and how one ends. (protocol.md, `close`)

use serde_json::json;

use crate::support::TestServer;

/// limits.md, `conversations`: guests begin half of them at the most, and may still write in those that they have.
#[test]
fn an_account_has_no_more_conversations_than_the_limit_says_and_guests_begin_half_of_them() {
    let server = TestServer::with_database_and(|limits| limits.conversations = 4);
    server.account("ann").quit();
    let mut guests: Vec<_> = (0..3).map(|i| server.login(&format!("guest{i}"))).collect();
    guests[0].does("msg", json!({"to": "ann", "text": "one"}));
    guests[1].does("msg", json!({"to": "ann", "text": "two"}));
    let refusal = guests[2].refusal("msg", json!({"to": "ann", "text": "three"}));
    assert_eq!((&*refusal.code, &*refusal.value), ("conversations-full", "ann"));
    guests[0].does("msg", json!({"to": "ann", "text": "one more"}));
    let server = server.restarted();
    let mut late = server.login("late");
    assert_eq!(late.code("msg", json!({"to": "ann", "text": "after a restart"})), "conversations-full");
    for name in ["bob", "eve"] {
        server.account(name).does("msg", json!({"to": "ann", "text": "I have an account"}));
    }
    let mut gleb = server.account("gleb");
    assert_eq!(gleb.code("msg", json!({"to": "ann", "text": "five"})), "conversations-full");
    // She ends one, and there is room for one.
    let mut ann = server.once_more("ann");
    ann.does("close", json!({"nick": "eve"}));
    gleb.does("msg", json!({"to": "ann", "text": "five"}));
    assert_eq!(ann.chats(), ["@bob 0/1", "@gleb 0/1", "@guest0 0/2", "@guest1 0/1"]);
}

/// protocol.md, `close`: it is not among one's chats any more, until one of the two writes in it again.
#[test]
fn a_conversation_that_was_ended_comes_back_when_the_other_writes_and_only_that_is_unread() {
    let server = TestServer::with_database();
    let (mut ann, mut bob) = (server.account("ann"), server.account("bob"));
    bob.does("msg", json!({"to": "ann", "text": "hi"}));
    ann.does("close", json!({"nick": "bob"}));
    assert_eq!(ann.chats(), Vec::<String>::new());
    assert_eq!(ann.code("close", json!({"nick": "bob"})), "no-conversation");
    assert_eq!(bob.chats(), ["@ann 1/1"], "he has it still");
    let server = server.restarted();
    let (mut ann, mut bob) = (server.once_more("ann"), server.once_more("bob"));
    assert_eq!(ann.chats(), Vec::<String>::new());
    bob.does("msg", json!({"to": "ann", "text": "again"}));
    assert_eq!(ann.chats(), ["@bob 1/2"]);
    assert_eq!(ann.texts("@bob"), ["hi", "again"]);
    // When both have ended it, it is over.
    ann.does("close", json!({"nick": "bob"}));
    bob.does("close", json!({"nick": "ann"}));
    bob.does("msg", json!({"to": "ann", "text": "anew"}));
    assert_eq!((ann.chats(), ann.texts("@bob")), (vec!["@bob 0/1".to_owned()], vec!["anew".to_owned()]));
}

/// protocol.md, `close`: with guests who have left, nothing is left of it; at `nc` it is `/close NAME`.
#[test]
fn a_conversation_with_a_guest_who_left_ends_with_all_that_was_said() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    for text in ["one", "two"] {
        let mut guest = server.login("guest");
        guest.does("msg", json!({"to": "ann", "text": text}));
        guest.quit();
        server.wait_for_sessions(1);
    }
    assert_eq!(ann.chats(), ["@guest 0/1", "@guest 0/1"]);
    assert_eq!(ann.finds(json!({"text": "two"})), ["@guest two"]);
    ann.does("close", json!({"nick": "guest"}));
    assert_eq!(ann.chats(), Vec::<String>::new());
    assert_eq!(ann.finds(json!({"text": "two"})), Vec::<String>::new());
    let mut nina = server.nc_login("nina");
    assert_eq!(nina.asks("/close ann"), ["! Log in first: /login NAME, or /register to make an account of your name."]);
}
