//! Makes input of the frames of one peer. tungstenite judges and puts together what they hold; here they are cut out of the bytes, and counted. Knows no sockets.
//!
//! tungstenite reads from a [`Pipe`] in memory, one whole frame at a time. So we
//! see each frame and can bound how many there are, and what it wants to answer
//! lies in the pipe. Its state is only needed from the first frame of a message
//! to the last. Between messages there is none, so an idle page costs no buffer.

use std::io::{Cursor, Error as IoError, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use tungstenite::error::Error;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use crate::error::ChatError;
use crate::limits::Limits;
use crate::model::CloseReason;
use crate::wire::{Decoder, Input, Mark, frame, json};

/// The time over which `ws-control` counts.
const CONTROL_WINDOW: Duration = Duration::from_secs(10);

/// How much tungstenite reads at once of a later frame of a message, in bytes.
/// Its own default is 128 KiB, for each peer.
const READ: usize = 1_024;

/// The longest header of a frame, in bytes.
const LONGEST_HEAD: usize = 14;

/// An empty frame. It costs as much as a line, because no good client sends one.
const NOTHING: Input = Input::Waste { bytes: 1, line: 1 };

/// One frame, cut out of the stream.
struct Frame {
    opcode: OpCode,
    /// The length of what it holds.
    length: u32,
    /// All of it, with its header.
    bytes: Vec<u8>,
}

/// A WebSocket that is to be closed: with which number, and the sentence for both sides.
struct Fault(u16, String);

impl Fault {
    /// Too much of something that a good client does not do.
    const POLICY: u16 = 1008;
    const TOO_BIG: u16 = 1009;
    const NOT_TEXT: u16 = 1003;
    const NOT_UTF8: u16 = 1007;
    const PROTOCOL: u16 = 1002;
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        let code = match error {
            Error::Utf8(_) => Fault::NOT_UTF8,
            Error::Capacity(_) => Fault::TOO_BIG,
            _ => Fault::PROTOCOL,
        };
        Fault(code, error.to_string())
    }
}

/// Reads the frames of one peer.
#[derive(Debug)]
pub(super) struct WsDecoder {
    bounds: Bounds,
    /// The beginning of a frame whose end has not come yet.
    held: Vec<u8>,
    /// A message whose last frame has not come yet.
    message: Option<Box<Unfinished>>,
    /// Since when pings and pongs are counted, and how many came.
    control: Option<(Instant, u32)>,
    /// The inputs to give before more is read, the last first.
    next: Vec<Input>,
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    line_bytes: u32,
    message: u32,
    fragments: u32,
    control: u32,
}

/// A message whose last frame has not come yet.
#[derive(Debug)]
struct Unfinished {
    reader: WebSocket<Pipe>,
    frames: u32,
    bytes: u32,
}

/// What tungstenite takes for a connection.
#[derive(Debug, Default)]
struct Pipe {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Read for Pipe {
    /// An empty pipe is not the end of the connection: more comes later.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, IoError> {
        match self.input.read(buffer)? {
            0 => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, IoError> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> Result<(), IoError> {
        Ok(())
    }
}

impl WsDecoder {
    pub fn new(limits: &Limits) -> WsDecoder {
        let [line_bytes, message, fragments, control] =
            [limits.line_bytes, limits.ws_message, limits.ws_fragments, limits.ws_control]
                .map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        let bounds = Bounds { line_bytes, message, fragments, control };
        WsDecoder { bounds, held: Vec::new(), message: None, control: None, next: Vec::new() }
    }

    /// Takes one whole frame off the front of `bytes`; or all of `bytes`, if the frame does not end in it.
    fn cut(&mut self, bytes: &mut &[u8]) -> Result<Option<Frame>, Fault> {
        let mut head = [0; LONGEST_HEAD];
        let first = self.held.iter().chain(*bytes);
        let seen = head.iter_mut().zip(first).map(|(place, byte)| *place = *byte).count();
        let mut cursor = Cursor::new(&head[..seen]);
        let parsed = FrameHeader::parse(&mut cursor)?;
        let Some((FrameHeader { opcode, .. }, length)) = parsed else {
            self.hold(bytes, usize::MAX);
            return Ok(None);
        };
        let length = self.within_bounds(opcode, length)?;
        let whole = usize::try_from(cursor.position()).unwrap_or(LONGEST_HEAD) + length as usize;
        self.hold(bytes, whole);
        let is_whole = self.held.len() == whole;
        Ok(is_whole.then(|| Frame { opcode, length, bytes: std::mem::take(&mut self.held) }))
    }

    /// Moves bytes to those that are held, until these are `most`.
    fn hold(&mut self, bytes: &mut &[u8], most: usize) {
        let (piece, rest) = bytes.split_at((most - self.held.len()).min(bytes.len()));
        self.held.extend_from_slice(piece);
        *bytes = rest;
    }

    /// Checks a header, before anything is stored for the frame.
    fn within_bounds(&self, opcode: OpCode, length: u64) -> Result<u32, Fault> {
        let is_data = matches!(opcode, OpCode::Data(_));
        let (frames, bytes) = self.message.as_ref().filter(|_| is_data).map_or((0, 0), |m| (m.frames, m.bytes));
        if frames >= self.bounds.fragments {
            let words = format!("a message has at most {} frames", self.bounds.fragments);
            return Err(Fault(Fault::TOO_BIG, words));
        }
        let most = self.bounds.message;
        u32::try_from(length)
            .ok()
            .filter(|length| bytes.saturating_add(*length) <= most)
            .ok_or_else(|| Fault(Fault::TOO_BIG, format!("a message has at most {most} bytes")))
    }

    /// Reads one whole frame.
    fn frame(&mut self, frame: Frame) -> Result<Option<Input>, Fault> {
        match frame.opcode {
            OpCode::Control(Control::Ping | Control::Pong) => self.count_control()?,
            OpCode::Data(Data::Binary) => return Err(Fault(Fault::NOT_TEXT, "send text, one JSON object".into())),
            _ => {}
        }
        let is_empty = frame.length == 0;
        let mut message = match self.message.take() {
            Some(mut begun) => {
                begun.reader.get_mut().input = Cursor::new(frame.bytes);
                begun
            }
            None => Box::new(Unfinished::begin(frame.bytes, self.bounds)),
        };
        let read = message.reader.read();
        let input = match read {
            Ok(Message::Text(text)) => return Ok(Some(self.text(&text))),
            Ok(Message::Close(_)) => {
                let answer = message.answer();
                self.next.push(Input::End { reason: CloseReason::Closed, news: None });
                return Ok(Some(Input::Mark(Mark(answer.into()))));
            }
            Ok(Message::Ping(_)) => {
                self.next.push(Input::Raw(message.answer()));
                Some(Input::Empty)
            }
            Ok(Message::Pong(_)) => Some(Input::Empty),
            Ok(Message::Binary(_) | Message::Frame(_)) => return Err(Fault(Fault::NOT_TEXT, "no text".into())),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                message.frames += 1;
                message.bytes += frame.length;
                is_empty.then_some(NOTHING)
            }
            Err(error) => return Err(error.into()),
        };
        self.message = Some(message).filter(|message| message.frames > 0);
        Ok(input)
    }

    /// A whole message.
    fn text(&mut self, text: &str) -> Input {
        let line_bytes = self.bounds.line_bytes as usize;
        if text.is_empty() {
            return NOTHING;
        }
        // On the other fronts a line has an ending, which counts.
        if text.len() >= line_bytes {
            self.next.push(Input::Waste { bytes: text.len(), line: line_bytes });
            return Input::Refused(None, ChatError::LineTooLong(line_bytes));
        }
        let text = text.trim_ascii();
        if text.is_empty() {
            return Input::Empty;
        }
        match json::decode(text.as_bytes()) {
            Ok((tag, command)) => Input::Command(tag, command),
            Err((tag, refusal)) => Input::Refused(tag, refusal),
        }
    }

    fn count_control(&mut self) -> Result<(), Fault> {
        let now = Instant::now();
        let (since, count) = self.control.filter(|(since, _)| now - *since < CONTROL_WINDOW).unwrap_or((now, 0));
        self.control = Some((since, count + 1));
        if count < self.bounds.control {
            return Ok(());
        }
        let words = format!("at most {} pings and pongs in {} s", self.bounds.control, CONTROL_WINDOW.as_secs());
        Err(Fault(Fault::POLICY, words))
    }

    fn close(&mut self, Fault(code, words): Fault) -> Input {
        let news = Some(format!("sent bad WebSocket frames ({code}): {words}"));
        self.next.push(Input::End { reason: CloseReason::Lost, news });
        Input::Mark(Mark(frame::close(code, &words).into()))
    }
}

impl Unfinished {
    /// A message that begins with this frame.
    fn begin(frame: Vec<u8>, bounds: Bounds) -> Unfinished {
        let most = Some(bounds.message as usize);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_message_size(most)
            .max_frame_size(most);
        let reader = WebSocket::from_partially_read(Pipe::default(), frame, Role::Server, Some(config));
        Unfinished { reader, frames: 0, bytes: 0 }
    }

    /// What tungstenite answers to the frame that it has just read.
    fn answer(&mut self) -> Vec<u8> {
        // After a Close frame, this is an error: the end of the connection. The answer is in the pipe all the same.
        let _ = self.reader.flush();
        std::mem::take(&mut self.reader.get_mut().output)
    }
}

impl Decoder for WsDecoder {
    fn next(&mut self, bytes: &mut &[u8], _named: bool) -> Option<Input> {
        loop {
            if let Some(input) = self.next.pop() {
                return Some(input);
            }
            if bytes.is_empty() {
                return None;
            }
            let read = self.cut(bytes).and_then(|frame| frame.map_or(Ok(None), |frame| self.frame(frame)));
            match read {
                Ok(None) => {}
                Ok(input) => return input,
                Err(fault) => return Some(self.close(fault)),
            }
        }
    }

    /// Without its end, a frame means nothing.
    fn finish(&mut self, _named: bool) -> Option<Input> {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::{ChatCommand, Command};

    const TEXT: u8 = 1;
    const BINARY: u8 = 2;
    const CLOSE: u8 = 8;
    const PING: u8 = 9;
    const PONG: u8 = 10;
    /// Set in the first byte if no frame of the message follows.
    const LAST: u8 = 0x80;

    fn limits() -> Limits {
        Limits { line_bytes: 512, ws_message: 2_048, ws_fragments: 4, ws_control: 3, ..Limits::default() }
    }

    /// A frame as a client sends it, masked.
    fn sent(first: u8, payload: &[u8]) -> Vec<u8> {
        const MASK: [u8; 4] = [7, 0x5a, 0xff, 0];
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..=125 => frame.push(0x80 | length as u8),
            length @ 126..=0xffff => frame.extend([&[0xfe][..], &(length as u16).to_be_bytes()].concat()),
            length => frame.extend([&[0xff][..], &(length as u64).to_be_bytes()].concat()),
        }
        frame.extend(MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    fn text(words: &str) -> Vec<u8> {
        sent(LAST | TEXT, words.as_bytes())
    }

    /// What is read of these pieces, in words, up to the end of the session.
    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut decoder = WsDecoder::new(&limits());
        let mut seen = Vec::new();
        for mut piece in pieces {
            while let Some(input) = decoder.next(&mut piece, true) {
                let is_end = matches!(input, Input::End { .. });
                seen.push(match input {
                    Input::Mark(Mark(close)) => format!("close {}", u16::from_be_bytes([close[2], close[3]])),
                    Input::Raw(bytes) => format!("raw {bytes:?}"),
                    Input::Refused(_, refusal) => refusal.code().to_string(),
                    Input::End { reason, .. } => reason.code().to_owned(),
                    Input::Command(_, Command::Chat(ChatCommand::Say { text, .. })) => format!("say {text}"),
                    other => format!("{other:?}"),
                });
                if is_end {
                    return seen;
                }
            }
            assert!(piece.is_empty() && decoder.held.len() < 2_048 + LONGEST_HEAD);
        }
        seen
    }

    fn read_one(bytes: &[u8]) -> Vec<String> {
        let whole = read([bytes]);
        assert_eq!(read(bytes.chunks(1)), whole, "byte by byte");
        whole
    }

    fn say(words: &str) -> String {
        format!(r#"{{"type":"say","text":"{words}"}}"#)
    }

    #[test]
    fn a_text_is_a_command_in_one_frame_or_in_several() {
        assert_eq!(read_one(&text(&say("привет"))), ["say привет"]);
        let json = say("привет");
        // Cut within a letter, with a ping between the pieces.
        let (one, rest) = json.as_bytes().split_at(24);
        let (two, three) = rest.split_at(3);
        let frames = [sent(TEXT, one), sent(LAST | PING, b"x"), sent(0, two), sent(LAST, three), text(&say("b"))];
        assert_eq!(read_one(&frames.concat()), ["Empty", "raw [138, 1, 120]", "say привет", "say b"]);
        assert_eq!(read_one(&text("nonsense")), ["bad-json"]);
        assert_eq!(read_one(&text(" \n")), ["Empty"]);
    }

    #[test]
    fn a_message_over_line_bytes_is_refused_and_one_over_ws_message_ends_it() {
        let of = |length: usize| text(&say(&"x".repeat(length - say("").len())));
        for (length, said) in [(510, true), (511, true), (512, false), (2_048, false)] {
            let read = read_one(&of(length));
            assert_eq!(read[0].starts_with("say x"), said, "{length}: {read:?}");
            assert_eq!(read[0] == "line-too-long", !said, "{length}: {read:?}");
        }
        let too_big = ["close 1009", "lost"];
        assert_eq!(read_one(&of(2_049)), too_big);
        assert_eq!(read_one(&[&[0x81, 0xff][..], &[0xff; 12]].concat()), too_big, "a length is not believed");
        let half = vec![b'x'; 1_025];
        assert_eq!(read_one(&[sent(TEXT, &half), sent(LAST, &half)].concat()), too_big);
    }

    #[test]
    fn a_message_has_so_many_frames_and_no_more() {
        let frames = |count: usize| {
            let last = sent(LAST, say("x").as_bytes());
            [sent(TEXT, b" "), sent(0, b" ").repeat(count - 2), last].concat()
        };
        assert_eq!(read_one(&frames(4)), ["say x"]);
        assert_eq!(read_one(&frames(5)), ["close 1009", "lost"]);
    }

    #[test]
    fn empty_frames_cost_like_a_line() {
        let empty = "Waste { bytes: 1, line: 1 }";
        let frames = [sent(TEXT, b""), sent(0, b""), sent(LAST, b""), text("")];
        assert_eq!(read_one(&frames.concat()), [empty; 4]);
    }

    #[test]
    fn so_many_pings_and_pongs_are_taken_and_no_more() {
        let frames = [sent(LAST | PING, b""), sent(LAST | PONG, b"90250"), sent(LAST | PING, b"")].concat();
        let good = ["Empty", "raw [138, 0]", "Empty", "Empty", "raw [138, 0]"];
        assert_eq!(read_one(&frames), good);
        let more = [frames, sent(LAST | PONG, b"")].concat();
        assert_eq!(read_one(&more), [&good[..], &["close 1008", "lost"]].concat());
    }

    #[test]
    fn a_close_is_answered_and_is_the_reason() {
        assert_eq!(read_one(&sent(LAST | CLOSE, &[3, 0xe9])), ["close 1001", "closed"]);
        let after = [sent(LAST | CLOSE, &[3, 0xe8, b'x']), text(&say("late"))].concat();
        assert_eq!(read_one(&after), ["close 1000", "closed"]);
        let mut decoder = WsDecoder::new(&limits());
        let bare = sent(LAST | CLOSE, b"");
        let Some(Input::Mark(Mark(answer))) = decoder.next(&mut &bare[..], true) else { panic!("no answer") };
        assert_eq!(*answer, [0x88, 0]);
    }

    #[test]
    fn what_the_standard_forbids_ends_it_with_its_number() {
        let unmasked = [&[0x81, 2][..], b"{}"].concat();
        for (bytes, code) in [
            (unmasked, 1002),
            (sent(LAST | 0x40 | TEXT, b"{}"), 1002),
            (sent(LAST | 3, b""), 1002),
            (sent(LAST | 11, b""), 1002),
            (sent(LAST, b"x"), 1002),
            ([sent(TEXT, b"x"), sent(LAST | TEXT, b"x")].concat(), 1002),
            (sent(PING, b""), 1002),
            (sent(LAST | PING, &[0; 126]), 1002),
            (sent(LAST | CLOSE, &[3]), 1002),
            (sent(LAST | CLOSE, &[3, 0xe8, 0xff]), 1007),
            (sent(LAST | BINARY, b"{}"), 1003),
            (sent(LAST | TEXT, b"\xff"), 1007),
            (sent(LAST | TEXT, b"\xed\xa0\x80"), 1007),
            ([sent(TEXT, b"\xd0"), sent(LAST, b"x")].concat(), 1007),
        ] {
            assert_eq!(read_one(&bytes), [format!("close {code}"), "lost".to_owned()], "{bytes:?}");
        }
        // Numbers that must not be sent are answered with another one.
        assert_eq!(read_one(&sent(LAST | CLOSE, &[3, 0xed])), ["close 1002", "closed"]);
    }

    #[test]
    fn between_messages_nothing_is_stored() {
        let mut decoder = WsDecoder::new(&limits());
        for frames in [text(&say("x")), [sent(TEXT, b"{"), sent(LAST, b"}")].concat(), sent(LAST | PING, b"x")] {
            let mut bytes = &frames[..];
            while decoder.next(&mut bytes, true).is_some() {}
            assert!(decoder.message.is_none() && decoder.held.capacity() == 0);
        }
    }

    prop_compose! {
        /// A frame that is good or nearly so.
        fn a_frame()(first in prop_oneof![Just(LAST | TEXT), Just(TEXT), Just(0), Just(LAST), Just(LAST | PING), any::<u8>()],
                     payload in prop_oneof![Just(say("hi").into_bytes()), proptest::collection::vec(any::<u8>(), 0..200)])
                     -> Vec<u8> {
            sent(first, &payload)
        }
    }

    proptest! {
        #[test]
        fn what_is_read_does_not_depend_on_how_the_bytes_are_cut(
            frames in proptest::collection::vec(a_frame(), 1..8),
            noise in proptest::collection::vec(any::<u8>(), 0..40),
            cuts in proptest::collection::vec(1usize..90, 1..40),
        ) {
            let bytes = [frames.concat(), noise].concat();
            let mut rest = &bytes[..];
            let mut pieces = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (piece, tail) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = tail;
            }
            prop_assert_eq!(read(pieces), read([&bytes[..]]));
        }
    }
}
