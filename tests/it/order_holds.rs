//! Order that holds: against another name, another account, another session, and against those who keep it. Knows no hidden room. (protocol.md, *Roles*)

use roomful::event::{Done, Event};
use serde_json::json;

use crate::support::{PASSWORD, Peer, TestServer};

/// The last word to a session that is ended: `logged-out`, and the sentence.
fn farewell(peer: &mut Peer) -> (String, String) {
    match peer.rest().pop() {
        Some(Event::Closing { reason, text }) => (reason.code().to_owned(), text.to_string()),
        other => panic!("{other:?}"),
    }
}

/// protocol.md, `ban`, `seconds`: at its edges.
#[test]
fn a_time_is_taken_from_a_second_to_a_hundred_years_and_nothing_else() {
    const LONGEST: u64 = 3_155_760_000;
    let server = TestServer::kept();
    let mut ann = server.account_in("ann", "#a");
    ann.does("claim", json!({"code": server.claim()}));
    for deed in ["ban", "mute"] {
        for (seconds, taken) in [(0, false), (1, true), (LONGEST, true), (LONGEST + 1, false), (u64::MAX, false)] {
            for everywhere in [false, true] {
                if everywhere && deed == "mute" {
                    continue;
                }
                let fields = json!({"room": "#a", "nick": "bob", "seconds": seconds, "everywhere": everywhere});
                match ann.ask(deed, fields) {
                    Ok(Done::Ban(ordered) | Done::Mute(ordered)) => assert!(taken && ordered.until.is_some()),
                    Err(refusal) => {
                        assert!(!taken && refusal.code == "bad-field", "{deed} {seconds}: {refusal:?}");
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
    let server = TestServer::kept();
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

/// protocol.md, `password`: who was logged in with the old one is logged out, and does not come back.
#[test]
fn a_new_password_ends_the_other_sessions_and_their_tokens() {
    let server = TestServer::kept();
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
    let server = TestServer::kept();
    let mut own = server.account_in("ann", "#a");
    let mut other = server.once_more("ann");
    let mut bob = server.login_in("bob", "#a");
    bob.sync();
    own.does("delete-account", json!({"password": PASSWORD}));
    let (reason, text) = farewell(&mut other);
    assert_eq!(reason, "logged-out");
    assert!(text.contains("deleted"), "{text}");
    assert_eq!(bob.hears(), ["- ann quit (the account was deleted)"]);
    let (mut back, nick) = server.come_back(&other.resume);
    assert_ne!(nick, "ann");
    assert_ne!(back.resume, other.resume, "the token is unknown");
    back.sync();
    server.account("ann");
}

/// The console's `ban`: says until when, or for good, and takes no time that is none.
#[test]
fn the_console_says_how_long_a_ban_lasts() {
    let server = TestServer::kept();
    let obey = |line: &str| roomful::console::obey(server.house(), line);
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
