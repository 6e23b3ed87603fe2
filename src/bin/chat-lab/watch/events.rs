//! What ends the watching, or stops it for a while: keys, signals, a reader that is gone. Knows no picture.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Instant;

use roomful::process::is_ignored;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::flag;
use signal_hook::low_level::pipe;

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const CTRL_Z: u8 = 26;

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The person, or the reader, wants no more.
    End,
    /// This signal asks the program to end.
    Signal(i32),
    /// The person wants to see more.
    Enter,
    /// The shell is to have the terminal for a while.
    Suspend,
    /// It has had it; or the terminal has another size.
    GoesOn,
}

/// Signals as they come.
pub struct Events {
    rung: UnixStream,
    came: Vec<(Event, Arc<AtomicBool>)>,
}

impl Events {
    /// From here on no signal ends the program by itself.
    ///
    /// # Errors
    /// Those of the system.
    pub fn listen() -> io::Result<Events> {
        let (bell, rung) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        rung.set_nonblocking(true)?;
        let ends = [SIGINT, SIGTERM, SIGHUP, SIGQUIT].map(|signal| (signal, Event::Signal(signal)));
        let others = [(SIGTSTP, Event::Suspend), (SIGCONT, Event::GoesOn), (SIGWINCH, Event::GoesOn)];
        let mut came = Vec::new();
        for (signal, event) in ends.into_iter().filter(|(signal, _)| !is_ignored(*signal)).chain(others) {
            let flag: Arc<AtomicBool> = Arc::default();
            // The flag is set first, because it must be found when the bell rings.
            flag::register(signal, Arc::clone(&flag))?;
            pipe::register(signal, bell.try_clone()?)?;
            came.push((event, flag));
        }
        Ok(Events { rung, came })
    }

    /// Waits until then for something to come. With `keys`, stdin is a terminal; without, it is
    /// the reader of stdout that may end it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn wait(&mut self, until: Instant, keys: bool) -> io::Result<Option<Event>> {
        let (stdin, stdout) = (io::stdin(), io::stdout());
        loop {
            let (other, wanted) =
                if keys { (stdin.as_fd(), PollFlags::IN) } else { (stdout.as_fd(), PollFlags::empty()) };
            let mut ends = [PollFd::new(&self.rung, PollFlags::IN), PollFd::from_borrowed_fd(other, wanted)];
            let left = until.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut ends, Some(&left)) {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let is_other = !ends[1].revents().is_empty();
            // A signal may have come while another one was handled, so all flags are looked at.
            let _ = self.rung.read(&mut [0; 64]);
            if let Some((event, _)) = self.came.iter().find(|(_, came)| came.swap(false, SeqCst)) {
                return Ok(Some(*event));
            }
            if is_other {
                match if keys { key() } else { Some(Event::End) } {
                    None => continue,
                    event => return Ok(event),
                }
            }
        }
    }
}

/// What the keys that were pressed ask for.
fn key() -> Option<Event> {
    let mut keys = [0; 64];
    match read(io::stdin(), &mut keys[..]) {
        Ok(0) | Err(Errno::IO) => Some(Event::End),
        Ok(count) => keys[..count].iter().find_map(|key| match *key {
            b'q' | b'Q' | CTRL_C | CTRL_D => Some(Event::End),
            CTRL_Z => Some(Event::Suspend),
            b'\r' | b'\n' | b' ' => Some(Event::Enter),
            _ => None,
        }),
        Err(_) => None,
    }
}
