//! The thread on which the operator types. Knows when it is to end; what is typed is obeyed elsewhere.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Paint, take_commands};
use crate::process::{Outlet, within};
use crate::session::house::House;
use crate::terminal::{Screen, Terminal};

/// The operator's terminal, on a thread of its own: whatever it does, nobody
/// waits for it longer than he wants to.
#[derive(Debug)]
pub struct Operator {
    /// Dropped when the terminal is to be given back.
    ending: Sender<()>,
    ended: Receiver<()>,
}

impl Operator {
    /// Takes the operator's commands, if `paint` is there to answer them into `out`.
    ///
    /// # Errors
    /// The system's, when there is no thread to be had.
    pub fn start(
        house: &Arc<House>,
        mut terminal: Terminal,
        out: &Outlet,
        paint: Option<Paint>,
    ) -> io::Result<Operator> {
        let (ending, wait) = bounded::<()>(0);
        let (last, ended) = bounded::<()>(0);
        let (house, out) = (Arc::clone(house), out.clone());
        let live = move || {
            if let Some(paint) = paint {
                take_commands(&house, &mut terminal, &out, paint);
            }
            // Nothing comes; the other end is dropped.
            let _ = wait.recv();
            drop(terminal);
            drop(last);
        };
        thread::Builder::new().name("console".to_owned()).spawn(live)?;
        Ok(Operator { ending, ended })
    }

    /// Gives the terminal back as it was found: in order, if that is done
    /// within `time`, else without what was still to be shown, if it can be.
    pub fn end(self, screen: &Screen, time: Duration) {
        drop(self.ending);
        if self.ended.recv_timeout(time).is_err_and(|error| error.is_timeout()) {
            let screen = screen.clone();
            within(time, move || screen.restore());
        }
    }
}
