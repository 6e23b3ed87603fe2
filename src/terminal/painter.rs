//! The thread that draws, and that handles signals about the terminal. Knows when to draw, not what.

use std::io;
use std::sync::{Arc, Weak};
use std::thread;

use super::screen::{Screen, Shared};
use super::tty::{Asked, Signals, Waker, Woken, wake_up};

/// A screen with a line editor, and the thread that draws it.
pub(super) fn open(waker: Waker) -> io::Result<Screen> {
    let (bell, rung) = wake_up()?;
    let signals = Signals::register(&bell)?;
    let screen = Screen::with_editor(waker, bell)?;
    start(Arc::downgrade(&screen.0), rung, signals).inspect_err(|_| screen.restore())?;
    Ok(screen)
}

/// Draws whenever `bell` is rung, until the screen is closed.
fn start(shared: Weak<Shared>, bell: Woken, signals: Signals) -> io::Result<()> {
    thread::Builder::new().name("painter".to_owned()).spawn(move || {
        while bell.wait() {
            let Some(shared) = shared.upgrade() else { return };
            let screen = Screen(shared);
            if screen.is_closed() {
                return;
            }
            while let Some(asked) = signals.asked() {
                obey(asked, &screen);
            }
            screen.paint();
        }
    })?;
    Ok(())
}

fn obey(asked: Asked, screen: &Screen) {
    match asked {
        Asked::Leave(leave) => {
            screen.give_back();
            leave.now();
        }
        Asked::GoOn => screen.take_back(),
    }
}
