//! What a rule came to: kept, broken, not run, not asked or unsure, and the evidence. Knows no socket.

use std::time::Duration;

use crate::check::script::{Bytes, Note};

/// What a rule came to.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The server does what the rule asks.
    Kept,
    /// It does not.
    Broken(Box<Evidence>),
    /// Another rule had to be kept before, or the server is silent since.
    NotRun(String),
    /// The protocol does not have what the rule is about, or the teacher left it out.
    NotAsked(String),
    /// The machine was too busy to tell.
    Unsure(String),
}

impl Verdict {
    /// Whether the server does not do what the rule asks.
    pub fn is_broken(&self) -> bool {
        matches!(self, Verdict::Broken(_))
    }
}

/// Why a rule is broken.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// What is wrong, in one sentence.
    pub told: String,
    /// What came and what should have come.
    pub heard: Option<Heard>,
    /// Whether it was a deadline that told, so that a busy machine can be the cause.
    pub by_time: bool,
    /// Whether the server refused a client in words.
    pub refused: bool,
    /// What the program's threads waited in at that moment.
    pub threads: Vec<String>,
    /// The last lines that the program printed.
    pub said: Vec<String>,
}

/// What came and what should have come.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The client that heard it.
    pub role: String,
    /// What came; nothing, if nothing did.
    pub came: Option<Bytes>,
    /// What should have come; nothing, if nothing should.
    pub should: Option<Vec<u8>>,
    /// The first byte that is wrong.
    pub at: usize,
}

/// Why a rule did not come to its end.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The server broke it.
    Broken(Box<Evidence>),
    /// The checker could not do its part.
    Trouble(String),
}

/// What a rule's function returns.
pub type Outcome<T = ()> = Result<T, Fault>;

impl Fault {
    /// Broken, by what was seen.
    pub fn broken(told: impl Into<String>) -> Fault {
        Fault::Broken(Box::new(Evidence { told: told.into(), ..Evidence::default() }))
    }

    /// Broken, because something did not happen in time.
    pub fn late(told: impl Into<String>) -> Fault {
        Fault::Broken(Box::new(Evidence { told: told.into(), by_time: true, ..Evidence::default() }))
    }

    /// With what came and what should have come.
    #[must_use]
    pub fn heard(mut self, heard: Heard) -> Fault {
        if let Fault::Broken(evidence) = &mut self {
            evidence.heard = Some(heard);
        }
        self
    }

    /// A refusal in words, which may be what a rule asks for.
    #[must_use]
    pub fn refused(mut self) -> Fault {
        if let Fault::Broken(evidence) = &mut self {
            evidence.refused = true;
        }
        self
    }

    /// With a sentence of its own.
    #[must_use]
    pub fn told(mut self, told: impl Into<String>) -> Fault {
        if let Fault::Broken(evidence) = &mut self {
            evidence.told = told.into();
        }
        self
    }
}

/// One rule, judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its name.
    pub rule: &'static str,
    /// What it came to.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
    /// What the clients did and heard.
    pub notes: Vec<Note>,
    /// With `--times`: how often it was broken, of how often it ran; and the seed of the run that is shown.
    pub times: Option<(u32, u32, String)>,
}

impl Judged {
    /// A rule of which no client did anything that is worth telling.
    pub fn without_play(rule: &'static str, verdict: Verdict) -> Judged {
        Judged { rule, verdict, took: Duration::ZERO, notes: Vec::new(), times: None }
    }
}

/// A time as a person says it.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
