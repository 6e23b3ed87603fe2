//! Without a terminal: one line for each thing that changes. Knows no cursor.

use std::collections::HashMap;
use std::io;
use std::time::Instant;

use roomful::terminal::write_plain;

use super::Subject;
use super::lanes::{self, Lanes};
use super::picture;
use crate::kernel::sentence;

/// If there are more threads, those that change are told one by one, and all others are counted.
const MANY: usize = 256;

/// What was told so far.
pub struct Lines {
    begun: Instant,
    /// Where each thread was, and its name.
    places: HashMap<i32, (String, String)>,
    /// Which threads wait together.
    locks: Vec<String>,
    is_first: bool,
}

impl Lines {
    pub fn new() -> Lines {
        let (places, locks) = (HashMap::new(), Vec::new());
        Lines { begun: Instant::now(), places, locks, is_first: true }
    }

    /// Tells what is new. False if nobody reads it.
    pub fn tell(&mut self, subject: &Subject, lanes: &Lanes, now: Instant) -> bool {
        let threads = lanes.threads();
        let mut news = Vec::new();
        let counted = self.is_first && lanes.len() > MANY;
        if self.is_first {
            news.push(picture::summary(subject, lanes, now));
        }
        if counted {
            news.push(picture::counted(lanes.iter()));
        }
        for lane in lanes.iter() {
            let known = self.places.get(&lane.thread.tid);
            if known.is_none_or(|(place, _)| *place != lane.place) {
                if !counted {
                    let doing = sentence::doing(&lane.thread, &threads, &lanes::port);
                    news.push(format!("{} {doing}", lane.thread.name));
                }
                self.places.insert(lane.thread.tid, (lane.place.clone(), lane.thread.name.clone()));
            }
        }
        self.places.retain(|tid, (_, name)| {
            let is_there = threads.binary_search_by_key(tid, |thread| thread.tid).is_ok();
            if !is_there {
                news.push(format!("{name} has ended"));
            }
            is_there
        });
        // Which thread may have the lock is told, but a change of that is no news.
        let waiters = |lock: &String| lock.split(';').next().unwrap_or(lock).to_owned();
        let locks = sentence::shared(&threads);
        news.extend(locks.iter().filter(|lock| !self.locks.contains(&waiters(lock))).cloned());
        self.locks = locks.iter().map(waiters).collect();
        self.is_first = false;
        let time = (now - self.begun).as_secs_f64();
        news.iter().all(|line| write_plain(&mut io::stdout().lock(), &format!("{time:.2}  {line}")).is_ok())
    }
}
