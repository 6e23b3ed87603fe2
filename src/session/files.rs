//! Offers, finishes and cancels uploads for a session, and gives it the addresses of files. Does not carry their bytes: they go over connections of their own.

use std::sync::Arc;

use super::Session;
use super::hub::{self, Database};
use super::tickets::UploadId;
use super::uploads::Offered;
use crate::answer::Done;
use crate::chat::{FileSaid, Readable};
use crate::command::{FileCommand, Place};
use crate::error::ChatError;
use crate::model::{FileId, Owner, Tag};
use crate::names;

impl Session {
    /// The commands about files, of a session that has a name.
    #[inline(never)]
    pub(super) fn files(&mut self, tag: Option<Tag>, command: FileCommand) -> Result<(), ChatError> {
        let database = self.database()?;
        match command {
            FileCommand::Offer { place, name, size } => self.offer(&database, tag, (place, &name, size)),
            FileCommand::Finish { upload, sha256, text } => {
                self.finish(&database, tag, upload, (sha256.as_deref(), text.unwrap_or_default()))
            }
            FileCommand::Cancel { upload } => {
                if !database.uploads.drop(self.upload(upload), &database.write_queue) {
                    return Err(no_upload(upload));
                }
                self.answer(tag, Done::Cancel { upload });
                Ok(())
            }
            FileCommand::Get { file } => self.get(tag, file),
        }
    }

    fn upload(&self, number: u64) -> UploadId {
        UploadId { session: self.handle.id, number }
    }

    /// Begins an upload. Everything is checked before the client sends any byte.
    fn offer(
        &mut self,
        database: &Database,
        tag: Option<Tag>,
        (place, name, size): (Option<Place>, &str, u64),
    ) -> Result<(), ChatError> {
        let limits = Arc::clone(&self.handle.limits);
        let most = limits.file_bytes as u64;
        if size > most || most == 0 {
            return Err(ChatError::FileTooLarge { have: size, most });
        }
        if database.uploads.of(self.handle.id) >= limits.uploads {
            return Err(ChatError::UploadsBusy(limits.uploads));
        }
        let readable = self.may_send(place.as_ref())?;
        let owner = Owner::of(readable.identity, self.handle.peer().ip());
        let room = database.shelf.take(owner, size);
        self.check_room(database, owner)?;
        self.upload_number += 1;
        let upload = self.upload(self.upload_number);
        let offered = Offered {
            place: match place {
                Some(place) => place,
                None => Place::parse(&readable.label)?,
            },
            with: readable.with,
            name: names::file_name(name).into(),
            size,
            identity: readable.identity,
            stored_in: readable.place,
            origin: match owner {
                Owner::Guests(origin) => Some(origin),
                Owner::Account(_) => None,
            },
        };
        database.uploads.add(upload, offered, room);
        let url = database.tickets.upload_path(upload).into();
        self.answer(tag, Done::Offer { upload: upload.number, url });
        Ok(())
    }

    /// Checks whether there is room for all stored files and all reserved bytes.
    fn check_room(&self, database: &Database, owner: Owner) -> Result<(), ChatError> {
        let (_, stored) = database.write_queue.progress();
        database.shelf.settle(stored);
        // A file that is stored between these two reads is counted twice. So an offer may be refused needlessly, but never taken wrongly.
        let (own_taken, all_taken) = database.shelf.taken(owner);
        let (own, all) = database.store.bytes(owner)?;
        let limits = self.hub.limits.now();
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

    fn finish(
        &mut self,
        database: &Database,
        tag: Option<Tag>,
        number: u64,
        (sha256, text): (Option<&str>, Arc<str>),
    ) -> Result<(), ChatError> {
        let upload = self.upload(number);
        // If this command was carried out before, its upload was removed, and its number may belong to another upload.
        if self.hub.chat.said_before(self.handle.id, tag.clone(), hub::now(), &mut self.effects) {
            database.uploads.drop(upload, &database.write_queue);
            return Ok(());
        }
        let (offered, whole) = database.uploads.look(upload).ok_or_else(|| no_upload(number))?;
        // Another guest may have this nick by now.
        if self.may_send(Some(&offered.place))?.with != offered.with {
            database.uploads.drop(upload, &database.write_queue);
            return Err(ChatError::NoSuchNick(offered.place.to_string()));
        }
        let Some(info) = whole else {
            let size = offered.size;
            return Err(ChatError::BadUpload(format!(
                "not all {size} bytes of upload {number} have come; PUT them to its url, and finish it when that is answered"
            )));
        };
        if sha256.is_some_and(|sha256| !info.sha256.eq_ignore_ascii_case(sha256)) {
            database.uploads.drop(upload, &database.write_queue);
            let sum = &info.sha256;
            return Err(ChatError::BadUpload(format!(
                "the SHA-256 of upload {number} is {sum}; it is dropped, offer it again"
            )));
        }
        let said = FileSaid { place: Some(offered.place), info, text };
        // The other person may have left and come back since.
        self.with_loads(|session| {
            let (chat, now) = (&session.hub.chat, hub::now());
            chat.say_file(session.handle.id, tag.clone(), said.clone(), now, &mut session.effects)
        })?;
        database.uploads.said(upload, database.write_queue.progress().0);
        Ok(())
    }

    /// Drops all uploads that were not finished: the session has ended.
    pub(super) fn drop_uploads(&mut self) {
        if let Some(database) = &self.hub.database {
            database.uploads.drop_all(self.handle.id, &database.write_queue);
        }
    }

    /// Tells about a file, and where to fetch it.
    fn get(&mut self, tag: Option<Tag>, number: u64) -> Result<(), ChatError> {
        let missing = || ChatError::NoSuchFile(number);
        // A file that was announced or deleted may not be so in the database yet.
        let database = self.settled_database()?;
        let file = database.store.file(FileId(number))?.ok_or_else(missing)?;
        if self.hub.chat.may_read(self.handle.id, file.place, hub::now()).is_none() {
            return Err(missing());
        }
        let url = database.tickets.file_path(self.handle.id, &file.info).into();
        self.answer(tag, Done::Get { info: file.info, url });
        Ok(())
    }
}

fn no_upload(number: u64) -> ChatError {
    ChatError::BadUpload(format!("there is no upload {number}; offer begins one"))
}
