//! Removing: a place, a message, an account, a stay, a file, each with all that belongs to it. Knows not who wanted it.

use rusqlite::{Connection, Params};

use super::columns::{piece_row, target_cell, whole};
use super::group::Group;
use crate::model::{AccountId, FileId, PlaceId, Target};

/// Removes the files that have no message, for nobody is sending them any more.
pub fn drop_unfinished(connection: &Connection) -> rusqlite::Result<()> {
    drop_files(connection, "SELECT id FROM file WHERE message IS NULL", [])
}

/// Removes the files that `which` selects, with their pieces.
pub fn drop_files(connection: &Connection, which: &str, params: impl Params) -> rusqlite::Result<()> {
    let files: Vec<i64> =
        connection.prepare_cached(which)?.query_map(params, |row| row.get(0))?.collect::<Result<_, _>>()?;
    for file in files {
        let file = FileId(file.unsigned_abs());
        let pieces = [piece_row(file, 0), piece_row(file, u64::MAX)];
        connection.prepare_cached("DELETE FROM piece WHERE id BETWEEN ? AND ?")?.execute(pieces)?;
        connection.prepare_cached("DELETE FROM file WHERE id = ?")?.execute([whole(file.0)])?;
    }
    Ok(())
}

/// Removes a stay and what it said under tags.
pub fn drop_resume(connection: &Connection, resume_id: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM said WHERE resume = ?")?.execute([resume_id])?;
    connection.prepare_cached("DELETE FROM resume WHERE id = ?")?.execute([resume_id])?;
    Ok(())
}

impl Group<'_> {
    /// The place is nobody's to see from now on. Its messages may be a million; [`Writer::expire`](super::Writer::expire) removes them.
    pub(super) fn place_gone(&mut self, place: PlaceId) -> rusqlite::Result<()> {
        self.last.remove(&place);
        self.run("UPDATE place SET removed = 1 WHERE id = ?", [place.0])?;
        for table in ["room", "conversation", "role", "membership", "restriction"] {
            self.run(&format!("DELETE FROM {table} WHERE place = ?"), [place.0])?;
        }
        Ok(())
    }

    /// The row stays, so that the numbers have no gap; the words and the file go.
    pub(super) fn line_gone(&self, id: i64) -> rusqlite::Result<()> {
        drop_files(self.connection, "SELECT file FROM message WHERE id = ? AND file IS NOT NULL", [id])?;
        self.run("UPDATE message SET text = '', file = NULL, deleted = 1 WHERE id = ?", [id])?;
        self.run("DELETE FROM words WHERE rowid = ?", [id])
    }

    pub(super) fn account_gone(&mut self, account: AccountId, with_messages: bool) -> rusqlite::Result<()> {
        let id = account.0;
        let places: Vec<u32> = self
            .connection
            .prepare_cached("SELECT place FROM conversation WHERE one = ?1 OR other = ?1")?
            .query_map([id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for place in places {
            self.place_gone(PlaceId(place))?;
        }
        let resumes: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM resume WHERE account = ?")?
            .query_map([id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for resume_id in resumes {
            drop_resume(self.connection, resume_id)?;
        }
        self.run("DELETE FROM account WHERE id = ?", [id])?;
        self.run("DELETE FROM role WHERE account = ?", [id])?;
        self.run("DELETE FROM membership WHERE account = ?", [id])?;
        self.run("DELETE FROM restriction WHERE target = ?", [target_cell(&Target::Account(account))])?;
        if with_messages {
            drop_files(self.connection, "SELECT id FROM file WHERE identity = ?", [id])?;
            // Every message there is is looked at: an index by author would cost every message more than this once.
            self.run("DELETE FROM words WHERE rowid IN (SELECT id FROM message WHERE identity = ?)", [id])?;
            self.run("UPDATE message SET identity = 0, text = '', file = NULL, deleted = 1 WHERE identity = ?", [id])
        } else {
            self.run("UPDATE file SET identity = 0 WHERE identity = ?", [id])?;
            self.run("UPDATE message SET identity = 0 WHERE identity = ?", [id])
        }
    }
}
