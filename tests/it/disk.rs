//! The disk under the server program: copies that were killed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::client_support::finish;
use crate::server_support::{Program, keeping, server};

fn run(command: &mut Command) -> (i32, String, String) {
    finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

fn data() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    (folder, data)
}

/// README: a backup is checked, and nothing is ever overwritten.
#[test]
fn what_a_killed_backup_left_behind_is_in_no_other_backups_way() {
    let (folder, data) = data();
    assert_eq!(Program::spawn(&mut keeping(&data)).stop().code, Some(0));
    let left = ["monday.db.part", "monday.db.Ab3dE6.part", "monday.db.Ab3dE6.part-journal", "monday.db.own.part"];
    left.iter().for_each(|name| fs::write(folder.path().join(name), "half").unwrap());
    let copy = folder.path().join("monday.db");
    let (code, out, err) =
        run(server().env_remove("CHAT_SERVER_MEMORY").args(["backup", "--data"]).args([&data, &copy]));
    assert_eq!((code, &*err), (0, ""), "{out}");
    let mut names: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.starts_with("monday"));
    names.sort();
    let kept = ["monday.db", "monday.db.own.part", "monday.db.part"];
    assert_eq!(names, kept, "what only we can have left is removed, and nothing else");
}
