//! Soak: two people talk for minutes beside hostile clients of all kinds; judges what was promised to the two, and the memory and files that the server still holds. Knows no dialect.
//!
//! Everything hostile is decided by a seed. The two people talk at a pace within the
//! default `rate`, one on each front, in a room of theirs and in private by turns.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::kernel::process::{Holding, Process};
use crate::marker::Marker;
use crate::measure::aim::{Aim, Deeds, Over};
use crate::measure::dialect::Dialect;
use crate::measure::echo::Echo;
use crate::measure::hostile;
use crate::measure::ledger::{Ledger, Shape};
use crate::measure::member::fresh_nick;
use crate::measure::server::Server;
use crate::measure::talker::{News, Spot, Talker, history, take_page};
use crate::measure::target::fresh_run;
use crate::measure::verdict::{Course, Verdict, is_back, marked};

/// Each of the two says a line this often: below the default `rate` of two a second.
const PACE: Duration = Duration::from_millis(600);
/// One line in so many is private.
const PRIVATE: u32 = 3;
/// They talk alone for this long, before and after.
const ALONE: Duration = Duration::from_secs(2);
/// Bytes of text of a line.
const SIZE: usize = 64;
/// For how long the memory may grow before it is measured for comparison.
const WARM_UP: Duration = Duration::from_secs(60);
/// Ended connections must be removed by then: `gone-after`. The server notices a closed connection
/// when it sends something to it. If the client asked for no answer, that may be no sooner than a ping.
const SETTLE: Duration = Duration::from_secs(150);
/// How often the server's process is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How long the hostile clients are there.
    pub seconds: u64,
    /// Decides what they do.
    pub seed: u64,
    /// How many there are at once.
    pub clients: u64,
    /// Milliseconds that one line in a hundred may take.
    pub p99_ms: f64,
    /// The server.
    pub server: Host,
}

/// Which server.
#[derive(Clone, Debug)]
pub enum Host {
    /// This program, started on a new database with default limits, and stopped at the end.
    Program(PathBuf),
    /// One that runs there; with its process, if that is known.
    Running(SocketAddr, Option<i32>),
}

/// Soaks the server.
///
/// # Errors
/// When the soak cannot be done at all.
pub fn run(plan: &Plan) -> Result<Verdict> {
    match &plan.server {
        Host::Running(addr, pid) => {
            let process = pid.map(Process::new).transpose()?;
            let names = [fresh_nick(), fresh_nick()];
            let mut soak = Soak::begin(plan, *addr, process, names)?;
            soak.whole(plan)?;
            Ok(soak.verdict)
        }
        Host::Program(program) => {
            let folder = tempfile::tempdir()?;
            let mut server = Server::start(program, &folder.path().join("soak.db"), &[], Stdio::piped())?;
            let stderr = server.stderr().context("it was asked for")?;
            let names = ["Anna", "Boris"].map(str::to_owned);
            let mut soak = Soak::begin(plan, server.addr, Some(server.process()?), names)?;
            let watched = soak.watch(stderr);
            // A server that has died is a find, with its last words.
            if let Err(error) = soak.whole(plan) {
                soak.verdict.breaks(format!("{error:#}"));
            }
            let patience = Duration::from_secs(10);
            match server.stop(patience)? {
                Some((status, took)) => {
                    soak.verdict.figure("stop_ms", took.as_secs_f64() * 1e3);
                    if !status.success() {
                        soak.verdict.breaks(format!("stopped in order, the server ended with {status}"));
                    }
                }
                None => soak.verdict.breaks(format!("the server had not stopped after {} s", patience.as_secs())),
            }
            // It has read to the end now.
            let _ = watched.join();
            soak.hear_the_rest();
            Ok(soak.verdict)
        }
    }
}

/// A soak in the middle of it.
struct Soak {
    addr: SocketAddr,
    process: Option<Process>,
    names: [String; 2],
    room: String,
    marker: Marker,
    clock: Instant,
    talkers: [Talker; 2],
    /// Of the room, and of the private lines.
    books: [Ledger; 2],
    /// Lines answered `ok`, so that they are in the history: of the room, and private.
    answered: [u64; 2],
    turns: u32,
    next: Instant,
    looked: Instant,
    most_threads: u64,
    echo: Echo,
    is_over: bool,
    news: Receiver<News>,
    teller: Sender<News>,
    pages: Vec<Value>,
    verdict: Verdict,
}

impl Soak {
    fn begin(plan: &Plan, addr: SocketAddr, process: Option<Process>, names: [String; 2]) -> Result<Soak> {
        let room = if matches!(plan.server, Host::Program(_)) {
            "#soak".to_owned()
        } else {
            crate::measure::target::room(0, 0)
        };
        let (teller, news) = channel();
        let (marker, clock) = (|| Marker::new(plan.seed as u16, SIZE), Instant::now());
        let mut talkers = Vec::new();
        for (who, dialect) in [Dialect::Json, Dialect::Line].into_iter().enumerate() {
            let (talker, lines) = Talker::come_in(addr, who, &names, &room, dialect)
                .with_context(|| format!("{} does not get in", names[who]))?;
            let (ear, marker, teller) = (talker.ear(), marker(), teller.clone());
            thread::spawn(move || ear.listen(lines, &marker, clock, &teller));
            talkers.push(talker);
        }
        let Ok(talkers) = <[Talker; 2]>::try_from(talkers) else { bail!("two people are needed") };
        // More on the way at once than can be said while a soak lasts.
        let shape = Shape { members: 2, speakers: 2, in_flight: 1 << 16, echo: false };
        Ok(Soak {
            addr,
            process,
            names,
            room,
            marker: marker(),
            clock,
            talkers,
            books: [Ledger::new(shape), Ledger::new(shape)],
            answered: [0; 2],
            turns: 0,
            next: clock,
            looked: clock,
            most_threads: 0,
            echo: Echo::start(clock)?,
            is_over: false,
            news,
            teller,
            pages: Vec::new(),
            verdict: Verdict::new(format!("{} clients, seed {}", plan.clients, plan.seed)),
        })
    }

    /// Tells of a panic of the server.
    fn watch(&self, stderr: impl Read + Send + 'static) -> thread::JoinHandle<()> {
        let teller = self.teller.clone();
        thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                if line.contains("panicked") || line.contains("ERROR") {
                    // No thread listens: the soak was given up.
                    let _ = teller.send(News::Cry(line.into_owned()));
                }
            }
        })
    }

    fn whole(&mut self, plan: &Plan) -> Result<()> {
        self.talk(ALONE)?;
        let before = self.holding()?;
        let (warm, end, deeds) = self.beside_hostile_clients(plan)?;
        let settled = self.settle(before)?;
        self.talk(ALONE)?;
        let after = self.holding()?;
        self.verdict.figure("threads_most", self.most_threads as f64);
        if let (Some(before), Some(warm), Some(end), Some(after)) = (before, warm, end, after) {
            self.verdict.holding(&Course { before, warm, end, after, settled, patience: SETTLE });
        }
        self.verdict.figure("lives", deeds.lives as f64);
        self.verdict.figure("sent_mib", deeds.sent as f64 / 1_048_576.0);
        self.verdict.figure("heard_mib", deeds.heard as f64 / 1_048_576.0);
        self.verdict.figure("ended", deeds.ended as f64);
        if deeds.refused > 0 {
            self.verdict.breaks(format!("{} of {} connections were not taken", deeds.refused, deeds.lives));
        }
        self.verdict.machine(&self.echo.times());
        self.last_lines()?;
        self.is_over = true;
        let kept = [history(self.addr, &self.room)?, self.private_history()?];
        for (at, cell) in ["in the room", "in private"].into_iter().enumerate() {
            let found = marked(&kept[at], &self.names, &self.marker);
            self.verdict.talk(cell, &self.books[at], self.answered[at], found, plan.p99_ms);
        }
        Ok(())
    }

    /// Lets the two talk while all hostile clients do their worst.
    fn beside_hostile_clients(&mut self, plan: &Plan) -> Result<(Option<Holding>, Option<Holding>, Deeds)> {
        let aim = Aim {
            addr: self.addr,
            seed: plan.seed,
            people: self.names.clone(),
            room: self.room.clone(),
            over: Over::default(),
        };
        let length = Duration::from_secs(plan.seconds);
        thread::scope(|scope| {
            let clients: Vec<_> = (0..plan.clients)
                .map(|number| {
                    scope.spawn({
                        let aim = &aim;
                        move || hostile::run(aim, number)
                    })
                })
                .collect();
            let talked = (|| {
                let warming = WARM_UP.min(length / 2);
                self.talk(warming)?;
                let warm = self.holding()?;
                self.talk(length - warming)?;
                anyhow::Ok((warm, self.holding()?))
            })();
            aim.over.ring();
            let mut deeds = Deeds::default();
            for client in clients {
                match client.join() {
                    Ok(done) => deeds.add(done),
                    Err(_) => bail!("a hostile client panicked"),
                }
            }
            let (warm, end) = talked?;
            Ok((warm, end, deeds))
        })
    }

    /// The two talk, for so long.
    fn talk(&mut self, length: Duration) -> Result<()> {
        let end = Instant::now() + length;
        while Instant::now() < end && self.verdict.broken.is_empty() {
            if Instant::now() >= self.next {
                self.say()?;
                // One of the two says a line in each half of the pace.
                self.next = (self.next + PACE / 2).max(Instant::now());
            }
            self.hear(self.next.min(end))?;
            if self.looked.elapsed() > LOOK {
                self.looked = Instant::now();
                self.most_threads = self.most_threads.max(self.holding()?.map_or(0, |holding| holding.threads));
            }
        }
        Ok(())
    }

    fn say(&mut self) -> Result<()> {
        let (who, turn) = ((self.turns % 2) as usize, self.turns / 2);
        self.turns += 1;
        let spot = if turn % PRIVATE == 0 { Spot::Private } else { Spot::Room };
        // First, as it wakes threads that run beside those that the line wakes.
        self.echo.send()?;
        let now = self.clock.elapsed().as_nanos() as u64;
        let Some(mark) = self.books[spot as usize].say(who, now) else {
            bail!("{} lines of {} have not come", 1 << 16, self.names[who]);
        };
        if let Err(error) = self.talkers[who].say(spot, mark, &self.marker) {
            self.verdict.breaks(format!("{error:#}"));
        }
        Ok(())
    }

    /// Takes news until then; whether there were any.
    fn hear(&mut self, until: Instant) -> Result<bool> {
        match self.news.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(news) => self.note(news),
            Err(RecvTimeoutError::Timeout) => return Ok(false),
            Err(RecvTimeoutError::Disconnected) => bail!("nobody hears any more"),
        }
        Ok(true)
    }

    fn note(&mut self, news: News) {
        match news {
            News::Heard { who, spot, mark, now } => self.books[spot as usize].heard(who, mark, now),
            News::Kept(spot) => self.answered[spot as usize] += 1,
            News::Page(page) => self.pages.push(page),
            // A client that reads a whole long conversation at once must wait; one that talks at this pace must not.
            News::Waiting if !self.is_over => self.verdict.breaks("a person was told to be slower".to_owned()),
            News::Waiting => {}
            News::Broken(words) => self.verdict.breaks(words),
            News::Cry(line) => self.verdict.breaks(format!("the server's stderr has: {line}")),
        }
    }

    /// The two are closed by now, as they should be; only cries still count.
    fn hear_the_rest(&mut self) {
        while let Ok(news) = self.news.try_recv() {
            if matches!(news, News::Cry(_)) {
                self.note(news);
            }
        }
    }

    /// Waits until the threads are no more than they were; how long that took.
    fn settle(&mut self, before: Option<Holding>) -> Result<Option<Duration>> {
        let Some(before) = before else { return Ok(None) };
        let started = Instant::now();
        while started.elapsed() < SETTLE && self.verdict.broken.is_empty() {
            if self.holding()?.is_none_or(|now| is_back(now, before)) {
                return Ok(Some(started.elapsed()));
            }
            self.talk(LOOK)?;
        }
        Ok(None)
    }

    fn holding(&self) -> Result<Option<Holding>> {
        self.process.map(|process| process.holding()).transpose().context("the server has ended")
    }

    /// Waits for what is on its way yet.
    fn last_lines(&mut self) -> Result<()> {
        let end = Instant::now() + SETTLE;
        while self.books.iter().any(|book| book.open > 0) && self.holding().is_ok() && Instant::now() < end {
            self.hear(end.min(Instant::now() + LOOK))?;
        }
        Ok(())
    }

    fn private_history(&mut self) -> Result<Vec<Value>> {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            self.talkers[0].ask_for_private(after)?;
            let end = Instant::now() + SETTLE;
            while self.pages.is_empty() {
                if !self.hear(end)? {
                    bail!("no answer to a question for history");
                }
            }
            let page = self.pages.remove(0);
            if !take_page(page, &mut all, &mut after)? {
                return Ok(all);
            }
        }
    }
}

/// A seed from the clock.
pub fn fresh_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    now.as_secs() ^ u64::from(fresh_run())
}
