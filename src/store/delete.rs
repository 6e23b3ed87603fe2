//! Deletes a place, a message, an account, a resume record or a file, with everything that belongs to it. Does not know why.

use rusqlite::types::FromSql;
use rusqlite::{Connection, Params};

use super::columns::piece_row;
use crate::model::{AccountId, FileId, Identity, PlaceId, ResumeId, Target};

/// Marks the place as removed: it is no longer read. It may have a million messages; `expire` deletes them step by step.
pub fn place(connection: &Connection, place: PlaceId) -> rusqlite::Result<()> {
    run(connection, "UPDATE place SET removed = 1 WHERE id = ?", [place])?;
    for table in ["room", "conversation", "role", "voice", "membership", "restriction"] {
        run(connection, &format!("DELETE FROM {table} WHERE place = ?"), [place])?;
    }
    Ok(())
}

/// Deletes the text and the file of a message. Its row remains, so that the numbers have no gap.
pub fn message(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    files(connection, "SELECT file FROM message WHERE id = ? AND file IS NOT NULL", [id])?;
    run(connection, "UPDATE message SET text = '', file = NULL, deleted = 1 WHERE id = ?", [id])?;
    run(connection, "DELETE FROM words WHERE rowid = ?", [id])
}

/// Deletes an account, and its messages and files if `with_messages`; otherwise they lose their author.
/// The caller has deleted its conversations, see [`conversations_of`].
pub fn account(connection: &Connection, id: AccountId, with_messages: bool) -> rusqlite::Result<()> {
    for found in ids(connection, "SELECT id FROM resume WHERE account = ?", [id])? {
        resume(connection, found)?;
    }
    run(connection, "DELETE FROM account WHERE id = ?", [id])?;
    run(connection, "DELETE FROM role WHERE account = ?", [id])?;
    run(connection, "DELETE FROM voice WHERE account = ?", [id])?;
    run(connection, "DELETE FROM membership WHERE account = ?", [id])?;
    run(connection, "DELETE FROM restriction WHERE target = ?", [Target::Account(id)])?;
    if with_messages {
        files(connection, "SELECT id FROM file WHERE identity = ?", [id])?;
        // This reads all messages. An index by author would cost more, because each new message would be added to it.
        run(connection, "DELETE FROM words WHERE rowid IN (SELECT id FROM message WHERE identity = ?)", [id])?;
        let forget = "UPDATE message SET identity = 0, text = '', file = NULL, deleted = 1 WHERE identity = ?";
        run(connection, forget, [id])
    } else {
        run(connection, "UPDATE file SET identity = 0 WHERE identity = ?", [id])?;
        run(connection, "UPDATE message SET identity = 0 WHERE identity = ?", [id])
    }
}

/// The places of an account's private conversations.
pub fn conversations_of(connection: &Connection, account: AccountId) -> rusqlite::Result<Vec<PlaceId>> {
    ids(connection, "SELECT place FROM conversation WHERE one = ?1 OR other = ?1", [Identity::Account(account)])
}

/// Deletes a resume record, and its tags.
pub fn resume(connection: &Connection, id: ResumeId) -> rusqlite::Result<()> {
    run(connection, "DELETE FROM said WHERE resume = ?", [id])?;
    run(connection, "DELETE FROM resume WHERE id = ?", [id])
}

/// Deletes the resume records of an account beyond `most`: those that were used least lately.
pub fn resumes_beyond(connection: &Connection, account: AccountId, most: usize) -> rusqlite::Result<()> {
    let beyond = "SELECT id FROM resume WHERE account = ? ORDER BY seen DESC, id DESC LIMIT -1 OFFSET ?";
    for found in ids(connection, beyond, (account, most))? {
        resume(connection, found)?;
    }
    Ok(())
}

/// Deletes the files that have no message: their uploads were never finished.
pub fn unfinished_files(connection: &Connection) -> rusqlite::Result<()> {
    files(connection, "SELECT id FROM file WHERE message IS NULL", [])
}

/// Deletes the files that `which` selects, with their pieces.
pub fn files(connection: &Connection, which: &str, params: impl Params) -> rusqlite::Result<()> {
    for file in ids::<FileId>(connection, which, params)? {
        let pieces = [piece_row(file, 0), piece_row(file, u64::MAX)];
        run(connection, "DELETE FROM piece WHERE id BETWEEN ? AND ?", pieces)?;
        run(connection, "DELETE FROM file WHERE id = ?", [file])?;
    }
    Ok(())
}

fn ids<T: FromSql>(connection: &Connection, which: &str, params: impl Params) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(which)?.query_map(params, |row| row.get(0))?.collect()
}

fn run(connection: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(params).map(drop)
}
