//! What is seen of one room: what each client did and heard, in order of time. Knows no socket and no screen.
//!
//! Numbered lines, of which there may be thousands, become one entry as long as none is missing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::crowd::GUEST;
use crate::check::script::letters;

/// What comes later than this is shown as late.
const LATE: Duration = Duration::from_millis(300);
/// A longer line that is no numbered one is torn.
const LONG: usize = 500;
/// So many torn lines are shown, the others are counted.
const TORN: usize = 4;
/// So many of the numbers that are missing are shown.
const SHOWN: usize = 3;
/// So many equal letters are shown as one and their number.
const RUN: usize = 12;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Entry {
    pub at: Instant,
    /// The client; empty for the server and its operator.
    pub role: String,
    pub kind: Kind,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Kind {
    /// The client did this.
    Does(String),
    /// It heard this, and how late, if it was late.
    Hears(String, Option<Duration>),
    /// It heard these numbered lines of each speaker, in ranges from the first to the last.
    Numbers(BTreeMap<String, Vec<(usize, usize)>>),
    /// It heard a long line in which there is something else.
    Torn(String),
    /// And so many more.
    MoreTorn(usize),
    /// Something happened to it, or to the server.
    Meets(String),
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<Entry>,
    /// So many are printed already, and do not change any more.
    printed: usize,
    /// When which message was said, as the others should hear it.
    said: HashMap<Vec<u8>, Instant>,
    /// What each client heard last.
    latest: HashMap<String, Vec<u8>>,
    /// The numbered lines that each client heard, in order.
    order: HashMap<String, Vec<(String, usize)>>,
    changed: Option<Instant>,
    /// Addresses of clients, and what is shown for them.
    names: Vec<(String, String)>,
}

/// The list; its clones write on the same one.
#[derive(Clone, Debug, Default)]
pub struct Log {
    state: Arc<Mutex<State>>,
    news: Arc<Condvar>,
}

impl Log {
    fn add(&self, at: Instant, role: &str, kind: Kind) {
        let mut state = self.state.lock();
        state.add(Entry { at, role: role.to_owned(), kind });
        drop(state);
        self.news.notify_all();
    }

    /// A client does something now.
    pub fn does(&self, role: &str, what: impl Into<String>) {
        self.add(Instant::now(), role, Kind::Does(what.into()));
    }

    /// Something happens to a client, or to the server, now.
    pub fn meets(&self, role: &str, what: impl Into<String>) {
        self.add(Instant::now(), role, Kind::Meets(what.into()));
    }

    /// From now on it is late.
    pub fn expects(&self, message: Vec<u8>) {
        self.state.lock().said.insert(message, Instant::now());
    }

    /// From now on this client is shown for its address.
    pub fn name(&self, addr: String, role: &str) {
        self.state.lock().names.push((addr, role.to_owned()));
    }

    /// A client heard this whole message.
    pub fn hears(&self, role: &str, message: &[u8], at: Instant) {
        let mut state = self.state.lock();
        let late = state.said.get(message).map(|said| at.saturating_duration_since(*said)).filter(|late| *late >= LATE);
        state.latest.insert(role.to_owned(), message.to_vec());
        let named = state.with_names(message);
        let message = named.as_deref().unwrap_or(message);
        let number = numbered(message);
        if let Some((speaker, number)) = &number {
            state.order.entry(role.to_owned()).or_default().push((speaker.clone(), *number));
        }
        match number {
            Some((speaker, number)) if late.is_none() => state.count(role, speaker, number, at),
            None if message.len() > LONG => state.tear(role, message, at),
            // Clients that only make noise are not named.
            None if memchr::memmem::find(message, GUEST.as_bytes()).is_some() => state.changed = Some(Instant::now()),
            _ => {
                let kind = Kind::Hears(shown(message), late);
                state.add(Entry { at, role: role.to_owned(), kind });
            }
        }
        drop(state);
        self.news.notify_all();
    }

    /// Waits until this is what the client heard last.
    pub fn wait_until_heard(&self, role: &str, message: &[u8], within: Duration) -> bool {
        let until = Instant::now() + within;
        let mut state = self.state.lock();
        while state.latest.get(role).is_none_or(|latest| latest != message) {
            if self.news.wait_until(&mut state, until).timed_out() {
                return false;
            }
        }
        true
    }

    /// This speaker begins to count anew.
    pub fn begins(&self, speaker: &str) {
        self.state.lock().order.values_mut().for_each(|lines| lines.retain(|(own, _)| own != speaker));
    }

    /// Waits until some client has heard this numbered line of this speaker, or a later one.
    pub fn wait_until_numbered(&self, speaker: &str, number: usize, within: Duration) -> bool {
        let until = Instant::now() + within;
        let mut state = self.state.lock();
        let is_it = |line: &&(String, usize)| line.0 == speaker && line.1 >= number;
        while !state.order.values().any(|lines| lines.iter().rev().take(10).any(|line| is_it(&line))) {
            if self.news.wait_until(&mut state, until).timed_out() {
                return false;
            }
        }
        true
    }

    /// Adds in a sentence whether two clients heard the numbered lines in one order.
    pub fn compare(&self, one: &str, other: &str) {
        let sentence = {
            let state = self.state.lock();
            let none = Vec::new();
            let heard = |role: &str| state.order.get(role).unwrap_or(&none).clone();
            let (first, second) = (heard(one), heard(other));
            let word = |line: Option<&(String, usize)>| {
                line.map_or("nothing more".to_owned(), |(speaker, number)| format!("{speaker}'s {number}"))
            };
            match (0..first.len().max(second.len())).find(|at| first.get(*at) != second.get(*at)) {
                None => format!("{} lines, in one order for {one} and {other}", first.len()),
                Some(at) => format!(
                    "not one order: line {} is {} for {one} and {} for {other}",
                    at + 1,
                    word(first.get(at)),
                    word(second.get(at))
                ),
            }
        };
        self.meets("", sentence);
    }

    /// All entries.
    pub fn entries(&self) -> Vec<Entry> {
        self.state.lock().entries.clone()
    }

    /// Those that were not taken so far; they do not change any more.
    pub fn take_new(&self) -> Vec<Entry> {
        let mut state = self.state.lock();
        let new = state.entries[state.printed..].to_vec();
        state.printed = state.entries.len();
        new
    }

    /// How long nothing has been added.
    pub fn rest(&self) -> Duration {
        self.state.lock().changed.map_or(Duration::ZERO, |changed| changed.elapsed())
    }
}

impl State {
    /// The message with clients instead of their addresses, if there is one in it.
    fn with_names(&self, message: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(message).ok()?;
        let (addr, role) = self.names.iter().find(|(addr, _)| text.contains(addr.as_str()))?;
        Some(text.replace(addr, role).into_bytes())
    }

    /// Puts it behind those that are older.
    fn add(&mut self, entry: Entry) {
        let newer = self.entries[self.printed..].iter().rev().take_while(|other| other.at > entry.at).count();
        self.entries.insert(self.entries.len() - newer, entry);
        self.changed = Some(Instant::now());
    }

    /// One more numbered line: it joins those before, unless the speaker has begun anew.
    fn count(&mut self, role: &str, speaker: String, number: usize, at: Instant) {
        self.changed = Some(Instant::now());
        let mut open = self.entries[self.printed..].iter_mut().rev();
        let last = open.find(|entry| entry.role == role && matches!(entry.kind, Kind::Hears(..) | Kind::Numbers(_)));
        if let Some(Entry { kind: Kind::Numbers(numbers), .. }) = last {
            let ranges = numbers.entry(speaker.clone()).or_default();
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == number => return *last = number,
                Some((_, last)) if *last >= number => {}
                _ => return ranges.push((number, number)),
            }
        }
        let kind = Kind::Numbers(BTreeMap::from([(speaker, vec![(number, number)])]));
        self.add(Entry { at, role: role.to_owned(), kind });
    }

    /// One more line that is not whole.
    fn tear(&mut self, role: &str, message: &[u8], at: Instant) {
        self.changed = Some(Instant::now());
        let mut open = self.entries[self.printed..].iter_mut().rev().filter(|entry| entry.role == role);
        if let Some(Entry { kind: Kind::MoreTorn(count), .. }) =
            open.find(|entry| matches!(entry.kind, Kind::Hears(..) | Kind::MoreTorn(_)))
        {
            *count += 1;
            return;
        }
        let is_torn = |entry: &&Entry| entry.role == role && matches!(entry.kind, Kind::Torn(_));
        let many = self.entries[self.printed..].iter().filter(is_torn).count() >= TORN;
        let kind = if many { Kind::MoreTorn(1) } else { Kind::Torn(shown(message)) };
        self.add(Entry { at, role: role.to_owned(), kind });
    }
}

impl Entry {
    /// As one row: the client, and what it did or heard.
    pub fn words(&self) -> String {
        let role = if self.role.is_empty() { "*" } else { &self.role };
        match &self.kind {
            Kind::Does(what) | Kind::Meets(what) => format!("{role} {what}"),
            Kind::Hears(what, None) => format!("{role} < {what}"),
            Kind::Hears(what, Some(late)) => format!("{role} < {:.1} s LATE: {what}", late.as_secs_f64()),
            Kind::Torn(what) => format!("{role} < TORN: {what}"),
            Kind::MoreTorn(count) => format!("{role} < and {count} more TORN lines"),
            Kind::Numbers(numbers) => {
                let words: Vec<String> =
                    numbers.iter().map(|(speaker, all)| format!("{speaker}: {}", ranges(all))).collect();
                format!("{role} < {}", words.join("; "))
            }
        }
    }
}

/// Numbers as a person says them: `1 to 12`, `2 to 400, 199 MISSING: 3, 5, 7, …`.
fn ranges(all: &[(usize, usize)]) -> String {
    let (first, last) = (all.first().map_or(0, |range| range.0), all.last().map_or(0, |range| range.1));
    let numbers = if first == last { first.to_string() } else { format!("{first} to {last}") };
    let missing: Vec<usize> = all.windows(2).flat_map(|pair| pair[0].1 + 1..pair[1].0).collect();
    if missing.is_empty() {
        return numbers;
    }
    let mut words: Vec<String> = missing.iter().take(SHOWN).map(usize::to_string).collect();
    if missing.len() > SHOWN {
        words.push("…".to_owned());
    }
    format!("{numbers}, {} MISSING: {}", missing.len(), words.join(", "))
}

/// A numbered line of this speaker.
pub fn line(number: usize, letter: char, bytes: usize) -> String {
    let begin = format!("{number} ");
    let rest = bytes.saturating_sub(begin.len()).max(RUN);
    begin + &letter.to_string().repeat(rest)
}

/// The speaker and the number of a numbered line, if it is one and whole.
fn numbered(message: &[u8]) -> Option<(String, usize)> {
    let text = std::str::from_utf8(message).ok()?.trim_end();
    let last = text.chars().next_back()?;
    let head = text.trim_end_matches(last);
    let is_run = text.len() - head.len() >= RUN;
    let (speaker, number) = head.strip_suffix(' ')?.rsplit_once(": ").filter(|_| is_run)?;
    // Some protocols have the name in brackets.
    let speaker = speaker.trim_matches(['[', ']', ' ']);
    speaker.starts_with(last).then_some(())?;
    Some((speaker.to_owned(), number.parse().ok()?))
}

/// As a person reads it: what would steer a terminal is escaped, and long runs of one letter are short.
pub fn shown(message: &[u8]) -> String {
    let letters: Vec<String> =
        letters(message).into_iter().map(|(_, shown)| if shown == "\\\"" { "\"".to_owned() } else { shown }).collect();
    let runs = letters.chunk_by(|one, other| one == other);
    runs.map(|run| if run.len() >= RUN { format!("[{} × {}]", run[0], run.len()) } else { run.concat() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(log: &Log) -> Vec<String> {
        log.entries().iter().map(Entry::words).collect()
    }

    fn says(log: &Log, role: &str, number: usize) {
        log.hears(
            "boris",
            format!("{role}: {}", line(number, role.chars().next().unwrap(), 100)).as_bytes(),
            Instant::now(),
        );
    }

    #[test]
    fn numbered_lines_are_one_entry_which_tells_what_is_missing() {
        let log = Log::default();
        [1, 2, 3, 7, 8].into_iter().for_each(|number| says(&log, "anna", number));
        assert_eq!(words(&log), ["boris < anna: 1 to 8, 3 MISSING: 4, 5, 6"]);
        (10..20).for_each(|number| says(&log, "anna", number * 2));
        assert_eq!(words(&log), ["boris < anna: 1 to 38, 23 MISSING: 4, 5, 6, …"]);
        says(&log, "anna", 1);
        assert_eq!(words(&log).len(), 2, "she has begun anew");
    }

    #[test]
    fn what_was_printed_does_not_change() {
        let log = Log::default();
        says(&log, "anna", 1);
        assert_eq!(log.take_new().len(), 1);
        says(&log, "anna", 2);
        assert_eq!(words(&log), ["boris < anna: 1", "boris < anna: 2"]);
    }

    #[test]
    fn a_torn_line_is_no_numbered_line_and_is_shown_short() {
        let log = Log::default();
        let torn = format!("anna: 1 {}boris: 2 {}", "a".repeat(500), "b".repeat(400));
        (0..7).for_each(|_| log.hears("vera", torn.as_bytes(), Instant::now()));
        let first = "vera < TORN: anna: 1 [a × 500]boris: 2 [b × 400]";
        assert_eq!(words(&log), [first, first, first, first, "vera < and 3 more TORN lines"]);
    }

    #[test]
    fn two_orders_are_told_by_the_first_line_that_differs() {
        let log = Log::default();
        for (role, order) in [("vera", ["anna", "boris"]), ("gleb", ["boris", "anna"])] {
            for speaker in order {
                let text = format!("{speaker}: {}", line(1, speaker.chars().next().unwrap(), 40));
                log.hears(role, text.as_bytes(), Instant::now());
            }
        }
        log.compare("vera", "gleb");
        assert!(
            words(&log).contains(&"* not one order: line 1 is anna's 1 for vera and boris's 1 for gleb".to_owned())
        );
    }

    #[test]
    fn what_comes_late_is_told() {
        let log = Log::default();
        log.expects(b"anna: hi".to_vec());
        log.hears("boris", b"anna: hi", Instant::now() + Duration::from_secs(1));
        assert_eq!(words(&log), ["boris < 1.0 s LATE: anna: hi"]);
    }
}
