//! Rooms and private conversations as places where something is kept: what was said there, who may read it, and what must be read first. Runs under the chat lock, and so reads no database.

use std::sync::Arc;

use super::effects::Effects;
use super::need::{FileSaid, Need, Readable, Step};
use super::room::{Room, Words};
use super::{Ask, Conversation, Here, PersonId, State, TokenOwner};
use crate::answer::Done;
use crate::command::{Page, Place, Spot};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{FileId, Identity, Pair, PlaceId, ResumeId};
use crate::model::{Millis, Seq, Tag};
use crate::names::{Nick, RoomName};
use crate::record::{Record, RoomSnapshot, SaidRecord, Snapshot};
use crate::wire::Letter;

impl State {
    /// Takes what was kept: how the chat begins.
    #[inline(never)]
    pub(super) fn recall(&mut self, kept: Snapshot, here: &Here<'_>) {
        let Snapshot { rooms, accounts, conversations, restrictions, last } = kept;
        self.last = last;
        self.registry.accounts.found_conversations(conversations);
        accounts.into_iter().for_each(|account| self.registry.accounts.insert(account));
        for found in rooms {
            let RoomSnapshot { room, .. } = &found;
            let lasting = room.registered || room.name == *here.lobby;
            let private = room.settings.invite_only || room.settings.key.is_some();
            let empty = found.seq == 0 && room.topic.is_none();
            if (private || empty) && !lasting {
                // It was for those who were in it, and they are not any more; or nothing is in it.
                here.keep(Record::PlaceDeleted(room.place));
                continue;
            }
            let (place, said) = (room.place, found.said);
            for (account, role) in &found.roles {
                self.registry.accounts.holds(Identity::Account(*account), place, Some(*role));
            }
            self.add_room(Room::found(found));
            self.leave_behind(place, said, here);
        }
        for restriction in restrictions {
            // Whether a ban is over is asked when it matters: the clock may be wrong just now.
            if restriction.place.is_none_or(|place| self.room_at(place).is_some()) {
                self.restrictions.recall(restriction, here);
            }
        }
        for room in self.rooms.values_mut() {
            if !room.registered && room.name != *here.lobby {
                self.restrictions.end_at(Some(room.place), here);
            }
            room.emptied(here);
        }
        if !self.rooms.contains_key(here.lobby.key()) {
            self.make_room(here.lobby, here.now, None);
        }
    }

    pub(super) fn token_owner(&mut self, token: &str, here: &Here<'_>) -> TokenOwner {
        let identity = match self.tokens.session_of(token) {
            Some(session) => {
                self.registry.session(session).and_then(|s| Some(self.registry.person(s.person)?.identity))
            }
            None => self.tokens.recent(token, here.now, here.limits).map(|lost| lost.identity),
        };
        match identity {
            None => TokenOwner::Unknown,
            Some(Identity::Guest(_)) => TokenOwner::Guest,
            Some(Identity::Account(id)) => TokenOwner::Account(id),
        }
    }

    /// Who is called so, here or not.
    pub(super) fn somebody(&self, nick: &Nick) -> Option<(Identity, Option<PersonId>)> {
        if let Some(id) = self.registry.called(nick) {
            return Some((self.registry.person(id)?.identity, Some(id)));
        }
        self.registry.accounts.named(nick).map(|account| (Identity::Account(account.id), None))
    }

    /// The same, and how a conversation with them is shown: in their own spelling.
    fn somebody_shown(&self, nick: &Nick) -> Result<(Identity, Arc<str>), ChatError> {
        let missing = || ChatError::NoSuchNick(nick.shown().to_owned());
        let (identity, _) = self.somebody(nick).ok_or_else(missing)?;
        Ok((identity, self.label_of(identity).ok_or_else(missing)?))
    }

    /// How a conversation with somebody is shown, if they are here or have an account.
    fn label_of(&self, identity: Identity) -> Option<Arc<str>> {
        let here = self.registry.here(identity).and_then(|id| self.registry.person(id)).map(|person| &person.nick);
        let account = match identity {
            Identity::Account(id) => self.registry.accounts.get(id).map(|account| &account.nick),
            Identity::Guest(_) => None,
        };
        Some(format!("@{}", here.or(account)?.shown()).into())
    }

    /// Where something is to be read: a room one is in, or one's conversation with somebody.
    pub(super) fn place_of(
        &mut self,
        ask: &Ask<'_>,
        place: Option<&Place>,
    ) -> Result<Result<Readable, Need>, ChatError> {
        let identity = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?.identity;
        let nick = match place {
            Some(Place::With(nick)) => nick,
            Some(Place::Room(name)) => {
                let room = self.own_room(ask, Some(name.clone()))?;
                return Ok(Ok(Readable { place: room.place, label: Arc::clone(&room.shown), identity, with: None }));
            }
            None => {
                let room = self.own_room(ask, None)?;
                return Ok(Ok(Readable { place: room.place, label: Arc::clone(&room.shown), identity, with: None }));
            }
        };
        let (other, label) = self.somebody_shown(nick)?;
        match self.conversations.get(&Pair::new(identity, other)) {
            Some(Conversation { place: Some(place), .. }) => {
                Ok(Ok(Readable { place: *place, label, identity, with: Some(other) }))
            }
            None if ask.write_queue.is_some() => Ok(Err(self.unknown_conversation(identity, other))),
            Some(_) | None => Err(ChatError::NoConversation(nick.clone())),
        }
    }

    /// The same, and for an op of the server any room: to keep order there, one need not be in it.
    pub(super) fn place_to_order(
        &mut self,
        ask: &Ask<'_>,
        place: Option<&Place>,
    ) -> Result<Result<Readable, Need>, ChatError> {
        let Some(Place::Room(name)) = place else { return self.place_of(ask, place) };
        let name = self.own_or_any_room(ask, Some(name.clone()))?;
        let identity = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?.identity;
        let room = self.rooms.get(name.key()).ok_or(ChatError::NoSuchRoom(name))?;
        Ok(Ok(Readable { place: room.place, label: Arc::clone(&room.shown), identity, with: None }))
    }

    /// A page of what was said. Where nothing is kept, what is remembered.
    #[inline(never)]
    pub(super) fn history(
        &mut self,
        ask: &Ask<'_>,
        place: Option<Place>,
        page: Page,
        limit: Option<usize>,
        effects: &mut Effects,
    ) -> Result<Step, ChatError> {
        let most = ask.limits.page(limit);
        if ask.write_queue.is_none() {
            let room = match place {
                Some(Place::With(_)) => return Err(ChatError::NothingKept),
                Some(Place::Room(name)) => Some(name),
                None => None,
            };
            let room = self.own_room(ask, room)?;
            let history = room.recent.history(&room.shown, page, most, ask.limits.answer_bytes);
            ask.answer(Done::History(history), effects);
            return Ok(Step::Done);
        }
        Ok(Step::Needs(match self.place_of(ask, place.as_ref())? {
            Ok(Readable { place, label, .. }) => Need::History { place, label, page, most },
            Err(need) => need,
        }))
    }

    #[inline(never)]
    pub(super) fn search(
        &mut self,
        ask: &Ask<'_>,
        place: Option<Place>,
        text: Arc<str>,
        (until, next): (Option<Millis>, Option<Spot>),
        limit: Option<usize>,
    ) -> Result<Step, ChatError> {
        if ask.write_queue.is_none() {
            return Err(ChatError::NothingKept);
        }
        let most = ask.limits.page(limit);
        let person = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?;
        let (account, rooms) = match place {
            None => {
                let rooms = person.rooms.iter().filter_map(|name| self.rooms.get(name.key()));
                let rooms = rooms.map(|room| (room.place, Arc::clone(&room.shown)));
                // An account's conversations are read with its seats.
                let guest = person.account().is_none();
                let with = person.conversations.iter().filter(|_| guest).filter_map(|other| {
                    Some((self.conversations.get(&Pair::new(person.identity, *other))?.place?, self.label_of(*other)?))
                });
                (person.account(), rooms.chain(with).collect())
            }
            some => match self.place_of(ask, some.as_ref())? {
                Ok(Readable { place, label, .. }) => (None, vec![(place, label)]),
                Err(need) => return Ok(Step::Needs(need)),
            },
        };
        Ok(Step::Needs(Need::Search { account, rooms, text, until, next, most }))
    }

    pub(super) fn files(
        &mut self,
        ask: &Ask<'_>,
        place: Option<Place>,
        before: Option<Seq>,
    ) -> Result<Step, ChatError> {
        if ask.write_queue.is_none() {
            return Err(ChatError::NothingKept);
        }
        Ok(Step::Needs(match self.place_of(ask, place.as_ref())? {
            Ok(Readable { place, label, .. }) => Need::Files { place, label, before },
            Err(need) => need,
        }))
    }

    /// How a place is shown to the asking person, if they may read it.
    pub(super) fn may_read(&self, ask: &Ask<'_>, place: PlaceId) -> Option<Arc<str>> {
        let person = self.registry.person(ask.person)?;
        if let Some(room) = self.places.get(&place).and_then(|key| self.rooms.get(key)) {
            return room.members.contains(&ask.person).then(|| Arc::clone(&room.shown));
        }
        let other = person.conversations.iter().find(|other| {
            self.conversations.get(&Pair::new(person.identity, **other)).is_some_and(|found| found.place == Some(place))
        });
        match other {
            Some(_) => Some(Arc::from("@")),
            None => person.memberships.contains_key(&place).then(|| Arc::from("@")),
        }
    }

    /// Notes that a place was read, and tells the account's other sessions.
    #[inline(never)]
    pub(super) fn read(
        &mut self,
        ask: &Ask<'_>,
        place: Option<Place>,
        seq: Option<Seq>,
        effects: &mut Effects,
    ) -> Result<Step, ChatError> {
        let account = self.own_account(ask)?;
        let Readable { place, label, identity, with } = match self.place_of(ask, place.as_ref())? {
            Ok(readable) => readable,
            Err(need) => return Ok(Step::Needs(need)),
        };
        let last = match with {
            Some(other) => self.conversations.get(&Pair::new(identity, other)).map_or(0, |found| found.seq),
            None => self.room_at(place).map_or(0, |room| room.seq()),
        };
        let person = self.registry.person_mut(ask.person).ok_or(ChatError::NameFirst)?;
        let read = person.memberships.entry(place).or_default();
        // It never goes back.
        let (before, seq) = (*read, seq.unwrap_or(last).min(last).max(*read));
        *read = seq;
        if seq > before {
            let letter = Arc::new(Letter::new(Event::Read { room: Arc::clone(&label), seq }));
            for (_, outbox) in self.registry.outboxes(ask.person).filter(|(session, _)| *session != ask.session) {
                effects.tell(outbox, &letter);
            }
        }
        ask.answer_kept(Done::Read { room: label, seq }, Record::Membership(account, place, seq), effects);
        Ok(Step::Done)
    }

    pub(super) fn may_send(
        &mut self,
        ask: &Ask<'_>,
        place: Option<&Place>,
    ) -> Result<Result<Readable, Need>, ChatError> {
        if ask.write_queue.is_none() {
            return Err(ChatError::NothingKept);
        }
        let identity = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?.identity;
        if let Some(Place::With(nick)) = place {
            let (other, label) = self.somebody_shown(nick)?;
            // One that has not begun has no number yet; files are put where it will be.
            return Ok(match self.conversations.get(&Pair::new(identity, other)) {
                None => Err(self.unknown_conversation(identity, other)),
                Some(found) => {
                    Ok(Readable { place: found.place.unwrap_or(PlaceId(0)), label, identity, with: Some(other) })
                }
            });
        }
        let readable = match self.place_of(ask, place)? {
            Ok(readable) => readable,
            Err(need) => return Ok(Err(need)),
        };
        if let Some(name) = self.room_at(readable.place).map(|room| room.name.clone()) {
            self.may_speak(ask, &name)?;
        }
        Ok(Ok(readable))
    }

    pub(super) fn say_file(&mut self, ask: &Ask<'_>, said: FileSaid, effects: &mut Effects) -> Result<Step, ChatError> {
        if self.said_before(ask, effects) {
            return Ok(Step::Done);
        }
        let FileSaid { place, info, text } = said;
        let file = info.file;
        let message = if let Some(Place::With(nick)) = &place {
            let (identity, person) =
                self.somebody(nick).ok_or_else(|| ChatError::NoSuchNick(nick.shown().to_owned()))?;
            match self.say_privately(ask, identity, person, text, Some(info), effects)? {
                Ok(message) => message,
                Err(need) => return Ok(Step::Needs(need)),
            }
        } else {
            let room: Option<RoomName> = match place {
                Some(Place::Room(room)) => Some(room),
                _ => None,
            };
            let person = self.registry.person(ask.person).ok_or(ChatError::NameFirst)?;
            let (from, identity) = (Arc::clone(&person.shown), person.identity);
            self.say_in(ask, room, Words { from, identity, text, me: false, file: Some(info), time: ask.now }, effects)?
        };
        let done =
            Done::Finish { room: Arc::clone(&message.room), seq: message.seq, time: message.time, file, again: false };
        self.done_once(ask, done, effects);
        Ok(Step::Done)
    }

    /// What was said under a tag, for the database.
    pub(super) fn said_record(ask: &Ask<'_>, resume_id: ResumeId, tag: &Tag, done: &Done) -> Option<SaidRecord> {
        let (label, seq, file) = match done {
            Done::Say { room, seq, .. } => (Arc::clone(room), *seq, None),
            Done::Finish { room, seq, file, .. } => (Arc::clone(room), *seq, Some(FileId(*file))),
            Done::Msg { to, seq, .. } => (Arc::from(format!("@{to}")), *seq, None),
            _ => return None,
        };
        Some(SaidRecord { resume_id, tag: tag.clone(), label, seq, time: ask.now, file })
    }
}
