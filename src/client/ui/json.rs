//! `chat-client --json`: the protocol itself on stdin and stdout. Knows its lines only as far as the exit code needs it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use parking_lot::Mutex;

use super::exit::unprinted;
use super::{Exit, Settings};
use crate::client::error::words;
use crate::client::link::Login;
use crate::client::trust::{Security, Way};
use crate::event::Event;
use crate::model::CloseReason;
use crate::net::Stream;
use crate::wire::json;

/// The tag of the `hello` that the client says by itself.
const HELLO: &str = "hello";

/// Passes lines both ways until the server hangs up. At the end of stdin the
/// client quits, and what the server still says is shown.
pub(super) fn pass(way: &Way, settings: &Settings, on_stop: impl FnOnce(Box<dyn Fn() + Send>)) -> Exit {
    let stream = match way.open() {
        Ok(stream) => Arc::new(stream),
        Err(error) => return Exit::failed(&error),
    };
    if let security @ (Security::Plain | Security::New { .. }) = way.security() {
        // If stderr is closed or full, that is no reason to stop.
        let _ = writeln!(io::stderr(), "* Connected to {} ({security}).", way.addr());
    }
    let to = Arc::new(To { stream: Arc::clone(&stream), begun: Mutex::new(false), leaving: AtomicBool::new(false) });
    let stopping = Arc::clone(&to);
    on_stop(Box::new(move || stopping.quit()));
    if let Some(hello) = hello(settings) {
        // If it fails, the reading below sees the same.
        let _ = (&*to).write_all(hello.as_bytes());
    }
    let typing = Arc::clone(&to);
    let typist = thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        if io::copy(&mut io::stdin().lock(), &mut &*typing).is_ok() {
            typing.quit();
        }
    });
    if let Err(error) = typist {
        return Exit::new(Exit::OTHER, format!("no thread for stdin: {}", words(&error)));
    }
    let exit = hear(&stream);
    let leaving = to.leaving.load(SeqCst);
    // The thread that reads stdin may wait for ever; the program's end is its end.
    match exit {
        // At the end of our input the server closes because of that, whatever it calls it.
        Some(exit) if exit.code != Exit::UNAVAILABLE || !leaving => exit,
        _ if leaving => Exit::done(),
        _ => Exit::new(Exit::UNAVAILABLE, "lost the server".to_owned()),
    }
}

/// The way to the server.
struct To {
    stream: Arc<Stream>,
    /// Whether a line is begun and not ended.
    begun: Mutex<bool>,
    /// Whether the client leaves by itself.
    leaving: AtomicBool,
}

impl To {
    /// Says goodbye, and that nothing more comes.
    fn quit(&self) {
        self.leaving.store(true, SeqCst);
        // If the other thread waits for a server that does not read, there is no way to say goodbye.
        if let Some(begun) = self.begun.try_lock() {
            let line = json::request("quit", &[]) + "\n";
            let line = if *begun { format!("\n{line}") } else { line };
            // If it fails, the reading thread sees that.
            let _ = self.stream.send_all(line.as_bytes());
        }
        self.stream.end();
    }
}

impl Write for &To {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut begun = self.begun.lock();
        self.stream.send_all(bytes)?;
        if let Some(last) = bytes.last() {
            *begun = *last != b'\n';
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the client says by itself, if it was given a name.
fn hello(settings: &Settings) -> Option<String> {
    let nick = Some(settings.nick.as_deref()?);
    let rooms = Some(&*settings.rooms).filter(|rooms| !rooms.is_empty());
    let login = Login { nick, rooms, password: settings.password.as_ref(), ..Login::default() };
    let mut fields = login.fields();
    fields.push(("tag", HELLO.into()));
    Some(json::request("hello", &fields) + "\n")
}

/// Copies the server's lines to stdout. Returns what they say about the end.
fn hear(stream: &Stream) -> Option<Exit> {
    let mut exit = None;
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.buffer().is_empty() && stream.unread_or(&io::stdout()) {
            // The reader of stdout has closed it, which is no error.
            return Some(Exit::done());
        }
        match (&mut lines).take(Exit::LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) => return exit,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return exit.or(Some(Exit::new(Exit::UNAVAILABLE, format!("lost the server ({})", words(&error)))));
            }
        }
        let mut out = io::stdout().lock();
        if let Err(error) = out.write_all(&line).and_then(|()| out.flush()) {
            return Some(unprinted(&error).map_or_else(Exit::done, |text| Exit::new(Exit::OTHER, text)));
        }
        match json::decode_event(&line) {
            Ok(Event::Closing { reason: CloseReason::Quit, .. }) => exit = Some(Exit::done()),
            Ok(Event::Closing { reason, text }) => exit = Some(Exit::closed(reason, &text)),
            Ok(Event::Error { tag: Some(tag), text, .. }) if &*tag.0 == HELLO => {
                return Some(Exit::new(Exit::REFUSED, text.to_string()));
            }
            _ => {}
        }
    }
}
