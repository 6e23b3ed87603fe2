//! What a command takes: of `rate`, of the disk, of the order of the answers. Knows no session.

use std::num::NonZeroU32;

use crate::command::{Change, Command};

/// What a command takes of `rate`, in messages, or of `pieces`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// Signs of life and goodbyes.
    Nothing,
    /// So many messages.
    Line(NonZeroU32),
    /// One piece of a file.
    Piece,
}

pub(super) fn cost_of(command: &Command) -> Cost {
    const LISTS: NonZeroU32 = NonZeroU32::new(3).expect("3 is not 0");
    match command {
        Command::Ping { .. } | Command::Pong | Command::Quit { .. } => Cost::Nothing,
        Command::Chunk { .. } | Command::Get { .. } => Cost::Piece,
        Command::Rooms { .. }
        | Command::Members { .. }
        | Command::History { .. }
        | Command::Search { .. }
        | Command::Chats { .. }
        | Command::Files { .. }
        | Command::Bans { .. }
        | Command::Whois { .. } => Cost::Line(LISTS),
        _ => Cost::Line(NonZeroU32::MIN),
    }
}

/// Whether the answer comes when what was said is kept, and the next command need not wait for it.
pub(super) fn answered_when_kept(command: &Command) -> bool {
    matches!(
        command,
        Command::Say { .. }
            | Command::Msg { .. }
            | Command::Reply { .. }
            | Command::Chunk { .. }
            | Command::Finish { .. }
    )
}

/// Whether something would have to be kept. Who only reads is not held back by a full disk.
pub(super) fn changes(command: &Command) -> bool {
    let sets = |change: &Change| *change != Change::default();
    matches!(command, Command::Settings { change, .. } if sets(change))
        || matches!(
            command,
            Command::Topic { topic: Some(_), .. }
                | Command::Delete { .. }
                | Command::Read { .. }
                | Command::Register { .. }
                | Command::Password { .. }
                | Command::DeleteAccount { .. }
                | Command::Claim { .. }
                | Command::RegisterRoom { .. }
                | Command::DropRoom { .. }
                | Command::Order { .. }
                | Command::Offer { .. }
        )
}
