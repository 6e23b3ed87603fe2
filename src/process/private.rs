//! Files, as far as systems differ: which users may read a file, which file a path leads to, whether its name is on the disk. Knows no contents.

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

#[cfg(unix)]
mod unix {
    use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
    use std::path::{Path, PathBuf};

    /// Whether a lock on a file stops only programs that ask for the lock.
    pub const LOCKS_ONLY_ADVISE: bool = true;

    /// Whether the system takes some names for devices or for parts of a file, as Windows does.
    pub const NAMES_HAVE_MEANINGS: bool = false;

    /// A file made so is for its owner alone. On Windows the rights of its folder hold.
    pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }

    /// Makes a folder for its owner alone, with the folders that it lies in. On Windows the
    /// rights of the folder that it lies in hold.
    ///
    /// # Errors
    /// Those of the system. It is no error if the folder is there.
    pub fn make_private_folder(path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    /// Gives a file made for a moment the rights of any new file.
    pub fn as_any_new_file<'a, 'b, 'c>(
        builder: &'c mut tempfile::Builder<'a, 'b>,
    ) -> &'c mut tempfile::Builder<'a, 'b> {
        builder.permissions(Permissions::from_mode(0o666))
    }

    /// Waits until the names in a folder are on the disk. Windows has no such call: there the
    /// file system's own log holds them.
    ///
    /// # Errors
    /// Those of the system.
    pub fn sync_folder(path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    /// Which file it is, whatever its name: its device and its number. On Windows
    /// all are the same, because an open database can be neither moved nor removed there.
    pub fn identity(found: &Metadata) -> (u64, u64) {
        (found.dev(), found.ino())
    }

    /// The path with all links resolved. On Windows as people write it: `C:\...`, not `\\?\C:\...`.
    ///
    /// # Errors
    /// Those of the system, such as that there is no such file.
    pub fn real_path(path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    /// How many names a file has; on Windows 1, because the system does not tell it of a path.
    pub fn names(found: &Metadata) -> u64 {
        found.nlink()
    }

    /// Whether no program uses a file that [`hold`] was called for.
    pub fn is_let_go(path: &Path) -> bool {
        File::open(path).is_ok_and(|file| file.try_lock().is_ok())
    }

    /// Tells [`is_let_go`] that the file is used until it is closed. On Windows being open tells it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn hold(file: &File) -> io::Result<()> {
        file.lock()
    }

    /// How many bytes the disk of a file can still take, if the system tells; Windows does not.
    pub fn free_bytes(path: &Path) -> Option<u64> {
        let free = rustix::fs::statvfs(path).ok()?;
        Some(free.f_bavail.saturating_mul(free.f_frsize))
    }
}

#[cfg(windows)]
#[allow(missing_docs, reason = "they are explained above")]
mod windows {
    use std::fs::{self, File, Metadata, OpenOptions};
    use std::io;
    use std::os::windows::fs::OpenOptionsExt;
    use std::path::{Path, PathBuf};

    pub const LOCKS_ONLY_ADVISE: bool = false;
    pub const NAMES_HAVE_MEANINGS: bool = true;

    pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub fn make_private_folder(path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    pub fn as_any_new_file<'a, 'b, 'c>(
        builder: &'c mut tempfile::Builder<'a, 'b>,
    ) -> &'c mut tempfile::Builder<'a, 'b> {
        builder
    }

    pub fn sync_folder(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub fn identity(_: &Metadata) -> (u64, u64) {
        (0, 0)
    }

    pub fn real_path(path: &Path) -> io::Result<PathBuf> {
        /// From this length on, only the longer way to write a path is taken by each program.
        const LONG: usize = 260;
        let real = fs::canonicalize(path)?;
        let short = real.to_str().and_then(|real| real.strip_prefix(r"\\?\")).map(PathBuf::from);
        // What is not on a drive, such as a folder of another machine, cannot be written shorter.
        let is_on_drive = |short: &PathBuf| short.to_string_lossy().get(1..3) == Some(r":\");
        Ok(short.filter(|short| short.as_os_str().len() < LONG && is_on_drive(short)).unwrap_or(real))
    }

    pub fn names(_: &Metadata) -> u64 {
        1
    }

    pub fn is_let_go(path: &Path) -> bool {
        // Shared with nobody: this fails if any program has it open.
        OpenOptions::new().read(true).share_mode(0).open(path).is_ok()
    }

    pub fn hold(_: &File) -> io::Result<()> {
        Ok(())
    }

    pub fn free_bytes(_: &Path) -> Option<u64> {
        None
    }
}
