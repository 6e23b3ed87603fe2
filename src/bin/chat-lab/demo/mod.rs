//! `chat-lab demo`: plays one script to a broken server and to the fixed one beside it, and lets the rule judge both. Knows the command line and the clock.

mod actor;
mod crowd;
mod diff;
mod log;
mod page;
mod picture;
mod play;
mod room;
mod script;
mod side;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use crate::check::args::fresh_seed;
use crate::check::profile::meant;
use play::Demo;
use script::Script;
use side::{Side, missing};

/// A demo did not show what it is about.
const FAILED: u8 = 1;

/// The arguments of `chat-lab demo`.
#[derive(Args)]
#[command(after_help = "Without a terminal it prints what is said and heard, and the verdicts.\n\
                        Exit codes: 0 the broken server broke the rule and the fixed one kept it, 1 otherwise.")]
pub struct DemoArgs {
    /// Which one.
    name: Option<String>,
    /// Print what there is.
    #[arg(long, conflicts_with = "name")]
    list: bool,
    /// Play it to the fixed server only.
    #[arg(long)]
    fixed: bool,
    /// Without pauses.
    #[arg(long)]
    fast: bool,
    /// Decides what chance decides in the rule.
    #[arg(long)]
    seed: Option<String>,
}

/// Plays one, or lists all.
///
/// # Errors
/// A sentence that says why it cannot be played.
pub fn run(args: &DemoArgs) -> Result<ExitCode> {
    let all = Script::all();
    let Some(name) = &args.name else {
        crate::print(&list(&all))?;
        return Ok(ExitCode::SUCCESS);
    };
    let Some(script) = all.iter().find(|script| script.name == name) else {
        let near = meant(name, all.iter().map(|script| script.name));
        bail!("there is no demo {name:?}{near}\n{}", list(&all));
    };
    let both = Side::both(script)?;
    let sides = if args.fixed { both[1..].to_vec() } else { both.to_vec() };
    let seed = args.seed.clone().unwrap_or_else(fresh_seed);
    let is_shown = Demo { script, sides: &sides, both: &both, is_fast: args.fast, seed: &seed }.run()?;
    Ok(if is_shown { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// A line for each.
fn list(all: &[Script]) -> String {
    let mut out = String::new();
    for script in all {
        out.push_str(&format!("  {:<16} {}\n", script.name, script.title));
    }
    for why in all.iter().filter_map(missing) {
        out.push_str(&format!("  {why}\n"));
    }
    out
}

/// A line on stdout, for a reader that is no terminal. An error means that it is gone.
fn tell(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush())
}
