//! Catching up after a lost connection or a login: which messages are new, and the sum of them at the end. Knows no screen.

use std::collections::HashMap;

use super::style::safe;
use crate::answer::{ChatInfo, History};
use crate::event::Event;
use crate::model::Millis;
use crate::wording::{Fences, clock};

/// Whether messages that were missed are still to come, and in which rooms.
#[derive(Debug, Default)]
pub(super) struct CatchUp {
    /// Rooms whose missed messages are still to come; true if the person is
    /// in the room again, so that its next page is the last one.
    returning: HashMap<String, bool>,
    /// How many messages were unread in the person's rooms at the login.
    unread: HashMap<String, u64>,
    /// What was missed. `None` if all of it has come.
    missed: Option<Missed>,
    /// When the connection was lost.
    lost_at: Option<String>,
}

impl CatchUp {
    /// The connection is lost, or still is.
    pub fn lost(&mut self, now: Millis) {
        if self.lost_at.is_none() {
            let before = self.missed.as_mut().and_then(|missed| missed.since.take());
            self.lost_at = before.or_else(|| Some(clock(now).to_string()));
        }
    }

    /// The connection is back, and the person will be in `rooms` again.
    pub fn back(&mut self, rooms: Vec<String>) {
        self.returning = rooms.into_iter().map(|room| (room, false)).collect();
        self.missed.get_or_insert_default().since = self.lost_at.take();
    }

    /// The person is in a room, for the first time or again.
    pub fn joined(&mut self, room: &str) {
        if let Some(back) = self.returning.get_mut(room) {
            *back = true;
        }
    }

    /// Whether missed messages of a room are still to come.
    pub fn is_returning(&self, room: &str) -> bool {
        self.returning.contains_key(room)
    }

    /// The person is in no other rooms than these.
    pub fn only(&mut self, rooms: &[String]) {
        self.returning.retain(|room, _| rooms.contains(room));
    }

    /// The person joined a room by a command: no message of its page is new.
    pub fn entered(&mut self, room: &str) {
        self.unread.remove(room);
    }

    /// The server tells after a login how many messages are unread.
    pub fn unread(&mut self, chats: &[ChatInfo]) {
        self.unread = chats.iter().map(|chat| (chat.room.to_string(), chat.unread)).collect();
    }

    /// Remembers what the server said of unread messages. It is shown at the end,
    /// because it would scroll away. `unheard` are the conversations with unread messages.
    pub fn tell_later(&mut self, unheard: Vec<ChatInfo>, said: Event) {
        let missed = self.missed.get_or_insert_default();
        (missed.unheard, missed.said) = (unheard, Some(said));
    }

    /// A page of earlier messages: takes out what need not be shown, counts
    /// what is new, and says how to fence it.
    pub fn page(&mut self, page: &mut History, is_elsewhere: bool) -> Fences {
        let returning = self.returning.get(&*page.room).copied();
        if returning == Some(true) {
            self.returning.remove(&*page.room);
        }
        let mut new = None;
        if page.room.starts_with('@') || returning.is_some() {
            new = Some(0);
        } else if let Some(unread) = self.unread.remove(&*page.room).and_then(|unread| usize::try_from(unread).ok()) {
            let known = page.messages.len().saturating_sub(unread);
            new = (unread > 0).then_some(known);
            // A login joins all rooms of the account at once. Of all but the present
            // one, only new messages are shown.
            if is_elsewhere {
                page.messages.drain(..known);
                new = new.map(|_| 0);
            }
        }
        let begun = self.missed.as_ref().is_some_and(|missed| missed.has(&page.room));
        if let (Some(new), Some(missed)) = (new, &mut self.missed) {
            missed.came(&page.room, page.messages.len() - new);
        }
        let since = self.missed.as_ref().and_then(|missed| missed.since.clone());
        Fences { new, begun, since, goes_on: returning == Some(false) }
    }

    /// All that was missed has come. Returns the sum of it, if there was any.
    pub fn end(&mut self) -> Option<Missed> {
        let missed = self.missed.take()?;
        self.returning.clear();
        Some(missed)
    }
}

/// What was missed, place by place.
#[derive(Debug, Default)]
pub(super) struct Missed {
    /// When the connection was lost; none after a login.
    since: Option<String>,
    /// Conversations with unread messages that were not shown here.
    unheard: Vec<ChatInfo>,
    /// What the server said of them.
    said: Option<Event>,
    counts: Vec<(String, usize)>,
}

impl Missed {
    /// Messages of a place have come.
    fn came(&mut self, place: &str, count: usize) {
        match self.counts.iter_mut().find(|(known, _)| known == place) {
            Some((_, before)) => *before += count,
            None if count > 0 => self.counts.push((place.to_owned(), count)),
            None => {}
        }
    }

    /// Whether messages of this place have come.
    fn has(&self, place: &str) -> bool {
        self.counts.iter().any(|(known, _)| known == place)
    }

    /// How many lines are new to the person.
    pub fn total(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// What the server said after a login, which the person was not yet told.
    pub fn after_login(&self) -> Option<&Event> {
        self.said.as_ref().filter(|_| self.since.is_none())
    }

    /// The sum in one line. `None` if nothing was missed.
    pub fn line(&self) -> Option<String> {
        let mut parts: Vec<String> =
            self.counts.iter().map(|(place, count)| format!("{count} in {}", safe(place))).collect();
        // Only some conversations are asked for: the others are named.
        let shown = |chat: &&ChatInfo| self.has(&chat.room);
        parts.extend(self.unheard.iter().filter(|chat| !shown(chat)).map(|chat| {
            let place = safe(&chat.room);
            format!("{} in {place} (/history {place} shows them)", chat.unread)
        }));
        let since = self.since.as_ref().map_or(String::new(), |since| format!(" since {since}"));
        (!parts.is_empty()).then(|| format!("* New{since}: {}.", parts.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_fence_before_what_is_new_stands_once_in_a_place_and_not_if_nothing_is_new() {
        let mut catch_up = CatchUp::default();
        catch_up.lost(0);
        catch_up.back(vec!["#a".to_owned(), "#b".to_owned()]);
        let page = |room: &str, count| History {
            room: room.into(),
            messages: vec![Arc::default(); count],
            ..History::default()
        };
        let first = catch_up.page(&mut page("#a", 100), false);
        assert_eq!((first.new, first.begun, first.goes_on), (Some(0), false, true));
        catch_up.joined("#a");
        let last = catch_up.page(&mut page("#a", 3), false);
        assert_eq!((last.new, last.begun, last.goes_on), (Some(0), true, false));
        catch_up.joined("#b");
        catch_up.page(&mut page("#b", 0), true);
        let missed = catch_up.end().unwrap();
        assert!(missed.line().unwrap().ends_with(": 103 in #a."), "{:?}", missed.line());
        catch_up.lost(0);
        catch_up.back(vec!["#a".to_owned()]);
        catch_up.joined("#a");
        assert!(!catch_up.page(&mut page("#a", 1), false).begun, "that was another time");
    }

    #[test]
    fn the_sum_names_each_place_once_and_what_was_not_shown() {
        let mut missed = Missed { since: Some("12:31".into()), ..Missed::default() };
        assert_eq!((missed.line(), missed.total()), (None, 0));
        missed.came("#a", 100);
        missed.came("#b", 0);
        missed.came("@boris", 2);
        missed.came("#a", 20);
        let chat = |room: &str, unread| ChatInfo { room: room.into(), seq: 9, read: 9 - unread, unread, time: None };
        missed.unheard = vec![chat("@boris", 2), chat("@vera", 3)];
        let line = "* New since 12:31: 120 in #a, 2 in @boris, 3 in @vera (/history @vera shows them).";
        assert_eq!((missed.line().as_deref(), missed.total()), (Some(line), 122));
    }
}
