//! What the client itself obeys, beside the commands of the chat; and the help for both. Knows no connection and no screen.

use crate::command::{self, TABLE};
use crate::error::ChatError;

/// When to ring the bell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bell {
    /// Never.
    Off,
    /// When somebody mentions one's name, or writes to one only.
    #[default]
    Mentions,
    /// Whenever somebody else says something.
    All,
}

/// A command of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Local {
    /// Show the help, about one command only where it is named.
    Help(Option<String>),
    /// Show or set the bell.
    Bell(Option<Bell>),
}

/// The client's own commands: how each is written, and what it does.
pub(super) const OWN: [(&str, &str, &str); 1] =
    [("bell", "bell [off|mentions|all]", "rings when somebody mentions you (the default), always, or never")];

/// Takes a line for a command of the client's own; `None` if it is none.
///
/// # Errors
/// An argument that the command does not take.
pub(super) fn local(line: &str) -> Option<Result<Local, ChatError>> {
    let rest = line.trim().strip_prefix('/').filter(|rest| !rest.starts_with('/'))?;
    let (word, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let arguments = arguments.trim();
    if command::find(word).is_some_and(|spec| spec.name == "help") {
        let word = arguments.trim_start_matches('/');
        return Some(Ok(Local::Help(Some(word.to_owned()).filter(|word| !word.is_empty()))));
    }
    if !word.eq_ignore_ascii_case("bell") {
        return unknown(word).map(Err);
    }
    Some(match arguments.to_lowercase().as_str() {
        "" => Ok(Local::Bell(None)),
        "off" => Ok(Local::Bell(Some(Bell::Off))),
        "mentions" => Ok(Local::Bell(Some(Bell::Mentions))),
        "all" => Ok(Local::Bell(Some(Bell::All))),
        other => Err(ChatError::BadField {
            field: "bell",
            value: format!("{:?}", crate::names::clean(other)),
            wants: "off, mentions or all",
        }),
    })
}

/// The refusal of a word that is no command here, with the nearest that is.
fn unknown(word: &str) -> Option<ChatError> {
    if command::find(word).is_some() {
        return None;
    }
    let words = commands().map(|(name, ..)| name);
    Some(ChatError::UnknownCommand(crate::names::clean(word).into_owned(), command::nearest(word, words)))
}

/// All commands that people can type: name, usage and help.
pub(super) fn commands() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE.iter().filter(|spec| !spec.usage.is_empty()).map(|spec| (spec.name, spec.usage, spec.help)).chain(OWN)
}

/// The lines of `/help`.
pub(super) fn help(word: Option<&str>) -> Result<Vec<String>, ChatError> {
    let row = |usage: &str, help: &str| format!("  /{usage:<24} {help}");
    let Some(word) = word else {
        let mut lines: Vec<String> = commands().map(|(_, usage, help)| row(usage, help)).collect();
        lines.push("  All else is said to the room; //text says a line that starts with a slash.".to_owned());
        lines.push("  Tab completes, arrows bring back own lines, Ctrl-R searches them, Ctrl-D leaves.".to_owned());
        return Ok(lines);
    };
    if let Some((_, usage, help)) = OWN.iter().find(|(name, ..)| *name == word) {
        return Ok(vec![row(usage, help)]);
    }
    match command::find(word) {
        Some(spec) => Ok(vec![row(spec.usage, spec.help)]),
        None => Err(unknown(word).unwrap_or_else(|| command::unknown(word))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_own_commands_are_known_and_typos_find_them() {
        assert_eq!(local("/bell all"), Some(Ok(Local::Bell(Some(Bell::All)))));
        assert_eq!(local("/help bell"), Some(Ok(Local::Help(Some("bell".into())))));
        assert_eq!(local("hello"), None);
        assert_eq!(local("//bell"), None);
        assert_eq!(local("/join x"), None);
        for (typed, near) in [("/bel", "bell"), ("/jion лыжи", "join")] {
            let refusal = local(typed).unwrap().unwrap_err();
            assert!(refusal.to_string().contains(&format!("did you mean {near}")), "{refusal}");
        }
        assert!(local("/bell loud").unwrap().is_err());
    }

    #[test]
    fn help_lists_every_command() {
        let all = help(None).unwrap().join("\n");
        for (_, usage, help) in commands() {
            assert!(all.contains(usage) && all.contains(help), "{usage}");
        }
        assert_eq!(help(Some("bell")).unwrap().len(), 1);
        assert!(help(Some("jion")).is_err());
    }
}
