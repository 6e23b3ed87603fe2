//! Finds a free name for a person without one, or near a name that is refused. Knows the rules of
//! names, not which names are taken.

use std::iter;
use std::ops::RangeInclusive;

use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{MAX_NICK, Nick, compose, is_letter, mixed_scripts, stands_alone};

/// A free nick near `wanted`, which was refused or is taken; `None` if nothing near it is left.
///
/// Characters that names do not have are dropped, letters of a second script are swapped for their
/// lookalikes in the first, what is too long is cut between graphemes, and then a number is
/// appended until `taken` says no: 2 to 10, and then every tenth. At most 18 nicks are tried,
/// because each takes its time, and the chat's lock may be held meanwhile.
///
/// ```
/// use roomful::names::suggest;
///
/// let mixed = suggest("A\u{43d}\u{43d}a", |_| false).unwrap(); // н is Cyrillic
/// assert_eq!(mixed.shown(), "Анна");
/// let taken = suggest("anna", |nick| nick.key() == "anna").unwrap();
/// assert_eq!(taken.shown(), "anna2");
/// assert!(suggest("!?", |_| false).is_none());
/// ```
pub fn suggest(wanted: &str, taken: impl Fn(&Nick) -> bool) -> Option<Nick> {
    let near = mend(wanted);
    let numbered = (2..=10).chain((20..=90).step_by(10)).map(|n| {
        let number = n.to_string();
        cut(&near, MAX_NICK - number.len()).to_owned() + &number
    });
    iter::once(cut(&near, MAX_NICK).to_owned())
        .chain(numbered)
        .filter_map(|text| Nick::parse(&text).ok())
        .find(|nick| !taken(nick))
}

/// A free guest nick such as `quiet-owl`; the same for the same `seed` and the same nicks taken.
///
/// If the pair is taken, `quiet-owl-2` to `quiet-owl-99` follow, then `guest-1`, `guest-2` and so
/// on without end. So it always finds one, as long as `taken` does not refuse them all.
///
/// ```
/// use roomful::names::offer;
///
/// let first = offer(7, |_| false);
/// let second = offer(7, |nick| *nick == first);
/// assert_eq!(second.shown(), format!("{first}-2"));
/// ```
pub fn offer(seed: u64, taken: impl Fn(&Nick) -> bool) -> Nick {
    // Seeds are often near each other; multiplying by 2^64 divided by the golden ratio spreads
    // them (Knuth), and the high bits are the well-mixed ones.
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let pick = mixed as usize % (ADJECTIVES.len() * ANIMALS.len());
    let adjective = ADJECTIVES[pick / ANIMALS.len()];
    let animal = ANIMALS[pick % ANIMALS.len()];

    iter::once(format!("{adjective}-{animal}"))
        .chain((2..=99).map(|n| format!("{adjective}-{animal}-{n}")))
        .chain((1_u64..).map(|n| format!("guest-{n}")))
        .filter_map(|text| Nick::parse(&text).ok())
        .find(|nick| !taken(nick))
        .expect("the numbers do not run out")
}

/// `wanted` with what names cannot have taken out: only good characters, a letter first, and one
/// script. Looks at no more than twice what fits.
fn mend(wanted: &str) -> String {
    let start: String = wanted.chars().take(2 * MAX_NICK).collect();
    let kept: String = compose(&start).chars().filter(|&c| stands_alone(c)).collect();
    one_script(kept.trim_start_matches(|c| !is_letter(c)))
}

/// `text` in one script: Latin or Cyrillic by lookalikes, first the one with more letters in it, or
/// else only the letters that go with the first.
fn one_script(text: &str) -> String {
    if mixed_scripts(text).is_none() {
        return text.to_owned();
    }
    let latin = text.chars().filter(char::is_ascii_alphabetic).count();
    let cyrillic = text.chars().filter(|c| CYRILLIC.contains(c)).count();
    let mut spellings = [respell(text, LATIN_TWINS, CYRILLIC_TWINS), respell(text, CYRILLIC_TWINS, LATIN_TWINS)];
    if latin > cyrillic {
        spellings.reverse();
    }
    let single = spellings.into_iter().find(|text| mixed_scripts(text).is_none());
    single.unwrap_or_else(|| first_script(text))
}

/// The Cyrillic letters of living alphabets.
const CYRILLIC: RangeInclusive<char> = '\u{400}'..='\u{45f}';

/// Latin letters with a Cyrillic lookalike in [`CYRILLIC_TWINS`], at the same place.
const LATIN_TWINS: &str = "ABCEHIJKMOPSTXYaceijopsxy";

/// The lookalikes of [`LATIN_TWINS`], all confusable by UTS #39, which a test checks.
const CYRILLIC_TWINS: &str = "\u{410}\u{412}\u{421}\u{415}\u{41d}\u{406}\u{408}\u{41a}\u{41c}\
    \u{41e}\u{420}\u{405}\u{422}\u{425}\u{423}\
    \u{430}\u{441}\u{435}\u{456}\u{458}\u{43e}\u{440}\u{455}\u{445}\u{443}";

/// `text` with each letter of `from` replaced by the one at the same place in `to`.
fn respell(text: &str, from: &str, to: &str) -> String {
    let twin = |c| from.chars().zip(to.chars()).find(|pair| pair.0 == c);
    text.chars().map(|c| twin(c).map_or(c, |pair| pair.1)).collect()
}

/// `text` without the letters whose script does not go with the letters before them.
fn first_script(text: &str) -> String {
    let mut shared = AugmentedScriptSet::default();
    let mut kept = String::new();
    for c in text.chars() {
        let mut narrowed = shared;
        narrowed.intersect_with(c.into());
        if !narrowed.is_empty() {
            shared = narrowed;
            kept.push(c);
        }
    }
    kept
}

/// The longest start of `text`, in whole graphemes, of at most `limit` characters and columns.
fn cut(text: &str, limit: usize) -> &str {
    let fits = |end: usize| text[..end].chars().count() <= limit && text[..end].width() <= limit;
    let ends = text.grapheme_indices(true).map(|(start, grapheme)| start + grapheme.len());
    let end = ends.take_while(|&end| fits(end)).last().unwrap_or(0);
    &text[..end]
}

const ADJECTIVES: &[&str] = &[
    "amber", "brave", "bright", "brisk", "busy", "calm", "candid", "cheery", "clever", "cosy", "curious", "dapper",
    "eager", "early", "fair", "fleet", "fond", "gentle", "glad", "golden", "grand", "happy", "hardy", "honest",
    "humble", "jolly", "keen", "kind", "lively", "lucky", "mellow", "merry", "mild", "neat", "nimble", "patient",
    "plucky", "polite", "quick", "quiet", "snug", "spry", "steady", "sunny", "tidy", "warm", "wise", "witty",
];

const ANIMALS: &[&str] = &[
    "alpaca", "badger", "beaver", "bison", "camel", "crane", "curlew", "deer", "dolphin", "duck", "falcon", "ferret",
    "finch", "fox", "gecko", "hare", "hedgehog", "heron", "ibex", "jay", "kiwi", "koala", "lark", "lemur", "llama",
    "lynx", "magpie", "marmot", "marten", "mole", "moose", "newt", "otter", "owl", "panda", "pelican", "penguin",
    "puffin", "quail", "rabbit", "raven", "robin", "seal", "stork", "swan", "tapir", "turtle", "wren",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;
    use std::collections::HashSet;

    fn near(wanted: &str) -> Option<String> {
        suggest(wanted, |_| false).map(|nick| nick.to_string())
    }

    #[test]
    fn a_good_free_nick_is_its_own_suggestion() {
        assert_eq!(near("Анна"), Some("Анна".into()));
    }

    #[test]
    fn mixed_scripts_become_the_one_that_can_spell_the_name() {
        assert_eq!(near("A\u{43d}\u{43d}a"), Some("Анна".into()));
        assert_eq!(near("\u{430}nna"), Some("anna".into()));
        assert_eq!(near("I\u{432}\u{430}\u{43d}"), Some("Іван".into()));
        // Nothing Cyrillic looks like n and nothing Latin like ж, so the first script stays.
        assert_eq!(near("annж"), Some("ann".into()));
        assert_eq!(near("Annaさん"), Some("Anna".into()));
    }

    #[test]
    fn twins_look_alike_and_keep_their_case() {
        assert_eq!(LATIN_TWINS.chars().count(), CYRILLIC_TWINS.chars().count());
        for (latin, cyrillic) in LATIN_TWINS.chars().zip(CYRILLIC_TWINS.chars()) {
            let looks = |c: char| unicode_security::skeleton(&c.to_string()).collect::<String>();
            assert!(CYRILLIC.contains(&cyrillic), "{cyrillic}");
            assert_eq!(looks(latin), looks(cyrillic), "{latin} {cyrillic}");
            assert_eq!(latin.is_uppercase(), cyrillic.is_uppercase(), "{latin} {cyrillic}");
        }
    }

    #[test]
    fn bad_characters_are_dropped_and_a_letter_comes_first() {
        assert_eq!(near("#{ 7-Anna Maria 🙂"), Some("AnnaMaria".into()));
        assert_eq!(near("\u{202e}anna\u{200d}"), Some("anna".into()));
        assert_eq!(near(""), None);
        assert_eq!(near("123 🙂"), None);
    }

    #[test]
    fn a_long_nick_is_cut_between_graphemes() {
        assert_eq!(near(&"a".repeat(33)), Some("a".repeat(32)));
        assert_eq!(near(&"漢".repeat(17)), Some("漢".repeat(16)));
        // q̃ has no composed form: 16 pairs fill 32 characters, and half of one is no use.
        assert_eq!(near(&format!("a{}", "q\u{303}".repeat(16))), Some(format!("a{}", "q\u{303}".repeat(15))));
    }

    #[test]
    fn a_taken_or_reserved_nick_gets_a_number_that_fits() {
        assert_eq!(near("Server"), Some("Server2".into()));
        let long = "a".repeat(32);
        let nick = suggest(&long, |nick| !nick.key().ends_with("10")).expect("18 tries");
        assert_eq!(nick.shown(), "a".repeat(30) + "10");
        assert!(suggest("anna", |_| true).is_none());
    }

    /// If all names near a name are taken, each refusal of it costs as many tries as there may be.
    #[test]
    fn of_what_is_near_a_nick_no_more_than_eighteen_are_tried() {
        let asked = Cell::new(0);
        assert!(
            suggest("Катенька", |_| {
                asked.set(asked.get() + 1);
                true
            })
            .is_none()
        );
        assert_eq!(asked.get(), 18);
    }

    #[test]
    fn every_offer_is_a_nick_and_near_seeds_differ() {
        assert_eq!((ADJECTIVES.len(), ANIMALS.len()), (48, 48));
        for adjective in ADJECTIVES {
            for animal in ANIMALS {
                assert!(Nick::parse(&format!("{adjective}-{animal}-99")).is_ok());
            }
        }
        let names: HashSet<_> = (0..48).map(|seed| offer(seed, |_| false)).collect();
        assert!(names.len() > 44, "{names:?}");
    }

    #[test]
    fn an_offer_goes_from_the_pair_to_numbers_to_guests() {
        let pair = offer(1, |_| false);
        assert_eq!(offer(1, |nick| *nick == pair).shown(), format!("{pair}-2"));
        let guest = offer(1, |nick| !nick.key().starts_with("guest-") || nick.key() == "guest-1");
        assert_eq!(guest.shown(), "guest-2");
    }

    proptest! {
        #[test]
        fn what_is_suggested_parses_and_is_free(
            wanted in "([\\PC]|[a-z]|[а-я]|[א-ת]){0,70}", refused in 0_usize..99
        ) {
            let asked = Cell::new(0);
            let count = |_: &Nick| { asked.set(asked.get() + 1); asked.get() <= refused };
            if let Some(nick) = suggest(&wanted, count) {
                prop_assert_eq!(asked.get(), refused + 1);
                prop_assert_eq!(Nick::parse(nick.shown()), Ok(nick));
            }
        }

        #[test]
        fn what_is_offered_parses_and_is_free_and_the_same_each_time(
            seed: u64, refused in 0_usize..200
        ) {
            let offered = || {
                let asked = Cell::new(0);
                offer(seed, |_| { asked.set(asked.get() + 1); asked.get() <= refused })
            };
            let nick = offered();
            prop_assert_eq!(&offered(), &nick);
            prop_assert_eq!(Nick::parse(nick.shown()), Ok(nick));
        }
    }
}
