//! A line that a person typed into a program: which command it is, in the place in which it was typed. Knows no wire and no session.

use super::{AccountCommand, ChatCommand, Command, Moderation, Place, Query, TypedLine, parse};
use crate::error::ChatError;
use crate::names::{Nick, RoomName};

impl TypedLine {
    /// The command that this is, as if its place were the current one.
    ///
    /// # Errors
    /// What [`parse`] refuses; a command that needs a password, or, in a private conversation, a room.
    pub fn meant(self) -> Result<Command, ChatError> {
        let TypedLine::Typed { place, line } = self;
        let command = parse(&line)?;
        let asks = matches!(
            command,
            Command::Account(
                AccountCommand::Register { .. }
                    | AccountCommand::Login { .. }
                    | AccountCommand::Oper { .. }
                    | AccountCommand::Password { .. }
                    | AccountCommand::DeleteAccount { .. }
            )
        );
        match place {
            _ if asks => Err(ChatError::PasswordTyped(command.spec().name)),
            None => Ok(command),
            Some(Place::Room(room)) => Ok(in_room(command, &room)),
            Some(Place::With(nick)) => with(command, &nick),
        }
    }
}

/// The command as if the room were the current one: a place that it leaves out is that room.
fn in_room(mut command: Command, room: &RoomName) -> Command {
    if let Some(own) = room_of(&mut command) {
        own.get_or_insert_with(|| room.clone());
    } else if let Some(own) = place_of(&mut command) {
        own.get_or_insert_with(|| Place::Room(room.clone()));
    }
    command
}

/// The same for a conversation with `nick`.
fn with(mut command: Command, nick: &Nick) -> Result<Command, ChatError> {
    if let Command::Chat(ChatCommand::Say { room: None, text }) = command {
        return Ok(ChatCommand::Msg { to: nick.clone(), text }.into());
    }
    let word = command.spec().name;
    if let Some(None) = room_of(&mut command) {
        return Err(ChatError::RoomOnly(word));
    }
    if let Some(own) = place_of(&mut command) {
        own.get_or_insert_with(|| Place::With(nick.clone()));
    }
    Ok(command)
}

/// The room of a command that is about the current room if it names none.
fn room_of(command: &mut Command) -> Option<&mut Option<RoomName>> {
    match command {
        Command::Chat(command) => match command {
            ChatCommand::Leave { room, .. }
            | ChatCommand::Members { room, .. }
            | ChatCommand::Say { room, .. }
            | ChatCommand::Roll { room, .. }
            | ChatCommand::Topic { room, .. }
            | ChatCommand::RegisterRoom { room }
            | ChatCommand::DropRoom { room }
            | ChatCommand::Settings { room, .. } => Some(room),
            ChatCommand::Bans { room, everywhere: false, .. } => Some(room),
            ChatCommand::Who { room, mask: None, nicks, .. } if nicks.is_empty() => Some(room),
            ChatCommand::Join { .. }
            | ChatCommand::Rooms { .. }
            | ChatCommand::Facts
            | ChatCommand::Msg { .. }
            | ChatCommand::Me { .. }
            | ChatCommand::Notice { .. }
            | ChatCommand::Reply { .. }
            | ChatCommand::Who { .. }
            | ChatCommand::Whowas { .. }
            | ChatCommand::Whois { .. }
            | ChatCommand::Away { .. }
            | ChatCommand::Back
            | ChatCommand::About { .. }
            | ChatCommand::Delete { .. }
            | ChatCommand::Read { .. }
            | ChatCommand::Typing { .. }
            | ChatCommand::Close { .. }
            | ChatCommand::Claim { .. }
            | ChatCommand::Bans { .. }
            | ChatCommand::Announce { .. } => None,
        },
        Command::Moderate(Moderation { room, everywhere: false, .. }) => Some(room),
        _ => None,
    }
}

/// The place of a command that is about the current place if it names none. A search looks everywhere then.
fn place_of(command: &mut Command) -> Option<&mut Option<Place>> {
    match command {
        Command::Chat(
            ChatCommand::Me { place, .. }
            | ChatCommand::Notice { place, .. }
            | ChatCommand::Delete { place, .. }
            | ChatCommand::Read { place, .. }
            | ChatCommand::Typing { place },
        )
        | Command::Query(Query::History { place, .. } | Query::Files { place, .. }) => Some(place),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{ModAction, Whom};

    fn meant(place: &str, line: &str) -> Result<Command, ChatError> {
        let place = Some(place).filter(|place| !place.is_empty()).map(|place| Place::parse(place).unwrap());
        TypedLine::Typed { place, line: line.into() }.meant()
    }

    /// What a person types where no place is current, with the room or place named, is what a typed line means there.
    #[test]
    fn a_line_means_what_it_means_where_it_was_typed() {
        let room = || RoomName::parse("#a").unwrap();
        let nick = || Nick::parse("bob").unwrap();
        assert_eq!(meant("#a", "hi"), Ok(ChatCommand::Say { room: Some(room()), text: "hi".into() }.into()));
        assert_eq!(meant("#a", "//x"), Ok(ChatCommand::Say { room: Some(room()), text: "/x".into() }.into()));
        assert_eq!(meant("@bob", "//x"), Ok(ChatCommand::Msg { to: nick(), text: "/x".into() }.into()));
        assert_eq!(meant("#a", "/topic"), Ok(ChatCommand::Topic { room: Some(room()), topic: None }.into()));
        let kick = Moderation::new(ModAction::Kick, Some(room()), Whom::parse("bob").unwrap());
        assert_eq!(meant("#a", "/kick bob"), Ok(kick.into()));
        let with = Place::With(nick());
        let read = |place| Ok(ChatCommand::Read { place: Some(place), seq: None }.into());
        assert_eq!(meant("@bob", "/read"), read(with.clone()));
        assert_eq!(meant("@bob", "/read #a"), read(Place::Room(room())));
        assert_eq!(meant("#a", "/read @bob"), read(with));
        let wave = |place| Ok(ChatCommand::Me { place: Some(place), text: "waves".into() }.into());
        assert_eq!(meant("@bob", "/me waves"), wave(Place::With(nick())));
        assert_eq!(meant("#a", "/me waves"), wave(Place::Room(room())));
        // What names its room needs none.
        assert_eq!(meant("@bob", "/leave #a"), meant("#lobby", "/leave #a"));
        for line in ["hi", "/topic", "/history", "/whois bob", "/search x", "{quit}", "/join #b"] {
            assert_eq!(meant("", line), parse(line), "{line}");
        }
        for line in ["/whois bob", "/search x", "{quit}", "/join #b", "/help", "/nick eve", "/msg eve hi"] {
            assert_eq!((meant("#a", line), meant("@bob", line)), (parse(line), parse(line)), "{line}");
        }
    }

    #[test]
    fn a_line_that_is_refused_says_why() {
        for line in ["/jion #a", "/kick", "{\"type\":\"say\"}", "/login anna secret", "/join лыжa"] {
            assert_eq!(meant("#a", line), parse(line), "{line}");
            assert!(meant("#a", line).is_err(), "{line}");
        }
        for line in ["/roll", "/topic x", "/members", "/kick eve", "/bans", "/leave", "/settings"] {
            let word = line[1..].split(' ').next().unwrap();
            assert!(matches!(meant("@bob", line), Err(ChatError::RoomOnly(said)) if said == word), "{line}");
        }
        for line in ["/register", "/login", "/login anna", "/identify", "/password", "/delete-account all"] {
            for place in ["", "#a", "@bob"] {
                assert!(matches!(meant(place, line), Err(ChatError::PasswordTyped(_))), "{line}");
            }
        }
    }
}
