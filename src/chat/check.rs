//! What is known of a command without looking at the chat: the answers about the connection, and whether its texts and times are too long.

use std::sync::Arc;

use crate::answer::{Done, HelpInfo};
use crate::command::{self, ChatCommand, Command, FileCommand, LinkCommand, Query, Spec, in_range};
use crate::error::ChatError;
use crate::limits::Limits;

/// The answer to a command about the connection. A `pong` is an answer itself, so it gets none.
///
/// # Errors
/// `help` about a word that is no command.
pub fn link(command: LinkCommand) -> Result<Option<Done>, ChatError> {
    Ok(match command {
        LinkCommand::Ping { token } => Some(Done::Ping { token: token.unwrap_or_default() }),
        LinkCommand::Pong { .. } => None,
        // The session closes itself after the answer.
        LinkCommand::Quit { .. } => Some(Done::Quit),
        LinkCommand::Help { word } => Some(help(word.as_deref())?),
    })
}

/// The command table as the answer to `help`, or one row of it.
fn help(word: Option<&str>) -> Result<Done, ChatError> {
    let row = |spec: &Spec| HelpInfo { usage: spec.usage.to_owned(), text: spec.help.to_owned() };
    let commands = match word {
        Some(word) => vec![row(command::find(word).ok_or_else(|| command::unknown(word))?)],
        None => command::TABLE.iter().filter(|spec| !spec.usage.is_empty()).map(row).collect(),
    };
    Ok(Done::Help { commands })
}

/// Refuses texts and times over their limits, before any lock is taken.
///
/// # Errors
/// A text that is too long; an empty message; a time that is out of range.
pub fn lengths(command: &Command, limits: &Limits) -> Result<(), ChatError> {
    match command {
        Command::Chat(command) => in_chat(command, limits),
        Command::Query(Query::Search { text, .. }) => said(text, limits),
        Command::Query(Query::History { .. } | Query::Chats { .. } | Query::Files { .. }) => Ok(()),
        Command::Moderate(command) => {
            in_range(command.seconds)?;
            fits("reason", &command.text, limits.reason)
        }
        Command::File(FileCommand::Finish { text, .. }) => text.as_ref().map_or(Ok(()), |text| in_lines(text, limits)),
        Command::Link(LinkCommand::Quit { text }) => fits("reason", text, limits.reason),
        // It is measured as the command that it is.
        Command::Typed(_) => Ok(()),
        // Names, numbers and passwords have limits of their own.
        Command::Account(_) | Command::File(_) | Command::Link(_) => Ok(()),
    }
}

fn in_chat(command: &ChatCommand, limits: &Limits) -> Result<(), ChatError> {
    match command {
        ChatCommand::Say { text, .. }
        | ChatCommand::Me { text, .. }
        | ChatCommand::Notice { text, .. }
        | ChatCommand::Msg { text, .. }
        | ChatCommand::Reply { text }
        | ChatCommand::Announce { text } => said(text, limits),
        ChatCommand::Topic { topic, .. } => fits("topic", topic, limits.topic),
        ChatCommand::Settings { change, .. } => fits("key", &change.key, limits.reason),
        ChatCommand::Away { text } => fits("away", text, limits.away),
        ChatCommand::About { text } => about(text, limits),
        ChatCommand::Leave { text, .. } | ChatCommand::Delete { text, .. } => fits("reason", text, limits.reason),
        // The others have no text; a test looks at each field that is one.
        _ => Ok(()),
    }
}

/// Refuses words about oneself that are too long.
///
/// # Errors
/// The refusal.
pub fn about(text: &Option<Arc<str>>, limits: &Limits) -> Result<(), ChatError> {
    fits("about", text, limits.about)
}

/// A message must not be empty.
fn said(text: &Arc<str>, limits: &Limits) -> Result<(), ChatError> {
    if text.is_empty() { Err(ChatError::TextEmpty) } else { in_lines(text, limits) }
}

/// The words of a message may have so many lines.
fn in_lines(text: &str, limits: &Limits) -> Result<(), ChatError> {
    measure("text", text, limits.text)?;
    let (have, most) = (memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1, limits.text_lines);
    if have <= most { Ok(()) } else { Err(ChatError::TooManyLines(have, most)) }
}

fn fits(what: &'static str, text: &Option<Arc<str>>, most: usize) -> Result<(), ChatError> {
    text.as_ref().map_or(Ok(()), |text| measure(what, text, most))
}

fn measure(what: &'static str, text: &str, most: usize) -> Result<(), ChatError> {
    // A text has at most as many characters as bytes: most need no counting.
    let have = if text.len() <= most { return Ok(()) } else { text.chars().count() };
    if have <= most { Ok(()) } else { Err(ChatError::TooLong { what, have, most }) }
}
