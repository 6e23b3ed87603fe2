//! How numbers, names and flags of the chat lie in columns, and back. Knows no statement and no file.

use std::net::IpAddr;
use std::sync::Arc;

use rusqlite::Row;
use rusqlite::types::Type;

use crate::model::{AccountId, FileId, Identity, PlaceId, Restriction, ResumeId, Role, Target};
use crate::model::{FileInfo, Message, Seq};
use crate::names::{Nick, RoomName};
use crate::record::StoredMessage;

/// Bits of a message's row number that are its number in its place, and of a piece's that are its offset.
pub const LOW: u32 = 32;

/// The highest number that a message can have in its place.
const LAST_SEQ: Seq = u32::MAX as Seq;

/// What a message is read from, for [`line()`]. The file is that of the message, where it has one.
pub const LINE: &str =
    "message.id, message.time, message.identity, message.nick, message.text, message.me, message.deleted,
    file.id, file.name, file.mime, file.size, file.sha256";

/// How many columns [`LINE`] has.
pub const LINE_CELLS: usize = 12;

/// Bits of a message's number that are its number in its span: spans have 256 messages.
const SPAN: u32 = 8;

/// The span in which a message is that has this row number.
pub fn span_of(row: i64) -> i64 {
    row >> SPAN
}

/// The row number of a message. All messages of a place lie together, in the order of their numbers.
pub fn row(place: PlaceId, seq: Seq) -> i64 {
    (i64::from(place.0) << LOW) | whole(seq.min(LAST_SEQ))
}

/// The first and the last row number that a message of the place can have.
pub fn rows(place: PlaceId) -> (i64, i64) {
    (row(place, 0), row(place, LAST_SEQ))
}

/// The place and the number there of the message with this row number.
pub fn unrow(row: i64) -> (PlaceId, Seq) {
    (PlaceId(u32::try_from(row >> LOW).unwrap_or(0)), seq_of(row))
}

/// The number of the message with this row number in its place.
pub fn seq_of(row: i64) -> Seq {
    count(row) & LAST_SEQ
}

/// The row number of a piece of a file. A file may have 4 GiB, and there may be two thousand million of them.
pub fn piece_row(file: FileId, offset: u64) -> i64 {
    (whole(file.0) << LOW) | whole(offset.min(u64::from(u32::MAX)))
}

/// A number as SQLite has it. What is too large for it was never counted to.
pub fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as we have it. A file that says less than nothing says nothing.
pub fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A number of rows, as SQLite has it.
pub fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

/// Accounts are above 0, guests below; 0 is nobody: an account that is gone.
pub fn who_cell(identity: Identity) -> i64 {
    match identity {
        Identity::Account(account) => i64::from(account.0),
        Identity::Guest(resume_id) => -whole(resume_id.0),
    }
}

/// Whose it is. Nobody is the guest of stay 0, which nobody ever is.
pub fn who_of(cell: i64) -> Identity {
    match u32::try_from(cell) {
        Ok(account) if account > 0 => Identity::Account(AccountId(account)),
        _ => Identity::Guest(ResumeId(cell.unsigned_abs())),
    }
}

/// A role's name in the file.
pub fn role_cell(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Op => "op",
        Role::Owner => "owner",
    }
}

/// The role that column `column` names.
pub fn role_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Role> {
    let cell: String = row.get(column)?;
    let all = [Role::Member, Role::Op, Role::Owner];
    all.into_iter().find(|role| role_cell(*role) == cell).ok_or_else(|| strange(column, &cell))
}

/// A curb's name in the file.
pub fn restriction_cell(restriction: Restriction) -> &'static str {
    match restriction {
        Restriction::Ban => "ban",
        Restriction::Mute => "mute",
    }
}

/// The curb that column `column` names.
pub fn restriction_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Restriction> {
    let cell: String = row.get(column)?;
    [Restriction::Ban, Restriction::Mute]
        .into_iter()
        .find(|restriction| restriction_cell(*restriction) == cell)
        .ok_or_else(|| strange(column, &cell))
}

/// A target in one word: `account 3`, `resume 7`, `address ::1`, `nick anna`.
pub fn target_cell(target: &Target) -> String {
    match target {
        Target::Account(account) => format!("account {}", account.0),
        Target::Resume(resume_id) => format!("resume {}", resume_id.0),
        Target::Address(address) => format!("address {address}"),
        Target::Nick(key) => format!("nick {key}"),
    }
}

/// The target in column `column`.
pub fn target_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Target> {
    let cell: String = row.get(column)?;
    let target = match cell.split_once(' ') {
        Some(("account", number)) => number.parse().ok().map(|number| Target::Account(AccountId(number))),
        Some(("resume", number)) => number.parse().ok().map(|number| Target::Resume(ResumeId(number))),
        Some(("address", address)) => address.parse::<IpAddr>().ok().map(Target::Address),
        Some(("nick", key)) => Some(Target::Nick(Arc::from(key))),
        _ => None,
    };
    target.ok_or_else(|| strange(column, &cell))
}

/// The nick in column `column`.
pub fn nick_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Nick> {
    let cell: String = row.get(column)?;
    Nick::parse(&cell).map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// The room name in column `column`.
pub fn room_name_of(row: &Row<'_>, column: usize) -> rusqlite::Result<RoomName> {
    let cell: String = row.get(column)?;
    RoomName::parse(&cell)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// A message out of the columns of [`LINE`], shown as said in `label`.
pub fn line(row: &Row<'_>, label: &Arc<str>) -> rusqlite::Result<StoredMessage> {
    let (place, seq) = unrow(row.get(0)?);
    let file = row.get::<_, Option<i64>>(7)?.is_some();
    let message = Message {
        room: label.clone(),
        seq,
        time: row.get(1)?,
        from: row.get(3)?,
        text: row.get(4)?,
        me: row.get(5)?,
        deleted: row.get(6)?,
        file: if file { Some(Arc::new(file_info(row, 7)?)) } else { None },
    };
    Ok(StoredMessage { place, identity: who_of(row.get(2)?), message: Arc::new(message) })
}

/// A file's number, name, type, size and sum, from column `first` on.
pub fn file_info(row: &Row<'_>, first: usize) -> rusqlite::Result<FileInfo> {
    Ok(FileInfo {
        file: count(row.get(first)?),
        name: row.get(first + 1)?,
        mime: row.get(first + 2)?,
        size: count(row.get(first + 3)?),
        sha256: row.get(first + 4)?,
    })
}

/// What column `column` says is none of our words.
fn strange(column: usize, cell: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("{cell:?} means nothing").into())
}
