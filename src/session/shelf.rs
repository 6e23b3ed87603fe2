//! Counts the room that is reserved for files until the database has them. Knows no session, and not what is in a file.
//!
//! A file reserves its room when it is offered, not when its bytes come.
//! Otherwise many sessions would be told that there is room, and exceed it together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::model::{FileId, Owner};

/// For how long a file that was said is looked for in the database. If it is not
/// there by then, it was given up, and its room is free again.
const LOOKED_FOR: Duration = Duration::from_secs(600);

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
    /// Which file was said, and when, if it was; since then it is on its way to the database.
    said: Option<(FileId, Instant)>,
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

    /// The files that were said, and may be in the database by now.
    pub fn said(&self) -> Vec<FileId> {
        self.taken.lock().taken.values().filter_map(|one| Some(one.said?.0)).collect()
    }

    /// Frees the room of a file if `is_stored`, because the database counts it then; or if it was not stored in time.
    pub fn settle(&self, file: FileId, is_stored: bool) {
        let is_over = |one: &Taken| {
            one.said.is_some_and(|(said, since)| said == file && (is_stored || since.elapsed() > LOOKED_FOR))
        };
        self.taken.lock().taken.retain(|_, one| !is_over(one));
    }
}

impl Room {
    /// The file is said: its room is reserved until the database has it.
    pub fn said(self, file: FileId) {
        if let Some(one) = self.shelf.taken.lock().taken.get_mut(&self.number) {
            one.said = Some((file, Instant::now()));
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
        shelf.settle(FileId(1), true);
        assert_eq!((shelf.taken(ann), shelf.said()), ((10, 10), vec![]), "it is not said yet");
        first.said(FileId(1));
        assert_eq!((shelf.taken(ann), shelf.said()), ((10, 10), vec![FileId(1)]));
        shelf.settle(FileId(1), false);
        assert_eq!(shelf.taken(ann), (10, 10), "it is on its way");
        shelf.settle(FileId(1), true);
        assert_eq!(shelf.taken(ann), (0, 0));
    }
}
