//! The split screen: left the broken room, right the fixed one, below both their threads; and the page with the answer. Knows no terminal.

use roomful::terminal::wants_colour;
use unicode_width::UnicodeWidthStr;

use super::log::{Entry, Kind};
use super::room::{Room, Row};
use crate::watch::lanes::Sign;
use crate::watch::picture::{fit, wrap};

/// Black on white or white on black: it can be read in any theme, and from the last row.
pub const CAPTION: &str = "1;7";

/// What is shown above the rooms.
pub struct Top<'a> {
    pub title: &'a str,
    /// Such as `12 s of 60`.
    pub clock: &'a str,
    /// What is to be seen now, and in which colour.
    pub caption: &'a [(String, &'static str)],
    /// What the keys do.
    pub keys: &'a str,
}

/// The rows for a screen of this size.
pub fn rows(top: &Top, rooms: &[Room], (columns, count): (usize, usize)) -> Vec<String> {
    let mut rows = head(top.title, top.clock, columns);
    // The room below does not move when a caption has one row more than the one before.
    let least = if columns < 100 { 3 } else { 2 };
    let mut caption: Vec<String> = top
        .caption
        .iter()
        .flat_map(|(text, colour)| wrap(text, columns).into_iter().map(|row| sentence(&row, colour, columns)))
        .collect();
    caption.resize(caption.len().max(least), String::new());
    rows.extend(caption);
    let width = if rooms.len() == 2 { (columns.saturating_sub(3)) / 2 } else { columns };
    let threads: Vec<Vec<(String, &str)>> = rooms.iter().map(|room| threads(room, width)).collect();
    // One row for the names of the rooms, one for the keys.
    let room = count.saturating_sub(rows.len() + 2);
    let most = threads.iter().map(Vec::len).max().unwrap_or(0);
    let below = most.min(room * 6 / 10);
    let above = room.saturating_sub(below);
    let names = rooms.iter().map(|room| {
        let name = format!(" {}: {}", room.side.word().to_uppercase(), room.side.name);
        (name, if room.side.is_fixed { "1;30;42" } else { "1;37;41" })
    });
    rows.push(beside(names.collect(), width));
    let heard: Vec<Vec<(String, &str)>> = rooms.iter().map(|room| heard(&room.log.entries(), width, above)).collect();
    rows.extend(block(&heard, width, above));
    let threads: Vec<Vec<(String, &str)>> = threads.into_iter().map(|rows| cut(rows, below)).collect();
    rows.extend(block(&threads, width, below));
    rows.push(paint(&fit(top.keys, columns), "2"));
    rows
}

/// The title, and the clock at the right end.
fn head(title: &str, clock: &str, columns: usize) -> Vec<String> {
    let room = columns.saturating_sub(clock.width() + 1);
    vec![format!("{} {clock}", fit(title, room))]
}

/// The last things that happened, as many as there is room for.
fn heard(entries: &[Entry], width: usize, count: usize) -> Vec<(String, &'static str)> {
    let mut rows: Vec<(String, &str)> = Vec::new();
    for entry in entries.iter().skip(entries.len().saturating_sub(count)) {
        let colour = match &entry.kind {
            Kind::Does(_) => "36",
            Kind::Hears(_, None) | Kind::Numbers(_) => "",
            Kind::Hears(_, Some(_)) | Kind::Torn(_) | Kind::MoreTorn(_) | Kind::Meets(_) => "1;31",
        };
        // A sentence of ours is shown to its end, what was heard is cut.
        let words = entry.words();
        match entry.kind {
            Kind::Meets(_) => rows.extend(wrap(&words, width).into_iter().map(|row| (row, colour))),
            _ => rows.push((words, colour)),
        }
    }
    rows.split_off(rows.len().saturating_sub(count))
}

fn threads(room: &Room, width: usize) -> Vec<(String, &'static str)> {
    let summary = format!("── {} ", room.summary());
    let line = "─".repeat(width.saturating_sub(summary.width()));
    let mut rows = vec![(summary + &line, "1")];
    for lock in room.locks() {
        rows.extend(wrap(&lock, width).into_iter().map(|row| (row, "1;31")));
    }
    rows.extend(room.rows().into_iter().map(|Row { text, sign }| {
        let colour = match sign {
            Sign::Lock => "31",
            Sign::Writes => "33",
            Sign::Runs(_) => "32",
            _ => "2",
        };
        (text, colour)
    }));
    rows
}

/// The first rows, and how many more there are.
fn cut(mut rows: Vec<(String, &'static str)>, count: usize) -> Vec<(String, &'static str)> {
    if rows.len() > count && count > 0 {
        let more = rows.len() - count + 1;
        rows.truncate(count - 1);
        rows.push((format!("and {more} more"), "2"));
    }
    rows
}

/// Columns of rows beside each other.
fn block(columns: &[Vec<(String, &'static str)>], width: usize, count: usize) -> Vec<String> {
    let row = |at: usize| columns.iter().map(|rows| rows.get(at).cloned().unwrap_or_default()).collect();
    (0..count).map(|at| beside(row(at), width)).collect()
}

fn beside(cells: Vec<(String, &'static str)>, width: usize) -> String {
    let cells: Vec<String> = cells.into_iter().map(|(text, colour)| paint(&fit(&text, width), colour)).collect();
    cells.join(" │ ")
}

/// The page after the demo.
pub struct Page {
    pub rows: Vec<String>,
    /// Rows of its text that fit on the screen.
    pub room: usize,
    /// Nothing comes after it.
    pub is_last: bool,
}

/// The page with the verdicts, the question, the answer and the difference, from its row `from` on.
pub fn page(title: &str, parts: &[(String, &str)], from: usize, (columns, count): (usize, usize)) -> Page {
    let all: Vec<String> = parts
        .iter()
        .flat_map(|(text, colour)| match *colour {
            // A line of a program is cut, because it is read by its place.
            "31" | "32" | "2" => vec![paint(&fit(text, columns), colour)],
            _ => wrap(text, columns).into_iter().map(|row| sentence(&row, colour, columns)).collect(),
        })
        .collect();
    let room = count.saturating_sub(2).max(1);
    let more = all.len().saturating_sub(from + room);
    let mut rows = head(title, "", columns);
    rows.extend(all.into_iter().skip(from).take(room));
    rows.resize(count.saturating_sub(1), String::new());
    let keys = if more > 0 { format!("Enter: {more} more lines; q ends") } else { "Enter or q ends".to_owned() };
    rows.push(paint(&fit(&keys, columns), "2"));
    Page { rows, room, is_last: more == 0 }
}

/// A row of a sentence; a caption is a bar from end to end.
fn sentence(row: &str, colour: &str, columns: usize) -> String {
    if colour == CAPTION { paint(&fit(row, columns), colour) } else { paint(row, colour) }
}

/// The text in a colour, if the person wants colours.
fn paint(text: &str, colour: &str) -> String {
    if wants_colour() && !colour.is_empty() { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
}
