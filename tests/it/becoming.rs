//! Many commands in one write, half-closed connections, and guests who get an account. Knows a little of everything.

use roomful::answer::Done;
use roomful::event::Event;
use roomful::model::CloseReason;
use serde_json::json;

use crate::support::{PASSWORD, TestServer, brief, seqs};

/// protocol.md, *Ending*: a half-close is still answered, and what was answered is stored.
#[test]
fn a_peer_that_only_stops_sending_is_answered_to_the_last_line() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    let line = |n: u64| json!({"type": "say", "tag": format!("s{n}"), "text": n.to_string()}).to_string() + "\n";
    ann.wire.send((1..=200).map(line).collect::<String>());
    ann.wire.half_close();
    let events = ann.rest();
    let tags = events.iter().filter_map(|event| match event {
        Event::Ok { tag: Some(tag), done: Done::Say { .. } } => Some(tag.0.to_string()),
        _ => None,
    });
    assert_eq!(tags.collect::<Vec<_>>(), (1..=200).map(|n| format!("s{n}")).collect::<Vec<_>>());
    assert!(matches!(events.last(), Some(Event::Closing { reason: CloseReason::Lost, .. })), "{:?}", events.last());
    let server = server.restarted();
    let mut bob = server.login_in("bob", "#a");
    assert_eq!(seqs(&bob.history(json!({"after": 100, "limit": 100}))), Vec::from_iter(101..=200));
}

/// protocol.md, *Lines*: a whole conversation in one write, from the greeting on.
#[test]
fn a_whole_session_in_one_write_is_answered_in_its_order() {
    let server = TestServer::with_database();
    server.account_in("ann", "#a").quit();
    for greeting in [
        json!({"type": "hello", "tag": "0", "version": 1, "nick": "ann", "password": PASSWORD, "rooms": ["#b"]}),
        json!({"type": "hello", "tag": "0", "version": 1, "nick": "bob", "rooms": ["#b"]}),
    ] {
        let mut wire = server.wire();
        let lines = [
            greeting,
            json!({"type": "say", "tag": "1", "text": "in the room of the greeting"}),
            json!({"type": "join", "tag": "2", "room": "#c"}),
            json!({"type": "say", "tag": "3", "text": "in the one joined"}),
            json!({"type": "say", "tag": "4", "room": "#b", "text": "and back"}),
            json!({"type": "quit", "tag": "5"}),
        ];
        wire.send(lines.map(|line| line.to_string() + "\n").concat());
        let events: Vec<Event> =
            wire.rest().iter().map(|line| roomful::wire::json::decode_event(line.as_bytes()).unwrap()).collect();
        let words: Vec<String> = events
            .iter()
            .filter_map(|event| match event {
                Event::Ok { tag, done: Done::Say { room, .. } } => Some(format!("{} {room}", tag.as_ref()?.0)),
                Event::Ok { tag, .. } => Some(tag.as_ref()?.0.to_string()),
                Event::Error { .. } => Some(brief(event)),
                _ => None,
            })
            .collect();
        assert_eq!(words, ["0", "1 #b", "2", "3 #c", "4 #b", "5"]);
        assert!(matches!(events.last(), Some(Event::Closing { reason: CloseReason::Quit, .. })));
        server.wait_for_sessions(0);
    }
}

/// protocol.md, `deop`: takes from an op what an op may, and nothing from anybody else.
#[test]
fn deop_of_a_member_who_is_no_op_takes_no_invitation_away() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account("bob");
    ann.does("settings", json!({"room": "#a", "invite_only": true}));
    ann.does("invite", json!({"room": "#a", "nick": "bob"}));
    ann.sync();
    ann.does("deop", json!({"room": "#a", "nick": "bob"}));
    assert_eq!(ann.sync(), [], "nothing has changed");
    bob.join("#a");
}

/// protocol.md, `register`: makes an account of the nick one has; after it one is the same person.
#[test]
fn a_person_who_registers_keeps_the_conversations_of_the_guest() {
    let server = TestServer::with_database();
    let mut bob = server.account("bob");
    let mut ann = server.login("ann");
    ann.does("msg", json!({"to": "bob", "text": "as a guest"}));
    ann.register();
    ann.does("msg", json!({"to": "bob", "text": "as an account"}));
    assert_eq!(bob.texts("@ann"), ["as a guest", "as an account"]);
    assert_eq!(ann.texts("@bob"), ["as a guest", "as an account"]);
    assert_eq!(bob.chats(), ["@ann 0/2"]);
}

/// protocol.md, *Files*: for the two of the conversation, as long as the guest's token holds.
#[test]
fn a_guest_who_comes_back_gets_the_files_and_finds_the_words_of_a_conversation() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    let guest = server.login("guest");
    let token = guest.resume.clone();
    let (file, _) = ann.sends_file("@guest", "map", b"here");
    ann.does("msg", json!({"to": "guest", "text": "needle"}));
    drop((ann, guest));
    let server = server.restarted();
    let (mut guest, nick) = server.come_back(&token);
    assert_eq!(nick, "guest");
    assert_eq!(guest.finds(json!({"text": "needle"})), ["@ann needle"]);
    assert_eq!(guest.gets(file).1, b"here");
}

/// protocol.md, `delete-account`: with its conversations, for the other side as well.
#[test]
fn a_deleted_account_takes_its_conversations_along() {
    let server = TestServer::with_database();
    let mut bob = server.account("bob");
    let mut ann = server.account("ann");
    let (file, _) = ann.sends_file("@bob", "map", b"here");
    assert_eq!(bob.gets(file).1, b"here");
    ann.does("delete-account", json!({"password": PASSWORD}));
    assert_eq!(bob.chats(), [""; 0]);
    assert_eq!(bob.code("history", json!({"room": "@ann"})), "no-such-nick");
    assert_eq!(bob.code("get", json!({"file": file})), "no-such-file");
    assert_eq!(bob.code("reply", json!({"text": "x"})), "nobody-to-reply-to");
    let mut other = server.account("ann");
    other.does("msg", json!({"to": "bob", "text": "another ann"}));
    assert_eq!(bob.texts("@ann"), ["another ann"]);
}

/// protocol.md, `register-room`: a room that stays though nobody is in it and nothing was said.
#[test]
fn a_registered_room_lasts_when_it_is_empty_and_ends_when_dropped() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#mine");
    ann.does("register-room", json!({}));
    ann.does("settings", json!({"invite_only": true}));
    ann.quit();
    let server = server.restarted();
    let mut bob = server.login("bob");
    assert_eq!(bob.code("join", json!({"room": "#mine"})), "invite-only");
    let mut ann = server.once_more("ann");
    ann.join("#mine");
    ann.does("drop-room", json!({}));
    ann.leave("#mine");
    assert_eq!(bob.join("#mine").members, ["bob"], "another room by that name");
    ann.join("#mine");
    let code = ann.code("kick", json!({"room": "#mine", "nick": "bob"}));
    assert_eq!(code, "needs-role", "whoever made it anew keeps order there");
}

/// protocol.md, guarantee 5: `finish` to a person, tags and all, as a line.
#[test]
fn a_file_to_a_person_who_is_not_here_is_unread_for_them() {
    let server = TestServer::with_database();
    server.account("bob").quit();
    let mut ann = server.account("ann");
    let (file, seq) = ann.sends_file("@BOB", "map", b"here");
    assert_eq!(seq, 1);
    let mut bob = server.once_more("bob");
    assert_eq!(bob.chats_told(), ["@ann 0/1"]);
    let history = bob.history(json!({"room": "@ann"}));
    assert_eq!(history.messages[0].file.as_ref().map(|info| info.file), Some(file));
    assert_eq!(bob.gets(file).1, b"here");
}

/// protocol.md, `ban`: it is for the account, and coming in as a guest does not evade it.
#[test]
fn a_person_who_logs_in_does_not_stay_where_the_account_is_banned() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    server.account_in("bob", "#a").quit();
    ann.does("ban", json!({"room": "#a", "nick": "bob"}));
    let mut guest = server.login_in("guest", "#a");
    guest.does("login", json!({"account": "bob", "password": PASSWORD}));
    assert_eq!(guest.code("say", json!({"room": "#a", "text": "still here"})), "not-in-room");
    assert_eq!(guest.code("join", json!({"room": "#a"})), "banned");
    let heard = ann.hears();
    assert!(heard.iter().any(|line| line.contains("bob")), "{heard:?}");
}
