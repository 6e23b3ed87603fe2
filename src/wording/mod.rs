//! What people read: one sentence for each event and each answer, whatever shows it. Knows no bytes, no screen and no session.
//!
//! A [`Painter`] says how names, times and the reader's own name look. The
//! defaults are plain text; [`Plain`] is that of the line front and the console.

mod answers;
mod lists;
mod messages;
mod words;

use std::borrow::Cow;
use std::io::{Result, Write};

use crate::event::Event;
use crate::model::{FileInfo, Seq};
use crate::names::isolate;

pub use answers::answer;
pub use messages::{Fences, HistoryLine, history_lines, in_one_line, message};
pub use words::{Look, capital, clock, date, look_up_zone, moment, restricted, size};

use lists::members;
use messages::{Private, history, private};
use words::{chat, in_brackets, role_words, settings};

/// How one reader is shown what a sentence is made of.
pub trait Painter {
    /// Whether the reader talks in another room than this one; then the room is named.
    fn is_elsewhere(&self, room: &str) -> bool;

    /// Whether the reader has this name. Always false if the same bytes go to many readers.
    fn is_own(&self, _nick: &str) -> bool {
        false
    }

    /// The name of a room.
    fn name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        isolate(name)
    }

    /// The name of a person.
    fn nick<'a>(&self, nick: &'a str) -> Cow<'a, str> {
        self.name(nick)
    }

    /// The name that the reader has now.
    fn own<'a>(&self, nick: &'a str) -> Cow<'a, str> {
        self.nick(nick)
    }

    /// Words that a person chose. The server has cleaned them, so they are safe to print.
    fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(text)
    }

    /// The same, in a message from `from`.
    fn said<'a>(&self, text: &'a str, _from: &str) -> Cow<'a, str> {
        self.text(text)
    }

    /// Where the reader fetches a file, with a space before it; nothing for readers who have a command for that.
    fn link(&self, _info: &FileInfo) -> String {
        String::new()
    }

    /// The time before a message, with the space after it.
    fn time(&self, time: Look) -> String;

    /// What stands before a further line of a message, whose words begin in this
    /// column. No other line begins so; or a text could look like another person's line.
    fn under(&self, column: usize) -> String {
        format!("{:>column$}", "| ", column = column.max(3))
    }

    /// Words that stand back behind the others.
    fn dim(&self, words: String) -> String {
        words
    }

    /// Words that stand out.
    fn bold(&self, words: String) -> String {
        words
    }

    /// A whole line about something refused.
    fn wrong(&self, line: String) -> String {
        line
    }
}

/// Plain text for many readers, so that none of them is *you*.
#[derive(Debug, Clone, Copy)]
pub enum Plain {
    /// For readers in the room that it is about.
    Here,
    /// For readers in another room.
    Elsewhere,
    /// For readers of all rooms, which are told the time in another way.
    Timeless,
}

impl Painter for Plain {
    fn is_elsewhere(&self, _room: &str) -> bool {
        !matches!(self, Plain::Here)
    }

    fn time(&self, time: Look) -> String {
        match self {
            Plain::Here | Plain::Elsewhere => format!("[{time}] "),
            Plain::Timeless => String::new(),
        }
    }
}

/// Collects what one of the functions here writes, line by line.
pub fn lines(write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Vec<String> {
    let mut out = Vec::new();
    write(&mut out).expect("a Vec takes every byte");
    String::from_utf8_lossy(&out).lines().map(str::to_owned).collect()
}

/// A refusal as a line: with a capital letter, and an end.
pub fn refusal(sentence: &str, p: &impl Painter) -> String {
    let end = if sentence.ends_with(['.', '?', '!', '…']) { "" } else { "." };
    p.wrong(format!("! {}{end}", capital(&p.text(sentence))))
}

/// That a message was deleted.
#[derive(Debug, Clone, Copy)]
pub struct Deletion<'a> {
    /// The place.
    pub room: &'a str,
    /// The number of the message.
    pub seq: Seq,
    /// The person who deleted it.
    pub by: &'a str,
    /// Its sender, if that is known.
    pub from: Option<&'a str>,
    /// The reason.
    pub text: &'a Option<std::sync::Arc<str>>,
}

/// A deletion; `from` is the sender of what was deleted, if that is known. The text is not told again.
pub fn deleted(line: &Deletion<'_>, p: &impl Painter) -> String {
    let Deletion { room, seq, by, from, text } = *line;
    let place = if p.is_elsewhere(room) { format!(" in {}", p.name(room)) } else { String::new() };
    let (by, why) = (p.nick(by), in_brackets(text, p));
    match from {
        Some(from) if p.is_own(from) => format!("* {by} deleted your message {seq}{place}{why}"),
        Some(from) => format!("* {by} deleted message {seq} of {}{place}{why}", p.nick(from)),
        None => format!("* {by} deleted message {seq}{place}{why}"),
    }
}

/// Writes what `event` tells: one line or several, or nothing.
///
/// # Errors
/// Those of `out`.
pub fn event(event: &Event, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    let place = |room: &str| if p.is_elsewhere(room) { format!(" {}", p.name(room)) } else { String::new() };
    match event {
        Event::Message(said) => message(said, p, out),
        Event::Private { from, to, text, time, kind, file, .. } => {
            let to = (!p.is_own(to)).then_some(&**to);
            private(&Private { from, to, text, time: *time, kind: *kind, file: file.as_deref() }, p, out)
        }
        Event::Ok { done, .. } => answer(done, p, out),
        Event::Error { text, .. } => writeln!(out, "{}", refusal(text, p)),
        Event::Joined { room, topic, .. } => {
            let topic = topic.as_ref().map_or(String::new(), |topic| format!(" Topic: {}", p.text(topic)));
            writeln!(out, "* You are in {}.{topic}", p.name(room))
        }
        Event::Members { room, members: some, .. } => members(room, some, some.len(), p, out),
        Event::History(page) => history(page, message, p, out),
        Event::Left { room, .. } => writeln!(out, "* You left {}.", p.name(room)),
        Event::Join { room, nick, .. } => writeln!(out, "* {} joined{}", p.nick(nick), place(room)),
        Event::Leave { room, nick, text, .. } => {
            writeln!(out, "* {} left{}{}", p.nick(nick), place(room), in_brackets(text, p))
        }
        Event::Quit { nick, reason, text, .. } => {
            let said = text.as_ref().map_or(String::new(), |text| format!(": {}", p.text(text)));
            writeln!(out, "* {} left ({}{said})", p.nick(nick), reason.words())
        }
        Event::Nick { old, new, .. } if p.is_own(new) => {
            writeln!(out, "* You are {} now; you were {}.", p.own(new), p.name(old))
        }
        Event::Nick { old, new, .. } => writeln!(out, "* {} is now {}", p.nick(old), p.nick(new)),
        Event::Away { nick, text: Some(text) } => writeln!(out, "* {} is away: {}", p.nick(nick), p.text(text)),
        Event::Away { nick, text: None } => writeln!(out, "* {} is back", p.nick(nick)),
        Event::Notice { text } => writeln!(out, "* The operator says: {}", p.bold(p.text(text).into_owned())),
        Event::Waiting { ms } => {
            let tenths = ms.div_ceil(100);
            let goes_on = format!("The rest of what you sent goes on in {}.{} s.", tenths / 10, tenths % 10);
            writeln!(out, "{}", refusal(&format!("too fast. {goes_on}"), p))
        }
        Event::Topic { .. }
        | Event::Deleted { .. }
        | Event::Kick { .. }
        | Event::Restriction { .. }
        | Event::Role { .. }
        | Event::Voice { .. }
        | Event::Settings { .. }
        | Event::Invite { .. } => room_event(event, p, out),
        Event::Chats { chats, more } => {
            let chats: Vec<String> = chats.iter().map(chat).collect();
            let list = if chats.is_empty() { "none yet".to_owned() } else { chats.join(", ") };
            writeln!(out, "* Your rooms and conversations: {list}{}", if *more { " and more: /chats" } else { "" })
        }
        Event::Closing { text, .. } => writeln!(out, "* {}.", capital(&p.text(text))),
        // The greeting is said before there is a name. Programs answer pings, and show what is unread and who types.
        Event::Hello { .. } | Event::Ping { .. } | Event::Read { .. } | Event::Typing { .. } | Event::Face { .. } => {
            Ok(())
        }
    }
}

/// What an owner or op does in a room.
fn room_event(event: &Event, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    match event {
        Event::Topic { room, topic: Some(topic), by, .. } => {
            writeln!(out, "* {} set the topic of {}: {}", p.nick(by), p.name(room), p.text(topic))
        }
        Event::Topic { room, topic: None, by, .. } => {
            writeln!(out, "* {} removed the topic of {}", p.nick(by), p.name(room))
        }
        Event::Deleted { room, seq, by, text, .. } => {
            writeln!(out, "{}", deleted(&Deletion { room, seq: *seq, by, from: None, text }, p))
        }
        Event::Kick { room, nick, by, text, .. } => {
            let nick = if p.is_own(nick) { "you".into() } else { p.nick(nick) };
            writeln!(out, "* {} put {nick} out of {}{}", p.nick(by), p.name(room), in_brackets(text, p))
        }
        Event::Restriction { room, restriction, lifted, nick, by, until, text, .. } => {
            let (room, by, why) = (p.name(room), p.nick(by), in_brackets(text, p));
            let what = restricted(*restriction, *lifted, *until);
            match p.is_own(nick) {
                true => writeln!(out, "{}", p.bold(format!("* {room}: you are {what} by {by}{why}"))),
                false => writeln!(out, "* {room}: {} is {what} by {by}{why}", p.nick(nick)),
            }
        }
        Event::Role { room, nick, role, by, .. } => {
            let (room, role, by) = (p.name(room), role_words(*role), p.nick(by));
            match p.is_own(nick) {
                true => writeln!(out, "{}", p.bold(format!("* You are {role} of {room} now, by {by}."))),
                false => writeln!(out, "* {room}: {} is {role} now, by {by}", p.nick(nick)),
            }
        }
        Event::Voice { room, nick, voice, by, .. } => {
            let (room, what, by) = (p.name(room), if *voice { "a voice now" } else { "no voice any more" }, p.nick(by));
            match p.is_own(nick) {
                true => writeln!(out, "{}", p.bold(format!("* You have {what} in {room}, by {by}."))),
                false => writeln!(out, "* {room}: {} has {what}, by {by}", p.nick(nick)),
            }
        }
        Event::Settings { room, settings: set, registered, by, .. } => {
            writeln!(out, "* {} set {}: {}", p.nick(by), p.name(room), settings(set, *registered))
        }
        Event::Invite { room, nick: Some(nick), by, .. } => {
            writeln!(out, "* {room}: {} has invited {}", p.nick(by), p.nick(nick))
        }
        Event::Invite { room, by, .. } => {
            let room = p.name(room);
            writeln!(out, "* {} invites you to {room}: /join {room}", p.nick(by))
        }
        _ => Ok(()),
    }
}
