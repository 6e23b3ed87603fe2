//! The verbs that look into processes and sockets as Linux shows them. On other systems `kernel/absent.rs` stands in the place of this file. Knows the command line.

#[path = "demo/mod.rs"]
pub mod demo;
#[path = "measure/mod.rs"]
pub mod measure;
#[path = "watch/mod.rs"]
pub mod watch;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use demo::DemoArgs;
use measure::{ArchiveArgs, LoadArgs, ReportArgs, SoakArgs};
use watch::WatchArgs;

/// One of them.
#[derive(Subcommand)]
pub enum Verb {
    /// Play one classical failure in a minute, a broken server beside the fixed one; without a name, list all.
    Demo(DemoArgs),
    /// Show what each thread of any program waits for, from outside.
    Watch(WatchArgs),
    /// Drive servers over real sockets and print what it cost them.
    Load(LoadArgs),
    /// Fill a database with messages, start our server on it, and time the way to each of them.
    Archive(ArchiveArgs),
    /// Let two people talk beside hostile clients, and judge what was promised to the two.
    Soak(SoakArgs),
    /// Make tables of what `load --json`, `archive --json` and `soak --json` wrote.
    Report(ReportArgs),
}

/// Does it.
///
/// # Errors
/// A sentence that says why it cannot be done.
pub fn run(verb: Verb) -> Result<ExitCode> {
    match verb {
        Verb::Demo(args) => return demo::run(&args),
        Verb::Watch(args) => watch::run(&args)?,
        Verb::Load(args) => measure::load(args)?,
        Verb::Archive(args) => measure::archive(&args)?,
        Verb::Soak(args) => measure::soak(&args)?,
        Verb::Report(args) => measure::report(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}
