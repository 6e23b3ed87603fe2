//! What the client's tests need: the server program, and the client program on pipes and on a terminal.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use expectrl::process::Process as _;
use expectrl::process::unix::{Signal, UnixProcess, WaitStatus};
use roomful::client::{Client, News, Options};
use roomful::event::Event;
use rustix::termios::{Winsize, tcgetattr, tcgetpgrp, tcsetwinsize};
use tempfile::{TempDir, tempdir};

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

/// The client program on a terminal, in the lobby.
pub fn enter(server: &ServerProgram, nick: &str) -> Screen {
    let mut screen = Screen::start(&["--server", &server.addr, "--nick", nick]);
    screen.prompts(&format!("#lobby {nick}>"));
    screen
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

/// The client program on a terminal of 24 rows and 80 columns.
pub struct Screen {
    process: UnixProcess,
    keys: File,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    /// All bytes since the start.
    pub raw: Vec<u8>,
}

impl Screen {
    pub fn start(arguments: &[&str]) -> Screen {
        let mut command = client();
        command.args(arguments);
        Screen::spawn(command)
    }

    pub fn spawn(command: Command) -> Screen {
        let guard = one_at_a_time();
        let process = UnixProcess::spawn_command(command).unwrap();
        drop(guard);
        let keys = process.get_raw_handle().unwrap();
        let mut reading = process.get_raw_handle().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The end of a terminal is an error on Linux.
            while let Ok(count @ 1..) = reading.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let size = |n| std::num::NonZeroU16::new(n).unwrap();
        Screen { process, keys, output, parser: vt100::Parser::new(size(24), size(80), 0), raw: Vec::new() }
    }

    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// Waits until the screen shows what `shown` wants.
    pub fn until(&mut self, what: &str, shown: impl Fn(&str) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !shown(&self.text()) {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => {
                    self.parser.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(error) => panic!("{error} before {what}; the screen:\n{}\n", self.text()),
            }
        }
    }

    pub fn shows(&mut self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    /// Waits until the last row is this.
    pub fn prompts(&mut self, row: &str) {
        self.until(row, |screen| screen.lines().last().is_some_and(|last| last.trim_end() == row.trim_end()));
    }

    pub fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    pub fn signal(&mut self, signal: Signal) {
        self.process.signal(signal).unwrap();
    }

    /// Gives the terminal another size; a size of nothing is told to the program only.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        if let (Some(rows), Some(columns)) = (NonZeroU16::new(rows), NonZeroU16::new(columns)) {
            self.parser.screen_mut().set_size(rows, columns);
        }
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.keys, size).unwrap();
    }

    /// The rows as they are seen: a line that is too long for one is several.
    pub fn rows(&self) -> Vec<String> {
        let columns = self.parser.screen().size().1.get();
        self.parser.screen().rows(0, columns).collect()
    }

    /// The lowest row with something in it.
    pub fn last_row(&self) -> String {
        self.text().trim_end().lines().last().unwrap_or_default().to_owned()
    }

    /// The process group that has the terminal now.
    pub fn foreground(&self) -> i32 {
        tcgetpgrp(&self.keys).unwrap().as_raw_nonzero().get()
    }

    /// How the terminal takes keys and shows them: the four sets of modes.
    pub fn modes(&self) -> [u64; 4] {
        let modes = tcgetattr(&self.keys).unwrap();
        [modes.local_modes.bits(), modes.input_modes.bits(), modes.output_modes.bits(), modes.control_modes.bits()]
            .map(u64::from)
    }

    /// Waits for the program's end; its exit code, and the screen then.
    pub fn ends(mut self) -> (i32, String) {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("{error} before the end; the screen:\n{}\n", self.text()),
            }
        }
        match self.process.wait().unwrap() {
            WaitStatus::Exited(_, code) => (code, self.text()),
            other => panic!("{other:?}; the screen:\n{}\n", self.text()),
        }
    }
}

/// Checks that nothing of a secret was ever on the screen.
pub fn never_seen(screen: &Screen, secret: &str) {
    assert!(!screen.text().contains(secret), "{}", screen.text());
    let raw = String::from_utf8_lossy(&screen.raw).into_owned();
    assert!(!raw.contains(secret), "{raw:?}");
    // Not even its first letters.
    let start: String = secret.chars().take(4).collect();
    assert!(!raw.contains(&start), "{raw:?}");
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
