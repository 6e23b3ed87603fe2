//! The JSON dialect: one object a line, both ways, as `docs/protocol.md` describes it. Knows nothing of sessions.
//!
//! ```
//! use roomful::command::{ChatCommand, Command};
//! use roomful::wire::json;
//!
//! let (tag, command) = json::decode(br#"{"type":"say","tag":"7","text":"hi","new":true}"#).unwrap();
//! assert_eq!(tag.unwrap().0.as_ref(), "7");
//! assert!(matches!(command, Command::Chat(ChatCommand::Say { .. }))); // the unknown field "new" is ignored
//!
//! let (tag, refusal) = json::decode(br#"{"type":"shout","tag":"8"}"#).unwrap_err();
//! assert_eq!((tag.unwrap().0.as_ref(), refusal.code().as_str()), ("8", "unknown-command"));
//! ```

mod fields;
mod object;

use serde_json::{Map, Value};

use crate::command::Command;
use crate::error::ChatError;
use crate::event::Event;
use crate::model::Tag;
pub use fields::fields;
use object::{Object, at_first_sight};

/// A refused line, with its tag where one could be read.
pub type Refused = (Option<Tag>, ChatError);

/// Reads one line. Bytes that are no UTF-8 become U+FFFD.
///
/// # Errors
/// Bad JSON, an unknown `type`, a missing or wrong field, or a bad name; with
/// the tag, where there is one, so that the answer can carry it back.
pub fn decode(line: &[u8]) -> Result<(Option<Tag>, Command), Refused> {
    let line = String::from_utf8_lossy(line);
    if let Some(found) = at_first_sight(&line) {
        return Ok(found);
    }
    at_second_sight(&line)
}

/// Says what is wrong with a line; or finds that only fields were wrong that its command does not look at.
#[cold]
#[inline(never)]
fn at_second_sight(line: &str) -> Result<(Option<Tag>, Command), Refused> {
    let object = Object::read(line).map_err(|refusal| (None, refusal))?;
    let tag = object.tag().map_err(|refusal| (None, refusal))?;
    match object.command() {
        Ok(command) => Ok((tag, command)),
        Err(refusal) => Err((tag, refusal)),
    }
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
    use crate::answer::Done;
    use crate::command::{ChatCommand, TABLE};
    use crate::error::Code;
    use crate::model::{Kind, Message};
    use proptest::prelude::*;

    fn refusal(line: &str) -> (Option<String>, ChatError) {
        let (tag, refusal) = decode(line.as_bytes()).unwrap_err();
        (tag.map(|tag| tag.0.to_string()), refusal)
    }

    #[test]
    fn unknown_fields_are_ignored_whatever_they_hold() {
        let line = br#"{"type":"say","text":"hi","version":{"x":[1]},"topic":5,"zzz":null}"#;
        assert!(matches!(decode(line), Ok((None, Command::Chat(ChatCommand::Say { .. })))));
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
            Ok((_, Command::Chat(ChatCommand::Say { text, .. }))) => assert_eq!(&*text, "a\u{fffd}b"),
            other => panic!("{other:?}"),
        }
    }

    /// A newer server may have more codes: such a refusal is read, shown and passed on as any other.
    #[test]
    fn a_code_that_is_not_known_is_read_and_written_as_it_came() {
        let line = b"{\"type\":\"error\",\"code\":\"too-tired\",\"value\":\"\",\"text\":\"good night\"}\n";
        let event = decode_event(line).unwrap();
        assert!(
            matches!(&event, Event::Error { code: Code::Unknown(code), .. } if &**code == "too-tired"),
            "{event:?}"
        );
        let mut written = Vec::new();
        encode(&event, &mut written);
        assert_eq!(written, line);
        for code in Code::ALL {
            let wire = serde_json::to_string(code).unwrap();
            assert_eq!((wire.trim_matches('"'), &serde_json::from_str::<Code>(&wire).unwrap()), (code.as_str(), code));
        }
    }

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        let message = Message {
            room: "#a".into(),
            seq: 3,
            from: "Анна".into(),
            text: "\"x\" 👋".into(),
            time: 5,
            kind: Kind::Action,
            ..Message::default()
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
