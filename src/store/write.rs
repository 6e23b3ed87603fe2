//! Writes records in batches: all of a batch, or all changes in it that can be written. Does not know what the records say.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;
use super::batch::Batch;
use super::claim::{Claim, Files};
use super::expire::Expiry;
use super::index;
use super::order::last_counted;
use crate::limits::{InForce, Limits};
use crate::model::Millis;
use crate::record::Record;

/// Writes the database. One thread has it.
pub struct Writer {
    pub(super) connection: Connection,
    path: PathBuf,
    expiry: Expiry,
    /// The time that the last message counts as; `None` before it is read.
    counted: Option<Millis>,
    /// Whether a commit may return before the disk has it.
    is_at_leisure: bool,
    /// The last time that is certain: the clock may have been set back since.
    known: Millis,
    /// The most resume records of one account.
    limits: InForce,
    /// The files that are written to.
    files: Files,
    /// Refuses other servers while there is a writer.
    claim: Arc<Claim>,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        known: Millis,
        limits: &InForce,
        claim: Arc<Claim>,
    ) -> Result<Writer, StoreError> {
        let (path, files) = (claim.path().to_path_buf(), claim.files()?);
        Ok(Writer {
            connection,
            path,
            expiry: Expiry::default(),
            counted: None,
            is_at_leisure: false,
            known,
            limits: limits.clone(),
            files,
            claim,
        })
    }

    /// Writes the records in their order, all or none. They are on the disk when this
    /// returns. A batch that failed may be written again.
    ///
    /// # Errors
    /// Nothing is written, and [`StoreError::may_pass`] tells whether to try again.
    pub fn write<'a>(&mut self, records: impl IntoIterator<Item = &'a Record>) -> Result<(), StoreError> {
        self.wait_for_the_disk()?;
        self.write_all(records).map_err(StoreError::at(&self.path))
    }

    fn write_all<'a>(&mut self, records: impl IntoIterator<Item = &'a Record>) -> rusqlite::Result<()> {
        let tokens = self.limits.now().tokens_per_account;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let counted = self.counted.map_or_else(|| last_counted(&transaction), Ok)?;
        let mut batch = Batch::new(&transaction, self.known, counted, tokens);
        for record in records {
            batch.write(record)?;
        }
        let counted = batch.finish()?;
        transaction.commit()?;
        self.counted = Some(counted);
        Ok(())
    }

    /// Writes all changes that can be written, each whole or not at all. This is for a
    /// batch that can never be written as a whole. Returns the error of each change
    /// that was left out.
    ///
    /// # Errors
    /// Nothing is written, and it may be tried again.
    pub fn write_each(&mut self, changes: &[Vec<&Record>]) -> Result<Vec<Option<StoreError>>, StoreError> {
        self.wait_for_the_disk()?;
        let mut refused: Vec<Option<StoreError>> = changes.iter().map(|_| None).collect();
        loop {
            let begun = refused.iter().flatten().count();
            let Err(error) = self.write_possible(changes, &mut refused) else { return Ok(refused) };
            let error = StoreError::sql(&self.path, &error);
            // SQLite may have undone everything because of one change: try again without it.
            if error.may_pass() || refused.iter().flatten().count() == begun {
                return Err(error);
            }
        }
    }

    /// Writes the changes that can be written, and notes the errors of the others in `refused`. An error undoes everything.
    fn write_possible(&mut self, changes: &[Vec<&Record>], refused: &mut [Option<StoreError>]) -> rusqlite::Result<()> {
        let tokens = self.limits.now().tokens_per_account;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut counted = self.counted.map_or_else(|| last_counted(&transaction), Ok)?;
        for (change, refused) in changes.iter().zip(refused).filter(|(_, refused)| refused.is_none()) {
            transaction.execute_batch("SAVEPOINT change")?;
            let mut batch = Batch::new(&transaction, self.known, counted, tokens);
            match change.iter().try_for_each(|record| batch.write(record)).and_then(|()| batch.finish()) {
                Ok(after) => counted = after,
                Err(error) => {
                    let why = StoreError::sql(&self.path, &error);
                    if why.may_pass() {
                        return Err(error);
                    }
                    *refused = Some(why);
                    transaction.execute_batch("ROLLBACK TO change")?;
                }
            }
            transaction.execute_batch("RELEASE change")?;
        }
        transaction.commit()?;
        self.counted = Some(counted);
        Ok(())
    }

    /// Checks that the file that was written to is still under its name, and was not
    /// moved or removed meanwhile.
    ///
    /// # Errors
    /// It is not, or the system does not tell.
    pub fn is_in_place(&self) -> Result<(), StoreError> {
        self.claim.has(&self.files)
    }

    /// Checks whether anything can be written at all.
    ///
    /// # Errors
    /// It cannot; the error says why.
    pub fn probe(&mut self) -> Result<(), StoreError> {
        probe(&mut self.connection).map_err(StoreError::at(&self.path))
    }

    /// Removes a few records that are too old or too many; see `Expiry::step`. Returns whether there is more to do.
    ///
    /// # Errors
    /// Nothing is removed, and the next call begins with the same step.
    pub fn expire(&mut self, now: Millis, limits: &Limits) -> Result<bool, StoreError> {
        let done = self.expiry.step(&mut self.connection, now, self.known, limits);
        done.map_err(StoreError::at(&self.path))
    }

    /// The last time that is certain. Until [`Writer::know_time`] it is from an earlier run of the server; 0 if there is none.
    pub fn known_time(&self) -> Millis {
        self.known
    }

    /// Sets the time that is certain, whatever the clock shows. [`Writer::expire`] stores it.
    pub fn know_time(&mut self, known: Millis) {
        self.known = known;
    }

    /// How many messages are not in the index of words yet.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn behind(&self) -> Result<u64, StoreError> {
        index::behind(&self.connection).map_err(StoreError::at(&self.path))
    }

    /// Adds at most `most` messages to the index of words; returns whether there are more.
    ///
    /// # Errors
    /// Nothing is added, and the next call begins with the same messages.
    pub fn index(&mut self, most: usize) -> Result<bool, StoreError> {
        self.at_leisure(|writer| index::take_in(&mut writer.connection, most).map_err(StoreError::at(&writer.path)))
    }

    /// Empties the index of words if it is the reason for `error`, so that
    /// [`Writer::index`] rebuilds it. Returns whether it was the reason.
    ///
    /// # Errors
    /// The index cannot be emptied; nothing has changed.
    pub fn mend_index(&mut self, error: &StoreError) -> Result<bool, StoreError> {
        let is_damaged = index::is_damaged(&self.connection, error).map_err(StoreError::at(&self.path))?;
        if is_damaged {
            index::empty(&mut self.connection).map_err(StoreError::at(&self.path))?;
        }
        Ok(is_damaged)
    }

    /// An error, if a search has found the index of words damaged since the last call.
    pub fn suspicion(&self) -> Option<StoreError> {
        self.claim.takes_suspicion().then(|| StoreError::Index(self.path.clone()))
    }

    /// Writes without waiting for the disk: for work that can be done again if a power
    /// cut undoes it. When a later batch is on the disk, so is this work, because both
    /// are in one log, in order.
    pub(super) fn at_leisure<T>(
        &mut self,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.is_at_leisure = true;
        self.synchronous("NORMAL")?;
        let done = work(self);
        self.wait_for_the_disk()?;
        done
    }

    /// Makes every commit wait for the disk again. Answers depend on that, so if it
    /// fails, it is tried again before the next batch.
    fn wait_for_the_disk(&mut self) -> Result<(), StoreError> {
        if self.is_at_leisure {
            self.synchronous("FULL")?;
            self.is_at_leisure = false;
        }
        Ok(())
    }

    fn synchronous(&self, how: &str) -> Result<(), StoreError> {
        self.connection.pragma_update(None, "synchronous", how).map_err(StoreError::at(&self.path))
    }

    /// Closes the file in order: the log is moved into the file, and removed.
    ///
    /// # Errors
    /// All records are stored nevertheless; the next start finds them in the log.
    pub fn close(self) -> Result<(), StoreError> {
        let told = StoreError::at(&self.path);
        let optimized = self.connection.execute_batch("PRAGMA optimize");
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(&told)?;
        optimized.map_err(told)
    }
}

/// Writes values that are stored already, to find out whether anything can be written.
pub fn probe(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("UPDATE numbers SET place = place", [])?;
    transaction.commit()
}
