//! What every change must know of its surroundings: the time, the limits, chance, where records go. Changes nothing.

use super::write_queue::WriteQueue;
use crate::limits::Limits;
use crate::model::Millis;
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
    pub(super) write_queue: Option<&'a WriteQueue>,
}

impl Context<'_> {
    /// Queues `record` for the database, if there is one.
    pub(super) fn keep(&self, record: Record) {
        self.keep_counted(record);
    }

    /// The same; returns its place among all that was ever added.
    pub(super) fn keep_counted(&self, record: Record) -> u64 {
        self.write_queue.map_or(0, |write_queue| write_queue.add(record, None))
    }

    /// Whether everything up to `added` is in the database, if there is one.
    pub(super) fn is_stored(&self, added: u64) -> bool {
        self.write_queue.is_none_or(|write_queue| write_queue.is_stored(added))
    }
}
