//! A thread that is told when to end, and is waited for only so long. Knows nothing of its work.

use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

/// Work on a thread of its own that may hang, such as talking to a terminal.
/// Unlike a joined thread it blocks no other thread. It ends with the process at the latest.
#[derive(Debug)]
pub struct Errand {
    /// Dropped when the work is to end.
    ending: Sender<()>,
    ended: Receiver<()>,
}

impl Errand {
    /// Starts `work` on a thread called `name`. Its channel brings no values;
    /// it is closed when the work is to end.
    ///
    /// # Errors
    /// The system's, if it cannot make a thread.
    pub fn start(name: &str, work: impl FnOnce(&Receiver<()>) + Send + 'static) -> io::Result<Errand> {
        let (ending, wait) = bounded(0);
        let (last, ended) = bounded::<()>(0);
        let work = move || {
            work(&wait);
            drop(last);
        };
        thread::Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Errand { ending, ended })
    }

    /// Tells the work to end, and waits for at most `time` until it has. Returns whether it has ended.
    pub fn end(self, time: Duration) -> bool {
        self.end_or(time, || (), Duration::ZERO)
    }

    /// The same with a `cut` for work that has not ended after `time`; it has `rest` to notice that.
    pub fn end_or(self, time: Duration, cut: impl FnOnce(), rest: Duration) -> bool {
        drop(self.ending);
        has_ended(&self.ended, time) || {
            cut();
            has_ended(&self.ended, rest)
        }
    }
}

fn has_ended(ended: &Receiver<()>, time: Duration) -> bool {
    ended.recv_timeout(time).is_err_and(|error| error.is_disconnected())
}

/// Does something that may never end, such as restoring a terminal that takes
/// no output. After `time` the caller continues without it. Returns whether it was done.
///
/// ```
/// use std::time::Duration;
/// use roomful::process::within;
///
/// assert!(within(Duration::from_secs(5), || ()));
/// assert!(!within(Duration::ZERO, || loop { std::thread::park() }));
/// ```
pub fn within(time: Duration, what: impl FnOnce() + Send + 'static) -> bool {
    Errand::start("within", |_| what()).is_ok_and(|errand| errand.end(time))
}
