//! In which order messages were stored, and between which times, whatever the clock did. Knows not what was said.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::columns::{row, rows, seq_of, span_of, unrow};
use crate::model::{Millis, PlaceId, Seq};

/// What the time of the last message there is counts as.
pub fn last_counted(connection: &Connection) -> rusqlite::Result<Millis> {
    let last = "SELECT coalesce(max(coalesce(late, time)), 0)
        FROM place CROSS JOIN message ON message.id = (place.id << 32) + place.last";
    connection.query_row(last, [], |row| row.get(0))
}

/// The times of the messages in one batch, in the order in which they are written.
#[derive(Debug)]
pub struct Times {
    /// The earliest and the latest time in each span of messages that the batch touches.
    spans: HashMap<i64, (Millis, Millis)>,
    /// What the time of the last message counts as.
    counted: Millis,
}

impl Times {
    /// After messages of which the last counts as of `counted`.
    pub fn after(counted: Millis) -> Times {
        Times { spans: HashMap::new(), counted }
    }

    /// What the time of the last message counts as.
    pub fn counted(&self) -> Millis {
        self.counted
    }

    /// Puts a message into the order of all; what its time counts as, if not as itself.
    pub fn late(&mut self, id: i64, time: Millis) -> Option<Millis> {
        let (least, most) = self.spans.entry(span_of(id)).or_insert((time, time));
        (*least, *most) = (time.min(*least), time.max(*most));
        let is_late = time <= self.counted;
        self.counted = if is_late { self.counted.saturating_add(1) } else { time };
        is_late.then_some(self.counted)
    }

    /// Writes the times of these messages into their spans.
    pub fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (span, (least, most)) in self.spans.drain() {
            let widen = "INSERT INTO span (id, least, most) VALUES (?1, ?2, ?3)
                ON CONFLICT DO UPDATE SET least = min(least, ?2), most = max(most, ?3)";
            connection.prepare_cached(widen)?.execute((span, least, most))?;
        }
        Ok(())
    }
}

/// The number of the first message of a place that is of `time` or later.
///
/// Times do not go up with the numbers if the clock was set back. So they are
/// looked at one by one, but for spans of messages of which the earliest and the
/// latest are known.
pub fn first_since(connection: &Connection, place: PlaceId, time: Millis) -> rusqlite::Result<Option<Seq>> {
    let (low, high) = rows(place);
    let found = connection
        .prepare_cached(
            "SELECT message.id FROM span
             CROSS JOIN message ON message.id BETWEEN span.id << 8 AND (span.id << 8) + 255
             WHERE span.id BETWEEN ? AND ? AND most >= ?3 AND time >= ?3 ORDER BY span.id, message.id LIMIT 1",
        )?
        .query_row((span_of(low), span_of(high), time), |row| row.get(0))
        .optional()?;
    Ok(found.map(seq_of))
}

/// The number of the last message of a place that is from before `time`; 0 if there is none.
pub fn last_before(connection: &Connection, place: PlaceId, time: Millis) -> rusqlite::Result<Seq> {
    let (low, high) = rows(place);
    let found = connection
        .prepare_cached(
            "SELECT message.id FROM span
             CROSS JOIN message ON message.id BETWEEN span.id << 8 AND (span.id << 8) + 255
             WHERE span.id BETWEEN ? AND ? AND least < ?3 AND time < ?3
             ORDER BY span.id DESC, message.id DESC LIMIT 1",
        )?
        .query_row((span_of(low), span_of(high), time), |row| row.get(0))
        .optional()?;
    Ok(found.map_or(0, seq_of))
}

/// The number up to which the messages of a place count as of an earlier time
/// than `counted`, or of the same, if it is `with_same`.
///
/// What they count as goes up with the numbers, so halving finds the number in some twenty steps.
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
