//! What Tab offers at the console: commands, people, rooms, words of a command. Knows no keys.

use std::sync::Arc;

use super::{COMMANDS, first_word};
use crate::session::hub::{Hub, now};
use crate::terminal::Complete;

/// Completes the console's commands, and what they are about.
pub fn complete(hub: &Arc<Hub>) -> Complete {
    let hub = Arc::clone(hub);
    Box::new(move |typed| candidates(&hub, typed))
}

/// The byte at which the last word of `typed` starts, and what may replace that word.
fn candidates(hub: &Hub, typed: &str) -> (usize, Vec<String>) {
    let start =
        typed.rfind(char::is_whitespace).map_or(0, |at| at + typed[at..].chars().next().map_or(1, char::len_utf8));
    let word = &typed[start..];
    if start == 0 {
        let slash = if word.starts_with('/') { "/" } else { "" };
        let commands = COMMANDS.iter().map(|(usage, _)| {
            let name = first_word(usage);
            // A command that takes something waits for it.
            format!("{slash}{name}{}", if *usage == name { "" } else { " " })
        });
        return (0, starting(word, commands));
    }
    let mut before = typed[..start].split_whitespace();
    let command = before.next().unwrap_or_default().trim_start_matches('/');
    let is_first = before.next().is_none();
    let nicks = || hub.chat.presence().into_iter().map(|row| format!("{} ", row.nick));
    let found = match command {
        "quiet" if is_first => starting(word, ["on", "off"].map(str::to_owned).into_iter()),
        "unban" if is_first => {
            starting(word, hub.chat.server_bans(now()).into_iter().map(|ban| format!("{} ", ban.nick)))
        }
        "help" | "who" | "rooms" | "bans" | "stats" | "stop" | "quiet" | "unban" => Vec::new(),
        _ if word.starts_with('#') => {
            starting(word, hub.chat.rooms().into_iter().map(|room| format!("{} ", room.room)))
        }
        _ => starting(word, nicks()),
    };
    (start, found)
}

/// Those that begin with `word`, whatever its case, each once and in order.
fn starting(word: &str, all: impl Iterator<Item = String>) -> Vec<String> {
    let word = word.to_lowercase();
    let mut found: Vec<String> = all.filter(|one| one.to_lowercase().starts_with(&word)).collect();
    found.sort();
    found.dedup();
    found
}
