//! The last messages of a room that are in memory: a ring of messages whose numbers have no gaps. Knows no members.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use crate::answer::{self, History};
use crate::command::{Bound, Page, Stretch, Timeline};
use crate::limits::Limits;
use crate::model::{Identity, Message, Millis, Seq};
use crate::record::StoredMessage;

/// The last messages, the oldest first.
#[derive(Debug)]
pub(super) struct Recent {
    /// The number of the last message, also if it is not in memory.
    last: Seq,
    /// Whether the last stored messages are in memory.
    pub loaded: bool,
    /// How often a message was deleted. Messages that were read before that may be out of date.
    pub deletions: u64,
    said: VecDeque<Said>,
    bytes: usize,
}

/// A message and its author.
#[derive(Debug, Clone)]
struct Said {
    message: Arc<Message>,
    identity: Identity,
}

impl Recent {
    /// The ring of a room whose last message has the number `last`; no message is in memory yet.
    pub fn new(last: Seq) -> Recent {
        Recent { last, loaded: last == 0, deletions: 0, said: VecDeque::new(), bytes: 0 }
    }

    /// The number of the last message: 0 if there is none.
    pub fn last(&self) -> Seq {
        self.last
    }

    /// The number of the oldest message that is in memory.
    pub fn first(&self) -> Seq {
        self.last + 1 - self.said.len() as Seq
    }

    /// Remembers the next message, and forgets the oldest ones over the limits.
    pub fn push(&mut self, message: &Arc<Message>, identity: Identity, limits: &Limits) {
        self.last = message.seq;
        self.bytes += message.text.len();
        self.said.push_back(Said { message: Arc::clone(message), identity });
        self.trim(limits);
    }

    /// Takes the last messages as they were stored, the oldest first.
    pub fn load(&mut self, lines: Vec<StoredMessage>, limits: &Limits) {
        if std::mem::replace(&mut self.loaded, true) {
            return;
        }
        // They must join the next message without a gap, or they are of no use.
        let lines = if lines.last().is_some_and(|line| line.message.seq != self.last) { Vec::new() } else { lines };
        for StoredMessage { identity, message, .. } in lines {
            self.bytes += message.text.len();
            self.said.push_back(Said { message, identity });
        }
        self.trim(limits);
    }

    /// Forgets all messages: the database can give them back.
    pub fn unload(&mut self) {
        self.said = VecDeque::new();
        self.bytes = 0;
        self.loaded = false;
    }

    /// The author of a message that is in memory, and when it was said.
    pub fn author(&self, seq: Seq) -> Option<(Identity, Millis)> {
        let said = self.said.get(self.index(seq)?)?;
        Some((said.identity, said.message.time)).filter(|_| !said.message.deleted)
    }

    /// When a message was said that is in memory.
    pub fn time_of(&self, seq: Seq) -> Option<Millis> {
        Some(self.said.get(self.index(seq)?)?.message.time)
    }

    /// The last message of `identity` that is in memory.
    pub fn last_of(&self, identity: Identity) -> Option<Seq> {
        let said = self.said.iter().rev().find(|said| said.identity == identity && !said.message.deleted)?;
        Some(said.message.seq)
    }

    /// Removes the text and the file of a message, if it is in memory.
    pub fn delete(&mut self, seq: Seq) {
        self.deletions += 1;
        let Some(said) = self.index(seq).and_then(|index| self.said.get_mut(index)) else { return };
        self.bytes -= said.message.text.len();
        let old = Message::clone(&said.message);
        said.message = Arc::new(Message { text: Arc::from(""), file: None, deleted: true, ..old });
    }

    /// Deletes all messages of `identity` that are in memory. Returns their numbers and times.
    pub fn delete_all_of(&mut self, identity: Identity) -> Vec<(Seq, Millis)> {
        self.deletions += 1;
        let own = self.said.iter().filter(|said| said.identity == identity && !said.message.deleted);
        let own: Vec<(Seq, Millis)> = own.map(|said| (said.message.seq, said.message.time)).collect();
        own.iter().for_each(|(seq, _)| self.delete(*seq));
        own
    }

    /// The index of a message: numbers have no gaps.
    fn index(&self, seq: Seq) -> Option<usize> {
        usize::try_from(seq.checked_sub(self.first())?).ok()
    }

    /// Forgets the oldest messages over the limits; they are still in the database.
    fn trim(&mut self, limits: &Limits) {
        while self.said.len() > limits.recent || self.bytes > limits.recent_bytes {
            let Some(oldest) = self.said.pop_front() else { break };
            self.bytes -= oldest.message.text.len();
        }
    }

    /// The messages after `after` that are in memory, in pieces that join without
    /// a gap. At least one piece, which may be empty.
    pub fn history_since(&self, room: &Arc<str>, mut after: Seq, limits: &Limits) -> Vec<History> {
        let mut pieces = Vec::new();
        loop {
            let piece = self.history(room, Page::After(Bound::Seq(after)), limits.recent, limits.answer_bytes);
            let (last, more) = (piece.messages.last().map(|message| message.seq), piece.more);
            pieces.push(History { after: Some(after), ..piece });
            match last {
                Some(last) if more => after = last,
                _ => return pieces,
            }
        }
    }

    /// The messages in memory that `page` asks for, the oldest first: at most
    /// `most`, of about `bytes`, but at least one.
    pub fn history(&self, room: &Arc<str>, page: Page, most: usize, bytes: usize) -> History {
        let Ok(stretch) = Stretch::of(page, most, self);
        let first = self.first();
        // The index of the first message that has this number or a higher one.
        let index = |seq: Seq| usize::try_from(seq.saturating_sub(first)).unwrap_or(usize::MAX).min(self.said.len());
        let past = |seq: Seq| if seq < first { 0 } else { index(seq.saturating_add(1)) };
        let (low, high) = (index(stretch.from), past(stretch.to));
        let middle = past(stretch.middle).min(high).max(low.min(high));
        let from = middle.saturating_sub(stretch.down).max(low.min(middle));
        let to = middle.saturating_add(stretch.above(middle - from)).min(high);
        let mut messages: Vec<_> = self.said.range(from..to).map(|said| Arc::clone(&said.message)).collect();
        let cut = answer::cut(&mut messages, middle - from, bytes);
        let missed = match page {
            Page::After(Bound::Seq(seq)) => first.saturating_sub(seq.saturating_add(1)),
            _ => 0,
        };
        let more = if stretch.up > 0 { cut.above || to < high } else { cut.below || from > low };
        History { room: Arc::clone(room), messages, missed, more, after: None }
    }

    /// Panics if the ring disagrees with itself: for tests.
    #[cfg(test)]
    pub fn check(&self) {
        assert_eq!(self.bytes, self.said.iter().map(|said| said.message.text.len()).sum::<usize>());
        let seqs = self.said.iter().map(|said| said.message.seq);
        assert!(!self.loaded || seqs.eq(self.first()..=self.last), "numbers have no gaps");
    }
}

impl Timeline for Recent {
    type Error = Infallible;

    fn first_since(&self, time: Millis) -> Result<Option<Seq>, Infallible> {
        Ok(self.said.iter().find(|said| said.message.time >= time).map(|said| said.message.seq))
    }

    fn last_before(&self, time: Millis) -> Result<Seq, Infallible> {
        Ok(self.said.iter().rfind(|said| said.message.time < time).map_or(0, |said| said.message.seq))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PlaceId, ResumeId};

    const ANNA: Identity = Identity::Guest(ResumeId(1));

    /// A ring in which messages 1 to `said` were said, and which remembers the last 100 of them.
    fn ring(said: usize) -> Recent {
        let mut ring = Recent::new(0);
        (1..=said).for_each(|i| say(&mut ring, &i.to_string(), 0, &Limits::default()));
        ring
    }

    fn say(ring: &mut Recent, text: &str, time: Millis, limits: &Limits) {
        let message = Message { seq: ring.last() + 1, text: text.into(), time, ..Message::default() };
        ring.push(&Arc::new(message), ANNA, limits);
    }

    fn page(ring: &Recent, page: Page, most: usize) -> (Vec<Seq>, u64, bool) {
        let history = ring.history(&Arc::from("#a"), page, most, 65_536);
        (history.messages.iter().map(|message| message.seq).collect(), history.missed, history.more)
    }

    #[test]
    fn the_ring_remembers_as_many_messages_as_the_limit_says() {
        for (said, kept) in [(99, 99), (100, 100), (101, 100)] {
            assert_eq!(ring(said).said.len(), kept);
        }
    }

    #[test]
    fn the_ring_remembers_no_more_text_than_the_limit_says() {
        let limits = Limits { recent_bytes: 16_384, ..Limits::default() };
        let mut ring = ring(0);
        for _ in 0..50 {
            say(&mut ring, &"x".repeat(1000), 0, &limits);
            assert!(ring.bytes <= limits.recent_bytes);
        }
        assert_eq!(ring.said.len(), 16);
    }

    #[test]
    fn a_time_finds_a_number_also_if_the_clock_was_set_back() {
        let mut ring = ring(0);
        for time in [10, 20, 30, 5, 15, 25] {
            say(&mut ring, "m", time, &Limits::default());
        }
        assert_eq!(page(&ring, Page::since(20), 2), (vec![2, 3], 0, true));
        assert_eq!(page(&ring, Page::since(30), 9), (vec![3, 4, 5, 6], 0, false));
        assert_eq!(page(&ring, Page::since(31), 9), (vec![], 0, false));
        assert_eq!(page(&ring, Page::Before(Bound::Time(20)), 2), (vec![4, 5], 0, true));
        assert_eq!(page(&ring, Page::Before(Bound::Time(6)), 9), (vec![1, 2, 3, 4], 0, false));
        assert_eq!(page(&ring, Page::Before(Bound::Time(5)), 9), (vec![], 0, false));
    }

    #[test]
    fn a_page_from_memory_is_between_two_bounds_after_one_or_around_one() {
        let mut ring = ring(0);
        (1..=10).for_each(|time| say(&mut ring, "m", time, &Limits::default()));
        let message = |n: Seq| Bound::Message(PlaceId(0), n, Millis::try_from(n).unwrap());
        for [two, eight] in [[Bound::Seq(2), Bound::Seq(8)], [Bound::Time(2), Bound::Time(8)], [message(2), message(8)]]
        {
            assert_eq!(page(&ring, Page::Between(two, eight), 9), (vec![3, 4, 5, 6, 7], 0, false));
            assert_eq!(page(&ring, Page::Between(two, eight), 2), (vec![3, 4], 0, true));
            assert_eq!(page(&ring, Page::Between(eight, two), 2), (vec![6, 7], 0, true));
            assert_eq!(page(&ring, Page::Between(two, two), 9), (vec![], 0, false));
            assert_eq!(page(&ring, Page::Latest(two), 2), (vec![9, 10], 0, true));
            assert_eq!(page(&ring, Page::Latest(eight), 2), (vec![9, 10], 0, false));
            assert_eq!(page(&ring, Page::Around(eight), 1), (vec![8], 0, true));
            assert_eq!(page(&ring, Page::Around(eight), 4), (vec![6, 7, 8, 9], 0, true));
            assert_eq!(page(&ring, Page::Around(two), 6), (vec![1, 2, 3, 4, 5, 6], 0, true));
        }
        assert_eq!(page(&ring, Page::Around(Bound::Time(99)), 4), (vec![9, 10], 0, false));
        assert_eq!((ring.time_of(8), ring.time_of(11)), (Some(8), None));
    }

    #[test]
    fn a_page_is_cut_where_it_was_asked_and_says_what_is_missing() {
        let ring = ring(150); // 51 to 150 are remembered
        assert_eq!(page(&ring, Page::Last, 3), (vec![148, 149, 150], 0, true));
        assert_eq!(page(&ring, Page::Before(Bound::Seq(53)), 10), (vec![51, 52], 0, false));
        assert_eq!(page(&ring, Page::Before(Bound::Seq(51)), 10), (vec![], 0, false));
        assert_eq!(page(&ring, Page::After(Bound::Seq(147)), 10), (vec![148, 149, 150], 0, false));
        assert_eq!(page(&ring, Page::After(Bound::Seq(50)), 2), (vec![51, 52], 0, true));
        assert_eq!(page(&ring, Page::After(Bound::Seq(40)), 1), (vec![51], 10, true));
        assert_eq!(page(&ring, Page::After(Bound::Seq(150)), 10), (vec![], 0, false));
        assert_eq!(page(&ring, Page::After(Bound::Seq(Seq::MAX)), 10), (vec![], 0, false));
        assert_eq!(page(&ring, Page::Before(Bound::Seq(Seq::MAX)), 1), (vec![150], 0, true));
    }
}
