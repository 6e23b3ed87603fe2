//! What a command takes: of `rate`, of the disk, of the order of the answers. Knows no session.

use std::num::NonZeroU32;

use crate::command::{AccountCommand, Change, ChatCommand, Command, FileCommand, LinkCommand};

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
    pub const LITTLE: Cost = Cost::parts(1);
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
    pub fn of_bytes(bytes: usize, most: usize) -> Cost {
        let parts = bytes.saturating_mul(PARTS as usize).div_ceil(most.max(1));
        Cost::parts(u32::try_from(parts).unwrap_or(u32::MAX))
    }
}

pub(super) fn cost_of(command: &Command) -> Cost {
    match command {
        Command::Link(LinkCommand::Quit { .. }) => Cost::Nothing,
        Command::Link(LinkCommand::Ping { .. } | LinkCommand::Pong { .. }) => Cost::LITTLE,
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
