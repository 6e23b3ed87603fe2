//! `chat-lab watch`: shows from outside what each thread of any program waits for. Knows the command line and the clock; what is seen comes from `kernel`.

pub mod events;
pub mod lanes;
mod lines;
pub mod picture;
pub mod screen;

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use clap::{ArgGroup, Args};
use signal_hook::low_level::emulate_default_handler;

use crate::check::profile::SIGTERM;
use crate::check::program::{Plan, Program, command};
use crate::kernel::sockets;
use crate::kernel::threads::{Observer, State, Thread};
use events::{Event, Events};
use lanes::Lanes;
use lines::Lines;
use screen::Screen;

/// How often the threads are looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How often the picture is drawn anew.
const DRAW: Duration = Duration::from_millis(200);
/// Of many threads a look takes long. The next one comes after so many times that, but not later than the other says.
const REST: u32 = 9;
const LONGEST: Duration = Duration::from_secs(1);

/// One of PID, --port and --command says what is watched.
#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true)))]
pub struct WatchArgs {
    /// The process to watch.
    #[arg(value_name = "PID", group = "what")]
    pid: Option<i32>,
    /// The process that listens on this port.
    #[arg(long, group = "what")]
    port: Option<u16>,
    /// Start this program, and stop it at the end. `{port}` and $PORT are a free port, unless a port stands in the command.
    #[arg(long, value_name = "COMMAND", group = "what")]
    command: Option<String>,
    /// End after so many seconds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: Option<u64>,
}

/// What is watched.
struct Subject {
    pid: i32,
    /// Such as `python3 server.py 41823`.
    title: String,
    program: Option<Program>,
}

/// Where it is shown.
enum Show {
    Picture(Screen),
    Lines(Lines),
}

/// Why the watching ended.
enum End {
    /// Asked for by a key, by --seconds, or by a reader that is gone.
    Wanted,
    Signal(i32),
    /// The process is not there any more.
    Ended,
}

/// Watches until it is told to stop, or the process has ended.
///
/// # Errors
/// A sentence that says why nothing can be seen.
pub fn run(args: &WatchArgs) -> Result<()> {
    let mut events = Events::listen().context("cannot take care of signals")?;
    let mut subject = Subject::find(args)?;
    let until = args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut show = if screen::is_possible() { Show::Picture(Screen::take()?) } else { Show::Lines(Lines::new()) };
    let ended = watch(&mut subject, &mut show, &mut events, until);
    // The terminal is given back before anything is said on it, and before the program is waited for.
    drop(show);
    let (said, title) = (subject.said(), subject.title.clone());
    drop(subject);
    match ended? {
        End::Wanted => Ok(()),
        End::Signal(signal) => Ok(emulate_default_handler(signal)?),
        End::Ended => {
            let said: String = said.iter().map(|line| format!("\n  {line}")).collect();
            crate::print(&format!("{title} has ended{said}\n"))
        }
    }
}

fn watch(subject: &mut Subject, show: &mut Show, events: &mut Events, until: Option<Instant>) -> Result<End> {
    let mut observer = Observer::new(subject.pid);
    let mut lanes = Lanes::new(Instant::now());
    let mut drawn: Option<Instant> = None;
    loop {
        let now = Instant::now();
        match observer.look() {
            Ok(threads) if is_alive(&threads) => lanes.see(threads, now),
            Err(error) if lanes.is_empty() => return Err(error.into()),
            _ => return Ok(End::Ended),
        }
        if until.is_some_and(|until| now >= until) {
            return Ok(End::Wanted);
        }
        match show {
            Show::Lines(lines) => {
                if !lines.tell(subject, &lanes, now) {
                    return Ok(End::Wanted);
                }
            }
            Show::Picture(screen) => {
                if drawn.is_none_or(|drawn| now - drawn >= DRAW) {
                    drawn = Some(now);
                    lanes.ask_queues(&observer);
                    screen.draw(|columns, rows| picture::rows(subject, &lanes, now, (columns, rows)));
                }
            }
        }
        let next = now + (now.elapsed() * REST).clamp(LOOK, LONGEST);
        let next = until.map_or(next, |until| next.min(until));
        while let Some(event) = events.wait(next, matches!(show, Show::Picture(_)))? {
            match (event, &mut *show) {
                (Event::End, _) => return Ok(End::Wanted),
                (Event::Signal(signal), _) => return Ok(End::Signal(signal)),
                (Event::Suspend, Show::Picture(screen)) => screen.suspend(),
                (Event::GoesOn, Show::Picture(screen)) => screen.take_back(),
                (Event::Enter, _) | (Event::Suspend | Event::GoesOn, Show::Lines(_)) => {}
            }
            drawn = None;
        }
    }
}

/// A process that has ended, and whose parent does not know yet, still has its first thread.
fn is_alive(threads: &[Thread]) -> bool {
    threads.iter().any(|thread| thread.state != State::Ended)
}

impl Subject {
    fn find(args: &WatchArgs) -> Result<Subject> {
        if let Some(command) = &args.command {
            return Subject::start(command);
        }
        let pid = match (args.pid, args.port) {
            (Some(pid), _) => pid,
            (None, Some(port)) => {
                let holder = sockets::holder(port);
                holder.map(|(pid, _)| pid).ok_or_else(|| {
                    anyhow!("no process listens on port {port}, or it belongs to another user: give its PID")
                })?
            }
            (None, None) => bail!("what is to be watched? Give a PID, --port or --command"),
        };
        Ok(Subject { pid, title: title(pid), program: None })
    }

    fn start(line: &str) -> Result<Subject> {
        let words = command::split(line).map_err(|why| anyhow!(why))?;
        // Without `{port}` the last number is the port that it will take, as in `server.py 7000`; if there is none, it reads $PORT.
        let fixed = words.iter().rev().find_map(|word| word.parse().ok());
        let port = if line.contains("{port}") { None } else { fixed };
        let plan = Plan { words, port, stop_by: SIGTERM.to_owned(), patience: 1.0 };
        let program = Program::start(&plan).map_err(|why| anyhow!("{why}"))?;
        let pid = program.pid();
        Ok(Subject { pid, title: title(pid), program: Some(program) })
    }

    /// What the program has printed, if it was started here.
    fn said(&self) -> Vec<String> {
        self.program.as_ref().map(Program::said).unwrap_or_default()
    }
}

/// The words with which a process was started: the first without its folder.
fn title(pid: i32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).replace('\0', " ").replace(|letter: char| letter.is_control(), "?");
    let line = line.trim_end();
    let first = line.split(' ').next().unwrap_or_default();
    let words = line.get(first.rfind('/').map_or(0, |at| at + 1)..).unwrap_or(line);
    if words.is_empty() { format!("process {pid}") } else { words.to_owned() }
}
