//! What commands are about: places, people, pages, secrets. Knows no command.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::strings::as_string;
use crate::error::ChatError;
use crate::model::PlaceId;
use crate::model::{Millis, Seq, Settings};
use crate::names::{Nick, RoomName, clean, clean_lines, shows};

as_string!(Dice: Dice::parse, Place: Place::parse, Whom: Whom::parse, Spot: Spot::parse);

/// Somebody who may be here. A name that nobody can have is nobody's.
pub fn somebody(name: &str) -> Result<Nick, ChatError> {
    Nick::parse(name).map_err(|_| ChatError::NoSuchNick(clean(name).into_owned()))
}

/// Text from outside, made harmless: control, escape and bidi-override
/// characters gone, line breaks turned into spaces, no blanks around it.
/// Text that shows nothing is the empty one.
pub fn text(raw: &str) -> Arc<str> {
    let cleaned = match raw.contains(['\n', '\r']) {
        // Or the words on both sides would become one.
        true => clean(&raw.replace("\r\n", " ").replace(['\n', '\r'], " ")).into_owned().into(),
        false => clean(raw),
    };
    if shows(&cleaned) { Arc::from(cleaned.trim()) } else { Arc::from("") }
}

/// The words of a message: harmless as those of [`text`], but with the line breaks
/// that their author made, so that code stays code. Blanks at the beginning of
/// a line stay if there are several lines; blanks at the end of a line go, and
/// so do lines without anything to see before the first and after the last word.
pub fn said(raw: &str) -> Arc<str> {
    let cleaned = clean_lines(raw);
    if !cleaned.contains('\n') {
        return if shows(&cleaned) { Arc::from(cleaned.trim()) } else { Arc::from("") };
    }
    let lines: Vec<&str> = cleaned.split('\n').map(str::trim_end).collect();
    let first = lines.iter().position(|line| shows(line)).unwrap_or(lines.len());
    let end = lines.iter().rposition(|line| shows(line)).map_or(first, |last| last + 1);
    match &lines[first..end] {
        [one] => Arc::from(one.trim()),
        all => all.join("\n").into(),
    }
}

/// A room's key. One that shows nothing would open the room that it was to close.
pub fn key(raw: &str) -> Result<Arc<str>, ChatError> {
    let wants = "a word that can be seen";
    let key = text(raw);
    if key.is_empty() { Err(ChatError::BadField { field: "key", value: "\"\"".to_owned(), wants }) } else { Ok(key) }
}

/// Where something is said: a room, or a private conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A room.
    Room(RoomName),
    /// The asker's conversation with this person.
    With(Nick),
}

impl Place {
    /// Reads `@nick`, or a room with or without its `#`.
    ///
    /// # Errors
    /// The name breaks the rules for names.
    pub fn parse(text: &str) -> Result<Place, ChatError> {
        match text.strip_prefix('@') {
            Some(nick) => somebody(nick).map(Place::With),
            None => Ok(Place::Room(RoomName::parse(text)?)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Room(room) => write!(f, "{room}"),
            Place::With(nick) => write!(f, "@{nick}"),
        }
    }
}

/// Events that a session gets only if it asks for them: a list of their names in JSON.
/// A name that is not known may be of a later version, and says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wants {
    /// `typing`.
    pub typing: bool,
    /// `invites`: the event `invite` about other people.
    pub invites: bool,
}

impl FromIterator<String> for Wants {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Wants {
        names.into_iter().fold(Wants::default(), |wants, name| Wants {
            typing: wants.typing || name == TYPING,
            invites: wants.invites || name == INVITES,
        })
    }
}

impl Serialize for Wants {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = [(self.typing, TYPING), (self.invites, INVITES)];
        serializer.collect_seq(names.iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name))
    }
}

const TYPING: &str = "typing";
const INVITES: &str = "invites";

/// Dice that are thrown together: `2d6` is two of six sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dice {
    count: u64,
    sides: u64,
}

impl Default for Dice {
    fn default() -> Dice {
        Dice { count: 1, sides: 6 }
    }
}

impl Dice {
    /// Reads `2d6`, or `d6` for one.
    ///
    /// # Errors
    /// Anything else, or dice that nobody has.
    pub fn parse(text: &str) -> Result<Dice, ChatError> {
        let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?;
        let read = || {
            let (count, sides) = text.split_once(['d', 'D'])?;
            Some(Dice { count: if count.is_empty() { 1 } else { number(count)? }, sides: number(sides)? })
        };
        let real = |dice: &Dice| (1..=20).contains(&dice.count) && (2..=1000).contains(&dice.sides);
        read().filter(real).ok_or_else(|| ChatError::BadField {
            field: "NdM",
            value: format!("{:?}", clean(text).chars().take(64).collect::<String>()),
            wants: "1 to 20 dice of 2 to 1000 sides, as in 2d6",
        })
    }

    /// Throws them, and says what `name` has thrown; `chance` draws a number from 1 to the one it is given.
    ///
    /// # Errors
    /// There is no chance: the system has no randomness.
    pub fn thrown(self, name: &str, chance: impl Fn(u64) -> Option<u64>) -> Result<Arc<str>, ChatError> {
        let faces: Option<Vec<u64>> = (0..self.count).map(|_| chance(self.sides)).collect();
        let faces = faces.ok_or_else(|| ChatError::NotTaken("the system has no randomness".to_owned()))?;
        let shown: Vec<String> = faces.iter().map(u64::to_string).collect();
        let sum = if faces.len() > 1 { format!(" = {}", faces.iter().sum::<u64>()) } else { String::new() };
        Ok(format!("{name} rolls {self}: {}{sum}", shown.join(" + ")).into())
    }
}

impl fmt::Display for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}d{}", self.count, self.sides)
    }
}

/// What must not be seen: a password, a code. It does not show itself in any log.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Secret(pub Box<str>);

impl From<&str> for Secret {
    fn from(text: &str) -> Secret {
        Secret(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a moderator does about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModAction {
    /// May come into a room where one must be invited.
    Invite,
    /// Is put out of the room.
    Kick,
    /// Is put out and kept out.
    Ban,
    /// May come in again.
    Unban,
    /// May not speak.
    Mute,
    /// May speak again.
    Unmute,
    /// Becomes an op.
    Op,
    /// Is an op no more.
    Deop,
    /// May speak where not all may.
    Voice,
    /// Has no voice any more.
    Devoice,
}

impl ModAction {
    /// Whether it is about one person, who must be here or have an account.
    pub fn names_a_person(self) -> bool {
        use ModAction::{Deop, Devoice, Invite, Kick, Op, Voice};
        matches!(self, Invite | Kick | Op | Deop | Voice | Devoice)
    }
}

/// About whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Whoever has this nick.
    Nick(Nick),
    /// Whoever comes from this address: for bans.
    Address(IpAddr),
    /// Whoever this mask fits, as it was typed: for bans.
    Mask(Arc<str>),
}

impl Whom {
    /// Reads a nick, an address or a mask.
    ///
    /// # Errors
    /// It is none of these: nobody is called so.
    pub fn parse(text: &str) -> Result<Whom, ChatError> {
        match text.parse() {
            Ok(address) => Ok(Whom::Address(IpAddr::to_canonical(&address))),
            Err(_) if is_mask(text) => mask(text).map(Whom::Mask),
            Err(_) => somebody(text).map(Whom::Nick),
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whom::Nick(nick) => write!(f, "{nick}"),
            Whom::Address(address) => write!(f, "{address}"),
            Whom::Mask(mask) => f.write_str(mask),
        }
    }
}

/// The longest mask that is taken, in characters.
pub const MAX_MASK: usize = 128;

/// Whether a text is a mask and cannot be a name: names have none of these characters.
fn is_mask(text: &str) -> bool {
    text.contains(['*', '?', '!', '@', ':'])
}

/// Reads a mask: one word.
///
/// # Errors
/// It is empty, too long, or more than one word.
pub fn mask(raw: &str) -> Result<Arc<str>, ChatError> {
    let mask = text(raw);
    if !mask.is_empty() && mask.chars().count() <= MAX_MASK && !mask.contains(char::is_whitespace) {
        return Ok(mask);
    }
    let value = format!("{:?}", mask.chars().take(MAX_MASK).collect::<String>());
    Err(ChatError::BadField { field: "mask", value, wants: "one word of 1 to 128 characters, such as spam*" })
}

/// What to change in a room; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Whether one must be invited.
    pub invite_only: Option<bool>,
    /// The word that opens it; the empty one opens it to all.
    pub key: Option<Arc<str>>,
    /// Whether only ops and members with a voice speak.
    pub announcements: Option<bool>,
    /// Whether only ops set the topic.
    pub topic_by_ops: Option<bool>,
    /// Whether no list shows it.
    pub hidden: Option<bool>,
    /// Whether people who are not in it may write there.
    pub outsiders: Option<bool>,
    /// How many members it may have; 0 is as many as like.
    pub limit: Option<usize>,
}

impl Change {
    /// What is set after this change of `before`.
    pub fn made_to(&self, before: &Settings) -> Settings {
        let key = self.key.clone().filter(|key| !key.is_empty());
        let limit = self.limit.filter(|limit| *limit > 0);
        Settings {
            invite_only: self.invite_only.unwrap_or(before.invite_only),
            key: if self.key.is_some() { key } else { before.key.clone() },
            announcements: self.announcements.unwrap_or(before.announcements),
            topic_by_ops: self.topic_by_ops.unwrap_or(before.topic_by_ops),
            hidden: self.hidden.unwrap_or(before.hidden),
            outsiders: self.outsiders.unwrap_or(before.outsiders),
            limit: if self.limit.is_some() { limit } else { before.limit },
        }
    }
}

/// How many at most, if it is said: to ask for none would be to ask for nothing.
///
/// # Errors
/// It is 0.
pub fn some_limit(limit: Option<usize>) -> Result<Option<usize>, ChatError> {
    let wants = "a whole number above 0";
    if limit == Some(0) { Err(ChatError::BadField { field: "limit", value: "0".to_owned(), wants }) } else { Ok(limit) }
}

/// Where a page of what is found ends: the next one goes on with what came before it.
///
/// All messages of a server are in one order by this: that in which they were
/// kept, whatever the clock did meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// What the message's time counts as: no message kept later has less.
    pub counted: Millis,
    /// Where it was said.
    pub place: PlaceId,
    /// Its number there.
    pub seq: Seq,
}

impl Spot {
    /// Reads what it writes itself as.
    ///
    /// # Errors
    /// `text` is anything else.
    pub fn parse(text: &str) -> Result<Spot, ChatError> {
        let read = || {
            let mut parts = text.splitn(3, '.');
            let mut part = || parts.next();
            let (counted, place, seq) = (part()?.parse().ok()?, part()?.parse().ok()?, part()?.parse().ok()?);
            Some(Spot { counted, place: PlaceId(place), seq })
        };
        read().ok_or_else(|| ChatError::BadField {
            field: "next",
            value: format!("{:?}", clean(text).chars().take(64).collect::<String>()),
            wants: "what an answer to search had as next",
        })
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.counted, self.place.0, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_its_lines_and_what_stands_before_their_words() {
        for (raw, kept) in [
            ("  one line  ", "one line"),
            ("def f():\n    return 1  \n\nf()\n\n", "def f():\n    return 1\n\nf()"),
            ("\n \u{200b}\n    indented\n  less\n", "    indented\n  less"),
            ("\r\n  alone \r\n", "alone"),
            ("\n\u{2028}\t\n", ""),
            ("a\u{2029}\tb", "a\n    b"),
        ] {
            assert_eq!(&*said(raw), kept, "{raw:?}");
            assert_eq!(&*said(kept), kept, "{raw:?} said again");
        }
    }

    #[test]
    fn all_other_texts_are_one_line() {
        assert_eq!(&*text("a\r\nb\nc\td\u{2028}e"), "a b c d e");
    }
}
