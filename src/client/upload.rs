//! Sending a file: offers it, sends its bytes over HTTP, and ends with its hash. Knows no screen.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Handle;
use super::error::FileError;
use crate::answer::Done;
use crate::model::Seq;
use crate::names::file_name;
use crate::wire::hex;

/// How long one answer about a file may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The bytes that are read from the file and sent at once.
pub(super) const PIECE: usize = 64 << 10;

/// A file that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The place: `#room`, or `@nick`.
    pub room: String,
    /// The number of its message there.
    pub seq: Seq,
    /// Its own number, to fetch it by.
    pub file: u64,
    /// How many bytes it has.
    pub size: u64,
}

/// What [`Handle::send_from`] sends.
pub struct Source<'a> {
    /// What the file is called.
    pub name: &'a str,
    /// How many bytes it has.
    pub size: u64,
    /// The bytes themselves.
    pub bytes: &'a mut dyn Read,
}

/// One file being sent.
struct Upload<'a> {
    handle: &'a Handle,
    upload: u64,
}

impl Handle {
    /// Sends a file to a room or a private conversation (`#room`, `@nick`),
    /// with a text that may be empty. Returns when the server has all of it.
    ///
    /// `progress` is called with the number of bytes that were sent, and of
    /// all bytes. If it returns `false`, the rest is not sent, and no member is
    /// told of the file.
    ///
    /// Call it on a thread of its own if this one takes the news: if they are not
    /// taken for long, the reading stops, and with it the answers.
    ///
    /// ```no_run
    /// # use roomful::client::{Client, Options};
    /// # let bot = Client::connect("127.0.0.1:7667", Options::default())?;
    /// let sent = bot.send_file("#lobby", "photo.jpg".as_ref(), "from the forest", |_, _| true)?;
    /// println!("it is file {}", sent.file);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - [`FileError::Local`], [`FileError::NoFile`]: it cannot be read, or is none.
    /// - [`FileError::Changed`]: it became shorter meanwhile.
    /// - [`FileError::Asked`]: the server refused it, or the connection was lost. If that
    ///   happens at the very end, the file may be there; `files` tells.
    /// - [`FileError::Broken`]: the connection for the file broke, and broke again when the file was sent once more.
    /// - [`FileError::Stopped`]: `progress` returned `false`.
    pub fn send_file(
        &self,
        place: &str,
        path: &Path,
        text: &str,
        mut progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<Sent, FileError> {
        let local = |error| FileError::Local { path: path.to_owned(), error };
        // Opening a pipe would wait for a program at its other end.
        if !path.metadata().map_err(local)?.is_file() {
            return Err(FileError::NoFile(path.to_owned()));
        }
        let mut file = File::open(path).map_err(local)?;
        let size = file.metadata().map_err(local)?.len();
        let name = file_name(&path.file_name().unwrap_or_default().to_string_lossy());
        let mut send = || {
            file.rewind().map_err(local)?;
            self.send_from(place, Source { name: &name, size, bytes: &mut file }, text, &mut progress)
        };
        let sent = match send() {
            // Nobody was told of it, so it can be sent once more.
            Err(FileError::Broken(_)) => send(),
            sent => sent,
        };
        match sent {
            Err(FileError::Local { error, .. }) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(FileError::Changed(path.to_owned()))
            }
            Err(FileError::Local { error, .. }) => Err(local(error)),
            other => other,
        }
    }

    /// Sends a file out of `source`, otherwise as [`Handle::send_file`]. If its
    /// bytes cannot be read, the error has its name as path.
    ///
    /// # Errors
    /// As [`Handle::send_file`]; but what is lost is not sent once more.
    pub fn send_from(
        &self,
        place: &str,
        source: Source<'_>,
        text: &str,
        mut progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<Sent, FileError> {
        let size = source.size;
        let offer = [("room", place.into()), ("name", source.name.into()), ("size", size.into())];
        let Done::Offer { upload, url } = self.ask("offer", &offer, PATIENCE)? else {
            return Err(FileError::Damaged);
        };
        let sending = Upload { handle: self, upload };
        let sent = sending.bytes(&url, source, &mut progress);
        let sent = sent.and_then(|sha256| sending.finish(&sha256, text, size));
        if sent.is_err() {
            sending.cancel();
        }
        sent
    }
}

impl Upload<'_> {
    /// Sends all bytes, and waits until the server has stored them. Returns their hash.
    fn bytes(
        &self,
        url: &str,
        Source { name, size, bytes }: Source<'_>,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<String, FileError> {
        let local = |error| FileError::Local { path: name.into(), error };
        let mut hash = Sha256::new();
        let mut buffer = vec![0; PIECE];
        let mut request = self.handle.request_file("PUT", url, &[("Content-Length", size.to_string())])?;
        let mut sent = 0;
        let mut broken = None;
        while sent < size && broken.is_none() {
            if !progress(sent, size) {
                return Err(FileError::Stopped);
            }
            let count = usize::try_from(size - sent).unwrap_or(usize::MAX).min(PIECE);
            bytes.read_exact(&mut buffer[..count]).map_err(local)?;
            hash.update(&buffer[..count]);
            broken = request.send(&buffer[..count]).err();
            sent += count as u64;
        }
        // If the server took no more, it may have said why.
        let mut answer = request.answer().map_err(|error| broken.unwrap_or(error))?;
        if answer.status != 201 {
            return Err(FileError::Refused(answer.sentence()?));
        }
        let sum = hex(&hash.finalize());
        let told: Value = serde_json::from_str(&answer.body()?).unwrap_or_default();
        if told["sha256"] != *sum || told["size"] != size {
            return Err(FileError::Damaged);
        }
        progress(size, size);
        Ok(sum)
    }

    fn finish(&self, sha256: &str, text: &str, size: u64) -> Result<Sent, FileError> {
        let text = Some(text).filter(|text| !text.is_empty());
        let fields = [("upload", self.upload.into()), ("sha256", sha256.into()), ("text", text.into())];
        match self.handle.ask("finish", &fields, PATIENCE)? {
            Done::Finish { room, seq, file, .. } => Ok(Sent { room: room.to_string(), seq, file, size }),
            _ => Err(FileError::Damaged),
        }
    }

    /// Tells the server that the rest does not come. If the connection is lost,
    /// the server finds out by itself.
    fn cancel(&self) {
        let fields = [("upload", self.upload.into())];
        if let Ok(tag) = self.handle.begin_asking("cancel", &fields) {
            self.handle.give_up(&tag);
        }
    }
}
