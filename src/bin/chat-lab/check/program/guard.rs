//! A process between the checker and the program: `chat-lab guard -- COMMAND`, for the checker's own use. It sets the limits, and when the checker ends, however it ends, nothing of the program is left. Knows no rule.
//!
//! Its standard input is a socket to the checker, on which both send lines. The kernel closes it when the
//! checker ends, even after SIGKILL: this is why no signal needs a handler there.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use anyhow::{Context, Result};
use clap::Args;
use nix::sys::signal::{SigSet, Signal as Named};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus, getpid, getrlimit, kill_process, kill_process_group,
    set_child_subreaper, setrlimit, wait,
};
use rustix::stdio::{dup2_stderr, dup2_stdout};

use crate::check::program::command;
use crate::kernel::family;

/// Processor time of a program, in seconds; with SIGXCPU it is told, then it is killed.
const CPU: u64 = 120;
/// Descriptors of a program.
const DESCRIPTORS: u64 = 1024;
/// Memory of a program and its children, in bytes.
pub const MEMORY: u64 = 1 << 30;
/// After SIGTERM a program may take this long, then it is killed.
pub const GRACE: Duration = Duration::from_secs(2);
/// How often its memory is looked at; that of its children at every tenth look.
const LOOK: Duration = Duration::from_millis(50);
/// How often its processes are killed until none is left.
const SWEEP: Duration = Duration::from_millis(5);
/// Processes that no signal ends (the disk) are left after this time.
const SWEEPING: Duration = Duration::from_secs(5);

/// The arguments of `chat-lab guard`.
#[derive(Args)]
pub struct GuardArgs {
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    words: Vec<String>,
}

/// Starts the program, does what the checker says, and ends when nothing of the program is left.
///
/// # Errors
/// When its standard input is no socket, because it is started by hand.
pub fn run(args: &GuardArgs) -> Result<ExitCode> {
    let checker = std::io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from)?;
    checker.set_read_timeout(Some(LOOK)).context("guard is for the checker's own use: see chat-lab check --help")?;
    let checker = Arc::new(checker);
    set_limits().context("cannot set limits")?;
    SigSet::empty().thread_set_mask()?;
    let (name, arguments) = args.words.split_first().context("the command is empty")?;
    let started = Command::new(name).args(arguments).stdin(Stdio::piped()).process_group(0).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            tell(&checker, &format!("cannot {}", command::refused(name, &error)));
            return Ok(ExitCode::FAILURE);
        }
    };
    // The guard ends by the end of the program and of the checker, not by a signal.
    SigSet::from_iter([Named::SIGTERM, Named::SIGINT, Named::SIGHUP]).thread_block()?;
    // The end of the program's output must be seen as its end.
    let nothing = fs::File::options().write(true).open("/dev/null")?;
    dup2_stdout(&nothing)?;
    dup2_stderr(&nothing)?;
    let pid = Pid::from_child(&child);
    tell(&checker, &format!("pid {pid}"));
    let reaper = Arc::clone(&checker);
    thread::Builder::new().name("reaper".to_owned()).spawn(move || reap(pid, &reaper))?;
    Guard { pid, stdin: child.stdin.take(), checker, until: None, looks: 0 }.stand()
}

fn set_limits() -> rustix::io::Result<()> {
    for (resource, most) in [(Resource::Cpu, CPU), (Resource::Nofile, DESCRIPTORS), (Resource::Core, 0)] {
        let now = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        // A second more, in which a program that takes SIGXCPU can say so.
        let hard = if resource == Resource::Cpu { most + 1 } else { most };
        setrlimit(resource, Rlimit { current: Some(most.min(now)), maximum: Some(hard.min(now)) })?;
    }
    // A process that leaves its parents becomes a child of the guard.
    set_child_subreaper(Some(getpid()))
}

fn tell(checker: &UnixStream, line: &str) {
    // A checker that has ended is noticed when it is read from.
    let _ = (&*checker).write_all(format!("{line}\n").as_bytes());
}

/// Waits for all processes; the guard ends with the last one.
fn reap(program: Pid, checker: &UnixStream) {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == program => tell(checker, &format!("ended {}", how(status))),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => process::exit(0),
        }
    }
}

/// How a process ended.
fn how(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(number)) => {
            let name = Named::try_from(number).map_or("unknown", Named::as_str);
            let limit = if number == Named::SIGXCPU as i32 { ": it used too much processor time" } else { "" };
            format!("signal {number} ({name}{limit})")
        }
        (None, None) => "in a way that is not known".to_owned(),
    }
}

struct Guard {
    pid: Pid,
    stdin: Option<ChildStdin>,
    checker: Arc<UnixStream>,
    /// When everything is killed, once the program was asked to end.
    until: Option<Instant>,
    looks: u32,
}

impl Guard {
    fn stand(mut self) -> Result<ExitCode> {
        let mut lines = BufReader::new(self.checker.try_clone()?);
        let mut line = String::new();
        loop {
            match lines.read_line(&mut line) {
                Ok(0) => return Ok(sweep()),
                Ok(_) => {
                    if self.is_last(line.trim_end_matches('\n')) {
                        return Ok(sweep());
                    }
                    line.clear();
                }
                // What came of a line stays in it.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Ok(sweep()),
            }
            if self.until.is_some_and(|until| Instant::now() >= until) {
                return Ok(sweep());
            }
            self.watch_memory();
        }
    }

    /// Does what the checker says; whether that is to kill.
    fn is_last(&mut self, line: &str) -> bool {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("stop", _) => {
                let _ = kill_process_group(self.pid, Signal::TERM);
            }
            ("say", text) => {
                if let Some(stdin) = &mut self.stdin {
                    let _ = stdin.write_all(format!("{text}\n").as_bytes());
                }
            }
            ("end", _) => {
                let _ = kill_process_group(self.pid, Signal::TERM);
                signal_all(Signal::TERM);
                self.until = Some(Instant::now() + GRACE);
            }
            _ => return true,
        }
        false
    }

    fn watch_memory(&mut self) {
        self.looks = self.looks.wrapping_add(1);
        let used: u64 = match self.looks % 10 {
            0 => all().map(family::memory).sum(),
            _ => family::memory(self.pid.as_raw_pid()),
        };
        if used > MEMORY {
            tell(&self.checker, "memory");
            signal_all(Signal::KILL);
        }
    }
}

fn all() -> impl Iterator<Item = i32> {
    family::descendants(getpid().as_raw_pid()).into_iter()
}

fn signal_all(signal: Signal) {
    for pid in all().filter_map(Pid::from_raw) {
        // It may have ended meanwhile; until the reaper has asked for it, no other has its number.
        let _ = kill_process(pid, signal);
    }
}

/// Kills everything until nothing is left: then the reaper ends this process.
fn sweep() -> ExitCode {
    let until = Instant::now() + SWEEPING;
    while Instant::now() < until {
        signal_all(Signal::KILL);
        thread::park_timeout(SWEEP);
    }
    ExitCode::FAILURE
}
