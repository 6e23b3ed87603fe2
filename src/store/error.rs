//! Why something could not be kept or read, in sentences that say what to do. Knows no SQL and nothing of what is kept.

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
    /// There is something where a backup was to be written.
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
    /// Nobody reads any more: the server is stopping.
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

    /// What `error` of SQLite means for the file at `path`.
    pub(super) fn sql(path: &Path, error: &rusqlite::Error) -> StoreError {
        let path = path.to_path_buf();
        let what = error.to_string();
        let code = match error {
            // So FTS5 says that what it finds in its own tables means nothing.
            rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code == ffi::SQLITE_CORRUPT_VTAB => {
                return StoreError::Index(path);
            }
            // And so, with no code of its own, where it does not know how to read them.
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
        match self {
            StoreError::NoFolder(path) => {
                write!(
                    f,
                    "there is no folder for the database {}: make the folder, or name another path",
                    path.display()
                )
            }
            StoreError::IsFolder(path) => {
                write!(f, "{} is a folder: name a file in it for the database", path.display())
            }
            StoreError::Denied(path) => {
                let path = path.display();
                write!(
                    f,
                    "the database {path}, or its folder, may not be written to: change its permissions, or name another path"
                )
            }
            StoreError::Missing(path) => {
                write!(f, "there is no database {}: name the one that the server uses", path.display())
            }
            StoreError::InUse(path) => {
                let path = path.display();
                write!(f, "another server uses the database {path}: stop it, or give this one a database of its own")
            }
            StoreError::Linked(path) => {
                let path = path.display();
                write!(
                    f,
                    "the database {path} has more names than one (hard links), and its log belongs to one of them: \
                     start with the name it was last used by, after the others are removed"
                )
            }
            StoreError::Displaced(path) => {
                let path = path.display();
                write!(
                    f,
                    "{path} was moved or removed while the server uses it: move it back, or stop the server and \
                     restore a backup"
                )
            }
            StoreError::Foreign(path) => {
                let path = path.display();
                write!(
                    f,
                    "{path} is not a database of this program, or its beginning is damaged: name another path, \
                     move that file away, or restore a backup made with `chat-server backup`"
                )
            }
            StoreError::Newer { path, found, known } => {
                let path = path.display();
                write!(
                    f,
                    "the database {path} has version {found}, and this program knows versions up to {known}: \
                     use a newer program, or restore an older backup"
                )
            }
            StoreError::Damaged { path, what } => {
                let path = path.display();
                write!(
                    f,
                    "the database {path} is damaged ({what}): restore a backup made with `chat-server backup`, \
                     or move the file away to begin with an empty one"
                )
            }
            StoreError::Index(path) => {
                let path = path.display();
                write!(f, "the index of words in the database {path} is damaged, and is made anew from the messages")
            }
            StoreError::Full(path) => write!(f, "there is no room left for the database {}: make some", path.display()),
            StoreError::Exists(path) => {
                write!(f, "{} is there already and is not overwritten: name another path, or remove it", path.display())
            }
            StoreError::Io { path, what } => {
                write!(
                    f,
                    "the database {} cannot be read or written ({what}): look at the disk, and at who else uses the file",
                    path.display()
                )
            }
            StoreError::Busy(time) => {
                write!(f, "too many read at once, and no turn came within {} s: try again later", time.as_secs())
            }
            StoreError::TookTooLong(time) => {
                write!(
                    f,
                    "reading took longer than {} s and was ended: ask for less, or allow more time",
                    time.as_secs()
                )
            }
            StoreError::Stopped => write!(f, "nothing is read any more: the server is stopping"),
            StoreError::Refused { path, what } => write!(f, "the database {} refused: {what}", path.display()),
        }
    }
}

impl std::error::Error for StoreError {}
