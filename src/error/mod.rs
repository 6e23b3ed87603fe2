//! Refusals: what was asked, understood and denied. One table has each with its code, its value and its sentence. Knows no front.
//!
//! Commands stand in a sentence as people type them, with their slash: who obeys
//! a hint without it says the hint to the room. No sentence begins with a name,
//! for fronts begin a sentence with a capital letter, and a name keeps its own.

mod rows;
mod words;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Millis, PROTOCOL, Role, Seq};
use crate::names::{NameError, Nick, RoomName};
use rows::{refusals, say};
use words::{Ago, Until, Why, shown};

refusals! {
    /// A nick or room name breaks the rules for names; with one that would do.
    Name(error: NameError, offer: Option<Nick>) = [Code::from(error.code())], error.value(),
        { match offer {
            Some(free) => format!("{error}; {free} is free"),
            None => error.to_string(),
        } };
    /// The nick belongs to a person who is online; with a free one near it.
    NickInUse(nick: Nick, free: Nick) = "nick-in-use", nick,
        "the name {nick} is taken by somebody who is here; {free} is free";
    /// The nick looks like that of a person who is online; with a free one near it.
    NickConfusable(nick: Nick, free: Nick) = "nick-confusable", nick,
        "the name {nick} looks like that of somebody who is here; {free} is free";
    /// A name must be taken first.
    NameFirst = "name-first", "", "take a name first: /nick NAME";
    /// A name was taken already; `nick` changes it.
    NamedAlready(nick: Nick) = "named-already", nick, "you are {nick}; /nick NAME changes that";
    /// Nobody here has that nick.
    NoSuchNick(nick: String) = "no-such-nick", nick, "nobody here is called {nick:?}; /members lists who is here";
    /// Nobody here has that nick, and the person who had it left so many milliseconds ago.
    LeftLately(nick: String, ago: Millis) = [Code::NoSuchNick], nick,
        { format!("nobody here is called {nick:?}; a person of that name left {}: /whowas tells more", Ago(*ago)) };
    /// No room has that name.
    NoSuchRoom(room: RoomName) = "no-such-room", room,
        "there is no {room}; /rooms lists what there is, /join makes one";
    /// The room's name looks like that of a room there is.
    RoomConfusable(room: RoomName, other: RoomName) = "room-confusable", room,
        { if room == other {
            format!("{room} looks like the name of a room there is; choose another name")
        } else {
            format!("{room} looks like {other}; /join {other}, or choose another name")
        } };
    /// The speaker is not in that room.
    NotInRoom(room: RoomName) = "not-in-room", room, "you are not in {room}; /join {room} first";
    /// The speaker is in no room, and named none.
    NoRoom = "no-room", "", "you are in no room; /join ROOM first";
    /// The speaker is in as many rooms as one person may be in.
    TooManyRooms(most: usize) = "too-many-rooms", most,
        "you are in {most} rooms, and more are not allowed; /leave ROOM first";
    /// The account has registered as many rooms as one may.
    TooManyOwned(most: usize) = "too-many-owned", most,
        "you own {most} rooms, and more are not allowed; /drop-room gives one up";
    /// The server has as many rooms as it may have.
    ServerRoomsFull(most: usize) = "server-rooms-full", most, "the server has {most} rooms, and more are not allowed";
    /// There is nobody to reply to.
    NobodyToReplyTo = "nobody-to-reply-to", "", "nobody has written to you yet; /msg NAME TEXT writes to somebody";
    /// There is nothing in the text.
    TextEmpty = "text-empty", "", "there is nothing to send in that";
    /// A text is longer than its limit.
    TooLong {
        /// Which text: `text`, `topic`, `away` or `reason`.
        what: &'static str,
        /// How many characters it has.
        have: usize,
        /// How many it may have.
        most: usize,
    } = [too_long(what)], have, "{what} too long ({have} characters, max {most}), not taken";
    /// A message has more lines than the limit; how many it has, and how many it may have.
    TooManyLines(have: usize, most: usize) = "text-too-many-lines", have,
        "a message may have {most} lines, and this has {have}; nothing was sent, and a file has no such limit";
    /// A line is longer than `line-bytes`; the number.
    LineTooLong(most: usize) = "line-too-long", most, "line too long (max {most} bytes), not sent";
    /// No command has that name; with the nearest one.
    UnknownCommand(word: String, near: Option<&'static str>) = "unknown-command", word,
        { match near {
            Some(near) => format!("no command {word:?}, did you mean /{near}? nothing was sent"),
            None => format!("no command {word:?}, /help lists what there is; nothing was sent"),
        } };
    /// A line to be said looks like a command; its word.
    LikelyCommand(word: String) = "likely-command", word,
        "{word:?} looks like a command, so nothing was sent; a command begins its line with /, and /say says any text";
    /// A line to be said looks like one of the JSON protocol's.
    LikelyJson = "likely-json", "",
        "this looks like a line of the JSON protocol, which is not spoken here, so nothing was sent; /say says any text";
    /// A command lacks a field; with the way people write it, where a person wrote it.
    Missing {
        /// The field.
        field: &'static str,
        /// How the command is written.
        usage: &'static str,
    } = "missing-field", field,
        { if usage.is_empty() {
            format!("{field} is missing")
        } else {
            format!("{field} is missing; write /{usage}")
        } };
    /// A field has a value that it cannot have.
    BadField {
        /// The field.
        field: &'static str,
        /// What came instead.
        value: String,
        /// What it takes.
        wants: &'static str,
    } = "bad-field", value, "{field} takes {wants}, not {value}";
    /// The line is no JSON object; with what the parser said.
    BadJson(said: String) = "bad-json", said, "that line is no JSON object: {said}";
    /// The JSON object has no `type`.
    NoType = "missing-type", "", "the object has no \"type\"";
    /// The peer speaks another version of the protocol.
    Version(theirs: u64) = "version-unsupported", theirs, "this server speaks version {PROTOCOL}, not {theirs}";
    /// The first word on the JSON front was not `hello`.
    HelloFirst = "hello-first", "", "say hello first";
    /// The server is about to close this session.
    Closing = "closing", "", "this session is being closed";
    /// The nick belongs to an account; with a free one near it.
    NickRegistered(nick: Nick, free: Nick) = "nick-registered", nick,
        "the name {nick} belongs to an account; /login {nick} takes it if it is yours, and {free} is free";
    /// For that one must be logged in.
    LoginFirst = "login-first", "", "log in first: /login NAME, or /register to make an account of your name";
    /// One is logged in already.
    LoggedIn(nick: Nick) = "logged-in", nick, "you are logged in as {nick}; /logout first";
    /// Wrong name or password: it is not said which.
    LoginFailed = "login-failed", "", "wrong name or password";
    /// The password is right, but that account is no op of the server.
    NoSuchOp = "no-such-op", "", "that account is no op of this server; nothing was changed";
    /// Too many wrong passwords; for so many seconds no other is looked at.
    LoginTooOften(seconds: u64) = "login-too-often", seconds, "too many wrong passwords; try again in {seconds} s";
    /// So many accounts were made from one address; the seconds to wait.
    RegisterTooOften(seconds: u64) = "register-too-often", seconds,
        "too many accounts were made from your address; try again in {seconds} s";
    /// An account has too many private conversations to begin one more with it; its name.
    ConversationsFull(nick: Nick) = "conversations-full", nick,
        "{nick} has too many private conversations for one more; nothing was sent";
    /// A password is shorter than so many or longer than 1,024 bytes, or has control characters.
    PasswordBad(least: usize) = "password-bad", least,
        "a password has {least} to 1024 bytes and no control characters; nothing was changed";
    /// A new password was typed in two different ways.
    PasswordsDiffer = "passwords-differ", "", "the two are not the same; nothing was changed";
    /// A password stood on the line, where it can be seen.
    PasswordShown = "password-shown", "",
        "a password is asked for and never written on the line; take another one, this may have been seen";
    /// A program sent on what a person typed, and that needs a password; the command.
    PasswordTyped(command: &'static str) = "password-typed", command,
        "/{command} needs a password, and that is never typed into the line for messages; use the form for it";
    /// In a private conversation, a command was typed that is about a room; the command.
    RoomOnly(command: &'static str) = "room-only", command,
        "/{command} is about a room, and this is a private conversation; go to the room, and type it there";
    /// The code for the first op is wrong, or used up.
    ClaimFailed = "claim-failed", "", "that is not the code, or it was used; the server prints it when it starts";
    /// There are as many accounts as there may be.
    AccountsFull(most: usize) = "accounts-full", most, "the server has {most} accounts, and more are not allowed";
    /// The server keeps nothing, and this needs something kept.
    NothingKept = "nothing-kept", "",
        "this server keeps nothing, so there are no accounts, files and searches; it was started with --memory";
    /// It was not taken, because it could not be kept; with the reason.
    NotTaken(why: String) = "not-taken", why, "it could not be kept, so it was not taken ({why}); try again later";
    /// There was no turn at something that all share; after so many seconds.
    Busy(seconds: u64) = "server-busy", seconds,
        "too many want the same now, and no turn came within {seconds} s; nothing was done; try again in a minute";
    /// A read of the database was ended, for it took longer than so many seconds.
    TakesTooLong(seconds: u64) = "takes-too-long", seconds,
        "that took longer than {seconds} s, so it was ended; ask for less: one room, or rarer words";
    /// It was said, and everybody heard it; but it is not in the database yet; with the reason.
    NotKept(why: String) = "not-kept", why, "the others have it, but it is not in the database ({why})";
    /// The order is for one room, and was given for the whole server.
    OneRoomOnly = "one-room-only", "",
        "that holds in one room only, so nothing was done; a ban with everywhere keeps somebody out of the whole server";
    /// One must be more than one is: which role, in which room, or on the whole server.
    NeedsRole(role: Role, room: Option<RoomName>) = "needs-role", shown(room),
        { match (room, role) {
            (Some(room), Role::Owner) => format!("only the owner of {room} {MAY}"),
            (Some(room), Role::Op | Role::Member) => format!("only an op of {room} {MAY}"),
            (None, _) => "only an op of the server can do that; the operator makes one on the console: op NAME".to_owned(),
        } };
    /// The room would have nobody who keeps order.
    LastOp(room: RoomName) = "last-op", room,
        "somebody must keep order in {room}: its owner, or one op at least; /drop-room gives a registered room up";
    /// One is banned from the room, or from the server; until when, and why.
    Banned(room: Option<RoomName>, until: Option<Millis>, why: Option<Arc<str>>) = "banned", shown(room),
        {
            let place = room.as_ref().map_or("this server", |room| room.shown());
            format!("you are banned from {place}{}{}", Until(*until), Why(why))
        };
    /// One may not speak in the room; until when, and why.
    Muted(room: RoomName, until: Option<Millis>, why: Option<Arc<str>>) = "muted", room,
        { format!("you may not speak in {room}{}{}; an op can lift that with /unmute", Until(*until), Why(why)) };
    /// One must be invited to the room.
    InviteOnly(room: RoomName) = "invite-only", room,
        "one must be invited to {room}; an op there can do that with /invite";
    /// The room has a key, and it was not the one given, or none was.
    KeyNeeded(room: RoomName) = "key-needed", room, "{room} has a key, and that is not it; /join {room} KEY";
    /// A key was given for a room that does not exist yet.
    RoomNew(room: RoomName) = "room-new", room,
        "there is no {room} yet, so no key opens it; /join {room} makes it, then /settings key WORD sets a key";
    /// Only ops speak in the room.
    AnnouncementsOnly(room: RoomName) = "announcements-only", room,
        "only ops speak in {room}, and members with a voice; an op there can give one with /voice";
    /// The room has as many members as its ops have set.
    RoomFull(room: RoomName, most: usize) = "room-full", room,
        "{room} is full: it takes {most} members; an op there can let more in with /invite";
    /// People who are not in the room may write there, but nobody is there to read it.
    Outsider(room: RoomName) = "outsider", room, "nobody is in {room} to read it; /join {room} first";
    /// The person is in the room already.
    AlreadyThere(nick: String, room: RoomName) = "already-there", nick,
        "no invitation was sent: {nick:?} is in {room} already";
    /// There is such a person, but not in the room.
    NotThere(nick: String, room: RoomName) = "not-there", nick,
        "there is no {nick:?} in {room}; /members shows who is there";
    /// There is no ban or mute of that kind for them.
    NoSuchBan(whom: String) = "no-such-ban", whom,
        "there is nothing of that kind for {whom:?}; /bans lists what there is";
    /// There are as many bans and mutes as there may be.
    TooManyBans(most: usize) = "too-many-bans", most,
        "there are {most} bans and mutes, and more are not allowed; /unban or /unmute lifts one";
    /// The mask fits its author, or everybody.
    MaskTooWide(mask: String) = "mask-too-wide", mask,
        "{mask:?} fits you yourself, so nothing was done; write more of the name, as in spam*";
    /// Nobody has registered the room.
    RoomNotRegistered(room: RoomName) = "room-not-registered", room, "nobody has registered {room}";
    /// Somebody has registered the room.
    RoomRegistered(room: RoomName) = "room-registered", room, "{room} is registered already";
    /// There is no private conversation with that person.
    NoConversation(nick: Nick) = "no-conversation", nick,
        "there is no private conversation with {nick}; /msg {nick} TEXT begins one";
    /// There is no such message there, or it was deleted.
    NoSuchMessage(seq: Seq) = "no-such-message", seq, "there is no message {seq} there, or it was deleted";
    /// There is no such file, or not for the asker.
    NoSuchFile(file: u64) = "no-such-file", file, "there is no file {file} that you may have; /files lists those here";
    /// The file is larger than `file-bytes`.
    FileTooLarge {
        /// How many bytes it has.
        have: u64,
        /// How many it may have.
        most: u64,
    } = "file-too-large", have,
        { match most {
            0 => format!("this server takes no files ({have} bytes)"),
            _ => format!("the file is too large ({have} bytes, max {most}), nothing was sent"),
        } };
    /// There is no more room for files: the asker's own, or the server's.
    FilesFull {
        /// Whether it is the asker's share that is full.
        own: bool,
        /// How many bytes there may be.
        most: u64,
    } = "files-full", most,
        { if *own {
            format!("your files would be more than {most} bytes together; /delete NUMBER removes a message with its file")
        } else {
            format!("the server's files would be more than {most} bytes together; nothing was sent")
        } };
    /// As many files are being sent as may be at once.
    UploadsBusy(most: usize) = "uploads-busy", most, "you are sending {most} files already; wait for one to end";
    /// There is no such upload, or it is somewhere else; with what is expected.
    BadUpload(what: String) = "bad-upload", what, "{what}";

    =>
    TextTooLong "text-too-long";
    TopicTooLong "topic-too-long";
    AwayTooLong "away-too-long";
    AboutTooLong "about-too-long";
    ReasonTooLong "reason-too-long";
    NickEmpty "nick-empty"; RoomEmpty "room-empty";
    NickTooLong "nick-too-long"; RoomTooLong "room-too-long";
    NickBadStart "nick-bad-start"; RoomBadStart "room-bad-start";
    NickBadCharacter "nick-bad-character"; RoomBadCharacter "room-bad-character";
    NickMixedScripts "nick-mixed-scripts"; RoomMixedScripts "room-mixed-scripts";
    NickBadDirection "nick-bad-direction"; RoomBadDirection "room-bad-direction";
    NickReserved "nick-reserved";
}

const MAY: &str = "can do that; /members shows who is, and /op NAME makes one";

/// The code of a text that is too long.
fn too_long(what: &str) -> Code {
    match what {
        "topic" => Code::TopicTooLong,
        "away" => Code::AwayTooLong,
        "about" => Code::AboutTooLong,
        "reason" => Code::ReasonTooLong,
        _ => Code::TextTooLong,
    }
}

impl From<&str> for Code {
    fn from(word: &str) -> Code {
        let known = Code::ALL.iter().find(|code| code.as_str() == word);
        known.cloned().unwrap_or_else(|| Code::Unknown(word.into()))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, word: &&str) -> bool {
        self.as_str() == *word
    }
}

impl ChatError {
    /// A nick that would do instead, where the refusal is about a nick.
    pub fn offer(&self) -> Option<&Nick> {
        match self {
            ChatError::Name(_, offer) => offer.as_ref(),
            ChatError::NickInUse(_, free) | ChatError::NickConfusable(_, free) | ChatError::NickRegistered(_, free) => {
                Some(free)
            }
            _ => None,
        }
    }
}

impl std::error::Error for ChatError {}

/// So that a decoder of commands needs no error of its own.
impl serde::de::Error for ChatError {
    fn custom<T: std::fmt::Display>(words: T) -> ChatError {
        ChatError::BadJson(words.to_string())
    }

    fn missing_field(field: &'static str) -> ChatError {
        ChatError::Missing { field, usage: "" }
    }
}

impl From<NameError> for ChatError {
    fn from(error: NameError) -> ChatError {
        ChatError::Name(error, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::TABLE;

    fn nick(name: &str) -> Nick {
        Nick::parse(name).unwrap()
    }

    /// Those that tell which command helps.
    fn with_hints() -> Vec<ChatError> {
        let room = |name: &str| RoomName::parse(name).unwrap();
        vec![
            ChatError::NickRegistered(nick("boris"), nick("boris2")),
            ChatError::NamedAlready(nick("boris")),
            ChatError::LoggedIn(nick("boris")),
            ChatError::NoConversation(nick("boris")),
            ChatError::NoSuchNick("boris".to_owned()),
            ChatError::NoSuchBan("boris".to_owned()),
            ChatError::NoSuchRoom(room("a")),
            ChatError::RoomConfusable(room("a"), room("b")),
            ChatError::NotInRoom(room("a")),
            ChatError::NoRoom,
            ChatError::TooManyRooms(1),
            ChatError::TooManyOwned(1),
            ChatError::TooManyBans(1),
            ChatError::NobodyToReplyTo,
            ChatError::UnknownCommand("jion".to_owned(), Some("join")),
            ChatError::UnknownCommand("xyzzy".to_owned(), None),
            ChatError::LikelyCommand("msg".to_owned()),
            ChatError::LikelyJson,
            ChatError::Missing { field: "TEXT", usage: "msg NAME TEXT" },
            ChatError::LoginFirst,
            ChatError::NeedsRole(Role::Op, Some(room("a"))),
            ChatError::Muted(room("a"), None, None),
            ChatError::InviteOnly(room("a")),
            ChatError::KeyNeeded(room("a")),
            ChatError::RoomNew(room("a")),
            ChatError::RoomFull(room("a"), 1),
            ChatError::Outsider(room("a")),
            ChatError::AnnouncementsOnly(room("a")),
            ChatError::NotThere("boris".to_owned(), room("a")),
            ChatError::NoSuchFile(1),
            ChatError::FilesFull { own: true, most: 1 },
        ]
    }

    /// A hint that was obeyed without its slash was said to the room.
    #[test]
    fn a_hint_shows_its_command_as_it_is_typed() {
        for refusal in with_hints() {
            let sentence = refusal.to_string();
            let shown = |name: &str| sentence.contains(&format!("/{name}"));
            assert!(TABLE.iter().any(|spec| shown(spec.name)), "{sentence}");
            // After the last semicolon stands what to do: never a command that begins without its slash.
            let to_do = sentence.rsplit("; ").next().unwrap_or_default();
            let first = to_do.split(' ').next().unwrap_or_default();
            assert!(TABLE.iter().all(|spec| spec.name != first), "{sentence}");
        }
    }

    /// A front begins a sentence with a capital letter; a name must keep its own.
    #[test]
    fn no_sentence_begins_with_a_name() {
        let taken = [
            ChatError::NickInUse(nick("boris"), nick("boris2")),
            ChatError::NickConfusable(nick("boris"), nick("boris2")),
        ];
        for refusal in with_hints().into_iter().chain(taken) {
            assert!(!refusal.to_string().starts_with("boris"), "{refusal}");
        }
    }
}
