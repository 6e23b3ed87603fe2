//! What is to be seen: lines that stay, and live lines that are redrawn. Knows no keys and no meaning.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use rustyline::ExternalPrinter;

use super::width::{rows, rows_with_cursor};

/// Moves nothing: one row up and one down again. It is printed only to wake
/// the line editor, which then redraws its prompt and asks us what to put above.
const NUDGE: &str = "\u{1b}[A\n";

type Printer = Box<dyn ExternalPrinter + Send>;

/// Where to print, from any thread; clones are the same screen.
///
/// With a line editor, only the thread in [`Terminal::read`](super::Terminal::read)
/// draws. Whoever prints
/// 1. adds to what is to be drawn, under a lock that is never held during IO;
/// 2. has the editor woken by a thread of its own, for the editor takes a
///    nudge only while it waits for keys, and nobody else may wait for that.
///
/// So lines come out in the order in which they were printed, none is lost
/// between two lines typed, and nobody ever draws into somebody else's row.
#[derive(Clone)]
pub struct Screen(Arc<Shared>);

struct Shared {
    ink: Mutex<Ink>,
    /// What wakes whoever reads.
    waker: Waker,
    /// Whether the editor is waiting for keys.
    reading: AtomicBool,
    stopped: AtomicBool,
    /// How the terminal was before us.
    before: Option<Termios>,
    /// SIGINTs sent to ourselves that the signal handler has yet to see.
    own_signals: AtomicUsize,
}

enum Waker {
    /// Wakes the thread that may wait for the editor to take a nudge.
    Editor(Sender<()>),
    Plain(UnixStream),
}

#[derive(Default)]
struct Ink {
    /// Lines that are to stay and are not drawn yet.
    fresh: String,
    /// Lines wanted between those and the prompt.
    live: Vec<String>,
    /// Live lines as they are on the screen now.
    drawn: Vec<String>,
    /// The line being typed.
    typed: String,
}

impl Screen {
    /// From here on keys pressed while no line is read are not echoed, but
    /// wait for the next line.
    pub(super) fn with_editor(printer: Printer) -> io::Result<Screen> {
        let before = tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
        tcsetattr(io::stdin(), OptionalActions::Drain, &quiet)?;
        let (sender, nudges) = bounded(1);
        let screen = Screen::new(Waker::Editor(sender), Some(before));
        let shared = Arc::downgrade(&screen.0);
        thread::Builder::new()
            .name("nudger".to_owned())
            .spawn(move || Screen::wake_editor(&shared, &nudges, printer))
            .inspect_err(|_| screen.restore())?;
        Ok(screen)
    }

    pub(super) fn plain(waker: UnixStream) -> Screen {
        Screen::new(Waker::Plain(waker), None)
    }

    /// From here on Ctrl-C is a key like any other also between two lines, and
    /// no signal: for a program that never does anything long between them.
    pub fn hold_ctrl_c(&self) {
        if self.0.before.is_some()
            && let Ok(mut modes) = tcgetattr(io::stdin())
        {
            modes.local_modes.remove(LocalModes::ISIG);
            // Where this fails, Ctrl-C between two lines still ends the program in order.
            let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &modes);
        }
    }

    /// Leaves the terminal as it was found. The end of [`Terminal`](super::Terminal)
    /// does that; whoever ends the program without it must.
    pub fn restore(&self) {
        if let Some(before) = &self.0.before {
            // Fails when the terminal is gone, and then nothing is left to restore.
            let _ = tcsetattr(io::stdin(), OptionalActions::Drain, before);
        }
    }

    fn new(waker: Waker, before: Option<Termios>) -> Screen {
        Screen(Arc::new(Shared {
            ink: Mutex::default(),
            waker,
            before,
            reading: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            own_signals: AtomicUsize::new(0),
        }))
    }

    /// Whether there is no editor: what is printed goes out at once, and live lines are not shown.
    pub fn is_plain(&self) -> bool {
        matches!(self.0.waker, Waker::Plain(_))
    }

    /// Prints a line, or several, that stay: on stdout.
    pub fn print(&self, text: &str) {
        if self.is_plain() {
            // Nobody is left to be told that nobody listens.
            let _ = writeln!(io::stdout().lock(), "{text}").and_then(|()| io::stdout().flush());
            return;
        }
        let mut ink = self.0.ink.lock();
        ink.fresh.push_str(text);
        ink.fresh.push('\n');
        drop(ink);
        self.nudge();
    }

    /// Prints a line about the conversation: on stderr when there is no editor.
    pub fn note(&self, text: &str) {
        if self.is_plain() {
            let _ = writeln!(io::stderr().lock(), "{text}");
        } else {
            self.print(text);
        }
    }

    /// Bytes that are printed and not drawn yet: many, if the terminal takes nothing.
    pub fn backlog(&self) -> usize {
        self.0.ink.lock().fresh.len()
    }

    /// Rings the bell, where there is one.
    pub fn ring(&self) {
        if !self.is_plain() {
            self.0.ink.lock().fresh.push('\u{7}');
            self.nudge();
        }
    }

    /// Sets the live lines, which stand above the prompt until they are set anew.
    pub fn live(&self, lines: Vec<String>) {
        let mut ink = self.0.ink.lock();
        if ink.live == lines || self.is_plain() {
            return;
        }
        ink.live = lines;
        drop(ink);
        self.nudge();
    }

    /// Ends the reading: [`Terminal::read`](super::Terminal::read) returns
    /// [`Input::Stopped`](super::Input::Stopped), now and ever after.
    pub fn stop(&self) {
        self.0.stopped.store(true, SeqCst);
        match &self.0.waker {
            Waker::Plain(waker) => drop((&*waker).write_all(b"x")),
            Waker::Editor(_) if self.0.reading.load(SeqCst) => {
                // A signal is what makes the editor give the terminal back.
                self.0.own_signals.fetch_add(1, SeqCst);
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT);
            }
            Waker::Editor(_) => {}
        }
    }

    /// Whether [`Screen::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(SeqCst)
    }

    /// For the program's handler of SIGINT, which it must have if it calls
    /// [`Screen::stop`]: whether this signal is one that `stop` sent. It came
    /// to the handler because the editor was not ready for it, so it is sent again.
    pub fn was_own_signal(&self) -> bool {
        const READY_SOON: Duration = Duration::from_millis(10);
        let own = self.0.own_signals.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok();
        if own && self.0.reading.load(SeqCst) {
            thread::sleep(READY_SOON);
            self.stop();
        }
        own
    }

    fn nudge(&self) {
        if let Waker::Editor(nudges) = &self.0.waker {
            // A nudge that waits already does for this one too.
            let _ = nudges.try_send(());
        }
    }

    /// Nudges the editor when it waits for keys. Its printer has a queue of
    /// one, so this may wait until the next line is read; nobody else does.
    fn wake_editor(shared: &Weak<Shared>, nudges: &Receiver<()>, mut printer: Printer) {
        for () in nudges {
            let Some(shared) = shared.upgrade() else { return };
            let reading = shared.reading.load(SeqCst);
            drop(shared);
            if reading && printer.print(NUDGE.to_owned()).is_err() {
                return;
            }
        }
    }

    pub(super) fn set_typed(&self, line: &str) {
        let mut ink = self.0.ink.lock();
        line.clone_into(&mut ink.typed);
    }

    /// The editor starts to wait for keys.
    pub(super) fn begin_reading(&self) {
        self.0.ink.lock().typed.clear();
        self.0.reading.store(true, SeqCst);
    }

    /// The editor does not start after all.
    pub(super) fn cancel_reading(&self) {
        self.0.reading.store(false, SeqCst);
    }

    /// What to draw in front of the prompt, with the cursor at the start of
    /// the prompt's row and nothing below.
    pub(super) fn paint(&self) -> String {
        let mut ink = self.0.ink.lock();
        if ink.fresh.is_empty() && ink.live == ink.drawn {
            return String::new();
        }
        let mut drawing = erase(ink.drawn.iter().map(|line| rows(line, columns())).sum());
        drawing.push_str(&std::mem::take(&mut ink.fresh));
        for line in &ink.live {
            drawing.push_str(line);
            drawing.push('\n');
        }
        ink.drawn = ink.live.clone();
        drawing
    }

    /// The editor has ended with the cursor in the row below what was typed.
    /// Takes that off the screen, and puts it back if it is to be kept; the
    /// live lines go, and come back with the next prompt. Returns what was typed.
    pub(super) fn end_reading(&self, prompt: &str, line: Option<&str>, keep: bool) -> String {
        self.0.reading.store(false, SeqCst);
        let mut ink = self.0.ink.lock();
        let typed = format!("{prompt}{}", line.unwrap_or(&ink.typed));
        let live: usize = ink.drawn.drain(..).map(|line| rows(&line, columns())).sum();
        let mut drawing = erase(live + rows_with_cursor(&typed, columns()));
        drawing.push_str(&std::mem::take(&mut ink.fresh));
        if keep {
            let _ = writeln!(drawing, "{typed}");
        }
        let typed = std::mem::take(&mut ink.typed);
        drop(ink);
        let _ = io::stdout().write_all(drawing.as_bytes()).and_then(|()| io::stdout().flush());
        typed
    }

    pub(super) fn prompt(&self, prompt: &str) {
        let _ = io::stdout().write_all(prompt.as_bytes()).and_then(|()| io::stdout().flush());
    }

    /// Draws what is left when there is no editor any more.
    pub(super) fn finish(&self) {
        let rest = std::mem::take(&mut self.0.ink.lock().fresh);
        let _ = io::stdout().write_all(rest.as_bytes()).and_then(|()| io::stdout().flush());
        self.restore();
    }
}

/// Takes the `rows` rows above the cursor off the screen.
fn erase(rows: usize) -> String {
    if rows == 0 { "\r\u{1b}[J".to_owned() } else { format!("\r\u{1b}[{rows}A\u{1b}[J") }
}

fn columns() -> usize {
    const USUAL: usize = 80;
    tcgetwinsize(io::stdout()).map_or(USUAL, |size| usize::from(size.ws_col)).max(1)
}
