//! An account's password is another, or the account is gone: whose sessions go on, and whose end with their tokens. Runs under the chat lock; knows no passwords.

use std::sync::Arc;

use super::effects::Effects;
use super::{Ask, Here, LoggedIn, SessionId, State};
use crate::answer::Done;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::CloseReason;
use crate::model::{Identity, PlaceId, Role};
use crate::record::Record;
use crate::wire::Letter;

impl State {
    /// Gives the asking person's account another password. Only the asking
    /// session goes on: every other session of the account is logged out, and
    /// none comes back, whether it is connected now or lost.
    pub(super) fn change_password(
        &mut self,
        ask: &Ask<'_>,
        hash: Arc<str>,
        effects: &mut Effects,
    ) -> Result<(), ChatError> {
        let id = self.own_account(ask)?;
        self.tokens.forget_lost(Identity::Account(id));
        self.registry.accounts.has_changed(id, ask.now);
        ask.keep(Record::Password(id, hash));
        for session in self.other_sessions(ask) {
            self.send_away(session, "your password was changed; log in again", ask, effects);
        }
        self.store_resumes(ask, ask.person);
        ask.answer_kept(Done::Password, Record::Barrier, effects);
        Ok(())
    }

    /// The asking person's sessions but the asking one, and those that end already.
    fn other_sessions(&self, ask: &Ask<'_>) -> Vec<SessionId> {
        let lasts = |id: &SessionId| self.registry.session(*id).is_some_and(|session| !session.replaced);
        let all = self.registry.outboxes(ask.person).map(|(session, _)| session);
        all.filter(|id| *id != ask.session && lasts(id)).collect()
    }

    /// Ends a session that may not go on as it is, and its token with it. Its
    /// own thread does the rest.
    fn send_away(&mut self, id: SessionId, text: &str, here: &Here<'_>, effects: &mut Effects) {
        let Some(session) = self.registry.session_mut(id) else { return };
        session.replaced = true;
        let (reason, text) = (CloseReason::LoggedOut, Arc::from(text));
        if session.outbox.close(reason, Some(Arc::new(Letter::new(Event::Closing { reason, text })))) {
            effects.outboxes.push(Arc::clone(&session.outbox));
        }
        let (token, resume_id, resume_stored) = (Arc::clone(&session.token), session.resume_id, session.resume_stored);
        self.tokens.forget(&token);
        if resume_stored {
            here.keep(Record::ResumeEnded(resume_id));
        }
    }

    /// Deletes the asking person's account. The asking session goes on as a guest's; the others end.
    #[inline(never)]
    pub(super) fn delete_account(
        &mut self,
        ask: &Ask<'_>,
        messages: bool,
        effects: &mut Effects,
    ) -> Result<LoggedIn, ChatError> {
        let id = self.own_account(ask)?;
        let by =
            self.registry.person(ask.person).map(|person| Arc::clone(&person.shown)).ok_or(ChatError::NameFirst)?;
        let others = self.other_sessions(ask);
        let held: Vec<PlaceId> = self.registry.accounts.held(id).collect();
        self.registry.accounts.remove(id);
        self.tokens.forget_lost(Identity::Account(id));
        let (mut unowned, mut kept_order) = (Vec::new(), Vec::new());
        for place in held {
            let Some(room) = self.places.get(&place).and_then(|key| self.rooms.get_mut(key)) else { continue };
            let role = room.roles.remove(&Identity::Account(id));
            if role >= Some(Role::Op) {
                kept_order.push(room.name.clone());
            }
            if role == Some(Role::Owner) && !room.has_owner() && room.registered {
                room.registered = false;
                ask.keep(Record::Room(room.record()));
                unowned.push(room.name.clone());
            }
        }
        for name in unowned {
            self.tell_settings(ask, &name, effects);
            self.forget_room(&name, ask);
        }
        for session in others {
            // Nobody is left who would have the account's name and rooms; then it ends.
            let other = self.ask(session, None, ask.here)?;
            self.logout(&other, "the account was deleted", effects)?;
            self.send_away(session, "your account was deleted", ask, effects);
        }
        let entered = self.logout(ask, "the account was deleted", effects)?;
        kept_order.iter().for_each(|name| self.hand_on(name, &by, ask, effects));
        let done = Done::DeleteAccount { nick: Arc::clone(&entered.nick) };
        ask.answer_kept(done, Record::AccountDeleted(id, messages), effects);
        Ok(entered)
    }
}
