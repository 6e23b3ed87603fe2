//! The first words of what was shown, so that a deletion can say what it is about. Knows no screen, and forgets the oldest.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::event::{Message, Seq};
use crate::names;

/// Messages whose words are remembered.
const MOST: usize = 1_000;

/// Characters remembered of each.
const WORDS: usize = 40;

#[derive(Debug, Default)]
pub(super) struct Heard(VecDeque<(Arc<str>, Seq, Box<str>)>);

impl Heard {
    pub fn message(&mut self, message: &Message) {
        let text = match &message.file {
            Some(file) if message.text.is_empty() => &file.name,
            _ => &message.text,
        };
        self.note(&message.room, message.seq, text);
    }

    pub fn note(&mut self, place: &str, seq: Seq, text: &str) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        let text = names::clean(text);
        let mut letters = text.chars();
        let mut words: String = letters.by_ref().take(WORDS).collect();
        if letters.next().is_some() {
            words.push('…');
        }
        self.0.push_back((place.into(), seq, words.into()));
    }

    /// The first words of a message, which is forgotten with that.
    pub fn take(&mut self, place: &str, seq: Seq) -> Option<Box<str>> {
        let found = self.0.iter().rposition(|(room, number, _)| &**room == place && *number == seq)?;
        self.0.remove(found).map(|(_, _, words)| words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_are_found_once_and_the_oldest_are_forgotten() {
        let mut heard = Heard::default();
        heard.note("#a", 1, &"ж".repeat(50));
        heard.note("#b", 1, "other");
        assert_eq!(heard.take("#a", 1).as_deref(), Some(&*("ж".repeat(40) + "…")));
        assert_eq!(heard.take("#a", 1), None);
        (0..MOST as Seq).for_each(|seq| heard.note("#c", seq, "x"));
        assert_eq!((heard.take("#b", 1), heard.0.len()), (None, MOST));
    }
}
