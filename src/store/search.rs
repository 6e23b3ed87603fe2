//! Finds messages by their words. Does not know who may find them, nor how the words get into the index.

use std::collections::VecDeque;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::columns::{self, MESSAGE, MESSAGE_COLUMNS, row};
use super::fold::{cut, fold, stands_alone};
use super::order::{Spans, upto};
use super::pool::Length;
use super::read::bounds;
use super::{Store, StoreError};
use crate::cloak::Cloak;
use crate::command::{Spot, Timeline};
use crate::model::{Message, Millis, PlaceId, Seq};
use crate::record::StoredMessage;

/// The most words of one search, characters that count as words included; more are ignored.
const MOST_WORDS: usize = 64;

/// Quotation marks, also those that telephones insert by themselves.
const QUOTES: [char; 6] = ['"', '“', '”', '„', '«', '»'];

/// How many messages of one place are fetched at once.
const FETCH: usize = 32;

/// The index has lists for beginnings of words with so many letters: at least, at most.
const LISTED: [usize; 2] = [2, 4];

/// The most words that the longer beginnings of one search may match. With more, all messages with their first letters are read.
const MOST_ENDINGS: usize = 128;

impl Store {
    /// The messages in these places that have all of `words`, the newest first, at
    /// most `most`, and whether there are more. `bounds` are a time and a spot: only
    /// messages before both, if they are given. The next page begins at the spot of
    /// the last message of this one.
    ///
    /// Words in "quotation marks" must follow one another. A word that ends in `*`
    /// means all words that begin so, if it has two letters or more. The module
    /// `fold` decides which letters count as the same, and what a word is; no other
    /// character has a meaning. Without a word nothing is found.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn search(
        &self,
        words: &str,
        places: &[(PlaceId, Arc<str>)],
        bounds: (Option<Millis>, Option<Spot>),
        most: usize,
    ) -> Result<(Vec<Found>, bool), StoreError> {
        let folded = fold(words);
        let terms = terms(&folded);
        if terms.is_empty() {
            return Ok((Vec::new(), false));
        }
        self.read_for(Length::Long, |connection| {
            let query = query(connection, &terms)?;
            let mut places: Vec<_> = places.iter().collect();
            places.sort_unstable_by_key(|(place, _)| std::cmp::Reverse(*place));
            places.dedup_by_key(|(place, _)| *place);
            // The places are searched from the last to the first; those above the row of the next match have none.
            let floor = places.last().map_or(0, |(place, _)| row(*place, 0));
            let (mut finds, mut next) = (Vec::new(), None);
            for (place, label) in places {
                if next.is_some_and(|next| next < row(*place, 0)) {
                    continue;
                }
                let mut find = Find::new(connection, *place, (label, &self.cloak), bounds)?;
                next = find.fetch(connection, &query, floor)?;
                finds.push(find);
            }
            let mut found: Vec<Found> = Vec::new();
            loop {
                let newest = finds.iter_mut().filter(|find| !find.found.is_empty()).max_by_key(|find| find.spot());
                let Some(newest) = newest else { return Ok((found, false)) };
                if found.len() >= most {
                    return Ok((found, true));
                }
                found.extend(newest.found.pop_front());
                newest.fetch(connection, &query, row(newest.place, 0))?;
            }
        })
    }
}

/// A message that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The message.
    pub message: Arc<Message>,
    /// The spot at which a page ends, if this message is its last.
    pub spot: Spot,
}

/// The search in one place, with the messages that were found and not taken yet, the newest first.
struct Find<'a> {
    place: PlaceId,
    label: &'a Arc<str>,
    cloak: &'a Cloak,
    until: Option<Millis>,
    found: VecDeque<Found>,
    /// Messages up to this number are not searched yet.
    unseen: Seq,
}

impl<'a> Find<'a> {
    fn new(
        connection: &Connection,
        place: PlaceId,
        (label, cloak): (&'a Arc<str>, &'a Cloak),
        (until, next): (Option<Millis>, Option<Spot>),
    ) -> rusqlite::Result<Find<'a>> {
        let mut find = Find { place, label, cloak, until, found: VecDeque::new(), unseen: 0 };
        let Some((first, last)) = bounds(connection, place)? else { return Ok(find) };
        find.unseen = last;
        if let Some(time) = until {
            find.unseen = Spans { connection, place }.last_before(time)?;
        }
        if let Some(spot) = next {
            let upto = match spot.place == place {
                true => spot.seq.saturating_sub(1),
                // If messages in two places count as of the same time, the place with the higher number is first.
                false => upto(connection, place, (first, last), spot.counted, place < spot.place)?,
            };
            find.unseen = find.unseen.min(upto);
        }
        Ok(find)
    }

    /// The spot of the next message found.
    fn spot(&self) -> Option<Spot> {
        self.found.front().map(|found| found.spot)
    }

    /// Finds the next messages of the place, if none are waiting and any are left.
    /// Returns the row, from `floor` on, of the next match outside this place, if it is known.
    ///
    /// FTS5 scans on to the next match even outside this place. Its row is
    /// returned, so that the caller skips the places in between: with fifty of
    /// them and words that are seldom together, 20 ms instead of 290.
    fn fetch(&mut self, connection: &Connection, query: &Query, floor: i64) -> rusqlite::Result<Option<i64>> {
        let mut matches = connection.prepare_cached(&format!(
            "SELECT {MESSAGE}, coalesce(message.late, message.time) FROM words CROSS JOIN message ON message.id = words.rowid
             LEFT JOIN file ON file.id = message.file
             WHERE words MATCH ? AND words.rowid BETWEEN ? AND ? ORDER BY words.rowid DESC LIMIT ?"
        ))?;
        let mut next = None;
        while self.found.is_empty() && self.unseen > 0 {
            let mut rows = matches.query(params![query.text, floor, row(self.place, self.unseen), FETCH])?;
            let (mut unseen, mut read) = (0, 0);
            next = loop {
                let Some(found) = rows.next()? else { break (read < FETCH).then_some(floor - 1) };
                let StoredMessage { place, message, .. } = columns::message(found, self.label, self.cloak)?;
                if place != self.place {
                    break Some(row(place, message.seq));
                }
                read += 1;
                unseen = message.seq - 1;
                if self.until.is_none_or(|time| message.time < time) && query.is_met(&message.text) {
                    let spot = Spot { counted: found.get(MESSAGE_COLUMNS)?, place, seq: message.seq };
                    self.found.push_back(Found { message, spot });
                }
            };
            self.unseen = if next.is_none() { unseen } else { 0 };
        }
        Ok(next)
    }
}

/// Words that follow one another, or the beginning of a word; folded and cut like those in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Words(String),
    Beginning(String),
}

/// The terms of a search. Text without a word in it makes no term.
fn terms(folded: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut room = MOST_WORDS;
    let mut add = |text: &str, is_beginning: bool| {
        let mut words = cut(text).take(room);
        let Some(first) = words.next() else { return };
        let rest: Vec<&str> = words.collect();
        room -= 1 + rest.len();
        terms.push(match rest[..] {
            [] if is_beginning && !stands_alone(first) => Term::Beginning(first.to_owned()),
            _ => Term::Words(std::iter::once(first).chain(rest).collect::<Vec<_>>().join(" ")),
        });
    };
    for (number, part) in folded.split(QUOTES).enumerate() {
        // Every second part is between two quotation marks, or after one that is not closed.
        if number % 2 == 1 {
            add(part, false);
        } else {
            part.split_whitespace().for_each(|word| add(word, word.ends_with('*')));
        }
    }
    terms
}

/// The query for the index, and the conditions that the index cannot check.
struct Query {
    /// The query in the language of FTS5. Each term is in quotation marks, so that FTS5 takes it as text.
    text: String,
    /// A message must have a word for each of these beginnings; the query has only their first letters.
    beginnings: Vec<String>,
}

/// Makes a query. For a long beginning, FTS5 would merge the lists of all words that
/// begin so, again for each place; this took up to seconds. So the query names these
/// words one by one. If they are too many, it has the first letters of the beginning,
/// for which the index has a list.
fn query(connection: &Connection, terms: &[Term]) -> rusqlite::Result<Query> {
    let [least, most] = LISTED;
    let (mut plain, mut parts, mut beginnings) = (Vec::new(), Vec::new(), Vec::new());
    let mut room = MOST_ENDINGS;
    for term in terms {
        match term {
            Term::Beginning(start) if start.chars().count() > most => {
                let words = words_with(connection, start, room + 1)?;
                if words.is_empty() {
                    plain.push(format!("\"{start}\""));
                } else if words.len() <= room {
                    room -= words.len();
                    parts.push(format!("(\"{}\")", words.join("\" OR \"")));
                } else {
                    plain.push(format!("\"{}\" *", start.chars().take(most).collect::<String>()));
                    beginnings.push(start.clone());
                }
            }
            Term::Beginning(start) if start.chars().count() >= least => plain.push(format!("\"{start}\" *")),
            Term::Beginning(words) | Term::Words(words) => plain.push(format!("\"{words}\"")),
        }
    }
    if !plain.is_empty() {
        parts.push(format!("({})", plain.join(" ")));
    }
    Ok(Query { text: parts.join(" AND "), beginnings })
}

/// The words in the index that begin with `start`.
fn words_with(connection: &Connection, start: &str, most: usize) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT term FROM word WHERE term >= ?1 AND term <= ?1 || char(0x10ffff) LIMIT ?2")?
        .query_map((start, most), |row| row.get(0))?
        .collect()
}

impl Query {
    /// Whether a text that the index has found also meets the conditions that the index cannot check.
    fn is_met(&self, text: &str) -> bool {
        if self.beginnings.is_empty() {
            return true;
        }
        let folded = fold(text);
        let has = |start: &String| cut(&folded).any(|word| word.starts_with(start));
        self.beginnings.iter().all(has)
    }
}
