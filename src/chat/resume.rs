//! What lets a session come back: its token is stored, and a message with a tag is not said twice. Runs under the chat lock.

use std::sync::Arc;

use super::{Change, Chat, PersonId, SessionId, TokenOwner};
use crate::answer::Done;
use crate::model::{FileId, Identity, Millis, ResumeId, Tag};
use crate::record::{Record, ResumeRecord, SaidRecord};

impl<C> Change<'_, C> {
    /// Stores the resume numbers of a person's sessions, so that their tokens work after a restart.
    pub(super) fn store_resumes(&mut self, person: PersonId) {
        let sessions = self.state.registry.sessions_of(person).to_vec();
        sessions.into_iter().for_each(|session| self.store_resume(session));
    }

    /// Stores the resume number of one session.
    pub(super) fn store_resume(&mut self, id: SessionId) {
        let session = self.state.registry.session_mut(id);
        let Some(session) = session.filter(|session| !session.replaced && !session.token.is_empty()) else { return };
        session.resume_stored = true;
        let (id, token, person) = (session.resume_id, session.token_hash, session.person);
        let Some(person) = self.state.registry.person(person) else { return };
        let (account, nick) = (person.account(), person.nick.clone());
        self.cx.store(Record::Resume(ResumeRecord { id, token, account, nick, seen: self.cx.now }));
    }
}

impl Change<'_> {
    /// Answers a command whose tag was used before with the same answer. Returns
    /// whether the tag was used before. A client that lost its connection sends
    /// commands again that were not answered, and they must not be said twice.
    pub(super) fn said_before(&mut self) -> bool {
        let tags = self.state.registry.session(self.caller.session).map(|session| &session.tags);
        let Some(done) = self.caller.tag.as_ref().and_then(|tag| tags?.get(tag)) else { return false };
        let mut done = done.clone();
        if let Done::Say { again, .. } | Done::Msg { again, .. } | Done::Finish { again, .. } = &mut done {
            *again = true;
        }
        // The message may still be on its way to the database.
        self.answer_when_stored(done, Record::Barrier);
        true
    }

    /// Answers when the message is stored, and remembers the tag with the answer.
    pub(super) fn done_once(&mut self, done: Done) {
        let mut record = Record::Barrier;
        if let Some(session) = self.state.registry.session_mut(self.caller.session) {
            if let Some(tag) = &self.caller.tag {
                session.tags.put(tag.clone(), done.clone(), self.cx.limits.tags);
                let said = said_record(session.resume_id, tag, &done, self.cx.now);
                record = said.map_or(Record::Barrier, Record::Said);
            }
            // The message belongs to this resume number: the number must not be given again after a restart.
            if !session.resume_stored && self.cx.write_queue.is_some() {
                self.store_resume(self.caller.session);
            }
        }
        self.answer_when_stored(done, record);
    }
}

/// The message that was said under a tag, for the database.
fn said_record(resume_id: ResumeId, tag: &Tag, done: &Done, time: Millis) -> Option<SaidRecord> {
    let (label, seq, file) = match done {
        Done::Say { room, seq, .. } => (Arc::clone(room), *seq, None),
        Done::Finish { room, seq, file, .. } => (Arc::clone(room), *seq, Some(FileId(*file))),
        Done::Msg { to, seq, .. } => (Arc::from(format!("@{to}")), *seq, None),
        _ => return None,
    };
    Some(SaidRecord { resume_id, tag: tag.clone(), label, seq, time, file })
}

impl Chat {
    /// The owner of `token`, if the chat knows it.
    pub fn token_owner(&self, token: &str, now: Millis) -> TokenOwner {
        let limits = self.limits.now();
        let identity = self.change(|state| match state.tokens.session_of(token) {
            Some(session) => state.registry.person_in(session).map(|person| person.identity),
            None => state.tokens.recent(token, now, &limits).map(|lost| lost.identity),
        });
        match identity {
            None => TokenOwner::Unknown,
            Some(Identity::Guest(_)) => TokenOwner::Guest,
            Some(Identity::Account(id)) => TokenOwner::Account(id),
        }
    }

    /// Forgets the answer to a command with this tag: the message cannot be stored,
    /// so the command must not be answered `ok` if it comes again.
    pub fn forget_tag(&self, session: SessionId, tag: &Tag) {
        self.change(|state| {
            if let Some(session) = state.registry.session_mut(session) {
                session.tags.forget(tag);
            }
        });
    }
}
