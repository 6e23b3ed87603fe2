//! Arguments and environment variables: an empty variable is not set, and a wrong value names where it comes from. Knows clap, and no setting.

use std::env;

use clap::builder::{OsStr, Resettable};
use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

/// What a yes-or-no variable takes, in any case.
const YES: [&str; 6] = ["1", "yes", "on", "true", "y", "t"];
const NO: [&str; 6] = ["0", "no", "off", "false", "n", "f"];

/// The widest line of a help text.
const COLUMNS: usize = 80;

/// Reads a yes-or-no value, as variables have them.
///
/// ```
/// use roomful::process::yes_or_no;
///
/// assert_eq!(yes_or_no("Yes"), Ok(true));
/// assert_eq!(yes_or_no("OFF"), Ok(false));
/// assert_eq!(yes_or_no("perhaps").unwrap_err(), "it takes yes or no, on or off, true or false, 1 or 0");
/// ```
///
/// # Errors
/// A sentence that says what is taken.
pub fn yes_or_no(text: &str) -> Result<bool, String> {
    let text = text.trim().to_lowercase();
    if YES.contains(&&*text) {
        Ok(true)
    } else if NO.contains(&&*text) {
        Ok(false)
    } else {
        Err("it takes yes or no, on or off, true or false, 1 or 0".to_owned())
    }
}

/// Reads the arguments and the variables of this process. An empty variable
/// counts as one that is not set. If they are wrong, it ends the program, and
/// names the variable if the wrong value comes from one. The help is not wider
/// than the usual screen, because a pager breaks no lines.
pub fn parse(command: Command) -> ArgMatches {
    let mut command = command.mut_args(without_empty).max_term_width(COLUMNS);
    let mut error = match command.try_get_matches_from_mut(env::args_os()) {
        Ok(matches) => return matches,
        Err(error) => error,
    };
    if let Some(name) = blamed(&error, &command) {
        error.insert(ContextKind::InvalidArg, ContextValue::String(name));
    }
    // Help that cannot be printed is no success.
    let code = if error.print().is_err() { error.exit_code().max(1) } else { error.exit_code() };
    std::process::exit(code)
}

/// Removes the variable of an argument if it is empty.
fn without_empty(arg: Arg) -> Arg {
    let is_empty = arg.get_env().and_then(env::var_os).is_some_and(|value| value.is_empty());
    if is_empty { arg.env(Resettable::<OsStr>::Reset) } else { arg }
}

/// The variable that the wrong value comes from.
fn blamed(error: &clap::Error, command: &Command) -> Option<String> {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return None };
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return None };
    let arg = command.get_arguments().find(|arg| arg.to_string() == *shown)?;
    let long = format!("--{}", arg.get_long()?);
    let is_given = env::args().any(|given| given == long || given.starts_with(&format!("{long}=")));
    let name = arg.get_env()?.to_str()?;
    let is_there = env::var(name).is_ok_and(|there| there.contains(value.as_str()));
    (is_there && !is_given).then(|| name.to_owned())
}

/// The name of the variable that the argument `id` was read from, and `: `,
/// to stand before a sentence about it. Empty if it was not read from a variable.
pub fn origin(matches: &ArgMatches, id: &str, variable: &str) -> String {
    let is_variable = matches.value_source(id) == Some(ValueSource::EnvVariable);
    if is_variable { format!("{variable}: ") } else { String::new() }
}
