//! What a person is told when a command of theirs is done. Knows no room and no session.
//!
//! On the line front a person hears no event of what they did themselves; so
//! each change has an answer here.

use std::io::{Result, Write};

use super::messages::{history, numbered};
use super::words::{moment, restricted, settings};
use super::{Painter, lists};
use crate::answer::{Done, Moderated, PersonInfo};
use crate::model::Restriction;

/// Writes what `done` says to the person that asked; nothing if an event says it.
///
/// # Errors
/// Those of `out`.
pub fn answer(done: &Done, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    match done {
        Done::Hello { nick: Some(nick), .. } => writeln!(
            out,
            "* Hello {}. What you type is said to the room. /help lists the commands, /quit leaves.",
            p.own(nick)
        ),
        Done::Nick { nick, .. } => writeln!(out, "* You are {} now.", p.own(nick)),
        Done::Delete { room, seq } => writeln!(out, "* Message {seq} in {} is deleted.", p.name(room)),
        Done::Announce => writeln!(out, "* Everybody is told."),
        Done::Msg { to, away: Some(away), .. } => writeln!(out, "* {} is away: {}", p.nick(to), p.text(away)),
        Done::Topic { room, topic: Some(topic), topic_by, topic_time } => {
            writeln!(out, "* The topic of {} is: {}", p.name(room), p.text(topic))?;
            let set = topic_by.as_ref().filter(|by| !p.is_own(by)).zip(*topic_time);
            set.map_or(Ok(()), |(by, time)| writeln!(out, "* {} set it, {}.", p.nick(by), moment(time)))
        }
        Done::Topic { room, topic: None, .. } => writeln!(out, "* {} has no topic.", p.name(room)),
        Done::Away { text } => writeln!(out, "* You are away: {}", p.text(text)),
        Done::Back => writeln!(out, "* You are back."),
        Done::About { text: Some(text) } => writeln!(out, "* About you: {}", p.text(text)),
        Done::About { text: None } => writeln!(out, "* You say nothing about yourself."),
        Done::Read { room, .. } => writeln!(out, "* {} is read.", p.name(room)),
        Done::Close { room } => writeln!(out, "* The conversation with {} is ended.", p.name(room)),
        Done::RegisterRoom { room } => writeln!(out, "* {} is yours now, and lasts.", p.name(room)),
        Done::DropRoom { room } => writeln!(out, "* {} is nobody's now.", p.name(room)),
        Done::Settings { room, settings: set, registered } => {
            writeln!(out, "* {}: {}.", p.name(room), settings(set, *registered))
        }
        Done::Ping { .. } => writeln!(out, "* The server is there."),
        Done::Register { .. }
        | Done::Login { .. }
        | Done::Logout { .. }
        | Done::Password
        | Done::DeleteAccount { .. }
        | Done::Oper
        | Done::Deoper
        | Done::Claim => account(done, p, out),
        Done::Invite(_) | Done::Kick(_) | Done::Ban(_) | Done::Unban(_) => moderated(done, p, out),
        Done::Mute(_) | Done::Unmute(_) | Done::Op(_) | Done::Deop(_) => moderated(done, p, out),
        Done::Voice(_) | Done::Devoice(_) => moderated(done, p, out),
        Done::Whois(info) => lists::whois(info, p, out),
        Done::Facts(facts) => lists::facts(facts, out),
        Done::History(page) => history(page, numbered, p, out),
        Done::Search { messages, more, .. } => lists::found(messages, *more, p, out),
        Done::Help { commands } => lists::help(commands, p, out),
        Done::Rooms { .. } | Done::Members { .. } | Done::Chats { .. } | Done::Bans { .. } | Done::Files { .. } => {
            page(done, p, out)
        }
        Done::Who { .. } => page(done, p, out),
        Done::Whowas { nick, people } => lists::whowas(nick, people, p, out),
        // What these made is told by an event of its own, or is what the person typed.
        Done::Hello { nick: None, .. } | Done::Join { .. } | Done::Leave { .. } | Done::Quit => Ok(()),
        Done::Say { .. } | Done::Msg { .. } => Ok(()),
        // Programs send these.
        Done::Typing | Done::Authenticate { .. } => Ok(()),
        Done::Offer { .. } | Done::Finish { .. } | Done::Cancel { .. } | Done::Get { .. } => Ok(()),
    }
}

/// What happened to the person's account.
fn account(done: &Done, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    match done {
        Done::Register { nick } => {
            writeln!(out, "* {} is your account now; /login {} takes it on again.", p.own(nick), p.name(nick))
        }
        Done::Login { nick, .. } => writeln!(out, "* You are logged in as {}.", p.own(nick)),
        Done::Logout { nick } => writeln!(out, "* You are a guest now: {}.", p.own(nick)),
        Done::Password => writeln!(out, "* The password is changed."),
        Done::DeleteAccount { nick } => {
            writeln!(out, "* The account is deleted. You are a guest now: {}.", p.own(nick))
        }
        Done::Claim | Done::Oper => writeln!(out, "* You are an op of this server now."),
        Done::Deoper => writeln!(out, "* You are no op of this server any more, unless your account is."),
        _ => Ok(()),
    }
}

/// What was done about another person, and in which room.
fn moderated(done: &Done, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    let mut line = |about: &Moderated, verb: &str, what: &str| {
        let place = about.room.as_ref().map_or("the whole server".into(), |room| p.name(room));
        let out_of_room = match (about.people, about.more) {
            (None, _) => "",
            (Some(1), _) => " One person is put out.",
            (Some(people), false) => &format!(" {people} people are put out."),
            (Some(people), true) => &format!(" {people} people are put out, and there are more: say it again."),
        };
        writeln!(out, "* {place}: {} {verb} {what}.{out_of_room}", p.nick(&about.nick))
    };
    match done {
        Done::Kick(about) => line(about, "is", "put out"),
        Done::Ban(about) => line(about, "is", &restricted(Restriction::Ban, false, about.until)),
        Done::Unban(about) => line(about, "is", &restricted(Restriction::Ban, true, None)),
        Done::Mute(about) => line(about, "is", &restricted(Restriction::Mute, false, about.until)),
        Done::Unmute(about) => line(about, "is", &restricted(Restriction::Mute, true, None)),
        Done::Op(about) => line(about, "is", "an op"),
        Done::Deop(about) => line(about, "is", "no op any more"),
        Done::Voice(about) => line(about, "has", "a voice"),
        Done::Devoice(about) => line(about, "has", "no voice any more"),
        Done::Invite(about) => {
            let room = about.room.as_ref().map_or(String::new(), |room| format!(" to {}", p.name(room)));
            writeln!(out, "* {} is invited{room}.", p.nick(&about.nick))
        }
        _ => Ok(()),
    }
}

/// A page of a list, and how the next one is asked for.
fn page(done: &Done, p: &impl Painter, out: &mut impl Write) -> Result<()> {
    let next = match done {
        Done::Rooms { rooms, total, next, mask, .. } => {
            lists::rooms(rooms, *total, p, out)?;
            let mask = mask.as_ref().map_or(String::new(), |mask| format!("{} ", p.name(mask)));
            next.as_ref().map(|next| format!("rooms {mask}{}", p.name(next)))
        }
        Done::Members { room, members, total, more, .. } => {
            lists::members(room, members, *total, p, out)?;
            members.last().filter(|_| *more).map(|last| format!("members {} {}", p.name(room), p.name(&last.nick)))
        }
        Done::Who { people, more } => {
            lists::who(people, p, out)?;
            let next = |last: &PersonInfo| match &last.room {
                Some(room) => format!("who {} {}", p.name(room), p.name(&last.who)),
                None => format!("who MASK {}", p.name(&last.who)),
            };
            people.last().filter(|_| *more).map(next)
        }
        Done::Chats { chats, more } => {
            lists::chats(chats, out)?;
            chats.last().filter(|_| *more).map(|last| format!("chats {}", p.name(&last.room)))
        }
        Done::Bans { room, bans, skip, more } => {
            lists::bans(room.as_deref(), bans, p, out)?;
            let next = |room: &str| format!("bans {} {}", p.name(room), skip + bans.len() as u64);
            room.as_deref().filter(|_| *more).map(next)
        }
        Done::Files { room, files, more } => {
            lists::files(room, files, p, out)?;
            files.last().filter(|_| *more).map(|last| format!("files {} {}", p.name(room), last.seq))
        }
        _ => None,
    };
    next.map_or(Ok(()), |command| writeln!(out, "* There are more: /{command}"))
}
