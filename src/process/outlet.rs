//! Output that may not be read: a bounded queue, and a thread that writes. Knows no descriptor; the caller says how a text is written.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

/// A way out for texts. Only its own thread waits for the reader, so a pipe that
/// is not read blocks no other thread. All clones are the same way out.
///
/// ```
/// use std::time::Duration;
/// use roomful::process::Outlet;
///
/// let (sender, written) = std::sync::mpsc::channel();
/// let outlet = Outlet::open("example", 4, move |text: &str| drop(sender.send(text.to_owned())))?;
/// outlet.offer("one".to_owned());
/// assert!(outlet.drain(Duration::from_secs(5)));
/// assert_eq!(written.recv(), Ok("one".to_owned()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Outlet {
    queue: Sender<Piece>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    /// Dropped when all texts before it are written.
    Mark(#[allow(dead_code, reason = "it is there to be dropped")] Sender<()>),
}

impl Outlet {
    /// A way out with `capacity` texts in it at the most; `write` is called for
    /// each, a line or several without the last ending, on a thread called
    /// `name`, which ends with the process.
    ///
    /// # Errors
    /// The system's, if it cannot make a thread.
    pub fn open(name: &str, capacity: usize, write: impl FnMut(&str) + Send + 'static) -> io::Result<Outlet> {
        let (queue, pieces) = bounded(capacity);
        let lost = Arc::new(AtomicU64::new(0));
        let missing = Arc::clone(&lost);
        thread::Builder::new().name(name.to_owned()).spawn(move || write_all(&pieces, &missing, write))?;
        Ok(Outlet { queue, lost })
    }

    /// Puts a text in, if there is room; never waits. If there is none, the text
    /// is lost and counted, and the count is written when there is room again.
    pub fn offer(&self, text: String) {
        if self.queue.try_send(Piece::Text(text)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Puts a text in, and waits until there is room: for a thread that has
    /// nothing else to do.
    pub fn put(&self, text: String) {
        // It fails only if the writing thread has ended, and then nothing is written any more.
        let _ = self.queue.send(Piece::Text(text));
    }

    /// Puts a text in, and waits for at most `time` until there is room.
    pub fn put_within(&self, text: String, time: Duration) {
        if self.queue.send_timeout(Piece::Text(text), time).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits for at most `time` until all texts are written. Returns whether they are.
    pub fn drain(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let (mark, passed) = bounded(0);
        if self.queue.send_deadline(Piece::Mark(mark), until).is_err() {
            return false;
        }
        // No value is sent: the channel closes when the mark is dropped.
        passed.recv_deadline(until).is_err_and(|error| error.is_disconnected())
    }
}

fn write_all(pieces: &Receiver<Piece>, lost: &AtomicU64, mut write: impl FnMut(&str)) {
    for piece in pieces {
        let missing = lost.swap(0, Ordering::Relaxed);
        if missing > 0 {
            write(&format!("! {missing} lines were too many to write"));
        }
        match piece {
            Piece::Text(text) => write(&text),
            Piece::Mark(mark) => drop(mark),
        }
    }
}

/// Diagnostics, a line at a time. It never fails, because an error could be told nowhere.
impl io::Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.offer(String::from_utf8_lossy(bytes).trim_end_matches('\n').to_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    #[test]
    fn an_offer_never_waits_and_what_finds_no_room_is_counted() {
        let (sender, written) = channel();
        let (open, closed) = channel::<()>();
        let (begin, begun) = channel();
        let mut first = true;
        let outlet = Outlet::open("test", 2, move |text| {
            if std::mem::take(&mut first) {
                begin.send(()).unwrap();
                closed.recv().unwrap_err();
            }
            sender.send(format!("{text}\n")).unwrap();
        });
        let outlet = outlet.unwrap();
        outlet.offer("0".to_owned());
        begun.recv_timeout(SOON).unwrap();
        // One is being written, two fit in.
        (1..=5).for_each(|i| outlet.offer(i.to_string()));
        assert!(!outlet.drain(Duration::ZERO), "nothing is written yet");
        drop(open);
        assert!(outlet.drain(SOON));
        let all: String = written.try_iter().collect();
        assert_eq!(all, "0\n! 3 lines were too many to write\n1\n2\n");
    }
}
