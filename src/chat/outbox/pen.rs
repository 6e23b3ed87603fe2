//! The right to write to one session's socket, as a value. Knows no queue and no socket.

use std::collections::VecDeque;

use super::Outgoing;

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// All of it is out.
    All,
    /// The other side took only a part; the sink has the rest.
    Part,
    /// The other side has hung up, or the end was written: no write is possible any more.
    Over,
}

/// What an outbox is written to. The thread that holds it is the only one that writes.
pub trait Sink: Send + std::fmt::Debug {
    /// Writes all `items`, in order, leaving the queue empty. Never blocks.
    fn write(&mut self, items: &mut VecDeque<Outgoing>) -> Written;

    /// The same, but waits until the other side has taken everything or has hung
    /// up; starts with what an earlier write left.
    fn write_waiting(&mut self, items: &mut VecDeque<Outgoing>) -> Written;
}

/// The right to write to one session's socket.
pub type Pen = Box<dyn Sink>;
