//! How one set of settings differs from another, and which of them change while the server runs. Knows their names, and not what they do.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Config;
use crate::limits::{Live, TABLE};

/// The settings beside the limits that change while the server runs.
const LIVE: [&str; 8] = ["host", "origin", "metrics", "tls-cert", "tls-key", "log", "log-file", "motd"];

/// One setting that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// What it was, as it is written in a file.
    pub was: String,
    /// What it is to be.
    pub is: String,
    /// From when on that counts.
    pub live: Live,
}

impl Config {
    /// The settings in which `wanted` differs.
    pub fn changes(&self, wanted: &Config) -> Vec<Change> {
        let (was, is) = (self.to_toml(), wanted.to_toml());
        // Both have the same settings in the same order.
        let pairs = was.lines().zip(is.lines()).filter(|(was, is)| was != is);
        pairs
            .filter_map(|(was, is)| Some((parts(was)?, parts(is)?)))
            .map(|((name, was), (_, is))| change(name, was, is))
            .collect()
    }
}

fn change(name: &str, was: &str, is: &str) -> Change {
    let live = match TABLE.iter().find(|row| row.name == name) {
        Some(row) => row.live,
        None if LIVE.contains(&name) => Live::AtOnce,
        None => Live::Restart,
    };
    Change { name: name.to_owned(), was: was.to_owned(), is: is.to_owned(), live }
}

/// The name and the value of a printed setting, without the comment after a number.
fn parts(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(" = ")?;
    let is_number = value.starts_with(|first: char| first.is_ascii_digit());
    let value = value.split_once(" # ").filter(|_| is_number).map_or(value, |(number, _)| number);
    Some((name, value))
}

/// The line in which a setting such as `limits.rate` is written.
pub(super) fn line_of(text: &str, setting: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let start = find(table.get_ref(), setting)?;
    Some(text.get(..start)?.matches('\n').count() + 1)
}

fn find(table: &DeTable<'_>, setting: &str) -> Option<usize> {
    let (name, rest) = setting.split_once('.').map_or((setting, None), |(name, rest)| (name, Some(rest)));
    let (key, value): (&Spanned<_>, &Spanned<DeValue<'_>>) = table.iter().find(|(key, _)| key.get_ref() == name)?;
    match (rest, value.get_ref()) {
        (Some(rest), DeValue::Table(inner)) => find(inner, rest),
        _ => Some(key.span().start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_differ_are_named_with_when_they_count() {
        let was = Config::default();
        let mut is = was.clone();
        assert_eq!(was.changes(&is), []);
        is.read_toml("listen = \"a:1 # b\"\nhost = [\"b\"]\n[limits]\nrate = 9\nbacklog = 7\nrooms = 5\n").unwrap();
        let told: Vec<_> = was.changes(&is).into_iter().map(|change| (change.name, change.is, change.live)).collect();
        let row = |name: &str, is: &str, live| (name.to_owned(), is.to_owned(), live);
        let wanted = [
            row("listen", "\"a:1 # b\"", Live::Restart),
            row("host", "[\"b\"]", Live::AtOnce),
            row("backlog", "7", Live::Restart),
            row("rooms", "5", Live::AtOnce),
            row("rate", "9", Live::NewConnections),
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn every_setting_that_is_printed_is_found_in_its_line() {
        let text = Config::default().to_toml();
        for (number, line) in text.lines().enumerate() {
            let Some((name, _)) = parts(line) else { continue };
            let limit = TABLE.iter().any(|row| row.name == name);
            let path = if limit { format!("limits.{name}") } else { name.to_owned() };
            assert_eq!(line_of(&text, &path), Some(number + 1), "{path}");
        }
        assert_eq!(line_of("a = 1\nlimits.rate = 3", "limits.rate"), Some(2));
        assert_eq!(line_of("a = 1", "b"), None);
    }

    #[test]
    fn the_settings_that_are_said_to_be_live_are_there() {
        let text = Config::default().to_toml();
        assert!(LIVE.iter().all(|name| text.contains(&format!("\n{name} = "))));
    }
}
