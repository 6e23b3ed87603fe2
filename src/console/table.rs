//! The operator's commands: how each is written, what it does, what it takes. Knows no screen and no socket, so the console and `ctl` share it.

use super::commands as verbs;
use super::desk::{Answer, Desk};
use crate::command::nearest;
use crate::names::clean;

/// One command.
#[derive(Debug)]
pub struct Row {
    /// How it is written: its name, and what it takes.
    pub usage: &'static str,
    /// What it does.
    pub help: &'static str,
    /// What Tab offers after its name.
    pub(super) takes: Takes,
    /// Carries it out, with what was written after its name.
    run: fn(&Desk, &str) -> Answer,
}

/// What the first word after a command is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Takes {
    Nothing,
    /// A person that is here, or a room.
    Person,
    /// A person that is banned.
    Banned,
    Words(&'static [&'static str]),
}

const fn row(usage: &'static str, takes: Takes, run: fn(&Desk, &str) -> Answer, help: &'static str) -> Row {
    Row { usage, help, takes, run }
}

/// All commands, in the order of `help`.
pub const COMMANDS: &[Row] = &[
    row("who", Takes::Nothing, verbs::who, "who is here: room, front, address, idle time, bytes waiting"),
    row("rooms", Takes::Nothing, verbs::rooms, "the rooms, how many are in them, their topics"),
    row("say TEXT", Takes::Person, verbs::say, "says something to everybody"),
    row("kick NAME [REASON]", Takes::Person, verbs::kick, "closes all sessions of somebody"),
    row(
        "ban NAME [TIME] [REASON]",
        Takes::Person,
        verbs::ban,
        "keeps somebody out, by account, address or name: for 10m, 2h, 7d, or for good",
    ),
    row("unban NAME", Takes::Banned, verbs::unban, "lets them in again"),
    row("bans", Takes::Nothing, verbs::bans, "who is kept out, until when and why"),
    row("op NAME", Takes::Person, verbs::op, "lets an account do everything everywhere"),
    row("deop NAME", Takes::Person, verbs::deop, "takes that from it"),
    row("quiet [on|off]", Takes::Words(&["on", "off"]), verbs::quiet, "hides or shows on the screen what people say"),
    row("watch [events]", Takes::Words(&["events"]), watch, "at ctl: shows what happens, or all but what people say"),
    row(
        "stats [--prometheus]",
        Takes::Words(&["--prometheus"]),
        verbs::stats,
        "sessions, lines, refusals, slow consumers since the start; or all numbers",
    ),
    row("health", Takes::Nothing, verbs::healthy, "whether the server can do its work, and why not"),
    row("version", Takes::Nothing, verbs::version, "the versions of the program, protocol and database"),
    row(
        "qr [NUMBER]",
        Takes::Nothing,
        |desk, rest| desk.qr(rest),
        "the address of the page, and a code of it for phones",
    ),
    row("log LEVEL", Takes::Words(LEVELS), |desk, level| desk.log(level), "what is logged from now on"),
    row("reload", Takes::Nothing, |desk, _| desk.reload(), "reads the settings again; what cannot change is named"),
    row(
        "shutdown [after TIME] [REASON]",
        Takes::Words(&["after", "cancel"]),
        verbs::shutdown,
        "tells everybody, and stops: at once, or after 30s, 2m, 1h; shutdown cancel takes it back",
    ),
    row("stop", Takes::Nothing, verbs::stop, "says goodbye to everybody and ends the server"),
    row("help", Takes::Nothing, |_, _| Ok(help()), "this list"),
];

const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

impl Row {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or(self.usage)
    }

    /// Whether something must be written after its name.
    fn needs_more(&self) -> bool {
        self.usage.split(' ').nth(1).is_some_and(|word| !word.starts_with('['))
    }
}

impl Desk {
    /// Carries out one line; what to show for it.
    ///
    /// # Errors
    /// The sentence for a command that is none, or cannot be carried out.
    pub fn obey(&self, line: &str) -> Answer {
        let line = line.trim();
        let line = line.strip_prefix('/').unwrap_or(line);
        let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
        match (word, COMMANDS.iter().find(|row| row.name() == word)) {
            (_, Some(row)) if row.needs_more() && rest.is_empty() => Err(format!("! Write {}.", row.usage)),
            (_, Some(row)) => (row.run)(self, rest),
            ("", None) => Ok(String::new()),
            ("?", None) => Ok(help()),
            ("exit" | "quit", None) => Err("! Type stop to end the server; it says goodbye to everybody.".to_owned()),
            (_, None) => {
                let near = nearest(word, COMMANDS.iter().map(Row::name));
                let hint = near.map_or("help lists the commands".to_owned(), |near| format!("did you mean {near}?"));
                Err(format!("! No command {:?}, {hint}", clean(word)))
            }
        }
    }
}

fn help() -> String {
    let wide = COMMANDS.iter().map(|row| row.usage.len()).max().unwrap_or(0);
    COMMANDS.iter().map(|row| format!("  {:<wide$}  {}", row.usage, row.help)).collect::<Vec<_>>().join("\n")
}

/// `ctl` itself carries it out, because its answer has no end.
fn watch(_: &Desk, _: &str) -> Answer {
    Err("! What happens is on this screen already; quiet off shows what people say, too.".to_owned())
}
