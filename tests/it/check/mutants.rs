//! One mutant for each rule: the last but one stair with a small change, which breaks that rule and no other. A rule without a mutant fails a test, and so does a mutant without a rule.

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

use tempfile::TempDir;

use super::{all_rules, check, compile_all, each, read};

/// The right server of which all mutants are made.
const STAIR: &str = "examples/stairs/09_stop.rs";
/// Its protocol.
const PLAIN: &str = "examples/profiles/plain.toml";
/// The changes.
const CHANGES: &str = "tests/it/check/mutants.diff";
/// What stands below each mutant.
const BELOW: &str = "
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

static COUNT: AtomicUsize = AtomicUsize::new(0);
const MOMENT: Duration = Duration::from_micros(10);
";
/// A place of a change with more new lines would be another server.
const LINES: usize = 3;

/// A change that breaks one rule.
#[derive(Default)]
struct Mutant {
    rule: String,
    places: Vec<Place>,
}

/// What stands in the stair, once, and what stands there in the mutant.
#[derive(Default)]
struct Place {
    was: String,
    is: String,
    /// How many lines are new.
    new: usize,
}

/// All changes of the file.
fn mutants() -> Vec<Mutant> {
    let mut all: Vec<Mutant> = Vec::new();
    for line in read(CHANGES).lines() {
        let rule = line.split_once(": ").map(|(rule, _)| rule).filter(|rule| rule.contains('/') && !rule.contains(' '));
        if let Some(rule) = rule {
            all.push(Mutant { rule: rule.to_owned(), places: vec![Place::default()] });
        }
        let Some(mutant) = all.last_mut() else { continue };
        if line == "@@" {
            mutant.places.push(Place::default());
        }
        let place = mutant.places.last_mut().expect("a place");
        let mut add = |was: &str, is: &str| {
            place.was += was;
            place.is += is;
        };
        match line.split_at_checked(1) {
            Some((" ", code)) => add(&format!("{code}\n"), &format!("{code}\n")),
            Some(("-", code)) => add(&format!("{code}\n"), ""),
            Some(("+", code)) => {
                add("", &format!("{code}\n"));
                place.new += 1;
            }
            _ => {}
        }
    }
    all
}

/// Rules for what the stair does not have. Here the protocol is changed: it promises what the server does not know.
const PROMISES: [(&str, &str); 2] = [
    ("rooms/isolated", "[rooms]\njoin = \"/join {room}\"\n"),
    ("private/two-hear", "[private]\nsend = \"{text}\"\nheard = \"{name}: {text}\"\n"),
];

/// The source of a mutant.
fn source(mutant: &Mutant) -> String {
    let mut source = read(STAIR);
    for Place { was, is, .. } in &mutant.places {
        assert_eq!(source.matches(was).count(), 1, "{}: this must stand in {STAIR} once:\n{was}", mutant.rule);
        source = source.replace(was, is);
    }
    source + BELOW
}

/// A server that must break this rule alone.
struct Case {
    rule: String,
    source: String,
    profile: String,
}

fn cases() -> Vec<Case> {
    let mutants = mutants().into_iter().map(|mutant| (source(&mutant), mutant.rule, ""));
    let promises = PROMISES.into_iter().map(|(rule, promise)| (read(STAIR), rule.to_owned(), promise));
    let all = mutants.chain(promises);
    all.map(|(source, rule, promise)| Case { rule, source, profile: read(PLAIN) + promise }).collect()
}

impl Case {
    /// Its name as a module.
    fn name(&self) -> String {
        self.rule.replace(['/', '-'], "_")
    }

    /// Runs the checker, and says what is wrong with its verdicts.
    fn judge(&self, folder: &TempDir, program: &Path) -> Option<String> {
        let name = self.name();
        let command = format!("{} {name} {{port}}", program.display());
        let profile = folder.path().join(name + ".toml");
        fs::write(&profile, &self.profile).expect("the file is written");
        let mut args = vec!["--stop-by", "stop", "--profile", profile.to_str()?, "--command", &command];
        let stage = stage_of(&self.rule);
        if env::var_os("WEEKLY").is_none() {
            args.extend(["--rule", stage]);
        }
        let said = check(&args);
        let (broken, unsure) = (said.rules("BROKEN"), said.rules("unsure"));
        // On a machine that is too busy the rule may be unsure; it is never kept.
        let is_right = broken == [&self.rule] || broken.is_empty() && unsure.contains(&self.rule.as_str());
        (!is_right).then(|| format!("{}: {broken:?}, unsure: {unsure:?}\n{}", self.rule, said.text))
    }
}

fn stage_of(rule: &str) -> &str {
    match rule.split('/').next() {
        Some("load") => "order",
        Some("rooms" | "private") => "together",
        stage => stage.unwrap_or(rule),
    }
}

#[test]
fn each_rule_has_one_mutant_and_each_mutant_a_rule() {
    let rules: BTreeSet<String> = all_rules().into_iter().collect();
    let mutants: Vec<String> = cases().into_iter().map(|case| case.rule).collect();
    assert_eq!(mutants.iter().cloned().collect::<BTreeSet<_>>(), rules);
    assert_eq!(mutants.len(), rules.len(), "one each");
}

#[test]
fn a_mutant_is_a_small_change_of_what_stands_in_the_stair_once() {
    for mutant in mutants() {
        assert_ne!(source(&mutant), read(STAIR) + BELOW, "{}", mutant.rule);
        for place in mutant.places {
            assert!(place.new <= LINES, "{}:\n{}", mutant.rule, place.is);
        }
    }
}

/// All rules in the weekly run; otherwise the rules of the mutant's own stage, because all take three minutes.
#[test]
fn a_mutant_breaks_its_rule_and_no_other() {
    let folder = TempDir::new().expect("a folder");
    let cases = cases();
    let sources: Vec<_> = cases.iter().map(|case| (case.name(), case.source.clone())).collect();
    let program = compile_all(&folder, "mutants", &sources);
    let wrong: Vec<String> = each(cases.iter(), |case| case.judge(&folder, &program)).into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of the mutants:\n{}", wrong.len(), wrong.join("\n"));
}
