//! The mark inside every message the lab sends: its speaker, its number and its time. Knows no dialect and no socket.

use memchr::memmem::Finder;

/// Bytes a mark takes; a message cannot be shorter.
pub const MARK_LEN: usize = 27;

/// Longest message the lab sends, in bytes; IRC lines end at 512 with all their trimmings.
pub const MAX_TEXT: usize = 400;

const NEEDLE_LEN: usize = 5;
const SPEAKER: usize = NEEDLE_LEN + 2;
const NUMBER: usize = SPEAKER + 8;
const NO_DIGIT: u8 = 0xff;
const DIGITS: &[u8; 16] = b"0123456789abcdef";
const VALUES: [u8; 256] = values();

/// What a mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Index of the speaker among the speakers of this run.
    pub speaker: u8,
    /// Counts up from 0 for each speaker.
    pub number: u32,
    /// When it was handed to the socket, in nanoseconds of the lab's clock; 48 bits are stored.
    pub sent: u64,
}

/// Writes and finds the marks of one run, and overlooks those of any other.
#[derive(Debug)]
pub struct Marker {
    needle: [u8; NEEDLE_LEN],
    finder: Finder<'static>,
    size: usize,
}

impl Marker {
    /// Marks for run number `run` in messages of `size` bytes (held to 27..=400).
    pub fn new(run: u16, size: usize) -> Self {
        let mut needle = [b'~'; NEEDLE_LEN];
        hex(u64::from(run), &mut needle[1..]);
        Self { needle, finder: Finder::new(&needle).into_owned(), size: size.clamp(MARK_LEN, MAX_TEXT) }
    }

    /// Bytes of a whole message.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The bytes that begin each mark of this run.
    pub fn needle(&self) -> &[u8] {
        &self.needle
    }

    /// Appends a whole message: the mark, then letters up to the size.
    pub fn write(&self, mark: Mark, out: &mut Vec<u8>) {
        let mut text = [0; MAX_TEXT];
        text[..NEEDLE_LEN].copy_from_slice(&self.needle);
        hex(u64::from(mark.speaker), &mut text[NEEDLE_LEN..SPEAKER]);
        hex(u64::from(mark.number), &mut text[SPEAKER..NUMBER]);
        hex(mark.sent, &mut text[NUMBER..MARK_LEN]);
        for (at, byte) in text.iter_mut().enumerate().take(self.size).skip(MARK_LEN) {
            *byte = b'a' + (at % 26) as u8;
        }
        out.extend_from_slice(&text[..self.size]);
    }

    /// The mark in `line`. `hint` is the position of the last mark of this connection: lines of
    /// one speaker are alike, so the search is nearly always one comparison.
    #[inline]
    pub fn find(&self, line: &[u8], hint: &mut usize) -> Option<Mark> {
        if !line.get(*hint..).is_some_and(|rest| rest.starts_with(&self.needle)) {
            *hint = self.finder.find(line)?;
        }
        read(line.get(*hint..*hint + MARK_LEN)?)
    }
}

fn read(mark: &[u8]) -> Option<Mark> {
    Some(Mark {
        speaker: number(&mark[NEEDLE_LEN..SPEAKER])? as u8,
        number: number(&mark[SPEAKER..NUMBER])? as u32,
        sent: number(&mark[NUMBER..])?,
    })
}

fn number(digits: &[u8]) -> Option<u64> {
    let mut value = 0;
    let mut seen = 0;
    for &digit in digits {
        let nibble = VALUES[usize::from(digit)];
        seen |= nibble;
        value = value << 4 | u64::from(nibble & 15);
    }
    (seen != NO_DIGIT).then_some(value)
}

fn hex(mut value: u64, out: &mut [u8]) {
    for digit in out.iter_mut().rev() {
        *digit = DIGITS[(value & 15) as usize];
        value >>= 4;
    }
}

const fn values() -> [u8; 256] {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        table[DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark { speaker: 9, number: 0x00c0_ffee, sent: 0xdead_beef_cafe };

    fn said(marker: &Marker, before: &str, after: &str) -> Vec<u8> {
        let mut line = before.as_bytes().to_vec();
        marker.write(MARK, &mut line);
        line.extend_from_slice(after.as_bytes());
        line
    }

    #[test]
    fn a_mark_is_found_behind_any_preamble() {
        let marker = Marker::new(0xab, 64);
        let mut hint = 0;
        for before in ["[12:05] u1: ", ":u12!~u@h PRIVMSG #x :", "[12:05] u1: ", ""] {
            assert_eq!(marker.find(&said(&marker, before, "\r"), &mut hint), Some(MARK));
            assert_eq!(hint, before.len());
        }
    }

    #[test]
    fn a_mark_of_another_run_is_overlooked() {
        let line = said(&Marker::new(1, 64), "x ", "");
        assert_eq!(Marker::new(2, 64).find(&line, &mut 2), None);
    }

    #[test]
    fn a_cut_or_broken_mark_is_none() {
        let marker = Marker::new(1, MARK_LEN);
        let line = said(&marker, "", "");
        assert_eq!(line.len(), MARK_LEN);
        assert_eq!(marker.find(&line[..MARK_LEN - 1], &mut 0), None);
        for at in NEEDLE_LEN..MARK_LEN {
            let mut broken = line.clone();
            broken[at] = b'g';
            assert_eq!(marker.find(&broken, &mut 0), None, "broken at {at}");
        }
    }

    #[test]
    fn a_message_is_as_long_as_asked_within_bounds() {
        for (asked, got) in [(0, MARK_LEN), (64, 64), (9999, MAX_TEXT)] {
            assert_eq!(said(&Marker::new(1, asked), "", "").len(), got);
        }
    }
}
