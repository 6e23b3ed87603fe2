//! What was said, now and earlier. Knows no screen, and nothing of the reader but what the painter says.

use std::io::{Result, Write};

use super::Painter;
use super::words::{Look, clock, date, file, moment};
use crate::answer::History;
use crate::model::{FileInfo, Message, Millis, Seq};

/// A message with its time; one of a conversation as the private line that it was.
///
/// # Errors
/// Those of `out`.
pub fn message(message: &Message, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    if let Some(other) = message.room.strip_prefix('@') {
        let Message { from, text, time, file, .. } = message;
        let to = p.is_own(from).then_some(other);
        return private(&Private { from, to, text, time: *time, file: file.as_deref() }, p, out);
    }
    let room = p.is_elsewhere(&message.room).then_some(&*message.room);
    head(clock(message.time), room, None, p, out)?;
    said(message, p, out)
}

/// The same with its number, because the reader asked for the message and may want to delete it.
pub(super) fn numbered(message: &Message, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    head(clock(message.time), None, Some(message.seq), p, out)?;
    said(message, p, out)
}

/// The same with its day and its room.
pub(super) fn found(message: &Message, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    head(moment(message.time), Some(&message.room), Some(message.seq), p, out)?;
    said(message, p, out)
}

/// When it was said, in which room and under which number.
fn head(time: Look, room: Option<&str>, seq: Option<Seq>, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    write!(out, "{}", p.time(time))?;
    if let Some(room) = room {
        write!(out, "{}", p.dim(format!("{} ", p.name(room))))?;
    }
    match seq {
        Some(seq) => write!(out, "{}", p.dim(format!("{seq} "))),
        None => Ok(()),
    }
}

/// The sender, and what they said.
fn said(message: &Message, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    let (from, text) = (p.nick(&message.from), p.said(&message.text, &message.from));
    match &message.file {
        _ if message.deleted => writeln!(out, "{from}: {}", p.dim("(deleted)".to_owned())),
        Some(info) => writeln!(out, "{from} sent {}{}{}", file(info), after_file(&text), p.link(info)),
        None if message.me => writeln!(out, "* {from} {text}"),
        None => writeln!(out, "{from}: {text}"),
    }
}

/// A private line.
pub(super) struct Private<'a> {
    pub from: &'a str,
    /// None if it is the reader.
    pub to: Option<&'a str>,
    pub text: &'a str,
    pub time: Millis,
    pub file: Option<&'a FileInfo>,
}

/// A private line: from whom, to whom, and what.
pub(super) fn private(line: &Private<'_>, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    let to = line.to.map_or("you".into(), |to| p.nick(to));
    let (to, from, text) = (p.dim(format!("to {to} only")), p.nick(line.from), p.text(line.text));
    head(clock(line.time), None, None, p, out)?;
    match line.file {
        Some(info) => writeln!(out, "{from} sent {}, {to}{}{}", file(info), after_file(&text), p.link(info)),
        None => writeln!(out, "{from} {to}: {text}"),
    }
}

/// The words that go with a file, if there are any.
fn after_file(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// What is fenced off in a page of earlier messages.
#[derive(Debug, Default)]
pub struct Fences {
    /// The index of the first message that is new to the reader.
    pub new: Option<usize>,
    /// Since when messages are new.
    pub since: Option<String>,
    /// Whether more pages follow at once, so that this one does not end at now.
    pub goes_on: bool,
}

/// A line of a page of earlier messages.
#[derive(Debug)]
pub enum HistoryLine<'a> {
    /// What stands between messages, whole.
    Fence(String),
    /// A message.
    Message(&'a Message),
}

/// The lines of a page: a fence with the date before the messages and one after
/// them, so that no reader takes an earlier message for a new one.
pub fn history_lines<'a>(history: &'a History, fences: &Fences, p: &impl Painter) -> Vec<HistoryLine<'a>> {
    let count = history.messages.len();
    let (room, mut day) = (p.name(&history.room), String::new());
    let mut lines = Vec::with_capacity(count + 2);
    let fence = |words: String| HistoryLine::Fence(p.dim(format!("--- {words} ---")));
    if history.missed > 0 {
        lines.push(fence(format!("{} more in {room} are left out", history.missed)));
    }
    for (at, message) in history.messages.iter().enumerate() {
        let this = date(message.time).to_string();
        if this != day && !(at == 0 && fences.new == Some(0)) {
            lines.push(fence(format!("{room}, {this}")));
        }
        if fences.new == Some(at) {
            let since = fences.since.as_ref().map_or(String::new(), |since| format!(" since {since}"));
            lines.push(fence(format!("{room}: {} new{since}", count - at)));
        }
        day = this;
        lines.push(HistoryLine::Message(message));
    }
    if history.more && history.room.starts_with('@') && fences.new.is_some() {
        lines.push(fence(format!("and more: /history {room} shows the last ones")));
    }
    if count > 0 && !fences.goes_on {
        lines.push(fence(format!("now, after {count} earlier {}", if count == 1 { "message" } else { "messages" })));
    }
    lines
}

/// A page of earlier messages between its fences; `each` writes one of them.
pub(super) fn history<P: Painter, W: Write>(
    page: &History,
    each: impl Fn(&Message, &P, &mut W) -> Result<()>,
    p: &P,
    out: &mut W,
) -> Result<()> {
    for line in history_lines(page, &Fences::default(), p) {
        match line {
            HistoryLine::Fence(line) => writeln!(out, "{line}")?,
            HistoryLine::Message(message) => each(message, p, out)?,
        }
    }
    match page.messages.is_empty() {
        true => writeln!(out, "* Nobody has said anything in {} yet.", p.name(&page.room)),
        false => Ok(()),
    }
}
