//! The report as a person reads it on a terminal. Knows the verdicts and the words, and no other form.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::check::report::{Report, Sum};
use crate::check::rules::STAGES;
use crate::check::script::{Bytes, Deed, Note, letters};
use crate::check::verdict::{Evidence, Heard, Judged, Verdict};
use crate::check::words::Words;
use crate::kernel::TELLS;

const KEPT: Style = AnsiColor::Green.on_default();
const BROKEN: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = Style::new().dimmed();
/// Columns of the labels of a broken rule's evidence.
const LABEL: usize = 12;
/// Columns before the evidence.
const INDENT: &str = "          ";
/// So many of the last deeds of the clients are shown.
const DEEDS: usize = 4;
/// Columns of a line.
const WIDTH: usize = 100;
/// So many bytes of a message are shown.
const SHOWN: usize = 120;
/// So many bytes that a client sent are shown, or half as many letters of more.
const SENT: usize = 60;
/// So many of those that come before the first wrong one, if the message is longer.
const BEFORE: usize = 60;

/// Stands in the head where the system does not tell what a server has read.
const BLIND: &str = "this system does not tell what a server has read: the checker waits a moment instead, and may \
                     miss some faults\n";

/// The line above a stage.
pub fn stage(name: &str) -> String {
    let place = STAGES.iter().position(|(stage, ..)| *stage == name);
    let lesson = place.map_or("", |place| STAGES[place].1);
    let title = format!("{} {name}", place.map_or(0, |place| place + 1));
    let lesson = format!("docs/lessons/{lesson}.md");
    let gap = WIDTH.saturating_sub(title.len());
    format!("\n{title}{QUIET}{lesson:>gap$}{QUIET:#}\n")
}

/// One rule.
pub fn rule(judged: &Judged, words: &Words) -> String {
    let (style, verdict, note) = match &judged.verdict {
        Verdict::Kept => (KEPT, "kept", &words.what),
        Verdict::Broken(_) => (BROKEN, "BROKEN", &words.what),
        Verdict::NotRun(why) => (QUIET, "not run", why),
        Verdict::NotAsked(why) => (QUIET, "not asked", why),
        Verdict::Unsure(why) => (BROKEN, "unsure", why),
    };
    let mut text = format!("{:<22} {}", judged.rule, harmless(note));
    if let Some((broken, times, seed)) = &judged.times {
        let of = if *broken == 0 { String::new() } else { format!(", seed {seed}") };
        let _ = write!(text, "  broke {broken} of {times}{of}");
    }
    let took = match judged.took.as_millis() {
        0 => String::new(),
        took => format!("{took} ms"),
    };
    let gap =
        if took.is_empty() { 0 } else { WIDTH.saturating_sub("  not asked ".len() + text.width()).max(took.len() + 2) };
    let mut out = format!("  {style}{verdict:<9}{style:#} {text}{QUIET}{took:>gap$}{QUIET:#}\n");
    if let Verdict::Broken(evidence) = &judged.verdict {
        for (label, line) in self::evidence(judged, evidence, words) {
            let _ = writeln!(out, "{INDENT}{label:<LABEL$}{line}");
        }
    }
    out
}

/// The evidence for the reports that others show, without columns at the left.
pub fn plain_evidence(judged: &Judged, evidence: &Evidence, words: &Words) -> String {
    let lines = self::evidence(judged, evidence, words);
    lines.iter().map(|(label, line)| format!("{label:<LABEL$}{line}\n")).collect()
}

/// Lines with their labels.
fn evidence(judged: &Judged, evidence: &Evidence, words: &Words) -> Vec<(String, String)> {
    let mut out = Vec::new();
    add(&mut out, "", &evidence.told);
    out.extend(deeds(&judged.notes));
    out.extend(evidence.heard.iter().flat_map(heard));
    if !evidence.threads.is_empty() {
        add(&mut out, "threads", &evidence.threads.join(" · "));
    }
    for (index, said) in evidence.said.iter().enumerate() {
        let label = if index == 0 { "server said" } else { "" };
        out.push((label.to_owned(), clipped(&harmless(said), WIDTH - INDENT.len() - LABEL)));
    }
    add(&mut out, "why", &words.why);
    add(&mut out, "hint", &words.hint);
    add(&mut out, "more", &format!("chat-lab check --explain {}", judged.rule));
    out
}

fn add(lines: &mut Vec<(String, String)>, label: &str, text: &str) {
    let texts = wrapped(&harmless(text), WIDTH - INDENT.len() - LABEL).into_iter().enumerate();
    lines.extend(texts.map(|(index, text)| (if index == 0 { label.to_owned() } else { String::new() }, text)));
}

/// The last things that the clients did, without what they heard.
fn deeds(notes: &[Note]) -> Vec<(String, String)> {
    let mut told: Vec<(String, String)> = Vec::new();
    for note in notes {
        let deed = match &note.deed {
            Deed::Sends(bytes) => format!("sends   {}", short(bytes)),
            Deed::Closes => "closes the connection".to_owned(),
            Deed::Ends => "ends sending".to_owned(),
            Deed::Resets => "breaks the connection off".to_owned(),
            Deed::StopsReading => "stops reading".to_owned(),
            Deed::ReadsAgain => "reads again".to_owned(),
            Deed::IsRead => {
                // It belongs to what was sent, on the same line.
                if let Some((_, sent)) = told.iter_mut().rev().find(|(role, _)| *role == note.role) {
                    sent.push_str("   the server has read it");
                }
                continue;
            }
            Deed::Stop => "the server is told to stop".to_owned(),
            Deed::Connects | Deed::Hears(_) | Deed::IsClosed(_) => continue,
        };
        told.push((note.role.clone(), deed));
    }
    told.split_off(told.len().saturating_sub(DEEDS))
}

/// What was sent, so that it fits into a line.
fn short(bytes: &Bytes) -> String {
    if bytes.length <= SENT {
        return bytes.to_string();
    }
    let shown: String = letters(&bytes.shown).into_iter().take(SENT / 2).map(|(_, shown)| shown).collect();
    format!("\"{shown}\"… {} bytes in all", bytes.length)
}

/// What came and what should have come, with a mark under the first wrong byte.
pub fn heard(heard: &Heard) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let at = if heard.should.is_some() { heard.at } else { 0 };
    let came = heard.came.as_ref().map(|came| window(&came.shown, came.length, at));
    let shown = came.as_ref().map_or("nothing", |(shown, _)| shown);
    lines.push((heard.role.clone(), format!("hears   {shown}")));
    if let (Some((_, column)), Some(_)) = (came, &heard.should) {
        let column = "hears   ".len() + column;
        lines.push((String::new(), format!("{:column$}^ byte {}", "", heard.at)));
    }
    let should = heard.should.as_deref().map_or("hear nothing".to_owned(), |should| window(should, should.len(), at).0);
    lines.push((String::new(), format!("should  {should}")));
    lines
}

/// At most `SHOWN` bytes around the byte `at`, in quotes, and the column of that byte in them. No letter is cut. `bytes`
/// are the first ones of `all`.
fn window(bytes: &[u8], all: usize, at: usize) -> (String, usize) {
    let letters = letters(bytes);
    let starts = |place: usize| letters.partition_point(|(start, _)| *start < place);
    let first = if bytes.len() <= SHOWN || at <= BEFORE { 0 } else { starts(at.min(bytes.len()) - BEFORE) };
    let from = letters.get(first).map_or(bytes.len(), |(start, _)| *start);
    // A letter that does not fit whole is left out.
    let last = if bytes.len() - from <= SHOWN { letters.len() } else { starts(from + SHOWN + 1) - 1 };
    let to = letters.get(last).map_or(bytes.len(), |(start, _)| *start);
    let text = |from: usize, to: usize| letters[from..to].iter().map(|(_, shown)| shown.as_str()).collect::<String>();
    let before = if from > 0 { "…" } else { "" };
    let mut shown = format!("{before}\"{}\"", text(first, last));
    if to < all {
        let _ = write!(shown, "… {all} bytes in all");
    }
    // The letter in which the byte is, or the end.
    let wrong = if at >= bytes.len() { letters.len() } else { starts(at + 1) - 1 };
    (shown, before.width() + 1 + text(first.min(wrong), wrong.min(last)).width())
}

/// The last line.
pub fn sum(sum: &Sum) -> String {
    let mut parts = vec![format!("{} kept", sum.kept), format!("{} broken", sum.broken)];
    let others = [(sum.not_run, "not run"), (sum.unsure, "unsure"), (sum.not_asked, "not asked")];
    parts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    format!("{}: {} of {}\n", parts.join(", "), points(sum.score), points(sum.most))
}

/// Points, with one digit if they are not whole.
pub fn points(points: f64) -> String {
    let rounded = (points * 10.0).round() / 10.0;
    format!("{rounded}")
}

/// The first lines.
pub fn head(report: &Report, how: &str) -> String {
    let blind = if TELLS { "" } else { BLIND };
    format!("{}\n{how}, profile {}, seed {}\n{blind}", harmless(&report.title), report.profile.name, report.seed)
}

/// A text without anything that steers a terminal.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match crate::check::script::harmless(letter) {
            Some(shown) => out.push_str(&shown),
            None => out.push(letter),
        }
    }
    out
}

/// The same for a text of several lines.
pub fn harmless_lines(text: &str) -> String {
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}

/// The text in lines of at most so many columns; a longer word has a line of its own.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().filter(|line| line.is_empty() || line.width() + 1 + word.width() <= width);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The text, or as much of it as fits into so many columns.
fn clipped(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for letter in text.chars() {
        out.push(letter);
        if out.width() >= width {
            out.pop();
            break;
        }
    }
    out + "…"
}

/// JSON for a file, with a line end.
pub fn pretty(page: &impl Serialize) -> String {
    // Only a map with keys that are no texts cannot be written.
    serde_json::to_string_pretty(page).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::report::sample;

    fn mark(came: &str, should: &str, at: usize) -> (String, String, String) {
        let heard = Heard {
            role: "boris".to_owned(),
            came: Some(Bytes::proof(came.as_bytes())),
            should: Some(should.as_bytes().to_vec()),
            at,
        };
        let lines = self::heard(&heard);
        (lines[0].1.clone(), lines[2].1.clone(), lines[1].1.clone())
    }

    #[test]
    fn the_mark_stands_under_the_first_wrong_byte_after_wide_letters_and_escapes_too() {
        for (came, should, letter) in [
            ("anna: ho", "anna: hi", "o"),
            ("日本: ho", "日本: hi", "o"),
            ("a\t\u{1b}\"x", "a\t\u{1b}\"y", "x"),
            ("при", "прв", "и"),
        ] {
            let at = came.find(letter).unwrap();
            let (shown, _, mark) = mark(came, should, at);
            let before = &shown[..shown.find(&format!("{letter}\"")).unwrap()];
            assert_eq!(before.width(), mark.find('^').unwrap(), "{shown}\n{mark}");
        }
        // A byte inside a letter is marked at its letter, and a line that ended too early after its last one.
        assert_eq!(mark("при", "пра", 5).2.find('^'), Some("hears   \"пр".width()));
        assert_eq!(mark("при", "привет", 6).2.find('^'), Some("hears   \"при".width()));
    }

    #[test]
    fn a_long_line_is_cut_between_letters_and_the_wrong_byte_stays_visible() {
        let text = format!("{}X{}", "я".repeat(400), "ж".repeat(400));
        let (shown, should, mark) = mark(&text, &"я".repeat(801), 800);
        assert!(shown.contains("яX") && !shown.contains("\\x"), "{shown}");
        assert!(shown.ends_with("\"… 1601 bytes in all") && should.contains("яя"), "{shown}\n{should}");
        let before = &shown[..shown.find('X').unwrap()];
        assert_eq!(before.width(), mark.find('^').unwrap(), "{shown}\n{mark}");
        assert_eq!(window(&[b'x'; 120], 120, 0).0.len(), 122);
        assert_eq!(window(&[b'x'; 121], 121, 500).0, format!("…\"{}\"", "x".repeat(60)));
        let (shown, _) = window("ab".repeat(2000).as_bytes(), 4000, 4000);
        assert_eq!(shown, format!("…\"{}\"", "ab".repeat(30)));
    }

    #[test]
    fn nothing_that_a_server_says_steers_the_terminal() {
        for judged in sample::all() {
            let words = Words { what: "a promise".to_owned(), ..Words::default() };
            let text = anstream::adapter::strip_str(&rule(&judged, &words)).to_string();
            assert!(sample::is_harmless(&text), "{text}");
            if judged.verdict.is_broken() {
                assert!(text.contains("\\x1b[31m\\x07"), "{text}");
            }
        }
        sample::with(|report| assert!(sample::is_harmless(&head(report, "a free port"))));
    }

    #[test]
    fn times_stand_at_the_right_and_points_have_one_digit_at_most() {
        let lines: Vec<String> = sample::all().iter().map(|judged| rule(judged, &Words::default())).collect();
        let first = anstream::adapter::strip_str(&lines[0]).to_string();
        assert!(first.ends_with(" 13 ms\n") && first.width() == WIDTH + 1, "{first:?}");
        assert_eq!((points(2.857), points(20.0), points(0.04)), ("2.9".to_owned(), "20".to_owned(), "0".to_owned()));
    }

    #[test]
    fn a_text_is_broken_between_words() {
        assert_eq!(wrapped("a lock is held over send", 10), ["a lock is", "held over", "send"]);
        assert_eq!(wrapped("", 10), [""]);
    }
}
