//! Rooms that are empty and not registered, and when they are removed: so that no person can fill the server with rooms. Knows rooms by their numbers only.

use std::collections::{BTreeSet, HashMap};

use super::Change;
use crate::model::{Millis, Owner, PlaceId, Seq};
use crate::record::Record;

/// The value of a room, the least first: how many messages it has, and since when it is empty.
type Worth = (Seq, Millis, PlaceId);

/// All rooms that are empty and not registered.
#[derive(Debug, Default)]
pub(super) struct Left {
    rooms: HashMap<PlaceId, (Option<Owner>, Seq, Millis)>,
    by_worth: BTreeSet<Worth>,
    by_time: BTreeSet<(Millis, PlaceId)>,
    by_maker: HashMap<Owner, BTreeSet<Worth>>,
}

impl Left {
    /// Notes a room that is empty since `time`.
    fn put(&mut self, place: PlaceId, maker: Option<Owner>, seq: Seq, time: Millis) {
        self.remove(place);
        self.rooms.insert(place, (maker, seq, time));
        self.by_worth.insert((seq, time, place));
        self.by_time.insert((time, place));
        if let Some(maker) = maker {
            self.by_maker.entry(maker).or_default().insert((seq, time, place));
        }
    }

    /// Forgets a room: it has members again, or is registered, or was removed.
    pub fn remove(&mut self, place: PlaceId) {
        let Some((maker, seq, time)) = self.rooms.remove(&place) else { return };
        self.by_worth.remove(&(seq, time, place));
        self.by_time.remove(&(time, place));
        if let Some(maker) = maker
            && let Some(rooms) = self.by_maker.get_mut(&maker)
        {
            rooms.remove(&(seq, time, place));
            if rooms.is_empty() {
                self.by_maker.remove(&maker);
            }
        }
    }

    /// The room of the least value.
    fn least(&self) -> Option<PlaceId> {
        self.by_worth.first().map(|(.., place)| *place)
    }

    /// The same among the rooms of one maker, if they are more than `most`.
    fn least_of(&self, maker: Owner, most: usize) -> Option<PlaceId> {
        let rooms = self.by_maker.get(&maker).filter(|rooms| rooms.len() > most)?;
        rooms.first().map(|(.., place)| *place)
    }

    /// The room that has been empty for longest, if it became empty before `time`.
    fn before(&self, time: Millis) -> Option<PlaceId> {
        self.by_time.first().filter(|(since, _)| *since < time).map(|(_, place)| *place)
    }

    #[cfg(test)]
    pub fn places(&self) -> BTreeSet<PlaceId> {
        assert_eq!((self.rooms.len(), self.rooms.len()), (self.by_worth.len(), self.by_time.len()));
        self.rooms.keys().copied().collect()
    }
}

impl<C> Change<'_, C> {
    /// Notes a room that is empty since `since`, if it may be removed for that. If
    /// its maker has left too many rooms, removes the least of them.
    pub(super) fn leave_behind(&mut self, place: PlaceId, since: Millis) {
        let Some(room) = self.state.rooms.get(place) else { return };
        if room.lasts(&self.cx) || !room.members.is_empty() {
            return self.state.left.remove(place);
        }
        let maker = room.maker;
        self.state.left.put(place, maker, room.seq(), since);
        if let Some(least) = maker.and_then(|maker| self.state.left.least_of(maker, self.cx.limits.rooms_left)) {
            self.end_room(least);
        }
    }

    /// Removes the least of the empty rooms, if the server has no space for one more room.
    pub(super) fn make_space(&mut self) {
        if self.state.rooms.len() >= self.cx.limits.rooms
            && let Some(least) = self.state.left.least()
        {
            self.end_room(least);
        }
    }

    /// Removes at most `most` rooms that became empty before `time`. Returns whether there may be more.
    pub(super) fn end_left(&mut self, time: Millis, most: usize) -> bool {
        for _ in 0..most {
            let Some(place) = self.state.left.before(time) else { return false };
            self.end_room(place);
        }
        true
    }

    /// Removes a room and its messages.
    pub(super) fn end_room(&mut self, place: PlaceId) {
        self.state.left.remove(place);
        let Some(room) = self.state.rooms.remove(place) else { return };
        if room.stored {
            self.cx.store(Record::PlaceDeleted(place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountId;

    #[test]
    fn the_room_in_which_least_was_said_ends_first_and_of_equal_ones_the_longest_empty() {
        let mut left = Left::default();
        let maker = Owner::Account(AccountId(1));
        for (place, seq, time) in [(1, 5, 10), (2, 0, 30), (3, 0, 20), (4, 9, 1)] {
            left.put(PlaceId(place), Some(maker).filter(|_| place != 3), seq, time);
        }
        assert_eq!(left.least(), Some(PlaceId(3)));
        assert_eq!((left.least_of(maker, 2), left.least_of(maker, 3)), (Some(PlaceId(2)), None));
        assert_eq!((left.before(1), left.before(2)), (None, Some(PlaceId(4))));
        left.put(PlaceId(3), None, 7, 40);
        assert_eq!(left.least(), Some(PlaceId(2)), "a room is noted once");
        (1..=4).for_each(|place| left.remove(PlaceId(place)));
        assert!(left.places().is_empty() && left.by_maker.is_empty());
    }
}
