//! Stair 3 of 10, lines: a message is a line, and the server says who spoke. Profile: `plain`.
//!
//! New: bytes are collected until a line is whole; the first line is the name.
//! Next: a client whose connection breaks takes a speaker with it. The rule `leave/reset` calls for stair 4.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::{env, thread};

/// Bytes of text in a line, at most.
const LONGEST_LINE: usize = 4096;
/// Why a lock is never poisoned.
const LOCK: &str = "no thread panics while it holds the lock";

/// The last word of the command line is the port.
pub fn main() -> io::Result<()> {
    let port = env::args().next_back().and_then(|port| port.parse().ok()).unwrap_or(7000);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    eprintln!("listening on {}", listener.local_addr()?);
    let room = Arc::new(Room::default());
    for (number, socket) in listener.incoming().flatten().enumerate() {
        let room = Arc::clone(&room);
        thread::spawn(move || serve(&room, number, socket));
    }
    Ok(())
}

/// The life of one connection: its name, then line after line to the others.
fn serve(room: &Room, number: usize, mut socket: TcpStream) -> io::Result<()> {
    let mut input = BufReader::new(socket.try_clone()?);
    let name = loop {
        match next_line(&mut input)? {
            Some(Ok(name)) => break name,
            Some(Err(why)) => socket.write_all(format!("! {why}\n").as_bytes())?,
            None => return Ok(()),
        }
    };
    socket.write_all(format!("* welcome, {name}\n").as_bytes())?;
    room.tell(&format!("* {name} joined"), |_| true)?;
    room.sockets.lock().expect(LOCK).insert(number, socket);
    while let Some(line) = next_line(&mut input)? {
        match line {
            Ok(text) if text.is_empty() => {}
            Ok(text) => room.tell(&format!("{name}: {text}"), |other| other != number)?,
            Err(why) => room.tell(&format!("! {why}"), |other| other == number)?,
        }
    }
    Ok(())
}

/// The next line, or why it is refused. Nothing at the end of the input.
fn next_line(input: &mut BufReader<TcpStream>) -> io::Result<Option<Result<String, &'static str>>> {
    // Never more in memory than the longest line and its end, CR and LF.
    let most = LONGEST_LINE + 2;
    let mut bytes = Vec::new();
    input.take(most as u64).read_until(b'\n', &mut bytes)?;
    if bytes.pop_if(|last| *last == b'\n').is_none() {
        if bytes.len() < most {
            return Ok(None);
        }
        input.skip_until(b'\n')?;
    }
    bytes.pop_if(|last| *last == b'\r');
    if bytes.len() > LONGEST_LINE {
        return Ok(Some(Err("a line has at most 4096 bytes")));
    }
    match String::from_utf8(bytes) {
        Ok(line) => Ok(Some(Ok(line))),
        Err(_) => Ok(Some(Err("a line is UTF-8"))),
    }
}

/// What all threads share.
#[derive(Default)]
struct Room {
    sockets: Mutex<HashMap<usize, TcpStream>>,
}

impl Room {
    /// Sends a line to the people whose number is asked for.
    fn tell(&self, line: &str, to: impl Fn(usize) -> bool) -> io::Result<()> {
        let line = format!("{line}\n");
        // The lock is held while the line is sent, so no line gets into another.
        for (number, socket) in self.sockets.lock().expect(LOCK).iter_mut() {
            if to(*number) {
                socket.write_all(line.as_bytes())?;
            }
        }
        Ok(())
    }
}
