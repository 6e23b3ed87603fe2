//! `MODE`: of a room and of oneself, a change at a time. Knows no answers.

use std::sync::Arc;

use super::asked::{Asked, Reply};
use super::rooms::room;
use super::state::State;
use crate::command::{AccountCommand, Change, ChatCommand, ModAction, Moderation, Whom, key, mask, somebody};
use crate::names::RoomName;
use crate::wire::irc::Line;

/// The prefix of a mask that takes the voice, and not the way in.
const MUTE: &str = "m:";

/// `MODE target changes arguments`
pub(super) fn mode(state: &mut State, line: &Line<'_>) {
    let Some(target) = line.given(0) else { return state.missing("MODE") };
    if !target.starts_with('#') {
        return own(state, target, line.given(1).unwrap_or_default());
    }
    let asked = || Asked::Modes { room: target.into() };
    let Some(room) = room(state, target, asked) else { return };
    let Some(letters) = line.given(1) else {
        return state.ask(asked(), ChatCommand::Settings { room: Some(room), change: Change::default() });
    };
    let arguments = line.params.get(2..).unwrap_or_default().iter().copied();
    let mut modes = Modes { typed: target, room, arguments, adds: true, change: Change::default(), first: None };
    state.several |= letters.chars().filter(char::is_ascii_alphabetic).count() > 1;
    for letter in letters.chars() {
        match letter {
            '+' | '-' => modes.adds = letter == '+',
            letter => modes.change(state, letter),
        }
    }
    modes.flush(state);
}

/// The changes of one line.
struct Modes<'a, A> {
    /// The room as it was typed.
    typed: &'a str,
    room: RoomName,
    arguments: A,
    adds: bool,
    /// Settings that are changed by one command, so that all are told of them in one line.
    change: Change,
    /// The first letter of them.
    first: Option<char>,
}

impl<'a, A: Iterator<Item = &'a str>> Modes<'a, A> {
    fn change(&mut self, state: &mut State, letter: char) {
        let on = Some(self.adds);
        match letter {
            'i' => self.change.invite_only = on,
            'm' => self.change.announcements = on,
            't' => self.change.topic_by_ops = on,
            's' => self.change.hidden = on,
            'n' => self.change.outsiders = Some(!self.adds),
            'k' => match self.key(state) {
                Some(key) => self.change.key = Some(key),
                None => return,
            },
            'l' => match self.limit(state) {
                Some(limit) => self.change.limit = Some(limit),
                None => return,
            },
            _ => return self.other(state, letter),
        }
        self.first.get_or_insert(letter);
    }

    /// A change that is no setting.
    fn other(&mut self, state: &mut State, letter: char) {
        self.flush(state);
        match letter {
            'b' => self.ban(state),
            'o' | 'v' | 'q' => self.rank(state, letter),
            other => state.reply("472", &[other.encode_utf8(&mut [0; 4]), "There is no such mode of a room"]),
        }
    }

    fn asked(&self, letter: char, argument: Option<&str>) -> Asked {
        Asked::Mode { room: self.typed.into(), letter, adds: self.adds, argument: argument.map(Into::into) }
    }

    /// Asks for the settings that were gathered.
    fn flush(&mut self, state: &mut State) {
        let change = std::mem::take(&mut self.change);
        if let Some(letter) = self.first.take().filter(|_| change != Change::default()) {
            state.ask(self.asked(letter, None), ChatCommand::Settings { room: Some(self.room.clone()), change });
        }
    }

    /// The next argument that is not empty; if there is none, the peer is told so.
    fn needed(&mut self, state: &mut State) -> Option<&'a str> {
        let argument = self.arguments.next().filter(|argument| !argument.is_empty());
        if argument.is_none() {
            state.missing("MODE");
        }
        argument
    }

    /// The key that is set; an empty one takes it away. None if it is refused.
    fn key(&mut self, state: &mut State) -> Option<Arc<str>> {
        let argument = self.arguments.next();
        if !self.adds {
            return Some("".into());
        }
        let Some(typed) = argument else {
            state.missing("MODE");
            return None;
        };
        let is_word = !typed.contains([' ', ',']) && !typed.starts_with(':');
        let word = key(typed).ok().filter(|word| is_word && word.chars().count() <= state.limits.reason);
        if word.is_none() {
            state.reply("696", &[self.typed, "k", "*", "A key is one word without commas"]);
        }
        word
    }

    /// The limit that is set; 0 takes it away. None if it is refused.
    fn limit(&mut self, state: &mut State) -> Option<usize> {
        if !self.adds {
            return Some(0);
        }
        let Some(typed) = self.arguments.next() else {
            state.missing("MODE");
            return None;
        };
        let limit = typed.parse().ok().filter(|limit| *limit > 0);
        if limit.is_none() {
            state.reply("696", &[self.typed, "l", typed, "A limit is a whole number above 0"]);
        }
        limit
    }

    /// A ban or a mute; without a mask, the list of both.
    fn ban(&mut self, state: &mut State) {
        let Some(typed) = self.arguments.next().filter(|mask| !mask.is_empty()) else {
            let list = ChatCommand::Bans { room: Some(self.room.clone()), everywhere: false, skip: 0 };
            return state.ask(Asked::Bans { room: self.typed.into() }, list);
        };
        let (inner, action) = match (typed.strip_prefix(MUTE), self.adds) {
            (Some(inner), true) => (inner, ModAction::Mute),
            (Some(inner), false) => (inner, ModAction::Unmute),
            (None, true) => (typed, ModAction::Ban),
            (None, false) => (typed, ModAction::Unban),
        };
        let command = mask(inner).map(|mask| Moderation::new(action, Some(self.room.clone()), Whom::Mask(mask)));
        state.ask_or_refuse(self.asked('b', Some(typed)), command);
    }

    fn rank(&mut self, state: &mut State, letter: char) {
        let Some(typed) = self.needed(state) else { return };
        let action = match (letter, self.adds) {
            ('o', true) => ModAction::Op,
            ('o', false) => ModAction::Deop,
            ('v', true) => ModAction::Voice,
            ('v', false) => ModAction::Devoice,
            _ => {
                return state
                    .reply("482", &[self.typed, "An owner is made by register-room: /quote ROOMFUL register-room"]);
            }
        };
        let command = somebody(typed).map(|nick| Moderation::new(action, Some(self.room.clone()), Whom::Nick(nick)));
        state.ask_or_refuse(self.asked(letter, Some(typed)), command);
    }
}

/// The modes of oneself: nothing can be set, but an op of the server can lay that down.
fn own(state: &mut State, target: &str, letters: &str) {
    let is_own = state.own.nick().is_some_and(|nick| is_same(&nick, target));
    let mut adds = true;
    let (mut lays_down, mut unknown) = (false, false);
    for letter in letters.chars() {
        match letter {
            '+' | '-' => adds = letter == '+',
            'o' => lays_down |= !adds,
            'i' | 'w' => {}
            _ => unknown = true,
        }
    }
    if is_own && unknown {
        return state.reply("501", &["There is no such mode of a person"]);
    }
    if is_own && lays_down {
        return state.ask(Asked::Deoper, AccountCommand::Deoper);
    }
    state.answer(Reply::UserModes { nick: target.into() });
}

/// Whether two spellings are of one name.
pub(super) fn is_same(nick: &Arc<str>, typed: &str) -> bool {
    **nick == *typed || somebody(typed).is_ok_and(|typed| somebody(nick).is_ok_and(|nick| nick.key() == typed.key()))
}
