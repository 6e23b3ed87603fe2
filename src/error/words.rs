//! A sentence for people for each refusal: what was wrong, and what to do. Knows no front.
//!
//! Commands stand here as people type them, with their slash: who obeys a hint
//! without it says the hint to the room. No sentence begins with a name, for
//! fronts begin a sentence with a capital letter, and a name keeps its own.

use std::fmt;
use std::sync::Arc;

use super::ChatError;
use crate::model::Millis;
use crate::model::Role;

impl fmt::Display for ChatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChatError::Name(error, Some(free)) => write!(f, "{error}; {free} is free"),
            ChatError::Name(error, None) => write!(f, "{error}"),
            ChatError::NickInUse(nick, free) => {
                write!(f, "the name {nick} is taken by somebody who is here; {free} is free")
            }
            ChatError::NickConfusable(nick, free) => {
                write!(f, "the name {nick} looks like that of somebody who is here; {free} is free")
            }
            ChatError::NameFirst => write!(f, "take a name first: /nick NAME"),
            ChatError::NamedAlready(nick) => write!(f, "you are {nick}; /nick NAME changes that"),
            ChatError::NoSuchNick(nick) => write!(f, "nobody here is called {nick:?}; /members lists who is here"),
            ChatError::NoSuchRoom(room) => write!(f, "there is no {room}; /rooms lists what there is, /join makes one"),
            ChatError::RoomConfusable(room, other) if room == other => {
                write!(f, "{room} looks like the name of a room there is; choose another name")
            }
            ChatError::RoomConfusable(room, other) => {
                write!(f, "{room} looks like {other}; /join {other}, or choose another name")
            }
            ChatError::NotInRoom(room) => write!(f, "you are not in {room}; /join {room} first"),
            ChatError::NoRoom => write!(f, "you are in no room; /join ROOM first"),
            ChatError::TooManyRooms(most) => {
                write!(f, "you are in {most} rooms, and more are not allowed; /leave ROOM first")
            }
            ChatError::TooManyOwned(most) => {
                write!(f, "you own {most} rooms, and more are not allowed; /drop-room gives one up")
            }
            ChatError::ServerRoomsFull(most) => write!(f, "the server has {most} rooms, and more are not allowed"),
            ChatError::NobodyToReplyTo => write!(f, "nobody has written to you yet; /msg NAME TEXT writes to somebody"),
            ChatError::TextEmpty => write!(f, "there is nothing to send in that"),
            ChatError::TooLong { what, have, most } => {
                write!(f, "{what} too long ({have} characters, max {most}), not taken")
            }
            ChatError::LineTooLong(most) => write!(f, "line too long (max {most} bytes), not sent"),
            ChatError::UnknownCommand(word, Some(near)) => {
                write!(f, "no command {word:?}, did you mean /{near}? nothing was sent")
            }
            ChatError::UnknownCommand(word, None) => {
                write!(f, "no command {word:?}, /help lists what there is; nothing was sent")
            }
            ChatError::LikelyCommand(word) => write!(
                f,
                "{word:?} looks like a command, so nothing was sent; a command begins its line with /, and /say says any text"
            ),
            ChatError::LikelyJson => {
                write!(
                    f,
                    "this looks like a line of the JSON protocol, which is not spoken here, so nothing was sent; /say says any text"
                )
            }
            ChatError::Missing { field, usage: "" } => write!(f, "{field} is missing"),
            ChatError::Missing { field, usage } => write!(f, "{field} is missing; write /{usage}"),
            ChatError::BadField { field, value, wants } => write!(f, "{field} takes {wants}, not {value}"),
            ChatError::BadJson(said) => write!(f, "that line is no JSON object: {said}"),
            ChatError::NoType => write!(f, "the object has no \"type\""),
            ChatError::Version(theirs) => {
                write!(f, "this server speaks version {}, not {theirs}", crate::event::PROTOCOL)
            }
            ChatError::HelloFirst => write!(f, "say hello first"),
            ChatError::Closing => write!(f, "this session is being closed"),
            ChatError::NickRegistered(nick, free) => {
                write!(
                    f,
                    "the name {nick} belongs to an account; /login {nick} takes it if it is yours, and {free} is free"
                )
            }
            ChatError::LoginFirst => {
                write!(f, "log in first: /login NAME, or /register to make an account of your name")
            }
            ChatError::LoggedIn(nick) => write!(f, "you are logged in as {nick}; /logout first"),
            ChatError::LoginFailed => write!(f, "wrong name or password"),
            ChatError::LoginTooOften(seconds) => {
                write!(f, "too many wrong passwords; try again in {seconds} s")
            }
            ChatError::RegisterTooOften(seconds) => {
                write!(f, "too many accounts were made from your address; try again in {seconds} s")
            }
            ChatError::ConversationsFull(nick) => {
                write!(f, "{nick} has too many private conversations for one more; nothing was sent")
            }
            ChatError::PasswordBad => {
                write!(f, "a password has 8 to 1024 bytes and no control characters; nothing was changed")
            }
            ChatError::PasswordsDiffer => write!(f, "the two are not the same; nothing was changed"),
            ChatError::PasswordShown => {
                write!(
                    f,
                    "a password is asked for and never written on the line; take another one, this may have been seen"
                )
            }
            ChatError::ClaimFailed => {
                write!(f, "that is not the code, or it was used; the server prints it when it starts")
            }
            ChatError::AccountsFull(most) => write!(f, "the server has {most} accounts, and more are not allowed"),
            ChatError::NothingKept => {
                write!(
                    f,
                    "this server keeps nothing, so there are no accounts, files and searches; it was started with --memory"
                )
            }
            ChatError::NotTaken(why) => write!(f, "it could not be kept, so it was not taken ({why}); try again later"),
            ChatError::NotKept(why) => write!(f, "the others have it, but it is not in the database ({why})"),
            ChatError::Busy(seconds) => {
                write!(
                    f,
                    "too many want the same now, and no turn came within {seconds} s; nothing was done; try again in a minute"
                )
            }
            ChatError::TakesTooLong(seconds) => {
                write!(f, "that took longer than {seconds} s, so it was ended; ask for less: one room, or rarer words")
            }
            ChatError::NeedsRole(role, Some(room)) => {
                let who = if *role == Role::Owner { "the owner" } else { "an op" };
                write!(f, "only {who} of {room} can do that; /members shows who is, and /op NAME makes one")
            }
            ChatError::NeedsRole(_, None) => {
                write!(f, "only an op of the server can do that; the operator makes one on the console: op NAME")
            }
            ChatError::LastOp(room) => {
                write!(
                    f,
                    "somebody must keep order in {room}: its owner, or one op at least; /drop-room gives a registered room up"
                )
            }
            ChatError::Banned(room, until, why) => {
                let place = room.as_ref().map_or("this server", |room| room.shown());
                write!(f, "you are banned from {place}{}{}", Until(*until), Why(why))
            }
            ChatError::Muted(room, until, why) => {
                write!(f, "you may not speak in {room}{}{}; an op can lift that with /unmute", Until(*until), Why(why))
            }
            ChatError::InviteOnly(room) => {
                write!(f, "one must be invited to {room}; an op there can do that with /invite")
            }
            ChatError::KeyNeeded(room) => write!(f, "{room} has a key, and that is not it; /join {room} KEY"),
            ChatError::RoomNew(room) => write!(
                f,
                "there is no {room} yet, so no key opens it; /join {room} makes it, then /settings key WORD sets a key"
            ),
            ChatError::AnnouncementsOnly(room) => write!(f, "only ops speak in {room}; it is for announcements"),
            ChatError::NoSuchBan(whom) => {
                write!(f, "there is nothing of that kind for {whom:?}; /bans lists what there is")
            }
            ChatError::TooManyBans(most) => {
                write!(f, "there are {most} bans and mutes, and more are not allowed; /unban or /unmute lifts one")
            }
            ChatError::RoomNotRegistered(room) => write!(f, "nobody has registered {room}"),
            ChatError::RoomRegistered(room) => write!(f, "{room} is registered already"),
            ChatError::NoConversation(nick) => {
                write!(f, "there is no private conversation with {nick}; /msg {nick} TEXT begins one")
            }
            ChatError::NoSuchMessage(seq) => write!(f, "there is no message {seq} there, or it was deleted"),
            ChatError::NoSuchFile(file) => {
                write!(f, "there is no file {file} that you may have; /files lists those here")
            }
            ChatError::FileTooLarge { have, most: 0 } => write!(f, "this server takes no files ({have} bytes)"),
            ChatError::FileTooLarge { have, most } => {
                write!(f, "the file is too large ({have} bytes, max {most}), nothing was sent")
            }
            ChatError::FilesFull { own: true, most } => {
                write!(
                    f,
                    "your files would be more than {most} bytes together; /delete NUMBER removes a message with its file"
                )
            }
            ChatError::FilesFull { own: false, most } => {
                write!(f, "the server's files would be more than {most} bytes together; nothing was sent")
            }
            ChatError::UploadsBusy(most) => write!(f, "you are sending {most} files already; wait for one to end"),
            ChatError::BadUpload(what) => write!(f, "{what}"),
        }
    }
}

/// ` until 2026-11-20 12:05 UTC`, or ` for good`.
struct Until(Option<Millis>);

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.and_then(|time| jiff::Timestamp::from_millisecond(time).ok()) {
            Some(time) => write!(f, " until {} UTC", time.strftime("%Y-%m-%d %H:%M")),
            None => write!(f, " for good"),
        }
    }
}

/// ` (spam)`, or nothing.
struct Why<'a>(&'a Option<Arc<str>>);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |why| write!(f, " ({why})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::TABLE;
    use crate::names::{Nick, RoomName};

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
