//! A process between the checker and the program: `chat-lab guard -- COMMAND`, for the checker's own use. It sets the limits, and when the checker ends, however it ends, nothing of the program is left. Knows no rule and no system.
//!
//! It has a line to the checker, on which both send lines of text. The system closes it when the checker ends, however
//! that happens: this is why no signal needs a handler there.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::process::{self, ChildStdin, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;

use crate::check::program::command;
use crate::kernel::{Limits, Line, Tree, line_to_checker};

/// Processor time of a program in seconds, with which it is told (SIGXCPU) and then killed, and its descriptors.
const LIMITS: Limits = Limits { cpu: 120, descriptors: 1024 };
/// Memory of a program and its children, in bytes.
pub const MEMORY: u64 = 1 << 30;
/// After it was asked to end a program may take this long, then it is killed.
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
    /// The port at which the checker waits, where the standard input is no line to it.
    #[arg(long)]
    line: Option<u16>,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    words: Vec<String>,
}

/// Starts the program, does what the checker says, and ends when nothing of the program is left.
///
/// # Errors
/// When there is no line to a checker, because it is started by hand.
pub fn run(args: &GuardArgs) -> Result<ExitCode> {
    const BY_HAND: &str = "guard is for the checker's own use: see chat-lab check --help";
    let checker = Arc::new(line_to_checker(args.line).context(BY_HAND)?);
    checker.set_read_timeout(Some(LOOK)).context(BY_HAND)?;
    let (name, arguments) = args.words.split_first().context("the command is empty")?;
    let mut command = Command::new(name);
    let started = Tree::start(command.args(arguments).stdin(Stdio::piped()), &LIMITS).context("cannot set limits")?;
    let (tree, mut child) = match started {
        Ok(started) => started,
        Err(error) => {
            tell(&checker, &format!("cannot {}", command::refused(name, &error)));
            return Ok(ExitCode::FAILURE);
        }
    };
    tell(&checker, &format!("pid {}", child.id()));
    let (stdin, tree) = (child.stdin.take(), Arc::new(tree));
    let (reaped, told) = (Arc::clone(&tree), Arc::clone(&checker));
    let reap = move || {
        reaped.wait(child, |how| tell(&told, &format!("ended {how}")));
        process::exit(0);
    };
    thread::Builder::new().name("reaper".to_owned()).spawn(reap)?;
    Guard { tree, stdin, checker, until: None, looks: 0 }.stand()
}

fn tell(checker: &Line, line: &str) {
    // A checker that has ended is noticed when it is read from.
    let _ = (&*checker).write_all(format!("{line}\n").as_bytes());
}

struct Guard {
    tree: Arc<Tree>,
    stdin: Option<ChildStdin>,
    checker: Arc<Line>,
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
                Ok(0) => return Ok(self.sweep()),
                Ok(_) => {
                    if self.is_last(line.trim_end_matches('\n')) {
                        return Ok(self.sweep());
                    }
                    line.clear();
                }
                // What came of a line stays in it.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Ok(self.sweep()),
            }
            if self.until.is_some_and(|until| Instant::now() >= until) {
                return Ok(self.sweep());
            }
            self.watch_memory();
        }
    }

    /// Does what the checker says; whether that is to kill.
    fn is_last(&mut self, line: &str) -> bool {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("stop", _) => self.tree.ask(),
            ("say", text) => {
                if let Some(stdin) = &mut self.stdin {
                    let _ = stdin.write_all(format!("{text}\n").as_bytes());
                }
            }
            ("end", _) => {
                self.until = Some(Instant::now() + GRACE);
                return !self.tree.ask_all();
            }
            _ => return true,
        }
        false
    }

    fn watch_memory(&mut self) {
        self.looks = self.looks.wrapping_add(1);
        if self.tree.memory(self.looks.is_multiple_of(10)) > MEMORY {
            tell(&self.checker, "memory");
            self.tree.kill_all();
        }
    }

    /// Kills everything until nothing is left: then the reaper ends this process.
    fn sweep(&self) -> ExitCode {
        let until = Instant::now() + SWEEPING;
        while Instant::now() < until {
            self.tree.kill_all();
            thread::park_timeout(SWEEP);
        }
        ExitCode::FAILURE
    }
}
