//! The server program as an operator has it: arguments, a pipe to type into, lines to read. Knows no test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use roomful::answer::Done;
use roomful::model::Message;
use serde_json::json;

use crate::client_support::{finish, one_at_a_time};
use crate::support::{DEADLINE, LinePeer, Peer, Wire, eventually};

/// The server program, without any settings from outside. It has no database, unless told to.
pub fn server() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CHAT_SERVER_")) {
        command.env_remove(name);
    }
    command.env("TERM", "xterm-256color").env("CHAT_SERVER_MEMORY", "true");
    command
}

/// The server program on a free port, without a rate limit, with a database in `data`.
pub fn with_database(data: &Path) -> Command {
    let mut command = server();
    command.env_remove("CHAT_SERVER_MEMORY").args(["--listen", "127.0.0.1:0", "--rate", "off"]);
    command.arg("--data").arg(data).stdin(Stdio::piped());
    command
}

/// The server program at a terminal, on a free port and without a rate limit; and its address.
#[cfg(unix)]
pub fn at_a_terminal(variables: &[(&str, &str)]) -> (crate::client_support::Screen, SocketAddr) {
    let mut command = server();
    command.args(["--listen", "127.0.0.1:0", "--rate", "off"]).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command.envs(variables.iter().copied());
    let mut screen = crate::client_support::Screen::spawn(command);
    screen.shows(" ready, room ");
    let text = screen.text();
    let addr = text.lines().find_map(|line| line.strip_prefix("listening on ")).expect("a line of its own");
    (screen, addr.trim_end().parse().expect("only an address"))
}

/// A JSON peer of the server at `addr`, in one room.
pub fn peer_at(addr: SocketAddr, nick: &str) -> Peer {
    let mut peer = Peer::new(Wire::connect(addr));
    peer.hello(json!({"nick": nick, "rooms": ["#a"]})).expect("a free name");
    peer.shown();
    peer
}

/// All messages of a place, page by page.
pub fn all_of(peer: &mut Peer, room: &str) -> Vec<Arc<Message>> {
    let mut all: Vec<Arc<Message>> = Vec::new();
    loop {
        let after = all.last().map_or(0, |last| last.seq);
        match peer.ask("history", json!({"room": room, "after": after})) {
            Ok(Done::History(page)) => {
                all.extend(page.messages);
                if !page.more {
                    return all;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Runs the server program to its end: exit code, stdout, stderr.
pub fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = server();
    command.args(arguments).envs(variables.iter().copied());
    finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// A running server program. Killed when dropped.
pub struct Program {
    child: Child,
    /// The input into which the operator types.
    pub console: Option<ChildStdin>,
    out: Receiver<String>,
    err: Receiver<String>,
    /// All of stdout that was read so far.
    pub seen: Vec<String>,
    pub addr: SocketAddr,
}

/// How a server program ended.
pub struct Ended {
    pub code: Option<i32>,
    /// All lines of stdout.
    pub out: Vec<String>,
    /// All of stderr.
    pub err: String,
    /// From the question for it to the end.
    pub took: Duration,
}

impl Program {
    /// On a free port, without a rate limit, and with these arguments.
    pub fn start(arguments: &[&str]) -> Program {
        let mut command = server();
        command.args(["--listen", "127.0.0.1:0", "--rate", "off"]).args(arguments);
        Program::spawn(command.stdin(Stdio::piped()))
    }

    /// As `command` says; waits until it listens.
    pub fn spawn(command: &mut Command) -> Program {
        let guard = one_at_a_time();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(guard);
        let console = child.stdin.take();
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        let nowhere = SocketAddr::from(([0; 4], 0));
        let mut program = Program { child, console, out, err, seen: Vec::new(), addr: nowhere };
        let line = program.shows("listening on ");
        program.addr = line.strip_prefix("listening on ").expect("a line of its own").parse().expect("only an address");
        program.shows(" ready, room ");
        program
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the first new line with these words.
    pub fn shows(&mut self, words: &str) -> String {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.out.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(error) => panic!(
                    "{error} before {words:?}; shown: {:#?}; {:?}",
                    self.seen,
                    self.err.try_iter().collect::<Vec<_>>()
                ),
            }
        }
    }

    /// How many of the lines so far have these words.
    pub fn count(&self, words: &str) -> usize {
        self.seen.iter().filter(|line| line.contains(words)).count()
    }

    /// Types a line into the console.
    pub fn types(&mut self, line: &str) {
        writeln!(self.console.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Types a line; its answer, without the news that came meanwhile. They start with the time.
    pub fn asks(&mut self, line: &str) -> Vec<String> {
        let before = self.seen.len();
        self.types(&format!("{line}\nstats"));
        self.shows(" news unshown");
        let answer = &self.seen[before..self.seen.len() - 1];
        answer.iter().filter(|line| !line.starts_with(|c: char| c.is_ascii_digit())).cloned().collect()
    }

    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Waits for the end; that the program ends at all is part of the test.
    pub fn ends(mut self) -> Ended {
        let began = Instant::now();
        let rest = |from: &Receiver<String>| {
            let mut lines = Vec::new();
            let end = began + DEADLINE;
            while let Ok(line) = from.recv_timeout(end.saturating_duration_since(Instant::now())) {
                lines.push(line);
            }
            lines
        };
        let out = [self.seen.clone(), rest(&self.out)].concat();
        let err = rest(&self.err).join("\n");
        let mut code = None;
        eventually("the end of the program", || {
            self.child.try_wait().unwrap().map(|status| code = status.code()).is_some()
        });
        Ended { code, out, err, took: began.elapsed() }
    }

    /// Stops it by SIGTERM, or by the console if the system has no signals, and waits for its end.
    pub fn stop(mut self) -> Ended {
        if cfg!(unix) {
            self.signal("TERM")
        } else {
            self.types("stop")
        }
        self.ends()
    }

    pub fn wire(&self) -> Wire {
        Wire::connect(self.addr)
    }

    /// A JSON peer in one room.
    pub fn peer(&self, nick: &str, room: &str) -> Peer {
        let mut peer = Peer::new(self.wire());
        peer.hello(json!({"nick": nick, "rooms": [room]})).expect("a free name");
        peer.shown();
        peer
    }

    /// A person with `nc`, in the lobby.
    pub fn nc(&self, nick: &str) -> LinePeer {
        let mut peer = LinePeer::new(self.wire());
        peer.login(nick);
        peer
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a pipe, as they come.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(pipe).lines().map_while(Result::ok);
        lines.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
    });
    receiver
}
