//! Bans and mutes, of a room and of the whole server. Knows no other order. (protocol.md, `ban`, `mute`)

use roomful::answer::Done;
use roomful::event::Event;
use roomful::model::CloseReason;
use roomful::model::Restriction;
use serde_json::json;

use crate::support::{Peer, TestServer, eventually};

/// The restrictions of a room: `ban bob by ann`.
fn bans(peer: &mut Peer, fields: serde_json::Value) -> Vec<String> {
    match peer.does("bans", fields) {
        Done::Bans { bans, .. } => {
            let kind = |restriction| if restriction == Restriction::Ban { "ban" } else { "mute" };
            bans.iter().map(|ban| format!("{} {} by {}", kind(ban.restriction), ban.nick, ban.by)).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// protocol.md, `ban`: put out, and not let in, by the name on loopback; until it is lifted.
#[test]
fn a_banned_guest_is_put_out_and_not_let_in_until_unbanned() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    let mut cat = server.login_in("cat", "#a");
    [&mut ann, &mut bob, &mut cat].into_iter().for_each(|peer| drop(peer.sync()));
    let Done::Ban(ordered) = ann.does("ban", json!({"room": "#a", "nick": "bob", "text": "spam"})) else { panic!() };
    assert_eq!((ordered.room.as_deref(), &*ordered.nick, ordered.until), (Some("#a"), "bob", None));
    assert_eq!(bob.hears(), ["#a ann Ban bob (spam)", "#a ann kicks bob (spam)", "#a left"]);
    assert_eq!(
        cat.hears(),
        ["#a ann Ban bob (spam)", "#a ann kicks bob (spam)"],
        "who comes from the same address stays"
    );
    let refusal = bob.refusal("join", json!({"room": "#a"}));
    assert_eq!((&*refusal.code, &*refusal.value), ("banned", "#a"));
    assert!(refusal.text.contains("spam"), "{}", refusal.text);
    assert_eq!(bans(&mut ann, json!({"room": "#a"})), ["ban bob by ann"]);
    ann.does("unban", json!({"room": "#a", "nick": "BOB"}));
    assert_eq!(cat.hears(), ["#a ann un-Ban bob"]);
    assert_eq!(ann.code("unban", json!({"room": "#a", "nick": "bob"})), "no-such-ban");
    assert_eq!(ann.code("unmute", json!({"room": "#a", "nick": "bob"})), "no-such-ban");
    assert_eq!(bans(&mut ann, json!({"room": "#a"})), [""; 0]);
    bob.join("#a");
}

/// protocol.md, *Roles*: a ban is for the account of the banned person, here or not, and over a restart.
#[test]
fn a_ban_is_for_the_account_and_outlasts_a_restart_of_a_registered_room() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.does("register-room", json!({"room": "#a"}));
    let mut bob = server.account_in("bob", "#a");
    bob.say("#a", "hello");
    bob.quit();
    ann.does("ban", json!({"room": "#a", "nick": "Bob"}));
    ann.does("mute", json!({"room": "#a", "nick": "cat"}));
    drop(ann);
    let server = server.restarted();
    let mut bob = server.once_more("bob");
    assert_eq!(bob.code("join", json!({"room": "#a"})), "banned");
    let (mut cat, mut dan) = (server.login_in("cat", "#a"), server.login_in("dan", "#a"));
    assert_eq!(cat.code("say", json!({"room": "#a", "text": "x"})), "muted");
    dan.say("#a", "not me");
    let mut ann = server.once_more("ann");
    ann.join("#a");
    assert_eq!(bans(&mut ann, json!({"room": "#a"})), ["ban bob by ann", "mute cat by ann"], "the oldest first");
}

/// protocol.md, `ban`, `mute`, `seconds`: it is over when the time is.
#[test]
fn a_ban_and_a_mute_for_a_second_are_over_after_it() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    let mut cat = server.login_in("cat", "#a");
    let before = roomful::session::hub::now();
    let Done::Ban(ordered) = ann.does("ban", json!({"room": "#a", "nick": "bob", "seconds": 1})) else { panic!() };
    let until = ordered.until.unwrap();
    assert!((1_000..4_000).contains(&(until - before)), "{}", until - before);
    let Done::Mute(ordered) = ann.does("mute", json!({"room": "#a", "nick": "cat", "seconds": 1})) else { panic!() };
    assert!(ordered.until.is_some());
    let told = cat.wait(|event| matches!(event, Event::Restriction { restriction: Restriction::Mute, .. }));
    assert!(matches!(told, Event::Restriction { until: Some(_), .. }), "{told:?}");
    assert_eq!(bob.code("join", json!({"room": "#a"})), "banned");
    assert_eq!(cat.code("say", json!({"room": "#a", "text": "x"})), "muted");
    eventually("the ban is over", || bob.ask("join", json!({"room": "#a"})).is_ok());
    eventually("the mute is over", || cat.ask("say", json!({"room": "#a", "text": "x"})).is_ok());
    assert!(roomful::session::hub::now() >= until);
    assert_eq!(bans(&mut ann, json!({"room": "#a"})), [""; 0]);
    assert_eq!(ann.code("unban", json!({"room": "#a", "nick": "bob"})), "no-such-ban");
}

/// protocol.md, `mute`: may stay and hear, and neither speak, send files, nor set the topic.
#[test]
fn a_person_who_is_muted_hears_and_does_not_speak() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    bob.sync();
    ann.does("mute", json!({"room": "#a", "nick": "bob", "text": "shouting"}));
    assert_eq!(bob.hears(), ["#a ann Mute bob (shouting)"]);
    let refusal = bob.refusal("say", json!({"room": "#a", "text": "x"}));
    assert_eq!((&*refusal.code, &*refusal.value), ("muted", "#a"));
    assert!(refusal.text.contains("unmute"), "{}", refusal.text);
    for (kind, fields) in [
        ("me", json!({"room": "#a", "text": "x"})),
        ("topic", json!({"room": "#a", "topic": "x"})),
        ("offer", json!({"room": "#a", "name": "x", "size": 1})),
    ] {
        assert_eq!(bob.code(kind, fields), "muted", "{kind}");
    }
    bob.leave("#a");
    bob.join("#a");
    assert_eq!(bob.code("say", json!({"room": "#a", "text": "x"})), "muted", "also when coming back");
    bob.does("nick", json!({"nick": "bobby"}));
    ann.sync();
    ann.does("unmute", json!({"room": "#a", "nick": "bob"}));
    bob.does("msg", json!({"to": "ann", "text": "psst"}));
    bob.say("#a", "at last");
    assert_eq!(ann.hears(), ["#a ann un-Mute bob", "bobby to ann: psst", "#a bobby: at last"]);
}

/// protocol.md, limits, `bans`; a new one replaces an old one.
#[test]
fn a_room_has_so_many_bans_and_one_for_each() {
    let server = TestServer::with_database_and(|limits| limits.bans = 2);
    let mut ann = server.account_in("ann", "#a");
    for _ in 0..3 {
        ann.does("ban", json!({"room": "#a", "nick": "bob"}));
    }
    ann.does("ban", json!({"room": "#a", "nick": "192.0.2.7"}));
    assert_eq!(bans(&mut ann, json!({"room": "#a"})), ["ban bob by ann", "ban 192.0.2.7 by ann"]);
    let refusal = ann.refusal("ban", json!({"room": "#a", "nick": "cat"}));
    assert_eq!((&*refusal.code, &*refusal.value), ("too-many-bans", "2"));
    ann.does("ban", json!({"room": "#a", "nick": "bob", "seconds": 60}));
    ann.does("unban", json!({"room": "#a", "nick": "192.0.2.7"}));
    ann.does("ban", json!({"room": "#a", "nick": "cat"}));
}

/// protocol.md, `ban`, `everywhere`: their sessions are closed, and they do not come in again.
#[test]
fn an_op_of_the_server_bans_from_the_whole_server() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    ann.does("claim", json!({"code": server.claim()}));
    let mut bob = server.account_in("bob", "#b");
    let mut two = server.once_more("bob");
    let mut cat = server.login_in("cat", "#b");
    let mut dan = server.login_in("dan", "#b");
    dan.sync();
    let spam = |nick: &str| json!({"nick": nick, "everywhere": true, "text": "spam"});
    let Done::Ban(ordered) = ann.does("ban", spam("bob")) else { panic!() };
    assert_eq!(ordered.room, None);
    for peer in [&mut bob, &mut two] {
        let last = peer.rest().pop();
        assert!(matches!(last, Some(Event::Closing { reason: CloseReason::Kicked, .. })), "{last:?}");
    }
    ann.does("ban", spam("cat"));
    assert!(matches!(cat.rest().pop(), Some(Event::Closing { reason: CloseReason::Kicked, .. })));
    drop((bob, two, cat));
    server.wait_for_sessions(2);
    let mut heard = dan.hears();
    heard.sort();
    heard.retain(|line| !line.starts_with("#b ")); // the op of now, by turns
    assert_eq!(heard, ["- bob kicked", "- cat kicked"]);
    let mut listed = bans(&mut ann, json!({"everywhere": true}));
    listed.sort();
    assert_eq!(listed, ["ban bob by ann", "ban cat by ann"]);
    drop((ann, dan));
    let server = server.restarted();
    let login = json!({"nick": "bob", "password": crate::support::PASSWORD});
    let refusal = server.peer().hello(login.clone()).unwrap_err();
    assert_eq!((&*refusal.code, &*refusal.value), ("banned", ""));
    assert_eq!(server.peer().hello(json!({"nick": "Cat"})).unwrap_err().code, "banned");
    let mut ann = server.once_more("ann");
    assert_eq!(ann.code("ban", json!({"nick": "ann", "everywhere": true})), "needs-role", "no op of the server");
    ann.does("unban", json!({"nick": "bob", "everywhere": true}));
    assert_eq!(server.peer().hello(login).unwrap(), "bob");
}

/// protocol.md, *Masks*: for those who come later, also after a restart; as it was written, for all members.
#[test]
fn a_mask_outlasts_a_restart_and_is_lifted_as_it_was_written() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.does("register-room", json!({"room": "#a"}));
    let mut spammer = server.login_in("spammer", "#a");
    [&mut ann, &mut spammer].into_iter().for_each(|peer| drop(peer.sync()));
    let Done::Ban(made) = ann.does("ban", json!({"room": "#a", "nick": "SPAM*!*@*", "text": "ads"})) else { panic!() };
    assert_eq!((&*made.nick, made.mask.as_deref(), made.people), ("SPAM*!*@*", Some("SPAM*!*@*"), Some(1)));
    assert_eq!(spammer.hears(), ["#a ann Ban SPAM*!*@* (ads)", "#a ann kicks spammer (ads)", "#a left"]);
    ann.does("mute", json!({"room": "#a", "nick": "a:boris"}));
    assert_eq!(ann.code("ban", json!({"room": "#a", "nick": "a*"})), "mask-too-wide");
    drop((ann, spammer));
    let server = server.restarted();
    let mut boris = server.account_in("boris", "#a");
    assert_eq!(boris.code("say", json!({"room": "#a", "text": "x"})), "muted");
    let listed = ["ban SPAM*!*@* by ann", "mute a:boris by ann"];
    assert_eq!(bans(&mut boris, json!({"room": "#a"})), listed, "to a member");
    let mut late = server.login("spam2");
    assert_eq!(late.code("join", json!({"room": "#a"})), "banned");
    let mut ann = server.once_more("ann");
    ann.join("#a");
    ann.does("unban", json!({"room": "#a", "nick": "spam*"}));
    ann.does("unmute", json!({"room": "#a", "nick": "A:Boris"}));
    late.join("#a");
    boris.say("#a", "at last");
}

/// protocol.md, `kick`, `everywhere`: all sessions end, and the token with them; the others hear why.
#[test]
fn an_op_of_the_server_ends_all_sessions_of_a_person() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    ann.does("claim", json!({"code": server.claim()}));
    let mut vera = server.login_in("vera", "#b");
    let mut bob = server.account_in("bob", "#b");
    let mut two = server.once_more("bob");
    let token = bob.resume.clone();
    vera.sync();
    assert_eq!(ann.code("kick", json!({"nick": "ann", "everywhere": true})), "bad-field");
    assert_eq!(ann.code("kick", json!({"nick": "gleb", "everywhere": true})), "no-such-nick");
    let Done::Kick(made) = ann.does("kick", json!({"nick": "bob", "everywhere": true, "text": "enough"})) else {
        panic!()
    };
    assert_eq!((made.room, &*made.nick), (None, "bob"));
    for peer in [&mut bob, &mut two] {
        match peer.rest().pop() {
            Some(Event::Closing { reason: CloseReason::Kicked, text }) => assert!(text.ends_with(": enough"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    server.wait_for_sessions(2);
    assert_eq!(vera.hears(), ["- bob kicked (enough)"]);
    let refusal = vera.refusal("whois", json!({"nick": "bob"}));
    assert!(refusal.code == "no-such-nick" && refusal.text.contains(" s ago"), "{refusal:?}");
    let mut late = server.peer();
    let name = late.hello(json!({"nick": "bob2", "resume": token, "rooms": []})).unwrap();
    assert_eq!(name, "bob2", "the token is no token any more");
    server.once_more("bob");
}

/// protocol.md, `mute`: no words by the side, in a farewell or as a reason to be away.
#[test]
fn a_person_who_is_muted_says_nothing_by_the_side() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    ann.does("mute", json!({"room": "#a", "nick": "bob"}));
    ann.sync();
    assert_eq!(bob.does("away", json!({"text": "you fools"})), Done::Away { text: "away".into() });
    bob.does("leave", json!({"room": "#a", "text": "you fools"}));
    bob.join("#a");
    bob.does("quit", json!({"text": "you fools"}));
    drop(bob);
    server.wait_for_sessions(1);
    assert_eq!(ann.hears(), ["bob away (away)", "#a - bob", "#a + bob", "- bob quit"]);
}
