//! What the person was told already, so that no other event or answer says it again. Knows no words.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::answer::Done;
use crate::event::Event;

/// A wait that begins so soon after another one is not told again.
const SAME_WAIT: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub(super) struct Duplicates {
    /// Rooms for which an event has told what the person did there. The answer
    /// that is still to come says nothing new. If a command changed nothing,
    /// there is no event, and the answer is shown.
    told: Vec<Arc<str>>,
    /// The room from which the person was just put out.
    put_out: Option<Arc<str>>,
    /// When the last wait ends that the person was told of.
    waits: Option<Instant>,
    /// The server has said why it closes.
    farewell: bool,
}

impl Duplicates {
    /// An event is shown to `nick`.
    pub fn event(&mut self, event: &Event, nick: &str) {
        if let Event::Kick { room, nick: whom, .. } = event
            && **whom == *nick
        {
            self.put_out = Some(Arc::clone(room));
        }
        if let Event::Topic { room, by, .. }
        | Event::Settings { room, by, .. }
        | Event::Kick { room, by, .. }
        | Event::Restriction { room, by, .. }
        | Event::Role { room, by, .. }
        | Event::Voice { room, by, .. } = event
            && **by == *nick
            && !self.told.contains(room)
        {
            self.told.push(Arc::clone(room));
        }
    }

    /// Whether an answer says nothing new. `own`: the person asked, not the client.
    pub fn is_told(&mut self, done: &Done, own: bool) -> bool {
        let room = match done {
            // The client itself asked, or the person is told by the same event as all members.
            Done::Hello { .. } | Done::Delete { .. } | Done::Announce => return true,
            Done::Ping { .. } => return !own,
            Done::Topic { room, .. } | Done::Settings { room, .. } if !own => room,
            Done::Kick(done)
            | Done::Ban(done)
            | Done::Unban(done)
            | Done::Mute(done)
            | Done::Unmute(done)
            | Done::Op(done)
            | Done::Deop(done)
            | Done::Voice(done)
            | Done::Devoice(done) => match &done.room {
                Some(room) => room,
                None => return false,
            },
            _ => return false,
        };
        let before = self.told.len();
        self.told.retain(|told| told != room);
        self.told.len() < before
    }

    /// The person is no longer in a room; whether they were told that they were put out of it.
    pub fn is_left(&mut self, room: &str) -> bool {
        self.put_out.take().is_some_and(|out| *out == *room)
    }

    /// The server lets the person wait for `ms`; whether that was told before.
    /// Much that is sent is many such waits, one after another.
    pub fn is_same_wait(&mut self, ms: u64) -> bool {
        let now = Instant::now();
        let told = self.waits.is_some_and(|until| now < until + SAME_WAIT);
        self.waits = Some(now + Duration::from_millis(ms));
        told
    }

    /// The server says why it closes.
    pub fn closing(&mut self) {
        self.farewell = true;
    }

    /// The connection is lost; whether the server has said why. Answers to
    /// what was done before do not come any more.
    pub fn lost(&mut self) -> bool {
        self.told.clear();
        std::mem::take(&mut self.farewell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Moderated;

    #[test]
    fn an_answer_tells_only_what_no_event_has_told() {
        let mut duplicates = Duplicates::default();
        let op = Done::Op(Moderated { room: Some("#a".into()), nick: "boris".into(), ..Moderated::default() });
        assert!(!duplicates.is_told(&op, true), "he was one already");
        let role = |by: &str| Event::Role {
            room: "#a".into(),
            nick: "boris".into(),
            role: None,
            was: None,
            by: by.into(),
            time: 0,
        };
        duplicates.event(&role("vera"), "anna");
        assert!(!duplicates.is_told(&op, true), "somebody else did it");
        duplicates.event(&role("anna"), "anna");
        assert!(duplicates.is_told(&op, true) && !duplicates.is_told(&op, true));
        duplicates.event(&role("anna"), "anna");
        let topic = || Done::Topic { room: "#a".into(), topic: None, topic_by: None, topic_time: None };
        assert!(!duplicates.is_told(&topic(), true), "that was a question");
        assert!(duplicates.is_told(&topic(), false));
    }

    #[test]
    fn a_person_who_was_put_out_is_not_told_that_they_left() {
        let mut duplicates = Duplicates::default();
        let kick = Event::Kick { room: "#a".into(), nick: "anna".into(), by: "boris".into(), text: None, time: 0 };
        duplicates.event(&kick, "anna");
        assert!(duplicates.is_left("#a") && !duplicates.is_left("#a"));
    }
}
