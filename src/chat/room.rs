//! One room: its members, its last messages, and the fan-out to the members. Knows nothing of other rooms, and takes no lock but those of the outboxes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::context::Context;
use super::effects::Effects;
use super::outbox::{Offer, Outbox, Outgoing};
use super::recent::Recent;
use super::room_flush::RoomFlush;
use super::{PersonId, SessionId};
use crate::model::{Identity, Millis, Owner, PlaceId, Role, Seq, Settings, Topic};
use crate::names::{Nick, RoomName};
use crate::record::{Record, RoomRecord, RoomSnapshot};
use crate::wire::{Delivery, Letter};

/// A named group of people, and their last messages.
#[derive(Debug)]
pub(super) struct Room {
    pub name: RoomName,
    /// The name as events carry it.
    pub shown: Arc<str>,
    pub place: PlaceId,
    pub made: Millis,
    /// The maker, if it was made in this run of the server.
    pub maker: Option<Owner>,
    pub topic: Option<Topic>,
    pub settings: Settings,
    /// Whether an account has registered it.
    pub registered: bool,
    pub roles: HashMap<Identity, Role>,
    /// The people who may speak when not all members may.
    pub voices: HashSet<Identity>,
    pub members: HashSet<PersonId>,
    /// The members by the key of the nick, in the order of the names.
    pub names: BTreeMap<Arc<str>, PersonId>,
    /// The number of the last message when this run of the server began.
    pub seq_at_start: Seq,
    /// Whether it has a row in the database.
    pub stored: bool,
    /// How many records had been added to the write queue with the last message.
    pub added: u64,
    seats: Vec<Seat>,
    /// How many seats were ever given.
    given: u64,
    /// How often it became empty, and its roles and settings ended.
    pub emptied: u64,
    flush: Arc<RoomFlush>,
    pub recent: Recent,
}

/// One session's seat in a room.
#[derive(Debug)]
struct Seat {
    session: SessionId,
    outbox: Arc<Outbox>,
    /// The number of this seat among all that were ever given here.
    came: u64,
    /// Whether this session is talking in another room now.
    elsewhere: bool,
}

impl Room {
    pub fn new(name: RoomName, place: PlaceId, made: Millis) -> Room {
        Room {
            shown: Arc::from(name.shown()),
            name,
            place,
            made,
            maker: None,
            topic: None,
            settings: Settings::default(),
            registered: false,
            roles: HashMap::new(),
            voices: HashSet::new(),
            members: HashSet::new(),
            names: BTreeMap::new(),
            seq_at_start: 0,
            stored: false,
            added: 0,
            seats: Vec::new(),
            given: 0,
            emptied: 0,
            flush: Arc::default(),
            recent: Recent::new(0),
        }
    }

    /// A room as it was found in the database, without its messages.
    pub fn found(found: RoomSnapshot) -> Room {
        let RoomSnapshot { room, seq, roles, voices, .. } = found;
        Room {
            topic: room.topic,
            settings: room.settings,
            registered: room.registered,
            roles: roles.into_iter().map(|(account, role)| (Identity::Account(account), role)).collect(),
            voices: voices.into_iter().map(Identity::Account).collect(),
            seq_at_start: seq,
            stored: true,
            recent: Recent::new(seq),
            ..Room::new(room.name, room.place, room.made)
        }
    }

    /// The room as it is stored.
    pub fn record(&self) -> RoomRecord {
        RoomRecord {
            place: self.place,
            name: self.name.clone(),
            made: self.made,
            topic: self.topic.clone(),
            settings: self.settings.clone(),
            registered: self.registered,
        }
    }

    /// Makes sure that the room has its row before anything in it is stored.
    pub fn store_once(&mut self, cx: &Context<'_>) {
        if !self.stored {
            self.store(cx);
        }
    }

    /// Stores the room as it is now.
    pub fn store(&mut self, cx: &Context<'_>) {
        self.stored = true;
        cx.store(Record::Room(self.record()));
    }

    /// The number of the last message: 0 if there is none.
    pub fn seq(&self) -> Seq {
        self.recent.last()
    }

    /// Whether the room stays with its roles and settings when it is empty: it is registered, or the lobby.
    pub fn lasts(&self, cx: &Context<'_>) -> bool {
        self.registered || self.name == *cx.lobby
    }

    /// Whether not every person may come in, and so not every person may read it.
    pub fn is_private(&self) -> bool {
        self.settings.is_private()
    }

    /// Whether every person may know that there is such a room.
    pub fn is_public(&self) -> bool {
        self.settings.is_public()
    }

    /// Whether the room is to be removed: it is empty and not registered, and has nothing to store. A private or
    /// hidden room is removed with its messages, because any person may be the next to make it, and without its settings.
    pub fn forgettable(&self, has_database: bool) -> bool {
        let empty = self.topic.is_none() && (!has_database || self.seq() == 0);
        self.members.is_empty() && !self.registered && (empty || !self.is_public())
    }

    /// Called when the room is empty. Unless it lasts, its roles and settings end.
    /// Messages that are in the database are removed from memory.
    pub fn emptied(&mut self, cx: &Context<'_>) {
        if !self.lasts(cx) {
            self.emptied += 1;
            let settings = std::mem::take(&mut self.settings);
            for identity in std::mem::take(&mut self.roles).into_keys() {
                if let Identity::Account(account) = identity {
                    cx.store(Record::Role(self.place, account, None));
                }
            }
            for identity in std::mem::take(&mut self.voices) {
                self.store_voice(cx, identity, false);
            }
            if settings != Settings::default() {
                self.store(cx);
            }
        }
        self.let_go(cx);
    }

    /// Forgets the messages in memory, if the database has them all.
    pub fn let_go(&mut self, cx: &Context<'_>) {
        if self.seq() > 0 && cx.write_queue.is_some_and(|write_queue| write_queue.is_stored(self.added)) {
            self.recent.unload();
        }
    }

    /// Gives a person a role, or takes it away; the role of an account is stored.
    pub fn give_role(&mut self, cx: &Context<'_>, identity: Identity, role: Option<Role>) {
        match role {
            Some(role) => self.roles.insert(identity, role),
            None => self.roles.remove(&identity),
        };
        if let (Identity::Account(account), true) = (identity, self.stored) {
            cx.store(Record::Role(self.place, account, role));
        }
    }

    /// Gives a person a voice, or takes it away; the voice of an account is stored.
    pub fn give_voice(&mut self, cx: &Context<'_>, identity: Identity, voice: bool) {
        match voice {
            true => self.voices.insert(identity),
            false => self.voices.remove(&identity),
        };
        self.store_voice(cx, identity, voice);
    }

    fn store_voice(&self, cx: &Context<'_>, identity: Identity, voice: bool) {
        if let (Identity::Account(account), true) = (identity, self.stored) {
            cx.store(Record::Voice(self.place, account, voice));
        }
    }

    /// Whether a person has a role or a voice here.
    pub fn knows(&self, identity: Identity) -> bool {
        self.roles.contains_key(&identity) || self.voices.contains(&identity)
    }

    pub fn has_owner(&self) -> bool {
        self.roles.values().any(|role| *role == Role::Owner)
    }

    /// Adds a member; `key` is that of the nick.
    pub fn add(&mut self, person: PersonId, key: Arc<str>) {
        self.members.insert(person);
        self.names.insert(key, person);
    }

    /// Removes a member.
    pub fn remove(&mut self, person: PersonId, nick: &Nick) {
        self.members.remove(&person);
        self.names.remove(nick.key());
    }

    /// Gives a session a seat, unless it has one.
    pub fn seat(&mut self, session: SessionId, outbox: &Arc<Outbox>) {
        if !self.seats.iter().any(|seat| seat.session == session) {
            self.given += 1;
            self.seats.push(Seat { session, outbox: Arc::clone(outbox), came: self.given, elsewhere: false });
        }
    }

    /// Takes a session's seat away. The seats have no order.
    pub fn unseat(&mut self, session: SessionId) {
        if let Some(at) = self.seats.iter().position(|seat| seat.session == session) {
            self.seats.swap_remove(at);
        }
    }

    /// Notes whether a session is talking in another room now.
    pub fn turn(&mut self, session: SessionId, elsewhere: bool) {
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.session == session) {
            seat.elsewhere = elsewhere;
        }
    }

    /// The sessions that have a seat, and the number of each seat, in no order.
    pub fn arrivals(&self) -> impl Iterator<Item = (SessionId, u64)> {
        self.seats.iter().map(|seat| (seat.session, seat.came))
    }

    /// The fan-out: offers `letter` to every seat, but not to the sessions for which `skips` is true.
    ///
    /// The caller holds the chat lock, so all members are offered the same
    /// letters in the same order. No offer blocks, and nothing is written here.
    pub fn fan_out(&self, letter: &Arc<Letter>, mut skips: impl FnMut(SessionId) -> bool, effects: &mut Effects) {
        let mut due = self.flush.due();
        for seat in &self.seats {
            if skips(seat.session) {
                continue;
            }
            let own = effects.is_own(seat.session);
            let delivery = Delivery { elsewhere: seat.elsewhere, own, ..Delivery::of(letter) };
            match seat.outbox.offer(Outgoing::Event(delivery)) {
                Offer::Taken | Offer::Closed => {}
                Offer::Due => due.push(Arc::clone(&seat.outbox)),
                Offer::Overflow => effects.overflowed.push(seat.session),
            }
        }
        drop(due);
        effects.flush_room(&self.flush);
    }

    /// Panics if the room disagrees with itself: for tests.
    #[cfg(test)]
    pub fn check(&self) {
        self.recent.check();
        let seated: HashSet<SessionId> = self.seats.iter().map(|seat| seat.session).collect();
        assert_eq!(seated.len(), self.seats.len(), "one seat a session");
        let named: HashSet<PersonId> = self.names.values().copied().collect();
        assert_eq!((named.len(), &named), (self.names.len(), &self.members), "one name a member");
        assert!(self.seats.iter().all(|seat| seat.outbox.session() == seat.session));
    }

    /// The sessions that have a seat, and whether each is talking in another room.
    #[cfg(test)]
    pub fn listeners(&self) -> impl Iterator<Item = (SessionId, &Arc<Outbox>, bool)> {
        self.seats.iter().map(|seat| (seat.session, &seat.outbox, seat.elsewhere))
    }
}
