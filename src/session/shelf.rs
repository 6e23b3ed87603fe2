//! Counts the room that is reserved for files until the database has them. Knows no session, and not what is in a file.
//!
//! A file reserves its room when it is offered, not when its bytes come.
//! Otherwise many sessions would be told that there is room, and exceed it together.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::model::Owner;

/// The room that is reserved for files that are not in the database yet.
#[derive(Debug, Default)]
pub struct Shelf {
    taken: Mutex<Rooms>,
}

#[derive(Debug, Default)]
struct Rooms {
    last: u64,
    taken: HashMap<u64, Taken>,
}

#[derive(Debug)]
struct Taken {
    owner: Owner,
    size: u64,
    /// The place of its message in the write queue, if it was said.
    said: Option<u64>,
}

/// The room of one file. Dropping it frees the room, unless the file was said.
#[derive(Debug)]
pub struct Room {
    shelf: Arc<Shelf>,
    number: u64,
}

impl Shelf {
    /// Reserves room for a file. The caller checks after that whether there is
    /// room: if two sessions do this at once, each must see the other's file.
    pub fn take(self: &Arc<Shelf>, owner: Owner, size: u64) -> Room {
        let mut rooms = self.taken.lock();
        rooms.last += 1;
        let number = rooms.last;
        rooms.taken.insert(number, Taken { owner, size, said: None });
        Room { shelf: Arc::clone(self), number }
    }

    /// The bytes that are reserved for one owner, and for all owners.
    pub fn taken(&self, owner: Owner) -> (u64, u64) {
        let taken = &self.taken.lock().taken;
        let own = taken.values().filter(|one| one.owner == owner).map(|one| one.size).sum();
        (own, taken.values().map(|one| one.size).sum())
    }

    /// How many files were offered, and are not said yet.
    pub fn reserved(&self) -> usize {
        self.taken.lock().taken.values().filter(|one| one.said.is_none()).count()
    }

    /// Frees the room of each file whose message is among the first `stored` records: from then on
    /// the database counts it, unless it was deleted since.
    pub fn settle(&self, stored: u64) {
        self.taken.lock().taken.retain(|_, one| one.said.is_none_or(|position| position > stored));
    }
}

impl Room {
    /// The file is said: its room is reserved until the database has it.
    /// `position` is the place of its message in the write queue, or a later one.
    pub fn said(self, position: u64) {
        if let Some(one) = self.shelf.taken.lock().taken.get_mut(&self.number) {
            one.said = Some(position);
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let taken = &mut self.shelf.taken.lock().taken;
        if taken.get(&self.number).is_some_and(|one| one.said.is_none()) {
            taken.remove(&self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountId;

    #[test]
    fn room_is_taken_until_the_file_is_dropped_or_the_database_counts_it() {
        let shelf = Arc::new(Shelf::default());
        let (ann, bob) = (Owner::Account(AccountId(1)), Owner::Guests([192, 0, 2, 1].into()));
        let first = shelf.take(ann, 10);
        let second = shelf.take(bob, 5);
        assert_eq!((shelf.taken(ann), shelf.taken(bob)), ((10, 15), (5, 15)));
        drop(second);
        assert_eq!(shelf.taken(bob), (0, 10));
        shelf.settle(u64::MAX);
        assert_eq!(shelf.taken(ann), (10, 10), "it is not said yet");
        first.said(7);
        shelf.settle(6);
        assert_eq!(shelf.taken(ann), (10, 10), "it is on its way");
        shelf.settle(7);
        assert_eq!(shelf.taken(ann), (0, 0));
    }
}
