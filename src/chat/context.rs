//! What every change must know of its surroundings: the time, the limits, chance, the queue for its records. Changes no state.

use super::write_queue::WriteQueue;
use crate::answer::{self, Row};
use crate::cloak::Cloak;
use crate::limits::Limits;
use crate::model::{Millis, PlaceId, Restriction, Target};
use crate::names::RoomName;
use crate::record::Record;

/// Draws a number from 1 to the one it is given; none if there is no randomness.
pub type Chance = fn(u64) -> Option<u64>;

/// The surroundings of one change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) now: Millis,
    pub(super) run: Millis,
    pub(super) limits: &'a Limits,
    pub(super) lobby: &'a RoomName,
    pub(super) chance: Chance,
    pub(super) cloak: &'a Cloak,
    pub(super) write_queue: Option<&'a WriteQueue>,
}

impl Context<'_> {
    /// Queues `record` for the database, if there is one.
    pub(super) fn store(&self, record: Record) {
        self.store_counted(record);
    }

    /// The same; returns its place among all that was ever added.
    pub(super) fn store_counted(&self, record: Record) -> u64 {
        self.write_queue.map_or(0, |write_queue| write_queue.add(record, None))
    }

    /// A page off the front of `rows`, and whether there are more.
    pub(super) fn page<T: Row>(&self, rows: impl Iterator<Item = T>) -> (Vec<T>, bool) {
        let mut rows = rows.peekable();
        let page = answer::page(&mut rows, self.limits.members_page, self.limits.answer_bytes);
        (page, rows.peek().is_some())
    }

    /// Queues the end of the restrictions of these targets.
    pub(super) fn lift(&self, place: Option<PlaceId>, kind: Restriction, targets: impl IntoIterator<Item = Target>) {
        targets.into_iter().for_each(|target| self.store(Record::RestrictionLifted(place, kind, target)));
    }

    /// Whether everything up to `added` is in the database, if there is one.
    pub(super) fn is_stored(&self, added: u64) -> bool {
        self.write_queue.is_none_or(|write_queue| write_queue.is_stored(added))
    }
}
