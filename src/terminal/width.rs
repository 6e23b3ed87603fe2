//! How much of a screen a text fills. Knows no terminal, only columns.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// How many rows `text` fills, from the first column on, on a screen `columns`
/// wide. Colours (`ESC [ ... m`) take no place. A text that ends exactly at
/// the edge needs the next row for the cursor.
pub(super) fn rows(text: &str, columns: usize) -> usize {
    let columns = columns.max(2);
    let plain = without_styles(text);
    let (mut row, mut column) = (1, 0);
    for cluster in plain.graphemes(true) {
        if cluster == "\n" {
            (row, column) = (row + 1, 0);
            continue;
        }
        let width = cluster.width();
        column += width;
        if column > columns {
            (row, column) = (row + 1, width);
        }
    }
    row
}

/// Like [`rows`], for a line with the cursor after its end.
pub(super) fn rows_with_cursor(text: &str, columns: usize) -> usize {
    // One more column shows whether the cursor has moved to the next row.
    rows(&format!("{text} "), columns)
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
    fn a_row_holds_as_many_columns_as_the_screen_has() {
        for (text, count) in [("", 1), ("123456789", 1), ("1234567890", 1), ("12345678901", 2), ("a\nb", 2)] {
            assert_eq!(rows(text, 10), count, "{text:?}");
        }
        assert_eq!(rows_with_cursor("123456789", 10), 1);
        assert_eq!(rows_with_cursor("1234567890", 10), 2);
    }

    #[test]
    fn a_wide_letter_is_not_cut_at_the_edge() {
        assert_eq!(rows("漢字漢字漢", 10), 1);
        assert_eq!(rows("x漢字漢字漢", 10), 2);
    }

    #[test]
    fn colours_take_no_place() {
        assert_eq!(rows("\u{1b}[1;31m1234567890\u{1b}[0m", 10), 1);
    }
}
