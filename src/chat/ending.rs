//! An account's password is another, or the account is gone: whose sessions go on, and whose end with their tokens. Runs under the chat lock; knows no passwords.

use std::sync::Arc;

use super::{Change, LoggedIn, SessionId};
use crate::answer::Done;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, CloseReason, Identity, PlaceId, Role};
use crate::record::Record;
use crate::wire::Letter;

impl Change<'_> {
    /// Gives the caller's account another password. Only the calling session
    /// goes on: every other session of the account is logged out, and none
    /// comes back, whether it is connected now or lost.
    pub(super) fn change_password(&mut self, hash: Arc<str>) -> Result<(), ChatError> {
        let id = self.own_account()?;
        self.state.tokens.forget_lost(Identity::Account(id));
        self.state.registry.accounts.has_changed(id, self.cx.now);
        self.cx.keep(Record::Password(id, hash));
        for session in self.other_sessions() {
            self.send_away(session, "your password was changed; log in again");
        }
        self.store_resumes(self.caller.person);
        self.answer_kept(Done::Password, Record::Barrier);
        Ok(())
    }

    /// The sessions of the caller's person but the calling one, and those that end already.
    fn other_sessions(&self) -> Vec<SessionId> {
        let lasts = |id: &SessionId| self.state.registry.session(*id).is_some_and(|session| !session.replaced);
        let all = self.state.registry.outboxes(self.caller.person).map(|(session, _)| session);
        all.filter(|id| *id != self.caller.session && lasts(id)).collect()
    }

    /// Ends a session that may not go on as it is, and its token with it. Its
    /// own thread does the rest.
    fn send_away(&mut self, id: SessionId, text: &str) {
        let Some(session) = self.state.registry.session_mut(id) else { return };
        session.replaced = true;
        let (reason, text) = (CloseReason::LoggedOut, Arc::from(text));
        if session.outbox.close(reason, Some(Arc::new(Letter::new(Event::Closing { reason, text })))) {
            self.effects.outboxes.push(Arc::clone(&session.outbox));
        }
        self.state.tokens.forget(&session.token);
        if session.resume_stored {
            self.cx.keep(Record::ResumeEnded(session.resume_id));
        }
    }

    /// Deletes the caller's account. The calling session goes on as a guest's; the others end.
    pub(super) fn delete_account(&mut self, messages: bool) -> Result<LoggedIn, ChatError> {
        let id = self.own_account()?;
        let by = Arc::clone(&self.caller.shown);
        let others = self.other_sessions();
        let kept_order = self.give_up_roles(id);
        for session in others {
            // Nobody is left who would have the account's name and rooms; then it ends.
            self.on_behalf_of(session, None)?.logout("the account was deleted")?;
            self.send_away(session, "your account was deleted");
        }
        let entered = self.logout("the account was deleted")?;
        kept_order.iter().for_each(|place| self.hand_on(*place, &by));
        let done = Done::DeleteAccount { nick: Arc::clone(&entered.nick) };
        self.answer_kept(done, Record::AccountDeleted(id, messages));
        Ok(entered)
    }

    /// Takes an account away with its roles; a room without an owner is not
    /// registered any more. Returns the rooms in which it kept order.
    fn give_up_roles(&mut self, id: AccountId) -> Vec<PlaceId> {
        let held: Vec<PlaceId> = self.state.registry.accounts.held(id).collect();
        self.state.registry.accounts.remove(id);
        self.state.tokens.forget_lost(Identity::Account(id));
        let (mut unowned, mut kept_order) = (Vec::new(), Vec::new());
        for place in held {
            let Some(room) = self.state.rooms.get_mut(place) else { continue };
            let role = room.roles.remove(&Identity::Account(id));
            if role >= Some(Role::Op) {
                kept_order.push(place);
            }
            if role == Some(Role::Owner) && !room.has_owner() && room.registered {
                room.registered = false;
                self.cx.keep(Record::Room(room.record()));
                unowned.push(place);
            }
        }
        for place in unowned {
            self.tell_settings(place);
            self.forget_room(place);
        }
        kept_order
    }
}
