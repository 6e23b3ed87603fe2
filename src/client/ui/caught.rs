//! What was missed, counted while it is shown, so that a last line can sum it up. Knows no screen.

use super::style::safe;
use crate::answer::ChatInfo;
use crate::event::Event;

/// What came of what was missed, place by place.
#[derive(Debug, Default)]
pub(super) struct Caught {
    /// When the connection was lost; none for who has just logged in.
    pub since: Option<String>,
    /// Conversations with something unread that was not heard here.
    unheard: Vec<ChatInfo>,
    /// How it said that; a person is told when all has come.
    pub said: Option<Event>,
    counts: Vec<(String, usize)>,
}

impl Caught {
    pub fn learn(&mut self, unheard: Vec<ChatInfo>, said: &Event) {
        self.unheard = unheard;
        self.said = Some(said.clone());
    }

    pub fn came(&mut self, place: &str, count: usize) {
        match self.counts.iter_mut().find(|(known, _)| known == place) {
            Some((_, before)) => *before += count,
            None if count > 0 => self.counts.push((place.to_owned(), count)),
            None => {}
        }
    }

    /// How many lines are new to the person.
    pub fn total(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// The sum in one line; none where nothing was missed.
    pub fn line(&self) -> Option<String> {
        let mut parts: Vec<String> =
            self.counts.iter().map(|(place, count)| format!("{count} in {}", safe(place))).collect();
        // Conversations beyond those that are asked for.
        let shown = |chat: &&ChatInfo| self.counts.iter().any(|(place, _)| *place == *chat.room);
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
    use super::*;

    #[test]
    fn the_sum_names_each_place_once_and_what_was_not_shown() {
        let mut caught = Caught { since: Some("12:31".into()), ..Caught::default() };
        assert_eq!((caught.line(), caught.total()), (None, 0));
        caught.came("#a", 100);
        caught.came("#b", 0);
        caught.came("@boris", 2);
        caught.came("#a", 20);
        let chat = |room: &str, unread| ChatInfo { room: room.into(), seq: 9, read: 9 - unread, unread };
        caught.unheard = vec![chat("@boris", 2), chat("@vera", 3)];
        let line = "* New since 12:31: 120 in #a, 2 in @boris, 3 in @vera (/history @vera shows them).";
        assert_eq!((caught.line().as_deref(), caught.total()), (Some(line), 122));
    }
}
