//! The line dialect: plain text for people with `nc` or telnet; what they type is read by [`crate::command`]. Knows nothing of sessions.
//!
//! Refusals start with `!`, notices with `*`, what people say with the time.
//! No colours and no cursor codes: the reader's own terminal edits the line.

mod answers;
mod words;

use std::io::Write;

use crate::answer::{History, MemberInfo};
use crate::event::Event;
use crate::model::{FileInfo, Message, Millis};
use crate::names::isolate;

pub use words::{
    capital, chat, clock, curbed, date, file, look_up_zone, moment, role_mark, role_words, settings, size,
};

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
        Event::Ok { done, .. } => answers::write(done, out),
        Event::Error { text, .. } => writeln!(out, "! {}.", capital(text)),
        Event::Message(message) => write_message(message, elsewhere, out),
        Event::Private { from, to, text, time, file, .. } => write_private(from, to, text, *time, file.as_deref(), out),
        Event::Joined { room, topic, .. } => {
            write!(out, "* You are in {}.", isolate(room))?;
            match topic {
                Some(topic) => writeln!(out, " Topic: {topic}"),
                None => writeln!(out),
            }
        }
        Event::Members { room, members, .. } => write_members(room, members, members.len(), out),
        Event::History(history) => write_history(history, false, out),
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
        Event::Deleted { .. }
        | Event::Kick { .. }
        | Event::Restriction { .. }
        | Event::Role { .. }
        | Event::Settings { .. }
        | Event::Invite { .. } => write_order(event, elsewhere, out),
        Event::Chats { chats, more } => {
            let chats: Vec<String> = chats.iter().map(chat).collect();
            let list = if chats.is_empty() { "none yet".to_owned() } else { chats.join(", ") };
            writeln!(out, "* Your rooms and conversations: {list}{}", if *more { " and more: /chats" } else { "" })
        }
        // It is of use to programs, which show what is unread.
        Event::Read { .. } => Ok(()),
        Event::Closing { text, .. } => writeln!(out, "* {}.", capital(text)),
    }
}

/// What those who keep order do.
fn write_order(event: &Event, elsewhere: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
    match event {
        Event::Deleted { room, seq, by, .. } => {
            let place = if elsewhere { format!(" in {}", isolate(room)) } else { String::new() };
            writeln!(out, "* {} deleted message {seq}{place}", isolate(by))
        }
        Event::Kick { room, nick, by, text, .. } => {
            let why = in_brackets(text.as_deref());
            writeln!(out, "* {} put {} out of {}{why}", isolate(by), isolate(nick), isolate(room))
        }
        Event::Restriction { room, restriction, lifted, nick, by, until, text, .. } => {
            let (action, why) = (curbed(*restriction, *lifted, *until), in_brackets(text.as_deref()));
            writeln!(out, "* {}: {} {action} by {}{why}", isolate(room), isolate(nick), isolate(by))
        }
        Event::Role { room, nick, role, by, .. } => {
            writeln!(out, "* {}: {} is {} now, by {}", isolate(room), isolate(nick), role_words(*role), isolate(by))
        }
        Event::Settings { room, settings: set, registered, by, .. } => {
            writeln!(out, "* {} set {}: {}", isolate(by), isolate(room), settings(set, *registered))
        }
        Event::Invite { room, by, .. } => {
            let room = isolate(room);
            writeln!(out, "* {} invites you to {room}: /join {room}", isolate(by))
        }
        _ => Ok(()),
    }
}

fn write_message(message: &Message, elsewhere: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
    write!(out, "[{}] ", clock(message.time))?;
    if elsewhere {
        write!(out, "{} ", isolate(&message.room))?;
    }
    write_said(message, out)
}

/// A message that may be asked for by its number.
fn write_numbered(message: &Message, when: &str, elsewhere: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
    write!(out, "[{when}] ")?;
    if elsewhere {
        write!(out, "{} ", isolate(&message.room))?;
    }
    write!(out, "{} ", message.seq)?;
    write_said(message, out)
}

/// Who said it, and what.
fn write_said(message: &Message, out: &mut Vec<u8>) -> std::io::Result<()> {
    let (from, text) = (isolate(&message.from), &message.text);
    match &message.file {
        _ if message.deleted => writeln!(out, "{from}: (deleted)"),
        Some(info) => writeln!(out, "{from} sent {}{}", file(info), after_file(text)),
        None if message.me => writeln!(out, "* {from} {text}"),
        None => writeln!(out, "{from}: {text}"),
    }
}

fn write_private(
    from: &str,
    to: &str,
    text: &str,
    time: Millis,
    sent: Option<&FileInfo>,
    out: &mut Vec<u8>,
) -> std::io::Result<()> {
    write!(out, "[{}] {} ", clock(time), isolate(from))?;
    match sent {
        Some(info) => writeln!(out, "sent {}, to {} only{}", file(info), isolate(to), after_file(text)),
        None => writeln!(out, "to {} only: {text}", isolate(to)),
    }
}

/// The words that go with a file, if there are any.
fn after_file(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

fn write_members(room: &str, members: &[MemberInfo], total: usize, out: &mut Vec<u8>) -> std::io::Result<()> {
    write!(out, "* In {}:", isolate(room))?;
    for (i, member) in members.iter().enumerate() {
        let away = if member.away.is_some() { " (away)" } else { "" };
        let mark = member.role.map_or("", role_mark);
        write!(out, "{} {mark}{}{away}", if i == 0 { "" } else { "," }, isolate(&member.nick))?;
    }
    match total.saturating_sub(members.len()) {
        0 => writeln!(out),
        rest => writeln!(out, " and {rest} more"),
    }
}

/// A fence with the date before the messages and one after them, so that
/// nobody takes what was said before for what is said now. `numbers` for who
/// asked for it, and may want to delete one.
fn write_history(history: &History, numbers: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
    let count = history.messages.len();
    if history.missed > 0 {
        writeln!(out, "--- {} more in {} are left out ---", history.missed, isolate(&history.room))?;
    }
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
        match numbers {
            true => write_numbered(message, &clock(message.time), false, out)?,
            false => write_message(message, false, out)?,
        }
    }
    writeln!(out, "--- now, after {count} earlier {} ---", if count == 1 { "message" } else { "messages" })
}

fn in_brackets(text: Option<&str>) -> String {
    text.map_or(String::new(), |text| format!(" ({text})"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::answer::{Done, Moderated};
    use crate::model::CloseReason;
    use crate::model::{Restriction, Role};

    fn line(event: &Event, elsewhere: bool) -> String {
        let mut out = Vec::new();
        encode(event, elsewhere, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn message(text: &str) -> Arc<Message> {
        let (room, from, text) = ("#лыжи".into(), "Анна".into(), text.into());
        Arc::new(Message { room, seq: 1, from, text, ..Message::default() })
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
        let text = line(&Event::History(History { room: "#лыжи".into(), messages, ..History::default() }), false);
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

    fn with_file(text: &str) -> Message {
        let sha256 = "0".repeat(64).into();
        let info = FileInfo { file: 7, name: "photo.jpg".into(), mime: "image/jpeg".into(), size: 1_234_567, sha256 };
        Message { file: Some(Arc::new(info)), ..(*message(text)).clone() }
    }

    #[test]
    fn a_file_is_told_with_its_name_kind_size_and_number() {
        let time = clock(0);
        let told = format!("[{time}] Анна sent photo.jpg (image/jpeg, 1.2 MB), file 7: снег\n");
        assert_eq!(line(&Event::Message(Arc::new(with_file("снег"))), false), told);
        let file = with_file("").file;
        let event = Event::Private { from: "a".into(), to: "b".into(), seq: 1, text: "".into(), time: 0, file };
        let told = format!("[{time}] a sent photo.jpg (image/jpeg, 1.2 MB), file 7, to b only\n");
        assert_eq!(line(&event, false), told);
    }

    #[test]
    fn numbers_stand_where_history_was_asked_for_and_only_there() {
        let gone = Message { seq: 2, deleted: true, text: "".into(), ..(*message("")).clone() };
        let history =
            History { room: "#лыжи".into(), messages: vec![message("раз"), gone.into()], ..History::default() };
        let time = clock(0);
        let told = line(&Event::History(history.clone()), false);
        assert!(told.contains(&format!("\n[{time}] Анна: раз\n[{time}] Анна: (deleted)\n")), "{told}");
        let told = line(&Event::Ok { tag: None, done: Done::History(history) }, false);
        assert!(told.contains(&format!("\n[{time}] 1 Анна: раз\n[{time}] 2 Анна: (deleted)\n")), "{told}");
    }

    #[test]
    fn what_an_op_does_is_told_once_with_the_reason() {
        let (room, nick, by) = (|| "#a".into(), || "boris".into(), || "anna".into());
        let text = Some("spam".into());
        let kick = Event::Kick { room: room(), nick: nick(), by: by(), text: text.clone(), time: 0 };
        assert_eq!(line(&kick, false), "* anna put boris out of #a (spam)\n");
        let (restriction, until) = (Restriction::Mute, Some(0));
        let mute = Event::Restriction {
            room: room(),
            restriction,
            lifted: false,
            nick: nick(),
            by: by(),
            until,
            text,
            time: 0,
        };
        assert_eq!(line(&mute, false), format!("* #a: boris is muted until {} by anna (spam)\n", moment(0)));
        let op = Event::Role { room: room(), nick: nick(), role: Some(Role::Op), by: by(), time: 0 };
        assert_eq!(line(&op, false), "* #a: boris is an op now, by anna\n");
        let done = Done::Kick(Moderated { room: Some(room()), nick: nick(), until: None });
        assert_eq!(line(&Event::Ok { tag: None, done }, false), "* #a: boris is put out.\n");
    }

    #[test]
    fn those_who_keep_order_are_marked_as_irc_marks_them() {
        let member = |nick: &str, role| MemberInfo { nick: nick.into(), role, away: None };
        let members = vec![
            member("anna", Some(Role::Owner)),
            member("boris", Some(Role::Op)),
            member("gleb", Some(Role::Member)),
            member("vera", None),
        ];
        let told = line(&Event::Members { room: "#a".into(), members, more: false }, false);
        assert_eq!(told, "* In #a: ~anna, @boris, gleb, vera\n");
    }
}
