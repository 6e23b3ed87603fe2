//! Removes records that are too old or too many, a few at a time so that no speaker waits long. Knows no clock: a reliable time comes with the call.

use rusqlite::types::FromSql;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, TransactionBehavior};

use super::columns::{rows, seq_of, span_of};
use super::delete;
use crate::limits::Limits;
use crate::model::{DAY, Millis, PlaceId, ResumeId, Seq};

/// Rows that one step removes or checks.
const STEP: usize = 500;

/// Milliseconds after which the time is stored again; not sooner, so that the disk of an idle server can sleep.
pub const NOTED: Millis = 600_000;

/// The time that was stored last.
pub fn known(connection: &Connection) -> rusqlite::Result<Millis> {
    connection.query_row("SELECT known FROM clock", [], |row| row.get(0))
}

/// How far the search for expired records has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expiry {
    part: Part,
    /// The number of the last place or resume record that is done.
    done: u64,
}

#[derive(Debug, Clone, Copy, Default)]
enum Part {
    #[default]
    Removed,
    Places,
    Resumes,
    Said,
    Restrictions,
}

impl Expiry {
    /// Does one small step of removing: the rest of removed places; messages that are
    /// too old or too many in their place, with their files; resume records that
    /// were not used for long; tags that are older than a day or too many for one
    /// record; bans and mutes that are over. Stores `known`, the time that is
    /// certain. Returns whether there is more to do. After everything was checked
    /// once there is not, and the next call begins again.
    pub fn step(
        &mut self,
        connection: &mut Connection,
        now: Millis,
        known: Millis,
        limits: &Limits,
    ) -> rusqlite::Result<bool> {
        let mut step = Step { now, known, limits, at: *self, left: STEP };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let is_over = step.go(&transaction)?;
        transaction.commit()?;
        *self = step.at;
        Ok(!is_over)
    }
}

struct Step<'a> {
    now: Millis,
    known: Millis,
    limits: &'a Limits,
    at: Expiry,
    /// Rows that this step may still remove or check.
    left: usize,
}

impl Step<'_> {
    /// Works until everything is checked or the step is full; returns whether everything is checked.
    fn go(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        while self.left > 0 {
            let (is_done, next) = match self.at.part {
                Part::Removed => (self.removed(connection)?, Part::Places),
                Part::Places => (self.places(connection)?, Part::Resumes),
                Part::Resumes => (self.resumes(connection)?, Part::Said),
                Part::Said => (self.said(connection)?, Part::Restrictions),
                Part::Restrictions => {
                    connection.prepare_cached("DELETE FROM restriction WHERE until <= ?")?.execute([self.now])?;
                    connection
                        .prepare_cached("UPDATE clock SET known = ?1 WHERE abs(known - ?1) >= ?2")?
                        .execute([self.known, NOTED])?;
                    self.at = Expiry::default();
                    return Ok(true);
                }
            };
            if is_done {
                self.at = Expiry { part: next, done: 0 };
            }
        }
        Ok(false)
    }

    /// Removes the rest of a place that was removed.
    fn removed(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let place = connection.prepare_cached("SELECT id FROM place WHERE removed = 1 LIMIT 1")?;
        let Some(place) = first(place, [])? else { return Ok(true) };
        if self.drop_oldest(connection, place, |_, _| true)? {
            delete::files(connection, "SELECT id FROM file WHERE place = ?", [place])?;
            let (low, high) = rows(place);
            let spans = [span_of(low), span_of(high)];
            connection.prepare_cached("DELETE FROM span WHERE id BETWEEN ? AND ?")?.execute(spans)?;
            connection.prepare_cached("DELETE FROM place WHERE id = ?")?.execute([place])?;
        }
        Ok(false)
    }

    /// Removes messages that are too old or too many in the next place.
    fn places(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let Limits { history_days, history_size, .. } = *self.limits;
        if history_days == 0 && history_size == 0 {
            return Ok(true);
        }
        let oldest = if history_days == 0 { Millis::MIN } else { self.days_ago(history_days) };
        let size = if history_size == 0 { Seq::MAX } else { history_size as Seq };
        let next = connection
            .prepare_cached("SELECT id, last FROM place WHERE id > ? AND removed = 0 ORDER BY id LIMIT 1")?
            .query_row([self.at.done], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((place, last)) = next else { return Ok(true) };
        self.left -= 1;
        let is_old = |seq: Seq, time| seq.saturating_add(size) <= last || time < oldest;
        if self.drop_oldest(connection, place, is_old)? {
            self.at.done = place.0.into();
        }
        Ok(false)
    }

    /// Removes the oldest messages of a place as long as `is_old` is true; returns whether no such message is left.
    fn drop_oldest(
        &mut self,
        connection: &Connection,
        place: PlaceId,
        is_old: impl Fn(Seq, Millis) -> bool,
    ) -> rusqlite::Result<bool> {
        let (low, high) = rows(place);
        let most = self.left;
        let mut last = None;
        let mut dropped = 0;
        let mut oldest = connection.prepare_cached(
            "SELECT id, coalesce((SELECT since FROM doubt WHERE doubt.id = message.id), time)
             FROM message WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?",
        )?;
        let mut found = oldest.query((low, high, most))?;
        while let Some(row) = found.next()? {
            let id = row.get(0)?;
            if !is_old(seq_of(id), row.get(1)?) {
                break;
            }
            last = Some(id);
            dropped += 1;
        }
        drop(found);
        self.left -= dropped;
        let Some(last) = last else { return Ok(true) };
        let files = "SELECT file FROM message WHERE id BETWEEN ? AND ? AND file IS NOT NULL";
        delete::files(connection, files, [low, last])?;
        connection.prepare_cached("DELETE FROM words WHERE rowid BETWEEN ? AND ?")?.execute([low, last])?;
        connection.prepare_cached("DELETE FROM doubt WHERE id BETWEEN ? AND ?")?.execute([low, last])?;
        connection.prepare_cached("DELETE FROM message WHERE id BETWEEN ? AND ?")?.execute([low, last])?;
        Ok(dropped < most)
    }

    /// Removes the next resume record that was not used for long.
    fn resumes(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let oldest = self.days_ago(self.limits.resume_days);
        let resume = connection.prepare_cached("SELECT id FROM resume WHERE seen < ? ORDER BY seen LIMIT 1")?;
        let Some(resume) = first(resume, [oldest])? else { return Ok(true) };
        self.left -= 1;
        delete::resume(connection, resume)?;
        Ok(false)
    }

    /// Removes tags of the next resume record that are too old or too many.
    fn said(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let next = connection.prepare_cached("SELECT resume FROM said WHERE resume > ? ORDER BY resume LIMIT 1")?;
        let Some(resume) = first::<ResumeId>(next, [self.at.done])? else { return Ok(true) };
        self.left -= 1;
        let dropped = connection
            .prepare_cached(
                "DELETE FROM said WHERE resume = ?1 AND (time < ?2 OR tag NOT IN (
                    SELECT tag FROM said WHERE resume = ?1 ORDER BY coalesce(late, time) DESC, seq DESC LIMIT ?3))",
            )?
            .execute((resume, self.days_ago(1), self.limits.tags))?;
        self.left -= dropped.min(self.left);
        self.at.done = resume.0;
        Ok(false)
    }

    fn days_ago(&self, days: usize) -> Millis {
        self.now.saturating_sub(DAY.saturating_mul(Millis::try_from(days).unwrap_or(Millis::MAX)))
    }
}

/// The first column of the first row, if there is one.
fn first<T: FromSql>(mut statement: CachedStatement<'_>, params: impl Params) -> rusqlite::Result<Option<T>> {
    statement.query_row(params, |row| row.get(0)).optional()
}
