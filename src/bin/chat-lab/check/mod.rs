//! `chat-lab check`: grades a chat server in any language over real sockets. Knows the command line; the rest is beside it.

pub mod args;
pub mod book;
pub mod built_in;
pub mod client;
pub mod end;
pub mod flood;
pub mod grade;
pub mod interrupt;
pub mod judge;
pub mod limit;
pub mod link;
pub mod lists;
pub mod parting;
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
pub mod wrong;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::check::args::{ExamArgs, Refused, unknown_rule};
use crate::check::judge::{Exam, Server};
use crate::check::profile::Profile;
use crate::check::program::NoStart;
use crate::check::report::target::{Target, Wanted};
use crate::check::report::{Report, picture, text};
use crate::check::rules::Rule;
use crate::check::verdict::{Judged, Verdict};
use crate::check::words::Table;

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
/// Ctrl-C, as a shell has it.
const INTERRUPTED: u8 = 130;

/// What the help says about them. Each line begins with a number and fits into 80 columns.
pub const EXIT_CODES: &str = "Exit codes:
  0    all rules are kept; with a report for gradescope or classroom50, and in
       `grade`: grading itself worked
  1    a rule is broken
  2    the command line makes no sense
  65   the profile is wrong
  69   the server does not start, or cannot be reached
  75   the machine was too busy to tell: run it again
  130  interrupted";

/// The arguments of `chat-lab check`.
#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct CheckArgs {
    /// A server that runs already, on this machine.
    #[arg(value_name = "HOST:PORT", conflicts_with = "command")]
    server: Option<SocketAddr>,
    /// The program to grade; `{port}` and $PORT are the port that it must take.
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// Take a server on another machine of this network; load, slow clients and resets are not sent there.
    #[arg(long, requires = "server")]
    far: bool,
    /// Process of a server that runs already.
    #[arg(long, requires = "server")]
    pid: Option<i32>,
    #[command(flatten)]
    exam: ExamArgs,
    /// A report: json, gradescope, classroom50, junit or markdown; - is the standard output. Can be repeated.
    #[arg(long, value_name = "KIND=FILE")]
    report: Vec<Wanted>,
    /// A folder for a picture (SVG) of each broken rule.
    #[arg(long, value_name = "DIR")]
    picture: Option<PathBuf>,
    /// Print the page of this rule: what is done, why servers break it, a hint.
    #[arg(long, value_name = "RULE")]
    explain: Option<String>,
    /// Print all rules, with what they promise and their points.
    #[arg(long)]
    list: bool,
    /// Print the profiles that come with the program.
    #[arg(long)]
    profiles: bool,
    /// Print this profile, as the beginning of one of your own.
    #[arg(long, value_name = "NAME")]
    show_profile: Option<String>,
}

/// Grades, and prints what each rule came to.
///
/// # Errors
/// When nothing can be printed.
pub fn run(args: &CheckArgs) -> Result<ExitCode> {
    match told(args) {
        Ok(None) => {}
        Ok(Some(text)) => {
            told_if_read(io::stdout().lock().write_all(text.as_bytes())).context("cannot print")?;
            return Ok(ExitCode::SUCCESS);
        }
        Err((why, code)) => return fail(&why, code),
    }
    match ready(args) {
        Ok(ready) => ready.run(args),
        Err((why, code)) => fail(&why, code),
    }
}

/// What is told without grading, if that is what is asked for.
fn told(args: &CheckArgs) -> Result<Option<String>, Refused> {
    let (words, language) = (Table::load(), args.exam.language);
    if let Some(rule) = &args.explain {
        return lists::page(rule, &words, language).map(Some).ok_or_else(|| (unknown_rule(rule), USAGE));
    }
    if let Some(name) = &args.show_profile {
        return Profile::source(name).map(|text| Some(text.to_owned())).map_err(|error| (error, BAD_PROFILE));
    }
    if args.list {
        return Ok(Some(lists::rules(&args.exam.profile()?, &words, language)));
    }
    Ok(args.profiles.then(lists::profiles))
}

/// All that is looked at before anything runs.
struct Ready {
    exam: Exam,
    rules: Vec<&'static Rule>,
    title: String,
    targets: Vec<Target>,
}

fn ready(args: &CheckArgs) -> Result<Ready, Refused> {
    let usage = |why: String| (why, USAGE);
    let profile = args.exam.profile()?;
    let rules = args.exam.rules()?;
    let (server, title) = server(args, &profile).map_err(usage)?;
    let exam = args.exam.exam(profile, server, args.exam.seed());
    let targets = Target::open_all(&args.report).map_err(usage)?;
    if let Some(folder) = &args.picture {
        fs::create_dir_all(folder).map_err(|error| usage(format!("cannot make {}: {error}", folder.display())))?;
    }
    Ok(Ready { exam, rules, title, targets })
}

impl Ready {
    fn run(mut self, args: &CheckArgs) -> Result<ExitCode> {
        interrupt::settle(false)?;
        let words = Table::load();
        let language = args.exam.language;
        let is_taken = self.targets.iter().any(Target::is_stdout);
        let mut out: Box<dyn Write> =
            if is_taken { Box::new(anstream::stderr().lock()) } else { Box::new(anstream::stdout().lock()) };
        let (title, seed) = (self.title.clone(), self.exam.seed.clone());
        let mut report = Report {
            title,
            profile: &self.exam.profile,
            seed: &seed,
            judged: &[],
            words: &words,
            language,
            error: None,
        };
        told_if_read(write!(out, "{}", text::head(&report, &ExamArgs::how(&self.exam.server))))?;
        let mut stage = "";
        let (judged, error) = examine(&self.exam, &self.rules, |judged| {
            let own = rules::stage_of(judged.rule);
            // An output that cannot be written to is told at the end.
            if own != stage {
                let _ = write!(out, "{}", text::stage(own));
                stage = own;
            }
            let _ = write!(out, "{}", text::rule(judged, &words.of(judged.rule, language))).and_then(|()| out.flush());
        });
        report.judged = &judged;
        report.error = error;
        if let Some(error) = &report.error {
            fail(&text::harmless_lines(&error.to_string()), NO_SERVER)?;
        }
        told_if_read(write!(out, "\n{}", text::sum(&report.sum())))?;
        if let Some(folder) = &args.picture {
            pictures(&report, folder, &mut out)?;
        }
        told_if_read(out.flush())?;
        for target in &mut self.targets {
            target.write(&report).map_err(anyhow::Error::msg)?;
        }
        let is_for_a_service = self.targets.iter().any(|target| target.kind().is_for_a_service());
        Ok(ExitCode::from(if is_for_a_service { 0 } else { code(&report) }))
    }
}

/// What a broken rule does to the exit code cannot be undone by an unsure one.
fn code(report: &Report) -> u8 {
    match report.sum() {
        _ if report.error.is_some() => NO_SERVER,
        sum if sum.broken > 0 => BROKEN,
        sum if sum.unsure > 0 => UNSURE,
        sum if sum.not_run > 0 => BROKEN,
        _ => 0,
    }
}

/// Judges; if the server does not start, all rules are not run, and why.
fn examine(exam: &Exam, rules: &[&'static Rule], told: impl FnMut(&Judged)) -> (Vec<Judged>, Option<NoStart>) {
    match judge::judge(exam, rules, told) {
        Ok(judged) => (judged, None),
        Err(error) => {
            let why = error.downcast::<NoStart>().unwrap_or_else(|error| format!("{error:#}").into());
            let judged = rules.iter().map(|rule| {
                let verdict = match judge::not_asked(&exam.profile, rule) {
                    Some(why) => Verdict::NotAsked(why),
                    // What the program printed is told once, not for each rule.
                    None => Verdict::NotRun(why.told.clone()),
                };
                Judged::without_play(rule.name, verdict)
            });
            (judged.collect::<Vec<_>>(), Some(why))
        }
    }
}

/// A picture of each broken rule, and where it is.
fn pictures(report: &Report, folder: &Path, out: &mut dyn Write) -> Result<()> {
    for row in report.rows() {
        let Some(svg) = picture::draw(row.judged, &row.words.what, report.seed) else { continue };
        let path = folder.join(picture::file_name(row.judged.rule));
        fs::write(&path, svg).with_context(|| format!("cannot write {}", path.display()))?;
        told_if_read(writeln!(out, "picture: {}", path.display()))?;
    }
    Ok(())
}

/// A reader that has gone, such as `head`, has all that it wants.
fn told_if_read(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

fn fail(why: &str, code: u8) -> Result<ExitCode> {
    let _ = writeln!(io::stderr(), "chat-lab: {why}");
    Ok(ExitCode::from(code))
}

fn server(args: &CheckArgs, profile: &Profile) -> Result<(Server, String), String> {
    match (&args.command, args.server) {
        (Some(line), _) => Ok((args.exam.program(profile, program::command::split(line)?), line.clone())),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::report::sample;

    #[test]
    fn a_broken_rule_decides_the_exit_code_and_an_unsure_one_if_none_is_broken() {
        sample::with(|report| {
            let code_of = |wanted: fn(&Verdict) -> bool| {
                let judged: Vec<Judged> =
                    report.judged.iter().filter(|judged| wanted(&judged.verdict)).cloned().collect();
                code(&Report { judged: &judged, title: String::new(), error: None, ..*report })
            };
            assert_eq!(code_of(|_| true), BROKEN);
            assert_eq!(code_of(|verdict| !verdict.is_broken()), UNSURE, "what needs an unsure rule is not run");
            assert_eq!(code_of(|verdict| matches!(verdict, Verdict::Kept | Verdict::NotAsked(_))), 0);
            assert_eq!(code_of(|verdict| matches!(verdict, Verdict::Kept | Verdict::NotRun(_))), BROKEN);
        });
    }
}
