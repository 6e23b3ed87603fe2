//! Passwords: asked for if a command needs one, or taken from a file. Knows the commands, not their answers.

use std::io;

use crate::client::Client;
use crate::command::{self, AccountCommand, Command, Secret};
use crate::error::{ChatError, Code};
use crate::limits::Limits;
use crate::names::Nick;
use crate::session::passwords;
use crate::terminal::{Input, Terminal};

/// What became of a command that may need passwords.
pub(super) enum Filled {
    /// It has all it needs.
    Whole(Command),
    /// The person has entered nothing.
    Dropped,
    /// No password was asked for, because the command would be refused, or there is no person to ask; with the sentence.
    Refused(String),
}

/// Puts in the passwords that a typed command does not have, because none is
/// ever typed on its line. On a pipe it is `given`. If a new password is not
/// good, `wrong` says why and it is asked for again, because the next line is most
/// likely that password, and must not be said in a room.
pub(super) fn fill(
    command: Command,
    terminal: &mut Terminal,
    client: &Client,
    given: Option<&Secret>,
    wrong: impl Fn(&str),
) -> io::Result<Filled> {
    let command = match command {
        Command::Account(command) if lacks(&command) => command,
        whole => return Ok(Filled::Whole(whole)),
    };
    if let Some(refusal) = refusal(&command, client) {
        return Ok(Filled::Refused(refusal.to_string()));
    }
    if !terminal.can_ask_secret() {
        return Ok(match (&command, given) {
            (AccountCommand::Password { .. }, _) => {
                Filled::Refused("a new password is asked for on a terminal only".to_owned())
            }
            (_, None) => {
                Filled::Refused("no password: there is CHAT_CLIENT_PASSWORD, and --password-file FILE".to_owned())
            }
            (_, given) => Filled::Whole(with(command, given.cloned(), None).into()),
        });
    }
    let (present, new) = match &command {
        AccountCommand::Register { .. } => (ask_new(terminal, wrong)?, None),
        AccountCommand::Password { .. } => match ask(terminal, "Present password")? {
            None => (None, None),
            present => (present, ask_new(terminal, wrong)?),
        },
        _ => (ask(terminal, "Password")?, None),
    };
    let whole = with(command, present, new);
    Ok(if lacks(&whole) { Filled::Dropped } else { Filled::Whole(whole.into()) })
}

/// Asks for a new password, twice, until one may be good: how short it may be, the server knows. `None` if nothing was typed.
fn ask_new(terminal: &mut Terminal, wrong: impl Fn(&str)) -> io::Result<Option<Secret>> {
    loop {
        let Some(new) = ask(terminal, "New password")? else { return Ok(None) };
        // The server may ask for more; then it says so itself.
        if let Err(refusal) = passwords::check(&new, Limits::default().password_min) {
            wrong(&refusal.to_string());
            continue;
        }
        match ask(terminal, "The same again")? {
            None => return Ok(None),
            Some(again) if again == new => return Ok(Some(new)),
            Some(_) => wrong("those two are not the same; nothing was changed"),
        }
    }
}

/// The refusal of a command that the server refuses with any password.
fn refusal(command: &AccountCommand, client: &Client) -> Option<ChatError> {
    match (command, client.is_logged_in()) {
        (AccountCommand::Register { .. } | AccountCommand::Login { .. }, true) => {
            Nick::parse(&client.nick()).ok().map(ChatError::LoggedIn)
        }
        (AccountCommand::Password { .. } | AccountCommand::DeleteAccount { .. }, false) => Some(ChatError::LoginFirst),
        _ => None,
    }
}

/// Whether an answer of the server means that the password was not right, so that it is asked for again.
pub(super) fn was_wrong(code: &Code) -> bool {
    matches!(code, Code::LoginFailed | Code::PasswordBad)
}

/// Whether a person typed it, and it has no password yet.
pub(super) fn needs(command: &Command) -> bool {
    matches!(command, Command::Account(command) if lacks(command))
}

fn lacks(command: &AccountCommand) -> bool {
    match command {
        AccountCommand::Register { password }
        | AccountCommand::Login { password, .. }
        | AccountCommand::Oper { password, .. }
        | AccountCommand::DeleteAccount { password, .. } => password.is_none(),
        AccountCommand::Password { old, new } => old.is_none() || new.is_none(),
        _ => false,
    }
}

/// Whether a typed line asks for a password. Pasted together with other lines
/// it does not ask: the next of them may be meant as the answer, and must not be said.
pub(super) fn asks(line: &str) -> bool {
    command::parse(line).is_ok_and(|command| needs(&command))
}

/// The command with its password; `new` is the second one of a command that changes it.
fn with(command: AccountCommand, password: Option<Secret>, new: Option<Secret>) -> AccountCommand {
    match command {
        AccountCommand::Register { .. } => AccountCommand::Register { password },
        AccountCommand::Login { account, .. } => AccountCommand::Login { account, password },
        AccountCommand::Oper { account, .. } => AccountCommand::Oper { account, password },
        AccountCommand::Password { .. } => AccountCommand::Password { old: password, new },
        AccountCommand::DeleteAccount { messages, .. } => AccountCommand::DeleteAccount { password, messages },
        other => other,
    }
}

/// Asks for one password. `None` if nothing was typed.
fn ask(terminal: &mut Terminal, question: &str) -> io::Result<Option<Secret>> {
    Ok(match terminal.ask_secret(question)? {
        Input::Line(typed) => secret(&typed),
        _ => None,
    })
}

/// A password as it was typed, or pasted with the end of its line. `None` if it is empty.
pub(super) fn secret(typed: &str) -> Option<Secret> {
    let typed = typed.trim_end_matches(['\n', '\r']);
    (!typed.is_empty()).then(|| Secret(typed.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::parse;

    #[test]
    fn the_commands_that_ask_for_passwords_are_filled_as_typed() {
        let secret = |text: &str| Secret(text.into());
        for typed in ["/register", "/login anna", "/oper anna", "/password", "/delete-account all"] {
            let command = parse(typed).unwrap();
            assert!(needs(&command) && asks(typed), "{typed}");
            let Command::Account(command) = command else { panic!("{command:?} asks for a password") };
            let whole = with(command, Some(secret("one")), Some(secret("two")));
            assert!(!lacks(&whole), "{typed}");
            assert!(!format!("{whole:?}").contains("one"), "{whole:?}");
        }
        assert!(!needs(&parse("/logout").unwrap()) && !needs(&parse("hello").unwrap()));
    }
}
