//! The console over the socket: a person, or a script on a pipe, says command after command. Knows no command but `watch`, and the words that end it.

use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;
use socket2::Socket;

use super::{Reply, TAB, ask, watch};
use crate::console::Paint;
use crate::terminal::{self, Complete, Input, Screen, Terminal};

/// Talks with the server at `path` until the person ends it; whether every command was carried out.
///
/// # Errors
/// A [`CtlError`](super::CtlError), when there is no answer; or that of the terminal.
pub fn converse(path: &Path) -> anyhow::Result<bool> {
    let mut terminal = Terminal::open(completion(path))?;
    let paint = Paint::new(terminal.has_editor() && terminal::wants_colour());
    let screen = terminal.screen().clone();
    let mut watching: Option<Watching> = None;
    let mut is_fine = true;
    // The first question tells whether a server is there, before anything is typed.
    let greeting = ask(path, "version")?.text;
    if terminal.has_editor() {
        screen.print(&greeting);
    }
    loop {
        let line = match terminal.read("ctl> ", |_| true)? {
            Input::Line(line) => line,
            Input::TooLong => {
                screen.print(&paint.line("! That line is too long."));
                is_fine = false;
                continue;
            }
            Input::Interrupted { dropped: true } => continue,
            Input::Interrupted { dropped: false } | Input::End | Input::Stopped => return Ok(is_fine),
        };
        match line.split_whitespace().next().map(|word| word.trim_start_matches('/')) {
            Some("exit" | "quit") => return Ok(is_fine),
            Some("watch") => {
                // Once more means no more.
                watching = match watching.take().filter(|watching| !watching.has_ended()) {
                    Some(_) => None,
                    None => Watching::start(path, &line, &screen, paint).ok(),
                };
            }
            None => {}
            Some(_) => {
                let Reply { is_ok, text } = ask(path, &line)?;
                is_fine &= is_ok;
                if !text.is_empty() {
                    screen.print(&paint.line(&text));
                }
            }
        }
    }
}

/// What Tab offers, as the server tells it; nothing if it does not answer.
fn completion(path: &Path) -> Complete {
    let path = path.to_path_buf();
    Box::new(move |typed| {
        let reply = ask(&path, &format!("{TAB}{typed}")).ok().filter(|reply| reply.is_ok);
        let text = reply.map(|reply| reply.text).unwrap_or_default();
        let mut lines = text.lines();
        let start = lines.next().and_then(|start| start.parse().ok()).filter(|start| *start <= typed.len());
        start.map_or((typed.len(), Vec::new()), |start| (start, lines.map(str::to_owned).collect()))
    })
}

/// A thread that prints what happens. It ends when this is dropped.
struct Watching {
    socket: Arc<Mutex<Option<Socket>>>,
    thread: thread::JoinHandle<()>,
}

impl Watching {
    fn start(path: &Path, line: &str, screen: &Screen, paint: Paint) -> std::io::Result<Watching> {
        let socket = Arc::new(Mutex::new(None));
        let (own, path, line, screen) = (Arc::clone(&socket), PathBuf::from(path), line.to_owned(), screen.clone());
        let live = move || {
            let show = |line: &str| {
                let (time, words) = line.split_once(' ').unwrap_or(("", line));
                let is_news = time.starts_with(|c: char| c.is_ascii_digit());
                screen.print(&if is_news { paint.news(time, words) } else { paint.line(line) });
                true
            };
            match watch(&path, &line, |socket| *own.lock() = Some(socket), show) {
                Ok(reply) if reply.is_ok => {}
                Ok(reply) => screen.print(&paint.line(&reply.text)),
                Err(error) => screen.print(&paint.line(&format!("! {error}"))),
            }
        };
        Ok(Watching { socket, thread: thread::Builder::new().name("watch".to_owned()).spawn(live)? })
    }

    fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.lock().take() {
            // If it fails, it has ended already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
