//! How the chat begins: what was stored is taken up. Runs under the chat lock, once.

use super::Change;
use super::room::Room;
use crate::model::Identity;
use crate::record::{Record, RoomSnapshot, Snapshot};

impl Change<'_, ()> {
    /// Takes up what was stored.
    pub(super) fn recall(&mut self, kept: Snapshot) {
        let Snapshot { rooms, accounts, conversations, restrictions, last } = kept;
        self.state.last = last;
        self.state.registry.accounts.found_conversations(conversations);
        accounts.into_iter().for_each(|account| self.state.registry.accounts.insert(account));
        rooms.into_iter().for_each(|room| self.recall_room(room));
        for restriction in restrictions {
            // Whether a ban is over is asked when it matters: the clock may be wrong just now.
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
        let private = room.settings.invite_only || room.settings.key.is_some();
        let empty = found.seq == 0 && room.topic.is_none();
        if (private || empty) && !lasting {
            // It was for those who were in it, and they are not any more; or nothing is in it.
            return self.cx.keep(Record::PlaceDeleted(room.place));
        }
        let (place, said) = (room.place, found.said);
        for (account, role) in &found.roles {
            self.state.registry.accounts.holds(Identity::Account(*account), place, Some(*role));
        }
        self.state.rooms.add(Room::found(found));
        self.leave_behind(place, said);
    }
}
