//! A client's end of a connection, read by lines, each within the deadline. Knows no protocol.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use super::DEADLINE;
use super::frames::{self, Frames};
use super::pipe::Pipe;

/// What a read of a line brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Got {
    /// A line, without its ending.
    Line(String),
    /// The orderly end. What came after the last line ending is given, too.
    End(String),
    /// A reset.
    Cut,
}

/// A client's end of a connection.
pub struct Wire {
    pub pipe: Pipe,
    held: Vec<u8>,
    /// What came in frames, if this is a WebSocket. What is sent and received are lines all the same.
    pub frames: Option<Frames>,
    /// The last lines received, to find out why a test failed.
    seen: Vec<String>,
}

impl Wire {
    pub fn connect(addr: SocketAddr) -> Wire {
        Wire::new(TcpStream::connect(addr).expect("the server listens"))
    }

    /// With a kernel buffer that holds hardly anything the test has not read.
    pub fn connect_narrow(addr: SocketAddr, receive_buffer: usize) -> Wire {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None).expect("a socket");
        // Before the connection: it decides how much the other side may send.
        socket.set_recv_buffer_size(receive_buffer).expect("any size is taken");
        socket.connect(&addr.into()).expect("the server listens");
        Wire::new(socket.into())
    }

    fn new(stream: TcpStream) -> Wire {
        Wire::over(Pipe::new(stream))
    }

    /// Over a connection of another kind.
    pub fn over(pipe: Pipe) -> Wire {
        pipe.tcp.set_nodelay(true).expect("a fresh socket");
        pipe.tcp.set_write_timeout(Some(DEADLINE)).expect("not zero");
        Wire { pipe, held: Vec::new(), frames: None, seen: Vec::new() }
    }

    /// The server at the other end.
    pub fn server(&self) -> SocketAddr {
        self.pipe.tcp.peer_addr().expect("it is connected")
    }

    /// Asks for a WebSocket. From here on each line is a text frame, both ways.
    pub fn upgrade(mut self) -> Wire {
        self.send(frames::HANDSHAKE);
        let mut head = Vec::new();
        loop {
            match self.line().trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        assert_eq!(head[0], "HTTP/1.1 101 Switching Protocols", "{head:#?}");
        assert!(head.iter().any(|line| line == "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head:#?}");
        assert!(!head.iter().any(|line| line.to_lowercase().contains("extensions")), "{head:#?}");
        let mut frames = Frames::default();
        frames.take(&std::mem::take(&mut self.held), &mut self.held);
        self.frames = Some(frames);
        self
    }

    /// Sends lines in one write; over a WebSocket each as a frame.
    pub fn send(&mut self, lines: impl AsRef<[u8]>) {
        match self.frames {
            Some(_) => self.send_bytes(frames::of_lines(lines.as_ref())),
            None => self.send_bytes(lines),
        }
    }

    /// Sends bytes in one write, as they are.
    pub fn send_bytes(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = self.pipe.write_all(bytes.as_ref());
        assert!(sent.is_ok(), "{sent:?}; received: {:#?}", self.seen);
    }

    /// Sends bytes, even if the server has ended the connection.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.pipe.write_all(bytes.as_ref())
    }

    /// Another handle to the same socket, to send from another thread; not if it is encrypted.
    pub fn sender(&self) -> TcpStream {
        self.pipe.tcp.try_clone().expect("a descriptor")
    }

    /// Ends the sending side: what `nc -N` does at the end of its input.
    pub fn half_close(&mut self) {
        self.pipe.half_close();
    }

    /// Ends with a reset, as a machine does that has lost its power and is back.
    pub fn reset(self) {
        SockRef::from(&self.pipe.tcp).set_linger(Some(Duration::ZERO)).expect("a socket");
    }

    /// The next line, if one comes within this time.
    pub fn get_within(&mut self, time: Duration) -> Option<String> {
        match self.read_until(Instant::now() + time) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            read => {
                read.expect("the connection is open");
                memchr::memchr(b'\n', &self.held).map(|_| self.line())
            }
        }
    }

    /// The next line, the end, or the reset.
    pub fn get(&mut self) -> Got {
        let deadline = Instant::now() + DEADLINE;
        let mut looked = 0;
        loop {
            if let Some(at) = self.held[looked..].iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.held.drain(..=looked + at).collect();
                let line = String::from_utf8(line).expect("the server sends UTF-8").trim_end_matches('\n').to_owned();
                self.note(&line);
                return Got::Line(line);
            }
            looked = self.held.len();
            match self.read_until(deadline) {
                Ok(0) => return Got::End(String::from_utf8_lossy(&std::mem::take(&mut self.held)).into_owned()),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                    return Got::Cut;
                }
                Err(error) => {
                    let half = String::from_utf8_lossy(&self.held);
                    panic!("{error}: nothing within {DEADLINE:?}; before: {:#?}, then {half:?}", self.seen)
                }
            }
        }
    }

    fn read_until(&mut self, deadline: Instant) -> std::io::Result<usize> {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.pipe.tcp.set_read_timeout(Some(left))?;
        let mut buffer = [0; 16_384];
        let count = self.pipe.read(&mut buffer)?;
        let Some(frames) = &mut self.frames else {
            self.held.extend_from_slice(&buffer[..count]);
            return Ok(count);
        };
        frames.take(&buffer[..count], &mut self.held);
        frames.answered += frames.pings.len();
        for ping in frames.pings.drain(..) {
            // The server may have ended the connection meanwhile.
            let _ = self.pipe.write_all(&frames::masked(frames::PONG, &ping));
        }
        Ok(count)
    }

    fn note(&mut self, line: &str) {
        const KEPT: usize = 12;
        if self.seen.len() == KEPT {
            self.seen.remove(0);
        }
        self.seen.push(line.chars().take(300).collect());
    }

    /// The next line.
    pub fn line(&mut self) -> String {
        match self.get() {
            Got::Line(line) => line,
            other => panic!("{other:?} instead of a line; before: {:#?}", self.seen),
        }
    }

    /// All that still comes, to the orderly end.
    pub fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.get() {
                Got::Line(line) => lines.push(line),
                Got::End(half) => {
                    lines.extend(Some(half).filter(|half| !half.is_empty()));
                    return lines;
                }
                Got::Cut => panic!("reset instead of an orderly end, after {lines:#?}"),
            }
        }
    }

    /// All that still comes, to the end or the reset.
    pub fn rest_or_cut(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Got::Line(line) = self.get() {
            lines.push(line);
        }
        lines
    }

    /// So many bytes, as they are.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let deadline = Instant::now() + DEADLINE;
        while self.held.len() < count {
            assert!(self.read_until(deadline).expect("bytes") > 0, "the end before {count} bytes: {:?}", self.held);
        }
        self.held.drain(..count).collect()
    }

    /// All bytes to the orderly end, as they are.
    pub fn bytes_to_end(&mut self) -> Vec<u8> {
        let deadline = Instant::now() + DEADLINE;
        while self.read_until(deadline).expect("bytes or the end") > 0 {}
        std::mem::take(&mut self.held)
    }

    /// One single byte off the socket, as a very slow reader takes it. `None` at the end.
    pub fn drip(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.pipe.tcp.set_read_timeout(Some(DEADLINE)).expect("not zero");
        self.pipe.gulp = 1;
        match self.pipe.read(&mut byte) {
            Ok(1) => Some(byte[0]),
            Ok(_) => None,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => panic!("{error}"),
        }
    }
}
