//! The bug: the thread that accepts also serves, so the second client waits until the first one has left.
//!
//! Made of stair 1, echo. Profile: `echo`. Breaks the rule `start/second`.
//! In a minute: anna connects and is served. Boris connects too, writes three lines, and nothing comes back. Anna
//! leaves, and all three lines come at once.

use std::env;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

/// The last word of the command line is the port.
pub fn main() -> io::Result<()> {
    let port = env::args().next_back().and_then(|port| port.parse().ok()).unwrap_or(7000);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    eprintln!("listening on {}", listener.local_addr()?);
    // Each turn of this loop waits in `accept` until a client connects.
    for socket in listener.incoming().flatten() {
        let _ = serve(socket);
    }
    Ok(())
}

/// The life of one connection. Its thread sleeps in `read` until bytes come.
fn serve(mut socket: TcpStream) -> io::Result<()> {
    let mut bytes = [0; 1024];
    loop {
        match socket.read(&mut bytes)? {
            // No bytes: the client has closed its end.
            0 => return Ok(()),
            count => socket.write_all(&bytes[..count])?,
        }
    }
}
