//! `chat-client`: the chat on a terminal, or for a script on a pipe. Knows signals and exit codes only.

use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use anyhow::Context;
use clap::{CommandFactory, FromArgMatches, Parser};
use roomful::client::ui::{self, Settings, Signals};
use roomful::command::Secret;
use roomful::process::{self, Kind, Manual};

const EXAMPLES: &str = "\
Examples:
  chat-client                                 asks for server, port and name
  chat-client --server example.org --nick anna --room rust
  printf 'hi\\n' | chat-client --nick bot      says it and leaves
  chat-client --nick bot < /dev/null          looks who is there and leaves
  chat-client --nick anna --password-file f   logs in to the account anna
  printf '/send a.jpg\\n' | chat-client --nick bot   sends a file
  chat-client --json --nick bot               JSON, one object a line

A password is never an argument: a person is asked for it, a script has it in
CHAT_CLIENT_PASSWORD or in the first line of the file named by --password-file.

A variable for yes or no takes yes, on, true or 1; or no, off, false or 0.
An empty variable counts as not set.

Without a terminal, what others say goes to stdout and all else to stderr.

Exit codes:
    0  left                       1  another error
    2  wrong usage               65  some lines were refused
   69  no server, or lost it     75  kicked, or no place now
   76  the server is not trusted
   77  not let in, or wrong password
  130  Ctrl-C twice";

/// What is read of a file with a password; a line with the longest one is shorter.
const PASSWORD_BYTES: u64 = 4096;

/// Talks in a Roomful chat.
#[derive(Parser)]
#[command(version, after_long_help = EXAMPLES)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    manual: Option<Manual>,
}

fn main() -> anyhow::Result<ExitCode> {
    process::settle_signals(Kind::Personal).context("cannot take care of signals")?;
    let Arguments { mut settings, manual } = Arguments::from_arg_matches(&process::parse(Arguments::command()))?;
    if let Some(manual) = manual {
        manual.write("chat-client", Arguments::command())?;
        return Ok(ExitCode::SUCCESS);
    }
    settings.password = password(settings.password_file.as_deref())?;
    let signals = Signals::default();
    let handler = signals.clone();
    process::take_signals(move |_| {
        if handler.came() {
            std::process::exit(i32::from(ui::Exit::INTERRUPTED));
        }
    })
    .context("cannot take care of signals")?;
    let exit = ui::run(&settings, &signals);
    for line in exit.text.lines() {
        // If stderr is closed or full, the exit code tells.
        let _ = writeln!(io::stderr(), "! {line}");
    }
    Ok(ExitCode::from(exit.code))
}

/// The password from outside, if there is one. It is no argument, because other people on the machine can see those.
fn password(file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    let text = match file {
        Some(file) => {
            let mut text = Vec::new();
            // A device may have no end.
            fs::File::open(file)
                .and_then(|file| file.take(PASSWORD_BYTES).read_to_end(&mut text))
                .with_context(|| format!("cannot read the password in {}", file.display()))?;
            let is_long = text.len() as u64 == PASSWORD_BYTES && !text.contains(&b'\n');
            anyhow::ensure!(!is_long, "the first line of {} is too long for a password", file.display());
            // Only the first line counts, whatever the rest is.
            text.truncate(memchr::memchr(b'\n', &text).map_or(text.len(), |end| end + 1));
            let no_text = || format!("the password in {} is no text in UTF-8", file.display());
            Some(String::from_utf8(text).with_context(no_text)?)
        }
        None => env::var("CHAT_CLIENT_PASSWORD").ok().filter(|text| !text.is_empty()),
    };
    let Some(text) = text else { return Ok(None) };
    // Some editors and shells put a byte order mark before a text; it is no part of it.
    let line = text.strip_prefix('\u{feff}').unwrap_or(&text).lines().next().unwrap_or_default();
    let place = file.map_or("CHAT_CLIENT_PASSWORD".to_owned(), |file| file.display().to_string());
    anyhow::ensure!(!line.is_empty(), "the first line of {place} is empty; the password stands there");
    Ok(Some(Secret(line.into())))
}
