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

/// Why a text is not a name. `value` is the text as it came, but for a room's `#`.
///
/// Safe to show as it is: whatever cannot be seen is escaped, and a long value is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// There is nothing there.
    Empty {
        /// What was asked for.
        kind: NameKind,
    },
    /// More characters than [`NameKind::limit`], or a nick of more than [`MAX_NICK`] columns.
    TooLong {
        /// What was asked for.
        kind: NameKind,
        /// The refused text.
        value: String,
        /// Its length after NFC.
        characters: usize,
        /// Its width in a terminal.
        columns: usize,
    },
    /// A nick starts with something other than a letter, or a room with a combining mark.
    BadStart {
        /// What was asked for.
        kind: NameKind,
        /// The refused text.
        value: String,
        /// What it starts with.
        character: char,
    },
    /// A character that names do not have, at least not there.
    BadCharacter {
        /// What was asked for.
        kind: NameKind,
        /// The refused text.
        value: String,
        /// The first such character.
        character: char,
        /// Its place among the characters after NFC, from 1.
        position: usize,
    },
    /// Letters of two scripts that are not written together.
    MixedScripts {
        /// What was asked for.
        kind: NameKind,
        /// The refused text.
        value: String,
        /// The script of the first letter, such as `Latin`.
        first: String,
        /// The script of the letter that does not go with those before it.
        second: String,
    },
    /// A right-to-left name that a terminal may show in the wrong order.
    Direction {
        /// What was asked for.
        kind: NameKind,
        /// The refused text.
        value: String,
    },
    /// A nick that looks like one the server speaks under.
    Reserved {
        /// The refused text.
        value: String,
    },
}

impl NameError {
    /// A word for programs, such as `nick-too-long`; it stays the same between releases.
    pub fn code(&self) -> &'static str {
        let [nick, room] = match self {
            NameError::Empty { .. } => ["nick-empty", "room-empty"],
            NameError::TooLong { .. } => ["nick-too-long", "room-too-long"],
            NameError::BadStart { .. } => ["nick-bad-start", "room-bad-start"],
            NameError::BadCharacter { .. } => ["nick-bad-character", "room-bad-character"],
            NameError::MixedScripts { .. } => ["nick-mixed-scripts", "room-mixed-scripts"],
            NameError::Direction { .. } => ["nick-bad-direction", "room-bad-direction"],
            NameError::Reserved { .. } => ["nick-reserved", "room-reserved"],
        };
        match self.kind() {
            NameKind::Nick => nick,
            NameKind::Room => room,
        }
    }

    /// Which kind of name was asked for.
    pub fn kind(&self) -> NameKind {
        match self {
            NameError::Empty { kind }
            | NameError::TooLong { kind, .. }
            | NameError::BadStart { kind, .. }
            | NameError::BadCharacter { kind, .. }
            | NameError::MixedScripts { kind, .. }
            | NameError::Direction { kind, .. } => *kind,
            NameError::Reserved { .. } => NameKind::Nick,
        }
    }

    /// The refused text, whole and unescaped; show [`Display`](fmt::Display) instead.
    pub fn value(&self) -> String {
        match self {
            NameError::Empty { .. } => String::new(),
            NameError::TooLong { value, .. }
            | NameError::BadStart { value, .. }
            | NameError::BadCharacter { value, .. }
            | NameError::MixedScripts { value, .. }
            | NameError::Direction { value, .. }
            | NameError::Reserved { value } => value.clone(),
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        write!(f, "{kind} {} ", quoted(&self.value()))?;
        match self {
            NameError::Empty { .. } => {
                write!(f, "is empty, 1 to {} characters are needed", kind.limit())
            }
            NameError::TooLong { characters, columns, .. } => match kind {
                NameKind::Nick => {
                    write!(f, "is too long: {characters} characters in {columns} columns, at most {MAX_NICK} of each")
                }
                NameKind::Room => {
                    write!(f, "is too long: {characters} characters, at most {MAX_ROOM}")
                }
            },
            NameError::BadStart { character, .. } => match kind {
                NameKind::Nick => write!(f, "must start with a letter, not {character:?}"),
                NameKind::Room => write!(f, "must not start with the mark {character:?}"),
            },
            NameError::BadCharacter { character, position, .. } => {
                write!(f, "may not have {character:?} at position {position}")
            }
            NameError::MixedScripts { first, second, .. } => {
                write!(f, "mixes {first} and {second} letters")
            }
            NameError::Direction { .. } => write!(
                f,
                "is written right to left, so it must start with a letter, \
                 end with a letter or digit, and keep to one kind of digits"
            ),
            NameError::Reserved { .. } => write!(f, "is kept for the server"),
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
