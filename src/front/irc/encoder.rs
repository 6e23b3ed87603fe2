//! Writes IRC: events and answers as lines. Knows nothing of the bytes that the peer sends.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::asked::{Note, Reply};
use crate::front::Opening;
use crate::model::CloseReason;
use crate::wire::{Delivery, Encoder, Mark};

#[derive(Debug)]
pub(super) struct IrcEncoder {
    /// How many bytes `nick!user@host` has: the decoder must know.
    _prefix: Arc<AtomicUsize>,
}

impl IrcEncoder {
    pub fn new(_opening: &Opening<'_>, prefix: &Arc<AtomicUsize>) -> IrcEncoder {
        IrcEncoder { _prefix: Arc::clone(prefix) }
    }
}

impl Encoder for IrcEncoder {
    fn encode(&mut self, item: &Delivery, out: &mut Vec<u8>) {
        crate::wire::line::encode(item.letter.event(), false, out);
    }

    fn mark(&mut self, mark: Mark, out: &mut Vec<u8>) {
        if let Ok(note) = mark.what.downcast::<Note>()
            && let Note::Reply(Reply::Line { word, params }) = *note
        {
            out.extend_from_slice(word.as_bytes());
            for param in params {
                out.extend_from_slice(b" ");
                out.extend_from_slice(param.as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
    }

    fn end(&mut self, _reason: CloseReason, _out: &mut Vec<u8>) {}
}
