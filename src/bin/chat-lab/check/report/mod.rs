//! The report of a run: what each rule came to, and the points. Knows no socket; its writers are beside it.

pub mod text;

use crate::check::profile::Profile;
use crate::check::rules::{self, STAGES};
use crate::check::verdict::{Judged, Verdict};
use crate::check::words::{Language, Table};

/// What all writers need.
pub struct Report<'a> {
    /// What was graded, such as `server.py`.
    pub title: String,
    /// The dialect.
    pub profile: &'a Profile,
    /// Decides all that chance decides.
    pub seed: &'a str,
    /// What each rule came to, in order.
    pub judged: &'a [Judged],
    /// What is said of the rules.
    pub words: &'a Table,
    /// In this language.
    pub language: Language,
}

/// How many rules came to what, and the points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    /// Rules kept.
    pub kept: usize,
    /// Rules broken.
    pub broken: usize,
    /// Rules not run.
    pub not_run: usize,
    /// Rules unsure.
    pub unsure: usize,
    /// Rules not asked.
    pub not_asked: usize,
    /// Points earned.
    pub score: f64,
    /// Points that this protocol can earn; those of unsure rules are not among them.
    pub most: f64,
}

/// What one rule is worth: the points of its stage, shared by the rules of that stage that are asked.
pub fn worth(profile: &Profile, rule: &str, judged: &[Judged]) -> f64 {
    let stage = rules::stage_of(rule);
    let usual = STAGES.iter().find(|(name, ..)| *name == stage).map_or(0.0, |(_, _, points)| *points);
    let points = profile.points.get(stage).copied().unwrap_or(usual);
    let is_asked =
        |name: &str| judged.iter().all(|judged| judged.rule != name || !matches!(judged.verdict, Verdict::NotAsked(_)));
    let asked = rules::all().filter(|rule| rule.stage() == stage && is_asked(rule.name)).count();
    points / asked.max(1) as f64
}

impl Report<'_> {
    /// The sum.
    pub fn sum(&self) -> Sum {
        let mut sum = Sum::default();
        for judged in self.judged {
            let worth = worth(self.profile, judged.rule, self.judged);
            match &judged.verdict {
                Verdict::Kept => {
                    sum.kept += 1;
                    sum.score += worth;
                    sum.most += worth;
                }
                Verdict::Broken(_) => {
                    sum.broken += 1;
                    sum.most += worth;
                }
                Verdict::NotRun(_) => {
                    sum.not_run += 1;
                    sum.most += worth;
                }
                Verdict::Unsure(_) => sum.unsure += 1,
                Verdict::NotAsked(_) => sum.not_asked += 1,
            }
        }
        sum
    }
}
