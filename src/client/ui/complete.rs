//! What Tab offers: commands, people here, rooms. Knows no keys.

use super::commands::commands;
use crate::client::Handle;

/// Words that could stand where `before` ends: where the word starts, in
/// bytes, and what may replace it.
pub(super) fn complete(before: &str, handle: Option<&Handle>, room: Option<&str>) -> (usize, Vec<String>) {
    let start =
        before.rfind(char::is_whitespace).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let word = &before[start..];
    if start == 0 && word.starts_with('/') && !word.starts_with("//") {
        return (0, starting(word, commands().map(|(name, ..)| format!("/{name} "))));
    }
    let (Some(handle), false) = (handle, word.is_empty()) else { return (start, Vec::new()) };
    if word.starts_with('#') {
        return (start, starting(word, handle.rooms().into_iter()));
    }
    let (at, name) = word.strip_prefix('@').map_or(("", word), |name| ("@", name));
    let own = handle.nick();
    let names = room.map(|room| handle.members(room)).unwrap_or_default();
    // A name at the beginning speaks to somebody; elsewhere, of somebody.
    let end = if start == 0 && at.is_empty() { ": " } else { " " };
    let names = names.into_iter().filter(|nick| *nick != own).map(|nick| format!("{nick}{end}"));
    let found = starting(name, names).into_iter().map(|nick| format!("{at}{nick}")).collect();
    (start, found)
}

/// Those that begin with `word`, in any case.
fn starting(word: &str, all: impl Iterator<Item = String>) -> Vec<String> {
    let word = word.to_lowercase();
    all.filter(|candidate| candidate.to_lowercase().starts_with(&word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_completes_commands_at_the_beginning_only() {
        assert_eq!(complete("/jo", None, None), (0, vec!["/join ".to_owned()]));
        assert_eq!(complete("/be", None, None), (0, vec!["/bell ".to_owned()]));
        assert_eq!(complete("x /jo", None, None), (2, vec![]));
        assert_eq!(complete("привет /jo", None, None), (13, vec![]));
        assert_eq!(complete("//jo", None, None), (0, vec![]));
    }
}
