//! Finds a name in a text. Knows no people and no screen.

use std::ops::Range;

/// The places at which `text` mentions `nick`: as a word of its own, in any case,
/// with or without `@` before it or `:` after it.
pub(super) fn mentions(text: &str, nick: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut before = None;
    for (start, letter) in text.char_indices() {
        if !before.is_some_and(is_word)
            && let Some(end) = prefix(&text[start..], nick).map(|length| start + length)
            && !goes_on(&text[end..])
        {
            found.push(start..end);
        }
        before = Some(letter);
    }
    found
}

/// How long the beginning of `text` is that equals `nick` but for its case.
fn prefix(text: &str, nick: &str) -> Option<usize> {
    let mut letters = text.char_indices();
    for wanted in nick.chars() {
        let (_, letter) = letters.next()?;
        if letter != wanted && !letter.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    (!nick.is_empty()).then(|| letters.next().map_or(text.len(), |(end, _)| end))
}

/// Whether the word continues: `anna2` and `anna-x` are not `anna`, but `anna-` is.
fn goes_on(rest: &str) -> bool {
    let mut letters = rest.chars();
    match letters.next() {
        Some(letter @ ('-' | '.' | '\'')) => letter == '-' && letters.next().is_some_and(is_word),
        Some(letter) => is_word(letter),
        None => false,
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_a_word_in_any_case() {
        for text in ["anna", "@anna", "Anna: hi", "hi ANNA!", "(anna)", "anna's", "to anna-", "anna."] {
            assert_eq!(mentions(text, "anna").len(), 1, "{text}");
        }
        assert_eq!(mentions("Анна, привет, анна", "Анна").len(), 2);
        assert_eq!(mentions("to quiet-owl", "quiet-owl").first(), Some(&(3..12)));
    }

    #[test]
    fn a_name_within_another_word_is_not_found() {
        for text in ["joanna", "annabel", "anna2", "anna-lena", "_anna", "ann", ""] {
            assert!(mentions(text, "anna").is_empty(), "{text}");
        }
        assert!(mentions("anything", "").is_empty());
    }

    /// The page finds them in another language; `node --test` reads the same file.
    #[test]
    fn a_name_is_found_where_the_page_finds_it() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/page/vectors.json")).unwrap();
        for case in vectors["mentions"].as_array().unwrap() {
            let (text, nick) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
            let found: Vec<&str> = mentions(text, nick).into_iter().map(|range| &text[range]).collect();
            assert_eq!(serde_json::json!(found), case[2], "{nick} in {text}");
        }
    }
}
