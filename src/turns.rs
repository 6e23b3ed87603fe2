//! Taking turns at something of which there are few: how many threads wait, how long, and which is next. Does not know what is shared.
//!
//! A thread that asks stands in a lane. The lanes have their turns one after
//! another, so that a lane with many does not hold up a lane with one; within a
//! lane, the first that came is first. A lane may have fewer places than there are in all.
//! Everything is bounded: how many wait, and how long each of them does.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::limits::InForce;

/// Places that threads take in turn. Each thread waits in a lane, which has a name of type `L`.
#[derive(Debug)]
pub struct Turns<L> {
    most: usize,
    /// How many may wait, and how long.
    limits: InForce,
    queue: Mutex<Queue<L>>,
}

#[derive(Debug)]
struct Queue<L> {
    /// Places that are taken.
    busy: usize,
    waiting: usize,
    lanes: HashMap<L, Lane>,
    /// The lanes in which a thread waits; the one whose turn it is comes first.
    rota: VecDeque<L>,
    stopped: bool,
}

#[derive(Debug, Default)]
struct Lane {
    busy: usize,
    most: usize,
    waiting: VecDeque<Arc<Ticket>>,
}

/// A thread that waits.
#[derive(Debug, Default)]
struct Ticket {
    /// Changed with the queue locked.
    told: AtomicU8,
    changed: Condvar,
}

const NOTHING: u8 = 0;
const COME: u8 = 1;
const GO: u8 = 2;

/// A place, until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Turn<'a, L: Hash + Eq + Clone> {
    turns: &'a Turns<L>,
    lane: L,
}

/// Why there was no turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTurn {
    /// Too many threads wait, or the turn did not come in this time.
    Busy(Duration),
    /// The server stops.
    Stopped,
}

impl<L: Hash + Eq + Clone> Turns<L> {
    /// With `most` places; `limits` says how many threads wait, and how long.
    pub fn new(most: usize, limits: &InForce) -> Turns<L> {
        let queue = Queue { busy: 0, waiting: 0, lanes: HashMap::new(), rota: VecDeque::new(), stopped: false };
        Turns { most: most.max(1), limits: limits.clone(), queue: Mutex::new(queue) }
    }

    /// Waits for a place. This lane has at most `most` places at once.
    ///
    /// # Errors
    /// [`NoTurn`]: there was no place. If too many threads wait, the last thread of
    /// the longest lane is sent away, which may be another one.
    pub fn wait(&self, lane: L, most: usize) -> Result<Turn<'_, L>, NoTurn> {
        let limits = self.limits.now();
        let mut queue = self.queue.lock();
        if queue.stopped {
            return Err(NoTurn::Stopped);
        }
        let own = queue.lanes.entry(lane.clone()).or_default();
        own.most = most.max(1);
        // While there is a free place, no thread waits that may have it.
        if own.busy < own.most && queue.busy < self.most {
            queue.begin(&lane);
            return Ok(Turn { turns: self, lane });
        }
        let ticket = Arc::new(Ticket::default());
        queue.join(&lane, &ticket);
        if queue.waiting > limits.turns_waiting {
            queue.send_one_away();
        }
        let waits = |_: &mut _| ticket.told.load(Ordering::Relaxed) == NOTHING;
        ticket.changed.wait_while_for(&mut queue, waits, limits.turn_patience);
        match ticket.told.load(Ordering::Relaxed) {
            COME => Ok(Turn { turns: self, lane }),
            GO if queue.stopped => Err(NoTurn::Stopped),
            GO => Err(NoTurn::Busy(limits.turn_patience)),
            _ => {
                queue.leave(&lane, &ticket);
                Err(NoTurn::Busy(limits.turn_patience))
            }
        }
    }

    /// Sends away all threads that wait; none waits from here on.
    pub fn stop(&self) {
        let mut queue = self.queue.lock();
        queue.stopped = true;
        while queue.send_one_away() {}
    }

    /// How many places are taken, and how many threads wait.
    pub fn load(&self) -> (usize, usize) {
        let queue = self.queue.lock();
        (queue.busy, queue.waiting)
    }
}

impl<L: Hash + Eq + Clone> Queue<L> {
    /// Gives a place to the lane.
    fn begin(&mut self, lane: &L) {
        self.busy += 1;
        self.lanes.entry(lane.clone()).or_default().busy += 1;
    }

    fn join(&mut self, lane: &L, ticket: &Arc<Ticket>) {
        self.waiting += 1;
        let own = self.lanes.entry(lane.clone()).or_default();
        if own.waiting.is_empty() {
            self.rota.push_back(lane.clone());
        }
        own.waiting.push_back(Arc::clone(ticket));
    }

    /// Calls the threads for which there is a place.
    fn call(&mut self, most: usize) {
        while self.busy < most {
            let lanes = &self.lanes;
            let may = |lane: &L| lanes.get(lane).is_some_and(|lane| lane.busy < lane.most);
            let Some(at) = self.rota.iter().position(may) else { return };
            let Some(lane) = self.rota.remove(at) else { return };
            let own = self.lanes.entry(lane.clone()).or_default();
            let called = own.waiting.pop_front();
            if !own.waiting.is_empty() {
                self.rota.push_back(lane.clone());
            }
            if let Some(called) = called {
                self.waiting -= 1;
                self.begin(&lane);
                called.told.store(COME, Ordering::Relaxed);
                called.changed.notify_one();
            }
        }
    }

    /// Sends away the last thread of the longest lane, if any waits.
    fn send_one_away(&mut self) -> bool {
        let longest = self.rota.iter().max_by_key(|lane| self.lanes.get(lane).map_or(0, |lane| lane.waiting.len()));
        let Some(lane) = longest.cloned() else { return false };
        let Some(last) = self.lanes.get(&lane).and_then(|lane| lane.waiting.back().cloned()) else { return false };
        self.leave(&lane, &last);
        last.told.store(GO, Ordering::Relaxed);
        last.changed.notify_one();
        true
    }

    /// Takes a thread that waits out of the lane.
    fn leave(&mut self, lane: &L, ticket: &Arc<Ticket>) {
        let Some(own) = self.lanes.get_mut(lane) else { return };
        let Some(at) = own.waiting.iter().position(|other| Arc::ptr_eq(other, ticket)) else { return };
        own.waiting.remove(at);
        self.waiting -= 1;
        if own.waiting.is_empty() {
            self.rota.retain(|other| other != lane);
        }
        self.forget(lane);
    }

    /// An empty lane is removed.
    fn forget(&mut self, lane: &L) {
        if self.lanes.get(lane).is_some_and(|own| own.busy == 0 && own.waiting.is_empty()) {
            self.lanes.remove(lane);
        }
    }
}

impl<L: Hash + Eq + Clone> Drop for Turn<'_, L> {
    /// Gives the place back, also after a panic, to the next that waits.
    fn drop(&mut self) {
        let mut queue = self.turns.queue.lock();
        queue.busy -= 1;
        if let Some(own) = queue.lanes.get_mut(&self.lane) {
            own.busy -= 1;
        }
        queue.call(self.turns.most);
        queue.forget(&self.lane);
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{Scope, ScopedJoinHandle};

    use crossbeam_channel::{Receiver, Sender, unbounded};

    use super::*;
    use crate::limits::Limits;

    fn turns(most: usize) -> Turns<&'static str> {
        Turns::new(most, &Limits::default().into())
    }

    /// Waits until so many threads wait. Each test lets them come one after another.
    fn until_waiting(turns: &Turns<&'static str>, waiting: usize) {
        while turns.load().1 < waiting {
            std::thread::yield_now();
        }
    }

    /// A thread that waits in a lane, says that its turn came, and gives the place back.
    fn waiter<'scope>(
        scope: &'scope Scope<'scope, '_>,
        turns: &'scope Turns<&'static str>,
        lane: &'static str,
        came: &Sender<&'static str>,
    ) -> ScopedJoinHandle<'scope, Result<(), NoTurn>> {
        let (before, came) = (turns.load().1, came.clone());
        let waiter = scope.spawn(move || {
            let turn = turns.wait(lane, 9)?;
            came.send(lane).unwrap();
            drop(turn);
            Ok(())
        });
        until_waiting(turns, before + 1);
        waiter
    }

    fn all(came: &Receiver<&'static str>) -> Vec<&'static str> {
        came.try_iter().collect()
    }

    #[test]
    fn a_lane_with_many_does_not_hold_up_a_lane_with_one() {
        let turns = turns(1);
        let (came, order) = unbounded();
        std::thread::scope(|scope| {
            let first = turns.wait("many", 9).unwrap();
            let waiters = ["many", "many", "many", "one"].map(|lane| waiter(scope, &turns, lane, &came));
            drop(first);
            waiters.into_iter().for_each(|waiter| waiter.join().unwrap().unwrap());
        });
        assert_eq!(all(&order), ["many", "one", "many", "many"]);
        assert!(turns.queue.lock().lanes.is_empty(), "no thread is there any more");
    }

    #[test]
    fn no_more_places_are_lent_than_there_are_and_none_is_lost() {
        let turns = turns(2);
        let places = [turns.wait("a", 9).unwrap(), turns.wait("b", 9).unwrap()];
        let (came, order) = unbounded();
        std::thread::scope(|scope| {
            let third = waiter(scope, &turns, "c", &came);
            assert_eq!((turns.load(), all(&order)), ((2, 1), vec![]));
            drop(places);
            third.join().unwrap().unwrap();
        });
        assert_eq!((turns.load(), all(&order)), ((0, 0), vec!["c"]));
    }

    #[test]
    fn a_lane_has_no_more_places_than_it_may_and_the_rest_is_for_others() {
        let turns = turns(2);
        let (came, order) = unbounded();
        std::thread::scope(|scope| {
            let long = turns.wait("long", 1).unwrap();
            let second = scope.spawn(|| turns.wait("long", 1).map(|turn| (came.send("long").unwrap(), drop(turn)).1));
            until_waiting(&turns, 1);
            drop(turns.wait("short", 2).unwrap());
            assert_eq!(all(&order), Vec::<&str>::new(), "there is a place, but not for that lane");
            drop(long);
            second.join().unwrap().unwrap();
        });
        assert_eq!(all(&order), ["long"]);
    }

    #[test]
    fn one_more_than_may_wait_sends_away_the_last_of_the_longest_lane() {
        let turns = Turns::new(1, &Limits { turns_waiting: 3, ..Limits::default() }.into());
        let (came, order) = unbounded();
        std::thread::scope(|scope| {
            let first = turns.wait("many", 9).unwrap();
            let waiters = ["many", "many", "many"].map(|lane| waiter(scope, &turns, lane, &came));
            let owner = scope.spawn(|| turns.wait("owner", 9).map(|turn| (came.send("owner").unwrap(), drop(turn)).1));
            let [a, b, last] = waiters;
            assert_eq!(last.join().unwrap(), Err(NoTurn::Busy(Limits::default().turn_patience)));
            drop(first);
            [a, b, owner].into_iter().for_each(|waiter| waiter.join().unwrap().unwrap());
        });
        assert_eq!(all(&order), ["many", "owner", "many"]);
    }

    #[test]
    fn no_thread_waits_longer_than_the_patience_and_none_takes_a_place_along() {
        let patience = Duration::from_millis(1);
        let turns = Turns::new(1, &Limits { turn_patience: patience, ..Limits::default() }.into());
        let held = turns.wait("a", 9).unwrap();
        assert_eq!(turns.wait("b", 9).map(drop), Err(NoTurn::Busy(patience)));
        assert_eq!(turns.load(), (1, 0));
        drop(held);
        assert_eq!(turns.wait("b", 9).map(drop), Ok(()));
    }

    #[test]
    fn turns_that_stop_let_no_thread_wait() {
        let turns = turns(1);
        let (came, order) = unbounded();
        std::thread::scope(|scope| {
            let held = turns.wait("a", 9).unwrap();
            let waiters = ["a", "b"].map(|lane| waiter(scope, &turns, lane, &came));
            turns.stop();
            waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join().unwrap(), Err(NoTurn::Stopped)));
            drop(held);
        });
        assert_eq!(turns.wait("c", 9).map(drop), Err(NoTurn::Stopped));
        assert_eq!((turns.load(), all(&order)), ((0, 0), vec![]));
    }
}
