//! A thread for every connection: accept, read, hand over, close in order. Knows bytes and sockets, and nothing of a chat.
//!
//! This part can be used alone: `examples/echo.rs` is a whole server on it. A
//! program that uses it writes a [`Handler`]. One handler is made for each
//! connection. It is called on that connection's own thread, and dropped at its
//! end, also after a panic.

pub mod addresses;
pub mod capacity;
pub mod crew;
pub mod fingerprint;
mod handshake;
mod listener;
mod service;
mod socket;
mod stream;
mod tls;

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use handshake::{Acceptor, HandshakeError};
pub use listener::Listener;
pub use service::{Admitted, Options, Service};
pub use stream::{Rest, Stream, dial};

/// What a handler waits for next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// More bytes, however long they take.
    Go,
    /// More bytes; or [`Control::Silence`], if none come within this time.
    Within(Duration),
    /// A handshake, after which the connection is open anew, and TLS is around all that is
    /// read and sent. Until then nothing may be sent.
    Secure {
        /// The server's side of it.
        acceptor: Arc<Acceptor>,
        /// What was read of it already.
        first: Vec<u8>,
        /// How long it may take.
        patience: Duration,
    },
    /// Nothing: the connection ends.
    End,
}

/// Something that a handler is told beside bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Nothing came in the time given with [`Flow::Within`].
    Silence,
}

/// How a connection ended.
#[derive(Debug)]
pub enum End {
    /// The handler ended it.
    Wanted,
    /// The peer sends nothing more; it may still read.
    Finished,
    /// The connection broke. With TLS, also: its end was not sealed.
    Broken(std::io::Error),
    /// A handshake failed.
    Insecure(HandshakeError),
    /// The handler panicked.
    Failed,
}

/// The events of one connection, all on that connection's thread.
pub trait Handler: Send {
    /// The connection is open; after [`Flow::Secure`] it is open a second time.
    fn connected(&mut self) -> Flow;

    /// Bytes came: those of one read, at least one byte.
    fn data_in(&mut self, bytes: &[u8]) -> Flow;

    /// The burst is handled; its output may be written now. Called after each of
    /// the other events except the last.
    fn data_out(&mut self);

    /// Something happened that is not data.
    fn control(&mut self, what: Control) -> Flow;

    /// The connection is over. Called exactly once, also after a panic.
    fn disconnected(&mut self, end: End);
}

/// The size of a connection's first read; it doubles whenever a read fills it.
const FIRST_READ: usize = 512;
/// The largest size of a read.
const LARGEST_READ: usize = 65_536;

/// Serves one connection on the calling thread, and closes it in order: after
/// our last bytes the peer has `linger` to hang up, so that no reset makes the
/// last line lost.
fn live(stream: &Stream, handler: &mut dyn Handler, linger: Duration) {
    let end = catch_unwind(AssertUnwindSafe(|| read_all(stream, handler))).unwrap_or(End::Failed);
    let farewell = catch_unwind(AssertUnwindSafe(|| handler.disconnected(end)));
    stream.end();
    if farewell.is_ok() {
        drain(stream, Instant::now() + linger);
    }
    stream.kill();
}

fn read_all(stream: &Stream, handler: &mut dyn Handler) -> End {
    let mut buffer = vec![0; FIRST_READ];
    let mut flow = handler.connected();
    loop {
        handler.data_out();
        let patience = match flow {
            Flow::Go => None,
            Flow::Within(time) => Some(time),
            Flow::Secure { acceptor, first, patience } => {
                if let Err(error) = stream.secure_server(&acceptor, &first, Instant::now() + patience) {
                    return End::Insecure(error);
                }
                flow = handler.connected();
                continue;
            }
            Flow::End => return End::Wanted,
        };
        match stream.read_within(&mut buffer, patience) {
            Ok(0) => return End::Finished,
            Ok(count) => {
                flow = handler.data_in(&buffer[..count]);
                if count == buffer.len() && count < LARGEST_READ {
                    buffer.resize(count * 2, 0);
                }
            }
            Err(error) => match error.kind() {
                // `TimedOut` is not our patience: the kernel has given up the peer.
                ErrorKind::WouldBlock => flow = handler.control(Control::Silence),
                ErrorKind::Interrupted => {}
                _ => return End::Broken(error),
            },
        }
    }
}

/// Reads bytes and drops them, until the peer hangs up or `deadline`.
#[inline(never)] // inlined, the buffer would be on every thread's stack all the time
fn drain(stream: &Stream, deadline: Instant) {
    let mut bin = [0; 512];
    while let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        match stream.read_rest(&mut bin, left) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
