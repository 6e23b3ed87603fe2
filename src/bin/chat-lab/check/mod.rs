//! `chat-lab check`: grades a chat server in any language over real sockets. Knows the command line; the rest is beside it.

pub mod book;
pub mod client;
pub mod flood;
pub mod judge;
pub mod limit;
pub mod link;
pub mod pattern;
pub mod play;
pub mod profile;
pub mod program;
pub mod report;
pub mod rules;
pub mod script;
pub mod ticker;
pub mod verdict;
pub mod words;

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::check::judge::{Exam, Server};
use crate::check::profile::{Profile, nearest};
use crate::check::program::{Plan, command};
use crate::check::report::{Report, text};
use crate::check::rules::Rule;
use crate::check::words::{Language, Table};
use crate::dice::Dice;

/// Some rule is broken.
const BROKEN: u8 = 1;
/// The command line makes no sense.
const USAGE: u8 = 2;
/// The profile is wrong (EX_DATAERR of sysexits.h).
const BAD_PROFILE: u8 = 65;
/// The server does not start, or cannot be reached (EX_UNAVAILABLE).
const NO_SERVER: u8 = 69;
/// The machine was too busy to tell (EX_TEMPFAIL).
const UNSURE: u8 = 75;

/// The arguments of `chat-lab check`.
#[derive(Args)]
pub struct CheckArgs {
    /// A server that runs already, on this machine.
    #[arg(value_name = "HOST:PORT", conflicts_with = "command")]
    server: Option<SocketAddr>,
    /// The program to grade; `{port}` and $PORT are the port that it must take.
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// The dialect: a name, or a file that ends in .toml.
    #[arg(long, default_value = "plain")]
    profile: String,
    /// The port that the program always takes.
    #[arg(long)]
    port: Option<u16>,
    /// Take a server on another machine of this network; load, slow clients and resets are not sent there.
    #[arg(long, requires = "server")]
    far: bool,
    /// Process of a server that runs already.
    #[arg(long, requires = "server")]
    pid: Option<i32>,
    /// SIGTERM, or a line for the program's standard input.
    #[arg(long, value_name = "HOW")]
    stop_by: Option<String>,
    /// One process for all rules, for programs that start slowly.
    #[arg(long)]
    keep: bool,
    /// Only the stages up to this one.
    #[arg(long, value_name = "STAGE")]
    until: Option<String>,
    /// Only this rule, or the rules of this stage; can be repeated.
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// How often each rule runs.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    times: u32,
    /// Decides all that chance decides; printed, so that a run can be repeated.
    #[arg(long)]
    seed: Option<String>,
    /// Deadlines are multiplied by this, 0.1 to 100.
    #[arg(long, default_value_t = 1.0)]
    patience: f64,
    /// The language of reasons and hints.
    #[arg(long, value_enum, default_value_t)]
    language: Language,
}

/// Grades, and prints what each rule came to.
///
/// # Errors
/// When nothing can be printed.
pub fn run(args: &CheckArgs) -> Result<ExitCode> {
    let table = Table::load();
    let profile = match Profile::load(&args.profile) {
        Ok(profile) => profile,
        Err(error) => return fail(&error, BAD_PROFILE),
    };
    let rules = match chosen(args) {
        Ok(rules) => rules,
        Err(error) => return fail(&error, USAGE),
    };
    let (server, title) = match server(args, &profile) {
        Ok(server) => server,
        Err(error) => return fail(&error, USAGE),
    };
    let seed = args.seed.clone().unwrap_or_else(fresh_seed);
    let exam = Exam { profile, server, patience: args.patience, seed, times: args.times };
    let mut out = anstream::stdout().lock();
    let mut report =
        Report { title, profile: &exam.profile, seed: &exam.seed, judged: &[], words: &table, language: args.language };
    write!(out, "{}", text::head(&report, "a fresh process for each rule"))?;
    let mut stage = "";
    let judged = judge::judge(&exam, &rules, |judged| {
        let own = rules::stage_of(judged.rule);
        // A closed pipe is told at the end.
        if own != stage {
            let _ = write!(out, "{}", text::stage(own));
            stage = own;
        }
        let _ = write!(out, "{}", text::rule(judged, &table.of(judged.rule, args.language)));
    });
    let judged = match judged {
        Ok(judged) => judged,
        Err(error) => return fail(&format!("{error:#}"), NO_SERVER),
    };
    report.judged = &judged;
    let sum = report.sum();
    write!(out, "\n{}", text::sum(&sum))?;
    out.flush()?;
    Ok(ExitCode::from(match sum {
        sum if sum.unsure > 0 => UNSURE,
        sum if sum.broken > 0 || sum.not_run > 0 => BROKEN,
        _ => 0,
    }))
}

fn fail(why: &str, code: u8) -> Result<ExitCode> {
    let _ = writeln!(std::io::stderr(), "chat-lab: {why}");
    Ok(ExitCode::from(code))
}

fn chosen(args: &CheckArgs) -> Result<Vec<&'static Rule>, String> {
    let all: Vec<&'static Rule> = rules::all().collect();
    let stages = rules::STAGES.map(|(stage, ..)| stage);
    for name in args.rule.iter().chain(&args.until) {
        let names = || all.iter().map(|rule| rule.name).chain(stages);
        if !names().any(|other| other == name) {
            let near = nearest(name, names()).map_or(String::new(), |near| format!(": did you mean {near}?"));
            return Err(format!("there is no rule or stage {name:?}{near} (all: chat-lab check --list)"));
        }
    }
    let last = match &args.until {
        Some(until) => stages.iter().position(|stage| rules::stage_of(until) == *stage),
        None => None,
    };
    let is_in = |rule: &&Rule| {
        let place = stages.iter().position(|stage| *stage == rule.stage());
        let named = args.rule.iter().any(|name| name == rule.name || name == rule.stage());
        (args.rule.is_empty() || named) && last.is_none_or(|last| place.is_some_and(|place| place <= last))
    };
    Ok(all.into_iter().filter(is_in).collect())
}

fn server(args: &CheckArgs, profile: &Profile) -> Result<(Server, String), String> {
    if !(0.1..=100.0).contains(&args.patience) {
        return Err("--patience is from 0.1 to 100".to_owned());
    }
    match (&args.command, args.server) {
        (Some(line), _) => {
            let words = command::split(line)?;
            let given = words.iter().any(|word| word.contains("{port}"));
            let fixed = args.port.or((profile.port != 0 && !given).then_some(profile.port));
            let stop_by = args.stop_by.clone().unwrap_or_else(|| profile.stop.by.clone());
            let title = line.trim().to_owned();
            Ok((
                Server::Program {
                    plan: Plan { words, port: fixed, stop_by, patience: args.patience },
                    keep: args.keep,
                },
                title,
            ))
        }
        (None, Some(addr)) if !addr.ip().is_loopback() && !args.far => Err(format!(
            "{addr} is not on this machine: the checker sends load and resets to loopback only (--far leaves them out)"
        )),
        (None, Some(addr)) if !addr.ip().is_loopback() && !is_private(addr.ip()) => {
            Err(format!("{addr} is not in a private network: only the owner of a server may grade it"))
        }
        (None, Some(addr)) => Ok((Server::Running(addr, args.pid), addr.to_string())),
        (None, None) => Err("what is to be graded? Give --command 'python3 server.py {port}', or HOST:PORT".to_owned()),
    }
}

/// Whether this address is of no use outside its network.
fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// Four letters from the clock.
fn fresh_seed() -> String {
    const LETTERS: &[u8] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut dice = Dice::of_all(&[crate::soak::fresh_seed(), u64::from(std::process::id())]);
    (0..4).map(|_| char::from(*dice.pick(LETTERS))).collect()
}
