//! One thread that writes what is to be kept, in groups, and answers who waits for that. Knows the journal and the store, not what the records mean.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::house::{self, House, News};
use crate::chat::journal::{Entry, Journal, Receipt};
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

/// The time between two looks for what has expired.
const EXPIRY: Duration = Duration::from_secs(60);

/// The pause before a failed group is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// How often a failed group is tried while the server is stopping.
const LAST_TRIES: usize = 3;

/// The life of the keeper: until the journal is closed and empty.
pub fn live(house: &Arc<House>, journal: &Journal, mut writer: Writer) {
    let _fuse = Fuse { house, journal };
    let mut batch = Vec::new();
    let (mut indexing, mut expiring, mut expired) = (true, true, Instant::now());
    // Whether the last look found nothing to write.
    let mut quiet = true;
    let mut anew = tells_of_index(house, &writer);
    loop {
        let wait = match (indexing || expiring, quiet) {
            (true, true) => Duration::ZERO,
            (true, false) => QUIET,
            (false, _) => EXPIRY,
        };
        if !journal.take(&mut batch, GROUP, GROUP_BYTES, wait) {
            break;
        }
        quiet = batch.is_empty();
        if !quiet {
            if !keep(house, journal, &mut writer, &mut batch) {
                break;
            }
            indexing = true;
        }
        if indexing && (quiet || journal.is_searched()) {
            match writer.index(INDEX_STEP) {
                Ok(more) => indexing = more,
                // Searches find what they find, and the next look tries again.
                Err(error) => indexing = failed("index", &error),
            }
            if !indexing {
                journal.indexed();
                if std::mem::take(&mut anew) {
                    house.tell(|| News::Line("* all words can be found again".to_owned()));
                }
            }
        } else if expiring && quiet {
            expiring = writer.expire(house::now(), &house.limits).unwrap_or_else(|error| failed("expire", &error));
            expired = Instant::now();
        }
        if !expiring && expired.elapsed() >= EXPIRY {
            // The index, too, for it may have failed when the disk was full.
            (expiring, indexing) = (true, true);
        }
    }
    if let Err(error) = writer.close() {
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

/// What can be done later is done later.
fn failed(what: &str, error: &StoreError) -> bool {
    tracing::warn!(%error, "cannot {what} now");
    false
}

/// Writes one group, however long that takes, and answers. False where the
/// server is stopping and it cannot be written.
fn keep(house: &Arc<House>, journal: &Journal, writer: &mut Writer, batch: &mut Vec<Entry>) -> bool {
    let (mut tries, mut troubled) = (0, false);
    loop {
        let error = match writer.keep(batch.iter().map(|entry| &entry.record)) {
            Ok(()) => break,
            Err(error) => error,
        };
        if !std::mem::replace(&mut troubled, true) {
            tracing::error!(%error, "cannot keep what is said");
            house.tell(|| News::Line(format!("! {error}; who speaks is refused until that is over")));
        }
        let why = short(&error);
        journal.trouble(why);
        refuse(house, journal.overdue(house.limits.keep_patience), why);
        if journal.wait_closed(AGAIN) {
            tries += 1;
            if tries >= LAST_TRIES {
                tracing::error!(records = journal.waiting(), "stopped without keeping what was not answered ok");
                return false;
            }
        }
    }
    let receipts = journal.kept(batch);
    house.counts.kept.fetch_add(batch.len() as u64, Ordering::Relaxed);
    if troubled {
        tracing::info!("what is said is kept again");
        house.tell(|| News::Line("* what is said is kept again".to_owned()));
    }
    batch.clear();
    answer(house, receipts.into_iter().map(|receipt| (receipt.answer.clone(), receipt)));
    true
}

/// Tells those who have waited for too long that what they said is not kept yet.
fn refuse(house: &Arc<House>, receipts: Vec<Receipt>, why: &str) {
    answer(house, receipts.into_iter().map(|receipt| (receipt.refusal(why), receipt)));
}

/// The same for a disk that is slow and does not fail: the caretaker looks after them.
pub(super) fn refuse_overdue(house: &Arc<House>) {
    if let Some(archive) = &house.archive {
        refuse(house, archive.journal.overdue(house.limits.keep_patience), "the disk is too slow");
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
    if error.is_full() { "the server's disk is full" } else { "the server cannot write to its database" }
}
