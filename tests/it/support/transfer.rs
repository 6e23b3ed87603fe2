//! Bytes of files over HTTP, as a program would send and fetch them. Knows no test.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::DEADLINE;
use super::pipe::Pipe;

/// What was answered to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    /// A field of the head.
    pub fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// The body of a sentence or an object.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }
}

/// A connection for one file.
pub struct Courier {
    pipe: Pipe,
    read: Vec<u8>,
}

impl Courier {
    pub fn new(server: SocketAddr) -> Courier {
        let stream = TcpStream::connect(server).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("not zero");
        stream.set_write_timeout(Some(DEADLINE)).expect("not zero");
        Courier { pipe: Pipe::new(stream), read: Vec::new() }
    }

    /// Sends the head of a request.
    pub fn begins(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) {
        let host = self.pipe.tcp.peer_addr().expect("it is connected");
        let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n");
        self.pipe.write_all(head.as_bytes()).expect("the server reads");
    }

    /// Sends bytes. The server may have ended the connection.
    pub fn sends(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.pipe.write_all(bytes)
    }

    /// The whole answer; `None` if the connection ended before it.
    pub fn reply(&mut self, has_body: bool) -> Option<Reply> {
        let end = self.until(|read| memchr::memmem::find(read, b"\r\n\r\n").map(|end| end + 4))?;
        let head = String::from_utf8(self.read.drain(..end).collect()).expect("a head is text");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut reply = Reply { status, head, body: Vec::new() };
        let length = reply.field("content-length").map_or(0, |length| length.parse().expect("a number"));
        if has_body && length > 0 {
            self.until(|read| (read.len() >= length).then_some(length))?;
            reply.body = self.read.drain(..length).collect();
        }
        Some(reply)
    }

    /// The answer, if one comes soon.
    pub fn reply_if_any(&mut self) -> Option<Reply> {
        self.pipe.tcp.set_read_timeout(Some(Duration::from_millis(300))).expect("not zero");
        let mut buffer = [0; 1_024];
        let read = self.pipe.read(&mut buffer);
        self.pipe.tcp.set_read_timeout(Some(DEADLINE)).expect("not zero");
        self.read.extend_from_slice(&buffer[..read.ok()?]);
        self.reply(true)
    }

    /// Whether the server has ended the connection, in order or not.
    pub fn is_ended(&mut self) -> bool {
        self.read.is_empty() && self.until(|read| (!read.is_empty()).then_some(0)).is_none()
    }

    fn until(&mut self, done: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
        let mut buffer = [0; 65_536];
        loop {
            if let Some(end) = done(&self.read) {
                return Some(end);
            }
            match self.pipe.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.read.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("no answer; so far: {:?}", String::from_utf8_lossy(&self.read))
                }
                Err(_) => return None,
            }
        }
    }
}

/// One request on a connection of its own.
pub fn fetch(server: SocketAddr, method: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut courier = Courier::new(server);
    courier.begins(method, path, fields);
    courier.reply(method != "HEAD").expect("an answer")
}

/// The same, with a body.
pub fn put(server: SocketAddr, path: &str, bytes: &[u8]) -> Reply {
    let mut courier = Courier::new(server);
    courier.begins("PUT", path, &[("Content-Length", &bytes.len().to_string())]);
    // If the server takes no more, it has said why.
    let _ = courier.sends(bytes);
    courier.reply(true).expect("an answer")
}
