//! Writes the records of one transaction, with one statement or a few for each kind. Knows no transaction.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Params, ffi, params};

use super::columns::{piece_row, row};
use super::delete;
use super::order::Times;
use crate::model::{
    AccountId, Address, DAY, FileId, FileInfo, Identity, Message, Millis, PlaceId, ResumeId, Seq, Target,
};
use crate::record::{
    AccountRecord, Numbers, Record, RestrictionRecord, ResumeRecord, RoomRecord, SaidRecord, StoredMessage,
};

/// Records that are written together.
pub struct Batch<'a> {
    connection: &'a Connection,
    /// The last time that is certain.
    known: Millis,
    /// The most resume records of one account.
    tokens: usize,
    /// The last message of each place that was written to; `None` if the place does not exist.
    last: HashMap<PlaceId, Option<Seq>>,
    /// The highest numbers in this batch.
    numbers: Numbers,
    times: Times,
}

impl<'a> Batch<'a> {
    /// An empty batch. The last message before it counts as of the time `counted`,
    /// `known` is the last time that is certain, and an account has at most `tokens` resume records.
    pub fn new(connection: &'a Connection, known: Millis, counted: Millis, tokens: usize) -> Batch<'a> {
        let (last, numbers, times) = (HashMap::new(), Numbers::default(), Times::after(counted));
        Batch { connection, known, tokens, last, numbers, times }
    }

    /// Writes one record.
    pub fn write(&mut self, record: &Record) -> rusqlite::Result<()> {
        match record {
            Record::Barrier => Ok(()),
            Record::Room(room) => self.room(room),
            Record::PlaceDeleted(place) => self.delete_place(*place),
            Record::Conversation { place, between, nicks } => self.conversation(*place, between.both(), nicks),
            Record::Message(line) => self.message(line),
            Record::MessageDeleted(place, seq) => delete::message(self.connection, row(*place, *seq)),
            Record::Said(said) => self.said(said),
            Record::Resume(resume) => self.resume(resume),
            Record::ResumeEnded(resume_id) => delete::resume(self.connection, *resume_id),
            Record::Account(account, secret) => self.account(account, secret),
            Record::Password(account, secret) => {
                // Logins with the old password cannot be resumed; sessions that continue are stored again.
                self.run("DELETE FROM resume WHERE account = ?", [account])?;
                self.run("UPDATE account SET secret = ?2 WHERE id = ?1", params![account, secret])
            }
            Record::ServerOp(account, op) => self.run("UPDATE account SET op = ?2 WHERE id = ?1", (account, op)),
            Record::About(account, about) => {
                self.run("UPDATE account SET about = ?2 WHERE id = ?1", params![account, about])
            }
            Record::AccountDeleted(account, with_messages) => self.delete_account(*account, *with_messages),
            Record::Became(resume_id, account) => self.became(Identity::Guest(*resume_id), Identity::Account(*account)),
            Record::Role(place, account, Some(role)) => {
                self.run("INSERT OR REPLACE INTO role VALUES (?, ?, ?)", (place, account, role))
            }
            Record::Role(place, account, None) => {
                self.run("DELETE FROM role WHERE place = ? AND account = ?", (place, account))
            }
            Record::Voice(place, account, true) => {
                self.run("INSERT OR IGNORE INTO voice VALUES (?, ?)", (place, account))
            }
            Record::Voice(place, account, false) => {
                self.run("DELETE FROM voice WHERE place = ? AND account = ?", (place, account))
            }
            Record::Restriction(restriction) => self.restriction(restriction),
            Record::RestrictionLifted(place, restriction, target) => self.run(
                "DELETE FROM restriction WHERE place = ? AND restriction = ? AND target = ?",
                (server_or(*place), restriction, target),
            ),
            Record::Membership(account, place, read) => self.membership(*account, *place, *read),
            Record::MembershipEnded(account, place) => {
                self.run("DELETE FROM membership WHERE account = ? AND place = ?", (account, place))
            }
            Record::File(file, identity, place, origin) => self.file(*file, *identity, *place, *origin),
            Record::Piece(file, offset, bytes) => self.piece(*file, *offset, bytes),
            Record::FileDeleted(file) => delete::files(self.connection, "SELECT id FROM file WHERE id = ?", [file]),
        }
    }

    /// Writes the last message of each place, and the highest numbers. Returns the
    /// time that the last message counts as.
    pub fn finish(mut self) -> rusqlite::Result<Millis> {
        for (place, last) in std::mem::take(&mut self.last) {
            if let Some(last) = last {
                self.run("UPDATE place SET last = max(last, ?2) WHERE id = ?1", (place, last))?;
            }
        }
        self.times.write(self.connection)?;
        let Numbers { place, account, resume, file } = self.numbers;
        if self.numbers != Numbers::default() {
            self.run(
                "UPDATE numbers SET place = max(place, ?1), account = max(account, ?2), resume = max(resume, ?3), file = max(file, ?4)
                 WHERE place < ?1 OR account < ?2 OR resume < ?3 OR file < ?4",
                (place, account, resume, file),
            )?;
        }
        Ok(self.times.counted())
    }

    fn room(&mut self, room: &RoomRecord) -> rusqlite::Result<()> {
        self.place(room.place)?;
        let insert = "INSERT INTO room (place, name, made, topic, settings, registered, topic_by, topic_time)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (place) DO UPDATE SET name = ?2, topic = ?4, settings = ?5, registered = ?6, topic_by = ?7, topic_time = ?8
             WHERE made = ?3";
        let topic = room.topic.as_ref();
        let (text, by) = (topic.map(|topic| &topic.text), topic.and_then(|topic| topic.by.as_ref()));
        let time = topic.and_then(|topic| topic.time);
        // The row of the same room was updated, because its time `made` never changes. So this row is another room's.
        let own = "SELECT FALSE";
        self.add(
            (insert, params![room.place, room.name, room.made, text, room.settings, room.registered, by, time]),
            (own, []),
            || format!("the number {} of a room is another's", room.place.0),
        )
    }

    fn conversation(
        &mut self,
        place: PlaceId,
        [one, other]: [Identity; 2],
        nicks: &(Arc<str>, Arc<str>),
    ) -> rusqlite::Result<()> {
        self.place(place)?;
        self.seen(one);
        self.seen(other);
        let cells = params![place, one, other, nicks.0, nicks.1];
        let insert = "INSERT INTO conversation (place, one, other, one_nick, other_nick) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (place) DO NOTHING";
        // A guest in it may have become an account since.
        let own = "SELECT (one = ?2 AND other = ?3) OR (one_nick = ?4 AND other_nick = ?5) FROM conversation WHERE place = ?1";
        self.add((insert, cells), (own, cells), || format!("the number {} of a conversation is another's", place.0))
    }

    /// Replaces one identity by another in all its conversations.
    fn became(&mut self, before: Identity, now: Identity) -> rusqlite::Result<()> {
        self.run("UPDATE OR IGNORE conversation SET one = ?2 WHERE one = ?1", (before, now))?;
        self.run("UPDATE OR IGNORE conversation SET other = ?2 WHERE other = ?1", (before, now))
    }

    fn place(&mut self, place: PlaceId) -> rusqlite::Result<()> {
        self.numbers.place = self.numbers.place.max(place.0);
        if self.last.get(&place) == Some(&None) {
            // It was searched for before it was made.
            self.last.remove(&place);
        }
        self.run("INSERT OR IGNORE INTO place (id) VALUES (?)", [place])
    }

    fn delete_place(&mut self, place: PlaceId) -> rusqlite::Result<()> {
        self.last.remove(&place);
        delete::place(self.connection, place)
    }

    fn delete_account(&mut self, account: AccountId, with_messages: bool) -> rusqlite::Result<()> {
        for place in delete::conversations_of(self.connection, account)? {
            self.delete_place(place)?;
        }
        delete::account(self.connection, account, with_messages)
    }

    fn message(&mut self, line: &StoredMessage) -> rusqlite::Result<()> {
        let (place, message) = (line.place, &*line.message);
        if !self.is_there(place)? {
            // A message in a place that was removed is not stored.
            return Ok(());
        }
        self.seen(line.identity);
        let id = row(place, message.seq);
        let Message { time, from, text, kind, deleted, .. } = message;
        let file = message.file.as_ref().map(|file| file.file);
        let late = self.times.late(id, *time);
        let insert = "INSERT INTO message (id, time, identity, nick, text, kind, deleted, file, late)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";
        // A message that was written before may have been deleted since.
        let own = "SELECT time = ?2 AND nick = ?3 AND (text = ?4 OR deleted) FROM message WHERE id = ?1";
        self.add(
            (insert, params![id, time, line.identity, from.nick(), text, kind, deleted, file, late]),
            (own, params![id, time, from.nick(), text]),
            || format!("the number {} in place {} is another message's", message.seq, place.0),
        )?;
        if *time < self.known.saturating_sub(DAY) {
            // The clock was set back, so this message is not as old as its time says.
            self.run("INSERT OR REPLACE INTO doubt (id, since) VALUES (?, ?)", (id, self.known))?;
        }
        self.last.insert(place, self.last.get(&place).copied().flatten().max(Some(message.seq)));
        message.file.as_ref().map_or(Ok(()), |file| self.message_file(line, id, file))
    }

    /// Completes the row of the file that came with a message: its values were not known before.
    fn message_file(&mut self, line: &StoredMessage, id: i64, file: &FileInfo) -> rusqlite::Result<()> {
        self.numbers.file = self.numbers.file.max(file.file);
        let insert = "INSERT INTO file (id, place, identity, message, size, name, mime, sha256, width, height)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET place = ?2, identity = ?3, message = ?4, size = ?5, name = ?6, mime = ?7, sha256 = ?8,
                width = ?9, height = ?10
             WHERE message IS NULL";
        let own = "SELECT message = ?2 FROM file WHERE id = ?1";
        self.add(
            (
                insert,
                params![
                    file.file,
                    line.place,
                    line.identity,
                    id,
                    file.size,
                    file.name,
                    file.mime,
                    file.sha256,
                    file.width,
                    file.height
                ],
            ),
            (own, (file.file, id)),
            || format!("the number {} of a file is another's", file.file),
        )
    }

    /// Whether the place exists; each is looked up once in a batch.
    fn is_there(&mut self, place: PlaceId) -> rusqlite::Result<bool> {
        if let Some(last) = self.last.get(&place) {
            return Ok(last.is_some());
        }
        let last = self
            .connection
            .prepare_cached("SELECT last FROM place WHERE id = ? AND removed = 0")?
            .query_row([place], |row| row.get(0))
            .optional()?;
        self.last.insert(place, last);
        Ok(last.is_some())
    }

    fn said(&self, said: &SaidRecord) -> rusqlite::Result<()> {
        let late = Some(self.times.counted()).filter(|counted| *counted > said.time);
        self.run(
            // A tag that the chat has forgotten may be used again.
            "INSERT OR REPLACE INTO said (resume, tag, label, seq, time, file, late) VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![said.resume_id, said.tag, said.label, said.seq, said.time, said.file, late],
        )
    }

    fn resume(&mut self, resume: &ResumeRecord) -> rusqlite::Result<()> {
        self.seen(Identity::Guest(resume.id));
        self.run(
            "INSERT INTO resume (id, token, account, nick, seen) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET token = ?2, account = ?3, nick = ?4, seen = ?5",
            params![resume.id, resume.token, resume.account, resume.nick, resume.seen.max(self.known)],
        )?;
        // A session can ask for one more token again and again; each would stay for `resume-days`.
        resume.account.map_or(Ok(()), |account| delete::resumes_beyond(self.connection, account, self.tokens))
    }

    fn account(&mut self, account: &AccountRecord, secret: &str) -> rusqlite::Result<()> {
        self.numbers.account = self.numbers.account.max(account.id.0);
        let (id, nick) = (account.id, &account.nick);
        let insert = "INSERT INTO account (id, key, nick, made, op, secret, about) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO NOTHING";
        let own = "SELECT key = ?2 AND made = ?3 FROM account WHERE id = ?1";
        self.add(
            (insert, params![id, nick.key(), nick, account.made, account.op, secret, account.about]),
            (own, params![id, nick.key(), account.made]),
            || format!("the number {} of an account is another's", id.0),
        )
    }

    /// The read mark never moves back.
    fn membership(&self, account: AccountId, place: PlaceId, read: Seq) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO membership (account, place, read) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET read = max(read, ?3)",
            (account, place, read),
        )
    }

    /// Writes one row for each target. The number of a banned login is never given
    /// again, even if nothing else of it is stored.
    fn restriction(&mut self, restriction: &RestrictionRecord) -> rusqlite::Result<()> {
        for target in &restriction.targets {
            if let Target::Resume(resume_id) = target {
                self.seen(Identity::Guest(*resume_id));
            }
            self.run(
                "INSERT OR REPLACE INTO restriction (place, restriction, target, nick, until, author, text, time, mask)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    server_or(restriction.place),
                    restriction.restriction,
                    target,
                    restriction.nick,
                    restriction.until,
                    restriction.by,
                    restriction.text,
                    restriction.time,
                    restriction.mask
                ],
            )?;
        }
        Ok(())
    }

    fn file(
        &mut self,
        file: FileId,
        identity: Identity,
        place: PlaceId,
        origin: Option<Address>,
    ) -> rusqlite::Result<()> {
        self.numbers.file = self.numbers.file.max(file.0);
        self.seen(identity);
        let origin = origin.map(|origin| origin.to_string());
        let insert = "INSERT INTO file (id, place, identity, size, name, mime, sha256, origin) VALUES (?, ?, ?, 0, '', '', '', ?)
             ON CONFLICT (id) DO NOTHING";
        // If its message was said, the file belongs to the place of that message.
        let own = "SELECT identity = ?3 AND (place = ?2 OR message IS NOT NULL) FROM file WHERE id = ?1";
        self.add((insert, (file, place, identity, origin)), (own, (file, place, identity)), || {
            format!("the number {} of a file is another's", file.0)
        })
    }

    /// Writes a piece of a file, unless the upload was given up meanwhile.
    fn piece(&self, file: FileId, offset: u64, bytes: &[u8]) -> rusqlite::Result<()> {
        let end = offset.saturating_add(bytes.len() as u64);
        let size = "UPDATE file SET size = max(size, ?2) WHERE id = ?1";
        if self.connection.prepare_cached(size)?.execute((file, end))? == 0 {
            return Ok(());
        }
        let cells = (piece_row(file, offset), bytes);
        let insert = "INSERT INTO piece (id, bytes) VALUES (?, ?) ON CONFLICT (id) DO NOTHING";
        let own = "SELECT bytes = ?2 FROM piece WHERE id = ?1";
        self.add((insert, cells), (own, cells), || format!("there is another piece at {offset} of file {}", file.0))
    }

    /// Adds a row under its number. A batch may be written twice, so the row may be
    /// there already: `own` tells whether it is the same. If it is another's row, it
    /// is not overwritten, and that is an error.
    fn add(
        &self,
        (insert, cells): (&str, impl Params),
        (own, of_own): (&str, impl Params),
        what: impl FnOnce() -> String,
    ) -> rusqlite::Result<()> {
        if self.connection.prepare_cached(insert)?.execute(cells)? > 0 {
            return Ok(());
        }
        let is_own = self.connection.prepare_cached(own)?.query_row(of_own, |row| row.get(0)).optional()?;
        if is_own == Some(true) {
            return Ok(());
        }
        let error = ffi::Error::new(ffi::SQLITE_CONSTRAINT_PRIMARYKEY);
        Err(rusqlite::Error::SqliteFailure(error, Some(what())))
    }

    fn seen(&mut self, identity: Identity) {
        if let Identity::Guest(ResumeId(resume_id)) = identity {
            self.numbers.resume = self.numbers.resume.max(resume_id);
        }
    }

    fn run(&self, sql: &str, params: impl Params) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(params).map(drop)
    }
}

/// The place of a restriction in its column; 0 is the whole server.
fn server_or(place: Option<PlaceId>) -> u32 {
    place.map_or(0, |place| place.0)
}
