//! Words for what the server tells: one event in, lines out. Knows no screen and keeps nothing.

use std::sync::Arc;

use super::fold::list;
use super::mention::mentions;
use super::style::{Brush, safe};
use crate::event::{Done, Event, HelpInfo, History, MemberInfo, Message, Millis, RoomInfo, WhoisInfo};
use crate::names;
use crate::wire::line::{capital, clock, date};

/// Whose eyes it is for.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub brush: Brush,
    pub nick: String,
    /// The room talked in; what is said in others names its room.
    pub room: Option<String>,
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
        let said = self.said(&message.from, &message.text, message.me);
        format!("{}{} {said}", self.time(message.time), self.brush.dim(room))
    }

    fn said(&self, from: &str, text: &str, me: bool) -> String {
        let text = self.marked(text, from != self.nick);
        if me { format!("* {} {text}", self.name(from)) } else { format!("{}: {text}", self.name(from)) }
    }

    /// A private line: marked on both sides.
    pub fn private(&self, from: &str, to: &str, text: &str, time: Millis) -> String {
        let to = if to == self.nick { "you".to_owned() } else { self.name(to) };
        let mark = self.brush.dim(format!("(to {to} only)"));
        format!("{} {} {mark}: {}", self.time(time), self.name(from), self.marked(text, false))
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

    /// Messages from before, between fences that say from when they are.
    /// `missed` says that they were said while one was away.
    pub fn history(&self, history: &History, missed: bool) -> Vec<(bool, String)> {
        let fence = |text: String| (false, self.brush.dim(text));
        let count = history.messages.len();
        let plural = if count == 1 { "message" } else { "messages" };
        let (room, mut day) = (safe(&history.room), String::new());
        let mut lines = Vec::new();
        for message in &history.messages {
            let this = date(message.time);
            if day.is_empty() {
                let what = if missed { "while you were away" } else { "from before" };
                lines.push(fence(format!("--- {room}, {this}, {count} {plural} {what} ---")));
            } else if this != day {
                lines.push(fence(format!("--- {this} ---")));
            }
            day = this;
            lines.push((true, self.message(message)));
        }
        if history.missed > 0 {
            lines.insert(0, fence(format!("--- {} more in {room} are no longer remembered ---", history.missed)));
        }
        if count > 0 {
            lines.push(fence("--- now ---".to_owned()));
        }
        lines
    }

    /// The answer to a command; `server` is who gives it. Nothing for those
    /// whose effect is seen anyway.
    pub fn answer(&self, done: &Done, server: &str) -> Vec<String> {
        let one = |line: String| vec![line];
        match done {
            Done::Nick { nick, .. } => one(format!("* You are {} now.", self.brush.own(nick))),
            Done::Rooms { rooms, total } => self.rooms(rooms, *total),
            Done::Members { room, members, total } => one(self.members(room, members, *total)),
            Done::Msg { to, away: Some(away), .. } => {
                one(format!("* {} is away: {}", self.name(to), names::clean(away)))
            }
            Done::Topic { room, topic: Some(topic) } => {
                one(format!("* The topic of {} is: {}", safe(room), names::clean(topic)))
            }
            Done::Topic { room, topic: None } => one(format!("* {} has no topic.", safe(room))),
            Done::Whois(info) => one(self.whois(info)),
            Done::Away { text } => one(format!("* You are away: {}", names::clean(text))),
            Done::Back => one("* You are back.".to_owned()),
            Done::History(history) if history.messages.is_empty() => {
                one(format!("* Nobody has said anything in {} yet.", safe(&history.room)))
            }
            Done::History(history) => self.history(history, false).into_iter().map(|(_, line)| line).collect(),
            Done::Help { commands } => {
                let row = |row: &HelpInfo| format!("  /{:<24} {}", names::clean(&row.usage), names::clean(&row.text));
                commands.iter().map(row).collect()
            }
            Done::Ping { .. } => one(format!("* The server is there: {}.", names::clean(server))),
            Done::Msg { .. } | Done::Say { .. } | Done::Hello { .. } | Done::Join { .. } | Done::Leave { .. } => vec![],
            Done::Quit => vec![],
        }
    }

    fn members(&self, room: &str, members: &[MemberInfo], total: usize) -> String {
        let away = |member: &MemberInfo| if member.away.is_some() { " (away)" } else { "" };
        let mut names: Vec<String> = members.iter().map(|one| self.name(&one.nick) + away(one)).collect();
        if total > names.len() {
            names.push(format!("and {} more", total - names.len()));
        }
        format!("* In {}: {}", safe(room), names.join(", "))
    }

    /// Rooms with their members and topics.
    fn rooms(&self, rooms: &[RoomInfo], total: usize) -> Vec<String> {
        let mut lines = vec![format!("* {total} {}:", if total == 1 { "room" } else { "rooms" })];
        lines.extend(rooms.iter().map(|info| {
            let topic = info.topic.as_ref().map_or(String::new(), |topic| format!("  {}", names::clean(topic)));
            format!("*   {}  {}{topic}", safe(&info.room), info.members)
        }));
        if rooms.len() < total {
            lines.push(format!("*   and {} more", total - rooms.len()));
        }
        lines
    }

    fn whois(&self, info: &WhoisInfo) -> String {
        let rooms: Vec<String> = info.rooms.iter().map(|room| safe(room)).collect();
        let rooms = if rooms.is_empty() { "no room".to_owned() } else { rooms.join(", ") };
        let away = info.away.as_ref().map_or(String::new(), |text| format!(" Away: {}", names::clean(text)));
        let (nick, since, fronts) = (self.name(&info.nick), clock(info.since), info.fronts.join(", "));
        format!("* {nick} is in {rooms}, here since {since}, idle {} s, by {fronts}.{away}", info.idle)
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

    /// What others do, in one line, where one line does.
    pub fn deed(&self, event: &Event) -> Option<String> {
        let text = |text: &Arc<str>| names::clean(text).into_owned();
        Some(match event {
            Event::Nick { old, new, .. } => format!("* {} is now {}", self.name(old), self.name(new)),
            Event::Topic { room, topic: Some(topic), by, .. } => {
                format!("* {} set the topic of {}: {}", self.name(by), safe(room), text(topic))
            }
            Event::Topic { room, topic: None, by, .. } => {
                format!("* {} removed the topic of {}", self.name(by), safe(room))
            }
            Event::Away { nick, text: Some(words) } => format!("* {} is away: {}", self.name(nick), text(words)),
            Event::Away { nick, text: None } => format!("* {} is back", self.name(nick)),
            Event::Notice { text: words } => format!("* The operator says: {}", self.brush.bold(text(words))),
            Event::Waiting { ms } => {
                let tenths = ms.div_ceil(100);
                self.wrong(&format!("too fast; what you sent goes on in {}.{} s", tenths / 10, tenths % 10))
            }
            _ => return None,
        })
    }
}
