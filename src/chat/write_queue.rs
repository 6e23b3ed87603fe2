//! Records that wait to be stored, within bounds, and the answers that wait for that. Knows no database, no files and no threads.
//!
//! The chat adds records under its lock and never waits; one thread takes them,
//! writes them, and says what is stored. If many wait here, a member who is about
//! to speak waits first: so a slow disk slows only the members who speak.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::outbox::Outbox;
use super::patience::Patience;
use crate::error::ChatError;
use crate::event::Event;
use crate::limits::InForce;
use crate::model::Tag;
use crate::record::Record;

/// How long the first record of a batch waits for more.
const GATHER: Duration = Duration::from_millis(2);

/// One record that waits, and the answer that is given when it is stored.
#[derive(Debug)]
pub struct Pending {
    /// The record.
    pub record: Record,
    /// How many records were ever added, including this one.
    position: u64,
    /// The answer, if a session waits for one.
    receipt: Option<PendingAnswer>,
    since: Instant,
    /// Whether it is the last record of a change. The records of a change are stored
    /// together or not at all: a message without its tag would be said twice.
    is_last: bool,
}

/// The changes in a batch, and the positions of their records.
pub fn changes(batch: &[Pending]) -> impl Iterator<Item = (RangeInclusive<u64>, &[Pending])> {
    batch.chunk_by(|entry, _| !entry.is_last).filter_map(|change| {
        let (first, last) = (change.first()?, change.last()?);
        Some((first.position..=last.position, change))
    })
}

/// An answer that is given when its record is stored.
#[derive(Debug)]
pub struct PendingAnswer {
    /// The outbox of the session that is answered.
    pub outbox: Arc<Outbox>,
    /// The answer.
    pub answer: Event,
}

impl PendingAnswer {
    /// The tag of the command that is answered, if it had one.
    pub fn tag(&self) -> Option<&Tag> {
        match &self.answer {
            Event::Ok { tag, .. } => tag.as_ref(),
            _ => None,
        }
    }

    /// What is answered if the record could not be stored in time.
    pub fn refusal(&self, why: &str) -> Event {
        ChatError::NotKept(why.to_owned()).told(self.tag().cloned())
    }
}

/// The queue of records that are to be stored.
#[derive(Debug)]
pub struct WriteQueue {
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Whether records were added that are not sealed; changed under the chat lock only.
    loose: AtomicBool,
    limits: InForce,
}

#[derive(Debug, Default)]
struct Queue {
    entries: VecDeque<Pending>,
    /// How many of `entries` belong to whole changes: only these are taken.
    whole: usize,
    /// Weight of all records that are not stored yet: in `entries`, and taken.
    bytes: usize,
    /// How many records were ever added, and how many of them are stored.
    added: u64,
    stored: u64,
    /// How often the writer has come back here, with or without success.
    visits: u64,
    /// The answers of the taken records: the position, since when the session waits, and the answer.
    in_hand: Vec<(u64, Instant, PendingAnswer)>,
    /// Why nothing can be stored at the moment.
    trouble: Option<Arc<str>>,
    /// Whether the writer is to return from `take`, though nothing waits.
    woken: bool,
    /// Whether no session is to wait here any more: the server is stopping.
    hurried: bool,
    closed: bool,
}

impl WriteQueue {
    /// An empty queue with the bounds of `limits`.
    pub fn new(limits: &InForce) -> WriteQueue {
        WriteQueue {
            queue: Mutex::default(),
            changed: Condvar::new(),
            loose: AtomicBool::new(false),
            limits: limits.clone(),
        }
    }

    /// Adds a record of a change that [`WriteQueue::seal`] ends. Never blocks, and
    /// never refuses: [`WriteQueue::admit`] checks the bound before the command
    /// runs, so at most one command of each session can exceed it.
    ///
    /// Returns how many records were ever added, including this one.
    pub fn add(&self, record: Record, receipt: Option<PendingAnswer>) -> u64 {
        let mut queue = self.queue.lock();
        self.push(&mut queue, record, receipt, false);
        queue.added
    }

    /// Adds a record that is a whole change.
    pub fn add_whole(&self, record: Record, receipt: Option<PendingAnswer>) {
        let mut queue = self.queue.lock();
        // If a change is not sealed yet, this record is taken together with it.
        let is_loose = queue.whole < queue.entries.len();
        self.push(&mut queue, record, receipt, true);
        if !is_loose {
            self.release(&mut queue);
        }
    }

    /// Ends a change. There is at most one at a time, because there is one chat lock.
    pub fn seal(&self) {
        if self.loose.load(Ordering::Relaxed) {
            self.loose.store(false, Ordering::Relaxed);
            let mut queue = self.queue.lock();
            if let Some(last) = queue.entries.back_mut() {
                last.is_last = true;
            }
            self.release(&mut queue);
        }
    }

    fn push(&self, queue: &mut Queue, record: Record, receipt: Option<PendingAnswer>, is_last: bool) {
        queue.bytes += record.weight();
        queue.added += 1;
        let position = queue.added;
        queue.entries.push_back(Pending { record, position, receipt, since: Instant::now(), is_last });
        if !is_last {
            self.loose.store(true, Ordering::Relaxed);
        }
    }

    fn release(&self, queue: &mut Queue) {
        let slept = queue.whole == 0;
        queue.whole = queue.entries.len();
        if slept {
            self.changed.notify_all();
        }
    }

    /// Whether there is room for one more command, so that [`WriteQueue::admit`] need not be asked.
    pub fn has_room(&self) -> bool {
        let queue = self.queue.lock();
        queue.trouble.is_none() && self.takes_more(&queue)
    }

    fn takes_more(&self, queue: &Queue) -> bool {
        let limits = self.limits.now();
        queue.added - queue.stored < limits.queue_items as u64 && queue.bytes < limits.queue_bytes
    }

    /// Waits until there is room for one more command.
    ///
    /// # Errors
    /// Why nothing can be stored: the disk is full, or has been too slow for `patience`.
    pub fn admit(&self, patience: Duration) -> Result<(), String> {
        self.admit_if(patience, |queue| self.takes_more(queue))
    }

    fn admit_if(&self, patience: Duration, takes_more: impl Fn(&Queue) -> bool) -> Result<(), String> {
        let mut patience = Patience::of(patience);
        let mut queue = self.queue.lock();
        loop {
            if let Some(trouble) = &queue.trouble {
                return Err(trouble.to_string());
            }
            if takes_more(&queue) {
                return Ok(());
            }
            if queue.hurried {
                return Err("the server is stopping".to_owned());
            }
            if patience.wait(&self.changed, &mut queue) {
                return Err("the disk is too slow".to_owned());
            }
        }
    }

    /// The same for a piece of a file. It waits while an eighth of the bytes wait that may: so a
    /// file that comes faster than the disk takes it does not make members wait who speak.
    ///
    /// # Errors
    /// As [`WriteQueue::admit`].
    pub fn admit_piece(&self, patience: Duration) -> Result<(), String> {
        self.admit_if(patience, |queue| self.takes_more(queue) && queue.bytes < self.limits.now().queue_bytes / 8)
    }

    /// Gives up the pieces of files in a batch, because the disk has no room for them: what members
    /// say must not wait behind them. Returns whether there were any.
    pub fn give_up_pieces(&self, batch: &mut [Pending]) -> bool {
        let mut queue = self.queue.lock();
        let mut is_any = false;
        for entry in batch.iter_mut().filter(|entry| matches!(entry.record, Record::Piece(..))) {
            queue.bytes -= entry.record.weight();
            entry.record = Record::Barrier;
            queue.bytes += entry.record.weight();
            is_any = true;
        }
        is_any
    }

    /// Waits until all records are stored that were added before, or until
    /// `patience` is over. Then a reader reads what is stored.
    pub fn wait_until_stored(&self, patience: Duration) {
        let mut queue = self.queue.lock();
        let wanted = queue.added;
        let lags = |queue: &mut Queue| queue.stored < wanted && queue.trouble.is_none() && !queue.hurried;
        Patience::of(patience).wait_while(&self.changed, &mut queue, lags);
    }

    /// Takes about `most` entries, of about `bytes`, but whole changes only. Waits
    /// up to `time` for the first. False if the queue is closed and nothing is left.
    pub fn take(&self, batch: &mut Vec<Pending>, most: usize, bytes: usize, time: Duration) -> bool {
        let mut queue = self.queue.lock();
        queue.visits += 1;
        let is_idle = |queue: &mut Queue| queue.whole == 0 && !queue.closed && !queue.woken;
        if self.changed.wait_while_for(&mut queue, is_idle, time).timed_out() {
            return true;
        }
        queue.woken = false;
        // Records that come within this time share the write. Only members who speak wait for it.
        let is_few = |queue: &mut Queue| {
            (1..most).contains(&queue.whole) && queue.bytes < bytes && !queue.closed && !queue.hurried
        };
        self.changed.wait_while_for(&mut queue, is_few, GATHER);
        let mut weight = 0;
        while queue.whole > 0
            && (batch.last().is_some_and(|last| !last.is_last) || batch.len() < most && weight < bytes)
        {
            let Some(mut entry) = queue.entries.pop_front() else { break };
            queue.whole -= 1;
            weight += entry.record.weight();
            queue.in_hand.extend(entry.receipt.take().map(|receipt| (entry.position, entry.since, receipt)));
            batch.push(entry);
        }
        !(queue.closed && batch.is_empty())
    }

    /// Notes that a batch is stored, or given up, and that there is no trouble.
    /// Returns the answers that may be given now, with the positions of their records.
    pub fn stored(&self, batch: &[Pending]) -> Vec<(u64, PendingAnswer)> {
        let mut queue = self.queue.lock();
        queue.visits += 1;
        queue.stored += batch.len() as u64;
        queue.bytes -= batch.iter().map(|entry| entry.record.weight()).sum::<usize>();
        queue.trouble = None;
        self.changed.notify_all();
        queue.in_hand.drain(..).map(|(position, _, receipt)| (position, receipt)).collect()
    }

    /// Notes why nothing can be stored now.
    pub fn trouble(&self, why: &str) {
        let mut queue = self.queue.lock();
        queue.visits += 1;
        queue.trouble = Some(Arc::from(why));
        drop(queue);
        self.changed.notify_all();
    }

    /// Takes the answers for which sessions have waited longer than `patience`.
    pub fn overdue(&self, patience: Duration) -> Vec<PendingAnswer> {
        let mut queue = self.queue.lock();
        let Queue { entries, in_hand, .. } = &mut *queue;
        let is_due = |since: &Instant| since.elapsed() >= patience;
        let mut overdue: Vec<PendingAnswer> =
            in_hand.extract_if(.., |(_, since, _)| is_due(since)).map(|(.., receipt)| receipt).collect();
        // The oldest is first: after an entry that is not due, none is due.
        overdue.extend(entries.iter_mut().take_while(|entry| is_due(&entry.since)).filter_map(|e| e.receipt.take()));
        overdue
    }

    /// Takes a pause of this process, which ended before `now`, out of the times of [`WriteQueue::overdue`].
    pub fn forgive(&self, pause: Duration, now: Instant) {
        let mut queue = self.queue.lock();
        let Queue { entries, in_hand, .. } = &mut *queue;
        for since in
            in_hand.iter_mut().map(|(_, since, _)| since).chain(entries.iter_mut().map(|entry| &mut entry.since))
        {
            *since = now.min(*since + pause);
        }
    }

    /// Whether all records up to `position` are stored; see [`WriteQueue::add`].
    pub fn is_stored(&self, position: u64) -> bool {
        self.queue.lock().stored >= position
    }

    /// From here on no session waits here: the server is stopping.
    pub fn hurry(&self) {
        self.queue.lock().hurried = true;
        self.changed.notify_all();
    }

    /// Why nothing can be stored now, if there is trouble.
    pub fn troubled(&self) -> Option<Arc<str>> {
        self.queue.lock().trouble.clone()
    }

    /// For how long the oldest record has waited for its turn to be stored; none if nothing waits.
    pub fn oldest(&self) -> Option<Duration> {
        let queue = self.queue.lock();
        let in_hand = queue.in_hand.first().map(|(_, since, _)| *since);
        in_hand.or_else(|| queue.entries.front().map(|entry| entry.since)).map(|since| since.elapsed())
    }

    /// How many records were ever added, and how many of them are stored.
    pub fn progress(&self) -> (u64, u64) {
        let queue = self.queue.lock();
        (queue.added, queue.stored)
    }

    /// How often the writer has come back, if something waits for it: as long as this number is the
    /// same, the writer is in one call. A writer that cannot store, and tries again, comes back.
    pub fn visits(&self) -> Option<u64> {
        let queue = self.queue.lock();
        (queue.added > queue.stored).then_some(queue.visits)
    }

    /// The weight of the records that are not stored yet, in bytes.
    pub fn bytes(&self) -> usize {
        self.queue.lock().bytes
    }

    /// How many records wait.
    pub fn waiting(&self) -> u64 {
        let (added, stored) = self.progress();
        added - stored
    }

    /// Lets [`WriteQueue::take`] return, though nothing waits.
    pub fn wake(&self) {
        self.queue.lock().woken = true;
        self.changed.notify_all();
    }

    /// Says that no more records will be added.
    pub fn close(&self) {
        self.queue.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for `time`, or until the queue is closed. Returns whether it is closed.
    pub fn wait_closed(&self, time: Duration) -> bool {
        let mut queue = self.queue.lock();
        self.changed.wait_while_for(&mut queue, |queue| !queue.closed, time);
        queue.closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Done;
    use crate::chat::SessionId;
    use crate::limits::Limits;

    const NO_TIME: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(60);

    fn write_queue(items: usize) -> WriteQueue {
        WriteQueue::new(&Limits { queue_items: items, ..Limits::default() }.into())
    }

    fn receipt() -> PendingAnswer {
        let outbox = Arc::new(Outbox::new(SessionId(1), &Limits::default(), None));
        PendingAnswer { outbox, answer: Event::Ok { tag: Some(Tag("7".into())), done: Done::Back } }
    }

    fn take(write_queue: &WriteQueue, most: usize) -> Vec<Pending> {
        let mut batch = Vec::new();
        write_queue.take(&mut batch, most, usize::MAX, NO_TIME);
        batch
    }

    #[test]
    fn a_speaker_waits_while_as_many_records_wait_as_the_limit_says() {
        let write_queue = write_queue(2);
        for (waiting, admitted) in [(0, true), (1, true), (2, false)] {
            assert_eq!(write_queue.waiting(), waiting);
            assert_eq!(write_queue.admit(NO_TIME).is_ok(), admitted, "{waiting}");
            write_queue.add_whole(Record::Barrier, None);
        }
        let batch = take(&write_queue, 9);
        assert!(write_queue.admit(NO_TIME).is_err(), "what was taken is not stored yet");
        std::thread::scope(|scope| {
            let speaker = scope.spawn(|| write_queue.admit(LONG));
            write_queue.stored(&batch);
            assert_eq!(speaker.join().unwrap(), Ok(()));
        });
    }

    #[test]
    fn a_writer_that_is_in_one_call_can_be_told_from_one_that_comes_back() {
        let write_queue = write_queue(2);
        assert_eq!(write_queue.visits(), None, "nothing waits");
        write_queue.add_whole(Record::Barrier, None);
        let batch = take(&write_queue, 9);
        let before = write_queue.visits();
        assert!(before.is_some() && write_queue.visits() == before);
        write_queue.trouble("full");
        assert!(write_queue.visits() > before, "it came back, without success");
        write_queue.stored(&batch);
        assert_eq!(write_queue.visits(), None);
    }

    #[test]
    fn bytes_count_as_well_as_records() {
        let write_queue = WriteQueue::new(&Limits { queue_bytes: 1_048_576, ..Limits::default() }.into());
        let piece = |bytes: usize| Record::Piece(crate::model::FileId(1), 0, vec![0; bytes].into());
        write_queue.add_whole(piece(1_000_000), None);
        assert!(write_queue.admit(NO_TIME).is_ok());
        write_queue.add_whole(piece(100_000), None);
        assert!(write_queue.admit(NO_TIME).is_err());
    }

    #[test]
    fn a_piece_of_a_file_waits_before_members_who_speak_do() {
        let write_queue = WriteQueue::new(&Limits { queue_bytes: 1_048_576, ..Limits::default() }.into());
        let piece = || Record::Piece(crate::model::FileId(1), 0, vec![0; 32_768].into());
        let mut count = 0;
        while write_queue.admit_piece(NO_TIME).is_ok() {
            write_queue.add_whole(piece(), None);
            count += 1;
        }
        assert_eq!((count, write_queue.admit(NO_TIME).is_ok()), (4, true));
        let batch = take(&write_queue, 9);
        std::thread::scope(|scope| {
            let upload = scope.spawn(|| write_queue.admit_piece(LONG));
            write_queue.stored(&batch);
            assert_eq!(upload.join().unwrap(), Ok(()));
        });
        write_queue.trouble("the server's disk is full");
        assert_eq!(write_queue.admit_piece(LONG), Err("the server's disk is full".to_owned()));
    }

    #[test]
    fn records_are_taken_in_their_order_in_groups_and_to_the_end() {
        let write_queue = write_queue(99);
        for seq in 0..5 {
            write_queue.add_whole(Record::MessageDeleted(crate::model::PlaceId(1), seq), None);
        }
        write_queue.close();
        let seqs = |batch: &[Pending]| -> Vec<u64> {
            let seq = |entry: &Pending| match entry.record {
                Record::MessageDeleted(_, seq) => seq,
                _ => panic!("{entry:?}"),
            };
            batch.iter().map(seq).collect()
        };
        assert_eq!([seqs(&take(&write_queue, 2)), seqs(&take(&write_queue, 9))], [vec![0, 1], vec![2, 3, 4]]);
        assert!(!write_queue.take(&mut Vec::new(), 9, 9, LONG), "closed, and nothing is left");
    }

    #[test]
    fn in_trouble_no_command_is_admitted_and_an_answer_that_is_overdue_is_refused_with_its_tag() {
        let write_queue = write_queue(99);
        write_queue.add_whole(Record::Barrier, Some(receipt()));
        write_queue.trouble("the disk is full");
        assert!(write_queue.overdue(LONG).is_empty());
        assert_eq!(write_queue.admit(LONG), Err("the disk is full".to_owned()));
        let overdue = write_queue.overdue(NO_TIME);
        match overdue[0].refusal("the disk is full") {
            Event::Error { tag: Some(Tag(tag)), code, value, .. } => {
                assert_eq!((&*tag, code.as_str(), &*value), ("7", "not-kept", "the disk is full"));
            }
            other => panic!("{other:?}"),
        }
        let batch = take(&write_queue, 9);
        assert!(write_queue.stored(&batch).is_empty(), "no command is answered twice");
        assert_eq!((write_queue.troubled(), write_queue.admit(NO_TIME)), (None, Ok(())));
    }

    #[test]
    fn an_answer_is_overdue_while_its_record_is_being_written_too() {
        let write_queue = write_queue(99);
        for _ in 0..2 {
            write_queue.add_whole(Record::Barrier, Some(receipt()));
        }
        let batch = take(&write_queue, 1);
        assert_eq!(write_queue.overdue(LONG).len(), 0);
        assert_eq!(write_queue.overdue(NO_TIME).len(), 2, "one is in hand, one waits");
        assert!(write_queue.stored(&batch).is_empty());
        write_queue.add_whole(Record::Barrier, Some(receipt()));
        let batch = take(&write_queue, 9);
        assert_eq!(write_queue.stored(&batch).len(), 1);
    }

    /// docs/threads.md, a pause of our own.
    #[test]
    fn a_pause_makes_no_answer_overdue() {
        let (write_queue, pause) = (write_queue(100), LONG * 2);
        (0..2).for_each(|_| write_queue.add_whole(Record::Barrier, Some(receipt())));
        let _in_hand = take(&write_queue, 1);
        {
            let mut queue = write_queue.queue.lock();
            let Queue { entries, in_hand, .. } = &mut *queue;
            entries[0].since -= pause;
            in_hand[0].1 -= pause;
        }
        write_queue.forgive(pause, Instant::now());
        assert!(write_queue.overdue(LONG).is_empty());
        assert_eq!(write_queue.overdue(NO_TIME).len(), 2, "both are still waited for");
    }

    #[test]
    fn a_server_that_stops_lets_no_session_wait() {
        let write_queue = write_queue(1);
        write_queue.add_whole(Record::Barrier, None);
        std::thread::scope(|scope| {
            let waiting =
                [scope.spawn(|| drop(write_queue.admit(LONG))), scope.spawn(|| write_queue.wait_until_stored(LONG))];
            write_queue.hurry();
            waiting.into_iter().for_each(|thread| thread.join().unwrap());
        });
    }

    #[test]
    fn a_reader_waits_for_what_was_said_before() {
        let write_queue = write_queue(99);
        write_queue.wait_until_stored(LONG); // there is nothing to wait for
        write_queue.add_whole(Record::Barrier, None);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                write_queue.wait_until_stored(LONG);
                write_queue.waiting()
            });
            let batch = take(&write_queue, 9);
            write_queue.stored(&batch);
            assert_eq!(reader.join().unwrap(), 0);
        });
    }

    #[test]
    fn what_belongs_together_is_taken_together_or_not_at_all() {
        let write_queue = write_queue(99);
        let ended = |resume_id| Record::ResumeEnded(crate::model::ResumeId(resume_id));
        let taken = |most| {
            let batch = take(&write_queue, most);
            write_queue.stored(&batch);
            batch.len()
        };
        for resume_id in 1..=3 {
            write_queue.add(ended(resume_id), None);
        }
        assert_eq!(taken(9), 0, "the change is not over");
        write_queue.add_whole(ended(4), None);
        assert_eq!(taken(9), 0, "nor is it when another adds something");
        write_queue.seal();
        write_queue.add_whole(ended(5), None);
        assert_eq!(taken(2), 4, "the bound does not part it");
        assert_eq!((taken(2), write_queue.waiting()), (1, 0));
    }
}
