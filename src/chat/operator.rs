//! What the operator sees of the chat, and does to it from outside.

use std::sync::Arc;

use super::effects::Effects;
use super::moderation::{ModRequest, ModTarget};
use super::restrictions::ban_list;
use super::{Chat, Here, SessionId, State, registry};
use crate::answer::{BanInfo, Moderated};
use crate::command::{ModAction, Whom, in_range};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::Millis;
use crate::model::{Restriction, Role};
use crate::names::Nick;
use crate::record::RestrictionRecord;
use crate::wire::Letter;

/// One row of what the operator's `identity` shows.
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

impl Chat {
    /// Says something to everybody who has a name.
    pub fn broadcast(&self, text: Arc<str>, effects: &mut Effects) {
        let letter = Arc::new(Letter::new(Event::Notice { text }));
        self.change(|state| {
            for (_, session) in state.registry.sessions() {
                effects.tell(&session.outbox, &letter);
            }
            effects.report(&letter);
        });
    }

    /// Everybody who has a name, in the order of their sessions.
    pub fn presence(&self) -> Vec<Presence> {
        let mut rows: Vec<Presence> = self.change(|state| {
            let row = |(id, session): (SessionId, &registry::Session)| {
                let person = state.registry.person(session.person)?;
                Some(Presence {
                    session: id,
                    nick: Arc::clone(&person.shown),
                    rooms: person.rooms.iter().map(|room| Arc::from(room.shown())).collect(),
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
        self.change(|state| {
            let session = state.registry.session(id)?;
            state.registry.person(session.person).map(|person| Arc::clone(&person.shown))
        })
    }

    /// The rooms, in the order of their names, and how many members each has.
    pub fn rooms(&self) -> Vec<crate::answer::RoomInfo> {
        self.change(|state| state.all_rooms())
    }

    /// The sessions of whoever is called so.
    pub fn sessions_of(&self, nick: &Nick) -> Vec<SessionId> {
        self.change(|state| {
            let person = state.registry.called(nick).and_then(|id| state.registry.person(id));
            person.map_or(Vec::new(), |person| person.sessions.clone())
        })
    }

    /// The sessions that are banned from the server.
    pub fn banned_sessions(&self, now: Millis) -> Vec<SessionId> {
        self.change(|state| state.banned_sessions(now))
    }

    /// Bans somebody from the server, or lifts that: what the operator does. Whom, and until when.
    ///
    /// # Errors
    /// Nobody of that kind is banned, or there are too many bans.
    pub fn ban_everywhere(
        &self,
        action: ModAction,
        whom: Whom,
        seconds: Option<u64>,
        text: Option<Arc<str>>,
        now: Millis,
    ) -> Result<Moderated, ChatError> {
        in_range(seconds)?;
        let order = ModRequest { action, everywhere: true, whom, seconds, text };
        self.change(|state| state.order_everywhere(&self.here(now), action, &order, Arc::from("the operator")))
    }

    /// The bans from the whole server.
    pub fn server_bans(&self, now: Millis) -> Vec<BanInfo> {
        self.change(|state| ban_list(state.restrictions.at(None), now).collect())
    }
}

impl State {
    /// A ban from the whole server, or its end.
    pub(super) fn order_everywhere(
        &mut self,
        here: &Here<'_>,
        action: ModAction,
        order: &ModRequest,
        by: Arc<str>,
    ) -> Result<Moderated, ChatError> {
        let ModTarget { targets, identity, shown, .. } = self.subject(&order.whom)?;
        let until = order.seconds.map(|seconds| here.now.saturating_add_unsigned(seconds.saturating_mul(1000)));
        match action {
            ModAction::Ban => {
                if identity.is_some_and(|identity| self.registry.accounts.is_op(identity)) {
                    return Err(ChatError::NeedsRole(Role::Owner, None));
                }
                let (nick, text, time) = (Arc::clone(&shown), order.text.clone(), here.now);
                self.restrictions.put(
                    RestrictionRecord {
                        place: None,
                        restriction: Restriction::Ban,
                        targets,
                        nick,
                        until,
                        by,
                        text,
                        time,
                    },
                    here,
                )?;
            }
            ModAction::Unban => {
                if !self.restrictions.lift(None, Restriction::Ban, &targets, &shown, here) {
                    return Err(ChatError::NoSuchBan(shown.to_string()));
                }
            }
            _ => return Err(ChatError::NoRoom),
        }
        Ok(Moderated { room: None, nick: shown, until })
    }

    /// The sessions whose bans from the whole server have just begun.
    pub(super) fn banned_sessions(&self, now: Millis) -> Vec<SessionId> {
        let is_banned = |(id, _): (SessionId, &registry::Session)| {
            let suspect = self.suspect_of(id)?;
            let banned = !self.registry.accounts.is_op(suspect.identity)
                && self.restrictions.on(None, Restriction::Ban, &suspect, now).is_some();
            banned.then_some(id)
        };
        self.registry.sessions().filter_map(is_banned).collect()
    }
}
