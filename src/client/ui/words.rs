//! Words for what the server tells: one event in, lines out. Knows no screen and keeps nothing.

use std::sync::Arc;

use super::fold::list;
use super::mention::mentions;
use super::style::{Brush, safe};
use crate::answer::History;
use crate::event::Event;
use crate::model::Role;
use crate::model::{FileInfo, Message, Millis, Seq};
use crate::names;
use crate::wire::line::{capital, chat, clock, curbed, date, file, role_words, settings};

/// Whose eyes it is for.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub brush: Brush,
    pub nick: String,
    /// The room talked in; what is said in others names its room.
    pub room: Option<String>,
}

/// What stands between messages from before.
#[derive(Debug, Default)]
pub(super) struct Fences<'a> {
    /// The first message that is new, by its place among them.
    pub new: Option<usize>,
    /// Since when they are new.
    pub since: Option<&'a str>,
    /// What comes after them is said now.
    pub last: bool,
}

impl View {
    pub fn is_elsewhere(&self, room: &str) -> bool {
        self.room.as_deref() != Some(room)
    }

    /// A name: one's own stands out.
    pub fn name(&self, nick: &str) -> String {
        if nick == self.nick { self.brush.own(nick) } else { self.brush.nick(nick) }
    }

    /// What somebody said, with the time.
    pub fn message(&self, message: &Message) -> String {
        let room = if self.is_elsewhere(&message.room) { format!(" {}", safe(&message.room)) } else { String::new() };
        format!("{}{} {}", self.time(message.time), self.brush.dim(room), self.said(message))
    }

    /// The same with its number, to be named by.
    fn numbered(&self, message: &Message) -> String {
        let number = self.brush.dim(format!(" {}", message.seq));
        format!("{}{number} {}", self.time(message.time), self.said(message))
    }

    /// Who said it, and what.
    pub(super) fn said(&self, message: &Message) -> String {
        let (from, text) = (self.name(&message.from), self.marked(&message.text, *message.from != *self.nick));
        match &message.file {
            _ if message.deleted => format!("{from}: {}", self.brush.dim("(deleted)")),
            Some(info) => format!("{from} sent {}{}", file(info), after_file(&text)),
            None if message.me => format!("* {from} {text}"),
            None => format!("{from}: {text}"),
        }
    }

    /// A private line: marked on both sides.
    pub fn private(&self, from: &str, to: &str, text: &str, time: Millis, sent: Option<&FileInfo>) -> String {
        let to = if to == self.nick { "you".to_owned() } else { self.name(to) };
        let mark = self.brush.dim(format!("(to {to} only)"));
        let (time, from, text) = (self.time(time), self.name(from), self.marked(text, false));
        match sent {
            Some(info) => format!("{time} {from} {mark} sent {}{}", file(info), after_file(&text)),
            None => format!("{time} {from} {mark}: {text}"),
        }
    }

    /// A line of one's own that has no answer yet.
    pub fn pending(&self, to: &str, text: &str, me: bool, private: bool) -> String {
        /// What is shown of a long line while it waits.
        const SHOWN: usize = 240;
        let mut text: String = names::clean(text).into_owned();
        if text.chars().count() > SHOWN {
            text = text.chars().take(SHOWN).chain("…".chars()).collect();
        }
        let place = match (private, to) {
            (true, "") => " (reply)".to_owned(),
            (true, to) => format!(" (to {} only)", safe(to)),
            (false, room) if self.is_elsewhere(room) => format!(" {}", safe(room)),
            (false, _) => String::new(),
        };
        let nick = safe(&self.nick);
        let line = if me { format!("* {nick} {text}") } else { format!("{nick}: {text}") };
        self.brush.dim(format!("  ·  {place} {line}"))
    }

    fn time(&self, time: Millis) -> String {
        self.brush.dim(clock(time))
    }

    /// Text from outside, cleaned once more; with one's own name standing out, if `marks`.
    fn marked(&self, text: &str, marks: bool) -> String {
        let text = names::clean(text);
        let mut marked = String::with_capacity(text.len());
        let mut end = 0;
        for place in mentions(&text, &self.nick).into_iter().filter(|_| marks) {
            marked.push_str(&text[end..place.start]);
            marked.push_str(&self.brush.bold(&text[place.clone()]));
            end = place.end;
        }
        marked.push_str(&text[end..]);
        marked
    }

    /// Messages from before, between fences that say from when they are, and which are new.
    pub fn history(&self, history: &History, fences: &Fences<'_>) -> Vec<(bool, String)> {
        self.fenced(history, fences, |message| match message.room.strip_prefix('@') {
            Some(_) if *message.from == *self.nick => {
                self.private(&self.nick, &message.room[1..], &message.text, message.time, message.file.as_deref())
            }
            Some(_) => self.private(&message.from, &self.nick, &message.text, message.time, message.file.as_deref()),
            None => self.message(message),
        })
    }

    /// Those that somebody asked for: with their numbers.
    pub(super) fn asked_history(&self, history: &History) -> Vec<String> {
        let lines = self.fenced(history, &Fences { last: true, ..Fences::default() }, |message| self.numbered(message));
        lines.into_iter().map(|(_, line)| line).collect()
    }

    fn fenced(&self, history: &History, fences: &Fences<'_>, line: impl Fn(&Message) -> String) -> Vec<(bool, String)> {
        let fence = |text: String| (false, self.brush.dim(text));
        let count = history.messages.len();
        let plural = if count == 1 { "message" } else { "messages" };
        let (room, mut day) = (safe(&history.room), String::new());
        let mut lines = Vec::new();
        if history.missed > 0 {
            lines.push(fence(format!("--- {} more in {room} are left out ---", history.missed)));
        }
        for (at, message) in history.messages.iter().enumerate() {
            let this = date(message.time);
            if day.is_empty() && fences.new != Some(0) {
                lines.push(fence(format!("--- {room}, {this}, {count} {plural} from before ---")));
            } else if !day.is_empty() && this != day {
                lines.push(fence(format!("--- {this} ---")));
            }
            if fences.new == Some(at) {
                let since = fences.since.map_or(String::new(), |since| format!(" since {since}"));
                lines.push(fence(format!("--- {room}: {} new{since} ---", count - at)));
            }
            day = this;
            lines.push((true, line(message)));
        }
        if history.more && history.room.starts_with('@') && fences.new.is_some() {
            lines.push(fence(format!("--- and more: /history {room} shows the last ones ---")));
        }
        if count > 0 && fences.last {
            lines.push(fence("--- now ---".to_owned()));
        }
        lines
    }

    /// Who else is in a room: `with Boris and Вера`, or `alone so far`.
    pub fn company(&self, members: &[String]) -> String {
        let others: Vec<&str> = members.iter().map(String::as_str).filter(|nick| *nick != self.nick).collect();
        if others.is_empty() { "alone so far".to_owned() } else { format!("with {}", list(&others, self.brush)) }
    }

    /// A refusal, or bad news.
    pub fn wrong(&self, sentence: &str) -> String {
        let sentence = names::clean(sentence);
        let end = if sentence.ends_with(['.', '?', '!', '…']) { "" } else { "." };
        self.brush.wrong(format!("! {}{end}", capital(&sentence)))
    }

    /// A deletion. What was deleted is not told again, only whose it was, if that is known.
    pub fn deleted(&self, room: &str, seq: Seq, by: &str, from: Option<&str>) -> String {
        let place = if self.is_elsewhere(room) { format!(" in {}", safe(room)) } else { String::new() };
        let by = self.name(by);
        match from {
            Some(from) if from == self.nick => {
                format!("* A message of yours{place} was deleted by {by} (number {seq})")
            }
            Some(from) => format!("* A message of {}{place} was deleted by {by} (number {seq})", self.name(from)),
            None => format!("* Message {seq}{place} was deleted by {by}"),
        }
    }

    /// What others do, in one line, where one line does.
    pub fn action(&self, event: &Event) -> Option<String> {
        let text = |text: &Arc<str>| names::clean(text).into_owned();
        let why = |why: &Option<Arc<str>>| why.as_ref().map_or(String::new(), |why| format!(" ({})", text(why)));
        Some(match event {
            Event::Nick { old, new, .. } if **new == *self.nick => {
                format!("* You are {} now; you were {}.", self.name(new), safe(old))
            }
            Event::Nick { old, new, .. } => format!("* {} is now {}", self.name(old), self.name(new)),
            Event::Topic { room, topic: Some(topic), by, .. } => {
                format!("* {} set the topic of {}: {}", self.name(by), safe(room), text(topic))
            }
            Event::Topic { room, topic: None, by, .. } => {
                format!("* {} removed the topic of {}", self.name(by), safe(room))
            }
            Event::Away { nick, text: Some(words) } => format!("* {} is away: {}", self.name(nick), text(words)),
            Event::Away { nick, text: None } => format!("* {} is back", self.name(nick)),
            Event::Kick { room, nick, by, text, .. } => {
                let whom = if **nick == *self.nick { "you".to_owned() } else { self.name(nick) };
                format!("* {} put {whom} out of {}{}", self.name(by), safe(room), why(text))
            }
            Event::Restriction { room, restriction, lifted, nick, by, until, text, .. } if **nick == *self.nick => {
                let (action, by) = (curbed(*restriction, *lifted, *until), self.name(by));
                let action = action.strip_prefix("is ").map_or(action.clone(), |rest| format!("are {rest}"));
                self.brush.bold(format!("* {}: you {action} by {by}{}", safe(room), why(text)))
            }
            Event::Restriction { room, restriction, lifted, nick, by, until, text, .. } => {
                let (nick, action, by) = (self.name(nick), curbed(*restriction, *lifted, *until), self.name(by));
                format!("* {}: {nick} {action} by {by}{}", safe(room), why(text))
            }
            Event::Role { room, nick, role, by, .. } if **nick == *self.nick => {
                let can = match role {
                    Some(Role::Owner | Role::Op) => " /help all lists what you may do.",
                    _ => "",
                };
                let told = format!("* You are {} of {} now, by {}.", role_words(*role), safe(room), self.name(by));
                self.brush.bold(told) + can
            }
            Event::Role { room, nick, role, by, .. } => {
                format!("* {}: {} is {} now, by {}", safe(room), self.name(nick), role_words(*role), self.name(by))
            }
            Event::Settings { room, settings: set, registered, by, .. } => {
                format!("* {} set {}: {}", self.name(by), safe(room), settings(set, *registered))
            }
            Event::Invite { room, by, .. } => {
                let room = safe(room);
                format!("* {} invites you to {room}: /join {room}", self.name(by))
            }
            Event::Chats { chats, .. } if chats.is_empty() => return None,
            Event::Chats { chats, .. } => {
                let chats: Vec<String> = chats.iter().map(chat).collect();
                format!("* Your rooms and conversations: {}", chats.join(", "))
            }
            Event::Notice { text: words } => format!("* The operator says: {}", self.brush.bold(text(words))),
            Event::Waiting { ms } => {
                let tenths = ms.div_ceil(100);
                self.wrong(&format!("too fast; what you sent goes on in {}.{} s", tenths / 10, tenths % 10))
            }
            _ => return None,
        })
    }
}

/// The words that go with a file, if there are any.
fn after_file(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Restriction;

    fn view() -> View {
        View { brush: Brush::new(false), nick: "anna".into(), room: Some("#a".into()) }
    }

    #[test]
    fn what_is_done_about_oneself_is_told_as_that() {
        let role =
            |nick: &str, role| Event::Role { room: "#a".into(), nick: nick.into(), role, by: "boris".into(), time: 0 };
        let told = |event: &Event| view().action(event).unwrap();
        assert!(told(&role("anna", Some(Role::Op))).starts_with("* You are an op of #a now, by boris."));
        assert_eq!(told(&role("anna", None)), "* You are no op of #a now, by boris.");
        assert_eq!(told(&role("vera", Some(Role::Op))), "* #a: vera is an op now, by boris");
        let mute = |nick: &str, lifted| Event::Restriction {
            room: "#a".into(),
            restriction: Restriction::Mute,
            lifted,
            nick: nick.into(),
            by: "boris".into(),
            until: None,
            text: None,
            time: 0,
        };
        assert_eq!(told(&mute("anna", false)), "* #a: you are muted for good by boris");
        assert_eq!(told(&mute("anna", true)), "* #a: you are not muted any more by boris");
        assert_eq!(told(&mute("vera", false)), "* #a: vera is muted for good by boris");
    }

    #[test]
    fn a_deletion_does_not_say_again_what_was_deleted() {
        assert_eq!(
            view().deleted("#a", 3, "boris", Some("vera")),
            "* A message of vera was deleted by boris (number 3)"
        );
        assert_eq!(
            view().deleted("#b", 3, "anna", Some("anna")),
            "* A message of yours in #b was deleted by anna (number 3)"
        );
        assert_eq!(view().deleted("#a", 3, "boris", None), "* Message 3 was deleted by boris");
    }

    #[test]
    fn a_fence_stands_before_the_first_new_message() {
        let message =
            |seq: Seq| Arc::new(Message { room: "#a".into(), seq, from: "boris".into(), ..Message::default() });
        let history = History { room: "#a".into(), messages: (1..=3).map(message).collect(), ..History::default() };
        let fences = |new| Fences { new, since: Some("12:31"), last: true };
        let rows = |fences: &Fences<'_>| -> Vec<String> {
            view().history(&history, fences).into_iter().map(|(_, row)| row).collect()
        };
        let away = rows(&fences(Some(0)));
        assert_eq!((&*away[0], away.len(), &*away[4]), ("--- #a: 3 new since 12:31 ---", 5, "--- now ---"));
        let login = rows(&fences(Some(2)));
        assert!(
            login[0].ends_with("3 messages from before ---") && login[3] == "--- #a: 1 new since 12:31 ---",
            "{login:?}"
        );
        assert!(rows(&fences(None)).iter().all(|row| !row.contains("new")));
        assert!(rows(&fences(Some(3))).iter().all(|row| !row.contains("new")));
    }
}
