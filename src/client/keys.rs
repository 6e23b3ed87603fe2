//! When two names are the same name. Knows no people and no rooms.

use crate::names::{Nick, RoomName};

/// Whether both stand for one room.
pub(super) fn same_room(a: &str, b: &str) -> bool {
    a == b || matches!((RoomName::parse(a), RoomName::parse(b)), (Ok(a), Ok(b)) if a == b)
}

/// The same for all ways to write a room's name.
pub(super) fn room_key(room: &str) -> String {
    RoomName::parse(room).map_or_else(|_| room.to_lowercase(), |room| format!("#{}", room.key()))
}

/// The same for all ways to write a nick.
pub(super) fn key(nick: &str) -> String {
    Nick::parse(nick).map_or_else(|_| nick.to_lowercase(), |nick| nick.key().to_owned())
}
