//! The server's command line: reads the settings, starts the server and its console, stops it in order. Knows nothing of the chat.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use roomful::chat::effects::Watch;
use roomful::config::{Config, ConfigError, LogFormat, Metrics};
use roomful::console::{self, Desk, Operator, Paint, WaysIn};
use roomful::limits::TABLE;
use roomful::process::{self, Errand, Kind, Outlet};
use roomful::server::{Handle, Server, StartError, Stopped};
use roomful::session::hub::Hub;
use roomful::store::{self, StoreError};
use roomful::terminal::{self, Screen, Terminal};
use tracing_subscriber::EnvFilter;

/// Ended by a second signal: 128 and the number of SIGINT.
const EXIT_CUT_SHORT: i32 = 130;
/// The database, or a copy of it, cannot be made or used (sysexits.h: EX_CANTCREAT).
const EXIT_STORE: u8 = 73;
/// Stopped, and some records are not in the database (sysexits.h: EX_TEMPFAIL).
const EXIT_UNKEPT: u8 = 75;
/// Pieces of the screen that wait to be printed; each may be many lines.
const PAGES: usize = 16;
/// How long the sessions' farewells are held back, so that the screen tells of the end first.
const FIRST_WORDS: Duration = Duration::from_millis(100);
/// How long the last lines wait at the end for the reader of stdout, stderr or the terminal.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// A setting that cannot be taken (sysexits.h: EX_CONFIG).
const EXIT_CONFIG: u8 = 78;

/// A chat server with a thread for every person in the room.
///
/// Without options it listens on 127.0.0.1:7667. Its screen says how to get in.
#[derive(Parser)]
#[command(version, after_help = "--help lists the limits, too.", after_long_help = EXAMPLES)]
struct Args {
    /// Address and port to listen on: all addresses of a name, any free port for 0
    #[arg(long, env = "CHAT_SERVER_LISTEN", value_name = "ADDR")]
    listen: Option<String>,
    /// Address that people are told first, an IP address or a name; the best of this machine if not said
    #[arg(long, env = "CHAT_SERVER_ADDRESS", value_name = "ADDR")]
    address: Option<String>,
    /// Show no QR code of the page at the start; the console's command qr shows it
    #[arg(long, env = "CHAT_SERVER_NO_QR", value_parser = process::yes_or_no)]
    no_qr: bool,
    /// One more name that the server answers to over HTTP, such as chat.example; may be given several times
    #[arg(long, env = "CHAT_SERVER_HOST", value_name = "NAME", value_delimiter = ',')]
    host: Option<Vec<String>>,
    /// Origin of a proxy with TLS before the server, scheme and name; may be given several times
    #[arg(long, env = "CHAT_SERVER_ORIGIN", value_name = "URL", value_delimiter = ',')]
    origin: Option<Vec<String>>,
    /// Serve this folder instead of the page, read anew each time; for this machine only
    #[arg(long, env = "CHAT_SERVER_PAGE", value_name = "DIR")]
    page: Option<String>,
    /// Who may read /metrics: loopback if not said
    #[arg(long, env = "CHAT_SERVER_METRICS", value_name = "WHO")]
    metrics: Option<Metrics>,
    /// File of the database, made if it is not there; roomful.db if not said
    #[arg(long, env = "CHAT_SERVER_DATA", value_name = "FILE", global = true)]
    data: Option<String>,
    /// Store nothing: no accounts, no files, no history but the last messages
    #[arg(long, env = "CHAT_SERVER_MEMORY", value_parser = process::yes_or_no)]
    memory: bool,
    /// TOML file with settings; --check-config prints one
    #[arg(long, env = "CHAT_SERVER_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Print the settings in force as a TOML file, and end: with 78 if one cannot be taken
    #[arg(long)]
    check_config: bool,
    /// Do not show on the console what people say
    #[arg(long, short, env = "CHAT_SERVER_QUIET", value_parser = process::yes_or_no)]
    quiet: bool,
    /// Show nothing but how to get in, and take no commands: for a server without an operator
    #[arg(long, env = "CHAT_SERVER_NO_CONSOLE", value_parser = process::yes_or_no)]
    no_console: bool,
    /// What to log on stderr: off, error, warn, info, debug, trace, or tracing directives
    #[arg(long, env = "CHAT_SERVER_LOG", value_name = "LEVEL")]
    log: Option<String>,
    /// How to log it
    #[arg(long, env = "CHAT_SERVER_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    #[command(subcommand)]
    task: Option<Task>,
}

/// What can be done beside running a server.
#[derive(Subcommand)]
enum Task {
    /// Copy the database to FILE, while a server runs on it or not
    Backup {
        /// The copy; it is never overwritten
        file: PathBuf,
    },
}

const EXAMPLES: &str = "\
Examples:
  chat-server                             on this machine only, port 7667
  chat-server --listen 0.0.0.0:7667       for the whole network
  chat-server --memory                    keeps nothing on disk
  chat-server backup monday.db            copies the database at any time
  chat-server --listen 127.0.0.1:0        any free port; `listening on ...`
  chat-server --rate off --sessions 200   any limit by its name
  CHAT_SERVER_RATE=off chat-server        the same, by variable
  chat-server --check-config > my.toml    all settings, for --config

A variable for yes or no takes yes, on, true or 1; or no, off, false or 0.
An empty variable counts as not set.

Exit codes:
    0  stopped in order          1  cannot start
    2  wrong usage              73  the database cannot be used or copied
   75  stopped, and not all that was said is in the database
   78  wrong setting           130  cut short by a second signal";

fn main() -> ExitCode {
    process::save_address_space();
    let limits = TABLE.iter().map(|row| {
        let help = format!(
            "{} [default: {}; {} to {} {}]",
            row.consequence.trim(),
            row.default,
            row.least,
            row.most,
            row.unit
        );
        Arg::new(row.name)
            .long(row.name)
            .env(variable(row.name))
            .value_name("NUMBER")
            .help(help)
            .help_heading("Limits (off is 0, where 0 is allowed)")
            .hide_short_help(true)
            .hide_env(true)
    });
    let ready = process::settle_signals(Kind::Server);
    let matches = process::parse(Args::command().args(limits));
    let args = ready.map_err(anyhow::Error::from).and_then(|()| Ok(Args::from_arg_matches(&matches)?));
    let result = args.and_then(|args| run(&args, &matches));
    match result {
        Ok(code) => code,
        Err(error) => {
            // If stderr is closed or full, the exit code tells.
            let _ = writeln!(io::stderr(), "chat-server: {error:#}");
            ExitCode::from(if error.is::<ConfigError>() {
                EXIT_CONFIG
            } else if error.is::<StoreError>() {
                EXIT_STORE
            } else {
                1
            })
        }
    }
}

/// The variable of a setting.
fn variable(setting: &str) -> String {
    format!("CHAT_SERVER_{}", setting.to_uppercase().replace('-', "_"))
}

fn run(args: &Args, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let config = settings(args, matches)?;
    if let Some(Task::Backup { file }) = &args.task {
        let bytes = store::backup(Path::new(&config.data), file)?;
        // The copy is made, even if stdout is closed.
        let _ = writeln!(io::stdout(), "{} is a copy of {}, {bytes} bytes", file.display(), config.data);
        return Ok(ExitCode::SUCCESS);
    }
    if args.check_config {
        let mut out = io::stdout();
        let written = out.write_all(config.to_toml().as_bytes()).and_then(|()| out.flush());
        written.context("cannot print the settings")?;
        return Ok(ExitCode::SUCCESS);
    }
    let log = Outlet::open("log", config.limits.console_lines, |line| {
        // An error of stderr cannot be told anywhere.
        let _ = writeln!(io::stderr(), "{line}");
    })?;
    start_log(&config, &log)?;
    let watch = match (config.console, config.quiet) {
        (false, _) => Watch::Nothing,
        (true, true) => Watch::Events,
        (true, false) => Watch::Messages,
    };
    let origin = process::origin(matches, "listen", &variable("listen"));
    let server = Server::bind(config.listen.as_str())
        .with_context(|| {
            format!("{origin}{:?} is no address to listen on; write for example 127.0.0.1:7667", config.listen)
        })?
        .limits(config.limits.clone())
        .web(config.web())
        .watch(watch);
    let server = if config.memory { server } else { server.data(&config.data) };
    let server = server.start().map_err(|error| cannot_start(error, &config.listen))?;
    let ran = serve(server, &config).map(|stopped| {
        if stopped.unkept > 0 {
            let records = stopped.unkept;
            log.put(format!(
                "chat-server: not in the database: the last {records} records; none of them was answered ok"
            ));
            return ExitCode::from(EXIT_UNKEPT);
        }
        if !stopped.closed {
            log.put(
                "chat-server: the database could not be closed in time; all is in its log, and the next start reads it"
                    .to_owned(),
            );
        }
        ExitCode::SUCCESS
    });
    log.drain(LAST_WORDS);
    ran
}

/// Shows what happens, until a signal or the operator ends the server. Even if
/// stdout, stderr or the terminal takes no more lines, the end takes a bounded time.
fn serve(mut server: Handle, config: &Config) -> anyhow::Result<Stopped> {
    let hub = Arc::clone(server.hub());
    let in_background = config.console && process::is_in_background();
    let reads = config.console && !in_background;
    let editor = reads.then(|| Terminal::open(console::complete(&hub))).and_then(Result::ok);
    let terminal = editor.map_or_else(Terminal::plain, Ok).context("cannot read stdin")?;
    let paint = Paint::new(terminal.has_editor() && terminal::wants_colour());
    let screen = terminal.screen().clone();
    take_signals(&hub, &screen)?;
    let out = Outlet::open("screen", PAGES, console::printer(screen.clone()))?;
    let ways = ways_in(config);
    out.put(console::handout(&server, &ways));
    if !config.page.is_empty() {
        out.put(format!("! The page is read from {} at each request: for those who write it.", config.page));
    }
    if in_background {
        out.put("! Another program has the terminal, so no commands are taken; SIGTERM stops the server.".to_owned());
    }
    let news = server.news().context("the news were taken")?;
    let (listening, printed) = (Arc::clone(&hub), out.clone());
    let news = Errand::start("news", move |ending| console::show_news(&listening, &news, ending, &printed, paint))?;
    let desk = reads.then(|| Desk { paint, ways, listening: server.local_addrs().to_vec() });
    let operator = Operator::start(&hub, terminal, &out, desk)?;

    let why = hub.wait_until_asked();
    out.put_within(format!("stopping: {why}"), FIRST_WORDS);
    screen.stop();
    let stopped = server.stop(&why);
    let until = Instant::now() + LAST_WORDS;
    let left = || until.saturating_duration_since(Instant::now());
    news.end(left());
    let last = format!(
        "stopped: sessions told {}, of which cut {} that did not hang up; {}. Bye.",
        stopped.told,
        stopped.cut,
        match (config.memory, stopped.closed) {
            (_, false) => "database not closed in time",
            (true, true) => "all threads joined",
            (false, true) => "database closed, all threads joined",
        }
    );
    out.put_within(last, left());
    out.drain(left());
    operator.end(&screen, LAST_WORDS);
    Ok(stopped)
}

/// What the screen shows of how people come in.
fn ways_in(config: &Config) -> WaysIn {
    WaysIn {
        client: client_command(),
        data: (!config.memory).then(|| config.data.clone()),
        address: Some(config.address.clone()).filter(|address| !address.is_empty()),
        has_qr: config.qr,
        can_draw: terminal::wants_colour(),
    }
}

/// The command that starts the client: with cargo if this server was started so, or as a program.
fn client_command() -> &'static str {
    let from_source =
        std::env::current_exe().is_ok_and(|exe| exe.components().any(|part| part.as_os_str() == "target"));
    if from_source { "cargo run --bin chat-client --" } else { "chat-client" }
}

/// The first signal asks to stop, the second ends the process at once.
fn take_signals(hub: &Arc<Hub>, screen: &Screen) -> anyhow::Result<()> {
    let (hub, screen) = (Arc::clone(hub), screen.clone());
    let before = AtomicBool::new(false);
    let handler = move || {
        if before.swap(true, Ordering::Relaxed) {
            let screen = screen.clone();
            process::within(LAST_WORDS, move || screen.restore());
            std::process::exit(EXIT_CUT_SHORT);
        }
        hub.ask_to_stop("it was told to stop");
    };
    ctrlc::set_handler(handler).context("cannot take signals")
}

/// The settings: a flag wins over its variable, that over the file, that over the default.
fn settings(args: &Args, matches: &ArgMatches) -> anyhow::Result<Config> {
    let mut config = Config::default();
    if let Some(file) = &args.config {
        read_file(&mut config, file)?;
    }
    for row in TABLE {
        if let Some(value) = matches.get_one::<String>(row.name) {
            config.limits.set(row.name, value).map_err(|error| {
                let origin = process::origin(matches, row.name, &variable(row.name));
                ConfigError { setting: String::new(), wrong: format!("{origin}{error}") }
            })?;
        }
    }
    config.data = args.data.clone().unwrap_or(config.data);
    config.memory |= args.memory;
    config.quiet |= args.quiet;
    config.console &= !args.no_console;
    config.qr &= !args.no_qr;
    if let Some(address) = &args.address {
        config.set_address(address).map_err(|error| ConfigError {
            setting: format!("{}{}", process::origin(matches, "address", &variable("address")), error.setting),
            ..error
        })?;
    }
    let from = |setting, error: ConfigError| ConfigError {
        setting: format!("{}{}", process::origin(matches, setting, &variable(setting)), error.setting),
        ..error
    };
    if let Some(hosts) = &args.host {
        config.set_hosts(hosts).map_err(|error| from("host", error))?;
    }
    if let Some(origins) = &args.origin {
        config.set_origins(origins).map_err(|error| from("origin", error))?;
    }
    config.page = args.page.clone().unwrap_or(config.page);
    config.metrics = args.metrics.unwrap_or(config.metrics);
    config.listen = args.listen.clone().unwrap_or(config.listen);
    config.log = args.log.clone().unwrap_or(config.log);
    config.log_format = args.log_format.unwrap_or(config.log_format);
    let checked = EnvFilter::try_new(&config.log);
    checked.map_err(|error| ConfigError {
        setting: format!("{}log", process::origin(matches, "log", &variable("log"))),
        wrong: format!("{error}; it takes off, error, warn, info, debug, trace, or tracing directives"),
    })?;
    Ok(config)
}

fn read_file(config: &mut Config, file: &Path) -> anyhow::Result<()> {
    let bad = |wrong: String| ConfigError { setting: String::new(), wrong };
    let text =
        std::fs::read_to_string(file).map_err(|error| bad(format!("cannot read {}: {error}", file.display())))?;
    config.read_toml(&text).map_err(|error| anyhow::Error::from(bad(format!("{}: {error}", file.display()))))
}

/// Diagnostics with the names of the threads, on stderr. What people say is never in them.
/// A panic is a diagnostic, too: its thread must not wait for the reader of stderr.
fn start_log(config: &Config, to: &Outlet) -> anyhow::Result<()> {
    let fallen = to.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        let trace = Backtrace::capture();
        let trace = if trace.status() == BacktraceStatus::Captured { format!("\n{trace}") } else { String::new() };
        fallen.offer(format!("thread '{}' {panic}{trace}", thread.name().unwrap_or("<unnamed>")));
    }));
    let to = to.clone();
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&config.log)?)
        .with_thread_names(true)
        .with_writer(move || to.clone());
    let started = match config.log_format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    started.map_err(|error| anyhow!("cannot start the log: {error}"))
}

fn cannot_start(error: StartError, addr: &str) -> anyhow::Error {
    let error = match error {
        StartError::Listen(error) => error,
        StartError::Store(error) => return error.into(),
        other => return other.into(),
    };
    let hint = match error.kind() {
        io::ErrorKind::AddrInUse => "; is a server running there already? --listen 127.0.0.1:0 takes any free port",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need more rights, take a higher one",
        io::ErrorKind::AddrNotAvailable => "; that is no address of this machine",
        _ => "",
    };
    anyhow!("cannot listen on {addr}: {error}{hint}")
}
