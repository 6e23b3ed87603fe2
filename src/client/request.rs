//! A command as the line a client sends. Knows the protocol's fields, no connection.

use serde_json::{Map, Value};

use crate::command::{ChatCommand, Command, Query};

/// A command's `type` and fields; `current` stands for a room that is not named.
/// Fields that are null are not sent.
pub(super) fn request_of(command: &Command, current: Option<&str>) -> (&'static str, Map<String, Value>) {
    let kind = command.verb().spec().name;
    let mut fields = match serde_json::to_value(command) {
        Ok(Value::Object(mut named)) => match named.remove(kind) {
            Some(Value::Object(fields)) => fields,
            _ => named,
        },
        // Its name is all there is to it.
        _ => Map::new(),
    };
    fields.remove("type");
    let everywhere = match command {
        // Words wherever they were said, and people wherever they are: the room talked in is not meant.
        Command::Query(Query::Search { .. }) => true,
        Command::Chat(ChatCommand::Who { mask, nicks, .. }) => mask.is_some() || !nicks.is_empty(),
        _ => fields.get("everywhere") == Some(&Value::Bool(true)),
    };
    if let (Some(room @ Value::Null), Some(current), false) = (fields.get_mut("room"), current, everywhere) {
        *room = current.into();
    }
    (kind, fields)
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
        let asks = ["register", "login", "oper", "password", "delete-account"];
        for spec in
            TABLE.iter().filter(|spec| !spec.usage.is_empty() && spec.name != "help" && !asks.contains(&spec.name))
        {
            let typed = format!("/{}", spec.usage).replace(['[', ']'], "").replace("NUMBER", "7").replace("TIME", "2h");
            let typed = typed
                .replace("SETTING", "announcements")
                .replace("VALUE", "on")
                .replace("PLACE", "@NAME")
                .replace("NdM", "2d6");
            let meant = command::parse(&typed).unwrap();
            let (kind, fields) = request_of(&meant, None);
            let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, value.clone())).collect();
            let (_, read) = json::decode(json::request(kind, &fields).as_bytes()).unwrap();
            assert_eq!(read, meant, "{typed}");
        }
    }
}
