//! The one table of commands: their names, how they are written, what they do. Knows no arguments.

use super::{
    AccountCommand, Change, ChatCommand, Command, Family, FileCommand, LinkCommand, ModAction, Moderation, Query,
    TypedLine,
};
use crate::error::ChatError;
use crate::names;

/// One row of the command table.
#[derive(Debug)]
pub struct Spec {
    /// Which command.
    pub verb: Verb,
    /// What kind of command.
    pub family: Family,
    /// Its name: the `type` of the JSON object, and the word after the slash.
    pub name: &'static str,
    /// Other words for it after a slash.
    pub aliases: &'static [&'static str],
    /// What it takes of its sender's rate.
    pub price: Price,
    /// Whether it writes to disk.
    pub stores: Stores,
    /// What must come before it.
    pub needs: Needs,
    /// How it is written after a slash, without it; empty where it is for programs only.
    pub usage: &'static str,
    /// What it does, in a sentence for people.
    pub help: &'static str,
}

/// What a command takes of its sender's rate: whatever costs the server costs its sender.
#[derive(Debug, Clone, Copy)]
pub enum Price {
    /// Nothing: a goodbye.
    Nothing,
    /// A sign of life, and the address of a file: many come together, when a page with pictures is shown.
    Little,
    /// As much as a line that is said.
    Line,
    /// What has to be looked up.
    List,
    /// Nothing, within the limit `reads`; beyond it as much as a line.
    Mark,
    /// Nothing, if `typing` has passed since the last one; else as much as a line.
    Typing,
}

/// Whether a command writes to disk. One that only reads is not held back by a full disk.
#[derive(Debug, Clone, Copy)]
pub enum Stores {
    /// It only reads, or is about the connection.
    Nothing,
    /// It changes what is stored.
    Change,
    /// It does so if this says so of its arguments.
    If(fn(&Command) -> bool),
    /// It says something: answered when that is stored, and the next command need not wait for it.
    Said,
}

/// What must come before a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// The greeting, where there is one.
    Hello,
    /// A name.
    Name,
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
    (Typed $verb:ident) => {
        Command::Typed(TypedLine::$verb { .. })
    };
    (File $verb:ident) => {
        Command::File(FileCommand::$verb { .. })
    };
}

/// What a command does about a person, if that is what it is for.
macro_rules! action {
    (Moderate $verb:ident) => {
        Some(ModAction::$verb)
    };
    ($family:ident $verb:ident) => {
        None
    };
}

macro_rules! table {
    ($($family:ident $verb:ident $name:literal $aliases:expr, $price:ident, $stores:ident $(($if:path))?, $needs:ident, $usage:literal, $help:literal;)+) => {
        /// Which command a word means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs)] // each is described by its row in TABLE
        pub enum Verb {
            $($verb),+
        }

        /// Every command, in the order of the handbook.
        pub const TABLE: &[Spec] = &[$(Spec {
            verb: Verb::$verb,
            family: Family::$family,
            name: $name,
            aliases: &$aliases,
            price: Price::$price,
            stores: Stores::$stores $(($if))?,
            needs: Needs::$needs,
            usage: $usage,
            help: $help,
        }),+];

        impl Verb {
            /// What an op does with it about a person, if that is what it is for.
            pub fn action(self) -> Option<ModAction> {
                match self {
                    $(Verb::$verb => action!($family $verb)),+
                }
            }
        }

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
    Account  Hello         "hello"          [],                Line,    Nothing,           Nothing, "",                            "greets the server, with version, name and rooms";
    Chat     Join          "join"           ["j"],             Line,    Nothing,           Name,    "join ROOM [KEY]",             "goes into a room, and makes it if there is none";
    Chat     Leave         "leave"          ["part"],          Line,    Nothing,           Name,    "leave [ROOM]",                "goes out of this room, or the one named";
    Chat     Rooms         "rooms"          ["list"],          List,    Nothing,           Name,    "rooms [MASK] [ROOM]",         "lists the rooms, how many are in them, and their topics; /rooms chess* those whose names begin so, /rooms #x those after #x";
    Chat     Facts         "facts"          [],                List,    Nothing,           Name,    "facts",                       "tells how many people and rooms there are, and how many there were at most";
    Chat     Members       "members"        ["names"],         List,    Nothing,           Name,    "members [ROOM [PAST]]",       "lists who is in this room, or the one named";
    Chat     Who           "who"            [],                List,    Nothing,           Name,    "who [WHOM [PAST]]",           "tells more of those in this room, in #ROOM, or of whom a name or mask such as bor* fits";
    Chat     Whowas        "whowas"         [],                List,    Nothing,           Name,    "whowas NAME",                 "tells of the people called so who left";
    Chat     Say           "say"            [],                Line,    Said,              Name,    "say TEXT",                    "says a line, as typing it without a slash does";
    Chat     Me            "me"             [],                Line,    Said,              Name,    "me TEXT",                     "says what you do: /me waves";
    Chat     Notice        "notice"         [],                Line,    Said,              Name,    "notice TEXT",                 "says something that no program answers by itself: for programs that tell what happened";
    Chat     Roll          "roll"           [],                Line,    Said,              Name,    "roll [NdM]",                  "throws dice, and the server says what came: /roll 2d6; one of six sides if you say nothing";
    Chat     Msg           "msg"            ["w", "query"],    Line,    Said,              Name,    "msg NAME TEXT",               "writes to one person only";
    Chat     Reply         "reply"          ["r"],             Line,    Said,              Name,    "reply TEXT",                  "writes to whoever wrote to you last";
    Chat     Topic         "topic"          [],                Line,    If(Command::sets), Name,    "topic [TEXT]",                "shows this room's topic, or sets it; \"-\" removes it";
    Account  Nick          "nick"           ["name"],          Line,    Nothing,           Hello,   "nick [NAME]",                 "takes another name";
    Chat     Whois         "whois"          [],                List,    Nothing,           Name,    "whois NAME",                  "tells where somebody is, since when, and how idle";
    Chat     Away          "away"           [],                Line,    Nothing,           Name,    "away [TEXT]",                 "tells the others that you are away";
    Chat     Back          "back"           [],                Line,    Nothing,           Name,    "back",                        "tells the others that you are back";
    Chat     About         "about"          [],                Line,    If(Command::sets), Name,    "about [TEXT]",                "shows your words about yourself, or sets them; \"-\" removes them";
    Query    History       "history"        ["last"],          List,    Nothing,           Name,    "history [PLACE] [NUMBER]",    "shows earlier messages of this room, of #ROOM, or with @NAME";
    Query    Search        "search"         ["find"],          List,    Nothing,           Name,    "search WORDS",                "looks for words in what you may read; \"two words\" as they stand, wor* for beginnings";
    Chat     Delete        "delete"         ["del"],           Line,    Change,            Name,    "delete [NUMBER [REASON]]",    "deletes your last message here, or the one with that number";
    Query    Chats         "chats"          [],                List,    Nothing,           Name,    "chats [PAST]",                "lists your rooms and private conversations, and what is unread";
    Chat     Read          "read"           [],                Mark,    Change,            Name,    "read [PLACE]",                "marks this room as read, or #ROOM, or @NAME";
    Chat     Typing        "typing"         [],                Typing,  Nothing,           Name,    "",                            "tells the others there that you are typing";
    Chat     Close         "close"          [],                Line,    Change,            Name,    "close NAME",                  "ends the private conversation with NAME: it is not among your chats any more";
    Query    Files         "files"          [],                List,    Nothing,           Name,    "files [PLACE [NUMBER]]",      "lists the files that were sent here, in #ROOM, or with @NAME";
    Account  Register      "register"       [],                Line,    Change,            Name,    "register",                    "makes an account of your name; asks for a password";
    Account  Login         "login"          ["identify"],      Line,    Nothing,           Hello,   "login [NAME]",                "takes on your account, and its name; asks for the password";
    Account  Authenticate  "authenticate"   [],                Line,    Nothing,           Hello,   "",                            "proves the password of an account, before the name is taken";
    Account  Logout        "logout"         [],                Line,    Nothing,           Name,    "logout",                      "goes on as a guest";
    Account  Password      "password"       ["passwd"],        Line,    Change,            Name,    "password",                    "changes the password of your account; asks for both";
    Account  DeleteAccount "delete-account" [],                Line,    Change,            Name,    "delete-account [all]",        "deletes your account, with \"all\" also what you said; asks for the password";
    Chat     RegisterRoom  "register-room"  [],                Line,    Change,            Name,    "register-room [ROOM]",        "makes this room yours, and lasting";
    Chat     DropRoom      "drop-room"      [],                Line,    Change,            Name,    "drop-room [ROOM]",            "gives it up";
    Chat     Settings      "settings"       ["set"],           Line,    If(Command::sets), Name,    "settings [SETTING] [VALUE]",  "shows what is set here, or sets invite-only, key, limit, announcements, topic-by-ops, outsiders or hidden; \"off\" removes it";
    Moderate Invite        "invite"         [],                Line,    Change,            Name,    "invite NAME",                 "lets somebody into this room, and tells them";
    Moderate Kick          "kick"           [],                Line,    Change,            Name,    "kick NAME [REASON]",          "puts somebody out of this room; ops of the server write everywhere after NAME to end the session";
    Moderate Ban           "ban"            [],                Line,    Change,            Name,    "ban NAME [TIME] [REASON]",    "puts them out and keeps them out: for 10m, 2h, 7d, or for good";
    Moderate Unban         "unban"          [],                Line,    Change,            Name,    "unban NAME",                  "lets them in again";
    Moderate Mute          "mute"           [],                Line,    Change,            Name,    "mute NAME [TIME] [REASON]",   "keeps somebody from speaking here";
    Moderate Unmute        "unmute"         [],                Line,    Change,            Name,    "unmute NAME",                 "lets them speak again";
    Moderate Op            "op"             [],                Line,    Change,            Name,    "op NAME",                     "lets somebody keep order here";
    Moderate Deop          "deop"           [],                Line,    Change,            Name,    "deop NAME",                   "takes that from them";
    Moderate Voice         "voice"          [],                Line,    Change,            Name,    "voice NAME",                  "lets a member speak here when not all may";
    Moderate Devoice       "devoice"        [],                Line,    Change,            Name,    "devoice NAME",                "takes that from them";
    Chat     Bans          "bans"           [],                List,    Nothing,           Name,    "bans [ROOM [NUMBER]]",        "lists who is banned or muted here";
    Chat     Announce      "announce"       [],                Line,    Nothing,           Name,    "announce TEXT",               "says something to everybody on the server";
    Chat     Claim         "claim"          [],                Line,    Change,            Name,    "claim CODE",                  "makes you the server's first op, by the code it printed";
    Account  Oper          "oper"           [],                Line,    Nothing,           Name,    "oper NAME",                   "makes this session an op of the server, by the password of one; asks for it";
    Account  Deoper        "deoper"         [],                Line,    Nothing,           Name,    "deoper",                      "lays that down";
    File     Offer         "offer"          [],                Line,    Change,            Name,    "",                            "wants to send a file";
    File     Finish        "finish"         [],                Line,    Said,              Name,    "",                            "has sent all of a file, which is then said";
    File     Cancel        "cancel"         [],                Line,    Nothing,           Name,    "",                            "will not send the rest of a file";
    File     Get           "get"            [],                Little,  Nothing,           Name,    "",                            "asks where a file is fetched";
    Typed    Typed         "typed"          [],                Line,    Nothing,           Nothing, "",                            "is what a person typed, a command or something to say";
    Link     Ping          "ping"           [],                Little,  Nothing,           Nothing, "ping",                        "asks whether the server is there";
    Link     Pong          "pong"           [],                Little,  Nothing,           Nothing, "",                            "answers the server's ping";
    Link     Quit          "quit"           ["exit", "bye"],   Nothing, Nothing,           Nothing, "quit [TEXT]",                 "says goodbye and leaves";
    Link     Help          "help"           ["h", "?"],        Line,    Nothing,           Nothing, "help [COMMAND]",              "lists the commands, or tells about one";
}

impl Command {
    /// Its row of the table.
    pub fn spec(&self) -> &'static Spec {
        self.verb().spec()
    }

    /// Of a command that shows something or sets it: whether it sets it.
    pub fn sets(&self) -> bool {
        match self {
            Command::Chat(ChatCommand::Topic { topic, .. }) => topic.is_some(),
            Command::Chat(ChatCommand::About { text }) => text.is_some(),
            Command::Chat(ChatCommand::Settings { change, .. }) => *change != Change::default(),
            _ => false,
        }
    }
}

impl Verb {
    /// The row of this command.
    pub fn spec(self) -> &'static Spec {
        &TABLE[self as usize]
    }
}

/// The row whose name is exactly `name`: the `type` of a JSON object.
pub fn named(name: &str) -> Option<&'static Spec> {
    TABLE.iter().find(|spec| spec.name == name)
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
