//! What is stored, and other limits: long texts in pages, tokens of one session of several, rooms with a key in a greeting. Knows a little of everything.

use roomful::answer::Done;
use roomful::event::Event;
use roomful::model::CloseReason;
use serde_json::json;

use crate::support::{PASSWORD, TestServer, brief, message_of, seqs};

/// protocol.md, `history`, *Slow readers*: a page of the longest texts is no reason to be closed.
#[test]
fn pages_of_the_longest_texts_are_sent_to_a_session_that_reads() {
    let server = TestServer::with_database();
    let mut ann = server.login("ann");
    let made = ann.join("#a").made;
    let long = "ж".repeat(3_990);
    for n in 1..=120 {
        ann.say("#a", &format!("{long} {n}"));
        ann.so_far();
    }
    // Such a page has fewer messages than it may have, and says that there is more.
    let (mut after, mut before, mut next) = (0, 121, json!(null));
    while after < 120 {
        let page = ann.history(json!({"room": "#a", "after": after, "limit": 100}));
        assert_eq!(seqs(&page), Vec::from_iter(after + 1..=after + page.messages.len() as u64));
        after += page.messages.len() as u64;
        assert!((after < 120) == page.more && page.messages.len() > 3, "{after}");
    }
    while before > 1 {
        let page = ann.history(json!({"room": "#a", "before": before, "limit": 100}));
        assert_eq!(seqs(&page), Vec::from_iter(before - page.messages.len() as u64..before));
        before -= page.messages.len() as u64;
        assert!((before > 1) == page.more && page.messages.len() > 3, "{before}");
    }
    let mut found = Vec::new();
    loop {
        let fields = json!({"text": "жжж*", "limit": 100, "next": next});
        let Done::Search { messages, more, next: after } = ann.does("search", fields) else { panic!() };
        found.extend(messages.iter().map(|message| message.seq));
        next = json!(after);
        if !more {
            break;
        }
    }
    assert_eq!(found, Vec::from_iter((1..=120).rev()));
    let mut bob = server.login("bob");
    bob.ask("join", json!({"room": "#a", "after": 5, "made": made})).unwrap();
    let mut came = Vec::new();
    while came.last() != Some(&120) {
        match bob.wait(|event| matches!(event, Event::History(_) | Event::Closing { .. })) {
            Event::History(history) => came.extend(seqs(&history)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(came, Vec::from_iter(6..=120));
}

/// protocol.md, *Tags and answers*: a room of a `hello` that cannot be joined is refused on its own.
#[test]
fn a_room_with_a_key_in_a_greeting_is_refused_after_the_answer_and_the_others_open() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#key");
    ann.does("settings", json!({"key": "wax"}));
    let mut bob = server.peer();
    bob.hello(json!({"nick": "bob", "rooms": ["#key", "#b"]})).unwrap();
    assert_eq!(bob.shown().members, ["bob"]);
    let refusal = bob.refused();
    assert_eq!((&*refusal.code, &*refusal.value), ("key-needed", "#key"));
}

/// protocol.md, `hello`: an account without rooms goes to the lobby.
#[test]
fn an_account_without_rooms_goes_to_the_lobby() {
    let server = TestServer::with_database();
    server.account("ann").quit();
    let mut ann = server.peer();
    ann.ask("hello", json!({"version": 1, "nick": "ann", "password": PASSWORD})).unwrap();
    assert_eq!(ann.chats_told(), [""; 0]);
    ann.shown();
    assert_eq!(ann.chats(), ["#lobby 0/0"]);
}

/// protocol.md, *Reconnecting*: a token replaces its own session, not the account's others.
#[test]
fn one_session_of_several_is_replaced_and_the_others_go_on() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#a");
    let mut one = server.account_in("ann", "#a");
    let mut two = server.once_more("ann");
    bob.sync();
    let (mut new, nick) = server.come_back(&one.resume);
    assert_eq!(nick, "ann");
    let last = one.rest().pop();
    assert!(matches!(last, Some(Event::Closing { reason: CloseReason::Replaced, .. })), "{last:?}");
    drop(one);
    server.wait_for_sessions(3);
    two.sync();
    new.sync();
    bob.say("#a", "all three?");
    assert_eq!(two.hears(), ["#a bob: all three?"]);
    assert_eq!(new.hears(), ["#a bob: all three?"]);
    let token = two.resume.clone();
    two.wire.reset();
    server.wait_for_sessions(2);
    let (mut two, _) = server.come_back(&token);
    two.say("#a", "back");
    assert_eq!(bob.hears(), ["#a bob: all three?", "#a ann: back"], "nobody came or went");
}

/// protocol.md, `kick`: all sessions of the one put out.
#[test]
fn a_person_who_is_kicked_is_out_with_all_sessions() {
    let server = TestServer::with_database();
    let mut op = server.account_in("op1", "#a");
    let mut one = server.account_in("ann", "#a");
    let mut two = server.once_more("ann");
    one.sync();
    two.sync();
    op.does("kick", json!({"room": "#a", "nick": "ann"}));
    for peer in [&mut one, &mut two] {
        assert_eq!(peer.hears(), ["#a op1 kicks ann", "#a left"]);
        assert_eq!(peer.code("say", json!({"room": "#a", "text": "x"})), "not-in-room");
    }
    assert_eq!(one.chats(), [""; 0]);
}

/// protocol.md, limits, `accounts` and `rooms-per-account`.
#[test]
fn accounts_and_registered_rooms_have_their_limits() {
    let server = TestServer::with_database_and(|limits| (limits.accounts, limits.rooms_per_account) = (1, 2));
    let mut ann = server.account("ann");
    let refusal = server.login("bob").refusal("register", json!({"password": PASSWORD}));
    assert_eq!((&*refusal.code, &*refusal.value), ("accounts-full", "1"));
    for room in ["#a", "#b", "#c"] {
        ann.join(room);
    }
    ann.does("register-room", json!({"room": "#a"}));
    ann.does("register-room", json!({"room": "#b"}));
    let refusal = ann.refusal("register-room", json!({"room": "#c"}));
    assert_eq!((&*refusal.code, &*refusal.value), ("too-many-owned", "2"));
    ann.does("drop-room", json!({"room": "#a"}));
    ann.does("register-room", json!({"room": "#c"}));
}

/// protocol.md, *What is stored*: private conversations between any two people; each side reads its own.
#[test]
fn an_account_reads_its_conversation_with_a_guest_who_left() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    let mut guest = server.login("guest");
    guest.does("msg", json!({"to": "ann", "text": "my number is 17"}));
    guest.quit();
    server.wait_for_sessions(1);
    assert_eq!(ann.chats(), ["@guest 0/1"]);
    assert_eq!(ann.finds(json!({"text": "number"})), ["@guest my number is 17"]);
    for _ in 0..2 {
        assert_eq!(ann.texts("@GUEST"), ["my number is 17"]);
        assert_eq!(ann.finds(json!({"room": "@guest", "text": "17"})), ["@guest my number is 17"]);
    }
    assert_eq!(ann.file_names("@guest"), [""; 0]);
    assert_eq!(server.account("eve").code("history", json!({"room": "@guest"})), "no-such-nick");
    let mut other = server.login("guest");
    assert_eq!(ann.texts("@guest"), ["my number is 17"], "with who is here now there is none yet");
    assert_eq!(other.code("history", json!({"room": "@ann"})), "no-conversation");
}

/// protocol.md, `ban`: an address is meant for guests who come from it, and for no account.
#[test]
fn a_ban_of_an_address_is_for_its_guests() {
    let server = TestServer::with_database();
    let mut ann = server.account_in("ann", "#a");
    let mut bob = server.account_in("bob", "#a");
    let mut cat = server.login_in("cat", "#a");
    cat.sync();
    bob.sync();
    ann.does("ban", json!({"room": "#a", "nick": "127.0.0.1"}));
    assert_eq!(cat.hears(), ["#a ann Ban 127.0.0.1", "#a ann kicks cat", "#a left"]);
    assert_eq!(bob.hears(), ["#a ann Ban 127.0.0.1", "#a ann kicks cat"]);
    assert_eq!(server.login("dan").code("join", json!({"room": "#a"})), "banned");
    bob.say("#a", "an account answers for itself");
    ann.does("unban", json!({"room": "#a", "nick": "127.0.0.1"}));
    cat.join("#a");
}

/// protocol.md, *Accounts and sessions*: several sessions at once in one conversation keep one order.
#[test]
fn both_sides_of_a_conversation_see_one_order() {
    let server = TestServer::with_database();
    let (mut ann, mut bob) = (server.account("ann"), server.account("bob"));
    let mut two = server.once_more("ann");
    std::thread::scope(|scope| {
        for (peer, to) in [(&mut ann, "bob"), (&mut bob, "ann"), (&mut two, "bob")] {
            scope.spawn(move || (0..50).for_each(|n| drop(peer.does("msg", json!({"to": to, "text": n.to_string()})))));
        }
    });
    let private = |events: Vec<Event>| -> Vec<(u64, String)> {
        let seq = |event: &Event| match event {
            Event::Private { seq, .. } => Some((*seq, brief(event))),
            _ => None,
        };
        events.iter().filter_map(seq).collect()
    };
    let [one, other, third] = [&mut ann, &mut bob, &mut two].map(|peer| private(peer.sync()));
    assert_eq!(one.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), Vec::from_iter(1..=150));
    assert_eq!((&one, &one), (&other, &third));
    assert_eq!(seqs(&ann.history(json!({"room": "@bob", "after": 0, "limit": 100}))), Vec::from_iter(1..=100));
    assert!(message_of(&Event::Ping { token: "".into() }).is_none());
}

/// protocol.md, limits, `history-size`: the oldest go, and what is left out is counted.
#[test]
fn what_is_no_longer_stored_is_counted_as_missed() {
    let server = TestServer::with_database_and(|limits| limits.history_size = 150);
    let mut ann = server.login_in("ann", "#a");
    ann.says_numbers("#a", 1, 400);
    drop(ann);
    let server = server.restarted();
    let mut bob = server.login("bob");
    bob.join("#a");
    crate::support::eventually("the oldest are gone", || {
        let page = bob.history(json!({"room": "#a", "after": 0, "limit": 1}));
        page.messages[0].seq > 1 && page.missed == page.messages[0].seq - 1
    });
    bob.ask("join", json!({"room": "#a", "after": 0})).unwrap();
    let (mut missed, mut came) = (0, Vec::new());
    while came.last() != Some(&400) {
        let Event::History(page) = bob.wait(|event| matches!(event, Event::History(_))) else { unreachable!() };
        missed += page.missed;
        came.extend(seqs(&page));
    }
    assert_eq!(came, Vec::from_iter(missed + 1..=400));
}
