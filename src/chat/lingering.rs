//! A session whose page was closed lingers: for a moment the others are not told, because a page that is only loaded anew comes back at once. Runs under the chat lock; knows no clock and no threads.

use std::time::Duration;

use super::effects::Effects;
use super::outbox::Ending;
use super::{Change, Chat, SessionId};
use crate::model::{CloseReason, Millis};

impl<C> Change<'_, C> {
    /// Lets a session linger, if it is its person's last one and may come back. Its
    /// seats and its name stay; its token takes it over.
    pub(super) fn linger(&mut self, id: SessionId) -> bool {
        let limits = self.cx.limits;
        let Some(session) = self.state.registry.session(id) else { return false };
        // A session without a token cannot come back.
        if limits.linger.is_zero() || session.is_ending() || session.token.is_empty() {
            return false;
        }
        let banned = |subject| self.state.check_server_ban(&subject, self.cx.now).is_err();
        if self.state.registry.has_others(id) || self.state.subject_of(id).is_none_or(banned) {
            return false;
        }
        if let Some(session) = self.state.registry.session_mut(id) {
            session.lingers = true;
        }
        self.state.lingering.push_back((self.cx.now, id));
        while self.state.lingering.len() > limits.lingering {
            self.end_oldest_lingering(CloseReason::Closed);
        }
        true
    }

    /// Ends the session that has lingered longest, if it was not taken over meanwhile.
    fn end_oldest_lingering(&mut self, reason: CloseReason) {
        if let Some((_, id)) = self.state.lingering.pop_front()
            && self.state.registry.session(id).is_some_and(|session| session.lingers)
        {
            self.remove(id, reason.into());
        }
    }

    /// Ends a session at once, if it lingers: no thread is left to do it. Returns whether it did.
    pub(super) fn end_if_lingering(&mut self, id: SessionId, ending: Ending) -> bool {
        let lingers = self.state.registry.session(id).is_some_and(|session| session.lingers);
        if lingers {
            self.state.lingering.retain(|(_, other)| *other != id);
            self.remove(id, ending);
        }
        lingers
    }
}

impl Chat {
    /// Ends one session that has lingered for `time`, or, with `time` zero, the
    /// oldest that lingers. The others are told now. Returns whether there was one.
    pub fn end_lingering(&self, time: Duration, reason: CloseReason, now: Millis, effects: &mut Effects) -> bool {
        let time = Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX);
        self.by_server(now, effects, |change| {
            // If the clock was set back, it is over as well: nobody knows how long it has been.
            let is_over = |since: Millis| now < since || now - since >= time;
            let over = change.state.lingering.front().is_some_and(|(since, _)| time == 0 || is_over(*since));
            if over {
                change.end_oldest_lingering(reason);
            }
            over
        })
    }

    /// Ends a session at once, if it lingers; returns whether it did.
    pub fn end_if_lingering(&self, id: SessionId, ending: Ending, now: Millis, effects: &mut Effects) -> bool {
        self.by_server(now, effects, |change| change.end_if_lingering(id, ending))
    }
}
