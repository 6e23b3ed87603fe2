//! Stair 2 of 10, everybody: what a client sends goes to all the others. Profile: `raw`.
//!
//! New: a list of all sockets, which the threads share, and a lock, so that only one thread uses it at a time.
//! Next: a client can write `boris: hi` in the name of another one. The rule `together/author` calls for stair 3.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::{env, thread};

/// Why the lock is never poisoned.
const LOCK: &str = "no thread panics while it holds the lock";

/// The last word of the command line is the port.
pub fn main() -> io::Result<()> {
    let port = env::args().next_back().and_then(|port| port.parse().ok()).unwrap_or(7000);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    eprintln!("listening on {}", listener.local_addr()?);
    let room = &Room::default();
    // The scope lends the room to its threads. It ends when all of them have ended.
    thread::scope(|threads| {
        for (number, socket) in listener.incoming().flatten().enumerate() {
            threads.spawn(move || serve(room, number, socket));
        }
    });
    Ok(())
}

/// The life of one connection: what its client sends goes to the others.
fn serve(room: &Room, number: usize, mut socket: TcpStream) -> io::Result<()> {
    room.people.lock().expect(LOCK).insert(number, socket.try_clone()?);
    let mut bytes = [0; 1024];
    loop {
        match socket.read(&mut bytes)? {
            0 => return Ok(()),
            count => room.tell(&bytes[..count], |other| other != number)?,
        }
    }
}

/// What all threads share.
#[derive(Default)]
struct Room {
    /// The socket of each person, by the number of the connection.
    people: Mutex<HashMap<usize, TcpStream>>,
}

impl Room {
    /// Sends bytes to the connections that `to` chooses. The lock is held until all of them have the bytes.
    fn tell(&self, bytes: &[u8], to: impl Fn(usize) -> bool) -> io::Result<()> {
        let mut people = self.people.lock().expect(LOCK);
        for (_, socket) in people.iter_mut().filter(|(number, _)| to(**number)) {
            socket.write_all(bytes)?;
        }
        Ok(())
    }
}
