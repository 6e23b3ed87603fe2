//! What stands on the screen: the lines so far, those that still change, and the prompt. Knows no keys; the reading thread draws here, and the typing one.

mod connection;
mod news;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::catch_up::CatchUp;
use super::commands::Bell;
use super::duplicates::Duplicates;
use super::exit::unprinted;
use super::fold::Run;
use super::senders::Senders;
use super::style::{Brush, safe};
use super::view::View;
use crate::client::{Handle, Said};
use crate::terminal::{Screen, write_plain};
use crate::wording::refusal;

/// Own unanswered lines that are shown; of more, the number is told.
const PENDING: usize = 5;

/// The chat as a person sees it.
pub(super) struct Window {
    pub screen: Screen,
    /// How the person sees it now: their name, and the room they talk in.
    pub view: View,
    pub bell: Bell,
    /// What the system said if stdout took no more.
    pub failure: Option<String>,
    /// Lines that were refused so far.
    pub refused: usize,
    run: Run,
    /// The day of the last message.
    day: String,
    /// The topic of the room that is being shown.
    topic: Option<Arc<str>>,
    /// The message of the day that was shown last.
    motd: Option<Arc<str>>,
    greeted: bool,
    /// The server that the person was told of.
    connected_to: Option<String>,
    /// Whether the person was logged in when the last news came.
    is_account: bool,
    /// Lines that were missed, until the person types something.
    new: usize,
    /// Lines that came in other rooms and from one person only, until the person types something.
    elsewhere: usize,
    /// Files on their way, by numbers of our own: a line each.
    transfers: BTreeMap<u64, String>,
    /// What stands above the prompt while there is no connection.
    trouble: Option<String>,
    catch_up: CatchUp,
    senders: Senders,
    duplicates: Duplicates,
}

impl Window {
    pub fn new(screen: Screen, brush: Brush, bell: Bell) -> Window {
        Window {
            screen,
            view: View { brush, nick: String::new(), room: None },
            bell,
            failure: None,
            refused: 0,
            run: Run::default(),
            day: String::new(),
            topic: None,
            motd: None,
            greeted: false,
            connected_to: None,
            is_account: false,
            new: 0,
            elsewhere: 0,
            transfers: BTreeMap::new(),
            trouble: None,
            catch_up: CatchUp::default(),
            senders: Senders::default(),
            duplicates: Duplicates::default(),
        }
    }

    pub fn prompt(&self, handle: &Handle) -> String {
        let room = self.view.room.as_deref().map_or("(no room)".to_owned(), safe);
        let new = match (self.new, self.elsewhere) {
            (0, 0) => String::new(),
            (new, 0) => format!(" ({new} new)"),
            (0, elsewhere) => format!(" ({elsewhere} elsewhere)"),
            (new, elsewhere) => format!(" ({new} new, {elsewhere} elsewhere)"),
        };
        format!("{room} {}{new}> ", safe(&handle.nick()))
    }

    /// The person has typed something, and so has seen the lines above.
    pub fn looked(&mut self) {
        (self.new, self.elsewhere) = (0, 0);
    }

    /// Prints what was said. If stdout takes no more, as on a full disk, the
    /// client is to leave, because what is said after that would be lost.
    fn print(&mut self, text: &str) {
        if !self.screen.is_plain() {
            return self.screen.print(text);
        }
        if let Err(error) = write_plain(&mut io::stdout().lock(), text) {
            self.failure = self.failure.take().or_else(|| unprinted(&error));
            self.screen.stop();
        }
    }

    /// Prints a line about the conversation.
    pub fn note(&mut self, line: &str) {
        self.fold();
        self.screen.note(line);
    }

    /// Prints what went wrong.
    fn wrong(&mut self, sentence: &str) {
        self.note(&refusal(sentence, &self.view));
    }

    /// Prints why something typed was not done, and counts it.
    pub fn refuse(&mut self, sentence: &str) {
        self.refused += 1;
        self.wrong(sentence);
    }

    /// The run of joins and leaves, if there is one, stays as it is from here on.
    fn fold(&mut self) {
        if !self.run.is_empty() {
            let line = std::mem::take(&mut self.run).line(&self.view);
            self.screen.note(&line);
        }
    }

    /// Shows again what is not settled yet: the run, and own lines without an answer.
    pub fn refresh(&mut self, handle: &Handle) {
        if self.screen.is_plain() {
            return;
        }
        self.view.nick = handle.nick();
        let view = &self.view;
        let mut live = Vec::new();
        if !self.run.is_empty() {
            live.push(self.run.line(view));
        }
        let waiting: Vec<Said> = handle.unanswered().into_iter().filter(|said| !said.heard).collect();
        live.extend(waiting.iter().take(PENDING).map(|said| view.pending(said)));
        if waiting.len() > PENDING {
            live.push(view.brush.dim(format!("  ·  and {} more lines", waiting.len() - PENDING)));
        }
        live.extend(self.transfers.values().map(|line| view.brush.dim(line)));
        live.extend(self.trouble.as_ref().map(|trouble| refusal(trouble, view)));
        self.screen.live(live);
        self.screen.reprompt(&self.prompt(handle));
    }

    /// Sets the line of a file that is on its way; none when it is not any more.
    pub fn transfer(&mut self, number: u64, line: Option<String>) {
        match line {
            Some(line) => self.transfers.insert(number, line),
            None => self.transfers.remove(&number),
        };
    }
}
