//! What is known of a command without looking at the chat: the help it asks for, and whether its texts and times are too long.

use crate::answer::{Done, HelpInfo};
use crate::command::{Change, Command, in_range};
use crate::error::ChatError;
use crate::limits::Limits;

/// The command table as the answer to `help`, or one row of it.
pub fn help(word: Option<&str>) -> Result<Done, ChatError> {
    let row = |spec: &crate::command::Spec| HelpInfo { usage: spec.usage.to_owned(), text: spec.help.to_owned() };
    let commands = match word {
        Some(word) => vec![row(crate::command::find(word).ok_or_else(|| crate::command::unknown(word))?)],
        None => crate::command::TABLE.iter().filter(|spec| !spec.usage.is_empty()).map(row).collect(),
    };
    Ok(Done::Help { commands })
}

/// Refuses texts and times over their limits, before any lock is taken.
pub fn lengths(command: &Command, limits: &Limits) -> Result<(), ChatError> {
    if let Command::Moderate { seconds, .. } = command {
        in_range(*seconds)?;
    }
    let (what, text, most) = match command {
        Command::Say { text, .. }
        | Command::Msg { text, .. }
        | Command::Reply { text }
        | Command::Announce { text }
        | Command::Search { text, .. } => {
            if text.is_empty() {
                return Err(ChatError::TextEmpty);
            }
            ("text", text, limits.text)
        }
        Command::Finish { text: Some(text), .. } => ("text", text, limits.text),
        Command::Topic { topic: Some(text), .. } => ("topic", text, limits.topic),
        Command::Settings { change: Change { key: Some(text), .. }, .. } => ("key", text, limits.reason),
        Command::Away { text: Some(text) } => ("away", text, limits.away),
        Command::Quit { text: Some(text) }
        | Command::Leave { text: Some(text), .. }
        | Command::Moderate { text: Some(text), .. } => ("reason", text, limits.reason),
        _ => return Ok(()),
    };
    // A text has at most as many characters as bytes: most need no counting.
    let have = if text.len() <= most { return Ok(()) } else { text.chars().count() };
    if have <= most { Ok(()) } else { Err(ChatError::TooLong { what, have, most }) }
}
