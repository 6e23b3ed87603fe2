//! `chat-lab serve`: the stairs and the broken servers of `examples/`, each a whole program in one file. Knows no rule and no client.
//!
//! Each file is compiled twice: as an example, for `cargo run --example`, and as a module
//! of this program. So a class with this one program and no cargo can run every server,
//! and see how one differs from another. What is told of a server stands in the first
//! lines of its file, and is read from there.

#[path = "../../../examples/broken/endless_queue.rs"]
mod endless_queue;
#[path = "../../../examples/broken/exit_word.rs"]
mod exit_word;
#[path = "../../../examples/broken/innocent.rs"]
mod innocent;
#[path = "../../../examples/broken/lock_io.rs"]
mod lock_io;
#[path = "../../../examples/broken/lost_wake_up.rs"]
mod lost_wake_up;
#[path = "../../../examples/broken/no_end.rs"]
mod no_end;
#[path = "../../../examples/broken/no_join.rs"]
mod no_join;
#[path = "../../../examples/broken/one_at_a_time.rs"]
mod one_at_a_time;
#[path = "../../../examples/broken/one_order_each.rs"]
mod one_order_each;
#[path = "../../../examples/broken/recv_is_message.rs"]
mod recv_is_message;
#[path = "../../../examples/broken/silent_drop.rs"]
mod silent_drop;
#[path = "../../../examples/stairs/01_echo.rs"]
mod stair_echo;
#[path = "../../../examples/stairs/02_everybody.rs"]
mod stair_everybody;
#[path = "../../../examples/stairs/04_leaving.rs"]
mod stair_leaving;
#[path = "../../../examples/stairs/03_lines.rs"]
mod stair_lines;
#[path = "../../../examples/stairs/07_names.rs"]
mod stair_names;
#[path = "../../../examples/stairs/08_order.rs"]
mod stair_order;
#[path = "../../../examples/stairs/05_outbox.rs"]
mod stair_outbox;
#[path = "../../../examples/stairs/10_pen.rs"]
mod stair_pen;
#[path = "../../../examples/stairs/06_slow.rs"]
mod stair_slow;
#[path = "../../../examples/stairs/09_stop.rs"]
mod stair_stop;
#[path = "../../../examples/broken/torn_lines.rs"]
mod torn_lines;
#[path = "../../../examples/broken/two_annas.rs"]
mod two_annas;
#[path = "../../../examples/broken/two_locks.rs"]
mod two_locks;

use std::io::{self, Write};

use anyhow::{Context, Result, bail};

use crate::check::profile::meant;

/// A server of `examples/stairs` or `examples/broken`.
#[derive(Clone, Copy)]
pub struct Server {
    /// Its name on the command line: `stair-09-stop`, or `lock-io`.
    pub name: &'static str,
    /// The text of its file.
    pub source: &'static str,
    /// Runs it. It takes the port from the last word of the command line.
    pub run: fn() -> io::Result<()>,
}

macro_rules! server {
    ($name:literal, $module:ident, $file:literal) => {
        Server { name: $name, source: include_str!(concat!("../../../examples/", $file)), run: $module::main }
    };
}

/// All of them: first the stairs from the bottom up, then the broken ones.
pub const SERVERS: [Server; 24] = [
    server!("stair-01-echo", stair_echo, "stairs/01_echo.rs"),
    server!("stair-02-everybody", stair_everybody, "stairs/02_everybody.rs"),
    server!("stair-03-lines", stair_lines, "stairs/03_lines.rs"),
    server!("stair-04-leaving", stair_leaving, "stairs/04_leaving.rs"),
    server!("stair-05-outbox", stair_outbox, "stairs/05_outbox.rs"),
    server!("stair-06-slow", stair_slow, "stairs/06_slow.rs"),
    server!("stair-07-names", stair_names, "stairs/07_names.rs"),
    server!("stair-08-order", stair_order, "stairs/08_order.rs"),
    server!("stair-09-stop", stair_stop, "stairs/09_stop.rs"),
    server!("stair-10-pen", stair_pen, "stairs/10_pen.rs"),
    server!("endless-queue", endless_queue, "broken/endless_queue.rs"),
    server!("exit-word", exit_word, "broken/exit_word.rs"),
    server!("innocent", innocent, "broken/innocent.rs"),
    server!("lock-io", lock_io, "broken/lock_io.rs"),
    server!("lost-wake-up", lost_wake_up, "broken/lost_wake_up.rs"),
    server!("no-end", no_end, "broken/no_end.rs"),
    server!("no-join", no_join, "broken/no_join.rs"),
    server!("one-at-a-time", one_at_a_time, "broken/one_at_a_time.rs"),
    server!("one-order-each", one_order_each, "broken/one_order_each.rs"),
    server!("recv-is-message", recv_is_message, "broken/recv_is_message.rs"),
    server!("silent-drop", silent_drop, "broken/silent_drop.rs"),
    server!("torn-lines", torn_lines, "broken/torn_lines.rs"),
    server!("two-annas", two_annas, "broken/two_annas.rs"),
    server!("two-locks", two_locks, "broken/two_locks.rs"),
];

/// Says what the server of this name is, and runs it until it stops.
///
/// # Errors
/// No server has this name, or what the server could not do.
pub fn serve(name: &str, port: Option<u16>) -> Result<()> {
    let Some(server) = Server::named(name) else {
        let near = meant(name, SERVERS.iter().map(|server| server.name));
        bail!("there is no server {name:?}{near}\n{}", list().trim_end());
    };
    let rules = server.breaks().join(", ");
    let rules = match server.made_of() {
        Some(stair) => format!("made of {}; breaks {rules}", stair.name),
        None if rules.is_empty() => "breaks no rule".to_owned(),
        None => format!("still breaks {rules}"),
    };
    let _ = writeln!(io::stderr(), "{name}: {}\nprofile {}; {rules}", server.about(), server.profile());
    (server.run)().with_context(|| format!("{name} on port {}", port.unwrap_or(7000)))
}

/// A line for each server: its name, and what it is.
pub fn list() -> String {
    SERVERS.iter().map(|server| format!("  {:<20} {}\n", server.name, server.about())).collect()
}

impl Server {
    /// The server of this name.
    pub fn named(name: &str) -> Option<Server> {
        SERVERS.into_iter().find(|server| server.name == name)
    }

    /// In one sentence: what a stair can do, or what the bug of a broken server is.
    pub fn about(&self) -> String {
        let head = self.head();
        let text = head.split_once(": ").map_or(head.as_str(), |(_, text)| text);
        text.split_inclusive(". ").next().unwrap_or(text).trim().to_owned()
    }

    /// The profile under which it is checked.
    pub fn profile(&self) -> String {
        self.head().split("Profile: `").nth(1).and_then(|rest| rest.split('`').next()).unwrap_or_default().to_owned()
    }

    /// The stair that a broken server is a change of.
    pub fn made_of(&self) -> Option<Server> {
        let head = self.head();
        let (_, rest) = head.split_once("Made of stair ")?;
        let number: usize = rest.split(',').next()?.parse().ok()?;
        SERVERS.get(number.checked_sub(1)?).copied()
    }

    /// The rules that a broken server breaks. Of a stair: the rule that calls for the next one.
    pub fn breaks(&self) -> Vec<String> {
        let head = self.head();
        let words = head.split('`').skip(1).step_by(2);
        words
            .filter(|word| word.split_once('/').is_some_and(|(stage, _)| !stage.is_empty()))
            .map(str::to_owned)
            .collect()
    }

    /// The first lines of the file, without their marks, as one line.
    fn head(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of the servers are stairs.
    const STAIRS: usize = 10;

    #[test]
    fn the_first_lines_of_each_server_tell_what_it_is() {
        for (number, server) in SERVERS.iter().enumerate() {
            let name = server.name;
            assert!(server.about().ends_with('.') && server.about().len() < 110, "{name}: {}", server.about());
            assert!(["echo", "raw", "plain"].contains(&&*server.profile()), "{name}: {}", server.profile());
            assert_eq!(server.made_of().is_some(), number >= STAIRS, "{name}");
            assert_eq!(server.breaks().is_empty(), number == 8 || number == 9, "{name}: {:?}", server.breaks());
        }
    }

    #[test]
    fn a_server_is_found_by_its_name() {
        assert_eq!(Server::named("lock-io").map(|server| server.name), Some("lock-io"));
        assert!(Server::named("lock").is_none());
        let error = serve("lockio", None).unwrap_err().to_string();
        assert!(error.starts_with("there is no server \"lockio\": did you mean lock-io?\n  stair-01-echo "), "{error}");
        let made_of = Server::named("one-at-a-time").and_then(|server| server.made_of());
        assert_eq!(made_of.map(|stair| stair.name), Some("stair-01-echo"));
    }
}
