//! The line front: for people with `nc` or telnet. Asks for a name, then reads lines with [`crate::command::parse`]. Does not know what a command does.

use std::borrow::Cow;
use std::sync::Arc;

use super::links::{Linked, Links, has_file};
use super::password::Asking;
use super::sniff::{Kind, judge_line};
use super::{Fronts, Opening, Sts, stranger, waste};
use crate::answer::Done;
use crate::command::{self, AccountCommand, ChatCommand, Command, LinkCommand, Secret};
use crate::error::ChatError;
use crate::event::Event;
use crate::limits::Limits;
use crate::model::CloseReason;
use crate::names::{Nick, RoomName};
use crate::wire::reader::{Line, Lines};
use crate::wire::telnet::{self, Telnet};
use crate::wire::{Decoder, Delivery, Encoder, Input, Manners, Piece, Protocol, Question};
use crate::wording::{self, Plain, capital};

/// So many bytes of telnet commands cost as much as a line.
const COMMANDS_A_LINE: usize = 512;

/// Opens the protocol of a person, with a greeting if a name is offered.
pub(super) fn open(opening: &Opening<'_>) -> Protocol {
    let greeting = opening
        .offer
        .map(|offer| format!("Roomful, plain mode. Type your name and press Enter [{offer}].\n").into_bytes());
    let entry = Entry { greeted: greeting.is_some(), open: greeting.is_some(), ..Entry::default() };
    Protocol {
        // `nc -N` and scripts end their input to leave.
        manners: Manners {
            name: "line",
            echo: false,
            pings: false,
            hello: false,
            whole_lists: false,
            counts: false,
            end_of_input: CloseReason::Quit,
        },
        greeting: greeting.unwrap_or_default(),
        decoder: Box::new(LineDecoder {
            fronts: Arc::clone(opening.fronts),
            limits: Arc::clone(opening.limits),
            lines: Lines::new(opening.limits.line_bytes),
            telnet: Telnet::default(),
            telnet_bytes: 0,
            in_read: false,
            entry,
            asking: None,
            tried: None,
            doubtful: false,
            next: None,
            motd: opening.motd.cloned(),
            takes_passwords: opening.takes_passwords,
            sts: opening.sts,
        }),
        encoder: Box::new(LineEncoder { links: opening.links.cloned(), motd: opening.motd.cloned() }),
    }
}

#[derive(Debug)]
struct LineDecoder {
    fronts: Arc<Fronts>,
    limits: Arc<Limits>,
    lines: Lines,
    telnet: Telnet,
    /// Bytes of this read that were telnet commands.
    telnet_bytes: usize,
    /// Whether a read was begun and is not used up yet.
    in_read: bool,
    entry: Entry,
    /// The command whose passwords are being asked for.
    asking: Option<Asking>,
    /// Such a command while the session checks it.
    tried: Option<Command>,
    /// Whether such a command of this read was refused. The other lines of this read
    /// were typed before the person saw the refusal, and may be the password.
    doubtful: bool,
    /// The input to give next, before another line is read.
    next: Option<Input>,
    /// For a peer that turns out to speak another protocol.
    motd: Option<Arc<str>>,
    takes_passwords: bool,
    sts: Sts,
}

/// The state of a peer that has no name yet.
#[derive(Debug, Default)]
struct Entry {
    /// Whether a name was offered.
    greeted: bool,
    /// Whether the offer is not answered yet: then Enter takes the name.
    open: bool,
    /// Whether nothing follows this line in the same read.
    alone: bool,
    /// Whether a line of this read was refused as a name. The lines after it were
    /// sent before the peer saw the refusal, so they are ignored.
    spent: bool,
    /// Whether an earlier line was refused as a name. A person who was greeted sees
    /// the refusal and types another name. A peer that spoke first is a program: it
    /// may not read the refusal, and its next line may be meant for the room.
    failed: bool,
    over: bool,
}

/// Refuses a line that came in one read with a refused command that needs a password.
const NOT_SAID: &[u8] = b"! Not said, for it may be a password: it came together with a command that needs one.\n";

impl LineDecoder {
    /// Looks through a whole read before its first line is taken.
    fn begin_read(&mut self, bytes: &[u8]) {
        self.doubtful = false;
        let text = self.telnet.look_ahead(bytes);
        if !self.entry.over {
            let end = memchr::memchr(b'\n', &text).unwrap_or(text.len());
            (self.entry.alone, self.entry.spent) = (end + 1 >= text.len(), false);
        }
    }

    fn line(&mut self, line: &Line<'_>, named: bool) -> Input {
        let Line::Whole(line) = line else {
            return Input::Refused(None, ChatError::LineTooLong(self.limits.line_bytes));
        };
        if !named && self.asking.is_none() {
            // The peer was taken for a person, but its line may still be of another protocol.
            match judge_line(line) {
                Kind::Line => {}
                kind => return self.other(kind, line),
            }
        }
        self.read(line, named).unwrap_or_else(|refusal| Input::Refused(None, refusal))
    }

    /// A line of another protocol.
    fn other(&mut self, kind: Kind, line: &[u8]) -> Input {
        let opening = Opening {
            fronts: &self.fronts,
            limits: &self.limits,
            offer: None,
            motd: self.motd.as_ref(),
            links: None,
            irc: self.fronts.names(),
            takes_passwords: self.takes_passwords,
            sts: self.sts,
        };
        if let Some(protocol) = Fronts::open(kind, &opening) {
            return Input::Become { protocol: Box::new(protocol), first: [line, b"\n"].concat() };
        }
        self.next = Some(Input::End { reason: CloseReason::NotServed, news: Some(stranger::news(kind)) });
        Input::Raw(stranger::last_words(kind, None))
    }

    fn read(&mut self, line: &[u8], named: bool) -> Result<Input, ChatError> {
        self.entry.over = named;
        let line = String::from_utf8_lossy(line);
        let line = deletions(&line);
        if let Some(asking) = self.asking.take() {
            // A password may begin or end with a blank.
            return Ok(self.take_answer(asking, line.trim_end_matches(['\r', '\n'])));
        }
        self.tried = None;
        if !named {
            return self.answer_to_greeting(command::shown(&line));
        }
        if line.trim().is_empty() {
            return Ok(Input::Empty);
        }
        Ok(match command::parse(&line)? {
            Command::Chat(ChatCommand::Say { .. }) if self.doubtful && !is_command(&line) => {
                Input::Answered(NOT_SAID.to_vec())
            }
            command => self.command(command),
        })
    }

    /// Asks the next question.
    fn ask(&mut self, asking: Asking) -> Vec<u8> {
        let question = asking.question().unwrap_or_default();
        self.asking = Some(asking);
        let mut words = Vec::new();
        if self.telnet.negotiates() {
            words.extend(telnet::HIDE);
            words.extend(format!("* {question}\r\n").into_bytes());
        } else {
            // Over nc we cannot hide the password on the terminal, so the person is warned.
            words.extend(format!("* {question} (your terminal shows it; an empty line stops)\n").into_bytes());
        }
        words
    }

    /// Takes a line that answers a question. A telnet client is first told to show typed text again.
    fn take_answer(&mut self, asking: Asking, line: &str) -> Input {
        let input = self.answer(asking, line);
        if self.telnet.negotiates() {
            self.next = Some(input);
            return Input::Raw(telnet::SHOW.to_vec());
        }
        input
    }

    fn answer(&mut self, mut asking: Asking, line: &str) -> Input {
        if line.is_empty() {
            return Input::Answered(b"* Nothing was done.\n".to_vec());
        }
        if let Err(refusal) = asking.take(Secret(line.into()), self.limits.password_min) {
            // The next line is most likely the same password, so it must be taken as an answer too.
            let sentence = format!("! {}.\n", capital(&refusal.to_string()));
            return Input::Answered([sentence.into_bytes(), self.ask(asking)].concat());
        }
        if asking.question().is_some() {
            return Input::Answered(self.ask(asking));
        }
        let (whole, blank) = asking.complete();
        self.tried = Some(blank);
        Input::Command(None, whole)
    }

    /// Reads a line of a peer that has no name yet.
    fn answer_to_greeting(&mut self, line: &str) -> Result<Input, ChatError> {
        let entry = &mut self.entry;
        match line {
            _ if entry.spent => return Ok(Input::Empty),
            // A peer that was not greeted means nothing by an empty line.
            "" if !entry.greeted => return Ok(Input::Empty),
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

    /// Gives a command to the session before its passwords are asked for: a command
    /// that is refused anyway needs no password.
    fn command(&mut self, command: Command) -> Input {
        self.tried = Asking::about(&command).map(Asking::into_command);
        Input::Command(None, command)
    }
}

impl Decoder for LineDecoder {
    fn next(&mut self, bytes: &mut &[u8], named: bool) -> Option<Input> {
        if let Some(next) = self.next.take() {
            return Some(next);
        }
        if !std::mem::replace(&mut self.in_read, true) {
            self.begin_read(bytes);
        }
        while !bytes.is_empty() {
            let before = bytes.len();
            let text = self.telnet.line(bytes);
            self.telnet_bytes += before - bytes.len() - text.len();
            if let Some(line) = self.lines.next(&mut &*text) {
                return Some(self.line(&line, named));
            }
        }
        let waste = waste(std::mem::take(&mut self.telnet_bytes), COMMANDS_A_LINE);
        let waste = waste.or_else(|| super::waste(self.lines.dropped(), self.limits.line_bytes));
        self.in_read = waste.is_some();
        waste
    }

    fn finish(&mut self, named: bool) -> Option<Input> {
        self.next.take().or_else(|| self.lines.finish().map(|line| self.line(&line, named)))
    }

    /// Asks for a wrong password again, so that the next line is not taken for a message.
    fn refused(&mut self, refusal: &ChatError) -> Option<Question> {
        if matches!(refusal, ChatError::LineTooLong(_)) {
            let asking = self.asking.take()?;
            return Some(Question::After(self.ask(asking)));
        }
        let asking = self.tried.take().as_ref().and_then(Asking::about);
        self.doubtful |= asking.is_some() || matches!(refusal, ChatError::PasswordShown);
        let asking = asking?;
        match refusal {
            ChatError::Missing { field: "password", .. } => Some(Question::Instead(self.ask(asking))),
            ChatError::LoginFailed | ChatError::PasswordBad(_) => Some(Question::After(self.ask(asking))),
            ChatError::LoginTooOften(_) => Some(Question::After(b"* No password is asked for now.\n".to_vec())),
            _ => None,
        }
    }
}

/// Writes plain text.
#[derive(Debug, Default)]
pub(super) struct LineEncoder {
    links: Option<Links>,
    /// The message of the day, until it is shown.
    motd: Option<Arc<str>>,
}

impl Encoder for LineEncoder {
    fn shared<'l>(&self, item: &'l Delivery) -> Option<&'l [u8]> {
        if self.links.is_some() && has_file(item.letter.event()) || self.motd.is_some() {
            return None;
        }
        Some(item.letter.piece(if item.elsewhere { Piece::LineElsewhere } else { Piece::Line }))
    }

    fn encode(&mut self, item: &Delivery, out: &mut Vec<u8>) {
        let plain = if item.elsewhere { Plain::Elsewhere } else { Plain::Here };
        let event = item.letter.event();
        let written = match &self.links {
            Some(links) => wording::event(event, &Linked { plain, links }, out),
            None => wording::event(event, &plain, out),
        };
        written.expect("a Vec takes every byte");
        if takes_a_name(event)
            && let Some(motd) = self.motd.take()
        {
            motd.lines().for_each(|line| out.extend(format!("* {line}\n").into_bytes()));
        }
    }
}

/// Whether it answers the command with which a session took its name.
fn takes_a_name(event: &Event) -> bool {
    let Event::Ok { done, .. } = event else { return false };
    matches!(done, Done::Hello { nick: Some(_), .. } | Done::Nick { .. } | Done::Login { .. } | Done::Register { .. })
}

/// Whether a line begins with the word of a command, so that it is no password.
fn is_command(line: &str) -> bool {
    command::shown(line).strip_prefix('/').is_some_and(|word| word.starts_with(char::is_alphabetic))
}

/// The rest of a line after its erasing keys are applied: they erase a letter, a
/// word or the whole line. A terminal that does not edit lines itself sends these
/// keys. Text that was erased must not be shown to others.
fn deletions(line: &str) -> Cow<'_, str> {
    const KEYS: [char; 5] = ['\u{3}', '\u{8}', '\u{7f}', '\u{15}', '\u{17}'];
    if !line.bytes().any(|byte| KEYS.contains(&char::from(byte))) {
        return Cow::Borrowed(line);
    }
    let mut left = String::with_capacity(line.len());
    for letter in line.chars() {
        match letter {
            '\u{8}' | '\u{7f}' => drop(left.pop()),
            // Ctrl-C also erases the whole line.
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

/// Reads the answer to the greeting: a name, perhaps with a room to join; or
/// nothing, to take the name that was offered.
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
