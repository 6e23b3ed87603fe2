//! The loop of the typing thread: a line typed, a line obeyed. Knows the client, and of the screen only that there is one.

use std::time::Duration;

use super::commands::{self, Bell, Local};
use super::{Common, Exit};
use crate::client::{Client, Unsent};
use crate::command::{self, Command};
use crate::terminal::{Input, Terminal};

/// How long the next prompt waits for the answer to a command that changes it.
const ANSWER: Duration = Duration::from_secs(1);

/// Lines from a pipe that may wait for their answers; the next one waits until there are fewer.
const PIPE_WINDOW: usize = 32;

/// Pasted lines that are sent without a question.
const PASTED: usize = 3;

/// What is done after a line.
enum Then {
    Next,
    Leave(Option<String>),
}

/// Talks until somebody leaves: the person, or the server.
pub(super) fn talk(terminal: &mut Terminal, common: &Common, client: &Client) -> Exit {
    terminal.screen().hold_ctrl_c();
    let mut talker = Talker { terminal, common, client, interrupts: 0 };
    let exit = match talker.run() {
        Ok(exit) => exit,
        Err(error) => {
            client.quit(None);
            Exit::new(Exit::OTHER, format!("lost the terminal: {error}"))
        }
    };
    talker.farewell(exit)
}

struct Talker<'a> {
    terminal: &'a mut Terminal,
    common: &'a Common,
    client: &'a Client,
    /// Ctrl-C pressed in a row.
    interrupts: usize,
}

impl Talker<'_> {
    fn run(&mut self) -> std::io::Result<Exit> {
        loop {
            if let Some(end) = self.client.end() {
                return Ok(Exit::ended(&end));
            }
            let prompt = self.common.show.lock().prompt(self.client);
            let input = self.terminal.read(&prompt, is_command)?;
            if !matches!(input, Input::Interrupted { .. }) {
                self.interrupts = 0;
            }
            match input {
                Input::Line(line) => match self.pasted(&line)? {
                    Then::Next => {}
                    Then::Leave(text) => return Ok(self.leave(text.as_deref())),
                },
                Input::TooLong => self.wrong("line too long, not sent"),
                Input::Interrupted { dropped } => {
                    self.interrupts += 1;
                    if self.interrupts > 1 {
                        self.client.quit(None);
                        return Ok(Exit::new(Exit::INTERRUPTED, String::new()));
                    }
                    if !dropped {
                        self.note("* Ctrl-C again leaves; so does Ctrl-D.");
                    }
                }
                Input::End => {
                    if let Some(end) = self.wait_for_answers() {
                        return Ok(Exit::ended(&end));
                    }
                    return Ok(self.leave(None));
                }
                Input::Stopped => {
                    return Ok(match self.client.end() {
                        Some(end) => Exit::ended(&end),
                        None => self.leave(None),
                    });
                }
            }
        }
    }

    /// At the end of a pipe all lines are answered before we leave. A person
    /// who leaves does not wait: the farewell goes after the lines anyway.
    fn wait_for_answers(&self) -> Option<crate::client::End> {
        if self.terminal.has_editor() { None } else { self.client.settle(0) }
    }

    fn leave(&self, text: Option<&str>) -> Exit {
        self.client.quit(text);
        let refused = self.common.show.lock().refused;
        if refused > 0 && !self.terminal.has_editor() {
            return Exit::new(
                Exit::DATA,
                format!("{refused} {} refused", if refused == 1 { "line was" } else { "lines were" }),
            );
        }
        Exit::done()
    }

    /// Takes the live lines away, and says what became of those without an answer.
    fn farewell(&self, exit: Exit) -> Exit {
        for said in self.client.unanswered() {
            self.wrong(&format!("not known to be sent: {}", said.text));
        }
        exit
    }

    /// A typed line, or several that were pasted.
    fn pasted(&mut self, text: &str) -> std::io::Result<Then> {
        let lines: Vec<&str> = text.split(['\n', '\r']).filter(|line| !line.trim().is_empty()).collect();
        if !lines.is_empty() && self.terminal.has_editor() {
            self.terminal.remember(text);
        }
        if lines.len() > PASTED {
            let question = format!("Send these {} lines? y or n", lines.len());
            match self.terminal.ask(&question, "n")? {
                Input::Line(answer) if answer.to_lowercase().starts_with('y') => {}
                _ => {
                    self.note("* Not sent; the arrow keys bring them back.");
                    return Ok(Then::Next);
                }
            }
        }
        for line in lines {
            if let Then::Leave(text) = self.obey(line) {
                return Ok(Then::Leave(text));
            }
        }
        Ok(Then::Next)
    }

    fn obey(&mut self, line: &str) -> Then {
        let command = match commands::local(line) {
            Some(Ok(local)) => {
                self.obey_here(&local);
                return Then::Next;
            }
            Some(Err(refusal)) => {
                self.wrong(&refusal.to_string());
                return Then::Next;
            }
            None => command::parse(line),
        };
        match command {
            Ok(Command::Quit { text }) => return Then::Leave(text.map(|text| text.to_string())),
            Ok(command) => self.send(&command),
            Err(refusal) => self.wrong(&refusal.to_string()),
        }
        Then::Next
    }

    fn send(&mut self, command: &Command) {
        let shown = self.common.show.lock().room.clone();
        let room = shown.or_else(|| self.client.rooms().into_iter().next());
        let is_line = matches!(command, Command::Say { .. } | Command::Msg { .. } | Command::Reply { .. });
        if matches!(command, Command::Say { room: None, .. }) && room.is_none() {
            self.wrong("you are in no room, nothing was sent; /join ROOM goes into one");
            return;
        }
        if !self.terminal.has_editor() {
            self.client.settle(PIPE_WINDOW);
        }
        match self.client.command(command, room.as_deref()) {
            Ok(tag) => {
                self.common.show.lock().refresh(self.client);
                if matches!(command, Command::Join { .. } | Command::Leave { .. } | Command::Nick { .. }) {
                    self.client.wait_for(&tag, ANSWER);
                }
            }
            Err(Unsent::Ended) => {}
            Err(unsent) if is_line => self.wrong(&format!("not sent: {unsent}")),
            Err(unsent) => self.wrong(&unsent.to_string()),
        }
    }

    /// What the client obeys by itself.
    fn obey_here(&mut self, local: &Local) {
        match local {
            Local::Help(word) => match commands::help(word.as_deref()) {
                Ok(lines) => lines.iter().for_each(|line| self.note(line)),
                Err(refusal) => self.wrong(&refusal.to_string()),
            },
            Local::Bell(wanted) => {
                let mut show = self.common.show.lock();
                show.bell = wanted.unwrap_or(show.bell);
                let when = match show.bell {
                    Bell::Off => "never",
                    Bell::Mentions => "when somebody mentions you or writes to you only",
                    Bell::All => "whenever somebody says something",
                };
                drop(show);
                self.note(&format!("* The bell rings {when}."));
            }
        }
    }

    fn note(&self, line: &str) {
        let mut show = self.common.show.lock();
        let view = show.view(self.client);
        show.note(&view, line);
        show.refresh(self.client);
    }

    /// Says what went wrong with something typed.
    fn wrong(&self, sentence: &str) {
        let mut show = self.common.show.lock();
        let view = show.view(self.client);
        show.refused += 1;
        show.wrong(&view, sentence);
        show.refresh(self.client);
    }
}

/// Whether a typed line stays on the screen: what is said comes back by itself.
fn is_command(line: &str) -> bool {
    line.starts_with('/') && !line.starts_with("//")
}
