//! The lab: a school for chat servers (`check`, `grade`, `demo`, `watch`, `serve`), and measurements of them (`load`, `archive`, `soak`, `report`). Knows the command line; each verb has a folder or a file of its own.

// What only some of the verbs use is of no use where they are absent.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

mod check;
mod dice;
mod kernel;
mod marker;
mod serve;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use roomful::process::{Kind, Manual, parse, settle_signals};

use crate::check::CheckArgs;
use crate::check::grade::GradeArgs;
use crate::check::program::guard::{self, GuardArgs};
use crate::kernel::verbs::*;

/// Grades, shows and measures chat servers on this machine.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Grade a chat server in any language: what it keeps, what it breaks, and why.
    Check(CheckArgs),
    /// Grade all submissions of a folder with `check`, into a CSV file of marks.
    Grade(GradeArgs),
    /// Run a stair or a broken server of `examples/`; without a name, list them.
    Serve(ServeArgs),
    /// Stand between the checker and a program: for the checker's own use.
    #[command(hide = true)]
    Guard(GuardArgs),
    #[command(flatten)]
    Verb(Verb),
    #[command(flatten)]
    Manual(Manual),
}

#[derive(Args)]
struct ServeArgs {
    /// Its name.
    name: Option<String>,
    /// The port on 127.0.0.1 [default: 7000]
    port: Option<u16>,
}

fn main() -> ExitCode {
    let ready = settle_signals(Kind::Personal).context("cannot take care of signals");
    let cli = ready.and_then(|()| Ok(Cli::from_arg_matches(&parse(Cli::command()))?));
    cli.and_then(|cli| run(cli.command)).unwrap_or_else(|e| {
        let _ = writeln!(io::stderr(), "chat-lab: {e:#}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Check(args) => check::run(&args),
        Command::Grade(args) => check::grade::run(&args),
        Command::Guard(args) => guard::run(&args),
        Command::Serve(args) => {
            match &args.name {
                Some(name) => serve::serve(name, args.port)?,
                None => print(&serve::list())?,
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Verb(verb) => kernel::verbs::run(verb),
        Command::Manual(manual) => {
            manual.write("chat-lab", Cli::command())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A text on stdout, to its last byte.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot print")
}
