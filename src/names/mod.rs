//! What a person or a room may be called, and when two names are the same. Knows no sockets and
//! no registry: whether a name is *taken* is a closure the caller brings.
//!
//! A name has three forms, and each answers a different question:
//!
//! | form | for `Анна` | question | rule |
//! |---|---|---|---|
//! | shown | `Анна` | what do people see? | NFC, case as typed ([RFC 8265] `UsernameCasePreserved`) |
//! | key | `анна` | is it the same name? | [RFC 8265] `UsernameCaseMapped` |
//! | skeleton | `aʜʜa` | does it *look* the same? | [UTS #39], section 4 |
//!
//! Which characters a name may have is the `IdentifierClass` of [RFC 8264]; that all letters come
//! from one script is [UTS #39], section 5.1. A name is checked once, by `parse`: a
//! [`Nick`] or a [`RoomName`] is always a good one.
//!
//! [RFC 8264]: https://www.rfc-editor.org/rfc/rfc8264
//! [RFC 8265]: https://www.rfc-editor.org/rfc/rfc8265
//! [UTS #39]: https://www.unicode.org/reports/tr39/

mod error;
mod file;
mod offer;
mod text;

pub use error::{Flaw, NameError, NameKind};
pub use file::{file_name, file_name_flaw, marked_file_name};
pub use offer::{offer, suggest};
pub use text::{clean, clean_lines, is_ignorable, isolate, shows};

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::{Profile, Rules};
use precis_profiles::precis_core::{self, DerivedPropertyValue, IdentifierClass, StringClass};
use serde::{Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_width::UnicodeWidthStr;

/// Most characters of a nick, and most terminal columns it may fill; a longer one is refused.
pub const MAX_NICK: usize = 32;

/// Most characters of a room name, not counting its `#`; a longer one is refused.
pub const MAX_ROOM: usize = 64;

/// Most combining marks on one letter (UTS #39, section 5.4); one more is a bad character.
const MAX_MARKS: usize = 4;

/// Characters that mean something in a line of some front, so no name has them.
const SPECIAL: &[char] = &['#', ',', ':', '@', '!', '*', '?', '"', '/', '{', '}'];

/// The name under which the server says what a program or a person must be able to trust.
pub const SERVER: &str = "server";

/// Names the server speaks under. Each is its own skeleton, which a test checks.
const RESERVED: &[&str] = &[
    SERVER, "roomful", "system", "console", "operator", "admin", "root", "nickserv", "chanserv", "help", "everyone",
    "all", "here",
];

/// What a person is called: equal, and hashed, by [`key`](Nick::key).
///
/// 1 to [`MAX_NICK`] characters in at most as many columns, letters of one script, starting with a
/// letter. Cheap to clone.
///
/// ```
/// use roomful::names::Nick;
///
/// let nick = Nick::parse("Анна")?;
/// assert_eq!((nick.shown(), nick.key()), ("Анна", "анна"));
/// assert_eq!(nick, Nick::parse("АННА")?);
/// # Ok::<(), roomful::names::NameError>(())
/// ```
#[derive(Clone)]
pub struct Nick(Forms);

impl Nick {
    /// Checks `text` and folds it. Nothing is trimmed or repaired; for that there is [`suggest`].
    ///
    /// # Errors
    ///
    /// - [`Flaw::Empty`]: no characters.
    /// - [`Flaw::TooLong`]: more than [`MAX_NICK`] characters or columns, counted after NFC.
    /// - [`Flaw::BadStart`]: the first character is not a letter.
    /// - [`Flaw::BadCharacter`]: one that RFC 8264 does not allow in identifiers (spaces, controls,
    ///   emoji, invisible ones), or one of `# , : @ ! * ? " / { }`.
    /// - [`Flaw::MixedScripts`]: letters of scripts that are not written together.
    /// - [`Flaw::Direction`]: the bidi rule of RFC 5893 is broken.
    /// - [`Flaw::Reserved`]: looks like a name the server speaks under.
    ///
    /// # Examples
    ///
    /// ```
    /// use roomful::names::Nick;
    ///
    /// let error = Nick::parse("A\u{43d}\u{43d}a").unwrap_err(); // н is Cyrillic
    /// assert_eq!(error.to_string(), r#"nick "Aннa" mixes Latin and Cyrillic letters"#);
    /// ```
    ///
    /// At the limit:
    ///
    /// ```
    /// use roomful::names::{MAX_NICK, Nick};
    ///
    /// assert!(Nick::parse(&"a".repeat(MAX_NICK)).is_ok());
    /// assert_eq!(Nick::parse(&"a".repeat(MAX_NICK + 1)).unwrap_err().code(), "nick-too-long");
    /// ```
    pub fn parse(text: &str) -> Result<Nick, NameError> {
        let forms = Forms::parse(NameKind::Nick, text)?;
        if RESERVED.contains(&&*forms.skeleton) {
            return Err(NameError { kind: NameKind::Nick, text: text.to_owned(), flaw: Flaw::Reserved });
        }
        Ok(Nick(forms))
    }
}

/// What a room is called: equal, and hashed, by [`key`](RoomName::key).
///
/// A `#` and 1 to [`MAX_ROOM`] characters, letters of one script. All three forms have the `#`, so
/// a room's key is never a nick's. Cheap to clone.
///
/// ```
/// use roomful::names::RoomName;
///
/// assert_eq!(RoomName::parse("Лыжи")?.shown(), "#Лыжи");
/// assert_eq!(RoomName::parse("Rust")?, RoomName::parse("#rust")?);
/// # Ok::<(), roomful::names::NameError>(())
/// ```
#[derive(Clone)]
pub struct RoomName(Forms);

impl RoomName {
    /// Checks `text`, with or without its `#`, and folds it.
    ///
    /// # Errors
    ///
    /// Those of [`Nick::parse`], with [`MAX_ROOM`] characters, any number of columns, and no
    /// reserved names. Only a combining mark is a [`Flaw::BadStart`], because it would sit
    /// on the `#`.
    ///
    /// ```
    /// use roomful::names::{MAX_ROOM, RoomName};
    ///
    /// assert!(RoomName::parse(&"7".repeat(MAX_ROOM)).is_ok());
    /// assert_eq!(RoomName::parse(&"7".repeat(MAX_ROOM + 1)).unwrap_err().code(), "room-too-long");
    /// ```
    pub fn parse(text: &str) -> Result<RoomName, NameError> {
        let bare = text.strip_prefix('#').unwrap_or(text);
        let Forms { shown, key, skeleton } = Forms::parse(NameKind::Room, bare)?;
        let marked = |form: &str| Arc::from(format!("#{form}"));
        if Arc::ptr_eq(&shown, &skeleton) {
            return Ok(RoomName(Forms::all(marked(&shown))));
        }
        Ok(RoomName(Forms { shown: marked(&shown), key: marked(&key), skeleton: marked(&skeleton) }))
    }
}

/// What both kinds of name can do; only their `parse` differs.
macro_rules! name {
    ($Name:ident) => {
        impl $Name {
            /// The form people see: NFC, case as typed. Parsing it again gives the same name.
            pub fn shown(&self) -> &str {
                &self.0.shown
            }

            /// The form to compare by; two names with one key are one name.
            pub fn key(&self) -> &str {
                &self.0.key
            }

            /// The form to compare looks by: names with one skeleton are easily taken for each
            /// other. Made from the key, and not itself meant to be seen.
            pub fn skeleton(&self) -> &str {
                &self.0.skeleton
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.shown())
            }
        }

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($Name), "({:?})"), self.shown())
            }
        }

        impl PartialEq for $Name {
            fn eq(&self, other: &Self) -> bool {
                self.key() == other.key()
            }
        }

        impl Eq for $Name {}

        impl Hash for $Name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.key().hash(state);
            }
        }

        impl Serialize for $Name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.shown())
            }
        }
    };
}

name!(Nick);
name!(RoomName);

/// The three forms of one name.
#[derive(Clone)]
struct Forms {
    shown: Arc<str>,
    key: Arc<str>,
    skeleton: Arc<str>,
}

impl Forms {
    fn parse(kind: NameKind, text: &str) -> Result<Forms, NameError> {
        if is_plain(kind, text) { Ok(Forms::all(text.into())) } else { Forms::by_the_rules(kind, text) }
    }

    fn by_the_rules(kind: NameKind, text: &str) -> Result<Forms, NameError> {
        let shown = compose(text);
        if let Some(flaw) = flaw(kind, &shown) {
            return Err(NameError { kind, text: text.to_owned(), flaw });
        }
        let key = fold(&shown);
        let skeleton = skeleton(&key).into();
        Ok(Forms { shown: shown.into(), key: key.into(), skeleton })
    }

    /// A name whose three forms are the same.
    fn all(form: Arc<str>) -> Forms {
        Forms { shown: Arc::clone(&form), key: Arc::clone(&form), skeleton: form }
    }
}

/// The first rule that a name breaks, in the order in which people are told.
fn flaw(kind: NameKind, shown: &str) -> Option<Flaw> {
    let Some(first) = shown.chars().next() else { return Some(Flaw::Empty) };
    // The length is checked first: some PRECIS rules look at the whole name for each character.
    if !fits(kind, shown) {
        return Some(Flaw::TooLong { characters: shown.chars().count(), columns: shown.width() });
    }
    if !may_start(kind, first) {
        return Some(Flaw::BadStart(first));
    }
    if let Some((index, character)) = bad_character(shown) {
        return Some(Flaw::BadCharacter { character, position: index + 1 });
    }
    if let Some((first, second)) = mixed_scripts(shown) {
        return Some(Flaw::MixedScripts { first, second });
    }
    (!is_readable_both_ways(shown)).then_some(Flaw::Direction)
}

/// Whether all rules would allow the name and change nothing: it has only small
/// Latin letters, digits and hyphens, as most names have. Room names come with
/// every message, and the rules cost a hundred times as much as this check.
fn is_plain(kind: NameKind, text: &str) -> bool {
    let letter_or_digit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let starts = text.bytes().next().is_some_and(|first| match kind {
        NameKind::Nick => first.is_ascii_lowercase(),
        NameKind::Room => letter_or_digit(first),
    });
    starts && text.len() <= kind.limit() && text.bytes().all(|byte| letter_or_digit(byte) || byte == b'-')
}

/// Maps fullwidth and halfwidth forms to the usual ones, then composes accents.
///
/// This comes before the check for allowed characters, because the parts may be refused although the
/// whole is allowed: Hangul typed on a system that decomposes is an example.
fn compose(text: &str) -> String {
    match UsernameCaseMapped::new().width_mapping_rule(text) {
        Ok(usual) => usual.nfc().collect(),
        Err(_) => text.nfc().collect(),
    }
}

/// A mask of names in the form in which names are compared; its wildcards stay.
pub(crate) fn fold_mask(mask: &str) -> String {
    fold(&compose(mask))
}

/// The key of a shown form.
fn fold(shown: &str) -> String {
    match UsernameCaseMapped::new().case_mapping_rule(shown) {
        Ok(lower) => lower.nfc().collect(),
        Err(_) => shown.to_owned(),
    }
}

/// The skeleton of a key, with the exemptions ergo makes: UTS #39 would have `m` look like `rn`,
/// `1` and `I` like `l`, and `0` like `O`, and honest people would be refused because of it.
fn skeleton(key: &str) -> String {
    let mut skeleton = String::with_capacity(key.len());
    for c in key.nfd() {
        match c {
            'm' | '1' | 'I' | '0' => skeleton.push(c),
            _ => skeleton.extend(unicode_security::skeleton(c.encode_utf8(&mut [0; 4]))),
        }
    }
    // Some small letters look like a capital, and a key has no capitals.
    skeleton.to_lowercase().nfd().collect()
}

fn fits(kind: NameKind, shown: &str) -> bool {
    shown.chars().count() <= kind.limit() && (kind == NameKind::Room || shown.width() <= MAX_NICK)
}

fn may_start(kind: NameKind, c: char) -> bool {
    match kind {
        NameKind::Nick => is_letter(c),
        NameKind::Room => !is_combining_mark(c),
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !is_combining_mark(c)
}

/// Whether names may have `c` whatever stands next to it.
fn stands_alone(c: char) -> bool {
    !SPECIAL.contains(&c) && IdentifierClass::default().get_value_from_char(c) == DerivedPropertyValue::PValid
}

/// The first character a name may not have, and its index.
fn bad_character(shown: &str) -> Option<(usize, char)> {
    let mut marks = 0;
    let ours = shown.chars().position(|c| {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        // RFC 8264 allows the two joiners in some words, but they are invisible in a nick.
        SPECIAL.contains(&c) || matches!(c, '\u{200c}' | '\u{200d}') || marks > MAX_MARKS
    });
    let theirs = match UsernameCaseMapped::new().prepare(shown) {
        Ok(_) => None,
        Err(precis_core::Error::BadCodepoint(info)) => Some(info.position),
        // A character that wants certain neighbours stands at the edge and has none.
        Err(_) => Some(shown.chars().position(|c| !stands_alone(c)).unwrap_or(0)),
    };
    let index = ours.into_iter().chain(theirs).min()?;
    Some((index, shown.chars().nth(index)?))
}

/// The names of two scripts in `shown` that are not written together in any language. Digits and
/// `-`, `_`, `.` belong to all scripts; Han is written together with kana, Hangul and Bopomofo.
fn mixed_scripts(shown: &str) -> Option<(String, String)> {
    let mut shared = AugmentedScriptSet::default();
    let mut first = None;
    for set in shown.chars().map(AugmentedScriptSet::for_char).filter(|set| !set.is_all()) {
        let first = *first.get_or_insert(set.base);
        shared.intersect_with(set);
        if shared.is_empty() {
            return Some((first.to_string(), set.base.to_string()));
        }
    }
    None
}

/// The bidi rule. It allows marks anywhere; precis-profiles 0.2.0 only at the end, which would
/// refuse every vowel of Thaana and every pointed Hebrew word, so the marks are left out.
fn is_readable_both_ways(shown: &str) -> bool {
    let letters: String = shown.chars().filter(|&c| !is_combining_mark(c)).collect();
    UsernameCaseMapped::new().directionality_rule(letters).is_ok()
}

#[cfg(test)]
mod tests;
