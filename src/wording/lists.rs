//! Answers of several lines: members, rooms, conversations, bans, files, what was found. Knows no screen.

use std::io::{Result, Write};
use std::sync::Arc;

use super::Painter;
use super::messages;
use super::words::{chat, clock, file, in_brackets, moment, restricted, role_mark};
use crate::answer::{
    BanInfo, ChatInfo, FactsInfo, FileRow, GoneInfo, HelpInfo, MemberInfo, PersonInfo, RoomInfo, WhoisInfo,
};
use crate::model::Message;

pub(super) fn members(
    room: &str,
    members: &[MemberInfo],
    total: usize,
    p: &impl Painter,
    out: &mut impl Write,
) -> Result<()> {
    write!(out, "* In {}:", p.name(room))?;
    for (i, member) in members.iter().enumerate() {
        let away = if member.away.is_some() { " (away)" } else { "" };
        let mark = member.role.map_or(if member.voice { "+" } else { "" }, role_mark);
        write!(out, "{} {mark}{}{away}", if i == 0 { "" } else { "," }, p.nick(&member.nick))?;
    }
    match total.saturating_sub(members.len()) {
        0 => writeln!(out),
        rest => writeln!(out, " and {rest} more"),
    }
}

pub(super) fn who(people: &[PersonInfo], p: &impl Painter, out: &mut impl Write) -> Result<()> {
    if people.is_empty() {
        return writeln!(out, "* Nobody here is meant by that.");
    }
    people.iter().try_for_each(|person| {
        let mark = person.role.map_or("", role_mark);
        let away = person.away.as_ref().map_or(String::new(), |text| format!(", away: {}", p.text(text)));
        let about = person.who.about().map_or(String::new(), |text| format!(", {}", p.text(text)));
        writeln!(
            out,
            "*   {mark}{}, {}@{}{}{}{about}, idle {} s{away}",
            p.nick(&person.who),
            p.text(person.who.user()),
            p.text(person.who.host()),
            if person.who.is_registered() { ", logged in" } else { "" },
            if person.op { ", op of the server" } else { "" },
            person.idle,
        )
    })
}

pub(super) fn whowas(nick: &str, people: &[GoneInfo], p: &impl Painter, out: &mut impl Write) -> Result<()> {
    if people.is_empty() {
        return writeln!(out, "* Nobody called {} has left lately.", p.name(nick));
    }
    people.iter().try_for_each(|gone| {
        let logged_in = if gone.registered { ", logged in" } else { "" };
        let about = gone.about.as_ref().map_or(String::new(), |text| format!(", {}", p.text(text)));
        let (nick, time) = (p.nick(&gone.nick), moment(gone.time));
        writeln!(out, "*   {nick}, {}@{}{logged_in}{about}, left {time}", p.text(&gone.user), p.text(&gone.host))
    })
}

pub(super) fn rooms(rooms: &[RoomInfo], total: usize, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    writeln!(out, "* {total} {}:", if total == 1 { "room" } else { "rooms" })?;
    rooms.iter().try_for_each(|info| {
        let topic = info.topic.as_ref().map_or(String::new(), |topic| format!("  {}", p.text(topic)));
        writeln!(out, "*   {}  {}{topic}", p.name(&info.room), info.members)
    })
}

pub(super) fn facts(facts: &FactsInfo, out: &mut impl Write) -> Result<()> {
    let FactsInfo { people, most_people, guests, ops, sessions, most_sessions, rooms, accounts, since } = facts;
    writeln!(out, "* {people} people are here, {guests} of them as guests and {ops} as ops of the server.")?;
    writeln!(
        out,
        "* They have {sessions} sessions, and are in {rooms} open rooms; {accounts} accounts are registered."
    )?;
    let since = moment(*since);
    writeln!(out, "* At most {most_people} people and {most_sessions} sessions were here at once, since {since}.")
}

pub(super) fn chats(chats: &[ChatInfo], out: &mut impl Write) -> Result<()> {
    if chats.is_empty() {
        return writeln!(out, "* No rooms and conversations yet.");
    }
    writeln!(out, "* Your rooms and conversations:")?;
    chats.iter().try_for_each(|one| writeln!(out, "*   {}", chat(one)))
}

pub(super) fn whois(info: &WhoisInfo, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    let rooms = info.rooms.iter().map(|room| p.name(room)).collect::<Vec<_>>().join(", ");
    let away = info.away.as_ref().map_or(String::new(), |text| format!(" Away: {}", p.text(text)));
    let about = info.about.as_ref().map_or(String::new(), |text| format!(" About: {}", p.text(text)));
    let from = info.address.as_ref().map_or(String::new(), |address| format!(", from {}", p.text(address)));
    writeln!(
        out,
        "* {}{} is in {}, here since {}, idle {} s, by {}{from}.{away}{about}",
        p.nick(&info.nick),
        match (info.op, info.registered) {
            (true, _) => " (op of the server)",
            (_, true) => " (logged in)",
            _ => "",
        },
        if rooms.is_empty() { "no room" } else { &rooms },
        clock(info.since),
        info.idle,
        p.text(&info.fronts.join(", ")),
    )
}

/// The oldest first, because the newest is then next to what is typed.
pub(super) fn found(found: &[Arc<Message>], more: bool, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    if found.is_empty() {
        return writeln!(out, "* Nothing found.");
    }
    let before = if more { ", and there is more before them" } else { "" };
    writeln!(out, "{}", p.dim(format!("--- {} found{before} ---", found.len())))?;
    for message in found.iter().rev() {
        messages::found(message, p, out)?;
    }
    writeln!(out, "{}", p.dim("--- now ---".to_owned()))
}

pub(super) fn bans(room: Option<&str>, bans: &[BanInfo], p: &impl Painter, out: &mut impl Write) -> Result<()> {
    let place = room.map_or("the whole server".into(), |room| p.name(room));
    if bans.is_empty() {
        return writeln!(out, "* Nobody is banned or muted: {place}.");
    }
    writeln!(out, "* Banned or muted, {place}:")?;
    bans.iter().try_for_each(|ban| {
        let (nick, by, why) = (p.nick(&ban.nick), p.nick(&ban.by), in_brackets(&ban.text, p));
        let what = restricted(ban.restriction, false, ban.until);
        writeln!(out, "*   {nick} is {what}, since {} by {by}{why}", moment(ban.time))
    })
}

pub(super) fn files(room: &str, files: &[FileRow], p: &impl Painter, out: &mut impl Write) -> Result<()> {
    if files.is_empty() {
        return writeln!(out, "* No files in {}.", p.name(room));
    }
    writeln!(out, "* Files in {}:", p.name(room))?;
    files.iter().rev().try_for_each(|row| {
        let (nick, link) = (p.nick(&row.from), p.link(&row.info));
        writeln!(out, "*   {}, from {nick}, {}{link}", file(&row.info), moment(row.time))
    })
}

pub(super) fn help(commands: &[HelpInfo], p: &impl Painter, out: &mut impl Write) -> Result<()> {
    for row in commands {
        writeln!(out, "* /{:<18} {}", p.text(&row.usage), p.text(&row.text))?;
    }
    if commands.len() > 1 {
        writeln!(out, "* All else you type is said to the room; //text says a line that starts with a slash.")?;
    }
    Ok(())
}
