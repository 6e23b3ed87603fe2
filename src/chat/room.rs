//! One room: who is in it, what was said last, and the fan-out to all of them. Knows nothing of other rooms, and takes no lock but the queues'.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::effects::{Effects, RoomFlush};
use super::outbox::Outbox;
use super::{Here, PersonId, SessionId};
use crate::answer;
use crate::answer::History;
use crate::command::Page;
use crate::limits::Limits;
use crate::model::{FileInfo, Message, Millis, Seq};
use crate::model::{Identity, Owner, PlaceId, Role, Settings};
use crate::names::{Nick, RoomName};
use crate::record::{Record, RoomRecord, RoomSnapshot, StoredMessage};
use crate::wire::Letter;

/// A named group of people, and their last messages.
#[derive(Debug)]
pub(super) struct Room {
    pub name: RoomName,
    /// The name as events carry it.
    pub shown: Arc<str>,
    pub place: PlaceId,
    pub made: Millis,
    /// Who made it in this run of the server.
    pub maker: Option<Owner>,
    pub topic: Option<Arc<str>>,
    pub settings: Settings,
    /// Whether somebody has registered it.
    pub registered: bool,
    pub roles: HashMap<Identity, Role>,
    pub members: HashSet<PersonId>,
    /// The same, in the order of their names, by the key of the nick.
    pub names: BTreeMap<Arc<str>, PersonId>,
    /// The number of the last message.
    pub seq: Seq,
    /// The number of the last message when this run of the server began.
    pub seq_at_start: Seq,
    /// Whether it has a row in the database.
    pub kept: bool,
    /// How much had been added to the journal with the last message.
    pub added: u64,
    /// Whether its last messages are here, as far as they are kept.
    pub loaded: bool,
    /// How often something was deleted: what was read before that may not be true any more.
    pub deletions: u64,
    seats: Vec<Seat>,
    /// How many seats were ever given.
    given: u64,
    /// How often nobody was left in it, and its order ended.
    pub emptied: u64,
    flush: Arc<RoomFlush>,
    recent: VecDeque<Said>,
    recent_bytes: usize,
}

/// A message, and whose it is.
#[derive(Debug, Clone)]
struct Said {
    message: Arc<Message>,
    identity: Identity,
}

/// What is said, before it has its number.
#[derive(Debug)]
pub(super) struct Words {
    pub from: Arc<str>,
    pub identity: Identity,
    pub text: Arc<str>,
    pub me: bool,
    pub file: Option<Arc<FileInfo>>,
    pub time: Millis,
}

/// One session's place in a room: where it hears, and how.
#[derive(Debug)]
struct Seat {
    session: SessionId,
    outbox: Arc<Outbox>,
    /// The how manieth that was ever given here.
    came: u64,
    /// Whether this session is talking in another room now.
    elsewhere: bool,
}

impl Room {
    pub fn new(name: RoomName, place: PlaceId, made: Millis) -> Room {
        Room {
            shown: Arc::from(name.shown()),
            name,
            place,
            made,
            maker: None,
            topic: None,
            settings: Settings::default(),
            registered: false,
            roles: HashMap::new(),
            members: HashSet::new(),
            names: BTreeMap::new(),
            seq: 0,
            seq_at_start: 0,
            kept: false,
            added: 0,
            loaded: true,
            deletions: 0,
            seats: Vec::new(),
            given: 0,
            emptied: 0,
            flush: Arc::default(),
            recent: VecDeque::new(),
            recent_bytes: 0,
        }
    }

    /// A room as it was found in the database, without its messages.
    pub fn found(found: RoomSnapshot) -> Room {
        let RoomSnapshot { room, seq, roles, .. } = found;
        Room {
            topic: room.topic,
            settings: room.settings,
            registered: room.registered,
            roles: roles.into_iter().map(|(account, role)| (Identity::Account(account), role)).collect(),
            seq,
            seq_at_start: seq,
            kept: true,
            loaded: seq == 0,
            ..Room::new(room.name, room.place, room.made)
        }
    }

    /// The room as it is to be kept.
    pub fn record(&self) -> RoomRecord {
        RoomRecord {
            place: self.place,
            name: self.name.clone(),
            made: self.made,
            topic: self.topic.clone(),
            settings: self.settings.clone(),
            registered: self.registered,
        }
    }

    /// Sees to it that the room has its row, before anything is kept that is in it.
    pub fn keep(&mut self, here: &Here<'_>) {
        if !std::mem::replace(&mut self.kept, true) {
            here.keep(Record::Room(self.record()));
        }
    }

    /// Keeps the room as it is now.
    pub fn keep_changed(&mut self, here: &Here<'_>) {
        self.kept = true;
        here.keep(Record::Room(self.record()));
    }

    /// Whether not everybody may come in, and so not everybody may read it.
    pub fn is_private(&self) -> bool {
        self.settings.invite_only || self.settings.key.is_some()
    }

    /// Whether the room may go when nobody is in it: nobody has registered it, and there is nothing in it to keep.
    /// One that was private goes with what was said: the next to come may be anybody.
    pub fn forgettable(&self, keeps: bool) -> bool {
        let empty = self.topic.is_none() && (!keeps || self.seq == 0);
        self.members.is_empty() && !self.registered && (empty || self.is_private())
    }

    /// Nobody is in the room any more. Unless it is registered, its ops and its
    /// order go with them; and what is in the database needs no place here.
    pub fn emptied(&mut self, here: &Here<'_>) {
        if !self.registered && self.name != *here.lobby {
            self.emptied += 1;
            let settings = std::mem::take(&mut self.settings);
            for identity in std::mem::take(&mut self.roles).into_keys() {
                if let Identity::Account(account) = identity {
                    here.keep(Record::Role(self.place, account, None));
                }
            }
            if settings != Settings::default() {
                self.keep_changed(here);
            }
        }
        self.let_go(here);
    }

    /// Forgets what was said, where the database can give it back: not while it waits to be kept.
    pub fn let_go(&mut self, here: &Here<'_>) {
        if self.seq > 0 && here.write_queue.is_some_and(|write_queue| write_queue.is_stored(self.added)) {
            self.recent = VecDeque::new();
            self.recent_bytes = 0;
            self.loaded = false;
        }
    }

    pub fn has_owner(&self) -> bool {
        self.roles.values().any(|role| *role == Role::Owner)
    }

    /// Takes the last messages of the room as they were kept; the oldest first.
    pub fn load(&mut self, lines: Vec<StoredMessage>, limits: &Limits) {
        if std::mem::replace(&mut self.loaded, true) {
            return;
        }
        // They join what is said next without a gap, or they are of no use here.
        let lines = if lines.last().is_some_and(|line| line.message.seq != self.seq) { Vec::new() } else { lines };
        for StoredMessage { identity, message, .. } in lines {
            self.recent_bytes += message.text.len();
            self.recent.push_back(Said { message, identity });
        }
        self.trim(limits);
    }

    /// The number of the oldest message that is remembered here.
    pub fn first_here(&self) -> Seq {
        self.seq + 1 - self.recent.len() as Seq
    }

    /// Whose a message is that is remembered here.
    pub fn author(&self, seq: Seq) -> Option<Identity> {
        let said = self.recent.get(usize::try_from(seq.checked_sub(self.first_here())?).ok()?)?;
        Some(said.identity).filter(|_| !said.message.deleted)
    }

    /// The last message of `identity` that is remembered here.
    pub fn last_of(&self, identity: Identity) -> Option<Seq> {
        let said = self.recent.iter().rev().find(|said| said.identity == identity && !said.message.deleted)?;
        Some(said.message.seq)
    }

    /// Takes away what was said in a message, where it is remembered here.
    pub fn delete(&mut self, seq: Seq) {
        self.deletions += 1;
        let Some(place) = seq.checked_sub(self.first_here()).and_then(|place| usize::try_from(place).ok()) else {
            return;
        };
        let Some(said) = self.recent.get_mut(place) else { return };
        self.recent_bytes -= said.message.text.len();
        let old = Arc::clone(&said.message);
        said.message = Arc::new(Message { text: Arc::from(""), file: None, deleted: true, ..Message::clone(&old) });
    }

    /// Deletes all messages of `identity` that are remembered here; which.
    pub fn delete_all_of(&mut self, identity: Identity) -> Vec<Seq> {
        self.deletions += 1;
        let own = self.recent.iter().filter(|said| said.identity == identity && !said.message.deleted);
        let seqs: Vec<Seq> = own.map(|said| said.message.seq).collect();
        seqs.iter().for_each(|seq| self.delete(*seq));
        seqs
    }

    /// Adds a member; `key` is that of the nick.
    pub fn add(&mut self, person: PersonId, key: Arc<str>) {
        self.members.insert(person);
        self.names.insert(key, person);
    }

    /// Removes a member.
    pub fn remove(&mut self, person: PersonId, nick: &Nick) {
        self.members.remove(&person);
        self.names.remove(nick.key());
    }

    /// Gives a session its seat; one that has a seat keeps it.
    pub fn seat(&mut self, session: SessionId, outbox: &Arc<Outbox>) {
        if !self.seats.iter().any(|seat| seat.session == session) {
            self.given += 1;
            self.seats.push(Seat { session, outbox: Arc::clone(outbox), came: self.given, elsewhere: false });
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

    /// The sessions that have a seat, and the how manieth each came, in no order.
    pub fn arrivals(&self) -> impl Iterator<Item = (SessionId, u64)> {
        self.seats.iter().map(|seat| (seat.session, seat.came))
    }

    /// Offers `letter` to every seat but those of which `deaf` is true.
    ///
    /// This is the fan-out. The caller holds the chat lock, so everybody in
    /// the room is offered the same letters in the same order.
    pub fn fan_out(&self, letter: &Arc<Letter>, mut deaf: impl FnMut(SessionId) -> bool, effects: &mut Effects) {
        let hearing = self.listeners().filter(|(session, ..)| !deaf(*session));
        effects.tell_room(&self.flush, letter, hearing.map(|(_, outbox, elsewhere)| (outbox, elsewhere)));
    }

    /// Gives a message its number and remembers it.
    pub fn say(&mut self, words: Words, limits: &Limits) -> Arc<Message> {
        self.seq += 1;
        let Words { from, identity, text, me, file, time } = words;
        let room = Arc::clone(&self.shown);
        let message = Arc::new(Message { room, seq: self.seq, from, text, time, me, file, deleted: false });
        self.recent_bytes += message.text.len();
        self.recent.push_back(Said { message: Arc::clone(&message), identity });
        self.trim(limits);
        message
    }

    /// Forgets the oldest messages over the limits; in the database they stay.
    fn trim(&mut self, limits: &Limits) {
        while self.recent.len() > limits.recent || self.recent_bytes > limits.recent_bytes {
            let Some(oldest) = self.recent.pop_front() else { break };
            self.recent_bytes -= oldest.message.text.len();
        }
    }

    /// What was said after `after`, as far as it is remembered: in pieces that
    /// join without a gap, one at least.
    pub fn history_since(&self, mut after: Seq, limits: &Limits) -> Vec<History> {
        let mut pieces = Vec::new();
        loop {
            let piece = self.history(Page::After(after), limits.recent, limits.answer_bytes);
            let (last, more) = (piece.messages.last().map(|message| message.seq), piece.more);
            pieces.push(History { after: Some(after), ..piece });
            match last {
                Some(last) if more => after = last,
                _ => return pieces,
            }
        }
    }

    /// At most `most` of the remembered messages that `page` asks for, and
    /// about `bytes`, but one at least; the oldest first.
    pub fn history(&self, page: Page, most: usize, bytes: usize) -> History {
        // Numbers have no gaps, so a number is a place.
        let first = self.first_here();
        let place = |seq: Seq| usize::try_from(seq.saturating_sub(first)).unwrap_or(usize::MAX).min(self.recent.len());
        // Times go back where the clock was set back: they find a number, and only that.
        let time_of = |said: &Said| said.message.time;
        let since = |time| self.recent.iter().position(|said| time_of(said) >= time).unwrap_or(self.recent.len());
        let before = |time| self.recent.iter().rposition(|said| time_of(said) < time).map_or(0, |at| at + 1);
        let (from, to) = match page {
            Page::Last => (self.recent.len().saturating_sub(most), self.recent.len()),
            Page::Before(seq) => (place(seq).saturating_sub(most), place(seq)),
            Page::BeforeTime(time) => (before(time).saturating_sub(most), before(time)),
            Page::After(seq) => {
                let from = place(seq.saturating_add(1));
                (from, from.saturating_add(most).min(self.recent.len()))
            }
            Page::SinceTime(time) => (since(time), since(time).saturating_add(most).min(self.recent.len())),
        };
        let up = matches!(page, Page::After(_) | Page::SinceTime(_));
        let said = |said: &Said| Arc::clone(&said.message);
        let (from, to) = if up {
            (from, from + answer::page(&mut self.recent.range(from..to).map(said).peekable(), most, bytes).len())
        } else {
            (to - answer::page(&mut self.recent.range(from..to).rev().map(said).peekable(), most, bytes).len(), to)
        };
        let (missed, more) = match page {
            Page::After(seq) => (first.saturating_sub(seq.saturating_add(1)), to < self.recent.len()),
            Page::SinceTime(_) => (0, to < self.recent.len()),
            Page::Last | Page::Before(_) | Page::BeforeTime(_) => (0, from > 0),
        };
        History {
            room: Arc::clone(&self.shown),
            messages: self.recent.range(from..to).map(|said| Arc::clone(&said.message)).collect(),
            missed,
            more,
            after: None,
        }
    }

    /// Panics where the room disagrees with itself: for tests.
    #[cfg(test)]
    pub fn check(&self) {
        assert_eq!(self.recent_bytes, self.recent.iter().map(|said| said.message.text.len()).sum::<usize>());
        let seqs = self.recent.iter().map(|said| said.message.seq);
        assert!(!self.loaded || seqs.eq(self.first_here()..=self.seq), "numbers have no gaps");
        let seated: HashSet<SessionId> = self.seats.iter().map(|seat| seat.session).collect();
        assert_eq!(seated.len(), self.seats.len(), "one seat a session");
        let named: HashSet<PersonId> = self.names.values().copied().collect();
        assert_eq!((named.len(), &named), (self.names.len(), &self.members), "one name a member");
        assert!(self.seats.iter().all(|seat| seat.outbox.session() == seat.session));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ResumeId;

    /// A room in which messages 1 to `said` were said, and which remembers the last 100 of them.
    fn room(said: usize) -> Room {
        let mut room = Room::new(RoomName::parse("#a").unwrap(), PlaceId(1), 0);
        (1..=said).for_each(|i| drop(room.say(words(&i.to_string()), &Limits::default())));
        room
    }

    fn words(text: &str) -> Words {
        Words {
            from: "anna".into(),
            identity: Identity::Guest(ResumeId(1)),
            text: text.into(),
            me: false,
            file: None,
            time: 0,
        }
    }

    fn page(room: &Room, page: Page, most: usize) -> (Vec<Seq>, u64, bool) {
        let history = room.history(page, most, 65_536);
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
            room.say(words(&"x".repeat(1000)), &limits);
            assert!(room.recent_bytes <= limits.recent_bytes);
        }
        assert_eq!(room.recent.len(), 16);
    }

    #[test]
    fn a_time_finds_a_number_also_where_the_clock_was_set_back() {
        let mut room = room(0);
        for time in [10, 20, 30, 5, 15, 25] {
            room.say(Words { time, ..words("m") }, &Limits::default());
        }
        assert_eq!(page(&room, Page::SinceTime(20), 2), (vec![2, 3], 0, true));
        assert_eq!(page(&room, Page::SinceTime(30), 9), (vec![3, 4, 5, 6], 0, false));
        assert_eq!(page(&room, Page::SinceTime(31), 9), (vec![], 0, false));
        assert_eq!(page(&room, Page::BeforeTime(20), 2), (vec![4, 5], 0, true));
        assert_eq!(page(&room, Page::BeforeTime(6), 9), (vec![1, 2, 3, 4], 0, false));
        assert_eq!(page(&room, Page::BeforeTime(5), 9), (vec![], 0, false));
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
