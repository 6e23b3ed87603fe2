//! Starts threads, counts them, bounds their number, and joins them all. Knows nothing of what they do.
//!
//! A process that asks for one thread too many does not always get an error:
//! past the limit on memory maps it is aborted. So a crew never starts more
//! threads than it was made for, and a caller that gets none gets an error.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};

/// The threads of a server that end before it does.
#[derive(Debug)]
pub struct Crew {
    most: usize,
    stack_bytes: usize,
    state: Mutex<State>,
    /// Notified when a thread ends.
    fewer: Condvar,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    living: HashMap<u64, JoinHandle<()>>,
    /// The thread that ended last. The next thread that ends joins it, and
    /// `join_all` joins the last of all. So every thread is joined, and no extra
    /// thread is needed for that.
    last: Option<JoinHandle<()>>,
    /// Threads that were started and are not joined yet: the system still holds
    /// their memory.
    held: usize,
}

impl Crew {
    /// A crew of at most `most` threads at once, each with `stack_bytes` of address
    /// space for its stack. No thread is started yet.
    pub fn new(most: usize, stack_bytes: usize) -> Arc<Crew> {
        Arc::new(Crew { most, stack_bytes, state: Mutex::default(), fewer: Condvar::new() })
    }

    /// Starts a thread called `name`.
    ///
    /// # Errors
    /// There are `most` threads already, or the system starts no more; `work` is dropped.
    pub fn spawn(self: &Arc<Self>, name: String, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        // The lock is held over the spawn so that the thread finds itself in the list at its end.
        let mut state = self.state.lock();
        if state.held >= self.most {
            drop(state); // dropping `work` may close a socket, so no lock is held
            return Err(io::Error::other("as many threads as the machine can hold"));
        }
        state.next += 1;
        let id = state.next;
        let crew = Arc::clone(self);
        let life = move || {
            // Made inside the thread, because a thread that never started has no
            // end. It is dropped after the work, also if the work panics.
            let _end = End { crew, id };
            work();
        };
        let thread = thread::Builder::new().name(name).stack_size(self.stack_bytes).spawn(life)?;
        state.held += 1;
        state.living.insert(id, thread);
        Ok(())
    }

    /// How many threads there are.
    pub fn living(&self) -> usize {
        self.state.lock().living.len()
    }

    /// Waits until every thread has ended, and joins the last.
    pub fn join_all(&self) {
        let mut state = self.state.lock();
        while !state.living.is_empty() {
            self.fewer.wait(&mut state);
        }
        let last = state.last.take();
        drop(state);
        self.join(last);
    }

    fn ended(&self, id: u64) {
        let mut state = self.state.lock();
        let Some(own) = state.living.remove(&id) else { return };
        let before = state.last.replace(own);
        self.fewer.notify_all();
        drop(state);
        self.join(before);
    }

    fn join(&self, thread: Option<JoinHandle<()>>) {
        if let Some(thread) = thread {
            // If it panicked, that has been printed.
            let _ = thread.join();
            self.state.lock().held -= 1;
        }
    }
}

/// The last thing a thread does.
struct End {
    crew: Arc<Crew>,
    id: u64,
}

impl Drop for End {
    fn drop(&mut self) {
        self.crew.ended(self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{channel, sync_channel};

    use super::*;

    /// docs/threads.md, rule 6: at the edge, and one beyond it.
    #[test]
    fn a_crew_never_has_more_threads_than_it_may_and_a_place_is_free_again_after_a_join() {
        let crew = Crew::new(2, 262_144);
        let (go, wait) = sync_channel::<()>(0);
        let wait = Arc::new(Mutex::new(wait));
        let work = |wait: &Arc<Mutex<_>>| {
            let wait: Arc<Mutex<std::sync::mpsc::Receiver<()>>> = Arc::clone(wait);
            move || assert!(wait.lock().recv().is_ok())
        };
        crew.spawn("one".to_owned(), work(&wait)).unwrap();
        crew.spawn("two".to_owned(), work(&wait)).unwrap();
        let (sender, told) = channel::<()>();
        crew.spawn("three".to_owned(), move || drop(sender)).unwrap_err();
        assert!(told.recv().is_err(), "what it was to do is dropped");
        assert_eq!(crew.living(), 2);
        go.send(()).unwrap();
        go.send(()).unwrap();
        crew.join_all();
        assert_eq!((crew.living(), crew.state.lock().held), (0, 0));
        crew.spawn("four".to_owned(), || ()).unwrap();
        crew.join_all();
    }

    #[test]
    fn a_thread_that_panics_is_counted_out_like_any_other() {
        let crew = Crew::new(1, 262_144);
        for _ in 0..3 {
            crew.spawn("bad".to_owned(), || std::panic::resume_unwind(Box::new("asked to"))).unwrap();
            crew.join_all();
        }
        assert_eq!(crew.state.lock().held, 0);
    }
}
