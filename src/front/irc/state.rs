//! What the decoder of an IRC session remembers between two lines, and how a line becomes commands and notes. Knows no command of IRC.

use std::collections::VecDeque;
use std::sync::Arc;

use super::asked::{Asked, Note, Reply};
use super::caps::Caps;
use super::own::Own;
use crate::command::{Command, Secret};
use crate::error::ChatError;
use crate::front::{Opening, Sts};
use crate::limits::Limits;
use crate::names::{Nick, RoomName};
use crate::wire::Input;

/// The session as its decoder knows it.
#[derive(Debug)]
pub(super) struct State {
    pub limits: Arc<Limits>,
    /// The name of this server.
    pub server: Arc<str>,
    pub own: Arc<Own>,
    /// The capabilities that this connection may have.
    pub offered: Caps,
    /// What it is told of encryption.
    pub sts: Sts,
    /// Those that it has.
    pub caps: Caps,
    /// Whether it has a name.
    pub named: bool,
    /// What was said before the welcome; none after it.
    pub entry: Option<Box<Entry>>,
    /// A SASL exchange that is open.
    pub sasl: Option<Box<Exchange>>,
    /// Whether a password was proved before the welcome.
    pub proved: bool,
    /// Whether the session ends if the password is wrong.
    pub must_prove: bool,
    /// What the lines so far lead to, and the session has not taken yet.
    pub queue: VecDeque<Input>,
    /// The rooms to which the bytes of this read ask to come: the encoder may not have opened them yet.
    pub joining: Vec<RoomName>,
    /// Whether the line asks for several things, so that its answers are a batch if it has a label.
    pub several: bool,
}

/// A session that has no name yet.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub nick: Option<Nick>,
    pub user: Option<User>,
    pub pass: Option<Pass>,
    /// Whether capabilities are negotiated: that holds the welcome.
    pub negotiates: bool,
}

/// What `USER` says.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub name: Box<str>,
    pub about: Arc<str>,
}

/// What `PASS` says.
#[derive(Debug)]
pub(super) struct Pass {
    /// None: that of the nick, if it is registered.
    pub account: Option<Nick>,
    pub password: Secret,
}

/// A SASL exchange in which the peer sends its name and password.
#[derive(Default)]
pub(super) struct Exchange {
    /// In base64, as far as it has come.
    pub sent: String,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exchange(…)")
    }
}

impl State {
    /// A session that has said nothing yet.
    pub fn new(opening: &Opening<'_>, own: &Arc<Own>) -> State {
        State {
            limits: Arc::clone(opening.limits),
            server: Arc::clone(&opening.irc.server),
            own: Arc::clone(own),
            offered: if opening.takes_passwords { Caps::ALL } else { Caps::ALL.without(Caps::OF_ACCOUNTS) },
            sts: opening.sts,
            caps: Caps::NONE,
            named: false,
            entry: Some(Box::default()),
            sasl: None,
            proved: false,
            must_prove: false,
            queue: VecDeque::new(),
            joining: Vec::new(),
            several: false,
        }
    }

    /// Carries out `command`; its answer answers `asked`.
    pub fn ask(&mut self, asked: Asked, command: impl Into<Command>) {
        self.note(Note::Asked(asked));
        self.queue.push_back(Input::Command(None, command.into()));
    }

    /// The same, if it can be read.
    pub fn ask_or_refuse(&mut self, asked: Asked, command: Result<impl Into<Command>, ChatError>) {
        match command {
            Ok(command) => self.ask(asked, command),
            Err(refusal) => {
                self.note(Note::Asked(asked));
                self.queue.push_back(Input::Refused(None, refusal));
            }
        }
    }

    /// Carries out a command that has no answer.
    pub fn command(&mut self, command: impl Into<Command>) {
        self.queue.push_back(Input::Command(None, command.into()));
    }

    /// Answers with one line; the last of `params` may have blanks.
    pub fn reply(&mut self, word: &'static str, params: &[&str]) {
        let params = params.iter().map(|param| Box::from(*param)).collect();
        self.answer(Reply::Line { word, params });
    }

    /// Answers without a command. That costs as much as a line.
    pub fn answer(&mut self, reply: Reply) {
        let mut mark = Note::Reply(reply).mark();
        mark.line = true;
        self.queue.push_back(Input::Mark(mark));
    }

    /// Says nothing to a line that costs as much as any other.
    pub fn stay_silent(&mut self) {
        self.queue.push_back(Input::Answered(Vec::new()));
    }

    /// Tells the encoder something.
    pub fn note(&mut self, note: Note) {
        self.queue.push_back(Input::Mark(note.mark()));
    }

    /// A parameter is missing.
    pub fn missing(&mut self, command: &str) {
        self.reply("461", &[command, "Not enough parameters"]);
    }
}
