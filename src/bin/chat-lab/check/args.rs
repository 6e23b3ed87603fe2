//! The options that `check` and `grade` have in common, and what they come to. Runs nothing.

use clap::Args;

use crate::check::judge::{Exam, Server};
use crate::check::profile::{Profile, nearest};
use crate::check::program::Plan;
use crate::check::rules::{self, Rule};
use crate::check::words::Language;
use crate::check::{BAD_PROFILE, USAGE};
use crate::dice::Dice;

/// What is asked, and how.
#[derive(Args, Clone, Debug)]
pub struct ExamArgs {
    /// The dialect: a name, or a file that ends in .toml.
    #[arg(long, default_value = "plain")]
    pub profile: String,
    /// The port that the program always takes.
    #[arg(long)]
    port: Option<u16>,
    /// SIGTERM, or a line for the program's standard input.
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
    #[arg(long)]
    seed: Option<String>,
    /// Deadlines are multiplied by this, 0.1 to 100.
    #[arg(long, default_value_t = 1.0)]
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
        Profile::load(&self.profile).map_err(|error| (error, BAD_PROFILE))
    }

    /// All that is needed to judge this server.
    ///
    /// # Errors
    /// A sentence that says what makes no sense.
    pub fn exam(&self, profile: Profile, server: Server) -> Result<Exam, Refused> {
        if !(0.1..=100.0).contains(&self.patience) {
            return Err(("--patience is from 0.1 to 100".to_owned(), USAGE));
        }
        let seed = self.seed.clone().unwrap_or_else(fresh_seed);
        Ok(Exam { profile, server, patience: self.patience, seed, times: self.times })
    }

    /// The program that these words start.
    pub fn program(&self, profile: &Profile, words: Vec<String>) -> Server {
        let given = words.iter().any(|word| word.contains("{port}"));
        let port = self.port.or((profile.port != 0 && !given).then_some(profile.port));
        let stop_by = self.stop_by.clone().unwrap_or_else(|| profile.stop.by.clone());
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

/// There is no such rule, and perhaps which one was meant.
pub fn unknown_rule(name: &str) -> String {
    let names = rules::all().map(|rule| rule.name).chain(rules::STAGES.map(|(stage, ..)| stage));
    let near = nearest(name, names).map_or(String::new(), |near| format!(": did you mean {near}?"));
    format!("there is no rule or stage {name:?}{near} (all: chat-lab check --list)")
}

/// Four letters from the clock.
pub fn fresh_seed() -> String {
    const LETTERS: &[u8] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut dice = Dice::of_all(&[crate::measure::soak::fresh_seed(), u64::from(std::process::id())]);
    (0..4).map(|_| char::from(*dice.pick(LETTERS))).collect()
}
