//! The limits that are in force now, in one place for all threads. Does not know which of them are looked at, and when.

use std::sync::Arc;

use parking_lot::RwLock;

use super::{Limits, Live, TABLE};

/// The limits in force. All clones are the same: each shows every change.
///
/// ```
/// use roomful::limits::{InForce, Limits};
///
/// let limits = InForce::from(Limits::default());
/// let seen_by_another = limits.clone();
/// let before = seen_by_another.now();
/// let wanted = Limits { rooms: 7, backlog: 7, ..Limits::default() };
/// assert_eq!(limits.change(&wanted), ["backlog"]); // needs a restart
/// assert_eq!((before.rooms, seen_by_another.now().rooms), (20_000, 7));
/// assert_eq!(seen_by_another.now().backlog, 4_096);
/// ```
#[derive(Debug, Clone, Default)]
pub struct InForce(Arc<RwLock<Arc<Limits>>>);

impl From<Limits> for InForce {
    fn from(limits: Limits) -> InForce {
        InForce(Arc::new(RwLock::new(Arc::new(limits))))
    }
}

impl InForce {
    /// The limits of this moment. What needs several numbers that belong together takes them from one look.
    pub fn now(&self) -> Arc<Limits> {
        Arc::clone(&self.0.read())
    }

    /// Puts those limits of `wanted` in force that can change while the server runs.
    /// Returns the names of the others that differ: they need a restart.
    pub fn change(&self, wanted: &Limits) -> Vec<&'static str> {
        let mut limits = self.0.write();
        let mut next = wanted.clone();
        let mut left = Vec::new();
        for row in TABLE.iter().filter(|row| row.live == Live::Restart) {
            let number = limits.get(row.name).unwrap_or(row.default);
            if next.get(row.name) != Some(number) {
                next.put(row.name, number);
                left.push(row.name);
            }
        }
        *limits = Arc::new(next);
        left
    }
}
