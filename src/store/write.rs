//! Writing records, in batches, all of a batch or what can be written of it. Knows not what the records say.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;
use super::batch::Batch;
use super::claim::{Claim, Files};
use super::expire::Expiry;
use super::index;
use super::order::last_counted;
use crate::limits::Limits;
use crate::model::Millis;
use crate::record::Record;

/// The one that writes. One thread has it.
pub struct Writer {
    pub(super) connection: Connection,
    path: PathBuf,
    expiry: Expiry,
    /// What the time of the last message counts as; none before it was looked for.
    counted: Option<Millis>,
    /// Whether a commit may return before the disk has it.
    is_at_leisure: bool,
    /// The last time that is known for sure: the clock may have been set back since.
    known: Millis,
    /// What is written to.
    files: Files,
    /// No other server opens the file while there is a writer.
    claim: Arc<Claim>,
}

impl Writer {
    pub(super) fn new(connection: Connection, known: Millis, claim: Arc<Claim>) -> Result<Writer, StoreError> {
        let (path, files) = (claim.path().to_path_buf(), claim.files()?);
        Ok(Writer {
            connection,
            path,
            expiry: Expiry::default(),
            counted: None,
            is_at_leisure: false,
            known,
            files,
            claim,
        })
    }

    /// Writes the records in their order, all or none. They are on the disk when
    /// this returns, and the same batch may be written again when it failed.
    ///
    /// # Errors
    /// Nothing is written, and [`StoreError::may_pass`] tells whether to try again.
    pub fn write<'a>(&mut self, records: impl IntoIterator<Item = &'a Record>) -> Result<(), StoreError> {
        self.wait_for_the_disk()?;
        let counted = write_all(&mut self.connection, records, self.known, self.counted);
        self.counted = Some(counted.map_err(StoreError::at(&self.path))?);
        Ok(())
    }

    /// Writes all changes that can be written, each whole or not at all: for a
    /// batch that can never be written as it is. Returns for each why it was
    /// left out, if it was.
    ///
    /// # Errors
    /// Nothing is written, and it may be tried again.
    pub fn write_each(&mut self, changes: &[Vec<&Record>]) -> Result<Vec<Option<StoreError>>, StoreError> {
        self.wait_for_the_disk()?;
        let mut refused: Vec<Option<StoreError>> = changes.iter().map(|_| None).collect();
        loop {
            let begun = refused.iter().flatten().count();
            match write_each(&mut self.connection, (&self.path, self.known), changes, &mut refused, self.counted) {
                Ok(counted) => {
                    self.counted = Some(counted);
                    return Ok(refused);
                }
                Err(error) => {
                    let error = StoreError::sql(&self.path, &error);
                    // SQLite may have given up all because of one: without that one it is tried again.
                    if error.may_pass() || refused.iter().flatten().count() == begun {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Looks whether what was written is in the file of our name, and not in
    /// one that was moved or removed meanwhile.
    ///
    /// # Errors
    /// It is not, or that cannot be known.
    pub fn is_in_place(&self) -> Result<(), StoreError> {
        self.claim.has(&self.files)
    }

    /// Looks whether anything can be written at all.
    ///
    /// # Errors
    /// It cannot, and why.
    pub fn probe(&mut self) -> Result<(), StoreError> {
        probe(&mut self.connection).map_err(StoreError::at(&self.path))
    }

    /// One small step of removing what is too old or too much; see [`Expiry::step`]. Whether there is more to do.
    ///
    /// # Errors
    /// The step is not done at all, and the next call begins with it.
    pub fn expire(&mut self, now: Millis, limits: &Limits) -> Result<bool, StoreError> {
        let done = self.expiry.step(&mut self.connection, now, self.known, limits);
        done.map_err(StoreError::at(&self.path))
    }

    /// The time that is known for sure, from an earlier run of the server until it is told anew; 0 if none is.
    pub fn known_time(&self) -> Millis {
        self.known
    }

    /// Tells which time it is for sure, whatever the clock shows. [`Writer::expire`] stores it.
    pub fn know_time(&mut self, known: Millis) {
        self.known = known;
    }

    /// How many messages are still to be taken into the index of words.
    ///
    /// # Errors
    /// What SQLite could not do.
    pub fn behind(&self) -> Result<u64, StoreError> {
        index::behind(&self.connection).map_err(StoreError::at(&self.path))
    }

    /// Takes at most `most` messages into the index of words; whether there are more.
    ///
    /// # Errors
    /// Nothing is taken in, and the next call begins where this one did.
    pub fn index(&mut self, most: usize) -> Result<bool, StoreError> {
        self.at_leisure(|writer| index::take_in(&mut writer.connection, most).map_err(StoreError::at(&writer.path)))
    }

    /// Empties the index of words if it is the reason for `error`, so that
    /// [`Writer::index`] makes it anew; whether it was.
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

    /// Whether a search has found the index of words damaged, as an error; once.
    pub fn suspicion(&self) -> Option<StoreError> {
        self.claim.takes_suspicion().then(|| StoreError::Index(self.path.clone()))
    }

    /// Writes without waiting for the disk: for work that is done again if a
    /// power cut takes it. A batch that is written later takes it to the disk
    /// with it, because there is one log, in order.
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

    /// From here on a commit returns when it is on the disk. What is answered
    /// depends on it, so it is asked for until SQLite has taken it.
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

    /// Closes the file in order: all is moved from the log into it, and the log is removed.
    ///
    /// # Errors
    /// What was written is stored nevertheless, and the next start finds it in the log.
    pub fn close(self) -> Result<(), StoreError> {
        let told = StoreError::at(&self.path);
        let optimized = self.connection.execute_batch("PRAGMA optimize");
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(&told)?;
        optimized.map_err(told)
    }
}

/// Writes them; what the time of the last message counts as after that.
fn write_all<'a>(
    connection: &mut Connection,
    records: impl IntoIterator<Item = &'a Record>,
    known: Millis,
    counted: Option<Millis>,
) -> rusqlite::Result<Millis> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let counted = counted.map_or_else(|| last_counted(&transaction), Ok)?;
    let mut batch = Batch::new(&transaction, known, counted);
    for record in records {
        batch.write(record)?;
    }
    let counted = batch.finish()?;
    transaction.commit()?;
    Ok(counted)
}

/// Writes what can be written, and notes in `refused` what cannot; an error ends the transaction with nothing written.
fn write_each(
    connection: &mut Connection,
    (path, known): (&Path, Millis),
    changes: &[Vec<&Record>],
    refused: &mut [Option<StoreError>],
    counted: Option<Millis>,
) -> rusqlite::Result<Millis> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut counted = counted.map_or_else(|| last_counted(&transaction), Ok)?;
    for (change, refused) in changes.iter().zip(refused).filter(|(_, refused)| refused.is_none()) {
        transaction.execute_batch("SAVEPOINT change")?;
        let mut batch = Batch::new(&transaction, known, counted);
        match change.iter().try_for_each(|record| batch.write(record)).and_then(|()| batch.finish()) {
            Ok(after) => counted = after,
            Err(error) => {
                let why = StoreError::sql(path, &error);
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
    Ok(counted)
}

/// Writes what is there already, so that it is known whether anything can be written.
pub fn probe(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("UPDATE numbers SET place = place", [])?;
    transaction.commit()
}
