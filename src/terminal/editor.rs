//! The line editor on a terminal. Knows keys and drafts, not what the lines mean, and draws nothing itself.
//!
//! Every key has its effect at once: there is no state in which the editor waits
//! for one certain key. It tells [`Screen`] what is typed, and the painter draws
//! that, also while this thread does something else.

use std::io;
use std::time::Duration;

use super::draft::{Draft, Offer, Own, Step};
use super::frame::Typed;
use super::keys::{Key, Keys};
use super::tty::{self, Keyboard, Woke, Woken, wake_up};
use super::{Complete, Input, Screen, painter};

pub(super) struct LineEditor {
    screen: Screen,
    complete: Complete,
    keyboard: Keyboard,
    /// Woken when the reading is to stop.
    stop: Woken,
    /// What was typed ahead waits here for the next line.
    keys: Keys,
    draft: Draft,
    own: Own,
    offer: Offer,
    /// Something was typed since the last line or Ctrl-C.
    typed: bool,
    /// The line answers a question, so it has no breaks.
    single: bool,
}

impl LineEditor {
    pub fn new(complete: Complete) -> io::Result<(LineEditor, Screen)> {
        let (waker, stop) = wake_up()?;
        let screen = painter::open(waker)?;
        let resized = screen.clone();
        let keyboard = Keyboard::open(move || resized.ring_painter()).inspect_err(|_| screen.finish())?;
        let editor = LineEditor {
            screen: screen.clone(),
            complete,
            keyboard,
            stop,
            keys: Keys::default(),
            draft: Draft::default(),
            own: Own::default(),
            offer: Offer::default(),
            typed: false,
            single: false,
        };
        Ok((editor, screen))
    }

    /// Reads a line after the prompt of `typed`. It stays on the screen if `keep` says so.
    ///
    /// A secret is read here, too, because keys that were typed ahead may belong to it.
    /// Another editor would leave them to the next line, which is shown.
    pub fn read(&mut self, typed: Typed, keep: impl Fn(&str) -> bool) -> io::Result<Input> {
        if self.screen.is_stopped() {
            return Ok(Input::Stopped);
        }
        let secret = typed.secret;
        self.single = typed.is_asked;
        self.screen.begin_line(typed);
        let input = self.edit(secret);
        let line = match &input {
            Ok(Input::Line(line)) if keep(line) => Some(line.as_str()),
            _ => None,
        };
        self.screen.end_line(line);
        self.draft.take();
        if secret {
            // Or the key that puts back what was erased would show the secret.
            self.draft = Draft::default();
        }
        self.own.rest();
        self.offer.rest();
        input
    }

    pub fn remember(&mut self, line: &str) {
        self.own.remember(line);
    }

    /// Whether Ctrl-C was pressed while no line is read. What was typed ahead is removed then.
    pub fn is_interrupted(&mut self) -> io::Result<bool> {
        // If the input has ended, the next read tells.
        self.wait(Some(Duration::ZERO))?;
        Ok(self.keys.take_interrupt())
    }

    fn edit(&mut self, secret: bool) -> io::Result<Input> {
        loop {
            while let Some(key) = self.keys.next() {
                if let Some(input) = self.press(key, secret) {
                    return Ok(input);
                }
            }
            self.screen.set_line(self.draft.text(), self.draft.at());
            match self.wait(self.keys.patience())? {
                Woke::Bytes => {}
                Woke::Stop => return Ok(Input::Stopped),
                Woke::End => return Ok(Input::End),
                Woke::Nothing => {
                    if let Some(input) = self.keys.expire().and_then(|key| self.press(key, secret)) {
                        return Ok(input);
                    }
                }
            }
        }
    }

    /// Waits for keys, for at most `patience`.
    fn wait(&mut self, patience: Option<Duration>) -> io::Result<Woke> {
        let keys = &mut self.keys;
        self.keyboard.wait(&self.stop, patience, |bytes| keys.feed(bytes))
    }

    /// Does what a key does. Returns the input if that ends the line.
    fn press(&mut self, key: Key, secret: bool) -> Option<Input> {
        let typed = std::mem::replace(&mut self.typed, true);
        if !matches!(key, Key::Complete | Key::CompleteBack | Key::Cancel) {
            self.offer.rest();
        }
        if !matches!(key, Key::Older | Key::Newer | Key::Find | Key::FindNewer | Key::Cancel) {
            self.own.rest();
        }
        let draft = &mut self.draft;
        match key {
            Key::Letter(letter) | Key::Pasted(letter) => draft.insert(letter),
            Key::Break if !self.single => draft.insert('\n'),
            Key::Enter | Key::Break => {
                self.typed = false;
                return Some(Input::Line(draft.take()));
            }
            Key::Interrupt => {
                self.typed = false;
                return Some(Input::Interrupted { dropped: typed });
            }
            Key::EndOfInput if draft.text().is_empty() => return Some(Input::End),
            Key::EndOfInput => draft.erase(Step::Right),
            Key::Complete | Key::CompleteBack => self.offer(key == Key::CompleteBack, secret),
            Key::Cancel => {
                if !self.offer.cancel(draft)
                    && let Some(line) = self.own.back()
                {
                    draft.set(line);
                }
            }
            Key::Go(step) => draft.go(step),
            Key::Erase(step) => draft.erase(step),
            Key::PutBack => draft.put_back(),
            Key::Swap => draft.swap(),
            Key::Older | Key::Newer | Key::Find | Key::FindNewer if secret => {}
            Key::Older => self.show(|own, typed| own.older(typed)),
            Key::Newer => self.show(|own, _| own.newer()),
            Key::Find => self.show(|own, typed| own.find(typed, false)),
            Key::FindNewer => self.show(|own, typed| own.find(typed, true)),
            Key::Clear => self.screen.clear(),
            Key::Suspend => tty::suspend(),
        }
        None
    }

    fn show(&mut self, which: impl Fn(&mut Own, &str) -> Option<String>) {
        if let Some(line) = which(&mut self.own, self.draft.text()) {
            self.draft.set(line);
        }
    }

    fn offer(&mut self, back: bool, secret: bool) {
        if self.offer.is_open() {
            self.offer.next(&mut self.draft, back);
        } else if !secret {
            let (start, fitting) = (self.complete)(&self.draft.text()[..self.draft.at()]);
            self.offer.begin(&mut self.draft, start, fitting);
        }
    }
}
