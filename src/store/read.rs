//! Reads what is stored: pages, memberships, logins, files. Does not know who may read it: the caller has asked the chat.

use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Params, Transaction, params};

use super::StoreError;
use super::claim::Claim;
use super::columns::{MESSAGE, file_info, message, piece_row, row, rows, seq_of, unrow};
use super::order::Spans;
use super::pool::{Length, Pool};
use crate::cloak::Cloak;
use crate::command::{Page, Stretch};
use crate::limits::InForce;
use crate::model::{AccountId, FileId, Identity, Millis, Owner, PlaceId, Seq};
use crate::process::private::free_bytes;
use crate::record::{
    ConversationRow, MembershipRow, Pages, ResumeRecord, ResumeRow, SaidRecord, StoredFile, StoredMessage,
};

/// Reads the database, in any thread. Each call sees everything that was stored when it began.
///
/// The guest with the number 0 means an account that was deleted.
pub struct Store {
    pool: Pool,
    /// Refuses other servers while the file is read.
    claim: Arc<Claim>,
    /// Hides the addresses of authors.
    pub(super) cloak: Cloak,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    pub(super) fn new(limits: &InForce, claim: Arc<Claim>, cloak: Cloak) -> Store {
        Store { pool: Pool::new(claim.path(), limits), claim, cloak }
    }

    /// Ends all reads, now and later: the server is stopping.
    pub fn stop(&self) {
        self.pool.stop();
    }

    /// How many connections read now, and how many wait for one.
    pub fn load(&self) -> (usize, usize) {
        self.pool.load()
    }

    /// At most `most` messages of a place, which the reader knows as `label`.
    ///
    /// # Errors
    /// The file cannot be read; the same for the functions below.
    pub fn page(&self, place: PlaceId, label: &Arc<str>, page: Page, most: usize) -> Result<Pages, StoreError> {
        self.read(|connection| {
            let Some(bounds) = bounds(connection, place)? else { return Ok(Pages::default()) };
            let stretch = Stretch::of(page, most, &Spans { connection, place })?;
            let Stretch { from, to, middle, .. } = stretch;
            let some = |from, to, order, most: usize| -> rusqlite::Result<(Vec<StoredMessage>, bool)> {
                if most == 0 || from > to {
                    return Ok((Vec::new(), false));
                }
                let mut messages = connection
                    .prepare_cached(&format!(
                        "SELECT {MESSAGE} FROM message LEFT JOIN file ON file.id = message.file
                         WHERE message.id BETWEEN ? AND ? ORDER BY message.id {order} LIMIT ?"
                    ))?
                    .query_map(params![row(place, from), row(place, to), most + 1], |row| {
                        message(row, label, &self.cloak)
                    })?
                    .collect::<Result<Vec<_>, _>>()?;
                let more = messages.len() > most;
                messages.truncate(most);
                Ok((messages, more))
            };
            let (mut messages, more) = some(from, middle.min(to), "DESC", stretch.down)?;
            messages.reverse();
            let lower = messages.len();
            let (upper, more_above) = some(middle.saturating_add(1).max(from), to, "ASC", stretch.above(lower))?;
            messages.extend(upper);
            Ok(Pages { messages, lower, first: bounds.0, more: if stretch.up > 0 { more_above } else { more } })
        })
    }

    /// One message.
    pub fn message(&self, place: PlaceId, label: &Arc<str>, seq: Seq) -> Result<Option<StoredMessage>, StoreError> {
        self.read(|connection| {
            if bounds(connection, place)?.is_none() {
                return Ok(None);
            }
            let sql =
                format!("SELECT {MESSAGE} FROM message LEFT JOIN file ON file.id = message.file WHERE message.id = ?");
            connection
                .prepare_cached(&sql)?
                .query_row([row(place, seq)], |row| message(row, label, &self.cloak))
                .optional()
        })
    }

    /// The account whose nick has this key, and the PHC string of its password.
    pub fn secret(&self, key: &str) -> Result<Option<(AccountId, String)>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT id, secret FROM account WHERE key = ?")?
                .query_row([key], |row| row.try_into())
                .optional()
        })
    }

    /// The rooms and private conversations of an account, in the order of their numbers.
    pub fn memberships(&self, account: AccountId) -> Result<Vec<MembershipRow>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "WITH mine AS (
                        SELECT membership.place, membership.read, place.last, message.time, conversation.place IS NOT NULL AS is_private,
                            CASE one WHEN ?1 THEN other ELSE one END AS other,
                            CASE one WHEN ?1 THEN other_nick ELSE one_nick END AS nick
                        FROM membership JOIN place ON place.id = membership.place AND place.removed = 0
                        LEFT JOIN conversation ON conversation.place = membership.place
                        LEFT JOIN message ON message.id = (place.id << 32) + place.last
                        WHERE membership.account = ?1
                     )
                     SELECT mine.place, mine.read, mine.last, is_private, other, coalesce(account.nick, mine.nick), mine.time
                     FROM mine LEFT JOIN account ON account.id = other ORDER BY mine.place",
                )?
                .query_map([account], |row| {
                    let is_private = row.get(3)?;
                    Ok(MembershipRow {
                        place: row.get(0)?,
                        with: if is_private { Some((row.get(4)?, row.get(5)?)) } else { None },
                        seq: row.get(2)?,
                        time: row.get(6)?,
                        read: row.get(1)?,
                    })
                })?
                .collect()
        })
    }

    /// The number of the last message of each of these places, and its time if it is still stored.
    pub fn last_messages(&self, places: &[(PlaceId, Arc<str>)]) -> Result<Vec<(Seq, Option<Millis>)>, StoreError> {
        let last = "SELECT last, time FROM place LEFT JOIN message ON message.id = (place.id << 32) + last
            WHERE place.id = ? AND removed = 0";
        self.read(|connection| {
            let mut last = connection.prepare_cached(last)?;
            let mut of = |place| last.query_row([place], |row| row.try_into()).optional();
            places.iter().map(|(place, _)| Ok(of(*place)?.unwrap_or((0, None)))).collect()
        })
    }

    /// How many messages come after a number, in each of these places, without deleted messages.
    pub fn left_after(&self, places: &[(PlaceId, Seq)]) -> Result<Vec<u64>, StoreError> {
        self.read(|connection| places.iter().map(|(place, seq)| left_after(connection, *place, *seq)).collect())
    }

    /// The login whose resume token has this SHA-256, with its last `most_tags` tags.
    pub fn resume(&self, token: &[u8; 32], most_tags: usize) -> Result<Option<ResumeRow>, StoreError> {
        self.read(|connection| {
            let resume = connection
                .prepare_cached("SELECT id, account, nick, seen FROM resume WHERE token = ?")?
                .query_row([token], |row| {
                    let (id, account, nick, seen) = row.try_into()?;
                    Ok(ResumeRecord { id, token: *token, account, nick, seen })
                })
                .optional()?;
            let Some(resume) = resume else { return Ok(None) };
            let mut said: Vec<SaidRecord> = connection
                .prepare_cached(
                    "SELECT tag, label, seq, time, file FROM said WHERE resume = ?
                     ORDER BY coalesce(late, time) DESC, seq DESC LIMIT ?",
                )?
                .query_map((resume.id, most_tags), |row| {
                    let (tag, label, seq, time, file) = row.try_into()?;
                    Ok(SaidRecord { resume_id: resume.id, tag, label, seq, time, file })
                })?
                .collect::<Result<_, _>>()?;
            said.reverse();
            Ok(Some(ResumeRow { resume, said }))
        })
    }

    /// The other person in each private conversation of `identity`.
    pub fn conversations(&self, identity: Identity) -> Result<Vec<Identity>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT iif(one = ?1, other, one) FROM conversation WHERE one = ?1 OR other = ?1")?
                .query_map([identity], |row| row.get(0))?
                .collect()
        })
    }

    /// The private conversation of two people, in any order, and the number of its last message, or 0.
    pub fn conversation(&self, one: Identity, other: Identity) -> Result<Option<ConversationRow>, StoreError> {
        self.read(|connection| {
            let found = connection
                .prepare_cached(
                    "SELECT place.id, place.last FROM conversation JOIN place ON place.id = conversation.place
                     WHERE (one = ?1 AND other = ?2) OR (one = ?2 AND other = ?1)",
                )?
                .query_row((one, other), |row| row.try_into())
                .optional()?;
            let Some((place, seq)) = found else { return Ok(None) };
            let mut membership =
                connection.prepare_cached("SELECT 1 FROM membership WHERE account = ? AND place = ?")?;
            let mut closed = Vec::new();
            for identity in [one, other] {
                if let Identity::Account(account) = identity
                    && !membership.exists((account, place))?
                {
                    closed.push(account);
                }
            }
            Ok(Some(ConversationRow { place, seq, closed }))
        })
    }

    /// A file that is complete.
    pub fn file(&self, file: FileId) -> Result<Option<StoredFile>, StoreError> {
        Ok(self.read(|connection| files(connection, "file.id = ?", [file]))?.pop())
    }

    /// The complete files of a place, the newest first.
    pub fn files(&self, place: PlaceId, before: Option<Seq>, most: usize) -> Result<Vec<StoredFile>, StoreError> {
        let newest = "file.place = ? AND file.message < ? ORDER BY file.message DESC LIMIT ?";
        let before = before.map_or(i64::MAX, |before| row(place, before));
        self.read(|connection| files(connection, newest, (place, before, most)))
    }

    /// A complete file, and at most `most` of its bytes from `offset` on; fewer only at
    /// its end. Both are read at one moment, so a file that is deleted meanwhile is
    /// there as a whole or not at all.
    pub fn piece(&self, file: FileId, offset: u64, most: usize) -> Result<Option<(StoredFile, Vec<u8>)>, StoreError> {
        self.read(|connection| {
            let mut bytes = Vec::new();
            let Some(found) = files(connection, "file.id = ?", [file])?.pop() else { return Ok(None) };
            let wanted = piece_row(file, offset);
            let mut pieces = connection.prepare_cached(
                "SELECT id, bytes FROM piece
                 WHERE id BETWEEN coalesce((SELECT max(id) FROM piece WHERE id BETWEEN ?1 AND ?2), ?2) AND ?3 ORDER BY id",
            )?;
            let mut rows = pieces.query([piece_row(file, 0), wanted, piece_row(file, u64::MAX)])?;
            while bytes.len() < most
                && let Some(next_piece) = rows.next()?
            {
                // The first piece may begin before the offset; after a gap nothing more is read.
                let begins: i64 = next_piece.get(0)?;
                let next = wanted + i64::try_from(bytes.len()).unwrap_or(i64::MAX);
                let piece = next_piece.get_ref(1)?.as_blob()?;
                let Some(rest) = usize::try_from(next - begins).ok().and_then(|skip| piece.get(skip..)) else { break };
                bytes.extend_from_slice(&rest[..rest.len().min(most - bytes.len())]);
            }
            Ok(Some((found, bytes)))
        })
    }

    /// How many bytes the disk of the database can still take, if the system tells.
    pub fn free_bytes(&self) -> Option<u64> {
        free_bytes(self.claim.path())
    }

    /// How many bytes of a file are stored, whether it was said or not; none if there is no such file.
    pub fn stored_bytes(&self, file: FileId) -> Result<Option<u64>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT (SELECT coalesce(sum(length(bytes)), 0) FROM piece WHERE id BETWEEN ?2 AND ?3)
                     FROM file WHERE id = ?1",
                )?
                .query_row((file, piece_row(file, 0), piece_row(file, u64::MAX)), |row| row.get(0))
                .optional()
        })
    }

    /// The bytes of one owner's files that were said, and of all owners' files.
    pub fn bytes(&self, owner: Owner) -> Result<(u64, u64), StoreError> {
        let (of, cell) = match owner {
            Owner::Account(id) => ("identity = ?", Value::from(i64::from(id.0))),
            Owner::Guests(origin) => ("origin = ?", Value::from(origin.to_string())),
        };
        let own = format!("SELECT coalesce(sum(size), 0) FROM file WHERE {of} AND message IS NOT NULL");
        let all = "SELECT coalesce(sum(size), 0) FROM file WHERE message IS NOT NULL";
        self.read(|connection| {
            let own = connection.prepare_cached(&own)?.query_row([cell], |row| row.get(0))?;
            let all = connection.prepare_cached(all)?.query_row([], |row| row.get(0))?;
            Ok((own, all))
        })
    }

    /// Reads with one of the connections. All its statements see the same state of the file.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.read_for(Length::Short, work)
    }

    /// The same for a read that may take long.
    pub(super) fn read_for<T>(
        &self,
        length: Length,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let told = |error: rusqlite::Error| {
            let told = self.pool.told(&error);
            if matches!(told, StoreError::Index(_)) {
                self.claim.suspect_index();
            }
            told
        };
        self.pool.lend(length, |connection| {
            let transaction = connection.transaction().map_err(told)?;
            work(&transaction).map_err(told)
        })?
    }
}

/// The numbers of the first and the last message of a place; the first is 0 if no message is left. `None` if the place was removed.
pub fn bounds(connection: &Connection, place: PlaceId) -> rusqlite::Result<Option<(Seq, Seq)>> {
    let (low, high) = rows(place);
    connection
        .prepare_cached(
            "SELECT coalesce((SELECT min(id) FROM message WHERE id BETWEEN ?2 AND ?3), 0), last
             FROM place WHERE id = ?1 AND removed = 0",
        )?
        .query_row((place, low, high), |row| Ok((seq_of(row.get(0)?), row.get(1)?)))
        .optional()
}

/// How many messages of a place come after a number, without deleted messages. The numbers
/// have no gaps, so only the deleted messages are counted one by one.
fn left_after(connection: &Connection, place: PlaceId, seq: Seq) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(
            "SELECT coalesce(max(id) - min(id) + 1, 0) - (
                SELECT count(*) FROM message INDEXED BY message_deleted WHERE deleted = 1 AND id BETWEEN ?1 AND ?2
             ) FROM (
                SELECT (SELECT min(id) FROM message WHERE id BETWEEN ?1 AND ?2) AS id UNION ALL
                SELECT (SELECT max(id) FROM message WHERE id BETWEEN ?1 AND ?2)
             )",
        )?
        .query_row((row(place, seq.saturating_add(1)), rows(place).1), |row| row.get(0))
}

/// The complete files for which `which` is true.
fn files(connection: &Connection, which: &str, params: impl Params) -> rusqlite::Result<Vec<StoredFile>> {
    connection
        .prepare_cached(&format!(
            "SELECT file.id, file.name, file.mime, file.size, file.sha256, file.width, file.height, file.message, message.nick, message.time
             FROM file JOIN message ON message.id = file.message
             JOIN place ON place.id = file.place AND place.removed = 0 WHERE {which}"
        ))?
        .query_map(params, |row| {
            let (place, seq) = unrow(row.get(7)?);
            let info = Arc::new(file_info(row, 0)?);
            Ok(StoredFile { info, place, seq, from: row.get(8)?, time: row.get(9)? })
        })?
        .collect()
}
