//! The texts within IRC lines: formatting taken out, requests between clients told apart, long texts cut. Knows no lines.

use std::borrow::Cow;

use unicode_segmentation::GraphemeCursor;

/// Encloses what one client asks of another (CTCP).
pub const REQUEST: char = '\u{1}';

/// What the text of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text<'a> {
    /// Speech.
    Said(&'a str),
    /// An action, as by `/me`.
    Action(&'a str),
    /// Any other request to a client, by its name; it is not relayed.
    Request(&'a str),
}

/// Tells what the text of a message is.
///
/// ```
/// use roomful::wire::irc::{Text, text};
///
/// assert_eq!(text("waves"), Text::Said("waves"));
/// assert_eq!(text("\u{1}ACTION waves\u{1}"), Text::Action("waves"));
/// assert_eq!(text("\u{1}VERSION"), Text::Request("VERSION"));
/// ```
pub fn text(text: &str) -> Text<'_> {
    let Some(request) = text.strip_prefix(REQUEST) else { return Text::Said(text) };
    let request = request.split(REQUEST).next().unwrap_or(request);
    let (name, rest) = request.split_once(' ').unwrap_or((request, ""));
    if name.eq_ignore_ascii_case("ACTION") { Text::Action(rest) } else { Text::Request(name) }
}

/// The text without codes for bold, colours and the like. The digits of a colour go with its code.
///
/// ```
/// use roomful::wire::irc::plain;
///
/// assert_eq!(plain("\u{3}04,12red\u{3} \u{2}bold\u{2} \u{3},5"), "red bold ,5");
/// ```
pub fn plain(text: &str) -> Cow<'_, str> {
    let is_code = |c: char| matches!(c, '\u{2}'..='\u{4}' | '\u{f}' | '\u{11}' | '\u{16}' | '\u{1d}'..='\u{1f}');
    if !text.contains(is_code) {
        return Cow::Borrowed(text);
    }
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_code) {
        left.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        rest = match rest.as_bytes()[at] {
            b'\x03' => without_colours(behind, |text| digits(text, 1, 2, u8::is_ascii_digit)),
            b'\x04' => without_colours(behind, |text| digits(text, 6, 6, u8::is_ascii_hexdigit)),
            _ => behind,
        };
    }
    left.push_str(rest);
    Cow::Owned(left)
}

/// What is behind a colour, or two with a comma between them; `colour` tells how long one is.
fn without_colours(text: &str, colour: impl Fn(&str) -> Option<usize>) -> &str {
    let Some(length) = colour(text) else { return text };
    let rest = &text[length..];
    let second = rest.strip_prefix(',').and_then(|ground| Some(&ground[colour(ground)?..]));
    second.unwrap_or(rest)
}

/// How many digits `text` begins with, up to `most`; if there are at least `least`.
fn digits(text: &str, least: usize, most: usize, is_digit: impl Fn(&u8) -> bool) -> Option<usize> {
    let count = text.bytes().take(most).take_while(is_digit).count();
    (count >= least).then_some(count)
}

/// The text in pieces of at most `most` bytes, and of one line each; without empty
/// lines. A line is cut behind the last space in the final quarter of a piece, else
/// between two graphemes, else between two characters. Together the pieces are the
/// whole text.
///
/// ```
/// use roomful::wire::irc::pieces;
///
/// let all: Vec<&str> = pieces("good morning, friends\n\nи вам", 15).collect();
/// assert_eq!(all, ["good morning, ", "friends", "и вам"]);
/// ```
pub fn pieces(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let lines = text.split(['\n', '\r']);
    lines.flat_map(move |line| Pieces { rest: line, most })
}

struct Pieces<'a> {
    rest: &'a str,
    most: usize,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let end = if self.rest.len() <= self.most { self.rest.len() } else { cut(self.rest, self.most) };
        let (piece, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!piece.is_empty()).then_some(piece)
    }
}

/// Where to cut a text that is longer than `most` bytes. It is never at 0.
fn cut(text: &str, most: usize) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let last = text.floor_char_boundary(most).max(first);
    let mut cursor = GraphemeCursor::new(last, text.len(), true);
    let mut is_boundary = |at| {
        cursor.set_cursor(at);
        cursor.is_boundary(text, 0).unwrap_or(true)
    };
    let quarter = text.floor_char_boundary(last - last.div_ceil(4));
    let spaces = text[quarter..last].rmatch_indices(' ').map(|(at, _)| quarter + at + 1);
    let mut graphemes = text[..last].char_indices().rev().map(|(at, _)| at).take_while(|at| *at > 0);
    let word = { spaces }.find(|at| is_boundary(*at));
    word.or_else(|| is_boundary(last).then_some(last)).or_else(|| graphemes.find(|at| is_boundary(*at))).unwrap_or(last)
}

/// Words in lines of at most `most` bytes and `count` words, with one space between
/// them. A longer word stands alone.
///
/// ```
/// use roomful::wire::irc::packed;
///
/// let lines: Vec<String> = packed(["@anna", "boris", "vera"], 11, 15).collect();
/// assert_eq!(lines, ["@anna boris", "vera"]);
/// ```
pub fn packed<W: AsRef<str>>(
    words: impl IntoIterator<Item = W>,
    most: usize,
    count: usize,
) -> impl Iterator<Item = String> {
    let mut words = words.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut line = words.next()?.as_ref().to_owned();
        for _ in 1..count {
            let Some(word) = words.next_if(|word| line.len() + 1 + word.as_ref().len() <= most) else { break };
            line.push(' ');
            line.push_str(word.as_ref());
        }
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    #[test]
    fn codes_of_colours_go_with_their_digits_and_no_others() {
        for (coloured, left) in [
            ("\u{3}5five", "five"),
            ("\u{3}123", "3"),
            ("\u{3}1,23 a", " a"),
            ("\u{3}1,a", ",a"),
            ("\u{3}\u{3}a", "a"),
            ("\u{4}ff0000,00ff00a", "a"),
            ("\u{4}ff000a,b \u{4}fff", ",b fff"),
            ("\u{3}04ж\u{f}", "ж"),
            ("a\u{1f}\u{1d}\u{16}\u{11}\u{1e}\u{2}", "a"),
        ] {
            assert_eq!(plain(coloured), left, "{coloured:?}");
        }
    }

    #[test]
    fn a_request_ends_at_its_mark_or_with_the_text() {
        assert_eq!(text("\u{1}action  waves\u{1} rest"), Text::Action(" waves"));
        assert_eq!(text("\u{1}ACTION waves"), Text::Action("waves"));
        assert_eq!(text("\u{1}ACTION\u{1}"), Text::Action(""));
        assert_eq!(text("\u{1}"), Text::Request(""));
        assert_eq!(text("\u{1}DCC SEND x\u{1}"), Text::Request("DCC"));
    }

    #[test]
    fn a_long_text_is_cut_at_a_space_near_the_end_else_between_graphemes_else_between_characters() {
        fn all(text: &str, most: usize) -> Vec<&str> {
            pieces(text, most).collect()
        }
        assert_eq!(all("one two three", 10), ["one two ", "three"]);
        assert_eq!(all("a bcdefghijklm", 10), ["a bcdefghi", "jklm"]);
        // A family of three, 18 bytes.
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(all(&format!("x{family}"), 18), ["x", family]);
        assert_eq!(all(family, 10).concat(), family);
        assert_eq!(all(family, 10)[0], "👨\u{200d}");
        assert_eq!(all("\n\na\n", 10), ["a"]);
        assert_eq!(all("жж", 1), ["ж", "ж"]);
    }

    #[test]
    fn words_are_packed_and_a_long_one_stands_alone() {
        let lines = |most, count| packed(["a", "bb", "cccccc", "d"], most, count).collect::<Vec<_>>();
        assert_eq!(lines(4, 9), ["a bb", "cccccc", "d"]);
        assert_eq!(lines(100, 3), ["a bb cccccc", "d"]);
        assert_eq!(packed([""; 0], 9, 9).count(), 0);
    }

    proptest! {
        #[test]
        fn pieces_are_short_and_are_the_whole_text_cut_between_graphemes(
            text in proptest::collection::vec(prop_oneof![
                Just(" ".to_owned()), Just("\n".to_owned()), Just("🇷🇺".to_owned()), Just("👩‍🚀".to_owned()),
                Just("e\u{301}".to_owned()), Just(" \u{301}".to_owned()), "[a-zа-я]{1,12}", any::<char>().prop_map(String::from),
            ], 0..60).prop_map(|parts| parts.concat()),
            most in 4usize..90,
        ) {
            let all: Vec<&str> = pieces(&text, most).collect();
            prop_assert_eq!(all.concat(), text.replace(['\n', '\r'], ""));
            prop_assert!(all.iter().all(|piece| !piece.is_empty() && piece.len() <= most));
            let longest = text.graphemes(true).map(str::len).max().unwrap_or(0);
            if longest <= most {
                let ends: Vec<usize> = all.iter().map(|piece| piece.as_ptr() as usize - text.as_ptr() as usize + piece.len()).collect();
                let bounds: Vec<usize> = text.grapheme_indices(true).map(|(at, grapheme)| at + grapheme.len()).collect();
                prop_assert!(ends.iter().all(|end| bounds.contains(end)), "{:?} of {:?}", all, text);
            }
        }
    }
}
