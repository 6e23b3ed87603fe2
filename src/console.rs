//! The operator's screen: what happens scrolls by, and a few commands are taken. Knows no sockets; asks the house.

mod complete;
mod operator;
mod paint;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};
use jiff::Zoned;
use unicode_width::UnicodeWidthStr;

use crate::chat::outbox::Ending;
use crate::chat::touched::{Touched, Watch};
use crate::command::{Command, Deed, nearest, parse, text};
use crate::event::CloseReason;
use crate::names::{Nick, clean, isolate};
use crate::process::Outlet;
use crate::record::Curb;
use crate::server::Handle;
use crate::session::house::{House, News, now};
use crate::session::link::Link;
use crate::terminal::{Input, Screen, Terminal};
use crate::wire::Form;
use crate::wire::line::{clock as hours, curbed, date};

pub use complete::complete;
pub use operator::Operator;
pub use paint::Paint;

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
    ("stop", "says goodbye to everybody and ends the server"),
    ("help", "this list"),
];

/// What is on the screen when the server has started: every way in, ready to
/// copy; `client` is how the terminal client is started here, `data` the
/// file in which things are kept.
pub fn handout(server: &Handle, client: &str, data: Option<&str>) -> String {
    let addr = server.local_addr();
    let (ip, port) = (addr.ip().to_canonical(), addr.port());
    let host = if ip.is_unspecified() { "127.0.0.1".to_owned() } else { ip.to_string() };
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let listening: String = server.local_addrs().iter().map(|addr| format!("listening on {addr}\n")).collect();
    let mut text = format!(
        "roomful {} - type help for the console's commands, stop to end\n\
         {listening}  \
         terminal   {client} --server {target}\n  \
         netcat     nc {host} {port}\n  \
         telnet     telnet {host} {port}\n  \
         programs   one JSON object a line on the same port: docs/protocol.md\n  \
         kept       {}\n",
        env!("CARGO_PKG_VERSION"),
        data.map_or("nothing: the last messages of a room are in memory only".to_owned(), |data| format!(
            "messages, accounts and files in {data}; --memory keeps nothing"
        )),
    );
    if let Some(code) = server.claim() {
        let _ = writeln!(text, "  first op   register, then type /claim {code}; or type here: op NAME");
    }
    if server.local_addrs().iter().any(|addr| !addr.ip().to_canonical().is_loopback()) {
        text.push_str("! Everybody who can reach this machine can reach this server, and nothing is encrypted.\n");
    }
    let sessions = server.house().limits.sessions;
    let limited = server.limited_by().map_or(String::new(), |what| format!(" (limited by {what})"));
    let _ = write!(text, "{} ready, room {}, for {sessions} sessions{limited}", clock(), server.house().chat.lobby());
    text
}

/// Shows the news until the end of `ending`, and what has come until then: the
/// life of the console's listening thread.
pub fn show_news(house: &House, news: &Receiver<News>, ending: &Receiver<()>, out: &Outlet, paint: Paint) {
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
        let missed = house.counts.unshown.load(Ordering::Relaxed);
        if missed > unshown {
            lines.push(paint.news(&clock(), &format!("! {} lines were too many to show", missed - unshown)));
            unshown = missed;
        }
        out.put(lines.join("\n"));
    }
}

/// Prints texts, unless so much is printed and not drawn that the terminal
/// seems to take nothing: memory must not grow with what nobody sees.
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
            let text = String::from_utf8_lossy(letter.bytes(Form::LineElsewhere)).into_owned();
            // The time stands before every line here already.
            let text = text.trim_end();
            let text = text.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map_or(text, |(_, rest)| rest);
            clean(text).into_owned()
        }
    }
}

/// Takes the operator's commands until the end: the life of the console's reading thread.
/// The end of the input stops the server only if a person ended it.
fn take_commands(house: &Arc<House>, terminal: &mut Terminal, out: &Outlet, paint: Paint) {
    let mut warned: Option<Instant> = None;
    // No command takes long, and Ctrl-C between two of them is to be asked about, too.
    terminal.screen().hold_ctrl_c();
    loop {
        match terminal.read("> ", |_| true) {
            Ok(Input::Line(line)) => {
                warned = None;
                match obey(house, line.trim()) {
                    Ok(answer) if answer.is_empty() => {}
                    Ok(answer) | Err(answer) => out.put(paint.line(&answer)),
                }
            }
            Ok(Input::Interrupted { dropped: true }) => {}
            Ok(Input::TooLong) => out.put(paint.line("! That line is too long.")),
            Ok(Input::Interrupted { dropped: false }) => {
                let people: BTreeSet<Arc<str>> = house.chat.presence().into_iter().map(|row| row.nick).collect();
                if people.is_empty() || warned.is_some_and(|since| since.elapsed() < AGAIN) {
                    return house.ask_to_stop("the operator stopped it");
                }
                warned = Some(Instant::now());
                let (count, are) = (people.len(), if people.len() == 1 { "person is" } else { "people are" });
                let again = AGAIN.as_secs();
                let sentence = format!("! Press Ctrl-C once more within {again} s to stop; {count} {are} here.");
                out.put(paint.line(&sentence));
            }
            Ok(Input::End) if io::stdin().is_terminal() => return house.ask_to_stop("the operator stopped it"),
            Ok(Input::End | Input::Stopped) => return,
            Err(error) => return tracing::warn!(%error, "the console cannot be read any more"),
        }
    }
}

/// Carries out one console command; what to show for it.
///
/// # Errors
/// The sentence for a command that is none, or cannot be carried out.
pub fn obey(house: &Arc<House>, line: &str) -> Result<String, String> {
    let line = line.strip_prefix('/').unwrap_or(line);
    let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
    match word {
        "" => Ok(String::new()),
        "who" => Ok(who(house)),
        "rooms" => Ok(rooms(house)),
        "say" if !rest.is_empty() => {
            let mut touched: Touched = house.touched();
            house.chat.broadcast(text(rest), &mut touched);
            house.settle(touched, &mut Default::default());
            Ok(String::new())
        }
        "kick" if !rest.is_empty() => kick(house, rest),
        "ban" | "unban" if !rest.is_empty() => ban(house, line),
        "bans" => Ok(bans(house)),
        "op" | "deop" if !rest.is_empty() => server_op(house, rest, word == "op"),
        "stats" => Ok(stats(house)),
        "stop" => {
            house.ask_to_stop("the operator stopped it");
            Ok(String::new())
        }
        "quiet" => quiet(house, rest),
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

/// How a command is written, for who wrote it wrong.
fn usage(word: &str) -> String {
    let usage = COMMANDS.iter().map(|(usage, _)| *usage).find(|usage| first_word(usage) == word);
    format!("! Write {}.", usage.unwrap_or(word))
}

/// Switches what people say on or off; without a word, to the other.
fn quiet(house: &House, rest: &str) -> Result<String, String> {
    let is_quiet = match rest.to_lowercase().as_str() {
        "on" => true,
        "off" => false,
        "" => house.watch() == Watch::Messages,
        _ => return Err(usage("quiet")),
    };
    house.set_watch(if is_quiet { Watch::Events } else { Watch::Messages });
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

fn who(house: &House) -> String {
    let now = now();
    let mut table = vec![["nick", "room", "front", "from", "idle", "waiting"].map(str::to_owned)];
    for row in house.chat.presence() {
        let link = house.link(row.session);
        let from = link.as_ref().map_or(String::new(), |link| link.peer().to_string());
        let waiting = link.map_or(0, |link| link.outbox.weight());
        let idle = u64::try_from(now - row.active).unwrap_or(0) / 1000;
        let rooms = row.rooms.iter().map(|room| isolate(room).into_owned()).collect::<Vec<_>>().join(" ");
        let nick = isolate(&row.nick).into_owned();
        table.push([nick, rooms, row.front.to_owned(), from, format!("{idle} s"), format!("{waiting} B")]);
    }
    let unnamed = house.sessions().saturating_sub(table.len() - 1);
    let mut text = columns(&table);
    if unnamed > 0 {
        let _ = write!(text, "\n  and {unnamed} without a name yet");
    }
    text
}

fn rooms(house: &House) -> String {
    let mut table = vec![["room", "members", "topic"].map(str::to_owned)];
    for room in house.chat.rooms() {
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

fn kick(house: &House, rest: &str) -> Result<String, String> {
    let (name, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let nick = Nick::parse(name).map_err(|error| format!("! {error}."))?;
    let sessions = house.chat.sessions_of(&nick);
    let links: Vec<Arc<Link>> = sessions.into_iter().filter_map(|id| house.link(id)).collect();
    if links.is_empty() {
        return Err(format!("! Nobody here is called {nick}; who lists who is."));
    }
    let words = Some(text(reason)).filter(|words| !words.is_empty());
    let sentence = match &words {
        Some(words) => format!("the operator closed your session: {words}"),
        None => "the operator closed your session".to_owned(),
    };
    for link in &links {
        house.close(link, Ending { reason: CloseReason::Kicked, text: words.clone() }, &sentence);
    }
    Ok(String::new())
}

/// The operator's ban reads as the chat's command does, and is for the whole server.
fn ban(house: &House, line: &str) -> Result<String, String> {
    let parsed = parse(&format!("/{line}")).map_err(|error| format!("! {error}."))?;
    let Command::Order { deed, whom, seconds, text, .. } = parsed else { return Ok(String::new()) };
    let done = house.chat.ban_everywhere(deed, whom, seconds, text, now());
    let done = done.map_err(|error| format!("! {error}."))?;
    house.close_banned();
    Ok(format!("* {} {}", isolate(&done.nick), curbed(Curb::Ban, deed == Deed::Unban, done.until)))
}

fn bans(house: &House) -> String {
    let mut table = vec![["who", "until", "by", "why"].map(str::to_owned)];
    for ban in house.chat.server_bans(now()) {
        let until = ban.until.map_or("for good".to_owned(), |until| format!("{} {}", date(until), hours(until)));
        let why = ban.text.as_deref().unwrap_or_default().to_owned();
        table.push([isolate(&ban.nick).into_owned(), until, isolate(&ban.by).into_owned(), why]);
    }
    if table.len() == 1 { "  nobody is banned from the server".to_owned() } else { columns(&table) }
}

fn server_op(house: &Arc<House>, name: &str, op: bool) -> Result<String, String> {
    let nick = Nick::parse(name).map_err(|error| format!("! {error}."))?;
    let mut touched = house.touched();
    let done = house.chat.set_server_op(&nick, op, now(), &mut touched);
    house.settle(touched, &mut Default::default());
    match done {
        Ok(()) if op => Ok(format!("* {nick} may do everything now")),
        Ok(()) => Ok(format!("* {nick} is like everybody now")),
        Err(_) => Err(format!("! No account is called {nick}; register makes one.")),
    }
}

fn stats(house: &House) -> String {
    let count = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    let counts = &house.counts;
    format!(
        "  up {} s, {} sessions now, {} since the start, {} lines read, {} refused, {} slow consumers, {} news unshown, {} records kept",
        house.uptime() / 1000,
        house.sessions(),
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
