//! `chat-lab check` and `chat-lab grade`, run as a teacher runs them. Knows the programs that are graded, and no rule.

/// Servers that send without end.
#[cfg(unix)] // a shell
mod floods;
/// Whole reports, compared with files.
#[cfg(unix)] // rustc
mod golden;
/// Broken servers and right ones: each breaks exactly its rules.
mod matrix;
/// One small change of a right server for each rule.
#[cfg(unix)] // rustc
mod mutants;
/// What every system can be asked.
mod portable;
/// Exit codes, reports for services, and a class.
#[cfg(unix)] // signals
mod reports;
/// Servers that no rule was written for.
#[cfg(unix)] // signals and /proc
mod strangers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{iter, thread};

use parking_lot::{Condvar, Mutex};
use tempfile::TempDir;

use crate::client_support::one_at_a_time;

/// A small server in Python for `plain`. Its second argument is a fault.
const SMALL: &str = include_str!("check/small.py");

/// Whether this machine has Python. If not, that is told.
pub fn has_python() -> bool {
    let version = Command::new("python3").arg("--version").output();
    let has_it = version.is_ok_and(|done| done.status.success());
    if !has_it {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"there is no python3: something is not tested\n");
    }
    has_it
}

/// The small server, and the folder in which it is; nothing without Python. A fault can be added to the command.
fn small() -> Option<(TempDir, String)> {
    if !has_python() {
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

/// What the checker said of one server.
pub struct Said {
    /// All that it printed.
    pub text: String,
    /// What each rule came to: `kept`, `BROKEN`, `not run`, `not asked` or `unsure`.
    pub verdicts: BTreeMap<String, String>,
}

impl Said {
    /// The rules that came to this, in order of their names.
    pub fn rules(&self, verdict: &str) -> Vec<&str> {
        let all = self.verdicts.iter().filter(|(_, own)| *own == verdict);
        all.map(|(rule, _)| rule.as_str()).collect()
    }
}

/// So many checkers run at once, whatever number of tests does. They wait half of their time.
const AT_ONCE: usize = 4;

/// Does this with each of them, several at once, because a checker mostly waits; what it gives, in no order.
pub fn each<T: Send, R: Send>(all: impl Iterator<Item = T> + Send, judge: impl Fn(T) -> R + Sync) -> Vec<R> {
    let all = Mutex::new(all);
    let next = || all.lock().next();
    thread::scope(|threads| {
        let work = || iter::from_fn(next).map(&judge).collect::<Vec<R>>();
        let workers = [(); AT_ONCE].map(|()| threads.spawn(work));
        workers.into_iter().flat_map(|worker| worker.join().expect("the answer of the checker")).collect()
    })
}

/// A turn to run a checker, until it is dropped.
struct Turn;

static TURNS: Mutex<usize> = Mutex::new(AT_ONCE);
static FREE: Condvar = Condvar::new();

impl Turn {
    fn take() -> Turn {
        let mut turns = TURNS.lock();
        FREE.wait_while(&mut turns, |turns| *turns == 0);
        *turns -= 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TURNS.lock() += 1;
        FREE.notify_one();
    }
}

/// Runs the checker.
pub fn check(args: &[&str]) -> Said {
    let turn = Turn::take();
    let (_, out, errors) = lab(Path::new("."), &[&["check"], args].concat());
    drop(turn);
    let verdicts = out.lines().filter_map(verdict).collect();
    Said { text: format!("{out}{errors}"), verdicts }
}

/// A line such as `  kept      start/listens   a client can connect`.
fn verdict(line: &str) -> Option<(String, String)> {
    let line = line.strip_prefix("  ")?;
    let verdict = ["kept", "BROKEN", "not run", "not asked", "unsure"].into_iter().find(|it| line.starts_with(it))?;
    let rule = line[verdict.len()..].split_whitespace().next()?;
    rule.contains('/').then(|| (rule.to_owned(), verdict.to_owned()))
}

/// All rules, as the checker lists them.
pub fn all_rules() -> Vec<String> {
    let (_, listed, _) = lab(Path::new("."), &["check", "--list"]);
    let words = listed.lines().filter_map(|line| line.split_whitespace().next());
    words.filter(|word| word.contains('/')).map(str::to_owned).collect()
}

/// Compiles a program that needs std alone; it lies in `folder`.
pub fn compile(folder: &TempDir, name: &str, source: &str) -> PathBuf {
    let file = folder.path().join(format!("{name}.rs"));
    let program = folder.path().join(name);
    std::fs::write(&file, source).expect("the file is written");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut rustc = Command::new(rustc);
    rustc.args(["--edition", "2024", "--cap-lints", "allow", "-C", "debuginfo=0", "-o"]).args([&program, &file]);
    let guard = one_at_a_time();
    let rustc = rustc.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("rustc runs");
    drop(guard);
    let done = rustc.wait_with_output().expect("rustc ends");
    assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    program
}

/// Compiles several servers into one program, whose first word says which one it is: to compile each alone takes most of
/// the time of a test. A server is a name of Rust and a source with `pub fn main`.
pub fn compile_all(folder: &TempDir, name: &str, servers: &[(String, String)]) -> PathBuf {
    let (mut modules, mut arms) = (String::new(), String::new());
    for (server, source) in servers {
        std::fs::write(folder.path().join(format!("{server}.rs")), source).expect("the file is written");
        modules.push_str(&format!("#[path = \"{server}.rs\"] mod {server};\n"));
        arms.push_str(&format!("        Some(\"{server}\") => {server}::main(),\n"));
    }
    let main = "fn main() -> std::io::Result<()> {\n    match std::env::args().nth(1).as_deref() {\n";
    compile(folder, name, &format!("{modules}{main}{arms}        _ => Ok(()),\n    }}\n}}\n"))
}

/// A file of this repository.
pub fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
