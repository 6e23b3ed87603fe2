//! What is shown when the connection is lost and when it is back, and of earlier messages. Knows no keys.

use std::time::Duration;

use jiff::Timestamp;

use super::Window;
use crate::answer::History;
use crate::client::Handle;
use crate::client::trust::Security;
use crate::terminal::is_person;
use crate::wording::{HistoryLine, Painter, date, history_lines};

impl Window {
    /// The client is connected to the server at `addr`. A script is not told what it can rely on.
    pub fn connected(&mut self, addr: &str, security: &Security) {
        if self.is_connected_to(addr) {
            return;
        }
        self.connected_to = Some(addr.to_owned());
        if is_person() || matches!(security, Security::Plain | Security::New { .. }) {
            self.note(&format!("* Connected to {addr} ({security})."));
        }
    }

    /// Whether the person was told how safe the connection to `addr` is.
    pub fn is_connected_to(&self, addr: &str) -> bool {
        self.connected_to.as_deref() == Some(addr)
    }

    /// The connection is lost, or still is.
    pub(super) fn lost(&mut self, why: &str, retry_in: Duration, first: bool) {
        self.catch_up.lost(Timestamp::now().as_millisecond());
        let again = format!("trying again in {} s … /quit to leave", retry_in.as_secs_f32().ceil());
        if self.duplicates.lost() {
            self.wrong(&again);
        } else if first {
            self.wrong(&format!("lost the server ({why}). T{}", &again[1..]));
        } else if self.screen.is_plain() {
            self.wrong(&format!("{why}; {again}"));
        } else {
            self.trouble = Some(format!("{why}; {again}"));
        }
    }

    /// The connection is back, `away` after it was lost.
    pub(super) fn back(&mut self, handle: &Handle, away: Duration) {
        self.trouble = None;
        self.catch_up.back(handle.rooms());
        self.note(&format!("* Back after {} s.", away.as_secs().max(1)));
    }

    /// All that was missed is shown: sums it up, next to what is typed.
    pub(super) fn caught_up(&mut self) {
        let Some(missed) = self.catch_up.end() else { return };
        self.new += missed.total();
        if let Some(chats) = missed.after_login() {
            self.tell(chats);
        }
        if let Some(line) = missed.line() {
            self.note(&line);
        }
    }

    /// Earlier messages. On a pipe they go to stderr, so that no script takes them
    /// for new ones; but messages that were missed are new, and go to stdout.
    pub(super) fn history(&mut self, mut history: History) {
        history.messages.iter().for_each(|message| self.senders.message(message));
        let is_elsewhere = self.view.is_elsewhere(&history.room);
        let fences = self.catch_up.page(&mut history, is_elsewhere);
        for line in history_lines(&history, &fences, &self.view) {
            match line {
                HistoryLine::Message(message) if fences.new == Some(0) => self.print(&self.view.message(message)),
                HistoryLine::Message(message) => self.note(&self.view.message(message)),
                HistoryLine::Fence(line) => self.note(&line),
            }
        }
        if let Some(last) = history.messages.last() {
            self.day = date(last.time).to_string();
        }
    }
}
