//! The reports of five broken servers, word for word. `UPDATE_GOLDEN=1` writes the files anew: then read the difference.

use std::path::PathBuf;

use super::{compile, lab, read};

/// The server in `examples/broken`, and the rules that are asked.
const GOLDEN: [(&str, &[&str]); 5] = [
    ("one_at_a_time", &["start"]),
    ("recv_is_message", &["start/listens", "framing/glued", "framing/split", "framing/long"]),
    ("innocent", &["leave/close", "leave/reset"]),
    ("exit_word", &["leave/half", "leave/word"]),
    ("no_join", &["start/listens", "stop/told"]),
];

#[test]
fn the_report_of_a_broken_server_is_word_for_word_the_one_on_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (name, rules) in GOLDEN {
        let program = compile(&folder, name, &read(&format!("examples/broken/{name}.rs")));
        let command = format!("{} {{port}}", program.display());
        let mut arguments = vec!["check", "--command", &command, "--seed", "7Q2F", "--stop-by", "stop"];
        rules.iter().for_each(|rule| arguments.extend(["--rule", rule]));
        // A machine that is too busy to tell is asked again.
        let mut runs = std::iter::repeat_with(|| lab(folder.path(), &arguments)).take(5);
        let (code, out, err) = runs.find(|(_, out, _)| !out.contains("\n  unsure")).expect("a quieter machine");
        assert_eq!((code, err.as_str()), (Some(1), ""), "{out}");
        let report = lasting(&out.replace(&folder.path().display().to_string(), "FOLDER"));
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/check/golden/{name}.txt"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&file, &report).unwrap();
        }
        let golden = std::fs::read_to_string(&file).unwrap_or_default();
        if report != golden {
            wrong.push(format!("{}\n--- is\n{report}\n--- should be\n{golden}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Without what is another one in each run: times, ports, and what the threads were waiting in at that very moment.
fn lasting(report: &str) -> String {
    let mut out = String::new();
    let mut in_threads = false;
    for line in report.lines() {
        let label = line.get(10..22).unwrap_or_default();
        in_threads = label.starts_with("threads") || (in_threads && label.trim().is_empty());
        if in_threads {
            if label.starts_with("threads") {
                out.push_str("          threads     …\n");
            }
            continue;
        }
        // The time is at the end of a line, and no time at all if it was too short.
        let took = line.strip_suffix(" ms").and_then(|line| line.rsplit_once(' '));
        out.push_str(&without_port(took.map_or(line, |(before, _)| before).trim_end()));
        out.push('\n');
    }
    out
}

fn without_port(line: &str) -> String {
    const HOST: &str = "127.0.0.1:";
    match line.split_once(HOST) {
        Some((before, rest)) => format!("{before}{HOST}PORT{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => line.to_owned(),
    }
}
