//! All rooms: by number, by name, and in the order of their names. Knows no people.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use super::name_index::NameIndex;
use super::room::Room;
use crate::error::ChatError;
use crate::model::PlaceId;
use crate::names::RoomName;

/// The maps. They change together, in the functions here and nowhere else.
#[derive(Debug, Default)]
pub(super) struct Directory {
    rooms: HashMap<PlaceId, Room>,
    names: NameIndex<PlaceId>,
    /// The rooms by the keys of their names, in order. Looking through all
    /// rooms for a page would hold the lock for as long as there are rooms.
    all: BTreeMap<Arc<str>, PlaceId>,
    /// The rooms that every person may know of.
    open: BTreeMap<Arc<str>, PlaceId>,
}

impl Directory {
    pub fn get(&self, place: PlaceId) -> Option<&Room> {
        self.rooms.get(&place)
    }

    pub fn get_mut(&mut self, place: PlaceId) -> Option<&mut Room> {
        self.rooms.get_mut(&place)
    }

    /// The room of a number that the caller has.
    ///
    /// # Errors
    /// The room was removed.
    pub fn at(&self, place: PlaceId) -> Result<&Room, ChatError> {
        self.get(place).ok_or(ChatError::NoRoom)
    }

    /// The same, to be changed.
    ///
    /// # Errors
    /// The room was removed.
    pub fn at_mut(&mut self, place: PlaceId) -> Result<&mut Room, ChatError> {
        self.get_mut(place).ok_or(ChatError::NoRoom)
    }

    /// The room of this name.
    pub fn named(&self, name: &RoomName) -> Option<&Room> {
        self.get(self.names.named(name)?)
    }

    /// The room whose name looks like this one.
    pub fn like(&self, name: &RoomName) -> Option<&Room> {
        self.get(self.names.like(name)?)
    }

    /// The rooms among these places.
    pub fn among<'s>(&'s self, places: impl IntoIterator<Item = &'s PlaceId>) -> impl Iterator<Item = &'s Room> {
        places.into_iter().filter_map(|place| self.rooms.get(place))
    }

    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    pub fn places(&self) -> Vec<PlaceId> {
        self.rooms.keys().copied().collect()
    }

    pub fn add(&mut self, room: Room) {
        let place = room.place;
        self.names.claim(&room.name, place);
        self.rooms.insert(place, room);
        self.list(place);
    }

    pub fn remove(&mut self, place: PlaceId) -> Option<Room> {
        let room = self.rooms.remove(&place)?;
        self.names.free(&room.name);
        self.all.remove(room.name.key());
        self.open.remove(room.name.key());
        Some(room)
    }

    /// Notes whether every person may know of a room now.
    pub fn list(&mut self, place: PlaceId) {
        let Some(room) = self.rooms.get(&place) else { return };
        let key: Arc<str> = Arc::from(room.name.key());
        if room.is_public() {
            self.open.insert(Arc::clone(&key), place);
        } else {
            self.open.remove(&key);
        }
        self.all.insert(key, place);
    }

    /// The rooms after `past` in the order of their names, either all, or the ones that every person may know of.
    pub fn after(&self, past: Option<&str>, all: bool) -> impl Iterator<Item = &Room> {
        let set = if all { &self.all } else { &self.open };
        self.among(set.range::<str, _>(after(past)).map(|(_, place)| place))
    }

    /// How many rooms there are, and how many of them every person may know of.
    pub fn sizes(&self) -> (usize, usize) {
        (self.all.len(), self.open.len())
    }

    /// Panics if the maps disagree: for tests.
    #[cfg(test)]
    pub fn check(&self) {
        let open = self.rooms.values().filter(|room| room.is_public()).count();
        assert_eq!(self.sizes(), (self.rooms.len(), open), "every room is listed, and the open ones once more");
        assert_eq!(self.names.check(), self.rooms.len());
        for (place, room) in &self.rooms {
            assert_eq!(*place, room.place);
            assert_eq!((self.names.named(&room.name), self.names.like(&room.name)), (Some(*place), Some(*place)));
        }
    }
}

/// What comes after `past` in an ordered map, or all of it.
pub(super) fn after(past: Option<&str>) -> (Bound<&str>, Bound<&str>) {
    (past.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}
