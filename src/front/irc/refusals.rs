//! Refusals of the chat as IRC tells them: which numeric, by what was asked, and with which words before the sentence. Knows no bytes.

use super::asked::Asked;
use crate::error::Code;

/// How a refusal is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told<'a> {
    /// A numeric, words, and the sentence.
    Numeric(&'static str, Vec<&'a str>),
    /// A standard reply of this kind: the command, a code, words, and the sentence.
    Standard(&'static str, &'static str, &'static str, Vec<&'a str>),
    /// A notice of the server with the sentence.
    Notice,
    /// Not at all.
    Nothing,
}

impl Asked {
    /// The command with which it was asked.
    pub(super) fn command(&self) -> &'static str {
        match self {
            Asked::Welcome | Asked::Nick => "NICK",
            Asked::Pass { .. } => "PASS",
            Asked::Sasl => "AUTHENTICATE",
            Asked::Say { .. } => "PRIVMSG",
            Asked::Notice | Asked::Announce => "NOTICE",
            Asked::Typing { .. } => "TAGMSG",
            Asked::Join { .. } | Asked::PartAll => "JOIN",
            Asked::Part { .. } => "PART",
            Asked::Topic { .. } => "TOPIC",
            Asked::Names { .. } => "NAMES",
            Asked::List => "LIST",
            Asked::Invite { .. } => "INVITE",
            Asked::Kick { .. } => "KICK",
            Asked::Away | Asked::Back => "AWAY",
            Asked::Mode { .. } | Asked::Modes { .. } | Asked::Bans { .. } | Asked::Deoper => "MODE",
            Asked::Who { .. } => "WHO",
            Asked::Whois { .. } => "WHOIS",
            Asked::Whowas { .. } => "WHOWAS",
            Asked::Ison => "ISON",
            Asked::Userhost => "USERHOST",
            Asked::Setname => "SETNAME",
            Asked::Oper => "OPER",
            Asked::Kill { .. } => "KILL",
            Asked::Ping => "PING",
            Asked::Quit => "QUIT",
            Asked::Lusers => "LUSERS",
            Asked::Stats { .. } => "STATS",
            Asked::History { .. } | Asked::Targets { .. } => "CHATHISTORY",
            Asked::Redact { .. } => "REDACT",
            Asked::Register { .. } => "REGISTER",
            Asked::Words => "ROOMFUL",
        }
    }

    /// The room or the person of the question, as it was typed.
    fn target(&self) -> Option<&str> {
        match self {
            Asked::Say { target } | Asked::Typing { target } => Some(target),
            Asked::Join { room }
            | Asked::Part { room }
            | Asked::Topic { room, .. }
            | Asked::Names { room }
            | Asked::Invite { room, .. }
            | Asked::Kick { room, .. }
            | Asked::Mode { room, .. }
            | Asked::Modes { room }
            | Asked::Bans { room } => Some(room),
            _ => None,
        }
    }

    /// The person of the question, as it was typed.
    fn nick(&self) -> Option<&str> {
        match self {
            Asked::Invite { nick, .. } | Asked::Kick { nick, .. } => Some(nick),
            Asked::Whois { nick } | Asked::Whowas { nick } | Asked::Kill { nick } => Some(nick),
            Asked::Say { target } | Asked::Typing { target } => Some(target),
            Asked::Mode { argument, .. } => argument.as_deref(),
            _ => None,
        }
    }

    /// Whether it was to be heard by others.
    fn says(&self) -> bool {
        matches!(self, Asked::Say { .. } | Asked::Typing { .. })
    }
}

/// How a refusal with this code and value is told to a session that asked this.
pub(super) fn told<'a>(asked: &'a Asked, code: &Code, value: &'a str) -> Told<'a> {
    match asked {
        // A room that is left already is left.
        Asked::Notice | Asked::PartAll => Told::Nothing,
        Asked::Words => Told::Notice,
        Asked::Pass { must: false } => Told::Nothing,
        Asked::Pass { must: true } => Told::Numeric("464", vec![]),
        Asked::Oper if *code == Code::NoSuchOp => Told::Numeric("491", vec![]),
        Asked::Oper if !matches!(code, Code::Missing | Code::NameFirst) => Told::Numeric("464", vec![]),
        Asked::Sasl if *code == Code::LoggedIn => Told::Numeric("907", vec![]),
        Asked::Sasl => Told::Numeric("904", vec![]),
        Asked::Welcome if *code == Code::LoggedIn => Told::Numeric("462", vec![]),
        Asked::Setname => Told::Standard("FAIL", "SETNAME", "INVALID_REALNAME", vec![]),
        Asked::Register { account } => Told::Standard("FAIL", "REGISTER", in_register(code), vec![account]),
        Asked::History { command, target } => {
            let code = in_history(code);
            // INVALID_TARGET and MESSAGE_ERROR name the target, too.
            let words = if code == "INVALID_PARAMS" { vec![*command] } else { vec![*command, &**target] };
            Told::Standard("FAIL", "CHATHISTORY", code, words)
        }
        Asked::Targets { .. } => Told::Standard("FAIL", "CHATHISTORY", "MESSAGE_ERROR", vec!["TARGETS"]),
        Asked::Redact { target, msgid } => match in_redact(code) {
            code @ "INVALID_TARGET" => Told::Standard("FAIL", "REDACT", code, vec![target]),
            code => Told::Standard("FAIL", "REDACT", code, vec![target, msgid]),
        },
        Asked::Whowas { nick } if *code == Code::NoSuchNick => Told::Numeric("406", vec![nick]),
        // Of what the asker may not see, a list has no rows.
        Asked::Names { .. } | Asked::Who { .. } if is_about_names(code) => Told::Nothing,
        asked => by_code(asked, code, value),
    }
}

/// Whether the refusal says only that there is nothing of that name.
fn is_about_names(code: &Code) -> bool {
    matches!(code, Code::NoSuchRoom | Code::NoRoom | Code::NotInRoom | Code::NoSuchNick) || is_bad_room(code)
}

fn is_bad_room(code: &Code) -> bool {
    matches!(
        code,
        Code::RoomEmpty
            | Code::RoomTooLong
            | Code::RoomBadStart
            | Code::RoomBadCharacter
            | Code::RoomMixedScripts
            | Code::RoomBadDirection
            | Code::RoomConfusable
    )
}

fn in_register(code: &Code) -> &'static str {
    match code {
        Code::PasswordBad => "UNACCEPTABLE_PASSWORD",
        Code::NickRegistered => "ACCOUNT_EXISTS",
        Code::LoggedIn => "ALREADY_AUTHENTICATED",
        Code::NameFirst => "COMPLETE_CONNECTION_REQUIRED",
        _ => "TEMPORARILY_UNAVAILABLE",
    }
}

fn in_history(code: &Code) -> &'static str {
    match code {
        code if is_about_names(code) => "INVALID_TARGET",
        Code::BadField | Code::Missing => "INVALID_PARAMS",
        _ => "MESSAGE_ERROR",
    }
}

fn in_redact(code: &Code) -> &'static str {
    match code {
        code if is_about_names(code) => "INVALID_TARGET",
        Code::NeedsRole => "REDACT_FORBIDDEN",
        _ => "UNKNOWN_MSGID",
    }
}

/// Whether it is about a name that nobody can have.
fn is_bad_nick(code: &Code) -> bool {
    matches!(
        code,
        Code::NickTooLong
            | Code::NickBadStart
            | Code::NickBadCharacter
            | Code::NickMixedScripts
            | Code::NickBadDirection
            | Code::NickReserved
    )
}

/// Whether it is about the length of a text.
fn is_too_long(code: &Code) -> bool {
    matches!(
        code,
        Code::TextTooLong
            | Code::TopicTooLong
            | Code::AwayTooLong
            | Code::AboutTooLong
            | Code::ReasonTooLong
            | Code::TooManyLines
            | Code::LineTooLong
    )
}

/// Whether only a command that IRC has no word for is refused so.
fn is_of_own_words(code: &Code) -> bool {
    matches!(
        code,
        Code::TooManyOwned
            | Code::NobodyToReplyTo
            | Code::LoginFirst
            | Code::RegisterTooOften
            | Code::PasswordBad
            | Code::PasswordsDiffer
            | Code::PasswordShown
            | Code::PasswordTyped
            | Code::RoomOnly
            | Code::ClaimFailed
            | Code::AccountsFull
            | Code::RoomNotRegistered
            | Code::RoomRegistered
            | Code::NoSuchFile
            | Code::FileTooLarge
            | Code::FilesFull
            | Code::UploadsBusy
            | Code::BadUpload
    )
}

/// By the code alone, for commands that have no refusals of their own. What has no numeric of its own is told with the sentence by `400`.
fn by_code<'a>(asked: &'a Asked, code: &Code, value: &'a str) -> Told<'a> {
    let target = asked.target().unwrap_or(value);
    let nick = asked.nick().unwrap_or(value);
    let command = asked.command();
    let numeric = |number: &'static str, words: &[&'a str]| Told::Numeric(number, words.to_vec());
    match code {
        Code::NickEmpty => numeric("431", &[]),
        code if is_bad_nick(code) => numeric("432", &[value]),
        Code::NickInUse | Code::NickConfusable | Code::NickRegistered => numeric("433", &[value]),
        Code::NoSuchNick | Code::NoConversation => numeric("401", &[nick]),
        Code::NoSuchRoom | Code::NoRoom | Code::RoomNew => numeric("403", &[target]),
        code if is_bad_room(code) && matches!(asked, Asked::Join { .. }) => numeric("476", &[target]),
        code if is_bad_room(code) => numeric("403", &[target]),
        Code::NotInRoom if asked.says() => numeric("404", &[target]),
        Code::NotInRoom => numeric("442", &[target]),
        Code::TooManyRooms | Code::ServerRoomsFull => numeric("405", &[target]),
        Code::RoomFull => numeric("471", &[target]),
        Code::InviteOnly => numeric("473", &[target]),
        Code::Banned if value.is_empty() => numeric("465", &[]),
        Code::Banned if asked.says() => numeric("404", &[target]),
        Code::Banned => numeric("474", &[target]),
        Code::KeyNeeded => numeric("475", &[target]),
        Code::Muted | Code::AnnouncementsOnly | Code::Outsider | Code::ConversationsFull if asked.says() => {
            numeric("404", &[target])
        }
        Code::Muted | Code::AnnouncementsOnly | Code::Outsider => numeric("482", &[target]),
        Code::NeedsRole if value.is_empty() => numeric("481", &[]),
        Code::NeedsRole | Code::LastOp => numeric("482", &[target]),
        Code::AlreadyThere => numeric("443", &[nick, target]),
        Code::NotThere => numeric("441", &[nick, target]),
        Code::TooManyBans => numeric("478", &[target, "b"]),
        Code::NoSuchBan => Told::Nothing,
        Code::MaskTooWide => numeric("696", &[target, "b", value]),
        Code::TextEmpty => numeric("412", &[]),
        code if is_too_long(code) => numeric("417", &[]),
        Code::UnknownCommand => numeric("421", &[value]),
        Code::Missing => numeric("461", &[command]),
        Code::NameFirst => numeric("451", &[]),
        Code::NamedAlready => numeric("462", &[]),
        Code::BadField => bad_field(asked, value),
        Code::LoginFailed | Code::LoginTooOften => numeric("464", &[]),
        Code::NotTaken if asked.says() => numeric("404", &[target]),
        Code::NotKept => Told::Standard("NOTE", command, "NOT_KEPT", vec![target]),
        Code::Busy | Code::TakesTooLong => numeric("263", &[command]),
        Code::Closing => Told::Nothing,
        code if is_of_own_words(code) => Told::Notice,
        _ => numeric("400", &[command]),
    }
}

/// A value that cannot be: in MODE the numeric names the letter.
fn bad_field<'a>(asked: &'a Asked, value: &'a str) -> Told<'a> {
    match asked {
        Asked::Mode { room, letter, argument, .. } => {
            let argument = argument.as_deref().unwrap_or(if value.is_empty() { "*" } else { value });
            Told::Numeric("696", vec![room, letter_of(*letter), argument])
        }
        Asked::Join { room } => Told::Numeric("475", vec![room]),
        asked => Told::Numeric("400", vec![asked.command()]),
    }
}

/// A letter of MODE as text.
pub(super) fn letter_of(letter: char) -> &'static str {
    const LETTERS: [&str; 12] = ["b", "i", "k", "l", "m", "n", "o", "q", "s", "t", "v", "w"];
    LETTERS.into_iter().find(|known| known.starts_with(letter)).unwrap_or("*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say() -> Asked {
        Asked::Say { target: "#A".into() }
    }

    fn mode() -> Asked {
        Asked::Mode { room: "#A".into(), letter: 'k', adds: true, argument: Some("x".into()) }
    }

    /// A new code is told by 400, and fails this test until it has its numeric.
    #[test]
    fn every_code_has_a_numeric_of_its_own_or_none_fits() {
        let without = [
            Code::OneRoomOnly,
            Code::NoSuchMessage,
            Code::NothingKept,
            Code::NotTaken,
            Code::ConversationsFull,
            Code::LoggedIn,
            Code::BadField,
            Code::BadJson,
            Code::NoType,
            Code::Version,
            Code::HelloFirst,
            Code::LikelyCommand,
            Code::LikelyJson,
            Code::NoSuchOp,
        ];
        let is_told_by_400 = |code: &&Code| matches!(by_code(&Asked::Back, code, "x"), Told::Numeric("400", _));
        let told: std::collections::HashSet<&str> = Code::ALL.iter().filter(is_told_by_400).map(Code::as_str).collect();
        assert_eq!(told, without.iter().map(Code::as_str).collect());
    }

    #[test]
    fn a_refusal_has_the_numeric_of_what_was_asked() {
        let join = Asked::Join { room: "#A".into() };
        let kick = Asked::Kick { room: "#A".into(), nick: "B".into() };
        let rows: [(Asked, Code, &str, &str, &[&str]); 18] = [
            (Asked::Nick, Code::NickEmpty, "", "431", &[]),
            (Asked::Nick, Code::NickBadStart, "1a", "432", &["1a"]),
            (Asked::Welcome, Code::NickInUse, "b", "433", &["b"]),
            (Asked::Nick, Code::LoggedIn, "b", "400", &["NICK"]),
            (Asked::Welcome, Code::LoggedIn, "b", "462", &[]),
            (say(), Code::NotInRoom, "#a", "404", &["#A"]),
            (Asked::Part { room: "#A".into() }, Code::NotInRoom, "#a", "442", &["#A"]),
            (join.clone(), Code::RoomBadStart, "x", "476", &["#A"]),
            (say(), Code::RoomBadStart, "x", "403", &["#A"]),
            (join.clone(), Code::Banned, "#a", "474", &["#A"]),
            (say(), Code::Banned, "#a", "404", &["#A"]),
            (Asked::Welcome, Code::Banned, "", "465", &[]),
            (kick.clone(), Code::NotThere, "b", "441", &["B", "#A"]),
            (kick, Code::NeedsRole, "#a", "482", &["#A"]),
            (Asked::Kill { nick: "B".into() }, Code::NeedsRole, "", "481", &[]),
            (mode(), Code::BadField, "x", "696", &["#A", "k", "x"]),
            (Asked::Oper, Code::LoginFailed, "", "464", &[]),
            (Asked::Oper, Code::NoSuchOp, "", "491", &[]),
        ];
        for (asked, code, value, number, words) in rows {
            let expected = match number {
                "400" => Told::Numeric("400", words.to_vec()),
                number => Told::Numeric(number, words.to_vec()),
            };
            assert_eq!(told(&asked, &code, value), expected, "{asked:?} {code}");
        }
    }

    #[test]
    fn a_notice_is_never_refused_aloud_and_every_other_line_is_unless_the_ban_was_not_there() {
        for code in Code::ALL {
            assert_eq!(told(&Asked::Notice, code, "x"), Told::Nothing, "{code}");
            let silent = told(&say(), code, "x") == Told::Nothing;
            assert_eq!(silent, matches!(code, Code::NoSuchBan | Code::Closing), "{code}");
        }
    }

    #[test]
    fn a_standard_reply_names_its_command() {
        let history = Asked::History { command: "LATEST", target: "#A".into() };
        for (asked, code, expected) in [
            (history.clone(), Code::NotInRoom, ("CHATHISTORY", "INVALID_TARGET", vec!["LATEST", "#A"])),
            (history, Code::NotTaken, ("CHATHISTORY", "MESSAGE_ERROR", vec!["LATEST", "#A"])),
            (
                Asked::Register { account: "b".into() },
                Code::PasswordBad,
                ("REGISTER", "UNACCEPTABLE_PASSWORD", vec!["b"]),
            ),
            (Asked::Setname, Code::TextTooLong, ("SETNAME", "INVALID_REALNAME", vec![])),
        ] {
            let (command, word, words) = expected;
            assert_eq!(told(&asked, &code, "x"), Told::Standard("FAIL", command, word, words));
        }
    }
}
