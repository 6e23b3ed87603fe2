//! One of the two rooms: a server, its clients, and what is seen of both. Knows no screen and no rule.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use super::actor::{Actor, Place};
use super::crowd;
use super::log::Log;
use super::script::{Act, Deed, Script};
use super::side::Side;
use crate::check::link::Attic;
use crate::check::profile::Profile;
use crate::check::program::Program;
use crate::check::script::Script as Names;
use crate::kernel::calls::Kind;
use crate::kernel::process::Process;
use crate::kernel::sentence;
use crate::kernel::threads::{Observer, On, Target, Thread, Waits};
use crate::watch::lanes::{Lanes, Sign};

/// The threads are not looked at more often.
const LOOK: Duration = Duration::from_millis(45);
/// In a room that rests nothing has happened for so long.
const REST: Duration = Duration::from_millis(40);

/// So long a client waits for a server that takes nothing.
const PATIENCE: Duration = Duration::from_secs(4);
/// So long it takes to type a name.
const TYPING: Duration = Duration::from_millis(200);

/// A room.
pub struct Room {
    pub side: Side,
    pub log: Log,
    program: Program,
    place: Place,
    actors: HashMap<String, Actor>,
    /// Whose connection is whose.
    names: Names,
    observer: Observer,
    lanes: Lanes,
    /// The client from which each thread was seen to read: it is shown by that name.
    readers: HashMap<i32, String>,
    /// What takes a while is done for so many times less.
    haste: usize,
    /// When the threads were looked at last.
    looked: Option<Instant>,
    has_ended: bool,
}

/// What a thread does, to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub text: String,
    pub sign: Sign,
}

impl Room {
    /// Starts the server.
    ///
    /// # Errors
    /// A sentence that says why it does not start.
    pub fn open(side: &Side, profile: &Arc<Profile>, is_fast: bool) -> Result<Room> {
        let program = Program::start(&side.plan()).map_err(|why| anyhow!("{why}"))?;
        let log = Log::default();
        let (addr, pid) = (program.addr(), program.pid());
        let place = Place {
            addr,
            profile: Arc::clone(profile),
            log: log.clone(),
            attic: Attic::default(),
            patience: if is_fast { PATIENCE / 4 } else { PATIENCE },
            typing: if is_fast { Duration::ZERO } else { TYPING },
            busy: Arc::default(),
        };
        Ok(Room {
            side: side.clone(),
            log,
            program,
            place,
            actors: HashMap::new(),
            names: Names::new(),
            observer: Observer::new(pid),
            lanes: Lanes::new(Instant::now()),
            readers: HashMap::new(),
            haste: if is_fast { 3 } else { 1 },
            looked: None,
            has_ended: false,
        })
    }

    /// Lets this happen, and does not wait for it.
    pub fn play(&mut self, script: &Script, deed: &Deed) {
        match deed {
            Deed::Caption(_) => {}
            Deed::Acts { role, act: Act::Enters { nick } } => self.enter(role, nick, script.is_slow(role)),
            Deed::Acts { role, act } => {
                let act = match act {
                    Act::Chats { with, lines } => Act::Chats { with: with.clone(), lines: lines / self.haste },
                    act => act.clone(),
                };
                if let Some(actor) = self.actors.get(role) {
                    actor.act(act, &self.place);
                }
            }
            Deed::Crowd { clients, seconds } => {
                let time = Duration::from_secs_f64(seconds / self.haste as f64);
                if let Err(error) = crowd::start(&self.place, *clients, time) {
                    self.log.meets("", format!("the crowd does not come: {error}"));
                }
            }
            Deed::Compare(one, other) => self.log.compare(one, other),
            Deed::Stop => {
                self.log.does("", "the operator asks the server to stop");
                self.program.ask_to_stop();
            }
        }
    }

    fn enter(&mut self, role: &str, nick: &str, small: bool) {
        match Actor::enter(&self.place, role, nick, small) {
            Ok((actor, local)) => {
                self.names.name(local, role);
                self.log.name(local.to_string(), role);
                self.actors.insert(role.to_owned(), actor);
            }
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                self.log.meets(role, "cannot connect: no server listens");
            }
            Err(error) => self.log.meets(role, format!("cannot connect: {error}")),
        }
    }

    /// Looks at the threads of the server, if it has not done so just now.
    pub fn look(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return;
        }
        self.looked = Some(Instant::now());
        if let Ok(mut threads) = self.observer.look() {
            for thread in &mut threads {
                if let Some(role) = read_from(thread).and_then(|addr| self.names.name_of(addr)) {
                    self.readers.insert(thread.tid, role);
                }
                match self.readers.get(&thread.tid) {
                    Some(role) if thread.name != "main" => thread.name.clone_from(role),
                    _ => {}
                }
            }
            self.lanes.see(threads, Instant::now());
        }
        if !self.has_ended
            && let Some(how) = self.program.has_ended()
        {
            self.has_ended = true;
            self.log.meets("", format!("the server has ended with {how}"));
        }
    }

    /// Whether nothing happens, as far as can be seen from here.
    pub fn rests(&self) -> bool {
        self.place.busy.load(SeqCst) == 0 && self.log.rest() > REST
    }

    /// How many threads, what they cost.
    pub fn summary(&self) -> String {
        if self.has_ended {
            return "the server has ended".to_owned();
        }
        let rss =
            Process::new(self.program.pid()).and_then(|process| process.holding()).map_or(0, |holding| holding.rss);
        let count = self.lanes.len();
        let threads = if count == 1 { "thread" } else { "threads" };
        format!("{count} {threads} · {:.2} cores · {}", self.lanes.cores, roomful::wording::size(rss))
    }

    /// The groups of threads that wait for the same lock, each in a sentence.
    pub fn locks(&self) -> Vec<String> {
        let threads = self.lanes.threads();
        groups(&threads).into_iter().map(|group| group.sentence.replace("thread ", "")).collect()
    }

    /// A row for each thread that is in none of these sentences; those that are stuck or busy come first.
    pub fn rows(&self) -> Vec<Row> {
        if self.has_ended {
            return Vec::new();
        }
        let threads = self.lanes.threads();
        let groups = groups(&threads);
        let is_told = |thread: &Thread| {
            let futex = sentence::lock(thread, &threads);
            futex.is_some_and(|futex| groups.iter().any(|group| group.futex.address == futex.address))
        };
        let names = |addr| self.names.name_of(addr).or_else(|| crate::watch::lanes::port(addr));
        let lanes = self.lanes.iter().filter(|lane| !is_told(&lane.thread));
        let mut rows: Vec<Row> = lanes
            .map(|lane| {
                let doing = sentence::doing(&lane.thread, &threads, &names);
                let name = lane.thread.name.trim_start_matches("thread ");
                Row { text: format!("{name} {}", doing.trim_start_matches("in ")), sign: lane.sign }
            })
            .collect();
        rows.sort_by_key(|row| match row.sign {
            Sign::Lock | Sign::Writes | Sign::Runs(_) => 0,
            _ => 1,
        });
        rows
    }
}

/// Threads that wait for the same lock; not those that wait for a condition, because that is no trouble.
fn groups(threads: &[Thread]) -> Vec<sentence::Shared> {
    let mut groups = sentence::shared(threads);
    groups.retain(|group| sentence::is_lock(group.futex, group.count, threads));
    groups
}

impl Room {
    /// What a reader of lines should know of the threads: those that wait for a lock, write or run.
    pub fn stuck(&self) -> Vec<String> {
        let rows = self.rows().into_iter().filter(|row| matches!(row.sign, Sign::Lock | Sign::Writes | Sign::Runs(_)));
        self.locks().into_iter().chain(rows.map(|row| row.text)).collect()
    }
}

/// The client from which a thread waits to read, if it does.
fn read_from(thread: &Thread) -> Option<SocketAddr> {
    match &thread.waits {
        Waits::Call { kind: Kind::Hears, on: On::Descriptor(_, Target::Tcp(socket, _)), .. } if !socket.listens() => {
            Some(socket.remote)
        }
        _ => None,
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // The threads of the clients end, and what they leave is broken off before the server is.
        self.actors.clear();
        self.place.attic.clear();
    }
}
