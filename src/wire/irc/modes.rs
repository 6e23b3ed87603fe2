//! Roles, voices, settings and bans of a room as changes of modes. Knows no session.

use super::author::{Author, Bits};
use crate::answer::shown_mask;
use crate::event::Event;
use crate::model::{Changed, Restriction, Role, Setting, Settings};

/// Appends the MODE line of `event` to `out`; nothing, if no mode has changed.
pub(super) fn encode(event: &Event, bits: Bits, out: &mut Vec<u8>) {
    let (room, by, time, changes) = match event {
        Event::Role { room, nick, role, was, by, time } => (room, by, time, of_role(nick, *was, *role)),
        Event::Voice { room, nick, voice, by, time } => (room, by, time, Modes::one(*voice, 'v', nick)),
        Event::Settings { room, settings, changed, by, time, .. } => (room, by, time, of_settings(settings, *changed)),
        Event::Restriction { room, restriction, lifted, nick, mask, by, time, .. } => {
            (room, by, time, Modes::one(!lifted, 'b', &ban_mask(*restriction, nick, mask.as_deref())))
        }
        _ => return,
    };
    if changes.letters.is_empty() {
        return;
    }
    let line = Author::new(by, Some(*time), bits).line(out).command("MODE").middle(room).middle(&changes.letters);
    changes.words.iter().fold(line, |line, word| line.middle(word)).end();
}

/// The mask of a ban or mute, as MODE takes it: as it was typed, or made of the nick or the address.
pub fn ban_mask(restriction: Restriction, nick: &str, mask: Option<&str>) -> String {
    let mask = shown_mask(nick, mask);
    match restriction {
        Restriction::Ban => mask.into_owned(),
        Restriction::Mute => ["m:", &mask].concat(),
    }
}

/// The modes that are set, and their parameters; a key only if it may be shown.
pub fn of_room(settings: &Settings, shows_key: bool) -> (String, Vec<String>) {
    let set =
        Setting::ALL.into_iter().filter(|setting| *setting != Setting::Key || shows_key || settings.key.is_none());
    let mut modes = Modes::default();
    for (sets, letter, word) in set.filter_map(|setting| mode(setting, settings)).filter(|(sets, ..)| *sets) {
        modes.add(sets, letter, word);
    }
    if modes.letters.is_empty() {
        modes.letters.push('+');
    }
    (modes.letters, modes.words)
}

/// Changes of modes: `-i+kl` and the words that belong to them.
#[derive(Debug, Default)]
struct Modes {
    letters: String,
    words: Vec<String>,
    sets: Option<bool>,
}

impl Modes {
    fn one(sets: bool, letter: char, word: &str) -> Modes {
        let mut modes = Modes::default();
        modes.add(sets, letter, Some(word.to_owned()));
        modes
    }

    fn add(&mut self, sets: bool, letter: char, word: Option<String>) {
        if self.sets.replace(sets) != Some(sets) {
            self.letters.push(if sets { '+' } else { '-' });
        }
        self.letters.push(letter);
        self.words.extend(word);
    }
}

/// A member has the mode of the role, and no other: an owner who is an op again loses one and gets one.
fn of_role(nick: &str, was: Option<Role>, role: Option<Role>) -> Modes {
    let letter = |role| match role {
        Some(Role::Owner) => Some('q'),
        Some(Role::Op) => Some('o'),
        Some(Role::Member) | None => None,
    };
    let mut modes = Modes::default();
    for (sets, role) in [(false, was), (true, role)] {
        letter(role).into_iter().for_each(|letter| modes.add(sets, letter, Some(nick.to_owned())));
    }
    modes
}

fn of_settings(settings: &Settings, changed: Changed) -> Modes {
    let mut modes = Modes::default();
    for (sets, letter, word) in changed.iter().filter_map(|setting| mode(setting, settings)) {
        modes.add(sets, letter, word);
    }
    modes
}

/// The mode that a setting is: whether it is set, its letter, and its parameter. A key
/// that is removed has a parameter, too, or clients would take the next word for it.
fn mode(setting: Setting, settings: &Settings) -> Option<(bool, char, Option<String>)> {
    let flag = |sets, letter| Some((sets, letter, None));
    match setting {
        Setting::InviteOnly => flag(settings.invite_only, 'i'),
        Setting::Announcements => flag(settings.announcements, 'm'),
        Setting::TopicByOps => flag(settings.topic_by_ops, 't'),
        Setting::Hidden => flag(settings.hidden, 's'),
        Setting::Outsiders => flag(!settings.outsiders, 'n'),
        Setting::Key => Some((settings.key.is_some(), 'k', Some(settings.key.as_deref().unwrap_or("*").to_owned()))),
        Setting::Limit => Some((settings.limit.is_some(), 'l', settings.limit.map(|limit| limit.to_string()))),
        Setting::Registered => None,
    }
}
