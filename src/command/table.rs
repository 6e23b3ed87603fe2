//! The one table of commands: their names, how they are written, what they do. Knows no arguments.

use super::{AccountCommand, ChatCommand, Command, FileCommand, LinkCommand, ModAction, Moderation, Query};
use crate::error::ChatError;
use crate::names;

/// One row of the command table.
#[derive(Debug)]
pub struct Spec {
    /// Which command.
    pub verb: Verb,
    /// Its name: the `type` of the JSON object, and the word after the slash.
    pub name: &'static str,
    /// Other words for it after a slash.
    pub aliases: &'static [&'static str],
    /// How it is written after a slash, without it; empty where it is for programs only.
    pub usage: &'static str,
    /// What it does, in a sentence for people.
    pub help: &'static str,
}

/// The pattern of one command: a row of the table that has none, or the other way round, does not compile.
macro_rules! is {
    (Link $verb:ident) => {
        Command::Link(LinkCommand::$verb { .. })
    };
    (Account $verb:ident) => {
        Command::Account(AccountCommand::$verb { .. })
    };
    (Chat $verb:ident) => {
        Command::Chat(ChatCommand::$verb { .. })
    };
    (Moderate $verb:ident) => {
        Command::Moderate(Moderation { action: ModAction::$verb, .. })
    };
    (Query $verb:ident) => {
        Command::Query(Query::$verb { .. })
    };
    (File $verb:ident) => {
        Command::File(FileCommand::$verb { .. })
    };
}

macro_rules! table {
    ($($family:ident $verb:ident $name:literal $aliases:expr, $usage:literal, $help:literal;)+) => {
        /// Which command a word means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs)] // each is described by its row in TABLE
        pub enum Verb {
            $($verb),+
        }

        /// Every command, in the order of the handbook.
        pub const TABLE: &[Spec] = &[$(Spec { verb: Verb::$verb, name: $name, aliases: &$aliases, usage: $usage, help: $help }),+];

        impl Command {
            /// Which command it is.
            pub fn verb(&self) -> Verb {
                match self {
                    $(is!($family $verb) => Verb::$verb),+
                }
            }
        }
    };
}

table! {
    Account  Hello         "hello"           [],                 "",                            "greets the server, with version, name and rooms";
    Chat     Join          "join"            ["j"],              "join ROOM [KEY]",             "goes into a room, and makes it if there is none";
    Chat     Leave         "leave"           ["part"],           "leave [ROOM]",                "goes out of this room, or the one named";
    Chat     Rooms         "rooms"           ["list"],           "rooms [PAST]",                "lists the rooms, how many are in them, and their topics";
    Chat     Members       "members"         ["who", "names"],   "members [ROOM [PAST]]",       "lists who is in this room, or the one named";
    Chat     Say           "say"             [],                 "say TEXT",                    "says a line, as typing it without a slash does";
    Chat     Me            "me"              [],                 "me TEXT",                     "says what you do: /me waves";
    Chat     Msg           "msg"             ["w", "query"],     "msg NAME TEXT",               "writes to one person only";
    Chat     Reply         "reply"           ["r"],              "reply TEXT",                  "writes to whoever wrote to you last";
    Chat     Topic         "topic"           [],                 "topic [TEXT]",                "shows this room's topic, or sets it; \"-\" removes it";
    Account  Nick          "nick"            ["name"],           "nick [NAME]",                 "takes another name";
    Chat     Whois         "whois"           [],                 "whois NAME",                  "tells where somebody is, since when, and how idle";
    Chat     Away          "away"            [],                 "away [TEXT]",                 "tells the others that you are away";
    Chat     Back          "back"            [],                 "back",                        "tells the others that you are back";
    Query    History       "history"         ["last"],           "history [PLACE] [NUMBER]",    "shows earlier messages of this room, of #ROOM, or with @NAME";
    Query    Search        "search"          ["find"],           "search WORDS",                "looks for words in what you may read; \"two words\" as they stand, wor* for beginnings";
    Chat     Delete        "delete"          ["del"],            "delete [NUMBER]",             "deletes your last message here, or the one with that number";
    Query    Chats         "chats"           [],                 "chats [PAST]",                "lists your rooms and private conversations, and what is unread";
    Chat     Read          "read"            [],                 "read [PLACE]",                "marks this room as read, or #ROOM, or @NAME";
    Chat     Close         "close"           [],                 "close NAME",                  "ends the private conversation with NAME: it is not among your chats any more";
    Query    Files         "files"           [],                 "files [PLACE [NUMBER]]",      "lists the files that were sent here, in #ROOM, or with @NAME";
    Account  Register      "register"        [],                 "register",                    "makes an account of your name; asks for a password";
    Account  Login         "login"           ["identify"],       "login [NAME]",                "takes on your account, and its name; asks for the password";
    Account  Logout        "logout"          [],                 "logout",                      "goes on as a guest";
    Account  Password      "password"        ["passwd"],         "password",                    "changes the password of your account; asks for both";
    Account  DeleteAccount "delete-account"  [],                 "delete-account [all]",        "deletes your account, with \"all\" also what you said; asks for the password";
    Chat     RegisterRoom  "register-room"   [],                 "register-room [ROOM]",        "makes this room yours, and lasting";
    Chat     DropRoom      "drop-room"       [],                 "drop-room [ROOM]",            "gives it up";
    Chat     Settings      "settings"        ["set"],            "settings [SETTING] [VALUE]",  "shows what is set here, or sets invite-only, key or announcements; \"off\" removes it";
    Moderate Invite        "invite"          [],                 "invite NAME",                 "lets somebody into this room, and tells them";
    Moderate Kick          "kick"            [],                 "kick NAME [REASON]",          "puts somebody out of this room";
    Moderate Ban           "ban"             [],                 "ban NAME [TIME] [REASON]",    "puts them out and keeps them out: for 10m, 2h, 7d, or for good";
    Moderate Unban         "unban"           [],                 "unban NAME",                  "lets them in again";
    Moderate Mute          "mute"            [],                 "mute NAME [TIME] [REASON]",   "keeps somebody from speaking here";
    Moderate Unmute        "unmute"          [],                 "unmute NAME",                 "lets them speak again";
    Moderate Op            "op"              [],                 "op NAME",                     "lets somebody keep order here";
    Moderate Deop          "deop"            [],                 "deop NAME",                   "takes that from them";
    Chat     Bans          "bans"            [],                 "bans [ROOM [NUMBER]]",        "lists who is banned or muted here";
    Chat     Announce      "announce"        [],                 "announce TEXT",               "says something to everybody on the server";
    Chat     Claim         "claim"           [],                 "claim CODE",                  "makes you the server's first op, by the code it printed";
    File     Offer         "offer"           [],                 "",                            "wants to send a file";
    File     Chunk         "chunk"           [],                 "",                            "sends a piece of a file";
    File     Finish        "finish"          [],                 "",                            "has sent all of a file, which is then said";
    File     Cancel        "cancel"          [],                 "",                            "will not send the rest of a file";
    File     Get           "get"             [],                 "",                            "fetches a piece of a file";
    Link     Ping          "ping"            [],                 "ping",                        "asks whether the server is there";
    Link     Pong          "pong"            [],                 "",                            "answers the server's ping";
    Link     Quit          "quit"            ["exit", "bye"],    "quit [TEXT]",                 "says goodbye and leaves";
    Link     Help          "help"            ["h", "?"],         "help [COMMAND]",              "lists the commands, or tells about one";
}

impl Verb {
    /// The row of this command.
    pub fn spec(self) -> &'static Spec {
        &TABLE[self as usize]
    }
}

/// The row whose name or alias is `word`; case does not matter.
pub fn find(word: &str) -> Option<&'static Spec> {
    let word = word.to_lowercase();
    TABLE
        .iter()
        .filter(|spec| !spec.usage.is_empty())
        .find(|spec| spec.name == word || spec.aliases.contains(&word.as_str()))
}

/// The word among `words` that a mistyped `word` most likely stands for.
pub fn nearest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const LIKE: f64 = 0.7;
    let word = word.to_lowercase();
    words
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// The refusal of a word that is no command, with the nearest that is.
pub fn unknown(word: &str) -> ChatError {
    let words = TABLE.iter().filter(|spec| !spec.usage.is_empty()).map(|spec| spec.name);
    ChatError::UnknownCommand(names::clean(word).into_owned(), nearest(word, words))
}
