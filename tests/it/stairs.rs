//! The stairs, the broken servers and the lessons fit together: lengths, differences, and names that are in the code. Knows only text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of code of a stair: its own, without comments and empty lines.
const LENGTHS: std::ops::RangeInclusive<usize> = 20..=230;

/// Lines of code in which a stair and the next one differ, at most: those that go and those that come.
const STEP: usize = 66;

/// Lines that a broken server has changed, at most, in each direction. Its first lines are not counted.
const FAULT: usize = 15;

/// Lines of a lesson.
const PAGE: std::ops::RangeInclusive<usize> = 40..=90;

#[test]
fn a_stair_is_short_and_says_first_what_it_is() {
    let stairs = servers("stairs");
    assert_eq!(stairs.len(), 10);
    for (number, (name, text)) in stairs.iter().enumerate() {
        let title = format!("//! Stair {} of 10, {}: ", number + 1, &name[3..]);
        assert!(text.starts_with(&title), "{name} must start with {title:?}");
        for word in ["Profile: `", "//! New: ", "//! Next: "] {
            assert!(head(text).contains(word), "{name} does not say {word:?} in its first lines");
        }
        let lines = code(text).len();
        assert!(LENGTHS.contains(&lines), "{name} has {lines} lines of code");
    }
}

#[test]
fn neighbours_differ_by_one_lesson() {
    let stairs = servers("stairs");
    for (lower, upper) in stairs.iter().zip(stairs.iter().skip(1)) {
        let (gone, come) = difference(&code(lower.1), &code(upper.1));
        assert!(gone + come <= STEP, "{} and {} differ by {gone} and {come} lines", lower.0, upper.0);
    }
}

#[test]
fn a_broken_server_is_a_stair_with_few_lines_changed() {
    let stairs: Vec<_> = servers("stairs").into_values().collect();
    let broken = servers("broken");
    assert_eq!(broken.len(), 14);
    for (name, text) in broken {
        let (head, body) = (head(&text), body(&text));
        assert!(head.starts_with("//! The bug: "), "{name} does not say first what the bug is");
        for word in ["Profile: `", "Breaks the rule", "//! In a minute: "] {
            assert!(head.contains(word), "{name} does not say {word:?} in its first lines");
        }
        let number = head.split("Made of stair ").nth(1).and_then(|rest| rest.split(',').next());
        let number: usize = number.and_then(|number| number.parse().ok()).expect("the stair that it is made of");
        let (gone, come) = difference(&self::body(&stairs[number - 1]), &body);
        assert!(gone.max(come) <= FAULT, "{name} has {gone} lines less and {come} more than its stair");
        assert!(gone + come > 0, "{name} is a stair");
        // A delay is there to show a race, and says so.
        let delays = body.iter().any(|line| line.contains("park_timeout") || line.contains("yield_now"));
        assert_eq!(delays, text.contains("he delay only makes it visible"), "{name}");
    }
}

#[test]
fn each_server_is_an_example_that_can_be_run() {
    let manifest = read(&root().join("Cargo.toml"));
    for (folder, prefix) in [("stairs", "stair-"), ("broken", "broken-")] {
        for name in servers(folder).keys() {
            let entry =
                format!("name = \"{prefix}{}\"\npath = \"examples/{folder}/{name}.rs\"\n", name.replace('_', "-"));
            assert!(manifest.contains(&entry), "Cargo.toml needs\n[[example]]\n{entry}");
        }
    }
}

#[test]
fn each_stair_has_its_lesson_and_the_index_has_both() {
    let index = lesson("README");
    let names: Vec<_> = servers("stairs").into_keys().map(|name| name.replace('_', "-")).collect();
    for name in names.iter().map(String::as_str).chain(["11-rounds", "protocol"]) {
        assert!(index.contains(&format!("]({name}.md)")), "{name} is not in docs/lessons/README.md");
        let lines = lesson(name).lines().count();
        assert!(PAGE.contains(&lines), "docs/lessons/{name}.md has {lines} lines");
    }
    for (name, next) in names.iter().zip(names.iter().skip(1)) {
        assert!(lesson(name).contains("## A question for the class"), "{name} asks nothing");
        let text = read(&root().join(format!("examples/stairs/{}.rs", name.replace('-', "_"))));
        let rule = head(&text).split("The rule `").nth(1).and_then(|rest| rest.split('`').next()).map(str::to_owned);
        // The rule that calls for the next stair is run on this one by the next page.
        if let Some(rule) = rule {
            let stage = rule.split('/').next().unwrap_or_default();
            let asked = lesson(next).lines().any(|line| {
                line.contains(&format!("--rule {stage}")) && line.contains(&format!("serve stair-{name} {{port}}"))
            });
            assert!(asked, "{next} does not run {rule} on {name}");
        }
    }
}

#[test]
fn what_the_lessons_name_is_in_the_code() {
    let mut links = 0;
    for entry in fs::read_dir(root().join("docs/lessons")).expect("the lessons") {
        let path = entry.expect("a file").path();
        for link in read(&path).split("[`").skip(1) {
            let Some((name, rest)) = link.split_once("`](../../") else { continue };
            let file = rest.split(')').next().unwrap_or_default();
            let text = read(&root().join(file));
            if name.contains('/') || name.ends_with(".rs") {
                continue;
            }
            links += 1;
            let (of, own) = name.rsplit_once("::").map_or((None, name), |(of, own)| (Some(of), own));
            let is_there = ["fn", "struct", "enum", "trait", "type"].iter().any(|kind| {
                let found = text.split(&format!("{kind} {own}")).nth(1);
                found.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_'))
            });
            assert!(is_there, "{}: {name} is not in {file}", path.display());
            let has_type = of.is_none_or(|of| {
                let words = |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == of);
                text.lines().any(|line| line.starts_with("impl") && words(line))
            });
            assert!(has_type, "{}: {name} is no function of its type in {file}", path.display());
        }
    }
    assert!(links > 25, "only {links} names were found");
}

/// The servers of a folder: their names, which are those of their files, and their texts.
fn servers(folder: &str) -> BTreeMap<String, String> {
    let files = fs::read_dir(root().join("examples").join(folder)).expect("the servers");
    let paths = files.map(|entry| entry.expect("a file").path());
    paths.map(|path| (path.file_stem().expect("a name").display().to_string(), read(&path))).collect()
}

fn lesson(name: &str) -> String {
    read(&root().join(format!("docs/lessons/{name}.md")))
}

/// The first lines, which tell what a server is.
fn head(text: &str) -> String {
    let lines: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
    lines.join("\n")
}

/// What is after them.
fn body(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("//!")).collect()
}

/// The same without comments and empty lines.
fn code(text: &str) -> Vec<&str> {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    body(text).into_iter().filter(is_code).collect()
}

/// How many lines go, and how many come, if as many as possible stay.
fn difference(was: &[&str], is: &[&str]) -> (usize, usize) {
    // For each beginning of `is`: how many lines it has in common with the lines of `was` so far.
    let mut common = vec![0; is.len() + 1];
    for line in was {
        let mut before = 0;
        for (at, other) in is.iter().enumerate() {
            let longer = if line == other { before + 1 } else { common[at].max(common[at + 1]) };
            before = common[at + 1];
            common[at + 1] = longer;
        }
    }
    (was.len() - common[is.len()], is.len() - common[is.len()])
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
