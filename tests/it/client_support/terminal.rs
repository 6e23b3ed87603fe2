//! The client program on a terminal: what it shows, and keys for it. Knows no test.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use expectrl::process::Process as _;
use expectrl::process::unix::{Signal, UnixProcess, WaitStatus};
use rustix::termios::{Winsize, tcgetattr, tcgetpgrp, tcsetwinsize};

use super::{DEADLINE, ServerProgram, client, one_at_a_time};

/// The client program on a terminal, in the lobby.
pub fn enter(server: &ServerProgram, nick: &str) -> Screen {
    let mut screen = Screen::start(&["--server", &server.addr, "--nick", nick]);
    screen.prompts(&format!("#lobby {nick}>"));
    screen
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
