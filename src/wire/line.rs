//! The line dialect: plain text for people with `nc` or telnet; what they type is read by [`crate::command`]. Knows nothing of sessions.
//!
//! Refusals start with `!`, notices with `*`, what people say with the time.
//! No colours and no cursor codes: the reader's own terminal edits the line.

use std::io::Write;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::event::{Done, Event, History, MemberInfo, Message, Millis};
use crate::names::isolate;

/// The zone the server's own clock shows, looked up once.
static HERE: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);

/// Looks up the zone of the server's clock, if nobody has. To be called on a
/// thread with a large stack: reading the system's zone needs more than a
/// session's thread has.
pub fn look_up_zone() {
    LazyLock::force(&HERE);
}

/// Appends `event` to `out`, one line or several, or nothing: a person at
/// `nc` needs no `ok` for what they see themselves. `elsewhere` names the
/// room, for readers who are talking in another.
pub fn encode(event: &Event, elsewhere: bool, out: &mut Vec<u8>) {
    write_event(event, elsewhere, out).expect("a Vec takes every byte");
}

fn write_event(event: &Event, elsewhere: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
    let place = |room: &str| if elsewhere { format!(" {}", isolate(room)) } else { String::new() };
    match event {
        // The greeting is said by the front before there is a name.
        Event::Hello { .. } => Ok(()),
        Event::Ok { done, .. } => write_done(done, out),
        Event::Error { text, .. } => writeln!(out, "! {}.", capital(text)),
        Event::Message(message) => write_message(message, elsewhere, out),
        Event::Private { from, to, text, time } => {
            writeln!(out, "[{}] {} to {} only: {text}", clock(*time), isolate(from), isolate(to))
        }
        Event::Joined { room, topic, .. } => {
            write!(out, "* You are in {}.", isolate(room))?;
            match topic {
                Some(topic) => writeln!(out, " Topic: {topic}"),
                None => writeln!(out),
            }
        }
        Event::Members { room, members, .. } => write_members(room, members, members.len(), out),
        Event::History(history) => write_history(history, out),
        Event::Left { room } => writeln!(out, "* You left {}.", isolate(room)),
        Event::Join { room, nick, .. } => writeln!(out, "* {} joined{}", isolate(nick), place(room)),
        Event::Leave { room, nick, text, .. } => {
            writeln!(out, "* {} left{}{}", isolate(nick), place(room), in_brackets(text.as_deref()))
        }
        Event::Quit { nick, reason, text, .. } => {
            let said = text.as_ref().map_or(String::new(), |text| format!(": {text}"));
            writeln!(out, "* {} left ({}{said})", isolate(nick), reason.words())
        }
        Event::Nick { old, new, .. } => writeln!(out, "* {} is now {}", isolate(old), isolate(new)),
        Event::Topic { room, topic: Some(topic), by, .. } => {
            writeln!(out, "* {} set the topic of {}: {topic}", isolate(by), isolate(room))
        }
        Event::Topic { room, topic: None, by, .. } => {
            writeln!(out, "* {} removed the topic of {}", isolate(by), isolate(room))
        }
        Event::Away { nick, text: Some(text) } => writeln!(out, "* {} is away: {text}", isolate(nick)),
        Event::Away { nick, text: None } => writeln!(out, "* {} is back", isolate(nick)),
        Event::Notice { text } => writeln!(out, "* The operator says: {text}"),
        Event::Waiting { ms } => {
            let tenths = ms.div_ceil(100);
            writeln!(out, "! Too fast. The rest of what you sent goes on in {}.{} s.", tenths / 10, tenths % 10)
        }
        // Nobody at nc can answer a ping; the kernel's keep-alive asks instead.
        Event::Ping { .. } => Ok(()),
        Event::Closing { text, .. } => writeln!(out, "* {}.", capital(text)),
    }
}

fn write_done(done: &Done, out: &mut Vec<u8>) -> std::io::Result<()> {
    match done {
        Done::Hello { nick: Some(nick), .. } => writeln!(
            out,
            "* Hello {}. What you type is said to the room. /help lists the commands, /quit leaves.",
            isolate(nick)
        ),
        Done::Nick { nick, .. } => writeln!(out, "* You are {} now.", isolate(nick)),
        // What these made is told by an event of its own, or is what the person typed.
        Done::Hello { nick: None, .. } | Done::Join { .. } | Done::Leave { .. } | Done::Quit => Ok(()),
        Done::Say { .. } => Ok(()),
        Done::Msg { to, away: Some(away), .. } => writeln!(out, "* {} is away: {away}", isolate(to)),
        Done::Msg { .. } => Ok(()),
        Done::Rooms { rooms, total } => {
            writeln!(out, "* {total} {}:", if *total == 1 { "room" } else { "rooms" })?;
            for info in rooms {
                let topic = info.topic.as_ref().map_or(String::new(), |topic| format!("  {topic}"));
                writeln!(out, "*   {}  {}{topic}", isolate(&info.room), info.members)?;
            }
            Ok(())
        }
        Done::Members { room, members, total } => write_members(room, members, *total, out),
        Done::Topic { room, topic: Some(topic) } => writeln!(out, "* The topic of {} is: {topic}", isolate(room)),
        Done::Topic { room, topic: None } => writeln!(out, "* {} has no topic.", isolate(room)),
        Done::Whois(info) => {
            let list =
                |names: &[Arc<str>]| names.iter().map(|n| isolate(n).into_owned()).collect::<Vec<_>>().join(", ");
            writeln!(
                out,
                "* {} is in {}, here since {}, idle {} s, by {}.{}",
                isolate(&info.nick),
                if info.rooms.is_empty() { "no room".to_owned() } else { list(&info.rooms) },
                clock(info.since),
                info.idle,
                info.fronts.join(", "),
                info.away.as_ref().map_or(String::new(), |text| format!(" Away: {text}")),
            )
        }
        Done::Away { text } => writeln!(out, "* You are away: {text}"),
        Done::Back => writeln!(out, "* You are back."),
        Done::History(history) => write_history(history, out),
        Done::Help { commands } => {
            for row in commands {
                writeln!(out, "* /{:<18} {}", row.usage, row.text)?;
            }
            if commands.len() > 1 {
                writeln!(out, "* All else you type is said to the room; //text says a line that starts with a slash.")?;
            }
            Ok(())
        }
        Done::Ping { .. } => writeln!(out, "* The server is there."),
    }
}

fn write_message(message: &Message, elsewhere: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
    write!(out, "[{}] ", clock(message.time))?;
    if elsewhere {
        write!(out, "{} ", isolate(&message.room))?;
    }
    let from = isolate(&message.from);
    match message.me {
        true => writeln!(out, "* {from} {}", message.text),
        false => writeln!(out, "{from}: {}", message.text),
    }
}

fn write_members(room: &str, members: &[MemberInfo], total: usize, out: &mut Vec<u8>) -> std::io::Result<()> {
    write!(out, "* In {}:", isolate(room))?;
    for (i, member) in members.iter().enumerate() {
        let away = if member.away.is_some() { " (away)" } else { "" };
        write!(out, "{} {}{away}", if i == 0 { "" } else { "," }, isolate(&member.nick))?;
    }
    match total.saturating_sub(members.len()) {
        0 => writeln!(out),
        rest => writeln!(out, " and {rest} more"),
    }
}

/// A fence with the date before the messages and one after them, so that
/// nobody takes what was said before for what is said now.
fn write_history(history: &History, out: &mut Vec<u8>) -> std::io::Result<()> {
    let count = history.messages.len();
    if count == 0 {
        return writeln!(out, "* Nobody has said anything in {} yet.", isolate(&history.room));
    }
    let mut day = String::new();
    for message in &history.messages {
        let this = date(message.time);
        if this != day {
            writeln!(out, "--- {}, {this} ---", isolate(&message.room))?;
            day = this;
        }
        write_message(message, false, out)?;
    }
    writeln!(out, "--- now, after {count} earlier {} ---", if count == 1 { "message" } else { "messages" })
}

fn in_brackets(text: Option<&str>) -> String {
    text.map_or(String::new(), |text| format!(" ({text})"))
}

/// A sentence that starts with a capital letter: refusals start with a small
/// one, because they also stand inside other sentences.
pub fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Hours and minutes of `time` here, such as `12:05`.
pub fn clock(time: Millis) -> String {
    local(time, "%H:%M")
}

/// The day of `time` here, such as `Thursday 19 November 2026`.
pub fn date(time: Millis) -> String {
    local(time, "%A %-d %B %Y")
}

fn local(time: Millis, format: &str) -> String {
    // Out of range means before the year -9999 or after 9999: a peer's wrong clock, not a reason to fail.
    let stamp = Timestamp::from_millisecond(time).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.to_zoned(HERE.clone()).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::CloseReason;

    fn line(event: &Event, elsewhere: bool) -> String {
        let mut out = Vec::new();
        encode(event, elsewhere, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn message(text: &str) -> Arc<Message> {
        let (room, from, text) = ("#лыжи".into(), "Анна".into(), text.into());
        Arc::new(Message { room, seq: 1, from, text, time: 0, me: false })
    }

    #[test]
    fn a_line_from_another_room_names_it() {
        let event = Event::Message(message("привет"));
        let time = clock(0);
        assert_eq!(line(&event, false), format!("[{time}] Анна: привет\n"));
        assert_eq!(line(&event, true), format!("[{time}] #лыжи Анна: привет\n"));
    }

    #[test]
    fn an_own_line_needs_no_answer() {
        let done = Done::Say { room: "#a".into(), seq: 1, time: 0, again: false };
        assert_eq!(line(&Event::Ok { tag: None, done }, false), "");
    }

    #[test]
    fn history_is_fenced_and_dated() {
        let messages = vec![message("раз"), message("два")];
        let text = line(&Event::History(History { room: "#лыжи".into(), messages, missed: 0, more: false }), false);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("--- #лыжи, ") && lines[0].contains("19"), "{}", lines[0]);
        assert_eq!(lines[3], "--- now, after 2 earlier messages ---");
    }

    #[test]
    fn a_leave_tells_why() {
        let event = Event::Quit { nick: "Вера".into(), reason: CloseReason::Lost, text: None, time: 0 };
        assert_eq!(line(&event, false), "* Вера left (connection lost)\n");
    }
}
