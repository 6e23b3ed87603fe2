//! Lines that are pasted, and so come faster than a server takes them. Knows no commands.

use std::io;
use std::time::Duration;

use super::{InputLoop, Then};
use crate::client::ui::{commands, secrets};
use crate::command::{self, Verb};
use crate::terminal::Input;

/// How often Ctrl-C is looked for while lines wait for their answers.
const LOOKS: Duration = Duration::from_millis(100);

/// Pasted lines that are sent without a question.
const PASTED: usize = 3;

impl InputLoop<'_> {
    /// A typed line, or several that were pasted or typed with breaks. Several are one
    /// message, so that code stays code. With a command among them each is a line of its own.
    pub(super) fn pasted(&mut self, text: &str) -> io::Result<Then> {
        let lines: Vec<&str> = text.split(['\n', '\r']).filter(|line| !line.trim().is_empty()).collect();
        let is_secret = lines.iter().any(|line| commands::shows_password(line));
        if lines.len() > 1 && lines.iter().any(|line| secrets::asks(line)) {
            self.wrong("a command that asks for a password is typed alone; nothing of this was sent");
            return Ok(Then::Next);
        }
        if !lines.is_empty() && !is_secret && self.terminal.has_editor() {
            self.terminal.remember(text);
        }
        if lines.len() > 1 && self.terminal.has_editor() && is_message(&lines) {
            return self.obey(text);
        }
        if lines.len() > PASTED {
            let question = format!("Send these {} lines? y or n", lines.len());
            match self.terminal.ask(&question, "n")? {
                Input::Line(answer) if answer.to_lowercase().starts_with('y') => {}
                _ => {
                    self.note("* Not sent; the arrow keys bring them back.");
                    return Ok(Then::Next);
                }
            }
        }
        for (at, line) in lines.iter().enumerate() {
            match self.obey(line)? {
                Then::Next => {}
                Then::Break if lines.len() > 1 => {
                    let left = lines.len() - at;
                    let which =
                        if left == 1 { "the last line was".to_owned() } else { format!("the last {left} lines were") };
                    self.wrong(&format!("{which} not sent; the arrow keys bring all of them back"));
                    return Ok(Then::Next);
                }
                Then::Break => return Ok(Then::Next),
                leave => return Ok(leave),
            }
        }
        Ok(Then::Next)
    }

    /// Waits until one more line may wait for its answer. Returns false if the
    /// person does not want to wait any more.
    pub(super) fn wait_for_place(&mut self) -> io::Result<bool> {
        while !self.client.has_place(LOOKS) {
            if self.terminal.screen().is_stopped() {
                return Ok(false);
            }
            if self.terminal.is_interrupted()? {
                self.note("* Not sent: what was still to be said.");
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether several lines are one message: none is a command; or only the first, and that takes such a text.
fn is_message(lines: &[&str]) -> bool {
    const TAKES_LINES: [Verb; 2] = [Verb::Msg, Verb::Reply];
    let Some((first, rest)) = lines.split_first() else { return false };
    let takes = |word: &str| command::find(word).is_some_and(|spec| TAKES_LINES.contains(&spec.verb));
    command_of(first).is_none_or(takes) && rest.iter().all(|line| command_of(line).is_none())
}

/// The word of the command that a line is.
fn command_of(line: &str) -> Option<&str> {
    let word = command::shown(line).strip_prefix('/')?.split(char::is_whitespace).next()?;
    let is_ours = || commands::commands().any(|(name, ..)| name == word);
    (command::find(word).is_some() || is_ours()).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_one_message_unless_a_command_is_among_them() {
        for (lines, one) in [
            (&["def f():", "    return 1"][..], true),
            (&["#!/bin/sh", "/usr/bin/env python", "// a comment", "/* another */"], true),
            (&["/msg boris look:", "    return 1"], true),
            (&["/r yes", "and no"], true),
            (&["/join #a", "hello"], false),
            (&["hello", "  /join #a"], false),
            (&["/msg boris one", "/msg boris two"], false),
            (&["hello", "/send a.txt"], false),
            (&["/me waves", "hello"], false),
        ] {
            assert_eq!(is_message(lines), one, "{lines:?}");
        }
    }
}
