//! Files that come into a folder: under a clean name, never over another file, whole or not at all. Knows no connection.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf, is_separator};

use tempfile::{Builder, NamedTempFile};

use crate::names::{file_name, file_name_flaw, marked_file_name};
use crate::process::private::as_any_new_file;

/// Names that are tried for one file: `a.jpg`, `a (2).jpg` and so on.
const TRIES: u32 = 10_000;

/// `photo.jpg` the first time, then `photo (2).jpg`, `photo (3).jpg`.
fn numbered(name: &str, count: u32) -> String {
    if count == 1 { name.to_owned() } else { marked_file_name(name, &format!(" ({count})")) }
}

/// Where a file is saved: in the folder `path`, in the present one if there is
/// no `path`, or else under that very name.
///
/// # Errors
/// If that name could not be stored on every system.
pub(super) fn target(path: Option<&Path>, name: &str) -> io::Result<(PathBuf, String)> {
    let here = || PathBuf::from(".");
    let Some(path) = path else { return Ok((here(), file_name(name))) };
    let is_folder = path.is_dir() || path.to_string_lossy().ends_with(is_separator);
    let wanted = path.file_name().and_then(|name| name.to_str());
    match wanted {
        Some(wanted) if !is_folder => {
            if let Some(flaw) = file_name_flaw(wanted) {
                return Err(io::Error::new(io::ErrorKind::InvalidFilename, flaw));
            }
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok((folder.map_or_else(here, Path::to_owned), marked_file_name(wanted, "")))
        }
        _ => Ok((path.to_owned(), file_name(name))),
    }
}

/// A file that is still coming, under a name of its own. It is removed if it does not get its name.
#[derive(Debug)]
pub(super) struct Part(NamedTempFile);

impl Part {
    /// A new file in `folder`, with the permissions of any new file.
    pub fn new(folder: &Path) -> io::Result<Part> {
        as_any_new_file(Builder::new().prefix(".").suffix(".part")).tempfile_in(folder).map(Part)
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Removes all that was written.
    pub fn clear(&mut self) -> io::Result<()> {
        self.0.as_file().set_len(0)?;
        self.0.rewind()
    }

    /// Gives it its name, or one with a number if that is taken.
    pub fn keep(self, folder: &Path, name: &str) -> io::Result<PathBuf> {
        let mut part = self.0;
        part.as_file().sync_all()?;
        for count in 1..=TRIES {
            let wanted = folder.join(numbered(name, count));
            part = match part.persist_noclobber(&wanted) {
                Ok(_) => return Ok(wanted),
                Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => taken.file,
                // Not every file system can do that. An empty file of ours takes the name, and is moved over.
                Err(failed) => match File::create_new(&wanted) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => failed.file,
                    Err(error) => return Err(error),
                    Ok(_) => {
                        failed.file.persist(&wanted).inspect_err(|_| drop(fs::remove_file(&wanted)))?;
                        return Ok(wanted);
                    }
                },
            };
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder_or_hides() {
        for (name, clean) in [
            ("photo.jpg", "photo.jpg"),
            ("/etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("../..", "file"),
            ("...", "file"),
            ("", "file"),
            ("a/", "file"),
            (" .bashrc", "bashrc"),
            ("a\0b\n\u{1b}[2Jc", "ab[2Jc"),
            ("\u{202e}gpj.exe", "gpj.exe"),
            ("лыжи в лесу.png", "лыжи в лесу.png"),
        ] {
            assert_eq!(file_name(name), clean, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_letters_and_keeps_its_ending() {
        for name in ["ж".repeat(200) + ".jpeg", "x".repeat(256), format!("a.{}", "б".repeat(300))] {
            let clean = file_name(&name);
            assert!((252..=255).contains(&clean.len()), "{}", clean.len());
            assert!(numbered(&clean, 10_000).len() <= 255);
        }
        assert!(file_name(&("ж".repeat(200) + ".jpeg")).ends_with("ж.jpeg"));
        assert_eq!(file_name(&"x".repeat(255)).len(), 255);
    }

    fn save(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
        let mut part = Part::new(folder).unwrap();
        part.write(bytes).unwrap();
        part.keep(folder, name).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn no_file_is_ever_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("photo.jpg"), "mine").unwrap();
        assert!(save(folder.path(), "photo.jpg", b"2").ends_with("photo (2).jpg"));
        assert!(save(folder.path(), "photo.jpg", b"3").ends_with("photo (3).jpg"));
        assert!(save(folder.path(), "notes", b"n").ends_with("notes"));
        assert_eq!(fs::read(folder.path().join("photo.jpg")).unwrap(), b"mine");
        assert_eq!(fs::read(folder.path().join("photo (3).jpg")).unwrap(), b"3");
        let rights = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions();
        assert_eq!(rights("photo (3).jpg"), rights("photo.jpg"), "others may read it as any new file");
        assert_eq!(names(folder.path()), ["notes", "photo (2).jpg", "photo (3).jpg", "photo.jpg"]);
    }

    #[test]
    fn of_a_file_that_does_not_come_whole_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = Part::new(folder.path()).unwrap();
        part.write(b"half").unwrap();
        assert_eq!(names(folder.path()).len(), 1);
        drop(part);
        assert!(names(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_a_taken_name() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", folder.path().join("a.txt")).unwrap();
        assert!(save(folder.path(), "a.txt", b"x").ends_with("a (2).txt"));
    }

    #[test]
    fn a_path_is_a_folder_or_the_name_to_save_under() {
        let target = |path, name| target(path, name).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("other.jpg");
        assert_eq!(target(None, "../p.jpg"), (".".into(), "p.jpg".into()));
        assert_eq!(target(Some(folder.path()), ".p.jpg"), (folder.path().to_owned(), "p.jpg".into()));
        assert_eq!(target(Some(&inside), "p.jpg"), (folder.path().to_owned(), "other.jpg".into()));
        assert_eq!(target(Some(Path::new("x.jpg")), "p.jpg"), (".".into(), "x.jpg".into()));
        assert_eq!(target(Some(Path::new("..")), "p.jpg"), ("..".into(), "p.jpg".into()));
        assert_eq!(target(Some(Path::new("none/")), "p.jpg"), ("none/".into(), "p.jpg".into()));
    }

    #[test]
    fn a_name_that_some_system_cannot_store_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["nul", "con.txt", "a.txt:b", "a.", "a "] {
            let refusal = target(Some(&folder.path().join(name)), "p.jpg").unwrap_err();
            assert!(refusal.to_string().contains("Windows"), "{name}: {refusal}");
        }
    }
}
