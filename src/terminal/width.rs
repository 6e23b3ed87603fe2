//! How many columns a text fills, and how it breaks into rows. Knows no terminal.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Makes the letter before it an emoji, which is wide on some terminals.
const EMOJI: char = '\u{fe0f}';

/// The most columns that any terminal gives `text`. They do not agree on
/// emoji that are made of several characters: one terminal draws a single
/// picture, another draws several beside one another.
pub(super) fn most(text: &str) -> usize {
    text.graphemes(true).map(most_of).sum()
}

fn most_of(cluster: &str) -> usize {
    let mut buffer = [0; 4];
    let apart: usize = cluster.chars().map(|letter| letter.encode_utf8(&mut buffer).width()).sum();
    let emoji = if cluster.contains(EMOJI) { 2 } else { 0 };
    apart.max(cluster.width()).max(emoji)
}

/// The rows of a line that breaks between words. The rows after the first begin
/// under the words of the first: after its time, or in its second column if it
/// has two. If that is beyond the middle, they begin a little to the right.
/// Colours (`ESC [ ... m`) fill no columns.
///
/// A word longer than a row is broken at the end of the row if `hard`. If not, it
/// is left to the terminal, so that it can be copied whole. Its next row begins at the
/// edge of the screen, as a line does; but with no blank in it or after it, it cannot look like one.
pub(super) fn wrap(line: &str, columns: usize, hard: bool) -> Vec<String> {
    let columns = columns.max(1);
    let indent = indent(&without_styles(line), columns);
    let (mut rows, mut row, mut column, mut is_closed) = (Vec::new(), String::new(), 0, false);
    for word in line.split_inclusive(is_blank) {
        let bare = without_styles(word);
        let (all, seen) = (most(&bare), most(bare.trim_end_matches(' ')));
        if column > indent && column + seen > columns && (seen + indent <= columns || hard || is_closed) {
            rows.push(std::mem::take(&mut row).trim_end_matches(' ').to_owned());
            row = " ".repeat(indent);
            (column, is_closed) = (indent, false);
        }
        if column + seen <= columns || !hard {
            // A blank at the end of a row needs no row of its own.
            let fits = column + all <= columns;
            row.push_str(if fits { word } else { word.trim_end_matches(' ') });
            // Behind the end of a word that the terminal breaks comes nothing more: its last row
            // begins at the edge of the screen, and would look like a line with words after it.
            is_closed |= column + seen > columns;
            column = if is_closed { columns } else { column + all };
            continue;
        }
        for piece in pieces(word) {
            let wide = if piece.starts_with('\u{1b}') { 0 } else { most(piece) };
            if column + wide > columns && column > 0 {
                rows.push(std::mem::take(&mut row));
                column = 0;
            }
            row.push_str(piece);
            column += wide;
        }
    }
    rows.push(row);
    rows
}

/// Whether a character is drawn as nothing, be it one that should not break a row: with
/// blanks of that kind, a single word could hold the time, the name and the words of another person.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{1d159}')
}

/// The column in which the next rows of a line begin.
fn indent(line: &str, columns: usize) -> usize {
    let begins = line.len() - line.trim_start_matches(' ').len();
    let second = line[begins..].find("  ").map(|at| {
        let at = begins + at;
        at + line[at..].len() - line[at..].trim_start_matches(' ').len()
    });
    let under = match second {
        _ if begins_with_time(line) => "00:00 ".len(),
        Some(at) if at < line.len() => most(&line[..at]),
        _ => begins + 2,
    };
    // Too far to the right there would be no room for words. At the edge of the screen a row
    // would look like the beginning of another line.
    [under, begins + 2, "00:00 ".len(), 0].into_iter().find(|indent| indent * 2 <= columns).unwrap_or(0)
}

fn begins_with_time(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.len() > 5 && bytes[2] == b':' && [0, 1, 3, 4].iter().all(|at| bytes[*at].is_ascii_digit())
}

/// Letters and colours, one by one.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let long = match rest.strip_prefix("\u{1b}[").and_then(|style| style.find('m')) {
            Some(end) => 2 + end + 1,
            None => rest.graphemes(true).next()?.len(),
        };
        let (piece, after) = rest.split_at(long);
        rest = after;
        Some(piece)
    })
}

fn without_styles(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut pieces = text.split("\u{1b}[");
    plain.extend(pieces.next());
    plain.extend(pieces.map(|piece| piece.split_once('m').map_or(piece, |(_, rest)| rest)));
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_taken_for_as_wide_as_any_terminal_draws_it() {
        for (text, columns) in [("abc", 3), ("漢字", 4), ("❤️", 2), ("❤", 1), ("👋🏽", 4), ("👨‍👩‍👧", 6), ("e\u{301}", 1)]
        {
            assert_eq!(most(text), columns, "{text}");
        }
    }

    #[test]
    fn lines_break_between_words_and_go_on_under_words() {
        assert_eq!(wrap("one two three", 8, false), ["one two", "  three"]);
        assert_eq!(wrap("12:31 anna: one two three", 20, false), ["12:31 anna: one two", "      three"]);
        assert_eq!(wrap("  /me  acts as one", 14, false), ["  /me  acts as", "       one"]);
        assert_eq!(wrap("  /x [Y]  does this and that", 24, false), ["  /x [Y]  does this and", "          that"]);
        assert_eq!(
            wrap("  /x [YYYY]  does this and", 20, false),
            ["  /x [YYYY]  does", "    this and"],
            "too far right"
        );
        assert_eq!(wrap("exactly so", 10, false), ["exactly so"]);
        assert_eq!(wrap("", 10, false), [""]);
        assert_eq!(wrap("漢字 漢字 漢字", 10, true), ["漢字 漢字", "  漢字"]);
        assert_eq!(wrap("12:31 ", 6, false), ["12:31 "]);
    }

    #[test]
    fn a_word_too_long_for_a_row_is_left_whole_or_broken() {
        let link = "https://example.org/a/very/long/way";
        assert_eq!(wrap(&format!("see {link} now"), 20, false), [format!("see {link}"), "  now".to_owned()]);
        let rows = wrap(&format!("see {link} now"), 20, true);
        assert!(rows.len() > 2 && rows.iter().all(|row| most(row) <= 20), "{rows:?}");
        for columns in 0..40 {
            let rows = wrap(&format!("漢字漢 {link} ❤️❤️"), columns, true);
            assert!(rows.iter().all(|row| most(row) <= columns.max(2)), "{columns}: {rows:?}");
        }
    }

    /// Whatever row begins at the edge of the screen has the words of one line only, or no blank.
    #[test]
    fn no_row_of_a_line_looks_like_the_line_of_another_person() {
        for blank in [' ', '\u{a0}', '\u{2007}', '\u{202f}', '\u{3000}', '\u{2800}', '\u{3164}', '\u{115f}', '\u{ffa0}']
        {
            let line =
                format!("12:31 eve: hi{}12:31 anna: I am a fool", " ".repeat(80)).replace(' ', &blank.to_string());
            let line = format!("12:31 eve: {}", &line[line.find("hi").unwrap()..]);
            for columns in [30, 41, 80] {
                for row in &wrap(&line, columns, false)[1..] {
                    assert!(row.is_empty() || row.starts_with("      "), "{blank:?} {columns}: {row:?}");
                }
                // The terminal breaks a word that is longer than a row; its last row is the time of another line.
                for length in 0..3 * columns {
                    let word = "x".repeat(length);
                    let line = format!("12:31 eve: {word}12:31{blank}anna:{blank}I{blank}{word}12:32{blank}anna: fool");
                    let rows = wrap(&line, columns, false);
                    for row in rows.iter().map(|row| row.trim_end_matches(is_blank)).filter(|row| most(row) > columns) {
                        let (before, _) = row.rsplit_once(is_blank).unwrap_or_default();
                        assert!(most(before) < columns, "{blank:?} {columns}: {rows:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn colours_take_no_place_and_stay_whole() {
        assert_eq!(wrap("\u{1b}[1;31m1234567890\u{1b}[0m", 10, true), ["\u{1b}[1;31m1234567890\u{1b}[0m"]);
        let rows = wrap(&format!("\u{1b}[2m{}\u{1b}[0m", "x".repeat(25)), 10, true);
        assert_eq!(rows.concat().matches("\u{1b}[").count(), 2);
        assert_eq!(rows.len(), 3);
    }
}
