//! The program that is graded: started, watched, stopped, and cleaned up after. Knows no protocol.

pub mod command;
pub mod guard;
mod output;
mod port;

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::process::Child;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::check::profile::SIGTERM;
use crate::check::program::guard::{GRACE, MEMORY};
use crate::check::program::output::Output;
use crate::check::verdict::seconds;
use crate::kernel::{self, Line, family};

/// A program must take connections within this time.
pub const START: Duration = Duration::from_secs(10);
/// How often it is asked whether it listens.
const TRY: Duration = Duration::from_millis(10);
/// The guard may need this long for its part.
const GUARD: Duration = Duration::from_secs(6);
/// Output may come this long after the end of the program.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// The kernel closes the connections of a program that ends this long before its parent knows.
const MOMENT: Duration = Duration::from_millis(50);
/// So many of the last lines are told of a program that does not start.
const SAID: usize = 20;
/// Stands in their place if there is none.
const NOTHING: &str = "it printed nothing";

/// How to start it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program and its arguments; `{port}` is put in.
    pub words: Vec<String>,
    /// The port that it always takes, or none: a free one for each start.
    pub port: Option<u16>,
    /// `SIGTERM`, or a line for its standard input.
    pub stop_by: String,
    /// Deadlines are multiplied by this.
    pub patience: f64,
}

/// A program that runs below a guard, which cleans up.
#[derive(Debug)]
pub struct Program {
    plan: Plan,
    addr: SocketAddr,
    pid: i32,
    guard: Child,
    line: Arc<Line>,
    state: Arc<State>,
    output: Output,
    /// By a rule, so its end is no news.
    was_killed: bool,
}

/// What the guard has told.
#[derive(Debug, Default)]
struct State {
    fate: Mutex<Fate>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Fate {
    /// The process of the program, or why there is none.
    started: Option<Result<i32, String>>,
    /// How the program ended.
    ended: Option<String>,
    /// It was killed because of its memory.
    was_large: bool,
    /// The program and all its children have ended, and so has the guard.
    over: bool,
}

/// Kills the program, from any thread.
#[derive(Clone, Debug)]
pub struct Killer(Arc<Line>);

impl Killer {
    /// By the line to its guard.
    pub fn of(line: impl Into<Arc<Line>>) -> Killer {
        Killer(line.into())
    }

    /// Kills it and its children.
    pub fn kill(&self) {
        let _ = (&*self.0).write_all(b"kill\n");
    }
}

/// Why a program does not take connections.
#[derive(Clone, Debug)]
pub struct NoStart {
    /// In a sentence.
    pub told: String,
    /// The last lines that it printed.
    pub said: Vec<String>,
    /// It ran, and took no connection: that is its own fault. Otherwise it cannot be run, and nothing can be graded.
    pub ran: bool,
}

impl NoStart {
    /// In one line: the sentence, and the last line that it printed.
    pub fn brief(&self) -> String {
        match self.said.last() {
            Some(last) => format!("{}: {last}", self.told),
            None if self.ran => format!("{}: {NOTHING}", self.told),
            None => self.told.clone(),
        }
    }
}

impl From<String> for NoStart {
    fn from(told: String) -> Self {
        NoStart { told, said: Vec::new(), ran: false }
    }
}

/// What it printed stands below the sentence.
impl std::fmt::Display for NoStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.told)?;
        if self.ran && self.said.is_empty() {
            write!(f, "\n  {NOTHING}")?;
        }
        self.said.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for NoStart {}

impl Program {
    /// Starts it, and waits until it takes connections. If its port is still held by connections that the
    /// program before has closed, it is started once more when they are gone.
    ///
    /// # Errors
    /// A sentence that says why it does not start.
    pub fn start(plan: &Plan) -> Result<Program, NoStart> {
        match (Program::start_once(plan), plan.port) {
            (Err(_), Some(port)) if port::wait_for_old_connections(port) => Program::start_once(plan),
            (started, _) => started,
        }
    }

    fn start_once(plan: &Plan) -> Result<Program, NoStart> {
        let name = plan.words.first().ok_or_else(|| "the command is empty".to_owned())?;
        if let Some(trouble) = command::trouble(name) {
            return Err(trouble.into());
        }
        let port = match plan.port {
            Some(port) => port::fixed(port)?,
            None => port::free()?,
        };
        let trouble = |error: std::io::Error| format!("cannot start {name}: {error}");
        let words = plan.words.iter().map(|word| word.replace("{port}", &port.to_string()));
        let (mut guard, line) = kernel::start_guard(words, port).map_err(trouble)?;
        let output = Output::default();
        let (out, err) = (guard.stdout.take(), guard.stderr.take());
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let line = Arc::new(line);
        // From here on, an error drops the program, and this cleans up.
        let mut program = Program {
            plan: plan.clone(),
            addr,
            pid: 0,
            guard,
            line,
            state: Arc::default(),
            output: output.clone(),
            was_killed: false,
        };
        program.hear().map_err(trouble)?;
        out.map_or(Ok(()), |out| output.read(out)).map_err(trouble)?;
        err.map_or(Ok(()), |err| output.read(err)).map_err(trouble)?;
        program.wait_until_started()?;
        // An interpreter does not start faster when less patience is asked for.
        program.wait_until_ready(START.mul_f64(plan.patience.max(0.3)))?;
        Ok(program)
    }

    /// The same program once more, on the same port, and at once.
    ///
    /// # Errors
    /// As `start`, in one line.
    pub fn start_again(&self) -> Result<Program, String> {
        let plan = Plan { port: Some(self.addr.port()), ..self.plan.clone() };
        Program::start_once(&plan).map_err(|why| why.brief())
    }

    /// Stores what the guard tells.
    fn hear(&self) -> std::io::Result<()> {
        let (line, state) = (self.line.try_clone()?, Arc::clone(&self.state));
        let work = move || {
            for told in BufReader::new(line).lines().map_while(Result::ok) {
                let mut fate = state.fate.lock();
                match told.split_once(' ').unwrap_or((&told, "")) {
                    ("pid", pid) => fate.started = Some(pid.parse().map_err(|_| format!("no process: {pid}"))),
                    ("cannot", why) => fate.started = Some(Err(why.to_owned())),
                    ("ended", how) => fate.ended = Some(how.to_owned()),
                    _ => fate.was_large = true,
                }
                state.news.notify_all();
            }
            let mut fate = state.fate.lock();
            fate.over = true;
            fate.started.get_or_insert_with(|| Err("the guard of the program has ended".to_owned()));
            state.news.notify_all();
        };
        thread::Builder::new().name("guard".to_owned()).spawn(work).map(drop)
    }

    fn wait_until_started(&mut self) -> Result<(), String> {
        let until = Instant::now() + GUARD;
        let mut fate = self.state.fate.lock();
        while fate.started.is_none() {
            if self.state.news.wait_until(&mut fate, until).timed_out() {
                return Err("the machine is too busy to start a program".to_owned());
            }
        }
        self.pid = fate.started.clone().unwrap_or(Ok(0))?;
        Ok(())
    }

    fn wait_until_ready(&mut self, within: Duration) -> Result<(), NoStart> {
        let until = Instant::now() + within;
        while !self.wait_for_end(Instant::now() + TRY) {
            if let Some(pid) = family::listener(self.addr, self.guard.id() as i32) {
                // A script that starts the server is not what listens.
                self.pid = pid.unwrap_or(self.pid);
                return Ok(());
            }
            if Instant::now() >= until {
                let (addr, time) = (self.addr, seconds(within));
                let told = format!(
                    "the program takes no connection on {addr} within {time}: does it listen on the port that it is given?"
                );
                return Err(NoStart { told, said: self.last_words(), ran: true });
            }
        }
        let how = self.has_ended().unwrap_or_default();
        let missing = command::missing_file(&self.plan.words).map(|missing| format!(": {missing}"));
        let told = format!(
            "the program has ended before it took a connection, with {how}{}",
            missing.as_deref().unwrap_or_default()
        );
        Err(NoStart { told, said: self.last_words(), ran: missing.is_none() })
    }

    /// What it printed last.
    fn last_words(&self) -> Vec<String> {
        self.output.wait_for_end(LAST_WORDS);
        let mut lines = self.output.lines(None);
        lines.split_off(lines.len().saturating_sub(SAID))
    }

    /// Whether it and all its children have ended before this moment.
    fn wait_for_end(&self, until: Instant) -> bool {
        let mut fate = self.state.fate.lock();
        while !fate.over {
            if self.state.news.wait_until(&mut fate, until).timed_out() {
                return fate.over;
            }
        }
        true
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The process that listens.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The last lines that it printed.
    pub fn said(&self) -> Vec<String> {
        self.output.lines(None)
    }

    /// Those that it began to print after this moment.
    pub fn said_since(&self, since: Instant) -> Vec<String> {
        self.output.lines(Some(since))
    }

    /// How it ended, if it has: with its exit code, or the signal that ended it. If a script has
    /// started it in the background, the end of the script is not its end.
    pub fn has_ended(&self) -> Option<String> {
        let fate = self.state.fate.lock();
        let how = fate.ended.clone().unwrap_or_else(|| "an end that was not seen: its guard was killed".to_owned());
        (fate.over || fate.ended.as_ref().is_some_and(|how| how != "exit code 0")).then_some(how)
    }

    /// The same, if it ended by itself. The news may come a moment later than the end of its connections.
    pub fn ends_soon(&self) -> Option<String> {
        if self.was_killed {
            return None;
        }
        let until = Instant::now() + MOMENT;
        let mut fate = self.state.fate.lock();
        while fate.ended.is_none() && !self.state.news.wait_until(&mut fate, until).timed_out() {}
        drop(fate);
        self.has_ended()
    }

    /// What it was stopped for, if that is not what the rule is about.
    pub fn was_stopped_for(&self) -> Option<String> {
        let gib = MEMORY >> 30;
        self.state
            .fate
            .lock()
            .was_large
            .then(|| format!("the server took more than {gib} GiB of memory and was stopped"))
    }

    /// What can kill it from another thread.
    pub fn killer(&self) -> Killer {
        Killer::of(Arc::clone(&self.line))
    }

    /// Asks it to stop, as its operator does.
    pub fn ask_to_stop(&mut self) {
        if self.plan.stop_by == SIGTERM {
            self.tell("stop");
        } else {
            self.tell(&format!("say {}", self.plan.stop_by.replace('\n', " ")));
        }
    }

    fn tell(&self, order: &str) {
        // If the guard has ended, so has the program.
        let _ = (&*self.line).write_all(format!("{order}\n").as_bytes());
    }

    /// Whether it and all its children have ended within this time.
    pub fn ends(&mut self, within: Duration) -> bool {
        self.wait_for_end(Instant::now() + within)
    }

    /// Kills it and its children without a word.
    pub fn kill(&mut self) {
        self.was_killed = true;
        self.tell("kill");
        self.wait_for_end(Instant::now() + GUARD);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.tell("end");
        if !self.wait_for_end(Instant::now() + GRACE + GUARD) {
            let _ = self.line.shutdown(Shutdown::Both);
            let _ = self.guard.kill();
        }
        let in_order = self.guard.wait().is_ok_and(|status| status.success());
        if let (false, Some(Ok(pid))) = (in_order, &self.state.fate.lock().started) {
            // The guard itself was killed, or the disk holds a process; what is still in the group is ours.
            kernel::kill_group(*pid);
        }
    }
}
