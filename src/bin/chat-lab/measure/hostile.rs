//! A hostile client: one connection after the other, on both fronts, each decided by the dice of its seed. Knows nothing of other clients.
//!
//! What a connection sends depends on the seed, the client's number and the
//! connection's number alone, but for tokens and numbers of uploads that the server
//! gave. So a run with the same seed sends the same things again.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use socket2::SockRef;

use crate::dice::Dice;
use crate::measure::aim::{Aim, Deeds};
use crate::measure::wild::{PASSWORD, Wild, quoted};

/// A server that takes nothing for this long is left.
const STUCK: Duration = Duration::from_secs(1);
/// How often a client that waits looks whether the soak is over.
const LOOK: Duration = Duration::from_millis(200);
/// Questions with long answers, for clients that do not read.
const MUCH: [&str; 4] = [
    "{\"type\":\"history\",\"limit\":100}\n",
    "{\"type\":\"members\"}\n",
    "{\"type\":\"rooms\"}\n",
    "{\"type\":\"search\",\"text\":\"hello\"}\n",
];
const MUCH_TYPED: [&str; 4] = ["/history 100\n", "/who\n", "/rooms\n", "/search hello\n"];

/// Client number `number`: comes again and again until it is over.
pub fn run(aim: &Aim, number: u64) -> Deeds {
    let mut deeds = Deeds::default();
    let mut token = "none".to_owned();
    while !aim.over.is_over() {
        deeds.lives += 1;
        let Ok(stream) = TcpStream::connect(aim.addr) else {
            deeds.refused += 1;
            continue;
        };
        let mut wild = Wild::new(Dice::of_all(&[aim.seed, number, deeds.lives]), &aim.people, &aim.room);
        wild.token = token;
        let mut life = Life { aim, wild, stream, deeds: &mut deeds };
        // An error is how a connection of this kind ends.
        let done = life.live();
        token = std::mem::take(&mut life.wild.token);
        if done.is_err_and(|error| error.kind() != ErrorKind::Interrupted) {
            deeds.ended += 1;
        }
    }
    deeds
}

/// One connection.
struct Life<'a> {
    aim: &'a Aim,
    wild: Wild,
    stream: TcpStream,
    deeds: &'a mut Deeds,
}

#[derive(Clone, Copy, PartialEq)]
enum Front {
    Json,
    Line,
}

impl Life<'_> {
    fn live(&mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        self.stream.set_write_timeout(Some(STUCK))?;
        match self.wild.dice.below(40) {
            0 => self.rest(4_000)?,
            1..=4 => {
                let bytes = self.wild.stranger();
                self.send(&bytes)?;
                self.rest(400)?;
            }
            5..=22 => self.act(Front::Json)?,
            _ => self.act(Front::Line)?,
        }
        self.end()
    }

    fn act(&mut self, front: Front) -> io::Result<()> {
        match front {
            Front::Json => self.greet()?,
            Front::Line => self.come_in()?,
        }
        for _ in 0..1 + self.wild.dice.below(25) {
            self.deed(front)?;
            self.rest(40)?;
        }
        Ok(())
    }

    /// A `hello`, or what should be one.
    fn greet(&mut self) -> io::Result<()> {
        let nick = quoted(&self.wild.name());
        let line = match self.wild.dice.below(24) {
            0 => {
                let rooms: Vec<_> = (0..400).map(|at| format!("\"#pit{at}\"")).collect();
                format!("{{\"type\":\"hello\",\"version\":1,\"nick\":{nick},\"rooms\":[{}]}}\n", rooms.join(","))
            }
            1 | 2 => {
                let password = quoted(&self.wild.password());
                format!("{{\"type\":\"hello\",\"version\":1,\"nick\":{nick},\"password\":{password}}}\n")
            }
            3 | 4 => {
                let token = quoted(&self.wild.token.clone());
                format!("{{\"type\":\"hello\",\"version\":1,\"nick\":{nick},\"resume\":{token}}}\n")
            }
            5 => return Ok(()),
            6 => {
                self.rest(700)?;
                format!("{{\"type\":\"hello\",\"version\":1,\"nick\":{nick}}}\n")
            }
            7 => format!("{{\"type\":\"hello\",\"version\":{}}}\n", self.wild.dice.below(4)),
            _ => {
                let room = quoted(&self.wild.room());
                let own = self.wild.dice.below(1_000_000);
                let mut line =
                    format!("{{\"type\":\"hello\",\"version\":1,\"nick\":\"pest{own}x\",\"rooms\":[{room}]}}\n");
                if self.wild.dice.one_in(4) {
                    line += &format!("{{\"type\":\"register\",\"password\":\"{PASSWORD}\"}}\n");
                }
                line
            }
        };
        self.send(line.as_bytes())
    }

    /// A name typed, or what should be one.
    fn come_in(&mut self) -> io::Result<()> {
        let line = match self.wild.dice.below(16) {
            0 => format!("/login {}\n{}\n", self.wild.name(), self.wild.password()),
            1 => return self.rest(700),
            2 => format!("{}\r\0", self.wild.name()),
            3 => "\n\n\n".to_owned(),
            4 => self.wild.text() + "\n",
            5 => format!("pest{}y\n/register\n{PASSWORD}\n{PASSWORD}\n", self.wild.dice.below(1_000_000)),
            _ => format!("pest{}y {}\n", self.wild.dice.below(1_000_000), self.wild.room()),
        };
        self.send(line.as_bytes())
    }

    fn deed(&mut self, front: Front) -> io::Result<()> {
        match self.wild.dice.below(100) {
            0 => self.send(self.ping(front).repeat(2_000).as_bytes()),
            1 => self.send(&b"\n".repeat(5_000)),
            2 => {
                let lines: Vec<u8> = (0..60).flat_map(|_| self.line(front)).collect();
                self.send(&lines)
            }
            3 => {
                let line = self.wild.too_long();
                self.send(&line)
            }
            4 => {
                let line = self.line(front);
                let half = self.wild.dice.below(line.len() as u64) as usize;
                self.send(&line[..half])?;
                self.rest(600)?;
                self.send(&line[half..])
            }
            5 => {
                let lines: Vec<u8> = (0..2 + self.wild.dice.below(20)).flat_map(|_| self.line(front)).collect();
                self.send(&lines)
            }
            6 => {
                let line = self.line(front);
                let (drops, rest) = line.split_at(line.len().min(30));
                for drop in drops.chunks(1) {
                    self.send(drop)?;
                    self.rest(10)?;
                }
                self.send(rest)
            }
            7 => self.deafen(front),
            8 | 9 if front == Front::Json => self.file(),
            8 => self.dialogue(),
            10 => self.make_and_leave(front),
            11 => self.rule(front),
            12 => self.rest(1_500),
            _ => {
                let line = self.line(front);
                self.send(&line)
            }
        }
    }

    fn line(&mut self, front: Front) -> Vec<u8> {
        match front {
            Front::Json => self.wild.json(),
            Front::Line => self.wild.typed(),
        }
    }

    fn ping(&self, front: Front) -> &'static str {
        if front == Front::Json { "{\"type\":\"ping\"}\n" } else { "/ping x\n" }
    }

    /// Asks for much, and does not read.
    fn deafen(&mut self, front: Front) -> io::Result<()> {
        let much = if front == Front::Json { MUCH } else { MUCH_TYPED };
        let lines: String = (0..20 + self.wild.dice.below(100)).map(|_| *self.wild.dice.pick(&much)).collect();
        self.send(lines.as_bytes())?;
        self.aim.over.wait_until(Instant::now() + Duration::from_millis(self.wild.dice.below(4_000)));
        Ok(())
    }

    /// A file, offered, and then sent as a whole, in part, too slowly, or not.
    fn file(&mut self) -> io::Result<()> {
        let (bytes, room, name) = (self.wild.bytes(), quoted(&self.wild.room()), quoted(&self.wild.text()));
        let how = self.wild.dice.below(6);
        let size = if how == 0 { 1 + self.wild.dice.below(20_000_000) } else { bytes.len() as u64 };
        self.send(format!("{{\"type\":\"offer\",\"room\":{room},\"name\":{name},\"size\":{size}}}\n").as_bytes())?;
        self.rest(200)?;
        let upload = self.wild.upload;
        let url = std::mem::take(&mut self.wild.url);
        if !url.is_empty() {
            self.put(&url, size, &bytes)?;
        }
        let line = match how {
            1 => return Ok(()),
            2 => format!("{{\"type\":\"cancel\",\"upload\":{upload}}}\n"),
            _ => {
                let hash = roomful::wire::hex(&Sha256::digest(&bytes));
                format!("{{\"type\":\"finish\",\"upload\":{upload},\"sha256\":\"{hash}\"}}\n")
            }
        };
        self.send(line.as_bytes())
    }

    /// Sends bytes to where an upload takes them, over a connection of its own.
    fn put(&mut self, url: &str, size: u64, bytes: &[u8]) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.aim.addr)?;
        stream.set_write_timeout(Some(STUCK))?;
        stream.set_read_timeout(Some(LOOK))?;
        let head = format!("PUT {url} HTTP/1.1\r\nHost: {}\r\nContent-Length: {size}\r\n\r\n", self.aim.addr);
        let part = &bytes[..bytes.len() - if self.wild.dice.one_in(4) { bytes.len() / 2 } else { 0 }];
        // How a connection of this kind ends does not matter to the one that offered.
        let mut sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(part)).is_ok();
        if self.wild.dice.one_in(4) {
            self.rest(400)?;
            sent = false;
        }
        self.deeds.sent += (head.len() + part.len()) as u64;
        let mut buffer = [0; 4_096];
        if sent && let Ok(count) = stream.read(&mut buffer) {
            self.deeds.heard += count as u64;
        }
        Ok(())
    }

    /// A question for a password, answered, or not.
    fn dialogue(&mut self) -> io::Result<()> {
        let word =
            *self.wild.dice.pick(&["/register", "/login", "/password", "/delete-account", "/delete-account all"]);
        self.send(format!("{word}\n").as_bytes())?;
        for _ in 0..self.wild.dice.below(4) {
            let answer = self.wild.password();
            self.send(format!("{answer}\n").as_bytes())?;
            self.rest(100)?;
        }
        Ok(())
    }

    /// A room that is left behind.
    fn make_and_leave(&mut self, front: Front) -> io::Result<()> {
        let (room, topic) = (format!("#left{}", self.wild.dice.below(100_000)), self.wild.text());
        let lines = match front {
            Front::Json => {
                let (room, topic) = (quoted(&room), quoted(&topic));
                format!(
                    "{{\"type\":\"join\",\"room\":{room}}}\n{{\"type\":\"topic\",\"room\":{room},\"topic\":{topic}}}\n\
                     {{\"type\":\"leave\",\"room\":{room}}}\n"
                )
            }
            Front::Line => format!("/join {room}\n/topic {topic}\n/leave {room}\n"),
        };
        self.send(lines.as_bytes())
    }

    /// Kicks, bans and mutes other clients in a room of its own.
    fn rule(&mut self, front: Front) -> io::Result<()> {
        let room = format!("#own{}", self.wild.dice.below(100_000));
        let mut lines = match front {
            Front::Json => format!("{{\"type\":\"join\",\"room\":\"{room}\"}}\n"),
            Front::Line => format!("/join {room}\n"),
        };
        for _ in 0..5 {
            let word = *self.wild.dice.pick(&["ban", "mute", "kick", "invite", "op", "deop", "unban", "unmute"]);
            let name = self.wild.name();
            lines += &match front {
                Front::Json => format!("{{\"type\":\"{word}\",\"room\":\"{room}\",\"nick\":{}}}\n", quoted(&name)),
                Front::Line => format!("/{word} {name} {}\n", self.wild.text()),
            };
        }
        self.send(lines.as_bytes())
    }

    /// Ends the connection, in one of several ways.
    fn end(&mut self) -> io::Result<()> {
        match self.wild.dice.below(6) {
            // With what is not read yet: a reset.
            0 | 1 => SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)),
            2 => {
                self.stream.shutdown(Shutdown::Write)?;
                self.rest(1_000)
            }
            3 => {
                self.send(b"{\"type\":\"quit\"}\n/quit\n")?;
                self.rest(500)
            }
            4 => self.send(b"{\"type\":\"say\",\"text\":\"half a li"),
            _ => Ok(()),
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.look()?;
        self.stream.write_all(bytes)?;
        self.deeds.sent += bytes.len() as u64;
        Ok(())
    }

    /// Reads whatever comes, for up to `most` milliseconds.
    fn rest(&mut self, most: u64) -> io::Result<()> {
        let until = Instant::now() + Duration::from_millis(1 + self.wild.dice.below(most));
        let mut buffer = [0; 16 * 1024];
        loop {
            self.look()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.stream.set_read_timeout(Some(left.clamp(Duration::from_millis(1), LOOK)))?;
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(got) => {
                    self.deeds.heard += got as u64;
                    self.remember(&buffer[..got]);
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What the server gave that can be used against it.
    fn remember(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if let Some((_, rest)) = text.split_once("\"resume\":\"") {
            self.wild.token = rest.split('"').next().unwrap_or_default().to_owned();
        }
        if let Some((_, rest)) = text.split_once("\"upload\":") {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            self.wild.upload = digits.parse().unwrap_or(self.wild.upload);
        }
        if let Some((_, rest)) = text.split_once("\"url\":\"") {
            self.wild.url = rest.split('"').next().filter(|url| url.starts_with("/u/")).unwrap_or_default().to_owned();
        }
    }

    /// Whether the soak is over: then so is this connection.
    fn look(&self) -> io::Result<()> {
        if self.aim.over.is_over() { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
    }
}
