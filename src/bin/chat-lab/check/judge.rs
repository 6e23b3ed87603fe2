//! Runs the rules one after another, each on a fresh process, and says what each came to. Knows no report.

use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::check::client::Place;
use crate::check::limit::{Limit, TOLD};
use crate::check::link::Attic;
use crate::check::play::Play;
use crate::check::profile::{Profile, SIGTERM};
use crate::check::program::{NoStart, Plan, Program};
use crate::check::rules::{self, Ask, Rule, lacks};
use crate::check::script::{Said, Script};
use crate::check::ticker::{GAP, Ticker};
use crate::check::verdict::{Evidence, Fault, Judged, Verdict};
use crate::dice::Dice;
use crate::kernel::process::Process;
use crate::kernel::{self, HAS_SIGTERM, TELLS};

/// Most waits of a rule are no longer than this, times the patience.
const PATIENCE: Duration = Duration::from_secs(2);
/// A rule that failed by time on a busy machine runs so many times more.
const AGAIN: u32 = 2;
/// The whole run may take this long, times the patience and the times.
const WHOLE: Duration = Duration::from_secs(180);
/// A rule whose server was killed because the time is over may need this long to come to its end.
const LAST: Duration = Duration::from_secs(30);
/// A program that uses this part of all cores is what makes the machine busy.
const MOST_OF_IT: f64 = 0.75;
/// So many of the last lines that the program printed are shown.
const SAID: usize = 3;
/// So many of the program's threads are told of; a program may start thousands.
const THREADS: usize = 60;

/// The stage whose rules end the program.
const STOP: &str = "stop";
/// The rule that is broken by a program that runs and takes no connection.
pub const LISTENS: &str = "start/listens";

/// The server to judge.
#[derive(Clone, Debug)]
pub enum Server {
    /// A program, started for each rule, or once for all.
    Program {
        /// How it is started.
        plan: Plan,
        /// One process for all rules.
        keep: bool,
    },
    /// One that runs already, and its process, if it is known.
    Running(SocketAddr, Option<i32>),
}

/// What to judge.
#[derive(Clone, Debug)]
pub struct Exam {
    /// The dialect.
    pub profile: Profile,
    /// The server.
    pub server: Server,
    /// Deadlines are multiplied by this.
    pub patience: f64,
    /// Decides all that chance decides.
    pub seed: String,
    /// How often each rule runs.
    pub times: u32,
}

/// Runs the rules; `told` gets each one as soon as it is judged.
///
/// The rules run on a thread of their own: one that does not end even after its program was killed is left alone when
/// the time is over, and what is known by then is told.
///
/// # Errors
/// When the program does not start, or the server cannot be reached.
pub fn judge(exam: &Exam, rules: &[&'static Rule], mut told: impl FnMut(&Judged)) -> Result<Vec<Judged>> {
    let time = WHOLE.mul_f64(exam.patience) * exam.times;
    let until = Instant::now() + time + LAST;
    let (tell, hear) = channel();
    let (own, list) = (exam.clone(), rules.to_vec());
    let work = move || {
        if let Err(error) = judge_all(&own, &list, time, |judged| drop(tell.send(Ok(judged)))) {
            let _ = tell.send(Err(error));
        }
    };
    thread::Builder::new().name("judge".to_owned()).spawn(work).context("cannot start a thread")?;
    let mut all: Vec<Judged> = Vec::new();
    loop {
        match hear.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(judged) => {
                let judged = judged?;
                told(&judged);
                all.push(judged);
            }
            Err(RecvTimeoutError::Disconnected) if all.len() == rules.len() => return Ok(all),
            Err(RecvTimeoutError::Disconnected) => bail!("a rule has failed: that is a fault of the checker"),
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    for rule in &rules[all.len()..] {
        all.push(Judged::without_play(rule.name, Verdict::NotRun(format!("{TOLD}, and a rule does not end"))));
        all.last().into_iter().for_each(&mut told);
    }
    Ok(all)
}

fn judge_all(exam: &Exam, rules: &[&'static Rule], time: Duration, mut told: impl FnMut(Judged)) -> Result<()> {
    let mut bench = Bench {
        exam,
        profile: Arc::new(exam.profile.clone()),
        ticker: Ticker::start().context("cannot start a thread")?,
        kept: None,
        said: Said::default(),
        runs: 0,
        limit: Limit::start(time).context("cannot start a thread")?,
        silent_since: None,
    };
    if let Server::Running(addr, _) = exam.server {
        std::net::TcpStream::connect_timeout(&addr, PATIENCE)
            .with_context(|| format!("there is no server at {addr}: start it first, or let --command start it"))?;
    }
    let mut all: Vec<Judged> = Vec::new();
    for rule in rules {
        let judged = match bench.reason_not_to_run(rule, &all) {
            Some(verdict) => Judged::without_play(rule.name, verdict),
            None => bench.run_times(rule)?,
        };
        told(judged.clone());
        all.push(judged);
    }
    Ok(())
}

/// Why this protocol is not asked for this rule; nothing, if it is.
pub fn not_asked(profile: &Profile, rule: &Rule) -> Option<String> {
    let lacks = || rule.asks.iter().find_map(|ask| lacks(profile, *ask)).map(str::to_owned);
    profile.skip.get(rule.name).cloned().or_else(lacks)
}

struct Bench<'a> {
    exam: &'a Exam,
    profile: Arc<Profile>,
    ticker: Ticker,
    kept: Option<Program>,
    /// To the one server of all rules.
    said: Said,
    runs: u32,
    limit: Limit,
    /// The rule after which a server that runs already answered nothing more.
    silent_since: Option<&'static str>,
}

impl Bench<'_> {
    fn reason_not_to_run(&self, rule: &Rule, before: &[Judged]) -> Option<Verdict> {
        if let Some(why) = not_asked(&self.profile, rule) {
            return Some(Verdict::NotAsked(why));
        }
        if let Some(why) = self.lacks_program(rule) {
            return Some(why);
        }
        if rule.asks.contains(&Ask::Near) && !self.is_near() {
            let why = "it would load or break off connections of a server on another machine";
            return Some(Verdict::NotAsked(why.to_owned()));
        }
        if let Some(since) = self.silent_since {
            return Some(Verdict::NotRun(format!("it has been silent since {since}")));
        }
        let failed = |name: &&&str| {
            let judged = before.iter().find(|judged| judged.rule == **name);
            judged.is_some_and(|judged| !matches!(judged.verdict, Verdict::Kept | Verdict::NotAsked(_)))
        };
        if let Some(needed) = rule.after.iter().find(failed) {
            return Some(Verdict::NotRun(format!("needs {needed}")));
        }
        self.limit.is_over().then(|| Verdict::NotRun(TOLD.to_owned()))
    }

    /// Why this rule cannot look at the program, or stop it.
    fn lacks_program(&self, rule: &Rule) -> Option<Verdict> {
        let asks = |ask| rule.asks.contains(&ask);
        match &self.exam.server {
            Server::Running(_, None) if asks(Ask::Process) || asks(Ask::Program) => {
                Some(Verdict::NotRun("needs the process of the server: give --command or --pid".to_owned()))
            }
            Server::Running(..) if asks(Ask::Program) => {
                Some(Verdict::NotRun("the checker did not start the server: give --command".to_owned()))
            }
            Server::Program { plan, .. } if asks(Ask::Stop) && plan.stop_by == SIGTERM && !HAS_SIGTERM => {
                let why = "this system has no SIGTERM: --stop-by LINE says what the program reads instead";
                Some(Verdict::NotAsked(why.to_owned()))
            }
            _ => None,
        }
    }

    fn is_near(&self) -> bool {
        match self.exam.server {
            Server::Running(addr, _) => addr.ip().is_loopback(),
            Server::Program { .. } => true,
        }
    }

    fn pid(&self) -> Option<i32> {
        match (&self.kept, &self.exam.server) {
            (Some(program), _) => Some(program.pid()),
            (None, Server::Running(_, pid)) => *pid,
            (None, Server::Program { .. }) => None,
        }
    }

    fn run_times(&mut self, rule: &'static Rule) -> Result<Judged> {
        let mut broken = 0;
        let mut shown = None;
        for time in 1..=self.exam.times {
            let seed = if self.exam.times == 1 { self.exam.seed.clone() } else { format!("{}-{time}", self.exam.seed) };
            let judged = self.run_surely(rule, &seed)?;
            let is_broken = matches!(judged.verdict, Verdict::Broken(_));
            broken += u32::from(is_broken);
            if shown.is_none() || (is_broken && broken == 1) {
                shown = Some((judged, seed));
            }
        }
        let (mut judged, seed) = shown.context("a rule runs once or more")?;
        judged.times = (self.exam.times > 1).then_some((broken, self.exam.times, seed));
        Ok(judged)
    }

    /// Once more if it failed by time while the machine was too busy.
    fn run_surely(&mut self, rule: &'static Rule, seed: &str) -> Result<Judged> {
        for _ in 0..=AGAIN {
            self.ticker.take();
            let judged = self.run(rule, seed)?;
            // Where the system does not tell what was read, a pause may have been too short.
            let by_time = matches!(&judged.verdict, Verdict::Broken(evidence) if evidence.by_time || !TELLS);
            if !by_time || self.ticker.take() < GAP {
                return Ok(judged);
            }
        }
        let why = "the machine was too busy: run it again on a quieter one".to_owned();
        Ok(Judged::without_play(rule.name, Verdict::Unsure(why)))
    }

    fn run(&mut self, rule: &'static Rule, seed: &str) -> Result<Judged> {
        self.runs += 1;
        let mut program = match &self.exam.server {
            Server::Running(..) => None,
            Server::Program { plan, .. } => {
                let ready = self.kept.take().map_or_else(|| Program::start(plan), Ok);
                match ready {
                    Ok(program) => Some(program),
                    Err(error) if error.ran && rule.name == LISTENS => return Ok(silent(rule, error)),
                    Err(error) if self.runs == 1 => return Err(error.into()),
                    Err(error) => {
                        let verdict = Verdict::NotRun(error.brief());
                        return Ok(Judged::without_play(rule.name, verdict));
                    }
                }
            }
        };
        self.limit.set(program.as_ref().map(Program::killer));
        // A process that cannot be looked at is as one that is not known.
        let pid = program.as_ref().map(Program::pid).or_else(|| self.pid()).filter(|_| TELLS);
        let place = self.place(program.as_ref())?;
        let mut play = self.play(&place, program.as_mut(), pid, &[seed, rule.name]);
        let outcome = (rule.run)(&mut play);
        let is_shared = self.is_shared();
        let took = place.script.began().elapsed();
        let verdict = match outcome {
            _ if self.limit.is_over() => Verdict::NotRun(TOLD.to_owned()),
            Ok(()) => match program.as_ref().and_then(Program::was_stopped_for) {
                Some(told) => {
                    broken(Evidence { told, ..Evidence::default() }, pid, program.as_ref(), &place.script, is_shared)
                }
                None => Verdict::Kept,
            },
            Err(Fault::Trouble(why)) => Verdict::NotRun(why),
            Err(Fault::Broken(mut evidence)) => {
                evidence.by_time &= is_shared || !fills_machine(pid, took);
                broken(*evidence, pid, program.as_ref(), &place.script, is_shared)
            }
        };
        place.attic.clear();
        let is_broken = matches!(verdict, Verdict::Broken(_));
        if is_broken && self.is_shared() && !self.lives(program.as_mut(), pid)? {
            // A program of ours is started anew.
            self.silent_since = program.is_none().then_some(rule.name);
        } else if self.is_shared()
            && rule.stage() != STOP
            && program.as_ref().is_some_and(|program| program.has_ended().is_none())
        {
            self.kept = program;
        }
        self.limit.set(None);
        Ok(Judged { rule: rule.name, verdict, took, notes: place.script.notes(), times: None })
    }

    fn is_shared(&self) -> bool {
        matches!(self.exam.server, Server::Running(..) | Server::Program { keep: true, .. })
    }

    fn place(&self, program: Option<&Program>) -> Result<Place> {
        let addr = match (program, &self.exam.server) {
            (Some(program), _) => program.addr(),
            (None, Server::Running(addr, _)) => *addr,
            (None, Server::Program { .. }) => anyhow::bail!("a program has an address"),
        };
        Ok(Place {
            addr,
            profile: Arc::clone(&self.profile),
            patience: PATIENCE.mul_f64(self.exam.patience),
            script: Script::after(if self.is_shared() { self.said.clone() } else { Said::default() }),
            attic: Attic::default(),
        })
    }

    fn play<'p>(&self, place: &Place, program: Option<&'p mut Program>, pid: Option<i32>, chance: &[&str]) -> Play<'p> {
        let numbers = chance.iter().flat_map(|word| word.bytes()).map(u64::from).collect::<Vec<_>>();
        let suffix = if self.is_shared() { self.runs.to_string() } else { String::new() };
        Play { place: place.clone(), program, pid, dice: Dice::of_all(&numbers), suffix }
    }

    /// A sign of life of a server that has just broken a rule, and is to be asked the next one.
    fn lives(&mut self, program: Option<&mut Program>, pid: Option<i32>) -> Result<bool> {
        self.runs += 1;
        let place = self.place(program.as_deref())?;
        let mut play = self.play(&place, program, pid, &["life"]);
        let lives = rules::is_served(&mut play).is_ok();
        place.attic.clear();
        Ok(lives)
    }
}

/// Whether a program that began with its rule has used most of the time of all cores: if the machine was too busy, it was
/// the program that made it so.
fn fills_machine(pid: Option<i32>, took: Duration) -> bool {
    let cores = thread::available_parallelism().map_or(1, NonZero::get) as u32;
    let used = pid.and_then(|pid| Process::new(pid).ok()?.cpu().ok());
    used.is_some_and(|used| used > took.mul_f64(MOST_OF_IT) * cores)
}

/// The program ran and took no connection.
fn silent(rule: &Rule, why: NoStart) -> Judged {
    let evidence = Evidence { told: why.told, said: why.said, ..Evidence::default() };
    Judged::without_play(rule.name, Verdict::Broken(Box::new(evidence)))
}

/// With what the program's threads wait in now, what it printed, and how it ended if it has.
fn broken(
    mut evidence: Evidence,
    pid: Option<i32>,
    program: Option<&Program>,
    script: &Script,
    is_shared: bool,
) -> Verdict {
    evidence.threads = pid.map_or_else(Vec::new, |pid| kernel::waits(pid, &|addr| script.name_of(addr)));
    let others = evidence.threads.len().saturating_sub(THREADS);
    evidence.threads.truncate(THREADS);
    evidence.threads.extend((others > 0).then(|| format!("and {others} more")));
    if let Some(program) = program {
        let how = program.ends_soon().map(|how| format!("the server has ended with {how}"));
        let end = program.was_stopped_for().or(how);
        if let Some(end) = end.filter(|end| *end != evidence.told) {
            evidence.told = format!("{}; {end}", evidence.told);
            evidence.by_time = false;
        }
        // What it printed while another rule ran is no evidence.
        let mut said = if is_shared { program.said_since(script.began()) } else { program.said() };
        evidence.said = said.split_off(said.len().saturating_sub(SAID));
    }
    Verdict::Broken(Box::new(evidence))
}
