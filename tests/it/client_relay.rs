//! Connections that can be cut, and servers that are none. Knows nothing of what is said over them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

/// A way to a server that can be cut, and can swallow what the server says.
pub struct Relay {
    pub addr: String,
    ends: Arc<Mutex<Vec<TcpStream>>>,
    swallows: Arc<AtomicBool>,
    closed: Arc<AtomicBool>,
}

impl Relay {
    pub fn to(server: &str) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Relay {
            addr: listener.local_addr().unwrap().to_string(),
            ends: Arc::default(),
            swallows: Arc::default(),
            closed: Arc::default(),
        };
        let closed = Arc::clone(&relay.closed);
        let (server, ends, swallows) = (server.to_owned(), Arc::clone(&relay.ends), Arc::clone(&relay.swallows));
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if closed.load(SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(&server) else { continue };
                ends.lock().unwrap().extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                let (from, to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                thread::spawn(move || copy(from, to, &AtomicBool::new(false)));
                let swallows = Arc::clone(&swallows);
                thread::spawn(move || copy(far, near, &swallows));
            }
        });
        relay
    }

    /// Cuts all connections; new ones are let through.
    pub fn cut(&self) {
        self.swallows.store(false, SeqCst);
        for end in self.ends.lock().unwrap().drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Whether new connections are hung up at once.
    pub fn close(&self, closed: bool) {
        self.closed.store(closed, SeqCst);
    }

    /// From here on nothing comes back from the server, until the cut.
    pub fn swallow(&self) {
        self.swallows.store(true, SeqCst);
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, swallows: &AtomicBool) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if !swallows.load(SeqCst) && to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// A server that says `lines` to everybody, and hangs up after the first line it hears.
pub fn fake_server(lines: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = BufReader::new(stream.try_clone().unwrap()).read_line(&mut String::new());
            let _ = stream.write_all(lines.as_bytes());
        }
    });
    addr
}
