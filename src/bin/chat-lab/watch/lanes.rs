//! What is remembered of each thread: since when it waits, and what it did in the last ten seconds. Knows no screen and no files.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::kernel::calls::Kind;
use crate::kernel::sentence;
use crate::kernel::sockets::Socket;
use crate::kernel::threads::{Futex, Observer, On, State, Target, Thread, Waits};

/// The time of one sign in a strip.
pub const CELL: Duration = Duration::from_millis(500);
/// Signs in a strip: ten seconds.
pub const CELLS: usize = 20;

/// What a thread did for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    Reads,
    Accepts,
    Polls,
    Writes,
    /// It waits for a lock: one that is taken, or that others wait for, too.
    Lock,
    /// Another futex: a condition, the end of a thread.
    Futex,
    Sleeps,
    Other,
    /// It was on a processor, this many eighths of the time.
    Runs(u8),
}

/// One thread.
pub struct Lane {
    pub thread: Thread,
    /// What it does now, without amounts.
    pub place: String,
    /// It does nothing else since then.
    pub since: Instant,
    pub sign: Sign,
    /// What it did, the latest last.
    pub strip: VecDeque<Sign>,
    /// The connection that it was seen to wait for last.
    connection: Option<Socket>,
    /// Bytes that wait: for the peer to take them, or for this thread to read them.
    pub queue: u64,
    /// What the looks since the last sign of the strip saw.
    seen: Vec<Sign>,
    /// How long it had run at the last sign.
    ran: Duration,
}

/// All threads of a process.
pub struct Lanes {
    lanes: BTreeMap<i32, Lane>,
    /// When the last sign was added to the strips.
    cell: Instant,
    /// Share of one processor that all threads took in the last whole cell: 2.0 is two of them.
    pub cores: f64,
}

impl Lanes {
    pub fn new(now: Instant) -> Lanes {
        Lanes { lanes: BTreeMap::new(), cell: now, cores: 0.0 }
    }

    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Lane> {
        self.lanes.values()
    }

    pub fn len(&self) -> usize {
        self.lanes.len()
    }

    /// The threads as they were seen last.
    pub fn threads(&self) -> Vec<Thread> {
        self.iter().map(|lane| lane.thread.clone()).collect()
    }

    /// Takes in what was seen.
    pub fn see(&mut self, threads: Vec<Thread>, now: Instant) {
        let locks = sentence::locks(&threads);
        let seen: Vec<(String, Sign)> = threads
            .iter()
            .map(|thread| {
                let waiters = |futex: &Futex| locks.get(&futex.address).map_or(1, Vec::len);
                let futex = sentence::lock(thread, &threads);
                let is_lock = futex.is_some_and(|futex| sentence::is_lock(futex, waiters(&futex), &threads));
                (place(thread, &threads), sign(thread, is_lock))
            })
            .collect();
        self.lanes.retain(|tid, _| threads.binary_search_by_key(tid, |thread| thread.tid).is_ok());
        for (thread, (place, sign)) in threads.into_iter().zip(seen) {
            match self.lanes.get_mut(&thread.tid) {
                Some(lane) => lane.see(thread, place, sign, now),
                None => drop(self.lanes.insert(thread.tid, Lane::new(thread, place, sign, now))),
            }
        }
        let passed = now - self.cell;
        if passed >= CELL {
            self.cell = now;
            let ran: Duration = self.lanes.values_mut().map(|lane| lane.close_cell(passed)).sum();
            self.cores = ran.as_secs_f64() / passed.as_secs_f64();
        }
    }

    /// Finds out how many bytes wait. Only for a picture, because each connection is asked for.
    pub fn ask_queues(&mut self, observer: &Observer) {
        for lane in self.lanes.values_mut() {
            lane.queue = match &lane.thread.waits {
                Waits::Call { on: On::Descriptor(_, Target::Tcp(socket, other)), kind, .. } => match kind {
                    Kind::Works => socket.unsent + other.map_or(0, |other| other.unread),
                    Kind::Hears | Kind::Sleeps => socket.unread,
                },
                // It may come back to that connection, and meanwhile nobody reads it.
                _ => lane.connection.map_or(0, |socket| observer.unread(&socket)),
            };
        }
    }
}

impl Lane {
    fn new(thread: Thread, place: String, sign: Sign, now: Instant) -> Lane {
        let (connection, ran) = (connection(&thread), thread.ran);
        Lane { thread, place, since: now, sign, strip: VecDeque::new(), connection, queue: 0, seen: vec![sign], ran }
    }

    fn see(&mut self, thread: Thread, place: String, sign: Sign, now: Instant) {
        let is_same = place == self.place && (thread.turns == self.thread.turns || sign == Sign::Runs(8));
        if !is_same {
            self.since = now;
        }
        self.connection = connection(&thread).or(self.connection);
        self.seen.push(sign);
        (self.thread, self.place, self.sign) = (thread, place, sign);
    }

    /// Adds a sign to the strip. Returns how long the thread has run.
    fn close_cell(&mut self, passed: Duration) -> Duration {
        let ran = self.thread.ran.saturating_sub(self.ran);
        self.ran = self.thread.ran;
        let eighths = (ran.as_secs_f64() / passed.as_secs_f64() * 8.0).round().min(8.0) as u8;
        let sign = if eighths > 0 { Sign::Runs(eighths) } else { most(&mut self.seen).unwrap_or(self.sign) };
        self.seen.clear();
        if self.strip.len() == CELLS {
            self.strip.pop_front();
        }
        self.strip.push_back(sign);
        ran
    }
}

/// The sign that is there most often.
fn most(seen: &mut [Sign]) -> Option<Sign> {
    seen.sort_unstable();
    seen.chunk_by(|a, b| a == b).max_by_key(|same| same.len()).map(|same| same[0])
}

/// Where a thread is; a peer on this machine is its port.
fn place(thread: &Thread, threads: &[Thread]) -> String {
    sentence::place(thread, threads, &port)
}

/// A peer on this machine by its port, because the address is always the same.
pub fn port(addr: std::net::SocketAddr) -> Option<String> {
    addr.ip().is_loopback().then(|| format!("port {}", addr.port()))
}

fn connection(thread: &Thread) -> Option<Socket> {
    match &thread.waits {
        Waits::Call { on: On::Descriptor(_, Target::Tcp(socket, _)), .. } if !socket.listens() => Some(*socket),
        _ => None,
    }
}

fn sign(thread: &Thread, is_lock: bool) -> Sign {
    let call = match (&thread.waits, thread.state) {
        (_, State::Stopped | State::Ended) => return Sign::Other,
        (Waits::Call { on: On::Futex(_), .. }, _) => return if is_lock { Sign::Lock } else { Sign::Futex },
        (Waits::Call { kind: Kind::Works, .. }, _) => return Sign::Writes,
        (Waits::Call { kind: Kind::Sleeps, .. }, _) => return Sign::Sleeps,
        (Waits::Call { name, .. }, _) => name,
        (Waits::Function { calls: Some(calls), .. }, _) => *calls,
        (_, State::Disk) => return Sign::Writes,
        (Waits::Nothing, _) | (_, State::Runs) => return Sign::Runs(8),
        _ => return Sign::Other,
    };
    match call {
        "futex" => Sign::Futex,
        "sleep" => Sign::Sleeps,
        "write" | "connect" => Sign::Writes,
        _ if call.contains("accept") => Sign::Accepts,
        _ if call.contains("poll") || call.contains("select") => Sign::Polls,
        _ if call.contains("read") || call.contains("recv") => Sign::Reads,
        _ => Sign::Other,
    }
}
