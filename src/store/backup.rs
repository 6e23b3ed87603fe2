//! A copy of the database while it is used, or while it is not. Knows nothing of what is in it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{StoreError, file, schema, settle, with_ending};

/// All pages in one step, and so all of one moment, however much is written meanwhile.
const ALL: i32 = -1;

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
    // Under its name there is only ever a whole copy, even if this process is killed.
    let half = with_ending(to, ".part");
    file(&half).map_err(|error| StoreError::io(&half, &error))?;
    let done = copy(path, &half).and_then(|()| publish(&half, to).map_err(|error| StoreError::io(to, &error)));
    if done.is_err() {
        for ending in ["", "-journal", "-wal", "-shm"] {
            // There may be none; and what cannot be removed says less than why there is no copy.
            let _ = fs::remove_file(with_ending(&half, ending));
        }
    }
    done
}

/// Copies, and looks whether the copy is whole.
fn copy(path: &Path, to: &Path) -> Result<(), StoreError> {
    let read = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let told = |error: rusqlite::Error| StoreError::sql(path, &error);
    let source = Connection::open_with_flags(path, read).map_err(told)?;
    settle(&source).map_err(told)?;
    if schema::version(&source, path, schema::MIGRATIONS)? == 0 {
        return Err(StoreError::Foreign(path.to_path_buf()));
    }
    let told = |error: rusqlite::Error| StoreError::sql(to, &error);
    let write = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(to, write).map_err(told)?;
    settle(&target).map_err(told)?;
    let step = Backup::new(&source, &mut target).map_err(told)?.step(ALL).map_err(told)?;
    if step != StepResult::Done {
        let what = "it was busy for too long".to_owned();
        return Err(StoreError::Io { path: path.to_path_buf(), what });
    }
    // One file, without a log beside it that would have to be moved with it.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(told)?;
    schema::version(&target, to, schema::MIGRATIONS)?;
    schema::check_thoroughly(&target, to)?;
    target.close().map_err(|(_, error)| told(error))
}

/// Gives the copy its name, if nothing else has got it meanwhile, and its size.
fn publish(half: &Path, to: &Path) -> io::Result<u64> {
    let copy = File::open(half)?;
    copy.sync_all()?;
    match fs::hard_link(half, to) {
        Ok(()) => fs::remove_file(half)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // Not every file system has links.
        Err(_) if to.exists() => return Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(half, to)?,
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(copy.metadata()?.len())
}
