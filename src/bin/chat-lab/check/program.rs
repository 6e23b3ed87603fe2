//! The program that is graded: started, watched, stopped, and cleaned up after. Knows no protocol.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::check::interrupt;
use crate::check::profile::SIGTERM;
use crate::kernel::sockets;
use crate::process::Process;

/// A program must take connections within this time.
pub const START: Duration = Duration::from_secs(10);
/// After SIGTERM it may take this long, then it is killed.
const STOP: Duration = Duration::from_secs(2);
/// How often a connection is tried while the program starts.
const TRY: Duration = Duration::from_millis(10);
/// So many lines of output are stored.
const LINES: usize = 200;
/// So many of the last ones are told if it does not start.
const LAST_LINES: usize = 20;
/// What a program printed before it ended must have been read within this time.
const LAST_WORDS: Duration = Duration::from_millis(500);

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

/// A program that runs.
#[derive(Debug)]
pub struct Program {
    child: Child,
    addr: SocketAddr,
    plan: Plan,
    said: Arc<Mutex<VecDeque<String>>>,
    /// What reads its output.
    drains: Vec<JoinHandle<()>>,
}

impl Program {
    /// Starts it, and waits until it takes a connection.
    ///
    /// # Errors
    /// A sentence that says why it does not.
    pub fn start(plan: &Plan) -> Result<Program, String> {
        let port = match plan.port {
            Some(port) => port,
            None => free_port()?,
        };
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let words: Vec<String> = plan.words.iter().map(|word| word.replace("{port}", &port.to_string())).collect();
        let (name, args) = words.split_first().ok_or("the command is empty")?;
        let mut child = Command::new(name)
            .args(args)
            .env("PORT", port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start {name}: {error}"))?;
        interrupt::runs(child.id() as i32);
        let said: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let mut drains = Vec::new();
        if let Some(out) = child.stdout.take() {
            drains.push(drain(out, &said)?);
        }
        if let Some(out) = child.stderr.take() {
            drains.push(drain(out, &said)?);
        }
        let mut program = Program { child, addr, plan: plan.clone(), said, drains };
        program.wait_until_ready(START.mul_f64(plan.patience))?;
        Ok(program)
    }

    /// The same program once more, on the same port.
    ///
    /// # Errors
    /// As `start`.
    pub fn start_again(&self) -> Result<Program, String> {
        Program::start(&Plan { port: Some(self.addr.port()), ..self.plan.clone() })
    }

    /// How it ended, if it has: its exit code, or the signal that ended it.
    pub fn has_ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(Some(status)) => Some(status.to_string()),
            _ => None,
        }
    }

    fn wait_until_ready(&mut self, within: Duration) -> Result<(), String> {
        let until = Instant::now() + within;
        while Instant::now() < until {
            if self.is_ready() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(
                    self.with_last_lines(format!("the program has ended before it took a connection: {status}"))
                );
            }
            thread::park_timeout(TRY);
        }
        Err(self.with_last_lines(format!(
            "the program takes no connection on {} within {} s",
            self.addr,
            within.as_secs()
        )))
    }

    /// Whether it listens. The kernel is asked, because a connection that is made and closed is a client that leaves, and
    /// a server that does not notice that would break all rules, not only the one about leaving.
    fn is_ready(&self) -> bool {
        match sockets::table() {
            Ok(table) => table.iter().any(|socket| {
                let ip = socket.local.ip();
                socket.listens()
                    && socket.local.port() == self.addr.port()
                    && (ip.is_unspecified() || ip == self.addr.ip())
            }),
            Err(_) => TcpStream::connect(self.addr).is_ok(),
        }
    }

    /// The sentence, and what the program printed last, a line each.
    fn with_last_lines(&self, mut told: String) -> String {
        let until = Instant::now() + LAST_WORDS;
        while Instant::now() < until && !self.drains.iter().all(JoinHandle::is_finished) {
            thread::park_timeout(TRY);
        }
        let said = self.said.lock();
        for line in said.iter().skip(said.len().saturating_sub(LAST_LINES)) {
            told.push('\n');
            told.push_str(line);
        }
        told
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its process.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// What the kernel knows of it.
    ///
    /// # Errors
    /// When it has ended.
    pub fn process(&self) -> std::io::Result<Process> {
        Process::new(self.pid())
    }

    /// The last lines that it printed.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().iter().cloned().collect()
    }

    /// Asks it to stop, as its operator does.
    pub fn ask_to_stop(&mut self) {
        if self.plan.stop_by == SIGTERM {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::TERM);
        } else if let Some(stdin) = &mut self.child.stdin {
            let _ = stdin.write_all(format!("{}\n", self.plan.stop_by).as_bytes());
        }
    }

    /// Whether it and all its children have ended within this time.
    pub fn ends(&mut self, within: Duration) -> bool {
        let until = Instant::now() + within;
        loop {
            let ended = matches!(self.child.try_wait(), Ok(Some(_)) | Err(_));
            if ended && rustix::process::test_kill_process_group(Pid::from_child(&self.child)).is_err() {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            thread::park_timeout(TRY);
        }
    }

    /// Kills it without a word.
    pub fn kill(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.ends(Duration::ZERO) {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::TERM);
            if !self.ends(STOP) {
                self.kill();
            }
        }
        interrupt::runs(0);
    }
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    listener
        .and_then(|listener| listener.local_addr())
        .map(|addr| addr.port())
        .map_err(|error| format!("no free port: {error}"))
}

fn drain(out: impl Read + Send + 'static, said: &Arc<Mutex<VecDeque<String>>>) -> Result<JoinHandle<()>, String> {
    let said = Arc::clone(said);
    let work = move || {
        for line in BufReader::new(out).split(b'\n').map_while(Result::ok) {
            let mut said = said.lock();
            if said.len() == LINES {
                said.pop_front();
            }
            said.push_back(String::from_utf8_lossy(&line).into_owned());
        }
    };
    thread::Builder::new().name("output".to_owned()).spawn(work).map_err(|error| error.to_string())
}
