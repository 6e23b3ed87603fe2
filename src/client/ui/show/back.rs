//! Waiting and coming back: what is shown of a lost connection, of what was missed, and of messages from before. Knows no keys.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Show;
use crate::answer::History;
use crate::client::ui::caught::Caught;
use crate::client::ui::words::{Fences, View};
use crate::wire::line::{clock, date};

/// How soon after a wait another one is taken for the same.
const SAME_WAIT: Duration = Duration::from_secs(3);

impl Show {
    /// The server lets us wait for `ms`; whether the person is to be told.
    /// Much that is sent is many such waits, one after another.
    pub(super) fn is_new_wait(&mut self, ms: u64) -> bool {
        let now = Instant::now();
        let told = self.waits.is_some_and(|until| now < until + SAME_WAIT);
        self.waits = Some(now + Duration::from_millis(ms));
        !told
    }

    /// The connection is lost, or still is.
    pub(super) fn lost(&mut self, view: &View, why: &str, retry_in: Duration, first: bool) {
        self.told.forget();
        if self.lost_at.is_none() {
            let before = self.caught.as_mut().and_then(|caught| caught.since.take());
            self.lost_at = before.or_else(|| Some(clock(Timestamp::now().as_millisecond())));
        }
        let again = format!("trying again in {} s … /quit to leave", retry_in.as_secs_f32().ceil());
        if std::mem::take(&mut self.farewell) {
            self.wrong(view, &again);
        } else if first {
            self.wrong(view, &format!("lost the server ({why}). T{}", &again[1..]));
        } else if self.screen.is_plain() {
            self.wrong(view, &format!("{why}; {again}"));
        } else {
            self.trouble = Some(format!("{why}; {again}"));
        }
    }

    /// All that was missed is shown: sums it up, next to what is typed.
    pub(super) fn caught_up(&mut self, view: &View, caught: &Caught) {
        self.returning.clear();
        self.new += caught.total();
        if let Some(chats) = caught.said.as_ref().filter(|_| caught.since.is_none()) {
            self.action(view, chats);
        }
        if let Some(line) = caught.line() {
            self.note(view, &line);
        }
    }

    /// Messages from before. On a pipe they are told apart from what is said
    /// now, so that no script takes them for new; but missed ones are new.
    /// `missed` is there for missed ones, and says whether these are the last of them.
    pub(super) fn history(&mut self, view: &View, mut history: History, missed: Option<bool>) {
        history.messages.iter().for_each(|message| self.heard.message(message));
        let since = self.caught.as_ref().and_then(|caught| caught.since.clone());
        let (place, mut new) = (Arc::clone(&history.room), None);
        if place.starts_with('@') || missed.is_some() {
            new = Some(0);
        } else if let Some(unread) = self.unread.remove(&*place).and_then(|unread| usize::try_from(unread).ok()) {
            let known = history.messages.len().saturating_sub(unread);
            new = (unread > 0).then_some(known);
            // A login leads into all own rooms at once: of those that one does not
            // talk in, only what is new is shown.
            if view.is_elsewhere(&place) {
                history.messages.drain(..known);
                new = new.map(|_| 0);
            }
        }
        if let (Some(new), Some(caught)) = (new, &mut self.caught) {
            caught.came(&place, history.messages.len() - new);
        }
        let fences = Fences { new, since: since.as_deref(), last: missed != Some(false) };
        for (is_message, line) in view.history(&history, &fences) {
            if is_message && new == Some(0) {
                self.screen.print(&line);
            } else {
                self.note(view, &line);
            }
        }
        if let Some(last) = history.messages.last() {
            self.day = date(last.time);
        }
    }
}
