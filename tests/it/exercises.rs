//! The exercises as they are written: each page has its parts, names rules that exist, and has answers. Runs no server.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

const WORDS: &str = include_str!("../../src/bin/chat-lab/check/words.toml");
const INDEX: &str = include_str!("../../docs/exercises/README.md");
const TEACHING: &str = include_str!("../../docs/teaching.md");

/// `examples/exercises/NN.toml`; an exercise in two parts has two, `NNa.toml` and `NNb.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    #[expect(dead_code)] // it must be there
    title: String,
    pub profile: String,
    /// A stair or a broken server, without `.rs`; or a server in Python.
    pub starter: String,
    /// What the starter breaks, at least.
    pub red: Vec<String>,
    /// What must be kept in the end; `framing/*` is a stage.
    pub green: Vec<String>,
    #[expect(dead_code)] // it must be there
    minutes: u32,
    pub stop_by: String,
    /// A patch of the starter, a stair, or a profile.
    pub solution: String,
}

/// The files of this folder, by the beginnings of their names, which are the numbers of exercises.
fn numbered(folder: &str, ending: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.ends_with(ending) && name.starts_with(|first: char| first.is_ascii_digit()) {
            let text = fs::read_to_string(&path).expect("a text");
            found.entry(name[..2].to_owned()).or_default().push((name, text));
        }
    }
    found
}

fn rules() -> BTreeSet<String> {
    let words: toml::Table = WORDS.parse().expect("TOML");
    words["en"].as_table().expect("a table").keys().cloned().collect()
}

#[test]
fn every_page_of_an_exercise_has_its_parts_three_hints_and_an_answer_to_each_question() {
    for (number, pages) in numbered("docs/exercises", ".md") {
        let [(name, page)] = &pages[..] else { panic!("exercise {number} has {} pages", pages.len()) };
        for part in ["The task", "Start", "Hand in", "How it is checked", "Hints", "Questions"] {
            assert!(page.contains(&format!("\n## {part}\n")), "{name} has no part {part:?}");
        }
        assert_eq!(page.matches("<details><summary>Hint ").count(), 3, "{name}: three hints");
        assert!(INDEX.contains(&format!("]({name})")), "{name} is not in the list of exercises");
        let (_, questions) = page.split_once("\n## Questions\n").expect("it was found above");
        let asked = questions.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).count();
        let answers =
            TEACHING.lines().find(|line| line.starts_with("**[") && line.contains(&format!("](exercises/{name})")));
        let answers = answers.unwrap_or_else(|| panic!("docs/teaching.md has no answers for {name}"));
        let answered = (1..10).filter(|answer| answers.contains(&format!("({answer}) "))).count();
        assert_eq!((asked, answered), (4, 4), "{name}: questions, and answers in docs/teaching.md");
    }
}

#[test]
fn every_exercise_names_rules_that_exist_and_has_a_page() {
    let (pages, rules) = (numbered("docs/exercises", ".md"), rules());
    let tables = numbered("examples/exercises", ".toml");
    assert!(tables.keys().eq(pages.keys()), "left: examples/exercises, right: docs/exercises");
    for (name, text) in tables.into_values().flatten() {
        let exercise: Exercise = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(exercise.red.iter().all(|rule| rules.contains(rule)), "{name}: red {:?}", exercise.red);
        for rule in &exercise.green {
            // `framing/*` is all rules that begin so.
            let known = match rule.strip_suffix('*') {
                Some(stage) => rules.iter().any(|rule| rule.starts_with(stage)),
                None => rules.contains(rule),
            };
            assert!(known, "{name}: green {rule}");
        }
    }
}
