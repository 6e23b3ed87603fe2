//! Makes input of what one peer sends: each text is an object of the JSON front. Knows no sockets, and of frames only what they hold.

use super::reader::{Fault, FrameReader, Heard};
use crate::error::ChatError;
use crate::limits::Limits;
use crate::model::CloseReason;
use crate::wire::{Decoder, Input, Mark, frame, json};

/// An empty frame. It costs as much as a line, because no good client sends one.
const NOTHING: Input = Input::Waste { bytes: 1, line: 1 };

/// Reads the texts of one peer.
#[derive(Debug)]
pub(super) struct WsDecoder {
    frames: FrameReader,
    line_bytes: usize,
    /// The input to give before more is read.
    next: Option<Box<Input>>,
}

impl WsDecoder {
    pub fn new(limits: &Limits) -> WsDecoder {
        WsDecoder { frames: FrameReader::new(limits), line_bytes: limits.line_bytes, next: None }
    }

    /// A whole message.
    fn text(&mut self, text: &str) -> Input {
        let line_bytes = self.line_bytes;
        if text.is_empty() {
            return NOTHING;
        }
        // On the other fronts a line has an ending, which counts.
        if text.len() >= line_bytes {
            self.next = Some(Box::new(Input::Waste { bytes: text.len(), line: line_bytes }));
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

    /// The last words to the peer, before the end.
    fn end(&mut self, close: Vec<u8>, reason: CloseReason, news: Option<String>) -> Input {
        self.next = Some(Box::new(Input::End { reason, news }));
        let weight = close.len();
        Input::Mark(Mark::new(close.into_boxed_slice(), weight))
    }
}

impl Decoder for WsDecoder {
    fn next(&mut self, bytes: &mut &[u8], _named: bool) -> Option<Input> {
        if let Some(input) = self.next.take() {
            return Some(*input);
        }
        match self.frames.next(bytes) {
            Ok(heard) => Some(match heard? {
                Heard::Text(text) => self.text(&text),
                Heard::Nothing => NOTHING,
                Heard::Ping(answer) => {
                    self.next = Some(Box::new(Input::Raw(answer)));
                    Input::Empty
                }
                Heard::Pong => Input::Empty,
                Heard::Close(answer) => self.end(answer, CloseReason::Closed, None),
            }),
            Err(Fault(code, words)) => {
                let news = format!("sent bad WebSocket frames ({code}): {words}");
                Some(self.end(frame::close(code, &words), CloseReason::Lost, Some(news)))
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

    use super::super::reader::LONGEST_HEAD;
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
                    Input::Mark(mark) => {
                        let close = mark.what.downcast::<Box<[u8]>>().unwrap();
                        format!("close {}", u16::from_be_bytes([close[2], close[3]]))
                    }
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
            assert!(piece.is_empty() && decoder.frames.held.len() < 2_048 + LONGEST_HEAD);
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
        let Some(Input::Mark(answer)) = decoder.next(&mut &bare[..], true) else { panic!("no answer") };
        assert_eq!(**answer.what.downcast::<Box<[u8]>>().unwrap(), [0x88, 0]);
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
            (sent(BINARY, b"{"), 1003),
            (sent(LAST | 0x50 | BINARY, b"{}"), 1002),
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
            assert!(decoder.frames.message.is_none() && decoder.frames.held.capacity() == 0);
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
