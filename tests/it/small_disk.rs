//! A server on a disk that is soon full: a file system in memory, in a mount namespace. Needs no rights if the system has namespaces for all users.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::server_support::{Program, with_database};

/// A server on a small file system of its own.
pub struct SmallDisk {
    pub program: Program,
    pub disk: Disk,
}

/// The file system. It is removed with this and the server.
pub struct Disk {
    held: File,
    _folder: TempDir,
}

impl SmallDisk {
    /// Nothing, if this system has no mount namespaces for us.
    pub fn start() -> Option<SmallDisk> {
        let namespaces = Command::new("unshare").args(["-rm", "true"]).stderr(Stdio::null()).status();
        if !namespaces.is_ok_and(|status| status.success()) {
            eprintln!("skipped: no mount namespace to be had for a small disk");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let server = with_database(&folder.path().join("roomful.db"));
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", r#"mount -t tmpfs -o size=4m none "$0" && exec "$@""#]);
        command.arg(folder.path()).arg(server.get_program()).args(server.get_args()).args(["--keep-patience", "1"]);
        for (name, value) in server.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let program = Program::spawn(command.stdin(Stdio::piped()));
        let root = PathBuf::from(format!("/proc/{}/root", program.id()));
        let held = File::open(root.join(folder.path().strip_prefix("/").unwrap())).unwrap();
        Some(SmallDisk { program, disk: Disk { held, _folder: folder } })
    }
}

impl Disk {
    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{name}", self.held.as_raw_fd()))
    }

    /// Leaves no byte free.
    pub fn fill(&self) {
        let mut file = File::create(self.path("filler")).unwrap();
        for size in [65_536, 4_096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    pub fn free(&self) {
        fs::remove_file(self.path("filler")).unwrap();
    }

    /// The database, on another disk.
    pub fn rescue(&self, to: &Path) {
        for ending in ["", "-wal"] {
            let name = format!("roomful.db{ending}");
            if self.path(&name).exists() {
                fs::copy(self.path(&name), to.join(&name)).unwrap();
            }
        }
    }
}
