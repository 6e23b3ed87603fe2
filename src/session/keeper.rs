//! One thread that writes what is to be kept, in groups, and answers who waits for that. Knows the journal and the store, not what the records mean.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::clock::Clock;
use super::house::{self, House, News};
use crate::chat::journal::{Entry, Journal, Receipt, changes};
use crate::chat::outbox::{Offer, Outgoing};
use crate::event::Event;
use crate::store::{StoreError, Writer};
use crate::wire::Letter;

/// Records that are written in one transaction at the most, and their bytes:
/// more would make those wait who came first.
const GROUP: usize = 1_024;
const GROUP_BYTES: usize = 1 << 20;

/// Rows that are added to the search index at once, while nothing else waits.
const INDEX_STEP: usize = 64;

/// Messages that are not in the index at the start, of which the operator is told: some seconds' work.
const MUCH: u64 = 10_000;

/// For how long nothing must have come before words are added to the index
/// that nobody looks for: it would only take time from those who speak.
const QUIET: Duration = Duration::from_millis(100);

/// What whoever speaks is told when the keeper is no more.
const FAILED: &str = "the server failed inside";

/// The same, about what the database will never take.
const NEVER: &str = "the database refuses it, and it will not be kept";

/// The time between two looks for what has expired.
const EXPIRY: Duration = Duration::from_secs(60);

/// The pause before a failed group is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// How often a failed group is tried while the server is stopping.
const LAST_TRIES: usize = 3;

/// The life of the keeper: until the journal is closed and empty.
pub fn live(house: &Arc<House>, journal: &Journal, writer: Writer) {
    let _fuse = Fuse { house, journal };
    let mut clock = Clock::new(writer.known_time(), house.limits.clock_settle);
    let mut keeper = Keeper { house, journal, writer, mended: None, is_down: false };
    let mut batch = Vec::new();
    let (mut indexing, mut expiring, mut expired) = (true, true, Instant::now());
    // Whether the last look found nothing to write.
    let mut quiet = true;
    let mut anew = tells_of_index(house, &keeper.writer);
    loop {
        let wait = match (indexing || expiring, quiet) {
            _ if keeper.is_down => AGAIN,
            (true, true) => Duration::ZERO,
            (true, false) => QUIET,
            (false, _) => EXPIRY,
        };
        if !journal.take(&mut batch, GROUP, GROUP_BYTES, wait) {
            break;
        }
        quiet = batch.is_empty();
        if !quiet {
            if !keeper.keep(&mut batch) {
                break;
            }
            indexing = true;
        }
        if let Some(error) = keeper.writer.suspicion() {
            indexing |= keeper.mend(&error);
        }
        if indexing && (quiet || journal.is_searched()) {
            match keeper.writer.index(INDEX_STEP) {
                Ok(more) => indexing = more,
                // Searches find what they find, and the next look tries again.
                Err(error) => indexing = keeper.failed("index", &error),
            }
            if !indexing {
                journal.indexed();
                if std::mem::take(&mut anew) {
                    house.tell(|| News::Line("* all words can be found again".to_owned()));
                }
            }
        } else if expiring && quiet {
            let now = house::now();
            let known = clock.look(now, house.started.elapsed());
            keeper.writer.know_time(known);
            house.end_left_rooms(now.min(known));
            expiring = match keeper.writer.expire(now.min(known), &house.limits) {
                Ok(more) => more,
                Err(error) => {
                    let mended = keeper.failed("expire", &error);
                    indexing |= mended;
                    mended
                }
            };
            expired = Instant::now();
        }
        let is_time = !expiring && expired.elapsed() >= EXPIRY;
        if is_time {
            // The index, too, for it may have failed when the disk was full.
            (expiring, indexing) = (true, true);
        }
        // And what is wrong with the file, or no more, is known before somebody speaks.
        if keeper.is_down {
            keeper.give_up(&[]);
        } else if is_time && !keeper.keep(&mut batch) {
            break;
        }
    }
    if let Err(error) = keeper.writer.close() {
        tracing::warn!(%error, "the database could not be closed in order; nothing that was answered is lost");
    }
}

/// Tells the operator where so much is to be put into the index that searches
/// find less meanwhile: after an older version's. Whether it did.
fn tells_of_index(house: &House, writer: &Writer) -> bool {
    let behind = writer.behind().unwrap_or(0);
    if behind < MUCH {
        return false;
    }
    let told = format!("* the words of {behind} messages are put into the index; until then searches find less");
    house.tell(|| News::Line(told));
    true
}

/// A panic in the keeper stops the server in order: nothing could be kept any more, and nobody would know.
struct Fuse<'a> {
    house: &'a Arc<House>,
    journal: &'a Journal,
}

impl Drop for Fuse<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.journal.trouble(FAILED);
            refuse(self.house, self.journal.overdue(Duration::ZERO), FAILED);
            self.house.ask_to_stop("a fault inside the keeper");
        }
    }
}

/// What the keeper works with.
struct Keeper<'a> {
    house: &'a Arc<House>,
    journal: &'a Journal,
    writer: Writer,
    /// When the index was made anew last.
    mended: Option<Instant>,
    /// Whether the database as a whole is damaged.
    is_down: bool,
}

/// A change that is given up: the positions of its records, and why.
type Refused = (RangeInclusive<u64>, StoreError);

impl Keeper<'_> {
    /// What can be done later is done later. Whether it is to be tried again at once.
    fn failed(&mut self, what: &str, error: &StoreError) -> bool {
        tracing::warn!(%error, "cannot {what} now");
        self.mend(error)
    }

    /// Makes the index of words anew if that is what `error` is about; whether it was.
    fn mend(&mut self, error: &StoreError) -> bool {
        if !error.is_damage() || self.mended.is_some_and(|mended| mended.elapsed() < EXPIRY) {
            return false;
        }
        self.mended = Some(Instant::now());
        match self.writer.mend_index(error) {
            Ok(false) => false,
            Ok(true) => {
                tracing::warn!("the index of words was damaged, and is made anew; no message was in it alone");
                let line = "! the index of words was damaged, and is made anew; until then searches find less";
                self.house.tell(|| News::Line(line.to_owned()));
                self.journal.unindexed();
                true
            }
            Err(error) => {
                tracing::error!(%error, "the index of words is damaged, and cannot be made anew");
                false
            }
        }
    }

    /// Writes one group, however long that takes, and answers. What can never
    /// be written is given up, and the rest is not. False where the server is
    /// stopping and the group cannot be written.
    fn keep(&mut self, batch: &mut Vec<Entry>) -> bool {
        let Keeper { house, journal, .. } = *self;
        let (mut tries, mut troubled, mut written) = (0, false, None);
        let refused = loop {
            let done = written.take().map_or_else(|| self.write(batch), Ok);
            let error = match done.map(|refused| (refused, self.writer.is_in_place())) {
                Ok((refused, Ok(()))) => break refused,
                Ok((refused, Err(error))) => {
                    written = Some(refused);
                    error
                }
                Err(error) => error,
            };
            let why = short(&error);
            journal.trouble(why);
            if !std::mem::replace(&mut troubled, true) {
                tracing::error!(%error, "cannot keep what is said");
                house.tell(|| News::Line(format!("! {error}; who speaks is refused until that is over")));
            }
            refuse(house, journal.overdue(house.limits.keep_patience), why);
            if journal.wait_closed(AGAIN) {
                tries += 1;
                if tries >= LAST_TRIES {
                    tracing::error!(records = journal.waiting(), "stopped without keeping what was not answered ok");
                    return false;
                }
            }
        };
        let receipts = journal.kept(batch);
        house.counts.kept.fetch_add(batch.len() as u64, Ordering::Relaxed);
        if troubled {
            tracing::info!("what is said is kept again");
            house.tell(|| News::Line("* what is said is kept again".to_owned()));
        }
        batch.clear();
        self.give_up(&refused);
        let is_refused = |position: u64| refused.iter().any(|(positions, _)| positions.contains(&position));
        let given = |(position, receipt): (u64, Receipt)| {
            if !is_refused(position) {
                return (receipt.answer.clone(), receipt);
            }
            if let Some(tag) = receipt.tag() {
                house.chat.forget_tag(receipt.outbox.session(), tag);
            }
            (receipt.refusal(NEVER), receipt)
        };
        answer(house, receipts.into_iter().map(given));
        true
    }

    /// Writes a group, or what can be written of it, and gives what cannot.
    ///
    /// # Errors
    /// Nothing is written, and it may be possible later.
    fn write(&mut self, batch: &[Entry]) -> Result<Vec<Refused>, StoreError> {
        let all = || batch.iter().map(|entry| &entry.record);
        let mut done = self.writer.keep(all());
        if done.as_ref().is_err_and(|error| self.mend(error)) {
            done = self.writer.keep(all());
        }
        let error = match done {
            Ok(()) => return Ok(Vec::new()),
            Err(error) if error.may_pass() => return Err(error),
            Err(error) => error,
        };
        let changes: Vec<_> = changes(batch).collect();
        let records: Vec<Vec<_>> =
            changes.iter().map(|(_, change)| change.iter().map(|entry| &entry.record).collect()).collect();
        match self.writer.keep_each(&records) {
            Ok(refused) => {
                let refused = changes.into_iter().zip(refused);
                Ok(refused.filter_map(|((positions, _), why)| Some((positions, why?))).collect())
            }
            Err(error) if error.may_pass() => Err(error),
            Err(_) => Ok(vec![(0..=u64::MAX, error)]),
        }
    }

    /// Says what was given up, and looks whether anything can be written.
    fn give_up(&mut self, refused: &[Refused]) {
        let (house, journal) = (self.house, self.journal);
        if let Some((_, why)) = refused.first() {
            let changes = refused.len();
            tracing::error!(%why, changes, "given up, for the database will never take it");
            house.tell(|| News::Line(format!("! {why}; changes given up: {changes}")));
        }
        if !self.is_down && refused.is_empty() {
            return;
        }
        match self.writer.probe() {
            Err(error) if !error.may_pass() => {
                journal.trouble(short(&error));
                if !std::mem::replace(&mut self.is_down, true) {
                    tracing::error!(%error, "nothing can be kept any more");
                    house.tell(|| News::Line(format!("! {error}; until then who speaks is refused")));
                }
            }
            _ if std::mem::take(&mut self.is_down) => {
                // Nothing is kept by this, and so nothing is wrong any more.
                journal.kept(&[]);
                tracing::info!("what is said is kept again");
                house.tell(|| News::Line("* what is said is kept again".to_owned()));
            }
            _ => {}
        }
    }
}

/// Tells those who have waited for too long that what they said is not kept yet.
fn refuse(house: &Arc<House>, receipts: Vec<Receipt>, why: &str) {
    answer(house, receipts.into_iter().map(|receipt| (receipt.refusal(why), receipt)));
}

/// The same, also for a disk that is slow and does not fail: the caretaker looks after them.
pub(super) fn refuse_overdue(house: &Arc<House>) {
    if let Some(archive) = &house.archive {
        let why = archive.journal.troubled();
        let why = why.as_deref().unwrap_or("the disk is too slow");
        refuse(house, archive.journal.overdue(house.limits.keep_patience), why);
    }
}

/// Gives the answers that were promised, and has them sent.
fn answer(house: &Arc<House>, answers: impl Iterator<Item = (Event, Receipt)>) {
    let mut touched = house.touched();
    for (event, Receipt { outbox, .. }) in answers {
        match outbox.fulfil(Outgoing::Letter(Arc::new(Letter::new(event)), false)) {
            Offer::Taken | Offer::Deaf => {}
            Offer::Due => touched.outboxes.push(outbox),
            Offer::Overflow => touched.overflowed.push(outbox.session()),
        }
    }
    house.settle(touched, &mut VecDeque::new());
}

/// What whoever speaks is told: no path of ours is their business.
fn short(error: &StoreError) -> &'static str {
    match error {
        StoreError::Full(_) => "the server's disk is full",
        StoreError::Displaced(_) => "the server's database was moved or removed",
        error if error.is_damage() => "the server's database is damaged",
        _ => "the server cannot write to its database",
    }
}
