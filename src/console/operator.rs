//! The thread on which the operator types. Knows when it is to end; what is typed is obeyed elsewhere.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Paint, WaysIn, take_commands};
use crate::process::{Errand, Outlet, within};
use crate::session::hub::Hub;
use crate::terminal::{Screen, Terminal};

/// The operator's terminal, on a thread of its own, so that no other thread
/// waits for it without a limit.
#[derive(Debug)]
pub struct Operator(Errand);

/// What the operator's commands need beside the chat.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The colours of an answer.
    pub paint: Paint,
    /// The ways into this server.
    pub ways: WaysIn,
    /// Where it listens.
    pub listening: Vec<SocketAddr>,
}

impl Desk {
    /// The answer to `qr`; `None` to another command.
    pub(super) fn qr(&self, line: &str) -> Option<Result<String, String>> {
        let mut words = line.strip_prefix('/').unwrap_or(line).splitn(2, char::is_whitespace);
        let is_qr = words.next() == Some("qr");
        is_qr.then(|| self.ways.qr(&self.listening, words.next().unwrap_or_default().trim()))
    }
}

impl Operator {
    /// Takes the operator's commands, if there is a desk, and answers them into `out`.
    ///
    /// # Errors
    /// The system's, when there is no thread to be had.
    pub fn start(hub: &Arc<Hub>, mut terminal: Terminal, out: &Outlet, desk: Option<Desk>) -> io::Result<Operator> {
        let (hub, out) = (Arc::clone(hub), out.clone());
        let live = move |wait: &crossbeam_channel::Receiver<()>| {
            if let Some(desk) = desk {
                take_commands(&hub, &mut terminal, &out, &desk);
            }
            // No value comes: it returns when the thread is to end.
            let _ = wait.recv();
            drop(terminal);
        };
        Ok(Operator(Errand::start("console", live)?))
    }

    /// Restores the terminal. What is still to be shown is shown, if that is
    /// done within `time`.
    pub fn end(self, screen: &Screen, time: Duration) {
        if !self.0.end(time) {
            let screen = screen.clone();
            within(time, move || screen.restore());
        }
    }
}
