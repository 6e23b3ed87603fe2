//! What Tab offers at the console: commands, people, rooms, words of a command. Knows no keys.

use std::sync::Arc;

use super::table::{COMMANDS, Takes};
use crate::session::hub::{Hub, now};
use crate::terminal::Complete;

/// Completes the console's commands, and what they are about.
pub fn complete(hub: &Arc<Hub>) -> Complete {
    let hub = Arc::clone(hub);
    Box::new(move |typed| candidates(&hub, typed))
}

/// The byte at which the last word of `typed` starts, and what may replace that word.
pub fn candidates(hub: &Hub, typed: &str) -> (usize, Vec<String>) {
    let word = typed.rsplit(char::is_whitespace).next().unwrap_or_default();
    let start = typed.len() - word.len();
    if start == 0 {
        let slash = if word.starts_with('/') { "/" } else { "" };
        let commands = COMMANDS.iter().map(|row| {
            // A command that takes something waits for it.
            format!("{slash}{}{}", row.name(), if row.usage == row.name() { "" } else { " " })
        });
        return (0, starting(word, commands));
    }
    let mut before = typed[..start].split_whitespace();
    let command = before.next().unwrap_or_default().trim_start_matches('/');
    let is_first = before.next().is_none();
    let takes = COMMANDS.iter().find(|row| row.name() == command).map_or(Takes::Person, |row| row.takes);
    let found: Vec<String> = match takes {
        Takes::Words(words) if is_first => words.iter().map(|word| (*word).to_owned()).collect(),
        Takes::Banned if is_first => {
            hub.chat.server_bans(now()).into_iter().map(|ban| format!("{} ", ban.nick)).collect()
        }
        Takes::Nothing | Takes::Banned | Takes::Words(_) => Vec::new(),
        Takes::Person if word.starts_with('#') => {
            hub.chat.rooms().into_iter().map(|room| format!("{} ", room.room)).collect()
        }
        Takes::Person => hub.chat.presence().into_iter().map(|row| format!("{} ", row.nick)).collect(),
    };
    (start, starting(word, found.into_iter()))
}

/// Those that begin with `word`, whatever its case, each once and in order.
fn starting(word: &str, all: impl Iterator<Item = String>) -> Vec<String> {
    let word = word.to_lowercase();
    let mut found: Vec<String> = all.filter(|one| one.to_lowercase().starts_with(&word)).collect();
    found.sort();
    found.dedup();
    found
}
