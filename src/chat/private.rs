//! Private conversations of two people: what is said in them, and their numbers. Runs under the chat lock.

use std::sync::Arc;

use super::effects::Effects;
use super::need::{Need, Readable, Step};
use super::{Ask, Here, PersonId, State};
use crate::answer::Done;
use crate::command::Place;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{FileInfo, Message};
use crate::model::{Identity, Pair, PlaceId};
use crate::names::Nick;
use crate::record::{Record, StoredMessage};
use crate::wire::Letter;

impl State {
    /// Writes to somebody, who may be an account that is not here.
    pub(super) fn msg(
        &mut self,
        ask: &Ask<'_>,
        to: &Nick,
        text: Arc<str>,
        effects: &mut Effects,
    ) -> Result<Step, ChatError> {
        let (identity, person) = self.somebody(to).ok_or_else(|| ChatError::NoSuchNick(to.shown().to_owned()))?;
        self.write_to(ask, identity, person, text, effects)
    }

    /// Writes to whoever wrote last.
    pub(super) fn reply(&mut self, ask: &Ask<'_>, text: Arc<str>, effects: &mut Effects) -> Result<Step, ChatError> {
        let to = self.registry.person(ask.person).and_then(|person| person.correspondent);
        let to = to.ok_or(ChatError::NobodyToReplyTo)?;
        let person = self.registry.here(to);
        let lasts = matches!(to, Identity::Account(id) if self.registry.accounts.get(id).is_some());
        if person.is_none() && !lasts {
            return Err(ChatError::NobodyToReplyTo);
        }
        self.write_to(ask, to, person, text, effects)
    }

    #[inline(never)]
    fn write_to(
        &mut self,
        ask: &Ask<'_>,
        to: Identity,
        person: Option<PersonId>,
        text: Arc<str>,
        effects: &mut Effects,
    ) -> Result<Step, ChatError> {
        if self.said_before(ask, effects) {
            return Ok(Step::Done);
        }
        let message = match self.say_privately(ask, to, person, text, None, effects)? {
            Ok(message) => message,
            Err(need) => return Ok(Step::Needs(need)),
        };
        let away = person.and_then(|id| self.registry.person(id)).and_then(|person| person.away.clone());
        let to = Arc::from(message.room.trim_start_matches('@'));
        let done = Done::Msg { to, seq: message.seq, time: ask.now, away, again: false };
        self.done_once(ask, done, effects);
        Ok(Step::Done)
    }

    /// Says something to one person: it gets its number, both sides hear it,
    /// and it is on its way to be kept. The message's `room` is as the speaker sees it.
    #[inline(never)]
    pub(super) fn say_privately(
        &mut self,
        ask: &Ask<'_>,
        to: Identity,
        reader: Option<PersonId>,
        text: Arc<str>,
        file: Option<Arc<FileInfo>>,
        effects: &mut Effects,
    ) -> Result<Result<Arc<Message>, Need>, ChatError> {
        let speaker = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?;
        let (from, identity) = (Arc::clone(&speaker.shown), speaker.identity);
        let name = match (reader.and_then(|id| self.registry.person(id)), to) {
            (Some(reader), _) => Arc::clone(&reader.shown),
            (None, Identity::Account(id)) => {
                let account = self.registry.accounts.get(id).ok_or(ChatError::NobodyToReplyTo)?;
                Arc::from(account.nick.shown())
            }
            (None, Identity::Guest(_)) => return Err(ChatError::NobodyToReplyTo),
        };
        let key = Pair::new(identity, to);
        if ask.write_queue.is_some() && !self.conversations.contains_key(&key) {
            return Ok(Err(self.unknown_conversation(identity, to)));
        }
        let place = self.begin_conversation(ask, (identity, to), (&from, &name))?;
        self.reopen_conversation(ask, key, place);
        let conversation = self.conversations.entry(key).or_default();
        conversation.seq += 1;
        let seq = conversation.seq;
        let message = Arc::new(Message {
            room: format!("@{name}").into(),
            seq,
            from: Arc::clone(&from),
            text: Arc::clone(&text),
            time: ask.now,
            me: false,
            file: file.clone(),
            deleted: false,
        });
        let added = ask.keep_counted(Record::Message(StoredMessage { place, identity, message: Arc::clone(&message) }));
        self.conversations.entry(key).or_default().added = added;
        let event = Event::Private { from, to: name, seq, text, time: ask.now, file };
        let letter = Arc::new(Letter::new(event));
        let own = self
            .registry
            .outboxes(ask.person)
            .filter(|(session, _)| reader != Some(ask.person) && !ask.skips_own(*session));
        let theirs = reader.into_iter().flat_map(|id| self.registry.outboxes(id));
        for (_, outbox) in theirs.chain(own) {
            effects.tell(outbox, &letter);
        }
        if let Some(reader) = reader.and_then(|id| self.registry.person_mut(id)) {
            reader.correspondent = Some(identity);
        }
        self.registry.spoke(ask.person, place, seq);
        Ok(Ok(message))
    }

    /// The number of a conversation; one that begins gets it now.
    fn begin_conversation(
        &mut self,
        ask: &Ask<'_>,
        (identity, to): (Identity, Identity),
        names: (&Arc<str>, &Arc<str>),
    ) -> Result<PlaceId, ChatError> {
        let key = Pair::new(identity, to);
        let known = self.conversations.get(&key).and_then(|conversation| conversation.place);
        if known.is_none() {
            self.may_begin(ask, identity, to)?;
        }
        for (one, other) in [(identity, to), (to, identity)] {
            if let Some(person) = self.registry.here(one).and_then(|id| self.registry.person_mut(id)) {
                person.conversations.insert(other);
            }
        }
        if let Some(place) = known {
            return Ok(place);
        }
        self.last.place += 1;
        let place = PlaceId(self.last.place);
        self.conversations.entry(key).or_default().place = Some(place);
        for one in [identity, to] {
            if let (Identity::Guest(_), Some(person)) = (one, self.registry.here(one)) {
                self.store_resumes(ask, person);
            }
        }
        let nicks = if key.both()[0] == identity { (names.0, names.1) } else { (names.1, names.0) };
        let nicks = (Arc::clone(nicks.0), Arc::clone(nicks.1));
        ask.keep(Record::Conversation { place, between: key, nicks });
        for one in [identity, to] {
            if let Identity::Account(account) = one {
                ask.keep(Record::Membership(account, place, 0));
                self.registry.accounts.count_conversation(account, true);
                if let Some(person) = self.registry.here(one).and_then(|id| self.registry.person_mut(id)) {
                    person.memberships.entry(place).or_default();
                }
            }
        }
        Ok(place)
    }

    /// Refuses to begin a conversation with an account that has too many; guests have half of the number.
    fn may_begin(&self, ask: &Ask<'_>, identity: Identity, to: Identity) -> Result<(), ChatError> {
        let most = ask.limits.conversations;
        let most = if matches!(identity, Identity::Guest(_)) { most / 2 } else { most };
        for one in [identity, to] {
            if let Identity::Account(id) = one
                && self.registry.accounts.conversations(id) >= most
                && let Some(account) = self.registry.accounts.get(id)
            {
                return Err(ChatError::ConversationsFull(account.nick.clone()));
            }
        }
        Ok(())
    }

    /// Something is said in a conversation that one of the two had ended: it is among theirs again, read up to here.
    fn reopen_conversation(&mut self, ask: &Ask<'_>, key: Pair, place: PlaceId) {
        let Some(conversation) = self.conversations.get_mut(&key).filter(|found| !found.closed.is_empty()) else {
            return;
        };
        let seq = conversation.seq;
        for account in std::mem::take(&mut conversation.closed) {
            ask.keep(Record::Membership(account, place, seq));
            self.registry.accounts.count_conversation(account, true);
            let here = self.registry.here(Identity::Account(account));
            if let Some(person) = here.and_then(|id| self.registry.person_mut(id)) {
                person.memberships.insert(place, seq);
            }
        }
    }

    /// Ends a conversation for the asking account. When the other one has
    /// ended it, too, or was a guest who is gone, what was said in it ends with it.
    pub(super) fn close_conversation(
        &mut self,
        ask: &Ask<'_>,
        with: &Nick,
        effects: &mut Effects,
    ) -> Result<Step, ChatError> {
        let account = self.own_account(ask)?;
        let Readable { place, label, identity, with } = match self.place_of(ask, Some(&Place::With(with.clone())))? {
            Ok(readable) => readable,
            Err(need) => return Ok(Step::Needs(need)),
        };
        let key = Pair::new(identity, with.unwrap_or(identity));
        let Some(conversation) = self.conversations.get_mut(&key) else { return Err(ChatError::Closing) };
        let is_over = match with {
            Some(Identity::Account(other)) if other != account => conversation.closed.contains(&other),
            _ => with == Some(identity),
        };
        if conversation.closed.contains(&account) {
            return Err(ChatError::NoConversation(Nick::parse(label.trim_start_matches('@'))?));
        }
        conversation.closed.push(account);
        self.registry.accounts.count_conversation(account, false);
        if let Some(person) = self.registry.person_mut(ask.person) {
            person.memberships.remove(&place);
            person.spoke.remove(&place);
        }
        let record = if is_over {
            self.conversations.remove(&key);
            self.ended(key);
            Record::PlaceDeleted(place)
        } else {
            Record::MembershipEnded(account, place)
        };
        ask.answer_kept(Done::Close { room: label }, record, effects);
        Ok(Step::Done)
    }

    /// What somebody said in private as a guest is theirs as the account they have become.
    pub(super) fn take_conversations_along(&mut self, ask: &Ask<'_>, guest: Identity, account: Identity) {
        let (Identity::Guest(resume_id), Identity::Account(id)) = (guest, account) else { return };
        ask.keep(Record::Became(resume_id, id));
        let others = self.registry.person(ask.person).map_or(Vec::new(), |p| p.conversations.iter().copied().collect());
        for other in others {
            let Some(conversation) = self.conversations.remove(&Pair::new(guest, other)) else { continue };
            if let Some(place) = conversation.place {
                self.add_membership(ask, ask.person, place, conversation.seq);
                self.registry.accounts.count_conversation(id, true);
            }
            let other = if other == guest { account } else { other };
            if let Some(person) = self.registry.here(other).and_then(|id| self.registry.person_mut(id)) {
                person.conversations.remove(&guest);
                person.conversations.insert(account);
                // Whoever was written to by the guest answers to the account now.
                if person.correspondent == Some(guest) {
                    person.correspondent = Some(account);
                }
            }
            self.conversations.insert(Pair::new(account, other), conversation);
        }
    }

    /// Forgets the conversations of somebody who went, unless the other one
    /// is here; and not before the database knows all of them.
    pub(super) fn forget_conversations(
        &mut self,
        identity: Identity,
        with: impl IntoIterator<Item = Identity>,
        here: &Here<'_>,
    ) {
        self.forget_kept(here);
        for other in with {
            self.forget_conversation(identity, other, here);
        }
    }

    /// What must be read of a conversation that is not known here; `one` asks.
    pub(super) fn unknown_conversation(&self, one: Identity, other: Identity) -> Need {
        Need::Conversation { between: (one, other), reading: self.reading(one) }
    }
}
