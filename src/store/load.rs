//! Reads the state that the chat needs at the start. Knows nothing of messages.

use std::collections::HashMap;

use rusqlite::Connection;

use super::columns::LOW;
use super::delete;
use crate::model::{AccountId, PlaceId, Role, Topic};
use crate::record::{AccountRecord, Numbers, RestrictionRecord, RoomRecord, RoomSnapshot, Snapshot};

/// Reads the state, after files that were never finished are removed.
pub fn snapshot(connection: &mut Connection) -> rusqlite::Result<Snapshot> {
    let transaction = connection.transaction()?;
    delete::unfinished_files(&transaction)?;
    // The stored count may be too low; no message may get the number of another.
    transaction.execute_batch(
        "UPDATE place SET last = (SELECT max(id) & 0xffffffff FROM message
            WHERE message.id BETWEEN place.id << 32 AND (place.id << 32) | 0xffffffff)
         WHERE EXISTS (SELECT 1 FROM message
            WHERE message.id BETWEEN (place.id << 32) + last + 1 AND (place.id << 32) | 0xffffffff)",
    )?;
    let snapshot = Snapshot {
        rooms: rooms(&transaction)?,
        accounts: accounts(&transaction)?,
        conversations: conversations(&transaction)?,
        restrictions: restrictions(&transaction)?,
        last: numbers(&transaction)?,
        cloak_key: transaction.query_row("SELECT key FROM cloak", [], |row| row.get(0))?,
    };
    transaction.commit()?;
    Ok(snapshot)
}

fn rooms(connection: &Connection) -> rusqlite::Result<Vec<RoomSnapshot>> {
    let (mut roles, mut voices) = (roles(connection)?, voices(connection)?);
    connection
        .prepare(
            "SELECT room.place, name, made, topic, settings, registered, place.last,
                 coalesce((SELECT max(time, made) FROM message WHERE id = (room.place << ?) + place.last), made),
                 topic_by, topic_time
             FROM room JOIN place ON place.id = room.place WHERE place.removed = 0 ORDER BY room.place",
        )?
        .query_map([LOW], |row| {
            let place = row.get(0)?;
            let (name, made) = (row.get(1)?, row.get(2)?);
            let (text, by, time) = (row.get::<_, Option<_>>(3)?, row.get(8)?, row.get(9)?);
            let topic = text.map(|text| Topic { text, by, time });
            let (settings, registered) = (row.get(4)?, row.get(5)?);
            Ok(RoomSnapshot {
                room: RoomRecord { place, name, made, topic, settings, registered },
                seq: row.get(6)?,
                said: row.get(7)?,
                roles: roles.remove(&place).unwrap_or_default(),
                voices: voices.remove(&place).unwrap_or_default(),
            })
        })?
        .collect()
}

fn roles(connection: &Connection) -> rusqlite::Result<HashMap<PlaceId, Vec<(AccountId, Role)>>> {
    let mut roles: HashMap<_, Vec<_>> = HashMap::new();
    let mut statement = connection.prepare("SELECT place, account, role FROM role ORDER BY place, account")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        roles.entry(row.get(0)?).or_default().push((row.get(1)?, row.get(2)?));
    }
    Ok(roles)
}

fn voices(connection: &Connection) -> rusqlite::Result<HashMap<PlaceId, Vec<AccountId>>> {
    let mut voices: HashMap<_, Vec<_>> = HashMap::new();
    let mut statement = connection.prepare("SELECT place, account FROM voice ORDER BY place, account")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        voices.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(voices)
}

fn accounts(connection: &Connection) -> rusqlite::Result<Vec<AccountRecord>> {
    connection
        .prepare("SELECT id, nick, made, op, about FROM account ORDER BY id")?
        .query_map([], |row| {
            let (id, nick, made) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(AccountRecord { id, nick, made, op: row.get(3)?, about: row.get(4)? })
        })?
        .collect()
}

fn conversations(connection: &Connection) -> rusqlite::Result<Vec<(AccountId, usize)>> {
    connection
        .prepare("SELECT account, count(*) FROM membership JOIN conversation USING (place) GROUP BY account")?
        .query_map([], |row| row.try_into())?
        .collect()
}

/// Rows that differ only in their target are one restriction.
fn restrictions(connection: &Connection) -> rusqlite::Result<Vec<RestrictionRecord>> {
    let mut statement = connection.prepare(
        "SELECT place, restriction, target, nick, until, author, text, time, mask FROM restriction
         ORDER BY time, place, restriction, nick, author, until, text, mask, target",
    )?;
    let mut rows = statement.query([])?;
    let mut restrictions: Vec<RestrictionRecord> = Vec::new();
    while let Some(row) = rows.next()? {
        let target = row.get(2)?;
        let restriction = RestrictionRecord {
            place: Some(PlaceId(row.get(0)?)).filter(|place| place.0 > 0),
            restriction: row.get(1)?,
            targets: Vec::new(),
            nick: row.get(3)?,
            mask: row.get(8)?,
            until: row.get(4)?,
            by: row.get(5)?,
            text: row.get(6)?,
            time: row.get(7)?,
        };
        match restrictions.last_mut() {
            Some(last) if RestrictionRecord { targets: Vec::new(), ..last.clone() } == restriction => {
                last.targets.push(target)
            }
            _ => restrictions.push(RestrictionRecord { targets: vec![target], ..restriction }),
        }
    }
    Ok(restrictions)
}

fn numbers(connection: &Connection) -> rusqlite::Result<Numbers> {
    connection.query_row("SELECT place, account, resume, file FROM numbers", [], |row| {
        Ok(Numbers { place: row.get(0)?, account: row.get(1)?, resume: row.get(2)?, file: row.get(3)? })
    })
}
