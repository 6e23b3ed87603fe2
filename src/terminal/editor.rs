//! The line editor on a terminal, around rustyline. Knows keys and rows, not what the lines mean.
//!
//! rustyline redraws its prompt whenever its printer is used, and asks a
//! *highlighter* how the prompt looks. That is where [`Screen`] puts its lines
//! in: always on the editor's own thread, always with the cursor at a known place.

use std::borrow::Cow;
use std::cell::Cell;
use std::io;

use rustyline::completion::Completer;
use rustyline::config::BellStyle;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, CompletionType, Config, Context, Editor, Helper};
use unicode_width::UnicodeWidthStr;

use super::{Complete, Input, Screen};

/// Own lines that the arrow keys find; the oldest is forgotten first.
const REMEMBERED: usize = 500;

pub(super) struct LineEditor {
    editor: Editor<Assistant, DefaultHistory>,
    screen: Screen,
}

struct Assistant {
    screen: Screen,
    complete: Complete,
    /// What is typed now must not be seen.
    secret: Cell<bool>,
}

impl LineEditor {
    pub fn new(complete: Complete) -> rustyline::Result<(LineEditor, Screen)> {
        let config = Config::builder()
            .max_history_size(REMEMBERED)?
            .history_ignore_dups(true)?
            .completion_type(CompletionType::Circular)
            // The highlighter must be asked even where there are no colours.
            .color_mode(ColorMode::Forced)
            .bell_style(BellStyle::None)
            .build();
        let mut editor = Editor::with_config(config)?;
        let screen = Screen::with_editor(Box::new(editor.create_external_printer()?))?;
        editor.set_helper(Some(Assistant { screen: screen.clone(), complete, secret: Cell::new(false) }));
        Ok((LineEditor { editor, screen: screen.clone() }, screen))
    }

    pub fn read(&mut self, prompt: &str, keep: impl Fn(&str) -> bool) -> io::Result<Input> {
        if self.screen.is_stopped() {
            return Ok(Input::Stopped);
        }
        self.screen.begin_reading();
        if self.screen.is_stopped() {
            self.screen.cancel_reading();
            return Ok(Input::Stopped);
        }
        let read = self.editor.readline(prompt);
        let line = read.as_deref().ok();
        let typed = self.screen.end_reading(prompt, line, line.is_some_and(keep));
        match read {
            _ if self.screen.is_stopped() => Ok(Input::Stopped),
            Ok(line) => Ok(Input::Line(line)),
            Err(ReadlineError::Interrupted) => Ok(Input::Interrupted { dropped: !typed.is_empty() }),
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(ReadlineError::Io(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Reads a line of which nothing is shown, not even how long it is getting.
    ///
    /// It is the same editor as for all else, for it may hold keys already
    /// that were typed ahead; another one would leave them to the next line.
    pub fn read_secret(&mut self, prompt: &str) -> io::Result<Input> {
        self.be_secret(true);
        let hidden = self.editor.set_cursor_visibility(false);
        let read = self.read(prompt, |_| false);
        drop(hidden);
        self.be_secret(false);
        read
    }

    fn be_secret(&self, secret: bool) {
        if let Some(assistant) = self.editor.helper() {
            assistant.secret.set(secret);
        }
    }

    pub fn remember(&mut self, line: &str) {
        // It fails only for a history kept elsewhere than in memory.
        let _ = self.editor.add_history_entry(line);
    }
}

impl Helper for Assistant {}

impl Validator for Assistant {}

impl Hinter for Assistant {
    type Hint = String;

    /// There are no hints; but this is called at every change of the line.
    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.screen.set_typed(line);
        None
    }
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        if self.secret.get() {
            return Ok((pos, Vec::new()));
        }
        Ok((self.complete)(&line[..pos]))
    }
}

impl Highlighter for Assistant {
    /// The line itself; blanks where it must not be seen, as wide as the editor expects.
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if self.secret.get() { Cow::Owned(" ".repeat(line.width())) } else { Cow::Borrowed(line) }
    }

    /// Where nothing must be seen, no key may be drawn without asking for the whole line.
    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.secret.get() && kind != CmdKind::MoveCursor
    }

    /// The prompt, and above it whatever was printed since it was drawn last.
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        let above = self.screen.paint();
        if above.is_empty() { Cow::Borrowed(prompt) } else { Cow::Owned(above + prompt) }
    }
}
