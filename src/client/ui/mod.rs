//! The chat as a person sees it, or a script on a pipe: questions, prompt, lines, exit code. Knows the client, not the protocol.
//!
//! Two threads: the client's own thread reads the network and shows what comes;
//! the main thread reads what is typed. Each file on its way has one more.

mod catch_up;
mod commands;
mod complete;
mod duplicates;
mod exit;
mod fold;
mod input;
mod json;
mod mention;
mod question;
mod secrets;
mod senders;
mod start;
mod style;
mod transfer;
mod trusting;
mod view;
mod window;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clap::Args;
use parking_lot::Mutex;

pub use commands::Bell;
pub use exit::{Exit, Signals};
pub use style::nick_hash;
pub use trusting::{TrustSettings, Trusted};

use super::Handle;
use crate::command::Secret;
use crate::process::yes_or_no;
use crate::terminal::{self, Terminal};
use style::Brush;
use window::Window;

/// The server's host, if no other is named.
pub const DEFAULT_HOST: &str = "127.0.0.1";

/// The server's port, if no other is named.
pub const DEFAULT_PORT: u16 = 7667;

/// For how long a script's client tries to reconnect, if no time is named.
const SCRIPT_RETRY: Duration = Duration::from_secs(30);

/// What was asked for on the command line. The sentences are its help.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {
    /// The server's host, or host:port
    #[arg(short, long, env = "CHAT_CLIENT_SERVER", value_name = "ADDR")]
    pub server: Option<String>,

    /// The server's port, 7667 if not said
    #[arg(short, long, env = "CHAT_CLIENT_PORT")]
    pub port: Option<u16>,

    /// Your name; without one the server offers one
    #[arg(short, long, visible_alias = "name", env = "CHAT_CLIENT_NICK", value_name = "NAME")]
    pub nick: Option<String>,

    /// A file with the password, if the name belongs to an account
    ///
    /// Its first line is the password. It comes before the variable
    /// CHAT_CLIENT_PASSWORD, which has the password itself.
    #[arg(long, env = "CHAT_CLIENT_PASSWORD_FILE", value_name = "FILE")]
    pub password_file: Option<PathBuf>,

    /// The password itself. It is no argument, because other people on the machine can see those.
    #[arg(skip)]
    pub password: Option<Secret>,

    /// A room to join instead of the lobby; several by several --room, or with commas
    #[arg(short, long = "room", env = "CHAT_CLIENT_ROOM", value_name = "ROOM", value_delimiter = ',')]
    pub rooms: Vec<String>,

    /// Pass the JSON protocol through: commands on stdin, events on stdout
    #[arg(long, env = "CHAT_CLIENT_JSON", value_parser = yes_or_no)]
    pub json: bool,

    /// For how many seconds to try to come back after a lost connection
    ///
    /// If not said: on a terminal for ever, else for 30 seconds.
    #[arg(long, env = "CHAT_CLIENT_RETRY", value_name = "SECONDS")]
    pub retry: Option<u64>,

    /// When to ring the bell
    #[arg(long, env = "CHAT_CLIENT_BELL", value_enum, default_value = "mentions")]
    pub bell: Bell,

    /// Which servers are trusted.
    #[command(flatten)]
    pub trust: TrustSettings,
}

/// What the typing thread, the reading thread and Tab have in common.
struct Common {
    window: Mutex<Window>,
    handle: OnceLock<Handle>,
}

impl Common {
    /// Shows a line about something typed.
    fn note(&self, handle: &Handle, line: &str) {
        let mut window = self.window.lock();
        window.note(line);
        window.refresh(handle);
    }

    /// Says why something typed was not done.
    fn refuse(&self, handle: &Handle, sentence: &str) {
        let mut window = self.window.lock();
        window.refuse(sentence);
        window.refresh(handle);
    }
}

/// Runs the client on this process's stdin and stdout, to its end.
pub fn run(settings: &Settings, signals: &Signals) -> Exit {
    let mut wanted = start::Wanted::from(settings);
    if let Some(host) = &settings.trust.forget {
        wanted.set_host(host);
        return trusting::forgotten(&wanted.addr(), &settings.trust);
    }
    if settings.json {
        return json::pass(&wanted.way(), settings, |stop| signals.on_stop(stop));
    }
    let common: Arc<OnceLock<Arc<Common>>> = Arc::default();
    let completing = Arc::clone(&common);
    let opened = Terminal::open(Box::new(move |before| {
        let common = completing.get();
        let room = common.and_then(|common| common.window.lock().view.room.clone());
        complete::complete(before, common.and_then(|common| common.handle.get()), room.as_deref())
    }));
    let mut terminal = match opened {
        Ok(terminal) => terminal,
        Err(error) => return Exit::new(Exit::OTHER, format!("no terminal: {error}")),
    };
    terminal.end_with_reader();
    signals.stop_screen(terminal.screen());
    let brush = Brush::new(terminal.has_editor() && terminal::wants_colour());
    let window = Window::new(terminal.screen().clone(), brush, settings.bell);
    let common = common.get_or_init(|| Arc::new(Common { window: Mutex::new(window), handle: OnceLock::new() }));
    let leaving = Arc::clone(common);
    signals.last_words(Box::new(move || leaving.handle.get().into_iter().for_each(|handle| handle.quit(None))));
    match start::enter(settings, &mut terminal, common) {
        Ok(client) => input::run(&mut terminal, common, &client, settings.password.as_ref()),
        Err(exit) => exit,
    }
}
