//! Takes the telnet commands out of the bytes of a telnet client, so that only text is left. Knows nothing of lines or names.
//!
//! From RFC 854: a command is IAC (255) and one or two bytes, or a
//! subnegotiation from IAC SB to IAC SE; Enter may come as CR NUL. UTF-8 text
//! has no byte 255, so nothing is lost if the peer is no telnet client.

use std::borrow::Cow;

const IAC: u8 = 255;
const SB: u8 = 250;
const SE: u8 = 240;
/// The commands of the keys that interrupt, erase a letter and erase a line; they become control characters.
const INTERRUPT: u8 = 244;
const ERASE_LETTER: u8 = 247;
const ERASE_LINE: u8 = 248;
const WILL: u8 = 251;
const DONT: u8 = 254;

/// How much of a telnet command has been read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Return,
    Command,
    Option,
    Sub,
    SubCommand,
}

/// The filter of one connection; remembers a command that was cut by the end of a read.
#[derive(Debug, Default)]
pub struct Telnet {
    state: State,
    /// Whether there was ever a telnet command.
    negotiates: bool,
}

/// Asks a telnet client not to show typed text (RFC 857): IAC WILL ECHO.
pub const HIDE: [u8; 3] = [IAC, WILL, 1];
/// Asks it to show typed text again: IAC WONT ECHO.
pub const SHOW: [u8; 3] = [IAC, WILL + 1, 1];

impl Telnet {
    /// Whether the peer is surely a telnet client: it has sent a telnet command.
    pub fn negotiates(&self) -> bool {
        self.negotiates
    }

    /// Notes whether a read has telnet commands, before it is stripped; returns its text.
    pub fn look_ahead<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut ahead = Telnet { ..*self };
        let text = ahead.strip(bytes);
        self.negotiates = ahead.negotiates;
        text
    }

    /// The text in `bytes`. CR NUL becomes CR LF. Borrowed if there was nothing to take out.
    pub fn strip<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if self.is_plain(bytes) {
            self.state = if bytes.last() == Some(&b'\r') { State::Return } else { State::Text };
            return Cow::Borrowed(bytes);
        }
        Cow::Owned(bytes.iter().filter_map(|byte| self.step(*byte)).collect())
    }

    /// The text up to the end of the first line, which is taken off the front of `bytes`.
    pub fn line<'a>(&mut self, bytes: &mut &'a [u8]) -> Cow<'a, [u8]> {
        let (piece, rest) = bytes.split_at(memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1));
        if self.is_plain(piece) {
            *bytes = rest;
            return self.strip(piece);
        }
        let mut text = Vec::new();
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            text.extend(self.step(*byte));
            if text.ends_with(b"\n") {
                break;
            }
        }
        Cow::Owned(text)
    }

    /// Whether all of `bytes` is text.
    fn is_plain(&self, bytes: &[u8]) -> bool {
        matches!(self.state, State::Text | State::Return) && bytes.iter().all(|byte| !matches!(byte, &IAC | 0))
    }

    /// Takes one byte; returns a byte of text, if there is one.
    fn step(&mut self, byte: u8) -> Option<u8> {
        let (state, text) = match (self.state, byte) {
            (State::Text | State::Return, IAC) => {
                self.negotiates = true;
                (State::Command, None)
            }
            (State::Return, 0) => (State::Text, Some(b'\n')),
            (State::Command, SB) => (State::Sub, None),
            (State::Command, ERASE_LETTER) => (State::Text, Some(8)),
            (State::Command, INTERRUPT | ERASE_LINE) => (State::Text, Some(0x15)),
            (State::Command, WILL..=DONT) => (State::Option, None),
            (State::Command, SE..) | (State::Option, _) => (State::Text, None),
            // Below SE there are no commands: the peer is no telnet client, and the byte may be the line's end.
            (State::Text | State::Return | State::Command, b'\r') => (State::Return, Some(b'\r')),
            (State::Text | State::Return | State::Command, _) => (State::Text, Some(byte)),
            // We ask for no subnegotiation. One that does not end must not take more than its line.
            (State::Sub | State::SubCommand, b'\n') => (State::Text, Some(byte)),
            (State::Sub, IAC) => (State::SubCommand, None),
            (State::SubCommand, SE) => (State::Text, None),
            (State::Sub | State::SubCommand, _) => (State::Sub, None),
        };
        self.state = state;
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(pieces: &[&[u8]]) -> Vec<u8> {
        let mut telnet = Telnet::default();
        pieces.iter().flat_map(|piece| telnet.strip(piece).into_owned()).collect()
    }

    #[test]
    fn negotiation_is_skipped_whole_and_byte_by_byte() {
        let sent =
            [&b"an"[..], &[IAC, 253, 3], b"na", &[IAC, SB, 24, 0, b'x', IAC, SE], &[IAC, 241], b"\r\0hi\r\n"].concat();
        let text = b"anna\r\nhi\r\n";
        assert_eq!(strip(&[&sent]), text);
        let bytes: Vec<&[u8]> = sent.chunks(1).collect();
        assert_eq!(strip(&bytes), text);
    }

    #[test]
    fn what_is_no_telnet_command_loses_no_line_ending() {
        assert_eq!(strip(&[b"\xff\nhi\n"]), b"\nhi\n");
        assert_eq!(strip(&[b"a\xff\xfab\xff\nhi\n"]), b"a\nhi\n");
        assert_eq!(strip(&[b"a\xff\xffb\n"]), b"ab\n");
    }

    /// RFC 854: erased text must not be shown.
    #[test]
    fn erasing_a_letter_and_a_line_become_their_characters() {
        assert_eq!(strip(&[&[b'x', IAC, ERASE_LETTER, b'/', IAC], &[ERASE_LINE, b'a', b'\n']]), b"x\x08/\x15a\n");
    }

    /// Line by line, the text is the same, each line with its end, no matter how it is cut.
    #[test]
    fn lines_are_stripped_one_after_another() {
        let sent = b"an\xff\xfd\x03na\r\0hi\xff\xfa\n\r\nx\xff\xfd\nyz\r".as_slice();
        for size in 1..=sent.len() {
            let (mut telnet, mut lines) = (Telnet::default(), vec![Vec::new()]);
            for mut piece in sent.chunks(size) {
                while !piece.is_empty() {
                    let text = telnet.line(&mut piece);
                    lines.last_mut().unwrap().extend_from_slice(&text);
                    if text.ends_with(b"\n") {
                        lines.push(Vec::new());
                    }
                }
            }
            assert_eq!(lines, [b"anna\r\n".as_slice(), b"hi\n", b"\r\n", b"xyz\r"], "{size}");
            assert_eq!(lines.concat(), Telnet::default().strip(sent).into_owned());
        }
    }

    #[test]
    fn plain_text_is_borrowed_as_it_is() {
        assert!(matches!(Telnet::default().strip("анна\r\n".as_bytes()), Cow::Borrowed(_)));
    }

    #[test]
    fn a_return_and_a_nul_in_two_reads_are_one_ending() {
        assert_eq!(strip(&[b"a\r", b"\0b"]), b"a\r\nb");
    }
}
