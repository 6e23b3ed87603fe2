//! A picture on a terminal, drawn anew again and again, and the terminal put back at the end. Knows no threads of others.
//!
//! A thread of its own writes, because a terminal may take nothing for a while. A picture that finds
//! the one before it not yet written is dropped. Only rows that have changed are written.

use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

/// A screen of its own, which leaves the one before it as it was; no cursor; lines are not broken.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l\u{1b}[2J";
const LEAVE: &str = "\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l";
/// A terminal that takes nothing is not waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// The terminal, while it is ours.
pub struct Screen {
    before: Termios,
    orders: Sender<Order>,
}

enum Order {
    Draw(Vec<String>),
    Enter,
    /// Answered when it is done.
    Leave(Sender<()>),
}

/// Whether there is a person with a terminal that can move its cursor.
pub fn is_possible() -> bool {
    let is_able = std::env::var_os("TERM").is_some_and(|term| term != "dumb" && !term.is_empty());
    io::stdin().is_terminal() && io::stdout().is_terminal() && is_able
}

impl Screen {
    /// From here on keys are read one by one, and none is shown.
    ///
    /// # Errors
    /// Those of the system.
    pub fn take() -> io::Result<Screen> {
        let before = tcgetattr(io::stdin())?;
        // One picture can be on its way while the next one is made; so are orders, which are not dropped.
        let (orders, list) = bounded(1);
        thread::Builder::new().name("draw".to_owned()).spawn(move || obey(&list))?;
        let mut screen = Screen { before, orders };
        screen.take_back();
        Ok(screen)
    }

    /// Draws what `rows` makes of the columns and rows that there are.
    pub fn draw(&self, rows: impl FnOnce(usize, usize) -> Vec<String>) {
        let size = tcgetwinsize(io::stdout()).map_or((0, 0), |size| (size.ws_col.into(), size.ws_row.into()));
        let (columns, count) = if size.0 == 0 || size.1 == 0 { (80, 24) } else { size };
        let mut rows = rows(columns, count);
        rows.truncate(count);
        let _ = self.orders.try_send(Order::Draw(rows));
    }

    /// Gives the terminal to the shell until the shell lets this program go on.
    pub fn suspend(&mut self) {
        self.restore();
        // It returns when the program goes on. Without a shell it returns at once.
        let _ = emulate_default_handler(SIGTSTP);
        self.take_back();
    }

    /// Takes the terminal, whatever was done to it meanwhile. Everything is drawn anew.
    pub fn take_back(&mut self) {
        let mut modes = self.before.clone();
        // Ctrl-C and Ctrl-Z are keys, so that nothing ends this program with the terminal as it is now.
        modes.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ISIG);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        // If this fails, there is no terminal any more, and reading keys finds that out.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
        let _ = self.orders.send_timeout(Order::Enter, PATIENCE);
    }

    fn restore(&self) {
        // This never waits for a terminal that takes nothing.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        let (done, is_done) = bounded(1);
        if self.orders.send_timeout(Order::Leave(done), PATIENCE).is_ok() {
            let _ = is_done.recv_timeout(PATIENCE);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.restore();
    }
}

/// Writes what is wanted, until nothing more can be.
fn obey(orders: &Receiver<Order>) {
    let mut before: Vec<String> = Vec::new();
    for order in orders {
        match order {
            Order::Draw(rows) => {
                write(&changes(&before, &rows));
                before = rows;
            }
            Order::Enter => {
                write(ENTER);
                before.clear();
            }
            Order::Leave(done) => {
                write(LEAVE);
                let _ = done.send(());
            }
        }
    }
}

/// An error means that there is no terminal any more; reading keys finds that out.
fn write(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What is to be written so that `rows` are seen and not `before`.
fn changes(before: &[String], rows: &[String]) -> String {
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate().filter(|(at, row)| before.get(*at) != Some(row)) {
        text.push_str(&format!("\u{1b}[{};1H{row}\u{1b}[0m\u{1b}[K", at + 1));
    }
    if before.len() > rows.len() {
        text.push_str(&format!("\u{1b}[{};1H\u{1b}[J", rows.len() + 1));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&str]) -> Vec<String> {
        rows.iter().map(|row| (*row).to_owned()).collect()
    }

    #[test]
    fn only_rows_that_have_changed_are_written() {
        assert_eq!(changes(&rows(&["a", "b"]), &rows(&["a", "c"])), "\u{1b}[2;1Hc\u{1b}[0m\u{1b}[K");
        assert_eq!(changes(&rows(&["a", "b"]), &rows(&["a", "b"])), "");
        assert_eq!(changes(&rows(&["a", "b", "c"]), &rows(&["a"])), "\u{1b}[2;1H\u{1b}[J");
    }
}
