//! The line editor on a terminal. Knows keys and drafts, not what the lines mean, and draws nothing itself.
//!
//! Every key has its effect at once: there is no state in which the editor waits
//! for one certain key. It tells [`Screen`] what is typed, and the painter draws
//! that, also while this thread does something else.

use std::io;
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Signal, kill_current_process_group};

use super::draft::{Draft, Offer, Own, Step};
use super::frame::Typed;
use super::keys::{Key, Keys};
use super::{Complete, Input, Screen, painter};
use crate::process::is_in_background;

/// How long a program in the background waits before it looks whether it is in front again.
const FRONT: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

pub(super) struct LineEditor {
    screen: Screen,
    complete: Complete,
    /// Becomes readable when the reading is to stop.
    stop: UnixStream,
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

/// What woke the editor.
enum Woke {
    Keys,
    /// Nothing came within the time that a key may take.
    Nothing,
    Stop,
}

impl LineEditor {
    pub fn new(complete: Complete) -> io::Result<(LineEditor, Screen)> {
        let (stop, waker) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        let screen = painter::open(waker)?;
        let editor = LineEditor {
            screen: screen.clone(),
            complete,
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
        let stdin = io::stdin();
        let mut ends = [PollFd::new(&stdin, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        if poll(&mut ends, Some(&now)).is_ok_and(|count| count > 0) {
            // If the input has ended, the next read tells.
            self.take_bytes()?;
        }
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
            match self.wait()? {
                Woke::Stop => return Ok(Input::Stopped),
                Woke::Keys if self.take_bytes()? => {}
                Woke::Keys => return Ok(Input::End),
                Woke::Nothing => {
                    if let Some(input) = self.keys.expire().and_then(|key| self.press(key, secret)) {
                        return Ok(input);
                    }
                }
            }
        }
    }

    /// Waits for keys.
    fn wait(&self) -> io::Result<Woke> {
        let patience = self.keys.patience().map(|patience| Timespec {
            tv_sec: patience.as_secs().cast_signed(),
            tv_nsec: patience.subsec_nanos().into(),
        });
        let stdin = io::stdin();
        let mut ends = [PollFd::new(&self.stop, PollFlags::IN), PollFd::new(&stdin, PollFlags::IN)];
        // Interrupted if the program was stopped and continued, or has another size: the painter handles that.
        Ok(match retry_on_intr(|| poll(&mut ends, patience.as_ref()))? {
            0 => Woke::Nothing,
            _ if !ends[0].revents().is_empty() => Woke::Stop,
            _ => Woke::Keys,
        })
    }

    /// Takes what was typed. False at the end of the input, or if there is no terminal any more.
    fn take_bytes(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 4096];
        match rustix::io::read(io::stdin(), &mut bytes) {
            Err(Errno::IO) if is_in_background() => {
                // The program continues without the terminal, as after Ctrl-Z and `bg`: keys are
                // for other programs, until it is in front again.
                let mut stop = [PollFd::new(&self.stop, PollFlags::IN)];
                let _ = poll(&mut stop, Some(&FRONT));
                Ok(true)
            }
            Ok(0) | Err(Errno::IO) => Ok(false),
            Ok(count) => {
                self.keys.feed(&bytes[..count]);
                Ok(true)
            }
            Err(Errno::INTR | Errno::AGAIN) => Ok(true),
            Err(error) => Err(error.into()),
        }
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
            // The painter restores the terminal before the program is stopped.
            Key::Suspend => drop(kill_current_process_group(Signal::TSTP)),
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
