//! The flags of the server, their variables, and the help text. Knows how a setting is written, not what it does.

use std::path::PathBuf;

use clap::{Arg, Command, CommandFactory, Parser, Subcommand};
use roomful::config::{LogFormat, Metrics};
use roomful::limits::TABLE;
use roomful::process::{self, Manual};
use roomful::tls::Mode;
use roomful::tls::made::DAYS;

/// A chat server with a thread for every person in the room.
///
/// Without options it listens on 127.0.0.1:7667. Its screen says how to get in.
#[derive(Parser, Clone)]
#[command(version, after_help = "--help lists the limits, too.", after_long_help = EXAMPLES)]
pub struct Args {
    /// Address and port to listen on: all addresses of a name, any free port for 0
    #[arg(long, env = "CHAT_SERVER_LISTEN", value_name = "ADDR")]
    pub listen: Option<String>,
    /// Address and port for IRC clients only, such as 0.0.0.0:6667; they may come to --listen as well
    #[arg(long, env = "CHAT_SERVER_IRC", value_name = "ADDR")]
    pub irc: Option<String>,
    /// Name of the server on IRC, with a dot in it: irc.roomful if not said
    #[arg(long, env = "CHAT_SERVER_NAME", value_name = "NAME")]
    pub name: Option<String>,
    /// Name of the network on IRC, one word: Roomful if not said
    #[arg(long, env = "CHAT_SERVER_NETWORK", value_name = "NAME")]
    pub network: Option<String>,
    /// Address that people are told first, an IP address or a name; the best of this machine if not said
    #[arg(long, env = "CHAT_SERVER_ADDRESS", value_name = "ADDR")]
    pub address: Option<String>,
    /// Show no QR code of the page at the start; the console's command qr shows it
    #[arg(long, env = "CHAT_SERVER_NO_QR", value_parser = process::yes_or_no)]
    pub no_qr: bool,
    /// One more name that the server answers to over HTTP, such as chat.example; may be given several times
    #[arg(long, env = "CHAT_SERVER_HOST", value_name = "NAME", value_delimiter = ',')]
    pub host: Option<Vec<String>>,
    /// Origin of a proxy with TLS before the server, scheme and name; may be given several times
    #[arg(long, env = "CHAT_SERVER_ORIGIN", value_name = "URL", value_delimiter = ',')]
    pub origin: Option<Vec<String>>,
    /// Serve this folder instead of the page, read anew each time; for this machine only
    #[arg(long, env = "CHAT_SERVER_PAGE", value_name = "DIR")]
    pub page: Option<String>,
    /// Who may read /metrics: loopback if not said
    #[arg(long, env = "CHAT_SERVER_METRICS", value_name = "WHO")]
    pub metrics: Option<Metrics>,
    /// Whether connections are encrypted: auto if not said
    #[arg(long, env = "CHAT_SERVER_TLS", value_name = "MODE")]
    pub tls: Option<Mode>,
    /// File of the certificate, in PEM; made beside the database if not said
    #[arg(long, env = "CHAT_SERVER_TLS_CERT", value_name = "FILE", global = true)]
    pub tls_cert: Option<String>,
    /// File of its key, in PEM
    #[arg(long, env = "CHAT_SERVER_TLS_KEY", value_name = "FILE", global = true)]
    pub tls_key: Option<String>,
    /// Take passwords that come unencrypted from other machines, too: everybody on their way can read them
    #[arg(long, env = "CHAT_SERVER_CLEAR_PASSWORDS")]
    pub clear_passwords: bool,
    /// File of the database, made if it is not there; roomful.db if not said
    #[arg(long, env = "CHAT_SERVER_DATA", value_name = "FILE", global = true)]
    pub data: Option<String>,
    /// Socket by which ctl reaches the server: beside the database if not said
    #[arg(long, env = "CHAT_SERVER_CTL", value_name = "PATH", global = true)]
    pub ctl: Option<String>,
    /// Store nothing: no accounts, no files, no history but the last messages
    #[arg(long, env = "CHAT_SERVER_MEMORY", value_parser = process::yes_or_no)]
    pub memory: bool,
    /// TOML file with settings; --check-config prints one
    #[arg(long, env = "CHAT_SERVER_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Print the settings in force as a TOML file, and end: with 78 if one cannot be taken
    #[arg(long)]
    pub check_config: bool,
    /// Do not show on the console what people say
    #[arg(long, short, env = "CHAT_SERVER_QUIET", value_parser = process::yes_or_no)]
    pub quiet: bool,
    /// Show nothing but how to get in, and take no commands: for a server without an operator
    #[arg(long, env = "CHAT_SERVER_NO_CONSOLE", value_parser = process::yes_or_no)]
    pub no_console: bool,
    /// What to log: off, error, warn, info, debug, trace, or tracing directives
    #[arg(long, env = "CHAT_SERVER_LOG", value_name = "LEVEL")]
    pub log: Option<String>,
    /// How to log it
    #[arg(long, env = "CHAT_SERVER_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// File that the log is written to, instead of stderr; opened anew at a reload
    #[arg(long, env = "CHAT_SERVER_LOG_FILE", value_name = "FILE")]
    pub log_file: Option<String>,
    /// File with a message that newcomers are shown: 4 KiB and 40 lines at the most
    #[arg(long, env = "CHAT_SERVER_MOTD", value_name = "FILE")]
    pub motd: Option<String>,
    #[command(subcommand)]
    pub task: Option<Task>,
}

/// What can be done beside running a server.
#[derive(Subcommand, Clone)]
pub enum Task {
    /// Copy the database to FILE, while a server runs on it or not
    Backup {
        /// The copy; it is never overwritten
        file: PathBuf,
    },
    /// Make a certificate for encrypted connections, unless there is one, and print its fingerprints
    Cert {
        /// One more name or address under which people reach this server; may be given several times
        #[arg(long, value_name = "NAME", value_delimiter = ',')]
        host: Vec<String>,
        /// For how many days it is made
        #[arg(long, default_value_t = DAYS, value_parser = clap::value_parser!(u32).range(1..=3_650))]
        days: u32,
        /// Make another certificate for the same key: its fingerprint stays
        #[arg(long)]
        renew: bool,
    },
    /// Say COMMAND to a running server: help lists all; without one, be its console
    Ctl {
        /// The command, such as `stats` or `health`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
        words: Vec<String>,
    },
    #[command(flatten)]
    Manual(Manual),
}

const EXAMPLES: &str = "\
Examples:
  chat-server                             on this machine only, port 7667
  chat-server --listen 0.0.0.0:7667       for the whole network
  chat-server --memory                    keeps nothing on disk
  chat-server backup monday.db            copies the database at any time
  chat-server cert --host chat.example    a certificate, and its fingerprint
  chat-server ctl who                     asks the running server
  chat-server --listen 127.0.0.1:0        any free port; `listening on ...`
  chat-server --rate off --sessions 200   any limit by its name
  CHAT_SERVER_RATE=off chat-server        the same, by variable
  chat-server --check-config > my.toml    all settings, for --config

A variable for yes or no takes yes, on, true or 1; or no, off, false or 0.
An empty variable counts as not set. SIGHUP reads the settings again.

Exit codes:
    0  stopped in order          1  cannot start
    2  wrong usage              69  ctl: no server answers
   73  the database cannot be used or copied
   75  stopped, and not all that was said is in the database
   78  wrong setting           130  cut short by a second signal";

/// Limits whose number may be left out, and what it is then.
const UNSAID: [(&str, &str); 1] = [("exit-when-empty", "300")];

/// The command line: the options, and a flag for each limit.
pub fn command() -> Command {
    let limits = TABLE.iter().map(|row| {
        let help = format!(
            "{} [default: {}; {} to {} {}; live: {}]",
            row.consequence.trim(),
            row.default,
            row.least,
            row.most,
            row.unit,
            row.live
        );
        // Without a number it is the one in brackets, if there is one.
        let unsaid = UNSAID.iter().find(|(name, _)| *name == row.name).map(|(_, number)| *number);
        Arg::new(row.name)
            .num_args(usize::from(unsaid.is_none())..=1)
            .default_missing_value(unsaid.unwrap_or_default())
            .long(row.name)
            .env(variable(row.name))
            .value_name("NUMBER")
            .help(help)
            .help_heading("Limits (off is 0, where 0 is allowed)")
            .hide_short_help(true)
            .hide_env(true)
    });
    Args::command().args(limits)
}

/// The variable of a setting.
pub fn variable(setting: &str) -> String {
    format!("CHAT_SERVER_{}", setting.to_uppercase().replace('-', "_"))
}
