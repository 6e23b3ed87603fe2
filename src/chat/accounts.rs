//! Names that belong to somebody, and becoming that somebody: register, log in, log out. Runs under the chat lock; knows no passwords, only that one was right.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::effects::Effects;
use super::name_index::NameIndex;
use super::outbox::Ending;
use super::restrictions::BanSubject;
use super::{Ask, LoggedIn, PersonId, SessionId, State};
use crate::answer::Done;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, Identity, PlaceId, Role, Target};
use crate::model::{CloseReason, Millis, Seq};
use crate::names::{self, Nick};
use crate::record::{AccountRecord, Record, ResumeRecord};
use crate::wire::Letter;

/// All accounts, by number, by name and by the look of the name.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    ids: HashMap<AccountId, AccountRecord>,
    names: NameIndex<AccountId>,
    /// How many private conversations each has, if it has any.
    conversations: HashMap<AccountId, usize>,
    /// The rooms in which each has a role, if it has any: nobody looks through all rooms because of one account.
    held: HashMap<AccountId, BTreeSet<PlaceId>>,
    /// When an account got another password, in this run of the server.
    changed: HashMap<AccountId, Millis>,
}

impl Accounts {
    pub fn get(&self, id: AccountId) -> Option<&AccountRecord> {
        self.ids.get(&id)
    }

    /// Notes that an account has another password from now on.
    pub fn has_changed(&mut self, id: AccountId, now: Millis) {
        self.changed.insert(id, now);
    }

    /// Whether an account got another password after this time. What was proven
    /// or read before that is not true any more, though it comes only now.
    pub fn changed_after(&self, id: AccountId, time: Millis) -> bool {
        self.changed.get(&id).is_some_and(|changed| *changed > time)
    }

    /// How many changes of a password are remembered: for tests.
    #[cfg(test)]
    pub fn changed(&self) -> usize {
        self.changed.len()
    }

    /// The account of exactly this name.
    pub fn named(&self, nick: &Nick) -> Option<&AccountRecord> {
        self.ids.get(&self.names.named(nick)?)
    }

    /// Whose this name is, or one that looks like it.
    pub fn owner(&self, nick: &Nick) -> Option<AccountId> {
        self.names.owner(nick)
    }

    pub fn is_op(&self, identity: Identity) -> bool {
        matches!(identity, Identity::Account(id) if self.ids.get(&id).is_some_and(|account| account.op))
    }

    pub fn has_op(&self) -> bool {
        self.ids.values().any(|account| account.op)
    }

    pub fn count(&self) -> usize {
        self.ids.len()
    }

    pub fn insert(&mut self, account: AccountRecord) {
        self.names.claim(&account.nick, account.id);
        self.ids.insert(account.id, account);
    }

    /// Notes an account's role in a room, or that it has none any more; a guest's role is not noted.
    pub fn holds(&mut self, identity: Identity, place: PlaceId, role: Option<Role>) {
        let Identity::Account(id) = identity else { return };
        if role.is_some() {
            self.held.entry(id).or_default().insert(place);
        } else if let Some(places) = self.held.get_mut(&id) {
            places.remove(&place);
            if places.is_empty() {
                self.held.remove(&id);
            }
        }
    }

    /// The rooms in which an account has a role.
    pub fn held(&self, id: AccountId) -> impl Iterator<Item = PlaceId> {
        self.held.get(&id).into_iter().flatten().copied()
    }

    /// How many private conversations an account has.
    pub fn conversations(&self, id: AccountId) -> usize {
        self.conversations.get(&id).copied().unwrap_or(0)
    }

    /// Takes what was found of the conversations.
    pub fn found_conversations(&mut self, found: Vec<(AccountId, usize)>) {
        self.conversations = found.into_iter().collect();
    }

    /// Counts one more conversation of an account, or one less.
    pub fn count_conversation(&mut self, id: AccountId, more: bool) {
        let count = self.conversations.entry(id).or_default();
        *count = if more { *count + 1 } else { count.saturating_sub(1) };
    }

    pub fn remove(&mut self, id: AccountId) {
        self.conversations.remove(&id);
        self.changed.remove(&id);
        self.held.remove(&id);
        if let Some(account) = self.ids.remove(&id) {
            self.names.free(&account.nick);
        }
    }

    pub fn set_op(&mut self, id: AccountId, op: bool) {
        if let Some(account) = self.ids.get_mut(&id) {
            account.op = op;
        }
    }
}

impl State {
    /// The account the asking person is logged in to.
    pub(super) fn own_account(&self, ask: &Ask<'_>) -> Result<AccountId, ChatError> {
        if ask.write_queue.is_none() {
            return Err(ChatError::NothingKept);
        }
        self.registry.person(ask.person).and_then(|person| person.account()).ok_or(ChatError::LoginFirst)
    }

    /// Checks that an account can be made of the name the asking person has.
    pub(super) fn may_register(&self, ask: &Ask<'_>) -> Result<(), ChatError> {
        let person = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?;
        if ask.write_queue.is_none() {
            return Err(ChatError::NothingKept);
        }
        if person.account().is_some() {
            return Err(ChatError::LoggedIn(person.nick.clone()));
        }
        if self.registry.accounts.count() >= ask.limits.accounts {
            return Err(ChatError::AccountsFull(ask.limits.accounts));
        }
        Ok(())
    }

    /// Makes an account of the name the asking person has; `hash` is what its password became.
    #[inline(never)]
    pub(super) fn register(&mut self, ask: &Ask<'_>, hash: Arc<str>, effects: &mut Effects) -> Result<(), ChatError> {
        self.may_register(ask)?;
        let person = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?;
        self.registry.free(&person.nick, Some(ask.person), person.identity)?;
        let (nick, shown) = (person.nick.clone(), Arc::clone(&person.shown));
        self.last.account += 1;
        let id = AccountId(self.last.account);
        let account = AccountRecord { id, nick, made: ask.now, op: false };
        self.registry.accounts.insert(account.clone());
        ask.keep(Record::Account(account, hash));
        let guest = self.registry.person(ask.person).map(|person| person.identity);
        // All targets of the curbs are followed, because the new account is this same person.
        let suspect = self.suspect(ask)?;
        self.restrictions.follow(&suspect, |_| true, &[Target::Account(id), Target::Resume(suspect.resume_id)], ask);
        self.become_account(ask, id);
        if let Some(guest) = guest {
            self.take_conversations_along(ask, guest, Identity::Account(id));
        }
        self.store_resumes(ask, ask.person);
        ask.answer_kept(Done::Register { nick: shown }, Record::Barrier, effects);
        Ok(())
    }

    /// The asking guest is that account from here on: the rooms they are in are its own, with what they may do there.
    fn become_account(&mut self, ask: &Ask<'_>, id: AccountId) {
        let Some(person) = self.registry.person(ask.person) else { return };
        let (guest, rooms, invited) = (person.identity, person.rooms.clone(), person.invited.clone());
        self.registry.becomes(ask.person, Identity::Account(id));
        for name in invited {
            let Some(room) = self.rooms.get_mut(name.key()) else { continue };
            // Also of a room in which they are not yet.
            if let Some(role) = room.roles.remove(&guest)
                && room.roles.get(&Identity::Account(id)) < Some(&role)
            {
                room.keep(ask);
                room.give_role(ask, Identity::Account(id), Some(role));
                self.registry.accounts.holds(Identity::Account(id), room.place, Some(role));
            }
        }
        for name in &rooms {
            let Some(room) = self.rooms.get_mut(name.key()) else { continue };
            room.keep(ask);
            if let Some(role) = room.roles.remove(&guest)
                && room.roles.get(&Identity::Account(id)) < Some(&role)
            {
                room.give_role(ask, Identity::Account(id), Some(role));
                self.registry.accounts.holds(Identity::Account(id), room.place, Some(role));
            }
            let (place, seq) = (room.place, room.seq());
            self.add_membership(ask, ask.person, place, seq);
        }
    }

    /// Notes a place as an account's own, read up to `seq`, unless it is that already.
    pub(super) fn add_membership(&mut self, ask: &super::Here<'_>, person: PersonId, place: PlaceId, seq: u64) {
        if let Some(person) = self.registry.person_mut(person)
            && let Some(account) = person.account()
            && !person.memberships.contains_key(&place)
        {
            person.memberships.insert(place, seq);
            ask.keep(Record::Membership(account, place, seq));
        }
    }

    /// Keeps the stays of a person's sessions, so that their tokens work after a restart.
    pub(super) fn store_resumes(&mut self, here: &super::Here<'_>, person: PersonId) {
        let sessions = self.registry.person(person).map_or(Vec::new(), |person| person.sessions.clone());
        sessions.into_iter().for_each(|session| self.store_resume(here, session));
    }

    /// Keeps the stay of one session.
    pub(super) fn store_resume(&mut self, here: &super::Here<'_>, id: SessionId) {
        let Some(session) =
            self.registry.session_mut(id).filter(|session| !session.replaced && !session.token.is_empty())
        else {
            return;
        };
        session.resume_stored = true;
        let (resume_id, token, person) = (session.resume_id, session.token_hash, session.person);
        let Some(person) = self.registry.person(person) else { return };
        let record =
            ResumeRecord { id: resume_id, token, account: person.account(), nick: person.nick.clone(), seen: here.now };
        here.keep(Record::Resume(record));
    }

    /// Makes the asking session one of an account, whose password was right.
    /// Returns where it has to go in, beside the rooms it is in already.
    #[inline(never)]
    pub(super) fn login(
        &mut self,
        ask: &Ask<'_>,
        (account, own, asked): (AccountId, Vec<(PlaceId, Seq)>, Millis),
        effects: &mut Effects,
    ) -> Result<LoggedIn, ChatError> {
        let person = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?;
        if person.account().is_some() {
            return Err(ChatError::LoggedIn(person.nick.clone()));
        }
        let nick = self.registry.accounts.get(account).map(|account| account.nick.clone());
        let nick =
            nick.filter(|_| !self.registry.accounts.changed_after(account, asked)).ok_or(ChatError::LoginFailed)?;
        let guest = self.suspect(ask)?;
        self.check_server_ban(ask, &BanSubject { identity: Identity::Account(account), ..guest.clone() })?;
        // Who only comes from the same address, or has the same name, may well be another.
        self.restrictions.follow(
            &guest,
            |target| matches!(target, Target::Resume(_)),
            &[Target::Account(account)],
            ask,
        );
        let already = person.rooms.clone();
        let (id, already) = match self.registry.here(Identity::Account(account)) {
            Some(here) => {
                self.move_session(ask, here, "logged in", effects);
                (here, Vec::new())
            }
            None => {
                self.make_way(ask, &nick, Some(ask.person), effects);
                if let Some(person) = self.registry.person_mut(ask.person) {
                    person.knows_own(&own);
                }
                self.become_account(ask, account);
                self.give_name(ask.person, &nick, |session| session == ask.session, ask, effects)?;
                (ask.person, already)
            }
        };
        self.leave_where_banned(&self.ask(ask.session, None, ask.here)?, effects);
        self.store_resume(ask, ask.session);
        let shown: Arc<str> = Arc::from(nick.shown());
        ask.answer(Done::Login { nick: Arc::clone(&shown), resume: None }, effects);
        let mut rooms = self.rooms_of(id, &own);
        // Those it was in already are shown to it.
        rooms.retain(|room| !already.contains(room));
        Ok(LoggedIn { nick: shown, rooms, account: Some(account) })
    }

    /// The rooms of a person: those they are in, and those that are their own.
    pub(super) fn rooms_of(&self, person: PersonId, own: &[(PlaceId, Seq)]) -> Vec<names::RoomName> {
        let mut rooms = self.registry.person(person).map_or(Vec::new(), |person| person.rooms.clone());
        let kept = own.iter().filter_map(|(place, _)| self.rooms.get(self.places.get(place)?));
        for room in kept {
            if !rooms.contains(&room.name) {
                rooms.push(room.name.clone());
            }
        }
        rooms
    }

    /// Renames the guests that have a name to which somebody else has the right.
    #[inline(never)]
    pub(super) fn make_way(
        &mut self,
        here: &super::Here<'_>,
        nick: &Nick,
        rightful: Option<PersonId>,
        effects: &mut Effects,
    ) {
        for id in self.registry.holders(nick) {
            if Some(id) == rightful || self.registry.person(id).is_none_or(|person| person.account().is_some()) {
                continue;
            }
            let free = names::suggest(nick.shown(), |near| self.registry.taken(near));
            let free = free.unwrap_or_else(|| self.registry.offer(here.now.unsigned_abs()));
            // It is free: it was just found so.
            let _ = self.give_name(id, &free, |_| false, here, effects);
            let text = format!("{nick} belongs to an account, and its owner is here; you are {free} now");
            let notice = Arc::new(Letter::new(Event::Notice { text: text.into() }));
            let renamed = Arc::new(Letter::new(Event::Nick {
                old: Arc::from(nick.shown()),
                new: Arc::from(free.shown()),
                time: here.now,
            }));
            let in_a_room = self.registry.person(id).is_some_and(|person| !person.rooms.is_empty());
            for (_, outbox) in self.registry.outboxes(id) {
                if !in_a_room {
                    effects.tell(outbox, &renamed);
                }
                effects.tell(outbox, &notice);
            }
        }
    }

    /// Takes the asking session away from its person, and so out of the rooms,
    /// and gives it to `to`, with a seat in every room `to` is in.
    #[inline(never)]
    pub(super) fn move_session(&mut self, ask: &Ask<'_>, to: PersonId, why: &str, effects: &mut Effects) {
        let rooms = self.registry.person(ask.person).map_or(Vec::new(), |person| person.rooms.clone());
        for room in rooms.iter().filter_map(|name| self.rooms.get(name.key())) {
            effects.tell_event(&ask.outbox, Event::Left { room: Arc::clone(&room.shown) });
        }
        let ending = Ending { reason: CloseReason::Quit, text: Some(Arc::from(why)) };
        let Some(mut session) = self.part(ask.session, ending, ask, effects) else { return };
        session.person = to;
        session.current = None;
        let outbox = Arc::clone(&session.outbox);
        self.registry.attach(ask.session, session);
        let rooms = self.registry.person(to).map_or(Vec::new(), |person| person.rooms.clone());
        for room in rooms {
            if let Some(room) = self.rooms.get_mut(room.key()) {
                room.seat(ask.session, &outbox);
            }
        }
    }

    /// Makes the asking session a guest's, with a free name near the one it had.
    #[inline(never)]
    pub(super) fn logout(&mut self, ask: &Ask<'_>, why: &str, effects: &mut Effects) -> Result<LoggedIn, ChatError> {
        let person = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?;
        if person.account().is_none() {
            return Err(ChatError::LoginFirst);
        }
        let free = names::suggest(person.nick.shown(), |near| self.registry.taken(near));
        let free = free.unwrap_or_else(|| self.registry.offer(ask.session.0));
        let resume_id =
            self.registry.session(ask.session).map(|session| session.resume_id).ok_or(ChatError::NameFirst)?;
        let suspect = self.suspect(ask)?;
        let guest = self.registry.claim(&free, Identity::Guest(resume_id), ask.now)?;
        let certain: fn(&Target) -> bool = |target| matches!(target, Target::Account(_) | Target::Resume(_));
        self.restrictions.follow(&suspect, certain, &suspect.lasting(), ask);
        self.move_session(ask, guest, why, effects);
        self.store_resume(ask, ask.session);
        let rooms = vec![ask.lobby.clone()];
        Ok(LoggedIn { nick: Arc::from(free.shown()), rooms, account: None })
    }

    /// Makes the asking person's account an op of the server, if `code` is the one the server printed.
    pub(super) fn claim(&mut self, ask: &Ask<'_>, code: &str, effects: &mut Effects) -> Result<(), ChatError> {
        let id = self.own_account(ask)?;
        if self.claim.as_deref() != Some(code) {
            return Err(ChatError::ClaimFailed);
        }
        self.claim = None;
        self.registry.accounts.set_op(id, true);
        ask.answer_kept(Done::Claim, Record::ServerOp(id, true), effects);
        Ok(())
    }
}
