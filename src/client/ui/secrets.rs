//! Passwords: asked for where a command needs one, or taken from outside. Knows the commands, not what comes of them.

use std::io;

use crate::command::{self, Command, Secret};
use crate::terminal::{Input, Terminal};

/// What became of a command that may need passwords.
pub(super) enum Filled {
    /// It has all it needs.
    Whole(Command),
    /// The person thought better of it.
    Dropped,
    /// It cannot be had; the sentence why.
    Refused(&'static str),
}

/// Puts in the passwords that a typed command does not have, because none is
/// ever typed on its line. On a pipe it is `given`.
pub(super) fn fill(command: Command, terminal: &mut Terminal, given: Option<&Secret>) -> io::Result<Filled> {
    if !needs(&command) {
        return Ok(Filled::Whole(command));
    }
    if !terminal.can_ask_secret() {
        return Ok(match (command, given) {
            (Command::Password { .. }, _) => Filled::Refused("a new password is asked for on a terminal only"),
            (command, Some(given)) => Filled::Whole(with(command, given.clone(), None)),
            (_, None) => Filled::Refused("no password: there is CHAT_CLIENT_PASSWORD, and --password-file FILE"),
        });
    }
    let old = match &command {
        Command::Register { .. } => None,
        Command::Password { .. } => ask(terminal, "Present password")?,
        _ => ask(terminal, "Password")?,
    };
    if old.is_none() && !matches!(command, Command::Register { .. }) {
        return Ok(Filled::Dropped);
    }
    let new = match &command {
        Command::Register { .. } | Command::Password { .. } => {
            let Some(new) = ask(terminal, "New password")? else { return Ok(Filled::Dropped) };
            if ask(terminal, "The same again")?.as_ref() != Some(&new) {
                return Ok(Filled::Refused("those two are not the same; nothing was changed"));
            }
            Some(new)
        }
        _ => None,
    };
    Ok(match (old.or_else(|| new.clone()), new) {
        (Some(first), new) => Filled::Whole(with(command, first, new)),
        (None, _) => Filled::Dropped,
    })
}

/// Whether a person typed it, and it has no password yet.
fn needs(command: &Command) -> bool {
    matches!(
        command,
        Command::Register { password: None }
            | Command::Login { password: None, .. }
            | Command::Password { old: None, .. }
            | Command::DeleteAccount { password: None, .. }
    )
}

/// Whether a typed line asks for a password. Pasted together with other lines
/// it does not ask: the next of them may be meant as the answer, and must not be said.
pub(super) fn asks(line: &str) -> bool {
    command::parse(line).is_ok_and(|command| needs(&command))
}

fn with(command: Command, first: Secret, second: Option<Secret>) -> Command {
    match command {
        Command::Register { .. } => Command::Register { password: Some(first) },
        Command::Login { account, .. } => Command::Login { account, password: Some(first) },
        Command::Password { .. } => Command::Password { old: Some(first), new: second },
        Command::DeleteAccount { messages, .. } => Command::DeleteAccount { password: Some(first), messages },
        other => other,
    }
}

/// Asks for one; none where nothing was typed.
pub(super) fn ask(terminal: &mut Terminal, question: &str) -> io::Result<Option<Secret>> {
    Ok(match terminal.ask_secret(question)? {
        // Of something pasted with a line break, what stands before that.
        Input::Line(secret) => {
            let secret = secret.split(['\n', '\r']).next().unwrap_or_default();
            Some(secret).filter(|secret| !secret.is_empty()).map(|secret| Secret(secret.into()))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::parse;

    #[test]
    fn the_commands_that_ask_for_passwords_are_filled_as_typed() {
        let secret = |text: &str| Secret(text.into());
        for typed in ["/register", "/login anna", "/password", "/delete-account all"] {
            let command = parse(typed).unwrap();
            assert!(needs(&command) && asks(typed), "{typed}");
            let whole = with(command, secret("one"), Some(secret("two")));
            assert!(!needs(&whole), "{typed}");
            assert!(!format!("{whole:?}").contains("one"), "{whole:?}");
        }
        assert!(!needs(&parse("/logout").unwrap()) && !needs(&parse("hello").unwrap()));
    }
}
