//! What a member asks, and the one table of commands that help, completion and every front read. Knows no bytes and no session.
//!
//! ```
//! use roomful::command::{ChatCommand, Command, parse};
//!
//! assert!(matches!(parse("hello, all"), Ok(Command::Chat(ChatCommand::Say { .. }))));
//! assert!(matches!(parse("/me waves"), Ok(Command::Chat(ChatCommand::Me { .. }))));
//! assert_eq!(
//!     parse("/jion лыжи").unwrap_err().to_string(),
//!     "no command \"jion\", did you mean /join? nothing was sent",
//! );
//! ```

mod parse;
mod table;
mod time;
mod values;

use std::sync::Arc;

use crate::model::{Millis, Seq};
use crate::names::{Nick, RoomName};

pub use parse::{key, parse, shown, somebody, text};
pub use table::{Spec, TABLE, Verb, find, nearest, unknown};
pub use time::{LONGEST, in_range, timed};
pub use values::{Change, ModAction, Page, Place, Secret, Spot, Whom, some_limit};

/// What a member asks, by what carries it out. Closed: a new one does not compile until that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// About the connection.
    Link(LinkCommand),
    /// About who the asker is.
    Account(AccountCommand),
    /// In the chat.
    Chat(ChatCommand),
    /// By those who keep order.
    Moderate(Moderation),
    /// Of what is stored.
    Query(Query),
    /// About a file.
    File(FileCommand),
}

/// What keeps a connection alive, ends it, or tells how it is used. Answered without a look at the chat, with or without a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkCommand {
    /// Is the server there?
    Ping {
        /// To be sent back.
        token: Option<Arc<str>>,
    },
    /// Answers the server's `ping`.
    Pong,
    /// Goes.
    Quit {
        /// Words of farewell.
        text: Option<Arc<str>>,
    },
    /// Lists the commands.
    Help {
        /// About one command only.
        word: Option<String>,
    },
}

/// Who the asker is. The session carries it out: there are passwords to hash, and a name to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountCommand {
    /// Greets, and takes a name where one is given.
    Hello {
        /// The protocol version the peer speaks.
        version: u64,
        /// The name wanted.
        nick: Option<Nick>,
        /// The password, where that name belongs to an account.
        password: Option<Secret>,
        /// The token of an earlier session of the same person.
        resume: Option<Box<str>>,
        /// The rooms to join with the name; the lobby if it is not said.
        rooms: Option<Vec<RoomName>>,
    },
    /// Takes a name, or changes it; without one, takes the name offered.
    Nick {
        /// The name wanted.
        nick: Option<Nick>,
        /// Rooms to join when this is the first name; the lobby if it is not said.
        rooms: Option<Vec<RoomName>>,
    },
    /// Makes an account of the name the asker has.
    Register {
        /// Its password; where a person typed the command, it is asked for.
        password: Option<Secret>,
    },
    /// Takes on an account, and its name.
    Login {
        /// Which; the one of the name the asker has if it is not said.
        account: Option<Nick>,
        /// Its password.
        password: Option<Secret>,
    },
    /// Goes on as a guest.
    Logout,
    /// Changes the password of the asker's account.
    Password {
        /// The one it has.
        old: Option<Secret>,
        /// The one it shall have.
        new: Option<Secret>,
    },
    /// Deletes the asker's account.
    DeleteAccount {
        /// Its password.
        password: Option<Secret>,
        /// And all it has said and sent.
        messages: bool,
    },
}

/// What is said, changed or looked up in the chat itself, under its lock.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        key: Option<Arc<str>>,
    },
    /// Goes out of a room; the current one if it is not said.
    Leave {
        /// The room.
        room: Option<RoomName>,
        /// Words of farewell.
        text: Option<Arc<str>>,
    },
    /// Lists the rooms.
    Rooms {
        /// Only those whose names come after this one.
        past: Option<RoomName>,
    },
    /// Lists who is in a room; the current one if it is not said.
    Members {
        /// The room.
        room: Option<RoomName>,
        /// Only those whose names come after this one.
        past: Option<Nick>,
    },
    /// Says a line in a room; the current one if it is not said.
    Say {
        /// The room.
        room: Option<RoomName>,
        /// The line.
        text: Arc<str>,
    },
    /// Says what the asker does, in a room; the current one if it is not said.
    Me {
        /// The room.
        room: Option<RoomName>,
        /// The words.
        text: Arc<str>,
    },
    /// Writes to one person.
    Msg {
        /// To whom.
        to: Nick,
        /// What.
        text: Arc<str>,
    },
    /// Writes to whoever wrote last.
    Reply {
        /// What.
        text: Arc<str>,
    },
    /// Shows or sets a room's topic; an empty one removes it.
    Topic {
        /// The room.
        room: Option<RoomName>,
        /// The topic to set.
        topic: Option<Arc<str>>,
    },
    /// Asks about a person.
    Whois {
        /// About whom.
        nick: Nick,
    },
    /// Marks oneself away.
    Away {
        /// With these words.
        text: Option<Arc<str>>,
    },
    /// Is back.
    Back,
    /// Deletes a message; the asker's last one there if no number is said.
    Delete {
        /// Where; in the current room if it is not said.
        place: Option<Place>,
        /// Which.
        seq: Option<Seq>,
    },
    /// Has read a place up to a message; all of it if no number is said.
    Read {
        /// Where; in the current room if it is not said.
        place: Option<Place>,
        /// Up to which.
        seq: Option<Seq>,
    },
    /// Ends a private conversation: it is not among the asker's own any more.
    Close {
        /// With whom.
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
        everywhere: bool,
        /// So many of the oldest are left out.
        skip: u64,
    },
    /// Says something to everybody on the server.
    Announce {
        /// What.
        text: Arc<str>,
    },
}

/// Keeps order: does something about a person in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moderation {
    /// What.
    pub action: ModAction,
    /// Where; in the current room if it is not said.
    pub room: Option<RoomName>,
    /// Not there only, but on the whole server: for bans.
    pub everywhere: bool,
    /// About whom.
    pub whom: Whom,
    /// For how many seconds; for ever if it is not said.
    pub seconds: Option<u64>,
    /// Why.
    pub text: Option<Arc<str>>,
}

/// What only reads what is stored. The session reads and answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Shows earlier messages of a room or a private conversation.
    History {
        /// Where; in the current room if it is not said.
        place: Option<Place>,
        /// Which of them.
        page: Page,
        /// At most so many.
        limit: Option<usize>,
    },
    /// Looks for words in what the asker may read.
    Search {
        /// Only there.
        place: Option<Place>,
        /// The words.
        text: Arc<str>,
        /// Only what was said before this time.
        until: Option<Millis>,
        /// Only what comes after this on further pages.
        next: Option<Spot>,
        /// At most so many.
        limit: Option<usize>,
    },
    /// Lists the asker's rooms and private conversations, and what is unread there.
    Chats {
        /// Only those that come after this one.
        past: Option<Place>,
    },
    /// Lists the files of a room or a private conversation.
    Files {
        /// Where; in the current room if it is not said.
        place: Option<Place>,
        /// Only those sent before the message of this number.
        before: Option<Seq>,
    },
}

/// A file on its way in or out, in pieces. The session carries it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileCommand {
    /// Wants to send a file.
    Offer {
        /// Where; in the current room if it is not said.
        place: Option<Place>,
        /// Its name.
        name: Arc<str>,
        /// How many bytes it has.
        size: u64,
    },
    /// Sends a piece of it.
    Chunk {
        /// Which of the files being sent.
        upload: u64,
        /// From which byte on.
        offset: u64,
        /// The bytes.
        data: Arc<[u8]>,
    },
    /// Has sent all of it: now it is said.
    Finish {
        /// Which of the files being sent.
        upload: u64,
        /// SHA-256 of the bytes, in hexadecimal digits.
        sha256: Box<str>,
        /// Words that go with it.
        text: Option<Arc<str>>,
    },
    /// Will not send the rest.
    Cancel {
        /// Which of the files being sent.
        upload: u64,
    },
    /// Fetches a piece of a file.
    Get {
        /// Which file.
        file: u64,
        /// From which byte on.
        offset: u64,
    },
}

macro_rules! family {
    ($($variant:ident($family:ty);)+) => {$(
        impl From<$family> for Command {
            fn from(command: $family) -> Command {
                Command::$variant(command)
            }
        }
    )+};
}

family! {
    Link(LinkCommand);
    Account(AccountCommand);
    Chat(ChatCommand);
    Moderate(Moderation);
    Query(Query);
    File(FileCommand);
}

#[cfg(test)]
mod tests;
