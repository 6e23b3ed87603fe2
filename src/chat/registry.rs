//! The sessions and people that are online: sessions by number, people by number, by nick and by the look of the nick. Knows rooms by number only, and takes no lock.
//!
//! A person may have several sessions; a session has one person. The maps
//! change together, in the functions here and nowhere else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::accounts::Accounts;
use super::masks;
use super::memory::{Standing, Tags};
use super::name_index::NameIndex;
use super::outbox::{Ending, Outbox};
use super::{PersonId, SessionId};
use crate::actor::{Actor, ActorParts};
use crate::answer::FactsInfo;
use crate::command::Wants;
use crate::error::ChatError;
use crate::model::{AccountId, Address, Identity, PlaceId, ResumeId};
use crate::model::{Millis, Seq};
use crate::names::{self, Nick};

/// One connection's place in the chat.
#[derive(Debug)]
pub(super) struct Session {
    pub person: PersonId,
    pub outbox: Arc<Outbox>,
    /// Whether it hears its own messages, too.
    pub echo: bool,
    /// The events that it asked for.
    pub wants: Wants,
    /// Whether it may do everything everywhere, by the password of an account that may.
    pub oper: bool,
    /// Its front, for `whois`.
    pub front: &'static str,
    /// The room in which it is talking.
    pub current: Option<PlaceId>,
    pub address: Address,
    /// The token that brings it back after a lost connection; empty if the system gave no randomness for one.
    pub token: Arc<str>,
    /// Whether another session has replaced this one, or the server has closed it: it only waits for its end.
    pub replaced: bool,
    /// Whether its peer closed the page a moment ago: the others are not told yet, because the page may only be loaded anew.
    pub lingers: bool,
    pub token_hash: [u8; 32],
    pub resume_id: ResumeId,
    /// Whether the resume number is in the database.
    pub resume_stored: bool,
    pub tags: Tags,
    /// The roles and voices of its person, if that is a guest and this was its last session.
    pub standings: Vec<Standing>,
}

impl Session {
    /// Whether it only waits for its end.
    pub fn is_ending(&self) -> bool {
        self.replaced || self.lingers
    }
}

/// A person: a guest or an account that has a nick.
#[derive(Debug)]
pub(super) struct Person {
    pub nick: Nick,
    /// The person as events carry it.
    pub face: Actor,
    pub identity: Identity,
    pub sessions: Vec<SessionId>,
    pub rooms: Vec<PlaceId>,
    /// Other rooms in which a guest has a role. Guests lose these roles when they leave.
    pub invited: HashSet<PlaceId>,
    pub away: Option<Arc<str>>,
    pub since: Millis,
    /// When the person last said or asked something.
    pub active: Millis,
    /// The person who last wrote to this person.
    pub correspondent: Option<Identity>,
    /// The other people of the private conversations that the chat has in memory.
    pub conversations: HashSet<Identity>,
    /// How often one of these conversations was ended while this person is online.
    pub ended: u64,
    /// The memberships, and how far each place is read; of accounts only.
    pub memberships: HashMap<PlaceId, Seq>,
    /// The read marks that this person moved by speaking; of accounts only.
    pub spoke: HashMap<PlaceId, Seq>,
    /// How the newest session ended, if other sessions still wait for their end.
    pub ending: Option<Ending>,
}

impl Person {
    /// What masks are compared with.
    pub fn form(&self) -> String {
        masks::form(&self.nick, &self.face, self.identity)
    }

    /// The nick as events carry it.
    pub fn shown(&self) -> &Arc<str> {
        self.face.nick()
    }

    /// The account to which this person is logged in.
    pub fn account(&self) -> Option<AccountId> {
        self.identity.account()
    }

    /// Takes the memberships that the database found; the marks in memory may be newer.
    pub fn knows_own(&mut self, found: &[(PlaceId, Seq)]) {
        for (place, read) in found {
            let known = self.memberships.entry(*place).or_default();
            *known = (*known).max(*read);
        }
    }
}

/// What others see of a new person beside the nick.
#[derive(Debug)]
pub(super) struct Look<'a> {
    pub user: &'a str,
    pub host: Box<str>,
    pub about: Option<Arc<str>>,
}

impl Look<'_> {
    /// The person with this nick, as others see that person.
    pub fn face(self, nick: &Nick, identity: Identity) -> Actor {
        let Look { user, host, about } = self;
        let registered = identity.account().is_some();
        Actor::new(ActorParts { nick: Arc::from(nick.shown()), user, host: &host, registered, about })
    }
}

/// The maps.
#[derive(Debug, Default)]
pub(super) struct Registry {
    sessions: HashMap<SessionId, Session>,
    people: HashMap<PersonId, Person>,
    names: NameIndex<PersonId>,
    identities: HashMap<Identity, PersonId>,
    /// All accounts, online or not.
    pub accounts: Accounts,
    next: u64,
    /// The most people and sessions that there were at once.
    most_people: usize,
    most_sessions: usize,
}

impl Registry {
    /// How many people have an account, and how many have none.
    pub fn kinds(&self) -> (usize, usize) {
        let accounts = self.people.values().filter(|person| person.account().is_some()).count();
        (accounts, self.people.len() - accounts)
    }

    /// How many people and sessions there are, as far as that need not be counted.
    pub fn facts(&self) -> FactsInfo {
        FactsInfo {
            people: self.people.len(),
            most_people: self.most_people,
            sessions: self.sessions.len(),
            most_sessions: self.most_sessions,
            accounts: self.accounts.len(),
            ..FactsInfo::default()
        }
    }

    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    pub fn session_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(&id)
    }

    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.get(&id)
    }

    pub fn people(&self) -> impl Iterator<Item = (PersonId, &Person)> {
        self.people.iter().map(|(id, person)| (*id, person))
    }

    /// The person of a session.
    pub fn person_in(&self, session: SessionId) -> Option<&Person> {
        self.people.get(&self.sessions.get(&session)?.person)
    }

    pub fn person_mut(&mut self, id: PersonId) -> Option<&mut Person> {
        self.people.get_mut(&id)
    }

    pub fn sessions(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.sessions.iter().map(|(id, session)| (*id, session))
    }

    /// The person with this nick.
    pub fn called(&self, nick: &Nick) -> Option<PersonId> {
        self.names.named(nick)
    }

    /// The person with this identity, if online.
    pub fn online(&self, identity: Identity) -> Option<PersonId> {
        self.identities.get(&identity).copied()
    }

    /// The same, as a value.
    pub fn person_of(&self, identity: Identity) -> Option<&Person> {
        self.people.get(self.identities.get(&identity)?)
    }

    /// The same, to be changed.
    pub fn person_of_mut(&mut self, identity: Identity) -> Option<&mut Person> {
        self.people.get_mut(self.identities.get(&identity)?)
    }

    /// Whether a person or an account has this nick, or one that looks like it.
    pub fn taken(&self, nick: &Nick) -> bool {
        self.names.owner(nick).is_some() || self.accounts.owner(nick).is_some()
    }

    /// The sessions of a person; none if the person is not online.
    pub fn sessions_of(&self, person: PersonId) -> &[SessionId] {
        self.people.get(&person).map_or(&[], |person| &person.sessions)
    }

    /// The outboxes of a person's sessions.
    pub fn outboxes(&self, person: PersonId) -> impl Iterator<Item = (SessionId, &Arc<Outbox>)> {
        self.sessions_of(person).iter().filter_map(|id| Some((*id, &self.sessions.get(id)?.outbox)))
    }

    /// Checks that `nick` is free for `person`, or for a new person, with this identity.
    pub fn free(&self, nick: &Nick, person: Option<PersonId>, identity: Identity) -> Result<(), ChatError> {
        let others = |owner: Option<PersonId>| owner.is_some() && owner != person;
        let refusal = if self.accounts.owner(nick).is_some_and(|owner| Identity::Account(owner) != identity) {
            ChatError::NickRegistered
        } else if others(self.names.named(nick)) {
            ChatError::NickInUse
        } else if others(self.names.like(nick)) {
            ChatError::NickConfusable
        } else {
            return Ok(());
        };
        Err(refusal(nick.clone(), self.near(nick, self.next)))
    }

    /// A free nick near this one; if there is none, the one that is offered for `seed`.
    pub fn near(&self, nick: &Nick, seed: u64) -> Nick {
        names::suggest(nick.shown(), |near| self.taken(near)).unwrap_or_else(|| self.offer(seed))
    }

    /// A free nick for a guest. Different seeds give different ones.
    pub fn offer(&self, seed: u64) -> Nick {
        names::offer(seed, |nick| self.taken(nick))
    }

    /// Makes a new person with a nick, if it is free.
    pub fn claim(
        &mut self,
        nick: &Nick,
        identity: Identity,
        look: Look<'_>,
        now: Millis,
    ) -> Result<PersonId, ChatError> {
        self.free(nick, None, identity)?;
        self.next += 1;
        let id = PersonId(self.next);
        self.names.claim(nick, id);
        self.identities.insert(identity, id);
        let person = Person {
            face: look.face(nick, identity),
            nick: nick.clone(),
            identity,
            sessions: Vec::new(),
            rooms: Vec::new(),
            invited: HashSet::new(),
            away: None,
            since: now,
            active: now,
            correspondent: None,
            conversations: HashSet::new(),
            ended: 0,
            memberships: HashMap::new(),
            spoke: HashMap::new(),
            ending: None,
        };
        self.people.insert(id, person);
        self.most_people = self.most_people.max(self.people.len());
        Ok(id)
    }

    /// Gives a person another nick, if it is free, in one step: the person always
    /// has exactly one nick.
    pub fn rename(&mut self, id: PersonId, nick: &Nick) -> Result<(), ChatError> {
        let Some(identity) = self.people.get(&id).map(|person| person.identity) else { return Ok(()) };
        self.free(nick, Some(id), identity)?;
        let Some(person) = self.people.get_mut(&id) else { return Ok(()) };
        self.names.rename(&person.nick, nick, id);
        person.face = person.face.with(|parts| parts.nick = Arc::from(nick.shown()));
        person.nick = nick.clone();
        Ok(())
    }

    /// Gives a person another identity, which no person online has.
    pub fn becomes(&mut self, id: PersonId, identity: Identity) {
        if let Some(person) = self.people.get_mut(&id) {
            self.identities.remove(&person.identity);
            self.identities.insert(identity, id);
            person.identity = identity;
        }
    }

    /// The people who have this nick, or one that looks like it.
    pub fn holders(&self, nick: &Nick) -> Vec<PersonId> {
        let mut holders: Vec<PersonId> = self.names.named(nick).into_iter().chain(self.names.like(nick)).collect();
        holders.dedup();
        holders
    }

    /// Adds a session to its person.
    pub fn attach(&mut self, id: SessionId, session: Session) {
        if let Some(person) = self.people.get_mut(&session.person) {
            person.sessions.push(id);
            person.ending = None;
            self.sessions.insert(id, session);
            self.most_sessions = self.most_sessions.max(self.sessions.len());
        }
    }

    /// Whether the person of a session has another one that does not only wait for its end.
    pub fn has_others(&self, id: SessionId) -> bool {
        let person = self.sessions.get(&id).map_or(&[][..], |session| self.sessions_of(session.person));
        let mut others = person.iter().filter(|other| **other != id).filter_map(|other| self.sessions.get(other));
        others.any(|other| !other.is_ending())
    }

    /// Whether all sessions of a person only wait for their end.
    pub fn are_ending(&self, person: PersonId) -> bool {
        self.sessions_of(person).iter().filter_map(|id| self.sessions.get(id)).all(Session::is_ending)
    }

    /// Notes that a person spoke, and so has read all messages before; of accounts only.
    pub fn spoke(&mut self, id: PersonId, place: PlaceId, seq: Seq) {
        if let Some(person) = self.people.get_mut(&id).filter(|person| person.account().is_some()) {
            person.spoke.insert(place, seq);
            let read = person.memberships.entry(place).or_default();
            *read = (*read).max(seq);
        }
    }

    /// Removes a session. Its person is removed and returned with it if this was the last session.
    pub fn detach(&mut self, id: SessionId) -> Option<(Session, Option<Person>)> {
        let session = self.sessions.remove(&id)?;
        let person = self.people.get_mut(&session.person)?;
        person.sessions.retain(|other| *other != id);
        if !person.sessions.is_empty() {
            return Some((session, None));
        }
        let person = self.people.remove(&session.person)?;
        self.names.free(&person.nick);
        self.identities.remove(&person.identity);
        Some((session, Some(person)))
    }

    /// Panics if the maps disagree: for tests.
    #[cfg(test)]
    pub fn check(&self) {
        assert_eq!(self.names.check(), self.people.len());
        assert_eq!(self.identities.len(), self.people.len());
        assert_eq!(self.sessions.len(), self.people.values().map(|p| p.sessions.len()).sum::<usize>());
        for (id, person) in &self.people {
            assert_eq!(self.names.named(&person.nick), Some(*id));
            assert_eq!(self.names.like(&person.nick), Some(*id));
            assert_eq!(self.identities.get(&person.identity), Some(id));
            assert!(!person.sessions.is_empty());
            assert!(person.sessions.iter().all(|session| self.sessions[session].person == *id));
        }
    }
}
