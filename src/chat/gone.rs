//! The people who left last: for questions about them, and for bans of their hosts. Knows no rooms, and takes no lock.

use std::collections::VecDeque;
use std::sync::Arc;

use super::registry::Person;
use super::targets::ModTarget;
use crate::answer::GoneInfo;
use crate::model::{Identity, Millis, Target};
use crate::names::Nick;

/// A person who left.
#[derive(Debug)]
struct GonePerson {
    nick: Nick,
    identity: Identity,
    /// What finds the person again.
    targets: Vec<Target>,
    info: GoneInfo,
}

/// Who left, the newest last.
#[derive(Debug, Default)]
pub(super) struct Gone(VecDeque<GonePerson>);

impl Gone {
    /// Notes that a person left, whom `targets` find again. The oldest of more than `most` is forgotten.
    pub fn note(&mut self, person: &Person, targets: Vec<Target>, time: Millis, most: usize) {
        let (nick, identity, face) = (person.nick.clone(), person.identity, &person.face);
        let info = GoneInfo {
            nick: Arc::clone(face.nick()),
            user: face.user().into(),
            host: face.host().into(),
            about: face.about().cloned(),
            registered: face.is_registered(),
            time,
        };
        self.0.push_back(GonePerson { nick, identity, targets, info });
        while self.0.len() > most {
            self.0.pop_front();
        }
    }

    /// The people who left under this name, who left last first.
    pub fn called(&self, nick: &Nick) -> impl Iterator<Item = &GoneInfo> {
        self.0.iter().rev().filter(move |gone| gone.nick == *nick).map(|gone| &gone.info)
    }

    /// The person who left last with this host.
    pub fn behind(&self, host: &str) -> Option<ModTarget> {
        let gone = self.0.iter().rev().find(|gone| *gone.info.host == *host)?;
        Some(ModTarget { identity: Some(gone.identity), ..ModTarget::of(gone.targets.clone(), &gone.info.nick) })
    }
}
