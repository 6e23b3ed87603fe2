//! Rooms: to come, to go, to look, to put out. Modes are in `modes`. Knows no answers.

use super::asked::Asked;
use super::state::State;
use super::words::cut;
use crate::command::{ChatCommand, Command, ModAction, Moderation, RoomFilter, Whom, somebody, text};
use crate::error::ChatError;
use crate::model::Millis;
use crate::names::RoomName;
use crate::session::hub::now;
use crate::wire::irc::Line;

/// A minute, in milliseconds.
const MINUTE: Millis = 60_000;

/// A room, as a peer names it: with its `#`.
///
/// # Errors
/// It is none; the peer was told so.
pub(super) fn room(state: &mut State, typed: &str, asked: impl FnOnce() -> Asked) -> Option<RoomName> {
    if !typed.starts_with('#') {
        state.reply("403", &[typed, "There is no such room: the name of a room begins with #"]);
        return None;
    }
    match RoomName::parse(typed) {
        Ok(room) => Some(room),
        Err(error) => {
            state.ask_or_refuse(asked(), Err::<Command, ChatError>(error.into()));
            None
        }
    }
}

fn words_of(words: &str) -> Vec<&str> {
    words.split(',').filter(|word| !word.is_empty()).collect()
}

/// `JOIN rooms keys`; `JOIN 0` leaves them all.
pub(super) fn join(state: &mut State, line: &Line<'_>) {
    let Some(rooms) = line.given(0) else { return state.missing("JOIN") };
    state.several = true;
    if rooms == "0" {
        return leave_all(state);
    }
    let keys: Vec<&str> = line.params.get(1).map_or(Vec::new(), |keys| keys.split(',').collect());
    for (number, typed) in words_of(rooms).into_iter().enumerate() {
        let asked = || Asked::Join { room: typed.into() };
        if let Some(room) = room(state, typed, asked) {
            let key = keys.get(number).map(|key| text(key)).filter(|key| !key.is_empty());
            state.joining.push(room.clone());
            state.ask(asked(), ChatCommand::Join { room, after: None, made: None, run: None, key });
        }
    }
}

/// Leaves the rooms that are open at the client, and those to which it has just asked to come.
fn leave_all(state: &mut State) {
    let mut rooms: Vec<RoomName> = state.own.rooms().iter().filter_map(|room| RoomName::parse(room).ok()).collect();
    for room in std::mem::take(&mut state.joining) {
        if !rooms.contains(&room) {
            rooms.push(room);
        }
    }
    if rooms.is_empty() {
        state.stay_silent();
    }
    for room in rooms {
        state.ask(Asked::PartAll, ChatCommand::Leave { room: Some(room), text: None });
    }
}

/// `PART rooms :words`
pub(super) fn part(state: &mut State, line: &Line<'_>) {
    let Some(rooms) = line.given(0) else { return state.missing("PART") };
    let words = reason(state, line.given(1));
    let rooms = words_of(rooms);
    state.several |= rooms.len() > 1;
    for typed in rooms {
        let asked = || Asked::Part { room: typed.into() };
        if let Some(room) = room(state, typed, asked) {
            state.ask(asked(), ChatCommand::Leave { room: Some(room), text: words.clone() });
        }
    }
}

/// Words of farewell, or why something is done: as many as are allowed.
pub(super) fn reason(state: &State, words: Option<&str>) -> Option<std::sync::Arc<str>> {
    let words = text(words?);
    let words = cut(&words, state.limits.reason);
    (!words.is_empty()).then(|| words.into())
}

/// `TOPIC room`, or `TOPIC room :words`
pub(super) fn topic(state: &mut State, line: &Line<'_>) {
    let Some(typed) = line.given(0) else { return state.missing("TOPIC") };
    let words = line.params.get(1).map(|words| text(words));
    let asked = || Asked::Topic { room: typed.into(), sets: words.is_some() };
    if let Some(room) = room(state, typed, asked) {
        let topic = words.as_deref().map(|words| cut(words, state.limits.topic).into());
        state.ask(asked(), ChatCommand::Topic { room: Some(room), topic });
    }
}

/// `NAMES room`
pub(super) fn names(state: &mut State, line: &Line<'_>) {
    let typed = line.given(0).and_then(|rooms| words_of(rooms).into_iter().next()).unwrap_or("*");
    match RoomName::parse(typed) {
        Ok(room) if typed.starts_with('#') => {
            state.ask(Asked::Names { room: typed.into() }, ChatCommand::Members { room: Some(room), past: None });
        }
        _ => state.reply("366", &[typed, "End of /NAMES list"]),
    }
}

/// `LIST masks,conditions`
pub(super) fn list(state: &mut State, line: &Line<'_>) {
    let filter = filter(line.given(0).unwrap_or_default(), now());
    state.ask(Asked::List, ChatCommand::Rooms { past: None, filter });
}

/// The rooms that a list of masks and conditions is about, at the time `now`. What is no condition is a mask.
fn filter(words: &str, now: Millis) -> RoomFilter {
    let mut filter = RoomFilter::default();
    for word in words_of(words) {
        let number = |digits: &str| digits.parse::<usize>().ok();
        let ago = |minutes: &str| minutes.parse::<u32>().ok().map(|minutes| now - Millis::from(minutes) * MINUTE);
        let (sign, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        match (sign, rest.split_at_checked(1)) {
            (">", _) => filter.over = number(rest),
            ("<", _) => filter.under = number(rest),
            ("C", Some(("<", minutes))) => filter.made_since = ago(minutes),
            ("C", Some((">", minutes))) => filter.made_until = ago(minutes),
            ("T", Some(("<", minutes))) => filter.topic_since = ago(minutes),
            ("T", Some((">", minutes))) => filter.topic_until = ago(minutes),
            ("!", _) => filter.not.push(rest.into()),
            _ => filter.only.push(word.into()),
        }
    }
    // A line is short, so more masks than these are a mistake or worse.
    filter.only.truncate(RoomFilter::MASKS);
    filter.not.truncate(RoomFilter::MASKS);
    filter
}

/// `INVITE nick room`
pub(super) fn invite(state: &mut State, line: &Line<'_>) {
    let (Some(nick), Some(typed)) = (line.given(0), line.given(1)) else { return state.missing("INVITE") };
    let asked = || Asked::Invite { nick: nick.into(), room: typed.into() };
    if let Some(room) = room(state, typed, asked) {
        let command = somebody(nick).map(|nick| Moderation::new(ModAction::Invite, Some(room), Whom::Nick(nick)));
        state.ask_or_refuse(asked(), command);
    }
}

/// `KICK room nicks :words`
pub(super) fn kick(state: &mut State, line: &Line<'_>) {
    let (Some(typed), Some(nicks)) = (line.given(0), line.given(1)) else { return state.missing("KICK") };
    let words = reason(state, line.given(2));
    let (rooms, nicks) = (words_of(typed), words_of(nicks));
    state.several |= nicks.len() > 1;
    // One room for all of them, or one for each.
    for (number, nick) in nicks.into_iter().enumerate() {
        let typed = rooms.get(number).or(rooms.last()).copied().unwrap_or(typed);
        let asked = || Asked::Kick { room: typed.into(), nick: nick.into() };
        let Some(room) = room(state, typed, asked) else { return };
        let command = somebody(nick).map(|nick| {
            let kick = Moderation::new(ModAction::Kick, Some(room), Whom::Nick(nick));
            Moderation { text: words.clone(), ..kick }
        });
        state.ask_or_refuse(asked(), command);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_have_conditions_and_masks() {
        let now = 100 * MINUTE;
        let found = filter("#a*,!*b,>1,<9,C<10,C>5,T<2,T>1,x,C<a", now);
        let expected = RoomFilter {
            only: vec!["#a*".into(), "x".into()],
            not: vec!["*b".into()],
            over: Some(1),
            under: Some(9),
            made_since: None,
            made_until: Some(95 * MINUTE),
            topic_since: Some(98 * MINUTE),
            topic_until: Some(99 * MINUTE),
        };
        assert_eq!(found, expected);
        assert_eq!(filter("", now), RoomFilter::default());
    }
}
