//! One client of the crowd: its socket and what it has half read and half written; knows no epoll and no figures.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Protocol, Socket, Type};

use crate::measure::sealed::Sealed;

/// Longest line a server may send us, in bytes; a longer one ends the connection.
pub const MAX_LINE: usize = 128 * 1024;

/// A connected client.
#[derive(Debug)]
pub struct Member {
    /// The socket, non-blocking.
    pub stream: TcpStream,
    /// Our name.
    pub nick: String,
    /// The room we join.
    pub room: String,
    /// The position of the mark in the last message heard.
    pub hint: usize,
    /// We are in the room.
    pub joined: bool,
    /// We have asked to be let go, so the end is no surprise.
    pub leaving: bool,
    /// We do not read, on purpose.
    pub deaf: bool,
    /// The connection is over.
    pub gone: bool,
    /// The last thing the server refused us.
    pub refusal: Option<String>,
    /// What seals and opens everything, if it is encrypted.
    pub tls: Option<Box<Sealed>>,
    partial: Vec<u8>,
    out: Vec<u8>,
}

impl Member {
    /// Connects to `server`, with a receive buffer of `rcvbuf` bytes if a size is given.
    ///
    /// # Errors
    /// When the connection is refused, or there are no descriptors or ports left.
    pub fn connect(server: SocketAddr, nick: String, room: String, rcvbuf: Option<usize>) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(server), Type::STREAM, Some(Protocol::TCP))?;
        if let Some(bytes) = rcvbuf {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.connect(&server.into())?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            stream: socket.into(),
            nick,
            room,
            hint: 0,
            joined: false,
            leaving: false,
            deaf: false,
            gone: false,
            refusal: None,
            tls: None,
            partial: Vec::new(),
            out: Vec::new(),
        })
    }

    /// Writes `bytes`, after what still waits; tells whether some of it must wait.
    ///
    /// # Errors
    /// When the server has closed the connection.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<bool> {
        match &mut self.tls {
            Some(tls) => {
                let sealed = tls.seal(bytes)?;
                self.put(&sealed)
            }
            None => self.put(bytes),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<bool> {
        if !self.out.is_empty() {
            self.out.extend_from_slice(bytes);
            return Ok(true);
        }
        let taken = put(&mut self.stream, bytes)?;
        self.out.extend_from_slice(&bytes[taken..]);
        Ok(!self.out.is_empty())
    }

    /// Writes what waited; tells whether some still does.
    ///
    /// # Errors
    /// When the server has closed the connection.
    pub fn flush(&mut self) -> io::Result<bool> {
        let taken = put(&mut self.stream, &self.out)?;
        self.out.drain(..taken);
        Ok(!self.out.is_empty())
    }

    /// Reads once into `buffer`, behind an unfinished line of the last time, and returns
    /// how many bytes are in it; `None` is the end of the stream. What of it is no whole
    /// line goes to [`Member::hold`].
    ///
    /// # Errors
    /// When the connection is reset.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let kept = self.partial.len();
        buffer[..kept].copy_from_slice(&self.partial);
        if let Some(tls) = &mut self.tls {
            let read = tls.read(&mut self.stream, &mut buffer[kept..]);
            let said = tls.seal(&[])?;
            if !said.is_empty() {
                self.put(&said)?;
            }
            return match read {
                Ok(got) => Ok(got.map(|got| kept + got)),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(Some(kept)),
                Err(e) => Err(e),
            };
        }
        match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => Ok(None),
            Ok(got) => Ok(Some(kept + got)),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(Some(kept)),
            Err(e) => Err(e),
        }
    }

    /// Holds an unfinished line until the next read.
    ///
    /// # Errors
    /// When it exceeds [`MAX_LINE`].
    pub fn hold(&mut self, rest: &[u8]) -> io::Result<()> {
        self.partial.clear();
        self.partial.extend_from_slice(rest);
        if self.partial.len() > MAX_LINE {
            return Err(io::Error::new(ErrorKind::InvalidData, format!("a line is longer than {MAX_LINE} bytes")));
        }
        Ok(())
    }
}

/// A name of its own: a letter and then only digits, so that no two names look alike.
pub fn fresh_nick() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("u{:02}{number:06}", std::process::id() % 100)
}

fn put(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut taken = 0;
    while taken < bytes.len() {
        match stream.write(&bytes[taken..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(more) => taken += more,
            Err(e) if e.kind() == ErrorKind::WouldBlock => break,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(taken)
}
