//! Stair 5 of 10, outbox: no thread waits for a client that does not read. Profile: `plain`.
//!
//! New: a line for a client goes into its outbox, a queue, and that takes no time. A second thread writes it.
//! Next: an outbox may grow until the memory is full. The rule `slow/bounded` calls for stair 6.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
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

/// The life of one connection: this thread reads, and a second one writes.
fn serve(room: &Room, number: usize, socket: TcpStream) {
    let (queue, lines) = mpsc::channel();
    let outbox = Arc::new(Outbox { socket, queue });
    thread::scope(|threads| {
        threads.spawn(|| outbox.write_out(lines));
        let _ = listen(room, number, &outbox);
        outbox.close();
    });
}

/// Takes the name of a client, then what it says, line by line.
fn listen(room: &Room, number: usize, outbox: &Arc<Outbox>) -> io::Result<()> {
    let mut input = BufReader::new(&outbox.socket);
    let name = loop {
        let Some(line) = next_line(&mut input)? else { return Ok(()) };
        match line {
            Ok(name) => break name,
            Err(why) => outbox.put(&format!("! {why}")),
        }
    };
    let seat = room.enter(number, name, outbox);
    // An error ends the thread here, as the end of the input does. In both cases the seat is dropped.
    while let Some(line) = next_line(&mut input)? {
        match line {
            Ok(text) if text.is_empty() => {}
            Ok(text) => room.tell(&format!("{}: {text}", seat.name), |other| other != number),
            Err(why) => outbox.put(&format!("! {why}")),
        }
    }
    Ok(())
}

/// A line of a client, or why it is refused.
type Line = Result<String, &'static str>;

/// Waits until a line is whole. None at the end of the input, and for the line `/quit`.
fn next_line(input: &mut BufReader<&TcpStream>) -> io::Result<Option<Line>> {
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
    if bytes == b"/quit" {
        return Ok(None);
    }
    if bytes.len() > LONGEST_LINE {
        return Ok(Some(Err("a line has at most 4096 bytes")));
    }
    Ok(Some(String::from_utf8(bytes).map_err(|_| "a line is UTF-8")))
}

/// What all threads share.
#[derive(Default)]
struct Room {
    /// The outbox of each person who has a name, by the number of the connection.
    people: Mutex<HashMap<usize, Arc<Outbox>>>,
}

impl Room {
    /// Takes a person in, and welcomes it before another thread can write to it.
    fn enter(&self, number: usize, name: String, outbox: &Arc<Outbox>) -> Seat<'_> {
        self.tell(&format!("* {name} joined"), |_| true);
        let mut people = self.people.lock().expect(LOCK);
        outbox.put(&format!("* welcome, {name}"));
        people.insert(number, Arc::clone(outbox));
        Seat { room: self, number, name }
    }

    /// Puts a line into the outboxes that `to` chooses. The lock is held only to copy the list of them.
    fn tell(&self, line: &str, to: impl Fn(usize) -> bool) {
        let people = self.people.lock().expect(LOCK).clone();
        for (_, outbox) in people.iter().filter(|(number, _)| to(**number)) {
            outbox.put(line);
        }
    }
}

/// A person's place in the room. It is given back when it is dropped, however the connection ended.
struct Seat<'a> {
    room: &'a Room,
    number: usize,
    name: String,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.room.people.lock().expect(LOCK).remove(&self.number);
        self.room.tell(&format!("* {} left", self.name), |_| true);
    }
}

/// One client's socket, and the lines that wait to be written to it.
struct Outbox {
    socket: TcpStream,
    /// The way to the thread that writes. After the last line there is a None.
    queue: Sender<Option<String>>,
}

impl Outbox {
    /// Adds a line. Never waits for the client.
    fn put(&self, line: &str) {
        // If the connection is broken, the thread that reads from it finds out. This thread goes on.
        let _ = self.queue.send(Some(format!("{line}\n")));
    }

    /// Takes no more lines. The thread that writes ends when all is written.
    fn close(&self) {
        let _ = self.queue.send(None);
    }

    /// The life of the thread that writes.
    fn write_out(&self, lines: Receiver<Option<String>>) -> io::Result<()> {
        while let Ok(Some(line)) = lines.recv() {
            (&self.socket).write_all(line.as_bytes())?;
        }
        Ok(())
    }
}
