//! The exercises as they are done: each starter breaks what its exercise names, and each solution keeps what it asks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::check::{Said, all_rules, check, compile, has_python, read};
use crate::exercises::Exercise;

/// On a machine that is too busy the checker says so. That is no wrong verdict.
const UNSURE: &str = "unsure";

impl Exercise {
    fn starter(&self) -> String {
        let ending = if self.starter.ends_with(".py") { "" } else { ".rs" };
        format!("examples/{}{ending}", self.starter)
    }

    /// What the checker says of a program about these rules.
    fn said(&self, command: &str, rules: &[String]) -> Said {
        let profile = if self.profile.ends_with(".toml") { in_package(&self.profile) } else { self.profile.clone() };
        let mut args = vec!["--profile", &profile, "--stop-by", &self.stop_by, "--command", command];
        args.extend(rules.iter().flat_map(|rule| ["--rule", rule]));
        check(&args)
    }
}

fn in_package(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
}

/// The rules that are meant: `framing/*` is all that begin so.
fn expanded(rules: &[String]) -> Vec<String> {
    let all = all_rules();
    let meant = |rule: &String| match rule.strip_suffix('*') {
        Some(stage) => all.iter().filter(|rule| rule.starts_with(stage)).cloned().collect(),
        None => vec![rule.clone()],
    };
    rules.iter().flat_map(meant).collect()
}

/// All exercises, by the names of their files.
fn exercises() -> Vec<(String, Exercise)> {
    let folder = fs::read_dir(in_package("examples/exercises")).expect("a folder");
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(path).expect("a text");
        let exercise = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, exercise)
    };
    files.iter().map(read).collect()
}

/// How a program is started that has this source; nothing if the machine lacks its language.
fn command(folder: &TempDir, name: &str, path: &str, source: &str) -> Option<String> {
    if path.ends_with(".rs") {
        return Some(format!("{} {{port}}", compile(folder, name, source).display()));
    }
    if !has_python() {
        return None;
    }
    let file = folder.path().join(format!("{name}.py"));
    fs::write(&file, source).expect("the file is written");
    Some(format!("python3 {} {{port}}", file.display()))
}

/// The starter with the patch of the solution.
fn patched(name: &str, exercise: &Exercise) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(exercise.starter());
    fs::create_dir_all(file.parent().expect("a folder")).expect("it is made");
    fs::write(&file, read(&exercise.starter())).expect("the starter is written");
    let mut git = Command::new("git");
    git.current_dir(folder.path()).env("GIT_CEILING_DIRECTORIES", folder.path());
    let done = git.args(["apply", &in_package(&exercise.solution)]).output().expect("git runs");
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{} does not fit {name}'s starter: {errors}", exercise.solution);
    fs::read_to_string(&file).expect("the solution")
}

#[test]
fn every_starter_breaks_the_rules_that_its_exercise_names() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, exercise) in exercises().into_iter().filter(|(_, exercise)| !exercise.red.is_empty()) {
        let source = read(&exercise.starter());
        let Some(command) = command(&folder, &name, &exercise.starter(), &source) else { continue };
        let said = exercise.said(&command, &exercise.red);
        let broken = [said.rules("BROKEN"), said.rules(UNSURE)].concat();
        let missing: Vec<_> = exercise.red.iter().filter(|rule| !broken.contains(&rule.as_str())).collect();
        assert!(missing.is_empty(), "{name}: the starter does not break {missing:?}\n{}", said.text);
    }
}

/// A solution that is a stair is held by what the stair promises.
#[test]
fn every_solution_keeps_the_rules_that_its_exercise_asks() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, exercise) in exercises() {
        let command = match exercise.solution.rsplit('.').next() {
            Some("patch") => command(&folder, &name, &exercise.starter(), &patched(&name, &exercise)),
            Some("toml") => {
                let server = env!("CARGO_BIN_EXE_chat-server");
                Some(format!("{server} --memory --rate 0 --listen 127.0.0.1:{{port}}"))
            }
            _ => {
                assert!(exercise.solution.is_empty() || !read(&exercise.solution).is_empty(), "{name}");
                None
            }
        };
        let Some(command) = command else { continue };
        let said = exercise.said(&command, &expanded(&exercise.green));
        let others = ["BROKEN", "not run"].map(|verdict| said.rules(verdict)).concat();
        assert!(others.is_empty() && !said.rules("kept").is_empty(), "{name}: not kept: {others:?}\n{}", said.text);
    }
}
