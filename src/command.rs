//! What a member asks, and the one table of commands that help, completion and every front read. Knows no bytes and no session.
//!
//! ```
//! use roomful::command::{Command, parse};
//!
//! assert!(matches!(parse("hello, all"), Ok(Command::Say { me: false, .. })));
//! assert!(matches!(parse("/me waves"), Ok(Command::Say { me: true, .. })));
//! assert_eq!(
//!     parse("/jion лыжи").unwrap_err().to_string(),
//!     "no command \"jion\", did you mean join? nothing was sent",
//! );
//! ```

use std::sync::Arc;

use crate::error::ChatError;
use crate::event::{Millis, Seq};
use crate::names::{self, Nick, RoomName};

/// What a member asks. Closed: a new one does not compile until the chat obeys it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Greets, and takes a name where one is given.
    Hello {
        /// The protocol version the peer speaks.
        version: u64,
        /// The name wanted.
        nick: Option<Nick>,
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
    /// Goes into a room, and makes it if there is none.
    Join {
        /// The room.
        room: RoomName,
        /// The last message already seen there.
        after: Option<Seq>,
        /// When the room in which that was seen was made.
        made: Option<Millis>,
    },
    /// Goes out of a room; the current one if it is not said.
    Leave {
        /// The room.
        room: Option<RoomName>,
        /// Words of farewell.
        text: Option<Arc<str>>,
    },
    /// Lists the rooms.
    Rooms,
    /// Lists who is in a room; the current one if it is not said.
    Members {
        /// The room.
        room: Option<RoomName>,
    },
    /// Says a line in a room; the current one if it is not said.
    Say {
        /// The room.
        room: Option<RoomName>,
        /// The line.
        text: Arc<str>,
        /// Whether it is an action.
        me: bool,
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
    /// Shows recent messages of a room.
    History {
        /// The room; the current one if it is not said.
        room: Option<RoomName>,
        /// Which of them.
        page: Page,
        /// At most so many.
        limit: Option<usize>,
    },
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

/// Which recent messages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The last ones.
    Last,
    /// The last ones before this number.
    Before(Seq),
    /// The first ones after this number.
    After(Seq),
}

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
    Hello   "hello"   [],                "",                   "greets the server, with version, name and rooms";
    Join    "join"    ["j"],             "join ROOM",          "goes into a room, and makes it if there is none";
    Leave   "leave"   ["part"],          "leave [ROOM]",       "goes out of this room, or the one named";
    Rooms   "rooms"   ["list"],          "rooms",              "lists the rooms, how many are in them, and their topics";
    Members "members" ["who", "names"],  "members [ROOM]",     "lists who is in this room, or the one named";
    Say     "say"     [],                "say TEXT",           "says a line, as typing it without a slash does";
    Me      "me"      [],                "me TEXT",            "says what you do: /me waves";
    Msg     "msg"     ["w", "query"],    "msg NAME TEXT",      "writes to one person only";
    Reply   "reply"   ["r"],             "reply TEXT",         "writes to whoever wrote to you last";
    Topic   "topic"   [],                "topic [TEXT]",       "shows this room's topic, or sets it; \"-\" removes it";
    Nick    "nick"    ["name"],          "nick [NAME]",        "takes another name";
    Whois   "whois"   [],                "whois NAME",         "tells where somebody is, since when, and how idle";
    Away    "away"    [],                "away [TEXT]",        "tells the others that you are away";
    Back    "back"    [],                "back",               "tells the others that you are back";
    History "history" ["last"],          "history [NUMBER]",   "shows recent messages of this room";
    Ping    "ping"    [],                "ping",               "asks whether the server is there";
    Pong    "pong"    [],                "",                   "answers the server's ping";
    Quit    "quit"    ["exit", "bye"],   "quit [TEXT]",        "says goodbye and leaves";
    Help    "help"    ["h", "?"],        "help [COMMAND]",     "lists the commands, or tells about one";
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

/// Somebody who may be here. A name that nobody can have is nobody's.
pub fn somebody(name: &str) -> Result<Nick, ChatError> {
    Nick::parse(name).map_err(|_| ChatError::NoSuchNick(names::clean(name).into_owned()))
}

/// Text from outside, made harmless: control, escape and bidi-override
/// characters gone, line breaks turned into spaces, no blanks around it.
pub fn text(raw: &str) -> Arc<str> {
    if raw.contains(['\n', '\r']) {
        // Or the words on both sides would become one.
        return Arc::from(names::clean(&raw.replace("\r\n", " ").replace(['\n', '\r'], " ")).trim());
    }
    Arc::from(names::clean(raw).trim())
}

fn some_text(raw: &str) -> Option<Arc<str>> {
    Some(text(raw)).filter(|text| !text.is_empty())
}

/// Reads what a person typed on one line: `/command arguments`, `//text` for a
/// line that starts with a slash, a bare `{quit}`, or else a line to say.
///
/// # Errors
/// An unknown command, a missing argument or a bad name is refused; such a
/// line is never taken for something to say, because people mistype passwords.
pub fn parse(line: &str) -> Result<Command, ChatError> {
    let line = line.trim();
    if line == "{quit}" {
        return Ok(Command::Quit { text: None });
    }
    let Some(rest) = line.strip_prefix('/') else {
        return Ok(Command::Say { room: None, text: text(line), me: false });
    };
    if rest.starts_with('/') {
        return Ok(Command::Say { room: None, text: text(rest), me: false });
    }
    let (word, arguments) = split(rest);
    let spec = find(word).ok_or_else(|| unknown(word))?;
    arguments_of(spec, arguments)
}

/// The first word, and what follows it.
fn split(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

fn arguments_of(spec: &'static Spec, arguments: &str) -> Result<Command, ChatError> {
    let missing = |field| ChatError::Missing { field, usage: spec.usage };
    let needed = |field| if arguments.is_empty() { Err(missing(field)) } else { Ok(arguments) };
    let room = || match arguments {
        "" => Ok(None),
        name => RoomName::parse(name).map(Some),
    };
    Ok(match spec.verb {
        Verb::Hello | Verb::Pong => return Err(unknown(spec.name)),
        Verb::Nick => {
            Command::Nick { nick: if arguments.is_empty() { None } else { Some(Nick::parse(arguments)?) }, rooms: None }
        }
        Verb::Join => Command::Join { room: RoomName::parse(needed("ROOM")?)?, after: None, made: None },
        Verb::Leave => Command::Leave { room: room()?, text: None },
        Verb::Rooms => Command::Rooms,
        Verb::Members => Command::Members { room: room()? },
        Verb::Say => Command::Say { room: None, text: text(needed("TEXT")?), me: false },
        Verb::Me => Command::Say { room: None, text: text(needed("TEXT")?), me: true },
        Verb::Msg => {
            let (to, words) = split(needed("NAME")?);
            if words.is_empty() {
                return Err(missing("TEXT"));
            }
            Command::Msg { to: somebody(to.trim_end_matches(':'))?, text: text(words) }
        }
        Verb::Reply => Command::Reply { text: text(needed("TEXT")?) },
        Verb::Topic => Command::Topic {
            room: None,
            topic: match arguments {
                "" => None,
                "-" => Some(Arc::from("")),
                words => Some(text(words)),
            },
        },
        Verb::Whois => Command::Whois { nick: somebody(needed("NAME")?)? },
        Verb::Away => Command::Away { text: some_text(arguments) },
        Verb::Back => Command::Back,
        Verb::History => Command::History {
            room: None,
            page: Page::Last,
            limit: match arguments {
                "" => None,
                number => Some(number.parse().ok().filter(|n| *n > 0).ok_or_else(|| ChatError::BadField {
                    field: "NUMBER",
                    value: format!("{:?}", names::clean(number)),
                    wants: "how many messages, as a number",
                })?),
            },
        },
        Verb::Ping => Command::Ping { token: some_text(arguments) },
        Verb::Quit => Command::Quit { text: some_text(arguments) },
        Verb::Help => {
            Command::Help { word: Some(arguments.trim_start_matches('/').to_owned()).filter(|w| !w.is_empty()) }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        match parse(line) {
            Ok(Command::Say { text, .. }) => text.to_string(),
            other => panic!("{line:?} was not said but {other:?}"),
        }
    }

    #[test]
    fn every_command_for_people_is_found_by_its_name_and_aliases() {
        for spec in TABLE.iter().filter(|spec| !spec.usage.is_empty()) {
            for word in spec.aliases.iter().chain([&spec.name]) {
                assert_eq!(find(word).map(|found| found.verb), Some(spec.verb), "{word}");
            }
            assert!(spec.usage.starts_with(spec.name), "{}", spec.usage);
        }
    }

    #[test]
    fn every_verb_has_its_row() {
        for spec in TABLE {
            assert_eq!(spec.verb.spec().name, spec.name);
        }
        assert_eq!(TABLE.len(), Verb::Help as usize + 1);
    }

    /// Lab report C: any text with "exit" in it left the chat.
    #[test]
    fn c12_the_exit_is_left_is_said() {
        assert_eq!(said("the exit is left"), "the exit is left");
        assert_eq!(said("please {quit} now"), "please {quit} now");
        assert!(matches!(parse("{quit}"), Ok(Command::Quit { text: None })));
        assert!(matches!(parse("/exit"), Ok(Command::Quit { .. })));
    }

    #[test]
    fn a_doubled_slash_says_a_line_that_starts_with_one() {
        assert_eq!(said("//etc/hosts"), "/etc/hosts");
    }

    #[test]
    fn an_unknown_command_names_the_nearest_and_is_never_said() {
        for (typed, near) in [("/jion x", "join"), ("/quti", "quit"), ("/membres", "members"), ("/hepl", "help")] {
            match parse(typed) {
                Err(ChatError::UnknownCommand(_, Some(found))) => assert_eq!(found, near),
                other => panic!("{typed}: {other:?}"),
            }
        }
        assert!(matches!(parse("/xyzzy"), Err(ChatError::UnknownCommand(_, None))));
        assert!(matches!(parse("/ join"), Err(ChatError::UnknownCommand(..))));
    }

    #[test]
    fn a_missing_argument_is_answered_with_the_usage() {
        for (typed, usage) in
            [("/join", "join ROOM"), ("/msg", "msg NAME TEXT"), ("/msg boris", "msg NAME TEXT"), ("/me", "me TEXT")]
        {
            match parse(typed) {
                Err(ChatError::Missing { usage: said, .. }) => assert_eq!(said, usage),
                other => panic!("{typed}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_others_will_see_is_cleaned_as_it_comes_in() {
        assert_eq!(said("\u{1b}[31mred\u{7} \u{202e}gnp.exe"), "[31mred gnp.exe");
        assert_eq!(said("one\r\ntwo\nthree"), "one two three");
    }
}
