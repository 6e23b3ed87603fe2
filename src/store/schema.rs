//! The tables, and how an older file gets the tables of this version. Knows nothing of the rows in them.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Marks a SQLite file as ours: `Rmfl`. A file of another program has another number, or none.
const APPLICATION: i32 = 0x526d_666c;

/// The statements that make each version from the one before. They are never changed after a release; a new version is added below.
pub const MIGRATIONS: &[&str] = &[
    "
    -- The highest numbers given so far, because no number is given again when what had it was removed.
    CREATE TABLE numbers (
        place INTEGER NOT NULL, account INTEGER NOT NULL, resume INTEGER NOT NULL, file INTEGER NOT NULL
    ) STRICT;
    INSERT INTO numbers VALUES (0, 0, 0, 0);

    -- A room or a private conversation: its last message, up to which one the words are in the index,
    -- and whether it was removed; what was in it is then removed step by step.
    CREATE TABLE place (
        id INTEGER PRIMARY KEY,
        last INTEGER NOT NULL DEFAULT 0,
        indexed INTEGER NOT NULL DEFAULT 0,
        removed INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX place_behind ON place (id) WHERE indexed < last AND removed = 0;
    CREATE INDEX place_removed ON place (id) WHERE removed = 1;

    CREATE TABLE room (
        place INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        made INTEGER NOT NULL,
        topic TEXT,
        settings TEXT NOT NULL,
        registered INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE conversation (
        place INTEGER PRIMARY KEY,
        one INTEGER NOT NULL,
        other INTEGER NOT NULL,
        one_nick TEXT NOT NULL,
        other_nick TEXT NOT NULL,
        UNIQUE (one, other)
    ) STRICT;
    CREATE INDEX conversation_other ON conversation (other);

    -- Its number is that of the place, shifted by 32 bits, and its own there:
    -- so a place's messages lie together in their order and need no index.
    CREATE TABLE message (
        id INTEGER PRIMARY KEY,
        time INTEGER NOT NULL,
        identity INTEGER NOT NULL,
        nick TEXT NOT NULL,
        text TEXT NOT NULL,
        me INTEGER NOT NULL,
        deleted INTEGER NOT NULL,
        file INTEGER
    ) STRICT;

    -- Which words are in which message; the messages themselves are not in it a second time.
    -- No diacritics are removed, for й is not и; what is to be the same is made the same before.
    CREATE VIRTUAL TABLE words USING fts5 (
        text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3 4'
    );
    CREATE VIRTUAL TABLE word USING fts5vocab (words, row);

    CREATE TABLE account (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        nick TEXT NOT NULL,
        made INTEGER NOT NULL,
        op INTEGER NOT NULL,
        secret TEXT NOT NULL
    ) STRICT;

    CREATE TABLE role (
        place INTEGER NOT NULL, account INTEGER NOT NULL, role TEXT NOT NULL,
        PRIMARY KEY (place, account)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX role_account ON role (account);

    CREATE TABLE membership (
        account INTEGER NOT NULL, place INTEGER NOT NULL, read INTEGER NOT NULL,
        PRIMARY KEY (account, place)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX membership_place ON membership (place);

    -- Place 0 is the whole server.
    CREATE TABLE restriction (
        place INTEGER NOT NULL, restriction TEXT NOT NULL, target TEXT NOT NULL,
        nick TEXT NOT NULL, until INTEGER, author TEXT NOT NULL, text TEXT, time INTEGER NOT NULL,
        PRIMARY KEY (place, restriction, target)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE resume (
        id INTEGER PRIMARY KEY,
        token BLOB NOT NULL UNIQUE,
        account INTEGER,
        nick TEXT NOT NULL,
        seen INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX resume_seen ON resume (seen);
    CREATE INDEX resume_account ON resume (account) WHERE account IS NOT NULL;

    -- What was said under a tag, and the file that came with it: sent again, it is answered the same.
    CREATE TABLE said (
        resume INTEGER NOT NULL, tag TEXT NOT NULL,
        label TEXT NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL, file INTEGER,
        PRIMARY KEY (resume, tag)
    ) STRICT, WITHOUT ROWID;

    -- A file is complete, and anybody's to see, when it has a message.
    CREATE TABLE file (
        id INTEGER PRIMARY KEY,
        place INTEGER NOT NULL,
        identity INTEGER NOT NULL,
        message INTEGER,
        size INTEGER NOT NULL,
        name TEXT NOT NULL,
        mime TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        -- The address of a guest, because a guest who reconnects is another one.
        origin TEXT
    ) STRICT;
    CREATE INDEX file_place ON file (place, message);
    CREATE INDEX file_identity ON file (identity, size);
    CREATE INDEX file_origin ON file (origin) WHERE origin IS NOT NULL;

    -- Its number is that of the file, shifted by 32 bits, and the offset of its first byte.
    CREATE TABLE piece (
        id INTEGER PRIMARY KEY,
        bytes BLOB NOT NULL
    ) STRICT;

    -- The time that is known for sure, as it was when something was last removed for its age; 0 before that.
    CREATE TABLE clock (known INTEGER NOT NULL) STRICT;
    INSERT INTO clock VALUES (0);

    -- Messages that a clock made much older than they are, and when they were said at the earliest.
    CREATE TABLE doubt (id INTEGER PRIMARY KEY, since INTEGER NOT NULL) STRICT;
",
    WORDS_CUT_BY_US,
    ORDER_WITHOUT_CLOCK,
    SIZES_OF_PICTURES,
    PEOPLE_OF_OTHER_PROTOCOLS,
];

/// The index gets words that `fold` has cut and folded, with blanks between them; to
/// the tokenizer, every character above ASCII is a letter. The messages are added to
/// the new index when there is nothing else to write.
const WORDS_CUT_BY_US: &str = "
    DROP TABLE word;
    DROP TABLE words;
    CREATE VIRTUAL TABLE words USING fts5 (
        text, content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '2 3 4'
    );
    CREATE VIRTUAL TABLE word USING fts5vocab (words, row);
    UPDATE place SET indexed = 0;
";

/// Makes pages by time, and pages of search results, right also if the clock was set back.
const ORDER_WITHOUT_CLOCK: &str = "
    -- The earliest and the latest time among 256 messages of a place; perhaps of some that were removed.
    CREATE TABLE span (
        id INTEGER PRIMARY KEY,
        least INTEGER NOT NULL,
        most INTEGER NOT NULL
    ) STRICT;
    INSERT INTO span SELECT id >> 8, min(time), max(time) FROM message GROUP BY id >> 8;

    -- What a time counts as that is not later than something said earlier, anywhere on the server:
    -- it is later than that. So all messages and tags are in the order in which they were kept.
    ALTER TABLE message ADD COLUMN late INTEGER;
    ALTER TABLE said ADD COLUMN late INTEGER;
    UPDATE message SET late = latest FROM (
        SELECT id AS late_id, time AS late_time, max(time) OVER (PARTITION BY id >> 32 ORDER BY id) AS latest FROM message
    ) WHERE id = late_id AND latest > late_time;

    -- So that they are not counted as unread.
    CREATE INDEX message_deleted ON message (deleted) WHERE deleted = 1;
";

/// Tells how large a picture is before it is fetched.
const SIZES_OF_PICTURES: &str = "
    ALTER TABLE file ADD COLUMN width INTEGER;
    ALTER TABLE file ADD COLUMN height INTEGER;
";

/// What the protocols of other chats tell and ask: the author of a topic, voices, words about oneself, masks.
const PEOPLE_OF_OTHER_PROTOCOLS: &str = "
    ALTER TABLE room ADD COLUMN topic_by TEXT;
    ALTER TABLE room ADD COLUMN topic_time INTEGER;

    -- The accounts that may speak in a room in which not all may.
    CREATE TABLE voice (
        place INTEGER NOT NULL, account INTEGER NOT NULL,
        PRIMARY KEY (place, account)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX voice_account ON voice (account);

    -- 0 is speech, 1 an action, 2 a notice.
    ALTER TABLE message RENAME COLUMN me TO kind;

    ALTER TABLE account ADD COLUMN about TEXT;

    -- The mask as an op has typed it; it is shown, and lifts the restriction again.
    ALTER TABLE restriction ADD COLUMN mask TEXT;

    -- The key with which addresses are hidden. It never changes, or bans would end.
    CREATE TABLE cloak (key BLOB NOT NULL) STRICT;
    INSERT INTO cloak VALUES (randomblob(32));
";

/// Makes the tables of the newest version in an empty file, or brings an older file to that version.
///
/// # Errors
/// Those of [`version`], and those of SQLite.
pub fn migrate(connection: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), StoreError> {
    let told = StoreError::at(path);
    let found = version(connection, path, migrations)?;
    for (number, step) in (1_u32..).zip(migrations).skip(found as usize) {
        // The step and its number are committed together, so that no step is done twice.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&told)?;
        transaction.execute_batch(step).map_err(&told)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(&told)?;
        transaction.pragma_update(None, "user_version", number).map_err(&told)?;
        transaction.commit().map_err(&told)?;
    }
    Ok(())
}

/// The version of the file: how many of `migrations` were done on it; 0 if it is empty.
///
/// # Errors
/// [`StoreError::Foreign`] if the file is another program's, [`StoreError::Newer`] if its version is not known here.
pub fn version(connection: &Connection, path: &Path, migrations: &[&str]) -> Result<u32, StoreError> {
    let number = |sql: &str| -> Result<i64, StoreError> {
        connection.query_row(sql, [], |row| row.get(0)).map_err(StoreError::at(path))
    };
    let application = number("PRAGMA application_id")?;
    let found = number("PRAGMA user_version")?;
    let is_empty = application == 0 && found == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0;
    if !is_empty && application != i64::from(APPLICATION) {
        return Err(StoreError::Foreign(path.to_path_buf()));
    }
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::Newer { path: path.to_path_buf(), found, known });
    }
    Ok(found)
}

/// Checks that the pages of each table do not contradict one another. It does not
/// check the contents of the index of words: that takes five times as long as all
/// the rest, and no message depends on it.
///
/// # Errors
/// [`StoreError::Damaged`] with the first fault.
pub fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    // Virtual tables have no root page, but the tables behind them have.
    let tables =
        "SELECT 'sqlite_schema' UNION ALL SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0";
    let fault = first_fault(connection, tables).map_err(StoreError::at(path))?;
    fault.map_or(Ok(()), |what| Err(StoreError::Damaged { path: path.to_path_buf(), what }))
}

/// The first contradiction in the pages of the tables whose names `tables` selects.
pub fn first_fault(connection: &Connection, tables: &str) -> rusqlite::Result<Option<String>> {
    for table in connection.prepare(tables)?.query_map([], |row| row.get::<_, String>(0))? {
        let check = format!("PRAGMA quick_check('{}')", table?.replace('\'', "''"));
        let found: String = connection.query_row(&check, [], |row| row.get(0))?;
        if found != "ok" {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Checks everything in the file.
///
/// # Errors
/// [`StoreError::Damaged`] with the first fault.
pub fn check_thoroughly(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let check = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0));
    let found: String = check.map_err(StoreError::at(path))?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Damaged { path: path.to_path_buf(), what: found }) }
}
