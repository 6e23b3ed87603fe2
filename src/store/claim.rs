//! Claims a database file for one server at a time, no matter by which path, and checks that the file is still in its place. Knows no SQL.
//!
//! Two locks refuse a second server. One is on a file beside the database
//! (`roomful.db.lock`): beside the file itself, not beside a link to it. The other
//! is on the database, because one file can have two paths. It is a `flock` lock
//! and SQLite's locks are `fcntl` locks, so neither sees the other. But closing any
//! descriptor of a file drops all `fcntl` locks that the process has on it. So this
//! descriptor is open for as long as SQLite uses the file.
//!
//! Windows has only the first. A lock on the database would stop SQLite, too. Its paths
//! are resolved to one, except for hard links, which nobody makes of a database.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::StoreError;
use crate::names::file_name_flaw;
use crate::process::private::{self, LOCKS_ONLY_ADVISE, NAMES_HAVE_MEANINGS, private};

/// The files of a running database: its own, the log, and the index of the log.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// The claim on a database file. Dropping it gives the claim up.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    /// Whether a reader has found the index of words damaged.
    suspect: AtomicBool,
    _database: File,
    _beside: File,
}

/// The identity of the files, without their names: device and number of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Files([(u64, u64); ENDINGS.len()]);

impl Claim {
    /// Claims the file at `path`, and makes an empty one if there is none.
    pub fn take(path: &Path) -> Result<Claim, StoreError> {
        if path.is_dir() {
            return Err(StoreError::IsFolder(path.to_path_buf()));
        }
        is_for_a_file(path)?;
        let path = real(path)?;
        let told = |error: &io::Error| StoreError::io(&path, error);
        let mut own = OpenOptions::new();
        private(own.write(true));
        let beside = own.clone().create(true).truncate(false).open(with_ending(&path, ".lock"));
        let beside = beside.map_err(|error| told(&error))?;
        lock(&path, &beside)?;
        match own.create_new(true).open(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(told(&error)),
            _ => {}
        }
        has_one_name(&path, &fs::metadata(&path).map_err(|error| told(&error))?)?;
        let database = OpenOptions::new().read(true).write(true).open(&path).map_err(|error| told(&error))?;
        if LOCKS_ONLY_ADVISE && let Err(error) = lock(&path, &database) {
            // Closing it would drop the `fcntl` locks of another server in this process.
            std::mem::forget(database);
            return Err(error);
        }
        Ok(Claim { path, suspect: AtomicBool::new(false), _database: database, _beside: beside })
    }

    /// The path of the file, with no link in it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files under these names now. All of them exist after the first write.
    pub fn files(&self) -> Result<Files, StoreError> {
        let mut files = Files([(0, 0); ENDINGS.len()]);
        for (file, ending) in files.0.iter_mut().zip(ENDINGS) {
            let path = with_ending(&self.path, ending);
            *file = match fs::metadata(&path) {
                Ok(found) => private::identity(&found),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::Displaced(path)),
                Err(error) => return Err(StoreError::io(&path, &error)),
            };
        }
        Ok(files)
    }

    /// Checks that `files` still have their names. If a file has no name any more, all
    /// that is written to it is lost when it is closed.
    pub fn has(&self, files: &Files) -> Result<(), StoreError> {
        let found = self.files()?;
        match ENDINGS.iter().zip(found.0.iter().zip(&files.0)).find(|(_, (found, own))| found != own) {
            Some((ending, _)) => Err(StoreError::Displaced(with_ending(&self.path, ending))),
            None => Ok(()),
        }
    }

    /// Notes that a reader has found the index of words damaged.
    pub fn suspect_index(&self) {
        self.suspect.store(true, Ordering::Relaxed);
    }

    /// Whether a reader has found the index of words damaged since the last call.
    pub fn takes_suspicion(&self) -> bool {
        self.suspect.swap(false, Ordering::Relaxed)
    }
}

/// Refuses a name that is no file's on this system.
pub fn is_for_a_file(path: &Path) -> Result<(), StoreError> {
    let flaw = path.file_name().and_then(|name| file_name_flaw(&name.to_string_lossy()));
    match flaw.filter(|_| NAMES_HAVE_MEANINGS) {
        Some(flaw) => Err(StoreError::BadName { path: path.to_path_buf(), flaw }),
        None => Ok(()),
    }
}

/// Refuses a file with more than one name. SQLite puts the log beside one name; a
/// server that uses another name would miss the records in the log.
pub fn has_one_name(path: &Path, found: &Metadata) -> Result<(), StoreError> {
    if !found.is_file() {
        return Err(StoreError::Foreign(path.to_path_buf()));
    }
    if private::names(found) > 1 { Err(StoreError::Linked(path.to_path_buf())) } else { Ok(()) }
}

/// The path with all links resolved, also if there is no file yet.
fn real(path: &Path) -> Result<PathBuf, StoreError> {
    let told = |error: io::Error| StoreError::io(path, &error);
    match private::real_path(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found.map_err(told),
    }
    if fs::symlink_metadata(path).is_ok() {
        let what = "it is a link to a file that is not there".to_owned();
        return Err(StoreError::Io { path: path.to_path_buf(), what });
    }
    let Some(name) = path.file_name() else { return Err(StoreError::IsFolder(path.to_path_buf())) };
    Ok(private::real_path(folder_of(path)).map_err(told)?.join(name))
}

fn lock(path: &Path, file: &File) -> Result<(), StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(StoreError::io(path, &error)),
    }
}

/// The folder of a file.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `path` with `ending` appended to its name.
pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
