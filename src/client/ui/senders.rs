//! The sender of each message that was shown, so that a deletion can name them. Knows no screen and no words, and forgets the oldest.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{Message, Seq};

/// Messages whose senders are remembered.
const MOST: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Senders(VecDeque<(Arc<str>, Seq, Arc<str>)>);

impl Senders {
    /// A message is shown.
    pub fn message(&mut self, message: &Message) {
        self.note(&message.room, message.seq, message.from.nick());
    }

    /// The same of a line that is no whole message.
    pub fn note(&mut self, place: &str, seq: Seq, from: &Arc<str>) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((place.into(), seq, Arc::clone(from)));
    }

    /// The sender of a message, which is forgotten with that.
    pub fn take(&mut self, place: &str, seq: Seq) -> Option<Arc<str>> {
        let found = self.0.iter().rposition(|(room, number, _)| &**room == place && *number == seq)?;
        self.0.remove(found).map(|(_, _, from)| from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_found_once_and_the_oldest_are_forgotten() {
        let mut senders = Senders::default();
        let (anna, boris): (Arc<str>, Arc<str>) = ("anna".into(), "boris".into());
        senders.note("#a", 1, &anna);
        senders.note("#b", 1, &boris);
        assert_eq!(senders.take("#a", 1), Some(Arc::clone(&anna)));
        assert_eq!(senders.take("#a", 1), None);
        (0..MOST as Seq).for_each(|seq| senders.note("#c", seq, &anna));
        assert_eq!((senders.take("#b", 1), senders.0.len()), (None, MOST));
    }
}
