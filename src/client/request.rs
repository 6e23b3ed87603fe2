//! A command as the line a client sends. Knows the protocol's fields, no connection.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::Value;

use crate::command::{AccountCommand, ChatCommand, Command, FileCommand, LinkCommand, ModAction};
use crate::command::{Moderation, Page, Place, Query, Secret};
use crate::event::PROTOCOL;
use crate::names::{Nick, RoomName};

/// What is to be sent for a command.
pub(super) struct Request {
    pub kind: &'static str,
    pub fields: Vec<(&'static str, Value)>,
    /// Where it is something to say: to whom, and the words.
    pub says: Option<(Option<String>, String)>,
}

/// A command's `type` and its fields.
type Fields = (&'static str, Vec<(&'static str, Value)>);

/// A command's `type` and fields; `current` stands for one that is not named.
/// Fields that are null are not sent.
pub fn request_of(command: &Command, current: Option<&str>) -> Fields {
    match command {
        Command::Link(command) => link(command),
        Command::Account(command) => account(command),
        Command::Chat(command) => chat(command, current),
        Command::Moderate(command) => moderation(command, current),
        Command::Query(command) => query(command, current),
        Command::File(command) => file(command, current),
    }
}

fn link(command: &LinkCommand) -> Fields {
    match command {
        LinkCommand::Ping { token } => ("ping", vec![("token", text(token))]),
        LinkCommand::Pong => ("pong", vec![]),
        LinkCommand::Quit { text: words } => ("quit", vec![("text", text(words))]),
        LinkCommand::Help { word } => ("help", vec![("word", word.as_deref().map_or(Value::Null, Value::from))]),
    }
}

fn chat(command: &ChatCommand, current: Option<&str>) -> Fields {
    match command {
        ChatCommand::Join { room, after, made, run, key } => (
            "join",
            vec![
                ("room", room.shown().into()),
                ("after", number(after)),
                ("made", number(made)),
                ("run", number(run)),
                ("key", text(key)),
            ],
        ),
        ChatCommand::Leave { room, text: words } => {
            ("leave", vec![("room", here(room, current)), ("text", text(words))])
        }
        ChatCommand::Rooms { past } => {
            ("rooms", vec![("past", past.as_ref().map_or(Value::Null, |past| past.shown().into()))])
        }
        ChatCommand::Members { room, past } => ("members", vec![("room", here(room, current)), ("past", name(past))]),
        ChatCommand::Say { room, text } => ("say", vec![("room", here(room, current)), ("text", (**text).into())]),
        ChatCommand::Me { room, text } => ("me", vec![("room", here(room, current)), ("text", (**text).into())]),
        ChatCommand::Msg { to, text } => ("msg", vec![("to", to.shown().into()), ("text", (**text).into())]),
        ChatCommand::Reply { text } => ("reply", vec![("text", (**text).into())]),
        ChatCommand::Topic { room, topic } => ("topic", vec![("room", here(room, current)), ("topic", text(topic))]),
        ChatCommand::Whois { nick } => ("whois", vec![("nick", nick.shown().into())]),
        ChatCommand::Away { text: words } => ("away", vec![("text", text(words))]),
        ChatCommand::Back => ("back", vec![]),
        ChatCommand::Delete { place, seq } => ("delete", vec![("room", there(place, current)), ("seq", number(seq))]),
        ChatCommand::Read { place, seq } => ("read", vec![("room", there(place, current)), ("seq", number(seq))]),
        ChatCommand::Close { with } => ("close", vec![("nick", with.shown().into())]),
        ChatCommand::Claim { code } => ("claim", vec![("code", (*code.0).into())]),
        ChatCommand::RegisterRoom { room } => ("register-room", vec![("room", here(room, current))]),
        ChatCommand::DropRoom { room } => ("drop-room", vec![("room", here(room, current))]),
        ChatCommand::Settings { room, change } => (
            "settings",
            vec![
                ("room", here(room, current)),
                ("invite_only", change.invite_only.map_or(Value::Null, Value::from)),
                ("key", text(&change.key)),
                ("announcements", change.announcements.map_or(Value::Null, Value::from)),
            ],
        ),
        ChatCommand::Bans { room, everywhere, skip } => (
            "bans",
            vec![
                ("room", if *everywhere { Value::Null } else { here(room, current) }),
                ("everywhere", if *everywhere { true.into() } else { Value::Null }),
                ("skip", if *skip == 0 { Value::Null } else { (*skip).into() }),
            ],
        ),
        ChatCommand::Announce { text } => ("announce", vec![("text", (**text).into())]),
    }
}

fn query(command: &Query, current: Option<&str>) -> Fields {
    match command {
        Query::History { place, page, limit } => {
            let mut fields = vec![("room", there(place, current)), ("limit", number(limit))];
            match page {
                Page::Last => {}
                Page::Before(seq) => fields.push(("before", (*seq).into())),
                Page::After(seq) => fields.push(("after", (*seq).into())),
                Page::BeforeTime(time) => fields.push(("until", (*time).into())),
                Page::SinceTime(time) => fields.push(("since", (*time).into())),
            }
            ("history", fields)
        }
        // The person's words, wherever they were said: the room talked in is not meant.
        Query::Search { place, text, until, next, limit } => (
            "search",
            vec![
                ("room", place.as_ref().map_or(Value::Null, |place| place.to_string().into())),
                ("text", (**text).into()),
                ("until", number(until)),
                ("next", next.map_or(Value::Null, |next| next.to_string().into())),
                ("limit", number(limit)),
            ],
        ),
        Query::Chats { past } => {
            ("chats", vec![("past", past.as_ref().map_or(Value::Null, |past| past.to_string().into()))])
        }
        Query::Files { place, before } => ("files", vec![("room", there(place, current)), ("before", number(before))]),
    }
}

fn account(command: &AccountCommand) -> Fields {
    match command {
        AccountCommand::Hello { nick, password, .. } => {
            ("hello", vec![("version", PROTOCOL.into()), ("nick", name(nick)), ("password", secret(password))])
        }
        AccountCommand::Nick { nick, .. } => ("nick", vec![("nick", name(nick))]),
        AccountCommand::Register { password } => ("register", vec![("password", secret(password))]),
        AccountCommand::Login { account, password } => {
            ("login", vec![("account", name(account)), ("password", secret(password))])
        }
        AccountCommand::Logout => ("logout", vec![]),
        AccountCommand::Password { old, new } => ("password", vec![("old", secret(old)), ("new", secret(new))]),
        AccountCommand::DeleteAccount { password, messages } => {
            ("delete-account", vec![("password", secret(password)), ("messages", (*messages).into())])
        }
    }
}

fn moderation(command: &Moderation, current: Option<&str>) -> Fields {
    let Moderation { action, room, everywhere, whom, seconds, text: words } = command;
    (
        deed_name(*action),
        vec![
            ("room", if *everywhere { Value::Null } else { here(room, current) }),
            ("everywhere", if *everywhere { true.into() } else { Value::Null }),
            ("nick", whom.to_string().into()),
            ("seconds", number(seconds)),
            ("text", text(words)),
        ],
    )
}

fn file(command: &FileCommand, current: Option<&str>) -> Fields {
    match command {
        FileCommand::Offer { place, name, size } => {
            ("offer", vec![("room", there(place, current)), ("name", (**name).into()), ("size", (*size).into())])
        }
        FileCommand::Chunk { upload, offset, data } => (
            "chunk",
            vec![("upload", (*upload).into()), ("offset", (*offset).into()), ("data", BASE64.encode(data).into())],
        ),
        FileCommand::Finish { upload, sha256, text: words } => {
            ("finish", vec![("upload", (*upload).into()), ("sha256", (**sha256).into()), ("text", text(words))])
        }
        FileCommand::Cancel { upload } => ("cancel", vec![("upload", (*upload).into())]),
        FileCommand::Get { file, offset } => ("get", vec![("file", (*file).into()), ("offset", (*offset).into())]),
    }
}

fn text(text: &Option<Arc<str>>) -> Value {
    text.as_deref().map_or(Value::Null, Value::from)
}

fn name(nick: &Option<Nick>) -> Value {
    nick.as_ref().map_or(Value::Null, |nick| nick.shown().into())
}

/// The room that is named, or the current one.
fn here(named: &Option<RoomName>, current: Option<&str>) -> Value {
    named.as_ref().map(|name| name.shown()).or(current).map_or(Value::Null, Value::from)
}

/// The place that is named, or the current room.
fn there(named: &Option<Place>, current: Option<&str>) -> Value {
    match named {
        Some(place) => place.to_string().into(),
        None => current.map_or(Value::Null, Value::from),
    }
}

fn number<T: Copy + Into<Value>>(number: &Option<T>) -> Value {
    number.map_or(Value::Null, Into::into)
}

fn secret(secret: &Option<Secret>) -> Value {
    secret.as_ref().map_or(Value::Null, |secret| (*secret.0).into())
}

fn deed_name(action: ModAction) -> &'static str {
    match action {
        ModAction::Invite => "invite",
        ModAction::Kick => "kick",
        ModAction::Ban => "ban",
        ModAction::Unban => "unban",
        ModAction::Mute => "mute",
        ModAction::Unmute => "unmute",
        ModAction::Op => "op",
        ModAction::Deop => "deop",
    }
}

pub(super) fn line_of(command: &Command, room: Option<&str>) -> Request {
    let (kind, fields) = request_of(command, room);
    let named = |wanted| fields.iter().find(|(name, _)| *name == wanted).and_then(|(_, value)| value.as_str());
    let says = match command {
        Command::Chat(
            ChatCommand::Say { .. } | ChatCommand::Me { .. } | ChatCommand::Msg { .. } | ChatCommand::Reply { .. },
        ) => {
            let to = named("room").or_else(|| named("to")).map(str::to_owned);
            Some((to, named("text").unwrap_or_default().to_owned()))
        }
        _ => None,
    };
    Request { kind, fields, says }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{self, TABLE};
    use crate::wire::json;

    /// What a person types means the same whether the server reads it as a line or we send it as JSON.
    #[test]
    fn every_command_that_people_type_goes_over_the_wire_and_means_the_same() {
        // What asks for a password is not complete before that is said.
        let asks = ["register", "login", "password", "delete-account"];
        for spec in
            TABLE.iter().filter(|spec| !spec.usage.is_empty() && spec.name != "help" && !asks.contains(&spec.name))
        {
            let typed = format!("/{}", spec.usage).replace(['[', ']'], "").replace("NUMBER", "7").replace("TIME", "2h");
            let typed = typed.replace("SETTING", "announcements").replace("VALUE", "on").replace("PLACE", "@NAME");
            let meant = command::parse(&typed).unwrap();
            let (kind, fields) = request_of(&meant, None);
            let (_, read) = json::decode(json::request(kind, &fields).as_bytes()).unwrap();
            assert_eq!(read, meant, "{typed}");
        }
    }
}
