//! Limits: one below, at, and one above; and what becomes of an outbox that is full.

use super::*;
use crate::command::TABLE;
use crate::error::Code;
use crate::wire::json;

/// Whether `line` is taken; if not, the code of its refusal.
fn taken(peer: &Peer<'_>, line: &str) -> Result<(), Code> {
    peer.obeys(None, parse(line).expect("a good line")).map(drop).map_err(|refusal| refusal.code())
}

#[test]
fn texts_are_counted_in_characters_and_refused_one_above_the_limit() {
    let rig = Rig::with(Limits { text: 10, topic: 9, away: 8, reason: 7, ..Limits::default() });
    let (ann, _bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    ann.does("/msg ann so that there is a person to reply to".split_at(14).0);
    let cases = [
        ("", 10, "text-too-long"),
        ("/me ", 10, "text-too-long"),
        ("/msg bob ", 10, "text-too-long"),
        ("/reply ", 10, "text-too-long"),
        ("/topic ", 9, "topic-too-long"),
        ("/away ", 8, "away-too-long"),
        ("/quit ", 7, "reason-too-long"),
    ];
    for (verb, most, code) in cases {
        for letter in ["x", "ж", "漢"] {
            for (length, expected) in [(most - 1, Ok(())), (most, Ok(())), (most + 1, Err(code))] {
                let line = format!("{verb}{}", letter.repeat(length));
                assert_eq!(taken(&ann, &line), expected.map_err(Code::from), "{line}");
            }
        }
    }
}

#[test]
fn a_farewell_to_a_room_has_its_limit_and_a_longer_one_keeps_the_member_there() {
    let rig = Rig::with(Limits { reason: 7, ..Limits::default() });
    let ann = rig.enter("ann", "#a");
    let leave = |length: usize| ChatCommand::Leave { room: None, text: Some("я".repeat(length).into()) };
    match ann.refused_to(leave(8)) {
        ChatError::TooLong { what: "reason", have: 8, most: 7 } => {}
        other => panic!("{other:?}"),
    }
    for length in [7, 6] {
        ann.obeys(None, leave(length)).unwrap();
        ann.does("/join #a");
    }
}

#[test]
fn an_empty_text_is_not_sent() {
    let rig = Rig::new();
    let ann = rig.enter("ann", "#a");
    let empty: Arc<str> = "".into();
    let commands = [
        ChatCommand::Say { room: None, text: Arc::clone(&empty) },
        ChatCommand::Msg { to: nick("ann"), text: Arc::clone(&empty) },
        ChatCommand::Reply { text: empty },
    ];
    for command in commands {
        assert!(matches!(ann.refused_to(command), ChatError::TextEmpty));
    }
}

#[test]
fn a_person_may_be_in_as_many_rooms_as_the_limit_says() {
    let rig = Rig::with(Limits { rooms_per_person: 3, ..Limits::default() });
    let ann = rig.enter("ann", "#a");
    ann.does("/join #b");
    ann.does("/join #c");
    assert!(matches!(ann.refused("/join #d"), ChatError::TooManyRooms(3)));
    ann.does("/join #b"); // is in it already
    ann.does("/leave #a");
    ann.does("/join #d");
}

#[test]
fn the_server_has_as_many_rooms_as_the_limit_says_and_those_there_are_can_still_be_joined() {
    let rig = Rig::with(Limits { rooms: 3, ..Limits::default() });
    let (ann, bob) = (rig.enter("ann", "#a"), rig.enter("bob", ""));
    bob.does("/join #b"); // with the lobby, three
    assert!(matches!(bob.refused("/join #c"), ChatError::ServerRoomsFull(3)));
    bob.does("/join #a");
    ann.does("/join #lobby");
    bob.does("/leave #b");
    bob.does("/join #c");
    assert_eq!(rig.rooms(), ["#a 2", "#c 1", "#lobby 1"]);
}

#[test]
fn a_member_whose_outbox_overflows_is_named_once_and_the_others_hear_everything() {
    let rig = Rig::with(Limits { outbox_items: 64, ..Limits::default() });
    let (ann, bob, slow) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"), rig.enter("slow", "#a"));
    let mut named = Vec::new();
    for line in 1..=70 {
        hush(&[&ann, &bob]);
        let effects = ann.says("#a", "x");
        named.extend(effects.overflowed.iter().map(|session| (line, *session)));
        assert_eq!(bob.hears(), [format!("#a {line} ann: x")]);
    }
    assert_eq!(named, [(65, slow.session)]);
    assert_eq!(slow.outbox.closed(), Some(CloseReason::SlowConsumer.into()));
    assert!(slow.hears().is_empty());
    slow.ends(CloseReason::SlowConsumer);
    assert_eq!(bob.hears(), ["slow quits: slow-consumer"]);
}

#[test]
fn an_overflow_outside_of_rooms_is_named_too() {
    let rig = Rig::with(Limits { outbox_items: 64, ..Limits::default() });
    let (ann, slow) = (rig.enter("ann", ""), rig.enter("slow", ""));
    let mut named = Vec::new();
    for _ in 0..70 {
        named.extend(ann.does("/msg slow x").overflowed);
        hush(&[&ann]);
    }
    assert_eq!(named, [slow.session]);
}

/// protocol.md, *Slow readers*: what a session gets because another one of its account asked.
#[test]
fn what_another_session_asks_for_does_not_wait_without_end_for_one_that_does_not_read() {
    let rig = Rig::stored(Limits { outbox_bytes: 32_768, ..Limits::default() });
    for number in 0..40 {
        rig.enter(&format!("guest{number}"), "#big").does(&format!("/away {}", "ж".repeat(200)));
    }
    let (reads, deaf, asks) = (rig.enter("ann", ""), rig.enter("bob", ""), rig.enter("cat", ""));
    reads.registers();
    deaf.logs_in(1);
    asks.logs_in(1);
    let mut most = 0;
    for _ in 0..10 {
        asks.does("/join #big");
        asks.does("/leave #big");
        hush(&[&reads, &asks]);
        most = most.max(deaf.outbox.weight());
    }
    assert!(most < 2 * 32_768, "{most} bytes wait");
    assert_eq!(deaf.outbox.closed().map(|ending| ending.reason), Some(CloseReason::SlowConsumer));
    assert_eq!((reads.outbox.closed(), asks.outbox.closed()), (None, None));
}

/// A command that is new is measured too, or this test names it.
#[test]
fn every_text_of_every_command_has_its_limit() {
    let (limits, long) = (Limits::default(), serde_json::Value::from("я".repeat(5_000)));
    for spec in TABLE {
        let fields = json::fields(spec.verb);
        let must = fields.iter().filter_map(|field| field.strip_suffix('!'));
        let sample = |name| (name, if name == "upload" { 1.into() } else { "x".into() });
        let must: Vec<(&str, serde_json::Value)> = must.map(sample).collect();
        let is_text = |name: &&str| matches!(*name, "text" | "topic") || (*name, spec.name) == ("key", "settings");
        for name in fields.iter().map(|field| field.trim_end_matches('!')).filter(is_text) {
            let others = must.iter().filter(|(other, _)| *other != name).cloned();
            let line = json::request(spec.name, &others.chain([(name, long.clone())]).collect::<Vec<_>>());
            let (_, command) = json::decode(line.as_bytes()).unwrap();
            let refusal = lengths(&command, &limits);
            assert!(matches!(refusal, Err(ChatError::TooLong { .. })), "{name} of {}: {refusal:?}", spec.name);
        }
    }
}
