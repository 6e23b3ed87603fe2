//! Long answers: a session that asks for much gets it, in pages and pieces, and is not taken for a slow reader. (protocol.md, Pages)

use std::sync::atomic::Ordering;

use roomful::answer::Done;
use roomful::event::Event;
use serde_json::{Value, json};

use crate::support::{Peer, TestServer};

/// The longest text an away text, a topic or a reason of so many characters can be, in bytes.
fn widest(characters: usize) -> String {
    "🐫".repeat(characters)
}

/// A name of 32 characters in no more columns, and many bytes.
fn long_name(number: usize) -> String {
    let digits = ["ა", "ბ", "გ", "დ", "ე", "ვ", "ზ", "თ", "ი", "კ"];
    let name: String = number.to_string().chars().map(|digit| digits[digit as usize - '0' as usize]).collect();
    format!("{}{name}", "ლ".repeat(32 - name.chars().count()))
}

/// What may wait for one session, with answers of a quarter of it, as by default; in small, so that few members do.
fn small(limits: &mut roomful::limits::Limits) {
    (limits.outbox_bytes, limits.outbox_soft_bytes, limits.answer_bytes) = (65_536, 65_536, 16_384);
}

/// All rows of a list, asked for page by page; and how many pages there were.
fn all_pages(peer: &mut Peer, kind: &str, fields: &Value, list: &str, next: impl Fn(&Value) -> Value) -> Vec<Value> {
    let (mut rows, mut fields, mut pages) = (Vec::new(), fields.clone(), 0);
    loop {
        let done = serde_json::to_value(peer.does(kind, fields.clone())).expect("an answer is JSON");
        assert!(done.to_string().len() < 2 * 16_384, "{kind}: a page of {} bytes", done.to_string().len());
        rows.extend(done[list].as_array().expect("a list").iter().cloned());
        pages += 1;
        if done["more"] != json!(true) {
            assert!(pages > 1, "{kind}: one page proves nothing");
            return rows;
        }
        for (name, value) in next(&done).as_object().expect("fields") {
            fields[name] = value.clone();
        }
    }
}

fn last<'a>(done: &'a Value, list: &str) -> &'a Value {
    done[list].as_array().and_then(|rows| rows.last()).expect("a page has a row")
}

/// protocol.md, Pages: 100 members with the longest away texts are four times what may wait for a slow reader.
#[test]
fn a_person_who_joins_a_room_of_many_long_away_texts_stays_and_sees_them_all() {
    let server = TestServer::with(small);
    let others: Vec<Peer> = (0..100)
        .map(|i| {
            let mut peer = server.login(&long_name(i));
            peer.does("away", json!({"text": widest(200)}));
            peer.does("join", json!({"room": "#a"}));
            peer
        })
        .collect();
    let mut ann = server.login("ann");
    let shown = ann.join("#a");
    assert_eq!(shown.members.len(), others.len() + 1);
    let next = |done: &Value| json!({"past": last(done, "members")["nick"]});
    let members = all_pages(&mut ann, "members", &json!({"room": "#a"}), "members", next);
    let names: Vec<&str> = members.iter().filter_map(|member| member["nick"].as_str()).collect();
    assert_eq!(names, shown.members, "the pages join without a gap, in the order of the names");
    let mut nc = server.nc();
    nc.types("boris");
    nc.until("* You are in #lobby.");
    nc.asks("/join #a");
    assert!(nc.asks("/members #a").iter().any(|line| line.starts_with("* There are more: /members #a ")));
    assert_eq!(server.hub().counts.slow.load(Ordering::Relaxed), 0);
}

/// protocol.md, Pages: the messages shown to a newcomer are one page, those after `after` all, in pieces.
#[test]
fn a_person_who_joins_a_room_of_long_messages_gets_a_page_of_them_and_one_who_comes_back_gets_all() {
    let server = TestServer::with(small);
    let mut ann = server.login_in("ann", "#a");
    for seq in 1..=8 {
        assert_eq!(ann.say("#a", &widest(3_000)), seq);
    }
    let mut bob = server.login("bob");
    let shown = bob.join("#a");
    assert_eq!(shown.history.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [8]);
    assert!(shown.history.more);
    bob.leave("#a");
    bob.does("join", json!({"room": "#a", "after": 0}));
    let mut seqs = Vec::new();
    while seqs.last() != Some(&8) {
        let Event::History(history) = bob.wait(|event| matches!(event, Event::History(_))) else { unreachable!() };
        assert_eq!(history.after, seqs.last().copied().or(Some(0)), "each piece says where it begins");
        seqs.extend(history.messages.iter().map(|message| message.seq));
        assert_eq!(history.more, seqs.last() != Some(&8));
    }
    assert_eq!(seqs, Vec::from_iter(1..=8));
}

/// protocol.md, `rooms`: one guest makes 50 rooms with the longest topics; everybody may still ask, also after a restart.
#[test]
fn rooms_with_long_topics_are_listed_page_by_page_also_after_a_restart() {
    let server = TestServer::with_database_and(small);
    let mut ann = server.login("ann");
    for i in 0..50 {
        ann.join(&format!("#{}{i:02}", "щ".repeat(60)));
        ann.does("topic", json!({"topic": widest(390)}));
    }
    for server in [None, Some(())].iter().scan(Some(server), |server, again| {
        if again.is_some() {
            *server = server.take().map(TestServer::restarted);
        }
        Some(server.as_ref().map(|server| (server.login("bob"), server.nc_login("nina"))))
    }) {
        let (mut bob, mut nina) = server.expect("it runs");
        let rooms =
            all_pages(&mut bob, "rooms", &json!({}), "rooms", |done| json!({"past": last(done, "rooms")["room"]}));
        let names: Vec<&str> = rooms.iter().filter_map(|room| room["room"].as_str()).collect();
        assert_eq!(names.len(), 51);
        assert!(names.is_sorted() && rooms.iter().filter(|room| room["topic"].is_string()).count() == 50);
        let listed = nina.asks("/rooms");
        let more = listed.iter().find_map(|line| line.strip_prefix("* There are more: ")).expect("a next page");
        assert!(nina.asks(more).len() > 1);
        bob.quit();
    }
}

/// protocol.md, `bans`: 100 bans with the longest reasons.
#[test]
fn bans_with_long_reasons_are_listed_page_by_page() {
    let server = TestServer::with(small);
    let mut ann = server.login_in("ann", "#a");
    for i in 0..100 {
        ann.does("ban", json!({"nick": long_name(i), "text": widest(300)}));
    }
    let next = |done: &Value| {
        let rows = done["bans"].as_array().expect("a list").len() as u64;
        json!({"skip": done["skip"].as_u64().unwrap_or(0) + rows})
    };
    assert_eq!(all_pages(&mut ann, "bans", &json!({}), "bans", next).len(), 100);
}

/// protocol.md, `chats`: many guests write to an account that is not here; its owner still gets in.
#[test]
fn an_account_to_which_many_wrote_logs_in_and_lists_its_conversations_page_by_page() {
    let server = TestServer::with_database_and(small);
    server.account("ann").quit();
    for i in 0..100 {
        let mut guest = server.login(&long_name(i));
        guest.does("msg", json!({"to": "ann", "text": "hi"}));
        guest.quit();
    }
    let mut ann = server.once_more("ann");
    let Event::Chats { chats, more } = ann.wait(|event| matches!(event, Event::Chats { .. })) else { unreachable!() };
    assert!(more && !chats.is_empty(), "{} in the first page", chats.len());
    let next = |done: &Value| json!({"past": last(done, "chats")["room"]});
    let all = all_pages(&mut ann, "chats", &json!({}), "chats", next);
    assert_eq!(all.iter().map(|chat| chat["unread"].as_u64().expect("a number")).sum::<u64>(), 100);
    assert!(matches!(ann.does("ping", json!({})), Done::Ping { .. }));
}
