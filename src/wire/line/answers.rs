//! What a person at `nc` is told when a command of theirs is done. Knows no room and no session.
//!
//! As with their own lines, they hear no event of what they did themselves;
//! so each change has an answer here.

use std::io::{Result, Write};
use std::sync::Arc;

use super::{chat, clock, curbed, file, moment, settings, write_history, write_members, write_numbered};
use crate::answer::{BanInfo, ChatInfo, Done, FileRow, HelpInfo, Moderated, RoomInfo, WhoisInfo};
use crate::model::Message;
use crate::model::Restriction;
use crate::names::isolate;

/// Appends what `done` says to the one who asked, or nothing where an event says it.
pub(super) fn write(done: &Done, out: &mut Vec<u8>) -> Result<()> {
    match done {
        Done::Hello { nick: Some(nick), .. } => writeln!(
            out,
            "* Hello {}. What you type is said to the room. /help lists the commands, /quit leaves.",
            isolate(nick)
        ),
        Done::Nick { nick, .. } => writeln!(out, "* You are {} now.", isolate(nick)),
        // What these made is told by an event of its own, or is what the person typed.
        Done::Hello { nick: None, .. } | Done::Join { .. } | Done::Leave { .. } | Done::Quit | Done::Say { .. } => {
            Ok(())
        }
        // Programs send these.
        Done::Offer { .. } | Done::Chunk { .. } | Done::Finish { .. } | Done::Cancel { .. } | Done::Get { .. } => {
            Ok(())
        }
        // Whoever does something here hears no event of it, so the answer tells.
        Done::Delete { room, seq } => writeln!(out, "* Message {seq} in {} is deleted.", isolate(room)),
        Done::Announce => writeln!(out, "* Everybody is told."),
        Done::Msg { to, away: Some(away), .. } => writeln!(out, "* {} is away: {away}", isolate(to)),
        Done::Msg { .. } => Ok(()),
        Done::Rooms { rooms, total, more } => write_rooms(rooms, *total, *more, out),
        Done::Members { room, members, total, more } => {
            write_members(room, members, *total, out)?;
            let last = members.last().filter(|_| *more);
            last.map_or(Ok(()), |last| write_more(&format!("members {} {}", isolate(room), isolate(&last.nick)), out))
        }
        Done::Topic { room, topic: Some(topic) } => writeln!(out, "* The topic of {} is: {topic}", isolate(room)),
        Done::Topic { room, topic: None } => writeln!(out, "* {} has no topic.", isolate(room)),
        Done::Whois(info) => write_whois(info, out),
        Done::Away { text } => writeln!(out, "* You are away: {text}"),
        Done::Back => writeln!(out, "* You are back."),
        Done::History(history) => write_history(history, true, out),
        Done::Search { messages, more, .. } => write_found(messages, *more, out),
        Done::Chats { chats, more } => write_chats(chats, *more, out),
        Done::Read { room, .. } => writeln!(out, "* {} is read.", isolate(room)),
        Done::Close { room } => writeln!(out, "* The conversation with {} is ended.", isolate(room)),
        Done::Register { .. }
        | Done::Login { .. }
        | Done::Logout { .. }
        | Done::Password
        | Done::DeleteAccount { .. }
        | Done::Claim => write_account(done, out),
        Done::RegisterRoom { room } => writeln!(out, "* {} is yours now, and lasts.", isolate(room)),
        Done::DropRoom { room } => writeln!(out, "* {} is nobody's now.", isolate(room)),
        Done::Settings { room, settings: set, registered } => {
            writeln!(out, "* {}: {}.", isolate(room), settings(set, *registered))
        }
        Done::Invite(ordered) => {
            writeln!(out, "* {} is invited{}.", isolate(&ordered.nick), in_room(ordered.room.as_deref(), "to"))
        }
        Done::Kick(ordered) => write_deed(ordered, "is put out", out),
        Done::Ban(ordered) => write_deed(ordered, &curbed(Restriction::Ban, false, ordered.until), out),
        Done::Unban(ordered) => write_deed(ordered, "is not banned any more", out),
        Done::Mute(ordered) => write_deed(ordered, &curbed(Restriction::Mute, false, ordered.until), out),
        Done::Unmute(ordered) => write_deed(ordered, "is not muted any more", out),
        Done::Op(ordered) => write_deed(ordered, "is an op", out),
        Done::Deop(ordered) => write_deed(ordered, "is no op any more", out),
        Done::Bans { room, bans, skip, more } => {
            write_bans(room.as_deref(), bans, out)?;
            match room {
                Some(room) if *more => write_more(&format!("bans {} {}", isolate(room), skip + bans.len() as u64), out),
                _ => Ok(()),
            }
        }
        Done::Files { room, files, more } => {
            write_files(room, files, out)?;
            let last = files.last().filter(|_| *more);
            last.map_or(Ok(()), |last| write_more(&format!("files {} {}", isolate(room), last.seq), out))
        }
        Done::Help { commands } => write_help(commands, out),
        Done::Ping { .. } => writeln!(out, "* The server is there."),
    }
}

fn write_chats(chats: &[ChatInfo], more: bool, out: &mut Vec<u8>) -> Result<()> {
    writeln!(out, "* {} rooms and conversations:", chats.len())?;
    chats.iter().try_for_each(|one| writeln!(out, "*   {}", chat(one)))?;
    let last = chats.last().filter(|_| more);
    last.map_or(Ok(()), |last| write_more(&format!("chats {}", isolate(&last.room)), out))
}

/// How the next page is asked for.
fn write_more(command: &str, out: &mut Vec<u8>) -> Result<()> {
    writeln!(out, "* There are more: /{command}")
}

/// What has become of somebody's account.
fn write_account(done: &Done, out: &mut Vec<u8>) -> Result<()> {
    match done {
        Done::Register { nick } => {
            writeln!(out, "* {} is your account now; /login {} takes it on again.", isolate(nick), isolate(nick))
        }
        Done::Login { nick, .. } => writeln!(out, "* You are logged in as {}.", isolate(nick)),
        Done::Logout { nick } => writeln!(out, "* You are a guest now: {}.", isolate(nick)),
        Done::Password => writeln!(out, "* The password is changed."),
        Done::DeleteAccount { nick } => {
            writeln!(out, "* The account is deleted. You are a guest now: {}.", isolate(nick))
        }
        Done::Claim => writeln!(out, "* You are an op of this server now."),
        _ => Ok(()),
    }
}

/// What was done about somebody, and where.
fn write_deed(ordered: &Moderated, what: &str, out: &mut Vec<u8>) -> Result<()> {
    let place = ordered.room.as_ref().map_or("the whole server".into(), |room| isolate(room));
    writeln!(out, "* {place}: {} {what}.", isolate(&ordered.nick))
}

fn in_room(room: Option<&str>, word: &str) -> String {
    room.map_or(String::new(), |room| format!(" {word} {}", isolate(room)))
}

fn write_rooms(rooms: &[RoomInfo], total: usize, more: bool, out: &mut Vec<u8>) -> Result<()> {
    writeln!(out, "* {total} {}:", if total == 1 { "room" } else { "rooms" })?;
    for info in rooms {
        let topic = info.topic.as_ref().map_or(String::new(), |topic| format!("  {topic}"));
        writeln!(out, "*   {}  {}{topic}", isolate(&info.room), info.members)?;
    }
    let last = rooms.last().filter(|_| more);
    last.map_or(Ok(()), |last| write_more(&format!("rooms {}", isolate(&last.room)), out))
}

fn write_whois(info: &WhoisInfo, out: &mut Vec<u8>) -> Result<()> {
    let list = |names: &[Arc<str>]| names.iter().map(|n| isolate(n).into_owned()).collect::<Vec<_>>().join(", ");
    writeln!(
        out,
        "* {}{} is in {}, here since {}, idle {} s, by {}{}.{}",
        isolate(&info.nick),
        if info.registered { " (logged in)" } else { "" },
        if info.rooms.is_empty() { "no room".to_owned() } else { list(&info.rooms) },
        clock(info.since),
        info.idle,
        info.fronts.join(", "),
        info.address.as_ref().map_or(String::new(), |address| format!(", from {address}")),
        info.away.as_ref().map_or(String::new(), |text| format!(" Away: {text}")),
    )
}

/// The oldest first, for the newest is then next to what is typed.
fn write_found(messages: &[Arc<Message>], more: bool, out: &mut Vec<u8>) -> Result<()> {
    if messages.is_empty() {
        return writeln!(out, "* Nothing found.");
    }
    writeln!(out, "--- {} found{} ---", messages.len(), if more { ", and there is more before them" } else { "" })?;
    messages.iter().rev().try_for_each(|message| write_numbered(message, &moment(message.time), true, out))?;
    writeln!(out, "--- now ---")
}

fn write_bans(room: Option<&str>, bans: &[BanInfo], out: &mut Vec<u8>) -> Result<()> {
    let place = room.map_or("the whole server".to_owned(), |room| isolate(room).into_owned());
    if bans.is_empty() {
        return writeln!(out, "* Nobody is banned or muted: {place}.");
    }
    writeln!(out, "* Banned or muted, {place}:")?;
    for ban in bans {
        let why = ban.text.as_ref().map_or(String::new(), |text| format!(" ({text})"));
        let action = curbed(ban.restriction, false, ban.until);
        writeln!(out, "*   {} {action}, since {} by {}{why}", isolate(&ban.nick), moment(ban.time), isolate(&ban.by))?;
    }
    Ok(())
}

fn write_files(room: &str, files: &[FileRow], out: &mut Vec<u8>) -> Result<()> {
    if files.is_empty() {
        return writeln!(out, "* No files in {}.", isolate(room));
    }
    writeln!(out, "* Files in {}:", isolate(room))?;
    let row = |row: &FileRow| format!("{}, from {}, {}", file(&row.info), isolate(&row.from), moment(row.time));
    files.iter().rev().try_for_each(|one| writeln!(out, "*   {}", row(one)))
}

fn write_help(commands: &[HelpInfo], out: &mut Vec<u8>) -> Result<()> {
    for row in commands {
        writeln!(out, "* /{:<18} {}", row.usage, row.text)?;
    }
    if commands.len() > 1 {
        writeln!(out, "* All else you type is said to the room; //text says a line that starts with a slash.")?;
    }
    Ok(())
}
