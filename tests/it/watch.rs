//! `chat-lab watch` on programs of which it is known what their threads wait for. Knows its lines and its picture, not how they are made.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use tempfile::TempDir;

use crate::check::compile;
use crate::client_support::{Screen, finish, one_at_a_time, signal};
use crate::support::eventually;

/// One thread writes to a connection of which nobody reads the other end, and has a lock meanwhile;
/// two wait for the lock; the first waits for the end of the one that writes.
const STUCK: &str = r#"
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::{env, thread};

fn main() -> std::io::Result<()> {
    let port = env::args().last().and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let mut to = TcpStream::connect(listener.local_addr()?)?;
    let lock = Arc::new(Mutex::new(()));
    let (has, had) = std::sync::mpsc::channel();
    let theirs = Arc::clone(&lock);
    let holder = thread::Builder::new().name("holder".into()).spawn(move || {
        let _guard = theirs.lock();
        let _ = has.send(());
        while to.write_all(&[b'x'; 65536]).is_ok() {}
    })?;
    let _ = had.recv();
    for name in ["waits-1", "waits-2"] {
        let lock = Arc::clone(&lock);
        thread::Builder::new().name(name.into()).spawn(move || drop(lock.lock()))?;
    }
    eprintln!("all of them wait");
    let _ = holder.join();
    Ok(())
}
"#;

const TOGETHER: &str = "waits-1 and waits-2 wait for the same lock (futex 0x";
const HOLDER: &str = "; probably holder has it, the only one that neither waits nor reads";

/// The program above, compiled once.
fn stuck() -> PathBuf {
    static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        compile(&folder, "stuck", STUCK);
        folder
    });
    FOLDER.path().join("stuck")
}

/// A program that is killed when the test ends.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Running {
        let guard = one_at_a_time();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        drop(guard);
        // For a moment it is not yet the program that it will be.
        eventually("its command line", || {
            fs::read(format!("/proc/{}/cmdline", child.id())).is_ok_and(|it| !it.is_empty())
        });
        Running(child)
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn watch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-lab"));
    command.arg("watch").args(arguments).env("TERM", "xterm-256color").env("NO_COLOR", "1");
    command
}

fn piped(arguments: &[&str]) -> Child {
    let _guard = one_at_a_time();
    watch(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Whether there is a process with this command line.
fn runs(words: &str) -> bool {
    let lines = fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    lines.into_iter().any(|line| String::from_utf8_lossy(&line).replace('\0', " ").trim_end() == words)
}

#[test]
fn a_program_that_sleeps_is_named_with_the_call_in_which_it_does() {
    let sleeper = Running::start(Command::new("sleep").arg("100"));
    let (code, out, err) = finish(piped(&[&sleeper.pid(), "--seconds", "1"]));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with(&format!("0.00  sleep 100 ({}) · 1 thread · 0.00 cores\n", sleeper.pid())), "{out}");
    assert!(out.contains("  main in clock_nanosleep\n"), "{out}");
}

#[test]
fn two_threads_at_one_lock_are_told_together_with_the_one_that_has_it_and_why_that_one_does_not_go_on() {
    let program = Running::start(&mut Command::new(stuck()));
    let mut child = piped(&[&program.pid(), "--seconds", "20"]);
    let mut wanted = vec![
        ["main waits for the end of holder", ""],
        ["holder in sendto(", " unread there for 1 s"],
        [TOGETHER, HOLDER],
    ];
    let mut seen = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        let bare = line.split_once("  ").map_or("", |(_, words)| words);
        wanted.retain(|[begins, ends]| !(bare.starts_with(begins) && bare.ends_with(ends)));
        seen.push_str(&(line + "\n"));
        if wanted.is_empty() {
            break;
        }
    }
    assert!(wanted.is_empty(), "not told: {wanted:?}\n{seen}");
    // Its reader is gone now.
    assert_eq!(finish(child).0, 0);
}

#[test]
fn the_watching_ends_with_the_process() {
    let sleeper = Running::start(Command::new("sleep").arg("1"));
    let (code, out, err) = finish(piped(&[&sleeper.pid()]));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.ends_with("\nsleep 1 has ended\n"), "{out}");
}

#[test]
fn what_cannot_be_watched_is_told_in_a_sentence() {
    let told = |arguments: &[&str]| {
        let (code, _, err) = finish(piped(arguments));
        (code, err)
    };
    let none = i32::MAX.to_string();
    assert_eq!(told(&[&none]), (1, format!("chat-lab: there is no process {none}\n")));
    let (code, err) = told(&["--port", "1"]);
    assert_eq!(code, 1);
    assert!(err.starts_with("chat-lab: no process listens on port 1, or "), "{err}");
    assert_eq!(told(&[]).0, 2);
    assert_eq!(told(&["1", "--port", "1"]).0, 2);
}

#[test]
fn a_program_that_was_started_to_be_watched_ends_with_the_watching() {
    let command = format!("{} {{port}}", stuck().display());
    let mut child = piped(&["--command", &command]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let title = line.strip_prefix("0.00  ").and_then(|line| line.split(" (").next()).unwrap();
    let port = title.strip_prefix("stuck ").unwrap_or_else(|| panic!("{line}"));
    let words = format!("{} {port}", stuck().display());
    assert!(runs(&words));
    signal(child.id(), "TERM");
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(finish(child).0, -1, "the signal itself ends it");
    assert!(!runs(&words));
}

#[test]
fn a_program_may_have_its_port_in_its_command() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let command = format!("{} {free}", stuck().display());
    let (code, out, err) = finish(piped(&["--command", &command, "--seconds", "1"]));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with(&format!("0.00  stuck {free} (")), "{out}");
}

#[test]
fn the_picture_has_a_summary_and_a_row_for_each_thread_and_q_ends_it() {
    let program = Running::start(&mut Command::new(stuck()));
    let mut screen = Screen::spawn(watch(&[&program.pid()]));
    screen.shows("2 wait for one lock");
    screen.until("the lanes", |text| {
        let row = |begins: &str, part: &str| text.lines().any(|row| row.starts_with(begins) && row.contains(part));
        row("main ", "waits for the end of holder")
            && row("holder ", "wwww")
            && row("holder ", "▓▓▓▓▓▓▓░ ")
            && row("waits-1 ", "LLLL")
            && row("waits-2 ", "futex 0x")
    });
    screen.shows("\nr reads  w writes  L lock");
    screen.types("q");
    let (code, text) = screen.ends();
    assert_eq!((code, text.trim()), (0, ""), "the screen of before, which was empty");
}

#[test]
fn on_a_small_screen_what_is_stuck_is_shown_and_the_others_are_counted() {
    let program = Running::start(&mut Command::new(stuck()));
    let mut screen = Screen::spawn(watch(&[&program.pid()]));
    screen.resize(24, 40);
    screen.until("all lanes", |text| text.contains("\nwaits-2 ") && text.contains("\nmain "));
    assert!(screen.rows().iter().all(|row| row.chars().count() <= 40));
    screen.resize(6, 40);
    screen.until("a count of the others", |text| {
        text.contains("\nholder ")
            && text.lines().last().is_some_and(|row| row.starts_with("and ") && row.contains(" in "))
    });
    screen.resize(1, 1);
    screen.resize(24, 80);
    screen.shows("waits-2 ");
    screen.types("\u{3}");
    assert_eq!(screen.ends().0, 0);
}

/// A shell puts nothing right by itself, so what is found is what the program left.
#[test]
fn whatever_ends_or_stops_the_picture_the_terminal_is_as_it_was_found() {
    let program = Running::start(&mut Command::new(stuck()));
    let mut command = Command::new("dash");
    command.arg("-i").env("PS1", "shell$ ").env("TERM", "xterm-256color").env("NO_COLOR", "1").env_remove("ENV");
    let mut shell = Screen::spawn(command);
    shell.prompts("shell$");
    let found = shell.modes();
    let start = format!("{} watch {}\r", env!("CARGO_BIN_EXE_chat-lab"), program.pid());
    for name in ["TERM", "HUP", "INT", "QUIT", "TSTP"] {
        shell.types(&start);
        shell.shows("2 wait for one lock");
        assert_ne!(shell.modes(), found);
        signal(shell.foreground().cast_unsigned(), name);
        shell.until(&format!("the shell after {name}"), |text| text.trim_end().ends_with("shell$"));
        assert_eq!(shell.modes(), found, "{name}");
    }
    shell.types("fg\r");
    shell.shows("2 wait for one lock");
    assert_ne!(shell.modes(), found);
    shell.types("\u{1a}");
    shell.until("the shell", |text| text.trim_end().ends_with("shell$"));
    assert_eq!(shell.modes(), found, "Ctrl-Z");
    shell.types("fg\r");
    shell.shows("2 wait for one lock");
    shell.types("q");
    shell.until("the shell", |text| text.trim_end().ends_with("shell$"));
    eventually("the modes of before", || shell.modes() == found);
}
