//! docs/checking.md has the options, the exit codes, the kinds of reports and the keys of a profile that the program has, and no others. Knows no rule.

use std::process::Command;

use super::page::{Names, bare, names, rows};

const PAGE: &str = include_str!("../../../docs/checking.md");
const PROFILE: &str = concat!(
    include_str!("../../../src/bin/chat-lab/check/profile.rs"),
    include_str!("../../../src/bin/chat-lab/check/end.rs")
);
const TARGET: &str = include_str!("../../../src/bin/chat-lab/check/report/target.rs");

/// The first cells of the table in this part of the page.
fn told(title: &str) -> Names {
    let (_, rest) = PAGE.split_once(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("no part {title:?}"));
    let part = &rest[..rest.find("\n## ").unwrap_or(rest.len())];
    let told: Vec<_> = rows(part).into_iter().map(|row| bare(row[0])).collect();
    let names = names(told.iter());
    assert_eq!(told.len(), names.len(), "a row of {title:?} stands there twice");
    names
}

fn help() -> String {
    let lab = Command::new(env!("CARGO_BIN_EXE_chat-lab")).args(["check", "--help"]).output().unwrap();
    String::from_utf8(lab.stdout).unwrap()
}

#[test]
fn every_option_and_exit_code_of_the_checker_is_on_its_page() {
    let help = help();
    let (options, codes) = help.split_once("Exit codes:").expect("exit codes");
    let options = options.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches("-h, ");
        line.starts_with("--").then(|| line.split([' ', '<']).next().unwrap_or_default())
    });
    assert_eq!(told("Options"), names(options));
    let codes = codes.lines().filter_map(|line| line.split_whitespace().next());
    assert_eq!(told("Exit codes"), names(codes.filter(|word| word.parse::<u8>().is_ok())));
}

#[test]
fn every_kind_of_report_is_on_the_page_of_the_checker() {
    let (_, table) = TARGET.split_once("pub const KINDS").expect("the kinds");
    let kinds = table[..table.find("];").expect("its end")].split('"').skip(1).step_by(2);
    assert_eq!(told("Reports"), names(kinds));
}

/// The fields of the types that are read from a profile, as they stand in TOML.
#[test]
fn every_key_of_a_profile_is_on_the_page_of_the_checker() {
    let mut keys = Names::new();
    let mut sections = Names::new();
    for part in PROFILE.split("#[serde(deny_unknown_fields").skip(1) {
        let (_, part) = part.split_once("pub struct ").expect("a type");
        let (name, fields) = part.split_once(" {").expect("its fields");
        let section = if name == "Profile" { String::new() } else { format!("{}.", name.to_lowercase()) };
        let fields = fields[..fields.find("\n}").expect("its end")].lines();
        keys.extend(fields.filter_map(|line| {
            let key = line.trim_start().strip_prefix("pub ")?.split(':').next()?;
            Some(format!("{section}{key}"))
        }));
        sections.insert(name.to_lowercase());
    }
    // A key that is a section stands there with its own keys.
    keys.retain(|key| !sections.contains(key));
    assert!(keys.len() > 25, "{keys:?}");
    assert_eq!(told("A profile of your own"), keys);
}

#[test]
fn the_profile_on_the_page_of_the_checker_is_one() {
    let (_, block) = PAGE.split_once("```toml\n").expect("a profile");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("frames4.toml");
    std::fs::write(&file, &block[..block.find("```").expect("its end")]).unwrap();
    let mut lab = Command::new(env!("CARGO_BIN_EXE_chat-lab"));
    let done = lab.args(["check", "--list", "--profile"]).arg(file).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
