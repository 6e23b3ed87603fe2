//! The operator's screen: what happens scrolls by, and a few commands are taken. Knows no sockets; asks the hub.

mod complete;
mod operator;
mod paint;
mod ways_in;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};
use jiff::Zoned;
use unicode_width::UnicodeWidthStr;

use crate::chat::effects::{Effects, Watch};
use crate::command::{Command, ModAction, Moderation, nearest, parse, text};
use crate::model::Restriction;
use crate::names::{Nick, clean, clean_lines, isolate};
use crate::process::Outlet;
use crate::server::Handle;
use crate::session::hub::{Hub, News, now};
use crate::terminal::{Input, Screen, Terminal};
use crate::wording::{self, Plain, clock as hours, date, restricted};

pub use complete::complete;
pub use operator::{Desk, Operator};
pub use paint::Paint;
pub use ways_in::WaysIn;

/// For how long a first Ctrl-C waits for the second one.
const AGAIN: Duration = Duration::from_secs(5);

/// The console's commands: how each is written, and what it does.
pub const COMMANDS: &[(&str, &str)] = &[
    ("who", "who is here: room, front, address, idle time, bytes waiting"),
    ("rooms", "the rooms, how many are in them, their topics"),
    ("say TEXT", "says something to everybody"),
    ("kick NAME [REASON]", "closes all sessions of somebody"),
    ("ban NAME [TIME] [REASON]", "keeps somebody out, by account, address or name: for 10m, 2h, 7d, or for good"),
    ("unban NAME", "lets them in again"),
    ("bans", "who is kept out, until when and why"),
    ("op NAME", "lets an account do everything everywhere"),
    ("deop NAME", "takes that from it"),
    ("quiet [on|off]", "hides or shows what people say"),
    ("stats", "sessions, lines, refusals, slow consumers since the start"),
    ("qr [NUMBER]", "the address of the page, and a code of it for phones"),
    ("stop", "says goodbye to everybody and ends the server"),
    ("help", "this list"),
];

/// What is on the screen when the server has started: every way in, ready to copy.
pub fn handout(server: &Handle, ways: &WaysIn) -> String {
    let mut text = ways.handout(server);
    if let Some(code) = server.claim() {
        let _ = writeln!(text, "  first op   register, then type /claim {code}; or type here: op NAME");
    }
    let sessions = server.hub().limits.now().sessions;
    let limited = server.limited_by().map_or(String::new(), |what| format!(" (limited by {what})"));
    let _ = write!(text, "{} ready, room {}, for {sessions} sessions{limited}", clock(), server.hub().chat.lobby());
    text
}

/// Shows the news until the end of `ending`, and what has come until then: the
/// life of the console's listening thread.
pub fn show_news(hub: &Hub, news: &Receiver<News>, ending: &Receiver<()>, out: &Outlet, paint: Paint) {
    /// How much is shown in one piece when much happens at once.
    const PAGE: usize = 64;
    let mut unshown = 0;
    loop {
        let first = select! {
            recv(news) -> first => first.ok(),
            recv(ending) -> _ => news.try_recv().ok(),
        };
        let Some(first) = first else { return };
        let page = std::iter::once(first).chain(news.try_iter().take(PAGE - 1));
        let mut lines: Vec<String> = page.map(|item| paint.news(&clock(), &words(&item))).collect();
        let missed = hub.counts.unshown.load(Ordering::Relaxed);
        if missed > unshown {
            lines.push(paint.news(&clock(), &format!("! {} lines were too many to show", missed - unshown)));
            unshown = missed;
        }
        out.put(lines.join("\n"));
    }
}

/// Prints texts, unless so much is printed and not drawn that the terminal
/// seems to take nothing: memory must not grow with what is never shown.
pub fn printer(screen: Screen) -> impl FnMut(&str) + Send {
    /// Bytes.
    const TOO_MANY: usize = 1 << 20;
    let mut missed = 0;
    move |text| {
        if screen.backlog() > TOO_MANY {
            missed += text.lines().count();
            return;
        }
        if missed > 0 {
            screen.print(&format!("! {missed} lines were too many to show"));
            missed = 0;
        }
        screen.print(text);
    }
}

fn words(news: &News) -> String {
    match news {
        // People choose the text, and this is a terminal, too: cleaned when it came in, quoted once more.
        News::Line(line) => clean(line).into_owned(),
        News::Event(letter) => {
            let lines = wording::lines(|out| wording::event(letter.event(), &Plain::Timeless, out));
            clean_lines(&lines.join("\n")).into_owned()
        }
    }
}

/// Takes the operator's commands until the end: the life of the console's reading thread.
/// The end of the input stops the server only if a person ended it.
fn take_commands(hub: &Arc<Hub>, terminal: &mut Terminal, out: &Outlet, desk: &Desk) {
    let paint = desk.paint;
    let mut warned: Option<Instant> = None;
    // No command takes long, and Ctrl-C between two of them is to be asked about, too.
    terminal.screen().hold_ctrl_c();
    loop {
        match terminal.read("> ", |_| true) {
            Ok(Input::Line(line)) => {
                warned = None;
                let line = line.trim();
                match desk.qr(line).unwrap_or_else(|| obey(hub, line)) {
                    Ok(answer) if answer.is_empty() => {}
                    Ok(answer) | Err(answer) => out.put(paint.line(&answer)),
                }
            }
            Ok(Input::Interrupted { dropped: true }) => {}
            Ok(Input::TooLong) => out.put(paint.line("! That line is too long.")),
            Ok(Input::Interrupted { dropped: false }) => {
                let people: BTreeSet<Arc<str>> = hub.chat.presence().into_iter().map(|row| row.nick).collect();
                if people.is_empty() || warned.is_some_and(|since| since.elapsed() < AGAIN) {
                    return hub.ask_to_stop("the operator stopped it");
                }
                warned = Some(Instant::now());
                let (count, are) = (people.len(), if people.len() == 1 { "person is" } else { "people are" });
                let again = AGAIN.as_secs();
                let sentence = format!("! Press Ctrl-C once more within {again} s to stop; {count} {are} here.");
                out.put(paint.line(&sentence));
            }
            Ok(Input::End) if io::stdin().is_terminal() => return hub.ask_to_stop("the operator stopped it"),
            Ok(Input::End | Input::Stopped) => return,
            Err(error) => return tracing::warn!(%error, "the console cannot be read any more"),
        }
    }
}

/// Carries out one console command; what to show for it.
///
/// # Errors
/// The sentence for a command that is none, or cannot be carried out.
pub fn obey(hub: &Arc<Hub>, line: &str) -> Result<String, String> {
    let line = line.strip_prefix('/').unwrap_or(line);
    let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
    match word {
        "" => Ok(String::new()),
        "who" => Ok(who(hub)),
        "rooms" => Ok(rooms(hub)),
        "say" if !rest.is_empty() => {
            let mut effects: Effects = hub.effects();
            hub.chat.broadcast(text(rest), &mut effects);
            hub.apply(effects);
            Ok(String::new())
        }
        "kick" if !rest.is_empty() => kick(hub, rest),
        "ban" | "unban" if !rest.is_empty() => ban(hub, line),
        "bans" => Ok(bans(hub)),
        "op" | "deop" if !rest.is_empty() => server_op(hub, rest, word == "op"),
        "stats" => Ok(stats(hub)),
        "stop" => {
            hub.ask_to_stop("the operator stopped it");
            Ok(String::new())
        }
        "quiet" => quiet(hub, rest),
        "help" | "?" => Ok(help()),
        "exit" | "quit" => Err("! Type stop to end the server; it says goodbye to everybody.".to_owned()),
        "say" | "kick" | "ban" | "unban" | "op" | "deop" => Err(usage(word)),
        _ => {
            let near = nearest(word, COMMANDS.iter().map(|(usage, _)| first_word(usage)));
            let hint = near.map_or("help lists the commands".to_owned(), |near| format!("did you mean {near}?"));
            Err(format!("! No command {:?}, {hint}", clean(word)))
        }
    }
}

/// How a command is written, after it was written wrong.
fn usage(word: &str) -> String {
    let usage = COMMANDS.iter().map(|(usage, _)| *usage).find(|usage| first_word(usage) == word);
    format!("! Write {}.", usage.unwrap_or(word))
}

/// Switches what people say on or off; without a word, to the other.
fn quiet(hub: &Hub, rest: &str) -> Result<String, String> {
    let is_quiet = match rest.to_lowercase().as_str() {
        "on" => true,
        "off" => false,
        "" => hub.watch() == Watch::Messages,
        _ => return Err(usage("quiet")),
    };
    hub.set_watch(if is_quiet { Watch::Events } else { Watch::Messages });
    Ok(match is_quiet {
        true => "* What people say is hidden now; quiet off shows it.",
        false => "* What people say is shown now; quiet on hides it.",
    }
    .to_owned())
}

fn first_word(usage: &str) -> &str {
    usage.split(' ').next().unwrap_or(usage)
}

fn help() -> String {
    COMMANDS.iter().map(|(usage, text)| format!("  {usage:<24}  {text}")).collect::<Vec<_>>().join("\n")
}

fn who(hub: &Hub) -> String {
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
    text
}

fn rooms(hub: &Hub) -> String {
    let mut table = vec![["room", "members", "topic"].map(str::to_owned)];
    for room in hub.chat.rooms() {
        let topic = room.topic.as_deref().unwrap_or_default().to_owned();
        table.push([isolate(&room.room).into_owned(), room.members.to_string(), topic]);
    }
    columns(&table)
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

fn kick(hub: &Arc<Hub>, rest: &str) -> Result<String, String> {
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

/// The operator's ban reads as the chat's command does, and is for the whole server.
fn ban(hub: &Arc<Hub>, line: &str) -> Result<String, String> {
    let parsed = parse(&format!("/{line}")).map_err(|error| format!("! {error}."))?;
    let Command::Moderate(Moderation { action, whom, seconds, text, .. }) = parsed else { return Ok(String::new()) };
    let done = hub.chat.ban_everywhere(action, whom, seconds, text, now());
    let done = done.map_err(|error| format!("! {error}."))?;
    hub.close_banned();
    Ok(format!("* {} is {}", isolate(&done.nick), restricted(Restriction::Ban, action == ModAction::Unban, done.until)))
}

fn bans(hub: &Hub) -> String {
    let mut table = vec![["who", "until", "by", "why"].map(str::to_owned)];
    for ban in hub.chat.server_bans(now()) {
        let until = ban.until.map_or("for good".to_owned(), |until| format!("{} {}", date(until), hours(until)));
        let why = ban.text.as_deref().unwrap_or_default().to_owned();
        table.push([isolate(&ban.nick).into_owned(), until, isolate(&ban.by).into_owned(), why]);
    }
    if table.len() == 1 { "  nobody is banned from the server".to_owned() } else { columns(&table) }
}

fn server_op(hub: &Arc<Hub>, name: &str, op: bool) -> Result<String, String> {
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

fn stats(hub: &Hub) -> String {
    let count = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    let counts = &hub.counts;
    format!(
        "  up {} s, {} sessions now, {} since the start, {} lines read, {} refused, {} slow consumers, {} news unshown, {} records kept",
        hub.uptime() / 1000,
        hub.sessions(),
        count(&counts.sessions),
        count(&counts.lines),
        count(&counts.refused),
        count(&counts.slow),
        count(&counts.unshown),
        count(&counts.kept),
    )
}

fn clock() -> String {
    Zoned::now().strftime("%H:%M:%S").to_string()
}
