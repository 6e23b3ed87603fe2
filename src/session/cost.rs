//! What a command takes: of `rate`, of the disk, of the order of the answers. Knows no session.

use std::num::NonZeroU32;

use crate::command::{AccountCommand, Change, ChatCommand, Command, FileCommand, LinkCommand};
use crate::wire::Input;

/// What something takes of `rate`, or of `pieces`. Whatever costs the server costs its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// A goodbye, and what costs nothing because there was nothing.
    Nothing,
    /// So many parts of a message, see [`PARTS`].
    Parts(NonZeroU32),
    /// One piece of a file.
    Piece,
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

/// What it takes that this was read.
pub(super) fn cost_of(input: &Input) -> Cost {
    match input {
        Input::Command(_, command) => cost_of_command(command),
        // A refusal costs as much as a line that is said.
        Input::Refused(..) | Input::Answered(_) => Cost::LINE,
        Input::Empty => Cost::LITTLE,
        Input::Waste { bytes, line } => Cost::of_bytes(*bytes, *line),
        Input::Raw(_) | Input::Speak(_) | Input::Mark(_) | Input::Become { .. } | Input::End { .. } => Cost::Nothing,
    }
}

/// Whether it counts as a line of a session that has no name yet.
pub(super) fn is_line(input: &Input) -> bool {
    matches!(input, Input::Command(..) | Input::Refused(..) | Input::Answered(_) | Input::Empty)
}

fn cost_of_command(command: &Command) -> Cost {
    match command {
        Command::Link(LinkCommand::Quit { .. }) => Cost::Nothing,
        Command::Link(LinkCommand::Ping { .. } | LinkCommand::Pong) => Cost::LITTLE,
        Command::File(FileCommand::Chunk { .. } | FileCommand::Get { .. }) => Cost::Piece,
        Command::Query(_)
        | Command::Chat(
            ChatCommand::Rooms { .. }
            | ChatCommand::Members { .. }
            | ChatCommand::Bans { .. }
            | ChatCommand::Whois { .. },
        ) => Cost::LIST,
        _ => Cost::LINE,
    }
}

/// Whether the answer comes when what was said is kept, and the next command need not wait for it.
pub(super) fn answered_when_kept(command: &Command) -> bool {
    matches!(
        command,
        Command::Chat(
            ChatCommand::Say { .. } | ChatCommand::Me { .. } | ChatCommand::Msg { .. } | ChatCommand::Reply { .. }
        ) | Command::File(FileCommand::Chunk { .. } | FileCommand::Finish { .. })
    )
}

/// Whether something would have to be kept. Who only reads is not held back by a full disk.
pub(super) fn changes(command: &Command) -> bool {
    match command {
        Command::Chat(command) => match command {
            ChatCommand::Settings { change, .. } => *change != Change::default(),
            ChatCommand::Topic { topic, .. } => topic.is_some(),
            ChatCommand::Delete { .. }
            | ChatCommand::Read { .. }
            | ChatCommand::Close { .. }
            | ChatCommand::Claim { .. }
            | ChatCommand::RegisterRoom { .. }
            | ChatCommand::DropRoom { .. } => true,
            _ => false,
        },
        Command::Account(command) => matches!(
            command,
            AccountCommand::Register { .. } | AccountCommand::Password { .. } | AccountCommand::DeleteAccount { .. }
        ),
        Command::Moderate(_) => true,
        Command::File(command) => matches!(command, FileCommand::Offer { .. }),
        Command::Link(_) | Command::Query(_) => false,
    }
}
