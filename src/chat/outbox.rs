//! What waits for one session, within bounds, and the pen: the right to write it out. Knows no sockets, no threads and no rooms.
//!
//! Every thread may `offer`; the thread that holds the pen writes. The pen lies
//! in the outbox and is taken out of it like any other value: so there is only
//! one, and it can be given to another thread. No thread ever waits for it: if
//! the pen is not there, its holder looks again before it puts the pen back.

mod outgoing;
mod pen;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::SessionId;
use super::patience::Patience;
use crate::limits::Limits;
use crate::model::CloseReason;
use crate::wire::{Delivery, Letter};
pub use outgoing::Outgoing;
use outgoing::Weight;
pub use pen::{Pen, Sink, Written};

/// Bytes reserved for each promised answer. Generous, because such answers
/// arrive in groups and must fit beside other traffic. As many as tags are
/// remembered (`tags`) fill half an outbox.
const PROMISE: usize = 512;

/// Bytes, by weight, of one write while an answer waits. So a long answer goes
/// out in pieces, and each piece that is written shows that the peer still reads.
const PIECE: usize = 16_384;

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Taken; another thread has already undertaken to flush this outbox.
    Taken,
    /// Taken; the caller must have the outbox flushed.
    Due,
    /// Not taken: the session is closing.
    Closed,
    /// Not taken, because the bound is reached: the session is a slow consumer
    /// and must be cut. Returned once, then `Closed`.
    Overflow,
}

/// Why a session ends, and the words that go with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The reason.
    pub reason: CloseReason,
    /// The farewell of the member, or the words of the operator.
    pub text: Option<Arc<str>>,
}

impl From<CloseReason> for Ending {
    fn from(reason: CloseReason) -> Ending {
        Ending { reason, text: None }
    }
}

/// What a look at an outbox shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// What waits, in bytes by weight.
    pub weight: usize,
    /// Whether its peer has read too slowly for too long.
    pub too_slow: bool,
    /// Whether the session is ending.
    pub closed: bool,
}

/// The bounded queue of one session.
#[derive(Debug)]
pub struct Outbox {
    session: SessionId,
    pub(super) most_bytes: usize,
    most_items: usize,
    queue: Mutex<Queue>,
    /// Notified when something is written, and when the session is closing.
    lighter: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Outgoing>,
    /// Memory for the next write, empty.
    spare: VecDeque<Outgoing>,
    /// Whether something was written since the last look.
    used: bool,
    /// Weight of `items`.
    waiting: Weight,
    /// How many of `items` are answers.
    answers: usize,
    /// Weight of what the holder of the pen took and has not written yet.
    writing: Weight,
    /// Since when the holder has been writing that; only while the session is a laggard.
    writing_since: Option<Instant>,
    /// Since when the weight has been over the soft bound.
    over_since: Option<Instant>,
    /// Whether a thread has undertaken to flush.
    due: bool,
    /// How many answers come later, when a record is stored.
    promised: usize,
    pen: Option<Pen>,
    /// Whether the end was written, or there is nothing to write to.
    over: bool,
    closed: Option<Ending>,
}

impl Outbox {
    /// An empty outbox of `session` with the bounds of `limits`, and `pen` in it.
    pub fn new(session: SessionId, limits: &Limits, pen: Option<Pen>) -> Outbox {
        let queue = Mutex::new(Queue { pen, ..Queue::default() });
        let (most_bytes, most_items) = (limits.outbox_bytes, limits.outbox_items);
        Outbox { session, most_bytes, most_items, queue, lighter: Condvar::new() }
    }

    /// The session of this outbox.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Puts `item` at the end of the queue.
    ///
    /// 1. It never blocks and never touches a socket.
    /// 2. Offers made one after another are written in that order.
    /// 3. The queue never grows beyond its bound. Answers do not count toward
    ///    the bound: each is bounded by itself, and the session's own thread
    ///    waits before it asks for more, see [`Outbox::wait_below`].
    /// 4. After `Due`, and only then, the caller must have the outbox flushed.
    pub fn offer(&self, item: Outgoing) -> Offer {
        let weight = Weight::of(&item);
        let answer = item.is_answer();
        let mut queue = self.queue.lock();
        if queue.closed.is_some() {
            return Offer::Closed;
        }
        let told = queue.waiting.told + queue.writing.told + weight.told;
        if !answer && (told > self.most_bytes || queue.items.len() - queue.answers >= self.most_items) {
            queue.closed = Some(CloseReason::SlowConsumer.into());
            self.lighter.notify_all();
            queue.drop_items();
            return Offer::Overflow;
        }
        queue.waiting += weight;
        queue.answers += usize::from(answer);
        queue.items.push_back(item);
        if std::mem::replace(&mut queue.due, true) { Offer::Taken } else { Offer::Due }
    }

    /// Notes that an answer will come later, with [`Outbox::fulfil`].
    pub fn promise(&self) {
        self.queue.lock().promised += 1;
    }

    /// Gives an answer that was promised; see [`Outbox::offer`].
    pub fn fulfil(&self, item: Outgoing) -> Offer {
        let offered = self.offer(item);
        let mut queue = self.queue.lock();
        queue.promised = queue.promised.saturating_sub(1);
        self.lighter.notify_all();
        offered
    }

    /// Whether answers are promised that have not come yet.
    pub fn owes(&self) -> bool {
        self.queue.lock().promised > 0
    }

    /// Waits until all promised answers have come, the session is closing, or
    /// `time` has passed: so answers come in the order of the commands.
    pub fn wait_for_answers(&self, time: Duration) {
        let is_owed = |queue: &mut Queue| queue.promised > 0 && queue.closed.is_none();
        Patience::of(time).wait_while(&self.lighter, &mut self.queue.lock(), is_owed);
    }

    /// Closes the session, unless it is closing already: the first reason
    /// counts. `last` is the last letter that it gets; after that the sending
    /// side is closed. Returns whether this call was the first. Then the caller
    /// must have the outbox flushed.
    pub fn close(&self, ending: impl Into<Ending>, last: Option<Arc<Letter>>) -> bool {
        let mut queue = self.queue.lock();
        if queue.closed.is_some() {
            return false;
        }
        let ending = ending.into();
        let end = Outgoing::Close(ending.reason);
        queue.closed = Some(ending);
        self.lighter.notify_all();
        let last = last.map(|letter| Outgoing::Event(Delivery::of(&letter)));
        for item in last.into_iter().chain([end]) {
            queue.waiting += Weight::of(&item);
            queue.items.push_back(item);
        }
        true
    }

    /// Why the session is ending, once it is.
    pub fn closed(&self) -> Option<Ending> {
        self.queue.lock().closed.clone()
    }

    /// What waits, and what is reserved for promised answers, in bytes.
    pub fn load(&self) -> usize {
        self.queue.lock().load()
    }

    /// Waits until the load is at most `bytes`, the session is closing, or `time`
    /// has passed. So a session reads no more commands while its peer does not
    /// take the answers.
    pub fn wait_below(&self, bytes: usize, time: Duration) {
        let is_above = |queue: &mut Queue| queue.load() > bytes && queue.closed.is_none();
        Patience::of(time).wait_while(&self.lighter, &mut self.queue.lock(), is_above);
    }

    /// Takes the pen, writes what waits, and puts the pen back. If the other side
    /// took only a part, returns the pen: the caller gives it to a thread that
    /// calls [`Outbox::catch_up`]. Never waits: if another thread has the pen,
    /// that thread writes this, too.
    pub fn flush(&self) -> Option<Pen> {
        let mut queue = self.queue.lock();
        queue.due = false;
        let mut pen = queue.pen.take()?;
        let (mut writing, mut most) = (std::mem::take(&mut queue.spare), 0);
        while !queue.items.is_empty() {
            queue.hand_over(&mut writing);
            most = most.max(writing.len());
            drop(queue); // no lock during the write
            let written = pen.write(&mut writing);
            queue = self.queue.lock();
            match written {
                Written::All => {
                    queue.writing = Weight::default();
                    self.lighter.notify_all();
                }
                Written::Part => {
                    queue.writing_since = Some(Instant::now());
                    return Some(pen);
                }
                Written::Over => {
                    queue.give_up();
                    self.lighter.notify_all();
                    drop(queue); // no lock while the pen is dropped, which may close the socket
                    return None;
                }
            }
        }
        queue.pen = Some(pen);
        queue.take_back(writing, most);
        if queue.closed.is_some() {
            self.lighter.notify_all();
        }
        None
    }

    /// Takes the pen out, so that only the caller writes. `None`: another thread has it.
    pub fn take_pen(&self) -> Option<Pen> {
        self.queue.lock().pen.take()
    }

    /// Puts back the pen that [`Outbox::take_pen`] gave.
    pub fn put_pen(&self, pen: Pen) {
        self.queue.lock().pen = Some(pen);
    }

    /// Drops what waits, and all that is offered from now on: it is never written.
    pub fn give_up(&self) {
        self.queue.lock().give_up();
        self.lighter.notify_all();
    }

    /// Waits until no thread writes here and nothing is left to write, or `time`
    /// has passed. The end of a session must not close the socket while another
    /// thread writes, or the last words would be lost.
    pub fn wait_until_written(&self, time: Duration) {
        let is_busy = |queue: &mut Queue| !queue.over && (queue.pen.is_none() || !queue.items.is_empty());
        Patience::of(time).wait_while(&self.lighter, &mut self.queue.lock(), is_busy);
    }

    /// Writes, and waits for the other side, until nothing is left; then puts the
    /// pen back. This is all that a writer thread does.
    pub fn catch_up(&self, mut pen: Pen) {
        let mut items = VecDeque::new();
        loop {
            let written = pen.write_waiting(&mut items); // no lock during the write
            let mut queue = self.queue.lock();
            queue.writing = Weight::default();
            queue.writing_since = None;
            self.lighter.notify_all();
            if written == Written::Over {
                return queue.give_up();
            }
            if queue.items.is_empty() {
                queue.pen = Some(pen);
                return queue.take_back(items, 0);
            }
            queue.hand_over(&mut items);
            queue.writing_since = Some(Instant::now());
        }
    }

    /// What waits, in bytes by weight.
    pub fn weight(&self) -> usize {
        let queue = self.queue.lock();
        queue.waiting.all() + queue.writing.all()
    }

    /// The state of the session at `now`. It is too slow if one write takes
    /// longer than `patience`, or if more than `soft` bytes, answers not counted,
    /// have waited for that long. A queue that was not used since the last look
    /// gives its memory back: most sessions are silent most of the time.
    pub fn look(&self, now: Instant, soft: usize, patience: Duration) -> Look {
        let mut queue = self.queue.lock();
        let weight = queue.waiting.all() + queue.writing.all();
        if queue.waiting.told + queue.writing.told > soft {
            queue.over_since.get_or_insert(now);
        } else {
            queue.over_since = None;
        }
        if !std::mem::take(&mut queue.used) && queue.items.is_empty() {
            (queue.items, queue.spare) = (VecDeque::new(), VecDeque::new());
        }
        let mut since = [queue.writing_since, queue.over_since].into_iter().flatten();
        Look {
            weight,
            too_slow: since.any(|since| now.saturating_duration_since(since) > patience),
            closed: queue.closed.is_some(),
        }
    }

    /// Takes a pause of this process, which ended before `now`, out of the times of [`Outbox::look`].
    pub fn forgive(&self, pause: Duration, now: Instant) {
        let mut queue = self.queue.lock();
        let Queue { writing_since, over_since, .. } = &mut *queue;
        for since in [writing_since, over_since].into_iter().flatten() {
            *since = now.min(*since + pause);
        }
    }
}

impl Queue {
    fn load(&self) -> usize {
        self.waiting.all() + self.writing.all() + self.promised * PROMISE
    }

    /// Moves what waits to `writing`, the empty queue of the pen's holder:
    /// everything, or one piece of it if an answer is among it.
    fn hand_over(&mut self, writing: &mut VecDeque<Outgoing>) {
        debug_assert!(writing.is_empty());
        self.used = true;
        if self.answers == 0 {
            std::mem::swap(&mut self.items, writing);
            self.writing = std::mem::take(&mut self.waiting);
            return;
        }
        self.writing = Weight::default();
        while self.writing.all() < PIECE
            && let Some(item) = self.items.pop_front()
        {
            self.writing += Weight::of(&item);
            self.answers -= usize::from(item.is_answer());
            writing.push_back(item);
        }
        let weight = self.writing;
        self.waiting -= weight;
    }

    /// Takes back the queue in which the holder had what it wrote, so that the
    /// next offers and the next write need not allocate. `most` items were in it
    /// at once; a large queue is freed if so much is not needed any more.
    fn take_back(&mut self, mut written: VecDeque<Outgoing>, most: usize) {
        const LITTLE: usize = 64;
        if self.items.capacity() <= written.capacity() {
            // What was written last is still in the processor's cache.
            std::mem::swap(&mut self.items, &mut written);
        }
        self.spare = written;
        for memory in [&mut self.items, &mut self.spare] {
            if memory.capacity() > LITTLE && most < LITTLE / 4 {
                *memory = VecDeque::new();
            }
        }
    }

    fn drop_items(&mut self) {
        self.items = VecDeque::new();
        (self.waiting, self.answers) = (Weight::default(), 0);
    }

    /// Drops what waits: there is no connection any more.
    fn give_up(&mut self) {
        self.over = true;
        self.closed.get_or_insert(CloseReason::Lost.into());
        self.drop_items();
        self.writing = Weight::default();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;
    use crate::event::Event;

    impl Outbox {
        /// What waits, taken out unwritten: for tests of the chat without sockets.
        pub(in crate::chat) fn take(&self) -> Vec<Outgoing> {
            let mut queue = self.queue.lock();
            queue.due = false;
            (queue.waiting, queue.answers) = (Weight::default(), 0);
            queue.items.drain(..).collect()
        }
    }

    /// What one write does: what other threads do meanwhile, and what the other side takes.
    struct Turn(Box<dyn FnOnce(&Outbox) + Send>, Written);

    /// A sink that plays its turns one after another, then takes everything.
    struct Script {
        outbox: Weak<Outbox>,
        turns: VecDeque<Turn>,
        kept: VecDeque<Outgoing>,
        out: Arc<Mutex<Vec<String>>>,
    }

    impl std::fmt::Debug for Script {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Script")
        }
    }

    impl Script {
        fn play(&mut self, items: &mut VecDeque<Outgoing>) -> Written {
            let Turn(meanwhile, written) = self.turns.pop_front().unwrap_or(Turn(Box::new(|_| ()), Written::All));
            if let Some(outbox) = self.outbox.upgrade() {
                meanwhile(&outbox);
            }
            self.kept.append(items);
            let taken = match written {
                Written::All => self.kept.len(),
                Written::Part => self.kept.len() / 2,
                Written::Over => 0,
            };
            self.out.lock().extend(self.kept.drain(..taken).map(words));
            written
        }
    }

    impl Sink for Script {
        fn write(&mut self, items: &mut VecDeque<Outgoing>) -> Written {
            self.play(items)
        }

        fn write_waiting(&mut self, items: &mut VecDeque<Outgoing>) -> Written {
            self.play(items)
        }
    }

    fn words(item: Outgoing) -> String {
        match item {
            Outgoing::Event(delivery) => format!("{:?}", delivery.letter.event()),
            Outgoing::Raw(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Outgoing::Speak(encoder) => format!("{encoder:?}"),
            Outgoing::Mark(mark) => format!("{mark:?}"),
            Outgoing::Close(_) => "close".into(),
        }
    }

    fn raw(text: &str) -> Outgoing {
        Outgoing::Raw(text.as_bytes().into())
    }

    fn turn(written: Written, meanwhile: impl FnOnce(&Outbox) + Send + 'static) -> Turn {
        Turn(Box::new(meanwhile), written)
    }

    /// An outbox with a scripted pen, and what is written with it.
    fn scripted(turns: impl Into<VecDeque<Turn>>) -> (Arc<Outbox>, Arc<Mutex<Vec<String>>>) {
        let out: Arc<Mutex<Vec<String>>> = Arc::default();
        let (turns, sink_out) = (turns.into(), Arc::clone(&out));
        let outbox = Arc::new_cyclic(|outbox| {
            let pen = Script { outbox: outbox.clone(), turns, kept: VecDeque::new(), out: sink_out };
            Outbox::new(SessionId(1), &Limits::default(), Some(Box::new(pen)))
        });
        (outbox, out)
    }

    impl Outbox {
        fn lagging(&self) -> bool {
            self.queue.lock().writing_since.is_some()
        }

        fn too_slow(&self, now: Instant, soft: usize, patience: Duration) -> bool {
            self.look(now, soft, patience).too_slow
        }
    }

    fn flush(outbox: &Outbox) -> Option<Pen> {
        outbox.flush()
    }

    fn bare(bytes: usize, items: usize) -> Outbox {
        Outbox::new(SessionId(1), &Limits { outbox_bytes: bytes, outbox_items: items, ..Limits::default() }, None)
    }

    fn taken(outbox: &Outbox) -> Vec<String> {
        outbox.take().into_iter().map(words).collect()
    }

    #[test]
    fn a_queue_that_is_silent_from_one_look_to_the_next_gives_its_memory_back() {
        let (outbox, _) = scripted([]);
        let memory = || {
            let queue = outbox.queue.lock();
            queue.items.capacity() + queue.spare.capacity()
        };
        let look = || outbox.look(Instant::now(), 1, Duration::ZERO);
        outbox.offer(raw("a"));
        assert!(flush(&outbox).is_none());
        look();
        assert!(memory() > 0, "it was used since the look before");
        look();
        assert_eq!(memory(), 0);
        outbox.offer(raw("b"));
        look();
        assert!(memory() > 0, "something waits in it");
    }

    #[test]
    fn the_first_offer_after_a_flush_is_due_and_the_next_ones_are_not() {
        let (outbox, out) = scripted([]);
        for _ in 0..2 {
            assert_eq!(outbox.offer(raw("a")), Offer::Due);
            assert_eq!(outbox.offer(raw("b")), Offer::Taken);
            assert!(flush(&outbox).is_none());
        }
        assert_eq!(*out.lock(), ["a", "b", "a", "b"]);
        assert_eq!(outbox.weight(), 0);
    }

    #[test]
    fn what_is_offered_during_a_write_is_written_by_the_holder_and_a_thread_without_the_pen_goes_on() {
        let meanwhile = |outbox: &Outbox| {
            assert_eq!(outbox.offer(raw("b")), Offer::Due);
            assert!(flush(outbox).is_none());
            assert_eq!(outbox.offer(raw("c")), Offer::Due);
            assert_eq!(outbox.weight(), 3, "what is being written counts");
        };
        let (outbox, out) = scripted([turn(Written::All, meanwhile)]);
        outbox.offer(raw("a"));
        assert!(flush(&outbox).is_none());
        assert_eq!(*out.lock(), ["a", "b", "c"]);
        outbox.offer(raw("d"));
        assert!(flush(&outbox).is_none());
        assert_eq!(out.lock().last().unwrap(), "d", "the pen is back");
    }

    #[test]
    fn a_laggard_gets_the_rest_in_order_from_the_thread_that_catches_up() {
        let more = |outbox: &Outbox| assert_eq!(outbox.offer(raw("e")), Offer::Due);
        let (outbox, out) = scripted([turn(Written::Part, |_| ()), turn(Written::All, more)]);
        for item in ["a", "b", "c"] {
            outbox.offer(raw(item));
        }
        let pen = flush(&outbox).expect("the other side took a part only");
        assert!(outbox.lagging());
        assert_eq!((out.lock().len(), outbox.weight()), (1, 3), "a write that is not finished weighs what it weighed");
        outbox.offer(raw("d"));
        assert!(flush(&outbox).is_none());
        assert_eq!(out.lock().len(), 1, "no thread writes past the holder");
        outbox.catch_up(pen);
        assert_eq!(*out.lock(), ["a", "b", "c", "d", "e"]);
        assert!(!outbox.lagging() && outbox.weight() == 0);
        outbox.offer(raw("f"));
        assert!(flush(&outbox).is_none());
        assert_eq!(out.lock().last().unwrap(), "f", "the pen is back");
    }

    #[test]
    fn when_the_other_side_has_hung_up_all_is_dropped_and_nothing_more_is_taken() {
        let offer = |outbox: &Outbox| assert_eq!(outbox.offer(raw("b")), Offer::Due);
        for waiting in [false, true] {
            let first = if waiting { vec![turn(Written::Part, |_| ())] } else { vec![] };
            let turns: VecDeque<Turn> = first.into_iter().chain([turn(Written::Over, offer)]).collect();
            let (outbox, _) = scripted(turns);
            outbox.offer(raw("a"));
            if let Some(pen) = flush(&outbox) {
                outbox.catch_up(pen);
            }
            assert_eq!(outbox.closed(), Some(CloseReason::Lost.into()));
            assert_eq!(outbox.offer(raw("c")), Offer::Closed);
            assert!(outbox.weight() == 0 && !outbox.lagging() && outbox.take().is_empty());
            assert!(!outbox.close(CloseReason::Quit, None));
        }
    }

    #[test]
    fn an_answer_that_is_promised_counts_until_it_is_there() {
        let outbox = bare(10_000, 10);
        (0..3).for_each(|_| outbox.promise());
        assert_eq!((outbox.load(), outbox.weight()), (3 * PROMISE, 0));
        assert_eq!(outbox.fulfil(raw("kept")), Offer::Due);
        assert_eq!((outbox.load(), outbox.weight()), (2 * PROMISE + 4, 4));
    }

    #[test]
    fn many_threads_lose_nothing_and_the_items_of_each_stay_in_order() {
        const LINES: usize = 500;
        let (outbox, out) = scripted([]);
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let outbox = &outbox;
                scope.spawn(move || {
                    for line in 0..LINES {
                        if outbox.offer(raw(&format!("{name}{line}"))) == Offer::Due {
                            assert!(flush(outbox).is_none());
                        }
                    }
                });
            }
        });
        let out = out.lock();
        assert_eq!(out.len(), 4 * LINES);
        for name in ["a", "b", "c", "d"] {
            let own = out.iter().filter_map(|line| line.strip_prefix(name));
            assert!(own.eq((0..LINES).map(|line| line.to_string())));
        }
    }

    #[test]
    fn an_outbox_overflows_one_byte_above_its_bound_and_says_so_once() {
        for (first, second, third) in
            [(9, Offer::Taken, Offer::Overflow), (8, Offer::Taken, Offer::Taken), (10, Offer::Overflow, Offer::Closed)]
        {
            let outbox = bare(10, 99);
            outbox.offer(raw(&"x".repeat(first)));
            assert_eq!((outbox.offer(raw("y")), outbox.offer(raw("z"))), (second, third), "{first}");
        }
        let letter = Arc::new(Letter::new(Event::Notice { text: "x".into() }));
        for (room, offer) in [(letter.weight(), Offer::Due), (letter.weight() - 1, Offer::Overflow)] {
            assert_eq!(bare(room, 99).offer(Outgoing::Event(Delivery::of(&letter))), offer);
        }
    }

    #[test]
    fn an_outbox_overflows_one_item_above_its_bound_and_is_emptied() {
        let outbox = bare(99, 2);
        let offers = ["a", "b", "c", "d"].map(|item| outbox.offer(raw(item)));
        assert_eq!(offers, [Offer::Due, Offer::Taken, Offer::Overflow, Offer::Closed]);
        assert_eq!(outbox.closed(), Some(CloseReason::SlowConsumer.into()));
        assert!(outbox.weight() == 0 && outbox.take().is_empty());
        assert!(!outbox.close(CloseReason::Quit, None));
    }

    fn answer(text: &str) -> Outgoing {
        let letter = Arc::new(Letter::new(Event::Notice { text: text.into() }));
        Outgoing::Event(Delivery { answers: true, ..Delivery::of(&letter) })
    }

    #[test]
    fn what_a_session_asked_for_never_makes_it_a_slow_consumer() {
        let outbox = bare(10, 1);
        let long = "x".repeat(10_000);
        (0..9).for_each(|_| assert_ne!(outbox.offer(answer(&long)), Offer::Overflow));
        assert!(
            outbox.weight() > 90_000 && outbox.load() > 90_000,
            "it waits, and holds back a session that asks for more"
        );
        assert!(!outbox.look(Instant::now() + Duration::from_secs(99), 10, Duration::ZERO).too_slow);
        assert_eq!(outbox.offer(raw("0123456789")), Offer::Taken, "up to the bound of what it is told");
        assert_eq!(outbox.offer(raw("x")), Offer::Overflow);
    }

    #[test]
    fn long_answers_go_out_in_pieces_and_keep_their_place_among_the_events() {
        let writes: Arc<Mutex<Vec<usize>>> = Arc::default();
        let counts = |_| {
            let writes = Arc::clone(&writes);
            turn(Written::All, move |outbox: &Outbox| writes.lock().push(outbox.queue.lock().writing.all()))
        };
        let (outbox, out) = scripted((0..9).map(counts).collect::<VecDeque<_>>());
        outbox.offer(raw("first"));
        for _ in 0..6 {
            assert_eq!(outbox.offer(answer(&"x".repeat(10_000))), Offer::Taken);
        }
        outbox.offer(raw("last"));
        assert!(flush(&outbox).is_none());
        let out = out.lock();
        assert_eq!((out.len(), &*out[0], &*out[7]), (8, "first", "last"));
        let writes = writes.lock();
        assert!(writes.len() >= 3 && writes.iter().all(|write| *write < PIECE + 11_000), "{writes:?}");
        assert_eq!((outbox.weight(), outbox.load()), (0, 0));
    }

    #[test]
    fn what_is_being_written_counts_toward_the_bound() {
        let limits = Limits { outbox_bytes: 4, ..Limits::default() };
        let pen = |outbox: &Weak<Outbox>| Script {
            outbox: outbox.clone(),
            turns: [turn(Written::Part, |_| ())].into(),
            kept: VecDeque::new(),
            out: Arc::default(),
        };
        let outbox = Arc::new_cyclic(|outbox| Outbox::new(SessionId(1), &limits, Some(Box::new(pen(outbox)))));
        outbox.offer(raw("abc"));
        assert!(flush(&outbox).is_some());
        assert_eq!(outbox.offer(raw("d")), Offer::Due);
        assert_eq!(outbox.offer(raw("e")), Offer::Overflow);
    }

    #[test]
    fn the_first_reason_to_close_counts_and_nothing_comes_after_it() {
        let outbox = bare(99, 99);
        let last = Arc::new(Letter::new(Event::Notice { text: "bye".into() }));
        outbox.offer(raw("before"));
        let ending = Ending { reason: CloseReason::Kicked, text: Some("enough".into()) };
        assert!(outbox.close(ending.clone(), Some(Arc::clone(&last))));
        assert!(!outbox.close(CloseReason::Quit, Some(last)));
        assert_eq!(outbox.offer(raw("after")), Offer::Closed);
        assert_eq!(outbox.closed(), Some(ending));
        assert_eq!(taken(&outbox), ["before", r#"Notice { text: "bye" }"#, "close"]);
    }

    #[test]
    fn a_close_during_a_write_is_written_by_the_holder_before_the_pen_is_put_down() {
        let (outbox, out) = scripted([turn(Written::All, |outbox| {
            assert!(outbox.close(CloseReason::Quit, None));
            assert!(flush(outbox).is_none());
        })]);
        outbox.offer(raw("a"));
        assert!(flush(&outbox).is_none());
        assert_eq!(*out.lock(), ["a", "close"]);
    }

    #[test]
    fn a_wait_for_the_last_write_lasts_until_the_writing_thread_is_done() {
        let (began, begun) = crossbeam_channel::bounded(0);
        let (outbox, out) = scripted([turn(Written::All, move |_| {
            began.send(()).unwrap();
            // Until the other thread has closed the outbox, and is about to wait.
            began.send(()).unwrap();
        })]);
        let own = Arc::clone(&outbox);
        outbox.offer(raw("a"));
        let writing = std::thread::spawn(move || assert!(flush(&own).is_none()));
        begun.recv().unwrap();
        assert!(outbox.close(CloseReason::Quit, None));
        assert!(flush(&outbox).is_none(), "the pen is elsewhere");
        begun.recv().unwrap();
        outbox.wait_until_written(Duration::from_secs(5));
        assert_eq!(*out.lock(), ["a", "close"]);
        writing.join().unwrap();
    }

    #[test]
    fn a_wait_for_space_ends_when_any_thread_has_written() {
        let (outbox, _) = scripted([]);
        outbox.offer(raw("ab"));
        let (own, (done, over)) = (Arc::clone(&outbox), crossbeam_channel::bounded(1));
        let waiting = std::thread::spawn(move || {
            own.wait_below(1, Duration::from_secs(60));
            done.send(()).unwrap();
        });
        assert!(over.try_recv().is_err());
        assert!(flush(&outbox).is_none());
        over.recv_timeout(Duration::from_secs(5)).expect("the write has made space");
        waiting.join().unwrap();
    }

    #[test]
    fn a_last_word_is_heard_even_if_the_outbox_is_at_its_bound() {
        let outbox = bare(1, 1);
        outbox.offer(raw("a"));
        assert!(outbox.close(CloseReason::Quit, Some(Arc::new(Letter::new(Event::Notice { text: "bye".into() })))));
        assert_eq!(taken(&outbox), ["a", r#"Notice { text: "bye" }"#, "close"]);
    }

    #[test]
    fn a_session_is_too_slow_when_it_was_over_the_soft_bound_for_longer_than_patience() {
        let (start, patience) = (Instant::now(), Duration::from_secs(30));
        let outbox = bare(99, 99);
        outbox.offer(raw("ab"));
        assert!(!outbox.too_slow(start, 2, patience), "at the bound");
        assert!(!outbox.too_slow(start + patience * 2, 2, patience));
        outbox.offer(raw("c"));
        assert!(!outbox.too_slow(start, 2, patience), "the time begins");
        assert!(!outbox.too_slow(start + patience, 2, patience));
        assert!(outbox.too_slow(start + patience + Duration::from_nanos(1), 2, patience));
        outbox.take();
        let later = start + patience * 3;
        assert!(!outbox.too_slow(later, 2, patience));
        outbox.offer(raw("abc"));
        assert!(!outbox.too_slow(later, 2, patience), "the time begins anew");
    }

    #[test]
    fn a_session_is_too_slow_when_one_write_takes_longer_than_patience() {
        let patience = Duration::from_secs(30);
        let (outbox, _) = scripted([turn(Written::Part, |_| ())]);
        outbox.offer(raw("a"));
        let before = Instant::now();
        let pen = flush(&outbox).expect("a part only");
        let after = Instant::now();
        assert!(!outbox.too_slow(before + patience, 99, patience));
        assert!(outbox.too_slow(after + patience + Duration::from_nanos(1), 99, patience));
        outbox.catch_up(pen);
        assert!(!outbox.too_slow(after + patience * 9, 99, patience));
    }

    #[test]
    fn promised_answers_are_waited_for_until_all_are_given_or_the_session_ends() {
        let letter = || Outgoing::Raw(Box::from(*b"ok"));
        let outbox = Outbox::new(SessionId(1), &Limits::default(), None);
        outbox.wait_for_answers(Duration::from_secs(60)); // none is promised
        (0..2).for_each(|_| outbox.promise());
        assert_eq!(outbox.fulfil(letter()), Offer::Due);
        assert!(outbox.owes());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| outbox.wait_for_answers(Duration::from_secs(60)));
            assert_eq!(outbox.fulfil(letter()), Offer::Taken);
            waiting.join().unwrap();
            assert!(!outbox.owes());
            outbox.promise();
            let waiting = scope.spawn(|| outbox.wait_for_answers(Duration::from_secs(60)));
            outbox.close(CloseReason::Lost, None);
            waiting.join().unwrap();
        });
        assert_eq!(outbox.fulfil(letter()), Offer::Closed, "a closed session gets no answer");
    }
}
