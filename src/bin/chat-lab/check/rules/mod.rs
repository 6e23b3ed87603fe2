//! The rules, in the order in which they are run: one table for the checker, its lists and its tests. Knows no report.

mod extra;
mod framing;
mod leaving;
mod names;
mod order;
mod slow;
mod start;
mod stop;
mod together;

use crate::check::play::Play;
use crate::check::profile::{Own, Profile};
use crate::check::verdict::Outcome;
use crate::kernel::TELLS;

pub use start::is_served;

/// The stages, in the order of the lessons, with their points: 100 in all.
pub const STAGES: [(&str, &str, f64); 8] = [
    ("start", "01-echo", 5.0),
    ("together", "02-everybody", 20.0),
    ("framing", "03-lines", 20.0),
    ("leave", "04-leaving", 15.0),
    ("slow", "05-outbox", 15.0),
    ("names", "07-names", 10.0),
    ("order", "08-order", 10.0),
    ("stop", "09-stop", 5.0),
];

/// What a rule needs of the protocol, or of the checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The process of the server can be looked at.
    Process,
    /// The system tells when a socket is full.
    Sockets,
    /// Whether a client is served can be told: it is greeted, or the system tells what was read.
    Served,
    /// The checker started the program.
    Program,
    /// There is a way to ask the program to stop.
    Stop,
    /// The server runs on this machine, and nobody minds load and resets.
    Near,
    /// Clients hear one another.
    Others,
    /// The clients that hear can tell where a message ends.
    Ends,
    /// A message ends with a line end.
    Lines,
    /// Clients have names.
    Names,
    /// What the others hear names the speaker.
    Author,
    /// A name can be refused.
    Refusal,
    /// The others are told of clients that come, or that leave.
    Notices,
    /// A word leaves, and only if it stands alone.
    Word,
    /// There are several rooms.
    Rooms,
    /// Something can be said to one person alone.
    Private,
}

/// One rule.
pub struct Rule {
    /// `stage/name`.
    pub name: &'static str,
    /// What it needs.
    pub asks: &'static [Ask],
    /// Rules without which this one says nothing.
    pub after: &'static [&'static str],
    /// Plays it.
    pub run: fn(&mut Play) -> Outcome,
}

impl Rule {
    /// The stage.
    pub fn stage(&self) -> &'static str {
        stage_of(self.name)
    }
}

/// The stage that a rule of this name belongs to: mostly the word before the stroke.
pub fn stage_of(rule: &str) -> &str {
    match rule.split('/').next().unwrap_or_default() {
        "load" => "order",
        "rooms" | "private" => "together",
        stage => stage,
    }
}

/// The rules of all stages.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [
        start::RULES,
        together::RULES,
        extra::RULES,
        framing::RULES,
        leaving::RULES,
        slow::RULES,
        names::RULES,
        order::RULES,
        stop::RULES,
    ]
    .into_iter()
    .flatten()
}

/// Why this protocol is not asked for something; nothing, if it has it.
pub fn lacks(profile: &Profile, ask: Ask) -> Option<&'static str> {
    use crate::check::pattern::Field::{Addr, Name};
    let others = profile.say.others.as_ref();
    let (has, why) = match ask {
        Ask::Program | Ask::Stop | Ask::Near => (true, ""),
        Ask::Process => (TELLS, "only Linux tells what a program costs"),
        Ask::Sockets => (TELLS, "only Linux tells when a socket is full"),
        Ask::Served => {
            (TELLS || profile.greets(), "this protocol greets nobody, and only Linux tells what a server has read")
        }
        Ask::Others => (others.is_some(), "in this protocol nobody hears the others"),
        Ask::Ends => (profile.end.is_seen(), "in this protocol a message has no end that can be seen"),
        Ask::Lines => (profile.end.of == crate::check::profile::Of::Line, "in this protocol a message is no line"),
        Ask::Names => (profile.has_names(), "this protocol has no names"),
        Ask::Author => {
            let named = others.is_some_and(|others| others.has(Name) || others.has(Addr));
            (named, "in this protocol the server does not say who spoke")
        }
        Ask::Refusal => (profile.has_names() && profile.enter.refused.is_some(), "this protocol refuses no name"),
        Ask::Notices => (
            profile.notice.joined.is_some() || profile.notice.left.is_some(),
            "this protocol does not tell who comes and leaves",
        ),
        Ask::Word => (profile.leave.as_ref().is_some_and(|leave| leave.word), "this protocol has no word that leaves"),
        Ask::Rooms => (profile.rooms.is_some(), "this protocol has one room"),
        Ask::Private => (profile.private.is_some(), "this protocol has no private messages"),
    };
    (!has).then_some(why)
}

/// Whether a speaker hears what he said.
fn hears_itself(profile: &Profile) -> bool {
    profile.say.own == Own::One
}

/// Lets this time pass.
fn pause(time: std::time::Duration) {
    let until = std::time::Instant::now() + time;
    while let Some(left) = until.checked_duration_since(std::time::Instant::now()) {
        std::thread::park_timeout(left);
    }
}
