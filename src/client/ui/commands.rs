//! The client's own commands, and the help for them and those of the chat. Knows no connection and no screen.

use std::env;
use std::path::{PathBuf, is_separator};

use clap::ValueEnum;

use super::transfer::Job;
use crate::command::{self, Place, TABLE};
use crate::error::ChatError;
use crate::names;

/// When to ring the bell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Bell {
    /// Never.
    Off,
    /// When a message mentions the person's name, or is private.
    #[default]
    Mentions,
    /// At every message of another person.
    All,
}

/// A command of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Local {
    /// Show the help; about one command only, if it is named.
    Help(Option<String>),
    /// Show or set the bell.
    Bell(Option<Bell>),
    /// Send or fetch a file. If no place is named, it is sent to the present room.
    File(Job),
    /// Stop the files that are on their way.
    Cancel,
}

/// The client's own commands: how each is written, and what it does.
pub(super) const OWN: [(&str, &str, &str); 4] = [
    ("send", "send PATH [PLACE]", "sends a file to this room, to #ROOM, or to @NAME only"),
    ("get", "get NUMBER [PATH]", "fetches a file, and saves it here or there; never over another"),
    ("cancel", "cancel", "stops the files that are being sent and fetched"),
    ("bell", "bell [off|mentions|all]", "rings when somebody mentions you (the default), always, or never"),
];

/// Takes a line for a command of the client's own; `None` if it is none.
///
/// # Errors
/// An argument that the command does not take.
pub(super) fn local(line: &str) -> Option<Result<Local, ChatError>> {
    let rest = command::shown(line).strip_prefix('/').filter(|rest| !rest.starts_with('/'))?;
    let (word, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let arguments = arguments.trim();
    if command::find(word).is_some_and(|spec| spec.name == "help") {
        let word = arguments.trim_start_matches('/');
        return Some(Ok(Local::Help(Some(word.to_owned()).filter(|word| !word.is_empty()))));
    }
    Some(match word.to_lowercase().as_str() {
        "bell" => bell(arguments),
        "send" => send(arguments),
        "get" => get(arguments),
        "cancel" => Ok(Local::Cancel),
        _ if command::find(word).is_some() => return None,
        _ => Err(unknown(word)),
    })
}

fn bell(arguments: &str) -> Result<Local, ChatError> {
    if arguments.is_empty() {
        return Ok(Local::Bell(None));
    }
    let bell = Bell::from_str(arguments, true).map_err(|_| bad("bell", arguments, "off, mentions or all"))?;
    Ok(Local::Bell(Some(bell)))
}

/// A path, and perhaps a place after it. A path with blanks stands in quotes,
/// or has backslashes before them, as terminals drop it.
fn send(arguments: &str) -> Result<Local, ChatError> {
    let (path, rest) = path(arguments).ok_or(ChatError::Missing { field: "PATH", usage: OWN[0].1 })?;
    let place = match rest {
        "" => String::new(),
        place if place.starts_with(['#', '@']) => Place::parse(place)?.to_string(),
        other => return Err(bad("PLACE", other, "#ROOM or @NAME; a path with blanks stands in quotes")),
    };
    Ok(Local::File(Job::Send(path, place)))
}

fn get(arguments: &str) -> Result<Local, ChatError> {
    let (number, rest) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    if number.is_empty() {
        return Err(ChatError::Missing { field: "NUMBER", usage: OWN[1].1 });
    }
    let file = number.parse().map_err(|_| bad("NUMBER", number, "a file's number; /files lists them"))?;
    let path = path(rest).map(|(path, more)| if more.is_empty() { path } else { home(rest.trim()) });
    Ok(Local::File(Job::Get(file, path)))
}

/// The path at the beginning of `text`, and what follows it. On Windows a backslash
/// stands between folders, and before a blank it means nothing else.
fn path(text: &str) -> Option<(PathBuf, &str)> {
    let text = text.trim();
    let quote = text.chars().next()?;
    if let Some((quoted, rest)) = text[quote.len_utf8()..].split_once(quote).filter(|_| matches!(quote, '"' | '\'')) {
        return (!quoted.is_empty()).then(|| (home(quoted), rest.trim()));
    }
    let (mut word, mut escaped) = (String::new(), false);
    for (at, letter) in text.char_indices() {
        match letter {
            '\\' if !escaped && !is_separator('\\') => escaped = true,
            letter if letter.is_whitespace() && !escaped => return Some((home(&word), text[at..].trim())),
            letter => {
                if escaped && !letter.is_whitespace() && !matches!(letter, '\\' | '"' | '\'') {
                    word.push('\\');
                }
                word.push(letter);
                escaped = false;
            }
        }
    }
    if escaped {
        word.push('\\');
    }
    Some((home(&word), ""))
}

/// A path that may begin with `~/`, on Windows also with `~\`.
pub(super) fn home(path: &str) -> PathBuf {
    match (path.strip_prefix('~').and_then(|rest| rest.strip_prefix(is_separator)), env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn bad(field: &'static str, value: &str, wants: &'static str) -> ChatError {
    ChatError::BadField { field, value: format!("{:?}", names::clean(value)), wants }
}

/// Whether a typed line shows a password. Then it is not remembered.
pub(super) fn shows_password(line: &str) -> bool {
    matches!(command::parse(line), Err(ChatError::PasswordShown))
}

/// The refusal of a word that is no command here, with the nearest that is.
fn unknown(word: &str) -> ChatError {
    let words = commands().map(|(name, ..)| name);
    ChatError::UnknownCommand(names::clean(word).into_owned(), command::nearest(word, words))
}

/// All commands that people can type: name, usage and help.
pub(super) fn commands() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE.iter().filter(|spec| !spec.usage.is_empty()).map(|spec| (spec.name, spec.usage, spec.help)).chain(OWN)
}

/// What a new person needs first. `/help all` shows all other commands.
const FIRST: [&str; 10] = ["join", "leave", "rooms", "members", "msg", "nick", "history", "send", "register", "quit"];

/// The lines of `/help`: the first commands, all of them, or one.
pub(super) fn help(word: Option<&str>) -> Result<Vec<String>, ChatError> {
    let row = |usage: &str, help: &str| format!("  /{usage:<24}  {help}");
    let whole = |(name, usage, help)| row(usage, &with_aliases(name, help));
    match word {
        None => {
            let first = FIRST.iter().filter_map(|name| commands().find(|(known, ..)| known == name));
            let mut lines: Vec<String> = first.map(|(_, usage, help)| row(usage, help)).collect();
            lines.push("  All else is said to the room; //text says a line that starts with a slash.".to_owned());
            lines.push("  Tab completes, Ctrl-R finds own lines, Alt-Enter breaks a line, Ctrl-D leaves.".to_owned());
            lines.push("  /help all lists all commands and their other names, /help NAME tells of one.".to_owned());
            Ok(lines)
        }
        Some("all") => Ok(commands().map(whole).collect()),
        Some(word) => {
            let name = command::find(word).map_or(word, |spec| spec.name);
            let found = commands().find(|(known, ..)| *known == name).ok_or_else(|| unknown(word))?;
            Ok(vec![whole(found)])
        }
    }
}

/// What a command does, and its other names.
fn with_aliases(name: &str, help: &str) -> String {
    match command::find(name).map_or(&[][..], |spec| spec.aliases) {
        [] => help.to_owned(),
        some => format!("{help}; also /{}", some.join(", /")),
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
            assert!(refusal.to_string().contains(&format!("did you mean /{near}")), "{refusal}");
        }
        assert!(local("/bell loud").unwrap().is_err());
    }

    #[test]
    fn a_file_to_send_is_named_as_people_and_terminals_name_it() {
        let sent = |typed: &str| match local(typed) {
            Some(Ok(Local::File(Job::Send(path, place)))) => (path.to_str().unwrap().to_owned(), place),
            other => panic!("{typed}: {other:?}"),
        };
        for (typed, path, place) in [
            ("/send photo.jpg", "photo.jpg", ""),
            ("/send photo.jpg #лыжи", "photo.jpg", "#лыжи"),
            ("/send 'my photo.jpg' @Boris", "my photo.jpg", "@Boris"),
            ("/send \"a'b.txt\"", "a'b.txt", ""),
            ("/send a/b\\", "a/b\\", ""),
            ("/send фото\\.jpg", "фото\\.jpg", ""),
            ("/send #hash", "#hash", ""),
        ] {
            assert_eq!(sent(typed), (path.to_owned(), place.to_owned()), "{typed}");
        }
        // Where backslashes stand between folders, as on Windows, they do nothing else.
        let dropped = "/SEND \\\\my\\ photo.jpg";
        if is_separator('\\') {
            assert!(local(dropped).unwrap().is_err());
            assert_eq!(sent("/send \\\\host\\a.jpg #b"), ("\\\\host\\a.jpg".to_owned(), "#b".to_owned()));
        } else {
            assert_eq!(sent(dropped), ("\\my photo.jpg".to_owned(), String::new()));
        }
        for wrong in ["/send", "/send my photo.jpg", "/send ''", "/send a @", "/get", "/get x", "/get -1"] {
            assert!(local(wrong).unwrap().is_err(), "{wrong}");
        }
        assert_eq!(local("/get 7"), Some(Ok(Local::File(Job::Get(7, None)))));
        assert_eq!(local("/get 7 a b.jpg"), Some(Ok(Local::File(Job::Get(7, Some("a b.jpg".into()))))));
        assert_eq!(local("/cancel"), Some(Ok(Local::Cancel)));
    }

    #[test]
    fn a_password_on_a_line_is_seen() {
        assert!(shows_password("/login anna secret123") && shows_password("/register secret123"));
        assert!(!shows_password("/login anna") && !shows_password("register secret"));
    }

    #[test]
    fn the_first_help_fits_on_a_screen_beside_what_is_said() {
        let first = help(None).unwrap();
        assert_eq!(first.len(), FIRST.len() + 3);
        // The help of a command begins in column 29. If it is too long for the row, it has two rows or more.
        let rows: usize = first.iter().map(|line| 1 + line.chars().count().saturating_sub(29) / 50).sum();
        assert!(rows <= 22, "{rows} rows: {first:#?}");
    }

    #[test]
    fn help_lists_every_command_with_its_other_names() {
        let all = help(Some("all")).unwrap().join("\n");
        for (_, usage, help) in commands() {
            assert!(all.contains(usage) && all.contains(help), "{usage}");
        }
        for alias in TABLE.iter().filter(|spec| !spec.usage.is_empty()).flat_map(|spec| spec.aliases) {
            assert!(all.contains(&format!("/{alias}")), "{alias}");
            assert_eq!(help(Some(alias)).unwrap().len(), 1, "{alias}");
        }
        assert_eq!(help(Some("bell")).unwrap().len(), 1);
        assert!(help(Some("jion")).is_err());
    }
}
