//! Stair 1 of 10, echo: what a client sends comes back to it. Profile: `echo`.
//!
//! New: a listener, and a thread for each connection, so that no client waits for another one.
//! Next: the clients do not hear each other. The rule `together/heard` calls for stair 2.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::{env, thread};

/// The last word of the command line is the port.
pub fn main() -> io::Result<()> {
    let port = env::args().next_back().and_then(|port| port.parse().ok()).unwrap_or(7000);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    eprintln!("listening on {}", listener.local_addr()?);
    // Each turn of this loop waits in `accept` until a client connects.
    for socket in listener.incoming().flatten() {
        thread::spawn(move || serve(socket));
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
