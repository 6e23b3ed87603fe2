//! All clients of one run on one epoll loop: connecting, hearing, saying; knows nothing of what is measured.

use std::io;
use std::mem;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use crate::marker::{Mark, Marker};
use crate::measure::dialect::{Dialect, Meaning};
use crate::measure::member::{MAX_LINE, Member, fresh_nick};
use crate::measure::sealed::Sealed;

/// Sockets looked at in one turn.
const EVENTS: usize = 256;
/// Read at most this much from a socket in one turn, in bytes.
const READ: usize = 128 * 1024;
/// What a client heard.
#[derive(Debug)]
pub enum Heard<'a> {
    /// A marked message, read at this time of the crowd's clock.
    Mark(Mark, u64),
    /// The room is entered.
    Joined,
    /// A command was carried out; read at this time of the crowd's clock.
    Answer(u64),
    /// Any other line.
    Other(&'a [u8]),
    /// The connection is over.
    Gone,
}

/// What servers refused, and connections they ended, against our will.
#[derive(Debug, Default)]
pub struct Troubles {
    /// How many.
    pub count: u64,
    /// The first of them, in the server's words.
    pub first: Option<String>,
}

/// The clients of one run.
pub struct Crowd {
    /// Everybody, by index.
    pub members: Vec<Member>,
    /// What went wrong so far.
    pub troubles: Troubles,
    /// The dialect spoken.
    pub dialect: Dialect,
    is_sealed: bool,
    server: SocketAddr,
    marker: Marker,
    clock: Instant,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
}

impl Crowd {
    /// A crowd without clients.
    ///
    /// # Errors
    /// When the kernel has no epoll descriptor left.
    pub fn new(server: SocketAddr, (dialect, is_sealed): (Dialect, bool), marker: Marker) -> Result<Self> {
        Ok(Self {
            members: Vec::new(),
            troubles: Troubles::default(),
            dialect,
            is_sealed,
            server,
            marker,
            clock: Instant::now(),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC).context("no epoll descriptor")?,
            events: Vec::with_capacity(EVENTS),
            buffer: vec![0; READ + MAX_LINE],
        })
    }

    /// Nanoseconds of the crowd's clock.
    pub fn now(&self) -> u64 {
        self.clock.elapsed().as_nanos() as u64
    }

    /// Connects one more client, which then logs in and joins `room` by itself in later turns.
    ///
    /// # Errors
    /// When it cannot connect.
    pub fn open(&mut self, room: String, rcvbuf: Option<usize>) -> Result<usize> {
        let who = self.members.len();
        let member = self.enter(who, room, rcvbuf)?;
        self.members.push(member);
        self.log_in(who);
        Ok(who)
    }

    /// Puts a new client in the place of one that has left.
    ///
    /// # Errors
    /// When it cannot connect.
    pub fn reopen(&mut self, who: usize) -> Result<()> {
        let room = mem::take(&mut self.members[who].room);
        self.members[who] = self.enter(who, room, None)?;
        self.log_in(who);
        Ok(())
    }

    /// Waits at most `wait`, then tells `hear` everything that has come.
    ///
    /// # Errors
    /// When epoll itself fails.
    pub fn turn(&mut self, wait: Duration, mut hear: impl FnMut(usize, Heard<'_>)) -> Result<()> {
        self.events.clear();
        let wait = Timespec::try_from(wait).context("too long a wait")?;
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&wait)) {
            Err(e) if e != rustix::io::Errno::INTR => return Err(e).context("epoll"),
            _ => {}
        }
        let events = mem::take(&mut self.events);
        let mut buffer = mem::take(&mut self.buffer);
        for &epoll::Event { flags, data } in &events {
            let who = data.u64() as usize;
            if flags.contains(epoll::EventFlags::OUT) {
                let flushed = self.members[who].flush();
                self.watch(who, flushed);
            }
            if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
                self.read(who, &mut buffer, &mut hear);
            }
        }
        self.buffer = buffer;
        self.events = events;
        Ok(())
    }

    /// Sends `bytes`; what the socket does not take follows by itself in later turns.
    pub fn send(&mut self, who: usize, bytes: &[u8]) {
        if !self.members[who].gone {
            match self.members[who].send(bytes) {
                Ok(false) => {}
                sent => self.watch(who, sent),
            }
        }
    }

    /// Appends the line that says `mark` in `room`.
    pub fn write_say(&self, room: &str, mark: Mark, out: &mut Vec<u8>) {
        let from = out.len();
        out.extend_from_slice(self.dialect.say_head(room, mark.number, self.marker.size()).as_bytes());
        self.marker.write(mark, out);
        out.extend_from_slice(self.dialect.say_tail().as_bytes());
        self.dialect.wrap(out, from);
    }

    /// Asks to be let go.
    pub fn quit(&mut self, who: usize) {
        self.members[who].leaving = true;
        match self.dialect.quit() {
            Some(word) => self.say(who, word),
            // The server may have closed it already.
            None => drop(self.members[who].stream.shutdown(Shutdown::Write)),
        }
    }

    /// Stops reading from one client for good, or begins again.
    pub fn set_deaf(&mut self, who: usize, deaf: bool) {
        self.members[who].deaf = deaf;
        self.watch(who, Ok(false));
    }

    fn enter(&self, who: usize, room: String, rcvbuf: Option<usize>) -> Result<Member> {
        let mut member = Member::connect(self.server, fresh_nick(), room, rcvbuf)
            .with_context(|| format!("client {who} cannot connect to {}", self.server))?;
        if self.is_sealed {
            member.tls = Some(Box::new(Sealed::new(self.server)?));
        }
        let data = epoll::EventData::new_u64(who as u64);
        epoll::add(&self.epoll, &member.stream, data, epoll::EventFlags::IN).context("epoll add")?;
        Ok(member)
    }

    fn log_in(&mut self, who: usize) {
        let member = &self.members[who];
        let login = self.dialect.login(&member.nick, &member.room);
        self.send(who, self.dialect.opening().as_bytes());
        self.say(who, &login);
    }

    /// Sends what is not measured.
    fn say(&mut self, who: usize, words: &str) {
        let mut bytes = words.as_bytes().to_vec();
        self.dialect.wrap(&mut bytes, 0);
        self.send(who, &bytes);
    }

    fn read(&mut self, who: usize, buffer: &mut [u8], hear: &mut impl FnMut(usize, Heard<'_>)) {
        if self.members[who].gone {
            return;
        }
        if self.members[who].deaf {
            // Not even an end is read: it shows when the deaf one hears again.
            let _ = epoll::delete(&self.epoll, &self.members[who].stream);
            return;
        }
        let filled = match self.members[who].read(buffer) {
            Ok(Some(filled)) => filled,
            Ok(None) => return self.end(who, "closed the connection", hear),
            Err(e) => return self.end(who, &format!("closed the connection: {e}"), hear),
        };
        let now = self.now();
        let mut rest = &buffer[..filled];
        while let Some((line, used)) = self.dialect.cut(rest) {
            self.line(who, &rest[line], now, hear);
            rest = &rest[used..];
        }
        if let Err(e) = self.members[who].hold(rest) {
            self.end(who, &e.to_string(), hear);
        }
    }

    #[inline]
    fn line(&mut self, who: usize, line: &[u8], now: u64, hear: &mut impl FnMut(usize, Heard<'_>)) {
        let member = &mut self.members[who];
        match self.dialect.meaning(line, &member.nick) {
            Meaning::Message => match self.marker.find(line, &mut member.hint) {
                Some(mark) => hear(who, Heard::Mark(mark, now)),
                None => hear(who, Heard::Other(line)),
            },
            Meaning::Welcome => {
                let join = self.dialect.join(&member.room);
                self.say(who, &join);
            }
            Meaning::Joined => {
                if !mem::replace(&mut member.joined, true) {
                    hear(who, Heard::Joined);
                }
            }
            Meaning::Answer => hear(who, Heard::Answer(now)),
            Meaning::Reply(bytes) => self.send(who, &bytes),
            Meaning::Refusal => {
                let words = String::from_utf8_lossy(line).into_owned();
                let leaving = member.leaving;
                let told = format!("{}: {words}", member.nick);
                member.refusal = Some(words);
                if !leaving {
                    self.trouble(told);
                }
                hear(who, Heard::Other(line));
            }
            Meaning::Other => hear(who, Heard::Other(line)),
        }
    }

    fn end(&mut self, who: usize, how: &str, hear: &mut impl FnMut(usize, Heard<'_>)) {
        let member = &mut self.members[who];
        member.gone = true;
        let _ = epoll::delete(&self.epoll, &member.stream);
        if !member.leaving {
            let told = format!("{}: the server {how}", member.nick);
            self.trouble(told);
        }
        hear(who, Heard::Gone);
    }

    fn watch(&mut self, who: usize, waiting: io::Result<bool>) {
        // A failed write is no news: the read that follows tells what happened.
        let waiting = waiting.unwrap_or(false);
        let member = &self.members[who];
        let mut flags = epoll::EventFlags::empty();
        flags.set(epoll::EventFlags::IN, !member.deaf);
        flags.set(epoll::EventFlags::OUT, waiting);
        let data = epoll::EventData::new_u64(who as u64);
        if epoll::modify(&self.epoll, &member.stream, data, flags).is_err() {
            // It was taken out when its end was seen while deaf.
            let _ = epoll::add(&self.epoll, &member.stream, data, flags);
        }
    }

    /// Counts something that went wrong.
    pub fn trouble(&mut self, what: String) {
        self.troubles.count += 1;
        self.troubles.first.get_or_insert(what);
    }
}
