//! Finding messages by their words. Knows not who may find what, and not how the words come into the index.

use std::collections::VecDeque;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::columns::{self, MESSAGE, MESSAGE_COLUMNS, row};
use super::fold::{cut, fold, stands_alone};
use super::order::{last_before, upto};
use super::pool::Length;
use super::read::bounds;
use super::{Store, StoreError};
use crate::command::Spot;
use crate::model::{Message, Millis, PlaceId, Seq};
use crate::record::StoredMessage;

/// Words of one search, characters that count as words too; those beyond are not looked for.
const MOST_WORDS: usize = 64;

/// Quotation marks, also those that telephones put in by themselves.
const QUOTES: [char; 6] = ['"', '“', '”', '„', '«', '»'];

/// Messages of one place that are fetched at once.
const FETCH: usize = 32;

/// Letters of a beginning for which the index has lists of its own: the least and the most.
const LISTED: [usize; 2] = [2, 4];

/// Words that the longer beginnings of one search may stand for, before all messages with their first letters are read.
const MOST_ENDINGS: usize = 128;

impl Store {
    /// The messages in these places in which all of `words` are, the newest
    /// first, at most `most`, and whether there are more. Only those before the
    /// time `until` and before the spot `next`, if these are given; the next
    /// page is asked for with the spot of the last one found.
    ///
    /// Words in "quotation marks" must follow one another. A word that ends in
    /// `*` stands for all that begin so, if these are two letters or more. Which
    /// letters count as the same, and what a word is, says the module `fold`; no
    /// other character means anything. Without a word nothing is found.
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
            // Of the places from the last to the first, those above the next match have none.
            let floor = places.last().map_or(0, |(place, _)| row(*place, 0));
            let (mut finds, mut next) = (Vec::new(), None);
            for (place, label) in places {
                if next.is_some_and(|next| next < row(*place, 0)) {
                    continue;
                }
                let mut find = Find::new(connection, *place, label, bounds)?;
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
    /// The spot at which a page ends that ends with it.
    pub spot: Spot,
}

/// What was found in one place and not taken yet, the newest first.
struct Find<'a> {
    place: PlaceId,
    label: &'a Arc<str>,
    until: Option<Millis>,
    found: VecDeque<Found>,
    /// Up to which number nothing was looked for yet.
    unseen: Seq,
}

impl<'a> Find<'a> {
    fn new(
        connection: &Connection,
        place: PlaceId,
        label: &'a Arc<str>,
        (until, next): (Option<Millis>, Option<Spot>),
    ) -> rusqlite::Result<Find<'a>> {
        let mut find = Find { place, label, until, found: VecDeque::new(), unseen: 0 };
        let Some((first, last)) = bounds(connection, place)? else { return Ok(find) };
        find.unseen = last;
        if let Some(time) = until {
            find.unseen = last_before(connection, place, time)?;
        }
        if let Some(spot) = next {
            let upto = match spot.place == place {
                true => spot.seq.saturating_sub(1),
                // Of two places in which something counts as of one time, the one with the higher number is first.
                false => upto(connection, place, (first, last), spot.counted, place < spot.place)?,
            };
            find.unseen = find.unseen.min(upto);
        }
        Ok(find)
    }

    /// The spot of the next one.
    fn spot(&self) -> Option<Spot> {
        self.found.front().map(|found| found.spot)
    }

    /// Sees to it that there is a next one, if there is any left in the place.
    /// Gives the row, from `floor` on, of what is found next outside of the place, if that is known.
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
                let StoredMessage { place, message, .. } = columns::message(found, self.label)?;
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

/// Words, or the beginning of a word; folded, and cut as the index has them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Words(String),
    Beginning(String),
}

/// What is looked for. What has no word in it is not.
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
        // Every second part is between two quotation marks, or after one that was not closed.
        if number % 2 == 1 {
            add(part, false);
        } else {
            part.split_whitespace().for_each(|word| add(word, word.ends_with('*')));
        }
    }
    terms
}

/// What to ask the index for, and what it cannot be asked for.
struct Query {
    /// In the language of FTS5. Each term is in quotation marks, so that nothing in it means anything there.
    text: String,
    /// Some word of a message must begin with each of these; the index knows only their first letters.
    beginnings: Vec<String>,
}

/// Makes a query. For a long beginning, FTS5 would merge the lists of all
/// words with it, again for each place: up to seconds, measured. It is asked
/// for the words one by one instead, and if they are too many, for the first
/// letters of the beginning, for which it has a list.
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
    /// Whether a text that the index has found has in it what the index could not be asked for.
    fn is_met(&self, text: &str) -> bool {
        if self.beginnings.is_empty() {
            return true;
        }
        let folded = fold(text);
        let has = |start: &String| cut(&folded).any(|word| word.starts_with(start));
        self.beginnings.iter().all(has)
    }
}
