//! Texts of a peer that must fit a limit. Knows no line.

use unicode_segmentation::UnicodeSegmentation;

/// The longest start of `text`, in whole graphemes, of at most `most` characters.
pub(super) fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let mut left = most;
    let end = text.grapheme_indices(true).find_map(|(at, grapheme)| {
        let have = grapheme.chars().count();
        let fits = have <= left;
        left = left.saturating_sub(have);
        (!fits).then_some(at)
    });
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_two_graphemes() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "abc");
        assert_eq!(cut("привет", 6), "привет");
        assert_eq!(cut("приветы", 6), "привет");
        assert_eq!(cut("ab👩‍🚀", 3), "ab");
        assert_eq!(cut("👩‍🚀", 2), "");
    }
}
