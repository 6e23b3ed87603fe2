//! A page that is closed, or only loaded anew: the others hear of the first after a moment, and of the second never. (protocol.md, *Close reasons*, `closed`)

use std::time::Duration;

use roomful::chat::outbox::Ending;
use roomful::event::Event;
use roomful::model::CloseReason;
use roomful::names::Nick;
use serde_json::json;

use crate::support::{PASSWORD, Peer, TestServer, brief};

impl TestServer {
    /// Ends a session as a peer does that closes its page; its token.
    fn closes_the_page(&self, mut peer: Peer, nick: &str) -> String {
        let (hub, left) = (self.hub(), self.hub().sessions() - 1);
        for id in hub.chat.sessions_of(&Nick::parse(nick).unwrap()) {
            let ending = Ending { reason: CloseReason::Closed, text: None };
            hub.handle(id).map(|handle| hub.close(&handle, ending, "closed"));
        }
        peer.rest();
        let token = peer.resume.clone();
        drop(peer);
        self.wait_for_sessions(left);
        token
    }

    /// Lets a person come back with the token.
    fn reloads(&self, token: &str, nick: &str) -> Peer {
        let mut again = self.peer();
        again.hello(json!({"nick": nick, "resume": token, "rooms": []})).unwrap();
        assert_eq!(again.resume, token);
        again
    }
}

#[test]
fn a_page_that_is_loaded_anew_is_not_seen_and_misses_nothing() {
    let server = TestServer::with_database();
    let (mut bob, mut ann) = (server.login_in("bob", "#a"), server.login("ann"));
    let made = ann.join("#a").made;
    bob.does("msg", json!({"to": "ann", "text": "psst"}));
    bob.sync();
    let token = server.closes_the_page(ann, "ann");
    bob.say("#a", "are you there?");
    bob.does("msg", json!({"to": "ann", "text": "hello?"}));
    // Who looks sees her there.
    let roomful::answer::Done::Members { total, .. } = bob.does("members", json!({})) else { panic!() };
    assert_eq!(total, 2);
    bob.does("whois", json!({"nick": "ann"}));
    assert_eq!(server.peer().hello(json!({"nick": "ann"})).unwrap_err().code, "nick-in-use");
    let mut ann = server.reloads(&token, "ann");
    let shown = ann.join_after("#a", json!({"after": 0, "made": made}));
    assert_eq!((shown.members, shown.history.messages.len()), (vec!["ann".to_owned(), "bob".to_owned()], 1));
    assert_eq!(ann.texts("@bob"), ["psst", "hello?"]);
    ann.say("#a", "yes");
    assert_eq!(bob.hears(), ["#a bob: are you there?", "bob to ann: hello?", "#a ann: yes"]);
}

/// docs/limits.md, `linger`: the watchdog tells the others, and the token lives.
#[test]
fn a_person_who_does_not_come_back_has_left_as_closed() {
    let server = TestServer::with(|limits| limits.linger = Duration::from_millis(100));
    let (mut bob, ann) = (server.login_in("bob", "#a"), server.login_in("ann", "#a"));
    let token = server.closes_the_page(ann, "ann");
    assert_eq!(brief(&bob.wait(|event| matches!(event, Event::Quit { .. }))), "- ann closed");
    let mut ann = server.reloads(&token, "ann");
    ann.join("#a");
    assert_eq!(bob.hears(), ["#a + ann", "#a + ann"]);
}

#[test]
fn of_two_tabs_of_an_account_one_can_be_closed_and_the_other_loaded_anew() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#a");
    let one = server.account_in("ann", "#a");
    let mut two = server.peer();
    two.hello(json!({"nick": "ann", "resume": one.resume, "beside": true, "rooms": []})).unwrap();
    bob.sync();
    one.quit();
    server.wait_for_sessions(2);
    let token = server.closes_the_page(two, "ann");
    let mut two = server.reloads(&token, "ann");
    two.say("#a", "here");
    assert_eq!(bob.hears(), ["#a ann: here"]);
}

#[test]
fn who_is_banned_while_the_page_is_loaded_anew_has_left_at_once() {
    let server = TestServer::with_database();
    let mut op = server.account_in("op", "#a");
    op.does("claim", json!({"code": server.claim()}));
    let (ann, mut eve) = (server.login_in("ann", "#a"), server.login_in("eve", "#a"));
    op.sync();
    let token = server.closes_the_page(ann, "ann");
    op.does("ban", json!({"nick": "ann", "everywhere": true}));
    assert_eq!(brief(&op.wait(|event| matches!(event, Event::Quit { .. }))), "- ann kicked");
    let refusal = server.peer().hello(json!({"nick": "ann", "resume": token, "rooms": []})).unwrap_err();
    assert_eq!(refusal.code, "banned");
    // A new password ends the token of a page that is being loaded.
    eve.register();
    let mut two = server.peer();
    two.hello(json!({"nick": "eve", "password": PASSWORD, "rooms": []})).unwrap();
    eve.does("password", json!({"old": PASSWORD, "new": "ten blue skis"}));
    assert_eq!(server.peer().hello(json!({"nick": "eve", "resume": two.resume})).unwrap_err().code, "nick-registered");
}

/// What was read by speaking is stored, also if the server stops before the moment is over.
#[test]
fn a_server_that_stops_meanwhile_forgets_nothing() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    ann.say("#a", "one");
    ann.sync();
    let token = server.closes_the_page(ann, "ann");
    let server = server.restarted();
    let mut ann = server.reloads(&token, "ann");
    assert_eq!(ann.chats(), ["#a 1/1", "#lobby 0/0"][..1]);
}
