//! Reads IRC: lines into commands, and into marks for the encoder. Knows no chat; of the session only whether it has a name.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::front::Opening;
use crate::limits::Limits;
use crate::wire::reader::Lines;
use crate::wire::{Decoder, Input};

#[derive(Debug)]
pub(super) struct IrcDecoder {
    _limits: Arc<Limits>,
    lines: Lines,
    /// What the last line leads to, and was not given yet.
    queue: VecDeque<Input>,
    /// How many bytes `nick!user@host` of the session has; the encoder knows.
    _prefix: Arc<AtomicUsize>,
}

impl IrcDecoder {
    pub fn new(opening: &Opening<'_>, prefix: &Arc<AtomicUsize>) -> IrcDecoder {
        let limits = Arc::clone(opening.limits);
        IrcDecoder { _limits: limits, lines: Lines::new(512), queue: VecDeque::new(), _prefix: Arc::clone(prefix) }
    }
}

impl Decoder for IrcDecoder {
    fn next(&mut self, bytes: &mut &[u8], _named: bool) -> Option<Input> {
        if let Some(next) = self.queue.pop_front() {
            return Some(next);
        }
        self.lines.next(bytes).map(|_| Input::Empty)
    }

    fn finish(&mut self, _named: bool) -> Option<Input> {
        self.queue.pop_front()
    }
}
