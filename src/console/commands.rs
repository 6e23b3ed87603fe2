//! What each of the operator's commands does. Knows the chat and the desk; how a command is written stands in the table.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use super::countdown::shown;
use super::desk::{Answer, Desk};
use crate::chat::effects::Watch;
use crate::command::{Command, ModAction, Moderation, parse, text, timed};
use crate::model::{PROTOCOL, Restriction};
use crate::names::{Nick, isolate};
use crate::session::health;
use crate::session::hub::{Hub, now};
use crate::store;
use crate::wording::{clock as hours, date, restricted};

pub(super) fn who(desk: &Desk, _: &str) -> Answer {
    let hub = &desk.hub;
    let now = now();
    let mut table = vec![["nick", "room", "front", "from", "idle", "waiting"].map(str::to_owned)];
    for row in hub.chat.presence() {
        let handle = hub.handle(row.session);
        let from = handle.as_ref().map_or(String::new(), |handle| handle.peer().to_string());
        let waiting = handle.map_or(0, |handle| handle.outbox.weight());
        let idle = u64::try_from(now - row.active).unwrap_or(0) / 1000;
        let rooms = row.rooms.iter().map(|room| isolate(room).into_owned()).collect::<Vec<_>>().join(" ");
        let nick = isolate(&row.nick).into_owned();
        table.push([nick, rooms, row.front.to_owned(), from, format!("{idle} s"), format!("{waiting} B")]);
    }
    let unnamed = hub.sessions().saturating_sub(table.len() - 1);
    let mut text = columns(&table);
    if unnamed > 0 {
        let _ = write!(text, "\n  and {unnamed} without a name yet");
    }
    Ok(text)
}

pub(super) fn rooms(desk: &Desk, _: &str) -> Answer {
    let mut table = vec![["room", "members", "topic"].map(str::to_owned)];
    for room in desk.hub.chat.rooms() {
        let topic = room.topic.as_deref().unwrap_or_default().to_owned();
        table.push([isolate(&room.room).into_owned(), room.members.to_string(), topic]);
    }
    Ok(columns(&table))
}

/// A table with columns as wide as their widest cell, measured as terminals do.
fn columns<const N: usize>(table: &[[String; N]]) -> String {
    let wide: Vec<usize> = (0..N).map(|i| table.iter().map(|row| row[i].width()).max().unwrap_or(0)).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&wide).map(|(cell, wide)| format!("  {cell}{}", " ".repeat(wide - cell.width())));
        cells.collect::<String>().trim_end().to_owned()
    };
    table.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Says something to everybody.
pub(super) fn say(desk: &Desk, rest: &str) -> Answer {
    desk.hub.announce(rest);
    Ok(String::new())
}

pub(super) fn kick(desk: &Desk, rest: &str) -> Answer {
    let hub = &desk.hub;
    let (name, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let nick = Nick::parse(name).map_err(|error| format!("! {error}."))?;
    let sessions = hub.chat.sessions_of(&nick);
    if sessions.is_empty() {
        return Err(format!("! Nobody here is called {nick}; who lists who is."));
    }
    let words = Some(text(reason)).filter(|words| !words.is_empty());
    let sentence = match &words {
        Some(words) => format!("the operator closed your session: {words}"),
        None => "the operator closed your session".to_owned(),
    };
    for id in sessions {
        hub.kick(id, words.clone(), &sentence);
    }
    Ok(String::new())
}

/// Bans a person from the server.
pub(super) fn ban(desk: &Desk, rest: &str) -> Answer {
    restrict(&desk.hub, &format!("ban {rest}"))
}

/// Takes a ban back.
pub(super) fn unban(desk: &Desk, rest: &str) -> Answer {
    restrict(&desk.hub, &format!("unban {rest}"))
}

/// The operator's ban reads as the chat's command does, and is for the whole server.
fn restrict(hub: &Arc<Hub>, line: &str) -> Answer {
    let parsed = parse(&format!("/{line}")).map_err(|error| format!("! {error}."))?;
    let Command::Moderate(Moderation { action, whom, seconds, text, .. }) = parsed else { return Ok(String::new()) };
    let done = hub.chat.ban_everywhere(action, whom, seconds, text, now());
    let done = done.map_err(|error| format!("! {error}."))?;
    hub.close_banned();
    Ok(format!("* {} is {}", isolate(&done.nick), restricted(Restriction::Ban, action == ModAction::Unban, done.until)))
}

pub(super) fn bans(desk: &Desk, _: &str) -> Answer {
    let mut table = vec![["who", "until", "by", "why"].map(str::to_owned)];
    for ban in desk.hub.chat.server_bans(now()) {
        let until = ban.until.map_or("for good".to_owned(), |until| format!("{} {}", date(until), hours(until)));
        let why = ban.text.as_deref().unwrap_or_default().to_owned();
        table.push([isolate(&ban.nick).into_owned(), until, isolate(&ban.by).into_owned(), why]);
    }
    Ok(if table.len() == 1 { "  nobody is banned from the server".to_owned() } else { columns(&table) })
}

/// Lets an account do everything.
pub(super) fn op(desk: &Desk, name: &str) -> Answer {
    server_op(&desk.hub, name, true)
}

/// Takes that from it.
pub(super) fn deop(desk: &Desk, name: &str) -> Answer {
    server_op(&desk.hub, name, false)
}

fn server_op(hub: &Arc<Hub>, name: &str, op: bool) -> Answer {
    let nick = Nick::parse(name).map_err(|error| format!("! {error}."))?;
    let mut effects = hub.effects();
    let done = hub.chat.set_server_op(&nick, op, now(), &mut effects);
    hub.apply(effects);
    match done {
        Ok(()) if op => Ok(format!("* {nick} may do everything now")),
        Ok(()) => Ok(format!("* {nick} is like everybody now")),
        Err(_) => Err(format!("! No account is called {nick}; register makes one.")),
    }
}

/// Switches what people say on or off at the console; without a word, to the other.
pub(super) fn quiet(desk: &Desk, rest: &str) -> Answer {
    let console = &desk.hub.news.console;
    let is_quiet = match (console.watch(), rest.to_lowercase().as_str()) {
        (Watch::Nothing, _) => {
            return Err("! This server shows nothing on its screen (--no-console); watch shows it here.".to_owned());
        }
        (_, "on") => true,
        (_, "off") => false,
        (watch, "") => watch == Watch::Messages,
        _ => return Err("! Write quiet [on|off].".to_owned()),
    };
    console.set_watch(if is_quiet { Watch::Events } else { Watch::Messages });
    Ok(match is_quiet {
        true => "* What people say is hidden now; quiet off shows it.",
        false => "* What people say is shown now; quiet on hides it.",
    }
    .to_owned())
}

/// The numbers since the start, for people or for Prometheus.
pub(super) fn stats(desk: &Desk, rest: &str) -> Answer {
    match rest {
        "" => Ok(counted(&desk.hub)),
        "--prometheus" => Ok(desk.metrics()),
        _ => Err("! Write stats [--prometheus].".to_owned()),
    }
}

fn counted(hub: &Hub) -> String {
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    let counts = &hub.counts;
    format!(
        "  up {} s, {} sessions now, {} since the start, {} lines read, {} refused, {} slow consumers, {} news unshown, {} records kept",
        hub.uptime() / 1000,
        hub.sessions(),
        count(&counts.sessions),
        count(&counts.lines),
        count(&counts.refused),
        count(&counts.slow),
        hub.news.console.missed(),
        count(&counts.kept),
    )
}

/// Whether the server is well, and what is wrong.
pub(super) fn healthy(desk: &Desk, _: &str) -> Answer {
    let troubles = health::troubles(&desk.hub);
    if troubles.is_empty() {
        return Ok("  ok".to_owned());
    }
    Err(troubles.iter().map(|trouble| format!("! {trouble}")).collect::<Vec<_>>().join("\n"))
}

/// The version of the program, of the protocol and of the database.
pub(super) fn version(desk: &Desk, _: &str) -> Answer {
    let database = match &desk.hub.database {
        Some(_) => format!("database version {}", store::VERSION),
        None => "no database".to_owned(),
    };
    let (own, up) = (env!("CARGO_PKG_VERSION"), desk.hub.uptime() / 1000);
    Ok(format!("  roomful {own}, protocol {PROTOCOL}, {database}, up {up} s"))
}

/// Ends the server now.
pub(super) fn stop(desk: &Desk, _: &str) -> Answer {
    desk.hub.ask_to_stop("the operator stopped it");
    Ok(String::new())
}

/// `shutdown`, `shutdown after TIME`, each with a reason or without; `shutdown cancel`.
pub(super) fn shutdown(desk: &Desk, rest: &str) -> Answer {
    if rest.split_whitespace().next() == Some("cancel") {
        if !desk.countdown.cancel() {
            return Err("! No shutdown was announced.".to_owned());
        }
        desk.hub.announce("the server does not stop");
        return Ok("* The shutdown is taken back.".to_owned());
    }
    let after = rest.strip_prefix("after ").or_else(|| (rest == "after").then_some(""));
    // `shutdown 2m` is not taken for a reason to stop at once.
    let (time, why) = timed(after.unwrap_or(rest).trim_start()).map_err(|error| format!("! {error}."))?;
    let why = text(why);
    match time {
        None if after.is_some() => Err("! Write shutdown after TIME [REASON], such as shutdown after 2m.".to_owned()),
        None => {
            desk.hub.ask_to_stop(if why.is_empty() { "the operator stopped it" } else { &why });
            Ok(String::new())
        }
        Some(seconds) => {
            let started = desk.countdown.start(&desk.hub, Duration::from_secs(seconds), why.to_string());
            started.map_err(|error| format!("! It cannot be counted down: {error}."))?;
            Ok(format!("* The server stops in {}; shutdown cancel takes it back.", shown(seconds)))
        }
    }
}
