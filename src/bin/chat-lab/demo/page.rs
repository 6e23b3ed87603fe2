//! What is told in words: the news of both rooms for a reader that is no terminal, the verdicts, the answer. Knows no clock.

use super::picture::CAPTION;
use super::play::{Demo, Goes, Stop};
use super::room::Room;
use super::script::Script;
use super::side::{self, Side};
use super::{diff, tell};
use crate::check::verdict::Judged;

/// What the rule says of one server.
#[derive(Clone, Debug)]
pub struct Verdict {
    is_fixed: bool,
    /// `kept`, `BROKEN` and so on.
    word: &'static str,
    why: String,
    /// Whether the demo says so, too.
    pub is_as_said: bool,
}

impl Verdict {
    pub fn of(side: &Side, judged: &Judged) -> Verdict {
        let (word, why) = side::verdict(judged);
        Verdict { is_fixed: side.is_fixed, word, why, is_as_said: side.is_as_said(judged) }
    }
}

/// A row for each verdict, and its colour.
pub fn verdicts(script: &Script, verdicts: &[Verdict]) -> Vec<(String, &'static str)> {
    let row = |verdict: &Verdict| {
        let side = if verdict.is_fixed { "fixed " } else { "broken" };
        let why = if verdict.why.is_empty() { String::new() } else { format!(": {}", verdict.why) };
        let colour = if verdict.word == "kept" { "1;32" } else { "1;31" };
        (format!("{side}  {} {}{why}", verdict.word, script.rule), colour)
    };
    verdicts.iter().map(row).collect()
}

/// The page after the demo: each part with its colour.
pub fn parts(demo: &Demo, all: &[Verdict]) -> Vec<(String, &'static str)> {
    let mut parts = verdicts(demo.script, all);
    parts.push((String::new(), ""));
    parts.push((format!("? {}", demo.script.question), CAPTION));
    parts.push((format!("! {}", demo.script.answer), "1"));
    parts.push((String::new(), ""));
    let [broken, fixed] = demo.both;
    parts.push((format!("From {} (-) to {} (+):", broken.name, fixed.name), "1"));
    parts.extend(diff::diff(&broken.source, &fixed.source).into_iter().map(|row| {
        let colour = match row.as_bytes().first() {
            Some(b'-') => "31",
            Some(b'+') => "32",
            _ => "2",
        };
        (row, colour)
    }));
    parts
}

/// The end for a reader that is no terminal.
pub fn lines(demo: &Demo, rooms: &[Room], all: &[Verdict]) -> Vec<String> {
    let mut lines = news(rooms);
    for room in rooms {
        let word = room.side.word();
        lines.push(format!("{word:<6} | {}", room.summary()));
        lines.extend(room.stuck().into_iter().map(|row| format!("{word:<6} | {row}")));
    }
    lines.extend(parts(demo, all).into_iter().map(|(text, _)| text));
    lines
}

/// What happened in the rooms since it was told last.
pub fn tell_news(rooms: &[Room]) -> Goes {
    for line in news(rooms) {
        if let Err(stop) = told(&line)? {
            return Ok(Err(stop));
        }
    }
    Ok(Ok(()))
}

fn news(rooms: &[Room]) -> Vec<String> {
    let of = |room: &Room| {
        let word = room.side.word();
        room.log.take_new().iter().map(|entry| format!("{word:<6} | {}", entry.words())).collect::<Vec<_>>()
    };
    rooms.iter().flat_map(of).collect()
}

/// A line for a reader that is no terminal; without a reader it is to end.
pub fn told(line: &str) -> Goes {
    Ok(tell(line).map_err(|_| Stop::Wanted))
}
