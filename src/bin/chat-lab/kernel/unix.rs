//! Unix: how a program is started, asked to end, and killed with all that it has started. Knows no rule and no checker.

use std::fs::{self, File};
use std::io::{self, stdin};
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus, getpid, getrlimit, kill_process, kill_process_group,
    setrlimit, test_kill_process_group, wait,
};
use rustix::stdio::{dup2_stderr, dup2_stdout};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXCPU};
use signal_hook::{flag, low_level};

use super::{Limits, adopt, family, unblock_signals};

/// What the checker and its guard talk over. The kernel closes it when one of them ends, even after SIGKILL.
pub type Line = UnixStream;

/// Whether a program can be asked by a signal to end.
pub const HAS_SIGTERM: bool = true;
/// Whether a stroke to the left takes the meaning from the next letter of a command line.
pub const ESCAPES: bool = true;
/// Programs have no ending in their names.
pub const ENDINGS: [&str; 1] = [""];
/// The number of the error if a file is no program for this machine.
pub const NO_PROGRAM: i32 = Errno::NOEXEC.raw_os_error();

/// How often it is looked whether a process group has ended, if this process is not told.
const LOOK: Duration = Duration::from_millis(50);

/// Both ends of a line.
///
/// # Errors
/// Those of the system.
pub fn pair() -> io::Result<(Line, Line)> {
    UnixStream::pair()
}

/// Starts `chat-lab guard` for this program, with a line to it.
///
/// # Errors
/// Those of the system.
pub fn start_guard(words: impl Iterator<Item = String>, port: u16) -> io::Result<(Child, Line)> {
    let (line, theirs) = pair()?;
    let mut guard = Command::new(ourselves());
    guard.arg0("chat-lab").args(["guard", "--"]).args(words).env("PORT", port.to_string()).process_group(0);
    let guard = guard.stdin(OwnedFd::from(theirs)).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    Ok((guard, line))
}

/// The guard's end of the line: its standard input.
///
/// # Errors
/// Those of the system.
pub fn line_to_checker(_: Option<u16>) -> io::Result<Line> {
    stdin().as_fd().try_clone_to_owned().map(UnixStream::from)
}

/// A program and all that it has started. It lives in the guard.
#[derive(Clone, Copy)]
pub struct Tree(Pid);

impl Tree {
    /// Starts a program; from now on the guard ends by the end of the program and of the checker, not by a signal.
    ///
    /// # Errors
    /// Those of the system, if no limits can be set; the inner ones, if the program cannot be started.
    pub fn start(command: &mut Command, limits: &Limits) -> io::Result<io::Result<(Tree, Child)>> {
        for (resource, most) in
            [(Resource::Cpu, limits.cpu), (Resource::Nofile, limits.descriptors), (Resource::Core, 0)]
        {
            let now = getrlimit(resource).maximum.unwrap_or(u64::MAX);
            // A second more, in which a program that takes SIGXCPU can say so.
            let hard = if resource == Resource::Cpu { most + 1 } else { most };
            setrlimit(resource, Rlimit { current: Some(most.min(now)), maximum: Some(hard.min(now)) })?;
        }
        adopt()?;
        unblock_signals()?;
        let child = match command.process_group(0).spawn() {
            Ok(child) => child,
            Err(error) => return Ok(Err(error)),
        };
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            flag::register(signal, Arc::default())?;
        }
        // The end of the program's output must be seen as its end.
        let nothing = File::options().write(true).open("/dev/null")?;
        dup2_stdout(&nothing)?;
        dup2_stderr(&nothing)?;
        Ok(Ok((Tree(Pid::from_child(&child)), child)))
    }

    /// Waits until nothing of it is left; `told` gets how the program itself ended.
    pub fn wait(self, _: Child, told: impl Fn(&str)) {
        loop {
            match wait(WaitOptions::empty()) {
                Ok(Some((pid, status))) if pid == self.0 => told(&how(status)),
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        // A system that brings no orphans here may still have some of them in the group.
        while test_kill_process_group(self.0).is_ok() {
            std::thread::park_timeout(LOOK);
        }
    }

    /// Asks the program to end.
    pub fn ask(self) {
        let _ = kill_process_group(self.0, Signal::TERM);
    }

    /// Asks it and all that it has started; whether they can be asked.
    pub fn ask_all(self) -> bool {
        self.signal_all(Signal::TERM);
        true
    }

    /// Kills all of it. What is started meanwhile is missed.
    pub fn kill_all(self) {
        self.signal_all(Signal::KILL);
    }

    fn signal_all(self, signal: Signal) {
        let _ = kill_process_group(self.0, signal);
        for pid in all().filter_map(Pid::from_raw) {
            // It may have ended meanwhile; until it was waited for, no other has its number.
            let _ = kill_process(pid, signal);
        }
    }

    /// Bytes of memory that the program has, or all of it has; 0 if this system does not tell.
    pub fn memory(self, all_of_it: bool) -> u64 {
        if all_of_it { all().map(family::memory).sum() } else { family::memory(self.0.as_raw_pid()) }
    }
}

fn all() -> impl Iterator<Item = i32> {
    family::descendants(getpid().as_raw_pid()).into_iter()
}

/// How a process ended.
fn how(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(number)) => {
            let name = low_level::signal_name(number).unwrap_or("unknown");
            let limit = if number == SIGXCPU { ": it used too much processor time" } else { "" };
            format!("signal {number} ({name}{limit})")
        }
        (None, None) => "in a way that is not known".to_owned(),
    }
}

/// Kills what a program has left in its process group, if its guard did not.
pub fn kill_group(pid: i32) {
    if let Some(group) = Pid::from_raw(pid) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Waits until a socket may have something to read; whether it may. Here the read itself can wait, because it is woken
/// when the socket is shut down.
pub fn may_read(_: &TcpStream) -> bool {
    true
}

/// Whether this error of a connection is the checker's own: it has too many files, or the system has no room.
pub fn is_used_up(error: &io::Error) -> bool {
    let own = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::AGAIN];
    own.iter().any(|own| error.raw_os_error() == Some(own.raw_os_error()))
}

/// This program; on Linux also if its file was replaced.
pub fn ourselves() -> PathBuf {
    let linux = Path::new("/proc/self/exe");
    if linux.exists() { linux.to_owned() } else { std::env::current_exe().unwrap_or_else(|_| "chat-lab".into()) }
}

/// Whether this file can be run.
pub fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// What makes a file executable, to stand after another advice.
pub fn make_executable(name: &str) -> String {
    format!(", or do chmod +x {name} first")
}
