//! What others see of a person beside the nick, proofs before the name, and ops of the server by password. Knows JSON and the line front. (protocol.md, *Accounts and sessions*)

use roomful::answer::{Done, WhoisInfo};
use roomful::event::Event;
use serde_json::json;

use crate::support::{PASSWORD, Peer, TestServer};

fn whois(peer: &mut Peer, nick: &str) -> WhoisInfo {
    match peer.does("whois", json!({"nick": nick})) {
        Done::Whois(info) => info,
        other => panic!("{other:?}"),
    }
}

#[test]
fn words_about_oneself_and_the_host_of_an_account_are_there_after_a_restart() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.login_in("bob", "#a");
    assert_eq!(ann.does("about", json!({"text": "one of two"})), Done::About { text: Some("one of two".into()) });
    let told = bob.wait(|event| matches!(event, Event::Face { .. }));
    assert!(matches!(&told, Event::Face { who, text: Some(text), .. } if *who == "ann" && &**text == "one of two"));
    assert_eq!(ann.code("about", json!({"text": "x".repeat(151)})), "about-too-long");
    ann.say("#a", "hello");
    let before = whois(&mut bob, "ann");
    assert_eq!((before.about.as_deref(), &*before.user, before.op), (Some("one of two"), "~json", false));
    assert!(before.host.len() == 20 && before.host.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{before:?}");
    let mut line = server.nc_login("vera");
    line.sync();
    let told = line.asks("/whois ann");
    assert!(told[0].ends_with("About: one of two"), "{told:?}");
    drop((ann, bob, line));
    let server = server.restarted();
    let mut ann = server.once_more("ann");
    let after = whois(&mut ann, "ann");
    assert_eq!((after.host, after.about), (before.host, before.about));
}

#[test]
fn a_password_is_proved_before_the_name_and_the_name_is_the_accounts_then() {
    let server = TestServer::with_database_and(|limits| limits.login_tries = 9);
    let mut ann = server.account_in("Ann", "#a");
    ann.say("#a", "hello");
    ann.quit();
    let mut peer = server.peer();
    peer.hello(json!({"own": true, "about": "on the way"})).unwrap();
    let [wrong, unknown] = ["ann", "nobody"]
        .map(|account| peer.refusal("authenticate", json!({"account": account, "password": "nine blue skies"})));
    assert_eq!((&*wrong.code, wrong.value, wrong.text), ("login-failed", unknown.value, unknown.text));
    assert_eq!(unknown.code, "login-failed");
    let proof = json!({"account": "ann", "password": PASSWORD});
    assert_eq!(peer.does("authenticate", proof.clone()), Done::Authenticate { nick: "ann".into() });
    let done = peer.does("nick", json!({"nick": "somebody"}));
    assert!(matches!(&done, Done::Nick { nick, .. } if *nick == "Ann"), "{done:?}");
    assert_eq!(peer.chats_told(), ["#a 1/1"]);
    assert_eq!(peer.code("authenticate", proof), "named-already");
    let info = whois(&mut peer, "ann");
    assert_eq!((info.registered, info.about.as_deref()), (true, Some("on the way")));
}

#[test]
fn a_session_that_wants_its_own_rooms_only_is_in_no_lobby_not_even_after_a_logout() {
    let server = TestServer::with_database();
    let mut guest = server.peer();
    guest.hello(json!({"nick": "bob", "own": true})).unwrap();
    assert!(guest.sync().iter().all(|event| !matches!(event, Event::Joined { .. })));
    guest.register();
    guest.join("#a");
    guest.does("logout", json!({}));
    assert!(guest.sync().iter().all(|event| !matches!(event, Event::Joined { .. })));
}

#[test]
fn a_guest_is_an_op_of_the_server_by_the_password_of_one_for_this_session() {
    let server = TestServer::with_database_and(|limits| limits.login_tries = 9);
    let mut ann = server.account("ann");
    server.account("vera").quit();
    ann.does("claim", json!({"code": server.claim()}));
    let mut bob = server.login("bob");
    let oper = |account: &str, password: &str| json!({"account": account, "password": password});
    assert_eq!(bob.code("oper", oper("vera", PASSWORD)), "no-such-op");
    assert_eq!(bob.code("oper", oper("ann", "nine blue skies")), "login-failed");
    assert_eq!(bob.code("oper", oper("nobody", PASSWORD)), "login-failed");
    assert_eq!(bob.code("announce", json!({"text": "hear"})), "needs-role");
    assert_eq!(bob.does("oper", oper("ann", PASSWORD)), Done::Oper);
    bob.does("announce", json!({"text": "hear"}));
    assert!(whois(&mut ann, "bob").op);
    assert_eq!(bob.does("deoper", json!({})), Done::Deoper);
    assert_eq!(bob.code("announce", json!({"text": "hear"})), "needs-role");
    let mut line = server.nc_login("gleb");
    line.sync();
    line.types("/oper ann");
    assert!(line.line().contains("Password:"));
    line.types(PASSWORD);
    assert!(line.line().contains("You are an op of this server now."));
}
