//! The database: one SQLite file, written by one thread, read by a few at once. Knows no sockets, no sessions and no rights.
//!
//! [`open`] returns three things: the [`Writer`], for the one thread that writes;
//! the [`Store`], to read from in any thread; and the state that the chat needs at
//! the start. Records are written in batches. All of a batch is on the disk when
//! [`Writer::write`] returns, and survives `kill -9` and a power cut.
//!
//! The file is in WAL mode, so readers and the writer do not wait for each other.
//! The module `claim` refuses a second server.

mod backup;
mod batch;
mod claim;
mod columns;
mod delete;
mod error;
mod expire;
mod fold;
mod index;
mod load;
mod order;
mod pool;
mod read;
mod schema;
mod search;
mod write;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use claim::Claim;
#[cfg(test)]
use claim::with_ending;

pub use backup::backup;
pub use error::StoreError;
pub use read::Store;
pub use search::Found;
pub use write::Writer;

use crate::cloak::Cloak;
use crate::limits::InForce;
use crate::process::private;
use crate::record::Snapshot;

/// The version of the tables that this program makes.
pub const VERSION: usize = schema::MIGRATIONS.len();

/// How long a connection waits for another that checkpoints or recovers.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much of the file a connection may hold in memory.
const CACHE_KIB: i64 = 2_048;

/// The size of the log file after all of the log is in the database file.
const LOG_BYTES: u32 = 16 * 1_024 * 1_024;

/// Prepared statements that a connection may hold: more than there are.
const STATEMENTS: usize = 96;

/// An open database.
pub struct Opened {
    /// To read from.
    pub store: Store,
    /// To write with.
    pub writer: Writer,
    /// The state that the chat needs at the start.
    pub snapshot: Snapshot,
    /// What the operator is told if the file had an older version.
    pub upgraded: Option<String>,
}

/// Opens the database at `path`, or makes it; checks it, brings it up to the
/// newest version, and removes files that were never finished.
///
/// # Errors
/// A [`StoreError`] that says what to do; then nothing is changed.
pub fn open(path: &Path, limits: &InForce) -> Result<Opened, StoreError> {
    let claim = Arc::new(Claim::take(path)?);
    let path = claim.path();
    let (mut connection, upgraded) = connect(path)?;
    // A file that cannot be written to is found now, and not when a member speaks.
    write::probe(&mut connection).map_err(StoreError::at(path))?;
    let snapshot = load::snapshot(&mut connection).map_err(StoreError::at(path))?;
    let known = expire::known(&connection).map_err(StoreError::at(path))?;
    Ok(Opened {
        store: Store::new(limits, Arc::clone(&claim), Cloak::new(&snapshot.cloak_key)),
        writer: Writer::new(connection, known, limits, claim)?,
        snapshot,
        upgraded,
    })
}

/// Opens the connection that writes. The file is checked and brought to the newest version,
/// after a copy of an older one was made; what the operator is told of that.
fn connect(path: &Path) -> Result<(Connection, Option<String>), StoreError> {
    let told = StoreError::at(path);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(&told)?;
    settle(&connection).map_err(&told)?;
    let found = schema::version(&connection, path, schema::MIGRATIONS)?;
    if found > 0 {
        schema::check(&connection, path)?;
    }
    let is_older = found > 0 && (found as usize) < VERSION;
    let upgraded =
        is_older.then(|| backup::before_upgrade(path, (found, VERSION), private::free_bytes(path))).transpose()?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(&told)?;
    if mode != "wal" {
        let what = "no write-ahead log is possible here; is it on a network drive?".to_owned();
        return Err(StoreError::Refused { path: path.to_path_buf(), what });
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(&told)?;
    // A large transaction makes a large log; the log is cut after its pages are in the database file.
    connection.query_row(&format!("PRAGMA journal_size_limit = {LOG_BYTES}"), [], |_| Ok(())).map_err(&told)?;
    // Deleted text is overwritten if that writes no extra page.
    connection.query_row("PRAGMA secure_delete = FAST", [], |_| Ok(())).map_err(&told)?;
    schema::migrate(&mut connection, path, schema::MIGRATIONS)?;
    Ok((connection, upgraded))
}

/// The settings of every connection.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}
