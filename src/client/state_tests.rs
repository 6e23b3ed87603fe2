//! What a client makes of what it hears, without a connection.

use std::sync::Arc;

use super::*;
use crate::answer::MemberInfo;
use crate::model::{Message, PlaceId};

fn joined(made: Millis, seq: Seq) -> Event {
    Event::Joined { room: "#a".into(), made, run: 5, seq, total: 1, topic: None, topic_by: None, topic_time: None }
}

fn message(seq: Seq) -> Arc<Message> {
    let (room, from, text) = ("#a".into(), "boris".into(), seq.to_string().into());
    Arc::new(Message { room, seq, from, text, ..Message::default() })
}

/// The numbers of the messages that are told for these events.
fn told(state: &mut State, events: impl IntoIterator<Item = Event>) -> Vec<Seq> {
    let mut seqs = Vec::new();
    for event in events {
        match state.learn(event) {
            Some(News::Event(Event::Message(message))) => seqs.push(message.seq),
            Some(News::Event(Event::History(history))) => {
                seqs.extend(history.messages.iter().map(|message| message.seq))
            }
            _ => {}
        }
    }
    seqs
}

fn history(seqs: std::ops::RangeInclusive<Seq>) -> Event {
    Event::History(History { room: "#a".into(), messages: seqs.map(message).collect(), ..History::default() })
}

/// The history of a room where nothing is shown.
fn silence() -> Event {
    Event::History(History { room: "#a".into(), ..History::default() })
}

/// A page that answers a `join` with `after`.
fn page(after: Seq, seqs: std::ops::RangeInclusive<Seq>) -> Event {
    let messages = seqs.map(message).collect();
    Event::History(History { room: "#a".into(), messages, after: Some(after), ..History::default() })
}

fn live(seqs: std::ops::RangeInclusive<Seq>) -> impl Iterator<Item = Event> {
    seqs.map(|seq| Event::Message(message(seq)))
}

#[test]
fn what_was_seen_before_a_break_is_not_told_again() {
    let mut state = State::default();
    assert_eq!(told(&mut state, [joined(1, 3), history(2..=3)]), [2, 3]);
    assert_eq!(told(&mut state, live(4..=5)), [4, 5]);
    state.lost();
    state.comeback();
    // A server that ignores `after` shows it all; only what is new is told.
    assert_eq!(told(&mut state, [joined(1, 7), history(2..=7)]), [6, 7]);
    assert_eq!(told(&mut state, live(7..=8)), [8]);
}

#[test]
fn a_room_that_was_made_anew_counts_anew() {
    let mut state = State::default();
    told(&mut state, [joined(1, 9), history(1..=9)]);
    assert_eq!(told(&mut state, [joined(2, 2), history(1..=2)]), [1, 2]);
    assert_eq!(told(&mut state, live(3..=3)), [3]);
}

#[test]
fn after_a_break_the_rooms_come_first_and_then_the_lines_without_an_answer() {
    let mut state = State { connected: true, text: 100, line_bytes: 1000, ..State::default() };
    told(&mut state, [joined(7, 3), history(1..=3)]);
    let fields = |text: &'static str| [("room", "#a".into()), ("text", text.into())];
    let (first, _) = state.compose("say", &fields("one"), Wanted::Line).unwrap();
    state.lost();
    let (second, _) = state.compose("say", &fields("two"), Wanted::Line).unwrap();
    assert_eq!(state.compose("rooms", &[], Wanted::Told), Err(Unsent::NotConnected));
    let lines = state.comeback();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].contains(r##""after":3,"made":7,"room":"#a","run":5"##), "{}", lines[0]);
    assert!(lines[1].contains("one") && lines[2].contains("two"));
    let done = Done::Say { room: "#a".into(), seq: 4, time: 0, again: true };
    state.learn(Event::Ok { tag: Some(first.clone()), done });
    assert!(state.is_answered(&first) && !state.is_answered(&second));
}

#[test]
fn the_members_of_a_room_follow_joins_leaves_and_new_names() {
    let mut state = State { nick: "anna".into(), ..State::default() };
    let member = |nick: &str| MemberInfo { nick: nick.into(), role: None, voice: false, away: None };
    let members = vec![member("anna"), member("Борис")];
    let events = [
        joined(1, 0),
        Event::Members { room: "#a".into(), members, hidden: false, more: false },
        Event::Join { room: "#A".into(), nick: "vera".into(), time: 0, away: None },
        Event::Nick { old: "борис".into(), new: "Боря".into(), by: "борис".into(), time: 0 },
        Event::Ok { tag: None, done: Done::Nick { nick: "ann".into(), resume: None } },
        Event::Leave { room: "#a".into(), nick: "vera".into(), text: None, time: 0 },
    ];
    events.into_iter().for_each(|event| drop(state.learn(event)));
    let names: Vec<&String> = state.rooms.get("#a").unwrap().members.values().collect();
    assert_eq!(names, ["ann", "Боря"]);
    assert_eq!(state.nick, "ann");
}

#[test]
fn what_was_lost_with_the_server_does_not_count_as_seen() {
    let mut state = State::default();
    told(&mut state, [joined(1, 0), silence()]);
    assert_eq!(told(&mut state, live(1..=9)), (1..=9).collect::<Vec<_>>());
    state.lost();
    state.comeback();
    // 6 to 9 were heard and not stored; the server counts on from 6, with other messages.
    assert_eq!(told(&mut state, [joined(1, 7), page(5, 6..=7)]), [6, 7]);
    assert_eq!(told(&mut state, live(8..=8)), [8]);
    assert!(state.comeback()[0].contains(r#""after":8"#));
}

#[test]
fn several_pages_before_joined_are_told_once_and_what_is_said_meanwhile_is_not_lost() {
    let mut state = State::default();
    told(&mut state, [joined(1, 2), history(1..=2)]);
    state.lost();
    state.comeback();
    assert!(told(&mut state, live(7..=7)).is_empty(), "it will be in the history");
    // The number may be the same on every page, or go on with them.
    assert_eq!(told(&mut state, [page(2, 3..=4), page(2, 5..=6)]), [3, 4, 5, 6]);
    assert_eq!(told(&mut state, [joined(1, 8), page(6, 7..=8)]), [7, 8]);
    assert_eq!(told(&mut state, live(8..=9)), [9]);
}

#[test]
fn a_room_made_anew_whose_history_came_first_is_not_told_twice() {
    let mut state = State::default();
    told(&mut state, [joined(1, 9), history(1..=9)]);
    state.lost();
    state.comeback();
    assert_eq!(told(&mut state, [page(0, 1..=3), joined(2, 4), page(3, 4..=4)]), [1, 2, 3, 4]);
    state.lost();
    assert!(state.comeback()[0].contains(r#""after":4,"made":2"#));
}

#[test]
fn messages_from_before_one_came_are_not_missed_later() {
    let mut state = State::default();
    told(&mut state, [joined(1, 50), silence()]);
    assert!(state.comeback()[0].contains(r#""after":50"#));
}

#[test]
fn an_answer_goes_to_the_thread_that_waits_for_it_and_a_lost_connection_too() {
    let mut state = State { connected: true, text: 100, line_bytes: 1000, ..State::default() };
    let ask = |state: &mut State, wanted| state.compose("x", &[], wanted).unwrap().0;
    let (mine, yours) = (ask(&mut state, Wanted::Awaited), ask(&mut state, Wanted::Told));
    let (made, dropped) = (ask(&mut state, Wanted::Made), ask(&mut state, Wanted::Awaited));
    state.asked.give_up(&dropped);
    let ok = |tag: &Tag| Event::Ok { tag: Some(tag.clone()), done: Done::Back };
    assert!(state.learn(ok(&mine)).is_none() && state.learn(ok(&dropped)).is_none());
    assert!(matches!(state.learn(ok(&yours)), Some(News::Event(Event::Ok { tag: Some(_), .. }))));
    assert!(matches!(state.learn(ok(&made)), Some(News::Event(Event::Ok { tag: None, .. }))));
    assert_eq!((state.asked.take(&mine), state.asked.take(&mine)), (Some(Ok(Done::Back)), None));
    let late = ask(&mut state, Wanted::Awaited);
    state.lost();
    assert_eq!(state.asked.take(&late), Some(Err(AskError::Lost)));
    assert!(state.asked.is_empty());
}

#[test]
fn a_line_that_was_said_and_not_stored_is_told_apart_from_one_that_was_not_said() {
    let mut state = State { connected: true, text: 100, line_bytes: 1000, ..State::default() };
    for (code, is_unkept) in [("not-taken", false), ("not-kept", true)] {
        let (tag, _) = state.compose("say", &[("text", "x".into())], Wanted::Line).unwrap();
        let (value, text) = ("".into(), "".into());
        let told = state.learn(Event::Error { tag: Some(tag), code: code.into(), value, text, offer: None });
        assert_eq!(matches!(told, Some(News::Unkept(..))), is_unkept);
        assert_eq!(matches!(told, Some(News::Unsent(..))), !is_unkept);
    }
}

#[test]
fn name_and_account_follow_what_the_server_makes_of_one() {
    let mut state = State { nick: "owl".into(), connected: true, ..State::default() };
    told(&mut state, [joined(1, 0)]);
    let member = MemberInfo { nick: "owl".into(), role: None, voice: false, away: None };
    state.learn(Event::Members { room: "#a".into(), members: vec![member], hidden: false, more: false });
    let done = |state: &mut State, done| drop(state.learn(Event::Ok { tag: None, done }));
    done(&mut state, Done::Login { nick: "Anna".into(), resume: Some("t".into()) });
    assert_eq!((state.nick.as_str(), state.account, state.resume.as_deref()), ("Anna", true, Some("t")));
    assert!(state.rooms.get("#a").unwrap().members.contains_key("anna"));
    state.password = Some(Secret("old".into()));
    done(&mut state, Done::Password);
    assert_eq!(state.password, None, "it is not the password any more");
    done(&mut state, Done::Logout { nick: "owl2".into() });
    assert_eq!((state.nick.as_str(), state.account), ("owl2", false));
    state.learn(Event::Nick { old: "owl2".into(), new: "owl3".into(), by: "owl2".into(), time: 0 });
    assert_eq!(state.nick, "owl3", "renamed by the server");
    state.learn(Event::Left { room: "#a".into(), text: None });
    assert!(state.rooms.0.is_empty());
}

#[test]
fn a_place_is_reported_as_read_for_an_account_only_and_once() {
    let mut state = State { nick: "anna".into(), connected: true, ..State::default() };
    told(&mut state, [joined(1, 0)].into_iter().chain(live(1..=3)));
    assert_eq!(state.report("#a"), None, "a guest");
    state.account = true;
    assert_eq!((state.report("#a"), state.report("#a")), (Some(3), None));
    let (from, to, text) = ("boris".into(), "anna".into(), "psst".into());
    state.learn(Event::Private { from, to, seq: 2, text, time: 0, kind: Kind::Text, file: None, place: PlaceId(1) });
    assert_eq!(state.report("@Boris"), Some(2));
}

#[test]
fn a_room_that_does_not_let_one_in_again_is_no_longer_ones_own_and_a_key_opens_it_again() {
    let mut state = State { connected: true, ..State::default() };
    told(&mut state, [joined(1, 0)]);
    state.has_key("#A", Some(&"лес".into()));
    state.lost();
    let line = state.comeback().remove(0);
    assert!(line.contains(r#""key":"лес""#), "{line}");
    let tag = tag_of(&line);
    assert!(tag.is_some());
    let refused = |tag| {
        let (code, value, text) = ("banned".into(), "#a".into(), "you are banned from #a".into());
        Event::Error { tag, code, value, text, offer: None }
    };
    assert!(matches!(state.learn(refused(None)), Some(News::Event(_))) && state.rooms.0.len() == 1);
    assert!(matches!(state.learn(refused(tag)), Some(News::Event(_))) && state.rooms.0.is_empty());
}

fn private_message(seq: Seq) -> Arc<Message> {
    let (room, from, text) = ("@Boris".into(), "Boris".into(), seq.to_string().into());
    Arc::new(Message { room, seq, from, text, ..Message::default() })
}

fn private(seq: Seq) -> Event {
    private_of("Boris", seq, 0)
}

fn private_of(from: &str, seq: Seq, time: Millis) -> Event {
    let (from, to, text) = (from.into(), "anna".into(), "x".into());
    Event::Private { from, to, seq, text, time, kind: Kind::Text, file: None, place: PlaceId(1) }
}

fn tag_of(line: &str) -> Option<Tag> {
    line.split(r#""tag":""#).nth(1).and_then(|rest| rest.split('"').next()).map(|tag| Tag(tag.into()))
}

fn anna() -> State {
    let mut state = State { nick: "anna".into(), ..State::default() };
    state.missed.wanted = true;
    state
}

/// docs/protocol.md, *Catching up*: private conversations are caught up on with `history` and `after`.
#[test]
fn a_guest_asks_for_the_conversations_of_before_and_hears_each_line_once() {
    let mut state = anna();
    state.learn(private(7));
    state.lost();
    let lines = state.comeback();
    assert!(lines[0].contains(r#""after":6,"limit":100,"room":"@boris""#), "{lines:?}");
    // Said while the answer was on its way.
    state.learn(private(9));
    let messages = (7..=9).map(private_message).collect();
    let history = History { room: "@Boris".into(), messages, ..History::default() };
    let told = state.learn(Event::Ok { tag: tag_of(&lines[0]), done: Done::History(history) });
    let Some(News::Event(Event::History(history))) = told else { panic!("nothing is told") };
    assert_eq!(history.messages, [private_message(8)]);
    assert!(state.asked.has(Wanted::Missed));
    let done = Done::Ping { token: "".into() };
    assert!(matches!(state.learn(Event::Ok { tag: tag_of(&lines[1]), done }), Some(News::Event(Event::Ok { .. }))));
    assert!(!state.asked.has(Wanted::Missed));
}

/// The same, *Run*: a server that was killed gives numbers again that were heard.
#[test]
fn a_line_is_told_although_its_number_was_heard_before_the_server_was_killed() {
    let mut state = anna();
    let heard = |seq, time| private_of("Boris", seq, time);
    (1..=30).for_each(|seq| drop(state.learn(heard(seq, seq.cast_signed()))));
    state.lost();
    let lines = state.comeback();
    assert!(lines[0].contains(r#""after":10,"#), "{lines:?}");
    let message = |seq: Seq, time| Arc::new(Message { time, ..(*private_message(seq)).clone() });
    let kept = (11..=28).map(|seq: Seq| message(seq, seq.cast_signed()));
    let messages: Vec<_> = kept.chain([message(29, 1_000), message(30, 1_001)]).collect();
    let history = History { room: "@Boris".into(), messages, ..History::default() };
    let told = state.learn(Event::Ok { tag: tag_of(&lines[0]), done: Done::History(history) });
    let Some(News::Event(Event::History(history))) = told else { panic!("nothing is told") };
    assert_eq!(history.messages, [message(29, 1_000), message(30, 1_001)]);
}

/// The latest conversations are asked for first.
#[test]
fn of_many_conversations_the_last_ones_are_asked_for() {
    let mut state = anna();
    for i in 0..10 {
        let from = format!("n{}", (i * 7) % 10);
        let line = private_of(&from, 1, i);
        state.learn(line);
    }
    let lines = state.comeback();
    let asked: Vec<bool> =
        [3, 6, 9, 2, 5].iter().zip(&lines).map(|(n, line)| line.contains(&format!("\"@n{n}\""))).collect();
    assert_eq!((asked, lines.len()), (vec![true; 5], missed::MOST + 1), "{lines:?}");
}

/// The same for an account, which is told which places have unread lines.
#[test]
fn an_account_asks_where_something_is_unread_that_was_not_heard_here() {
    let mut state = anna();
    state.account = true;
    state.learn(private(7));
    let chat = |room: &str, seq, read| ChatInfo { room: room.into(), seq, read, unread: seq - read, time: None };
    let chats = vec![chat("#a", 9, 0), chat("@Boris", 7, 5), chat("@Vera", 3, 1), chat("@Gleb", 2, 2)];
    state.learn_chats(&chats);
    assert_eq!(state.owed.len(), 2, "{:?}", state.owed);
    assert!(state.owed[0].contains(r#""after":1,"limit":100,"room":"@Vera""#), "{:?}", state.owed);
    let many: Vec<ChatInfo> = (0..20).map(|i| chat(&format!("@n{i}"), 1, 0)).collect();
    state.owed.clear();
    state.learn_chats(&many);
    assert_eq!(state.owed.len(), missed::MOST + 1);
}
