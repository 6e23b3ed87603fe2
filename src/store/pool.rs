//! Lends out the connections that read, by turns and for a bounded time. Knows nothing of what is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};

use super::{StoreError, settle};
use crate::limits::InForce;
use crate::turns::{NoTurn, Turns};

/// After so many steps of its virtual machine, SQLite checks whether the time is over.
const STEPS: i32 = 1_000;

/// How long a read is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Length {
    /// A page, a row or a bounded list.
    Short,
    /// A read that may look at many rows to find few. Short reads do not wait for it.
    Long,
}

/// A bounded number of connections. If all are lent out, a thread waits for its turn.
#[derive(Debug)]
pub struct Pool {
    path: PathBuf,
    turns: Turns<Length>,
    /// How many long reads there may be at once.
    most_long: usize,
    most: usize,
    limits: InForce,
    idle: Mutex<Vec<Connection>>,
    stopping: Arc<AtomicBool>,
}

impl Pool {
    /// A pool without connections. Each is opened when it is first needed.
    pub fn new(path: &Path, limits: &InForce) -> Pool {
        let most = limits.now().readers.max(1);
        Pool {
            path: path.to_path_buf(),
            turns: Turns::new(most, limits),
            most_long: (most / 2).max(1),
            most,
            limits: limits.clone(),
            idle: Mutex::default(),
            stopping: Arc::default(),
        }
    }

    /// Lends a connection that can only read to `work`, and ends a read that takes too long.
    ///
    /// # Errors
    /// No turn came in time, or the file cannot be opened.
    pub fn lend<T>(&self, length: Length, work: impl FnOnce(&mut Connection) -> T) -> Result<T, StoreError> {
        let most = if length == Length::Long { self.most_long } else { self.most };
        let _turn = self.turns.wait(length, most).map_err(|none| match none {
            NoTurn::Busy(time) => StoreError::Busy(time),
            NoTurn::Stopped => StoreError::Stopped,
        })?;
        let idle = self.idle.lock().pop();
        // Opening reads the disk, so no lock is held.
        let mut connection = match idle {
            Some(connection) => connection,
            None => open(&self.path).map_err(|error| self.told(&error))?,
        };
        let (deadline, stopping) = (Instant::now() + self.limits.now().read_time, Arc::clone(&self.stopping));
        let is_over = move || stopping.load(Ordering::Relaxed) || Instant::now() >= deadline;
        connection.progress_handler(STEPS, Some(is_over)).map_err(|error| self.told(&error))?;
        let done = work(&mut connection);
        // A connection that could not end its transaction is closed; another is opened when it is needed.
        if connection.is_autocommit() {
            self.idle.lock().push(connection);
        }
        Ok(done)
    }

    /// Turns an error of SQLite about the file that is read into a store error.
    pub fn told(&self, error: &rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) if self.stopping.load(Ordering::Relaxed) => {
                StoreError::Stopped
            }
            Some(rusqlite::ErrorCode::OperationInterrupted) => StoreError::TookTooLong(self.limits.now().read_time),
            _ => StoreError::sql(&self.path, error),
        }
    }

    /// How many connections are lent out, and how many wait for one.
    pub fn load(&self) -> (usize, usize) {
        self.turns.load()
    }

    /// Ends all reads, and all waits, now and later.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.turns.stop();
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    settle(&connection)?;
    Ok(connection)
}
