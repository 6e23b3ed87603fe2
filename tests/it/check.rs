//! `chat-lab check` and `chat-lab grade`, run as a teacher runs them. Knows the programs that are graded, and no rule.

/// Whole reports, compared with files.
mod golden;
/// Exit codes, reports for services, and a class.
mod reports;

use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::client_support::one_at_a_time;

/// A small server in Python for `plain`. Its second argument is a fault.
const SMALL: &str = include_str!("check/small.py");

/// The small server with this fault, and the folder in which it is; nothing without Python.
fn small() -> Option<(TempDir, String)> {
    if Command::new("python3").arg("--version").output().is_err() {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"there is no python3: this test does nothing\n");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("small.py");
    std::fs::write(&file, SMALL).unwrap();
    let command = format!("python3 {} {{port}}", file.display());
    Some((folder, command))
}

/// Begins `chat-lab` with these arguments, in this folder.
fn begin(folder: &Path, arguments: &[&str]) -> Child {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_chat-lab"));
    lab.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let guard = one_at_a_time();
    let child = lab.spawn().unwrap();
    drop(guard);
    child
}

/// The exit code, and what it printed to both outputs.
fn end(child: Child) -> (Option<i32>, String, String) {
    let done = child.wait_with_output().unwrap();
    (done.status.code(), String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
}

fn lab(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    end(begin(folder, arguments))
}
