//! Keeps what one did oneself from being told twice: by the event that goes to all, and by the answer. Knows no words.

use std::sync::Arc;

use crate::answer::Done;
use crate::event::Event;

/// Rooms for which an event has told what we did there; the answers that are
/// still to come need not. Where nothing was changed by a command there is no
/// event, and then the answer does tell.
#[derive(Debug, Default)]
pub(super) struct Told(Vec<Arc<str>>);

impl Told {
    /// An event is shown to `nick`.
    pub fn event(&mut self, event: &Event, nick: &str) {
        if let Event::Topic { room, by, .. }
        | Event::Settings { room, by, .. }
        | Event::Kick { room, by, .. }
        | Event::Restriction { room, by, .. }
        | Event::Role { room, by, .. } = event
            && **by == *nick
            && !self.0.contains(room)
        {
            self.0.push(Arc::clone(room));
        }
    }

    /// Whether an answer says nothing new; `own` if it is to a question.
    pub fn has(&mut self, done: &Done, own: bool) -> bool {
        let room = match done {
            Done::Topic { room, .. } | Done::Settings { room, .. } if !own => room,
            Done::Kick(done)
            | Done::Ban(done)
            | Done::Unban(done)
            | Done::Mute(done)
            | Done::Unmute(done)
            | Done::Op(done)
            | Done::Deop(done) => match &done.room {
                Some(room) => room,
                None => return false,
            },
            _ => return false,
        };
        let before = self.0.len();
        self.0.retain(|told| told != room);
        self.0.len() < before
    }

    /// Answers to what was done before do not come any more.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Moderated;

    #[test]
    fn an_answer_tells_only_what_no_event_has_told() {
        let mut told = Told::default();
        let op = Done::Op(Moderated { room: Some("#a".into()), nick: "boris".into(), until: None });
        assert!(!told.has(&op, true), "he was one already");
        let role =
            |by: &str| Event::Role { room: "#a".into(), nick: "boris".into(), role: None, by: by.into(), time: 0 };
        told.event(&role("vera"), "anna");
        assert!(!told.has(&op, true), "somebody else did it");
        told.event(&role("anna"), "anna");
        assert!(told.has(&op, true) && !told.has(&op, true));
        told.event(&role("anna"), "anna");
        let topic = || Done::Topic { room: "#a".into(), topic: None };
        assert!(!told.has(&topic(), true), "that was a question");
        assert!(told.has(&topic(), false));
    }
}
