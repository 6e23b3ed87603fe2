//! The page's types of the protocol say what its document says: every field of every command, event, answer and object. Knows no types but by their text.

use super::page::{Names, bare, fields_in, names, part, parts, rows, section};

const TYPES: &str = include_str!("../../../page/protocol.d.ts");

/// An interface of the file: its name, and its fields with their types. A `?` marks a field that may be absent.
struct Interface {
    name: &'static str,
    fields: Vec<(&'static str, &'static str)>,
}

impl Interface {
    /// The word in `type: "word"` or `for: "word"`.
    fn word(&self, field: &str) -> &'static str {
        let kind = self.fields.iter().find(|(name, _)| *name == field).map(|(_, kind)| *kind);
        kind.unwrap_or_else(|| panic!("{} has no {field}", self.name)).trim_matches('"')
    }

    /// The names of its fields, without those that every one has.
    fn names(&self, all_have: &[&str]) -> Names {
        names(self.fields.iter().map(|(name, _)| *name).filter(|name| !all_have.contains(name)))
    }
}

/// All interfaces that are written on one line, as those of the protocol are.
fn interfaces() -> Vec<Interface> {
    let lines = TYPES.lines().filter_map(|line| line.strip_prefix("export interface ")?.strip_suffix(" }"));
    let found = lines.map(|line| {
        let (name, fields) = line.split_once(" { ").expect("its fields");
        let fields = fields.split("; ").map(|field| field.trim_end_matches(';').split_once(": ").expect("a type"));
        Interface { name, fields: fields.collect() }
    });
    found.collect()
}

fn ending(ending: &str) -> Vec<Interface> {
    interfaces().into_iter().filter(|interface| interface.name.ends_with(ending)).collect()
}

/// What a type of the document is in TypeScript, as far as one word tells.
fn fits(told: &str, kind: &str) -> bool {
    match told {
        "time" | "seq" | "run" => kind == "number",
        told if told.starts_with("whole number") => kind == "number",
        "true/false" => kind == "boolean",
        told if told.starts_with("list of") => kind.ends_with("[]"),
        _ => kind != "number" && kind != "boolean" && !kind.ends_with("[]"),
    }
}

/// Compares an interface with the table of its part: `some` and `may` fields have a `?`.
fn compare(interface: &Interface, part: &str, all_have: &[&str]) {
    let rows = rows(part);
    let told = rows.iter().map(|row| match row[1] {
        "must" | "always" => bare(row[0]).to_owned(),
        _ => format!("{}?", bare(row[0])),
    });
    assert_eq!(interface.names(all_have), told.collect::<Names>(), "{}: left there, right on the page", interface.name);
    for row in rows {
        let field = interface.fields.iter().find(|(name, _)| name.trim_end_matches('?') == bare(row[0]));
        let (name, kind) = field.expect("the names are the same");
        assert!(fits(row[2], kind), "{}.{name} is {kind}, and on the page {}", interface.name, row[2]);
    }
}

#[test]
fn the_types_of_commands_are_those_of_the_document() {
    let (parts, types) = (parts(section("Commands")), ending("Command"));
    assert_eq!(names(types.iter().map(|one| one.word("type"))), names(parts.iter().map(|(name, _)| *name)));
    types.iter().for_each(|one| compare(one, part(&parts, one.word("type")), &["type", "tag?"]));
}

#[test]
fn the_types_of_events_are_those_of_the_document() {
    let (parts, types) = (parts(section("Events")), ending("Event"));
    let told = names(parts.iter().map(|(name, _)| *name).filter(|name| *name != "ok"));
    assert_eq!(names(types.iter().map(|one| one.word("type"))), told);
    types.iter().for_each(|one| compare(one, part(&parts, one.word("type")), &["type"]));
}

#[test]
fn the_types_of_answers_and_objects_are_those_of_the_document() {
    let (answers, objects) = section("Answers").split_once("\n| object |").expect("two tables");
    let types: Vec<_> = interfaces().into_iter().filter(|interface| interface.name.starts_with("Ok")).collect();
    let told: Vec<_> = rows(answers).into_iter().map(|row| (bare(row[0]), fields_in(row[1]))).collect();
    assert_eq!(names(types.iter().map(|one| one.word("for"))), names(told.iter().map(|(name, _)| *name)));
    for one in &types {
        let (_, fields) = told.iter().find(|(name, _)| *name == one.word("for")).expect("the names are the same");
        assert_eq!(one.names(&["type", "tag?", "for"]), *fields, "{}: left there, right on the page", one.name);
    }
    let all = interfaces();
    for row in rows(objects) {
        // `file row` is FileRow, and the others end in Info.
        let name = row[0].split(' ').map(capital).collect::<String>();
        let wanted = [name.clone(), format!("{name}Info")];
        let one = all.iter().find(|one| wanted.iter().any(|name| one.name == name));
        let one = one.unwrap_or_else(|| panic!("no type for the object {}", row[0]));
        assert_eq!(one.names(&[]), fields_in(row[1]), "{}: left there, right on the page", one.name);
    }
}

fn capital(word: &str) -> String {
    word[..1].to_ascii_uppercase() + &word[1..]
}
