//! What Tab offers: commands, people here, rooms, files to send. Knows no keys.

use std::fs;
use std::path::{MAIN_SEPARATOR_STR, is_separator};

use super::commands::{commands, home};
use crate::client::Handle;

/// The quotes around a path with blanks in it.
const QUOTES: [char; 2] = ['\'', '"'];

/// Files that are offered at once. A longer list does not help.
const FILES: usize = 100;

/// Finds words for Tab: takes the text left of the cursor, and returns the byte at
/// which its last word starts, and the words that may replace it.
pub(super) fn complete(before: &str, handle: Option<&Handle>, room: Option<&str>) -> (usize, Vec<String>) {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let start = before.len() - word.len();
    if start == 0 && word.starts_with('/') && !word.starts_with("//") {
        return (0, starting(word, commands().map(|(name, ..)| format!("/{name} "))));
    }
    if let Some(path) = before.strip_prefix("/send ").filter(|path| path.starts_with(QUOTES) || !path.contains(' ')) {
        return (before.len() - path.len(), paths(path));
    }
    let (Some(handle), false) = (handle, word.is_empty()) else { return (start, Vec::new()) };
    if word.starts_with('#') {
        return (start, starting(word, handle.rooms().into_iter()));
    }
    let (at, name) = word.strip_prefix('@').map_or(("", word), |name| ("@", name));
    let own = handle.nick();
    let names = room.map(|room| handle.members(room)).unwrap_or_default();
    // A name at the beginning speaks to that person; elsewhere it speaks of them.
    let end = if start == 0 && at.is_empty() { ": " } else { " " };
    let names = names.into_iter().filter(|nick| *nick != own).map(|nick| format!("{nick}{end}"));
    let found = starting(name, names).into_iter().map(|nick| format!("{at}{nick}")).collect();
    (start, found)
}

/// Files and folders whose path begins with `typed`; hidden ones only if a dot is typed.
fn paths(typed: &str) -> Vec<String> {
    let typed = typed.trim_start_matches(QUOTES);
    let (folder, begun) = typed.split_at(typed.rfind(is_separator).map_or(0, |at| at + 1));
    let mut found: Vec<String> = fs::read_dir(home(if folder.is_empty() { "./" } else { folder }))
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            // A name that could drive the terminal is typed by hand.
            let fits = name.starts_with(begun) && name.starts_with('.') == begun.starts_with('.');
            let plain = !name.contains(char::is_control);
            (fits && plain).then(|| name + if entry.path().is_dir() { MAIN_SEPARATOR_STR } else { "" })
        })
        .take(FILES)
        .collect();
    found.sort();
    let quoted = |name: String| match format!("{folder}{name}") {
        path if !path.contains(char::is_whitespace) => path,
        path => format!("'{path}{}", if path.ends_with(is_separator) { "" } else { "'" }),
    };
    found.into_iter().map(quoted).collect()
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

    #[test]
    fn tab_completes_the_file_to_send_and_puts_quotes_where_there_are_blanks() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().to_str().unwrap();
        for name in ["photo.jpg", "my photo.jpg", ".hidden"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("photos")).unwrap();
        let offered = |typed: &str| complete(typed, None, None);
        let both = vec![format!("{base}/photo.jpg"), format!("{base}/photos{MAIN_SEPARATOR_STR}")];
        assert_eq!(offered(&format!("/send {base}/ph")), (6, both));
        assert_eq!(offered(&format!("/send {base}/m")).1, [format!("'{base}/my photo.jpg'")]);
        assert_eq!(offered(&format!("/send '{base}/my ph")), (6, vec![format!("'{base}/my photo.jpg'")]));
        assert_eq!(offered(&format!("/send {base}/.h")).1, [format!("{base}/.hidden")]);
        assert!(offered("/send /nowhere/at/all/x").1.is_empty());
    }
}
