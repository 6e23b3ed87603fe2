//! Sending a file: offers it, sends its pieces, several at once, and ends with its hash. Knows no screen.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Handle;
use super::error::{AskError, FileError};
use crate::answer::Done;
use crate::model::{Seq, Tag};
use crate::names::file_name;

/// Pieces of one file on the way at once.
pub(super) const WINDOW: usize = 8;

/// How long one answer about a file may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The largest piece sent, whatever the server takes.
const PIECE: usize = 64 << 10;

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
    /// The pieces without an answer, each with the first byte after it.
    sent: VecDeque<(Tag, u64)>,
}

impl Handle {
    /// Sends a file to a room or a private conversation (`#room`, `@nick`),
    /// with a text that may be empty. Returns when the server has all of it.
    ///
    /// `progress` is called with the number of bytes that the server has, and of
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
    /// - [`FileError::Stopped`]: `progress` returned `false`.
    pub fn send_file(
        &self,
        place: &str,
        path: &Path,
        text: &str,
        progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<Sent, FileError> {
        let local = |error| FileError::Local { path: path.to_owned(), error };
        // Opening a pipe would wait for a program at its other end.
        if !path.metadata().map_err(local)?.is_file() {
            return Err(FileError::NoFile(path.to_owned()));
        }
        let mut file = File::open(path).map_err(local)?;
        let size = file.metadata().map_err(local)?.len();
        let name = file_name(&path.file_name().unwrap_or_default().to_string_lossy());
        match self.send_from(place, Source { name: &name, size, bytes: &mut file }, text, progress) {
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
    /// As [`Handle::send_file`].
    pub fn send_from(
        &self,
        place: &str,
        source: Source<'_>,
        text: &str,
        mut progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<Sent, FileError> {
        let size = source.size;
        let offer = [("room", place.into()), ("name", source.name.into()), ("size", size.into())];
        let Done::Offer { upload, piece } = self.ask("offer", &offer, PATIENCE)? else {
            return Err(FileError::Damaged);
        };
        let mut sending = Upload { handle: self, upload, sent: VecDeque::with_capacity(WINDOW) };
        let sent = sending.pieces(piece.clamp(1, PIECE), source, &mut progress);
        let sent = sent.and_then(|sha256| sending.finish(&sha256, text, size));
        if sent.is_err() {
            sending.cancel();
        }
        sent
    }
}

impl Upload<'_> {
    /// Sends all pieces, and waits until the server has them. Returns their hash.
    fn pieces(
        &mut self,
        piece: usize,
        Source { name, size, bytes }: Source<'_>,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<String, FileError> {
        let local = |error| FileError::Local { path: name.into(), error };
        let mut hash = Sha256::new();
        let mut buffer = vec![0; piece];
        let (mut read, mut kept) = (0, 0);
        while kept < size || !self.sent.is_empty() {
            if !progress(kept, size) {
                return Err(FileError::Stopped);
            }
            while read < size && self.sent.len() < WINDOW {
                let count = usize::try_from(size - read).unwrap_or(usize::MAX).min(piece);
                bytes.read_exact(&mut buffer[..count]).map_err(local)?;
                hash.update(&buffer[..count]);
                self.send(read, &buffer[..count])?;
                read += count as u64;
            }
            let Some((tag, next)) = self.sent.pop_front() else { break };
            match self.handle.answer_to(&tag, PATIENCE)? {
                Done::Chunk { offset, .. } if offset == next => kept = next,
                _ => return Err(FileError::Damaged),
            }
        }
        progress(size, size);
        Ok(hex(&hash.finalize()))
    }

    fn send(&mut self, offset: u64, bytes: &[u8]) -> Result<(), AskError> {
        let data = Value::from(BASE64.encode(bytes));
        let fields = [("upload", self.upload.into()), ("offset", offset.into()), ("data", data)];
        let tag = self.handle.begin_asking("chunk", &fields)?;
        self.sent.push_back((tag, offset + bytes.len() as u64));
        Ok(())
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
    fn cancel(&mut self) {
        let fields = [("upload", self.upload.into())];
        self.sent.drain(..).for_each(|(tag, _)| self.handle.give_up(&tag));
        if let Ok(tag) = self.handle.begin_asking("cancel", &fields) {
            self.handle.give_up(&tag);
        }
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
