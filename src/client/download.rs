//! Fetching a file: asks where it is, reads it over HTTP, goes on where a broken connection left off, checks it, and only then gives it its name. Knows no screen.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Handle;
use super::error::{AskError, FileError};
use super::folder::{Part, target};
use super::upload::{PATIENCE, PIECE};
use crate::answer::Done;
use crate::error::{ChatError, Code};
use crate::model::FileInfo;
use crate::wire::hex;

/// So many connections may break without a byte of the file, one after another.
const TRIES: usize = 3;

/// One file being fetched.
struct Download<'a> {
    handle: &'a Handle,
    info: Arc<FileInfo>,
    /// Where it is; another place after each login.
    url: Arc<str>,
    part: Part,
    hash: Sha256,
    /// How many bytes have come.
    got: u64,
}

impl Handle {
    /// Fetches the file with the number `file`, and saves it. If `path` is a
    /// folder, the file is saved there; else `path` is its name. Without a `path`
    /// it is saved in the present folder. No other file is overwritten: the new
    /// one is then called `photo (2).jpg`. Returns the file and its path.
    ///
    /// If the connection breaks, the rest is fetched over another one.
    ///
    /// `progress` is called with the number of bytes that have come. If it
    /// returns `false`, the rest is not fetched, and the part is removed. News
    /// must be taken meanwhile, as with [`Handle::send_file`].
    ///
    /// # Errors
    /// - [`FileError::Asked`]: there is no such file, or the connection was lost.
    /// - [`FileError::Broken`]: the connection for the file broke again and again.
    /// - [`FileError::Local`]: it could not be written.
    /// - [`FileError::Damaged`]: what came has another size or hash than the server said.
    /// - [`FileError::Stopped`]: `progress` returned `false`.
    pub fn get_file(
        &self,
        file: u64,
        path: Option<&Path>,
        mut progress: impl FnMut(&FileInfo, u64) -> bool,
    ) -> Result<(Arc<FileInfo>, PathBuf), FileError> {
        let (info, url) = self.place_of(file)?;
        let (folder, name) = target(path, &info.name).map_err(|error| local(path.unwrap_or(Path::new(".")), error))?;
        let part = Part::new(&folder).map_err(|error| local(&folder, error))?;
        let mut download = Download { handle: self, info, url, part, hash: Sha256::new(), got: 0 };
        download.all(&folder, &mut progress)?;
        let Download { info, part, hash, .. } = download;
        if !hex(&hash.finalize()).eq_ignore_ascii_case(&info.sha256) {
            return Err(FileError::Damaged);
        }
        let path = part.keep(&folder, &name).map_err(|error| local(&folder.join(&name), error))?;
        Ok((info, path))
    }

    /// What a file is, and the path where it is fetched.
    fn place_of(&self, file: u64) -> Result<(Arc<FileInfo>, Arc<str>), FileError> {
        match self.ask("get", &[("file", file.into())], PATIENCE)? {
            Done::Get { info, url } => Ok((info, url)),
            _ => Err(FileError::Damaged),
        }
    }
}

fn local(path: &Path, error: io::Error) -> FileError {
    FileError::Local { path: path.to_owned(), error }
}

impl Download<'_> {
    /// Fetches all of it, over as many connections as that takes.
    fn all(&mut self, folder: &Path, progress: &mut dyn FnMut(&FileInfo, u64) -> bool) -> Result<(), FileError> {
        let mut tries = 0;
        loop {
            let before = self.got;
            let broken = match self.rest(folder, progress) {
                Err(broken @ FileError::Broken(_)) => broken,
                other => return other,
            };
            tries = if self.got > before { 1 } else { tries + 1 };
            if tries >= TRIES {
                return Err(broken);
            }
            // The chat may have lost its connection as well; after it, the old place is none any more.
            self.handle.wait(PATIENCE, |state| state.connected || state.end.is_some());
            let (info, url) = self.handle.place_of(self.info.file)?;
            if info.size != self.info.size || info.sha256 != self.info.sha256 {
                return Err(FileError::Damaged);
            }
            self.url = url;
        }
    }

    /// Fetches what is missing, over one connection.
    fn rest(&mut self, folder: &Path, progress: &mut dyn FnMut(&FileInfo, u64) -> bool) -> Result<(), FileError> {
        let mut fields = Vec::new();
        if self.got > 0 {
            fields.push(("Range", format!("bytes={}-", self.got)));
            fields.push(("If-Range", format!("\"{}\"", self.info.sha256)));
        }
        let mut answer = self.handle.request_file("GET", &self.url, &fields)?.answer()?;
        match (answer.status, answer.range) {
            (200, _) if self.got == 0 => {}
            // The server begins anew, and so does the file here.
            (200, _) => {
                self.part.clear().map_err(|error| local(folder, error))?;
                (self.hash, self.got) = (Sha256::new(), 0);
            }
            (206, Some((first, size))) if first == self.got && size == self.info.size => {}
            (206, _) => return Err(FileError::Damaged),
            (404, _) => {
                let (code, text) = (Code::NoSuchFile, ChatError::NoSuchFile(self.info.file).to_string());
                return Err(AskError::Refused { code, text }.into());
            }
            _ => return Err(FileError::Refused(answer.sentence()?)),
        }
        let mut buffer = vec![0; PIECE];
        while self.got < self.info.size {
            let count = answer.read(&mut buffer)?;
            if count == 0 || self.got + count as u64 > self.info.size {
                return Err(FileError::Damaged);
            }
            self.hash.update(&buffer[..count]);
            self.part.write(&buffer[..count]).map_err(|error| local(folder, error))?;
            self.got += count as u64;
            if !progress(&self.info, self.got) {
                return Err(FileError::Stopped);
            }
        }
        if self.info.size == 0 && !progress(&self.info, 0) {
            return Err(FileError::Stopped);
        }
        Ok(())
    }
}
