//! What lies in an outbox: one thing to be written, and what it weighs. Knows no queue.

use std::ops::{AddAssign, SubAssign};

use crate::model::CloseReason;
use crate::wire::{Delivery, Encoder, Mark};

/// One thing that waits in an outbox.
#[derive(Debug)]
pub enum Outgoing {
    /// An event.
    Event(Delivery),
    /// Bytes of the front, such as a greeting.
    Raw(Box<[u8]>),
    /// From here on this encoder writes. It is queued, so that all items before it are written by the encoder before.
    Speak(Box<dyn Encoder>),
    /// A message from the session's decoder to its encoder.
    Mark(Mark),
    /// The end, and why: after all items before it, the sending side is closed.
    Close(CloseReason),
}

impl Outgoing {
    /// About how many bytes it takes on a wire.
    pub fn weight(&self) -> usize {
        match self {
            Outgoing::Event(delivery) => delivery.letter.weight(),
            Outgoing::Raw(bytes) => bytes.len(),
            Outgoing::Mark(mark) => mark.weight,
            Outgoing::Speak(_) | Outgoing::Close(_) => 0,
        }
    }

    /// Whether the session itself asked for it. That does not count toward the
    /// bound: a session that reads is not slow because it asked for much.
    pub(super) fn is_answer(&self) -> bool {
        matches!(self, Outgoing::Event(Delivery { answers: true, .. }))
    }
}

/// What some items weigh together, in bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weight {
    /// What the session is told: this counts toward the bound.
    pub told: usize,
    /// What it asked for.
    pub asked: usize,
}

impl Weight {
    pub fn of(item: &Outgoing) -> Weight {
        match item.is_answer() {
            true => Weight { told: 0, asked: item.weight() },
            false => Weight { told: item.weight(), asked: 0 },
        }
    }

    pub fn all(self) -> usize {
        self.told + self.asked
    }
}

impl AddAssign for Weight {
    fn add_assign(&mut self, more: Weight) {
        self.told += more.told;
        self.asked += more.asked;
    }
}

impl SubAssign for Weight {
    fn sub_assign(&mut self, less: Weight) {
        self.told -= less.told;
        self.asked -= less.asked;
    }
}
