//! Decides which letters count as the same in a search, and where words begin and end. Knows no index.
//!
//! Messages for the index and words of a search pass through the same two functions,
//! [`fold`] and [`cut`], so both have the same words. The tokenizer of SQLite gets
//! words with blanks between them, and decides nothing.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::names::is_ignorable;

/// Folds a text: different ways to type the same letter become equal.
///
/// - Wide letters, ligatures and composed letters are decomposed (NFKD), and composed at the end (NFC).
/// - Accents are removed, and the vowel signs of Arabic and Hebrew, because they are seldom typed.
///   Marks that make another letter are not removed: й is not и, が is not か, and the vowels of Hindi or
///   Thai are no accents. ё becomes е, because people type е for it.
/// - Case is removed, by the full folding: ß is ss, ς is σ.
/// - Letters that Unicode does not decompose become those of keyboards without them: ł is l, ø is o.
/// - Invisible characters, such as a soft hyphen or a joiner, are removed, and skin tones of emoji; a blank
///   without width separates words.
pub fn fold(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii() && byte != 0) {
        return text.to_ascii_lowercase();
    }
    let mut base = ' ';
    let seen = text.chars().map(|c| if matches!(c, '\0' | '\u{200b}') { ' ' } else { c }).filter(|c| !is_ignorable(*c));
    let letters = seen.nfkd().filter(|c| {
        if is_combining_mark(*c) {
            return !is_accent(base, *c);
        }
        base = *c;
        !matches!(*c, TATWEEL | '\u{1f3fb}'..='\u{1f3ff}')
    });
    let mut folded = String::with_capacity(text.len());
    for letter in letters {
        fold_letter(letter, &mut folded);
    }
    folded.nfc().collect()
}

/// Only stretches an Arabic word; it is no letter.
const TATWEEL: char = '\u{640}';

/// Whether `base` with `mark` is still the same letter.
fn is_accent(base: char, mark: char) -> bool {
    match mark {
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' => {
            match base {
                // Stress marks are removed, but ѓ and ќ are letters of their own, like й, ї, ў and many more.
                '\u{400}'..='\u{52f}' => match mark {
                    '\u{300}' | '\u{301}' => !matches!(base, 'г' | 'Г' | 'к' | 'К'),
                    '\u{308}' => matches!(base, 'е' | 'Е'),
                    _ => false,
                },
                _ => true,
            }
        }
        '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' => true,
        '\u{6d6}'..='\u{6ed}' | '\u{8d3}'..='\u{8ff}' | '\u{fe20}'..='\u{fe2f}' => true,
        _ => false,
    }
}

/// Appends a letter in lower case. Lower, upper and lower again is the full folding: ẞ, ß, SS, ss.
fn fold_letter(letter: char, folded: &mut String) {
    match letter {
        '\0'..='\x7f' => return folded.push(letter.to_ascii_lowercase()),
        // Most letters beyond ASCII need no folding.
        'а'..='я' | '\u{3040}'..='\u{9fff}' | '\u{900}'..='\u{109f}' => return folded.push(letter),
        _ => {}
    }
    let small = letter.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    for letter in small {
        match letter {
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ħ' => folded.push('h'),
            'ł' => folded.push('l'),
            'ŧ' => folded.push('t'),
            // Letters of the keyboards of Iran and Egypt.
            'ی' | 'ى' => folded.push('ي'),
            'ک' => folded.push('ك'),
            letter => folded.push(letter),
        }
    }
}

/// The words of a folded text, in their order. Each character of a script without
/// blanks is a word, so that any part of a text is found as a phrase. A Hangul
/// syllable is a word too, because particles are attached to Korean words; and so
/// are emoji and similar characters.
pub fn cut(folded: &str) -> impl Iterator<Item = &str> {
    let mut rest = folded;
    std::iter::from_fn(move || {
        rest = &rest[rest.find(|c| kind(c) != Kind::Gap)?..];
        let first = rest.chars().next()?;
        let end = match kind(first) {
            Kind::Word => rest.find(|c| kind(c) != Kind::Word).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// The words of a folded text with a blank between each two, as the index has them.
pub fn words(folded: &str) -> Cow<'_, str> {
    if folded.is_ascii() {
        // The tokenizer of the index finds the words of ASCII itself.
        return Cow::Borrowed(folded);
    }
    let mut words = String::with_capacity(folded.len() + folded.len() / 2);
    for word in cut(folded) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    Cow::Owned(words)
}

/// Whether a word is one character that stands alone, so that no longer word begins with it.
pub fn stands_alone(word: &str) -> bool {
    word.chars().next().is_some_and(|first| kind(first) == Kind::Alone)
}

#[derive(PartialEq, Eq)]
enum Kind {
    Gap,
    Word,
    Alone,
}

fn kind(c: char) -> Kind {
    match c {
        '\0'..='\x7f' if c.is_ascii_alphanumeric() => Kind::Word,
        '\0'..='\x7f' => Kind::Gap,
        // Arrows, pictures and emoji.
        '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' => Kind::Alone,
        _ if !c.is_alphanumeric() && !is_combining_mark(c) => Kind::Gap,
        _ if is_without_blanks(c) => Kind::Alone,
        _ => Kind::Word,
    }
}

/// Whether `c` is of a script without blanks between words: Han, kana, Bopomofo, Hangul, and
/// those of South East Asia (UAX #14, class SA).
fn is_without_blanks(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}'                               // Thai, Lao
        | '\u{1000}'..='\u{109f}' | '\u{a9e0}'..='\u{a9ff}' | '\u{aa60}'..='\u{aa7f}' // Myanmar
        | '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' // Hangul
        | '\u{1780}'..='\u{17ff}'                           // Khmer
        | '\u{1950}'..='\u{19df}' | '\u{1a20}'..='\u{1aaf}' | '\u{aa80}'..='\u{aadf}' // Tai
        | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{303c}' // Han
        | '\u{3040}'..='\u{31ff}'                           // kana, Bopomofo
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' // Han
        | '\u{11700}'..='\u{1174f}'                         // Ahom
        | '\u{1aff0}'..='\u{1b16f}'                         // kana
        | '\u{20000}'..='\u{3ffff}') // Han
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_up(text: &str) -> Vec<String> {
        cut(&fold(text)).map(str::to_owned).collect()
    }

    #[test]
    fn what_people_type_for_one_another_is_the_same() {
        for (one, other) in [
            ("Café", "cafe"),
            ("CAFE\u{301}", "cafe"),
            ("Straße", "STRASSE"),
            ("GROẞ", "gross"),
            ("ﬁne", "fine"),
            ("Ａｂ１", "ab1"),
            ("İstanbul ırmak", "istanbul irmak"),
            ("Łódź", "lodz"),
            ("smørrebrød Æ œ", "smorrebrod ae oe"),
            ("Ёлка", "елка"),
            ("за\u{301}мок", "замок"),
            ("Ὀδυσσεύς", "οδυσσευσ"),
            ("ΟΔΟΣ", "οδος"),
            ("مُحَمَّد", "محمد"),
            ("أحمد", "احمد"),
            ("كـــتاب", "كتاب"),
            ("کتاب", "كتاب"),
            ("שָׁלוֹם", "שלום"),
            ("ﾃﾞﾓ", "デモ"),
            ("co\u{ad}operate", "cooperate"),
            ("می\u{200c}خواهم", "میخواهم"),
            ("Ω", "ω"),
            ("x²", "x2"),
            ("❤\u{fe0f}", "❤"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn a_letter_of_its_own_stays_one() {
        for (one, other) in [
            ("мой", "мои"),
            ("їжак", "іжак"),
            ("ў", "у"),
            ("ќ", "к"),
            ("が", "か"),
            ("पिता", "पता"),
            ("ไม่", "ไม"),
            ("カ", "か"),
            ("ss", "s"),
        ] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
        assert_eq!(fold("Мой"), "мой");
        assert_eq!(fold("が"), "が");
    }

    #[test]
    fn a_run_without_blanks_is_cut_into_characters_and_a_word_is_not() {
        assert_eq!(cut_up("今天 你好!"), ["今", "天", "你", "好"]);
        assert_eq!(cut_up("でもRustで"), ["で", "も", "rust", "で"]);
        assert_eq!(cut_up("हिन्दी भाषा"), ["हिन्दी", "भाषा"]);
        assert_eq!(cut_up("don't wax-on"), ["don", "t", "wax", "on"]);
        assert_eq!(cut_up("학교에서"), ["학", "교", "에", "서"]);
        assert_eq!(cut_up("👩‍🚀👍🏽 ok"), ["👩", "🚀", "👍", "ok"]);
        assert_eq!(cut_up("a\u{200b}b\0c"), ["a", "b", "c"]);
        assert_eq!(cut_up(" .。・…\u{3164}"), [""; 0]);
    }

    proptest::proptest! {
        #[test]
        fn the_index_cuts_its_words_where_we_do(text in "\\PC{0,20}|[a-zA-Z0-9 .\"*-]{0,20}") {
            let folded = fold(&text);
            let words = words(&folded);
            // As SQLite cuts it.
            let gap = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric();
            let theirs: Vec<&str> = words.split(gap).filter(|word| !word.is_empty()).collect();
            proptest::prop_assert_eq!(theirs, cut(&folded).collect::<Vec<_>>());
            proptest::prop_assert!(!words.contains(|c: char| c.is_ascii_uppercase() || c == '\0'));
        }
    }
}
