//! Shows what happens, takes the operator's commands and the signals, and stops the server in order. Knows nothing of the chat.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use roomful::config::{Config, ConfigError};
use roomful::console::{self, Desk, Levers, Operator, Paint, WaysIn};
use roomful::process::{self, Errand, Outlet, Signal};
use roomful::server::{Handle, Stopped};
use roomful::session::hub::Hub;
use roomful::terminal::{self, Screen, Terminal};

use crate::ctl;
use crate::reload::Reload;

/// Ended by a second signal: 128 and the number of SIGINT.
const EXIT_CUT_SHORT: i32 = 130;
/// Pieces of the screen that wait to be printed; each may be many lines.
const PAGES: usize = 16;
/// How long the sessions' farewells are held back, so that the screen tells of the end first.
const FIRST_WORDS: Duration = Duration::from_millis(100);
/// How long the last lines wait at the end for the reader of stdout, stderr or the terminal.
pub const LAST_WORDS: Duration = Duration::from_secs(1);

/// Shows what happens, until a signal or the operator ends the server. Even if
/// stdout, stderr or the terminal takes no more lines, the end takes a bounded time.
pub fn until_stopped(mut server: Handle, config: &Config, reload: &Reload) -> anyhow::Result<Stopped> {
    let hub = Arc::clone(server.hub());
    let in_background = config.console && terminal::is_in_background();
    let reads = config.console && !in_background;
    let editor = reads.then(|| Terminal::open(console::complete(&hub))).and_then(Result::ok);
    let terminal = editor.map_or_else(Terminal::plain, Ok).context("cannot read stdin")?;
    let paint = Paint::new(terminal.has_editor() && terminal::wants_colour());
    let screen = terminal.screen().clone();
    let out = Outlet::open("screen", PAGES, console::printer(screen.clone()))?;
    // A closed terminal cannot be asked any more, so it is asked now.
    let is_a_persons = config.console && io::stdin().is_terminal();
    take_signals(&hub, &screen, (!is_a_persons).then(|| (reload.clone(), out.clone())))?;
    let ways = ways_in(config, &hub);
    out.put(console::handout(&server, &ways));
    if !config.page.is_empty() {
        out.put(format!("! The page is read from {} at each request: for those who write it.", config.page));
    }
    if in_background {
        out.put("! Another program has the terminal, so no commands are taken; SIGTERM stops the server.".to_owned());
    }
    let (news, remote) = server.news().context("the news were taken")?;
    let (listening, printed) = (Arc::clone(&hub), out.clone());
    let news = Errand::start("news", move |ending| console::show_news(&listening, &news, ending, &printed, paint))?;
    let desk = Desk::of(&server, ways, Some(levers(reload)));
    let ctl = ctl::listen(config, &desk, remote, &out)?;
    let operator = Operator::start(terminal, &out, paint, reads.then_some(desk))?;

    let why = hub.wait_until_asked();
    process::service::stopping();
    out.put_within(format!("stopping: {why}"), FIRST_WORDS);
    screen.stop();
    // Before the database is closed: its next server must not find this socket.
    if let Some(ctl) = ctl {
        ctl.end(LAST_WORDS);
    }
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

/// What the operator's commands do with the settings.
fn levers(reload: &Reload) -> Levers {
    let (again, log) = (reload.clone(), reload.clone());
    Levers {
        reload: Box::new(move || again.run().map(|told| format!("* {told}")).map_err(|error| not_read(&error))),
        log: Box::new(move |level| {
            let set = log.set_log(level).map(|()| format!("* From now on {level} is logged, until reload."));
            set.map_err(|error| format!("! {error}."))
        }),
    }
}

fn not_read(error: &ConfigError) -> String {
    format!("! The settings are not read again, and nothing has changed: {error}")
}

/// What the screen shows of how people come in.
fn ways_in(config: &Config, hub: &Hub) -> WaysIn {
    WaysIn {
        client: client_command(),
        data: (!config.memory).then(|| config.data.clone()),
        address: Some(config.address.clone()).filter(|address| !address.is_empty()),
        has_qr: config.qr,
        can_draw: terminal::wants_colour(),
        security: hub.security.clone(),
    }
}

/// The command that starts the client: with cargo if this server was started so, or as a program.
fn client_command() -> &'static str {
    let from_source =
        std::env::current_exe().is_ok_and(|exe| exe.components().any(|part| part.as_os_str() == "target"));
    if from_source { "cargo run --bin chat-client --" } else { "chat-client" }
}

/// The first signal asks to stop, the second ends the process at once. SIGHUP reads the
/// settings again. If a person's terminal is the console (no `reload`), it was closed, and the server stops.
fn take_signals(hub: &Arc<Hub>, screen: &Screen, reload: Option<(Reload, Outlet)>) -> anyhow::Result<()> {
    let (hub, screen) = (Arc::clone(hub), screen.clone());
    let before = AtomicBool::new(false);
    let handler = move |signal: Signal| {
        if let (Signal::HangUp, Some((reload, out))) = (signal, &reload) {
            return out.offer(match reload.run() {
                Ok(sentence) => format!("* {sentence}"),
                Err(error) => not_read(&error),
            });
        }
        if before.swap(true, Ordering::Relaxed) {
            let screen = screen.clone();
            process::within(LAST_WORDS, move || screen.restore());
            std::process::exit(EXIT_CUT_SHORT);
        }
        hub.ask_to_stop("it was told to stop");
    };
    process::take_signals(handler).context("cannot take signals")
}
