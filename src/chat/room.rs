//! One room: who is in it, what was said last, and the fan-out to all of them. Knows nothing of other rooms, and takes no lock but the queues'.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::outbox::Outbox;
use super::touched::{Round, Touched};
use super::{PersonId, SessionId};
use crate::command::Page;
use crate::event::{History, Message, Millis, Seq};
use crate::limits::Limits;
use crate::names::RoomName;
use crate::wire::Letter;

/// A named group of people, and their last messages.
#[derive(Debug)]
pub(super) struct Room {
    pub name: RoomName,
    /// The name as events carry it.
    pub shown: Arc<str>,
    pub made: Millis,
    pub topic: Option<Arc<str>>,
    pub members: HashSet<PersonId>,
    /// The number of the last message.
    pub seq: Seq,
    seats: Vec<Seat>,
    round: Arc<Round>,
    recent: VecDeque<Arc<Message>>,
    recent_bytes: usize,
}

/// One session's place in a room: where it hears, and how.
#[derive(Debug)]
struct Seat {
    session: SessionId,
    outbox: Arc<Outbox>,
    /// Whether this session is talking in another room now.
    elsewhere: bool,
}

impl Room {
    pub fn new(name: RoomName, made: Millis) -> Room {
        Room {
            shown: Arc::from(name.shown()),
            name,
            made,
            topic: None,
            members: HashSet::new(),
            seq: 0,
            seats: Vec::new(),
            round: Arc::default(),
            recent: VecDeque::new(),
            recent_bytes: 0,
        }
    }

    /// Whether the room may go: nobody is in it, and it has no topic to keep.
    pub fn forgettable(&self) -> bool {
        self.members.is_empty() && self.topic.is_none()
    }

    /// Gives a session its seat; one that has a seat keeps it.
    pub fn seat(&mut self, session: SessionId, outbox: &Arc<Outbox>) {
        if !self.seats.iter().any(|seat| seat.session == session) {
            self.seats.push(Seat { session, outbox: Arc::clone(outbox), elsewhere: false });
        }
    }

    /// Takes a session's seat away. The order of the seats is nobody's promise.
    pub fn unseat(&mut self, session: SessionId) {
        if let Some(at) = self.seats.iter().position(|seat| seat.session == session) {
            self.seats.swap_remove(at);
        }
    }

    /// Notes whether a session is talking in another room now.
    pub fn turn(&mut self, session: SessionId, elsewhere: bool) {
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.session == session) {
            seat.elsewhere = elsewhere;
        }
    }

    /// Who hears what is said here.
    pub fn listeners(&self) -> impl Iterator<Item = (SessionId, &Arc<Outbox>, bool)> {
        self.seats.iter().map(|seat| (seat.session, &seat.outbox, seat.elsewhere))
    }

    /// Offers `letter` to every seat but those of which `deaf` is true.
    ///
    /// This is the fan-out. The caller holds the chat lock, so everybody in
    /// the room is offered the same letters in the same order.
    pub fn fan_out(&self, letter: &Arc<Letter>, mut deaf: impl FnMut(SessionId) -> bool, touched: &mut Touched) {
        let hearing = self.listeners().filter(|(session, ..)| !deaf(*session));
        touched.tell_room(&self.round, letter, hearing.map(|(_, outbox, elsewhere)| (outbox, elsewhere)));
    }

    /// Gives a message its number and remembers it.
    pub fn record(&mut self, from: Arc<str>, text: Arc<str>, me: bool, time: Millis, limits: &Limits) -> Arc<Message> {
        self.seq += 1;
        let message = Arc::new(Message { room: Arc::clone(&self.shown), seq: self.seq, from, text, time, me });
        self.recent_bytes += message.text.len();
        self.recent.push_back(Arc::clone(&message));
        while self.recent.len() > limits.recent || self.recent_bytes > limits.recent_bytes {
            let Some(oldest) = self.recent.pop_front() else { break };
            self.recent_bytes -= oldest.text.len();
        }
        message
    }

    /// At most `most` of the remembered messages that `page` asks for, oldest first.
    pub fn history(&self, page: Page, most: usize) -> History {
        // Numbers have no gaps, so a number is a place.
        let first = self.seq + 1 - self.recent.len() as Seq;
        let place = |seq: Seq| usize::try_from(seq.saturating_sub(first)).unwrap_or(usize::MAX).min(self.recent.len());
        let (from, to) = match page {
            Page::Last => (self.recent.len().saturating_sub(most), self.recent.len()),
            Page::Before(seq) => (place(seq).saturating_sub(most), place(seq)),
            Page::After(seq) => {
                let from = place(seq.saturating_add(1));
                (from, from.saturating_add(most).min(self.recent.len()))
            }
        };
        let (missed, more) = match page {
            Page::After(seq) => (first.saturating_sub(seq.saturating_add(1)), to < self.recent.len()),
            Page::Last | Page::Before(_) => (0, from > 0),
        };
        History {
            room: Arc::clone(&self.shown),
            messages: self.recent.range(from..to).cloned().collect(),
            missed,
            more,
        }
    }

    /// Panics where the room disagrees with itself: for tests.
    #[cfg(test)]
    pub fn check(&self) {
        assert_eq!(self.recent_bytes, self.recent.iter().map(|message| message.text.len()).sum::<usize>());
        let first = self.seq + 1 - self.recent.len() as Seq;
        assert!(self.recent.iter().map(|message| message.seq).eq(first..=self.seq), "numbers have no gaps");
        let seated: HashSet<SessionId> = self.seats.iter().map(|seat| seat.session).collect();
        assert_eq!(seated.len(), self.seats.len(), "one seat a session");
        assert!(self.seats.iter().all(|seat| seat.outbox.session() == seat.session));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A room in which messages 1 to `said` were said, and which remembers the last 100 of them.
    fn room(said: usize) -> Room {
        let mut room = Room::new(RoomName::parse("#a").unwrap(), 0);
        for i in 1..=said {
            room.record("anna".into(), i.to_string().into(), false, 0, &Limits::default());
        }
        room
    }

    fn page(room: &Room, page: Page, most: usize) -> (Vec<Seq>, u64, bool) {
        let history = room.history(page, most);
        (history.messages.iter().map(|message| message.seq).collect(), history.missed, history.more)
    }

    #[test]
    fn the_room_remembers_as_many_messages_as_the_limit_says() {
        for (said, kept) in [(99, 99), (100, 100), (101, 100)] {
            assert_eq!(room(said).recent.len(), kept);
        }
    }

    #[test]
    fn the_room_remembers_no_more_text_than_the_limit_says() {
        let limits = Limits { recent_bytes: 16_384, ..Limits::default() };
        let mut room = room(0);
        for _ in 0..50 {
            room.record("anna".into(), "x".repeat(1000).into(), false, 0, &limits);
            assert!(room.recent_bytes <= limits.recent_bytes);
        }
        assert_eq!(room.recent.len(), 16);
    }

    #[test]
    fn a_page_is_cut_where_it_was_asked_and_says_what_is_missing() {
        let room = room(150); // 51 to 150 are remembered
        assert_eq!(page(&room, Page::Last, 3), (vec![148, 149, 150], 0, true));
        assert_eq!(page(&room, Page::Before(53), 10), (vec![51, 52], 0, false));
        assert_eq!(page(&room, Page::Before(51), 10), (vec![], 0, false));
        assert_eq!(page(&room, Page::After(147), 10), (vec![148, 149, 150], 0, false));
        assert_eq!(page(&room, Page::After(50), 2), (vec![51, 52], 0, true));
        assert_eq!(page(&room, Page::After(40), 1), (vec![51], 10, true));
        assert_eq!(page(&room, Page::After(150), 10), (vec![], 0, false));
        assert_eq!(page(&room, Page::After(Seq::MAX), 10), (vec![], 0, false));
        assert_eq!(page(&room, Page::Before(Seq::MAX), 1), (vec![150], 0, true));
    }
}
