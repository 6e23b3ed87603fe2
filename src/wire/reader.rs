//! Cuts a stream of bytes into lines of bounded length. Does not know their meaning, nor where the bytes come from.
//!
//! ```
//! use roomful::wire::reader::{Line, Lines};
//!
//! let mut lines = Lines::new(512);
//! let mut seen = Vec::new();
//! for piece in ["three li", "nes\r\nin two\npie", "ces\n"] {
//!     let mut rest = piece.as_bytes();
//!     while let Some(line) = lines.next(&mut rest) {
//!         if let Line::Whole(bytes) = line {
//!             seen.push(String::from_utf8_lossy(&bytes).into_owned());
//!         }
//!     }
//! }
//! assert_eq!(seen, ["three lines", "in two", "pieces"]);
//! ```

use std::borrow::Cow;

/// One line, without its ending.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The line as it came; borrowed unless it came in pieces.
    Whole(Cow<'a, [u8]>),
    /// The line was longer than the limit, and all of it is dropped.
    TooLong,
}

/// The beginning of a line whose end has not come yet, and the limit of its length.
#[derive(Debug)]
pub struct Lines {
    held: Vec<u8>,
    most: usize,
    dropping: bool,
    /// Bytes of lines that were too long.
    dropped: usize,
}

impl Lines {
    /// A reader of lines of at most `most` bytes, ending included.
    pub fn new(most: usize) -> Lines {
        Lines { held: Vec::new(), most, dropping: false, dropped: 0 }
    }

    /// Takes the next line off the front of `bytes`. `None` means that `bytes` is
    /// used up. The beginning of an unfinished line is stored here, and is never
    /// longer than the limit.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Line<'a>> {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.hold(bytes);
            *bytes = &[];
            return None;
        };
        let (line, rest) = bytes.split_at(end + 1);
        *bytes = rest;
        if self.dropping || self.held.len() + line.len() > self.most {
            self.dropped += line.len();
            self.held = Vec::new();
            self.dropping = false;
            return Some(Line::TooLong);
        }
        let line = &line[..end];
        Some(Line::Whole(if self.held.is_empty() {
            Cow::Borrowed(without_return(line))
        } else {
            let mut whole = std::mem::take(&mut self.held);
            whole.extend_from_slice(line);
            whole.truncate(without_return(&whole).len());
            Cow::Owned(whole)
        }))
    }

    /// At the end of the stream: the last line, if it has no ending.
    pub fn finish(&mut self) -> Option<Line<'static>> {
        if std::mem::take(&mut self.dropping) {
            return Some(Line::TooLong);
        }
        let held = std::mem::take(&mut self.held);
        (!held.is_empty()).then(|| Line::Whole(Cow::Owned(without_return(&held).to_vec())))
    }

    /// How many bytes were dropped since the last call.
    pub fn dropped(&mut self) -> usize {
        std::mem::take(&mut self.dropped)
    }

    fn hold(&mut self, piece: &[u8]) {
        // One byte is left for the ending that must still come.
        if self.dropping || self.held.len() + piece.len() >= self.most {
            self.dropping = self.dropping || !piece.is_empty();
            self.dropped += piece.len();
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(piece);
        }
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: usize = 16;

    fn read(pieces: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(MOST);
        let mut seen = Vec::new();
        let mut keep = |line: Line<'_>| match line {
            Line::Whole(bytes) => seen.push(Some(bytes.into_owned())),
            Line::TooLong => seen.push(None),
        };
        for piece in pieces {
            let mut rest = *piece;
            while let Some(line) = lines.next(&mut rest) {
                keep(line);
            }
        }
        if let Some(line) = lines.finish() {
            keep(line);
        }
        seen
    }

    /// Lab report D: one `recv(1024)` was taken for one message.
    #[test]
    fn d13_three_lines_in_one_read_are_three_and_one_byte_by_byte_is_one() {
        let three = Some(b"a".to_vec());
        assert_eq!(read(&[b"a\nb\nc\n"]), [three, Some(b"b".to_vec()), Some(b"c".to_vec())]);
        let text = "привет\n".as_bytes();
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(read(&bytes), [Some("привет".as_bytes().to_vec())]);
    }

    #[test]
    fn a_line_of_one_below_and_at_the_limit_is_taken_and_one_above_is_dropped() {
        for (length, taken) in [(MOST - 1, true), (MOST, true), (MOST + 1, false)] {
            let mut line = vec![b'x'; length - 1];
            line.push(b'\n');
            let whole = read(&[&line, b"next\n"]);
            assert_eq!(whole[0].is_some(), taken, "{length}");
            assert_eq!(whole[1], Some(b"next".to_vec()));
            let pieces: Vec<&[u8]> = line.chunks(1).chain([&b"next\n"[..]]).collect();
            assert_eq!(read(&pieces), whole, "byte by byte");
        }
    }

    #[test]
    fn an_unfinished_line_is_never_held_beyond_the_limit() {
        let mut lines = Lines::new(MOST);
        for _ in 0..1000 {
            assert_eq!(lines.next(&mut &[b'x'; 7][..]), None);
            assert!(lines.held.len() < MOST);
        }
        assert_eq!(lines.finish(), Some(Line::TooLong));
    }

    #[test]
    fn the_last_line_needs_no_ending() {
        assert_eq!(read(&[b"hi\nthere"]), [Some(b"hi".to_vec()), Some(b"there".to_vec())]);
    }

    proptest! {
        #[test]
        fn the_lines_do_not_depend_on_how_the_bytes_are_cut(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            cuts in proptest::collection::vec(1usize..9, 1..60),
        ) {
            let mut pieces = Vec::new();
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (piece, tail) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = tail;
            }
            prop_assert_eq!(read(&pieces), read(&[&bytes]));
        }
    }
}
