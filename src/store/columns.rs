//! Converts the chat's types to columns of the database and back. Knows no statement and no file.

use std::sync::Arc;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Error, Result, Row};

use crate::actor::{Actor, ActorParts};
use crate::cloak::Cloak;
use crate::model::{
    AccountId, FileId, FileInfo, Identity, Kind, Message, PlaceId, Restriction, ResumeId, Role, Seq, Settings, Tag,
    Target,
};
use crate::names::{Nick, RoomName};
use crate::record::StoredMessage;

/// The low bits of a row number: a message's number in its place, or a piece's offset in its file.
pub const LOW: u32 = 32;

/// The highest number that a message can have in its place.
const LAST_SEQ: Seq = u32::MAX as Seq;

/// The columns that [`message()`] reads. The file is the one that came with the message, if there is one.
pub const MESSAGE: &str = "message.id, message.time, message.identity, message.nick, message.text, message.kind,
    message.deleted, file.id, file.name, file.mime, file.size, file.sha256, file.width, file.height";

/// How many columns [`MESSAGE`] has.
pub const MESSAGE_COLUMNS: usize = 14;

/// The low bits of a message's number: its number in its span. A span has 256 messages.
const SPAN: u32 = 8;

/// The span of the message with this row number.
pub fn span_of(row: i64) -> i64 {
    row >> SPAN
}

/// The row number of a message. All messages of a place are stored together, in the order of their numbers.
pub fn row(place: PlaceId, seq: Seq) -> i64 {
    (i64::from(place.0) << LOW) | seq.min(LAST_SEQ).cast_signed()
}

/// The first and the last row number that a message of the place can have.
pub fn rows(place: PlaceId) -> (i64, i64) {
    (row(place, 0), row(place, LAST_SEQ))
}

/// The place of the message with this row number, and its number in that place.
pub fn unrow(row: i64) -> (PlaceId, Seq) {
    (PlaceId(u32::try_from(row >> LOW).unwrap_or(0)), seq_of(row))
}

/// The number of the message with this row number in its place.
pub fn seq_of(row: i64) -> Seq {
    row.cast_unsigned() & LAST_SEQ
}

/// The row number of a piece of a file. A file may have 4 GiB, and there may be two thousand million of them.
pub fn piece_row(file: FileId, offset: u64) -> i64 {
    (file.0.cast_signed() << LOW) | offset.min(u64::from(u32::MAX)).cast_signed()
}

/// Reads a message from the columns of [`MESSAGE`]; its place is shown as `label`, and its author with a cloak.
pub fn message(row: &Row<'_>, label: &Arc<str>, cloak: &Cloak) -> Result<StoredMessage> {
    let (place, seq) = unrow(row.get(0)?);
    let file = row.get::<_, Option<FileId>>(7)?.map(|_| file_info(row, 7)).transpose()?;
    let message = Message {
        room: label.clone(),
        seq,
        time: row.get(1)?,
        from: author(row.get(2)?, row.get(3)?, cloak),
        text: row.get(4)?,
        kind: row.get(5)?,
        deleted: row.get(6)?,
        file: file.map(Arc::new),
        place,
    };
    Ok(StoredMessage { place, identity: row.get(2)?, message: Arc::new(message) })
}

/// The author of a message, as far as it is stored. What the front said of its user is not.
fn author(identity: Identity, nick: Arc<str>, cloak: &Cloak) -> Actor {
    let host = cloak.stored(identity);
    let registered = identity.account().is_some();
    Actor::new(ActorParts { nick, user: "~u", host: &host, registered, about: None })
}

/// Reads a file's number, name, type, size, sum, width and height, from column `first` on.
pub fn file_info(row: &Row<'_>, first: usize) -> Result<FileInfo> {
    let (file, name, mime) = (row.get(first)?, row.get(first + 1)?, row.get(first + 2)?);
    let (size, sha256) = (row.get(first + 3)?, row.get(first + 4)?);
    Ok(FileInfo { file, name, mime, size, sha256, width: row.get(first + 5)?, height: row.get(first + 6)? })
}

/// A type around one value is stored as that value.
macro_rules! as_the_value_in {
    ($($kind:ident: |$value:ident| $cell:expr;)*) => {$(
        impl ToSql for $kind {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                let $value = &self.0;
                Ok($cell.into())
            }
        }

        impl FromSql for $kind {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$kind> {
                FromSql::column_result(value).map($kind)
            }
        }
    )*};
}

as_the_value_in! {
    PlaceId: |number| *number;
    AccountId: |number| *number;
    ResumeId: |number| in_range(*number);
    FileId: |number| in_range(*number);
    Tag: |text| text.as_ref();
}

/// A peer may ask for any number. One that is too large for SQLite was never given; the largest number replaces it.
fn in_range(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A value of a small enum is stored as its word.
macro_rules! as_words {
    ($kind:ident: $($value:ident = $word:literal),*) => {
        impl ToSql for $kind {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                Ok(match self { $($kind::$value => $word),* }.into())
            }
        }

        impl FromSql for $kind {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$kind> {
                match value.as_str()? { $($word => Ok($kind::$value),)* other => Err(strange(other)) }
            }
        }
    };
}

as_words!(Role: Member = "member", Op = "op", Owner = "owner");
/// A kind is stored as a number, because most rows of the database have one.
impl ToSql for Kind {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(match self {
            Kind::Text => 0,
            Kind::Action => 1,
            Kind::Notice => 2,
        }
        .into())
    }
}

impl FromSql for Kind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Kind> {
        match value.as_i64()? {
            0 => Ok(Kind::Text),
            1 => Ok(Kind::Action),
            2 => Ok(Kind::Notice),
            other => Err(strange(&other.to_string())),
        }
    }
}

as_words!(Restriction: Ban = "ban", Mute = "mute");

/// A name is stored as it is shown.
macro_rules! as_shown {
    ($($name:ident),*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                Ok(self.shown().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<$name> {
                $name::parse(value.as_str()?).map_err(FromSqlError::other)
            }
        }
    )*};
}

as_shown!(Nick, RoomName);

/// An account is stored as a number above 0, a guest as one below. 0 means that the account was deleted.
impl ToSql for Identity {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(match self {
            Identity::Account(account) => i64::from(account.0),
            Identity::Guest(resume) => -resume.0.cast_signed(),
        }
        .into())
    }
}

/// 0 becomes the guest with the number 0, which is never given.
impl FromSql for Identity {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Identity> {
        let number = value.as_i64()?;
        Ok(match u32::try_from(number) {
            Ok(account) if account > 0 => Identity::Account(AccountId(account)),
            _ => Identity::Guest(ResumeId(number.unsigned_abs())),
        })
    }
}

/// A target is stored as two words: `account 3`, `resume 7`, `address ::1`, `nick anna`, `mask spam*!*@*`.
impl ToSql for Target {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(match self {
            Target::Account(account) => format!("account {}", account.0),
            Target::Resume(resume) => format!("resume {}", resume.0),
            Target::Address(address) => format!("address {address}"),
            Target::Nick(key) => format!("nick {key}"),
            Target::Mask(mask) => format!("mask {mask}"),
        }
        .into())
    }
}

impl FromSql for Target {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Target> {
        let text = value.as_str()?;
        let target = match text.split_once(' ') {
            Some(("account", number)) => number.parse().ok().map(|number| Target::Account(AccountId(number))),
            Some(("resume", number)) => number.parse().ok().map(|number| Target::Resume(ResumeId(number))),
            Some(("address", address)) => address.parse().ok().map(Target::Address),
            Some(("nick", key)) => Some(Target::Nick(Arc::from(key))),
            Some(("mask", mask)) => Some(Target::Mask(Arc::from(mask))),
            _ => None,
        };
        target.ok_or_else(|| strange(text))
    }
}

/// Settings are stored as JSON.
impl ToSql for Settings {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(self).map_err(|error| Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(text.into())
    }
}

/// Settings that are not understood are an error: without them, a room that was closed would be open.
impl FromSql for Settings {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Settings> {
        serde_json::from_str(value.as_str()?).map_err(FromSqlError::other)
    }
}

/// The error for a column whose word is not known.
fn strange(text: &str) -> FromSqlError {
    FromSqlError::Other(format!("{text:?} means nothing").into())
}
