//! What stands at the bottom of the screen, row by row: live lines, the prompt, the draft. Knows no terminal, only columns and rows.
//!
//! Every row is shorter than the screen is wide, and begins where we put it.
//! So the terminal never breaks a row by itself, and we know the number of rows,
//! even if a letter is narrower on it than we assume.

use unicode_segmentation::UnicodeSegmentation;

use super::width::{most, wrap};

/// What is typed, and what stands before it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    pub prompt: String,
    pub text: String,
    /// Where the cursor is in the text, in bytes.
    pub at: usize,
    /// The text must not be shown.
    pub secret: bool,
    /// The prompt is a question, and does not change.
    pub is_asked: bool,
}

/// Rows, and where the cursor is in them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub rows: Vec<String>,
    /// The row of the cursor.
    pub row: usize,
    /// What stands before the cursor in its row.
    pub before: String,
}

impl Frame {
    /// One empty row: no prompt.
    pub fn empty() -> Frame {
        Frame { rows: vec![String::new()], ..Frame::default() }
    }

    /// `live` lines and `typed`, laid out for a screen of this size.
    pub fn new(live: &[String], typed: Option<&Typed>, columns: usize, height: usize) -> Frame {
        let width = columns.saturating_sub(1).max(1);
        let mut frame = typed.map_or_else(Frame::empty, |typed| laid(typed, width));
        // Half the screen for each at most: the rest is for printed lines.
        let half = (height / 2).max(1);
        frame.keep(half);
        let mut above: Vec<String> = live.iter().flat_map(|line| wrap(line, width, true)).collect();
        above.drain(..above.len().saturating_sub(half.saturating_sub(1)));
        frame.row += above.len();
        above.append(&mut frame.rows);
        frame.rows = above;
        frame
    }

    /// Removes all rows but `count`, those next to the cursor.
    fn keep(&mut self, count: usize) {
        let first = (self.row + 1).saturating_sub(count);
        self.rows.drain(..first);
        self.rows.truncate(count);
        self.row -= first;
    }
}

/// The prompt and the text, in rows of so many columns.
fn laid(typed: &Typed, width: usize) -> Frame {
    let mut frame = Frame::default();
    let (mut row, mut column) = (String::new(), 0);
    let shown = if typed.secret { "" } else { &typed.text };
    let cursor = typed.prompt.len() + typed.at.min(shown.len());
    let whole = format!("{}{shown}", typed.prompt);
    for (at, cluster) in whole.grapheme_indices(true) {
        let shown = if cluster == "\t" { " " } else { cluster };
        let is_break = cluster.contains('\n');
        // A combining mark may join the letter before it, and then the cursor is inside both.
        let is_here = (at..at + cluster.len()).contains(&cursor);
        if is_here && is_break {
            (frame.row, frame.before) = (frame.rows.len(), row.clone());
        }
        if is_break || column + most(shown) > width {
            frame.rows.push(std::mem::take(&mut row));
            column = 0;
        }
        if is_here && !is_break {
            (frame.row, frame.before) = (frame.rows.len(), row.clone());
        }
        if !is_break {
            row.push_str(shown);
            column += most(shown);
        }
    }
    if cursor == whole.len() {
        if column >= width {
            frame.rows.push(std::mem::take(&mut row));
        }
        (frame.row, frame.before) = (frame.rows.len(), row.clone());
    }
    frame.rows.push(row);
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(text: &str, at: usize) -> Typed {
        Typed { prompt: "> ".into(), text: text.into(), at, ..Typed::default() }
    }

    #[test]
    fn a_draft_has_rows_of_its_own_and_none_reaches_the_edge() {
        let text = "漢字❤️\t👨‍👩‍👧x".repeat(20);
        for columns in 0..90 {
            let frame = Frame::new(&[], Some(&typed(&text, text.len())), columns, 1000);
            let least = columns.saturating_sub(1).max(8);
            assert!(frame.rows.iter().all(|row| most(row) <= least), "{columns}: {:?}", frame.rows);
            assert_eq!((frame.row, &frame.before), (frame.rows.len() - 1, &frame.rows[frame.row]));
            let whole = format!("> {}", text.replace('\t', " "));
            assert_eq!(frame.rows.concat(), whole);
        }
    }

    #[test]
    fn the_cursor_is_where_the_next_letter_goes() {
        let at = |text: &str, at: usize| {
            let frame = Frame::new(&[], Some(&typed(text, at)), 11, 100);
            (frame.row, frame.before)
        };
        assert_eq!(at("", 0), (0, "> ".into()));
        assert_eq!(at("1234567", 7), (0, "> 1234567".into()));
        assert_eq!(at("12345678", 8), (1, "".into()));
        assert_eq!(at("123456789", 8), (1, "".into()));
        assert_eq!(at("123456789", 9), (1, "9".into()));
        assert_eq!(at("one\ntwo", 3), (0, "> one".into()));
        assert_eq!(at("one\ntwo", 4), (1, "".into()));
        assert_eq!(at("one\n", 4), (1, "".into()));
        assert_eq!(at("one\n\ntwo", 4), (1, "".into()));
    }

    #[test]
    fn what_is_longer_than_the_screen_shows_the_rows_next_to_the_cursor() {
        let text = "word ".repeat(1000);
        let live = vec!["live".to_owned(); 30];
        for height in 0..30 {
            for at in [0, 2500, 5000] {
                let frame = Frame::new(&live, Some(&typed(&text, at)), 40, height);
                assert!(frame.rows.len() <= height.max(1), "{height}");
                assert!(frame.rows[frame.row].starts_with(&frame.before), "{height} {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_and_printed_has_its_rows(
            text in "[a-z \n\t\u{301}\u{200d}漢👨👩❤\u{fe0f}🇩🇪ж]{0,60}",
            line in "[a-z \u{301}漢👋\u{fe0f}]{0,90}",
            cut in 0usize..200,
            columns in 0usize..30,
            height in 0usize..12,
        ) {
            let at = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let frame = Frame::new(std::slice::from_ref(&line), Some(&typed(&text, at)), columns, height);
            prop_assert!(frame.row < frame.rows.len());
            prop_assert!(frame.rows[frame.row].starts_with(&frame.before));
            for hard in [true, false] {
                let letters = |text: &str| text.replace(' ', "");
                let rows = wrap(&line, columns, hard);
                prop_assert_eq!(letters(&rows.concat()), letters(&line));
            }
        }
    }

    #[test]
    fn of_a_secret_nothing_is_shown() {
        let secret = Typed { secret: true, ..typed("hush", 4) };
        let frame = Frame::new(&[], Some(&secret), 80, 24);
        assert_eq!((frame.rows, frame.before), (vec!["> ".to_owned()], "> ".to_owned()));
    }
}
