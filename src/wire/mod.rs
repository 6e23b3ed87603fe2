//! The two halves of a protocol: bytes to what is asked, and what is told to bytes. Knows no sockets, no threads and not who is in the chat.
//!
//! A session has one [`Decoder`], on its own thread, and one [`Encoder`], in
//! the pen of its outbox. They never meet: what the decoder wants to have
//! written goes through the outbox, in its place among the events.

pub mod json;
mod letter;
pub mod line;
pub mod reader;
pub mod telnet;

use std::fmt::Debug;

use crate::command::Command;
use crate::error::ChatError;
use crate::model::{CloseReason, Tag};

pub use letter::{Delivery, Letter, Piece};

/// One peer's bytes into what it asks. Lives on the session's thread, does no input or output.
pub trait Decoder: Send + Debug {
    /// The first whole thing in `bytes`, which moves on behind it. `None`: all
    /// is used up, and the next call is about another read. `named` tells
    /// whether the session has a name.
    fn next(&mut self, bytes: &mut &[u8], named: bool) -> Option<Input>;

    /// At the end of the stream: a last line without its ending.
    fn finish(&mut self, named: bool) -> Option<Input>;

    /// Hears that what it read last is refused; what it asks of the peer then, if anything.
    fn refused(&mut self, _refusal: &ChatError) -> Option<Question> {
        None
    }
}

/// What a decoder has read.
#[derive(Debug)]
pub enum Input {
    /// A command, and its tag.
    Command(Option<Tag>, Command),
    /// What cannot be understood, or is too long.
    Refused(Option<Tag>, ChatError),
    /// What needs no command: these bytes answer it, such as a question for what is missing. It costs as much as a line.
    Answered(Vec<u8>),
    /// An empty line.
    Empty,
    /// Nothing that was asked: bytes to be written beside the next answer. They cost nothing, so a peer must not be able to ask for them alone.
    Raw(Vec<u8>),
    /// From here on write like this.
    Speak(Box<dyn Encoder>),
    /// For the encoder, which gets it in its place in the queue.
    Mark(Mark),
    /// The peer speaks another protocol after all. Its decoder reads `first` before what is left of the read.
    Become {
        /// What it speaks.
        protocol: Box<Protocol>,
        /// Bytes that are already taken.
        first: Vec<u8>,
    },
    /// So many bytes that were nothing; `line` of them cost as much as a line.
    Waste {
        /// How many.
        bytes: usize,
        /// How many make a line.
        line: usize,
    },
    /// The end.
    End {
        /// Why.
        reason: CloseReason,
        /// What the operator is told.
        news: String,
    },
}

/// What a decoder asks when a command is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Question {
    /// These bytes, after the refusal.
    After(Vec<u8>),
    /// These bytes instead of the refusal: they ask for what is missing.
    Instead(Vec<u8>),
}

/// A word from a front's decoder to its encoder, as this front's bytes. It goes
/// through the session's outbox, and so stands in its place among the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(pub Box<[u8]>);

/// What one session is told into its bytes. Lives in the pen: only the pen's holder uses it.
pub trait Encoder: Send + Debug {
    /// All of it, if it is the same for many sessions: then nothing is copied.
    fn shared<'l>(&self, item: &'l Delivery) -> Option<&'l [u8]>;

    /// Else: appends it to `out`, perhaps made of shared pieces.
    fn encode(&mut self, item: &Delivery, out: &mut Vec<u8>);

    /// Takes a mark of its decoder.
    fn mark(&mut self, _mark: &Mark, _out: &mut Vec<u8>) {}

    /// The last bytes before the end, such as a frame that says so.
    fn end(&mut self, _out: &mut Vec<u8>) {}
}

/// How a session is treated because of what it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// The name of the protocol, for `whois` and the console.
    pub name: &'static str,
    /// Whether a session is told what it said itself.
    pub echo: bool,
    /// Whether it is asked for signs of life, and answers.
    pub pings: bool,
    /// Whether `hello` is said, first by us and then by the peer, before anything else.
    pub hello: bool,
    /// What it means if the peer ends its input without a word.
    pub end_of_input: CloseReason,
}

/// What one connection speaks: how it is treated, and the two halves.
#[derive(Debug)]
pub struct Protocol {
    /// How the session is treated.
    pub manners: Manners,
    /// The first words to a peer that waits for them.
    pub greeting: Vec<u8>,
    /// Reads.
    pub decoder: Box<dyn Decoder>,
    /// Writes.
    pub encoder: Box<dyn Encoder>,
}
