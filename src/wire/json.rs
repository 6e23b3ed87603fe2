//! The JSON dialect: one object a line, both ways, as `docs/protocol.md` describes it. Knows nothing of sessions.
//!
//! ```
//! use roomful::command::Command;
//! use roomful::wire::json;
//!
//! let (tag, command) = json::decode(br#"{"type":"say","tag":"7","text":"hi","new":true}"#).unwrap();
//! assert_eq!(tag.unwrap().0.as_ref(), "7");
//! assert!(matches!(command, Command::Say { .. })); // the unknown field "new" is ignored
//!
//! let (tag, refusal) = json::decode(br#"{"type":"shout","tag":"8"}"#).unwrap_err();
//! assert_eq!((tag.unwrap().0.as_ref(), refusal.code()), ("8", "unknown-command"));
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::command::{self, Command, Page, TABLE, Verb};
use crate::error::ChatError;
use crate::event::{Event, Millis, Seq, Tag};
use crate::names::{self, Nick, RoomName};

/// A refused line, with its tag where one could be read.
pub type Refused = (Option<Tag>, ChatError);

/// A string of the line; borrowed from it unless it has escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Every field that some command has. A command looks at its own only.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    tag: Option<Text<'a>>,
    version: Option<u64>,
    nick: Option<Text<'a>>,
    resume: Option<Text<'a>>,
    rooms: Option<Vec<Text<'a>>>,
    room: Option<Text<'a>>,
    after: Option<Seq>,
    before: Option<Seq>,
    made: Option<Millis>,
    limit: Option<usize>,
    text: Option<Text<'a>>,
    to: Option<Text<'a>>,
    topic: Option<Text<'a>>,
    token: Option<Text<'a>>,
    word: Option<Text<'a>>,
}

/// The fields of each command beside `type` and `tag`; a `!` marks one that must be there.
pub fn fields(verb: Verb) -> &'static [&'static str] {
    match verb {
        Verb::Hello => &["version!", "nick", "resume", "rooms"],
        Verb::Nick => &["nick", "rooms"],
        Verb::Join => &["room!", "after", "made"],
        Verb::Leave => &["room", "text"],
        Verb::Members => &["room"],
        Verb::Say | Verb::Me => &["room", "text!"],
        Verb::Msg => &["to!", "text!"],
        Verb::Reply => &["text!"],
        Verb::Topic => &["room", "topic"],
        Verb::Whois => &["nick!"],
        Verb::Away | Verb::Quit => &["text"],
        Verb::History => &["room", "before", "after", "limit"],
        Verb::Ping | Verb::Pong => &["token"],
        Verb::Help => &["word"],
        Verb::Rooms | Verb::Back => &[],
    }
}

/// What a field takes, in words for the refusal.
fn wants(field: &str) -> &'static str {
    match field {
        "version" | "after" | "before" | "limit" | "made" => "a whole number",
        "rooms" => "a list of strings",
        _ => "a string",
    }
}

/// Reads one line. Bytes that are no UTF-8 become U+FFFD.
///
/// # Errors
/// Bad JSON, an unknown `type`, a missing or wrong field, or a bad name; with
/// the tag, where there is one, so that the answer can carry it back.
pub fn decode(line: &[u8]) -> Result<(Option<Tag>, Command), Refused> {
    let line = String::from_utf8_lossy(line);
    let own_fields;
    let fields = match first_look(&line) {
        Ok(fields) => fields,
        Err(_) => {
            own_fields = second_look(&line)?;
            first_look(&own_fields).map_err(|error| (None, ChatError::BadJson(error.to_string())))?
        }
    };
    let tag = fields.tag.as_ref().map(|tag| Tag(Arc::from(&*tag.0)));
    if let Some(bad) = tag.as_ref().filter(|tag| !(1..=Tag::MAX_BYTES).contains(&tag.0.len())) {
        let value = format!("{} bytes", bad.0.len());
        return Err((None, ChatError::BadField { field: "tag", value, wants: "a string of 1 to 64 bytes" }));
    }
    match command_of(*fields) {
        Ok(command) => Ok((tag, command)),
        Err(refusal) => Err((tag, refusal)),
    }
}

/// The usual case: a line that fits. Apart, so that its stack is free again before the command is carried out.
#[inline(never)]
fn first_look(line: &str) -> Result<Box<Fields<'_>>, serde_json::Error> {
    serde_json::from_str(line)
}

/// Says what is wrong with a line that did not fit at first sight; or finds
/// that only fields were wrong that its command does not look at, and returns
/// the line without them.
#[cold]
#[inline(never)]
fn second_look(line: &str) -> Result<String, Refused> {
    let bad = |error: serde_json::Error| (None, ChatError::BadJson(error.to_string()));
    // Raw values are skipped, not followed: no depth of nesting can exhaust this thread's small stack.
    let object: BTreeMap<String, &RawValue> = serde_json::from_str(line).map_err(bad)?;
    let text = |name: &str| serde_json::from_str::<String>(object.get(name)?.get()).ok();
    let tag = text("tag").filter(|tag| (1..=Tag::MAX_BYTES).contains(&tag.len())).map(|tag| Tag(tag.into()));
    let own = text("type").as_deref().and_then(verb_of).map_or(&[][..], fields);
    let mut kept = BTreeMap::new();
    for name in ["type", "tag"].iter().chain(own) {
        let name: &'static str = name.trim_end_matches('!');
        let Some(value) = object.get(name) else { continue };
        let alone = serde_json::to_string(&BTreeMap::from([(name, *value)])).map_err(bad)?;
        if first_look(&alone).is_err() {
            let value = names::clean(value.get()).chars().take(64).collect();
            return Err((tag, ChatError::BadField { field: name, value, wants: wants(name) }));
        }
        kept.insert(name, *value);
    }
    serde_json::to_string(&kept).map_err(bad)
}

fn verb_of(kind: &str) -> Option<Verb> {
    TABLE.iter().find(|spec| spec.name == kind).map(|spec| spec.verb)
}

#[inline(never)]
fn command_of(fields: Fields<'_>) -> Result<Command, ChatError> {
    let kind = fields.kind.ok_or(ChatError::NoType)?.0;
    let verb = verb_of(&kind).ok_or_else(|| command::unknown(&kind))?;
    let missing = |field| ChatError::Missing { field, usage: "" };
    let text = |field: Option<Text<'_>>| field.map(|raw| command::text(&raw.0));
    let some = |field: Option<Text<'_>>| text(field).filter(|text| !text.is_empty());
    let nick = |field: Option<Text<'_>>| field.map(|raw| Nick::parse(&raw.0)).transpose();
    let room = |field: Option<Text<'_>>| field.map(|raw| RoomName::parse(&raw.0)).transpose();
    let rooms = |field: Option<Vec<Text<'_>>>| {
        field.map(|list| list.iter().map(|raw| RoomName::parse(&raw.0)).collect::<Result<Vec<_>, _>>()).transpose()
    };
    Ok(match verb {
        Verb::Hello => Command::Hello {
            version: fields.version.ok_or_else(|| missing("version"))?,
            nick: nick(fields.nick)?,
            resume: fields.resume.map(|token| token.0.into()),
            rooms: rooms(fields.rooms)?,
        },
        Verb::Nick => Command::Nick { nick: nick(fields.nick)?, rooms: rooms(fields.rooms)? },
        Verb::Join => Command::Join {
            room: room(fields.room)?.ok_or_else(|| missing("room"))?,
            after: fields.after,
            made: fields.made,
        },
        Verb::Leave => Command::Leave { room: room(fields.room)?, text: some(fields.text) },
        Verb::Rooms => Command::Rooms,
        Verb::Members => Command::Members { room: room(fields.room)? },
        Verb::Say | Verb::Me => Command::Say {
            room: room(fields.room)?,
            text: text(fields.text).ok_or_else(|| missing("text"))?,
            me: verb == Verb::Me,
        },
        Verb::Msg => Command::Msg {
            to: command::somebody(&fields.to.ok_or_else(|| missing("to"))?.0)?,
            text: text(fields.text).ok_or_else(|| missing("text"))?,
        },
        Verb::Reply => Command::Reply { text: text(fields.text).ok_or_else(|| missing("text"))? },
        Verb::Topic => Command::Topic { room: room(fields.room)?, topic: text(fields.topic) },
        Verb::Whois => Command::Whois { nick: command::somebody(&fields.nick.ok_or_else(|| missing("nick"))?.0)? },
        Verb::Away => Command::Away { text: some(fields.text) },
        Verb::Back => Command::Back,
        Verb::History => Command::History {
            room: room(fields.room)?,
            page: match (fields.before, fields.after) {
                (Some(seq), _) => Page::Before(seq),
                (None, Some(seq)) => Page::After(seq),
                (None, None) => Page::Last,
            },
            limit: fields.limit,
        },
        Verb::Ping => Command::Ping { token: text(fields.token) },
        Verb::Pong => Command::Pong,
        Verb::Quit => Command::Quit { text: some(fields.text) },
        Verb::Help => Command::Help { word: fields.word.map(|word| word.0.into_owned()) },
    })
}

/// Appends `event` as a line to `out`.
pub fn encode(event: &Event, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, event).expect("an event has only string keys, and a Vec takes every byte");
    out.push(b'\n');
}

/// Reads an event: what a client does with a line from the server.
///
/// # Errors
/// The parser's, for a line that is no event of this version.
pub fn decode_event(line: &[u8]) -> Result<Event, serde_json::Error> {
    serde_json::from_slice(line)
}

/// A command as the JSON object a client sends, without its line ending: the
/// fields as name and value, `tag` among them.
pub fn request(kind: &str, fields: &[(&str, Value)]) -> String {
    let mut object = Map::new();
    object.insert("type".to_owned(), Value::from(kind));
    object.extend(
        fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Done, Message};
    use proptest::prelude::*;

    fn refusal(line: &str) -> (Option<String>, ChatError) {
        let (tag, refusal) = decode(line.as_bytes()).unwrap_err();
        (tag.map(|tag| tag.0.to_string()), refusal)
    }

    #[test]
    fn unknown_fields_are_ignored_whatever_they_hold() {
        let line = br#"{"type":"say","text":"hi","version":{"x":[1]},"topic":5,"zzz":null}"#;
        assert!(matches!(decode(line), Ok((None, Command::Say { .. }))));
    }

    #[test]
    fn a_wrong_field_is_named_with_its_value_and_the_tag_comes_back() {
        let (tag, refused) = refusal(r#"{"type":"join","tag":"t9","room":17}"#);
        assert_eq!(tag.as_deref(), Some("t9"));
        assert_eq!(refused.to_string(), "room takes a string, not 17");
        let (_, refused) = refusal(r#"{"type":"history","limit":-3}"#);
        assert_eq!(refused.to_string(), "limit takes a whole number, not -3");
    }

    #[test]
    fn what_is_no_object_is_refused_with_the_place() {
        for line in ["", "nonsense", "[1,2]", "\"text\"", "{\"type\":", "{\"type\":\"say\",}", "\u{0}"] {
            assert_eq!(refusal(line).1.code(), "bad-json", "{line:?}");
        }
        assert_eq!(refusal("{}").1.code(), "missing-type");
        assert_eq!(refusal(r#"{"type":"say"}"#).1.code(), "missing-field");
    }

    #[test]
    fn a_tag_of_1_to_64_bytes_is_taken_and_no_other() {
        for (length, taken) in [(0, false), (1, true), (63, true), (64, true), (65, false)] {
            let line = format!(r#"{{"type":"rooms","tag":"{}"}}"#, "t".repeat(length));
            assert_eq!(decode(line.as_bytes()).is_ok(), taken, "{length}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_become_replacement_characters() {
        match decode(b"{\"type\":\"say\",\"text\":\"a\xffb\"}") {
            Ok((_, Command::Say { text, .. })) => assert_eq!(&*text, "a\u{fffd}b"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        let message =
            Message {
                room: "#a".into(), seq: 3, from: "Анна".into(), text: "\"x\" 👋".into(), time: 5, me: true
            };
        let done = Done::Say { room: "#a".into(), seq: 3, time: 5, again: false };
        for event in [
            Event::Message(message.into()),
            Event::Ok { tag: Some(Tag("1".into())), done },
            Event::Ok { tag: None, done: Done::Back },
        ] {
            let mut line = Vec::new();
            encode(&event, &mut line);
            assert_eq!(decode_event(&line).unwrap(), event);
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn no_object_with_a_known_type_makes_the_decoder_panic(kind in 0..TABLE.len(), text in ".{0,40}", number in any::<i64>()) {
            let text = Value::from(text);
            let fields = [("text", text.clone()), ("room", text.clone()), ("nick", text.clone()), ("to", text), ("after", Value::from(number))];
            let _ = decode(request(TABLE[kind].name, &fields).as_bytes());
        }
    }
}
