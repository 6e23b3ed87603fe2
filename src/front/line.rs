//! The line front: for people with `nc` or telnet. Asks for a name, then reads what they type with [`crate::command::parse`].

use std::borrow::Cow;

use crate::command::{self, AccountCommand, ChatCommand, Command, LinkCommand, Secret};
use crate::error::ChatError;
use crate::model::CloseReason;
use crate::names::{Nick, RoomName};
use crate::session::{Front, Heard, Reply, passwords};
use crate::wire::json::Refused;
use crate::wire::line::capital;
use crate::wire::telnet::{self, Telnet};

#[derive(Debug, Default)]
pub(super) struct LineFront {
    telnet: Telnet,
    entry: Entry,
    /// The command whose passwords are being asked for.
    asking: Option<Asking>,
    /// The same, while the session looks at it.
    tried: Option<Command>,
    /// Such a command of this read was refused: what came in the same read was
    /// typed before the refusal was seen, and may be the password.
    doubtful: bool,
    /// What the terminal is to be told beside the next answer.
    aside: Vec<u8>,
}

/// What is known of somebody who has no name yet.
#[derive(Debug, Default)]
struct Entry {
    /// A name was offered.
    greeted: bool,
    /// Nothing was answered to that yet: Enter takes the name.
    open: bool,
    /// Nothing came in the same read after the line that is looked at.
    alone: bool,
    /// A line of this read gave no name. What came with it was not typed by
    /// somebody who has seen the answer, so it is no answer either.
    spent: bool,
    /// A line before this one gave no name. Who was greeted sees the refusal
    /// and types another; but who spoke first is a program that may not read
    /// it, and whose next line may be meant for the room.
    failed: bool,
    over: bool,
}

/// A command that needs passwords, which are never typed on its own line.
#[derive(Debug)]
struct Asking {
    command: AccountCommand,
    questions: &'static [&'static str],
    answers: Vec<Secret>,
}

/// The questions for one password, for one and a new one, and for a new one.
const KNOWN: &[&str] = &["Password:"];
const CHANGED: &[&str] = &["Present password:", "New password, 8 characters or more:", "The new one once more:"];
const NEW: &[&str] = &["Password, 8 characters or more:", "Once more:"];

/// What is told of a line that came in one read with a refused command that needs a password.
const NOT_SAID: &[u8] = b"! Not said, for it may be a password: it came together with a command that needs one.\n";

/// How many of the questions, the last ones, are about a new password.
const ABOUT_NEW: usize = 2;

impl Asking {
    /// What is to be asked about `command`; nothing for most commands.
    fn about(command: &Command) -> Option<Asking> {
        let Command::Account(command) = command else { return None };
        let questions = match command {
            AccountCommand::Register { .. } => NEW,
            AccountCommand::Login { .. } | AccountCommand::DeleteAccount { .. } => KNOWN,
            AccountCommand::Password { .. } => CHANGED,
            _ => return None,
        };
        Some(Asking { command: command.clone(), questions, answers: Vec::new() })
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// A new password that does not do: then it is asked for once more.
    fn take(&mut self, answer: Secret) -> Result<(), ChatError> {
        let before_new = self.questions.len().saturating_sub(ABOUT_NEW);
        let is_new = self.questions.len() >= ABOUT_NEW && self.answers.len() >= before_new;
        let checked = match self.answers.get(before_new) {
            Some(first) if is_new && *first != answer => Err(ChatError::PasswordsDiffer),
            None if is_new => passwords::check(&answer),
            _ => Ok(()),
        };
        match checked {
            Ok(()) => self.answers.push(answer),
            Err(_) => self.answers.truncate(before_new),
        }
        checked
    }

    /// What is asked next; nothing if all is answered.
    fn question(&self) -> Option<&'static str> {
        self.questions.get(self.answers.len()).copied()
    }

    /// The command with its passwords, and without.
    fn complete(self) -> (Command, Command) {
        let mut answers = self.answers.into_iter();
        let (first, second) = (answers.next(), answers.next());
        let whole = match &self.command {
            AccountCommand::Register { .. } => AccountCommand::Register { password: first },
            AccountCommand::Password { .. } => AccountCommand::Password { old: first, new: second },
            AccountCommand::Login { account, .. } => {
                AccountCommand::Login { account: account.clone(), password: first }
            }
            AccountCommand::DeleteAccount { messages, .. } => {
                AccountCommand::DeleteAccount { password: first, messages: *messages }
            }
            other => other.clone(),
        };
        (whole.into(), self.command.into())
    }
}

impl LineFront {
    /// Asks the next question.
    fn ask(&mut self, asking: Asking) -> Vec<u8> {
        let question = asking.question().unwrap_or_default();
        self.asking = Some(asking);
        let mut words = Vec::new();
        if self.telnet.negotiates() {
            words.extend(telnet::HIDE);
            words.extend(format!("* {question}\r\n").into_bytes());
        } else {
            // Over nc we cannot keep the terminal from showing it; whoever types should know.
            words.extend(format!("* {question} (your terminal shows it; an empty line stops)\n").into_bytes());
        }
        words
    }

    fn take_answer(&mut self, mut asking: Asking, line: &str) -> Heard {
        if self.telnet.negotiates() {
            self.aside = telnet::SHOW.to_vec();
        }
        if line.is_empty() {
            return Heard::Question(b"* Nothing was done.\n".to_vec());
        }
        if let Err(refusal) = asking.take(Secret(line.into())) {
            // The next line is most likely the same password: it must be an answer, too.
            let sentence = format!("! {}.\n", capital(&refusal.to_string()));
            return Heard::Question([sentence.into_bytes(), self.ask(asking)].concat());
        }
        if asking.question().is_some() {
            return Heard::Question(self.ask(asking));
        }
        let (whole, blank) = asking.complete();
        self.tried = Some(blank);
        Heard::Command(None, whole)
    }

    /// A line of somebody who has no name yet.
    fn answer_to_greeting(&mut self, line: &str) -> Result<Heard, ChatError> {
        let entry = &mut self.entry;
        match line {
            _ if entry.spent => return Ok(Heard::Nothing),
            // Of somebody who was not asked it says nothing.
            "" if !entry.greeted => return Ok(Heard::Nothing),
            "" if !(entry.open && entry.alone) => {
                entry.spent = true;
                return Err(ChatError::NameFirst);
            }
            _ if entry.failed && !entry.greeted && !line.starts_with('/') => {
                entry.spent = true;
                return Err(ChatError::NameFirst);
            }
            _ => {}
        }
        let asked = name(line);
        if !matches!(asked, Ok(Command::Link(LinkCommand::Help { .. } | LinkCommand::Ping { .. }))) {
            (entry.open, entry.spent, entry.failed) = (false, true, true);
        }
        asked.map(|command| self.command(command))
    }

    /// A command, which the session sees before its passwords are asked for:
    /// what it would refuse anyway needs none.
    fn command(&mut self, command: Command) -> Heard {
        self.tried = Asking::about(&command).map(|asking| asking.command.into());
        Heard::Command(None, command)
    }
}

impl Front for LineFront {
    fn name(&self) -> &'static str {
        "line"
    }

    fn json(&self) -> bool {
        false
    }

    fn greeting(&mut self, offer: &Nick) -> Option<String> {
        (self.entry.greeted, self.entry.open) = (true, true);
        Some(format!("Roomful, plain mode. Type your name and press Enter [{offer}].\n"))
    }

    fn strip<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let text = self.telnet.strip(bytes);
        self.doubtful = false;
        if !self.entry.over {
            let end = memchr::memchr(b'\n', &text).unwrap_or(text.len());
            (self.entry.alone, self.entry.spent) = (end + 1 >= text.len(), false);
        }
        text
    }

    fn asks(&self) -> bool {
        self.asking.is_some()
    }

    fn read(&mut self, line: &[u8], named: bool) -> Result<Heard, Refused> {
        self.entry.over = named;
        let line = String::from_utf8_lossy(line);
        let line = deletions(&line);
        if let Some(asking) = self.asking.take() {
            // A password may begin or end with a blank.
            return Ok(self.take_answer(asking, line.trim_end_matches(['\r', '\n'])));
        }
        self.tried = None;
        let heard = if !named {
            self.answer_to_greeting(command::shown(&line))
        } else if line.trim().is_empty() {
            Ok(Heard::Nothing)
        } else {
            command::parse(&line).map(|command| match command {
                Command::Chat(ChatCommand::Say { .. }) if self.doubtful && !is_command(&line) => {
                    Heard::Question(NOT_SAID.to_vec())
                }
                command => self.command(command),
            })
        };
        heard.map_err(|refusal| (None, refusal))
    }

    /// A password that was not right is asked for again, so that the next line is no other thing.
    fn refused(&mut self, refusal: &ChatError) -> Reply {
        if matches!(refusal, ChatError::LineTooLong(_)) {
            return self.asking.take().map_or(Reply::Refusal, |asking| Reply::Also(self.ask(asking)));
        }
        let asking = self.tried.take().as_ref().and_then(Asking::about);
        self.doubtful |= asking.is_some() || matches!(refusal, ChatError::PasswordShown);
        let Some(asking) = asking else { return Reply::Refusal };
        match refusal {
            ChatError::Missing { field: "password", .. } => Reply::Instead(self.ask(asking)),
            ChatError::LoginFailed | ChatError::PasswordBad => Reply::Also(self.ask(asking)),
            ChatError::LoginTooOften(_) => Reply::Also(b"* No password is asked for now.\n".to_vec()),
            _ => Reply::Refusal,
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

/// Whether a line begins with the word of a command, so that it is no password.
fn is_command(line: &str) -> bool {
    command::shown(line).strip_prefix('/').is_some_and(|word| word.starts_with(char::is_alphabetic))
}

/// What is left of a line when the keys for erasing are obeyed, which a
/// terminal sends as they are if it does not edit lines itself: a letter, a
/// word, or all of it. What was erased is meant for nobody.
fn deletions(line: &str) -> Cow<'_, str> {
    const KEYS: [char; 5] = ['\u{3}', '\u{8}', '\u{7f}', '\u{15}', '\u{17}'];
    if !line.bytes().any(|byte| KEYS.contains(&char::from(byte))) {
        return Cow::Borrowed(line);
    }
    let mut left = String::with_capacity(line.len());
    for letter in line.chars() {
        match letter {
            '\u{8}' | '\u{7f}' => drop(left.pop()),
            // Ctrl-C means to begin anew, too.
            '\u{3}' | '\u{15}' => left.clear(),
            '\u{17}' => {
                let word = left.trim_end().rfind(char::is_whitespace);
                left.truncate(word.map_or(0, |at| at + left[at..].chars().next().map_or(0, char::len_utf8)));
            }
            letter => left.push(letter),
        }
    }
    Cow::Owned(left)
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
    Ok(AccountCommand::Nick { nick, rooms: room.map(|room| vec![room]) }.into())
}
