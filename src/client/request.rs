//! A command as the line a client sends. Knows the protocol's fields, no connection.

use serde_json::Value;

use crate::command::{Command, Page};
use crate::event::PROTOCOL;

/// What is to be sent for a command.
pub(super) struct Request {
    pub kind: &'static str,
    pub fields: Vec<(&'static str, Value)>,
    /// Where it is something to say: to whom, and the words.
    pub says: Option<(Option<String>, String)>,
}

/// A command's `type` and fields; `room` stands for one that is not named.
/// Fields that are null are not sent.
pub fn request_of(command: &Command, room: Option<&str>) -> (&'static str, Vec<(&'static str, Value)>) {
    let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map_or(Value::Null, Value::from);
    let here = |named: &Option<crate::names::RoomName>| {
        named.as_ref().map(|name| name.shown()).or(room).map_or(Value::Null, Value::from)
    };
    match command {
        Command::Hello { nick, .. } => (
            "hello",
            vec![("version", PROTOCOL.into()), ("nick", nick.as_ref().map_or(Value::Null, |nick| nick.shown().into()))],
        ),
        Command::Nick { nick, .. } => {
            ("nick", vec![("nick", nick.as_ref().map_or(Value::Null, |nick| nick.shown().into()))])
        }
        Command::Join { room, after, made } => (
            "join",
            vec![
                ("room", room.shown().into()),
                ("after", after.map_or(Value::Null, Value::from)),
                ("made", made.map_or(Value::Null, Value::from)),
            ],
        ),
        Command::Leave { room, text: words } => ("leave", vec![("room", here(room)), ("text", text(words))]),
        Command::Rooms => ("rooms", vec![]),
        Command::Members { room } => ("members", vec![("room", here(room))]),
        Command::Say { room, text, me } => {
            (if *me { "me" } else { "say" }, vec![("room", here(room)), ("text", (**text).into())])
        }
        Command::Msg { to, text } => ("msg", vec![("to", to.shown().into()), ("text", (**text).into())]),
        Command::Reply { text } => ("reply", vec![("text", (**text).into())]),
        Command::Topic { room, topic } => ("topic", vec![("room", here(room)), ("topic", text(topic))]),
        Command::Whois { nick } => ("whois", vec![("nick", nick.shown().into())]),
        Command::Away { text: words } => ("away", vec![("text", text(words))]),
        Command::Back => ("back", vec![]),
        Command::History { room, page, limit } => {
            let (before, after) = match page {
                Page::Last => (Value::Null, Value::Null),
                Page::Before(seq) => (Value::from(*seq), Value::Null),
                Page::After(seq) => (Value::Null, Value::from(*seq)),
            };
            let limit = limit.map_or(Value::Null, Value::from);
            ("history", vec![("room", here(room)), ("before", before), ("after", after), ("limit", limit)])
        }
        Command::Ping { token } => ("ping", vec![("token", text(token))]),
        Command::Pong => ("pong", vec![]),
        Command::Quit { text: words } => ("quit", vec![("text", text(words))]),
        Command::Help { word } => ("help", vec![("word", word.as_deref().map_or(Value::Null, Value::from))]),
    }
}

pub(super) fn line_of(command: &Command, room: Option<&str>) -> Request {
    let (kind, fields) = request_of(command, room);
    let named = |wanted| fields.iter().find(|(name, _)| *name == wanted).and_then(|(_, value)| value.as_str());
    let says = match command {
        Command::Say { .. } | Command::Msg { .. } | Command::Reply { .. } => {
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
        for spec in TABLE.iter().filter(|spec| !spec.usage.is_empty() && spec.name != "help") {
            let typed = format!("/{}", spec.usage).replace('[', "").replace(']', "").replace("NUMBER", "7");
            let meant = command::parse(&typed).unwrap();
            let (kind, fields) = request_of(&meant, None);
            let (_, read) = json::decode(json::request(kind, &fields).as_bytes()).unwrap();
            assert_eq!(read, meant, "{typed}");
        }
    }
}
