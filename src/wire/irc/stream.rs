//! Cuts what an IRC client sends into lines of bounded length. Does not know what a line means.

use std::borrow::Cow;

use super::{LINE_BYTES, TAG_BYTES};

/// The longest line without its ending, which takes two bytes whatever it is.
const BODY_BYTES: usize = LINE_BYTES - 2;

/// The longest line with tags, without its ending. No more than this is held.
const MOST: usize = TAG_BYTES + BODY_BYTES;

/// One line, without its ending and without NUL.
#[derive(Debug, PartialEq, Eq)]
pub enum Framed<'a> {
    /// The line; borrowed unless it came in pieces.
    Line(Cow<'a, str>),
    /// A line that is not UTF-8, with a replacement for what is not. It names the
    /// command to refuse, and its text must not be said.
    NotUtf8(String),
    /// The line, or its tags, were longer than the limit. All of it is dropped.
    TooLong,
}

/// The beginning of a line whose end has not come yet.
#[derive(Debug, Default)]
pub struct Stream {
    held: Vec<u8>,
    /// How many bytes of the line have come. NUL counts, too.
    came: usize,
    /// Whether the line is too long, so that its rest is passed over.
    dropping: bool,
    /// Whether the last byte was a CR that has ended a line: a LF behind it belongs to it.
    returned: bool,
    /// Bytes of lines that were too long.
    dropped: usize,
}

impl Stream {
    /// Takes the next line off the front of `bytes`. It ends at LF, at CR LF, or at CR.
    /// `None` means that `bytes` is used up.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Framed<'a>> {
        if let Some((&first, rest)) = bytes.split_first()
            && std::mem::take(&mut self.returned)
            && first == b'\n'
        {
            *bytes = rest;
        }
        let Some(end) = memchr::memchr2(b'\r', b'\n', bytes) else {
            self.hold(bytes);
            *bytes = &[];
            return None;
        };
        let line = &bytes[..end];
        self.returned = bytes[end] == b'\r';
        *bytes = &bytes[end + 1..];
        if self.came == 0 && line.len() <= MOST && !line.contains(&0) {
            return Some(self.judge(Cow::Borrowed(line)));
        }
        self.hold(line);
        Some(self.whole())
    }

    /// At the end of the stream: the last line, if it has no ending.
    pub fn finish(&mut self) -> Option<Framed<'static>> {
        (self.came > 0).then(|| self.whole())
    }

    /// How many bytes were dropped since the last call.
    pub fn dropped(&mut self) -> usize {
        std::mem::take(&mut self.dropped)
    }

    /// The held line is whole.
    fn whole(&mut self) -> Framed<'static> {
        self.came = 0;
        let line = std::mem::take(&mut self.held);
        if std::mem::take(&mut self.dropping) { Framed::TooLong } else { self.judge(Cow::Owned(line)) }
    }

    fn hold(&mut self, piece: &[u8]) {
        self.came += piece.len();
        if self.came > MOST {
            let held = std::mem::take(&mut self.held);
            self.dropped += held.len() + piece.len();
            self.dropping = true;
        } else {
            self.held.extend(piece.iter().filter(|byte| **byte != 0));
        }
    }

    fn judge<'a>(&mut self, line: Cow<'a, [u8]>) -> Framed<'a> {
        if !is_short(&line) {
            self.dropped += line.len();
            return Framed::TooLong;
        }
        match line {
            Cow::Borrowed(line) => match str::from_utf8(line) {
                Ok(line) => Framed::Line(Cow::Borrowed(line)),
                Err(_) => Framed::NotUtf8(String::from_utf8_lossy(line).into_owned()),
            },
            Cow::Owned(line) => match String::from_utf8(line) {
                Ok(line) => Framed::Line(Cow::Owned(line)),
                Err(bad) => Framed::NotUtf8(String::from_utf8_lossy(bad.as_bytes()).into_owned()),
            },
        }
    }
}

/// Whether the tags of a line and the rest of it are within their limits.
fn is_short(line: &[u8]) -> bool {
    if line.first() != Some(&b'@') {
        return line.len() <= BODY_BYTES;
    }
    let tags = memchr::memchr(b' ', line).map_or(line.len(), |space| space + 1);
    tags <= TAG_BYTES && line.len() - tags <= BODY_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<Framed<'static>> {
        let mut stream = Stream::default();
        let mut seen = Vec::new();
        let own = |framed| match framed {
            Framed::Line(line) => Framed::Line(Cow::Owned(Cow::into_owned(line))),
            Framed::NotUtf8(line) => Framed::NotUtf8(line),
            Framed::TooLong => Framed::TooLong,
        };
        for mut piece in pieces {
            while let Some(framed) = stream.next(&mut piece) {
                seen.push(own(framed));
            }
            assert!(stream.held.len() <= MOST);
        }
        seen.extend(stream.finish());
        seen
    }

    fn line(text: &str) -> Framed<'static> {
        Framed::Line(Cow::Owned(text.to_owned()))
    }

    #[test]
    fn a_line_ends_at_each_of_the_three_endings_once() {
        let lines = read([&b"a\nb\r\nc\rd\r"[..], b"\n\r\r\ne"]);
        assert_eq!(lines, ["a", "b", "c", "d", "", "", "e"].map(line));
    }

    #[test]
    fn nul_is_left_out_and_bytes_that_are_not_utf_8_are_told() {
        let lines = read([&b"P\0ING x\0\nPRIVMSG #a :\xff\n"[..]]);
        assert_eq!(lines, [line("PING x"), Framed::NotUtf8("PRIVMSG #a :\u{fffd}".to_owned())]);
    }

    #[test]
    fn a_line_at_the_limit_is_taken_and_one_byte_more_is_too_long() {
        let tags = |length: usize| format!("@{} ", "t".repeat(length - 2));
        for (tags, body, fits) in [
            (String::new(), BODY_BYTES, true),
            (String::new(), BODY_BYTES + 1, false),
            (tags(TAG_BYTES), BODY_BYTES, true),
            (tags(TAG_BYTES + 1), 10, false),
            (tags(10), BODY_BYTES + 1, false),
        ] {
            let text = tags + &"x".repeat(body);
            let sent = format!("{text}\r\nnext\r\n");
            let lines = read([sent.as_bytes()]);
            assert_eq!(lines, [if fits { line(&text) } else { Framed::TooLong }, line("next")], "{body}");
            assert_eq!(read(sent.as_bytes().chunks(1)), lines, "byte by byte");
        }
    }

    #[test]
    fn an_endless_line_is_dropped_once_and_counted() {
        let mut stream = Stream::default();
        for _ in 0..1_000 {
            assert_eq!(stream.next(&mut &[b'x'; 100][..]), None);
            assert!(stream.held.len() <= MOST);
        }
        assert_eq!(stream.dropped(), 100_000);
        assert_eq!(stream.next(&mut &b"\n"[..]), Some(Framed::TooLong));
        assert_eq!(stream.dropped(), 0);
    }

    proptest! {
        #[test]
        fn the_lines_do_not_depend_on_how_the_bytes_are_cut(
            bytes in proptest::collection::vec(prop_oneof![
                Just(b'\n'), Just(b'\r'), Just(0), Just(b'@'), Just(b' '), any::<u8>()
            ], 0..200),
            long in proptest::option::of((500usize..5_000, any::<proptest::sample::Index>())),
            cuts in proptest::collection::vec(1usize..700, 1..60),
        ) {
            let mut bytes = bytes;
            if let Some((length, at)) = long {
                let at = at.index(bytes.len() + 1);
                bytes.splice(at..at, std::iter::repeat_n(b'x', length));
            }
            let mut pieces = Vec::new();
            let mut rest = &bytes[..];
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
