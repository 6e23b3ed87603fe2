//! An account gets another password, or is deleted: which of its sessions go on, and which end with their tokens. Runs under the chat lock; knows no passwords.

use std::sync::Arc;

use super::{Change, LoggedIn, SessionId};
use crate::answer::Done;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, CloseReason, Identity, PlaceId, Role, Setting};
use crate::record::Record;
use crate::wire::Letter;

impl Change<'_> {
    /// Gives the caller's account another password. Only the calling session
    /// goes on. Every other session of the account ends, and its token is void,
    /// also if the session is lost at this moment.
    pub(super) fn change_password(&mut self, hash: Arc<str>) -> Result<(), ChatError> {
        let id = self.own_account()?;
        self.state.tokens.forget_lost(Identity::Account(id));
        self.state.registry.accounts.has_changed(id, self.cx.now);
        self.cx.store(Record::Password(id, hash));
        for session in self.other_sessions() {
            self.send_away(session, "your password was changed; log in again");
        }
        self.store_resumes(self.caller.person);
        self.answer_when_stored(Done::Password, Record::Barrier);
        Ok(())
    }

    /// The sessions of the caller's person, without the calling one and without sessions that already end.
    fn other_sessions(&self) -> Vec<SessionId> {
        let lasts = |id: &SessionId| self.state.registry.session(*id).is_some_and(|session| !session.replaced);
        let all = self.state.registry.outboxes(self.caller.person).map(|(session, _)| session);
        all.filter(|id| *id != self.caller.session && lasts(id)).collect()
    }

    /// Closes a session and removes its token. The session's own thread does the
    /// rest of its end.
    fn send_away(&mut self, id: SessionId, text: &str) {
        let Some(session) = self.state.registry.session_mut(id) else { return };
        session.replaced = true;
        let (reason, text) = (CloseReason::LoggedOut, Arc::from(text));
        if session.outbox.close(reason, Some(Arc::new(Letter::new(Event::Closing { reason, text })))) {
            self.effects.outboxes.push(Arc::clone(&session.outbox));
        }
        self.state.tokens.forget(&session.token);
        if session.resume_stored {
            self.cx.store(Record::ResumeEnded(session.resume_id));
        }
        self.end_if_lingering(id, reason.into());
    }

    /// Deletes the caller's account. The calling session goes on as a guest's; the others end.
    pub(super) fn delete_account(&mut self, messages: bool) -> Result<LoggedIn, ChatError> {
        let id = self.own_account()?;
        let by = self.caller.face.clone();
        let others = self.other_sessions();
        let op_in = self.give_up_roles(id);
        for session in others {
            // It becomes a guest first, because name and rooms of the account are removed.
            self.on_behalf_of(session, None)?.logout("the account was deleted")?;
            self.send_away(session, "your account was deleted");
        }
        let entered = self.logout("the account was deleted")?;
        op_in.iter().for_each(|place| self.hand_on(*place, &by));
        let done = Done::DeleteAccount { nick: entered.nick.clone() };
        self.answer_when_stored(done, Record::AccountDeleted(id, messages));
        Ok(entered)
    }

    /// Removes an account and its roles. A room that has no owner then is not
    /// registered any more. Returns the rooms in which the account was an op.
    fn give_up_roles(&mut self, id: AccountId) -> Vec<PlaceId> {
        let held: Vec<PlaceId> = self.state.registry.accounts.held(id).collect();
        self.state.registry.accounts.remove(id);
        self.state.tokens.forget_lost(Identity::Account(id));
        let (mut unowned, mut op_in) = (Vec::new(), Vec::new());
        for place in held {
            let Some(room) = self.state.rooms.get_mut(place) else { continue };
            room.voices.remove(&Identity::Account(id));
            let role = room.roles.remove(&Identity::Account(id));
            if role >= Some(Role::Op) {
                op_in.push(place);
            }
            if role == Some(Role::Owner) && !room.has_owner() && room.registered {
                room.registered = false;
                self.cx.store(Record::Room(room.record()));
                unowned.push(place);
            }
        }
        for place in unowned {
            self.tell_settings(place, [Setting::Registered].into_iter().collect());
            self.forget_room(place);
        }
        op_in
    }
}
