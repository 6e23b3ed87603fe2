//! The thread that writes records to the database, in batches, and answers the sessions that wait for them. Knows the queue and the store, not what the records mean.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::clock::Clock;
use super::hub::{self, Database, Hub, News};
use super::index_wait::IndexWait;
use crate::chat::outbox::{Offer, Outgoing};
use crate::chat::write_queue::{Pending, PendingAnswer, WriteQueue, changes};
use crate::event::Event;
use crate::store::{StoreError, Writer};
use crate::wire::{Delivery, Letter};

/// The most records in one transaction, and their bytes. In a larger one, the
/// first record would wait too long.
const BATCH: usize = 1_024;
const BATCH_BYTES: usize = 1 << 20;

/// Rows that are added to the search index at once, while nothing else waits.
const INDEX_STEP: usize = 64;

/// If so many messages are not in the index at the start, the operator is told: they take some seconds.
const MUCH: u64 = 10_000;

/// If no search waits, words are added to the index only after no record has come
/// for this long, because that work slows down members who speak.
const QUIET: Duration = Duration::from_millis(100);

/// The reason that a session is told after a panic in the writer.
const FAILED: &str = "the server failed inside";

/// The reason that a session is told if the database can never store its record.
const NEVER: &str = "the database refuses it, and it will not be kept";

/// The time between two searches for expired records.
const EXPIRY: Duration = Duration::from_secs(60);

/// The pause before a failed batch is written again.
const AGAIN: Duration = Duration::from_millis(500);

/// How often a failed batch is written again while the server is stopping.
const LAST_TRIES: usize = 3;

/// Runs the writer until the queue is closed and empty.
pub fn live(hub: &Arc<Hub>, database: &Database, writer: Writer) {
    let write_queue = &*database.write_queue;
    let _fuse = Fuse { hub, write_queue };
    let mut db_writer = DbWriter {
        hub,
        write_queue,
        index: &database.index,
        tells_of_index: tells_of_index(hub, &writer),
        clock: Clock::new(writer.known_time()),
        writer,
        mended: None,
        is_down: false,
        indexing: true,
        expiring: true,
        expired: Instant::now(),
        quiet: true,
    };
    let mut batch = Vec::new();
    while write_queue.take(&mut batch, BATCH, BATCH_BYTES, db_writer.pause()) {
        if !db_writer.work(&mut batch) {
            break;
        }
    }
    if let Err(error) = db_writer.writer.close() {
        tracing::warn!(%error, "the database could not be closed in order; nothing that was answered is lost");
    }
}

/// Tells the operator if many messages are not in the index, because searches
/// find less until then. This happens after an update from an older version.
/// Returns whether the operator was told.
fn tells_of_index(hub: &Hub, writer: &Writer) -> bool {
    let behind = writer.behind().unwrap_or(0);
    if behind < MUCH {
        return false;
    }
    let told = format!("* the words of {behind} messages are put into the index; until then searches find less");
    hub.tell(|| News::Line(told));
    true
}

/// Stops the server in order after a panic in the writer. Without it, nothing could be stored, and no session would know.
struct Fuse<'a> {
    hub: &'a Arc<Hub>,
    write_queue: &'a WriteQueue,
}

impl Drop for Fuse<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.write_queue.trouble(FAILED);
            refuse(self.hub, self.write_queue.overdue(Duration::ZERO), FAILED);
            self.hub.ask_to_stop("a fault inside the store");
        }
    }
}

/// The state of the writer.
struct DbWriter<'a> {
    hub: &'a Arc<Hub>,
    write_queue: &'a WriteQueue,
    index: &'a IndexWait,
    writer: Writer,
    clock: Clock,
    /// When the index was last rebuilt.
    mended: Option<Instant>,
    /// Whether the database as a whole is damaged.
    is_down: bool,
    /// Whether there are messages to add to the index.
    indexing: bool,
    /// Whether the operator was told that searches find less; then the operator is told when that is over.
    tells_of_index: bool,
    /// Whether there are expired records to remove, and when they were last searched for.
    expiring: bool,
    expired: Instant,
    /// Whether the queue was empty at the last look.
    quiet: bool,
}

/// A change that is not written: the positions of its records, and the error.
type Refused = (RangeInclusive<u64>, StoreError);

impl DbWriter<'_> {
    /// How long the writer waits for a record before it does other work.
    fn pause(&self) -> Duration {
        match self.indexing || self.expiring {
            _ if self.is_down => AGAIN,
            false => EXPIRY,
            true if self.quiet || self.indexing && self.index.is_wanted() => Duration::ZERO,
            true => QUIET,
        }
    }

    /// Stores one batch and does a little other work. False if the server is
    /// stopping and the batch cannot be written.
    fn work(&mut self, batch: &mut Vec<Pending>) -> bool {
        self.quiet = batch.is_empty();
        if !self.quiet {
            if !self.store(batch) {
                return false;
            }
            self.indexing = true;
        }
        if let Some(error) = self.writer.suspicion() {
            self.indexing |= self.mend(&error);
        }
        if self.indexing && (self.quiet || self.index.is_wanted()) {
            self.take_into_index();
        } else if self.expiring && self.quiet {
            self.expire();
        }
        let is_time = !self.expiring && self.expired.elapsed() >= EXPIRY;
        if is_time {
            // The index too, because adding to it may have failed when the disk was full.
            (self.expiring, self.indexing) = (true, true);
        }
        // This finds out whether the file can be written to, before a member speaks.
        if self.is_down {
            self.give_up(&[]);
            return true;
        }
        !is_time || self.store(batch)
    }

    fn take_into_index(&mut self) {
        match self.writer.index(INDEX_STEP) {
            Ok(more) => self.indexing = more,
            // Until the next look tries again, searches find less.
            Err(error) => self.indexing = self.failed("index", &error),
        }
        if !self.indexing {
            self.index.has_reached(self.write_queue.progress().1);
            if std::mem::take(&mut self.tells_of_index) {
                self.hub.tell(|| News::Line("* all words can be found again".to_owned()));
            }
        }
    }

    fn expire(&mut self) {
        let now = hub::now();
        let limits = self.hub.limits.now();
        let known = self.clock.look(now, self.hub.started.elapsed(), limits.clock_settle);
        self.writer.know_time(known);
        self.hub.end_left_rooms(now.min(known));
        self.expiring = match self.writer.expire(now.min(known), &limits) {
            Ok(more) => more,
            Err(error) => {
                let mended = self.failed("expire", &error);
                self.indexing |= mended;
                mended
            }
        };
        self.expired = Instant::now();
    }

    /// Logs that some work failed; it is done later. Returns whether to try again at once.
    fn failed(&mut self, what: &str, error: &StoreError) -> bool {
        tracing::warn!(%error, "cannot {what} now");
        self.mend(error)
    }

    /// Rebuilds the index of words if `error` is about it; returns whether it was.
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
                self.hub.tell(|| News::Line(line.to_owned()));
                self.index.begins_anew();
                true
            }
            Err(error) => {
                tracing::error!(%error, "the index of words is damaged, and cannot be made anew");
                false
            }
        }
    }

    /// Writes one batch, however long that takes, and answers the sessions. Only
    /// a change that can never be written is given up. False if the server is
    /// stopping and the batch cannot be written.
    fn store(&mut self, batch: &mut Vec<Pending>) -> bool {
        let DbWriter { hub, write_queue, .. } = *self;
        let (mut tries, mut troubled, mut written) = (0, false, None);
        let refused = loop {
            let began = Instant::now();
            let done = written.take().map_or_else(|| self.write(batch), Ok);
            hub.counts.commits.add(began.elapsed());
            let error = match done.map(|refused| (refused, self.writer.is_in_place())) {
                Ok((refused, Ok(()))) => break refused,
                Ok((refused, Err(error))) => {
                    written = Some(refused);
                    error
                }
                Err(error) => error,
            };
            let why = short(&error);
            write_queue.trouble(why);
            if !std::mem::replace(&mut troubled, true) {
                tracing::error!(%error, "cannot keep what is said");
                hub.tell(|| News::Line(format!("! {error}; who speaks is refused until that is over")));
            }
            refuse(hub, write_queue.overdue(hub.limits.now().keep_patience), why);
            // The connection that brings such a file finds out that not all of it is stored.
            if matches!(error, StoreError::Full(_)) && write_queue.give_up_pieces(batch) {
                continue;
            }
            if write_queue.wait_closed(AGAIN) {
                tries += 1;
                if tries >= LAST_TRIES {
                    tracing::error!(
                        records = write_queue.waiting(),
                        "stopped without keeping what was not answered ok"
                    );
                    return false;
                }
            }
        };
        let receipts = write_queue.stored(batch);
        hub.counts.kept.fetch_add(batch.len() as u64, Ordering::Relaxed);
        if troubled {
            tell_that_trouble_is_over(hub);
        }
        batch.clear();
        self.give_up(&refused);
        let is_refused = |position: u64| refused.iter().any(|(positions, _)| positions.contains(&position));
        let given = |(position, receipt): (u64, PendingAnswer)| {
            if !is_refused(position) {
                return (receipt.answer.clone(), receipt);
            }
            if let Some(tag) = receipt.tag() {
                hub.chat.forget_tag(receipt.outbox.session(), tag);
            }
            (receipt.refusal(NEVER), receipt)
        };
        answer(hub, receipts.into_iter().map(given));
        true
    }

    /// Writes a batch, or the changes in it that can be written; returns the others.
    ///
    /// # Errors
    /// Nothing is written, but it may be possible later.
    fn write(&mut self, batch: &[Pending]) -> Result<Vec<Refused>, StoreError> {
        let all = || batch.iter().map(|entry| &entry.record);
        let mut done = self.writer.write(all());
        if done.as_ref().is_err_and(|error| self.mend(error)) {
            done = self.writer.write(all());
        }
        let error = match done {
            Ok(()) => return Ok(Vec::new()),
            Err(error) if error.may_pass() => return Err(error),
            Err(error) => error,
        };
        let changes: Vec<_> = changes(batch).collect();
        let records: Vec<Vec<_>> =
            changes.iter().map(|(_, change)| change.iter().map(|entry| &entry.record).collect()).collect();
        match self.writer.write_each(&records) {
            Ok(refused) => {
                let refused = changes.into_iter().zip(refused);
                Ok(refused.filter_map(|((positions, _), why)| Some((positions, why?))).collect())
            }
            Err(error) if error.may_pass() => Err(error),
            Err(_) => Ok(vec![(0..=u64::MAX, error)]),
        }
    }

    /// Reports the changes that were given up, and checks whether the file can be written to.
    fn give_up(&mut self, refused: &[Refused]) {
        let (hub, write_queue) = (self.hub, self.write_queue);
        if let Some((_, why)) = refused.first() {
            let changes = refused.len();
            tracing::error!(%why, changes, "given up, for the database will never take it");
            hub.tell(|| News::Line(format!("! {why}; changes given up: {changes}")));
        }
        if !self.is_down && refused.is_empty() {
            return;
        }
        match self.writer.probe() {
            Err(error) if !error.may_pass() => {
                write_queue.trouble(short(&error));
                if !std::mem::replace(&mut self.is_down, true) {
                    tracing::error!(%error, "nothing can be kept any more");
                    hub.tell(|| News::Line(format!("! {error}; until then who speaks is refused")));
                }
            }
            _ if std::mem::take(&mut self.is_down) => {
                // This stores nothing; it only tells the queue that the trouble is over.
                write_queue.stored(&[]);
                tell_that_trouble_is_over(hub);
            }
            _ => {}
        }
    }
}

fn tell_that_trouble_is_over(hub: &Hub) {
    tracing::info!("what is said is kept again");
    hub.tell(|| News::Line("* what is said is kept again".to_owned()));
}

/// Tells the sessions that waited too long that their changes are not stored yet.
fn refuse(hub: &Arc<Hub>, receipts: Vec<PendingAnswer>, why: &str) {
    answer(hub, receipts.into_iter().map(|receipt| (receipt.refusal(why), receipt)));
}

/// The same if the disk does not fail but is slow. The watchdog calls it.
pub(super) fn refuse_overdue(hub: &Arc<Hub>) {
    if let Some(database) = &hub.database {
        let why = database.write_queue.troubled();
        let why = why.as_deref().unwrap_or("the disk is too slow");
        refuse(hub, database.write_queue.overdue(hub.limits.now().keep_patience), why);
    }
}

/// Sends the answers that were promised to the sessions.
fn answer(hub: &Arc<Hub>, answers: impl Iterator<Item = (Event, PendingAnswer)>) {
    let mut effects = hub.effects();
    for (event, PendingAnswer { outbox, .. }) in answers {
        match outbox.fulfil(Outgoing::Event(Delivery::of(&Arc::new(Letter::new(event))))) {
            Offer::Taken | Offer::Closed => {}
            Offer::Due => effects.outboxes.push(outbox),
            Offer::Overflow => effects.overflowed.push(outbox.session()),
        }
    }
    hub.apply(effects);
}

/// The reason that a session is told. It does not show the path of the file.
fn short(error: &StoreError) -> &'static str {
    match error {
        StoreError::Full(_) => "the server's disk is full",
        StoreError::Displaced(_) => "the server's database was moved or removed",
        error if error.is_damage() => "the server's database is damaged",
        _ => "the server cannot write to its database",
    }
}
