//! What the client's tests need: the server program, and the client program on pipes. Knows no terminal.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use roomful::client::{Client, News, Options};
use roomful::event::Event;
use tempfile::{TempDir, tempdir};

#[cfg(unix)] // a pseudo-terminal
mod terminal;
#[cfg(unix)]
pub use terminal::{Screen, enter, never_seen};

/// How long anything may take before the test says what it saw instead.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// The server program on a free port, without a rate limit. Killed when dropped.
pub struct ServerProgram {
    child: Child,
    pub addr: String,
    /// The folder in which it runs and stores its files.
    _folder: TempDir,
}

impl ServerProgram {
    pub fn start() -> ServerProgram {
        ServerProgram::start_at("127.0.0.1:0")
    }

    pub fn start_at(addr: &str) -> ServerProgram {
        ServerProgram::start_with(addr, &[])
    }

    pub fn start_with(addr: &str, arguments: &[&str]) -> ServerProgram {
        let folder = tempdir().unwrap();
        let guard = one_at_a_time();
        let mut child = Command::new(env!("CARGO_BIN_EXE_chat-server"))
            .env("CHAT_SERVER_MEMORY", "true")
            .args(["--listen", addr, "--rate", "off"])
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(guard);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| line.unwrap());
        let addr = lines.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned)).unwrap();
        thread::spawn(move || lines.for_each(drop));
        ServerProgram { child, addr, _folder: folder }
    }

    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Another person in the chat.
    pub fn peer(&self, nick: &str) -> Peer {
        Peer::connect(&self.addr, nick)
    }
}

impl Drop for ServerProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process of a test.
pub fn signal(process: u32, name: &str) {
    let _guard = one_at_a_time();
    assert!(Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap().success());
}

/// A person in the lobby, without a screen.
pub struct Peer(pub Client);

impl Peer {
    pub fn connect(addr: &str, nick: &str) -> Peer {
        let options = Options { nick: Some(nick.to_owned()), ..Options::default() };
        Peer(Client::connect(addr, options).unwrap())
    }

    /// Says a line; returns when everybody has been told.
    pub fn say(&self, text: &str) {
        let tag = self.0.say("#lobby", text).unwrap();
        assert!(self.0.wait_for(&tag, DEADLINE), "no answer to {text:?}");
    }

    /// Waits for the news that `wanted` makes something of.
    pub fn until<T>(&self, what: &str, mut wanted: impl FnMut(&News) -> Option<T>) -> T {
        let mut seen = Vec::new();
        let end = Instant::now() + DEADLINE;
        loop {
            match self.0.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(news) => match wanted(&news) {
                    Some(found) => return found,
                    None => seen.push(news),
                },
                Err(error) => panic!("{error} before {what}; came: {seen:#?}"),
            }
        }
    }

    pub fn hears(&self, text: &str) -> String {
        self.until(text, |news| match news {
            News::Event(Event::Message(message)) if &*message.text == text => Some(message.from.to_string()),
            _ => None,
        })
    }

    /// Waits until a person has left; with the code of the reason.
    pub fn sees_going(&self, who: &str) -> &'static str {
        self.until(who, |news| match news {
            News::Event(Event::Quit { nick, reason, .. }) if &**nick == who => Some(reason.code()),
            _ => None,
        })
    }
}

/// To be held while a program is started. Starting two at once leaves
/// descriptors of one open in the other, and the one waits for the other's end.
pub fn one_at_a_time() -> MutexGuard<'static, ()> {
    static STARTING: Mutex<()> = Mutex::new(());
    STARTING.lock().unwrap_or_else(|broken| broken.into_inner())
}

/// The client program, without any settings from outside.
pub fn client() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-client"));
    for name in ["SERVER", "PORT", "NICK", "ROOM", "JSON", "RETRY", "BELL", "PASSWORD", "PASSWORD_FILE"] {
        command.env_remove(format!("CHAT_CLIENT_{name}"));
    }
    for name in ["TLS", "FINGERPRINT", "TRUST", "CA"] {
        command.env_remove(format!("CHAT_CLIENT_{name}"));
    }
    // Not the keys that the user of this machine knows.
    command.env("CHAT_CLIENT_KNOWN_HOSTS", "no-known-hosts");
    command.env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

/// Runs the client program with `input` on stdin, to its end.
pub fn run(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = start(arguments);
    // It may have ended before it read anything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    finish(child)
}

pub fn start(arguments: &[&str]) -> Child {
    let _guard = one_at_a_time();
    client().args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the end of a program; exit code, stdout and stderr.
pub fn finish(child: Child) -> (i32, String, String) {
    let (sender, receiver) = channel();
    let id = child.id();
    thread::spawn(move || sender.send(child.wait_with_output().unwrap()));
    let Output { status, stdout, stderr } = receiver.recv_timeout(2 * DEADLINE).unwrap_or_else(|_| {
        signal(id, "KILL");
        let output = receiver.recv().unwrap();
        panic!(
            "it did not end; it said {:?}",
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        );
    });
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// The command lines among the examples of a help text, without what is said about them.
pub fn examples(help: &str) -> Vec<String> {
    let (_, rest) = help.split_once("\nExamples:\n").expect("examples");
    let lines = rest.lines().take_while(|line| !line.is_empty());
    lines.map(|line| line.trim_start().split("   ").next().unwrap_or(line).trim_end().to_owned()).collect()
}

/// What a shell does with a command line that has the programs in its path: exit code, stdout, stderr.
pub fn typed(line: &str, folder: &std::path::Path, variables: &[(&str, &str)]) -> (i32, String, String) {
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_chat-client")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(folder).env("PATH", path).envs(variables.iter().copied());
    finish(shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}
