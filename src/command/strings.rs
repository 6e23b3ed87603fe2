//! Values that are strings outside: how serde reads and writes them, and how a refusal of one is told. Knows none of them.
//!
//! serde lets a field be refused only with a sentence: its error type is the
//! format's, and all that can be put into it is text. Our refusals are values,
//! with a code and a name that is free. So what refuses a field lays the
//! refusal aside in this thread, and the decoder, which called it, takes it
//! from there when serde gives up: [`refused`]. Nothing else may touch it, and
//! the decoder empties it before each command.

use std::cell::Cell;

use serde::Deserializer;
use serde::de::{Error, Visitor};

use crate::error::ChatError;

thread_local! {
    static REFUSED: Cell<Option<Box<ChatError>>> = const { Cell::new(None) };
}

/// The refusal of the field that was read last and in vain, if serde cannot
/// tell it. A [`ChatError::BadField`] in it knows no field, and perhaps no value.
pub fn refused() -> Option<ChatError> {
    REFUSED.take().map(|refusal| *refusal)
}

pub(super) fn refuse<E: Error>(refusal: ChatError) -> E {
    let words = E::custom(&refusal);
    REFUSED.set(Some(Box::new(refusal)));
    words
}

/// If only the type of the value was wrong, says what it should be.
pub(super) fn wanting<T, E>(read: Result<T, E>, value: &str, wants: &'static str) -> Result<T, E> {
    read.inspect_err(|_| {
        let refusal = refused().unwrap_or_else(|| ChatError::BadField { field: "", value: value.to_owned(), wants });
        REFUSED.set(Some(Box::new(refusal)));
    })
}

pub(super) struct Read<F>(pub F);

impl<'de, T, E: Into<ChatError>, F: FnOnce(&str) -> Result<T, E>> Visitor<'de> for Read<F> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<D: Error>(self, text: &str) -> Result<T, D> {
        (self.0)(text).map_err(|error| refuse(error.into()))
    }
}

/// Reads a string as what `parse` makes of it.
pub(super) fn read<'de, D: Deserializer<'de>, T, E: Into<ChatError>>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Read(parse))
}

/// What reads itself from a string, as people type it.
macro_rules! from_string {
    ($($type:ty: $parse:expr),+) => {$(
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                $crate::command::strings::read(deserializer, $parse)
            }
        }
    )+};
}

/// The same for what also shows itself so.
macro_rules! as_string {
    ($($type:ty: $parse:expr),+) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        $crate::command::strings::from_string!($type: $parse);
    )+};
}

pub(super) use {as_string, from_string};
