//! The operator's screen: what happens scrolls by, and a few commands are taken. Knows no sockets; asks the hub.

mod commands;
mod complete;
mod countdown;
mod desk;
mod feed;
mod operator;
mod paint;
mod table;
mod ways_in;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::process::Outlet;
use crate::server::Handle;
use crate::session::hub::{Hub, News};
use crate::terminal::{Input, Screen, Terminal};

pub use complete::{candidates, complete};
pub use desk::{Answer, Desk, Levers};
pub use feed::{Feed, clock};
pub use operator::Operator;
pub use paint::Paint;
pub use table::COMMANDS;
pub use ways_in::WaysIn;

/// For how long a first Ctrl-C waits for the second one.
const AGAIN: Duration = Duration::from_secs(5);

/// What is on the screen when the server has started: every way in, ready to copy.
pub fn handout(server: &Handle, ways: &WaysIn) -> String {
    let mut text = ways.handout(server);
    if let Some(code) = server.claim() {
        let _ = writeln!(text, "  first op   register, then type /claim {code}; or type here: op NAME");
    }
    let sessions = server.hub().limits.now().sessions;
    let limited = server.limited_by().map_or(String::new(), |what| format!(" (limited by {what})"));
    let _ = write!(text, "{} ready, room {}, for {sessions} sessions{limited}", clock(), server.hub().chat.lobby());
    text
}

/// Shows the news until the end of `ending`, and what has come until then: the
/// life of the console's listening thread.
pub fn show_news(hub: &Hub, news: &Receiver<News>, ending: &Receiver<()>, out: &Outlet, paint: Paint) {
    for page in Feed::new(&hub.news.console, news, ending) {
        let lines: Vec<String> = page.iter().map(|words| paint.news(&clock(), words)).collect();
        out.put(lines.join("\n"));
    }
}

/// Prints texts, unless so much is printed and not drawn that the terminal
/// seems to take nothing: memory must not grow with what is never shown.
pub fn printer(screen: Screen) -> impl FnMut(&str) + Send {
    /// Bytes.
    const TOO_MANY: usize = 1 << 20;
    let mut missed = 0;
    move |text| {
        if screen.backlog() > TOO_MANY {
            missed += text.lines().count();
            return;
        }
        if missed > 0 {
            screen.print(&format!("! {missed} lines were too many to show"));
            missed = 0;
        }
        screen.print(text);
    }
}

/// Takes the operator's commands until the end: the life of the console's reading thread.
/// The end of the input stops the server only if a person ended it.
fn take_commands(desk: &Desk, terminal: &mut Terminal, out: &Outlet, paint: Paint) {
    let hub = &desk.hub;
    let mut warned: Option<Instant> = None;
    // No command takes long, and Ctrl-C between two of them is to be asked about, too.
    terminal.screen().hold_ctrl_c();
    loop {
        match terminal.read("> ", |_| true) {
            Ok(Input::Line(line)) => {
                warned = None;
                match desk.obey(&line) {
                    Ok(answer) if answer.is_empty() => {}
                    Ok(answer) | Err(answer) => out.put(paint.line(&answer)),
                }
            }
            Ok(Input::Interrupted { dropped: true }) => {}
            Ok(Input::TooLong) => out.put(paint.line("! That line is too long.")),
            Ok(Input::Interrupted { dropped: false }) => {
                let people: BTreeSet<Arc<str>> = hub.chat.presence().into_iter().map(|row| row.nick).collect();
                if people.is_empty() || warned.is_some_and(|since| since.elapsed() < AGAIN) {
                    return hub.ask_to_stop("the operator stopped it");
                }
                warned = Some(Instant::now());
                let (count, are) = (people.len(), if people.len() == 1 { "person is" } else { "people are" });
                let again = AGAIN.as_secs();
                let sentence = format!("! Press Ctrl-C once more within {again} s to stop; {count} {are} here.");
                out.put(paint.line(&sentence));
            }
            Ok(Input::End) if io::stdin().is_terminal() => return hub.ask_to_stop("the operator stopped it"),
            Ok(Input::End | Input::Stopped) => return,
            Err(error) => return tracing::warn!(%error, "the console cannot be read any more"),
        }
    }
}
