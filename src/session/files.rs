//! Uploads and downloads files in pieces, so that no session's lines wait behind a whole file. Knows the chat only to ask who may send and read a file, and the database only for its bytes.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::Session;
use super::hub::{self, Database};
use super::shelf::Room;
use crate::answer::Done;
use crate::chat::write_queue::PendingAnswer;
use crate::chat::{FileSaid, Readable};
use crate::command::{FileCommand, Place};
use crate::error::ChatError;
use crate::event::Event;
use crate::model::{FileId, Identity, Owner};
use crate::model::{FileInfo, Tag};
use crate::names;
use crate::record::Record;

/// The most bytes in one piece of a download. In base64 it is a sixth of what may wait for a session.
const PIECE: usize = 32_768;

/// Bytes of a line that are not bytes of its piece.
const FRAME: usize = 256;

/// The kind of a file is read from this many of its first bytes.
const HEAD: usize = 8_192;

/// A file that is being uploaded.
#[derive(Debug)]
pub(super) struct Upload {
    number: u64,
    file: FileId,
    /// The bytes of `files-bytes` that it reserves until it is complete.
    room: Room,
    place: Option<Place>,
    /// The person it is for, if it is for one person.
    with: Option<Identity>,
    name: Arc<str>,
    size: u64,
    /// How many bytes have come.
    at: u64,
    sum: Sha256,
    head: Vec<u8>,
}

impl Session {
    /// The commands about files, of a session that has a name.
    #[inline(never)]
    pub(super) fn files(&mut self, tag: Option<Tag>, command: FileCommand) -> Result<(), ChatError> {
        match command {
            FileCommand::Offer { place, name, size } => self.offer(tag, place, &name, size),
            FileCommand::Chunk { upload, offset, data } => self.chunk(tag, upload, offset, data),
            FileCommand::Finish { upload, sha256, text } => self.finish(tag, upload, &sha256, text.unwrap_or_default()),
            FileCommand::Cancel { upload } => {
                let index = self.upload_index(upload)?;
                self.drop_upload(index);
                self.answer(tag, Done::Cancel { upload });
                Ok(())
            }
            FileCommand::Get { file, offset } => self.get(tag, file, offset),
        }
    }

    /// Begins an upload. Everything is checked before the client sends any byte.
    fn offer(&mut self, tag: Option<Tag>, place: Option<Place>, name: &str, size: u64) -> Result<(), ChatError> {
        let database = self.database()?;
        let limits = Arc::clone(&self.hub.limits);
        let most = limits.file_bytes as u64;
        if size > most || most == 0 {
            return Err(ChatError::FileTooLarge { have: size, most });
        }
        if self.uploads.len() >= limits.uploads {
            return Err(ChatError::UploadsBusy(limits.uploads));
        }
        let readable = self.may_send(place.as_ref())?;
        let owner = Owner::of(readable.identity, self.handle.peer().ip());
        let file = self.hub.chat.next_file();
        let room = database.shelf.take(file, owner, size);
        self.check_room(&database, owner)?;
        self.upload_number += 1;
        let number = self.upload_number;
        self.uploads.push(Upload {
            number,
            file,
            room,
            place: Some(match place {
                Some(place) => place,
                None => Place::parse(&readable.label)?,
            }),
            with: readable.with,
            name: names::file_name(name).into(),
            size,
            at: 0,
            sum: Sha256::new(),
            head: Vec::new(),
        });
        let piece = (limits.line_bytes.saturating_sub(FRAME) / 4 * 3).min(PIECE);
        let done = Done::Offer { upload: number, piece };
        let origin = match owner {
            Owner::Guests(origin) => Some(origin),
            Owner::Account(_) => None,
        };
        self.keep(&database, tag, done, Record::File(file, readable.identity, readable.place, origin));
        Ok(())
    }

    /// Checks whether there is room for all stored files and all reserved bytes.
    fn check_room(&self, database: &Database, owner: Owner) -> Result<(), ChatError> {
        for file in database.shelf.said() {
            database.shelf.settle(file, database.store.file(file)?.is_some());
        }
        // A file that is stored between these two reads is counted twice. So an offer may be refused needlessly, but never taken wrongly.
        let (own_taken, all_taken) = database.shelf.taken(owner);
        let (own, all) = database.store.bytes(owner)?;
        let limits = &self.hub.limits;
        for (own, have, most) in [
            (true, own + own_taken, limits.files_per_person as u64),
            (false, all + all_taken, limits.files_bytes as u64),
        ] {
            if have > most {
                return Err(ChatError::FilesFull { own, most });
            }
        }
        Ok(())
    }

    fn may_send(&mut self, place: Option<&Place>) -> Result<Readable, ChatError> {
        self.with_loads(|session| session.hub.chat.may_send(session.handle.id, place, hub::now()))
    }

    /// Queues `record` for the database. The session is answered with `done` when it is stored.
    pub(super) fn keep(&self, database: &Database, tag: Option<Tag>, done: Done, record: Record) {
        let outbox = Arc::clone(&self.handle.outbox);
        outbox.promise();
        database.write_queue.add_whole(record, Some(PendingAnswer { outbox, answer: Event::Ok { tag, done } }));
    }

    fn upload_index(&self, upload: u64) -> Result<usize, ChatError> {
        let index = self.uploads.iter().position(|one| one.number == upload);
        index.ok_or_else(|| ChatError::BadUpload(format!("there is no upload {upload}; offer begins one")))
    }

    fn chunk(&mut self, tag: Option<Tag>, number: u64, offset: u64, data: Arc<[u8]>) -> Result<(), ChatError> {
        let database = self.database()?;
        let index = self.upload_index(number)?;
        let upload = &mut self.uploads[index];
        if offset != upload.at {
            let at = upload.at;
            return Err(ChatError::BadUpload(format!(
                "the next piece of upload {number} begins at {at}, not {offset}"
            )));
        }
        let next = upload.at + data.len() as u64;
        if next > upload.size || data.is_empty() {
            let (size, have) = (upload.size, data.len());
            return Err(ChatError::BadUpload(format!(
                "{have} bytes at {offset} are no piece of a file of {size} bytes"
            )));
        }
        upload.at = next;
        upload.sum.update(&data);
        let room = HEAD.saturating_sub(upload.head.len()).min(data.len());
        upload.head.extend_from_slice(&data[..room]);
        let file = upload.file;
        let done = Done::Chunk { upload: number, offset: next };
        self.keep(&database, tag, done, Record::Piece(file, offset, data));
        Ok(())
    }

    fn finish(&mut self, tag: Option<Tag>, number: u64, sha256: &str, text: Arc<str>) -> Result<(), ChatError> {
        // If this command was carried out before, its upload was removed, and its number may belong to another upload.
        if self.hub.chat.said_before(self.handle.id, tag.clone(), hub::now(), &mut self.effects) {
            if let Ok(index) = self.upload_index(number) {
                self.drop_upload(index);
            }
            return Ok(());
        }
        let index = self.upload_index(number)?;
        // Another guest may have this nick by now.
        let (to, with) = (self.uploads[index].place.clone(), self.uploads[index].with);
        if self.may_send(to.as_ref())?.with != with {
            self.drop_upload(index);
            return Err(ChatError::NoSuchNick(to.map_or(String::new(), |to| to.to_string())));
        }
        let upload = &self.uploads[index];
        let sum = hex(&upload.sum.clone().finalize());
        let complete = upload.at == upload.size;
        if !complete || !sum.eq_ignore_ascii_case(sha256) {
            let what = if complete {
                format!("the SHA-256 of upload {number} is {sum}; it is dropped, offer it again")
            } else {
                format!("upload {number} has {} of {} bytes; send the rest", upload.at, upload.size)
            };
            if complete {
                self.drop_upload(index);
            }
            return Err(ChatError::BadUpload(what));
        }
        let info = Arc::new(FileInfo {
            file: upload.file.0,
            name: Arc::clone(&upload.name),
            mime: Arc::from(kind(&upload.head)),
            size: upload.size,
            sha256: sum.into(),
        });
        let said = FileSaid { place: upload.place.clone(), info, text };
        // The other person may have left and come back since.
        self.with_loads(|session| {
            let (chat, now) = (&session.hub.chat, hub::now());
            chat.say_file(session.handle.id, tag.clone(), said.clone(), now, &mut session.effects)
        })?;
        self.uploads.remove(index).room.said();
        Ok(())
    }

    fn drop_upload(&mut self, index: usize) {
        let upload = self.uploads.remove(index);
        if let Some(database) = &self.hub.database {
            database.write_queue.add_whole(Record::FileDeleted(upload.file), None);
        }
    }

    /// Drops all uploads that were not finished: the session has ended.
    pub(super) fn drop_uploads(&mut self) {
        while !self.uploads.is_empty() {
            self.drop_upload(0);
        }
    }

    fn get(&mut self, tag: Option<Tag>, number: u64, offset: u64) -> Result<(), ChatError> {
        let database = self.database()?;
        let missing = || ChatError::NoSuchFile(number);
        let read = |database: &Database| database.store.piece(FileId(number), offset, PIECE);
        let mut found = read(&database)?;
        if found.is_none() {
            // The file may be announced already but not stored yet.
            found = read(&*self.settled_database()?)?;
        }
        let (file, bytes) = found.ok_or_else(missing)?;
        if !self.hub.chat.may_read(self.handle.id, file.place, hub::now()) {
            return Err(missing());
        }
        if bytes.is_empty() && offset < file.info.size {
            tracing::error!(file = number, offset, "a file has lost bytes");
            return Err(missing());
        }
        let data = BASE64.encode(bytes).into();
        self.answer(tag, Done::Get { info: file.info, offset, data });
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The kind of a file, from its first bytes; never from its name.
fn kind(head: &[u8]) -> &'static str {
    if let Some(kind) = infer::get(head) {
        return kind.mime_type();
    }
    // The end of the head may cut a character in two.
    let text = !std::str::from_utf8(head).is_err_and(|error| error.error_len().is_some());
    if text && !head.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace()) {
        "text/plain"
    } else {
        "application/octet-stream"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lab report A: a text file named .jpg is a file, not a picture.
    #[test]
    fn a11_what_a_file_is_is_told_by_its_content() {
        assert_eq!(kind(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"), "image/jpeg");
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "image/png");
        assert_eq!(kind("только текст\n".as_bytes()), "text/plain");
        assert_eq!(kind(&"ж".as_bytes()[..1]), "text/plain");
        assert_eq!(kind(b""), "text/plain");
        assert_eq!(kind(b"\x00\x01\x02\x03 and so on"), "application/octet-stream");
    }
}
