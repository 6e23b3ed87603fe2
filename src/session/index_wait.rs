//! Lets searches wait until the words of all earlier messages are in the index. Knows no words and no database: the writer says how far it is.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::chat::patience::Patience;
use crate::chat::write_queue::WriteQueue;

/// How far the index has come, and how many searches wait for it.
#[derive(Debug, Default)]
pub struct IndexWait {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How many records were stored when the index had all of them; `None` if it never had, or is being rebuilt.
    reached: Option<u64>,
    searches: usize,
    hurried: bool,
}

impl IndexWait {
    /// Waits until everything added to the queue before can be found, or until `patience` is over.
    pub fn wait(&self, write_queue: &WriteQueue, patience: Duration) {
        let (wanted, _) = write_queue.progress();
        self.state.lock().searches += 1;
        write_queue.wake();
        let mut state = self.state.lock();
        let lags = |state: &mut State| state.reached.is_none_or(|reached| reached < wanted) && !state.hurried;
        Patience::of(patience).wait_while(&self.changed, &mut state, lags);
        state.searches -= 1;
    }

    /// Whether a search waits.
    pub fn is_wanted(&self) -> bool {
        self.state.lock().searches > 0
    }

    /// Notes that the first `stored` records can be found.
    pub fn has_reached(&self, stored: u64) {
        self.state.lock().reached = Some(stored);
        self.changed.notify_all();
    }

    /// Notes that the index is being rebuilt.
    pub fn begins_anew(&self) {
        self.state.lock().reached = None;
    }

    /// From here on no search waits: the server is stopping.
    pub fn hurry(&self) {
        self.state.lock().hurried = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::record::Record;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_search_waits_for_the_words_of_what_was_said_before_and_wakes_the_writer() {
        let (index, write_queue) = (IndexWait::default(), WriteQueue::new(&Limits::default().into()));
        index.has_reached(0);
        index.wait(&write_queue, LONG); // there is nothing to wait for
        write_queue.take(&mut Vec::new(), 9, 9, LONG);
        write_queue.add_whole(Record::Barrier, None);
        std::thread::scope(|scope| {
            let search = scope.spawn(|| index.wait(&write_queue, LONG));
            let mut batch = Vec::new();
            while batch.is_empty() || !index.is_wanted() {
                write_queue.take(&mut batch, 9, 9, LONG);
            }
            write_queue.stored(&batch);
            index.has_reached(write_queue.progress().1);
            search.join().unwrap();
        });
        assert!(!index.is_wanted());
    }

    #[test]
    fn a_server_that_stops_lets_no_search_wait() {
        let (index, write_queue) = (IndexWait::default(), WriteQueue::new(&Limits::default().into()));
        std::thread::scope(|scope| {
            let search = scope.spawn(|| index.wait(&write_queue, LONG));
            index.hurry();
            search.join().unwrap();
        });
    }
}
