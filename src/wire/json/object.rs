//! One line of JSON as an object, and the command it stands for. Knows no command's fields: their types do.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, VariantAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::value::RawValue;

use crate::command::{self, Command, Spec};
use crate::error::ChatError;
use crate::model::Tag;
use crate::names;

/// A string of the line; borrowed from it unless it has escapes.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The members of the object. Raw values are skipped, not followed: no depth
/// of nesting can exhaust this thread's small stack. Of two with one name the last counts.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Object<'a>(#[serde(borrow)] BTreeMap<Text<'a>, &'a RawValue>);

impl<'a> Object<'a> {
    pub fn read(line: &'a str) -> Result<Object<'a>, ChatError> {
        serde_json::from_str(line).map_err(|error| ChatError::BadJson(error.to_string()))
    }

    /// A member; one that is null is not there.
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied().filter(|raw| raw.get() != "null")
    }

    fn text(&self, name: &'static str) -> Result<Option<Text<'a>>, ChatError> {
        let read = |raw: &'a RawValue| serde_json::from_str(raw.get()).map_err(|_| bad(name, raw, "a string"));
        self.get(name).map(read).transpose()
    }

    pub fn tag(&self) -> Result<Option<Tag>, ChatError> {
        let Some(Text(tag)) = self.text("tag")? else { return Ok(None) };
        if (1..=Tag::MAX_BYTES).contains(&tag.len()) {
            return Ok(Some(Tag(tag.into())));
        }
        let value = format!("{} bytes", tag.len());
        Err(ChatError::BadField { field: "tag", value, wants: "a string of 1 to 64 bytes" })
    }

    pub fn command(&self) -> Result<Command, ChatError> {
        // What was refused before is of no interest any more.
        command::refused();
        let kind = self.text("type")?.ok_or(ChatError::NoType)?.0;
        let spec = command::named(&kind).ok_or_else(|| command::unknown(&kind))?;
        spec.family.read(Fields { spec, of: Source::Object(self), left: &[] })
    }
}

fn bad(field: &'static str, raw: &RawValue, wants: &'static str) -> ChatError {
    ChatError::BadField { field, value: names::clean(raw.get()).chars().take(64).collect(), wants }
}

/// Why the value of a field was not taken.
#[cold]
#[inline(never)]
fn refused(field: &'static str, raw: &RawValue, error: &serde_json::Error) -> ChatError {
    match command::refused() {
        Some(ChatError::BadField { value, wants, .. }) if value.is_empty() => bad(field, raw, wants),
        Some(ChatError::BadField { value, wants, .. }) => ChatError::BadField { field, value, wants },
        Some(refusal) => refusal,
        None => {
            let words = error.to_string();
            // All that is no text of ours is a number or a switch.
            let wants = match words.rsplit_once("expected ") {
                Some((_, wanted)) if wanted.starts_with("a string") => "a string",
                Some((_, wanted)) if wanted.starts_with("a boolean") => "true or false",
                None if raw.get().starts_with('"') => "a string",
                _ => "a whole number",
            };
            bad(field, raw, wants)
        }
    }
}

/// What every command has.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    tag: Option<Text<'a>>,
}

/// The usual case: a line with nothing wrong in it. It is read twice, for its
/// `type` and for the fields of that command, and nothing is put aside.
pub(super) fn at_first_sight(line: &str) -> Option<(Option<Tag>, Command)> {
    let Head { kind, tag } = serde_json::from_str(line).ok()?;
    if tag.as_ref().is_some_and(|tag| !(1..=Tag::MAX_BYTES).contains(&tag.0.len())) {
        return None;
    }
    let spec = command::named(&kind.0)?;
    let command = spec.family.read(Fields { spec, of: Source::Line(line), left: &[] }).ok()?;
    Some((tag.map(|tag| Tag(tag.0.into())), command))
}

/// Where the fields are read from.
enum Source<'o, 'de> {
    /// From the line itself. Whatever is wrong in it, that is all that is told.
    Line(&'de str),
    /// One by one, so that the one that is wrong can be named.
    Object(&'o Object<'de>),
}

/// The fields of one command, for the type that reads itself from them.
struct Fields<'o, 'de> {
    spec: &'static Spec,
    of: Source<'o, 'de>,
    /// The names of those that are still to be read; the first of them is at its value.
    left: &'static [&'static str],
}

impl<'de> Fields<'_, 'de> {
    fn get(&self, name: &str) -> Option<&'de RawValue> {
        match self.of {
            Source::Line(_) => None,
            Source::Object(object) => object.get(name),
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = ChatError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ChatError> {
        while let Some(name) = self.left.first() {
            if self.get(name).is_some() {
                return seed.deserialize(StrDeserializer::new(name)).map(Some);
            }
            self.left = &self.left[1..];
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ChatError> {
        let at = self.left.split_first().and_then(|(name, left)| Some((name, left, self.get(name)?)));
        let (name, left, raw) = at.ok_or_else(|| ChatError::custom("no value"))?;
        self.left = left;
        seed.deserialize(raw).map_err(|error| refused(name, raw, &error))
    }
}

impl<'de> Deserializer<'de> for Fields<'_, 'de> {
    type Error = ChatError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ChatError> {
        visitor.visit_map(self)
    }

    /// Apart for each command, so that none lies on the stack of another.
    #[inline(never)]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ChatError> {
        match self.of {
            Source::Line(line) => {
                let mut line = serde_json::Deserializer::from_str(line);
                line.deserialize_struct(name, fields, visitor).map_err(|_| ChatError::custom("something is wrong"))
            }
            Source::Object(_) => visitor.visit_map(Fields { left: fields, ..self }),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ChatError> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The `type` says which command of its family it is; the fields stand beside it.
impl<'de> EnumAccess<'de> for Fields<'_, 'de> {
    type Error = ChatError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ChatError> {
        Ok((seed.deserialize(StrDeserializer::<ChatError>::new(self.spec.name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Fields<'_, 'de> {
    type Error = ChatError;

    fn unit_variant(self) -> Result<(), ChatError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ChatError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, ChatError> {
        Err(ChatError::custom("no command is a list"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ChatError> {
        self.deserialize_struct("", fields, visitor)
    }
}
