//! The picture: a summary, a row for each thread, and what the signs mean, as rows of text. Knows no terminal.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use roomful::terminal::wants_colour;
use roomful::wording::size;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Subject;
use super::lanes::{Lane, Lanes, Sign};
use crate::kernel::calls::Kind;
use crate::kernel::sentence;
use crate::kernel::threads::{State, Waits};

/// A thread that did something in this time is shown before one that did not.
const LATELY: Duration = Duration::from_secs(2);
/// A shorter wait is not worth a word.
const NOTABLE: Duration = Duration::from_millis(100);
/// Columns for the time: `123.4 s`.
const TIME: usize = 7;
/// Columns for the bar and the number of bytes: eight, a blank, `999 kB`.
const BAR: usize = 8;
const BYTES: usize = 9;

const LEGEND: &str = "r reads  w writes  L lock  f futex  a accepts  p polls  s sleeps  \u{2581}\u{2584}\u{2588} runs; \
                      a sign is half a second, a cell of the bar is a digit; q ends";

/// How the columns are used.
struct Columns {
    name: usize,
    place: usize,
    strip: usize,
    has_bar: bool,
}

impl Columns {
    fn of(columns: usize, lanes: &Lanes) -> Columns {
        let strip = if columns >= 110 {
            20
        } else if columns >= 60 {
            10
        } else {
            0
        };
        let has_bar = columns >= 80;
        let longest = lanes.iter().map(|lane| lane.thread.name.width()).max().unwrap_or(0);
        let name = longest.clamp(4, (columns * 3 / 10).clamp(4, 18));
        let others = name + 1 + 1 + TIME + (strip + usize::from(strip > 0)) + if has_bar { BAR + BYTES + 2 } else { 0 };
        Columns { name, place: columns.saturating_sub(others), strip, has_bar }
    }
}

/// The rows for a screen of this size. On a small one the legend goes first, then the end of what stands above the threads.
pub(super) fn rows(subject: &Subject, lanes: &Lanes, now: Instant, (columns, count): (usize, usize)) -> Vec<String> {
    let mut rows = wrap(&summary(subject, lanes, now), columns);
    for group in locks(lanes) {
        rows.extend(wrap(&group.sentence, columns).into_iter().map(|row| paint(&row, "1;31")));
    }
    rows.truncate(count / 2);
    let widths = Columns::of(columns, lanes);
    rows.push(paint(&heads(&widths, columns), "4"));
    let mut below: Vec<String> = unseen(lanes).into_iter().flat_map(|why| wrap(&why, columns)).collect();
    below.extend(subject.said().last().map(|line| fit(&format!("printed: {line}"), columns)));
    below.extend(wrap(LEGEND, columns).into_iter().map(|row| paint(&row, "2")));
    below.truncate(count.saturating_sub(rows.len() + lanes.len().min(count / 2)));
    let (shown, others) = chosen(lanes, count.saturating_sub(rows.len() + below.len()), now);
    rows.extend(shown.into_iter().map(|lane| row(lane, &widths, now)));
    if !others.is_empty() {
        rows.push(fit(&format!("and {}", counted(others.into_iter())), columns));
    }
    rows.extend(below);
    rows.truncate(count);
    rows
}

/// What the columns are.
fn heads(widths: &Columns, columns: usize) -> String {
    let mut heads = format!("{} {} {:>TIME$}", fit("thread", widths.name), fit("is in", widths.place), "since");
    if widths.strip > 0 {
        heads.push_str(&format!(" {}", fit(&format!("last {} s", widths.strip / 2), widths.strip)));
    }
    if widths.has_bar {
        heads.push_str(" bytes that wait");
    }
    fit(&heads, columns)
}

/// The first line: how many threads, what is wrong, what it costs.
pub(super) fn summary(subject: &Subject, lanes: &Lanes, now: Instant) -> String {
    let most = locks(lanes).into_iter().max_by_key(|group| group.count);
    let lock =
        most.map_or(String::new(), |group| format!(" · {} wait for one {}", group.count, sentence::word(group.futex)));
    let count = if lanes.len() == 1 { "1 thread".to_owned() } else { format!("{} threads", lanes.len()) };
    // To wait for a client is what a server does. To wait for a lock or for a full socket is not.
    let is_stuck = |lane: &&Lane| matches!(lane.sign, Sign::Lock | Sign::Writes) && now - lane.since >= NOTABLE;
    let stuck = lanes.iter().filter(is_stuck);
    let longest = stuck.min_by_key(|lane| lane.since).map_or(String::new(), |lane| {
        format!(" · longest wait {}: {} {}", time(now - lane.since), lane.thread.name, lane.place)
    });
    format!("{} ({}) · {count}{lock} · {:.2} cores{longest}", subject.title, subject.pid, lanes.cores)
}

/// Threads that wait for the same lock; not those that wait for a condition, because that is no trouble.
fn locks(lanes: &Lanes) -> Vec<sentence::Shared> {
    let threads = lanes.threads();
    let mut groups = sentence::shared(&threads);
    groups.retain(|group| sentence::is_lock(group.futex, group.count, &threads));
    groups
}

/// Why calls cannot be seen, if that is so.
pub fn unseen(lanes: &Lanes) -> Option<String> {
    lanes.iter().find_map(|lane| match &lane.thread.waits {
        Waits::Function { unseen, .. } | Waits::Unknown(unseen) => Some(format!("! {unseen}")),
        Waits::Nothing | Waits::Call { .. } => None,
    })
}

/// How many threads are where: `238 in recvfrom, 2 in futex`.
pub fn counted<'a>(lanes: impl Iterator<Item = &'a Lane>) -> String {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for lane in lanes {
        let place = match &lane.thread.waits {
            Waits::Call { name, .. } => &**name,
            Waits::Function { calls: Some(calls), .. } => calls,
            _ => lane.place.as_str(),
        };
        *places.entry(place.trim_start_matches("in ")).or_default() += 1;
    }
    let mut places: Vec<(&str, usize)> = places.into_iter().collect();
    places.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let words: Vec<String> = places.iter().map(|(place, count)| format!("{count} in {place}")).collect();
    words.join(", ")
}

/// The lanes for which there is room, in their order, and the others: those that are stuck are shown
/// first, then those that did something lately.
fn chosen(lanes: &Lanes, room: usize, now: Instant) -> (Vec<&Lane>, Vec<&Lane>) {
    if lanes.len() <= room {
        return (lanes.iter().collect(), Vec::new());
    }
    let mut all: Vec<&Lane> = lanes.iter().collect();
    all.sort_by_key(|lane| match lane.sign {
        Sign::Lock | Sign::Writes => 0,
        _ if now - lane.since < LATELY => 1,
        _ => 2,
    });
    let others = all.split_off(room.saturating_sub(1).min(all.len()));
    all.sort_by_key(|lane| lane.thread.tid);
    (all, others)
}

fn row(lane: &Lane, widths: &Columns, now: Instant) -> String {
    let name = fit(&lane.thread.name, widths.name);
    let mut row =
        format!("{name} {} {:>TIME$}", fit(lane.place.trim_start_matches("in "), widths.place), time(now - lane.since));
    if widths.strip > 0 {
        let signs: String = lane.strip.iter().rev().take(widths.strip).rev().map(|sign| letter(*sign)).collect();
        row.push_str(&format!(" {signs:>0$}", widths.strip));
    }
    if widths.has_bar && lane.queue > 0 {
        let cells = (lane.queue.ilog10() as usize + 1).min(BAR);
        row.push_str(&format!(" {}{} {}", "\u{2593}".repeat(cells), "\u{2591}".repeat(BAR - cells), size(lane.queue)));
    }
    match (lane.sign, &lane.thread.waits) {
        (Sign::Lock, _) => paint(&row, "31"),
        (Sign::Writes, _) => paint(&row, "33"),
        (Sign::Runs(_), _) => paint(&row, "32"),
        (_, Waits::Call { kind: Kind::Hears, .. }) if lane.thread.state == State::Sleeps => paint(&row, "2"),
        _ => row,
    }
}

fn letter(sign: Sign) -> char {
    match sign {
        Sign::Reads => 'r',
        Sign::Accepts => 'a',
        Sign::Polls => 'p',
        Sign::Writes => 'w',
        Sign::Lock => 'L',
        Sign::Futex => 'f',
        Sign::Sleeps => 's',
        Sign::Other => '.',
        Sign::Runs(eighths) => char::from_u32(0x2580 + u32::from(eighths.clamp(1, 8))).unwrap_or('#'),
    }
}

/// `0.0 s`, `3.2 s`, `12 min`.
fn time(passed: Duration) -> String {
    let seconds = passed.as_secs_f64();
    if seconds < 1000.0 { format!("{seconds:.1} s") } else { format!("{:.0} min", seconds / 60.0) }
}

/// The text in exactly so many columns: cut, or with blanks behind it.
pub fn fit(text: &str, columns: usize) -> String {
    let wide = text.width();
    if wide <= columns {
        return format!("{text}{}", " ".repeat(columns - wide));
    }
    let (mut cut, mut used) = (String::new(), 0);
    for letter in text.chars() {
        let own = letter.width().unwrap_or(0);
        if used + own + 1 > columns {
            break;
        }
        used += own;
        cut.push(letter);
    }
    if columns > 0 {
        cut.push('…');
    }
    cut + &" ".repeat(columns.saturating_sub(used + 1))
}

/// The text in rows that end between words.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split(' ') {
        let row = rows.last_mut().expect("there is one");
        if row.is_empty() {
            *row = fit(word, word.width().min(columns));
        } else if row.width() + 1 + word.width() <= columns {
            row.push(' ');
            row.push_str(word);
        } else {
            rows.push(fit(word, word.width().min(columns)));
        }
    }
    rows
}

/// The row in a colour, if the person wants colours. The words are the same without.
fn paint(row: &str, colour: &str) -> String {
    if wants_colour() { format!("\u{1b}[{colour}m{row}") } else { row.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_or_filled_to_its_columns() {
        assert_eq!(fit("anna", 6), "anna  ");
        assert_eq!(fit("thread 4712", 6), "threa…");
        assert_eq!(fit("漢字漢", 4), "漢… ");
        assert_eq!(fit("anna", 0), "");
    }

    #[test]
    fn rows_end_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("unbreakable is long", 6), ["unbre…", "is", "long"]);
    }

    #[test]
    fn a_sign_that_runs_is_higher_the_longer_it_ran() {
        assert_eq!([1, 4, 8].map(|eighths| letter(Sign::Runs(eighths))), ['▁', '▄', '█']);
    }
}
