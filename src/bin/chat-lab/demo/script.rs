//! The scripts of the demos, as data in TOML: which client does what and when, the captions, the rule, the question. Knows no socket.
//!
//! A line of a script is a time in seconds and a deed: `12.0 vera stops reading`. Lines with the same
//! time happen at once. A caption is `12.0 # What is to be seen now.`

use serde::Deserialize;

/// One demo.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The name on the command line.
    #[serde(skip)]
    pub name: &'static str,
    /// What it shows, in a few words.
    pub title: String,
    /// The broken server: its name in `chat-lab serve`, or a file that ends in .py.
    pub broken: String,
    /// How a server in Python is repaired; one in Rust is a change of a stair, and that is the fixed one.
    #[serde(default)]
    pub fix: Vec<Fix>,
    /// The dialect.
    pub profile: String,
    /// The rule is asked as if each message were a line, though the profile has none.
    #[serde(default)]
    pub lines: bool,
    /// The rule that the broken one breaks, and the fixed one keeps.
    pub rule: String,
    /// Which client does what, and when.
    #[serde(deserialize_with = "cues")]
    pub script: Vec<Cue>,
    /// For the class.
    pub question: String,
    /// After Enter.
    pub answer: String,
}

/// One change of a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// What stands there, once.
    pub was: String,
    /// What is put in its place.
    pub is: String,
}

/// One line of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Cue {
    /// Seconds after the beginning.
    pub at: f64,
    pub deed: Deed,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// This is shown from now on.
    Caption(String),
    /// A client does something.
    Acts { role: String, act: Act },
    /// So many clients come and go, for so many seconds.
    Crowd { clients: usize, seconds: f64 },
    /// Whether two clients heard the numbered lines in one order.
    Compare(String, String),
    /// The operator types the word that stops the server.
    Stop,
}

/// What a client does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// It connects, and gives this name.
    Enters {
        nick: String,
    },
    Says(String),
    /// It sends these bytes, each piece only after the server has read the one before.
    Sends(Vec<Vec<u8>>),
    /// It says so many numbered lines of this length, as fast as the server takes them.
    Floods {
        lines: usize,
        bytes: usize,
    },
    /// It says so many numbered lines, each as soon as the other client has heard the one before.
    Chats {
        with: String,
        lines: usize,
    },
    StopsReading,
    ReadsAgain,
    Closes,
    Resets,
}

macro_rules! scripts {
    ($($name:literal),*) => { [$(($name, include_str!(concat!("scripts/", $name, ".toml")))),*] };
}

/// All demos, in the order of the lessons.
const SCRIPTS: [(&str, &str); 16] = scripts!(
    "one-at-a-time",
    "recv-is-message",
    "threads",
    "no-end",
    "innocent",
    "exit-word",
    "lock-io",
    "endless-queue",
    "silent-drop",
    "lost-wake-up",
    "two-annas",
    "one-order-each",
    "torn-lines",
    "two-locks",
    "epoll",
    "no-join"
);

impl Script {
    /// All of them. A test proves that each can be read.
    pub fn all() -> Vec<Script> {
        SCRIPTS.iter().filter_map(|(name, text)| Script::parse(name, text).ok()).collect()
    }

    fn parse(name: &'static str, text: &str) -> Result<Script, toml::de::Error> {
        toml::from_str(text).map(|script| Script { name, ..script })
    }

    /// When the last line is played, in seconds.
    pub fn length(&self) -> f64 {
        self.script.last().map_or(0.0, |cue| cue.at)
    }

    /// Whether this client stops reading at some time: then its buffer is small, so that it is full soon.
    pub fn is_slow(&self, role: &str) -> bool {
        self.script
            .iter()
            .any(|cue| matches!(&cue.deed, Deed::Acts { role: own, act: Act::StopsReading } if own == role))
    }
}

fn cues<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Vec<Cue>, D::Error> {
    let text = String::deserialize(source)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let cues: Vec<Cue> = lines.map(cue).collect::<Result<_, _>>().map_err(serde::de::Error::custom)?;
    match cues.windows(2).find(|pair| pair[1].at < pair[0].at) {
        Some(pair) => Err(serde::de::Error::custom(format!("{} s comes after {} s", pair[1].at, pair[0].at))),
        None => Ok(cues),
    }
}

/// Reads one line.
fn cue(line: &str) -> Result<Cue, String> {
    let told = || format!("this is no line of a script: {line}");
    let (at, rest) = line.split_once(' ').ok_or_else(told)?;
    let at = at.parse().map_err(|_| told())?;
    let rest = rest.trim();
    if let Some(caption) = rest.strip_prefix("# ") {
        return Ok(Cue { at, deed: Deed::Caption(caption.to_owned()) });
    }
    let words: Vec<&str> = rest.split(' ').collect();
    let number = |word: &str| word.parse::<usize>().map_err(|_| told());
    let deed = match words[..] {
        ["server", "stop"] => Deed::Stop,
        ["crowd", "of", clients, "comes", "and", "goes", "for", seconds, "s"] => {
            Deed::Crowd { clients: number(clients)?, seconds: seconds.parse().map_err(|_| told())? }
        }
        [one, "and", other, "compare"] => Deed::Compare(one.to_owned(), other.to_owned()),
        [role, ..] => {
            let rest = rest[role.len()..].trim_start();
            Deed::Acts { role: role.to_owned(), act: act(role, rest).ok_or_else(told)? }
        }
        [] => return Err(told()),
    };
    Ok(Cue { at, deed })
}

fn act(role: &str, rest: &str) -> Option<Act> {
    let words: Vec<&str> = rest.split(' ').collect();
    Some(match words[..] {
        ["enters"] => Act::Enters { nick: role.to_owned() },
        ["enters", "as", nick] => Act::Enters { nick: nick.to_owned() },
        ["stops", "reading"] => Act::StopsReading,
        ["reads", "again"] => Act::ReadsAgain,
        ["closes"] => Act::Closes,
        ["resets"] => Act::Resets,
        ["floods", lines, "lines", "of", bytes, "bytes"] => {
            Act::Floods { lines: lines.parse().ok()?, bytes: bytes.parse().ok()? }
        }
        ["chats", "with", with, "for", lines, "lines"] => {
            Act::Chats { with: with.to_owned(), lines: lines.parse().ok()? }
        }
        ["says", ..] => Act::Says(rest.strip_prefix("says ")?.to_owned()),
        ["sends", ..] => Act::Sends(rest.strip_prefix("sends ")?.split(" | ").map(bytes).collect::<Option<_>>()?),
        _ => return None,
    })
}

/// Bytes in quotes, with `\n` and `\xff`.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut rest = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::new();
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        rest = match after.as_bytes().first()? {
            b'n' => {
                out.push(b'\n');
                &after[1..]
            }
            b'x' => {
                out.push(u8::from_str_radix(after.get(1..3)?, 16).ok()?);
                &after[3..]
            }
            _ => return None,
        };
    }
    out.extend_from_slice(rest.as_bytes());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::profile::Profile;
    use crate::check::rules;
    use crate::serve::{SERVERS, Server};

    #[test]
    fn every_script_can_be_played_and_names_a_rule_that_its_server_breaks() {
        for (name, text) in SCRIPTS {
            let script = Script::parse(name, text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(rules::all().any(|rule| rule.name == script.rule), "{name}: {}", script.rule);
            assert!(Profile::load(&script.profile).is_ok(), "{name}: {}", script.profile);
            assert!((20.0..=65.0).contains(&script.length()), "{name}: {} s", script.length());
            assert!(matches!(script.script[0].deed, Deed::Caption(_)), "{name}: it begins with a caption");
            for cue in &script.script {
                let Deed::Caption(text) = &cue.deed else { continue };
                assert!(text.chars().count() <= 140, "{name}: two rows of 80 columns are enough for {text}");
            }
            if let Some(server) = Server::named(&script.broken) {
                assert_eq!(name, script.broken);
                assert_eq!(server.profile(), script.profile, "{name}");
                assert!(server.breaks().contains(&script.rule), "{name}: {}", script.rule);
            } else {
                assert_eq!(format!("{name}.py"), script.broken);
                assert!(!script.fix.is_empty(), "{name}");
            }
        }
    }

    #[test]
    fn every_broken_server_has_a_demo() {
        let broken = SERVERS.iter().filter(|server| server.made_of().is_some());
        assert!(
            broken.clone().count() == 14 && broken.into_iter().all(|s| SCRIPTS.iter().any(|(name, _)| *name == s.name))
        );
    }

    #[test]
    fn a_line_is_read_as_it_is_written() {
        let deed = |line: &str| cue(line).unwrap().deed;
        let acts = |role: &str, act| Deed::Acts { role: role.to_owned(), act };
        assert_eq!(deed("1.5 vera stops reading"), acts("vera", Act::StopsReading));
        assert_eq!(deed("2 anna says hi  there"), acts("anna", Act::Says("hi  there".to_owned())));
        let pieces = vec![b"a\n".to_vec(), vec![0xd0], b"b".to_vec()];
        assert_eq!(deed(r#"2 anna sends "a\n" | "\xd0" | "b""#), acts("anna", Act::Sends(pieces)));
        assert_eq!(deed("3 # Look."), Deed::Caption("Look.".to_owned()));
        assert!(cue("3 anna dances").unwrap_err().contains("anna dances"));
    }
}
