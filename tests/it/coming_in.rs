//! Coming in with passwords and tokens at once, many at once, and as another person than before. Knows no rooms but a few. (protocol.md, `hello`, `login`, `logout`)

use std::thread;

use roomful::answer::Done;
use roomful::event::Event;
use serde_json::json;

use crate::support::{PASSWORD, TestServer, brief};

/// protocol.md, `login-too-often`: wrong passwords count, and right ones do not, however many come at once.
#[test]
fn many_log_in_at_once_from_one_address() {
    let server = TestServer::with_database();
    let names: Vec<String> = (0..12).map(|n| format!("user{n}")).collect();
    names.iter().for_each(|name| drop(server.account(name).quit()));
    let codes: Vec<String> = thread::scope(|scope| {
        let login = |name: &String| {
            let mut peer = server.peer();
            let done = peer.hello(json!({"nick": name, "password": PASSWORD, "rooms": []}));
            done.unwrap_or_else(|refusal| refusal.code)
        };
        let threads: Vec<_> = names.iter().map(|name| scope.spawn(move || login(name))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(codes, names);
}

/// The same, for a guesser on many connections at once.
#[test]
fn a_guesser_on_many_connections_at_once_has_three_tries() {
    let server = TestServer::with_database();
    server.account("ann").quit();
    let mut codes: Vec<String> = thread::scope(|scope| {
        let guess = |n: usize| {
            let mut peer = server.peer();
            peer.hello(json!({"nick": "ann", "password": format!("a wrong one {n}")})).unwrap_err().code
        };
        let threads: Vec<_> = (0..10).map(|n| scope.spawn(move || guess(n))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    codes.sort();
    assert_eq!(codes, [vec!["login-failed"; 3], vec!["login-too-often"; 7]].concat());
}

/// protocol.md, `hello`: with a password it is the account that is meant, whatever the token was for.
#[test]
fn a_password_counts_more_than_the_token_of_another_person() {
    let server = TestServer::with_database();
    server.account("ann").quit();
    for lost in [false, true] {
        let guest = server.login("guest");
        let token = guest.resume.clone();
        let ghost = if lost {
            guest.wire.reset();
            server.wait_for_sessions(0);
            None
        } else {
            Some(guest)
        };
        let mut ann = server.peer();
        let done = ann.ask("hello", json!({"version": 1, "nick": "ann", "password": PASSWORD, "resume": token}));
        assert!(
            matches!(&done, Ok(Done::Hello { nick: Some(nick), registered: true, .. }) if &**nick == "ann"),
            "lost {lost}: {done:?}"
        );
        ann.quit();
        drop(ghost);
        server.wait_for_sessions(0);
    }
}

/// protocol.md, `logout`: the token is a guest's from then on.
#[test]
fn a_person_who_logged_out_comes_back_as_the_guest() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    let token = ann.resume.clone();
    let Done::Logout { nick } = ann.does("logout", json!({})) else { panic!() };
    ann.sync();
    drop(ann);
    server.wait_for_sessions(0);
    let (mut guest, name) = server.come_back(&token);
    assert_eq!(*name, *nick);
    assert_eq!(guest.code("chats", json!({})), "login-first");
    drop(guest);
    let server = server.restarted();
    let (mut guest, name) = server.come_back(&token);
    assert_ne!(name, "ann");
    assert_eq!(guest.code("chats", json!({})), "login-first");
}

/// protocol.md, `delete-account`: every session goes on in the lobby, and tokens of the account open nothing.
#[test]
fn nothing_brings_a_deleted_account_back() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.say("#a", "x");
    let lost = server.once_more("ann");
    let token = lost.resume.clone();
    lost.wire.reset();
    server.wait_for_sessions(1);
    ann.does("delete-account", json!({"password": PASSWORD}));
    ann.shown();
    assert_eq!(server.peer().hello(json!({"nick": "zed", "password": PASSWORD})).unwrap_err().code, "login-failed");
    let (mut guest, _) = server.come_back(&token);
    assert_eq!(guest.code("chats", json!({})), "login-first");
    drop((ann, guest));
    let server = server.restarted();
    let (mut guest, _) = server.come_back(&token);
    assert_eq!(guest.code("chats", json!({})), "login-first");
    let login = json!({"account": "ann", "password": PASSWORD});
    assert_eq!(guest.code("login", login), "login-failed");
}

/// protocol.md, `chats`: rooms, then conversations, each in the order of the names.
#[test]
fn chats_are_in_the_order_of_the_names_whatever_their_case() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#Beta");
    ann.join("#alpha");
    for nick in ["Zoe", "bob", "Cat"] {
        server.account(nick).does("msg", json!({"to": "ann", "text": "x"}));
    }
    assert_eq!(ann.chats(), ["#alpha 0/0", "#Beta 0/0", "@bob 0/1", "@Cat 0/1", "@Zoe 0/1"]);
}

/// protocol.md, `finish`: its text is one like any other.
#[test]
fn the_words_with_a_file_have_the_limit_of_all_words() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    let (upload, url) = ann.offers("#a", "x", 0);
    assert_eq!(ann.puts(&url, b"").status, 201);
    let finish = |text: String| json!({"upload": upload, "sha256": crate::support::sha256(b""), "text": text});
    let refusal = ann.refusal("finish", finish("x".repeat(4_001)));
    assert_eq!((&*refusal.code, &*refusal.value), ("text-too-long", "4001"));
    ann.does("finish", finish("x".repeat(4_000)));
}

/// protocol.md, `finish`: a member who may not speak there any more does not send a file there either.
#[test]
fn a_member_who_is_put_out_in_the_middle_of_an_upload_sends_nothing() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    let (upload, url) = bob.offers("#a", "x", 0);
    assert_eq!(bob.puts(&url, b"").status, 201);
    let finish = json!({"upload": upload, "sha256": crate::support::sha256(b"")});
    ann.does("mute", json!({"room": "#a", "nick": "bob"}));
    assert_eq!(bob.code("finish", finish.clone()), "muted");
    ann.does("unmute", json!({"room": "#a", "nick": "bob"}));
    ann.does("kick", json!({"room": "#a", "nick": "bob"}));
    assert_eq!(bob.code("finish", finish.clone()), "not-in-room");
    assert_eq!(ann.file_names("#a"), [""; 0]);
    bob.join("#a");
    bob.does("finish", finish);
    let message = ann.wait(|event| matches!(event, Event::Message(_)));
    assert_eq!(brief(&message), "#a bob: ");
}
