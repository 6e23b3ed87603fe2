//! Texts in XML: what a server says may be anything, and XML 1.0 cannot say everything. Knows no element.

/// A text as it stands in an element or an attribute. Characters that XML 1.0 does not have are U+FFFD.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // A line end in an attribute is read as a space unless it is written so.
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_an_element_and_no_character_is_forbidden() {
        let text = escaped("</a> \"&\u{0}\u{b}\u{1b}\u{ffff}\n']]>");
        assert_eq!(text, "&lt;/a&gt; &quot;&amp;\u{fffd}\u{fffd}\u{fffd}\u{fffd}&#10;&apos;]]&gt;");
    }
}
