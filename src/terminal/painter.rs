//! The thread that draws, and that handles signals about the terminal. Knows when to draw, not what.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Weak};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::process::{getpgrp, getsid};
use signal_hook::consts::{SIGALRM, SIGCONT, SIGQUIT, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGWINCH, SIGXCPU};
use signal_hook::low_level::{emulate_default_handler, pipe, unregister};
use signal_hook::{SigId, flag};

use super::screen::{Screen, Shared};

/// Signals that end a program without a handler. Those that ask a program to end
/// in order, such as SIGTERM, are handled elsewhere.
const ENDS: [i32; 6] = [SIGQUIT, SIGALRM, SIGVTALRM, SIGUSR1, SIGUSR2, SIGXCPU];

/// Signals that came.
struct Signals {
    stop: Arc<AtomicBool>,
    goes_on: Arc<AtomicBool>,
    ends: Vec<(i32, Arc<AtomicBool>)>,
    registered: Vec<SigId>,
}

impl Signals {
    /// From here on the signals ring `bell`.
    fn register(bell: &UnixStream) -> io::Result<Signals> {
        let mut signals =
            Signals { stop: Arc::default(), goes_on: Arc::default(), ends: Vec::new(), registered: Vec::new() };
        signals.ends.extend(ENDS.map(|signal| (signal, Arc::default())));
        let mut flags = vec![(SIGTSTP, Arc::clone(&signals.stop)), (SIGCONT, Arc::clone(&signals.goes_on))];
        flags.extend(signals.ends.iter().map(|(signal, came)| (*signal, Arc::clone(came))));
        for (signal, came) in flags {
            // The flag is set first, because the painter must find it when the bell rings.
            signals.registered.push(flag::register(signal, came)?);
            signals.registered.push(pipe::register(signal, bell.try_clone()?)?);
        }
        signals.registered.push(pipe::register(SIGWINCH, bell.try_clone()?)?);
        Ok(signals)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            unregister(id);
        }
    }
}

/// A screen with a line editor, and the thread that draws it.
pub(super) fn open(waker: UnixStream) -> io::Result<Screen> {
    let (bell, rung) = UnixStream::pair()?;
    bell.set_nonblocking(true)?;
    rung.set_nonblocking(true)?;
    let signals = Signals::register(&bell)?;
    let screen = Screen::with_editor(waker, bell)?;
    start(Arc::downgrade(&screen.0), rung, signals).inspect_err(|_| screen.restore())?;
    Ok(screen)
}

/// Draws whenever `bell` is rung, until the screen is closed.
fn start(shared: Weak<Shared>, bell: UnixStream, signals: Signals) -> io::Result<()> {
    thread::Builder::new().name("painter".to_owned()).spawn(move || {
        while listen(&bell) {
            let Some(shared) = shared.upgrade() else { return };
            let screen = Screen(shared);
            if screen.is_closed() {
                return;
            }
            obey(&signals, &screen);
            screen.paint();
        }
    })?;
    Ok(())
}

/// Waits for the bell, however often it was rung. False if no thread can ring it any more.
fn listen(mut bell: &UnixStream) -> bool {
    let mut ends = [PollFd::new(bell, PollFlags::IN)];
    if retry_on_intr(|| poll(&mut ends, None)).is_err() {
        return false;
    }
    let mut rung = [0; 256];
    !matches!(bell.read(&mut rung), Ok(0))
}

/// Does what signals ask for.
fn obey(signals: &Signals, screen: &Screen) {
    for (signal, came) in &signals.ends {
        if came.load(SeqCst) {
            screen.give_back();
            // It does not return.
            drop(emulate_default_handler(*signal));
        }
    }
    if signals.stop.swap(false, SeqCst) && has_shell() {
        screen.give_back();
        // It returns when the program continues, and then SIGCONT has come, too.
        drop(emulate_default_handler(SIGTSTP));
    }
    if signals.goes_on.swap(false, SeqCst) {
        screen.take_back();
    }
}

/// Whether there is a shell that could continue a stopped program: a shell gives
/// each of its jobs a process group. Without a shell, as in a window of its own,
/// the program's group is that of its session.
fn has_shell() -> bool {
    getsid(None).is_ok_and(|session| session != getpgrp())
}
