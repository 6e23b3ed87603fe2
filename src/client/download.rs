//! Fetching a file: asks for its pieces, several at once, checks them, and only then gives it its name. Knows no screen.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::Handle;
use super::error::{AskError, FileError};
use super::folder::{Part, target};
use super::upload::{PATIENCE, WINDOW, hex};
use crate::answer::Done;
use crate::model::{FileInfo, Tag};

/// One file being fetched.
struct Download<'a> {
    handle: &'a Handle,
    file: u64,
    /// The pieces without an answer, each with its first byte.
    asked: VecDeque<(Tag, u64)>,
    /// How long the pieces are.
    piece: u64,
    /// The first byte of the next piece to ask for.
    next: u64,
}

impl Handle {
    /// Fetches the file with the number `file`, and saves it. If `path` is a
    /// folder, the file is saved there; else `path` is its name. Without a `path`
    /// it is saved in the present folder. No other file is overwritten: the new
    /// one is then called `photo (2).jpg`. Returns the file and its path.
    ///
    /// `progress` is called with the number of bytes that have come. If it
    /// returns `false`, the rest is not fetched, and the part is removed. News
    /// must be taken meanwhile, as with [`Handle::send_file`].
    ///
    /// # Errors
    /// - [`FileError::Asked`]: there is no such file, or the connection was lost.
    /// - [`FileError::Local`]: it could not be written.
    /// - [`FileError::Damaged`]: what came has another size or hash than the server said.
    /// - [`FileError::Stopped`]: `progress` returned `false`.
    pub fn get_file(
        &self,
        file: u64,
        path: Option<&Path>,
        mut progress: impl FnMut(&FileInfo, u64) -> bool,
    ) -> Result<(Arc<FileInfo>, PathBuf), FileError> {
        let mut download = Download { handle: self, file, asked: VecDeque::with_capacity(WINDOW), piece: 0, next: 0 };
        let got = download.run(path, &mut progress);
        download.give_up();
        got
    }
}

impl Download<'_> {
    fn run(
        &mut self,
        path: Option<&Path>,
        progress: &mut dyn FnMut(&FileInfo, u64) -> bool,
    ) -> Result<(Arc<FileInfo>, PathBuf), FileError> {
        // The first piece tells how large the pieces are.
        self.ask(0)?;
        let (info, _, mut bytes) = self.answer()?;
        let (folder, name) = target(path, &info.name);
        let local = |path: &Path, error: io::Error| FileError::Local { path: path.to_owned(), error };
        let mut part = Part::new(&folder).map_err(|error| local(&folder, error))?;
        let mut hash = Sha256::new();
        self.piece = bytes.len() as u64;
        self.next = self.piece;
        let mut got = 0;
        loop {
            got += bytes.len() as u64;
            if got > info.size || (bytes.is_empty() && got < info.size) {
                return Err(FileError::Damaged);
            }
            hash.update(&bytes);
            part.write(&bytes).map_err(|error| local(&folder, error))?;
            if !progress(&info, got) {
                return Err(FileError::Stopped);
            }
            if got == info.size {
                break;
            }
            bytes = self.piece_at(got, &info)?;
        }
        if !hex(&hash.finalize()).eq_ignore_ascii_case(&info.sha256) {
            return Err(FileError::Damaged);
        }
        let path = part.keep(&folder, &name).map_err(|error| local(&folder.join(&name), error))?;
        Ok((info, path))
    }

    /// The piece that begins at `got`. Asks for the pieces after it.
    fn piece_at(&mut self, got: u64, info: &FileInfo) -> Result<Vec<u8>, FileError> {
        loop {
            if self.asked.is_empty() {
                self.next = got;
            }
            while self.next < info.size && self.asked.len() < WINDOW {
                self.ask(self.next)?;
                self.next += self.piece;
            }
            let (other, offset, bytes) = self.answer()?;
            if other.size != info.size || other.sha256 != info.sha256 {
                return Err(FileError::Damaged);
            }
            if offset != got {
                continue;
            }
            // If a piece is shorter than the one before it, the pieces asked for after it begin at wrong bytes.
            let length = bytes.len() as u64;
            if length < self.piece && got + length < info.size {
                (self.piece, self.next) = (length.max(1), got + length);
                self.give_up();
            }
            return Ok(bytes);
        }
    }

    /// The pieces without an answer are not wanted any more.
    fn give_up(&mut self) {
        self.asked.drain(..).for_each(|(tag, _)| self.handle.give_up(&tag));
    }

    fn ask(&mut self, offset: u64) -> Result<(), AskError> {
        let tag = self.handle.begin_asking("get", &[("file", self.file.into()), ("offset", offset.into())])?;
        self.asked.push_back((tag, offset));
        Ok(())
    }

    /// The answer to the oldest question: the file, the first byte, and the bytes.
    fn answer(&mut self) -> Result<(Arc<FileInfo>, u64, Vec<u8>), FileError> {
        let (tag, asked) = self.asked.pop_front().ok_or(FileError::Damaged)?;
        match self.handle.answer_to(&tag, PATIENCE)? {
            Done::Get { info, offset, data } if offset == asked => {
                let bytes = BASE64.decode(data.as_bytes()).map_err(|_| FileError::Damaged)?;
                Ok((info, offset, bytes))
            }
            _ => Err(FileError::Damaged),
        }
    }
}
