//! Conversations that are asked for because lines were missed there. Knows no connection and no rooms.

use super::keys::place_key;
use crate::answer::History;
use crate::model::{Seq, Tag};
use crate::wire::json;

/// Conversations asked for at once. The server counts each as three commands,
/// and what a person types next must not wait for long.
pub(super) const MOST: usize = 5;

/// Messages of one conversation. If there are more, the person is told so.
const PAGE: usize = 100;

/// Conversations that are asked for.
#[derive(Debug, Default)]
pub(super) struct Missed {
    /// Whether the program wants them.
    pub wanted: bool,
    /// Each by its key, with the numbers of the lines that came by themselves since.
    open: Vec<(String, Vec<Seq>)>,
}

impl Missed {
    /// The command that asks for a conversation after a number.
    pub fn ask(&mut self, place: &str, after: Seq, tag: &Tag) -> String {
        self.open.push((place_key(place), Vec::new()));
        let fields =
            [("tag", (*tag.0).into()), ("room", place.into()), ("after", after.into()), ("limit", PAGE.into())];
        json::request("history", &fields)
    }

    /// A private line came by itself: it may also be in what is asked for.
    pub fn heard(&mut self, place: &str, seq: Seq) {
        let key = place_key(place);
        self.open.iter_mut().filter(|(open, _)| *open == key).for_each(|(_, came)| came.push(seq));
    }

    /// Leaves out of an answer what came by itself meanwhile.
    pub fn leave_out(&self, history: &mut History) {
        let key = place_key(&history.room);
        if let Some((_, came)) = self.open.iter().find(|(open, _)| *open == key) {
            history.messages.retain(|message| !came.contains(&message.seq));
        }
    }

    /// Everything that was asked for has come.
    pub fn end(&mut self) {
        self.open.clear();
    }
}
