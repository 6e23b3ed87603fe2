//! Profiles: how a server is spoken to, as data in TOML. Knows no socket, and nothing of how a rule is tested.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::check::pattern::{Pattern, Values};

/// Bytes of a name at most.
const NAME: usize = 64;

/// A dialect: never a test.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// Other names for it.
    #[serde(default)]
    pub alias: Vec<String>,
    /// The port that the server always takes; 0: the one that it is given.
    #[serde(default)]
    pub port: u16,
    /// Messages that may come at any time.
    #[serde(default)]
    pub ignore: Vec<Pattern>,
    /// Where a message ends.
    pub end: End,
    /// How a client comes in.
    #[serde(default)]
    pub enter: Enter,
    /// A second connection of the same client, on which it hears.
    pub listen: Option<Enter>,
    /// How it speaks and is heard.
    pub say: Say,
    /// How it leaves, other than by closing.
    pub leave: Option<Leave>,
    /// What the others are told of those who come and go.
    #[serde(default)]
    pub notice: Notice,
    /// Another room.
    pub rooms: Option<Rooms>,
    /// A message to one person alone.
    pub private: Option<Private>,
    /// How the server stops.
    #[serde(default)]
    pub stop: Stop,
    /// What happens to a client that does not read.
    #[serde(default)]
    pub slow: Slow,
    /// What a newcomer hears of what was said before.
    #[serde(default)]
    pub late: Late,
    /// Points of a stage, by its name.
    #[serde(default)]
    pub points: BTreeMap<String, f64>,
    /// Rules that are not asked, and why.
    #[serde(default)]
    pub skip: BTreeMap<String, String>,
}

/// How the end of a message is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// By a line end.
    Line,
    /// Not at all: what is heard is a stream.
    None,
    /// By a pause in which nothing is sent; for the one who hears it is a stream.
    Pause,
    /// By its length, which comes first.
    Length,
}

/// The order of the bytes of a length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ByteOrder {
    /// The highest first.
    #[default]
    Big,
    /// The lowest first.
    Little,
}

/// Where a message ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// How it is found.
    pub of: Of,
    /// The longest message in bytes, if the protocol has a bound.
    pub max: Option<usize>,
    /// Bytes of a length: 1, 2 or 4.
    #[serde(default = "two")]
    pub bytes: usize,
    /// Their order.
    #[serde(default)]
    pub order: ByteOrder,
}

fn two() -> usize {
    2
}

/// How a client comes in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enter {
    /// What is sent and what must come, in turn.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What comes instead, if a name is refused.
    pub refused: Option<Pattern>,
}

/// One step of coming in.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub enum Step {
    /// The client sends this.
    Send(Pattern),
    /// The server must answer this.
    Await(Pattern),
}

impl TryFrom<String> for Step {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(sent) = text.strip_prefix("> ") {
            Ok(Step::Send(sent.to_owned().try_into()?))
        } else if let Some(came) = text.strip_prefix("< ") {
            Ok(Step::Await(came.to_owned().try_into()?))
        } else {
            Err(format!("the step {text:?} must begin with \"> \" (it is sent) or \"< \" (it must come)"))
        }
    }
}

/// Whether the speaker hears what he said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Own {
    /// Never.
    #[default]
    None,
    /// Once.
    One,
    /// It does not matter.
    Any,
}

/// How a client speaks and is heard.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// What it sends.
    pub send: Pattern,
    /// What the others hear; a server that answers only the one who speaks has none.
    pub others: Option<Pattern>,
    /// Whether the speaker hears it, too.
    #[serde(default)]
    pub own: Own,
    /// How, if not as the others.
    pub own_form: Option<Pattern>,
}

/// A word that leaves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// What is sent to leave.
    pub send: Pattern,
    /// Whether a text that only contains the word must be said.
    #[serde(default)]
    pub word: bool,
}

/// What the others are told of those who come and go.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// After a client came in.
    pub joined: Option<Pattern>,
    /// After it left.
    pub left: Option<Pattern>,
}

/// Another room.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rooms {
    /// How a client comes into the room `{room}`, if not by `enter`.
    pub join: Option<Pattern>,
    /// The room in which clients are by themselves.
    #[serde(default = "hall")]
    pub first: String,
    /// Another one.
    #[serde(default = "garden")]
    pub other: String,
}

fn hall() -> String {
    "hall".to_owned()
}

fn garden() -> String {
    "garden".to_owned()
}

/// A message to one person alone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Private {
    /// What is sent.
    pub send: Pattern,
    /// What the one person hears.
    pub heard: Pattern,
}

/// How the server stops.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stop {
    /// `SIGTERM`, or a line for its standard input.
    pub by: String,
    /// What each client is told.
    pub told: Option<Pattern>,
}

/// The signal by which a program is asked to stop.
pub const SIGTERM: &str = "SIGTERM";

impl Default for Stop {
    fn default() -> Self {
        Stop { by: SIGTERM.to_owned(), told: None }
    }
}

/// What happens to a client that does not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// It is closed.
    #[default]
    Close,
    /// It misses messages, and is told so.
    Drop,
    /// The others wait for a bounded time.
    Wait,
}

/// What happens to a client that does not read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slow {
    /// What the server does.
    pub policy: Policy,
    /// With `drop`: how the gap is told.
    pub gap: Option<Pattern>,
}

/// What a newcomer hears of what was said before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum History {
    /// Nothing.
    #[default]
    None,
    /// It does not matter.
    Any,
}

/// What a newcomer hears of what was said before.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Late {
    /// How much.
    pub history: History,
}

impl Profile {
    /// Reads one.
    ///
    /// # Errors
    /// A sentence that says what is wrong, and in which line.
    pub fn parse(text: &str) -> Result<Profile, String> {
        let profile: Profile = toml::from_str(text).map_err(|error| told(&error, text))?;
        if !matches!(profile.end.bytes, 1 | 2 | 4) {
            return Err(format!("end.bytes is {}: a length has 1, 2 or 4 bytes", profile.end.bytes));
        }
        if !is_a_word(&profile.name) {
            return Err(format!("the name {:?} is no short word of letters, digits and -", profile.name));
        }
        Ok(profile)
    }

    /// The name, the room and the other values that a client of this name fills in.
    pub fn values(&self, nick: &str) -> Values {
        let room = self.rooms.as_ref().map_or_else(hall, |rooms| rooms.first.clone());
        Values { name: Some(nick.to_owned()), room: Some(room), ..Values::default() }
    }

    /// Whether a client that came in is told so; if not, nobody can tell when the server knows it.
    pub fn greets(&self) -> bool {
        let steps = self.listen.iter().chain([&self.enter]).flat_map(|enter| &enter.steps);
        steps.last().is_some_and(|step| matches!(step, Step::Await(_)))
    }

    /// Whether names are told to the server.
    pub fn has_names(&self) -> bool {
        use crate::check::pattern::Field::Name;
        self.enter.steps.iter().any(|step| matches!(step, Step::Send(pattern) if pattern.has(Name)))
    }
}

/// A name stands in each report, and some of them have a syntax of their own.
fn is_a_word(name: &str) -> bool {
    (1..=NAME).contains(&name.len()) && name.chars().all(|letter| letter.is_alphanumeric() || "-_. ".contains(letter))
}

/// What is wrong with a profile: the line, the reason, and the nearest key for an unknown one.
fn told(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let message = error.message();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let near = match quoted.next() {
        Some(unknown) if message.starts_with("unknown field") => nearest(unknown, quoted),
        _ => None,
    };
    let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!("line {line}: {message}{near}")
}

/// A question behind a sentence about a name that is unknown; nothing, if no other one looks like it.
pub fn meant<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    nearest(name, names).map_or(String::new(), |near| format!(": did you mean {near}?"))
}

/// The one of `names` that looks most like `name`, if one does.
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let rated = names.map(|other| (strsim::jaro_winkler(name, other), other));
    rated.filter(|(likeness, _)| *likeness > 0.7).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}

impl End {
    /// The message as it is sent.
    pub fn wrap(&self, message: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(message.len() + 4);
        if self.of == Of::Length {
            let length = (message.len() as u32).to_be_bytes();
            let mut length = length[4 - self.bytes..].to_vec();
            if self.order == ByteOrder::Little {
                length.reverse();
            }
            out.extend_from_slice(&length);
        }
        out.extend_from_slice(message);
        if self.of == Of::Line {
            out.push(b'\n');
        }
        out
    }

    /// Whether those who hear can tell where a message ends.
    pub fn is_seen(&self) -> bool {
        matches!(self.of, Of::Line | Of::Length)
    }

    /// The first whole message of `bytes`, and how many bytes it takes with its end.
    pub fn cut<'a>(&self, bytes: &'a [u8]) -> Option<(&'a [u8], usize)> {
        match self.of {
            Of::Line => {
                let end = memchr::memchr(b'\n', bytes)?;
                let line = &bytes[..end];
                Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1))
            }
            Of::Length => {
                let mut length = bytes.get(..self.bytes)?.to_vec();
                if self.order == ByteOrder::Little {
                    length.reverse();
                }
                let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                Some((bytes.get(self.bytes..self.bytes + length)?, self.bytes + length))
            }
            Of::None | Of::Pause => None,
        }
    }

    /// The same as a message of its own.
    pub fn take(&self, bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        self.cut(bytes).map(|(message, length)| (message.to_vec(), length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(of: Of, order: ByteOrder) -> End {
        End { of, max: None, bytes: 2, order }
    }

    #[test]
    fn every_profile_that_comes_with_the_program_is_read() {
        for profile in Profile::built_in() {
            assert!(!profile.about.is_empty(), "{}", profile.name);
        }
    }

    #[test]
    fn a_message_that_is_wrapped_is_cut_again() {
        for end in [end(Of::Line, ByteOrder::Big), end(Of::Length, ByteOrder::Big), end(Of::Length, ByteOrder::Little)]
        {
            let wrapped = [end.wrap(b"hi"), end.wrap(b"ho")].concat();
            let (first, length) = end.cut(&wrapped).unwrap();
            assert_eq!((first, end.cut(&wrapped[length..]).unwrap().0), (&b"hi"[..], &b"ho"[..]));
            assert_eq!(end.cut(&wrapped[..length - 1]), None);
        }
        assert_eq!(end(Of::Line, ByteOrder::Big).cut(b"hi\r\n").unwrap().0, b"hi");
    }

    #[test]
    fn an_unknown_key_is_told_with_its_line_and_the_nearest_one() {
        let error = Profile::parse("name = \"x\"\nabuot = \"y\"\n").unwrap_err();
        assert!(error.starts_with("line 2:") && error.contains("did you mean `about`"), "{error}");
        let plain = Profile::source("plain").unwrap();
        let error = Profile::parse(&plain.replace("name = \"plain\"", "name = '`'")).unwrap_err();
        assert!(error.contains("no short word"), "{error}");
        let error = Profile::load("plian").unwrap_err();
        assert!(error.contains("did you mean plain?"), "{error}");
    }
}
