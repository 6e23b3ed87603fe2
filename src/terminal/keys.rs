//! Bytes from a terminal in, keys out. Knows no text and no screen, and waits for nothing.
//!
//! A key may come in pieces. An incomplete key waits here until more bytes come,
//! or until [`Keys::expire`] says that no more come.

use std::time::Duration;

use super::draft::Step;

/// How long the rest of a key may take. Only then is Escape a key of its own.
const PIECE: Duration = Duration::from_millis(100);

/// How long a paste may be silent. After that its end mark is taken for lost.
const PASTE: Duration = Duration::from_secs(1);

/// What a terminal puts around a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// What a person presses, by what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Letter(char),
    /// A letter of a paste; a line break in it is no Enter.
    Pasted(char),
    Enter,
    /// A line break in the text: Ctrl-J, Alt-Enter, or Shift-Enter if the terminal tells it apart.
    Break,
    /// To the next word that fits, and to the one before.
    Complete,
    CompleteBack,
    /// Takes back the offered word.
    Cancel,
    /// Moves the cursor.
    Go(Step),
    /// Removes the text that the cursor would pass.
    Erase(Step),
    /// Puts back what was erased last, if it was more than a letter.
    PutBack,
    /// Changes the letters on both sides of the cursor.
    Swap,
    Older,
    Newer,
    /// Searches older lines for what is typed, or newer ones.
    Find,
    FindNewer,
    Clear,
    Interrupt,
    EndOfInput,
    Suspend,
}

/// Bytes that are no whole key yet.
#[derive(Debug, Default)]
pub(super) struct Keys {
    bytes: Vec<u8>,
    at: usize,
    pasting: bool,
}

impl Keys {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..std::mem::take(&mut self.at));
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole key.
    pub fn next(&mut self) -> Option<Key> {
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            let (taken, key) = if self.pasting { pasted(rest)? } else { key(rest)? };
            match key {
                Part::PasteBegins => self.pasting = true,
                Part::PasteEnds => self.pasting = false,
                Part::Nothing | Part::Key(_) => {}
            }
            self.at += taken;
            if let Part::Key(key) = key {
                return Some(key);
            }
        }
        None
    }

    /// How long to wait for the rest of an incomplete key, if there is one.
    pub fn patience(&self) -> Option<Duration> {
        if self.pasting {
            Some(PASTE)
        } else if self.at < self.bytes.len() {
            Some(PIECE)
        } else {
            None
        }
    }

    /// No more bytes came: an incomplete key ends here.
    pub fn expire(&mut self) -> Option<Key> {
        let escape = !self.pasting && self.bytes[self.at..] == *b"\x1b";
        self.pasting = false;
        self.bytes.clear();
        self.at = 0;
        escape.then_some(Key::Cancel)
    }

    /// Forgets all that was typed ahead. Returns whether Ctrl-C was in it.
    pub fn take_interrupt(&mut self) -> bool {
        let interrupted = !self.pasting && self.bytes[self.at..].contains(&3);
        if interrupted {
            self.bytes.clear();
            self.at = 0;
        }
        interrupted
    }
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Key(Key),
    /// Bytes that mean nothing here.
    Nothing,
    PasteBegins,
    PasteEnds,
}

/// The key at the beginning of `bytes`, and its length; `None` if it is incomplete.
fn key(bytes: &[u8]) -> Option<(usize, Part)> {
    match bytes[0] {
        0x1b => escaped(bytes),
        byte @ (0..=0x1f | 0x7f) => Some((1, control(byte))),
        _ => letter(bytes).map(|(taken, letter)| {
            // Some are commands to a terminal, and no person types them.
            let part = if letter.is_control() { Part::Nothing } else { Part::Key(Key::Letter(letter)) };
            (taken, part)
        }),
    }
}

fn control(byte: u8) -> Part {
    Part::Key(match byte {
        0x01 => Key::Go(Step::Start),
        0x02 => Key::Go(Step::Left),
        0x03 => Key::Interrupt,
        0x04 => Key::EndOfInput,
        0x05 => Key::Go(Step::End),
        0x06 => Key::Go(Step::Right),
        0x07 => Key::Cancel,
        0x08 | 0x7f => Key::Erase(Step::Left),
        0x09 => Key::Complete,
        0x0a => Key::Break,
        0x0d => Key::Enter,
        0x0b => Key::Erase(Step::End),
        0x0c => Key::Clear,
        0x0e => Key::Newer,
        0x10 => Key::Older,
        0x12 => Key::Find,
        0x13 => Key::FindNewer,
        0x14 => Key::Swap,
        0x15 => Key::Erase(Step::Start),
        0x17 => Key::Erase(Step::WordLeft),
        0x19 => Key::PutBack,
        0x1a => Key::Suspend,
        _ => return Part::Nothing,
    })
}

/// What begins with Escape: a sequence, or a key with Alt.
fn escaped(bytes: &[u8]) -> Option<(usize, Part)> {
    match bytes.get(1)? {
        b'[' => {
            let end = 2 + bytes[2..].iter().position(|byte| !(0x20..=0x3f).contains(byte))?;
            // Any other byte breaks the sequence off, and is a key itself.
            let whole = (0x40..=0x7e).contains(&bytes[end]);
            let part = if whole { sequence(&bytes[2..end], bytes[end]) } else { Part::Nothing };
            Some((if whole { end + 1 } else { end }, part))
        }
        b'O' => Some((3, sequence(&[], *bytes.get(2)?))),
        b'b' => Some((2, Part::Key(Key::Go(Step::WordLeft)))),
        b'f' => Some((2, Part::Key(Key::Go(Step::WordRight)))),
        b'd' => Some((2, Part::Key(Key::Erase(Step::WordRight)))),
        0x08 | 0x7f => Some((2, Part::Key(Key::Erase(Step::WordLeft)))),
        b'\r' | b'\n' => Some((2, Part::Key(Key::Break))),
        // Escape, and then something else.
        _ => Some((1, Part::Key(Key::Cancel))),
    }
}

fn sequence(numbers: &[u8], end: u8) -> Part {
    let by_word = matches!(numbers, b"1;3" | b"1;5" | b"5" | b"3");
    Part::Key(match (numbers, end) {
        (b"200", b'~') => return Part::PasteBegins,
        (b"13;2" | b"13;3", b'u') | (b"27;2;13" | b"27;3;13", b'~') => Key::Break,
        (_, b'A') => Key::Older,
        (_, b'B') => Key::Newer,
        (_, b'C') => Key::Go(if by_word { Step::WordRight } else { Step::Right }),
        (_, b'D') => Key::Go(if by_word { Step::WordLeft } else { Step::Left }),
        (_, b'H') | (b"1" | b"7", b'~') => Key::Go(Step::Start),
        (_, b'F') | (b"4" | b"8", b'~') => Key::Go(Step::End),
        (_, b'Z') => Key::CompleteBack,
        (b"3", b'~') => Key::Erase(Step::Right),
        (b"3;5" | b"3;3", b'~') => Key::Erase(Step::WordRight),
        _ => return Part::Nothing,
    })
}

/// The same inside a paste: every key is a letter, except the mark at its end.
fn pasted(bytes: &[u8]) -> Option<(usize, Part)> {
    if bytes.starts_with(PASTE_END) {
        return Some((PASTE_END.len(), Part::PasteEnds));
    }
    if PASTE_END.starts_with(bytes) {
        return None;
    }
    let (taken, letter) = letter(bytes)?;
    Some(match letter {
        '\r' if bytes.len() == 1 => return None,
        '\r' => (1 + usize::from(bytes[1] == b'\n'), Part::Key(Key::Pasted('\n'))),
        '\n' | '\t' => (taken, Part::Key(Key::Pasted(letter))),
        letter if letter.is_control() => (taken, Part::Nothing),
        letter => (taken, Part::Key(Key::Pasted(letter))),
    })
}

/// One letter of UTF-8, or U+FFFD for a byte that is no UTF-8.
fn letter(bytes: &[u8]) -> Option<(usize, char)> {
    let long = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    match std::str::from_utf8(&bytes[..long.min(bytes.len())]) {
        Ok(text) => Some((long, text.chars().next()?)),
        // The letter is incomplete.
        Err(error) if error.error_len().is_none() => None,
        Err(_) => Some((1, char::REPLACEMENT_CHARACTER)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(keys: &mut Keys) -> Vec<Key> {
        std::iter::from_fn(|| keys.next()).collect()
    }

    fn text(keys: &[Key]) -> String {
        let letter = |key: &Key| match key {
            Key::Letter(letter) | Key::Pasted(letter) => *letter,
            other => panic!("{other:?}"),
        };
        keys.iter().map(letter).collect()
    }

    #[test]
    fn keys_are_the_same_however_their_bytes_are_cut() {
        let typed = "aж漢👋\u{1b}[A\u{1b}[1;5D\u{1b}OH\u{1b}b\u{1b}[200~x\r\n\u{1b}[31my\u{1b}[201~\t".as_bytes();
        let mut whole = Keys::default();
        whole.feed(typed);
        let whole = all(&mut whole);
        assert_eq!(whole.len(), 4 + 4 + 2 + "[31m".len() + 1 + 1, "{whole:?}");
        for cut in 1..typed.len() {
            let mut keys = Keys::default();
            keys.feed(&typed[..cut]);
            let mut got = all(&mut keys);
            keys.feed(&typed[cut..]);
            got.extend(all(&mut keys));
            assert_eq!(got, whole, "cut at {cut}");
            assert_eq!(keys.patience(), None);
        }
    }

    #[test]
    fn escape_alone_is_a_key_only_when_nothing_follows() {
        let mut keys = Keys::default();
        keys.feed(b"\x1b");
        assert_eq!((keys.next(), keys.patience()), (None, Some(PIECE)));
        assert_eq!((keys.expire(), keys.patience()), (Some(Key::Cancel), None));
        keys.feed(b"\x1b[1");
        assert_eq!((keys.next(), keys.expire(), keys.next()), (None, None, None));
        keys.feed(b"\x1bq");
        assert_eq!(all(&mut keys), [Key::Cancel, Key::Letter('q')]);
        keys.feed(b"\x1b[1\rx");
        assert_eq!(all(&mut keys), [Key::Enter, Key::Letter('x')]);
    }

    #[test]
    fn a_paste_without_an_end_ends_when_nothing_comes() {
        let mut keys = Keys::default();
        keys.feed(b"\x1b[200~ab\x03\r");
        assert_eq!(text(&all(&mut keys)), "ab");
        assert_eq!((keys.patience(), keys.expire()), (Some(PASTE), None));
        keys.feed(b"\r");
        assert_eq!(all(&mut keys), [Key::Enter]);
    }

    #[test]
    fn every_byte_is_taken_and_bytes_that_are_no_text_are_marked() {
        for byte in 0..=u8::MAX {
            let mut keys = Keys::default();
            keys.feed(&[byte]);
            all(&mut keys);
            keys.expire();
            keys.feed(b"x");
            assert_eq!(all(&mut keys), [Key::Letter('x')], "{byte:#x}");
        }
        let mut keys = Keys::default();
        keys.feed(b"a\xff\xe6\xbcb");
        assert_eq!(text(&all(&mut keys)), "a\u{fffd}\u{fffd}\u{fffd}b");
        keys.feed("a\u{9b}2Jb".as_bytes());
        assert_eq!(text(&all(&mut keys)), "a2Jb");
    }
}
