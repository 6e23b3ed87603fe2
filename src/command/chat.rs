//! What a member asks of the chat itself: to say, to change, to look up. Knows no other commands.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Change, Dice, Place, RoomFilter, Secret, read};
use crate::model::{Millis, Seq};
use crate::names::{Nick, RoomName};

/// What is said, changed or looked up in the chat itself, under its lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChatCommand {
    /// Goes into a room, and makes it if there is none.
    Join {
        /// The room.
        room: RoomName,
        /// The last message already seen there.
        after: Option<Seq>,
        /// When the room in which that was seen was made.
        made: Option<Millis>,
        /// In which run of the server it was seen.
        run: Option<Millis>,
        /// The word that opens the room, where it has one.
        #[serde(default, deserialize_with = "read::some_text")]
        key: Option<Arc<str>>,
    },
    /// Goes out of a room; the current one if it is not said.
    Leave {
        /// The room.
        room: Option<RoomName>,
        /// Words of farewell.
        #[serde(default, deserialize_with = "read::some_text")]
        text: Option<Arc<str>>,
    },
    /// Lists the rooms.
    #[serde(with = "read::rooms_page")]
    Rooms {
        /// Only those whose names come after this one.
        past: Option<RoomName>,
        /// Only those.
        filter: RoomFilter,
    },
    /// Tells how many people and rooms there are.
    Facts,
    /// Lists who is in a room; the current one if it is not said.
    Members {
        /// The room.
        room: Option<RoomName>,
        /// Only those whose names come after this one.
        past: Option<Nick>,
    },
    /// Asks about people who are here: those in a room, of these names, or whom a mask fits; those
    /// in the current room if nothing is said.
    Who {
        /// The room.
        room: Option<RoomName>,
        /// A name, or a mask with `*` and `?`.
        #[serde(default, deserialize_with = "read::some_mask")]
        mask: Option<Arc<str>>,
        /// Exactly these names.
        #[serde(default, deserialize_with = "read::nicks")]
        nicks: Vec<Nick>,
        /// Only those whose names come after this one.
        past: Option<Nick>,
    },
    /// Asks about people who left.
    Whowas {
        /// Who had this name.
        #[serde(deserialize_with = "read::somebody")]
        nick: Nick,
        /// At most so many.
        #[serde(default, deserialize_with = "read::limit")]
        limit: Option<usize>,
    },
    /// Says a line in a room; the current one if it is not said.
    Say {
        /// The room.
        room: Option<RoomName>,
        /// The line.
        #[serde(deserialize_with = "read::said")]
        text: Arc<str>,
    },
    /// Says what the asker does.
    Me {
        /// Where; in the current room if it is not said.
        #[serde(rename = "room")]
        place: Option<Place>,
        /// The words.
        #[serde(deserialize_with = "read::text")]
        text: Arc<str>,
    },
    /// Says what no program answers by itself.
    Notice {
        /// Where; in the current room if it is not said.
        #[serde(rename = "room")]
        place: Option<Place>,
        /// The words.
        #[serde(deserialize_with = "read::said")]
        text: Arc<str>,
    },
    /// Throws dice in a room; the current one if it is not said. The server says what came.
    Roll {
        /// The room.
        room: Option<RoomName>,
        /// Which dice; one of six sides if it is not said.
        #[serde(default)]
        dice: Dice,
    },
    /// Writes to one person.
    Msg {
        /// To whom.
        #[serde(deserialize_with = "read::somebody")]
        to: Nick,
        /// What.
        #[serde(deserialize_with = "read::said")]
        text: Arc<str>,
    },
    /// Writes to the person who wrote last.
    Reply {
        /// What.
        #[serde(deserialize_with = "read::said")]
        text: Arc<str>,
    },
    /// Shows or sets a room's topic; an empty one removes it.
    Topic {
        /// The room.
        room: Option<RoomName>,
        /// The topic to set.
        #[serde(default, deserialize_with = "read::any_text")]
        topic: Option<Arc<str>>,
    },
    /// Asks about a person.
    Whois {
        /// About whom.
        #[serde(deserialize_with = "read::somebody")]
        nick: Nick,
    },
    /// Marks oneself away.
    Away {
        /// With these words.
        #[serde(default, deserialize_with = "read::some_text")]
        text: Option<Arc<str>>,
    },
    /// Is back.
    Back,
    /// Deletes a message; the asker's last one there if no number is said.
    Delete {
        /// Where; in the current room if it is not said.
        #[serde(rename = "room")]
        place: Option<Place>,
        /// Which.
        seq: Option<Seq>,
        /// When it was said: a message of that number said at another time is not deleted.
        said: Option<Millis>,
        /// Why.
        #[serde(default, deserialize_with = "read::some_text")]
        text: Option<Arc<str>>,
    },
    /// Has read a place up to a message; all of it if no number is said.
    Read {
        /// Where; in the current room if it is not said.
        #[serde(rename = "room")]
        place: Option<Place>,
        /// Up to which.
        seq: Option<Seq>,
    },
    /// Shows or sets the asker's words about themselves; empty ones remove them.
    About {
        /// The words to set.
        #[serde(default, deserialize_with = "read::any_text")]
        text: Option<Arc<str>>,
    },
    /// Is typing something there; the others may be told.
    Typing {
        /// Where; in the current room if it is not said.
        #[serde(rename = "room")]
        place: Option<Place>,
    },
    /// Ends a private conversation: it is not among the asker's own any more.
    Close {
        /// With whom.
        #[serde(rename = "nick", deserialize_with = "read::somebody")]
        with: Nick,
    },
    /// Makes the asker's account the first to be allowed everything.
    Claim {
        /// The code the server printed.
        code: Secret,
    },
    /// Makes a room one's own, and lasting.
    RegisterRoom {
        /// Which; the current one if it is not said.
        room: Option<RoomName>,
    },
    /// Gives it up.
    DropRoom {
        /// Which; the current one if it is not said.
        room: Option<RoomName>,
    },
    /// Shows or changes what is set in a room.
    #[serde(with = "read::settings")]
    Settings {
        /// Where; in the current room if it is not said.
        room: Option<RoomName>,
        /// What to change.
        change: Change,
    },
    /// Lists the bans and mutes of a room.
    Bans {
        /// Which; the current one if it is not said.
        room: Option<RoomName>,
        /// Those of the whole server instead.
        #[serde(default)]
        everywhere: bool,
        /// So many of the oldest are left out.
        #[serde(default)]
        skip: u64,
    },
    /// Says something to everybody on the server.
    Announce {
        /// What.
        #[serde(deserialize_with = "read::text")]
        text: Arc<str>,
    },
}
