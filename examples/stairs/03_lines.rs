//! Stair 3 of 10, lines: a message is a line, and the server says which client sent it. Profile: `plain`.
//!
//! New: bytes are collected until a line is whole, up to a bound. The first line of a client is its name.
//! Next: a broken connection ends the thread of the next client that speaks. The rule `leave/reset` calls for stair 4.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::{env, thread};

/// Bytes of text in a line, at most.
const LONGEST_LINE: usize = 4096;
/// Why the lock is never poisoned.
const LOCK: &str = "no thread panics while it holds the lock";

/// The last word of the command line is the port.
pub fn main() -> io::Result<()> {
    let port = env::args().next_back().and_then(|port| port.parse().ok()).unwrap_or(7000);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    eprintln!("listening on {}", listener.local_addr()?);
    let room = &Room::default();
    thread::scope(|threads| {
        for (number, socket) in listener.incoming().flatten().enumerate() {
            threads.spawn(move || serve(room, number, socket));
        }
    });
    Ok(())
}

/// The life of one connection: first its name, then what it says, line by line.
fn serve(room: &Room, number: usize, mut socket: TcpStream) -> io::Result<()> {
    let mut input = BufReader::new(socket.try_clone()?);
    let name = loop {
        let Some(line) = next_line(&mut input)? else { return Ok(()) };
        match line {
            Ok(name) => break name,
            Err(why) => socket.write_all(format!("! {why}\n").as_bytes())?,
        }
    };
    room.enter(number, &name, socket)?;
    while let Some(line) = next_line(&mut input)? {
        match line {
            Ok(text) if text.is_empty() => {}
            Ok(text) => room.tell(&format!("{name}: {text}"), |other| other != number)?,
            Err(why) => room.tell(&format!("! {why}"), |other| other == number)?,
        }
    }
    Ok(())
}

/// A line of a client, or why it is refused.
type Line = Result<String, &'static str>;

/// Waits until a line is whole. None at the end of the input.
fn next_line(input: &mut BufReader<TcpStream>) -> io::Result<Option<Line>> {
    // The longest line and its end, CR and LF. Never is more of a line in memory.
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
    Ok(Some(String::from_utf8(bytes).map_err(|_| "a line is UTF-8")))
}

/// What all threads share.
#[derive(Default)]
struct Room {
    /// The socket of each person who has a name, by the number of the connection.
    people: Mutex<HashMap<usize, TcpStream>>,
}

impl Room {
    /// Takes a person in, and welcomes it before another thread can write to it.
    fn enter(&self, number: usize, name: &str, mut socket: TcpStream) -> io::Result<()> {
        self.tell(&format!("* {name} joined"), |_| true)?;
        let mut people = self.people.lock().expect(LOCK);
        socket.write_all(format!("* welcome, {name}\n").as_bytes())?;
        people.insert(number, socket);
        Ok(())
    }

    /// Sends a line to the connections that `to` chooses. The lock is held until all of them have the line.
    fn tell(&self, line: &str, to: impl Fn(usize) -> bool) -> io::Result<()> {
        let mut people = self.people.lock().expect(LOCK);
        for (_, socket) in people.iter_mut().filter(|(number, _)| to(**number)) {
            socket.write_all(format!("{line}\n").as_bytes())?;
        }
        Ok(())
    }
}
