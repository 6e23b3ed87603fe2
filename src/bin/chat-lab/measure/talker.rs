//! One of the two people that talk, on either front: logs in, says marked lines, hears the other's lines, and reports what must not happen. Knows no dice and no judgement.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::marker::{Mark, Marker};
use crate::measure::dialect::Dialect;
use crate::measure::server::Peer;

/// Of the people's accounts; no hostile client says it.
const PASSWORD: &str = "nine blue skis in the hall";
/// A server that takes a line of ours no sooner has held it up.
const STUCK: Duration = Duration::from_secs(10);

/// The place in which a line is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// In the room of both.
    Room,
    /// To the other only.
    Private,
}

/// What a person's connection brings.
#[derive(Debug)]
pub enum News {
    /// A line of the other came, at this time of the soak's clock.
    Heard {
        /// The person that heard it.
        who: usize,
        /// The place in which it was said.
        spot: Spot,
        /// Its mark.
        mark: Mark,
        /// When.
        now: u64,
    },
    /// A line said here was answered `ok`: it must be in the history from now on.
    Kept(Spot),
    /// The answer to a `history`.
    Page(Value),
    /// The person is told to be slower.
    Waiting,
    /// What must not happen to the person, in a sentence.
    Broken(String),
    /// What the server says on stderr when something in it is wrong.
    Cry(String),
}

/// One of the two.
#[derive(Debug)]
pub struct Talker {
    who: usize,
    names: [String; 2],
    room: String,
    dialect: Dialect,
    stream: TcpStream,
}

/// What a person reads from.
type Lines = BufReader<TcpStream>;

impl Talker {
    /// Comes in, makes an account, and, if first, makes the room lasting.
    ///
    /// # Errors
    /// When the person is refused.
    pub fn come_in(
        addr: SocketAddr,
        who: usize,
        names: &[String; 2],
        room: &str,
        dialect: Dialect,
    ) -> Result<(Talker, Lines)> {
        let mut peer = Peer::connect(addr)?;
        let name = &names[who];
        match dialect {
            Dialect::Json => {
                peer.ask(json!({"type": "hello", "version": 1, "nick": name, "rooms": [room]}))?;
                peer.ask(json!({"type": "register", "password": PASSWORD}))?;
                peer.ask(json!({"type": "register-room", "room": room}))?;
            }
            _ => {
                let first = format!("{}/register\n{PASSWORD}\n{PASSWORD}\n", dialect.login(name, room));
                peer.stream.write_all(first.as_bytes())?;
                let line = peer.await_line(|line| line.starts_with('!') || line.contains(" is your account now"))?;
                ensure!(!line.starts_with('!'), "refused: {line}");
            }
        }
        peer.stream.set_write_timeout(Some(STUCK))?;
        peer.stream.set_read_timeout(None)?;
        let Peer { stream, lines } = peer;
        let (names, room) = (names.clone(), room.to_owned());
        Ok((Talker { who, names, room, dialect, stream }, lines))
    }

    /// Says a marked line.
    ///
    /// # Errors
    /// When the server has closed the connection, or does not take it.
    pub fn say(&mut self, spot: Spot, mark: Mark, marker: &Marker) -> Result<()> {
        let other = &self.names[1 - self.who];
        let tag = format!("{}{}", if spot == Spot::Room { 'r' } else { 'p' }, mark.number);
        let head = match (self.dialect, spot) {
            (Dialect::Json, Spot::Room) => {
                format!("{{\"type\":\"say\",\"tag\":\"{tag}\",\"room\":\"{}\",\"text\":\"", self.room)
            }
            (Dialect::Json, Spot::Private) => {
                format!("{{\"type\":\"msg\",\"tag\":\"{tag}\",\"to\":\"{other}\",\"text\":\"")
            }
            (_, Spot::Room) => String::new(),
            (_, Spot::Private) => format!("/msg {other} "),
        };
        let mut line = head.into_bytes();
        marker.write(mark, &mut line);
        line.extend_from_slice(self.dialect.say_tail().as_bytes());
        self.stream.write_all(&line).with_context(|| format!("{} cannot speak", self.names[self.who]))
    }

    /// Asks for a page of the private conversation, after the message `after`; the answer is a [`News::Page`].
    ///
    /// # Errors
    /// When the server has closed the connection.
    pub fn ask_for_private(&mut self, after: u64) -> Result<()> {
        let room = format!("@{}", self.names[1 - self.who]);
        let question = json!({"type": "history", "tag": "page", "room": room, "after": after, "limit": 100});
        Ok(self.stream.write_all(format!("{question}\n").as_bytes())?)
    }

    /// What hears for this person.
    pub fn ear(&self) -> Ear {
        Ear { who: self.who, names: self.names.clone(), room: self.room.clone(), dialect: self.dialect }
    }
}

/// Hears for one of the two.
#[derive(Debug)]
pub struct Ear {
    who: usize,
    names: [String; 2],
    room: String,
    dialect: Dialect,
}

impl Ear {
    /// Reads to the end of the connection, and tells everything that matters.
    pub fn listen(self, mut lines: Lines, marker: &Marker, clock: Instant, news: &Sender<News>) {
        let (mut line, mut hint) = (Vec::new(), 0);
        loop {
            line.clear();
            let got = lines.read_until(b'\n', &mut line);
            let now = clock.elapsed().as_nanos() as u64;
            let told = match got {
                Ok(1..) => self.meaning(&line, marker, &mut hint, now),
                _ => Some(News::Broken(format!("the connection of {} ended", self.names[self.who]))),
            };
            // No thread listens: the soak is over.
            if told.is_some_and(|told| news.send(told).is_err()) || !matches!(got, Ok(1..)) {
                return;
            }
        }
    }

    fn meaning(&self, line: &[u8], marker: &Marker, hint: &mut usize, now: u64) -> Option<News> {
        let broken = || {
            let text = String::from_utf8_lossy(line);
            News::Broken(format!("{} was told: {}", self.names[self.who], text.trim_end()))
        };
        let heard = |spot, mark| News::Heard { who: self.who, spot, mark, now };
        if self.dialect != Dialect::Json {
            let Some(rest) = line.strip_prefix(b"[") else {
                return line.starts_with(b"! ").then(broken);
            };
            let (other, me) = (&self.names[1 - self.who], &self.names[self.who]);
            let rest = rest.splitn(2, |byte| *byte == b' ').nth(1)?;
            let spot = if rest.starts_with(format!("{other}: ~").as_bytes()) {
                Spot::Room
            } else if rest.starts_with(format!("{other} to {me} only: ~").as_bytes()) {
                Spot::Private
            } else {
                return None;
            };
            return Some(heard(spot, marker.find(line, hint)?));
        }
        let event: Value = match serde_json::from_slice(line) {
            Ok(event) => event,
            Err(_) => return Some(broken()),
        };
        let (is, mine) = (|key: &str, value: &str| event[key] == *value, &self.names[self.who]);
        let spot = match event["type"].as_str()? {
            "message" if is("room", &self.room) => Spot::Room,
            "private" => Spot::Private,
            "ok" if is("for", "history") => return Some(News::Page(event)),
            "ok" => {
                let tag = event["tag"].as_str()?;
                let spot = if tag.starts_with('r') { Spot::Room } else { Spot::Private };
                return Some(News::Kept(spot));
            }
            "waiting" => return Some(News::Waiting),
            "error" | "closing" => return Some(broken()),
            "left" => return Some(broken()),
            "kick" | "restriction" | "role" if is("nick", mine) && is("room", &self.room) => return Some(broken()),
            "nick" if is("old", mine) => return Some(broken()),
            _ => return None,
        };
        let mark = is("from", &self.names[1 - self.who]).then(|| marker.find(line, hint))??;
        Some(heard(spot, mark))
    }
}

/// All messages of a room, from its first, as a client that logs in reads them: by pages, and
/// from a new connection whenever the last may ask for no more.
///
/// # Errors
/// When a page is refused.
pub fn history(addr: SocketAddr, room: &str) -> Result<Vec<Value>> {
    /// At three commands each, so many are free in a burst of ten.
    const PAGES: usize = 3;
    let (mut all, mut after) = (Vec::new(), 0);
    for reader in 0.. {
        let mut peer = Peer::connect(addr)?;
        let nick = format!("clerk{reader}z");
        peer.ask(json!({"type": "hello", "version": 1, "nick": nick, "rooms": [room]}))?;
        for _ in 0..PAGES {
            let page = peer.ask(json!({"type": "history", "room": room, "after": after, "limit": 100}))?;
            let more = take_page(page, &mut all, &mut after)?;
            if !more {
                return Ok(all);
            }
        }
        // A silent end, so that no line of it waits.
        drop(peer);
    }
    Ok(all)
}

/// Puts the messages of a page to the others; whether there are more.
///
/// # Errors
/// When it is no page.
pub fn take_page(mut page: Value, all: &mut Vec<Value>, after: &mut u64) -> Result<bool> {
    let Value::Array(messages) = page["messages"].take() else { anyhow::bail!("no messages in {page}") };
    *after = messages.last().and_then(|last| last["seq"].as_u64()).unwrap_or(*after);
    let more = page["more"] == true && !messages.is_empty();
    all.extend(messages);
    Ok(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ear(who: usize, dialect: Dialect) -> Ear {
        Ear { who, names: ["Anna".to_owned(), "Boris".to_owned()], room: "#soak".to_owned(), dialect }
    }

    fn told(ear: &Ear, head: &str, tail: &str) -> String {
        let marker = Marker::new(1, 64);
        let mut line = head.as_bytes().to_vec();
        marker.write(Mark { speaker: 1, number: 7, sent: 5 }, &mut line);
        line.extend_from_slice(tail.as_bytes());
        match ear.meaning(&line, &marker, &mut 0, 9) {
            Some(News::Heard { spot, mark, .. }) => format!("{spot:?} {}", mark.number),
            Some(News::Broken(_)) => "broken".to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn only_the_other_s_own_lines_are_heard() {
        let line = ear(0, Dialect::Line);
        assert_eq!(told(&line, "[12:05] Boris: ", ""), "Room 7");
        assert_eq!(told(&line, "[12:05] Boris to Anna only: ", ""), "Private 7");
        assert_eq!(told(&line, "[12:05] pest1: Boris: ", ""), "None");
        assert_eq!(told(&line, "! The name ", ""), "broken");
        let json = ear(0, Dialect::Json);
        let head = "{\"type\":\"message\",\"room\":\"#soak\",\"from\":\"Boris\",\"text\":\"";
        assert_eq!(told(&json, head, "\"}"), "Room 7");
        assert_eq!(told(&json, &head.replace("Boris", "pest1"), "\"}"), "None");
        assert_eq!(told(&json, &head.replace("#soak", "#pit1"), "\"}"), "None");
        assert_eq!(told(&json, "{\"type\":\"private\",\"from\":\"Boris\",\"text\":\"", "\"}"), "Private 7");
        assert_eq!(told(&json, "{\"type\":\"left\",\"room\":\"", "\"}"), "broken");
        assert_eq!(told(&json, "{\"type\":\"nick\",\"old\":\"Anna\",\"new\":\"", "\"}"), "broken");
    }
}
