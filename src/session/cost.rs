//! What it takes of `rate` and of the disk that something was read. Knows no session; what a command takes stands in the table of commands.

use std::num::NonZeroU32;

use crate::command::{Command, Price, Stores};
use crate::wire::{Input, Mark};

/// What something takes of `rate`. Whatever costs the server costs its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// A goodbye, and what costs nothing because there was nothing.
    Nothing,
    /// So many parts of a message, see [`PARTS`].
    Parts(NonZeroU32),
    /// A read mark: see [`Price::Mark`].
    Mark,
    /// That a person is typing: see [`Price::Typing`].
    Typing,
}

/// The parts of a message: a line costs as many.
pub(super) const PARTS: u32 = 20;

impl Cost {
    /// A line that is said, and a refusal.
    pub const LINE: Cost = Cost::parts(PARTS);
    /// What has to be looked up.
    const LIST: Cost = Cost::parts(3 * PARTS);
    /// A sign of life, and an empty line: nobody sends more than some of them a second who means well.
    const LITTLE: Cost = Cost::parts(1);
    /// A room that came with the name. Whoever comes back to 50 rooms pays for
    /// them with the ten messages that may come at once.
    pub const ROOM: Cost = Cost::parts(PARTS / 5);

    const fn parts(parts: u32) -> Cost {
        match NonZeroU32::new(parts) {
            Some(parts) => Cost::Parts(parts),
            None => Cost::Nothing,
        }
    }

    /// Bytes that made no line: of one that was too long, where `most` make
    /// one line, or of telnet's commands.
    fn of_bytes(bytes: usize, most: usize) -> Cost {
        let parts = bytes.saturating_mul(PARTS as usize).div_ceil(most.max(1));
        Cost::parts(u32::try_from(parts).unwrap_or(u32::MAX))
    }
}

/// A line that a person typed is the command that it means: it costs as much, and it is answered so.
pub(super) fn as_meant(input: Input) -> Input {
    match input {
        Input::Command(tag, Command::Typed(typed)) => match typed.meant() {
            Ok(command) => Input::Command(tag, command),
            Err(refusal) => Input::Refused(tag, refusal),
        },
        other => other,
    }
}

/// What it takes that this was read.
pub(super) fn cost_of(input: &Input) -> Cost {
    match input {
        Input::Command(_, command) => cost_of_command(command),
        // A refusal costs as much as a line that is said.
        Input::Refused(..) | Input::Answered(_) | Input::Mark(Mark { line: true, .. }) => Cost::LINE,
        Input::Empty => Cost::LITTLE,
        Input::Waste { bytes, line } => Cost::of_bytes(*bytes, *line),
        Input::Raw(_) | Input::Speak(_) | Input::Mark(_) | Input::Become { .. } | Input::End { .. } => Cost::Nothing,
    }
}

/// Whether it counts as a line of a session that has no name yet.
pub(super) fn is_line(input: &Input) -> bool {
    matches!(
        input,
        Input::Command(..)
            | Input::Refused(..)
            | Input::Answered(_)
            | Input::Empty
            | Input::Mark(Mark { line: true, .. })
    )
}

fn cost_of_command(command: &Command) -> Cost {
    match command.spec().price {
        Price::Nothing => Cost::Nothing,
        Price::Little => Cost::LITTLE,
        Price::Line => Cost::LINE,
        Price::List => Cost::LIST,
        Price::Mark => Cost::Mark,
        Price::Typing => Cost::Typing,
    }
}

/// Whether a command says something: its answer comes when that is stored, and the next command need not wait for it.
pub(super) fn speaks(command: &Command) -> bool {
    matches!(command.spec().stores, Stores::Said)
}

/// Whether something would have to be stored.
pub(super) fn stores(command: &Command) -> bool {
    match command.spec().stores {
        Stores::Nothing => false,
        Stores::Change | Stores::Said => true,
        Stores::If(sets) => sets(command),
    }
}
