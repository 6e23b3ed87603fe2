//! The order in which messages were stored, and pages by time, also if the clock was set back. Does not know what was said.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::columns::{row, rows, seq_of, span_of, unrow};
use crate::command::Timeline;
use crate::model::{Millis, PlaceId, Seq};

/// The time that the last message of all counts as.
pub fn last_counted(connection: &Connection) -> rusqlite::Result<Millis> {
    let last = "SELECT coalesce(max(coalesce(late, time)), 0)
        FROM place CROSS JOIN message ON message.id = (place.id << 32) + place.last";
    connection.query_row(last, [], |row| row.get(0))
}

/// The times of the messages in one batch, in the order in which they are written.
#[derive(Debug)]
pub struct Times {
    /// The earliest and the latest time in each span of messages that the batch writes to.
    spans: HashMap<i64, (Millis, Millis)>,
    /// What the time of the last message counts as.
    counted: Millis,
}

impl Times {
    /// The times of an empty batch; the last message before it counts as of `counted`.
    pub fn after(counted: Millis) -> Times {
        Times { spans: HashMap::new(), counted }
    }

    /// What the time of the last message counts as.
    pub fn counted(&self) -> Millis {
        self.counted
    }

    /// Puts a message into the order of all; returns the time that it counts as, if that is not its own.
    pub fn late(&mut self, id: i64, time: Millis) -> Option<Millis> {
        let (least, most) = self.spans.entry(span_of(id)).or_insert((time, time));
        (*least, *most) = (time.min(*least), time.max(*most));
        let is_late = time <= self.counted;
        self.counted = if is_late { self.counted.saturating_add(1) } else { time };
        is_late.then_some(self.counted)
    }

    /// Stores the times of these messages in their spans.
    pub fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (span, (least, most)) in self.spans.drain() {
            let widen = "INSERT INTO span (id, least, most) VALUES (?1, ?2, ?3)
                ON CONFLICT DO UPDATE SET least = min(least, ?2), most = max(most, ?3)";
            connection.prepare_cached(widen)?.execute((span, least, most))?;
        }
        Ok(())
    }
}

/// The times of the messages of a place, by spans.
///
/// If the clock was set back, times do not increase with the numbers. So messages
/// are read one by one, but only in spans whose earliest and latest times fit.
pub struct Spans<'a> {
    pub connection: &'a Connection,
    pub place: PlaceId,
}

impl Timeline for Spans<'_> {
    type Error = rusqlite::Error;

    fn first_since(&self, time: Millis) -> rusqlite::Result<Option<Seq>> {
        in_spans(self, "most >= ?3 AND time >= ?3 ORDER BY span.id, message.id", time)
    }

    fn last_before(&self, time: Millis) -> rusqlite::Result<Seq> {
        let last = in_spans(self, "least < ?3 AND time < ?3 ORDER BY span.id DESC, message.id DESC", time)?;
        Ok(last.unwrap_or(0))
    }
}

/// The number of the first message of a place that `which` selects and orders.
fn in_spans(Spans { connection, place }: &Spans<'_>, which: &str, time: Millis) -> rusqlite::Result<Option<Seq>> {
    let (low, high) = rows(*place);
    let sql = format!(
        "SELECT message.id FROM span CROSS JOIN message ON message.id BETWEEN span.id << 8 AND (span.id << 8) + 255
         WHERE span.id BETWEEN ? AND ? AND {which} LIMIT 1"
    );
    let mut first = connection.prepare_cached(&sql)?;
    first.query_row((span_of(low), span_of(high), time), |row| row.get(0).map(seq_of)).optional()
}

/// The number of the last message of a place that counts as earlier than `counted`,
/// or as of the same time, if `with_same`.
///
/// The times that messages count as increase with their numbers, so a binary search
/// finds the number in some twenty steps.
pub fn upto(
    connection: &Connection,
    place: PlaceId,
    (first, last): (Seq, Seq),
    counted: Millis,
    with_same: bool,
) -> rusqlite::Result<Seq> {
    let mut times = connection
        .prepare_cached("SELECT id, coalesce(late, time) FROM message WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1")?;
    let (mut low, mut high) = (first.max(1), last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let found = times
            .query_row([row(place, middle), row(place, high - 1)], |row| Ok((row.get(0)?, row.get::<_, Millis>(1)?)))
            .optional()?;
        match found {
            Some((id, at)) if at < counted || (with_same && at == counted) => low = unrow(id).1 + 1,
            _ => high = middle,
        }
    }
    Ok(low - 1)
}
