//! What is not told: rooms into which one may not come. Knows not what is said there. (protocol.md, *Private rooms*)

use roomful::answer::Done;
use serde_json::json;

use crate::support::{Peer, TestServer};

fn rooms(peer: &mut Peer) -> Vec<String> {
    match peer.does("rooms", json!({})) {
        Done::Rooms { rooms, total, .. } => {
            assert_eq!(rooms.len(), total);
            rooms.iter().map(|info| format!("{} {}", info.room, info.members)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn whois(peer: &mut Peer, nick: &str) -> Vec<String> {
    match peer.does("whois", json!({"nick": nick})) {
        Done::Whois(info) => info.rooms.iter().map(|room| room.to_string()).collect(),
        other => panic!("{other:?}"),
    }
}

/// protocol.md, *Private rooms*: neither `rooms` nor `whois` nor any refusal but that of `join` tells of one.
#[test]
fn a_room_one_may_not_enter_is_told_to_those_only_who_may_know_it() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#open");
    for (room, change) in
        [("#invited", json!({"invite_only": true})), ("#key", json!({"key": "wax"})), ("#сор", json!({"hidden": true}))]
    {
        ann.join(room);
        let mut change = change;
        change["room"] = room.into();
        ann.does("settings", change);
        ann.does("topic", json!({"room": room, "topic": "secret"}));
    }
    let mut bob = server.login_in("bob", "#open");
    assert_eq!(rooms(&mut bob), ["#lobby 0", "#open 2"]);
    assert_eq!(whois(&mut bob, "ann"), ["#open"]);
    assert_eq!(whois(&mut ann, "ann"), ["#open", "#invited", "#key", "#сор"]);
    for room in ["#invited", "#key", "#сор"] {
        for (kind, fields) in [
            ("members", json!({})),
            ("topic", json!({})),
            ("topic", json!({"topic": "x"})),
            ("say", json!({"text": "x"})),
            ("leave", json!({})),
            ("history", json!({})),
            ("search", json!({"text": "x"})),
            ("files", json!({})),
            ("offer", json!({"name": "x", "size": 1})),
            ("delete", json!({"seq": 1})),
            ("settings", json!({})),
            ("settings", json!({"key": "x"})),
            ("bans", json!({})),
            ("kick", json!({"nick": "ann"})),
            ("ban", json!({"nick": "ann"})),
            ("op", json!({"nick": "ann"})),
            ("invite", json!({"nick": "ann"})),
            ("voice", json!({"nick": "ann"})),
        ] {
            let mut fields = fields;
            fields["room"] = room.into();
            let refusal = bob.refusal(kind, fields.clone());
            assert_eq!((&*refusal.code, &*refusal.value), ("no-such-room", room), "{kind}");
            fields["room"] = "#nowhere".into();
            let nowhere = bob.refusal(kind, fields);
            assert_eq!(refusal.text, nowhere.text.replace("#nowhere", room), "{kind}: in the same words");
        }
    }
    ann.does("invite", json!({"room": "#invited", "nick": "bob"}));
    assert_eq!(rooms(&mut bob), ["#invited 1", "#lobby 0", "#open 2"]);
    assert_eq!(whois(&mut bob, "ann"), ["#open", "#invited"]);
    assert_eq!(bob.code("history", json!({"room": "#invited"})), "not-in-room", "who may know it is told more");
    bob.does("join", json!({"room": "#key", "key": "wax"}));
    assert_eq!(whois(&mut bob, "ann"), ["#open", "#invited", "#key"]);
    let like = bob.refusal("join", json!({"room": "#cop"}));
    assert_eq!((&*like.code, like.text.contains("#сор")), ("room-confusable", false), "{}", like.text);
    bob.does("join", json!({"room": "#сор"}));
    assert_eq!(whois(&mut bob, "ann"), ["#open", "#invited", "#key", "#сор"], "nothing but its name was needed");
    bob.leave("#сор");
    assert_eq!(bob.code("members", json!({"room": "#сор"})), "no-such-room", "and that is not remembered");
}

/// protocol.md, *Private rooms*: an op of the server sees all.
#[test]
fn an_op_of_the_server_sees_private_rooms() {
    let server = TestServer::with_database();
    let mut op = server.account("op");
    op.does("claim", json!({"code": server.claim()}));
    let mut ann = server.account_in("ann", "#a");
    for change in
        [json!({"room": "#a", "invite_only": true}), json!({"room": "#a", "invite_only": false, "hidden": true})]
    {
        ann.does("settings", change);
        assert_eq!(rooms(&mut op), ["#a 1", "#lobby 0"]);
        assert_eq!(whois(&mut op, "ann"), ["#a"]);
        op.does("members", json!({"room": "#a"}));
    }
}

/// protocol.md, *Private rooms*, `chats`: a person who is banned while away is told nothing more of the room.
#[test]
fn an_account_that_is_banned_while_away_is_told_nothing_more_of_the_room() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    let mut cat = server.account_in("cat", "#a");
    for room in ["#a", "#b"] {
        ann.join(room);
        ann.does("register-room", json!({"room": room}));
    }
    bob.join("#b");
    cat.join("#b");
    ann.does("settings", json!({"room": "#a", "key": "wax"}));
    bob.quit();
    let token = cat.resume.clone();
    cat.wire.reset();
    server.wait_for_sessions(1);
    for nick in ["bob", "cat"] {
        ann.does("ban", json!({"room": "#a", "nick": nick}));
        ann.does("ban", json!({"room": "#b", "nick": nick}));
    }
    ann.say("#a", "unread");
    ann.say("#b", "unread");
    let mut bob = server.once_more("bob");
    let (mut cat, _) = server.come_back(&token);
    for peer in [&mut bob, &mut cat] {
        assert_eq!(peer.chats(), [""; 0]);
        assert_eq!(rooms(peer), ["#b 1", "#lobby 0"], "what is open is open");
        assert_eq!(whois(peer, "ann"), ["#b"]);
        assert_eq!(peer.code("members", json!({"room": "#a"})), "no-such-room");
        assert_eq!(peer.code("members", json!({"room": "#b"})), "banned");
    }
}

/// protocol.md, *Private rooms*: a name that looks like a hidden room's is refused without saying which.
#[test]
fn a_name_that_looks_like_a_hidden_rooms_is_refused_without_its_name() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#cop");
    ann.does("settings", json!({"room": "#cop", "key": "wax"}));
    let mut bob = server.login("bob");
    let refusal = bob.refusal("join", json!({"room": "#сор"})); // Cyrillic
    assert_eq!(refusal.code, "room-confusable");
    assert!(!refusal.text.contains("#cop"), "{}", refusal.text);
}
