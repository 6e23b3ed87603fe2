//! The index of words made anew when it is damaged: it is the one part of the file that is made from the rest. Knows not what is searched for.

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreError, Writer};

/// The version of FTS5's tables that this program's SQLite makes.
const FORMAT: u32 = 4;

impl Writer {
    /// Empties the index if it is the reason for `error`, so that
    /// [`Writer::index`] makes it anew in quiet; whether it was.
    ///
    /// # Errors
    /// The index cannot be emptied; all is as it was.
    pub fn mend_index(&mut self, error: &StoreError) -> Result<bool, StoreError> {
        let path = &self.path;
        let told = |error: rusqlite::Error| StoreError::sql(path, &error);
        let is_damaged = match error {
            StoreError::Index(_) => true,
            // Pages of its tables may be damaged, too, and then it is not FTS5 that notices.
            StoreError::Damaged { .. } => !is_sound(&self.connection).map_err(told)?,
            _ => false,
        };
        if is_damaged {
            empty(&mut self.connection).map_err(told)?;
        }
        Ok(is_damaged)
    }

    /// Whether a search has found the index damaged, as an error; once.
    pub fn suspicion(&self) -> Option<StoreError> {
        self.claim.takes_suspicion().then(|| StoreError::Index(self.path.clone()))
    }
}

/// Whether the pages of the index's tables do not contradict one another.
fn is_sound(connection: &Connection) -> rusqlite::Result<bool> {
    let mut tables = connection.prepare(r"SELECT name FROM sqlite_schema WHERE name LIKE 'words\_%' ESCAPE '\'")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        let found: String = connection.query_row(&format!("PRAGMA quick_check('{table}')"), [], |row| row.get(0))?;
        if found != "ok" {
            return Ok(false);
        }
    }
    Ok(true)
}

fn empty(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // This does not look at what is in the index.
    let all = "INSERT INTO words (words) VALUES ('delete-all')";
    if transaction.execute_batch(all).is_err() {
        // But it does look at this, which says how the tables are to be read.
        transaction.execute_batch(&format!("REPLACE INTO words_config VALUES ('version', {FORMAT}); {all}"))?;
    }
    transaction.execute("UPDATE place SET indexed = 0 WHERE indexed > 0", [])?;
    transaction.commit()
}
