//! Private conversations of two people: what is said in them, and their numbers. Runs under the chat lock.

use std::sync::Arc;

use super::history::Readable;
use super::loads::Halt;
use super::rooms::{Manner, Words};
use super::{Change, Chat, PersonId};
use crate::answer::Done;
use crate::command::Place;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{AccountId, Identity, Kind, Message, Pair, PlaceId};
use crate::names::Nick;
use crate::record::{Record, StoredMessage};
use crate::wire::Letter;

impl Change<'_> {
    /// Writes to a person, or to an account that is not online.
    pub(super) fn msg(&mut self, to: &Nick, text: Arc<str>, kind: Kind) -> Result<(), Halt> {
        let found = self.state.addressee(to);
        let (to, reader) = found.ok_or_else(|| ChatError::NoSuchNick(to.shown().to_owned()))?;
        self.write_to(to, reader, text, kind)
    }

    /// Writes to the person who last wrote to the caller.
    pub(super) fn reply(&mut self, text: Arc<str>) -> Result<(), Halt> {
        let to = self.person()?.correspondent.ok_or(ChatError::NobodyToReplyTo)?;
        self.write_to(to, self.state.registry.online(to), text, Kind::Text)
    }

    fn write_to(&mut self, to: Identity, reader: Option<PersonId>, text: Arc<str>, kind: Kind) -> Result<(), Halt> {
        if reader.is_none() {
            self.absent_nick(to)?;
        }
        if self.said_before() {
            return Ok(());
        }
        let message = self.say_privately(to, reader, Words { text, manner: Manner::By(kind), file: None })?;
        let away = reader.and_then(|id| self.state.registry.person(id)).and_then(|person| person.away.clone());
        // A program that tells of something is not to be answered, by the server neither.
        let away = away.filter(|_| kind != Kind::Notice);
        let to = Arc::from(message.room.trim_start_matches('@'));
        self.done_once(Done::Msg { to, seq: message.seq, time: message.time, away, again: false });
        Ok(())
    }

    /// The name of a person who is not online. It must be an account.
    fn absent_nick(&self, to: Identity) -> Result<Arc<str>, ChatError> {
        let account = self.state.registry.accounts.of(to);
        account.map(|account| Arc::from(account.nick.shown())).ok_or(ChatError::NobodyToReplyTo)
    }

    /// Says something to one person: the message gets its number, both people hear
    /// it, and it is queued for the database. Its `room` is as the speaker sees it.
    pub(super) fn say_privately(
        &mut self,
        to: Identity,
        reader: Option<PersonId>,
        words: Words,
    ) -> Result<Arc<Message>, Halt> {
        let (identity, from) = (self.caller.identity, self.caller.face.clone());
        let name = match reader.and_then(|id| self.state.registry.person(id)) {
            Some(person) => Arc::clone(person.shown()),
            None => self.absent_nick(to)?,
        };
        let pair = Pair::new(identity, to);
        if self.cx.write_queue.is_some() && !self.state.conversations.contains_key(&pair) {
            return Err(self.state.unknown_conversation(identity, to));
        }
        let place = self.begin_conversation(to, &name)?;
        self.reopen_conversation(pair, place);
        let conversation = self.state.conversations.entry(pair).or_default();
        conversation.seq += 1;
        let (seq, Words { text, file, manner }) = (conversation.seq, words);
        let kind = if let Manner::By(kind) = manner { kind } else { Kind::Text };
        let (room, time) = (Arc::from(format!("@{name}")), self.cx.now);
        let event = Event::Private {
            from: from.clone(),
            to: name,
            seq,
            text: Arc::clone(&text),
            time,
            kind,
            file: file.clone(),
            place,
        };
        let message = Arc::new(Message { room, seq, from, text, time, kind, file, deleted: false, place });
        let stored = StoredMessage { place, identity, message: Arc::clone(&message) };
        conversation.added = self.cx.store_counted(Record::Message(stored));
        let letter = Arc::new(Letter::new(event));
        if let Some(id) = reader {
            self.tell_person(id, &letter, |_| false);
        }
        if reader != Some(self.caller.person) {
            self.tell_own(&letter);
        }
        if let Some(reader) = reader.and_then(|id| self.state.registry.person_mut(id))
            && kind != Kind::Notice
        {
            reader.correspondent = Some(identity);
        }
        self.state.registry.spoke(self.caller.person, place, seq);
        Ok(message)
    }

    /// Tells the caller's sessions; the calling one only if it wants to hear its own messages.
    pub(super) fn tell_own(&mut self, letter: &Arc<Letter>) {
        let (own, echo) = (self.caller.session, self.caller.echo);
        self.tell_person(self.caller.person, letter, |session| session == own && !echo);
    }

    /// The number of a conversation. If it begins now, it gets its number here.
    fn begin_conversation(&mut self, to: Identity, name: &Arc<str>) -> Result<PlaceId, ChatError> {
        let identity = self.caller.identity;
        let pair = Pair::new(identity, to);
        let known = self.state.conversations.get(&pair).and_then(|conversation| conversation.place);
        if known.is_none() {
            self.may_begin(to)?;
        }
        for (one, other) in [(identity, to), (to, identity)] {
            if let Some(person) = self.state.registry.person_of_mut(one) {
                person.conversations.insert(other);
            }
        }
        if let Some(place) = known {
            return Ok(place);
        }
        self.state.last.place += 1;
        let place = PlaceId(self.state.last.place);
        self.state.conversations.entry(pair).or_default().place = Some(place);
        for one in [identity, to] {
            if let (Identity::Guest(_), Some(person)) = (one, self.state.registry.online(one)) {
                self.store_resumes(person);
            }
        }
        let (own, other) = (Arc::clone(self.caller.face.nick()), Arc::clone(name));
        let nicks = if pair.both()[0] == identity { (own, other) } else { (other, own) };
        self.cx.store(Record::Conversation { place, between: pair, nicks });
        for one in [identity, to] {
            if let Identity::Account(account) = one {
                self.cx.store(Record::Membership(account, place, 0));
                self.state.registry.accounts.count_conversation(account, true);
                if let Some(person) = self.state.registry.person_of_mut(one) {
                    person.memberships.entry(place).or_default();
                }
            }
        }
        Ok(place)
    }

    /// Refuses to begin a conversation if an account has too many. For a guest half of them are too many.
    fn may_begin(&self, to: Identity) -> Result<(), ChatError> {
        let (identity, most) = (self.caller.identity, self.cx.limits.conversations);
        let most = if matches!(identity, Identity::Guest(_)) { most / 2 } else { most };
        let accounts = &self.state.registry.accounts;
        let mut both = [identity, to].into_iter().filter_map(|one| accounts.of(one));
        match both.find(|account| accounts.conversations(account.id) >= most) {
            Some(account) => Err(ChatError::ConversationsFull(account.nick.clone())),
            None => Ok(()),
        }
    }

    /// Called before a message is said. Accounts that had ended the conversation have it again, read up to here.
    fn reopen_conversation(&mut self, pair: Pair, place: PlaceId) {
        let Some(conversation) = self.state.conversations.get_mut(&pair) else { return };
        let seq = conversation.seq;
        for account in std::mem::take(&mut conversation.closed) {
            self.cx.store(Record::Membership(account, place, seq));
            self.state.registry.accounts.count_conversation(account, true);
            if let Some(person) = self.state.registry.person_of_mut(Identity::Account(account)) {
                person.memberships.insert(place, seq);
            }
        }
    }

    /// Ends a conversation for the caller's account. If the other account has
    /// ended it, too, the conversation is deleted with all its messages.
    pub(super) fn close_conversation(&mut self, with: &Nick) -> Result<(), Halt> {
        let account = self.own_account()?;
        let Readable { place, label, identity, with } = self.readable(Some(&Place::With(with.clone())))?;
        let other = with.unwrap_or(identity);
        let pair = Pair::new(identity, other);
        let Some(conversation) = self.state.conversations.get_mut(&pair) else { return Err(ChatError::Closing.into()) };
        let is_over = match other {
            Identity::Account(other) if other != account => conversation.closed.contains(&other),
            Identity::Account(_) | Identity::Guest(_) => other == identity,
        };
        if conversation.closed.contains(&account) {
            let nick = Nick::parse(label.trim_start_matches('@')).map_err(ChatError::from)?;
            return Err(ChatError::NoConversation(nick).into());
        }
        conversation.closed.push(account);
        self.state.registry.accounts.count_conversation(account, false);
        let person = self.person_mut()?;
        person.memberships.remove(&place);
        person.spoke.remove(&place);
        let record = if is_over {
            self.state.conversations.remove(&pair);
            self.state.ended(pair);
            Record::PlaceDeleted(place)
        } else {
            Record::MembershipEnded(account, place)
        };
        self.answer_when_stored(Done::Close { room: label }, record);
        Ok(())
    }

    /// Gives the private conversations of a guest to the account that the guest has become.
    pub(super) fn take_conversations_along(&mut self, guest: Identity, id: AccountId) -> Result<(), ChatError> {
        let (Identity::Guest(resume_id), account) = (guest, Identity::Account(id)) else { return Ok(()) };
        self.cx.store(Record::Became(resume_id, id));
        let others: Vec<Identity> = self.person()?.conversations.iter().copied().collect();
        for other in others {
            let Some(conversation) = self.state.conversations.remove(&Pair::new(guest, other)) else { continue };
            if let Some(place) = conversation.place {
                self.add_membership(self.caller.person, place, conversation.seq);
                self.state.registry.accounts.count_conversation(id, true);
            }
            let other = if other == guest { account } else { other };
            if let Some(person) = self.state.registry.person_of_mut(other) {
                person.conversations.remove(&guest);
                person.conversations.insert(account);
                // A reply to the guest goes to the account now.
                if person.correspondent == Some(guest) {
                    person.correspondent = Some(account);
                }
            }
            self.state.conversations.insert(Pair::new(account, other), conversation);
        }
        Ok(())
    }
}

impl Chat {
    /// Notes that an account's conversation with a guest who has left is over.
    pub fn conversation_over(&self, account: AccountId, guest: Identity, place: PlaceId) {
        self.change(|state| {
            state.registry.accounts.count_conversation(account, false);
            if let Some(person) = state.registry.person_of_mut(Identity::Account(account)) {
                person.memberships.remove(&place);
                person.spoke.remove(&place);
            }
            let pair = Pair::new(Identity::Account(account), guest);
            state.conversations.remove(&pair);
            state.ended(pair);
        });
    }
}
