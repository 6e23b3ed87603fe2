//! The loop of the typing thread: each line that is typed is obeyed. Knows the client, and of the screen only that there is one.

mod paste;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::commands::{self, Bell, Local};
use super::secrets::{self, Filled};
use super::transfer::{self, Job, Transfers};
use super::view::briefly;
use super::{Common, Exit};
use crate::client::asked::Wanted;
use crate::client::handle::is_line;
use crate::client::{AskError, Client, Unsent};
use crate::command::{self, AccountCommand, ChatCommand, Command, LinkCommand, Secret};
use crate::error::ChatError;
use crate::terminal::{Input, Terminal};

/// How long the next prompt waits for the answer to a command that changes it.
const ANSWER: Duration = Duration::from_secs(1);

/// How long the next line waits for the answer to a password.
const PROOF: Duration = Duration::from_secs(30);

/// Lines from a pipe that may wait for their answers; the next one waits until there are fewer.
const PIPE_WINDOW: usize = 32;

/// How often at most the server is told what is read while the person talks.
const READ: Duration = Duration::from_secs(10);

/// The refusal of what needs a room to talk in.
const NO_ROOM: &str = "you are in no room, nothing was sent; /join ROOM goes into one";

/// What is done after a line.
enum Then {
    Next,
    /// It could not be sent, and so no line after it is.
    Break,
    Leave(Option<String>),
}

/// Obeys what is typed until the person leaves, or the server ends the connection.
pub(super) fn run(terminal: &mut Terminal, common: &Arc<Common>, client: &Client, password: Option<&Secret>) -> Exit {
    terminal.screen().hold_ctrl_c();
    let transfers = Transfers::default();
    let mut input = InputLoop { terminal, common, client, password, transfers, told_read: None, interrupts: 0 };
    let exit = match input.run() {
        Ok(exit) => exit,
        Err(error) => {
            client.quit(None);
            Exit::new(Exit::OTHER, format!("lost the terminal: {error}"))
        }
    };
    input.farewell(exit)
}

struct InputLoop<'a> {
    terminal: &'a mut Terminal,
    common: &'a Arc<Common>,
    client: &'a Client,
    /// The password given on the command line.
    password: Option<&'a Secret>,
    transfers: Transfers,
    /// When the server was last told what is read.
    told_read: Option<Instant>,
    /// Ctrl-C pressed in a row, with nothing typed between.
    interrupts: usize,
}

impl InputLoop<'_> {
    fn run(&mut self) -> io::Result<Exit> {
        loop {
            if let Some(end) = self.client.end() {
                return Ok(Exit::ended(&end));
            }
            let prompt = self.common.window.lock().prompt(self.client);
            let input = self.terminal.read(&prompt, stays)?;
            if !matches!(input, Input::Interrupted { .. }) {
                self.interrupts = 0;
            }
            self.common.window.lock().looked();
            match input {
                Input::Line(line) => match self.pasted(&line)? {
                    Then::Next | Then::Break => {}
                    Then::Leave(text) => return Ok(self.leave(text.as_deref())),
                },
                Input::TooLong => self.wrong("line too long, not sent"),
                // It has cleared a draft. Only on an empty line does it mean that the person wants to leave.
                Input::Interrupted { dropped: true } => self.interrupts = 0,
                Input::Interrupted { dropped: false } => {
                    self.interrupts += 1;
                    if self.interrupts > 1 {
                        self.leave(None);
                        return Ok(Exit::new(Exit::INTERRUPTED, ""));
                    }
                    self.note("* Ctrl-C again leaves; so does Ctrl-D.");
                }
                Input::End | Input::Stopped => {
                    // At the end of a pipe all lines are answered before we leave. A person does
                    // not wait: the farewell is sent after the lines anyway.
                    let waits = input == Input::End && !self.terminal.has_editor();
                    let end = if waits { self.client.settle(0) } else { self.client.end() };
                    return Ok(end.map_or_else(|| self.leave(None), |end| Exit::ended(&end)));
                }
            }
        }
    }

    fn leave(&mut self, text: Option<&str>) -> Exit {
        // Goodbye comes before all that waits for the screen, which may be a pipe that is not read.
        if self.terminal.has_editor()
            && let Some(room) = self.room()
        {
            self.client.mark_read(&room);
        }
        self.client.quit(text);
        let window = self.common.window.lock();
        if let Some(failure) = &window.failure {
            return Exit::new(Exit::OTHER, failure.clone());
        }
        let refused = window.refused;
        drop(window);
        if refused > 0 && !self.terminal.has_editor() {
            let lines = if refused == 1 { "line was" } else { "lines were" };
            return Exit::new(Exit::DATA, format!("{refused} {lines} refused"));
        }
        Exit::done()
    }

    /// Takes the live lines away, and says what became of those without an answer.
    fn farewell(&mut self, exit: Exit) -> Exit {
        // They end by themselves, because there is no connection any more.
        self.transfers.join();
        for said in self.client.unanswered() {
            self.wrong(&format!("not known to be sent: {}", briefly(&said.text)));
        }
        exit
    }

    fn obey(&mut self, line: &str) -> io::Result<Then> {
        if let Some(local) = commands::local(line) {
            match local {
                Ok(local) => self.obey_here(local)?,
                Err(refusal) => self.wrong(&refusal.to_string()),
            }
            return Ok(Then::Next);
        }
        match command::parse(line) {
            Ok(Command::Link(LinkCommand::Quit { text })) => return Ok(Then::Leave(text.map(|text| text.to_string()))),
            Ok(command) if secrets::needs(&command) => return self.obey_with_password(&command),
            Ok(command) if !self.send(&command)? => return Ok(Then::Break),
            Ok(_) => {}
            Err(refusal) => {
                self.wrong(&refusal.to_string());
                if matches!(refusal, ChatError::PasswordShown) {
                    return Ok(self.after_no_password());
                }
            }
        }
        Ok(Then::Next)
    }

    /// Asks for the passwords of a command, and again if one was not right. As long
    /// as a person may go on typing a password, nothing that they type is said.
    fn obey_with_password(&mut self, command: &Command) -> io::Result<Then> {
        loop {
            let (common, client) = (self.common, self.client);
            let wrong = |sentence: &str| common.refuse(client, sentence);
            match secrets::fill(command.clone(), self.terminal, client, self.password, wrong)? {
                Filled::Whole(whole) if self.terminal.can_ask_secret() => {
                    if !self.prove(&whole) {
                        return Ok(Then::Next);
                    }
                }
                Filled::Whole(whole) => {
                    self.send(&whole)?;
                    return Ok(Then::Next);
                }
                Filled::Dropped => {
                    self.note("* Nothing was changed.");
                    return Ok(Then::Next);
                }
                Filled::Refused(sentence) => {
                    self.wrong(&sentence);
                    return Ok(self.after_no_password());
                }
            }
        }
    }

    /// A command that needs a password was refused. What follows it in a pipe
    /// was written before that was known, and may be the password.
    fn after_no_password(&self) -> Then {
        if self.terminal.can_ask_secret() {
            return Then::Next;
        }
        self.note("* The rest of the input is not read, for a password may be in it.");
        Then::Leave(None)
    }

    /// Sends a password, and waits for the answer. Returns whether it was a wrong one.
    fn prove(&mut self, command: &Command) -> bool {
        let sent = self.client.order(command, self.room().as_deref(), Wanted::Both);
        match sent.map_err(AskError::from).and_then(|tag| self.client.answer_to(&tag, PROOF)) {
            Ok(_) => {}
            Err(AskError::Refused { code, .. }) if secrets::was_wrong(&code) => return true,
            Err(AskError::Refused { .. }) => self.note("* No password is asked for now."),
            Err(error @ (AskError::Lost | AskError::Timeout)) => {
                self.wrong(&format!("{error}; whether the password was taken is not known"));
            }
            Err(AskError::Unsent(unsent)) => self.wrong(&unsent.to_string()),
        }
        false
    }

    /// The room talked in.
    fn room(&self) -> Option<String> {
        let shown = self.common.window.lock().view.room.clone();
        shown.or_else(|| self.client.rooms().into_iter().next())
    }

    /// Sends a command. Returns false if nothing was sent.
    fn send(&mut self, command: &Command) -> io::Result<bool> {
        let room = self.room();
        let is_line = is_line(command);
        let in_current = matches!(
            command,
            Command::Chat(
                ChatCommand::Say { room: None, .. }
                    | ChatCommand::Me { place: None, .. }
                    | ChatCommand::Notice { place: None, .. }
            )
        );
        if in_current && room.is_none() {
            self.wrong(NO_ROOM);
            return Ok(false);
        }
        if !self.terminal.has_editor() {
            self.client.settle(PIPE_WINDOW);
        } else if is_line && !self.wait_for_place()? {
            return Ok(false);
        }
        // What a command sets, the person hears by the same event as all others.
        let wanted = if command.sets() { Wanted::Made } else { Wanted::Told };
        match self.client.order(command, room.as_deref(), wanted) {
            Ok(tag) => {
                self.has_read(command, room.as_deref());
                self.common.window.lock().refresh(self.client);
                if changes_prompt(command) {
                    self.client.wait_for(&tag, ANSWER);
                }
                return Ok(true);
            }
            Err(Unsent::Ended) => {}
            Err(unsent) if is_line => self.wrong(&format!("not sent: {unsent}")),
            Err(unsent) => self.wrong(&unsent.to_string()),
        }
        Ok(false)
    }

    /// A person who says something has read what was said there before. A script reads nothing.
    fn has_read(&mut self, command: &Command, room: Option<&str>) {
        let place = match command {
            Command::Chat(ChatCommand::Say { .. } | ChatCommand::Me { .. } | ChatCommand::Notice { .. }) => {
                room.map(str::to_owned)
            }
            Command::Chat(ChatCommand::Msg { to, .. }) => Some(format!("@{to}")),
            _ => None,
        };
        let early = self.told_read.is_some_and(|told| told.elapsed() < READ);
        if let Some(place) = place.filter(|_| !early && self.terminal.has_editor()) {
            self.told_read = Some(Instant::now());
            self.client.mark_read(&place);
        }
    }

    /// What the client obeys by itself.
    fn obey_here(&mut self, local: Local) -> io::Result<()> {
        match local {
            Local::Help(word) => match commands::help(word.as_deref()) {
                Ok(lines) => lines.iter().for_each(|line| self.note(line)),
                Err(refusal) => self.wrong(&refusal.to_string()),
            },
            Local::File(job) => return self.file(job),
            Local::Cancel if self.transfers.stop() => {}
            Local::Cancel => self.wrong("no file is on its way"),
            Local::Bell(wanted) => {
                let mut window = self.common.window.lock();
                window.bell = wanted.unwrap_or(window.bell);
                let when = match window.bell {
                    Bell::Off => "never",
                    Bell::Mentions => "when somebody mentions you or writes to you only",
                    Bell::All => "whenever somebody says something",
                };
                drop(window);
                self.note(&format!("* The bell rings {when}."));
            }
        }
        Ok(())
    }

    /// Sends or fetches a file. A person may go on typing meanwhile; a script's
    /// next line waits, because its lines are obeyed in their order.
    fn file(&mut self, job: Job) -> io::Result<()> {
        let job = match job {
            Job::Send(path, place) if place.is_empty() => match self.room() {
                Some(room) => Job::Send(path, room),
                None => {
                    self.wrong(NO_ROOM);
                    return Ok(());
                }
            },
            job => job,
        };
        if self.terminal.has_editor() {
            return self.transfers.start(self.common, self.client, job);
        }
        transfer::run(self.common, self.client, &job, 0, &AtomicBool::new(false));
        Ok(())
    }

    fn note(&self, line: &str) {
        self.common.note(self.client, line);
    }

    fn wrong(&self, sentence: &str) {
        self.common.refuse(self.client, sentence);
    }
}

/// Whether a typed line stays on the screen: what is said comes back by itself,
/// and a password that was typed there must not be seen longer than it takes.
fn stays(line: &str) -> bool {
    line.starts_with('/') && !line.starts_with("//") && !commands::shows_password(line)
}

/// Whether the next prompt may have another name or room in it.
fn changes_prompt(command: &Command) -> bool {
    matches!(
        command,
        Command::Chat(ChatCommand::Join { .. } | ChatCommand::Leave { .. })
            | Command::Account(
                AccountCommand::Nick { .. }
                    | AccountCommand::Login { .. }
                    | AccountCommand::Oper { .. }
                    | AccountCommand::Logout
                    | AccountCommand::DeleteAccount { .. }
            )
    )
}
