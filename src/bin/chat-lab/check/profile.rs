//! Profiles: how a server is spoken to, as data in TOML. Knows no socket, and nothing of how a rule is tested.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::check::pattern::{Pattern, Values};

pub use crate::check::end::{End, Of};

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
    /// What the other clients are told of clients that come and go.
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
    /// What the others hear; a server that answers only the speaker has none.
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

/// What the other clients are told of clients that come and go.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_that_comes_with_the_program_is_read() {
        for profile in Profile::built_in() {
            assert!(!profile.about.is_empty(), "{}", profile.name);
        }
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
