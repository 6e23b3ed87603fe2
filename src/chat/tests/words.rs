//! Events in short sentences, so that a test can say what is heard on one line.

use crate::answer::{Done, History, MemberInfo};
use crate::event::Event;
use crate::model::Kind;

fn names(list: &[MemberInfo]) -> String {
    let name = |member: &MemberInfo| match &member.away {
        Some(text) => format!("{} (away: {text})", member.nick),
        None => member.nick.to_string(),
    };
    list.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn history(history: &History) -> String {
    let seqs: Vec<_> = history.messages.iter().map(|message| message.seq).collect();
    let missed = if history.missed > 0 { format!(", missed {}", history.missed) } else { String::new() };
    let more = if history.more { ", more" } else { "" };
    format!("history of {} {seqs:?}{missed}{more}", history.room)
}

/// `text` with `before` in front of it, if there is a text.
fn maybe(before: &str, text: Option<&str>) -> String {
    text.map_or(String::new(), |text| format!("{before}{text}"))
}

fn done(done: &Done) -> String {
    let repeated = |again: &bool| if *again { " again" } else { "" };
    match done {
        Done::Hello { nick, .. } => format!("hello{}", maybe(" ", nick.as_deref())),
        Done::Nick { nick, .. } => format!("nick {nick}"),
        Done::Join { room } => format!("join {room}"),
        Done::Leave { room } => format!("leave {room}"),
        Done::Rooms { rooms, total, .. } => {
            let row = |info: &crate::answer::RoomInfo| {
                format!("{} {}{}", info.room, info.members, maybe(" ", info.topic.as_deref()))
            };
            format!("rooms {}; {total}", rooms.iter().map(row).collect::<Vec<_>>().join(", "))
        }
        Done::Facts(facts) => format!("{} people", facts.people),
        Done::Members { room, members, total, .. } => format!("members of {room} {}; {total}", names(members)),
        Done::Say { room, seq, again, .. } => format!("{room} {seq}{}", repeated(again)),
        Done::Msg { to, away, again, .. } => {
            format!("to {to}{}{}", maybe(" who is away: ", away.as_deref()), repeated(again))
        }
        Done::Topic { room, topic, .. } => format!("topic of {room}{}", maybe(": ", topic.as_deref())),
        Done::Whois(info) => format!(
            "whois {} in {:?}, here since {}, idle {}, by {:?}{}",
            info.nick,
            info.rooms,
            info.since,
            info.idle,
            info.fronts,
            maybe(", away: ", info.away.as_deref())
        ),
        Done::Away { text } => format!("away: {text}"),
        Done::Back => "back".into(),
        Done::About { text } => format!("about{}", maybe(" ", text.as_deref())),
        Done::Typing => "typing".into(),
        Done::History(page) => history(page),
        Done::Help { commands } => format!("help with {}", commands.len()),
        Done::Ping { token } => format!("ping {token}"),
        Done::Quit => "quit".into(),
        Done::Settings { room, .. } => format!("settings {room}"),
        Done::Voice(made) => format!("voice {} in {}", made.nick, maybe("", made.room.as_deref())),
        Done::Devoice(made) => format!("devoice {} in {}", made.nick, maybe("", made.room.as_deref())),
        // The rest is named by its own name, and shown as it is.
        other => format!("{other:?}"),
    }
}

/// What an event says.
pub(super) fn words(event: &Event) -> String {
    match event {
        Event::Hello { .. } => "hello".into(),
        Event::Ok { tag, done: made } => {
            format!("ok{}: {}", maybe(" ", tag.as_ref().map(|tag| &*tag.0)), done(made))
        }
        Event::Error { code, value, .. } => format!("error: {code} {value}"),
        Event::Message(message) if message.kind == Kind::Action => {
            format!("{} {} {} {}", message.room, message.seq, message.from, message.text)
        }
        Event::Message(message) => format!("{} {} {}: {}", message.room, message.seq, message.from, message.text),
        Event::Private { from, to, text, .. } => format!("{from} to {to}: {text}"),
        Event::Joined { room, seq, total, topic, .. } => {
            format!("in {room}, last {seq}, {total} members{}", maybe(", topic: ", topic.as_deref()))
        }
        Event::Members { room, members, more, .. } => {
            format!("members of {room} {}{}", names(members), if *more { ", more" } else { "" })
        }
        Event::History(page) => history(page),
        Event::Left { room, .. } => format!("out of {room}"),
        Event::Join { room, nick, .. } => format!("{nick} joins {room}"),
        Event::Leave { room, nick, text, .. } => format!("{nick} leaves {room}{}", maybe(": ", text.as_deref())),
        Event::Quit { nick, reason, text, .. } => {
            format!("{nick} quits: {}{}", reason.code(), maybe(": ", text.as_deref()))
        }
        Event::Nick { old, new, .. } => format!("{old} is {new}"),
        Event::Topic { room, topic, by, .. } => format!("{by} sets topic of {room}{}", maybe(": ", topic.as_deref())),
        Event::Face { who, old, .. } => format!("{} is {}", old.prefix(), who.prefix()),
        Event::Away { nick, text } => format!("{nick} is{}", maybe(" away: ", text.as_deref())),
        Event::Notice { text } => format!("notice: {text}"),
        Event::Waiting { ms } => format!("waiting {ms}"),
        Event::Ping { token } => format!("ping {token}"),
        Event::Closing { reason, .. } => format!("closing: {}", reason.code()),
        Event::Deleted { room, seq, by, .. } => format!("{by} deletes {room} {seq}"),
        Event::Kick { room, nick, by, text, .. } => {
            format!("{by} kicks {nick} out of {room}{}", maybe(": ", text.as_deref()))
        }
        Event::Restriction { room, restriction, lifted, nick, by, until, .. } => {
            let until = until.map_or(String::new(), |until| format!(" until {until}"));
            format!(
                "{by} {}s {nick} in {room}{until}",
                format!("{}{restriction:?}", if *lifted { "un" } else { "" }).to_lowercase()
            )
        }
        Event::Role { room, nick, role, by, .. } => format!("{by} makes {nick} {role:?} of {room}"),
        Event::Voice { room, nick, voice, by, .. } => {
            format!("{by} {} {nick} a voice in {room}", if *voice { "gives" } else { "takes" })
        }
        Event::Settings { room, settings, registered, by, .. } => {
            format!("{by} sets {room} {settings:?}{}", if *registered { ", registered" } else { "" })
        }
        Event::Invite { room, by, .. } => format!("{by} invites to {room}"),
        Event::Chats { chats, .. } => {
            let rows: Vec<_> = chats.iter().map(|chat| format!("{} {} {}", chat.room, chat.seq, chat.unread)).collect();
            format!("chats {rows:?}")
        }
        Event::Typing { room, nick } => format!("{nick} types in {room}"),
        Event::Read { room, seq } => format!("read {room} {seq}"),
    }
}
