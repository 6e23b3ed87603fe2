//! What is remembered for a resume token: its owner, and the tags of the messages, so that no message is said twice. Knows no rooms.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::SessionId;
use crate::answer::Done;
use crate::limits::Limits;
use crate::model::{FileId, Identity, PlaceId, ResumeId, Role};
use crate::model::{Millis, Tag};
use crate::names::Nick;
use crate::record::SaidRecord;

/// The last tags of one session, and the answer that each command got.
#[derive(Debug, Default)]
pub(super) struct Tags {
    made: HashMap<Tag, Done>,
    order: VecDeque<Tag>,
}

impl Tags {
    /// The last tags as they were stored, the oldest first.
    pub fn recalled(said: &[SaidRecord], most: usize) -> Tags {
        let mut tags = Tags::default();
        for SaidRecord { tag, label, seq, time, file, .. } in said {
            let (seq, time, again) = (*seq, *time, false);
            let done = match (file, label.strip_prefix('@')) {
                (Some(FileId(file)), _) => Done::Finish { room: Arc::clone(label), seq, time, file: *file, again },
                (None, Some(to)) => Done::Msg { to: Arc::from(to), seq, time, away: None, again },
                (None, None) => Done::Say { room: Arc::clone(label), seq, time, again },
            };
            tags.put(tag.clone(), done, most);
        }
        tags
    }

    /// The answer to the command with this tag, if the tag was used before.
    pub fn get(&self, tag: &Tag) -> Option<&Done> {
        self.made.get(tag)
    }

    /// Forgets `tag`, as if it had not been used.
    pub fn forget(&mut self, tag: &Tag) {
        if self.made.remove(tag).is_some() {
            self.order.retain(|other| other != tag);
        }
    }

    /// Remembers the answer to `tag`, and forgets the oldest tags above `most`.
    pub fn put(&mut self, tag: Tag, done: Done, most: usize) {
        if self.made.insert(tag.clone(), done).is_none() {
            self.order.push_back(tag);
        }
        while self.order.len() > most {
            self.order.pop_front().and_then(|oldest| self.made.remove(&oldest));
        }
    }
}

/// What a guest had in a room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub place: PlaceId,
    /// How often the room had been emptied then.
    pub emptied: u64,
    pub role: Option<Role>,
    pub voice: bool,
}

/// What is remembered of a lost session, until it comes back or its time is over.
#[derive(Debug)]
pub(super) struct Lost {
    /// When it was lost.
    pub time: Millis,
    /// The name it had.
    pub nick: Nick,
    /// The person of the session.
    pub identity: Identity,
    pub resume_id: ResumeId,
    /// Whether the resume number is in the database.
    pub resume_stored: bool,
    pub tags: Tags,
    /// The roles and voices of a guest.
    pub standings: Vec<Standing>,
}

/// The session that a token brings back.
#[derive(Debug)]
enum Owner {
    /// A session that is connected.
    Here(SessionId),
    /// A session that is lost.
    Lost(Box<Lost>),
}

/// All tokens.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    owners: HashMap<Arc<str>, Owner>,
    /// Tokens of lost sessions, the oldest first. Some may have been used since.
    lost: VecDeque<(Millis, Arc<str>)>,
}

impl Tokens {
    /// Notes that `token` belongs to a session that is connected.
    pub fn bind(&mut self, token: Arc<str>, session: SessionId) {
        self.owners.insert(token, Owner::Here(session));
    }

    /// The session of `token`, if it is still connected.
    pub fn session_of(&self, token: &str) -> Option<SessionId> {
        match self.owners.get(token) {
            Some(Owner::Here(session)) => Some(*session),
            Some(Owner::Lost(..)) | None => None,
        }
    }

    /// What is remembered of the lost session of `token`.
    pub fn recent(&mut self, token: &str, now: Millis, limits: &Limits) -> Option<&Lost> {
        self.expire(now, limits);
        match self.owners.get(token) {
            Some(Owner::Lost(lost)) => Some(lost),
            Some(Owner::Here(_)) | None => None,
        }
    }

    /// Takes out what is remembered of the lost session of `token`. The token is used up then.
    pub fn redeem(&mut self, token: &str, now: Millis, limits: &Limits) -> Option<(Arc<str>, Lost)> {
        self.expire(now, limits);
        match self.owners.remove_entry(token) {
            Some((token, Owner::Lost(lost))) => Some((token, *lost)),
            // A connected session keeps its token.
            Some((token, here @ Owner::Here(_))) => {
                self.owners.insert(token, here);
                None
            }
            None => None,
        }
    }

    /// Forgets `token`: its session said goodbye.
    pub fn forget(&mut self, token: &str) {
        self.owners.remove(token);
    }

    /// Remembers a session that was lost without a goodbye.
    pub fn park(&mut self, token: Arc<str>, lost: Lost, limits: &Limits) {
        let now = lost.time;
        self.owners.insert(Arc::clone(&token), Owner::Lost(Box::new(lost)));
        self.lost.push_back((now, token));
        self.expire(now, limits);
    }

    /// Forgets all lost sessions of `identity`: the account was deleted, or has another password.
    pub fn forget_lost(&mut self, identity: Identity) {
        self.owners.retain(|_, owner| !matches!(owner, Owner::Lost(lost) if lost.identity == identity));
    }

    fn expire(&mut self, now: Millis, limits: &Limits) {
        let resume = Millis::try_from(limits.resume.as_millis()).unwrap_or(Millis::MAX);
        while let Some((time, token)) = self.lost.front() {
            if self.lost.len() <= limits.resumes && now - time <= resume {
                return;
            }
            // The session may have come back and been lost again later.
            if matches!(self.owners.get(token), Some(Owner::Lost(lost)) if lost.time == *time) {
                self.owners.remove(token);
            }
            self.lost.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Lost {
        let nick = Nick::parse("anna").unwrap();
        Lost {
            time: 0,
            nick,
            identity: Identity::Guest(ResumeId(1)),
            resume_id: ResumeId(1),
            resume_stored: false,
            tags: Tags::default(),
            standings: Vec::new(),
        }
    }

    #[test]
    fn the_oldest_tag_is_forgotten_first() {
        let mut tags = Tags::default();
        for tag in ["a", "b", "a", "c"] {
            tags.put(Tag(tag.into()), Done::Back, 2);
        }
        assert_eq!(["a", "b", "c"].map(|tag| tags.get(&Tag(tag.into())).is_some()), [false, true, true]);
    }

    #[test]
    fn a_token_brings_its_owner_back_once_and_not_after_its_time() {
        let limits = Limits::default();
        let end = 600_000;
        for (now, found) in [(end, true), (end + 1, false)] {
            let mut tokens = Tokens::default();
            tokens.park("x".into(), lost(), &limits);
            assert_eq!(tokens.redeem("x", now, &limits).is_some(), found, "{now}");
            assert!(tokens.redeem("x", now, &limits).is_none());
        }
    }

    #[test]
    fn of_too_many_lost_sessions_the_oldest_is_forgotten() {
        let limits = Limits { resumes: 2, ..Limits::default() };
        let mut tokens = Tokens::default();
        for token in ["a", "b", "c"] {
            tokens.park(token.into(), lost(), &limits);
        }
        assert!(tokens.redeem("a", 0, &limits).is_none());
        assert!(tokens.redeem("c", 0, &limits).is_some());
        assert_eq!(tokens.owners.len(), 1);
    }
}
