//! A refused command changes nothing, and no other session hears of it.

use super::*;

#[test]
fn no_refused_command_leaves_a_trace_or_is_heard_by_anybody() {
    let rig = Rig::with(Limits { rooms_per_person: 2, ..Limits::default() });
    let (ann, bob) = (rig.enter("ann", "#a #b"), rig.enter("bob", "#a #cac"));
    rig.enter("сас", "#z"); // Cyrillic
    let eve = rig.enter("eve", "");
    hush(&[&ann, &bob]);
    let cases = [
        (&ann, "/nick bob", "nick-in-use"),
        (&ann, "/nick cac", "nick-confusable"),
        (&ann, "/nick", "missing-field"),
        (&ann, "/join #c", "too-many-rooms"),
        (&eve, "/join #сас", "room-confusable"),
        (&ann, "/leave #cac", "not-in-room"),
        (&ann, "/leave #none", "no-such-room"),
        (&eve, "/leave", "no-room"),
        (&eve, "hello?", "no-room"),
        (&eve, "/topic x", "no-room"),
        (&eve, "/members", "no-room"),
        (&eve, "/members #none", "no-such-room"),
        (&eve, "/history", "no-room"),
        (&eve, "/msg none hi", "no-such-nick"),
        (&eve, "/reply hi", "nobody-to-reply-to"),
        (&eve, "/whois none", "no-such-nick"),
        (&eve, "/help xyzzy", "unknown-command"),
    ];
    for (peer, line, code) in cases {
        assert_eq!(peer.refused(line).code(), code, "{line}");
    }
    let into = |name: &str| ChatCommand::Say { room: Some(room(name)), text: "hi".into() };
    assert_eq!(eve.refused_to(into("#a")).code(), "not-in-room");
    assert_eq!(eve.refused_to(into("#none")).code(), "no-such-room");
    let hello = AccountCommand::Hello {
        version: 1,
        nick: None,
        password: None,
        resume: None,
        beside: false,
        wants: Wants::default(),
        own: false,
        user: None,
        about: None,
        rooms: None,
    };
    assert_eq!(ann.refused_to(hello).code(), "named-already");
    for peer in [&ann, &bob, &eve] {
        assert!(peer.hears().is_empty());
    }
}

#[test]
fn a_session_without_a_name_can_only_take_one() {
    let rig = Rig::new();
    let refusal = rig
        .chat
        .obey(
            SessionId(1),
            None,
            ChatCommand::Rooms { past: None, filter: crate::command::RoomFilter::default() },
            START,
            &mut Effects::default(),
        )
        .unwrap_err();
    assert!(matches!(refusal, Halt::Refused(ChatError::NameFirst)));
}

#[test]
fn every_command_is_answered_once_and_with_its_tag() {
    let rig = Rig::new();
    let (ann, _bob) = (rig.enter("ann", "#a"), rig.enter("bob", "#a"));
    let lines = [
        "/join #b",
        "/leave",
        "/rooms",
        "/members",
        "hi",
        "/me waves",
        "/msg bob hi",
        "/msg ann hi",
        "/reply hi",
        "/topic",
        "/topic x",
        "/whois bob",
        "/away",
        "/back",
        "/history",
        "/ping",
        "/nick vera",
        "/quit",
        "/help",
        "/help join",
    ];
    hush(&[&ann]);
    for (number, line) in lines.into_iter().enumerate() {
        ann.obeys(tag(&format!("t{number}")), parse(line).unwrap()).unwrap();
        let answers = ann.hears().iter().filter(|heard| heard.starts_with(&format!("ok t{number}: "))).count();
        assert_eq!(answers, 1, "{line}");
    }
    ann.obeys(tag("t"), LinkCommand::Pong { token: None }).unwrap();
    assert!(ann.hears().is_empty(), "a pong is an answer, and gets none");
}
