//! What a client makes of what it hears, without a connection.

use std::sync::Arc;

use super::*;
use crate::event::{MemberInfo, Message};

fn joined(made: Millis, seq: Seq) -> Event {
    Event::Joined { room: "#a".into(), made, seq, total: 1, topic: None }
}

fn message(seq: Seq) -> Arc<Message> {
    let (room, from, text) = ("#a".into(), "boris".into(), seq.to_string().into());
    Arc::new(Message { room, seq, from, text, time: 0, me: false })
}

/// The numbers of the messages that are told for these events.
fn told(state: &mut State, events: impl IntoIterator<Item = Event>) -> Vec<Seq> {
    let mut seqs = Vec::new();
    for event in events {
        match state.learn(event) {
            Told::Event(Event::Message(message)) => seqs.push(message.seq),
            Told::Event(Event::History(history)) => seqs.extend(history.messages.iter().map(|message| message.seq)),
            _ => {}
        }
    }
    seqs
}

fn history(seqs: std::ops::RangeInclusive<Seq>) -> Event {
    Event::History(History { room: "#a".into(), messages: seqs.map(message).collect(), missed: 0, more: false })
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
    let said = |text: &str| Said {
        tag: Tag("".into()),
        to: "#a".into(),
        text: text.into(),
        private: false,
        me: false,
        heard: false,
        line: String::new(),
    };
    let (first, _) = state.compose("say", &[("text", "one".into())], Some(said("one"))).unwrap();
    state.lost();
    let (second, _) = state.compose("say", &[("text", "two".into())], Some(said("two"))).unwrap();
    assert_eq!(state.compose("rooms", &[], None), Err(Unsent::NotConnected));
    let lines = state.comeback();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].contains(r##""after":3,"made":7,"room":"#a""##), "{}", lines[0]);
    assert!(lines[1].contains("one") && lines[2].contains("two"));
    let done = Done::Say { room: "#a".into(), seq: 4, time: 0, again: true };
    state.learn(Event::Ok { tag: Some(first.clone()), done });
    assert!(state.is_answered(&first) && !state.is_answered(&second));
}

#[test]
fn the_members_of_a_room_follow_joins_leaves_and_new_names() {
    let mut state = State { nick: "anna".into(), ..State::default() };
    let member = |nick: &str| MemberInfo { nick: nick.into(), away: None };
    let members = vec![member("anna"), member("Борис")];
    let events = [
        joined(1, 0),
        Event::Members { room: "#a".into(), members, more: false },
        Event::Join { room: "#A".into(), nick: "vera".into(), time: 0 },
        Event::Nick { old: "борис".into(), new: "Боря".into(), time: 0 },
        Event::Ok { tag: None, done: Done::Nick { nick: "ann".into(), resume: None } },
        Event::Leave { room: "#a".into(), nick: "vera".into(), text: None, time: 0 },
    ];
    events.into_iter().for_each(|event| drop(state.learn(event)));
    let names: Vec<&String> = state.place("#a").unwrap().members.values().collect();
    assert_eq!(names, ["ann", "Боря"]);
    assert_eq!(state.nick, "ann");
}
