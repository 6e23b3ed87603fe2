//! Which messages of one room are new here, also after a lost connection. Knows numbers, no connection and no members.
//!
//! A room goes through four transitions: it is [asked for](CatchUp::ask) again
//! after a lost connection, it is [joined](CatchUp::joined), a [message](CatchUp::message)
//! comes, and a [page](CatchUp::page) of its history comes.

use crate::answer::History;
use crate::model::{Millis, Seq, Tag};

/// What was seen of one room, and what of it is still to come.
#[derive(Debug, Default)]
pub(super) struct CatchUp {
    /// When the room was made: another time is another room of that name.
    pub made: Millis,
    /// The run of the server in which it was joined.
    pub run: Millis,
    /// The number of the last message that was told.
    pub seen: Seq,
    /// The number of the room's last message at the first join. Older ones are not missed.
    last: Seq,
    /// The `join` that asks for the room after a lost connection. Until it is
    /// answered, what is said there will be in the history.
    join: Option<Tag>,
    /// The history after a lost connection has come, or its first page: numbers count from there.
    begun: bool,
}

impl CatchUp {
    /// The connection was lost, and the room is asked for with the `join` of this tag.
    pub fn ask(&mut self, join: Tag) {
        (self.join, self.begun) = (Some(join), false);
    }

    /// Whether the room is asked for with the `join` of this tag.
    pub fn is_asked_by(&self, tag: Option<&Tag>) -> bool {
        self.join.is_some() && self.join.as_ref() == tag
    }

    /// The room is joined. Whether it is a new room of that name, whose numbers begin anew.
    pub fn joined(&mut self, made: Millis, run: Millis, last: Seq) -> bool {
        // If its history has begun already, `seen` counts in the new numbers.
        let anew = self.made != made && !self.begun;
        if anew {
            self.seen = 0;
        }
        self.last = if self.join.take().is_some() { 0 } else { last };
        (self.made, self.run) = (made, run);
        anew
    }

    /// A message came by itself. Whether it is to be told now.
    pub fn message(&mut self, seq: Seq) -> bool {
        let new = self.join.is_none() && seq > self.seen;
        if new {
            self.seen = seq;
        }
        new
    }

    /// A page of history came: leaves in it what was not told yet. The first
    /// page after a lost connection says after which number it begins. That is
    /// returned, and counts as what was seen, even if more was seen here: what
    /// came after that number was lost with the server.
    pub fn page(&mut self, history: &mut History) -> Option<Seq> {
        let rewound = history.after.filter(|_| !self.begun);
        if let Some(after) = rewound {
            (self.seen, self.begun) = (after, true);
        }
        history.messages.retain(|message| message.seq > self.seen);
        self.seen = history.messages.last().map_or(self.seen, |message| message.seq);
        if self.join.is_none() {
            self.seen = self.seen.max(std::mem::take(&mut self.last));
        }
        rewound
    }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;
    use std::sync::Arc;

    use super::*;
    use crate::model::Message;

    fn told(room: &mut CatchUp, after: Option<Seq>, seqs: RangeInclusive<Seq>) -> (Vec<Seq>, Option<Seq>) {
        let messages = seqs.map(|seq| Arc::new(Message { seq, ..Message::default() })).collect();
        let mut history = History { after, messages, ..History::default() };
        let rewound = room.page(&mut history);
        (history.messages.iter().map(|message| message.seq).collect(), rewound)
    }

    fn tag() -> Tag {
        Tag("7".into())
    }

    #[test]
    fn after_the_first_join_each_message_is_told_once_and_older_ones_are_not_missed() {
        let mut room = CatchUp::default();
        assert!(room.joined(1, 5, 9), "its numbers begin");
        assert_eq!(told(&mut room, None, 7..=8), (vec![7, 8], None));
        assert_eq!((room.seen, room.message(9), room.message(10), room.message(10)), (9, false, true, false));
    }

    #[test]
    fn a_room_that_is_asked_for_tells_its_history_and_no_message_until_it_is_joined() {
        let mut room = CatchUp::default();
        room.joined(1, 5, 0);
        room.ask(tag());
        assert!(room.is_asked_by(Some(&tag())) && !room.is_asked_by(None) && !room.message(1));
        assert_eq!(told(&mut room, Some(0), 1..=2), (vec![1, 2], Some(0)));
        assert!(!room.joined(1, 5, 3) && !room.is_asked_by(Some(&tag())));
        assert_eq!(told(&mut room, Some(1), 2..=3), (vec![3], None), "only the first page goes back");
        assert!(room.message(4));
    }

    #[test]
    fn the_first_page_goes_back_behind_what_a_killed_server_has_lost() {
        let mut room = CatchUp::default();
        room.joined(1, 5, 9);
        room.ask(tag());
        room.joined(1, 6, 7);
        assert_eq!(told(&mut room, Some(5), 6..=7), (vec![6, 7], Some(5)));
    }

    #[test]
    fn a_new_room_of_that_name_counts_anew_unless_its_history_came_first() {
        let mut room = CatchUp::default();
        room.joined(1, 5, 9);
        assert!(room.joined(2, 5, 0) && room.message(1));
        room.ask(tag());
        told(&mut room, Some(0), 1..=2);
        assert!(!room.joined(3, 5, 2) && !room.message(2));
    }
}
