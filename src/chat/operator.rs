//! What the operator sees of the chat, and does to it. Knows no console.

use std::sync::Arc;

use super::effects::Effects;
use super::lists::room_info;
use super::moderation::muting;
use super::outbox::Ending;
use super::restrictions::ban_list;
use super::targets::ModTarget;
use super::{Change, Chat, SessionId, registry};
use crate::answer::{BanInfo, Moderated};
use crate::command::{ModAction, Moderation, Whom, in_range};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{CloseReason, Millis, Restriction, Role};
use crate::names::Nick;
use crate::wire::Letter;

/// One row of the operator's list of sessions.
#[derive(Debug, Clone)]
pub struct Presence {
    /// The session.
    pub session: SessionId,
    /// The person's nick.
    pub nick: Arc<str>,
    /// The person's rooms.
    pub rooms: Vec<Arc<str>>,
    /// The session's front.
    pub front: &'static str,
    /// When the person last said or asked something.
    pub active: Millis,
}

/// How many people and rooms there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Census {
    /// People online with an account.
    pub accounts: usize,
    /// Guests online.
    pub guests: usize,
    /// Rooms, private ones too.
    pub rooms: usize,
}

impl Chat {
    /// Sends a notice to every session that has a name.
    pub fn broadcast(&self, text: Arc<str>, effects: &mut Effects) {
        self.by_server(0, effects, |change| change.broadcast(text));
    }

    /// All sessions that have a name, in their order.
    pub fn presence(&self) -> Vec<Presence> {
        let mut rows: Vec<Presence> = self.change(|state| {
            let row = |(id, session): (SessionId, &registry::Session)| {
                let person = state.registry.person(session.person)?;
                Some(Presence {
                    session: id,
                    nick: Arc::clone(person.shown()),
                    rooms: state.rooms.among(&person.rooms).map(|room| Arc::clone(&room.shown)).collect(),
                    front: session.front,
                    active: person.active,
                })
            };
            state.registry.sessions().filter_map(row).collect()
        });
        rows.sort_by_key(|row| row.session);
        rows
    }

    /// The nick of a session's person, if it has one.
    pub fn shown_nick(&self, id: SessionId) -> Option<Arc<str>> {
        self.change(|state| Some(Arc::clone(state.registry.person_in(id)?.shown())))
    }

    /// The open rooms with the most members, at most `most` of them, the largest first.
    pub fn largest_open_rooms(&self, most: usize) -> Vec<crate::answer::RoomInfo> {
        self.change(|state| {
            let mut rooms: Vec<_> = state.rooms.after(None, false).collect();
            rooms.sort_by_key(|room| std::cmp::Reverse(room.members.len()));
            rooms.into_iter().take(most).map(|room| room_info(room, true)).collect()
        })
    }

    /// Waits until no other thread is in the critical section.
    pub fn wait_until_free(&self) {
        self.change(|_| ());
    }

    /// How many people and rooms there are.
    pub fn census(&self) -> Census {
        self.change(|state| {
            let (accounts, guests) = state.registry.kinds();
            Census { accounts, guests, rooms: state.rooms.sizes().0 }
        })
    }

    /// The rooms, in the order of their names, and how many members each has.
    pub fn rooms(&self) -> Vec<crate::answer::RoomInfo> {
        self.change(|state| state.rooms.after(None, true).map(|room| room_info(room, true)).collect())
    }

    /// The sessions of the person with this name.
    pub fn sessions_of(&self, nick: &Nick) -> Vec<SessionId> {
        self.change(|state| Some(state.registry.sessions_of(state.registry.called(nick)?).to_vec())).unwrap_or_default()
    }

    /// The sessions that are banned from the server.
    pub fn banned_sessions(&self, now: Millis) -> Vec<SessionId> {
        self.change(|state| {
            let subjects = state.registry.sessions().filter_map(|(id, _)| Some((id, state.subject_of(id)?)));
            let banned = subjects.filter(|(_, subject)| state.check_server_ban(subject, now).is_err());
            banned.map(|(id, _)| id).collect()
        })
    }

    /// Bans a person from the server, or lifts the ban. Returns the person, and when the ban ends.
    ///
    /// # Errors
    /// There is no such ban to lift, or there are too many bans.
    pub fn ban_everywhere(
        &self,
        action: ModAction,
        whom: Whom,
        seconds: Option<u64>,
        text: Option<Arc<str>>,
        now: Millis,
    ) -> Result<Moderated, ChatError> {
        in_range(seconds)?;
        let request = Moderation { everywhere: true, seconds, text, ..Moderation::new(action, None, whom) };
        let by = Arc::from("the operator");
        self.by_server(now, &mut Effects::default(), |change| change.moderate_everywhere(&request, by))
    }

    /// The bans from the whole server.
    pub fn server_bans(&self, now: Millis) -> Vec<BanInfo> {
        self.change(|state| ban_list(state.restrictions.at(None), now).collect())
    }
}

impl<C> Change<'_, C> {
    /// Ends all sessions of a person.
    fn close_sessions(&mut self, target: &ModTarget, text: Option<&Arc<str>>, by: &str) -> Result<(), ChatError> {
        let missing = || ChatError::NoSuchNick(target.shown.to_string());
        let ending = Ending { reason: CloseReason::Kicked, text: text.cloned() };
        let why = text.map_or(String::new(), |text| format!(": {text}"));
        let closing =
            Event::Closing { reason: CloseReason::Kicked, text: format!("{by} ended your session{why}").into() };
        let letter = Arc::new(Letter::new(closing));
        for id in self.state.registry.sessions_of(target.person.ok_or_else(missing)?).to_vec() {
            let outbox = self.state.registry.session(id).map(|session| Arc::clone(&session.outbox));
            if !self.end_if_lingering(id, ending.clone())
                && let Some(outbox) = outbox
                && outbox.close(ending.clone(), Some(Arc::clone(&letter)))
            {
                self.effects.outboxes.push(outbox);
            }
        }
        Ok(())
    }

    /// Puts a person out of the whole server, bans one from it, or lifts the ban.
    pub(super) fn moderate_everywhere(&mut self, request: &Moderation, by: Arc<str>) -> Result<Moderated, ChatError> {
        let target = self.state.target_in(None, request);
        if muting(request).is_some() {
            return Err(ChatError::OneRoomOnly);
        }
        match request.action {
            ModAction::Ban | ModAction::Kick
                if target.identity.is_some_and(|identity| self.state.registry.accounts.is_op(identity)) =>
            {
                return Err(ChatError::NeedsRole(Role::Owner, None));
            }
            ModAction::Ban if target.is_for_all() => return Err(ChatError::MaskTooWide(target.shown.to_string())),
            ModAction::Ban | ModAction::Unban => {
                self.set_restriction(None, Restriction::Ban, &target, (request, &by))?;
            }
            ModAction::Kick => self.close_sessions(&target, request.text.as_ref(), &by)?,
            ModAction::Invite
            | ModAction::Mute
            | ModAction::Unmute
            | ModAction::Op
            | ModAction::Deop
            | ModAction::Voice
            | ModAction::Devoice => return Err(ChatError::OneRoomOnly),
        }
        let until = request.until(self.cx.now);
        Ok(Moderated { nick: target.shown, mask: target.mask, until, ..Moderated::default() })
    }
}
