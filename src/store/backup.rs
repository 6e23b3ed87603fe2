//! Copies the database, also while a server uses it, and before its tables are changed. Knows nothing of its contents.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;

use super::claim::{folder_of, has_one_name, is_for_a_file, with_ending};
use super::{StoreError, schema, settle};
use crate::process::private::{hold, is_let_go, sync_folder};

/// All pages in one step, so that the copy is of one moment, no matter what is written meanwhile.
const ALL: i32 = -1;

/// The ending of an unfinished copy's name, and the number of random letters before it.
const HALF: &str = ".part";
const LETTERS: usize = 6;

/// Copies the database at `path`, as it is at this moment, to the new file `to`,
/// checks the copy, and returns its size in bytes. A server that uses the database
/// continues meanwhile.
///
/// # Errors
/// A [`StoreError`]; then there is no copy, not even half of one.
pub fn backup(path: &Path, to: &Path) -> Result<u64, StoreError> {
    if path.is_dir() {
        return Err(StoreError::IsFolder(path.to_path_buf()));
    }
    if !path.exists() {
        return Err(StoreError::Missing(path.to_path_buf()));
    }
    is_for_a_file(to)?;
    if to.exists() {
        return Err(StoreError::Exists(to.to_path_buf()));
    }
    has_one_name(path, &fs::metadata(path).map_err(|error| StoreError::io(path, &error))?)?;
    let told = |error: &io::Error| StoreError::io(to, error);
    let Some(name) = to.file_name() else { return Err(StoreError::Exists(to.to_path_buf())) };
    let begins = format!("{}.", name.to_string_lossy());
    clear(folder_of(to), &begins);
    // Only a whole copy gets the name, even if this process is killed.
    let half = tempfile::Builder::new().prefix(&begins).rand_bytes(LETTERS).suffix(HALF).tempfile_in(folder_of(to));
    let half = half.map_err(|error| told(&error))?;
    // The lock tells other backups that this file is not left over from a backup that was killed.
    hold(half.as_file()).map_err(|error| told(&error))?;
    let done = copy(path, half.path());
    for ending in ["-journal", "-wal", "-shm"] {
        // If everything went well, there is no such file.
        let _ = fs::remove_file(with_ending(half.path(), ending));
    }
    done.and_then(|()| publish(half, to).map_err(|error| told(&error)))
}

/// Copies the database before it is brought to version `known`, to a file beside it with
/// its version `found` in the name; there is one copy of each version. The operator is told
/// what is returned.
///
/// # Errors
/// A [`StoreError`]. It is none if the disk has no room for a copy, because the file itself may grow even so.
pub(super) fn before_upgrade(
    path: &Path,
    (found, known): (u32, usize),
    free: Option<u64>,
) -> Result<String, StoreError> {
    let to = with_ending(path, &format!(".v{found}"));
    let size = |ending: &str| fs::metadata(with_ending(path, ending)).map_or(0, |found| found.len());
    // What changes the tables needs room, too, and no more than they have.
    let needed = 2 * (size("") + size("-wal"));
    let copied = match free {
        _ if to.exists() => format!("{} is there already and is not made anew", to.display()),
        Some(free) if free < needed => {
            format!("no copy of it was made, because its disk has {free} bytes left, and {needed} are needed")
        }
        _ => match backup(path, &to) {
            Ok(_) => format!("as it was before, it is in {}", to.display()),
            Err(StoreError::Full(_)) => "no copy of it was made, because its disk is full".to_owned(),
            Err(error) => return Err(error),
        },
    };
    Ok(format!("the database {} is brought from version {found} to {known}; {copied}", path.display()))
}

/// Removes the unfinished files of backups to the same name that were killed. A file
/// that cannot be removed does no harm, because no name is used twice.
fn clear(folder: &Path, begins: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let letters = name.to_str().and_then(|name| name.strip_prefix(begins)?.strip_suffix(HALF));
        if letters.is_none_or(|letters| letters.len() != LETTERS || !letters.chars().all(char::is_alphanumeric)) {
            continue;
        }
        if is_let_go(&entry.path()) {
            let _ = fs::remove_file(entry.path());
            let _ = fs::remove_file(with_ending(&entry.path(), "-journal"));
        }
    }
}

/// Copies the database, and checks the copy.
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

/// Gives the copy its name, unless another file has got that name meanwhile; returns its size.
fn publish(half: NamedTempFile, to: &Path) -> io::Result<u64> {
    half.as_file().sync_all()?;
    let copy = match half.persist_noclobber(to) {
        Ok(copy) => copy,
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists || to.exists() => return Err(failed.error),
        // Some file systems cannot refuse to replace a file.
        Err(failed) => failed.file.persist(to)?,
    };
    sync_folder(folder_of(to))?;
    Ok(copy.metadata()?.len())
}
