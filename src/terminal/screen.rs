//! What the screen shows: lines that stay, live lines that are redrawn, and what is typed. Knows no keys and no meaning.

use std::io::{self, IsTerminal};
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use parking_lot::Mutex;

use super::frame::{Frame, Typed};
use super::modes::{Modes, write};
use super::tty::{self, Descriptor, Waker};
use super::width::wrap;

/// A screen to print on, from any thread. All clones are the same screen.
///
/// With a line editor, only the *painter* draws, a thread of its own. A thread
/// that prints or types
/// 1. changes what is to be drawn, under a lock that is never held during IO;
/// 2. rings the painter's bell, which never waits.
///
/// So lines come out in the order in which they were printed, whatever the
/// typing thread waits for, and no thread draws into the row of another.
#[derive(Clone)]
pub struct Screen(pub(super) Arc<Shared>);

pub(super) struct Shared {
    ink: Mutex<Ink>,
    /// What is on the screen, and the right to draw there. Held while writing
    /// to the terminal, and taken before the ink.
    pen: Mutex<Frame>,
    /// Wakes the thread that reads.
    waker: Waker,
    /// What is needed if there is an editor.
    editor: Option<Editor>,
    stopped: AtomicBool,
}

struct Editor {
    /// Wakes the painter.
    bell: Waker,
    modes: Modes,
}

#[derive(Default)]
struct Ink {
    /// Lines that are to stay and are not drawn yet.
    fresh: String,
    /// Whether the terminal's bell is to be rung.
    rings: bool,
    /// Lines wanted between those and the prompt.
    live: Vec<String>,
    /// What is typed, while a line is read.
    typed: Option<Typed>,
    /// Everything is to be drawn anew, because the place of the cursor is not known.
    anew: bool,
    /// The person wants an empty screen.
    clears: bool,
    /// How many groups of changes are open. Nothing is drawn until all are closed.
    together: usize,
    /// There is no editor any more: nothing is drawn below what is printed.
    closed: bool,
}

/// While it lives nothing is drawn, so that all changes made meanwhile are seen
/// at the same time. For changes that are made without waiting.
pub struct Together(Screen);

impl Drop for Together {
    fn drop(&mut self) {
        self.0.0.ink.lock().together -= 1;
        self.0.ring_painter();
    }
}

impl Screen {
    /// From here on keys are not echoed, but wait for the next line. `bell` wakes the painter.
    pub(super) fn with_editor(waker: Waker, bell: Waker) -> io::Result<Screen> {
        Ok(Screen::new(waker, Some(Editor { bell, modes: Modes::take()? })))
    }

    pub(super) fn plain(waker: Waker) -> Screen {
        Screen::new(waker, None)
    }

    fn new(waker: Waker, editor: Option<Editor>) -> Screen {
        let stopped = AtomicBool::new(false);
        Screen(Arc::new(Shared { ink: Mutex::default(), pen: Mutex::default(), waker, editor, stopped }))
    }

    /// From here on Ctrl-C is a key like any other also between two lines, and
    /// no signal: for a program that never does anything long between them.
    pub fn hold_ctrl_c(&self) {
        if let Some(editor) = &self.0.editor {
            editor.modes.hold_ctrl_c();
        }
    }

    /// Leaves the terminal as it was found. The end of [`Terminal`](super::Terminal)
    /// does that; a program that ends without it must call this.
    pub fn restore(&self) {
        if let Some(editor) = &self.0.editor {
            editor.modes.restore();
        }
    }

    /// Whether there is no editor: what is printed goes out at once, and live lines are not shown.
    pub fn is_plain(&self) -> bool {
        self.0.editor.is_none()
    }

    /// Prints a line, or several, that stay: on stdout.
    pub fn print(&self, text: &str) {
        let mut ink = self.0.ink.lock();
        if self.is_plain() || ink.closed {
            drop(ink);
            // An error of stdout cannot be told anywhere.
            let _ = write_plain(&mut io::stdout().lock(), text);
            return;
        }
        ink.fresh.push_str(text);
        ink.fresh.push('\n');
        drop(ink);
        self.ring_painter();
    }

    /// Prints a line about the conversation: on stderr when there is no editor.
    pub fn note(&self, text: &str) {
        if self.is_plain() {
            let _ = write_plain(&mut io::stderr().lock(), text);
        } else {
            self.print(text);
        }
    }

    /// Bytes that are printed and not drawn yet: many, if the terminal takes nothing.
    pub fn backlog(&self) -> usize {
        self.0.ink.lock().fresh.len()
    }

    /// Rings the terminal's bell, if there is an editor.
    pub fn ring(&self) {
        if !self.is_plain() {
            self.change(|ink| ink.rings = true);
        }
    }

    /// Sets the live lines, which stand above the prompt until they are set anew.
    pub fn live(&self, lines: Vec<String>) {
        if !self.is_plain() && self.0.ink.lock().live != lines {
            self.change(|ink| ink.live = lines);
        }
    }

    /// All changes until this is dropped are seen at the same time.
    pub fn together(&self) -> Together {
        self.0.ink.lock().together += 1;
        Together(self.clone())
    }

    /// Changes the prompt before what is being typed, unless that answers a question.
    pub fn reprompt(&self, prompt: &str) {
        let mut ink = self.0.ink.lock();
        if let Some(typed) = ink.typed.as_mut().filter(|typed| !typed.is_asked && typed.prompt != prompt) {
            prompt.clone_into(&mut typed.prompt);
            drop(ink);
            self.ring_painter();
        }
    }

    /// Ends the reading: from now on [`Terminal::read`](super::Terminal::read)
    /// always returns [`Input::Stopped`](super::Input::Stopped).
    pub fn stop(&self) {
        self.0.stopped.store(true, SeqCst);
        self.0.waker.wake();
    }

    /// Whether [`Screen::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(SeqCst)
    }

    fn change(&self, change: impl FnOnce(&mut Ink)) {
        change(&mut self.0.ink.lock());
        self.ring_painter();
    }

    /// Has the painter look whether anything is to be drawn.
    pub(super) fn ring_painter(&self) {
        if let Some(editor) = &self.0.editor {
            editor.bell.wake();
        }
    }

    /// The editor starts to wait for keys.
    pub(super) fn begin_line(&self, typed: Typed) {
        if let Some(editor) = &self.0.editor {
            editor.modes.read(true);
        }
        self.change(|ink| ink.typed = Some(typed));
    }

    pub(super) fn set_line(&self, text: &str, at: usize) {
        let mut ink = self.0.ink.lock();
        if let Some(typed) = ink.typed.as_mut().filter(|typed| typed.at != at || typed.text != text) {
            text.clone_into(&mut typed.text);
            typed.at = at;
            drop(ink);
            self.ring_painter();
        }
    }

    /// The line has ended. `printed` remains on the screen after its prompt.
    pub(super) fn end_line(&self, printed: Option<&str>) {
        if let Some(editor) = &self.0.editor {
            editor.modes.read(false);
        }
        self.change(|ink| {
            let prompt = ink.typed.take().map_or(String::new(), |typed| typed.prompt);
            if let Some(line) = printed {
                ink.fresh.push_str(&format!("{prompt}{}\n", line.replace('\t', " ")));
            }
        });
    }

    /// Clears the screen, because the person wants that; what scrolled away stays.
    pub(super) fn clear(&self) {
        self.change(|ink| ink.clears = true);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.ink.lock().closed
    }

    /// Draws what has changed, unless more changes belong to it.
    pub(super) fn paint(&self) {
        if self.0.ink.lock().together == 0 {
            self.paint_now();
        }
    }

    fn paint_now(&self) {
        let mut pen = self.0.pen.lock();
        let (columns, rows) = size(io::stdout());
        let mut ink = self.0.ink.lock();
        let fresh = take(&mut ink.fresh);
        let (rings, clears) = (take(&mut ink.rings), take(&mut ink.clears));
        let anew = take(&mut ink.anew) || clears;
        let frame = match &self.0.editor {
            // In the background there is no prompt, because what is typed is for the shell.
            Some(editor) if !editor.modes.is_taken() => Frame::empty(),
            _ => Frame::new(&ink.live, ink.typed.as_ref(), columns, rows),
        };
        drop(ink);
        if anew {
            // The place of the cursor is not known, so no row is ours to draw over.
            *pen = Frame::default();
        }
        if fresh.is_empty() && !rings && !anew && *pen == frame {
            return;
        }
        let mut drawing = if rings { "\u{7}".to_owned() } else { String::new() };
        drawing.push_str(if clears { "\u{1b}[H\u{1b}[2J" } else { "" });
        draw(&mut drawing, &pen, &fresh, &frame, columns);
        write(&drawing);
        *pen = frame;
    }

    /// The program is about to be stopped: the terminal is restored for the shell.
    pub(super) fn give_back(&self) {
        self.leave();
        self.restore();
    }

    /// The program continues: the terminal may be in any state, and show anything.
    pub(super) fn take_back(&self) {
        if let Some(editor) = self.0.editor.as_ref().filter(|_| !self.is_closed()) {
            editor.modes.set();
            self.0.ink.lock().anew = true;
        }
    }

    /// Removes the live lines and the prompt from the screen.
    fn leave(&self) {
        let mut pen = self.0.pen.lock();
        let mut drawing = String::new();
        draw(&mut drawing, &pen, "", &Frame::empty(), 1);
        write(&drawing);
        *pen = Frame::default();
    }

    /// Draws what is left when there is no editor any more.
    pub(super) fn finish(&self) {
        if self.is_plain() {
            return;
        }
        let mut ink = self.0.ink.lock();
        ink.live.clear();
        ink.typed = None;
        drop(ink);
        self.paint_now();
        self.change(|ink| ink.closed = true);
        self.restore();
    }
}

/// Puts `frame` on the screen in place of `drawn`, and `fresh` lines above it.
///
/// The cursor goes up by the rows that were drawn above it, each of which
/// fills at least one. So no printed line is drawn over, even if the size of the
/// screen has changed since.
fn draw(drawing: &mut String, drawn: &Frame, fresh: &str, frame: &Frame, columns: usize) {
    let up = |drawing: &mut String, rows: usize| {
        if rows > 0 {
            drawing.push_str(&format!("\u{1b}[{rows}A"));
        }
        drawing.push('\r');
    };
    up(drawing, drawn.row);
    if !fresh.is_empty() {
        drawing.push_str("\u{1b}[J");
        for row in fresh.lines().flat_map(|line| wrap(line, columns, false)) {
            drawing.push_str(&row);
            drawing.push_str("\r\n");
        }
    }
    let last = frame.rows.len().saturating_sub(1);
    for (at, row) in frame.rows.iter().enumerate() {
        drawing.push_str(row);
        drawing.push_str(if at == last { "\u{1b}[J" } else { "\u{1b}[K\r\n" });
    }
    if frame.row < last || frame.rows.last() != Some(&frame.before) {
        up(drawing, last - frame.row);
        // The text before the cursor is written once more, so the terminal itself puts the cursor
        // at its end, however wide it takes the text to be.
        drawing.push_str(&frame.before);
    }
}

/// Writes a line, or several, without an editor. On a terminal they break
/// between words; in a pipe or a file they stay as they are.
///
/// # Errors
/// Those of the system.
pub fn write_plain(to: &mut (impl io::Write + IsTerminal + Descriptor), text: &str) -> io::Result<()> {
    if to.is_terminal() {
        let (columns, _) = size(&to);
        let rows: Vec<String> = text.split('\n').flat_map(|line| wrap(line, columns, false)).collect();
        writeln!(to, "{}", rows.join("\n"))?;
    } else {
        writeln!(to, "{text}")?;
    }
    to.flush()
}

/// Columns and rows; 80 and 24 if the terminal does not tell.
fn size(terminal: impl Descriptor) -> (usize, usize) {
    let (columns, rows) = tty::size(terminal).unwrap_or_default();
    (if columns == 0 { 80 } else { columns }, if rows == 0 { 24 } else { rows })
}
