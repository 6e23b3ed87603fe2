//! Threads that come and go: counted, bounded by what the machine can hold, and all joined. Knows nothing of what they do.
//!
//! A process that asks for one thread too many does not always get an error:
//! past the limit on memory maps it is aborted. So nothing here asks for more
//! than was reckoned with, and who is refused is told so as a value.

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
    /// Told when a thread comes to its end.
    fewer: Condvar,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    living: HashMap<u64, JoinHandle<()>>,
    /// The last thread that came to its end. The next one to do so joins it,
    /// and the last of all is joined by `join_all`: no thread is left behind,
    /// and none is needed to sweep.
    last: Option<JoinHandle<()>>,
    /// Threads that were started and are not joined: until then the system
    /// holds their memory.
    held: usize,
}

impl Crew {
    /// No thread yet, and never more than `most` at once, each with
    /// `stack_bytes` of address space for its stack.
    pub fn new(most: usize, stack_bytes: usize) -> Arc<Crew> {
        Arc::new(Crew { most, stack_bytes, state: Mutex::default(), fewer: Condvar::new() })
    }

    /// Starts a thread called `name`.
    ///
    /// # Errors
    /// There are `most` already, or the system has none to give; `work` is dropped.
    pub fn spawn(self: &Arc<Self>, name: String, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        // The lock is held over the spawn so that the thread finds itself in the list at its end.
        let mut state = self.state.lock();
        if state.held >= self.most {
            drop(state); // no lock while `work` is dropped, which may close a socket
            return Err(io::Error::other("as many threads as the machine can hold"));
        }
        state.next += 1;
        let id = state.next;
        let crew = Arc::clone(self);
        let life = move || {
            // Made only here: a thread that never started has no end. Dropped
            // after the work, also when the work panics.
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

    /// Waits until every thread has come to its end, and joins the last.
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
            // A panic in it has been printed.
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
