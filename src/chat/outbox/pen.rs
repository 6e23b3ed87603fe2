//! The right to write to one session's socket, as a value. Knows no queue and no socket.

use std::collections::VecDeque;

use super::Outgoing;

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// All of it is out.
    All,
    /// The other side took only a part; the sink keeps the rest.
    Part,
    /// The other side is gone, or the end was written: there is nothing to write to.
    Over,
}

/// Where an outbox is emptied to. The one who holds it is the only one who writes.
pub trait Sink: Send + std::fmt::Debug {
    /// Writes all `items`, in order, leaving the queue empty. Never blocks.
    fn write(&mut self, items: &mut VecDeque<Outgoing>) -> Written;

    /// The same, but waits until the other side has taken everything or is
    /// gone; starts with what an earlier write left.
    fn write_waiting(&mut self, items: &mut VecDeque<Outgoing>) -> Written;
}

/// The right to write to one session's socket.
pub type Pen = Box<dyn Sink>;
