//! A copy of the database while it is used, or while it is not. Knows nothing of what is in it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;

use super::claim::{folder_of, has_one_name, with_ending};
use super::{StoreError, schema, settle};

/// All pages in one step, and so all of one moment, however much is written meanwhile.
const ALL: i32 = -1;

/// How the name of a copy ends while it is being made, and how many random letters stand before that.
const HALF: &str = ".part";
const LETTERS: usize = 6;

/// Copies the database at `path`, as it is at this moment, to the new file
/// `to`, checks the copy, and gives its size in bytes. A server that uses the
/// database goes on with its work.
///
/// # Errors
/// A [`StoreError`], and then there is no copy, not even half of one.
pub fn backup(path: &Path, to: &Path) -> Result<u64, StoreError> {
    if path.is_dir() {
        return Err(StoreError::IsFolder(path.to_path_buf()));
    }
    if !path.exists() {
        return Err(StoreError::Missing(path.to_path_buf()));
    }
    if to.exists() {
        return Err(StoreError::Exists(to.to_path_buf()));
    }
    has_one_name(path, &fs::metadata(path).map_err(|error| StoreError::io(path, &error))?)?;
    let told = |error: &io::Error| StoreError::io(to, error);
    let Some(name) = to.file_name() else { return Err(StoreError::Exists(to.to_path_buf())) };
    let begins = format!("{}.", name.to_string_lossy());
    clear(folder_of(to), &begins);
    // Under its name there is only ever a whole copy, even if this process is killed.
    let half = tempfile::Builder::new().prefix(&begins).rand_bytes(LETTERS).suffix(HALF).tempfile_in(folder_of(to));
    let half = half.map_err(|error| told(&error))?;
    // While it is locked it is not taken for one that was left behind.
    half.as_file().lock().map_err(|error| told(&error))?;
    let done = copy(path, half.path());
    for ending in ["-journal", "-wal", "-shm"] {
        // There is none, if all went well.
        let _ = fs::remove_file(with_ending(half.path(), ending));
    }
    done.and_then(|()| publish(half, to).map_err(|error| told(&error)))
}

/// Removes what backups to the same name left behind when they were killed.
/// What cannot be removed does no harm: no name is used twice.
fn clear(folder: &Path, begins: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let letters = name.to_str().and_then(|name| name.strip_prefix(begins)?.strip_suffix(HALF));
        if letters.is_none_or(|letters| letters.len() != LETTERS || !letters.chars().all(char::is_alphanumeric)) {
            continue;
        }
        let Ok(half) = File::open(entry.path()) else { continue };
        if half.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
            let _ = fs::remove_file(with_ending(&entry.path(), "-journal"));
        }
    }
}

/// Copies, and looks whether the copy is whole.
fn copy(path: &Path, to: &Path) -> Result<(), StoreError> {
    let read = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let told = StoreError::at(path);
    let source = Connection::open_with_flags(path, read).map_err(&told)?;
    settle(&source).map_err(&told)?;
    if schema::version(&source, path, schema::MIGRATIONS)? == 0 {
        return Err(StoreError::Foreign(path.to_path_buf()));
    }
    let told = StoreError::at(to);
    let write = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(to, write).map_err(&told)?;
    settle(&target).map_err(&told)?;
    let step = Backup::new(&source, &mut target).map_err(&told)?.step(ALL).map_err(&told)?;
    if step != StepResult::Done {
        let what = "it was busy for too long".to_owned();
        return Err(StoreError::Io { path: path.to_path_buf(), what });
    }
    // One file, without a log beside it that would have to be moved with it.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(&told)?;
    schema::version(&target, to, schema::MIGRATIONS)?;
    schema::check_thoroughly(&target, to)?;
    target.close().map_err(|(_, error)| told(error))
}

/// Gives the copy its name, if nothing else has got it meanwhile, and its size.
fn publish(half: NamedTempFile, to: &Path) -> io::Result<u64> {
    half.as_file().sync_all()?;
    let copy = match half.persist_noclobber(to) {
        Ok(copy) => copy,
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists || to.exists() => return Err(failed.error),
        // Not every file system can give a name only if it is free.
        Err(failed) => failed.file.persist(to)?,
    };
    File::open(folder_of(to))?.sync_all()?;
    Ok(copy.metadata()?.len())
}
