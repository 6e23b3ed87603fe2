//! Bans and mutes that nobody evades: by another name, another account, another session. Knows no ops. (protocol.md, *Roles*)

use roomful::answer::Done;
use roomful::event::Event;
use serde_json::json;

use crate::support::{PASSWORD, Peer, TestServer};

/// The nicks that are banned or muted in a room.
fn held(peer: &mut Peer, room: &str) -> Vec<String> {
    match peer.does("bans", json!({"room": room})) {
        Done::Bans { bans, .. } => bans.iter().map(|ban| ban.nick.to_string()).collect(),
        other => panic!("{other:?}"),
    }
}

/// The last word to a session that is ended: `logged-out`, and the sentence.
fn farewell(peer: &mut Peer) -> (String, String) {
    match peer.rest().pop() {
        Some(Event::Closing { reason, text }) => (reason.code().to_owned(), text.to_string()),
        other => panic!("{other:?}"),
    }
}

/// protocol.md, *Roles*: a ban and a mute hold for the session, whatever it calls itself.
#[test]
fn a_person_who_is_banned_or_muted_is_so_under_another_name_too() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    let mut cat = server.login_in("cat", "#a");
    ann.does("ban", json!({"room": "#a", "nick": "bob"}));
    ann.does("mute", json!({"room": "#a", "nick": "cat"}));
    bob.does("nick", json!({"nick": "rob"}));
    cat.does("nick", json!({"nick": "kitty"}));
    assert_eq!(bob.code("join", json!({"room": "#a"})), "banned");
    assert_eq!(cat.code("say", json!({"room": "#a", "text": "x"})), "muted");
    let token = bob.resume.clone();
    bob.wire.reset();
    server.wait_for_sessions(2);
    let mut bob = server.peer();
    bob.hello(json!({"nick": "bobby", "resume": token, "rooms": []})).unwrap();
    assert_eq!(bob.code("join", json!({"room": "#a"})), "banned", "the token is the same person");
    ann.does("unban", json!({"room": "#a", "nick": "bobby"}));
    ann.does("unmute", json!({"room": "#a", "nick": "cat"}));
    bob.join("#a");
    cat.say("#a", "at last");
    bob.does("nick", json!({"nick": "bob"}));
}

/// protocol.md, *Roles*: a ban of a name follows the person to another name.
#[test]
fn a_ban_of_a_name_follows_the_person_who_had_it_on_arrival() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.does("mute", json!({"room": "#a", "nick": "bob"}));
    let mut bob = server.login_in("bob", "#a");
    bob.does("nick", json!({"nick": "rob"}));
    assert_eq!(bob.code("say", json!({"room": "#a", "text": "x"})), "muted");
    ann.does("unmute", json!({"room": "#a", "nick": "bob"}));
    bob.say("#a", "at last");
}

/// protocol.md, `nick`: a name that is banned in a room cannot be taken by its members.
#[test]
fn a_member_cannot_take_a_name_that_is_banned_there() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.does("claim", json!({"code": server.claim()}));
    ann.does("ban", json!({"room": "#a", "nick": "bob"}));
    ann.does("ban", json!({"everywhere": true, "nick": "eve"}));
    let mut cat = server.login_in("cat", "#a");
    let refusal = cat.refusal("nick", json!({"nick": "bob"}));
    assert_eq!((&*refusal.code, &*refusal.value), ("banned", "#a"));
    assert_eq!(cat.code("nick", json!({"nick": "eve"})), "banned");
    cat.say("#a", "still cat");
    cat.leave("#a");
    cat.does("nick", json!({"nick": "bob"}));
    assert_eq!(cat.code("join", json!({"room": "#a"})), "banned");
}

/// protocol.md, *Roles*: it holds for the account, too, in every room, also if the person is not there now.
#[test]
fn a_person_who_registers_or_logs_in_is_banned_and_muted_as_before() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.join("#b");
    server.account("dora").quit();
    for (nick, account) in [("bob", "bob"), ("cat", "dora")] {
        let mut peer = server.login_in(nick, "#a");
        ann.does("ban", json!({"room": "#a", "nick": nick}));
        peer.join("#b");
        ann.does("mute", json!({"room": "#b", "nick": nick}));
        peer.leave("#b");
        match nick {
            "bob" => peer.register(),
            _ => drop(peer.does("login", json!({"account": account, "password": PASSWORD}))),
        }
        assert_eq!(peer.code("join", json!({"room": "#a"})), "banned", "{account}");
        peer.quit();
        let mut again = server.once_more(account);
        assert_eq!(again.code("join", json!({"room": "#a"})), "banned", "{account}");
        again.join("#b");
        assert_eq!(again.code("say", json!({"room": "#b", "text": "x"})), "muted", "{account}");
    }
    assert_eq!(held(&mut ann, "#a"), ["bob", "cat"], "one ban for each person, whatever it holds for");
    ann.does("unban", json!({"room": "#a", "nick": "dora"}));
    ann.does("unban", json!({"room": "#a", "nick": "bob"}));
    assert_eq!(held(&mut ann, "#a"), [""; 0]);
    server.once_more("bob").join("#a");
    server.once_more("dora").join("#a");
}

/// protocol.md, *Roles*: a person who logs out of a banned account is banned as the guest, and over a restart.
#[test]
fn a_person_who_logs_out_or_deletes_the_account_is_banned_as_before() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.does("register-room", json!({"room": "#a"}));
    let mut bob = server.account_in("bob", "#a");
    let mut cat = server.account_in("cat", "#a");
    ann.does("ban", json!({"room": "#a", "nick": "bob"}));
    ann.does("mute", json!({"room": "#a", "nick": "cat"}));
    bob.does("logout", json!({}));
    assert_eq!(bob.code("join", json!({"room": "#a"})), "banned");
    cat.does("delete-account", json!({"password": PASSWORD}));
    cat.join("#a");
    assert_eq!(cat.code("say", json!({"room": "#a", "text": "x"})), "muted");
    let tokens = [bob.resume.clone(), cat.resume.clone()];
    drop((ann, bob, cat));
    let server = server.restarted();
    let (mut bob, _) = server.come_back(&tokens[0]);
    assert_eq!(bob.code("join", json!({"room": "#a"})), "banned");
    let (mut cat, _) = server.come_back(&tokens[1]);
    cat.join("#a");
    assert_eq!(cat.code("say", json!({"room": "#a", "text": "x"})), "muted");
    let mut ann = server.once_more("ann");
    ann.join("#a");
    assert_eq!(held(&mut ann, "#a"), ["bob", "cat"]);
    ann.does("unban", json!({"room": "#a", "nick": "bob"}));
    bob.join("#a");
    drop((ann, bob, cat));
    let server = server.restarted();
    let (mut bob, _) = server.come_back(&tokens[0]);
    bob.join("#a");
}

/// protocol.md, *Roles*: a ban from the whole server holds for the resume token, too.
#[test]
fn a_person_who_is_banned_from_the_server_does_not_come_back_with_the_token_under_another_name() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    ann.does("claim", json!({"code": server.claim()}));
    let bob = server.login("bob");
    let token = bob.resume.clone();
    bob.wire.reset();
    server.wait_for_sessions(1);
    ann.does("ban", json!({"everywhere": true, "nick": "bob"}));
    assert_eq!(server.peer().hello(json!({"nick": "bob"})).unwrap_err().code, "banned");
    let back = server.peer().hello(json!({"nick": "rob", "resume": token})).unwrap_err();
    assert_eq!(back.code, "banned", "who had that name when the connection was lost");
}

/// protocol.md, `ban`, `seconds`: at its edges.
#[test]
fn a_time_is_taken_from_a_second_to_a_hundred_years_and_nothing_else() {
    const LONGEST: u64 = 3_155_760_000;
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.does("claim", json!({"code": server.claim()}));
    for action in ["ban", "mute"] {
        for (seconds, taken) in [(0, false), (1, true), (LONGEST, true), (LONGEST + 1, false), (u64::MAX, false)] {
            for everywhere in [false, true] {
                if everywhere && action == "mute" {
                    continue;
                }
                let fields = json!({"room": "#a", "nick": "bob", "seconds": seconds, "everywhere": everywhere});
                match ann.ask(action, fields) {
                    Ok(Done::Ban(ordered) | Done::Mute(ordered)) => assert!(taken && ordered.until.is_some()),
                    Err(refusal) => {
                        assert!(!taken && refusal.code == "bad-field", "{action} {seconds}: {refusal:?}");
                        assert!(refusal.text.starts_with("seconds takes"), "{refusal:?}");
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

/// protocol.md, *The line dialect*: the answer says until when, or for good; what is no time is refused.
#[test]
fn a_person_is_told_how_long_a_mute_lasts_and_what_is_no_time_is_refused() {
    let server = TestServer::with_database();
    let mut ann = server.nc_login("ann");
    ann.asks("/join #a");
    let mut bob = server.nc_login("bob");
    bob.asks("/join #a");
    ann.sync();
    let answer = ann.asks("/mute bob 10min");
    assert!(answer.len() == 1 && answer[0].starts_with("* #a: bob is muted until 20"), "{answer:?}");
    assert_eq!(ann.asks("/mute bob shouting"), ["* #a: bob is muted for good."]);
    let told = bob.hears();
    assert_eq!(told.last().unwrap(), "* #a: bob is muted for good by ann (shouting)", "{told:?}");
    for time in ["30", "10x", "30500000w", "0m", "3 strikes"] {
        let answer = ann.asks(&format!("/mute bob {time}"));
        assert!(answer.len() == 1 && answer[0].starts_with("! TIME takes"), "{time}: {answer:?}");
    }
    assert_eq!(bob.hears(), [""; 0], "what is refused is not done");
    let answer = ann.asks("/bans");
    assert!(answer[1].contains("is muted for good"), "{answer:?}");
}

/// protocol.md, `password`: sessions that were logged in with the old one are logged out, and do not come back.
#[test]
fn a_new_password_ends_the_other_sessions_and_their_tokens() {
    let server = TestServer::with_database();
    let mut own = server.account_in("ann", "#a");
    let mut other = server.once_more("ann");
    let lost = server.once_more("ann");
    let mut bob = server.login_in("bob", "#a");
    let lost_token = lost.resume.clone();
    lost.wire.reset();
    server.wait_for_sessions(3);
    bob.sync();
    own.does("password", json!({"old": PASSWORD, "new": "ten red sledges"}));
    let (reason, text) = farewell(&mut other);
    assert_eq!(reason, "logged-out");
    assert!(text.contains("password") && text.contains("log in again"), "{text}");
    for token in [&other.resume, &lost_token] {
        assert_ne!(server.come_back(token).1, "ann");
    }
    own.say("#a", "still here");
    assert_eq!(bob.hears(), ["#a ann: still here"], "it is the same person all the while");
    let own_token = own.resume.clone();
    let other_token = other.resume.clone();
    drop((own, other, bob));
    let server = server.restarted();
    assert_ne!(server.come_back(&other_token).1, "ann");
    assert_eq!(server.come_back(&own_token).1, "ann");
}

/// protocol.md, `delete-account`: its other sessions are ended, and do not come back.
#[test]
fn a_deleted_account_ends_its_other_sessions() {
    let server = TestServer::with_database();
    let mut own = server.account_in("ann", "#a");
    let mut other = server.once_more("ann");
    let mut bob = server.login_in("bob", "#a");
    bob.sync();
    own.does("delete-account", json!({"password": PASSWORD}));
    let (reason, text) = farewell(&mut other);
    assert_eq!(reason, "logged-out");
    assert!(text.contains("deleted"), "{text}");
    assert_eq!(bob.hears(), ["- ann quit (the account was deleted)", "#a ann makes bob Some(Op)"]);
    let (mut back, nick) = server.come_back(&other.resume);
    assert_ne!(nick, "ann");
    assert_ne!(back.resume, other.resume, "the token is unknown");
    back.sync();
    server.account("ann");
}

/// The console's `ban`: says until when, or for good, and takes no time that is none.
#[test]
fn the_console_says_how_long_a_ban_lasts() {
    let server = TestServer::with_database();
    let obey = |line: &str| server.operator(line);
    assert_eq!(obey("ban bob spam").unwrap(), "* bob is banned for good");
    let told = obey("ban bob 5 minutes spam").unwrap();
    assert!(told.starts_with("* bob is banned until 20"), "{told}");
    assert_eq!(obey("unban bob").unwrap(), "* bob is not banned any more");
    for line in ["ban bob 30", "ban bob 30500000w"] {
        let refusal = obey(line).unwrap_err();
        assert!(refusal.starts_with("! TIME takes"), "{refusal}");
    }
    assert_eq!(obey("unban bob").unwrap_err().split_once(' ').unwrap().0, "!");
}
