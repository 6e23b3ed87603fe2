//! Labels of lines: which answers belong to which line of the peer, and how they are marked. Knows no event.
//!
//! A label that nothing answers is acknowledged; one line carries it itself; several
//! lines are put into a batch that carries it.

use super::asked::Asked;
use crate::wire::irc::{Out, added};

/// A question whose answer has not come yet.
#[derive(Debug)]
pub(super) struct Owed {
    pub asked: Asked,
    /// Whether its line has the label that is open now.
    pub labelled: bool,
    /// How many parts of its answer were told.
    pub parts: u32,
}

/// The label of the line that is being answered.
#[derive(Debug)]
pub(super) struct Label {
    label: Box<str>,
    /// Whether the line asks for several things.
    several: bool,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Nothing has answered yet.
    Open,
    /// A line carries the label; what else comes goes without.
    Told,
    /// A batch of this number carries it.
    Batch(Box<str>),
}

/// How an answer of several lines carries the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    /// By a batch around them, if there is more than one.
    Auto,
    /// By their first line, which begins a batch of its own.
    First,
    /// By a batch around them, because more of the answer follows.
    Around,
}

impl Label {
    pub fn new(label: Box<str>, several: bool) -> Label {
        Label { label, several, state: State::Open }
    }

    /// Writes `lines`, which belong to this label. `number` makes the number of a new batch.
    pub fn put(
        &mut self,
        lines: &[u8],
        carrier: Carrier,
        (server, number): (&str, impl FnOnce() -> Box<str>),
        out: &mut Vec<u8>,
    ) {
        if lines.is_empty() {
            return;
        }
        if self.state == State::Open {
            let is_one = memchr::memchr(b'\n', lines) == Some(lines.len() - 1);
            if carrier == Carrier::First && !self.several {
                let end = memchr::memchr(b'\n', lines).map_or(lines.len(), |at| at + 1);
                added(&lines[..end], "label", &self.label, out);
                out.extend_from_slice(&lines[end..]);
                self.state = State::Told;
                return;
            }
            if carrier != Carrier::Around && is_one && !self.several {
                added(lines, "label", &self.label, out);
                self.state = State::Told;
                return;
            }
            let id = number();
            let begin = Out::new(out).tag("label", &self.label).prefix(server).command("BATCH");
            begin.middle(&["+", &id].concat()).middle("labeled-response").end();
            self.state = State::Batch(id);
        }
        match &self.state {
            State::Batch(id) => added(lines, "batch", id, out),
            State::Open | State::Told => out.extend_from_slice(lines),
        }
    }

    /// Writes what ends the label.
    pub fn end(self, server: &str, out: &mut Vec<u8>) {
        match self.state {
            State::Open => Out::new(out).tag("label", &self.label).prefix(server).command("ACK").end(),
            State::Told => {}
            State::Batch(id) => Out::new(out).prefix(server).command("BATCH").middle(&["-", &id].concat()).end(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(several: bool, answers: &[(&[u8], Carrier)]) -> String {
        let mut label = Label::new("7".into(), several);
        let mut out = Vec::new();
        for (lines, carrier) in answers {
            label.put(lines, *carrier, ("s.x", || "1".into()), &mut out);
        }
        label.end("s.x", &mut out);
        String::from_utf8(out).unwrap().replace("\r\n", "|")
    }

    #[test]
    fn a_label_is_told_by_its_line_by_a_batch_or_by_an_acknowledgement() {
        let one: (&[u8], Carrier) = (b":s.x PONG\r\n", Carrier::Auto);
        let two: (&[u8], Carrier) = (b"@time=1 :s.x 1\r\n:s.x 2\r\n", Carrier::Auto);
        assert_eq!(told(false, &[]), "@label=7 :s.x ACK|");
        assert_eq!(told(false, &[one]), "@label=7 :s.x PONG|");
        // What comes behind a line that has the label goes without.
        assert_eq!(told(false, &[one, one]), "@label=7 :s.x PONG|:s.x PONG|");
        let batch = "@label=7 :s.x BATCH +1 labeled-response|@batch=1;time=1 :s.x 1|@batch=1 :s.x 2|:s.x BATCH -1|";
        assert_eq!(told(false, &[two]), batch);
        assert_eq!(told(true, &[one]), "@label=7 :s.x BATCH +1 labeled-response|@batch=1 :s.x PONG|:s.x BATCH -1|");
        let around: (&[u8], Carrier) = (one.0, Carrier::Around);
        assert_eq!(told(false, &[around, one]).matches("@batch=1 ").count(), 2);
    }

    #[test]
    fn a_batch_of_its_own_carries_the_label_and_its_lines_keep_their_batch() {
        let history: (&[u8], Carrier) =
            (b":s.x BATCH +h chathistory #a\r\n@batch=h :a MSG\r\n:s.x BATCH -h\r\n", Carrier::First);
        assert_eq!(told(false, &[history]), "@label=7 :s.x BATCH +h chathistory #a|@batch=h :a MSG|:s.x BATCH -h|");
        // Inside a batch around it, only the lines that have no batch get one.
        let inside = told(true, &[history]);
        assert!(inside.contains("|@batch=1 :s.x BATCH +h chathistory #a|@batch=h :a MSG|@batch=1 :s.x BATCH -h|"));
    }
}
