//! What a soak found: its figures, and each promise that did not hold, in a sentence. Knows no socket and no client.

use std::time::Duration;

use serde_json::Value;

use crate::kernel::process::Holding;
use crate::marker::Marker;
use crate::measure::figures::Row;
use crate::measure::histogram::Histogram;
use crate::measure::ledger::Ledger;

/// Memory may be so many times what it was after the warm-up, and this much more. It is not
/// exactly the same: glibc holds freed memory in its arenas, SQLite holds pages, and the
/// chat stores rooms, tokens and tags up to its limits. Memory that grew without bound would be
/// many times more after ten minutes than after one.
const GROWTH: f64 = 1.5;
const SLACK: u64 = 32 * 1024 * 1024;
/// Descriptors that may be more: each of the four readers of the database is made when it is
/// needed first, and has up to three.
const READERS: u64 = 12;

/// The cell of the way of a line without a server.
const MACHINE: &str = "the machine itself";

/// What a soak found.
#[derive(Debug)]
pub struct Verdict {
    /// The figures; the first row is that of the server.
    pub rows: Vec<Row>,
    /// What was promised and did not hold, in sentences.
    pub broken: Vec<String>,
}

/// What the server's process held when.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// With the two people only.
    pub before: Holding,
    /// After the warm-up.
    pub warm: Holding,
    /// When the last hostile client ends.
    pub end: Holding,
    /// With the two people only, again.
    pub after: Holding,
    /// How long it took until the threads were back.
    pub settled: Option<Duration>,
    /// How long it could have taken.
    pub patience: Duration,
}

/// What a history has of the lines of the two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marked {
    /// How many.
    pub lines: u64,
    /// Whether one is there twice, or out of order, or under the other's name.
    pub is_wrong: bool,
    /// How many messages there are with those of others.
    pub of: usize,
}

/// Whether threads and descriptors are what they were.
pub fn is_back(now: Holding, before: Holding) -> bool {
    now.threads <= before.threads && now.fds <= before.fds + READERS
}

/// Finds the lines of the two in a history.
pub fn marked(messages: &[Value], names: &[String; 2], marker: &Marker) -> Marked {
    let (mut next, mut found) = ([0; 2], Marked { lines: 0, is_wrong: false, of: messages.len() });
    for message in messages {
        let Some(who) = names.iter().position(|name| message["from"] == **name) else { continue };
        let text = message["text"].as_str().unwrap_or_default();
        let Some(mark) = marker.find(text.as_bytes(), &mut 0) else { continue };
        found.is_wrong |= mark.number != next[who] || usize::from(mark.speaker) != who;
        next[who] = mark.number + 1;
        found.lines += 1;
    }
    found
}

impl Verdict {
    /// Nothing is broken yet.
    pub fn new(cell: String) -> Verdict {
        Verdict { rows: vec![Row::new("soak-server", cell, "server")], broken: Vec::new() }
    }

    /// A figure of the server.
    pub fn figure(&mut self, name: &str, value: f64) {
        self.rows[0].set(name, value);
    }

    /// Something was promised, and did not hold.
    pub fn breaks(&mut self, words: String) {
        self.broken.push(words);
    }

    /// How long the machine takes for itself: below that no server can be.
    pub fn machine(&mut self, times: &Histogram) {
        let mut row = Row::new("soak", MACHINE.to_owned(), "none");
        for (name, percent) in [("p50_ms", 50.0), ("p99_ms", 99.0), ("max_ms", 100.0)] {
            row.set(name, times.millis(percent));
        }
        self.rows.push(row);
    }

    /// Judges what the server's process held.
    pub fn holding(&mut self, course: &Course) {
        let &Course { before, warm, end, after, settled, patience } = course;
        let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
        for (name, holding) in [("before", before), ("warm", warm), ("end", end), ("after", after)] {
            self.figure(&format!("rss_{name}"), mib(holding.rss));
        }
        self.figure("threads_before", before.threads as f64);
        self.figure("threads_after", after.threads as f64);
        let most = (warm.rss as f64 * GROWTH) as u64 + SLACK;
        for (when, rss) in [("at the end", end.rss), ("after the end", after.rss)] {
            if rss > most {
                let (rss, most, warm) = (mib(rss), mib(most), mib(warm.rss));
                self.breaks(format!(
                    "{when} the server had {rss:.0} MiB resident, above {most:.0}: it was {warm:.0} after the warm-up"
                ));
            }
        }
        match settled {
            Some(took) => self.figure("settled_s", took.as_secs_f64()),
            None => self.breaks(format!(
                "{} s after the end the server had {} threads and {} descriptors, before {} and {}",
                patience.as_secs(),
                after.threads,
                after.fds,
                before.threads,
                before.fds
            )),
        }
    }

    /// Judges the lines that the two said in one place: which were heard, answered and stored.
    pub fn talk(&mut self, cell: &str, book: &Ledger, answered: u64, found: Marked, p99_ms: f64) {
        let mut row = Row::new("soak", cell.to_owned(), "server");
        let (p99, said, lost) = (book.latency.millis(99.0), book.said(), book.lost());
        row.set("p50_ms", book.latency.millis(50.0));
        row.set("p99_ms", p99);
        row.set("max_ms", book.latency.millis(100.0));
        for (name, count) in [("said", said), ("lost", lost), ("doubled", book.doubled), ("reordered", book.reordered)]
        {
            row.set(name, count as f64);
        }
        row.set("not_kept", said.saturating_sub(found.lines) as f64);
        row.set("in_history", found.of as f64);
        self.rows.push(row);
        if lost + book.doubled + book.reordered > 0 {
            let (doubled, reordered) = (book.doubled, book.reordered);
            self.breaks(format!("{cell} {lost} lines were lost, {doubled} came twice and {reordered} out of order"));
        }
        if found.lines != said {
            self.breaks(format!("{cell} {said} lines were said, and {} are in the history", found.lines));
        }
        if found.is_wrong {
            self.breaks(format!("{cell} the history has lines twice, or out of order"));
        }
        // Only one of the two speaks JSON, and that one spoke first.
        if answered != said.div_ceil(2) {
            self.breaks(format!("{cell} {answered} lines of {} were answered", said.div_ceil(2)));
        }
        if p99.is_none_or(|p99| p99 > p99_ms) {
            let took = p99.map_or("none came".to_owned(), |p99| format!("{p99:.1} ms"));
            // If other programs use the processors, that may not be the server's fault.
            let own = self.rows.iter().find(|row| row.cell == MACHINE).and_then(|row| row.figures.get("p99_ms"));
            let own = own.map_or(String::new(), |own| format!(", and the machine itself {own:.1}"));
            self.breaks(format!("{cell} one line in a hundred took over {p99_ms} ms: {took}{own}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::marker::Mark;
    use crate::measure::ledger::Shape;

    fn course(end: u64, threads: u64, settled: Option<Duration>) -> Vec<String> {
        let holding = |rss, threads| Holding { rss, threads, fds: 9 };
        let mut verdict = Verdict::new("test".to_owned());
        verdict.holding(&Course {
            before: holding(0, 5),
            warm: holding(SLACK, 9),
            end: holding(end, 9),
            after: holding(SLACK, threads),
            settled,
            patience: Duration::from_secs(60),
        });
        verdict.broken
    }

    #[test]
    fn memory_is_where_it_was_up_to_the_edge_and_not_beyond() {
        let most = SLACK / 2 * 5;
        assert_eq!(course(most, 5, Some(Duration::ZERO)), [""; 0]);
        let broken = course(most + 1, 5, Some(Duration::ZERO));
        assert_eq!(broken, ["at the end the server had 80 MiB resident, above 80: it was 32 after the warm-up"]);
        let broken = course(most, 6, None);
        assert_eq!(broken, ["60 s after the end the server had 6 threads and 9 descriptors, before 5 and 9"]);
    }

    #[test]
    fn a_line_that_is_not_in_the_history_is_a_broken_promise() {
        let (names, marker) = (["Anna", "Boris"].map(str::to_owned), Marker::new(1, 64));
        let mut book = Ledger::new(Shape { members: 2, speakers: 2, in_flight: 4, echo: false });
        let mut messages = Vec::new();
        for who in [0, 1, 0] {
            let mark: Mark = book.say(who, 0).expect("within the window");
            book.heard(1 - who, mark, 1_000);
            let mut text = Vec::new();
            marker.write(mark, &mut text);
            messages.push(json!({"from": names[who], "text": String::from_utf8_lossy(&text)}));
        }
        messages.insert(1, json!({"from": "pest1", "text": messages[0]["text"]}));
        let judged = |messages: &[Value], answered| {
            let mut verdict = Verdict::new("test".to_owned());
            verdict.talk("here", &book, answered, marked(messages, &names, &marker), 1.0);
            verdict.broken
        };
        assert_eq!(judged(&messages, 2), [""; 0]);
        assert_eq!(judged(&messages, 1), ["here 1 lines of 2 were answered"]);
        assert_eq!(judged(&messages[..3], 2), ["here 3 lines were said, and 2 are in the history"]);
        messages[0] = messages[3].clone();
        assert_eq!(judged(&messages, 2), ["here the history has lines twice, or out of order"]);
    }
}
