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
//! assert_eq!((tag.unwrap().0.as_ref(), refusal.code()), ("8", "unknown-command"));
//! ```

mod fields;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::command::{self, AccountCommand, ChatCommand, Command, FileCommand, LinkCommand, Moderation, Query};
use crate::command::{Change, ModAction, Page, Place, Secret, Spot, TABLE, Verb, Whom};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{Millis, Seq, Tag};
use crate::names::{self, Nick, RoomName};
pub use fields::fields;
use fields::{SECRET, wants};

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
    past: Option<Text<'a>>,
    skip: Option<u64>,
    made: Option<Millis>,
    limit: Option<usize>,
    text: Option<Text<'a>>,
    to: Option<Text<'a>>,
    topic: Option<Text<'a>>,
    token: Option<Text<'a>>,
    word: Option<Text<'a>>,
    password: Option<Text<'a>>,
    old: Option<Text<'a>>,
    new: Option<Text<'a>>,
    account: Option<Text<'a>>,
    code: Option<Text<'a>>,
    messages: Option<bool>,
    everywhere: Option<bool>,
    seconds: Option<u64>,
    seq: Option<Seq>,
    run: Option<Millis>,
    since: Option<Millis>,
    until: Option<Millis>,
    next: Option<Text<'a>>,
    key: Option<Text<'a>>,
    invite_only: Option<bool>,
    announcements: Option<bool>,
    name: Option<Text<'a>>,
    size: Option<u64>,
    upload: Option<u64>,
    offset: Option<u64>,
    data: Option<Text<'a>>,
    sha256: Option<Text<'a>>,
    file: Option<u64>,
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
            let value = if SECRET.contains(&name) {
                "what came".to_owned()
            } else {
                names::clean(value.get()).chars().take(64).collect()
            };
            return Err((tag, ChatError::BadField { field: name, value, wants: wants(name) }));
        }
        kept.insert(name, *value);
    }
    serde_json::to_string(&kept).map_err(bad)
}

fn verb_of(kind: &str) -> Option<Verb> {
    TABLE.iter().find(|spec| spec.name == kind).map(|spec| spec.verb)
}

/// Fields, read as what they stand for.
impl Fields<'_> {
    fn room(&mut self) -> Result<Option<RoomName>, ChatError> {
        Ok(self.room.take().map(|raw| RoomName::parse(&raw.0)).transpose()?)
    }

    fn place(&mut self) -> Result<Option<Place>, ChatError> {
        self.room.take().map(|raw| Place::parse(&raw.0)).transpose()
    }

    /// The last row of the page before.
    fn past<T, E: Into<ChatError>>(&mut self, parse: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, ChatError> {
        self.past.take().map(|raw| parse(&raw.0)).transpose().map_err(Into::into)
    }

    fn nick(&mut self) -> Result<Option<Nick>, ChatError> {
        Ok(self.nick.take().map(|raw| Nick::parse(&raw.0)).transpose()?)
    }

    fn rooms(&mut self) -> Result<Option<Vec<RoomName>>, ChatError> {
        let list = self.rooms.take();
        Ok(list.map(|list| list.iter().map(|raw| RoomName::parse(&raw.0)).collect::<Result<_, _>>()).transpose()?)
    }

    /// Text that must be there, but may be empty.
    fn text(&mut self) -> Result<Arc<str>, ChatError> {
        needed("text", self.text.take()).map(|raw| command::text(&raw.0))
    }

    fn order(&mut self, action: ModAction) -> Result<Moderation, ChatError> {
        Ok(Moderation {
            action,
            room: self.room()?,
            everywhere: self.everywhere.unwrap_or(false),
            whom: Whom::parse(&needed("nick", self.nick.take())?.0)?,
            seconds: self.seconds,
            text: some(self.text.take()),
        })
    }

    fn history(&mut self) -> Result<Query, ChatError> {
        let page = match (self.before, self.after, self.until, self.since) {
            (Some(seq), ..) => Page::Before(seq),
            (_, Some(seq), ..) => Page::After(seq),
            (_, _, Some(time), _) => Page::BeforeTime(time),
            (_, _, _, Some(time)) => Page::SinceTime(time),
            (None, None, None, None) => Page::Last,
        };
        Ok(Query::History { place: self.place()?, page, limit: command::some_limit(self.limit)? })
    }

    fn chunk(&mut self) -> Result<FileCommand, ChatError> {
        let text = needed("data", self.data.take())?;
        let data = BASE64.decode(text.0.as_bytes()).map_err(|error| ChatError::BadField {
            field: "data",
            value: error.to_string(),
            wants: wants("data"),
        })?;
        let (upload, offset) = (needed("upload", self.upload)?, needed("offset", self.offset)?);
        Ok(FileCommand::Chunk { upload, offset, data: data.into() })
    }
}

fn needed<T>(field: &'static str, value: Option<T>) -> Result<T, ChatError> {
    value.ok_or(ChatError::Missing { field, usage: "" })
}

fn some(field: Option<Text<'_>>) -> Option<Arc<str>> {
    field.map(|raw| command::text(&raw.0)).filter(|text| !text.is_empty())
}

/// As it came: what is cleaned would be another secret.
fn secret(field: Option<Text<'_>>) -> Option<Secret> {
    field.map(|raw| Secret(raw.0.into()))
}

#[inline(never)]
fn command_of(mut fields: Fields<'_>) -> Result<Command, ChatError> {
    let kind = fields.kind.take().ok_or(ChatError::NoType)?.0;
    let verb = verb_of(&kind).ok_or_else(|| command::unknown(&kind))?;
    Ok(match verb {
        Verb::Hello => AccountCommand::Hello {
            version: needed("version", fields.version)?,
            nick: fields.nick()?,
            password: secret(fields.password.take()),
            resume: fields.resume.take().map(|token| token.0.into()),
            rooms: fields.rooms()?,
        }
        .into(),
        Verb::Nick => AccountCommand::Nick { nick: fields.nick()?, rooms: fields.rooms()? }.into(),
        Verb::Join => ChatCommand::Join {
            room: needed("room", fields.room()?)?,
            after: fields.after,
            made: fields.made,
            run: fields.run,
            key: some(fields.key),
        }
        .into(),
        Verb::Leave => ChatCommand::Leave { room: fields.room()?, text: some(fields.text) }.into(),
        Verb::Rooms => ChatCommand::Rooms { past: fields.past(RoomName::parse)? }.into(),
        Verb::Members => ChatCommand::Members { room: fields.room()?, past: fields.past(Nick::parse)? }.into(),
        Verb::Say => ChatCommand::Say { room: fields.room()?, text: fields.text()? }.into(),
        Verb::Me => ChatCommand::Me { room: fields.room()?, text: fields.text()? }.into(),
        Verb::Msg => {
            let to = needed("to", fields.to.take())?;
            ChatCommand::Msg { to: command::somebody(&to.0)?, text: fields.text()? }.into()
        }
        Verb::Reply => ChatCommand::Reply { text: fields.text()? }.into(),
        Verb::Topic => {
            ChatCommand::Topic { room: fields.room()?, topic: fields.topic.map(|raw| command::text(&raw.0)) }.into()
        }
        Verb::Whois => ChatCommand::Whois { nick: command::somebody(&needed("nick", fields.nick)?.0)? }.into(),
        Verb::Away => ChatCommand::Away { text: some(fields.text) }.into(),
        Verb::Back => ChatCommand::Back.into(),
        Verb::History => fields.history()?.into(),
        Verb::Search => {
            let next = fields.next.take().map(|raw| Spot::parse(&raw.0)).transpose()?;
            let (until, limit) = (fields.until, command::some_limit(fields.limit)?);
            Query::Search { place: fields.place()?, text: fields.text()?, until, next, limit }.into()
        }
        Verb::Delete => ChatCommand::Delete { place: fields.place()?, seq: fields.seq }.into(),
        Verb::Chats => Query::Chats { past: fields.past(Place::parse)? }.into(),
        Verb::Read => ChatCommand::Read { place: fields.place()?, seq: fields.seq }.into(),
        Verb::Close => ChatCommand::Close { with: command::somebody(&needed("nick", fields.nick)?.0)? }.into(),
        Verb::Register => {
            AccountCommand::Register { password: Some(needed("password", secret(fields.password))?) }.into()
        }
        Verb::Login => AccountCommand::Login {
            account: fields.account.map(|raw| Nick::parse(&raw.0)).transpose()?,
            password: Some(needed("password", secret(fields.password))?),
        }
        .into(),
        Verb::Logout => AccountCommand::Logout.into(),
        Verb::Password => AccountCommand::Password {
            old: Some(needed("old", secret(fields.old))?),
            new: Some(needed("new", secret(fields.new))?),
        }
        .into(),
        Verb::DeleteAccount => AccountCommand::DeleteAccount {
            password: Some(needed("password", secret(fields.password))?),
            messages: fields.messages.unwrap_or(false),
        }
        .into(),
        Verb::Claim => ChatCommand::Claim { code: needed("code", secret(fields.code))? }.into(),
        Verb::RegisterRoom => ChatCommand::RegisterRoom { room: fields.room()? }.into(),
        Verb::DropRoom => ChatCommand::DropRoom { room: fields.room()? }.into(),
        Verb::Settings => {
            // The empty one opens the room.
            let key = fields.key.take().map(|raw| if raw.0.is_empty() { Ok("".into()) } else { command::key(&raw.0) });
            let key = key.transpose()?;
            let change = Change { invite_only: fields.invite_only, key, announcements: fields.announcements };
            ChatCommand::Settings { room: fields.room()?, change }.into()
        }
        Verb::Invite => fields.order(ModAction::Invite)?.into(),
        Verb::Kick => fields.order(ModAction::Kick)?.into(),
        Verb::Ban => fields.order(ModAction::Ban)?.into(),
        Verb::Unban => fields.order(ModAction::Unban)?.into(),
        Verb::Mute => fields.order(ModAction::Mute)?.into(),
        Verb::Unmute => fields.order(ModAction::Unmute)?.into(),
        Verb::Op => fields.order(ModAction::Op)?.into(),
        Verb::Deop => fields.order(ModAction::Deop)?.into(),
        Verb::Bans => ChatCommand::Bans {
            room: fields.room()?,
            everywhere: fields.everywhere.unwrap_or(false),
            skip: fields.skip.unwrap_or(0),
        }
        .into(),
        Verb::Announce => ChatCommand::Announce { text: fields.text()? }.into(),
        Verb::Offer => FileCommand::Offer {
            place: fields.place()?,
            name: Arc::from(&*needed("name", fields.name)?.0),
            size: needed("size", fields.size)?,
        }
        .into(),
        Verb::Chunk => fields.chunk()?.into(),
        Verb::Finish => FileCommand::Finish {
            upload: needed("upload", fields.upload)?,
            sha256: needed("sha256", fields.sha256)?.0.into(),
            text: some(fields.text),
        }
        .into(),
        Verb::Cancel => FileCommand::Cancel { upload: needed("upload", fields.upload)? }.into(),
        Verb::Files => Query::Files { place: fields.place()?, before: fields.before }.into(),
        Verb::Get => FileCommand::Get { file: needed("file", fields.file)?, offset: fields.offset.unwrap_or(0) }.into(),
        Verb::Ping => LinkCommand::Ping { token: fields.token.map(|raw| command::text(&raw.0)) }.into(),
        Verb::Pong => LinkCommand::Pong.into(),
        Verb::Quit => LinkCommand::Quit { text: some(fields.text) }.into(),
        Verb::Help => LinkCommand::Help { word: fields.word.map(|word| word.0.into_owned()) }.into(),
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
    use crate::answer::Done;
    use crate::model::Message;
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

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        let message = Message {
            room: "#a".into(),
            seq: 3,
            from: "Анна".into(),
            text: "\"x\" 👋".into(),
            time: 5,
            me: true,
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
