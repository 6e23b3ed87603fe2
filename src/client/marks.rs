//! The last message that was shown of each place, and the last that the server knows to be read. Knows no connection and no messages.

use std::collections::BTreeMap;

use super::keys::place_key;
use crate::model::Seq;

/// Places that are followed. If there are more, those are not reported as read.
const MOST: usize = 1_024;

/// The numbers of one place.
#[derive(Debug, Default, Clone, Copy)]
struct Mark {
    seen: Seq,
    read: Seq,
}

/// One mark for each room and each private conversation.
#[derive(Debug, Default)]
pub(super) struct Marks(BTreeMap<String, Mark>);

impl Marks {
    /// A message was shown.
    pub fn seen(&mut self, place: &str, seq: Seq) {
        if let Some(mark) = self.mark(place) {
            mark.seen = mark.seen.max(seq);
        }
    }

    /// The server knows that all up to `seq` is read.
    pub fn read(&mut self, place: &str, seq: Seq) {
        if let Some(mark) = self.mark(place) {
            mark.read = mark.read.max(seq);
        }
    }

    /// The number of the last message that was shown.
    pub fn seen_in(&self, place: &str) -> Seq {
        self.0.get(&place_key(place)).map_or(0, |mark| mark.seen)
    }

    /// The private conversations, each with the number of its last message that was shown.
    pub fn conversations(&self) -> Vec<(String, Seq)> {
        let private = self.0.iter().filter(|(place, _)| place.starts_with('@'));
        private.map(|(place, mark)| (place.clone(), mark.seen)).collect()
    }

    /// The messages after `seq` are lost, or the place is a new one of that name: their numbers come again.
    pub fn rewind(&mut self, place: &str, seq: Seq) {
        if let Some(mark) = self.0.get_mut(&place_key(place)) {
            *mark = Mark { seen: mark.seen.min(seq), read: mark.read.min(seq) };
        }
    }

    /// The number up to which to report a place as read; it counts as reported
    /// then. `None` if the server knows it.
    pub fn report(&mut self, place: &str) -> Option<Seq> {
        let mark = self.0.get_mut(&place_key(place)).filter(|mark| mark.seen > mark.read)?;
        mark.read = mark.seen;
        Some(mark.read)
    }

    /// Forgets all: this is another person from now on.
    pub fn forget(&mut self) {
        self.0.clear();
    }

    fn mark(&mut self, place: &str) -> Option<&mut Mark> {
        let key = place_key(place);
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            return None;
        }
        Some(self.0.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_reported_once_for_what_was_seen_and_never_again_for_the_same() {
        let mut marks = Marks::default();
        assert_eq!(marks.report("#a"), None);
        marks.seen("#a", 3);
        assert_eq!(marks.report("#A"), Some(3));
        assert_eq!(marks.report("#a"), None);
        marks.seen("#a", 5);
        marks.read("#a", 5);
        assert_eq!(marks.report("#a"), None, "another session has said so");
    }

    #[test]
    fn numbers_that_come_again_are_reported_again() {
        let mut marks = Marks::default();
        marks.seen("@Anna", 9);
        assert_eq!(marks.report("@anna"), Some(9));
        marks.rewind("@anna", 4);
        marks.seen("@anna", 6);
        assert_eq!(marks.report("@anna"), Some(6));
    }
}
