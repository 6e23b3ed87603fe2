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

mod chat;
mod filter;
mod order;
mod page;
mod parse;
mod read;
mod strings;
mod table;
mod time;
mod typed;
mod values;

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::{Millis, Seq};
use crate::names::{Nick, RoomName};

pub use chat::ChatCommand;
pub use filter::RoomFilter;
pub use order::Moderation;
pub use page::{Bound, Page, Stretch, Timeline, Within};
pub use parse::{parse, shown};
pub use strings::refused;
pub use table::{Needs, Price, Spec, Stores, TABLE, Verb, find, named, nearest, unknown};
pub use time::{LONGEST, in_range, timed};
pub use values::*;

/// What a member asks, by what carries it out. Closed: a new one does not compile until that does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
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
    /// One of these, as a person typed it.
    Typed(TypedLine),
}

/// What keeps a connection alive, ends it, or tells how it is used. Answered without a look at the chat, with or without a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkCommand {
    /// Is the server there?
    Ping {
        /// To be sent back.
        #[serde(default, deserialize_with = "read::any_text")]
        token: Option<Arc<str>>,
    },
    /// Answers the server's `ping`.
    Pong {
        /// What came with it.
        #[serde(default, deserialize_with = "read::any_text")]
        token: Option<Arc<str>>,
    },
    /// Goes.
    Quit {
        /// Words of farewell.
        #[serde(default, deserialize_with = "read::some_text")]
        text: Option<Arc<str>>,
    },
    /// Lists the commands.
    Help {
        /// About one command only.
        word: Option<String>,
    },
}

/// Who the asker is. The session carries it out: there are passwords to hash, and a name to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
        resume: Option<Secret>,
        /// Whether that session goes on, and this is one more session of its account.
        #[serde(default)]
        beside: bool,
        /// The events that it wants beside those that every session gets.
        #[serde(default)]
        wants: Wants,
        /// Whether it comes back to its own rooms only: without such a room, not even into the lobby.
        #[serde(default)]
        own: bool,
        /// What the front says of its user, as others see it.
        #[serde(skip)]
        user: Option<Box<str>>,
        /// Words about the person, if the account has none.
        #[serde(default, deserialize_with = "read::some_text")]
        about: Option<Arc<str>>,
        /// The rooms to join with the name; the lobby if it is not said.
        #[serde(default, deserialize_with = "read::rooms")]
        rooms: Option<Vec<RoomName>>,
    },
    /// Takes a name, or changes it; without one, takes the name offered.
    Nick {
        /// The name wanted.
        nick: Option<Nick>,
        /// Rooms to join when this is the first name; the lobby if it is not said.
        #[serde(default, deserialize_with = "read::rooms")]
        rooms: Option<Vec<RoomName>>,
    },
    /// Proves a password before the name is taken; the name is then that account's.
    Authenticate {
        /// Which account.
        account: Nick,
        /// Its password.
        password: Secret,
    },
    /// May do everything everywhere from now on, in this session: by the password of an account that may.
    Oper {
        /// Which account.
        account: Nick,
        /// Its password; where a person typed the command, it is asked for.
        #[serde(deserialize_with = "read::needed")]
        password: Option<Secret>,
    },
    /// Lays that down.
    Deoper,
    /// Makes an account of the name the asker has.
    Register {
        /// Its password; where a person typed the command, it is asked for.
        #[serde(deserialize_with = "read::needed")]
        password: Option<Secret>,
    },
    /// Takes on an account, and its name.
    Login {
        /// Which; the one of the name the asker has if it is not said.
        account: Option<Nick>,
        /// Its password.
        #[serde(deserialize_with = "read::needed")]
        password: Option<Secret>,
    },
    /// Goes on as a guest.
    Logout,
    /// Changes the password of the asker's account.
    Password {
        /// The one it has.
        #[serde(deserialize_with = "read::needed")]
        old: Option<Secret>,
        /// The one it shall have.
        #[serde(deserialize_with = "read::needed")]
        new: Option<Secret>,
    },
    /// Deletes the asker's account.
    DeleteAccount {
        /// Its password.
        #[serde(deserialize_with = "read::needed")]
        password: Option<Secret>,
        /// And all it has said and sent.
        #[serde(default)]
        messages: bool,
    },
}

/// What only reads what is stored. The session reads and answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Query {
    /// Shows earlier messages of a room or a private conversation.
    #[serde(with = "read::history")]
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
        #[serde(rename = "room")]
        place: Option<Place>,
        /// The words.
        #[serde(deserialize_with = "read::text")]
        text: Arc<str>,
        /// Only what was said before this time.
        until: Option<Millis>,
        /// Only what comes after this on further pages.
        next: Option<Spot>,
        /// At most so many.
        #[serde(default, deserialize_with = "read::limit")]
        limit: Option<usize>,
    },
    /// Lists the asker's rooms and private conversations, and what is unread there.
    #[serde(with = "read::chats")]
    Chats {
        /// Only those that come after this one.
        past: Option<Place>,
        /// Only those whose last message was said then, in the order of these messages.
        within: Option<Within>,
    },
    /// Lists the files of a room or a private conversation.
    Files {
        /// Where; in the current room if it is not said.
        #[serde(rename = "room")]
        place: Option<Place>,
        /// Only those sent before the message of this number.
        before: Option<Seq>,
    },
}

/// About a file on its way in or out. The session carries it out; the bytes go over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileCommand {
    /// Wants to send a file.
    Offer {
        /// Where; in the current room if it is not said.
        #[serde(rename = "room")]
        place: Option<Place>,
        /// Its name.
        name: Arc<str>,
        /// How many bytes it has.
        size: u64,
    },
    /// Has sent all of it: now it is said.
    Finish {
        /// Which of the files being sent.
        upload: u64,
        /// SHA-256 of the bytes, in hexadecimal digits; compared if it is said.
        sha256: Option<Box<str>>,
        /// Words that go with it.
        #[serde(default, deserialize_with = "read::some_said")]
        text: Option<Arc<str>>,
    },
    /// Will not send the rest.
    Cancel {
        /// Which of the files being sent.
        upload: u64,
    },
    /// Asks where a file is fetched.
    Get {
        /// Which file.
        file: u64,
    },
}

/// What a person typed, for the server to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TypedLine {
    /// Is what a person typed: a command with its slash, or a line to say.
    Typed {
        /// Where; in the current room if it is not said.
        place: Option<Place>,
        /// As it was typed.
        line: Arc<str>,
    },
}

macro_rules! families {
    ($($family:ident($command:ty);)+) => {
        /// Which kind of command a row of the table is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)] // each is described in Command
        pub enum Family {
            $($family),+
        }

        impl Family {
            /// Reads a command of this family.
            ///
            /// # Errors
            /// The deserializer's; [`refused`] may know better.
            pub fn read<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<Command, D::Error> {
                match self {
                    $(Family::$family => Deserialize::deserialize(deserializer).map(Command::$family)),+
                }
            }
        }

        $(impl From<$command> for Command {
            fn from(command: $command) -> Command {
                Command::$family(command)
            }
        })+
    };
}

families! {
    Link(LinkCommand);
    Account(AccountCommand);
    Chat(ChatCommand);
    Moderate(Moderation);
    Query(Query);
    File(FileCommand);
    Typed(TypedLine);
}

#[cfg(test)]
mod tests;
