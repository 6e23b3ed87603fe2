//! The store on real files, each in a folder of its own that is removed. Knows no chat and no sockets.

mod damage;
mod expire;
mod files;
mod numbers;
#[cfg(unix)] // Windows moves no file that is open, and has links for administrators only
mod one_server;
mod opening;
mod pages;
mod reading;
mod records;
mod search;

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::limits::Limits;
use crate::model::*;
use crate::names::{Nick, RoomName};
use crate::record::*;

/// Whose the files here are.
const OWN: Owner = Owner::Account(AccountId(1));

/// The origin of guests.
const THERE: Address = Address::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// A database in a folder of its own.
struct Rig {
    folder: TempDir,
    limits: Limits,
    opened: Option<Opened>,
}

impl Rig {
    /// An empty one, open.
    fn new() -> Rig {
        let folder = tempfile::tempdir().expect("a folder");
        let mut rig = Rig { folder, limits: Limits::default(), opened: None };
        rig.open();
        rig
    }

    /// One with the room 1 in it.
    fn with_room() -> Rig {
        let mut rig = Rig::new();
        rig.write([room(1, "rust")]);
        rig
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("roomful.db")
    }

    fn open(&mut self) {
        self.opened = Some(open(&self.path(), &self.in_force()).expect("it opens"));
    }

    fn in_force(&self) -> InForce {
        self.limits.clone().into()
    }

    fn try_open(&self) -> Result<Opened, StoreError> {
        open(&self.path(), &self.in_force())
    }

    /// Closes it in order.
    fn close(&mut self) {
        if let Some(opened) = self.opened.take() {
            opened.writer.close().expect("it closes");
        }
    }

    /// Closes and opens it: what is there now comes from the disk.
    fn again(&mut self) {
        self.close();
        self.open();
    }

    fn store(&self) -> &Store {
        &self.opened.as_ref().expect("it is open").store
    }

    fn writer(&mut self) -> &mut Writer {
        &mut self.opened.as_mut().expect("it is open").writer
    }

    fn snapshot(&self) -> &Snapshot {
        &self.opened.as_ref().expect("it is open").snapshot
    }

    fn write<const N: usize>(&mut self, records: [Record; N]) {
        self.writer().write(&records).expect("it is kept");
    }

    /// Says texts in place 1, at the times 1,000, 2,000 and so on.
    fn say(&mut self, texts: &[&str]) {
        for (text, seq) in texts.iter().zip(1..) {
            self.write([line(1, seq, text)]);
        }
    }

    /// Takes all messages into the index.
    fn index(&mut self) {
        while self.writer().index(3).expect("it is indexed") {}
    }

    fn expire(&mut self, now: Millis) {
        let limits = self.limits.clone();
        while self.writer().expire(now, &limits).expect("it is removed") {}
    }

    fn message(&self, place: u32, seq: Seq) -> Option<StoredMessage> {
        self.store().message(PlaceId(place), &label(), seq).expect("it is read")
    }

    /// What is found in these places from before a time, and whether there is more.
    fn search(
        &self,
        words: &str,
        places: &[(PlaceId, Arc<str>)],
        until: Option<Millis>,
        most: usize,
    ) -> (Vec<Arc<Message>>, bool) {
        let (found, more) = self.store().search(words, places, (until, None), most).expect("it is read");
        (found.into_iter().map(|found| found.message).collect(), more)
    }

    /// What is found in place 1, the newest first.
    fn found(&self, words: &str) -> Vec<Seq> {
        self.search(words, &[(PlaceId(1), label())], None, 100).0.iter().map(|message| message.seq).collect()
    }
}

fn label() -> Arc<str> {
    Arc::from("#rust")
}

fn nick(name: &str) -> Nick {
    Nick::parse(name).expect("a good nick")
}

fn account(number: u32) -> Identity {
    Identity::Account(AccountId(number))
}

fn guest(number: u64) -> Identity {
    Identity::Guest(ResumeId(number))
}

fn room_record(place: u32, name: &str) -> RoomRecord {
    let name = RoomName::parse(name).expect("a good room name");
    RoomRecord { place: PlaceId(place), name, made: 7, topic: None, settings: Settings::default(), registered: false }
}

fn room(place: u32, name: &str) -> Record {
    Record::Room(room_record(place, name))
}

fn account_record(number: u32, name: &str) -> AccountRecord {
    AccountRecord { id: AccountId(number), nick: nick(name), made: 5, op: false, about: None }
}

fn message(seq: Seq, text: &str) -> Message {
    let time = Millis::try_from(seq).expect("a small number") * 1_000;
    Message {
        room: label(),
        seq,
        from: "Anna".into(),
        text: text.into(),
        time,
        place: PlaceId(1),
        ..Message::default()
    }
}

/// A message of the account 1.
fn line(place: u32, seq: Seq, text: &str) -> Record {
    line_by(account(1), place, message(seq, text))
}

fn line_by(identity: Identity, place: u32, message: Message) -> Record {
    Record::Message(StoredMessage { place: PlaceId(place), identity, message: Arc::new(message) })
}

fn info(file: u64, size: u64) -> FileInfo {
    let sha256 = "ab".repeat(32).into();
    FileInfo { file, name: "a cat.jpg".into(), mime: "image/jpeg".into(), size, sha256, ..FileInfo::default() }
}

/// A file of account 1 in place 1, in pieces of these sizes, with its message.
fn file_of(file: u64, seq: Seq, pieces: &[&[u8]]) -> Vec<Record> {
    let mut records = vec![Record::File(FileId(file), account(1), PlaceId(1), None)];
    let mut offset = 0;
    for piece in pieces {
        records.push(Record::Piece(FileId(file), offset, Arc::from(*piece)));
        offset += piece.len() as u64;
    }
    let with_file = Message { file: Some(Arc::new(info(file, offset))), ..message(seq, "look") };
    records.push(line_by(account(1), 1, with_file));
    records
}

fn resume_record(number: u64, name: &str, seen: Millis) -> ResumeRecord {
    let token = [u8::try_from(number).expect("a small number"); 32];
    ResumeRecord { id: ResumeId(number), token, account: None, nick: nick(name), seen }
}

fn said_record(resume_id: u64, tag: &str, seq: Seq, time: Millis) -> SaidRecord {
    SaidRecord { resume_id: ResumeId(resume_id), tag: Tag(tag.into()), label: label(), seq, time, file: None }
}
