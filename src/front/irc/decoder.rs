//! Reads IRC: cuts bytes into lines, and carries each out by the table of commands. Knows no chat; of the session only whether it has a name.

use std::sync::Arc;

use super::asked::Note;
use super::caps::Caps;
use super::commands;
use super::own::Own;
use super::state::State;
use crate::command::{AccountCommand, Command};
use crate::error::ChatError;
use crate::front::{Opening, waste};
use crate::model::CloseReason;
use crate::wire::irc::{Fault, Framed, LINE_BYTES, Line, Stream};
use crate::wire::{Decoder, Input, Question};

/// The longest label that is sent back, in bytes.
const LABEL: usize = 64;

/// What only works with labels.
const LABELS: Caps = Caps::LABELED_RESPONSE;

/// Reads the lines of one peer.
#[derive(Debug)]
pub(super) struct IrcDecoder {
    stream: Stream,
    state: State,
    /// The command that the session has taken, if it is one whose refusal changes what comes next.
    tried: Tried,
}

/// A command that may be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    Other,
    /// A proof of a password before the name.
    Proof {
        ends: bool,
    },
    /// A name.
    Name,
}

impl IrcDecoder {
    pub fn new(opening: &Opening<'_>, own: &Arc<Own>) -> IrcDecoder {
        IrcDecoder { stream: Stream::default(), state: State::new(opening, own), tried: Tried::Other }
    }

    /// Reads what was cut off; returns whether it leads to something.
    fn read(&mut self, framed: &Framed<'_>) {
        let before = self.state.queue.len();
        match framed {
            Framed::Line(text) => match Line::parse(text) {
                Ok(line) => self.labelled(&line, carry_out),
                Err(Fault::Empty | Fault::NoCommand) => {}
            },
            Framed::NotUtf8(text) => {
                if let Ok(line) = Line::parse(text) {
                    self.labelled(&line, not_utf8);
                }
            }
            Framed::TooLong => self.state.reply("417", &["Input line was too long"]),
        }
        self.state.enter();
        let new = self.state.queue.range(before..);
        if !new.into_iter().any(is_counted) {
            self.state.queue.push_back(Input::Empty);
        }
    }

    /// Answers a line as `run` does; marks the beginning and the end of that if the line has a label.
    fn labelled(&mut self, line: &Line<'_>, run: impl FnOnce(&mut State, &Line<'_>)) {
        let state = &mut self.state;
        let label = line.tag("label").filter(|label| !label.is_empty() && label.len() <= LABEL);
        let label = label.filter(|_| state.caps.has(LABELS | Caps::BATCH));
        state.several = false;
        let before = state.queue.len();
        run(state, line);
        if let Some(label) = label {
            let begin = Note::Begin { label: label.into(), several: state.several };
            state.queue.insert(before, Input::Mark(begin.mark()));
            let mut end = Note::End.mark();
            end.settles = true;
            state.queue.push_back(Input::Mark(end));
        }
    }

    /// The next input of the queue; remembers what its refusal would mean.
    fn give(&mut self) -> Option<Input> {
        let input = self.state.queue.pop_front()?;
        self.tried = match &input {
            Input::Command(_, Command::Account(AccountCommand::Hello { .. })) => Tried::Name,
            Input::Command(_, Command::Account(AccountCommand::Authenticate { .. })) => {
                Tried::Proof { ends: self.state.must_prove }
            }
            _ => Tried::Other,
        };
        Some(input)
    }

    /// The session has taken the last input, and has not refused it.
    fn taken(&mut self, named: bool) {
        if let Tried::Proof { .. } = std::mem::replace(&mut self.tried, Tried::Other) {
            self.state.proved = true;
        }
        if named && !self.state.named {
            (self.state.named, self.state.entry) = (true, None);
        }
    }
}

fn carry_out(state: &mut State, line: &Line<'_>) {
    match commands::find(&line.command) {
        Some(word) if state.named || word.early => (word.run)(state, line),
        Some(_) => state.reply("451", &["You have not registered: send NICK and USER first"]),
        None if !state.named => state.reply("451", &["You have not registered: send NICK and USER first"]),
        None => state.reply("421", &[&line.command, "There is no such command"]),
    }
}

/// A line that is not UTF-8 is not carried out; but a text that only says goodbye, or how a person is called, may be damaged.
fn not_utf8(state: &mut State, line: &Line<'_>) {
    let sentence = "The line is not UTF-8; set your client to UTF-8";
    match &*line.command {
        "USER" | "QUIT" => {
            state.reply("WARN", &[&line.command, "INVALID_UTF8", sentence]);
            carry_out(state, line);
        }
        command => state.reply("FAIL", &[command, "INVALID_UTF8", sentence]),
    }
}

/// Whether an input pays for the line that led to it, and counts as one.
fn is_counted(input: &Input) -> bool {
    match input {
        Input::Mark(mark) => mark.line,
        Input::Command(..) | Input::Refused(..) | Input::Answered(_) | Input::Empty => true,
        _ => false,
    }
}

impl Decoder for IrcDecoder {
    fn next(&mut self, bytes: &mut &[u8], named: bool) -> Option<Input> {
        self.taken(named);
        while self.state.queue.is_empty() {
            let Some(framed) = self.stream.next(bytes) else {
                // What an idle session does not need is free.
                self.state.queue = Default::default();
                self.state.joining = Vec::new();
                return waste(self.stream.dropped(), LINE_BYTES);
            };
            self.read(&framed);
        }
        self.give()
    }

    fn finish(&mut self, named: bool) -> Option<Input> {
        self.taken(named);
        if self.state.queue.is_empty() {
            let framed = self.stream.finish()?;
            self.read(&framed);
        }
        self.give()
    }

    fn refused(&mut self, _refusal: &ChatError) -> Option<Question> {
        match std::mem::replace(&mut self.tried, Tried::Other) {
            Tried::Proof { ends: true } => {
                self.state.queue.clear();
                self.state.queue.push_back(Input::End { reason: CloseReason::LoggedOut, news: None });
            }
            // The client chooses another name.
            Tried::Name => {
                if let Some(entry) = &mut self.state.entry {
                    entry.nick = None;
                }
            }
            Tried::Proof { ends: false } | Tried::Other => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::front::{Fronts, IrcNames};
    use crate::limits::Limits;

    /// What the bytes of a client lead to, if they come in these pieces.
    fn heard(pieces: &[&[u8]], named: bool) -> Vec<String> {
        let (fronts, limits) = (Arc::new(Fronts::default()), Arc::new(Limits::default()));
        let irc = &IrcNames::default();
        let opening = Opening::bare(&fronts, &limits, irc);
        let own = Arc::new(Own::default());
        let mut decoder = IrcDecoder::new(&opening, &own);
        let mut heard = Vec::new();
        for mut piece in pieces.iter().copied() {
            while let Some(input) = decoder.next(&mut piece, named) {
                heard.extend(told(&input));
            }
        }
        while let Some(input) = decoder.finish(named) {
            heard.extend(told(&input));
        }
        heard
    }

    /// An input in words; how many bytes were wasted depends on how they came.
    fn told(input: &Input) -> Option<String> {
        match input {
            Input::Waste { .. } => None,
            Input::Mark(mark) => Some(format!("{:?}", mark.what.downcast_ref::<Note>())),
            other => Some(format!("{other:?}")),
        }
    }

    #[test]
    fn no_secret_of_a_line_shows_itself() {
        let lines = "PASS :anna:hush\r\nNICK anna\r\nUSER a 0 * :b\r\nAUTHENTICATE PLAIN\r\n\
                     AUTHENTICATE AGFubmEAaHVzaA==\r\nREGISTER * * hush\r\nOPER anna hush\r\n\
                     PRIVMSG NickServ :IDENTIFY anna hush\r\nNS REGISTER hush\r\n";
        for named in [false, true] {
            let heard = heard(&[lines.as_bytes()], named).join("\n");
            assert!(!heard.contains("hush") && !heard.contains("AGFubmEA"), "{heard}");
        }
    }

    /// What an idle IRC session takes beyond one of the line front, without what both have: 1 KiB at most.
    #[test]
    fn an_idle_session_is_small_and_what_only_the_welcome_needs_is_free_after_it() {
        let sizes = size_of::<IrcDecoder>() + size_of::<super::super::encoder::IrcEncoder>();
        assert!(sizes <= 800, "{sizes} bytes");
        let (fronts, limits) = (Arc::new(Fronts::default()), Arc::new(Limits::default()));
        let irc = &IrcNames::default();
        let opening = Opening::bare(&fronts, &limits, irc);
        let mut decoder = IrcDecoder::new(&opening, &Arc::default());
        let mut lines: &[u8] = b"PASS x\r\nNICK anna\r\nUSER a 0 * :b\r\nJOIN #a\r\nPING x\r\n";
        let mut inputs = 0;
        while decoder.next(&mut lines, inputs > 3).is_some() {
            inputs += 1;
        }
        let state = &decoder.state;
        assert!(state.entry.is_none() && state.sasl.is_none() && inputs > 5, "{inputs}");
        assert_eq!((state.queue.capacity(), state.joining.capacity()), (0, 0));
    }

    proptest! {
        #[test]
        fn the_same_bytes_ask_the_same_however_they_are_cut_and_no_bytes_are_too_odd(
            words in proptest::collection::vec(
                prop_oneof![
                    Just(b"PRIVMSG ".to_vec()), Just(b"JOIN ".to_vec()), Just(b"MODE ".to_vec()), Just(b"NICK ".to_vec()),
                    Just(b"CAP REQ :".to_vec()), Just(b"AUTHENTICATE ".to_vec()), Just(b"@label=x;+typing=active ".to_vec()),
                    Just(b"CHATHISTORY LATEST ".to_vec()), Just(b"WHO ".to_vec()), Just(b"#a,#b ".to_vec()), Just(b" :".to_vec()),
                    Just(b"+ovbklimnst ".to_vec()), Just(b"\r\n".to_vec()), Just(b"\r".to_vec()), Just(b"\n".to_vec()),
                    Just(vec![0]), Just(vec![1]), Just("ёж".as_bytes().to_vec()), proptest::collection::vec(any::<u8>(), 0..6),
                    Just(vec![b'x'; 500]),
                ], 0..40),
            cut in 1_usize..9,
            named: bool,
        ) {
            let bytes = words.concat();
            let pieces: Vec<&[u8]> = bytes.chunks(cut).collect();
            prop_assert_eq!(heard(&pieces, named), heard(&[&bytes], named));
        }
    }
}
