//! Why a name was refused, in words and in codes. Knows no rules, only how to tell of them.

use std::error::Error;
use std::fmt;

use super::{MAX_NICK, MAX_ROOM};

/// Which kind of name was asked for; it decides the limit and the code's first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// A person's name, [`Nick`](super::Nick).
    Nick,
    /// A room's name, [`RoomName`](super::RoomName).
    Room,
}

impl NameKind {
    /// Most characters of such a name: [`MAX_NICK`] or [`MAX_ROOM`].
    pub fn limit(self) -> usize {
        match self {
            NameKind::Nick => MAX_NICK,
            NameKind::Room => MAX_ROOM,
        }
    }
}

/// `nick` or `room`.
impl fmt::Display for NameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NameKind::Nick => "nick",
            NameKind::Room => "room",
        })
    }
}

/// Why a text is not a name.
///
/// Safe to show as it is: what is invisible is escaped, and a long text is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    /// Which kind of name was asked for.
    pub kind: NameKind,
    /// The refused text, whole and unescaped, without a room's `#`.
    pub text: String,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What is wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// There is nothing there.
    Empty,
    /// More characters than [`NameKind::limit`], or a nick of more than [`MAX_NICK`] columns.
    TooLong {
        /// Its length after NFC.
        characters: usize,
        /// Its width in a terminal.
        columns: usize,
    },
    /// A nick starts with something other than a letter, or a room with a combining mark.
    BadStart(char),
    /// A character that names do not have, at least not there.
    BadCharacter {
        /// The first such character.
        character: char,
        /// Its place among the characters after NFC, from 1.
        position: usize,
    },
    /// Letters of two scripts that are not written together.
    MixedScripts {
        /// The script of the first letter, such as `Latin`.
        first: String,
        /// The script of the letter that does not go with those before it.
        second: String,
    },
    /// A right-to-left name that a terminal may show in the wrong order.
    Direction,
    /// A nick that looks like one the server speaks under.
    Reserved,
}

impl NameError {
    /// A word for programs, such as `nick-too-long`; it stays the same between releases.
    pub fn code(&self) -> &'static str {
        let [nick, room] = match self.flaw {
            Flaw::Empty => ["nick-empty", "room-empty"],
            Flaw::TooLong { .. } => ["nick-too-long", "room-too-long"],
            Flaw::BadStart(_) => ["nick-bad-start", "room-bad-start"],
            Flaw::BadCharacter { .. } => ["nick-bad-character", "room-bad-character"],
            Flaw::MixedScripts { .. } => ["nick-mixed-scripts", "room-mixed-scripts"],
            Flaw::Direction => ["nick-bad-direction", "room-bad-direction"],
            Flaw::Reserved => ["nick-reserved", "room-reserved"],
        };
        if self.kind == NameKind::Nick { nick } else { room }
    }

    /// The refused text, whole and unescaped; show [`Display`](fmt::Display) instead.
    pub fn value(&self) -> String {
        self.text.clone()
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.kind, quoted(&self.text))?;
        match (&self.flaw, self.kind) {
            (Flaw::Empty, kind) => write!(f, "is empty, 1 to {} characters are needed", kind.limit()),
            (Flaw::TooLong { characters, columns }, NameKind::Nick) => {
                write!(f, "is too long: {characters} characters in {columns} columns, at most {MAX_NICK} of each")
            }
            (Flaw::TooLong { characters, .. }, NameKind::Room) => {
                write!(f, "is too long: {characters} characters, at most {MAX_ROOM}")
            }
            (Flaw::BadStart(character), NameKind::Nick) => write!(f, "must start with a letter, not {character:?}"),
            (Flaw::BadStart(character), NameKind::Room) => write!(f, "must not start with the mark {character:?}"),
            (Flaw::BadCharacter { character, position }, _) => {
                write!(f, "may not have {character:?} at position {position}")
            }
            (Flaw::MixedScripts { first, second }, _) => write!(f, "mixes {first} and {second} letters"),
            (Flaw::Direction, _) => f.write_str(
                "is written right to left, so it must start with a letter, \
                 end with a letter or digit, and keep to one kind of digits",
            ),
            (Flaw::Reserved, _) => f.write_str("is kept for the server"),
        }
    }
}

impl Error for NameError {}

/// In quotes, escaped, and cut to what fits on a line.
fn quoted(value: &str) -> String {
    const SHOWN: usize = 48;
    match value.char_indices().nth(SHOWN) {
        None => format!("{value:?}"),
        Some((end, _)) => format!("{:?}…", &value[..end]),
    }
}
