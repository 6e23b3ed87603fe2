//! The two halves of a protocol: bytes into commands, and events into bytes. Knows no sockets, no threads and no chat.
//!
//! A session has one [`Decoder`], on its own thread, and one [`Encoder`], in the pen
//! of its outbox. They never meet: bytes that the decoder wants written wait in the
//! outbox, in order with the events.

pub mod frame;
pub mod http;
pub mod irc;
pub mod json;
mod letter;
pub mod line;
pub mod reader;
pub mod telnet;

use std::any::Any;
use std::fmt::Debug;

use crate::command::Command;
use crate::error::ChatError;
use crate::model::{CloseReason, Tag};

pub use letter::{Delivery, Letter, Piece};

/// The least size of memory that is free again soon, in bytes: for the events of one
/// write, and for a request. The allocator stores pieces up to 1,032 bytes for the
/// thread that freed them, several of each size, as long as the thread lives; a larger
/// piece is free for all threads.
pub const LEAST_PAGE: usize = 1_100;

/// Bytes as small hexadecimal digits: hashes, tokens and codes.
///
/// ```
/// assert_eq!(roomful::wire::hex(&[0x0f, 0xa0]), "0fa0");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes input of one peer's bytes. Used on the session's thread; does no input or output itself.
pub trait Decoder: Send + Debug {
    /// Takes the first whole input off the front of `bytes`. `None`: the bytes are
    /// used up, and the next call is about another read. `named` tells whether the
    /// session has a name.
    fn next(&mut self, bytes: &mut &[u8], named: bool) -> Option<Input>;

    /// At the end of the stream: a last line without its ending.
    fn finish(&mut self, named: bool) -> Option<Input>;

    /// The input that was read last is refused; returns a question for the peer, if there is one.
    fn refused(&mut self, _refusal: &ChatError) -> Option<Question> {
        None
    }
}

/// One thing that a decoder has read.
#[derive(Debug)]
pub enum Input {
    /// A command, and its tag.
    Command(Option<Tag>, Command),
    /// Input that cannot be understood, or is too long.
    Refused(Option<Tag>, ChatError),
    /// Input that is no command. These bytes answer it, for example by a question. It costs as much as a line.
    Answered(Vec<u8>),
    /// An empty line.
    Empty,
    /// Bytes to write beside the next answer. They cost nothing, so a peer must not be able to ask for them alone.
    Raw(Vec<u8>),
    /// Another encoder for everything that follows.
    Speak(Box<dyn Encoder>),
    /// A mark for the encoder. It waits in the queue, in order with the events.
    Mark(Mark),
    /// The peer speaks another protocol. Its decoder reads `first` before the rest of the read.
    Become {
        /// The protocol that the peer speaks.
        protocol: Box<Protocol>,
        /// Bytes that this decoder has already taken.
        first: Vec<u8>,
    },
    /// Bytes that made no input; `line` of them cost as much as a line.
    Waste {
        /// How many bytes there were.
        bytes: usize,
        /// How many bytes cost as much as a line.
        line: usize,
    },
    /// The session ends.
    End {
        /// Why.
        reason: CloseReason,
        /// The sentence for the operator, if it is not an orderly end.
        news: Option<String>,
    },
}

/// A question of the decoder after a command is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Question {
    /// These bytes, after the refusal.
    After(Vec<u8>),
    /// These bytes instead of the refusal: they ask for something that is missing.
    Instead(Vec<u8>),
}

/// A message from a front's decoder to its encoder; only this front knows its meaning.
/// It waits in the session's outbox, in order with the events.
#[derive(Debug)]
pub struct Mark {
    /// What is said; the encoder knows its type.
    pub what: Box<dyn Any + Send>,
    /// About how many bytes it takes in the queue and on the wire.
    pub weight: usize,
    /// Whether it is all that a line of the peer leads to: then it costs as much as a line.
    pub line: bool,
    /// Whether it comes after the answers to all earlier commands, also to those whose
    /// answer waits for the disk.
    pub settles: bool,
}

impl Mark {
    /// A mark that says `what`, of about `weight` bytes. It costs nothing, and waits for nothing.
    pub fn new(what: impl Any + Send, weight: usize) -> Mark {
        Mark { what: Box::new(what), weight, line: false, settles: false }
    }
}

/// Makes bytes of a session's events. It is in the pen, so only the thread that has the pen uses it.
pub trait Encoder: Send + Debug {
    /// The bytes of `item`, if they are the same for many sessions: then they are not copied.
    fn shared<'l>(&self, _item: &'l Delivery) -> Option<&'l [u8]> {
        None
    }

    /// Appends the bytes of `item` to `out`. Called only if they are not shared.
    fn encode(&mut self, _item: &Delivery, _out: &mut Vec<u8>) {}

    /// Takes a mark from the decoder.
    fn mark(&mut self, _mark: Mark, _out: &mut Vec<u8>) {}

    /// Appends the last bytes of the session, such as a closing frame; `reason` is why it ends.
    fn end(&mut self, _reason: CloseReason, _out: &mut Vec<u8>) {}
}

/// How a session is treated because of its protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// The name of the protocol, for `whois` and the console.
    pub name: &'static str,
    /// Whether a session is sent its own messages.
    pub echo: bool,
    /// Whether it is pinged when it is silent, and answers.
    pub pings: bool,
    /// Whether `hello` is said, first by us and then by the peer, before anything else.
    pub hello: bool,
    /// Whether a list is told whole: the session itself asks for its further pages.
    pub whole_lists: bool,
    /// Whether it is told with its first name how many people and rooms there are.
    pub counts: bool,
    /// The reason that is told if the peer ends its input without `quit`.
    pub end_of_input: CloseReason,
}

/// The protocol of one connection: how the session is treated, and the two halves.
#[derive(Debug)]
pub struct Protocol {
    /// How the session is treated.
    pub manners: Manners,
    /// The first words to a peer that waits for them.
    pub greeting: Vec<u8>,
    /// Reads its bytes.
    pub decoder: Box<dyn Decoder>,
    /// Writes its bytes.
    pub encoder: Box<dyn Encoder>,
}
