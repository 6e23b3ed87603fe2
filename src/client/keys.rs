//! When two names are the same name. Knows no people and no rooms.

use crate::names::{Nick, RoomName};

/// Whether both stand for one room.
pub(super) fn same_room(a: &str, b: &str) -> bool {
    a == b || place_key(a) == place_key(b)
}

/// The same for `#Room` and `#room`, for `@Anna` and `@anna`.
pub(super) fn place_key(place: &str) -> String {
    match place.strip_prefix('@') {
        Some(nick) => format!("@{}", nick_key(nick)),
        None => RoomName::parse(place).map_or_else(|_| place.to_lowercase(), |room| room.key().to_owned()),
    }
}

/// The same for all ways to write a nick.
pub(super) fn nick_key(nick: &str) -> String {
    Nick::parse(nick).map_or_else(|_| nick.to_lowercase(), |nick| nick.key().to_owned())
}
