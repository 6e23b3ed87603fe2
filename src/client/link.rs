//! One connection to a server: connecting, the login, lines in and out. Knows nothing of coming back, rooms or people.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::error::ClientError;
use super::trust::Way;
use crate::answer::Done;
use crate::command::Secret;
use crate::event::{Event, PROTOCOL};
use crate::names;
use crate::net::Stream;
use crate::wire::json;
use crate::wire::reader::{Line, Lines};

/// How long the server may take to answer during the login.
const LOGIN: Duration = Duration::from_secs(10);

/// The longest line taken from a server, in bytes. A longer one is dropped.
const LINE_BYTES: usize = 4 << 20;

/// One line from the server.
#[derive(Debug)]
pub(super) enum Incoming {
    Event(Event),
    /// A line that is no event of this version, cleaned.
    Other(String),
}

/// What a client says to log in.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Login<'a> {
    /// The name; the one the server offers if it is not said.
    pub nick: Option<&'a str>,
    pub resume: Option<&'a str>,
    /// The password, if the name belongs to an account.
    pub password: Option<&'a Secret>,
    /// The rooms to join. If it is `None`: the lobby, or an account's own rooms.
    pub rooms: Option<&'a [String]>,
    /// Only asks for the greeting, to learn the server and the name it offers.
    pub greet: bool,
}

impl Login<'_> {
    /// The fields of `hello`.
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        let mut fields = vec![("version", PROTOCOL.into())];
        if let Some(nick) = self.nick {
            fields.extend([("nick", nick.into()), ("rooms", self.rooms_field()), ("resume", self.resume.into())]);
            fields.push(("password", self.password.map(|password| &*password.0).into()));
        }
        fields
    }

    fn rooms_field(&self) -> Value {
        self.rooms.map(<[String]>::to_vec).into()
    }
}

/// What the server said at the login.
#[derive(Debug, Default)]
pub(super) struct Welcome {
    pub nick: String,
    pub resume: Option<String>,
    /// Whether the client is logged in to the account of that name.
    pub registered: bool,
    pub server: String,
    pub offer: String,
    /// The longest text, in characters.
    pub text: usize,
    /// The longest line, in bytes.
    pub line_bytes: usize,
    /// Silence after which the server sends a ping.
    pub ping_after: Duration,
}

/// The reading half, and a share in the writing half.
#[derive(Debug)]
pub(super) struct Link {
    stream: Arc<Stream>,
    /// How long the server may be silent.
    pub patience: Duration,
    lines: Lines,
    ready: VecDeque<Incoming>,
    buffer: Box<[u8]>,
}

impl Link {
    pub fn open(way: &Way) -> Result<Link, ClientError> {
        Ok(Link {
            stream: Arc::new(way.open()?),
            patience: LOGIN,
            lines: Lines::new(LINE_BYTES),
            ready: VecDeque::new(),
            buffer: vec![0; 16 * 1024].into_boxed_slice(),
        })
    }

    pub fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// Sends a line; `line` has no ending.
    pub fn send(&self, line: &str) -> io::Result<()> {
        self.stream.send_all(format!("{line}\n").as_bytes())
    }

    /// Waits for the next line. `None` is the end; an error of kind
    /// `WouldBlock` means that nothing came within our patience.
    pub fn next(&mut self) -> io::Result<Option<Incoming>> {
        loop {
            if let Some(incoming) = self.ready.pop_front() {
                return Ok(Some(incoming));
            }
            let count = match self.stream.read_within(&mut self.buffer, Some(self.patience)) {
                Ok(0) => {
                    self.ready.extend(self.lines.finish().and_then(incoming));
                    return Ok(self.ready.pop_front());
                }
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let mut rest = &self.buffer[..count];
            while let Some(line) = self.lines.next(&mut rest) {
                self.ready.extend(incoming(line));
            }
        }
    }

    /// Says hello and takes a name. Other events that come meanwhile come out of
    /// [`Link::next`] afterwards.
    pub fn log_in(&mut self, login: &Login<'_>) -> Result<Welcome, ClientError> {
        self.send(&json::request("hello", &login.fields())).map_err(ClientError::Lost)?;
        let mut welcome = Welcome::default();
        let mut aside = VecDeque::new();
        let (nick, resume) = loop {
            let event = match self.next().map_err(ClientError::Lost)? {
                Some(Incoming::Event(event)) => event,
                Some(Incoming::Other(line)) => return Err(no_event(&line)),
                None => return Err(ClientError::Closed { reason: None, text: String::new() }),
            };
            match event {
                Event::Hello { ref server, ref offer, text, line_bytes, ping_after, ref motd, .. } => {
                    let (server, offer) = (server.to_string(), offer.to_string());
                    let ping_after = Duration::from_secs(ping_after.max(1));
                    welcome = Welcome { server, offer, text, line_bytes, ping_after, ..welcome };
                    if motd.is_some() {
                        aside.push_back(Incoming::Event(event));
                    }
                }
                Event::Ok { done: Done::Hello { nick: None, .. }, .. } => {
                    if login.greet {
                        return Ok(welcome);
                    }
                    self.send(&json::request("nick", &[("rooms", login.rooms_field())])).map_err(ClientError::Lost)?;
                }
                Event::Ok { done: Done::Hello { nick: Some(nick), resume, registered }, .. } => {
                    welcome.registered = registered;
                    break (nick, resume);
                }
                Event::Ok { done: Done::Nick { nick, resume }, .. } => break (nick, resume),
                Event::Error { code, text, offer, .. } => {
                    let text = names::clean(&text).into_owned();
                    return Err(ClientError::Refused { code, text, offer: offer.map(|offer| offer.to_string()) });
                }
                Event::Closing { reason, text } => {
                    return Err(ClientError::Closed { reason: Some(reason), text: names::clean(&text).into_owned() });
                }
                other => aside.push_back(Incoming::Event(other)),
            }
        };
        // The events that came meanwhile are the first, in their order.
        aside.append(&mut self.ready);
        self.ready = aside;
        let resume = resume.map(|token| token.to_string());
        Ok(Welcome { nick: nick.to_string(), resume, ..welcome })
    }
}

/// A server that has no place says so in a plain line, whatever the front. Any
/// other line does not come from a Roomful server.
fn no_event(line: &str) -> ClientError {
    match line.strip_prefix("! ").or_else(|| line.strip_prefix("* ")) {
        Some(text) => ClientError::Closed { reason: None, text: text.trim_end_matches('.').to_owned() },
        None => ClientError::NotRoomful(line.chars().take(80).collect()),
    }
}

fn incoming(line: Line<'_>) -> Option<Incoming> {
    match line {
        Line::Whole(bytes) if bytes.is_empty() => None,
        Line::Whole(bytes) => Some(match json::decode_event(&bytes) {
            Ok(event) => Incoming::Event(event),
            Err(_) => Incoming::Other(names::clean(&String::from_utf8_lossy(&bytes)).into_owned()),
        }),
        Line::TooLong => Some(Incoming::Other(format!("(a line of more than {LINE_BYTES} bytes, dropped)"))),
    }
}
