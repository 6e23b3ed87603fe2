//! The report of a run: what each rule came to, and the points. Knows no socket; its writers are beside it.

pub mod classroom50;
pub mod gradescope;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod picture;
pub mod target;
pub mod text;
pub mod xml;

use std::time::Duration;

use crate::check::profile::Profile;
use crate::check::program::NoStart;
use crate::check::rules::{self, STAGES};
use crate::check::verdict::{Judged, Verdict};
use crate::check::words::{Language, Table, Words};

/// What all writers need.
pub struct Report<'a> {
    /// What was graded, such as `python3 server.py {port}`.
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
    /// Why nothing could be graded, if nothing could.
    pub error: Option<NoStart>,
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
    /// Points that this protocol can earn.
    pub most: f64,
}

/// What one rule is worth: the points of its stage, shared by the rules of that stage that are asked.
/// An unsure rule counts as one that is not asked, so it costs and gives nothing.
pub fn worth(profile: &Profile, rule: &str, judged: &[Judged]) -> f64 {
    let stage = rules::stage_of(rule);
    let usual = STAGES.iter().find(|(name, ..)| *name == stage).map_or(0.0, |(_, _, points)| *points);
    let points = profile.points.get(stage).copied().unwrap_or(usual);
    let counts = |name: &str| judged.iter().all(|judged| judged.rule != name || is_counted(&judged.verdict));
    if !counts(rule) {
        return 0.0;
    }
    points / rules::all().filter(|rule| rule.stage() == stage && counts(rule.name)).count().max(1) as f64
}

fn is_counted(verdict: &Verdict) -> bool {
    !matches!(verdict, Verdict::NotAsked(_) | Verdict::Unsure(_))
}

/// One rule of the report, with all that a writer asks.
pub struct Row<'a> {
    /// The rule, judged.
    pub judged: &'a Judged,
    /// What is said of it.
    pub words: Words,
    /// What it is worth, and whether that was earned; nothing, if it does not count.
    pub points: Option<(f64, bool)>,
}

impl Row<'_> {
    /// The stage.
    pub fn stage(&self) -> &str {
        rules::stage_of(self.judged.rule)
    }

    /// What a person reads about it, without colour: the reason, or the evidence.
    pub fn told(&self) -> String {
        match &self.judged.verdict {
            Verdict::Kept => String::new(),
            Verdict::Broken(evidence) => text::plain_evidence(self.judged, evidence, &self.words),
            Verdict::NotRun(why) | Verdict::NotAsked(why) | Verdict::Unsure(why) => text::harmless(why),
        }
    }
}

impl Report<'_> {
    /// All rules, in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.judged.iter().map(|judged| Row {
            judged,
            words: self.words.of(judged.rule, self.language),
            points: is_counted(&judged.verdict)
                .then(|| (worth(self.profile, judged.rule, self.judged), matches!(judged.verdict, Verdict::Kept))),
        })
    }

    /// The sum.
    pub fn sum(&self) -> Sum {
        let mut sum = Sum::default();
        for row in self.rows() {
            let counter = match row.judged.verdict {
                Verdict::Kept => &mut sum.kept,
                Verdict::Broken(_) => &mut sum.broken,
                Verdict::NotRun(_) => &mut sum.not_run,
                Verdict::Unsure(_) => &mut sum.unsure,
                Verdict::NotAsked(_) => &mut sum.not_asked,
            };
            *counter += 1;
            if let Some((worth, earned)) = row.points {
                sum.most += worth;
                sum.score += if earned { worth } else { 0.0 };
            }
        }
        sum
    }

    /// How long all rules took.
    pub fn took(&self) -> Duration {
        self.judged.iter().map(|judged| judged.took).sum()
    }
}

/// Points with two digits, as the services store them.
fn hundredths(points: f64) -> f64 {
    (points * 100.0).round() / 100.0
}

#[cfg(test)]
pub mod sample {
    //! A report with one rule of each kind, and the worst that a server can say.

    use super::*;
    use crate::check::script::{Bytes, Deed, Note};
    use crate::check::verdict::{Evidence, Heard};

    /// What a hostile server sends: colours, a bell, both kinds of quotes, tags, fences, half a letter, wrong code points.
    pub const HOSTILE: &str = "\u{1b}[31m\u{7}</failure>]]> & \"x\" 'y' ``` | <script>\u{202e}\u{ffff}\u{0}\u{9b}";

    fn judged(rule: &'static str, verdict: Verdict) -> Judged {
        Judged { rule, verdict, took: Duration::from_millis(13), notes: Vec::new(), times: None }
    }

    /// The rules.
    pub fn all() -> Vec<Judged> {
        let mut came = HOSTILE.as_bytes().to_vec();
        came.push(0xd1);
        let evidence = Evidence {
            told: "boris hears something else".to_owned(),
            heard: Some(Heard {
                role: "boris".to_owned(),
                came: Some(Bytes::proof(&came)),
                should: Some(b"anna: hi".to_vec()),
                at: 0,
            }),
            threads: vec![format!("main in read(4) {HOSTILE}")],
            said: vec![HOSTILE.to_owned()],
            ..Evidence::default()
        };
        let mut broken = judged("together/heard", Verdict::Broken(Box::new(evidence)));
        let note = |at, role: &str, deed| Note { at, role: role.to_owned(), deed };
        broken.notes = vec![
            note(0, "anna", Deed::Connects),
            note(900, "anna", Deed::Sends(b"hi\n".as_slice().into())),
            note(1200, "anna", Deed::IsRead),
            note(4000, "boris", Deed::Hears(came.as_slice().into())),
            note(5000, "boris", Deed::StopsReading),
            note(6000, "anna", Deed::Resets),
            note(7000, "boris", Deed::IsClosed("the server closed the connection".to_owned())),
        ];
        vec![
            judged("start/listens", Verdict::Kept),
            judged("start/second", Verdict::Kept),
            broken,
            judged("together/own", Verdict::NotRun(format!("needs together/heard {HOSTILE}"))),
            judged("together/once", Verdict::Unsure("the machine was too busy".to_owned())),
            judged("together/author", Verdict::NotAsked("this protocol | has no names".to_owned())),
        ]
    }

    /// Writes the sample with `write`.
    pub fn with<T>(write: impl FnOnce(&Report) -> T) -> T {
        let profile = Profile::load("plain").unwrap();
        let words = Table::load();
        let judged = all();
        let report = Report {
            title: format!("python3 server.py {HOSTILE}"),
            profile: &profile,
            seed: "7Q2F",
            judged: &judged,
            words: &words,
            language: Language::En,
            error: None,
        };
        write(&report)
    }

    /// Whether nothing in it can steer a terminal or break XML.
    pub fn is_harmless(text: &str) -> bool {
        text.chars().all(|letter| letter == '\n' || !(letter.is_control() || "\u{202e}\u{ffff}".contains(letter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsure_rule_costs_and_gives_nothing() {
        let profile = Profile::load("plain").unwrap();
        let judged = sample::all();
        let together = rules::all().filter(|rule| rule.stage() == "together").count();
        let worth = |rule| worth(&profile, rule, &judged);
        assert_eq!(worth("together/heard"), 20.0 / (together - 2) as f64);
        assert_eq!((worth("together/once"), worth("together/author")), (0.0, 0.0));
        let sum = sample::with(|report| report.sum());
        assert_eq!((sum.kept, sum.broken, sum.not_run, sum.unsure, sum.not_asked), (2, 1, 1, 1, 1));
        assert_eq!(sum.most, 2.0 * worth("start/listens") + 2.0 * worth("together/heard"));
    }
}
