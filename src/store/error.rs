//! The errors of the database, in sentences that say what to do. Knows no SQL and nothing of the records.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{ErrorCode, ffi};

/// Trouble with the database file. Each carries the path it is about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder of the database is not there.
    #[error("there is no folder for the database {}: make the folder, or name another path", .0.display())]
    NoFolder(PathBuf),
    /// The path is a folder.
    #[error("{} is a folder: name a file in it for the database", .0.display())]
    IsFolder(PathBuf),
    /// The file, or its folder, may not be read or written.
    #[error(
        "the database {}, or its folder, may not be written to: change its permissions, or name another path",
        .0.display()
    )]
    Denied(PathBuf),
    /// There is no such file.
    #[error("there is no database {}: name the one that the server uses", .0.display())]
    Missing(PathBuf),
    /// Another server has it open.
    #[error("another server uses the database {}: stop it, or give this one a database of its own", .0.display())]
    InUse(PathBuf),
    /// It has more names than one.
    #[error(
        "the database {} has more names than one (hard links), and its log belongs to one of them: \
         start with the name it was last used by, after the others are removed",
        .0.display()
    )]
    Linked(PathBuf),
    /// It was moved or removed while it was used.
    #[error(
        "{} was moved or removed while the server uses it: move it back, or stop the server and restore a backup",
        .0.display()
    )]
    Displaced(PathBuf),
    /// It is no database, or that of another program.
    #[error(
        "{} is not a database of this program, or its beginning is damaged: name another path, \
         move that file away, or restore a backup made with `chat-server backup`",
        .0.display()
    )]
    Foreign(PathBuf),
    /// A newer version of the program has written it.
    #[error(
        "the database {} has version {found}, and this program knows versions up to {known}: \
         use a newer program, or restore an older backup",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// What is in it cannot be right.
    #[error(
        "the database {} is damaged ({what}): restore a backup made with `chat-server backup`, \
         or move the file away to begin with an empty one",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The index of words cannot be right; the messages are not in it.
    #[error("the index of words in the database {} is damaged, and is made anew from the messages", .0.display())]
    Index(PathBuf),
    /// There is no room left.
    #[error("there is no room left for the database {}: make some", .0.display())]
    Full(PathBuf),
    /// The path of a backup is taken.
    #[error("{} is there already and is not overwritten: name another path, or remove it", .0.display())]
    Exists(PathBuf),
    /// The system would take the name for something else than a file.
    #[error("{}: {flaw}", path.display())]
    BadName {
        /// Where it was to be.
        path: PathBuf,
        /// What is wrong with it.
        flaw: &'static str,
    },
    /// The system did not read or write.
    #[error(
        "the database {} cannot be read or written ({what}): look at the disk, and at who else uses the file",
        path.display()
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        what: String,
    },
    /// No turn to read came in this time: too many others read.
    #[error("too many read at once, and no turn came within {} s: try again later", .0.as_secs())]
    Busy(Duration),
    /// The read took longer than this and was ended.
    #[error("reading took longer than {} s and was ended: ask for less, or allow more time", .0.as_secs())]
    TookTooLong(Duration),
    /// Nothing is read any more: the server is stopping.
    #[error("nothing is read any more: the server is stopping")]
    Stopped,
    /// SQLite refused for a reason that has no name here.
    #[error("the database {} refused: {what}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        what: String,
    },
}

impl StoreError {
    /// Whether the same may succeed later: if there is room again, or if the disk is
    /// back or may be written to.
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
            | StoreError::BadName { .. }
            | StoreError::Stopped
            | StoreError::Refused { .. } => false,
        }
    }

    /// Whether something in the file cannot be right.
    pub fn is_damage(&self) -> bool {
        matches!(self, StoreError::Damaged { .. } | StoreError::Index(_) | StoreError::Foreign(_))
    }

    /// Turns errors of SQLite about the file at `path` into store errors, for `map_err`.
    pub(super) fn at(path: &Path) -> impl Fn(rusqlite::Error) -> StoreError {
        move |error| StoreError::sql(path, &error)
    }

    /// Turns an error of SQLite about the file at `path` into a store error.
    pub(super) fn sql(path: &Path, error: &rusqlite::Error) -> StoreError {
        let path = path.to_path_buf();
        let what = error.to_string();
        let code = match error {
            // FTS5 says so if it cannot make sense of its own tables.
            rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code == ffi::SQLITE_CORRUPT_VTAB => {
                return StoreError::Index(path);
            }
            // It says so, without a code of its own, if it does not know their format.
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

    /// Turns an error of the system about the file at `path` into a store error.
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
