//! Losing the connection and coming back: what is shown of that, and of messages from before. Knows no keys.

use std::time::Duration;

use jiff::Timestamp;

use super::Window;
use crate::answer::History;
use crate::client::Handle;
use crate::client::ui::view::View;
use crate::wording::{HistoryLine, Painter, date, history_lines};

impl Window {
    /// The connection is lost, or still is.
    pub(super) fn lost(&mut self, view: &View, why: &str, retry_in: Duration, first: bool) {
        self.catch_up.lost(Timestamp::now().as_millisecond());
        let again = format!("trying again in {} s … /quit to leave", retry_in.as_secs_f32().ceil());
        if self.duplicates.lost() {
            self.wrong(view, &again);
        } else if first {
            self.wrong(view, &format!("lost the server ({why}). T{}", &again[1..]));
        } else if self.screen.is_plain() {
            self.wrong(view, &format!("{why}; {again}"));
        } else {
            self.trouble = Some(format!("{why}; {again}"));
        }
    }

    /// The connection is back, `away` after it was lost.
    pub(super) fn back(&mut self, handle: &Handle, view: &View, away: Duration) {
        self.trouble = None;
        self.catch_up.back(handle.rooms());
        self.note(view, &format!("* Back after {} s.", away.as_secs().max(1)));
    }

    /// All that was missed is shown: sums it up, next to what is typed.
    pub(super) fn caught_up(&mut self, view: &View) {
        let Some(missed) = self.catch_up.end() else { return };
        self.new += missed.total();
        if let Some(chats) = missed.after_login() {
            self.tell(view, chats);
        }
        if let Some(line) = missed.line() {
            self.note(view, &line);
        }
    }

    /// Messages from before. On a pipe they are told apart from what is said
    /// now, so that no script takes them for new; but missed ones are new.
    pub(super) fn history(&mut self, view: &View, mut history: History) {
        history.messages.iter().for_each(|message| self.senders.message(message));
        let is_elsewhere = view.is_elsewhere(&history.room);
        let fences = self.catch_up.page(&mut history, is_elsewhere);
        for line in history_lines(&history, &fences, view) {
            match line {
                HistoryLine::Message(message) if fences.new == Some(0) => self.screen.print(&view.message(message)),
                HistoryLine::Message(message) => self.note(view, &view.message(message)),
                HistoryLine::Fence(line) => self.note(view, &line),
            }
        }
        if let Some(last) = history.messages.last() {
            self.day = date(last.time).to_string();
        }
    }
}
