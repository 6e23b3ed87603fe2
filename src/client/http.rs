//! HTTP as far as a file needs it: one request on a connection of its own, and its answer. Knows no files and no chat.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::net::Stream;

/// How long each wait for the server may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest head of an answer, in bytes, and its most fields.
const HEAD: usize = 16_384;
const FIELDS: usize = 64;

/// The longest body that is read as a sentence.
const SENTENCE: u64 = 16_384;

/// One request that is being sent.
#[derive(Debug)]
pub(super) struct Request(Stream);

/// The answer to a request. Its body is read from it.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    /// The first byte of the body in the whole, and the size of the whole, if it says so.
    pub range: Option<(u64, u64)>,
    /// What is still to come of the body.
    left: u64,
    first: Vec<u8>,
    stream: Stream,
}

/// The server as `Host` names it: by its address, because every server answers to that.
fn host(server: SocketAddr) -> String {
    match server {
        SocketAddr::V4(server) => server.to_string(),
        // Without the scope, which means nothing to the server.
        SocketAddr::V6(server) => format!("[{}]:{}", server.ip(), server.port()),
    }
}

impl Request {
    /// Sends the head of a request, over a connection that `connect` makes. No other request follows on it.
    pub fn begin(
        connect: impl FnOnce() -> io::Result<Stream>,
        method: &str,
        path: &str,
        fields: &[(&str, String)],
    ) -> io::Result<Request> {
        // A path with blanks or line ends would be another request.
        if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad("the server named an address that is none"));
        }
        let stream = connect()?;
        let server = host(stream.peer());
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n");
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.send_within(head.as_bytes(), PATIENCE)?;
        Ok(Request(stream))
    }

    /// Sends bytes of the body.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.send_within(bytes, PATIENCE)
    }

    /// Reads the head of the answer.
    pub fn answer(self) -> io::Result<Answer> {
        let mut read = Vec::new();
        let mut buffer = [0; 4_096];
        loop {
            if let Some(head) = parse(&read)? {
                // An answer before the answer, such as `100 Continue`.
                if head.status < 200 {
                    read.drain(..head.length);
                    continue;
                }
                let first = read.split_off(head.length);
                if first.len() as u64 > head.body {
                    return Err(bad("the server sent more than it said"));
                }
                return Ok(Answer { status: head.status, range: head.range, left: head.body, first, stream: self.0 });
            }
            if read.len() > HEAD {
                return Err(bad("the head of the answer is too long"));
            }
            match self.0.read_within(&mut buffer, Some(PATIENCE)) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => read.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Answer {
    /// The server's sentence: the text of a JSON event, or the body as it is.
    pub fn sentence(mut self) -> io::Result<String> {
        let body = self.body()?;
        let json: Option<Value> = serde_json::from_str(&body).ok();
        let text = json.as_ref().and_then(|json| json["text"].as_str()).unwrap_or(&body);
        Ok(crate::names::clean(text.trim()).into_owned())
    }

    /// A short body.
    pub fn body(&mut self) -> io::Result<String> {
        if self.left > SENTENCE {
            return Err(bad("the answer is too long"));
        }
        let mut body = String::new();
        self.read_to_string(&mut body)?;
        Ok(body)
    }
}

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let count = if self.first.is_empty() {
            self.stream.read_within(&mut buffer[..most], Some(PATIENCE))?
        } else {
            let count = most.min(self.first.len());
            buffer[..count].copy_from_slice(&self.first[..count]);
            self.first.drain(..count);
            count
        };
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// What is read of the head of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    range: Option<(u64, u64)>,
    body: u64,
    /// How many bytes it has.
    length: usize,
}

/// The head that `bytes` begin with, if all of it is there.
fn parse(bytes: &[u8]) -> io::Result<Option<Head>> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let status = response.parse(bytes).map_err(|_| bad("the server does not answer in HTTP"))?;
    let httparse::Status::Complete(length) = status else { return Ok(None) };
    let field = |name: &str| {
        let found = response.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(found.value).ok()
    };
    if field("transfer-encoding").is_some() {
        return Err(bad("the server sends a coding that was not asked for"));
    }
    let body = match field("content-length") {
        Some(digits) => digits.parse().map_err(|_| bad("the server's answer has no length"))?,
        None => 0,
    };
    let range = field("content-range").and_then(|range| {
        let (span, size) = range.strip_prefix("bytes ")?.split_once('/')?;
        Some((span.split_once('-')?.0.parse().ok()?, size.parse().ok()?))
    });
    Ok(Some(Head { status: response.code.unwrap_or_default(), range, body, length }))
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_an_answer_is_read_when_all_of_it_is_there() {
        let whole = b"HTTP/1.1 206 Partial Content\r\ncontent-length: 4\r\nContent-Range: bytes 6-9/10\r\n\r\nbody";
        for end in 0..whole.len() - 4 {
            assert_eq!(parse(&whole[..end]).unwrap(), None, "{end}");
        }
        let length = whole.len() - 4;
        assert_eq!(parse(whole).unwrap(), Some(Head { status: 206, range: Some((6, 10)), body: 4, length }));
        assert!(parse(b"! The server is full.\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn a_server_is_named_by_its_address() {
        assert_eq!(host("192.0.2.1:7667".parse().unwrap()), "192.0.2.1:7667");
        assert_eq!(host("[::1]:7667".parse().unwrap()), "[::1]:7667");
    }

    #[test]
    fn a_path_is_no_place_for_another_request() {
        for path in ["x", "/a b", "/a\r\nHost: evil", ""] {
            let error = Request::begin(|| unreachable!("nothing is sent"), "GET", path, &[]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{path:?}");
        }
    }
}
