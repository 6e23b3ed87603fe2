//! Coming back on a new connection. (protocol.md, `hello`, resume)

use std::sync::mpsc;
use std::thread;

use roomful::answer::Done;
use roomful::event::Event;
use roomful::model::CloseReason;
use serde_json::json;

use crate::support::{Peer, TestServer, brief, message_of};

/// Comes back with a token, and into no new room.
fn come_back(server: &TestServer, token: &str) -> Peer {
    let mut peer = server.peer();
    peer.hello(json!({"resume": token, "rooms": []})).expect("no name is asked for yet");
    match peer.ask("nick", json!({})) {
        Ok(Done::Nick { nick, resume: Some(resume) }) => {
            assert_eq!(&*nick, "ann", "the token brings the name back");
            peer.resume = resume.to_string();
        }
        other => panic!("{other:?}"),
    }
    peer
}

fn is_quit(event: &Event) -> bool {
    matches!(event, Event::Quit { .. })
}

/// A dead connection has the name; its owner takes over at once, and nobody notices.
#[test]
fn a_person_who_comes_back_while_the_old_connection_lasts_takes_over_unnoticed() {
    let server = TestServer::start();
    let mut bob = server.login_in("bob", "#a");
    let mut old = server.login_in("ann", "#a");
    bob.sync();
    let mut new = come_back(&server, &old.resume);
    let closing = old.rest();
    assert!(matches!(closing.last(), Some(Event::Closing { reason: CloseReason::Replaced, .. })), "{closing:?}");
    drop(old);
    server.wait_for_sessions(2);
    assert_eq!(bob.sync(), []);
    bob.say("#a", "still here?");
    assert_eq!(new.hears(), ["#a bob: still here?"]);
    new.say("#a", "yes");
    assert_eq!(bob.hears().last().unwrap(), "#a ann: yes");
    new.quit();
    assert_eq!(brief(&bob.wait(is_quit)), "- ann quit");
}

/// A lost person finds the name reserved for the token, and the missed messages after the last one seen.
#[test]
fn a_person_who_was_lost_comes_back_to_name_and_missed_messages() {
    let server = TestServer::start();
    let mut bob = server.login_in("bob", "#a");
    let mut old = server.login("ann");
    let made = old.join("#a").made;
    let seen = bob.say("#a", "one");
    old.sync();
    let token = old.resume.clone();
    old.wire.reset();
    assert_eq!(brief(&bob.wait(is_quit)), "- ann lost");
    bob.say("#a", "two");
    bob.say("#a", "three");
    let mut new = come_back(&server, &token);
    let shown = new.join_after("#a", json!({"after": seen, "made": made}));
    let texts: Vec<&str> = shown.history.messages.iter().map(|message| &*message.text).collect();
    assert_eq!((texts, shown.history.missed, shown.made), (vec!["two", "three"], 0, made));
}

/// A room of the same name made later counts anew, so all of it is unseen.
#[test]
fn a_room_made_anew_is_shown_from_its_beginning() {
    let server = TestServer::start();
    let mut ann = server.login("ann");
    let made = ann.join("#a").made;
    (0..5).for_each(|_| assert!(ann.say("#a", "old") > 0));
    ann.leave("#a");
    let mut bob = server.login_in("bob", "#a");
    while bob.join("#a").made == made {
        bob.leave("#a"); // the clock has not moved yet
    }
    bob.say("#a", "new");
    let shown = ann.join_after("#a", json!({"after": 5, "made": made}));
    let texts: Vec<&str> = shown.history.messages.iter().map(|message| &*message.text).collect();
    assert_eq!(texts, ["new"]);
}

/// A repeated tag after a reconnect is not said twice.
#[test]
fn a_repeated_tag_is_answered_as_before_and_not_said_twice() {
    let server = TestServer::start();
    let mut bob = server.login_in("bob", "#a");
    let mut ann = server.login_in("ann", "#a");
    bob.sync();
    let line = json!({"room": "#a", "text": "once", "tag": "mine"});
    let private = json!({"to": "bob", "text": "psst", "tag": "yours"});
    ann.send("say", line.clone());
    ann.send("msg", private.clone());
    let said = ann.answer("mine").unwrap();
    assert!(matches!(said, Done::Say { seq: 1, again: false, .. }), "{said:?}");
    ann.answer("yours").unwrap();
    for gone in [false, true] {
        let token = ann.resume.clone();
        if gone {
            ann.wire.reset();
            bob.wait(is_quit);
        }
        ann = come_back(&server, &token);
        ann.join("#a");
        ann.send("say", line.clone());
        ann.send("msg", private.clone());
        let again = ann.answer("mine").unwrap();
        assert!(matches!(again, Done::Say { seq: 1, again: true, .. }), "{again:?}");
        assert!(matches!(ann.answer("yours").unwrap(), Done::Msg { again: true, .. }));
    }
    assert_eq!(bob.hears(), ["#a ann: once", "ann to bob: psst", "#a + ann"]);
}

/// After a goodbye, or with an unknown token, one is a new person.
#[test]
fn a_token_is_void_after_a_goodbye_and_a_wrong_one_opens_nothing() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#a");
    let token = ann.resume.clone();
    ann.send("say", json!({"room": "#a", "text": "x", "tag": "t"}));
    ann.answer("t").unwrap();
    ann.quit();
    server.wait_for_sessions(0);
    for token in [token.as_str(), "", "0", &"f".repeat(32)] {
        let mut peer = server.peer();
        let name = peer.hello(json!({"resume": token, "nick": "bob"})).unwrap();
        assert_eq!(name, "bob");
        peer.send("say", json!({"text": "new", "tag": "t"}));
        assert!(matches!(peer.answer("t").unwrap(), Done::Say { again: false, .. }));
        peer.quit();
        server.wait_for_sessions(0);
    }
}

/// The numbers that a `join` with `after` shows, once it is answered. Up to `joined` each `message` of the room
/// is ignored, and each `history` is taken; after it comes the rest, in one `history` or more.
/// (docs/protocol.md, *Reconnecting*)
fn caught_up(peer: &mut Peer, mut after: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut has_joined = false;
    loop {
        match peer.read() {
            Event::History(history) => {
                assert_eq!((history.after, history.missed), (Some(after), 0), "a page begins where the last one ended");
                numbers.extend(history.messages.iter().map(|message| message.seq));
                after = numbers.last().copied().unwrap_or(after);
                if has_joined && !history.more {
                    return numbers;
                }
            }
            Event::Joined { .. } => has_joined = true,
            _ => {}
        }
    }
}

/// However often the connection is lost, nothing is missed, doubled or said twice.
#[test]
fn reconnecting_while_others_speak_loses_and_doubles_nothing() {
    // On a busy machine much is said before a client is back.
    let server = TestServer::with(|limits| limits.recent = 2_000);
    let mut talker = server.login_in("talker", "#a");
    let mut ann = server.login("ann");
    let shown = ann.join("#a");
    let made = shown.made;
    // The talker is never so far ahead that one `join` cannot show it all.
    let (said, heard) = mpsc::sync_channel(500);
    let mut seen: Vec<u64> = shown.history.messages.iter().map(|message| message.seq).collect();
    let mut ann = thread::scope(|scope| {
        let heard = heard;
        scope.spawn(move || {
            while said.send(()).is_ok() {
                talker.say("#a", "on and on");
                talker.sync();
            }
        });
        for round in 0..20 {
            // A line whose answer is lost with the connection, and is sent again.
            let tagged = json!({"room": "#a", "text": format!("mine {round}"), "tag": format!("r{round}")});
            ann.send("say", tagged.clone());
            let token = ann.resume.clone();
            // By turns over a connection that still stands, and one that was just reset.
            if round % 2 == 1 {
                ann.wire.reset();
            }
            ann = come_back(&server, &token);
            let after = seen.last().copied().unwrap_or(0);
            ann.ask("join", json!({"room": "#a", "after": after, "made": made})).expect("the room stands");
            // A session that takes over hears the room from the hello on; what it is shown replaces that.
            ann.so_far();
            seen.extend(caught_up(&mut ann, after));
            ann.send("say", tagged);
            ann.answer(&format!("r{round}")).unwrap();
            heard.try_iter().for_each(drop);
            for _ in 0..5 {
                seen.extend(message_of(&ann.wait(|event| matches!(event, Event::Message(_)))).map(|m| m.seq));
            }
        }
        ann
    });
    let wrong = seen.windows(2).find(|pair| pair[1] != pair[0] + 1);
    assert_eq!(wrong, None, "these two follow one another");
    let Done::History(history) = ann.ask("history", json!({"room": "#a", "limit": 100})).unwrap() else { panic!() };
    let mut mine: Vec<&str> = history.messages.iter().filter(|m| &*m.from == "ann").map(|m| &*m.text).collect();
    let all = mine.len();
    mine.dedup();
    assert_eq!(mine.len(), all, "each line was said once");
}
