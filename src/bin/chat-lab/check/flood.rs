//! A flood: many long lines of one speaker, in rounds, each line with its number. Knows no rule and no socket.

use memchr::memmem;

use crate::check::client::Client;
use crate::check::play::Play;
use crate::check::profile::End;
use crate::check::verdict::Outcome;

/// Lines of a round: with the longest ones less than 256 KiB, which no listener that reads is closed for.
const LINES: usize = 64;
/// Bytes of the shortest line and of the longest one, if the protocol has no shorter bound.
const LENGTH: (usize, usize) = (3000, 4000);
/// Bytes of a line that must be found in a stream: so many come with one read.
const SHORT: usize = 200;
/// Digits of a line's number.
const DIGITS: usize = 6;

/// The lines that one speaker has said.
pub struct Flood {
    tag: String,
    end: End,
    longest: usize,
    said: usize,
    bytes: u64,
}

/// What a client finds when it reads the lines of a flood.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// The line of this number.
    Line(usize),
    /// Another message.
    Other(Vec<u8>),
}

impl Flood {
    /// Nothing is said yet.
    pub fn new(play: &mut Play) -> Flood {
        let longest = if play.profile().end.is_seen() { play.longest(LENGTH.1) } else { SHORT };
        let tag = play.tag();
        play.script().said().add(tag.as_bytes());
        Flood { tag, end: play.profile().end.clone(), longest, said: 0, bytes: 0 }
    }

    /// Bytes said.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Lines said.
    pub fn said(&self) -> usize {
        self.said
    }

    /// The text of a line: its number, and letters that another line near it does not have.
    pub fn text(&self, number: usize) -> String {
        let length = (LENGTH.0 + number * 37 % (LENGTH.1 - LENGTH.0)).min(self.longest);
        let letter = char::from(b'a' + (number % 26) as u8);
        let head = format!("{}{number:0DIGITS$} ", self.tag);
        format!("{head}{}", letter.to_string().repeat(length.saturating_sub(head.len())))
    }

    /// Says a round, and returns its last text. If nobody can tell where a message ends, a round is a heap
    /// of bytes that is read before one line is said, so that the line can be found.
    ///
    /// # Errors
    /// Broken, if the server does not take it.
    pub fn say_round(&mut self, speaker: &mut Client) -> Outcome<String> {
        if self.end.is_seen() {
            self.say(speaker, LINES)
        } else {
            let heap = speaker.bytes_of(&vec![b'-'; LINES * LENGTH.1]);
            self.bytes += heap.len() as u64;
            speaker.send(&heap)?;
            speaker.wait_until_read()?;
            self.say(speaker, 1)
        }
    }

    /// Says so many lines with one call, and returns the last text.
    ///
    /// # Errors
    /// Broken, if the server does not take them.
    pub fn say(&mut self, speaker: &mut Client, lines: usize) -> Outcome<String> {
        let texts: Vec<String> = (self.said..self.said + lines).map(|number| self.text(number)).collect();
        let mut bytes = Vec::new();
        texts.iter().for_each(|text| bytes.extend_from_slice(&speaker.bytes_of(text.as_bytes())));
        self.said += lines;
        self.bytes += bytes.len() as u64;
        speaker.send(&bytes)?;
        Ok(texts.into_iter().next_back().unwrap_or_default())
    }

    /// The first line at the beginning of what came, and how many bytes it takes.
    pub fn find(&self, bytes: &[u8]) -> Option<(Found, usize)> {
        if self.end.is_seen() {
            let (message, length) = self.end.cut(bytes)?;
            let found =
                self.number(message).map_or_else(|| Found::Other(message.to_vec()), |(line, _)| Found::Line(line));
            return Some((found, length));
        }
        self.number(bytes).map(|(line, end)| (Found::Line(line), end))
    }

    fn number(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let start = memmem::find(bytes, self.tag.as_bytes())? + self.tag.len();
        let digits = std::str::from_utf8(bytes.get(start..start + DIGITS)?).ok()?;
        Some((digits.parse().ok()?, start + DIGITS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::profile::Profile;

    fn flood(profile: &str) -> Flood {
        let end = Profile::load(profile).unwrap().end;
        Flood { tag: "zxcvbnmk".to_owned(), end, longest: 4000, said: 0, bytes: 0 }
    }

    #[test]
    fn a_line_is_found_by_its_number_and_another_message_is_not_taken_for_one() {
        let flood = flood("plain");
        let line = format!("anna: {}\n", flood.text(17));
        assert_eq!(flood.find(line.as_bytes()), Some((Found::Line(17), line.len())));
        assert_eq!(flood.find(b"* vera left\nanna"), Some((Found::Other(b"* vera left".to_vec()), 12)));
        assert_eq!(flood.find(&line.as_bytes()[..100]), None);
    }

    #[test]
    fn in_a_stream_a_number_is_found_between_other_bytes() {
        let flood = flood("raw");
        let stream = format!("---- {} --", flood.text(3));
        assert_eq!(flood.find(stream.as_bytes()), Some((Found::Line(3), "---- zxcvbnmk000003".len())));
        assert_eq!(flood.find(b"---- zxcvbnmk0000"), None);
    }

    #[test]
    fn lines_are_of_many_lengths() {
        let flood = flood("plain");
        let lengths: std::collections::HashSet<usize> = (0..100).map(|number| flood.text(number).len()).collect();
        assert!(
            lengths.len() > 90 && lengths.iter().all(|length| (LENGTH.0..LENGTH.1).contains(length)),
            "{lengths:?}"
        );
    }
}
