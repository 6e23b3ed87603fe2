//! Fills the index of words, and rebuilds it if it is damaged. Knows no searches.
//!
//! The index lags behind the messages: they are added step by step when there is
//! nothing else to write. Everything in it is made from the messages.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::StoreError;
use super::columns::{row, seq_of};
use super::fold::{fold, words};
use super::schema::first_fault;
use crate::model::{PlaceId, Seq};

/// The version of FTS5's tables that this program's SQLite makes.
const FORMAT: u32 = 4;

/// The tables behind the index.
const TABLES: &str = r"SELECT name FROM sqlite_schema WHERE name LIKE 'words\_%' ESCAPE '\'";

/// How many messages are not in the index yet.
pub fn behind(connection: &Connection) -> rusqlite::Result<u64> {
    let sum = "SELECT coalesce(sum(last - indexed), 0) FROM place WHERE indexed < last AND removed = 0";
    connection.query_row(sum, [], |row| row.get(0))
}

/// Adds at most `most` messages to the index; returns whether there are more.
pub fn take_in(connection: &mut Connection, most: usize) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut left = most;
    let is_behind = loop {
        let behind = first_behind(&transaction)?;
        let Some((place, indexed, last)) = behind.filter(|_| left > 0) else { break behind.is_some() };
        let taken = take_in_of(&transaction, place, indexed, last, left)?;
        left -= taken.1.min(left);
        transaction.prepare_cached("UPDATE place SET indexed = ?2 WHERE id = ?1")?.execute((place, taken.0))?;
    };
    transaction.commit()?;
    Ok(is_behind)
}

/// A place with messages that are not in the index, the number of its last message in the index, and that of its last message.
fn first_behind(connection: &Connection) -> rusqlite::Result<Option<(PlaceId, Seq, Seq)>> {
    connection
        .prepare_cached("SELECT id, indexed, last FROM place WHERE indexed < last AND removed = 0 LIMIT 1")?
        .query_row([], |row| row.try_into())
        .optional()
}

/// Adds messages of a place after `indexed`; returns the number of the last one, and how many were added.
fn take_in_of(
    connection: &Connection,
    place: PlaceId,
    indexed: Seq,
    last: Seq,
    most: usize,
) -> rusqlite::Result<(Seq, usize)> {
    let mut messages =
        connection.prepare_cached("SELECT id, text FROM message WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?")?;
    let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?)")?;
    let mut rows = messages.query(params![row(place, indexed + 1), row(place, last), most])?;
    let (mut reached, mut taken) = (indexed, 0);
    while let Some(found) = rows.next()? {
        let id: i64 = found.get(0)?;
        let text = found.get_ref(1)?.as_str()?;
        if !text.is_empty() {
            insert.execute(params![id, &*words(&fold(text))])?;
        }
        reached = seq_of(id);
        taken += 1;
    }
    // Everything up to `last` was read; the messages with the last numbers may be removed.
    Ok((if taken < most { last } else { reached }, taken))
}

/// Whether the index is the reason for `error`.
pub fn is_damaged(connection: &Connection, error: &StoreError) -> rusqlite::Result<bool> {
    match error {
        StoreError::Index(_) => Ok(true),
        // If pages of its tables are damaged, SQLite notices it and not FTS5.
        StoreError::Damaged { .. } => Ok(first_fault(connection, TABLES)?.is_some()),
        _ => Ok(false),
    }
}

/// Empties the index, so that [`take_in`] makes it anew.
pub fn empty(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // This does not read the contents of the index.
    let all = "INSERT INTO words (words) VALUES ('delete-all')";
    if transaction.execute_batch(all).is_err() {
        // But it reads this row, which tells the format of the tables.
        transaction.execute_batch(&format!("REPLACE INTO words_config VALUES ('version', {FORMAT}); {all}"))?;
    }
    transaction.execute("UPDATE place SET indexed = 0 WHERE indexed > 0", [])?;
    transaction.commit()
}
