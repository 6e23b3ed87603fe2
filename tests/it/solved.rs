//! The exercises as they are done: each starter breaks what its exercise names, and each solution keeps what it asks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::check::{Said, all_rules, check, compile_all, each, has_python, read};
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

/// A server of an exercise: what it is called, the file that it was made of, and its source.
struct Server {
    name: String,
    path: String,
    source: String,
}

/// How these are started; nothing for those whose language the machine lacks. `chat-lab serve` runs a file as it stands.
fn commands(folder: &TempDir, servers: &[Server]) -> Vec<Option<String>> {
    let is_rust = |server: &&Server| server.path.ends_with(".rs");
    let changed = servers.iter().filter(is_rust).filter(|server| server.source != read(&server.path));
    let changed: Vec<_> = changed.map(|server| (format!("exercise_{}", server.name), server.source.clone())).collect();
    let program = if changed.is_empty() { PathBuf::new() } else { compile_all(folder, "solutions", &changed) };
    let command = |server: &Server| {
        let (name, path) = (&server.name, Path::new(&server.path));
        if !is_rust(&server) {
            let file = folder.path().join(format!("{name}.py"));
            std::fs::write(&file, &server.source).expect("the file is written");
            return has_python().then(|| format!("python3 {} {{port}}", file.display()));
        }
        if changed.iter().any(|(changed, _)| *changed == format!("exercise_{name}")) {
            return Some(format!("{} exercise_{name} {{port}}", program.display()));
        }
        let stem = path.file_stem().expect("a name").to_string_lossy().replace('_', "-");
        let prefix = if server.path.contains("/stairs/") { "stair-" } else { "" };
        Some(format!("{} serve {prefix}{stem} {{port}}", env!("CARGO_BIN_EXE_chat-lab")))
    };
    servers.iter().map(command).collect()
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
    let exercises = exercises().into_iter().filter(|(_, exercise)| !exercise.red.is_empty()).collect::<Vec<_>>();
    let server = |(name, exercise): &(String, Exercise)| {
        let path = exercise.starter();
        Server { name: name.clone(), source: read(&path), path }
    };
    let servers: Vec<Server> = exercises.iter().map(server).collect();
    each(exercises.iter().zip(commands(&folder, &servers)), |((name, exercise), command)| {
        let Some(command) = command else { return };
        let said = exercise.said(&command, &exercise.red);
        let broken = [said.rules("BROKEN"), said.rules(UNSURE)].concat();
        let missing: Vec<_> = exercise.red.iter().filter(|rule| !broken.contains(&rule.as_str())).collect();
        assert!(missing.is_empty(), "{name}: the starter does not break {missing:?}\n{}", said.text);
    });
}

/// A solution that is a stair is held by what the stair promises.
#[test]
fn every_solution_keeps_the_rules_that_its_exercise_asks() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut asked, mut servers) = (Vec::new(), Vec::new());
    for (name, exercise) in exercises() {
        match exercise.solution.rsplit('.').next() {
            Some("patch") => {
                servers.push(Server {
                    name: name.clone(),
                    path: exercise.starter(),
                    source: patched(&name, &exercise),
                });
                asked.push((name, exercise));
            }
            Some("toml") => {
                let server = env!("CARGO_BIN_EXE_chat-server");
                let command = format!("{server} --memory --rate 0 --listen 127.0.0.1:{{port}}");
                keeps(&name, &exercise, &command);
            }
            _ => assert!(exercise.solution.is_empty() || !read(&exercise.solution).is_empty(), "{name}"),
        }
    }
    each(asked.iter().zip(commands(&folder, &servers)), |((name, exercise), command)| {
        command.into_iter().for_each(|command| keeps(name, exercise, &command));
    });
}

fn keeps(name: &str, exercise: &Exercise, command: &str) {
    let said = exercise.said(command, &expanded(&exercise.green));
    let others = ["BROKEN", "not run"].map(|verdict| said.rules(verdict)).concat();
    assert!(others.is_empty() && !said.rules("kept").is_empty(), "{name}: not kept: {others:?}\n{}", said.text);
}
