//! Makes text safe to print among other text. Knows no screen and no message, only characters.

use std::borrow::Cow;

/// Takes out of `text` what could drive a terminal or reorder the line it is printed in.
///
/// - Removed: controls (C0, DEL, C1, so every escape sequence loses its start), bidi embeddings,
///   overrides and isolates, byte order marks, interlinear annotation, and tag characters outside
///   a flag.
/// - A space instead: tab, line separator, paragraph separator.
/// - Left in: all that writing and emoji need, such as joiners, variation selectors, the direction
///   marks (LRM, RLM, ALM), and the tags in a flag like Scotland's.
///
/// Borrows when nothing needs doing, and is then one pass over the bytes of an ASCII text.
/// Cleaning twice changes nothing more.
///
/// ```
/// use roomful::names::clean;
///
/// assert_eq!(clean("red \u{1b}[31malert"), "red [31malert");
/// assert_eq!(clean("👩‍🚀 привет"), "👩‍🚀 привет");
/// ```
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\t' | '\u{2028}' | '\u{2029}' => cleaned.push(' '),
            BLACK_FLAG => {
                cleaned.push(c);
                let tags = flag_tags(rest.as_str());
                cleaned.push_str(tags);
                rest = rest.as_str()[tags.len()..].chars();
            }
            c if is_unsafe(c) => {}
            c => cleaned.push(c),
        }
    }
    Cow::Owned(cleaned)
}

/// Takes the same out of a message, which may have line breaks.
///
/// - A line feed instead: CR LF, CR, the other breaks of Unicode.
/// - Four spaces instead: a tab. Where a tab leads depends on what stands before it, and that
///   differs on each screen; so code would stand askew. Four spaces are the same everywhere.
/// - Each line as [`clean`] does it.
///
/// ```
/// use roomful::names::clean_lines;
///
/// assert_eq!(clean_lines("if x:\r\n\treturn\u{1b}[2J"), "if x:\n    return[2J");
/// ```
pub fn clean_lines(text: &str) -> Cow<'_, str> {
    const TAB: &str = "    ";
    const BREAKS: [char; 6] = ['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.contains(|c| c != '\n' && is_unsafe(c)) {
        return Cow::Borrowed(text);
    }
    let broken = text.replace("\r\n", "\n").replace(BREAKS, "\n").replace('\t', TAB);
    let lines: Vec<Cow<'_, str>> = broken.split('\n').map(clean).collect();
    Cow::Owned(lines.join("\n"))
}

/// Wraps a name with right-to-left letters in FSI and PDI, so that the text after it stays in
/// order; borrows any other. For output only: [`clean`] would take the pair out again.
///
/// ```
/// use roomful::names::isolate;
///
/// assert_eq!(isolate("Анна"), "Анна");
/// assert_eq!(isolate("דנה"), "\u{2068}דנה\u{2069}");
/// ```
pub fn isolate(name: &str) -> Cow<'_, str> {
    if name.contains(is_right_to_left) { Cow::Owned(format!("\u{2068}{name}\u{2069}")) } else { Cow::Borrowed(name) }
}

/// Whether there is anything to see in `text`: blanks, joiners, fillers and the like alone show nothing.
///
/// ```
/// use roomful::names::shows;
///
/// assert!(shows("hi") && shows(" 👍 "));
/// assert!(!shows("") && !shows("\u{200b}\u{3164} \u{2800}"));
/// ```
pub fn shows(text: &str) -> bool {
    text.contains(|c: char| {
        c.is_ascii_graphic() || !(c.is_whitespace() || c.is_control() || is_ignorable(c) || is_empty(c))
    })
}

/// Whether `c` is drawn, but as nothing: the Braille cell without dots, and a null notehead.
fn is_empty(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{1d159}')
}

/// Whether `c` is there for its neighbours only, and shows nothing: the property
/// Default_Ignorable_Code_Point (UAX #44), with joiners, fillers, variation selectors and soft hyphens.
pub fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Starts the emoji of a flag that is spelt out in tags.
const BLACK_FLAG: char = '\u{1f3f4}';

/// What [`clean`] does not let pass as it is.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{2028}' | '\u{2029}'                         // line and paragraph separator
            | '\u{202a}'..='\u{202e}'                       // bidi embeddings and overrides
            | '\u{2066}'..='\u{2069}'                       // bidi isolates
            | '\u{feff}'                                    // byte order mark
            | '\u{fff9}'..='\u{fffb}'                       // interlinear annotation
            | '\u{e0001}'..='\u{e007f}') // tags
}

/// The tags after a [`BLACK_FLAG`]: a region of three to six letters or digits and the cancel tag
/// (UTS #51, ED-14a), or nothing. Any other run of tags is invisible text.
fn flag_tags(rest: &str) -> &str {
    const TAG_BYTES: usize = 4;
    let is_region = |c: char| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}');
    let region = rest.chars().take_while(|&c| is_region(c)).count();
    let is_flag = matches!(region, 3..=6) && rest.chars().nth(region) == Some('\u{e007f}');
    if is_flag { &rest[..(region + 1) * TAG_BYTES] } else { "" }
}

/// Whether `c` is in a block reserved for right-to-left scripts (UAX #9, table 4), and not a mark on
/// its own account.
fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
        && c.is_alphabetic()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_borrowed(text: &str) -> bool {
        matches!(clean(text), Cow::Borrowed(same) if same == text)
    }

    #[test]
    fn text_with_nothing_to_clean_is_borrowed() {
        for text in ["", "plain ~ ASCII", "привет", "שלום", "漢字", "👩‍🚀", "❤️", "a\u{200e}b\u{61c}"]
        {
            assert!(is_borrowed(text), "{text:?}");
        }
    }

    #[test]
    fn what_shows_nothing_is_known() {
        let hidden = [
            "\u{ad}",
            "\u{34f}",
            "\u{61c}",
            "\u{115f}\u{1160}",
            "\u{17b4}",
            "\u{180e}",
            "\u{200b}",
            "\u{200d}",
            "\u{200e}",
            "\u{2028}",
            "\u{2060}",
            "\u{2064}",
            "\u{2800}",
            "\u{3000}",
            "\u{3164}",
            "\u{a0}",
            "\u{fe0f}",
            "\u{feff}",
            "\u{ffa0}",
            "\u{1d159}",
            "\u{1d173}",
            "\u{e0001}",
            "\u{e0100}",
            "",
            " \t\u{200c} \u{2800}",
        ];
        for text in hidden {
            assert!(!shows(text), "{text:?}");
            assert!(shows(&format!("{text}.{text}")), "{text:?}");
        }
        for text in ["a", "ж", "好", "👍\u{fe0f}", "\u{301}", "\u{600}", "\u{fffd}", "\u{e000}", "~", "ー", "ـ"] {
            assert!(shows(text), "{text:?}");
        }
    }

    #[test]
    fn controls_go_and_separators_become_spaces() {
        assert_eq!(clean("a\tb\u{2028}c\u{2029}d"), "a b c d");
        assert_eq!(clean("\0a\r\n\u{1b}[2J\u{7f}\u{85}\u{9b}b"), "a[2Jb");
    }

    #[test]
    fn a_message_has_one_kind_of_break_and_its_tabs_are_spaces() {
        assert_eq!(clean_lines("a\r\nb\rc\nd\u{85}e\u{2028}f\u{2029}g\u{b}h\u{c}i"), "a\nb\nc\nd\ne\nf\ng\nh\ni");
        assert_eq!(clean_lines("\n\r\n\r"), "\n\n\n");
        assert_eq!(clean_lines("\tx\u{202e}\n\0\ty"), "    x\n    y");
        assert!(matches!(clean_lines("plain\n  привет"), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_that_reorders_or_hides_text_remains() {
        assert_eq!(clean("\u{202a}a\u{202e}b\u{202c}\u{2066}c\u{2069}"), "abc");
        assert_eq!(clean("\u{feff}a\u{fff9}b\u{fffa}c\u{fffb}"), "abc");
    }

    #[test]
    fn tags_stay_only_in_a_flag() {
        let scotland = "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
        assert_eq!(clean(scotland), scotland);
        assert_eq!(clean("a\u{e0001}\u{e0067}\u{e0062}\u{e0073}\u{e007f}b"), "ab");
        // One region letter too few, one too many, no cancel tag, a control in between.
        assert_eq!(clean("🏴\u{e0067}\u{e0062}\u{e007f}"), "🏴");
        assert_eq!(clean(&format!("🏴{}\u{e007f}", "\u{e0067}".repeat(7))), "🏴");
        assert_eq!(clean("🏴\u{e0067}\u{e0062}\u{e0073}"), "🏴");
        assert_eq!(clean("🏴\u{1b}\u{e0067}\u{e0062}\u{e0073}\u{e007f}"), "🏴");
    }

    #[test]
    fn only_right_to_left_names_are_isolated() {
        for name in ["anna", "Анна", "漢字", "नेहा", "a-1"] {
            assert!(matches!(isolate(name), Cow::Borrowed(same) if same == name));
        }
        for name in ["דנה", "علي", "ދިވެހި", "𞤀𞤣𞤢𞤥"] {
            assert_eq!(isolate(name), format!("\u{2068}{name}\u{2069}"));
        }
    }

    proptest! {
        #[test]
        fn clean_text_is_safe_and_stays_as_it_is(
            text in "([\\PC\\p{Cc}\\p{Cf}]|🏴|[\u{e0061}-\u{e0064}]|\u{e007f}){0,40}"
        ) {
            let lines = clean_lines(&text).into_owned();
            prop_assert_eq!(clean_lines(&lines), lines.as_str());
            prop_assert!(lines.split('\n').all(|line| clean(line) == line), "{:?}", lines);
            let cleaned = clean(&text).into_owned();
            prop_assert_eq!(clean(&cleaned), cleaned.as_str());
            for c in cleaned.chars().filter(|c| is_unsafe(*c)) {
                prop_assert!(('\u{e0030}'..='\u{e007f}').contains(&c), "{:?}", c);
            }
        }
    }
}
