//! Reads the pages: sections, tables and examples. Knows nothing of what they say.

use std::collections::BTreeSet;

use serde_json::Value;

/// Names, so that a difference is shown in order. A `?` marks a field that may be absent.
pub type Names = BTreeSet<String>;

pub const PROTOCOL_PAGE: &str = include_str!("../../../docs/protocol.md");
pub const LIMITS_PAGE: &str = include_str!("../../../docs/limits.md");

/// What stands between `## title` and the next `## `.
pub fn section(title: &str) -> &'static str {
    let start = PROTOCOL_PAGE.find(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("no section {title:?}"));
    let rest = &PROTOCOL_PAGE[start + 4..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// The parts of a section under headings such as "### `join`", with their names.
pub fn parts(section: &'static str) -> Vec<(&'static str, &'static str)> {
    section.split("\n### `").skip(1).map(|part| part.split_once("`\n").expect("a name in backquotes")).collect()
}

pub fn part(parts: &[(&str, &'static str)], name: &str) -> &'static str {
    parts.iter().find(|(title, _)| *title == name).map(|(_, text)| *text).expect("it was found before")
}

pub fn titles(parts: &[(&str, &str)]) -> Names {
    let titles = names(parts.iter().map(|(title, _)| *title));
    assert_eq!(titles.len(), parts.len(), "a heading comes twice");
    titles
}

/// The rows of the tables in `text`, as cells, without their heads.
pub fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_rule = |line: &&str| line.starts_with("|---");
    let is_head = |i: usize| lines.get(i + 1).is_some_and(is_rule);
    let row = |line: &&'_ str| line.starts_with('|') && !is_rule(line);
    let found = lines.iter().enumerate().filter(|(i, line)| row(line) && !is_head(*i));
    found.map(|(_, line)| line[1..line.len() - 1].split('|').map(str::trim).collect()).collect()
}

pub fn bare(cell: &str) -> &str {
    cell.trim_matches('`')
}

/// Fields as a cell lists them: in backquotes, with commas.
pub fn fields_in(cell: &str) -> Names {
    names(cell.split(", ").map(bare).filter(|field| !field.is_empty()))
}

pub fn names(list: impl Iterator<Item = impl AsRef<str>>) -> Names {
    list.map(|name| name.as_ref().to_owned()).collect()
}

/// The blocks marked `json`: their lines, each with its mark, `>` or `<`.
pub fn blocks(text: &str) -> Vec<Vec<(char, &str)>> {
    let mut inside = false;
    let mut found: Vec<Vec<(char, &str)>> = Vec::new();
    for line in text.lines() {
        match line {
            "```json" => {
                inside = true;
                found.push(Vec::new());
            }
            "```" => inside = false,
            line if inside => {
                let block = found.last_mut().expect("it was pushed at the fence");
                block.push((line.chars().next().unwrap_or(' '), line.get(2..).unwrap_or("")));
            }
            _ => {}
        }
    }
    found
}

/// The lines of all those blocks.
pub fn examples(text: &str) -> Vec<(char, &str)> {
    blocks(text).into_iter().flatten().collect()
}

pub fn kind_of(line: &str) -> String {
    let object: Value = serde_json::from_str(line).expect(line);
    object["type"].as_str().unwrap_or("").to_owned()
}
