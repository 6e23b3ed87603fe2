//! What was said, now and earlier. Knows no screen, and nothing of the reader but what the painter says.

use std::borrow::Cow;
use std::io::{Result, Write};

use unicode_width::UnicodeWidthStr;

use super::Painter;
use super::words::{Look, clock, date, file, moment};
use crate::answer::History;
use crate::model::{FileInfo, Kind, Message, Millis, Seq};

/// A message with its time; one of a conversation as the private line that it was.
///
/// # Errors
/// Those of `out`.
pub fn message(message: &Message, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    if let Some(other) = message.room.strip_prefix('@') {
        let Message { from, text, time, kind, file, .. } = message;
        let (text, kind) = if message.deleted { ("(deleted)", Kind::Text) } else { (&**text, *kind) };
        let to = p.is_own(from).then_some(other);
        return private(&Private { from, to, text, time: *time, kind, file: file.as_deref() }, p, out);
    }
    let room = p.is_elsewhere(&message.room).then_some(&*message.room);
    said(&Head { room, ..Head::of(message, clock) }, &message.text, p, out)
}

/// The same with its number, because the reader asked for the message and may want to delete it.
pub(super) fn numbered(message: &Message, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    said(&Head { seq: Some(message.seq), ..Head::of(message, clock) }, &message.text, p, out)
}

/// The same with its day and its room, in one line.
pub(super) fn found(message: &Message, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    let head = Head::of(message, moment);
    said(&Head { room: Some(&message.room), seq: Some(message.seq), ..head }, &in_one_line(&message.text), p, out)
}

/// A text with a sign in place of each line break.
///
/// ```
/// use roomful::wording::in_one_line;
///
/// assert_eq!(in_one_line("if x:\n    y()"), "if x: ↵ y()");
/// ```
pub fn in_one_line(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" ↵ ").into()
}

/// What stands before the words of a message.
struct Head<'a> {
    time: Millis,
    look: fn(Millis) -> Look,
    room: Option<&'a str>,
    seq: Option<Seq>,
    from: &'a str,
    file: Option<&'a FileInfo>,
    kind: Kind,
    deleted: bool,
    audience: Audience<'a>,
}

/// For whom it was said.
enum Audience<'a> {
    /// For all in the room.
    Room,
    /// For one person; none if that is the reader.
    One(Option<&'a str>),
}

impl<'a> Head<'a> {
    fn of(message: &'a Message, look: fn(Millis) -> Look) -> Head<'a> {
        let Message { time, deleted, .. } = *message;
        let file = message.file.as_deref().filter(|_| !deleted);
        let kind = if deleted { Kind::Text } else { message.kind };
        Head { time, look, room: None, seq: None, from: &message.from, file, kind, deleted, audience: Audience::Room }
    }

    /// When it was said, in which room, under which number, and by whom.
    fn write(&self, p: &impl Painter, out: &mut impl Write) -> Result<()> {
        write!(out, "{}", p.time((self.look)(self.time)))?;
        if let Some(room) = self.room {
            write!(out, "{}", p.dim(format!("{} ", p.name(room))))?;
        }
        if let Some(seq) = self.seq {
            write!(out, "{}", p.dim(format!("{seq} ")))?;
        }
        let from = p.nick(self.from);
        let only = match self.audience {
            Audience::Room => None,
            Audience::One(to) => Some(format!("to {} only", to.map_or("you".into(), |to| p.nick(to)))),
        };
        match (self.file, self.kind, only) {
            (Some(sent), _, None) => write!(out, "{from} sent {}", file(sent)),
            (Some(sent), _, Some(only)) => write!(out, "{from} sent {}, {}", file(sent), p.dim(only)),
            (None, Kind::Text, None) => write!(out, "{from}"),
            (None, Kind::Text, Some(only)) => write!(out, "{from} {}", p.dim(only)),
            (None, Kind::Action, None) => write!(out, "* {from}"),
            (None, Kind::Action, Some(only)) => write!(out, "* {from} {}", p.dim(format!("({only})"))),
            (None, Kind::Notice, None) => write!(out, "-{from}-"),
            (None, Kind::Notice, Some(only)) => write!(out, "-{from}- {}", p.dim(format!("({only})"))),
        }
    }

    /// What stands between the head and the words.
    fn between(&self) -> &'static str {
        if self.kind == Kind::Text || self.file.is_some() { ": " } else { " " }
    }
}

/// Writes a message. A further line stands under the words of the first, after
/// what [`Painter::under`] puts before it.
fn said(head: &Head<'_>, text: &str, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    /// A head that is wider leaves its words no room below it.
    const WIDEST: usize = 40;
    head.write(p, out)?;
    let text = match head.audience {
        _ if head.deleted => p.dim("(deleted)".to_owned()).into(),
        Audience::One(_) => p.text(text),
        Audience::Room => p.said(text, head.from),
    };
    let link = head.file.map_or(String::new(), |file| p.link(file));
    if text.is_empty() {
        return writeln!(out, "{link}");
    }
    let text = text + &*link;
    let between = head.between();
    let Some((first, rest)) = text.split_once('\n') else { return writeln!(out, "{between}{text}") };
    writeln!(out, "{between}{first}")?;
    let mut again = Vec::new();
    head.write(p, &mut again)?;
    let wide = columns(&String::from_utf8_lossy(&again)) + between.len();
    let under = p.under(if wide > WIDEST { WIDEST / 4 } else { wide });
    rest.split('\n').try_for_each(|line| writeln!(out, "{}", format!("{under}{line}").trim_end()))
}

/// How many columns a text fills; colours fill none.
fn columns(text: &str) -> usize {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().map_or(0, UnicodeWidthStr::width);
    let after = |piece: &str| piece.split_once('m').map_or(piece, |(_, rest)| rest).width();
    first + pieces.map(after).sum::<usize>()
}

/// A private line.
pub(super) struct Private<'a> {
    pub from: &'a str,
    /// None if it is the reader.
    pub to: Option<&'a str>,
    pub text: &'a str,
    pub time: Millis,
    pub kind: Kind,
    pub file: Option<&'a FileInfo>,
}

/// A private line: from whom, to whom, and what.
pub(super) fn private(line: &Private<'_>, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    let Private { from, to, text, time, kind, file } = *line;
    let audience = Audience::One(to);
    let head = Head { time, look: clock, room: None, seq: None, from, file, kind, deleted: false, audience };
    said(&head, text, p, out)
}

/// What is fenced off in a page of earlier messages.
#[derive(Debug, Default)]
pub struct Fences {
    /// The index of the first message that is new to the reader.
    pub new: Option<usize>,
    /// Whether an earlier page of the place had the fence before what is new.
    pub begun: bool,
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
        if fences.new == Some(at) && !fences.begun {
            let since = fences.since.as_ref().map_or(String::new(), |since| format!(" since {since}"));
            // If more pages follow, the number is not known yet.
            let new = if fences.goes_on { String::new() } else { format!("{} ", count - at) };
            lines.push(fence(format!("{room}: {new}new{since}")));
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
