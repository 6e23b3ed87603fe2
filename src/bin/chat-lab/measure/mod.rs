//! Measures chat servers: `chat-lab load` runs scenarios, `archive` fills a database, `soak` lets hostile clients at one, `report` makes tables of the results. Knows no rule of the checker.
//!
//! One process with one epoll loop plays every client, so that it disturbs the server,
//! which shares its processors, as little as it can. The same loop speaks our JSON and
//! line dialects, IRC, and what two brokers speak, so that other servers are measured by
//! the same means.
//! Everything is counted: what is lost, doubled or out of order is a figure of its own,
//! and what a server refuses is shown with the server's own words.

mod aim;
mod archive;
mod beside;
mod churn;
mod crowd;
mod dialect;
mod echo;
mod fanout;
mod figures;
mod files;
mod frames;
mod gate;
mod histogram;
mod hostile;
mod idle;
mod ledger;
mod member;
mod order;
mod report;
mod sealed;
mod server;
pub mod soak;
mod steady;
mod suite;
mod talker;
mod target;
mod verdict;
mod wild;

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::measure::dialect::Dialect;
use crate::measure::figures::Row;
use crate::measure::report::{between_markers, markdown};
use crate::measure::soak::Host;
use crate::measure::suite::{SCENARIOS, Suite};
use crate::measure::target::Target;
use crate::print;

/// What to drive, and how.
#[derive(Args)]
pub struct LoadArgs {
    /// Address of the server, on this machine.
    #[arg(long, default_value = "127.0.0.1:7667")]
    server: SocketAddr,
    /// Process of the server, whose processor time, memory, threads and descriptors are read.
    #[arg(long)]
    pid: Option<i32>,
    /// How to speak: json, websocket, line, plain (the protocol of the lessons), irc, irc+tags, redis or nats.
    #[arg(long, default_value = "line")]
    dialect: Dialect,
    /// Instead of --server, --pid and --dialect: servers to measure side by side.
    /// With tls+ before the dialect everything is encrypted.
    #[arg(long, value_name = "NAME=DIALECT@ADDR/PID", conflicts_with_all = ["server", "pid", "dialect"])]
    target: Vec<Target>,
    /// fanout, store, steady, files, deaf, churn, idle or all; several with commas. For files a server needs a database.
    #[arg(long, default_value = "fanout", value_delimiter = ',')]
    scenario: Vec<String>,
    /// Members of the room in fanout, speakers included.
    #[arg(long, default_value = "10,100,1000", value_delimiter = ',')]
    members: Vec<usize>,
    /// How many of them speak.
    #[arg(long, default_value = "1,10", value_delimiter = ',')]
    speakers: Vec<usize>,
    /// At most so many messages of one speaker are not yet heard by all members.
    #[arg(long, default_value = "1,64", value_delimiter = ',')]
    in_flight: Vec<u32>,
    /// Bytes of text a message, 27 to 400.
    #[arg(long, default_value_t = 64)]
    size: usize,
    /// Seconds a cell is measured, after 0.3 of warm-up.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// A fanout cell with fewer deliveries continues, up to four times as long.
    #[arg(long, default_value_t = 20_000)]
    least: u64,
    /// Clients of idle.
    #[arg(long, default_value_t = 10_000)]
    clients: usize,
    /// Cycles of each of the two measurements of churn.
    #[arg(long, default_value_t = 4000)]
    cycles: u32,
    /// Members that hear, in the scenario deaf.
    #[arg(long, default_value_t = 100)]
    deaf_members: usize,
    /// How often to run everything; the tables show medians.
    #[arg(long, default_value_t = 1)]
    repeats: usize,
    /// Append one JSON object a run to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Print no table.
    #[arg(long)]
    no_table: bool,
}

/// What to fill and to ask.
#[derive(Args)]
pub struct ArchiveArgs {
    /// The server program.
    #[arg(long, default_value = "target/release/chat-server")]
    server: PathBuf,
    /// The path of the database; the file must not be there yet.
    #[arg(long)]
    data: PathBuf,
    /// How many messages to put into it, all in one room.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// How often to ask for each thing.
    #[arg(long, default_value_t = 200)]
    times: usize,
    /// Append one JSON object a figure to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// How long, and beside which clients.
#[derive(Args)]
pub struct SoakArgs {
    /// How long the hostile clients are there.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Decides what they do; printed, so that a run can be repeated. From the clock if not said.
    #[arg(long)]
    seed: Option<u64>,
    /// Hostile connections at once.
    #[arg(long, default_value_t = 16)]
    clients: u64,
    /// One line in a hundred may take this many milliseconds.
    #[arg(long, default_value_t = 50.0)]
    p99_ms: f64,
    /// The server program, started with default limits; the one beside this program if not said.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Instead of that, the address of a server that runs, on this machine.
    #[arg(long, value_name = "ADDR", conflicts_with = "program")]
    server: Option<SocketAddr>,
    /// Process of that server, whose memory and threads are looked at.
    #[arg(long, requires = "server")]
    pid: Option<i32>,
    /// Append one JSON object a row to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Which tables, and where they stand.
#[derive(Args)]
pub struct ReportArgs {
    /// Files `load --json`, `archive --json` and `soak --json` wrote.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Put the tables between the markers of this page instead of printing them.
    #[arg(long)]
    page: Option<PathBuf>,
    /// Which markers.
    #[arg(long, default_value = "bench")]
    section: String,
    /// Compare each server with the one of the same name and "before" instead, and say in which cells it is worse.
    #[arg(long)]
    beside: bool,
    /// A paragraph to stand above the tables, such as what they were measured on.
    #[arg(long, default_value = "")]
    facts: String,
}

/// Drives servers.
///
/// # Errors
/// When a run had trouble.
pub fn load(mut load: LoadArgs) -> Result<()> {
    if load.scenario.iter().any(|name| name == "all") {
        // Files need a database, which not every server has.
        let all = SCENARIOS.into_iter().filter(|scenario| *scenario != "files");
        load.scenario = all.map(str::to_owned).collect();
    }
    if let Some(wrong) = load.scenario.iter().find(|name| !SCENARIOS.contains(&name.as_str())) {
        bail!("no scenario {wrong:?}: {} or all", SCENARIOS.join(", "));
    }
    if load.speakers.iter().any(|&speakers| !(1..=255).contains(&speakers)) || load.in_flight.contains(&0) {
        bail!("--speakers takes 1 to 255, --in-flight 1 or more");
    }
    if load.target.is_empty() {
        load.target.push(Target::new("server".to_owned(), (load.dialect, false), load.server, load.pid)?);
    }
    raise_descriptor_limit()?;
    let mut file = load.json.as_deref().map(appended).transpose()?;
    let suite = Suite {
        scenarios: load.scenario,
        members: load.members,
        speakers: load.speakers,
        in_flight: load.in_flight,
        size: load.size,
        seconds: load.seconds,
        least: load.least,
        clients: load.clients,
        cycles: load.cycles,
        deaf_members: load.deaf_members,
        repeats: load.repeats,
    };
    let mut rows = Vec::new();
    suite.run(&load.target, |row| {
        if let Some(file) = &mut file {
            writeln!(file, "{}", serde_json::to_string(&row)?)?;
        }
        if load.no_table || io::stderr().is_terminal() {
            progress(&row);
        }
        rows.push(row);
        Ok(())
    })?;
    if !load.no_table {
        print(&markdown(&rows))?;
    }
    let troubled = rows.iter().filter(|row| row.trouble.is_some()).count();
    if troubled > 0 {
        bail!("trouble in {troubled} of {} runs", rows.len());
    }
    Ok(())
}

fn appended(path: &Path) -> Result<File> {
    let file = File::options().append(true).create(true).open(path);
    file.with_context(|| format!("cannot write {}", path.display()))
}

/// Fills a database and times the way to its messages.
///
/// # Errors
/// When the server does not do its part.
pub fn archive(args: &ArchiveArgs) -> Result<()> {
    let plan = archive::Plan {
        server: args.server.clone(),
        data: args.data.clone(),
        messages: args.messages,
        times: args.times,
    };
    let rows = archive::run(&plan)?;
    match &args.json {
        Some(path) => {
            let mut file = appended(path)?;
            rows.iter().try_for_each(|row| Ok(writeln!(file, "{}", serde_json::to_string(row)?)?))
        }
        None => print(&markdown(&rows)),
    }
}

/// Judges what was promised to two people beside hostile clients.
///
/// # Errors
/// When a promise was broken.
pub fn soak(args: &SoakArgs) -> Result<()> {
    let server = match args.server {
        Some(addr) if !addr.ip().is_loopback() => bail!("{addr} is not on this machine: load goes to loopback only"),
        Some(addr) => Host::Running(addr, args.pid),
        None => match &args.program {
            Some(program) => Host::Program(program.clone()),
            None => Host::Program(std::env::current_exe()?.with_file_name("chat-server")),
        },
    };
    let seed = args.seed.unwrap_or_else(soak::fresh_seed);
    let plan = soak::Plan { seconds: args.seconds, seed, clients: args.clients, p99_ms: args.p99_ms, server };
    let mut file = args.json.as_deref().map(appended).transpose()?;
    let _ = writeln!(io::stderr(), "soak: --seconds {} --clients {} --seed {seed}", args.seconds, args.clients);
    raise_descriptor_limit()?;
    let verdict = soak::run(&plan).with_context(|| format!("the soak with --seed {seed}"))?;
    if let Some(file) = &mut file {
        verdict.rows.iter().try_for_each(|row| anyhow::Ok(writeln!(file, "{}", serde_json::to_string(row)?)?))?;
    }
    print(&markdown(&verdict.rows))?;
    if !verdict.broken.is_empty() {
        bail!("broken with --seed {seed}:\n  {}", verdict.broken.join("\n  "));
    }
    Ok(())
}

/// Makes tables.
///
/// # Errors
/// When a file cannot be read or written.
pub fn report(report: &ReportArgs) -> Result<()> {
    let mut rows: Vec<Row> = Vec::new();
    for path in &report.files {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        for line in BufReader::new(file).lines() {
            rows.push(serde_json::from_str(&line?).with_context(|| format!("in {}", path.display()))?);
        }
    }
    let tables = if report.beside { beside::markdown(&rows) } else { markdown(&rows) };
    let text = format!("{}\n\n{tables}", report.facts);
    match &report.page {
        None => print(text.trim_start())?,
        Some(path) => {
            let page = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            fs::write(path, between_markers(&page, &report.section, &text)?)?;
        }
    }
    Ok(())
}

/// One line a run, so that a long suite is seen to go on.
fn progress(row: &Row) {
    let cost = row.figures.get("cpu_us").map_or(String::new(), |cpu| format!(", {cpu:.2} µs"));
    let trouble = row.trouble.as_ref().map_or(String::new(), |words| format!(", trouble: {words}"));
    let _ = writeln!(io::stderr(), "{}: {}, {}{cost}{trouble}", row.scenario, row.cell, row.target);
}

/// Every client is a descriptor of this process.
fn raise_descriptor_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).context("cannot raise the limit of open descriptors")
}
