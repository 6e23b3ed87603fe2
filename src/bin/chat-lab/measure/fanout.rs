//! Fan-out: some members of a room speak, all hear; measures cost, speed and faithfulness. Knows no dialect.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::measure::crowd::{Crowd, Heard};
use crate::measure::figures::Row;
use crate::measure::histogram::Histogram;
use crate::measure::ledger::{Ledger, Shape};
use crate::measure::target::{Target, fresh_run, room};

/// A run ends, and what is missing counts as lost, when nothing comes for this long.
const STANDSTILL: Duration = Duration::from_secs(5);
/// A measured spree lasts at most this many times its planned time to get its deliveries.
const OVERTIME: u32 = 4;
/// Receive buffer of the deaf member, in bytes.
const DEAF_RCVBUF: usize = 4096;

/// The settings of one cell.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Members of the room, speakers included.
    pub members: usize,
    /// How many of them speak; at most 255.
    pub speakers: usize,
    /// At most so many messages of one speaker are not yet heard by all members.
    pub in_flight: u32,
    /// Bytes of text a message.
    pub size: usize,
    /// How long to speak before measuring.
    pub warm_up: Duration,
    /// How long to speak while measuring.
    pub measure: Duration,
    /// Measure longer when there were fewer deliveries.
    pub least: u64,
    /// Whether there is one more member that never reads.
    pub deaf: bool,
}

/// What a cell found beyond its row.
#[derive(Debug, Default)]
pub struct Deaf {
    /// The server ended the deaf member's connection.
    pub closed: bool,
    /// What the server told the deaf one last, or the others about it.
    pub words: Option<String>,
}

struct Fanout<'a> {
    crowd: Crowd,
    ledger: Ledger,
    target: &'a Target,
    plan: Plan,
    room: String,
    /// Index and name of the deaf member, and what others heard of it.
    deaf: Option<(usize, String)>,
    /// Answers to messages, if the dialect has answers.
    answers: u64,
    /// When each speaker said what is not answered yet; answers come in that order.
    unanswered_since: Vec<VecDeque<u64>>,
    /// The time from the send to our read of the answer.
    answer_latency: Histogram,
    heard_of_deaf: Option<String>,
    line: Vec<u8>,
}

/// Runs one cell.
///
/// # Errors
/// When the members do not get in, or the server's process has ended.
pub fn run(target: &Target, plan: &Plan, row: &mut Row) -> Result<Deaf> {
    let mut fanout = Fanout::gather(target, *plan)?;
    fanout.spree(plan.warm_up, 0)?;
    fanout.ledger.latency = Histogram::default();
    fanout.answer_latency = Histogram::default();
    if plan.deaf {
        // Only now, or it might be thrown out before measuring begins.
        fanout.let_in_the_deaf()?;
    }
    let (delivered, cpu, started) = (fanout.ledger.delivered, target.cpu()?, Instant::now());
    fanout.spree(plan.measure, plan.least)?;
    let seconds = started.elapsed().as_secs_f64();
    let spent = target.cpu()?.zip(cpu).map(|(after, before)| (after - before).as_secs_f64());
    let deliveries = (fanout.ledger.delivered - delivered) as f64;
    fanout.fill(row);
    row.set("deliveries", deliveries);
    row.set("rate", deliveries / seconds);
    row.set(
        "ok_rate",
        Some(fanout.answer_latency.total()).filter(|total| *total > 0).map(|total| total as f64 / seconds),
    );
    row.set("cpu_us", spent.filter(|_| deliveries > 0.0).map(|spent| spent * 1e6 / deliveries));
    row.set("cpu_share", spent.map(|spent| spent / seconds));
    row.set("said", fanout.ledger.said() as f64);
    let unanswered = fanout.unanswered();
    if unanswered > 0 {
        fanout.crowd.trouble(format!("{unanswered} of {} messages had no answer", fanout.ledger.said()));
    }
    let deaf = fanout.hear_the_deaf()?;
    let troubles = fanout.crowd.leave()?.troubles;
    row.set("errors", troubles.count as f64);
    row.trouble = troubles.first;
    Ok(deaf)
}

impl<'a> Fanout<'a> {
    fn gather(target: &'a Target, plan: Plan) -> Result<Self> {
        let echo = target.dialect.echoes();
        let room = room(fresh_run(), 0);
        let mut crowd = target.crowd(plan.size)?;
        crowd.admit(plan.members, |_| room.clone())?;
        let shape = Shape { members: plan.members, speakers: plan.speakers, in_flight: plan.in_flight, echo };
        let ledger = Ledger::new(shape);
        Ok(Self {
            crowd,
            ledger,
            target,
            plan,
            room,
            deaf: None,
            answers: 0,
            unanswered_since: vec![VecDeque::new(); plan.speakers],
            answer_latency: Histogram::default(),
            heard_of_deaf: None,
            line: Vec::new(),
        })
    }

    fn let_in_the_deaf(&mut self) -> Result<()> {
        let who = self.crowd.open(self.room.clone(), Some(DEAF_RCVBUF))?;
        let asked = Instant::now();
        while !self.crowd.members[who].joined {
            // It may be shown what was said before: that is no delivery.
            self.crowd.turn(Duration::from_millis(100), |_, _| {})?;
            ensure!(asked.elapsed() < STANDSTILL, "the deaf member does not get in");
        }
        self.crowd.set_deaf(who, true);
        self.deaf = Some((who, self.crowd.members[who].nick.clone()));
        Ok(())
    }

    /// Speaks for `time`, and on until there are `least` deliveries; then waits until all have all.
    fn spree(&mut self, time: Duration, least: u64) -> Result<()> {
        let (started, before) = (Instant::now(), self.ledger.delivered);
        let (mut progress, mut last) = (self.ledger.delivered + self.answers, started);
        let mut speaking = true;
        while speaking || self.ledger.open > 0 || self.unanswered() > 0 {
            if speaking {
                self.speak();
            }
            self.listen()?;
            let now = Instant::now();
            if self.ledger.delivered + self.answers != progress {
                (progress, last) = (self.ledger.delivered + self.answers, now);
            }
            let enough = self.ledger.delivered - before >= least || now - started >= time * OVERTIME;
            speaking &= self.crowd.troubles.count == 0 && !(now - started >= time && enough);
            if now - last > STANDSTILL {
                break;
            }
        }
        Ok(())
    }

    /// Every speaker says, in one write, all that its window allows.
    fn speak(&mut self) {
        for speaker in 0..self.plan.speakers {
            self.line.clear();
            let now = self.crowd.now();
            while let Some(mark) = self.ledger.say(speaker, now) {
                self.crowd.write_say(&self.room, mark, &mut self.line);
                if self.target.dialect.answers() {
                    self.unanswered_since[speaker].push_back(now);
                }
            }
            if !self.line.is_empty() {
                self.crowd.send(speaker, &self.line);
            }
        }
    }

    fn listen(&mut self) -> Result<()> {
        let Self { crowd, ledger, deaf, answers, unanswered_since, answer_latency, heard_of_deaf, .. } = self;
        crowd.turn(Duration::from_millis(100), |who, heard| match heard {
            Heard::Mark(mark, now) => ledger.heard(who, mark, now),
            Heard::Other(line) => {
                // The last line about it: the first tells that it came.
                if let Some((_, nick)) = deaf
                    && memchr::memmem::find(line, nick.as_bytes()).is_some()
                {
                    *heard_of_deaf = Some(String::from_utf8_lossy(line).into_owned());
                }
            }
            Heard::Answer(now) => {
                if let Some(since) = unanswered_since.get_mut(who).and_then(VecDeque::pop_front) {
                    *answers += 1;
                    answer_latency.add(now.saturating_sub(since));
                }
            }
            Heard::Joined | Heard::Gone => {}
        })
    }

    fn unanswered(&self) -> u64 {
        if self.target.dialect.answers() { self.ledger.said().saturating_sub(self.answers) } else { 0 }
    }

    fn fill(&self, row: &mut Row) {
        row.set("p50_ms", self.ledger.latency.millis(50.0));
        row.set("p99_ms", self.ledger.latency.millis(99.0));
        row.set("ok_p50_ms", self.answer_latency.millis(50.0));
        row.set("ok_p99_ms", self.answer_latency.millis(99.0));
        row.set("lost", self.ledger.lost() as f64);
        row.set("doubled", self.ledger.doubled as f64);
        row.set("reordered", self.ledger.reordered as f64);
        row.set("one_order", self.ledger.one_order().map(|one| f64::from(u8::from(one))));
        if let Ok(Some(holding)) = self.target.holding() {
            row.set("rss_mib", holding.rss as f64 / 1_048_576.0);
            row.set("threads", holding.threads as f64);
        }
    }

    /// Reads what the deaf member left unread, to see whether the server had closed it.
    fn hear_the_deaf(&mut self) -> Result<Deaf> {
        let Some((who, _)) = self.deaf else {
            return Ok(Deaf::default());
        };
        self.crowd.members[who].leaving = true;
        self.crowd.set_deaf(who, false);
        let mut last = Instant::now();
        while !self.crowd.members[who].gone && last.elapsed() < Duration::from_secs(1) {
            self.crowd.turn(Duration::from_millis(50), |from, _| {
                if from == who {
                    last = Instant::now();
                }
            })?;
        }
        let deaf = &self.crowd.members[who];
        Ok(Deaf { closed: deaf.gone, words: deaf.refusal.clone().or(self.heard_of_deaf.take()) })
    }
}
