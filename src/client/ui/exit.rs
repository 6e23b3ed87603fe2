//! How the client ends: the codes that scripts see, and the signals that end it. Knows no connection.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::client::error::words;
use crate::client::{ClientError, End};
use crate::model::CloseReason;
use crate::process::within;
use crate::terminal::Screen;

/// How long a signal waits for the program to end in order.
const IN_ORDER: Duration = Duration::from_secs(2);

/// How long the program waits for a terminal that takes no output, to restore it.
const GIVE_BACK: Duration = Duration::from_secs(1);

/// The end of the program: a code, and a last sentence, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// One of the codes below.
    pub code: u8,
    /// For stderr; may be empty.
    pub text: String,
}

impl Exit {
    /// All went well.
    pub const DONE: u8 = 0;
    /// Something else went wrong.
    pub const OTHER: u8 = 1;
    /// Some lines were refused, or what answered is no Roomful server.
    pub const DATA: u8 = 65;
    /// No connection, or it was lost.
    pub const UNAVAILABLE: u8 = 69;
    /// Kicked, or the server has no place now.
    pub const LATER: u8 = 75;
    /// The server is not trusted; nothing was sent.
    pub const UNTRUSTED: u8 = 76;
    /// The server did not let us in.
    pub const REFUSED: u8 = 77;
    /// Ctrl-C twice.
    pub const INTERRUPTED: u8 = 130;

    /// The longest line passed on at once by `--json`, in bytes.
    pub(super) const LINE_BYTES: u64 = 4 << 20;

    pub(super) fn new(code: u8, text: impl Into<String>) -> Exit {
        Exit { code, text: text.into() }
    }

    pub(super) fn done() -> Exit {
        Exit::new(Exit::DONE, "")
    }

    pub(super) fn closed(reason: CloseReason, text: &str) -> Exit {
        let code = match reason {
            CloseReason::Quit => Exit::DONE,
            CloseReason::Kicked | CloseReason::SlowConsumer => Exit::LATER,
            CloseReason::Lost
            | CloseReason::Closed
            | CloseReason::Timeout
            | CloseReason::ServerStopped
            | CloseReason::Full
            | CloseReason::Failed => Exit::UNAVAILABLE,
            CloseReason::LoginTimeout | CloseReason::LoginLines | CloseReason::LoggedOut => Exit::REFUSED,
            CloseReason::Replaced | CloseReason::NotServed => Exit::OTHER,
        };
        Exit::new(code, if text.is_empty() { reason.words() } else { text })
    }

    pub(super) fn ended(end: &End) -> Exit {
        match end {
            End::Quit => Exit::done(),
            // The server's sentence was shown when it came.
            End::Closed { reason, .. } => Exit::new(Exit::closed(*reason, "").code, ""),
            End::GaveUp { why } => Exit::new(Exit::UNAVAILABLE, format!("lost the server ({why})")),
            End::Refused { text } => Exit::new(Exit::REFUSED, text),
            End::Untrusted(distrust) => Exit::new(Exit::UNTRUSTED, distrust.to_string()),
        }
    }

    pub(super) fn failed(error: &ClientError) -> Exit {
        let code = match error {
            ClientError::Connect { .. } | ClientError::Lost(_) => Exit::UNAVAILABLE,
            ClientError::Refused { .. } => Exit::REFUSED,
            ClientError::Closed { .. } => Exit::LATER,
            ClientError::Untrusted(_) => Exit::UNTRUSTED,
            ClientError::NotRoomful(_) => Exit::DATA,
        };
        Exit::new(code, error.to_string())
    }
}

/// What to say of an error of stdout; nothing if its reader has closed it, which is no error.
pub(super) fn unprinted(error: &io::Error) -> Option<String> {
    (error.kind() != io::ErrorKind::BrokenPipe).then(|| format!("cannot print: {}", words(error)))
}

/// What SIGINT, SIGTERM and SIGHUP do. The program hands each to [`Signals::came`].
#[derive(Clone, Default)]
pub struct Signals(Arc<Mutex<Wishes>>);

#[derive(Default)]
struct Wishes {
    came: bool,
    screen: Option<Screen>,
    stop: Option<Box<dyn Fn() + Send>>,
    /// Says goodbye if the rest of the program does not.
    last_words: Option<Box<dyn FnOnce() + Send>>,
}

impl Signals {
    /// A signal came. Returns whether the program should end at once, because it
    /// is the second signal, or there is nothing yet to end in order.
    pub fn came(&self) -> bool {
        let mut wishes = self.0.lock();
        let screen = wishes.screen.clone();
        if std::mem::replace(&mut wishes.came, true) {
            give_back(screen);
            return true;
        }
        match (&screen, &wishes.stop) {
            (Some(screen), _) => screen.stop(),
            (None, Some(stop)) => stop(),
            (None, None) => return true,
        }
        let last_words = wishes.last_words.take();
        // The program may be waiting for a pipe that is not read any more.
        let end_anyway = move || {
            // It returns after that time.
            let _ = crossbeam_channel::after(IN_ORDER).recv();
            if let Some(say) = last_words {
                say();
            }
            give_back(screen);
            std::process::exit(i32::from(Exit::OTHER));
        };
        // If there is no thread for it, a second signal ends the program.
        let _ = thread::Builder::new().name("last-resort".to_owned()).spawn(end_anyway);
        false
    }

    pub(super) fn last_words(&self, say: Box<dyn FnOnce() + Send>) {
        self.0.lock().last_words = Some(say);
    }

    pub(super) fn stop_screen(&self, screen: &Screen) {
        self.0.lock().screen = Some(screen.clone());
    }

    pub(super) fn on_stop(&self, stop: Box<dyn Fn() + Send>) {
        self.0.lock().stop = Some(stop);
    }
}

/// Restores the terminal, if it takes that within [`GIVE_BACK`].
fn give_back(screen: Option<Screen>) {
    if let Some(screen) = screen {
        within(GIVE_BACK, move || screen.restore());
    }
}
