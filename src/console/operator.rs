//! The thread on which the operator types. Knows when it is to end; what is typed is obeyed elsewhere.

use std::io;
use std::time::Duration;

use super::{Desk, Paint, take_commands};
use crate::process::{Errand, Outlet, within};
use crate::terminal::{Screen, Terminal};

/// The operator's terminal, on a thread of its own, so that no other thread
/// waits for it without a limit.
#[derive(Debug)]
pub struct Operator(Errand);

impl Operator {
    /// Takes the operator's commands, if there is a desk, and answers them into `out`.
    ///
    /// # Errors
    /// The system's, when there is no thread to be had.
    pub fn start(mut terminal: Terminal, out: &Outlet, paint: Paint, desk: Option<Desk>) -> io::Result<Operator> {
        let out = out.clone();
        let live = move |wait: &crossbeam_channel::Receiver<()>| {
            if let Some(desk) = desk {
                take_commands(&desk, &mut terminal, &out, paint);
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
