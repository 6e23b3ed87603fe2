//! The one table of commands: their names, how they are written, what they do. Knows no arguments.

use crate::error::ChatError;
use crate::names;

/// Which command a word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is described by its row in TABLE
pub enum Verb {
    Hello,
    Nick,
    Join,
    Leave,
    Rooms,
    Members,
    Say,
    Me,
    Msg,
    Reply,
    Topic,
    Whois,
    Away,
    Back,
    History,
    Search,
    Delete,
    Chats,
    Read,
    Close,
    Register,
    Login,
    Logout,
    Password,
    DeleteAccount,
    Claim,
    RegisterRoom,
    DropRoom,
    Settings,
    Invite,
    Kick,
    Ban,
    Unban,
    Mute,
    Unmute,
    Op,
    Deop,
    Bans,
    Announce,
    Offer,
    Chunk,
    Finish,
    Cancel,
    Files,
    Get,
    Ping,
    Pong,
    Quit,
    Help,
}

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

macro_rules! table {
    ($($verb:ident $name:literal $aliases:expr, $usage:literal, $help:literal;)+) => {
        /// Every command, in the order of the handbook.
        pub const TABLE: &[Spec] = &[$(Spec { verb: Verb::$verb, name: $name, aliases: &$aliases, usage: $usage, help: $help }),+];
    };
}

table! {
    Hello         "hello"           [],                 "",                           "greets the server, with version, name and rooms";
    Join          "join"            ["j"],              "join ROOM [KEY]",            "goes into a room, and makes it if there is none";
    Leave         "leave"           ["part"],           "leave [ROOM]",               "goes out of this room, or the one named";
    Rooms         "rooms"           ["list"],           "rooms [PAST]",               "lists the rooms, how many are in them, and their topics";
    Members       "members"         ["who", "names"],   "members [ROOM [PAST]]",      "lists who is in this room, or the one named";
    Say           "say"             [],                 "say TEXT",                   "says a line, as typing it without a slash does";
    Me            "me"              [],                 "me TEXT",                    "says what you do: /me waves";
    Msg           "msg"             ["w", "query"],     "msg NAME TEXT",              "writes to one person only";
    Reply         "reply"           ["r"],              "reply TEXT",                 "writes to whoever wrote to you last";
    Topic         "topic"           [],                 "topic [TEXT]",               "shows this room's topic, or sets it; \"-\" removes it";
    Nick          "nick"            ["name"],           "nick [NAME]",                "takes another name";
    Whois         "whois"           [],                 "whois NAME",                 "tells where somebody is, since when, and how idle";
    Away          "away"            [],                 "away [TEXT]",                "tells the others that you are away";
    Back          "back"            [],                 "back",                       "tells the others that you are back";
    History       "history"         ["last"],           "history [PLACE] [NUMBER]",   "shows earlier messages of this room, of #ROOM, or with @NAME";
    Search        "search"          ["find"],           "search WORDS",               "looks for words in what you may read; \"two words\" as they stand, wor* for beginnings";
    Delete        "delete"          ["del"],            "delete [NUMBER]",            "deletes your last message here, or the one with that number";
    Chats         "chats"           [],                 "chats [PAST]",               "lists your rooms and private conversations, and what is unread";
    Read          "read"            [],                 "read [PLACE]",               "marks this room as read, or #ROOM, or @NAME";
    Close         "close"           [],                 "close NAME",                 "ends the private conversation with NAME: it is not among your chats any more";
    Files         "files"           [],                 "files [PLACE [NUMBER]]",     "lists the files that were sent here, in #ROOM, or with @NAME";
    Register      "register"        [],                 "register",                   "makes an account of your name; asks for a password";
    Login         "login"           ["identify"],       "login [NAME]",               "takes on your account, and its name; asks for the password";
    Logout        "logout"          [],                 "logout",                     "goes on as a guest";
    Password      "password"        ["passwd"],         "password",                   "changes the password of your account; asks for both";
    DeleteAccount "delete-account"  [],                 "delete-account [all]",       "deletes your account, with \"all\" also what you said; asks for the password";
    RegisterRoom  "register-room"   [],                 "register-room [ROOM]",       "makes this room yours, and lasting";
    DropRoom      "drop-room"       [],                 "drop-room [ROOM]",           "gives it up";
    Settings      "settings"        ["set"],            "settings [SETTING] [VALUE]", "shows what is set here, or sets invite-only, key or announcements; \"off\" removes it";
    Invite        "invite"          [],                 "invite NAME",                "lets somebody into this room, and tells them";
    Kick          "kick"            [],                 "kick NAME [REASON]",         "puts somebody out of this room";
    Ban           "ban"             [],                 "ban NAME [TIME] [REASON]",   "puts them out and keeps them out: for 10m, 2h, 7d, or for good";
    Unban         "unban"           [],                 "unban NAME",                 "lets them in again";
    Mute          "mute"            [],                 "mute NAME [TIME] [REASON]",  "keeps somebody from speaking here";
    Unmute        "unmute"          [],                 "unmute NAME",                "lets them speak again";
    Op            "op"              [],                 "op NAME",                    "lets somebody keep order here";
    Deop          "deop"            [],                 "deop NAME",                  "takes that from them";
    Bans          "bans"            [],                 "bans [ROOM [NUMBER]]",       "lists who is banned or muted here";
    Announce      "announce"        [],                 "announce TEXT",              "says something to everybody on the server";
    Claim         "claim"           [],                 "claim CODE",                 "makes you the server's first op, by the code it printed";
    Offer         "offer"           [],                 "",                           "wants to send a file";
    Chunk         "chunk"           [],                 "",                           "sends a piece of a file";
    Finish        "finish"          [],                 "",                           "has sent all of a file, which is then said";
    Cancel        "cancel"          [],                 "",                           "will not send the rest of a file";
    Get           "get"             [],                 "",                           "fetches a piece of a file";
    Ping          "ping"            [],                 "ping",                       "asks whether the server is there";
    Pong          "pong"            [],                 "",                           "answers the server's ping";
    Quit          "quit"            ["exit", "bye"],    "quit [TEXT]",                "says goodbye and leaves";
    Help          "help"            ["h", "?"],         "help [COMMAND]",             "lists the commands, or tells about one";
}

impl Verb {
    /// The row of this command.
    pub fn spec(self) -> &'static Spec {
        TABLE.iter().find(|spec| spec.verb == self).expect("a test holds every verb to a row")
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
