//! Several sessions of one account, which are one person to the others; and what that person has read. Knows no passwords but one. (protocol.md, *Accounts and sessions*)

use roomful::answer::Done;
use roomful::event::Event;
use serde_json::json;

use crate::support::{PASSWORD, TestServer};

/// Lab B9: each session hears all, what the other one says included.
#[test]
fn b9_two_sessions_of_one_account_both_hear_everything() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#a");
    let mut one = server.account_in("ann", "#a");
    let mut two = server.once_more("ann");
    bob.sync();
    one.sync();
    two.sync();
    bob.say("#a", "to both");
    one.say("#a", "from one");
    one.does("msg", json!({"to": "bob", "text": "psst"}));
    bob.does("reply", json!({"text": "what?"}));
    let all = ["#a bob: to both", "#a ann: from one", "ann to bob: psst", "bob to ann: what?"];
    assert_eq!(one.hears(), all);
    assert_eq!(two.hears(), all);
    assert_eq!(bob.hears(), all, "once each");
}

/// protocol.md, guarantee 6: one member, one `join`, one `quit`.
#[test]
fn several_sessions_are_one_member_who_comes_once_and_leaves_once() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#a");
    let one = server.account_in("ann", "#a");
    assert_eq!(bob.hears(), ["#a + ann"]);
    let mut two = server.once_more("ann");
    assert_eq!(two.join("#a").members, ["ann", "bob"]);
    let Done::Members { total, .. } = bob.does("members", json!({})) else { panic!() };
    assert_eq!(total, 2);
    one.quit();
    server.wait_for_sessions(2);
    assert_eq!(bob.sync(), []);
    two.say("#a", "still here");
    assert_eq!(bob.hears(), ["#a ann: still here"]);
    two.quit();
    server.wait_for_sessions(1);
    assert_eq!(bob.hears(), ["- ann quit"]);
}

#[test]
fn what_one_session_joins_and_leaves_the_other_joins_and_leaves() {
    let server = TestServer::with_database();
    let mut one = server.account("ann");
    let mut two = server.once_more("ann");
    two.sync();
    one.join("#b");
    assert_eq!(two.shown().members, ["ann"]);
    two.say("#b", "me too");
    assert_eq!(one.hears(), ["#b ann: me too"]);
    two.leave("#b");
    assert_eq!(one.hears(), ["#b left"]);
    assert_eq!(one.code("say", json!({"room": "#b", "text": "x"})), "not-in-room");
}

#[test]
fn a_guest_who_logs_in_to_an_account_that_is_here_has_left_for_the_others() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#a");
    bob.join("#b");
    let _one = server.account_in("ann", "#b");
    let mut guest = server.login_in("cat", "#a");
    bob.sync();
    guest.does("login", json!({"account": "ann", "password": PASSWORD}));
    assert_eq!(bob.hears(), ["- cat quit (logged in)"]);
    assert_eq!(guest.shown().members, ["ann", "bob"], "the room in which ann is");
    guest.say("#b", "hi");
    assert_eq!(bob.hears(), ["#b ann: hi"]);
    assert_eq!(guest.code("say", json!({"room": "#a", "text": "x"})), "not-in-room");
}

#[test]
fn when_one_session_logs_out_the_others_stay() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#a");
    let mut one = server.account_in("ann", "#a");
    let mut two = server.once_more("ann");
    bob.sync();
    let Done::Logout { nick } = one.does("logout", json!({})) else { panic!() };
    assert_eq!(one.shown().members, [&*nick]);
    assert_eq!(bob.sync(), []);
    two.say("#a", "here");
    assert_eq!(bob.hears(), ["#a ann: here"]);
    assert_eq!(one.sync(), [Event::Left { room: "#a".into(), text: None }], "it is another's by now");
}

/// Lab B10: how a person is connected is seen, and a session that has ended is not.
#[test]
fn b10_whois_lists_the_sessions_of_a_person() {
    let server = TestServer::with_database();
    let mut bob = server.login("bob");
    let one = server.account("ann");
    let _two = server.once_more("ann");
    let fronts = |bob: &mut crate::support::Peer| match bob.does("whois", json!({"nick": "ann"})) {
        Done::Whois(info) => (info.fronts, info.registered),
        other => panic!("{other:?}"),
    };
    assert_eq!(fronts(&mut bob), (vec!["json".to_owned(); 2], true));
    one.wire.reset();
    server.wait_for_sessions(2);
    assert_eq!(fronts(&mut bob), (vec!["json".to_owned()], true));
}

/// Lab B5: own rooms and conversations with what is unread, told after a login.
#[test]
fn b5_after_a_login_the_own_chats_are_told_with_what_is_unread() {
    let server = TestServer::with_database();
    let mut bob = server.account_in("bob", "#a");
    let mut ann = server.account_in("ann", "#a");
    ann.join("#b");
    ann.does("topic", json!({"topic": "so it stays"}));
    server.login_in("eve", "#not-hers").says_numbers("#not-hers", 1, 3);
    bob.says_numbers("#a", 1, 3);
    ann.does("read", json!({"room": "#a", "seq": 2}));
    ann.quit();
    server.wait_for_sessions(1);
    bob.says_numbers("#a", 4, 5);
    bob.does("msg", json!({"to": "ann", "text": "are you there?"}));
    let mut ann = server.once_more("ann");
    let told = ["#a 2/5", "#b 0/0", "@bob 0/1"];
    assert_eq!(ann.chats_told(), told);
    assert_eq!(ann.chats(), told);
    assert_eq!(bob.chats(), ["#a 5/5", "@ann 1/1"], "who speaks has read");
    drop((ann, bob));
    let server = server.restarted();
    assert_eq!(server.once_more("ann").chats_told(), told);
}

/// Lab B5: what is read in one session is read in the others, and stays read.
#[test]
fn b5_the_read_marker_follows_the_account_and_never_goes_back() {
    let server = TestServer::with_database();
    let mut bob = server.account_in("bob", "#a");
    let mut one = server.account_in("ann", "#a");
    let mut two = server.once_more("ann");
    bob.says_numbers("#a", 1, 5);
    bob.does("msg", json!({"to": "ann", "text": "psst"}));
    two.sync();
    let read = |room: &str, seq| Done::Read { room: room.into(), seq };
    assert_eq!(one.does("read", json!({"room": "#a", "seq": 4})), read("#a", 4));
    assert_eq!(two.hears(), ["#a read to 4"]);
    assert_eq!(one.does("read", json!({"room": "#a", "seq": 2})), read("#a", 4), "how far it is read now");
    assert_eq!(two.sync(), [], "nothing has changed");
    assert_eq!(two.chats(), ["#a 4/5", "@bob 0/1"]);
    assert_eq!(two.does("read", json!({"room": "@BOB"})), read("@bob", 1));
    assert_eq!(one.does("read", json!({"room": "#a", "seq": 99})), read("#a", 5));
    assert_eq!(two.hears(), ["#a read to 5"]);
    one.sync();
    drop((one, two));
    let server = server.restarted();
    let mut ann = server.once_more("ann");
    assert_eq!(ann.chats_told(), ["#a 5/5", "@bob 1/1"]);
    ann.join("#a");
    assert_eq!(ann.does("read", json!({"room": "#a", "seq": 1})), read("#a", 5));
    assert_eq!(server.login_in("guest", "#a").code("read", json!({})), "login-first");
}

/// Lab B7: a private conversation is the two's, stays listed, and is read by each side under the other's name.
#[test]
fn b7_a_private_conversation_is_seen_by_the_two_only_and_stays_listed() {
    let server = TestServer::with_database();
    let (mut ann, mut boris) = (server.account_in("ann", "#a"), server.account_in("Boris", "#a"));
    let mut eve = server.account_in("eve", "#a");
    [&mut ann, &mut boris, &mut eve].into_iter().for_each(|peer| drop(peer.sync()));
    let done = ann.does("msg", json!({"to": "boris", "text": "hi"}));
    assert!(matches!(&done, Done::Msg { to, seq: 1, away: None, again: false, .. } if &**to == "Boris"), "{done:?}");
    assert_eq!(boris.hears(), ["ann to Boris: hi"]);
    assert_eq!(eve.sync(), []);
    boris.does("reply", json!({"text": "hello"}));
    let history = ann.history(json!({"room": "@boris"}));
    assert_eq!(&*history.room, "@Boris", "as the server writes it");
    let lines: Vec<String> = history.messages.iter().map(|m| format!("{} {} {}", m.room, m.from, m.text)).collect();
    assert_eq!(lines, ["@Boris ann hi", "@Boris Boris hello"]);
    assert_eq!(&*boris.history(json!({"room": "@ANN"})).messages[0].room, "@ann");
    assert_eq!(eve.code("history", json!({"room": "@ann"})), "no-conversation");
    assert_eq!(eve.code("history", json!({"room": "@nobody"})), "no-such-nick");
    boris.quit();
    server.wait_for_sessions(2);
    ann.does("msg", json!({"to": "Boris", "text": "gone already?"}));
    assert_eq!(ann.chats(), ["#a 0/0", "@Boris 3/3"]);
    assert_eq!(ann.texts("@Boris"), ["hi", "hello", "gone already?"]);
    drop((ann, eve));
    let server = server.restarted();
    let mut boris = server.once_more("boris");
    assert_eq!(boris.chats_told(), ["@ann 2/3"], "#a is gone, for nobody has said anything there");
    assert_eq!(boris.texts("@ann"), ["hi", "hello", "gone already?"]);
    boris.does("msg", json!({"to": "ann", "text": "back"}));
    assert_eq!(boris.texts("@ann").len(), 4, "also with somebody who is not here");
    assert_eq!(server.once_more("eve").code("history", json!({"room": "@ann"})), "no-conversation");
}

/// protocol.md, *What is stored*: a guest's conversation is that guest's, as long as the token holds.
#[test]
fn a_guests_conversation_is_not_for_the_next_of_that_name() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    let mut bob = server.login("bob");
    ann.does("msg", json!({"to": "bob", "text": "for this bob"}));
    assert_eq!(bob.texts("@ann"), ["for this bob"]);
    let token = bob.resume.clone();
    bob.wire.reset();
    server.wait_for_sessions(1);
    assert_eq!(ann.code("msg", json!({"to": "bob", "text": "x"})), "no-such-nick");
    let mut other = server.login("bob");
    assert_eq!(other.code("history", json!({"room": "@ann"})), "no-conversation");
    other.quit();
    server.wait_for_sessions(1);
    drop(ann);
    let server = server.restarted();
    let (mut bob, nick) = server.come_back(&token);
    assert_eq!(nick, "bob");
    assert_eq!(bob.texts("@ann"), ["for this bob"]);
}
