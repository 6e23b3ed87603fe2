//! The line front: for people with `nc` or telnet. Asks for a name, then reads what they type with [`crate::command::parse`].

use std::borrow::Cow;

use crate::command::{self, Command, Secret};
use crate::error::ChatError;
use crate::event::CloseReason;
use crate::names::{Nick, RoomName};
use crate::session::{Front, Heard};
use crate::wire::json::Refused;
use crate::wire::telnet::{self, Telnet};

#[derive(Debug, Default)]
pub(super) struct LineFront {
    telnet: Telnet,
    /// The command whose passwords are being asked for.
    asking: Option<Asking>,
    /// What the terminal is to be told beside the next answer.
    aside: Vec<u8>,
}

/// A command that needs passwords, which are never typed on its own line.
#[derive(Debug)]
struct Asking {
    command: Command,
    /// What is asked, the next one first.
    questions: &'static [&'static str],
    answers: Vec<Secret>,
}

/// The questions for one password, for one and a new one, and for a new one.
const KNOWN: &[&str] = &["Password:"];
const CHANGED: &[&str] = &["Present password:", "New password, 8 characters or more:", "The new one once more:"];
const NEW: &[&str] = &["Password, 8 characters or more:", "Once more:"];

impl Asking {
    /// What is to be asked about `command`.
    ///
    /// # Errors
    /// The command itself, where nothing is to be asked.
    fn about(command: Command) -> Result<Asking, Command> {
        let questions = match &command {
            Command::Register { .. } => NEW,
            Command::Login { .. } | Command::DeleteAccount { .. } => KNOWN,
            Command::Password { .. } => CHANGED,
            _ => return Err(command),
        };
        Ok(Asking { command, questions, answers: Vec::new() })
    }

    /// The command with its passwords.
    fn complete(self) -> Result<Command, ChatError> {
        let mut answers = self.answers.into_iter();
        let (first, second, third) = (answers.next(), answers.next(), answers.next());
        match self.command {
            Command::Register { .. } if first == second => Ok(Command::Register { password: first }),
            Command::Password { .. } if second == third => Ok(Command::Password { old: first, new: second }),
            Command::Register { .. } | Command::Password { .. } => Err(ChatError::PasswordsDiffer),
            Command::Login { account, .. } => Ok(Command::Login { account, password: first }),
            Command::DeleteAccount { messages, .. } => Ok(Command::DeleteAccount { password: first, messages }),
            other => Ok(other),
        }
    }
}

impl LineFront {
    /// Asks the next question.
    fn ask(&mut self, asking: Asking) -> Heard {
        let question = asking.questions.first().copied().unwrap_or_default();
        self.asking = Some(asking);
        let mut words = Vec::new();
        if self.telnet.negotiates() {
            words.extend(telnet::HIDE);
            words.extend(format!("* {question}\r\n").into_bytes());
        } else {
            // Over nc we cannot keep the terminal from showing it; whoever types should know.
            words.extend(format!("* {question} (your terminal shows it; an empty line stops)\n").into_bytes());
        }
        Heard::Question(words)
    }

    fn take_answer(&mut self, mut asking: Asking, line: &str) -> Result<Heard, Refused> {
        if self.telnet.negotiates() {
            self.aside = telnet::SHOW.to_vec();
        }
        if line.is_empty() {
            return Ok(Heard::Question(b"* Nothing was done.\n".to_vec()));
        }
        asking.answers.push(Secret(line.into()));
        asking.questions = asking.questions.get(1..).unwrap_or_default();
        if !asking.questions.is_empty() {
            return Ok(self.ask(asking));
        }
        asking.complete().map(|command| Heard::Command(None, command)).map_err(|refusal| (None, refusal))
    }
}

impl Front for LineFront {
    fn name(&self) -> &'static str {
        "line"
    }

    fn json(&self) -> bool {
        false
    }

    fn greeting(&self, offer: &Nick) -> Option<String> {
        Some(format!("Roomful, plain mode. Type your name and press Enter [{offer}].\n"))
    }

    fn strip<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.telnet.strip(bytes)
    }

    fn read(&mut self, line: &[u8], named: bool) -> Result<Heard, Refused> {
        let line = String::from_utf8_lossy(line);
        if let Some(asking) = self.asking.take() {
            // A password may begin or end with a blank.
            return self.take_answer(asking, line.trim_end_matches(['\r', '\n']));
        }
        let line = line.trim();
        let command = if named {
            if line.is_empty() {
                return Ok(Heard::Nothing);
            }
            command::parse(line)
        } else {
            name(line)
        };
        let command = command.map_err(|refusal| (None, refusal))?;
        match Asking::about(command) {
            Ok(asking) => Ok(self.ask(asking)),
            Err(command) => Ok(Heard::Command(None, command)),
        }
    }

    fn aside(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.aside)
    }

    /// `nc -N` and a script end their input and mean it.
    fn end_of_input(&self) -> CloseReason {
        CloseReason::Quit
    }
}

/// The answer to the question for a name: a name, perhaps with a room to go
/// to; or nothing, for the name that was offered.
fn name(line: &str) -> Result<Command, ChatError> {
    if line.starts_with('/') || line == "{quit}" {
        return command::parse(line);
    }
    let (nick, room) = match line.split_once(char::is_whitespace) {
        Some((nick, room)) if room.trim_start().starts_with('#') => (nick, Some(RoomName::parse(room.trim())?)),
        _ => (line, None),
    };
    let nick = if nick.is_empty() { None } else { Some(Nick::parse(nick)?) };
    Ok(Command::Nick { nick, rooms: room.map(|room| vec![room]) })
}
