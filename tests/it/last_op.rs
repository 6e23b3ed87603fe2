//! That a room always has an owner or an op: the last one cannot be deopped, and another follows. Knows no ban that is evaded. (protocol.md, *Roles*)

use roomful::answer::Done;
use roomful::event::Event;
use roomful::model::Role;
use serde_json::json;

use crate::support::{PASSWORD, TestServer};

/// protocol.md, *Roles*: nobody puts themselves out, bans or mutes themselves.
#[test]
fn nobody_moderates_themselves() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#b");
    for action in ["kick", "ban", "mute"] {
        assert_eq!(ann.code(action, json!({"room": "#a", "nick": "ann"})), "bad-field", "{action}");
        assert_eq!(bob.code(action, json!({"room": "#b", "nick": "Bob"})), "bad-field", "{action}");
    }
    ann.say("#a", "still here");
}

/// protocol.md, `deop`: a room does not lose its owner, nor an unregistered one its only op.
#[test]
fn the_last_op_cannot_be_deopped() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut op = server.account("op");
    op.does("claim", json!({"code": server.claim()}));
    let refusal = ann.refusal("deop", json!({"room": "#a", "nick": "ann"}));
    assert_eq!((&*refusal.code, &*refusal.value), ("last-op", "#a"));
    ann.does("register-room", json!({"room": "#a"}));
    for peer in [&mut ann, &mut op] {
        let refusal = peer.refusal("deop", json!({"room": "#a", "nick": "ann"}));
        assert_eq!((&*refusal.code, &*refusal.value), ("last-op", "#a"));
        assert!(refusal.text.contains("drop-room"), "{}", refusal.text);
    }
    ann.does("settings", json!({"room": "#a", "announcements": true}));
    ann.does("settings", json!({"room": "#a", "announcements": false}));
    let mut bob = server.login_in("bob", "#b");
    let mut cat = server.login_in("cat", "#b");
    bob.does("op", json!({"room": "#b", "nick": "cat"}));
    bob.does("deop", json!({"room": "#b", "nick": "bob"}));
    cat.does("settings", json!({"room": "#b", "announcements": true}));
}

/// protocol.md, *Roles*: if the room is not registered, the member who has been there longest follows.
#[test]
fn when_the_only_op_leaves_the_member_who_was_there_longest_is_op() {
    let server = TestServer::with_database();
    let mut admin = server.account("admiral");
    admin.does("claim", json!({"code": server.claim()}));
    for way in ["leave", "quit", "lost", "kick"] {
        let room = format!("#{way}");
        let mut ann = server.login_in("ann", &room);
        let loud = server.login_in("loud", &room);
        let mut bob = server.login_in("bob", &room);
        let mut cat = server.login_in("cat", &room);
        ann.does("mute", json!({"room": room, "nick": "loud"}));
        [&mut bob, &mut cat].into_iter().for_each(|peer| drop(peer.sync()));
        match way {
            "leave" => {
                ann.leave(&room);
                ann.quit();
            }
            "quit" => drop(ann.quit()),
            "lost" => ann.wire.reset(),
            _ => {
                admin.does("kick", json!({"room": room, "nick": "ann"}));
                ann.quit();
            }
        }
        let role = bob.wait(|event| matches!(event, Event::Role { .. }));
        let Event::Role { nick, role, by, .. } = role else { unreachable!() };
        assert_eq!((&*nick, role, &*by), ("bob", Some(Role::Op), "ann"), "{way}");
        bob.does("kick", json!({"room": room, "nick": "loud"}));
        let code = cat.code("kick", json!({"room": room, "nick": "bob"}));
        assert_eq!(code, "needs-role", "one and not all");
        drop((loud, bob, cat));
        server.wait_for_sessions(1);
    }
}

/// protocol.md, `delete-account`: the rooms it owns are given up, and told so; a member there becomes op.
#[test]
fn the_rooms_of_a_deleted_account_are_given_up_and_told_so() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    ann.does("register-room", json!({"room": "#a"}));
    bob.sync();
    ann.does("delete-account", json!({"password": PASSWORD}));
    let heard = bob.hears();
    assert_eq!(
        heard,
        ["#a settings by ann", "- ann quit (the account was deleted)", "#a ann makes bob Some(Op)"],
        "in this order"
    );
    bob.does("settings", json!({"room": "#a", "announcements": true}));
}

/// protocol.md, *Roles*: an op of the server may do in a room what its owner may, without being in it.
#[test]
fn an_op_of_the_server_moderates_a_room_from_outside() {
    let server = TestServer::with_database();
    let mut op = server.account("ann");
    op.does("claim", json!({"code": server.claim()}));
    let mut bob = server.account_in("bob", "#b");
    let mut cat = server.login_in("cat", "#b");
    bob.does("register-room", json!({"room": "#b"}));
    bob.does("settings", json!({"room": "#b", "invite_only": true}));
    bob.say("#b", "to be deleted");
    bob.say("#b", "stays");
    op.does("topic", json!({"room": "#b", "topic": "order"}));
    op.does("topic", json!({"room": "#b"}));
    op.does("settings", json!({"room": "#b", "announcements": true}));
    assert!(
        matches!(op.does("settings", json!({"room": "#b"})), Done::Settings { settings, .. } if settings.invite_only)
    );
    op.does("delete", json!({"room": "#b", "seq": 1}));
    assert_eq!(bob.texts("#b"), ["", "stays"]);
    op.does("members", json!({"room": "#b"}));
    op.does("op", json!({"room": "#b", "nick": "cat"}));
    op.does("deop", json!({"room": "#b", "nick": "cat"}));
    cat.sync();
    op.does("kick", json!({"room": "#b", "nick": "bob"}));
    assert_eq!(cat.hears(), ["#b ann kicks bob"]);
    op.does("ban", json!({"room": "#b", "nick": "cat"}));
    op.does("bans", json!({"room": "#b"}));
    op.does("unban", json!({"room": "#b", "nick": "cat"}));
    op.does("invite", json!({"room": "#b", "nick": "cat"}));
    assert_eq!(op.code("history", json!({"room": "#b"})), "not-in-room", "order is not reading");
    cat.join("#b");
    op.does("mute", json!({"room": "#b", "nick": "cat"}));
    op.join("#b");
    op.say("#b", "may come in and speak");
    bob.join("#b");
    assert_eq!(cat.code("say", json!({"room": "#b", "text": "x"})), "muted");
    op.does("drop-room", json!({"room": "#b"}));
}

/// protocol.md, `kick`, `invite`: a person who is put out of a private room is no longer invited; only an op's invitation lasts.
#[test]
fn an_invitation_ends_with_a_kick_and_lasts_only_from_an_op() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    let (mut cat, mut dan) = (server.login("cat"), server.login("dan"));
    bob.does("invite", json!({"room": "#a", "nick": "cat"}));
    ann.does("invite", json!({"room": "#a", "nick": "dan"}));
    ann.does("settings", json!({"room": "#a", "invite_only": true}));
    assert_eq!(cat.code("join", json!({"room": "#a"})), "invite-only");
    dan.join("#a");
    ann.does("kick", json!({"room": "#a", "nick": "dan"}));
    assert_eq!(dan.code("join", json!({"room": "#a"})), "invite-only");
    ann.does("invite", json!({"room": "#a", "nick": "dan"}));
    dan.join("#a");
}

/// The console's `op`: a person who is made an op of the server is told.
#[test]
fn a_person_who_is_made_an_op_on_the_console_is_told() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut two = server.once_more("ann");
    two.chats_told();
    for (line, word) in [("op ann", "an op of the server now"), ("deop ann", "no op of the server any more")] {
        server.operator(line).unwrap();
        for peer in [&mut ann, &mut two] {
            let told = peer.hears();
            assert!(told.len() == 1 && told[0].starts_with("notice: ") && told[0].contains(word), "{told:?}");
        }
    }
}

/// protocol.md, `invite`: a guest's invitation holds for the account, and ends with the guest.
#[test]
fn an_invitation_of_a_guest_holds_for_the_account_and_ends_with_the_guest() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let (mut bob, cat) = (server.login("bob"), server.login("cat"));
    ann.does("settings", json!({"room": "#a", "invite_only": true}));
    for nick in ["bob", "cat"] {
        ann.does("invite", json!({"room": "#a", "nick": nick}));
    }
    bob.register();
    bob.join("#a");
    let token = cat.resume.clone();
    cat.wire.reset();
    server.wait_for_sessions(2);
    let (mut cat, nick) = server.come_back(&token);
    assert_eq!(nick, "cat");
    cat.join("#a");
    cat.quit();
    assert_eq!(server.login("cat").code("join", json!({"room": "#a"})), "invite-only", "another cat");
}
