//! `chat-client --json`: the protocol itself on stdin and stdout. Knows its lines only as far as the exit code needs it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use serde_json::Value;

use super::{Exit, Settings};
use crate::client::error::words;
use crate::event::{CloseReason, Event, PROTOCOL};
use crate::wire::json;

/// The tag of the `hello` that the client says by itself.
const HELLO: &str = "hello";

/// Passes lines both ways until the server hangs up. At the end of stdin the
/// server is told that nothing more comes, and what it still says is shown.
pub(super) fn pass(addr: &str, settings: &Settings, on_stop: impl FnOnce(Box<dyn Fn() + Send>)) -> Exit {
    let stream = match TcpStream::connect(addr) {
        Ok(stream) => Arc::new(stream),
        Err(error) => return Exit::new(Exit::UNAVAILABLE, format!("cannot connect to {addr}: {}", words(&error))),
    };
    let leaving = Arc::new(AtomicBool::new(false));
    let (closing, going) = (Arc::clone(&stream), Arc::clone(&leaving));
    on_stop(Box::new(move || {
        going.store(true, SeqCst);
        let _ = closing.shutdown(Shutdown::Write);
    }));
    if let Some(hello) = hello(settings) {
        // If it fails, the reading below sees the same.
        let _ = (&*stream).write_all(hello.as_bytes());
    }
    let (writing, ended) = (Arc::clone(&stream), Arc::clone(&leaving));
    let typist = thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        let copied = io::copy(&mut io::stdin().lock(), &mut &*writing);
        if copied.is_ok() {
            ended.store(true, SeqCst);
            let _ = writing.shutdown(Shutdown::Write);
        }
    });
    if let Err(error) = typist {
        return Exit::new(Exit::OTHER, format!("no thread for stdin: {}", words(&error)));
    }
    let exit = hear(&stream);
    // The thread that reads stdin may wait for ever; the program's end is its end.
    match exit {
        // At the end of our input the server closes because of that, whatever it calls it.
        Some(exit) if exit.code != Exit::UNAVAILABLE || !leaving.load(SeqCst) => exit,
        _ if leaving.load(SeqCst) => Exit::new(Exit::DONE, String::new()),
        _ => Exit::new(Exit::UNAVAILABLE, "lost the server".to_owned()),
    }
}

/// What the client says by itself, where it was given a name.
fn hello(settings: &Settings) -> Option<String> {
    let nick = settings.nick.as_deref()?;
    let rooms = if settings.rooms.is_empty() { Value::Null } else { settings.rooms.clone().into() };
    let password = settings.password.as_ref().map_or(Value::Null, |password| (*password.0).into());
    let fields = [
        ("tag", HELLO.into()),
        ("version", PROTOCOL.into()),
        ("nick", nick.into()),
        ("password", password),
        ("rooms", rooms),
    ];
    Some(json::request("hello", &fields) + "\n")
}

/// Copies the server's lines to stdout; what they say about the end.
fn hear(stream: &TcpStream) -> Option<Exit> {
    let mut exit = None;
    let mut lines = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut lines).take(Exit::LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) => return exit,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return exit.or(Some(Exit::new(Exit::UNAVAILABLE, format!("lost the server ({})", words(&error)))));
            }
        }
        let mut out = io::stdout().lock();
        if out.write_all(&line).and_then(|()| out.flush()).is_err() {
            // Nobody listens any more, which is their right.
            return Some(Exit::new(Exit::DONE, String::new()));
        }
        match json::decode_event(&line) {
            Ok(Event::Closing { reason: CloseReason::Quit, .. }) => exit = Some(Exit::new(Exit::DONE, String::new())),
            Ok(Event::Closing { reason, text }) => exit = Some(Exit::closed(reason, &text)),
            Ok(Event::Error { tag: Some(tag), text, .. }) if &*tag.0 == HELLO => {
                return Some(Exit::new(Exit::REFUSED, text.to_string()));
            }
            _ => {}
        }
    }
}
