//! A program as a process: its signals, its variables, its files, and output that may not be read. Knows nothing of a chat.

mod errand;
pub mod machine;
mod manual;
mod outlet;
pub mod private;
pub mod service;
mod signals;
mod variables;

use std::process::Command;

pub use errand::{Errand, within};
pub use manual::Manual;
pub use outlet::Outlet;
pub use signals::{Kind, Signal, is_ignored, settle as settle_signals, take as take_signals};
pub use variables::{origin, parse, yes_or_no};

/// Starts this program anew with one more environment variable, for what is decided
/// before a program's first line. It returns only if that fails, or the variable is set.
pub fn start_anew(variable: &str, value: &str) {
    if std::env::var_os(variable).is_some() {
        return;
    }
    let Ok(own) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_else(|| own.clone().into());
    signals::replace_by(Command::new(own).args(arguments).env(variable, value), &name);
}
