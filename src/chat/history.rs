//! What a session may read: the rooms and conversations of its person; and the messages of a room that are in memory. Runs under the chat lock, and so reads no database.

use std::collections::HashMap;
use std::sync::Arc;

use super::effects::Effects;
use super::loads::Halt;
use super::room::Room;
use super::{Change, Chat, Conversation, PersonId, SessionId, State};
use crate::answer::History;
use crate::command::{Bound, Page, Place};
use crate::error::ChatError;
use crate::model::{AccountId, Identity, Millis, Pair, PlaceId};
use crate::names::Nick;

/// A place that a session may read, and how it is shown there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable {
    /// The place.
    pub place: PlaceId,
    /// How it is shown.
    pub label: Arc<str>,
    /// The person who asks.
    pub identity: Identity,
    /// The other person, if it is a private conversation.
    pub with: Option<Identity>,
}

/// Whether everybody may come in to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// A room without a key and without invitations, which is not hidden.
    Open,
    /// Any other room, and a private conversation.
    Private,
}

/// Everything a session may search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searchable {
    /// The account. The database knows its conversations, and they are searched too.
    pub account: Option<AccountId>,
    /// The places that the chat knows, and how they are shown.
    pub places: Vec<(PlaceId, Arc<str>)>,
}

impl State {
    /// The person of this name, online or not; the second value only if online.
    pub(super) fn addressee(&self, nick: &Nick) -> Option<(Identity, Option<PersonId>)> {
        if let Some(id) = self.registry.called(nick) {
            return Some((self.registry.person(id)?.identity, Some(id)));
        }
        self.registry.accounts.named(nick).map(|account| (Identity::Account(account.id), None))
    }

    /// The same, and how a conversation with that person is shown: with the name as its owner spells it.
    pub(super) fn addressee_shown(&self, nick: &Nick) -> Result<(Identity, Arc<str>), ChatError> {
        let found = self.addressee(nick).and_then(|(identity, _)| Some((identity, self.label_of(identity)?)));
        found.ok_or_else(|| ChatError::NoSuchNick(nick.shown().to_owned()))
    }

    /// How a conversation with a person is shown, if that person is online or has an account.
    fn label_of(&self, identity: Identity) -> Option<Arc<str>> {
        let online = self.registry.person_of(identity).map(|person| &person.nick);
        let account = self.registry.accounts.of(identity).map(|account| &account.nick);
        Some(format!("@{}", online.or(account)?.shown()).into())
    }
}

impl Change<'_> {
    /// A place that the caller may read.
    pub(super) fn readable(&self, place: Option<&Place>) -> Result<Readable, Halt> {
        match place {
            Some(Place::With(nick)) => self.readable_with(nick),
            Some(Place::Room(name)) => Ok(self.readable_room(self.own_room(Some(name))?)),
            None => Ok(self.readable_room(self.own_room(None)?)),
        }
    }

    /// The same; but an op of the server need not be in the room.
    pub(super) fn readable_or_any(&self, place: Option<&Place>) -> Result<Readable, Halt> {
        match place {
            Some(Place::Room(name)) => Ok(self.readable_room(self.own_or_any_room(Some(name))?)),
            Some(Place::With(_)) | None => self.readable(place),
        }
    }

    fn readable_room(&self, room: &Room) -> Readable {
        let (place, label) = (room.place, Arc::clone(&room.shown));
        Readable { place, label, identity: self.caller.identity, with: None }
    }

    fn readable_with(&self, nick: &Nick) -> Result<Readable, Halt> {
        let identity = self.caller.identity;
        let (other, label) = self.state.addressee_shown(nick)?;
        match self.state.conversations.get(&Pair::new(identity, other)) {
            Some(Conversation { place: Some(place), .. }) => {
                Ok(Readable { place: *place, label, identity, with: Some(other) })
            }
            None if self.cx.write_queue.is_some() => Err(self.state.unknown_conversation(identity, other)),
            Some(_) | None => Err(ChatError::NoConversation(nick.clone()).into()),
        }
    }
}

impl Chat {
    /// The place of a query, if the session may read it. Without `place`, the room in which the session talks.
    /// The session then reads from the database, and answers.
    ///
    /// # Errors
    /// The session may not read there, or there is no such place.
    pub fn readable(&self, session: SessionId, place: Option<&Place>, now: Millis) -> Result<Readable, Halt> {
        self.looking(session, now, |change| change.readable(place))
    }

    /// Everything a session may search.
    ///
    /// # Errors
    /// The session has no name.
    pub fn searchable(&self, session: SessionId, now: Millis) -> Result<Searchable, ChatError> {
        self.looking(session, now, |change| {
            let (state, person, identity) = (&*change.state, change.person()?, change.caller.identity);
            let rooms = state.rooms.among(&person.rooms).map(|room| (room.place, Arc::clone(&room.shown)));
            let account = change.caller.account();
            let with = person.conversations.iter().filter(|_| account.is_none()).filter_map(|other| {
                let found = state.conversations.get(&Pair::new(identity, *other))?;
                Some((found.place?, state.label_of(*other)?))
            });
            Ok(Searchable { account, places: rooms.chain(with).collect() })
        })
    }

    /// Whether a session may read a place, and whether others may come in to read it.
    pub fn may_read(&self, session: SessionId, place: PlaceId, now: Millis) -> Option<Privacy> {
        let may_read = |change: &Change<'_>| -> Result<Option<Privacy>, ChatError> {
            let (state, person) = (&*change.state, change.person()?);
            if let Some(room) = state.rooms.get(place) {
                let privacy = if room.is_public() { Privacy::Open } else { Privacy::Private };
                return Ok(room.members.contains(&change.caller.person).then_some(privacy));
            }
            let conversation = |other: &Identity| state.conversations.get(&Pair::new(person.identity, *other));
            let mut known = person.conversations.iter().filter_map(conversation);
            let is_theirs = known.any(|found| found.place == Some(place)) || person.memberships.contains_key(&place);
            Ok(is_theirs.then_some(Privacy::Private))
        };
        self.looking(session, now, may_read).unwrap_or(None)
    }

    /// A page of the messages of a room that are in memory. There are no others if nothing is stored.
    ///
    /// # Errors
    /// The session is not in that room; or the place is a conversation: none of its messages is in memory.
    pub fn remembered(
        &self,
        session: SessionId,
        place: Option<&Place>,
        (page, most): (Page, usize),
        now: Millis,
    ) -> Result<History, ChatError> {
        self.looking(session, now, |change| {
            let room = match place {
                Some(Place::With(_)) => return Err(ChatError::NothingKept),
                Some(Place::Room(name)) => change.own_room(Some(name))?,
                None => change.own_room(None)?,
            };
            let is_there = |bound| match bound {
                Bound::Message(place, seq, time) if place != room.place || room.recent.time_of(seq) != Some(time) => {
                    Err(ChatError::NoSuchMessage(seq))
                }
                _ => Ok(()),
            };
            page.bounds().try_for_each(is_there)?;
            Ok(room.recent.history(&room.shown, page, most, change.cx.limits.answer_bytes))
        })
    }

    /// Notes that a session asks for something: its person is active.
    ///
    /// # Errors
    /// The session has no name.
    pub fn is_active(&self, session: SessionId, now: Millis) -> Result<(), ChatError> {
        self.on_behalf((session, None), now, &mut Effects::default(), |change| change.is_active())
    }

    /// The names of the rooms among these places that a session's person may enter.
    pub fn labels(&self, session: SessionId, places: &[PlaceId], now: Millis) -> HashMap<PlaceId, Arc<str>> {
        self.change(|state| Some(state.labels(state.registry.session(session)?.person, places, now)))
            .unwrap_or_default()
    }
}
