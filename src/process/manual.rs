//! Man pages and completions of a program, made from its arguments when they are asked for. Knows clap, and no program.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, Command, Subcommand};
use clap_complete::Shell;
use clap_mangen::Man;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// What a program can write about itself.
#[derive(Debug, Clone, Subcommand)]
pub enum Manual {
    /// Write the man pages into the folder DIR
    Man {
        /// The folder, made if it is not there; pages in it are overwritten
        dir: PathBuf,
    },
    /// Print what SHELL needs to complete the arguments
    Completions {
        /// The shell
        shell: Shell,
    },
}

impl Manual {
    /// Writes it, for the program `name` with these arguments.
    ///
    /// # Errors
    /// Those of the system.
    pub fn write(&self, name: &'static str, command: Command) -> io::Result<()> {
        let mut command = command.name(name).disable_help_subcommand(true).mut_args(told_at_length);
        match self {
            Manual::Man { dir } => {
                fs::create_dir_all(dir)?;
                command.build();
                write_pages(&command, dir)
            }
            Manual::Completions { shell } => {
                // A reader that goes away is an error here. If it were printed at once, it would be a panic.
                let mut script = Vec::new();
                clap_complete::generate(*shell, &mut command, name, &mut script);
                let mut out = io::stdout().lock();
                out.write_all(&script).and_then(|()| out.flush())
            }
        }
    }
}

/// A page says all of an argument: what the short help leaves out, and its variable.
fn told_at_length(arg: Arg) -> Arg {
    let Some(help) = arg.get_long_help().or(arg.get_help()) else { return arg };
    let variable = arg.get_env().filter(|_| !arg.is_hide_env_set()).map(|name| name.to_string_lossy());
    let help = format!("{help}{}", variable.map_or(String::new(), |name| format!(" [env: {name}]")));
    arg.long_help(help)
}

/// Writes the page of a command, and those of the commands under it.
fn write_pages(command: &Command, folder: &Path) -> io::Result<()> {
    let man = Man::new(command.clone())
        .date(today())
        .source(concat!("roomful ", env!("CARGO_PKG_VERSION")))
        .manual("Roomful");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    // Instead of the section that names each of a hundred limits.
    let usage = command.clone().render_usage().to_string();
    write!(page, ".SH SYNOPSIS\n{}\n", literal(usage.trim_start_matches("Usage: ")))?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().next().is_some() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(text) = command.get_after_long_help() {
        write!(page, ".SH NOTES\n.nf\n{}\n.fi\n", literal(&text.to_string()))?;
    }
    fs::write(folder.join(man.get_filename()), without_double_breaks(&String::from_utf8_lossy(&page)))?;
    command.get_subcommands().filter(|command| !command.is_hide_set()).try_for_each(|under| write_pages(under, folder))
}

/// The date of the pages: that which a packager sets, so that two builds are the same, or today's.
fn today() -> String {
    let set = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
    let set = set.and_then(|seconds| Timestamp::from_second(seconds).ok()).map(|time| time.to_zoned(TimeZone::UTC));
    set.unwrap_or_else(Zoned::now).strftime("%Y-%m-%d").to_string()
}

/// A text in which nothing is a command of the page's language.
fn literal(text: &str) -> String {
    let line = |line: &str| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Without line breaks beside empty lines, which readers of man pages complain of.
fn without_double_breaks(page: &str) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let is_empty = |at: Option<usize>| at.and_then(|at| lines.get(at)).is_some_and(|line| line.is_empty());
    let is_double = |at: usize| lines[at] == ".br" && (is_empty(at.checked_sub(1)) || is_empty(Some(at + 1)));
    (0..lines.len()).filter(|at| !is_double(*at)).map(|at| format!("{}\n", lines[at])).collect()
}
