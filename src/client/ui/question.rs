//! One question to a person, until there is an answer, or the person leaves. Knows no question.

use super::Exit;
use crate::terminal::{Input, Terminal};

/// Asks; an empty answer means `default`. The error is how the program ends.
pub(super) fn ask(terminal: &mut Terminal, question: &str, default: &str) -> Result<String, Exit> {
    loop {
        return match terminal.ask(question, default) {
            Ok(Input::Line(answer)) => Ok(answer),
            Ok(Input::TooLong) => continue,
            Ok(Input::Interrupted { dropped: true }) => continue,
            Ok(Input::Interrupted { dropped: false }) => Err(Exit::new(Exit::INTERRUPTED, "")),
            Ok(Input::End | Input::Stopped) => Err(Exit::done()),
            Err(error) => Err(Exit::new(Exit::OTHER, format!("no terminal: {error}"))),
        };
    }
}
