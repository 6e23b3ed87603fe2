//! Steady: many small rooms in which each member says a line now and then; measures how late lines come while the server has time to spare. Knows no dialect.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::dice::Dice;
use crate::measure::crowd::{Crowd, Heard};
use crate::measure::figures::Row;
use crate::measure::histogram::Histogram;
use crate::measure::ledger::{Ledger, Shape};
use crate::measure::target::{Target, fresh_run, room};

/// Rooms, if nothing else is done meanwhile.
pub const ROOMS: usize = 100;
/// Members of each room; all of them speak.
pub const ROOM: usize = 10;
/// From one line of a member to the next, in nanoseconds.
const PERIOD: u64 = 500_000_000;
/// Lines a second of each member.
pub const PACE: u64 = 1_000_000_000 / PERIOD;
/// Lines of a member that not everybody has yet, at most: what it may not say is missing from `said`.
const IN_FLIGHT: u32 = 64;
/// What has not come when nothing came for this long is lost.
const STANDSTILL: Duration = Duration::from_secs(5);

struct Steady {
    crowd: Crowd,
    /// One for each room.
    ledgers: Vec<Ledger>,
    rooms: Vec<String>,
    /// The times in a period at which members speak, and which member it is, in this order.
    moments: Vec<(u64, usize)>,
    answers: bool,
    /// When each member said what is not answered yet.
    unanswered_since: Vec<VecDeque<u64>>,
    answer_latency: Histogram,
    /// How much later than planned the lab itself spoke.
    late: Histogram,
    line: Vec<u8>,
}

/// Lets the members of so many rooms in, warms up, and measures for `measure`.
///
/// # Errors
/// When the members do not get in, or the server's process has ended.
pub fn run(
    target: &Target,
    (rooms, size): (usize, usize),
    warm_up: Duration,
    measure: Duration,
    row: &mut Row,
) -> Result<()> {
    let mut steady = Steady::gather(target, rooms, size)?;
    steady.speak(warm_up)?;
    steady.ledgers.iter_mut().for_each(|ledger| ledger.latency = Histogram::default());
    (steady.answer_latency, steady.late) = (Histogram::default(), Histogram::default());
    let (delivered, said, cpu, started) = (steady.delivered(), steady.said(), target.cpu()?, Instant::now());
    steady.speak(measure)?;
    let seconds = started.elapsed().as_secs_f64();
    let spent = target.cpu()?.zip(cpu).map(|(after, before)| (after - before).as_secs_f64());
    let (delivered, said) = (steady.delivered() - delivered, steady.said() - said);
    row.set("rate", delivered as f64 / seconds);
    row.set("said", said as f64);
    row.set("said_rate", said as f64 / seconds);
    row.set("cpu_us", spent.map(|spent| spent * 1e6 / delivered as f64));
    row.set("cpu_percent", spent.map(|spent| spent * 100.0 / seconds));
    steady.fill(row);
    if let Some(holding) = target.holding()? {
        row.set("rss_mib", holding.rss as f64 / 1_048_576.0);
        row.set("threads", holding.threads as f64);
    }
    let troubles = steady.crowd.leave()?.troubles;
    row.set("errors", troubles.count as f64);
    row.trouble = troubles.first;
    Ok(())
}

impl Steady {
    fn gather(target: &Target, count: usize, size: usize) -> Result<Self> {
        let run = fresh_run();
        let rooms: Vec<String> = (0..count).map(|part| room(run, part)).collect();
        let mut crowd = target.crowd(size)?;
        crowd.admit(count * ROOM, |who| rooms[who / ROOM].clone())?;
        let echo = target.dialect.echoes();
        let shape = Shape { members: ROOM, speakers: ROOM, in_flight: IN_FLIGHT, echo };
        // The same moments for every server: sometimes several at once, as people have it.
        let mut dice = Dice::of(11);
        let mut moments: Vec<_> = (0..count * ROOM).map(|who| (dice.below(PERIOD), who)).collect();
        moments.sort_unstable();
        Ok(Self {
            crowd,
            ledgers: vec![Ledger::new(shape); count],
            rooms,
            moments,
            answers: target.dialect.answers(),
            unanswered_since: vec![VecDeque::new(); count * ROOM],
            answer_latency: Histogram::default(),
            late: Histogram::default(),
            line: Vec::new(),
        })
    }

    /// Lets all speak for `time`, then waits until all have all.
    fn speak(&mut self, time: Duration) -> Result<()> {
        let started = self.crowd.now();
        let ending = started + time.as_nanos() as u64;
        'speaking: for period in 0.. {
            for at in 0..self.moments.len() {
                let (moment, who) = self.moments[at];
                let due = started + period * PERIOD + moment;
                if due >= ending || self.crowd.troubles.count > 0 {
                    break 'speaking;
                }
                while let Some(wait) = due.checked_sub(self.crowd.now()).filter(|wait| *wait > 0) {
                    self.listen(Duration::from_nanos(wait))?;
                }
                self.say(who, due);
            }
        }
        let (mut progress, mut last) = (self.progress(), Instant::now());
        while self.is_waiting() && last.elapsed() < STANDSTILL {
            self.listen(Duration::from_millis(100))?;
            if self.progress() != progress {
                (progress, last) = (self.progress(), Instant::now());
            }
        }
        Ok(())
    }

    fn say(&mut self, who: usize, due: u64) {
        let now = self.crowd.now();
        self.late.add(now.saturating_sub(due));
        if let Some(mark) = self.ledgers[who / ROOM].say(who % ROOM, now) {
            self.line.clear();
            self.crowd.write_say(&self.rooms[who / ROOM], mark, &mut self.line);
            if self.answers {
                self.unanswered_since[who].push_back(now);
            }
            self.crowd.send(who, &self.line);
        }
    }

    fn listen(&mut self, wait: Duration) -> Result<()> {
        let Self { crowd, ledgers, unanswered_since, answer_latency, .. } = self;
        crowd.turn(wait, |who, heard| match heard {
            Heard::Mark(mark, now) => ledgers[who / ROOM].heard(who % ROOM, mark, now),
            Heard::Answer(now) => {
                if let Some(since) = unanswered_since[who].pop_front() {
                    answer_latency.add(now.saturating_sub(since));
                }
            }
            Heard::Joined | Heard::Other(_) | Heard::Gone => {}
        })
    }

    fn said(&self) -> u64 {
        self.ledgers.iter().map(Ledger::said).sum()
    }

    fn delivered(&self) -> u64 {
        self.ledgers.iter().map(|ledger| ledger.delivered).sum()
    }

    fn progress(&self) -> u64 {
        self.delivered() + self.answer_latency.total()
    }

    fn is_waiting(&self) -> bool {
        self.ledgers.iter().any(|ledger| ledger.open > 0) || self.unanswered_since.iter().any(|of| !of.is_empty())
    }

    fn fill(&self, row: &mut Row) {
        let mut latency = Histogram::default();
        self.ledgers.iter().for_each(|ledger| latency.join(&ledger.latency));
        let sum = |of: fn(&Ledger) -> u64| self.ledgers.iter().map(of).sum::<u64>() as f64;
        let orders: Option<Vec<bool>> = self.ledgers.iter().map(Ledger::one_order).collect();
        row.set("p50_ms", latency.millis(50.0));
        row.set("p99_ms", latency.millis(99.0));
        row.set("ok_p50_ms", self.answer_latency.millis(50.0));
        row.set("ok_p99_ms", self.answer_latency.millis(99.0));
        row.set("late_ms", self.late.millis(99.0));
        row.set("lost", sum(Ledger::lost));
        row.set("doubled", sum(|ledger| ledger.doubled));
        row.set("reordered", sum(|ledger| ledger.reordered));
        row.set("one_order", orders.map(|orders| f64::from(u8::from(orders.iter().all(|one| *one)))));
    }
}
