//! What is remembered of a person by their resume token: the tags of what they said, so that nothing is said twice. Knows no rooms and no sessions.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::PersonId;
use crate::event::{Done, Millis, Tag};
use crate::limits::Limits;
use crate::names::Nick;

/// The last tags of one person, and what each of them made.
#[derive(Debug, Default)]
pub(super) struct Tags {
    made: HashMap<Tag, Done>,
    order: VecDeque<Tag>,
}

impl Tags {
    /// What this tag made, if it was used before.
    pub fn get(&self, tag: &Tag) -> Option<&Done> {
        self.made.get(tag)
    }

    /// Remembers what `tag` made, and forgets the oldest above `most`.
    pub fn put(&mut self, tag: Tag, done: Done, most: usize) {
        if self.made.insert(tag.clone(), done).is_none() {
            self.order.push_back(tag);
        }
        while self.order.len() > most {
            self.order.pop_front().and_then(|oldest| self.made.remove(&oldest));
        }
    }
}

/// Whom a token brings back.
#[derive(Debug)]
enum Owner {
    /// Somebody who is here.
    Here(PersonId),
    /// Somebody who went at that time, their name, and what they had said.
    Gone(Millis, Nick, Tags),
}

/// All tokens.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    owners: HashMap<Arc<str>, Owner>,
    /// Tokens of those who went, the oldest first; some may be used up since.
    gone: VecDeque<(Millis, Arc<str>)>,
}

impl Tokens {
    /// Notes that `token` brings back somebody who is here.
    pub fn here(&mut self, token: Arc<str>, person: PersonId) {
        self.owners.insert(token, Owner::Here(person));
    }

    /// Whom `token` brings back among those who are still here, on an older connection.
    pub fn owner(&self, token: &str) -> Option<PersonId> {
        match self.owners.get(token) {
            Some(Owner::Here(person)) => Some(*person),
            Some(Owner::Gone(..)) | None => None,
        }
    }

    /// The name of somebody who went not long ago and had this `token`.
    pub fn nick(&mut self, token: &str, now: Millis, limits: &Limits) -> Option<Nick> {
        self.expire(now, limits);
        match self.owners.get(token) {
            Some(Owner::Gone(_, nick, _)) => Some(nick.clone()),
            Some(Owner::Here(_)) | None => None,
        }
    }

    /// Uses up the `token` of somebody who went not long ago.
    pub fn redeem(&mut self, token: &str, now: Millis, limits: &Limits) -> Option<(Arc<str>, Tags)> {
        self.nick(token, now, limits)?;
        match self.owners.remove_entry(token) {
            Some((token, Owner::Gone(_, _, tags))) => Some((token, tags)),
            Some((_, Owner::Here(_))) | None => None,
        }
    }

    /// Forgets `token`: its owner left for good.
    pub fn forget(&mut self, token: &str) {
        self.owners.remove(token);
    }

    /// Keeps the tags of somebody who went without saying goodbye.
    pub fn gone(&mut self, token: Arc<str>, nick: Nick, tags: Tags, now: Millis, limits: &Limits) {
        self.owners.insert(Arc::clone(&token), Owner::Gone(now, nick, tags));
        self.gone.push_back((now, token));
        self.expire(now, limits);
    }

    fn expire(&mut self, now: Millis, limits: &Limits) {
        let resume = Millis::try_from(limits.resume.as_millis()).unwrap_or(Millis::MAX);
        while let Some((went, token)) = self.gone.front() {
            if self.gone.len() <= limits.resumes && now - went <= resume {
                return;
            }
            // The token may belong to somebody who came back and went again later.
            if matches!(self.owners.get(token), Some(Owner::Gone(time, ..)) if time == went) {
                self.owners.remove(token);
            }
            self.gone.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags() -> Tags {
        let mut tags = Tags::default();
        tags.put(Tag("t".into()), Done::Back, 9);
        tags
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
            tokens.gone("x".into(), Nick::parse("anna").unwrap(), tags(), 0, &limits);
            assert_eq!(tokens.redeem("x", now, &limits).is_some(), found, "{now}");
            assert!(tokens.redeem("x", now, &limits).is_none());
        }
    }

    #[test]
    fn of_too_many_who_went_the_oldest_is_forgotten() {
        let limits = Limits { resumes: 2, ..Limits::default() };
        let mut tokens = Tokens::default();
        for token in ["a", "b", "c"] {
            tokens.gone(token.into(), Nick::parse("anna").unwrap(), tags(), 0, &limits);
        }
        assert!(tokens.redeem("a", 0, &limits).is_none());
        assert!(tokens.redeem("c", 0, &limits).is_some());
        assert_eq!(tokens.owners.len(), 1);
    }
}
