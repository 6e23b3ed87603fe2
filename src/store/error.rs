//! Why something could not be stored or read, in sentences that say what to do. Knows no SQL and nothing of what is stored.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{ErrorCode, ffi};

/// Trouble with the database file. Each carries the path it is about.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder it is to lie in is not there.
    NoFolder(PathBuf),
    /// The path is a folder.
    IsFolder(PathBuf),
    /// The file, or its folder, may not be read or written.
    Denied(PathBuf),
    /// There is no such file.
    Missing(PathBuf),
    /// Another server has it open.
    InUse(PathBuf),
    /// It has more names than one.
    Linked(PathBuf),
    /// It was moved or removed while it was used.
    Displaced(PathBuf),
    /// It is no database, or that of another program.
    Foreign(PathBuf),
    /// A newer version of the program has written it.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// What is in it cannot be right.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The index of words cannot be right; the messages are not in it.
    Index(PathBuf),
    /// There is no room left.
    Full(PathBuf),
    /// The path of a backup is taken.
    Exists(PathBuf),
    /// The system would not read or write.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        what: String,
    },
    /// There was no turn to read in this time: too many others read.
    Busy(Duration),
    /// It took longer than this to read it, so it was ended.
    TookTooLong(Duration),
    /// No reads any more: the server is stopping.
    Stopped,
    /// SQLite refused for a reason that has no name here.
    Refused {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        what: String,
    },
}

impl StoreError {
    /// Whether the same may well succeed later: when there is room again, when
    /// the disk is back or may be written to.
    pub fn may_pass(&self) -> bool {
        match self {
            StoreError::Full(_) | StoreError::Io { .. } | StoreError::Denied(_) | StoreError::Displaced(_) => true,
            StoreError::Busy(_) | StoreError::TookTooLong(_) => true,
            StoreError::NoFolder(_)
            | StoreError::IsFolder(_)
            | StoreError::Missing(_)
            | StoreError::InUse(_)
            | StoreError::Linked(_)
            | StoreError::Foreign(_)
            | StoreError::Newer { .. }
            | StoreError::Damaged { .. }
            | StoreError::Index(_)
            | StoreError::Exists(_)
            | StoreError::Stopped
            | StoreError::Refused { .. } => false,
        }
    }

    /// Whether something in the file cannot be right.
    pub fn is_damage(&self) -> bool {
        matches!(self, StoreError::Damaged { .. } | StoreError::Index(_) | StoreError::Foreign(_))
    }

    /// What errors of SQLite mean for the file at `path`, for `map_err`.
    pub(super) fn at(path: &Path) -> impl Fn(rusqlite::Error) -> StoreError {
        move |error| StoreError::sql(path, &error)
    }

    /// What `error` of SQLite means for the file at `path`.
    pub(super) fn sql(path: &Path, error: &rusqlite::Error) -> StoreError {
        let path = path.to_path_buf();
        let what = error.to_string();
        let code = match error {
            // So FTS5 says that what it finds in its own tables means nothing.
            rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code == ffi::SQLITE_CORRUPT_VTAB => {
                return StoreError::Index(path);
            }
            // And so, with no code of its own, if it does not know how to read them.
            rusqlite::Error::SqliteFailure(_, Some(text)) if text.starts_with("invalid fts5 file format") => {
                return StoreError::Index(path);
            }
            rusqlite::Error::SqliteFailure(failure, _) => failure.code,
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => ErrorCode::DatabaseCorrupt,
            _ => ErrorCode::Unknown,
        };
        match code {
            ErrorCode::DiskFull => StoreError::Full(path),
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::Denied(path),
            ErrorCode::NotADatabase => StoreError::Foreign(path),
            ErrorCode::DatabaseCorrupt => StoreError::Damaged { path, what },
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed => StoreError::Io { path, what },
            _ => StoreError::Refused { path, what },
        }
    }

    /// What `error` of the system means for the file at `path`.
    pub(super) fn io(path: &Path, error: &io::Error) -> StoreError {
        let path = path.to_path_buf();
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StoreError::NoFolder(path),
            io::ErrorKind::IsADirectory => StoreError::IsFolder(path),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreError::Denied(path),
            io::ErrorKind::AlreadyExists => StoreError::Exists(path),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                StoreError::Full(path)
            }
            _ => StoreError::Io { path, what: error.to_string() },
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What stands before the path, and what comes after it.
        let (before, path, after): (&str, &Path, Cow<'_, str>) = match self {
            StoreError::NoFolder(path) => {
                ("there is no folder for the database ", path, ": make the folder, or name another path".into())
            }
            StoreError::IsFolder(path) => ("", path, " is a folder: name a file in it for the database".into()),
            StoreError::Denied(path) => ("the database ", path, DENIED.into()),
            StoreError::Missing(path) => ("there is no database ", path, ": name the one that the server uses".into()),
            StoreError::InUse(path) => ("another server uses the database ", path, IN_USE.into()),
            StoreError::Linked(path) => ("the database ", path, LINKED.into()),
            StoreError::Displaced(path) => ("", path, DISPLACED.into()),
            StoreError::Foreign(path) => ("", path, FOREIGN.into()),
            StoreError::Newer { path, found, known } => {
                let after = format!(" has version {found}, and this program knows versions up to {known}{NEWER}");
                ("the database ", path, after.into())
            }
            StoreError::Damaged { path, what } => {
                ("the database ", path, format!(" is damaged ({what}){DAMAGED}").into())
            }
            StoreError::Index(path) => ("the index of words in the database ", path, INDEX.into()),
            StoreError::Full(path) => ("there is no room left for the database ", path, ": make some".into()),
            StoreError::Exists(path) => ("", path, EXISTS.into()),
            StoreError::Io { path, what } => {
                ("the database ", path, format!(" cannot be read or written ({what}){IO}").into())
            }
            StoreError::Refused { path, what } => ("the database ", path, format!(" refused: {what}").into()),
            StoreError::Busy(time) => {
                let time = time.as_secs();
                return write!(f, "too many read at once, and no turn came within {time} s: try again later");
            }
            StoreError::TookTooLong(time) => {
                let time = time.as_secs();
                return write!(f, "reading took longer than {time} s and was ended: ask for less, or allow more time");
            }
            StoreError::Stopped => return f.write_str("nothing is read any more: the server is stopping"),
        };
        write!(f, "{before}{}{after}", path.display())
    }
}

const DENIED: &str = ", or its folder, may not be written to: change its permissions, or name another path";
const IN_USE: &str = ": stop it, or give this one a database of its own";
const LINKED: &str = " has more names than one (hard links), and its log belongs to one of them: \
    start with the name it was last used by, after the others are removed";
const DISPLACED: &str = " was moved or removed while the server uses it: move it back, or stop the server and \
    restore a backup";
const FOREIGN: &str = " is not a database of this program, or its beginning is damaged: name another path, \
    move that file away, or restore a backup made with `chat-server backup`";
const NEWER: &str = ": use a newer program, or restore an older backup";
const DAMAGED: &str =
    ": restore a backup made with `chat-server backup`, or move the file away to begin with an empty one";
const INDEX: &str = " is damaged, and is made anew from the messages";
const EXISTS: &str = " is there already and is not overwritten: name another path, or remove it";
const IO: &str = ": look at the disk, and at who else uses the file";

impl std::error::Error for StoreError {}
