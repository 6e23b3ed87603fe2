//! The bug: each read is taken for a message. But a read gives what has come, and not what was sent.
//!
//! Made of stair 9, stop. Profile: `plain`. Breaks the rules `framing/split`, `framing/glued`, `framing/letter`,
//! `framing/bytes` and `framing/unfinished`.
//! In a minute: anna's line comes in two packets, and boris hears two messages. She writes three lines in one packet,
//! and boris hears one message, in which two lines have no name.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use std::{env, mem, thread};

/// Bytes of text in a line, at most.
const LONGEST_LINE: usize = 4096;
/// Characters of a name, at most.
const LONGEST_NAME: usize = 24;
/// Bytes that may wait for one client. With more it is too slow, and is cut.
const MOST_WAITING: usize = 1024 * 1024;
/// How long a client may take to read the last words of the server.
const GRACE: Duration = Duration::from_secs(1);
/// Why a lock is never poisoned.
const LOCK: &str = "no thread panics while it holds a lock";

/// The last word of the command line is the port.
pub fn main() -> io::Result<()> {
    let port = env::args().next_back().and_then(|port| port.parse().ok()).unwrap_or(7000);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let address = listener.local_addr()?;
    eprintln!("listening on {address}; the line \"stop\" ends it");
    let room = &Room::default();
    thread::scope(|threads| {
        threads.spawn(|| {
            if io::stdin().lines().map_while(Result::ok).any(|line| line == "stop") {
                room.stop(address);
            }
        });
        for socket in listener.incoming().flatten() {
            let outbox = Arc::new(Outbox::new(socket));
            if !room.admit(&outbox) {
                break;
            }
            threads.spawn(move || serve(room, &outbox));
        }
    });
    Ok(())
}

/// The life of one connection: this thread reads, and a second one writes.
fn serve(room: &Room, outbox: &Arc<Outbox>) {
    thread::scope(|threads| {
        threads.spawn(|| outbox.write_out());
        let _ = listen(room, outbox);
        outbox.close();
    });
    room.dismiss(outbox);
}

/// Asks for a name until one is free. Then all that the client says goes to the others, line by line.
fn listen(room: &Room, outbox: &Arc<Outbox>) -> io::Result<()> {
    let mut input = &outbox.socket;
    let seat = loop {
        let Some(line) = next_line(&mut input)? else { return Ok(()) };
        match line.and_then(|name| room.enter(name, outbox)) {
            Ok(seat) => break seat,
            Err(why) => outbox.put(&format!("! {why}")),
        }
    };
    // An error ends the thread here, as the end of the input does. In both cases the seat is dropped.
    while let Some(line) = next_line(&mut input)? {
        match line {
            Ok(text) if text.is_empty() => {}
            Ok(text) => seat.say(&text),
            Err(why) => outbox.put(&format!("! {why}")),
        }
    }
    Ok(())
}

/// A line of a client, or why it is refused.
type Line = Result<String, &'static str>;

/// Waits until something has come. None at the end of the input, and for the line `/quit`.
fn next_line(input: &mut &TcpStream) -> io::Result<Option<Line>> {
    // The longest line and its end, CR and LF.
    let mut bytes = vec![0; LONGEST_LINE + 2];
    let count = input.read(&mut bytes)?;
    if count == 0 {
        return Ok(None);
    }
    bytes.truncate(count);
    bytes.pop_if(|last| *last == b'\n');
    bytes.pop_if(|last| *last == b'\r');
    if bytes == b"/quit" {
        return Ok(None);
    }
    if bytes.len() > LONGEST_LINE {
        return Ok(Some(Err("a line has at most 4096 bytes")));
    }
    Ok(Some(String::from_utf8(bytes).map_err(|_| "a line is UTF-8")))
}

/// The outbox of each person, by name.
type People = BTreeMap<String, Arc<Outbox>>;

/// What all threads share. No thread has both locks at once.
#[derive(Default)]
struct Room {
    people: Mutex<People>,
    connections: Mutex<Connections>,
    /// Wakes the thread that stops the server: a connection has ended.
    ended: Condvar,
}

/// The outbox of every connection, with a name or without.
#[derive(Default)]
struct Connections {
    outboxes: Vec<Arc<Outbox>>,
    stopping: bool,
}

impl Room {
    /// Takes a person in, if the name is free.
    fn enter(&self, name: String, outbox: &Arc<Outbox>) -> Result<Seat<'_>, &'static str> {
        check(&name)?;
        let mut people = self.people.lock().expect(LOCK);
        // No thread can take the name between these two steps, because the lock is held over both.
        if people.contains_key(&name) {
            return Err("this name is taken");
        }
        let others: Vec<&str> = people.keys().map(String::as_str).collect();
        outbox.put(&format!("* welcome, {name}; here: {}", others.join(", ")));
        tell(&people, &format!("* {name} joined"), &name);
        people.insert(name.clone(), Arc::clone(outbox));
        Ok(Seat { room: self, name })
    }

    /// Notes a new connection, unless the server stops.
    fn admit(&self, outbox: &Arc<Outbox>) -> bool {
        let mut connections = self.connections.lock().expect(LOCK);
        if !connections.stopping {
            connections.outboxes.push(Arc::clone(outbox));
        }
        !connections.stopping
    }

    /// Forgets a connection that has ended.
    fn dismiss(&self, outbox: &Arc<Outbox>) {
        self.connections.lock().expect(LOCK).outboxes.retain(|other| !Arc::ptr_eq(other, outbox));
        self.ended.notify_one();
    }

    /// Tells all clients, and wakes every thread, whatever it waits in.
    fn stop(&self, address: SocketAddr) {
        self.people.lock().expect(LOCK).clear(); // after the last words nobody hears anybody
        let mut connections = self.connections.lock().expect(LOCK);
        connections.stopping = true;
        drop(TcpStream::connect(address)); // wakes the thread in `accept`
        for outbox in &connections.outboxes {
            outbox.put("* the server stops");
            outbox.close();
            let _ = outbox.socket.shutdown(Shutdown::Read); // wakes a thread in `read`
        }
        let (left, _) = self.ended.wait_timeout_while(connections, GRACE, |all| !all.outboxes.is_empty()).expect(LOCK);
        for outbox in &left.outboxes {
            let _ = outbox.socket.shutdown(Shutdown::Both); // wakes a thread in `write`
        }
    }
}

/// Puts a line into all outboxes but one. The caller has the lock, so the next line cannot overtake this one.
fn tell(people: &People, line: &str, but: &str) {
    for (_, outbox) in people.iter().filter(|(name, _)| *name != but) {
        outbox.put(line);
    }
}

fn check(name: &str) -> Result<(), &'static str> {
    match name.chars().count() {
        1..=LONGEST_NAME if name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') => Ok(()),
        _ => Err("a name has 1 to 24 letters, digits, - or _"),
    }
}

/// A person's place in the room. It is given back when it is dropped, however the connection ended.
struct Seat<'a> {
    room: &'a Room,
    name: String,
}

impl Seat<'_> {
    fn say(&self, text: &str) {
        let people = self.room.people.lock().expect(LOCK);
        tell(&people, &format!("{}: {text}", self.name), &self.name);
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut people = self.room.people.lock().expect(LOCK);
        people.remove(&self.name);
        tell(&people, &format!("* {} left", self.name), &self.name);
    }
}

/// One client's socket, and the lines that wait to be written to it.
struct Outbox {
    socket: TcpStream,
    queue: Mutex<Queue>,
    /// Wakes the thread that writes: the queue has changed.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    closed: bool,
}

impl Outbox {
    fn new(socket: TcpStream) -> Outbox {
        Outbox { socket, queue: Mutex::default(), changed: Condvar::new() }
    }

    /// Adds a line. Never waits for the client.
    fn put(&self, line: &str) {
        let mut queue = self.queue.lock().expect(LOCK);
        if queue.closed {
            return;
        }
        queue.bytes.extend_from_slice(format!("{line}\n").as_bytes());
        if queue.bytes.len() > MOST_WAITING {
            queue.closed = true;
            // Wakes a thread that reads from this client, and one that writes to it.
            let _ = self.socket.shutdown(Shutdown::Both);
        }
        self.changed.notify_one();
    }

    /// Takes no more lines. The thread that writes ends when all is written.
    fn close(&self) {
        self.queue.lock().expect(LOCK).closed = true;
        self.changed.notify_one();
    }

    /// The life of the thread that writes. It takes all that waits, and holds no lock while it writes.
    fn write_out(&self) -> io::Result<()> {
        loop {
            let mut queue = self.queue.lock().expect(LOCK);
            while queue.bytes.is_empty() && !queue.closed {
                queue = self.changed.wait(queue).expect(LOCK);
            }
            let bytes = mem::take(&mut queue.bytes);
            drop(queue);
            if bytes.is_empty() {
                return Ok(());
            }
            (&self.socket).write_all(&bytes)?;
        }
    }
}
