//! Stair 9 of 10, stop: the line `stop` on stdin ends the server in order. Profile: `plain`.
//!
//! New: a list of all connections. They are told, they have a second to take it, and every thread is joined.
//! Next: each client costs two threads, and one of them only waits. No rule calls for stair 10: `chat-lab watch` does.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use std::{env, mem, thread};

/// Bytes of text in a line, at most.
const LONGEST_LINE: usize = 4096;
/// Bytes that may wait for one client. More, and the client is too slow.
const MOST_WAITING: usize = 1024 * 1024;
/// Characters of a name, at most.
const LONGEST_NAME: usize = 24;
/// How long a client may take to read the server's last words.
const GRACE: Duration = Duration::from_secs(1);
/// Why a lock is never poisoned.
const LOCK: &str = "no thread panics while it holds a lock";

/// The last word of the command line is the port.
pub fn main() -> io::Result<()> {
    let port = env::args().next_back().and_then(|port| port.parse().ok()).unwrap_or(7000);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let address = listener.local_addr()?;
    eprintln!("listening on {address}; the line \"stop\" ends it");
    let room = Room::default();
    // A scope joins its threads: it ends when the last of them has ended.
    thread::scope(|threads| {
        threads.spawn(|| accept_all(&listener, &room));
        if io::stdin().lines().map_while(Result::ok).any(|line| line == "stop") {
            room.stop(address);
        }
    });
    Ok(())
}

/// Gives each connection a thread of its own, until the server stops; then waits for all of them.
fn accept_all(listener: &TcpListener, room: &Room) {
    thread::scope(|threads| {
        for (number, socket) in listener.incoming().flatten().enumerate() {
            let outbox = Arc::new(Outbox::new(socket));
            if !room.admit(number, &outbox) {
                break;
            }
            threads.spawn(move || {
                serve(room, &outbox);
                room.dismiss(number);
            });
        }
    });
}

/// The life of one connection: this thread reads, and a second one writes.
fn serve(room: &Room, outbox: &Arc<Outbox>) {
    thread::scope(|threads| {
        threads.spawn(|| outbox.write_out());
        // An end and an error are the same to the others: this client has left.
        let _ = listen(room, outbox);
        outbox.close();
    });
}

/// Asks for a name until one is free. Then says every line to the others.
fn listen(room: &Room, outbox: &Arc<Outbox>) -> io::Result<()> {
    let mut input = BufReader::new(&outbox.socket);
    while let Some(line) = next_line(&mut input)? {
        match line.and_then(|name| room.enter(name, outbox)) {
            Ok(seat) => return talk(&mut input, &seat),
            Err(why) => outbox.put(&format!("! {why}")),
        }
    }
    Ok(())
}

fn talk(input: &mut BufReader<&TcpStream>, seat: &Seat) -> io::Result<()> {
    while let Some(line) = next_line(input)? {
        match line {
            Ok(text) if text.is_empty() => {}
            Ok(text) => seat.say(&text),
            Err(why) => seat.outbox.put(&format!("! {why}")),
        }
    }
    Ok(())
}

/// The next line, or why it is refused. Nothing at the end of the input, and after `/quit`.
fn next_line(input: &mut BufReader<&TcpStream>) -> io::Result<Option<Result<String, &'static str>>> {
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
        Ok(line) if line == "/quit" => Ok(None),
        Ok(line) => Ok(Some(Ok(line))),
        Err(_) => Ok(Some(Err("a line is UTF-8"))),
    }
}

/// What all threads share. No thread holds both locks at once.
#[derive(Default)]
struct Room {
    /// The people who have a name. What is told under this lock is told to all in one order.
    people: Mutex<BTreeMap<String, Arc<Outbox>>>,
    /// All connections, with a name or without.
    connections: Mutex<Connections>,
    /// Rung when a connection has ended.
    ended: Condvar,
}

#[derive(Default)]
struct Connections {
    outboxes: HashMap<usize, Arc<Outbox>>,
    stopping: bool,
}

impl Room {
    /// Looks whether the name is free, and takes it, under one lock.
    fn enter<'a>(&'a self, name: String, outbox: &'a Arc<Outbox>) -> Result<Seat<'a>, &'static str> {
        check(&name)?;
        let mut people = self.people.lock().expect(LOCK);
        if people.contains_key(&name) {
            return Err("this name is taken");
        }
        let others: Vec<&str> = people.keys().map(String::as_str).collect();
        outbox.put(&format!("* welcome, {name}; here: {}", others.join(", ")));
        people.values().for_each(|other| other.put(&format!("* {name} joined")));
        people.insert(name.clone(), Arc::clone(outbox));
        Ok(Seat { room: self, name, outbox })
    }

    /// Notes a new connection, unless the server stops.
    fn admit(&self, number: usize, outbox: &Arc<Outbox>) -> bool {
        let mut connections = self.connections.lock().expect(LOCK);
        if !connections.stopping {
            connections.outboxes.insert(number, Arc::clone(outbox));
        }
        !connections.stopping
    }

    /// Forgets a connection whose threads have ended.
    fn dismiss(&self, number: usize) {
        self.connections.lock().expect(LOCK).outboxes.remove(&number);
        self.ended.notify_one();
    }

    /// Ends every connection, and wakes every thread that waits for something.
    fn stop(&self, address: SocketAddr) {
        let mut connections = self.connections.lock().expect(LOCK);
        connections.stopping = true;
        drop(TcpStream::connect(address)); // wakes the thread in `accept`
        for outbox in connections.outboxes.values() {
            outbox.put("* the server stops");
            outbox.close(); // wakes the thread that waits for lines
            let _ = outbox.socket.shutdown(Shutdown::Read); // wakes the thread in `read`
        }
        let some_left = |connections: &mut Connections| !connections.outboxes.is_empty();
        let (connections, _) = self.ended.wait_timeout_while(connections, GRACE, some_left).expect(LOCK);
        for outbox in connections.outboxes.values() {
            let _ = outbox.socket.shutdown(Shutdown::Both); // wakes the thread in `write`
        }
    }
}

fn check(name: &str) -> Result<(), &'static str> {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    match name.chars().count() {
        1..=LONGEST_NAME if plain => Ok(()),
        _ => Err("a name has 1 to 24 letters, digits, - or _"),
    }
}

/// A person's place in the room. It is given back when it is dropped, however the connection ends.
struct Seat<'a> {
    room: &'a Room,
    name: String,
    outbox: &'a Outbox,
}

impl Seat<'_> {
    fn say(&self, text: &str) {
        let line = format!("{}: {text}", self.name);
        let people = self.room.people.lock().expect(LOCK);
        people.iter().filter(|(name, _)| **name != self.name).for_each(|(_, other)| other.put(&line));
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut people = self.room.people.lock().expect(LOCK);
        people.remove(&self.name);
        people.values().for_each(|other| other.put(&format!("* {} left", self.name)));
    }
}

/// One client's socket, and the lines that wait to be written to it.
struct Outbox {
    socket: TcpStream,
    queue: Mutex<Queue>,
    /// Rung when the queue has changed.
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

    /// Adds a line, and never waits for the client.
    fn put(&self, line: &str) {
        let mut queue = self.queue.lock().expect(LOCK);
        if queue.closed {
            return;
        }
        queue.bytes.extend_from_slice(line.as_bytes());
        queue.bytes.push(b'\n');
        if queue.bytes.len() > MOST_WAITING {
            queue.closed = true;
            let _ = self.socket.shutdown(Shutdown::Both); // wakes both threads of this client
        }
        self.changed.notify_one();
    }

    /// No more lines. What waits is still written.
    fn close(&self) {
        self.queue.lock().expect(LOCK).closed = true;
        self.changed.notify_one();
    }

    /// The life of the thread that writes: all that waits in one piece, and no lock while it writes.
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
