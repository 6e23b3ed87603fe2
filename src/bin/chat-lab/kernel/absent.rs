//! The verbs that need Linux, where there is none: each says so. Knows no system.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

/// One of them.
#[derive(Subcommand)]
pub enum Verb {
    /// For Linux only: play a classical failure, a broken server beside the fixed one.
    Demo(Any),
    /// For Linux only: show what each thread of a program waits for.
    Watch(Any),
    /// For Linux only: drive servers, and print what it cost them.
    Load(Any),
    /// For Linux only: time the way to the messages of a database.
    Archive(Any),
    /// For Linux only: let two people talk beside hostile clients.
    Soak(Any),
    /// For Linux only: make tables of what the three before wrote.
    Report(Any),
}

/// Whatever stands behind it.
#[derive(Args)]
pub struct Any {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Says that it cannot be done here.
///
/// # Errors
/// Always.
pub fn run(verb: Verb) -> Result<ExitCode> {
    let (name, what) = match verb {
        Verb::Demo(_) => ("demo", "shows what the threads of two servers wait for"),
        Verb::Watch(_) => ("watch", "shows what the threads of a program wait for"),
        Verb::Load(_) | Verb::Archive(_) | Verb::Soak(_) => ("load, archive and soak", "measures what a server costs"),
        Verb::Report(_) => ("report", "makes tables of what `load`, `archive` and `soak` wrote"),
    };
    bail!("{name}: this {what}, which only Linux tells; on Windows use WSL")
}
