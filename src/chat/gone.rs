//! The people who left last, for those who ask about them. Takes no lock.

use std::collections::VecDeque;

use crate::answer::GoneInfo;
use crate::names::Nick;

/// Who left, the newest last.
#[derive(Debug, Default)]
pub(super) struct Gone(VecDeque<(Nick, GoneInfo)>);

impl Gone {
    /// Notes that a person left. The oldest of more than `most` is forgotten.
    pub fn note(&mut self, nick: Nick, info: GoneInfo, most: usize) {
        self.0.push_back((nick, info));
        while self.0.len() > most {
            self.0.pop_front();
        }
    }

    /// The people who left under this name, who left last first.
    pub fn called(&self, nick: &Nick) -> impl Iterator<Item = &GoneInfo> {
        self.0.iter().rev().filter(move |(name, _)| name == nick).map(|(_, info)| info)
    }
}
