//! Asks for passwords on the line front, one question after another. Knows no bytes and no terminal.

use crate::command::{AccountCommand, Command, Secret};
use crate::error::ChatError;
use crate::session::passwords;

/// A command that needs passwords. They are never typed on the line of the command.
#[derive(Debug)]
pub(super) struct Asking {
    command: AccountCommand,
    questions: &'static [&'static str],
    answers: Vec<Secret>,
}

/// The questions for a login, for a change of the password, and for a new account.
const KNOWN: &[&str] = &["Password:"];
const CHANGED: &[&str] = &["Present password:", "New password, 8 characters or more:", "The new one once more:"];
const NEW: &[&str] = &["Password, 8 characters or more:", "Once more:"];

/// If a command asks for a new password, its last two questions are about it.
const ABOUT_NEW: usize = 2;

impl Asking {
    /// The questions about `command`; `None` for most commands.
    pub(super) fn about(command: &Command) -> Option<Asking> {
        let Command::Account(command) = command else { return None };
        let questions = match command {
            AccountCommand::Register { .. } => NEW,
            AccountCommand::Login { .. } | AccountCommand::Oper { .. } | AccountCommand::DeleteAccount { .. } => KNOWN,
            AccountCommand::Password { .. } => CHANGED,
            _ => return None,
        };
        Some(Asking { command: command.clone(), questions, answers: Vec::new() })
    }

    /// Takes an answer; a new password has at least `least` bytes.
    ///
    /// # Errors
    /// The new password is not allowed, or the two differ: it is asked for again.
    pub(super) fn take(&mut self, answer: Secret, least: usize) -> Result<(), ChatError> {
        let before_new = self.questions.len().saturating_sub(ABOUT_NEW);
        let is_new = self.questions.len() >= ABOUT_NEW && self.answers.len() >= before_new;
        let checked = match self.answers.get(before_new) {
            Some(first) if is_new && *first != answer => Err(ChatError::PasswordsDiffer),
            None if is_new => passwords::check(&answer, least),
            _ => Ok(()),
        };
        match checked {
            Ok(()) => self.answers.push(answer),
            Err(_) => self.answers.truncate(before_new),
        }
        checked
    }

    /// The next question; `None` if all are answered.
    pub(super) fn question(&self) -> Option<&'static str> {
        self.questions.get(self.answers.len()).copied()
    }

    /// The command with its passwords, and without them.
    pub(super) fn complete(self) -> (Command, Command) {
        let mut answers = self.answers.into_iter();
        let (first, second) = (answers.next(), answers.next());
        let whole = match &self.command {
            AccountCommand::Register { .. } => AccountCommand::Register { password: first },
            AccountCommand::Password { .. } => AccountCommand::Password { old: first, new: second },
            AccountCommand::Login { account, .. } => {
                AccountCommand::Login { account: account.clone(), password: first }
            }
            AccountCommand::Oper { account, .. } => AccountCommand::Oper { account: account.clone(), password: first },
            AccountCommand::DeleteAccount { messages, .. } => {
                AccountCommand::DeleteAccount { password: first, messages: *messages }
            }
            other => other.clone(),
        };
        (whole.into(), self.command.into())
    }

    /// The command without its passwords.
    pub(super) fn into_command(self) -> Command {
        self.command.into()
    }
}
