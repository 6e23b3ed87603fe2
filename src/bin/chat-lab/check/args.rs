//! The options that `check` and `grade` have in common, and what they come to. Runs nothing.

use std::path::Path;

use clap::Args;

use crate::check::judge::{Exam, Server};
use crate::check::profile::{Profile, meant};
use crate::check::program::Plan;
use crate::check::rules::{self, Rule};
use crate::check::script::harmless;
use crate::check::words::Language;
use crate::check::{BAD_PROFILE, USAGE};
use crate::dice::Dice;

/// Bytes of a seed: it stands in the head of each report.
const SEED: usize = 64;

/// The most points that a stage can have.
const POINTS: f64 = 1000.0;

/// What is asked, and how.
#[derive(Args, Clone, Debug)]
pub struct ExamArgs {
    /// The dialect: a name, or a file that ends in .toml.
    #[arg(long, default_value = "plain")]
    pub profile: String,
    /// The port that the program always takes.
    #[arg(long)]
    port: Option<u16>,
    /// SIGTERM, or a line for the program's standard input; with `chat-lab serve` it is `stop`.
    #[arg(long, value_name = "HOW")]
    stop_by: Option<String>,
    /// One process for all rules, for programs that start slowly.
    #[arg(long)]
    keep: bool,
    /// Only the stages up to this one.
    #[arg(long, value_name = "STAGE")]
    until: Option<String>,
    /// Only this rule, or the rules of this stage or of this first word; can be repeated.
    #[arg(long, value_name = "RULE")]
    rule: Vec<String>,
    /// How often each rule runs.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    times: u32,
    /// Decides all that chance decides; printed, so that a run can be repeated.
    #[arg(long, value_parser = seed)]
    seed: Option<String>,
    /// Deadlines are multiplied by this, 0.1 to 100.
    #[arg(long, default_value_t = 1.0, value_parser = patience)]
    patience: f64,
    /// The language of reasons and hints.
    #[arg(long, value_enum, default_value_t)]
    pub language: Language,
}

/// A sentence, and the exit code that goes with it.
pub type Refused = (String, u8);

impl ExamArgs {
    /// The profile.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn profile(&self) -> Result<Profile, Refused> {
        let profile = Profile::load(&self.profile).map_err(|error| (error, BAD_PROFILE))?;
        match unknown_name(&profile) {
            Some(why) => Err((format!("{}: {why}", self.profile), BAD_PROFILE)),
            None => Ok(profile),
        }
    }

    /// The seed that is given, or a fresh one.
    pub fn seed(&self) -> String {
        self.seed.clone().unwrap_or_else(fresh_seed)
    }

    /// All that is needed to judge this server.
    pub fn exam(&self, profile: Profile, server: Server, seed: String) -> Exam {
        Exam { profile, server, patience: self.patience, seed, times: self.times }
    }

    /// The program that these words start.
    pub fn program(&self, profile: &Profile, words: Vec<String>) -> Server {
        let given = words.iter().any(|word| word.contains("{port}"));
        let port = self.port.or((profile.port != 0 && !given).then_some(profile.port));
        let usual = if is_served(&words) { "stop" } else { &profile.stop.by };
        let stop_by = self.stop_by.clone().unwrap_or_else(|| usual.to_owned());
        Server::Program { plan: Plan { words, port, stop_by, patience: self.patience }, keep: self.keep }
    }

    /// How the program is started, for the head of the report.
    pub fn how(server: &Server) -> String {
        match server {
            Server::Running(addr, _) => format!("the server at {addr}"),
            Server::Program { plan, keep } => {
                let port = plan.port.map_or("a free port".to_owned(), |port| format!("port {port}"));
                format!(
                    "{port}, {} process for {} rule",
                    if *keep { "one" } else { "a fresh" },
                    if *keep { "every" } else { "each" }
                )
            }
        }
    }

    /// The rules to ask.
    ///
    /// # Errors
    /// A sentence about a name that is none of a rule or a stage.
    pub fn rules(&self) -> Result<Vec<&'static Rule>, Refused> {
        let all: Vec<&'static Rule> = rules::all().collect();
        let stages = rules::STAGES.map(|(stage, ..)| stage);
        let is_meant = |name: &str, rule: &Rule| {
            name == rule.stage()
                || rule.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        for name in self.rule.iter().chain(&self.until) {
            if !all.iter().any(|rule| is_meant(name, rule)) {
                return Err((unknown_rule(name), USAGE));
            }
        }
        let last = match &self.until {
            Some(until) => stages.iter().position(|stage| rules::stage_of(until) == *stage),
            None => None,
        };
        let is_in = |rule: &&Rule| {
            let place = stages.iter().position(|stage| *stage == rule.stage());
            let named = self.rule.iter().any(|name| is_meant(name, rule));
            (self.rule.is_empty() || named) && last.is_none_or(|last| place.is_some_and(|place| place <= last))
        };
        Ok(all.into_iter().filter(is_in).collect())
    }
}

/// Whether this is `chat-lab serve`, whose servers all end by the same line.
fn is_served(words: &[String]) -> bool {
    let lab = words.first().and_then(|name| Path::new(name).file_stem());
    lab.is_some_and(|name| name == "chat-lab") && words.get(1).is_some_and(|verb| verb == "serve")
}

fn seed(text: &str) -> Result<String, &'static str> {
    let is_short = (1..=SEED).contains(&text.len()) && !text.chars().any(|letter| harmless(letter).is_some());
    is_short.then(|| text.to_owned()).ok_or("it is a short word, such as 7Q2F")
}

fn patience(text: &str) -> Result<f64, &'static str> {
    let number = text.parse().ok().filter(|number| (0.1..=100.0).contains(number));
    number.ok_or("it is a number from 0.1 to 100")
}

/// What a profile says of a stage or a rule that there is not, or of points that nobody can have.
fn unknown_name(profile: &Profile) -> Option<String> {
    let stages = || rules::STAGES.into_iter().map(|(stage, ..)| stage);
    let points = profile.points.iter().find_map(|(stage, points)| match stages().any(|known| known == stage) {
        true if (0.0..=POINTS).contains(points) => None,
        true => Some(format!("[points] {stage} = {points}: it is a number from 0 to {POINTS}")),
        false => Some(format!("[points] {stage}: there is no such stage{}", meant(stage, stages()))),
    });
    let names = || rules::all().map(|rule| rule.name);
    let skip = profile.skip.keys().find(|rule| !names().any(|known| known == *rule));
    points.or(skip.map(|rule| format!("[skip] {rule:?}: there is no such rule{}", meant(rule, names()))))
}

/// There is no such rule, and perhaps which one was meant.
pub fn unknown_rule(name: &str) -> String {
    let names = rules::all().map(|rule| rule.name).chain(rules::STAGES.map(|(stage, ..)| stage));
    let near = meant(name, names);
    format!("there is no rule or stage {name:?}{near} (all: chat-lab check --list)")
}

/// Four letters, other ones each time.
pub fn fresh_seed() -> String {
    const LETTERS: &[u8] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut dice = Dice::fresh();
    (0..4).map(|_| char::from(*dice.pick(LETTERS))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_names_stages_and_rules_that_there_are() {
        assert!(Profile::built_in().iter().all(|profile| unknown_name(profile).is_none()));
        let mut profile = Profile::load("plain").unwrap();
        profile.skip.insert("stop/tolt".to_owned(), "not asked in week 3".to_owned());
        let told = unknown_name(&profile).unwrap();
        assert_eq!(told, "[skip] \"stop/tolt\": there is no such rule: did you mean stop/told?");
        for (stage, points, told) in [
            ("framng", 20.0, "[points] framng: there is no such stage: did you mean framing?"),
            ("framing", f64::NAN, "[points] framing = NaN: it is a number from 0 to 1000"),
            ("framing", -1.0, "[points] framing = -1: it is a number from 0 to 1000"),
        ] {
            profile.points = [(stage.to_owned(), points)].into();
            assert_eq!(unknown_name(&profile).as_deref(), Some(told));
        }
    }

    #[test]
    fn a_seed_is_a_short_word_and_patience_a_number_within_bounds() {
        assert_eq!(seed("7Q2F").as_deref(), Ok("7Q2F"));
        assert!(seed(&"x".repeat(SEED + 1)).is_err() && seed("a\u{1b}[31m").is_err() && seed("").is_err());
        assert_eq!(patience("0.1"), Ok(0.1));
        assert!(["0", "101", "NaN", "-1", "much"].iter().all(|text| patience(text).is_err()));
    }
}
