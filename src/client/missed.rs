//! Conversations that are asked for because lines were missed there. Knows no connection and no rooms.

use std::collections::{BTreeMap, VecDeque};

use super::keys::place_key;
use crate::answer::History;
use crate::model::{Millis, Seq, Tag};
use crate::wire::json;

/// Conversations asked for at once. The server counts each as three commands,
/// and what a person types next must not wait for long.
pub(super) const MOST: usize = 5;

/// Messages of one conversation. If there are more, the person is told so.
const PAGE: usize = 100;

/// The last lines of a conversation that are known again. From there on it is
/// asked for: a server that was killed may have lost the last lines that were
/// heard, and given their numbers to others.
const KNOWN: usize = 20;

/// Conversations whose last lines are known again.
const FOLLOWED: usize = 1_024;

/// Conversations that are asked for.
#[derive(Debug, Default)]
pub(super) struct Missed {
    /// Whether the program wants them.
    pub wanted: bool,
    /// Each by its key, with the numbers of the lines that came by themselves since.
    open: Vec<(String, Vec<Seq>)>,
    /// The last lines that came of each conversation, by its key. Two lines with
    /// the same number have different times, if one was lost with the server.
    known: BTreeMap<String, VecDeque<(Seq, Millis)>>,
}

impl Missed {
    /// The command that asks for a conversation after a number.
    pub fn ask(&mut self, place: &str, after: Seq, tag: &Tag) -> String {
        self.open.push((place_key(place), Vec::new()));
        let fields =
            [("tag", (*tag.0).into()), ("room", place.into()), ("after", after.into()), ("limit", PAGE.into())];
        json::request("history", &fields)
    }

    /// The number after which to ask for a conversation, of which all up to `seen` was heard.
    pub fn after(&self, place: &str, seen: Seq) -> Seq {
        let known = self.known.get(&place_key(place)).into_iter().flatten();
        known.map(|(seq, _)| seq.saturating_sub(1)).min().map_or(seen, |first| first.min(seen))
    }

    /// When the last line of a conversation was said that came here.
    pub fn last_time(&self, place: &str) -> Millis {
        self.known.get(&place_key(place)).and_then(|lines| lines.back()).map_or(0, |(_, time)| *time)
    }

    /// A private line came by itself: it may also be in what is asked for.
    pub fn heard(&mut self, place: &str, seq: Seq, time: Millis) {
        let key = place_key(place);
        self.remember(&key, seq, time);
        self.open.iter_mut().filter(|(open, _)| *open == key).for_each(|(_, came)| came.push(seq));
    }

    /// Leaves out of an answer what came before, or by itself meanwhile.
    pub fn leave_out(&mut self, history: &mut History) {
        let key = place_key(&history.room);
        if let Some((_, came)) = self.open.iter().find(|(open, _)| *open == key) {
            history.messages.retain(|message| !came.contains(&message.seq));
        }
        if let Some(known) = self.known.get(&key) {
            history.messages.retain(|message| !known.contains(&(message.seq, message.time)));
        }
        history.messages.iter().for_each(|message| self.remember(&key, message.seq, message.time));
    }

    fn remember(&mut self, key: &str, seq: Seq, time: Millis) {
        if self.known.len() >= FOLLOWED && !self.known.contains_key(key) {
            return;
        }
        let lines = self.known.entry(key.to_owned()).or_default();
        if lines.len() == KNOWN {
            lines.pop_front();
        }
        lines.push_back((seq, time));
    }

    /// Forgets all that was heard: this is another person from now on.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// Everything that was asked for has come.
    pub fn end(&mut self) {
        self.open.clear();
    }
}
