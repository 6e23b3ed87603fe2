//! Reads lines while other threads print: with a line editor on a terminal, without one on a pipe. Knows nothing of chat, servers or sockets.
//!
//! On a terminal the line being typed stays at the bottom while other lines are
//! printed above it. Between the two there may be *live* lines, which are
//! redrawn in place (see [`Screen`]). Without a terminal, lines come from stdin
//! and go to stdout and stderr, without colours or cursor codes.

mod draft;
mod editor;
mod frame;
mod keys;
mod modes;
mod painter;
mod plain;
mod screen;
mod tty;
mod width;

use std::io::{self, IsTerminal};

pub use screen::{Screen, write_plain};
pub use tty::is_in_background;

use editor::LineEditor;
use frame::Typed;
use plain::PlainInput;

/// What [`Terminal::read`] has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A line, without its ending. Bytes that are no UTF-8 are replaced by U+FFFD.
    Line(String),
    /// A line from a pipe that was longer than [`Terminal::LINE_BYTES`]; it is lost.
    TooLong,
    /// Ctrl-C was pressed; what was typed is removed.
    Interrupted {
        /// Whether any key was pressed since the last line or Ctrl-C.
        dropped: bool,
    },
    /// The end: Ctrl-D on an empty line, or the end of the pipe.
    End,
    /// [`Screen::stop`] was called.
    Stopped,
}

/// Finds words for Tab: takes the text left of the cursor, and returns the byte at
/// which its last word starts, and the words that may replace it.
pub type Complete = Box<dyn Fn(&str) -> (usize, Vec<String>) + Send>;

/// The input of a person, or of a script.
pub struct Terminal {
    input: Typist,
    screen: Screen,
}

enum Typist {
    Editor(Box<LineEditor>),
    Plain(PlainInput),
}

impl Terminal {
    /// The longest line taken from a pipe, in bytes with its ending.
    pub const LINE_BYTES: usize = 1 << 20;

    /// The terminal of this process, with a line editor if stdin and stdout
    /// are a terminal that can move its cursor.
    ///
    /// # Errors
    /// Those of the system, when no wake-up pipe or no editor can be made.
    pub fn open(complete: Complete) -> io::Result<Terminal> {
        if is_person() && tty::can_move_cursor() {
            let (editor, screen) = LineEditor::new(complete)?;
            return Ok(Terminal { input: Typist::Editor(Box::new(editor)), screen });
        }
        Terminal::plain()
    }

    /// The stdin and stdout of this process without a line editor, whatever
    /// they are; no mode of a terminal is changed.
    ///
    /// # Errors
    /// Those of the system, when no wake-up pipe can be made.
    pub fn plain() -> io::Result<Terminal> {
        let (input, screen) = PlainInput::new()?;
        Ok(Terminal { input: Typist::Plain(input), screen })
    }

    /// From here on, if there is no editor, the reading also stops when the
    /// reader of stdout has closed it.
    pub fn end_with_reader(&mut self) {
        if let Typist::Plain(input) = &mut self.input {
            input.end_with_reader();
        }
    }

    /// The screen to print on; clone it for other threads.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Whether there is a line editor.
    pub fn has_editor(&self) -> bool {
        matches!(self.input, Typist::Editor(_))
    }

    /// Waits for a line. With an editor, `prompt` stands before it, and after
    /// Enter the line stays on the screen if `keep` says so; without one,
    /// nothing is prompted for.
    ///
    /// # Errors
    /// Those of the system. The terminal cannot be used after that.
    pub fn read(&mut self, prompt: &str, keep: impl Fn(&str) -> bool) -> io::Result<Input> {
        match &mut self.input {
            Typist::Editor(editor) => editor.read(Typed { prompt: prompt.to_owned(), ..Typed::default() }, keep),
            Typist::Plain(input) => input.read(),
        }
    }

    /// Whether Ctrl-C was pressed while no line is read: for a caller that waits
    /// for something that may not come. What was typed ahead is removed then.
    ///
    /// # Errors
    /// As [`Terminal::read`].
    pub fn is_interrupted(&mut self) -> io::Result<bool> {
        match &mut self.input {
            Typist::Editor(editor) => editor.is_interrupted(),
            Typist::Plain(_) => Ok(false),
        }
    }

    /// Asks a person a question; an empty answer means `default`.
    ///
    /// # Errors
    /// As [`Terminal::read`].
    pub fn ask(&mut self, question: &str, default: &str) -> io::Result<Input> {
        let prompt = format!("{question} [{default}]: ");
        let read = match &mut self.input {
            Typist::Editor(editor) => editor.read(Typed { prompt, is_asked: true, ..Typed::default() }, |_| true),
            Typist::Plain(input) => {
                modes::write(&prompt);
                input.read()
            }
        };
        Ok(match read? {
            Input::Line(line) if line.trim().is_empty() => Input::Line(default.to_owned()),
            Input::Line(line) => Input::Line(line.trim().to_owned()),
            other => other,
        })
    }

    /// Whether a person can be asked here for a secret.
    pub fn can_ask_secret(&self) -> bool {
        self.has_editor() || is_person() && tty::can_hide_keys()
    }

    /// Asks a person for a secret: no key is shown, no line stays on the screen,
    /// and the arrow keys do not find it. Keys typed ahead are part of the
    /// answer, so they are never shown or sent.
    ///
    /// # Errors
    /// As [`Terminal::read`], or there is no person to ask.
    pub fn ask_secret(&mut self, question: &str) -> io::Result<Input> {
        let prompt = format!("{question}: ");
        match &mut self.input {
            Typist::Editor(editor) => {
                editor.read(Typed { prompt, is_asked: true, secret: true, ..Typed::default() }, |_| false)
            }
            Typist::Plain(_) if is_person() && tty::can_hide_keys() => plain::read_secret(&prompt),
            Typist::Plain(_) => Err(io::Error::new(io::ErrorKind::NotFound, "nobody to ask")),
        }
    }

    /// Remembers a line for the arrow keys.
    pub fn remember(&mut self, line: &str) {
        if let Typist::Editor(editor) = &mut self.input {
            editor.remember(line);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.screen.finish();
    }
}

/// Whether a person types and reads: stdin and stdout are terminals.
pub fn is_person() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Whether colours are wanted on stdout: a terminal that has them, and no `NO_COLOR`.
pub fn wants_colour() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}
