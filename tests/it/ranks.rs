//! What each role may do in a room: ops, owners, invitations, settings. Knows no bans. (protocol.md, *Roles*)

use roomful::answer::Done;
use roomful::event::Event;
use roomful::model::Role;
use serde_json::{Value, json};

use crate::support::{Peer, TestServer, brief};

/// The roles of those in a room: `ann Owner`.
fn roles(peer: &mut Peer, room: &str) -> Vec<String> {
    match peer.does("members", json!({"room": room})) {
        Done::Members { members, .. } => {
            let role = |role: Option<Role>| role.map_or(String::new(), |role| format!(" {role:?}"));
            members.iter().map(|member| format!("{}{}", member.nick, role(member.role))).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// protocol.md, *Roles*: the maker of a room is its op; the lobby has none.
#[test]
fn the_maker_of_a_room_is_its_op() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    bob.join("#lobby");
    assert_eq!(roles(&mut bob, "#a"), ["ann Op", "bob"]);
    assert_eq!(roles(&mut bob, "#lobby"), ["bob"]);
    ann.register();
    assert_eq!(roles(&mut bob, "#a"), ["ann Op", "bob"], "an account keeps what the guest was");
    let mut guest = server.login_in("guest", "#b");
    bob.join("#b");
    guest.leave("#b");
    guest.join("#b");
    assert_eq!(roles(&mut guest, "#b"), ["bob Op", "guest"], "a guest is op until they leave");
    ann.leave("#a");
    ann.join("#a");
    assert_eq!(roles(&mut ann, "#a"), ["ann Op", "bob Op"], "an account for good, and bob since ann went");
}

/// protocol.md, *Errors*, `needs-role`: what is refused, and that it says what would be needed.
#[test]
fn a_person_who_is_no_op_is_refused_and_told_what_is_needed() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    let mut cat = server.login("cat");
    ann.say("#a", "mine");
    bob.sync();
    let refused: [(&str, Value); 12] = [
        ("kick", json!({"room": "#a", "nick": "ann"})),
        ("ban", json!({"room": "#a", "nick": "ann"})),
        ("unban", json!({"room": "#a", "nick": "cat"})),
        ("mute", json!({"room": "#a", "nick": "ann", "seconds": 1})),
        ("unmute", json!({"room": "#a", "nick": "ann"})),
        ("op", json!({"room": "#a", "nick": "bob"})),
        ("deop", json!({"room": "#a", "nick": "ann"})),
        ("settings", json!({"room": "#a", "invite_only": true})),
        ("settings", json!({"room": "#a", "key": "x"})),
        ("settings", json!({"room": "#a", "announcements": true})),
        ("delete", json!({"room": "#a", "seq": 1})),
        ("register-room", json!({"room": "#a"})),
    ];
    for (kind, fields) in refused {
        let refusal = bob.refusal(kind, fields);
        assert_eq!((&*refusal.code, &*refusal.value), ("needs-role", "#a"), "{kind}");
        assert!(refusal.text.contains("an op") && refusal.text.contains("#a"), "{kind}: {}", refusal.text);
    }
    for kind in ["kick", "ban", "unban"] {
        let refusal = ann.refusal(kind, json!({"nick": "cat", "everywhere": true}));
        assert_eq!((&*refusal.code, &*refusal.value), ("needs-role", ""), "{kind}");
        assert!(refusal.text.contains("server"), "{kind}: {}", refusal.text);
    }
    assert_eq!(ann.code("bans", json!({"everywhere": true})), "needs-role");
    assert_eq!(ann.code("announce", json!({"text": "x"})), "needs-role");
    assert_eq!(cat.code("kick", json!({"room": "#a", "nick": "bob"})), "not-in-room");
    assert_eq!(cat.code("bans", json!({"room": "#a"})), "not-in-room", "its members may");
    assert_eq!(cat.code("kick", json!({"room": "#none", "nick": "bob"})), "no-such-room");
    assert_eq!(ann.code("kick", json!({"room": "#a", "nick": "cat"})), "not-there");
    assert_eq!(ann.code("op", json!({"room": "#a", "nick": "nobody"})), "no-such-nick");
    assert_eq!(bob.hears(), [""; 0], "none of it is anybody's news");
}

/// protocol.md, `register-room`, `op`, `deop`, `drop-room`: an owner, over a restart, too.
#[test]
fn a_registered_room_has_its_owner_and_its_settings_over_a_restart() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    bob.sync();
    assert_eq!(ann.code("drop-room", json!({"room": "#a"})), "room-not-registered");
    ann.does("register-room", json!({"room": "#a"}));
    let role = bob.wait(|event| matches!(event, Event::Role { .. }));
    assert_eq!(brief(&role), "#a ann makes ann Some(Owner)");
    assert_eq!(ann.code("register-room", json!({"room": "#a"})), "room-registered");
    bob.sync();
    ann.does("op", json!({"room": "#a", "nick": "BOB"}));
    ann.does("settings", json!({"room": "#a", "announcements": true, "key": "wax"}));
    assert_eq!(bob.hears(), ["#a ann makes bob Some(Op)", "#a settings by ann"]);
    assert_eq!(bob.code("register-room", json!({"room": "#a"})), "room-registered");
    let deop = bob.refusal("deop", json!({"room": "#a", "nick": "ann"}));
    assert!(deop.code == "needs-role" && deop.text.contains("owner"), "{deop:?}");
    assert_eq!(bob.code("kick", json!({"room": "#a", "nick": "ann"})), "needs-role");
    ann.quit();
    bob.quit();
    let server = server.restarted();
    let mut ann = server.once_more("ann");
    let mut cat = server.login("cat");
    assert_eq!(cat.code("join", json!({"room": "#a"})), "key-needed");
    assert_eq!(cat.code("join", json!({"room": "#a", "key": "WAX"})), "key-needed");
    cat.does("join", json!({"room": "#a", "key": "wax"}));
    ann.join("#a");
    let mut bob = server.once_more("bob");
    bob.join("#a"); // it is bob's own: no key
    assert_eq!(roles(&mut ann, "#a"), ["ann Owner", "bob Op", "cat"]);
    assert_eq!(cat.code("say", json!({"room": "#a", "text": "x"})), "announcements-only");
    bob.say("#a", "an op may");
    ann.does("deop", json!({"room": "#a", "nick": "bob"}));
    assert_eq!(bob.code("say", json!({"room": "#a", "text": "x"})), "announcements-only");
    assert_eq!(bob.code("drop-room", json!({"room": "#a"})), "needs-role");
    ann.does("drop-room", json!({"room": "#a"}));
    assert_eq!(ann.code("drop-room", json!({"room": "#a"})), "room-not-registered");
}

/// protocol.md, `op`: in a registered room it is its owner who makes ops.
#[test]
fn in_a_registered_room_only_the_owner_makes_ops() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    let _cat = server.account_in("cat", "#a");
    ann.does("op", json!({"room": "#a", "nick": "bob"}));
    bob.does("op", json!({"room": "#a", "nick": "cat"})); // nobody has registered it yet
    bob.does("deop", json!({"room": "#a", "nick": "cat"}));
    ann.does("register-room", json!({"room": "#a"}));
    let refusal = bob.refusal("op", json!({"room": "#a", "nick": "cat"}));
    assert!(refusal.code == "needs-role" && refusal.text.contains("owner"), "{refusal:?}");
    assert_eq!(bob.code("deop", json!({"room": "#a", "nick": "ann"})), "needs-role");
}

/// protocol.md, `invite`: in a room that is open to all, every member; else its ops.
#[test]
fn only_ops_invite_into_a_room_for_invited_people() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    let _cat = server.login("cat");
    bob.does("invite", json!({"room": "#a", "nick": "cat"}));
    ann.does("settings", json!({"room": "#a", "invite_only": true}));
    assert_eq!(bob.code("invite", json!({"room": "#a", "nick": "cat"})), "needs-role");
}

/// protocol.md, `settings`, `invite`: invited people come in, and nobody else.
#[test]
fn an_invite_only_room_is_for_invited_people() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let (mut bob, mut cat) = (server.account("bob"), server.login("cat"));
    ann.say("#a", "among us");
    let done = ann.does("settings", json!({"room": "#a", "invite_only": true}));
    let Done::Settings { settings, registered: false, .. } = done else { panic!() };
    assert!(settings.invite_only && settings.key.is_none() && !settings.announcements);
    for (nick, peer) in [("bob", &mut bob), ("cat", &mut cat)] {
        let refusal = peer.refusal("join", json!({"room": "#a"}));
        assert_eq!((&*refusal.code, &*refusal.value), ("invite-only", "#a"));
        assert!(refusal.text.contains("invite"), "{}", refusal.text);
        for (kind, fields) in [("history", json!({})), ("files", json!({})), ("search", json!({"text": "among"}))] {
            let mut fields = fields;
            fields["room"] = Value::from("#a");
            assert_eq!(peer.code(kind, fields), "no-such-room", "{kind}");
        }
        assert_eq!(peer.finds(json!({"text": "among"})), [""; 0]);
        ann.does("invite", json!({"room": "#a", "nick": nick}));
    }
    for peer in [&mut bob, &mut cat] {
        assert_eq!(peer.hears(), ["#a invite by ann"]);
        assert_eq!(peer.join("#a").history.messages.len(), 1);
    }
    let show = json!({"room": "#a"});
    assert!(matches!(cat.does("settings", show), Done::Settings { settings, .. } if settings.invite_only));
    assert_eq!(cat.code("invite", json!({"room": "#a", "nick": "bob"})), "needs-role");
}

/// protocol.md, `settings`: what changes is told to all; what is the same, to nobody; the key can be removed.
#[test]
fn settings_are_told_when_they_change() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    ann.does("settings", json!({"room": "#a", "key": "wax"}));
    ann.does("settings", json!({"room": "#a", "key": "wax"}));
    ann.does("settings", json!({"room": "#a", "key": ""}));
    let told = bob.sync();
    let keys: Vec<Option<&str>> = told
        .iter()
        .filter_map(|event| match event {
            Event::Settings { settings, by, .. } if &**by == "ann" => Some(settings.key.as_deref()),
            _ => None,
        })
        .collect();
    assert_eq!((keys, told.len()), (vec![Some("wax"), None], 2));
    server.login_in("cat", "#a");
}

/// protocol.md, `kick`: told to all there, also to the one put out, who may come back.
#[test]
fn a_person_who_is_kicked_is_told_and_out_and_may_come_back() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    let mut cat = server.login_in("cat", "#a");
    [&mut ann, &mut bob, &mut cat].into_iter().for_each(|peer| drop(peer.sync()));
    let done = ann.does("kick", json!({"room": "#a", "nick": "Bob", "text": "no selling"}));
    let Done::Kick(ordered) = done else { panic!() };
    assert_eq!((ordered.room.as_deref(), &*ordered.nick, ordered.until), (Some("#a"), "bob", None));
    assert_eq!(bob.hears(), ["#a ann kicks bob (no selling)", "#a left"]);
    assert_eq!(cat.hears(), ["#a ann kicks bob (no selling)"]);
    assert_eq!(ann.hears(), ["#a ann kicks bob (no selling)"]);
    assert_eq!(bob.code("say", json!({"room": "#a", "text": "x"})), "not-in-room");
    bob.join("#a");
    let long = "x".repeat(301);
    assert_eq!(ann.code("kick", json!({"room": "#a", "nick": "bob", "text": long})), "reason-too-long");
}

/// protocol.md, *What is stored*: a private room that is not registered ends with its last member.
#[test]
fn an_unregistered_private_room_is_forgotten_when_it_is_empty() {
    let server = TestServer::with_database();
    for (room, change) in [("#key", json!({"key": "wax"})), ("#invited", json!({"invite_only": true}))] {
        let mut ann = server.account_in(room.trim_start_matches('#'), room);
        ann.say(room, "among us");
        ann.does("settings", change);
        ann.leave(room);
        let shown = server.login("bob").join(room);
        assert_eq!((shown.seq, shown.history.messages.len()), (0, 0), "{room}");
        server.wait_for_sessions(1);
        ann.join(room);
        ann.say(room, "again");
        ann.does("settings", json!({"room": room, "key": "x"}));
        ann.quit();
        server.wait_for_sessions(0);
    }
    let server = server.restarted();
    assert_eq!(server.login("bob").join("#key").seq, 0);
}
