//! How the chat begins: it takes what was stored. Runs under the chat lock, once.

use super::Change;
use super::room::Room;
use crate::model::Identity;
use crate::record::{Record, RoomSnapshot, Snapshot};

impl Change<'_, ()> {
    /// Takes what was stored before.
    pub(super) fn recall(&mut self, found: Snapshot) {
        let Snapshot { rooms, accounts, conversations, restrictions, last, cloak_key: _ } = found;
        self.state.last = last;
        self.state.registry.accounts.found_conversations(conversations);
        accounts.into_iter().for_each(|account| self.state.registry.accounts.insert(account));
        rooms.into_iter().for_each(|room| self.recall_room(room));
        for restriction in restrictions {
            // Also a ban that is over: the clock may be wrong now, and the end is checked whenever the ban matters.
            if restriction.place.is_none_or(|place| self.state.rooms.get(place).is_some()) {
                self.state.restrictions.recall(restriction, &self.cx);
            }
        }
        for place in self.state.rooms.places() {
            let Some(room) = self.state.rooms.get_mut(place) else { continue };
            if !room.lasts(&self.cx) {
                self.state.restrictions.end_at(Some(place), &self.cx);
            }
            room.emptied(&self.cx);
        }
        if self.state.rooms.named(self.cx.lobby).is_none() {
            self.make_room(self.cx.lobby, None);
        }
    }

    fn recall_room(&mut self, found: RoomSnapshot) {
        let RoomSnapshot { room, .. } = &found;
        let lasting = room.registered || room.name == *self.cx.lobby;
        let empty = found.seq == 0 && room.topic.is_none();
        if (!room.settings.is_public() || empty) && !lasting {
            // A private or hidden room was for its members, and it has none any more; an empty room has nothing to show.
            return self.cx.store(Record::PlaceDeleted(room.place));
        }
        let (place, said) = (room.place, found.said);
        for account in found.roles.iter().map(|(account, _)| account).chain(&found.voices) {
            self.state.registry.accounts.holds(Identity::Account(*account), place, true);
        }
        self.state.rooms.add(Room::found(found));
        self.leave_behind(place, said);
    }
}
