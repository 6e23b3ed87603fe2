//! Without a terminal: one line for each thing that changes. Knows no cursor.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use roomful::terminal::write_plain;

use super::Subject;
use super::lanes::{self, Lanes, Sign};
use super::picture;
use crate::kernel::sentence;

/// If there are more threads, those that change are told one by one, and all others are counted.
const MANY: usize = 256;

/// A thread that cannot write for so long is told again.
const LONG: Duration = Duration::from_secs(1);

/// What was told so far.
pub struct Lines {
    /// The first look.
    begun: Option<Instant>,
    threads: HashMap<i32, Told>,
    /// Which threads wait together.
    locks: Vec<String>,
}

/// What was told of one thread.
struct Told {
    name: String,
    place: String,
    /// The wait that was told again because it was long.
    long: Option<Instant>,
}

impl Lines {
    pub fn new() -> Lines {
        Lines { begun: None, threads: HashMap::new(), locks: Vec::new() }
    }

    /// Tells what is new. False if nobody reads it.
    pub fn tell(&mut self, subject: &Subject, lanes: &Lanes, now: Instant) -> bool {
        let threads = lanes.threads();
        let mut news = Vec::new();
        let is_first = self.begun.is_none();
        let counted = is_first && lanes.len() > MANY;
        if is_first {
            news.push(picture::summary(subject, lanes, now));
            news.extend(picture::unseen(lanes));
        }
        if counted {
            news.push(picture::counted(lanes.iter()));
        }
        for lane in lanes.iter() {
            let (tid, name) = (lane.thread.tid, &lane.thread.name);
            let doing = || sentence::doing(&lane.thread, &threads, &lanes::port);
            match self.threads.get_mut(&tid) {
                Some(told) if told.place == lane.place => {
                    // Where it waits is told at once, but then not much waits there yet.
                    let is_long = lane.sign == Sign::Writes && now - lane.since >= LONG;
                    if is_long && told.long.replace(lane.since) != Some(lane.since) {
                        news.push(format!("{name} {} for {} s", doing(), LONG.as_secs()));
                    }
                }
                _ => {
                    if !counted {
                        news.push(format!("{name} {}", doing()));
                    }
                    self.threads.insert(tid, Told { name: name.clone(), place: lane.place.clone(), long: None });
                }
            }
        }
        self.threads.retain(|tid, told| {
            let is_there = threads.binary_search_by_key(tid, |thread| thread.tid).is_ok();
            if !is_there {
                news.push(format!("{} has ended", told.name));
            }
            is_there
        });
        // Which thread may have the lock is told, but a change of that is no news.
        let waiters = |lock: &String| lock.split(';').next().unwrap_or(lock).to_owned();
        let locks: Vec<String> = sentence::shared(&threads).into_iter().map(|group| group.sentence).collect();
        news.extend(locks.iter().filter(|lock| !self.locks.contains(&waiters(lock))).cloned());
        self.locks = locks.iter().map(waiters).collect();
        let time = (now - *self.begun.get_or_insert(now)).as_secs_f64();
        news.iter().all(|line| write_plain(&mut io::stdout().lock(), &format!("{time:.2}  {line}")).is_ok())
    }
}
