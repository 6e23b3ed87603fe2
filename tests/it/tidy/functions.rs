//! How long a function may be, and that the pages which lead through the code name what is there. Knows only text.

use std::collections::BTreeSet;

use super::{before_tests, code, files, read, root};

/// Lines of a function, from its name to its last brace.
const LONGEST: usize = 60;

/// Parameters of a function, `self` not counted.
const MOST_PARAMETERS: usize = 5;

/// Lines of a function on one of the screens of docs/walk.md.
const ONE_SCREEN: usize = 40;

/// The functions that docs/walk.md shows, in the order of the walk.
const SCREENS: [&str; 8] = [
    "Shared::accept_loop",
    "Shared::welcome",
    "read_all",
    "Session::handle",
    "Chat::change",
    "Change::say_in",
    "Room::fan_out",
    "Outbox::flush",
];

/// Words in the glossary of docs/architecture.md.
const WORDS: usize = 20;

/// Functions that are still longer, or take more. The list must shrink.
const OPEN: &[(&str, &str)] = &[];

/// One function, as its text tells.
struct Function<'a> {
    name: &'a str,
    /// The number of its first line.
    line: usize,
    lines: usize,
    parameters: usize,
}

#[test]
fn no_function_is_too_long_or_takes_too_much() {
    let mut open = BTreeSet::new();
    for (path, text) in files("src", "rs") {
        for Function { name, line, lines, parameters } in functions(before_tests(&text)) {
            if lines > LONGEST || parameters > MOST_PARAMETERS {
                let excused = OPEN.contains(&(&path, name));
                assert!(excused, "{path}:{line}: {name} has {lines} lines and {parameters} parameters");
                open.insert((path.clone(), name.to_owned()));
            }
        }
    }
    for (path, name) in OPEN {
        let is_open = open.contains(&((*path).to_owned(), (*name).to_owned()));
        assert!(is_open, "{name} in {path} is short enough and needs no excuse");
    }
}

#[test]
fn functions_are_measured_as_they_are_written() {
    let text = "\
impl A {
    /// Not this: fn no() {
    pub(super) fn one<F: Fn(u8) -> u8>(&mut self, f: F, (a, b): (u8, u8)) -> u8 {
        if a > b { f(a) } else { b }
    }
    fn two(
        self: &Arc<Self>,
        map: HashMap<u8, Vec<(u8, u8)>>,
        then: impl Fn(u8, u8) -> u8,
    );
}
const fn three() -> u8 { 3 }
";
    let found = functions(text);
    let found: Vec<_> = found.iter().map(|f| (f.name, f.line, f.lines, f.parameters)).collect();
    assert_eq!(found, [("one", 3, 3, 2), ("two", 6, 5, 2), ("three", 12, 1, 0)]);
}

/// docs/walk.md leads from accept to flush: it links each of its screens, in
/// this order, each is where the page says, and none is longer than a screen.
#[test]
fn the_walk_leads_through_functions_that_fit_on_a_screen() {
    let page = read(&root().join("docs/walk.md"));
    let links: Vec<(&str, &str)> = page.split("[`").skip(1).filter_map(link).collect();
    assert_eq!(links.iter().map(|(name, _)| *name).collect::<Vec<_>>(), SCREENS);
    for (name, path) in links {
        let text = read(&root().join(path));
        let (of, own) = name.split_once("::").map_or((None, name), |(of, own)| (Some(of), own));
        let found: Vec<_> =
            functions(before_tests(&text)).into_iter().filter(|function| function.name == own).collect();
        let [function] = found.as_slice() else { panic!("{path} has {} functions {name}", found.len()) };
        assert!(function.lines <= ONE_SCREEN, "{name} in {path} has {} lines", function.lines);
        let before: Vec<&str> = text.lines().take(function.line).collect();
        let head = before.into_iter().rev().find(|line| line.starts_with("impl"));
        let is_there = of.is_none_or(|of| head.is_some_and(|head| words(head).any(|word| word == of)));
        assert!(is_there, "{own} in {path} is no function of {of:?}");
    }
}

/// Also what the walk only names on its way is in the code.
#[test]
fn the_walk_names_only_what_is_there() {
    let page = read(&root().join("docs/walk.md"));
    let sources = files("src", "rs");
    let used: BTreeSet<&str> =
        sources.iter().flat_map(|(_, text)| code(before_tests(text))).flat_map(|(_, line)| words(line)).collect();
    let outside_pictures: String = page.split("```").step_by(2).collect();
    for name in outside_pictures.split('`').skip(1).step_by(2) {
        if name.contains('/') {
            assert!(root().join(name).is_file(), "there is no file {name}");
        } else if name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            let missing = name.split("::").find(|part| !used.contains(part));
            assert_eq!(missing, None, "{name} is on the page and not in the code");
        }
    }
}

/// Of `name`](../src/path.rs) and what follows: the name and the path.
fn link(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once("`](../")?;
    let path = rest.split_once(')')?.0;
    path.starts_with("src/").then_some((name, path))
}

/// The words of a line of code.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn the_glossary_is_short_and_each_of_its_words_is_in_the_code() {
    let page = read(&root().join("docs/architecture.md"));
    let (_, rest) = page.split_once("\n## Words\n").expect("the section");
    let section = rest.split("\n## ").next().unwrap_or(rest);
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    assert!((1..=WORDS).contains(&rows.len()), "{} words, and {WORDS} are the most", rows.len());
    let sources = files("src", "rs");
    let used: BTreeSet<&str> =
        sources.iter().flat_map(|(_, text)| code(before_tests(text))).flat_map(|(_, line)| words(line)).collect();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 3, "a word, its meaning, the standard term: {row}");
        for word in cells[0].split('`').skip(1).step_by(2) {
            assert!(used.contains(word), "{word} is in the glossary and not in the code");
        }
    }
}

/// The functions of a file that rustfmt has formatted: one ends at the brace
/// that stands as far in as its first line.
fn functions(text: &str) -> Vec<Function<'_>> {
    let lines: Vec<&str> = code(text).map(|(_, line)| line).collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some(name) = name_of(line.trim_start()) else { continue };
        let is_end = |line: &&str| line.trim_end().ends_with(['{', ';', '}']);
        let head = at + lines[at..].iter().position(is_end).expect("a function has a body or none");
        let closing = format!("{}}}", " ".repeat(indent));
        let last = match lines[head].trim_end().ends_with('{') {
            true => head + lines[head..].iter().position(|line| line.trim_end() == closing).expect("its last brace"),
            false => head,
        };
        let parameters = parameters(&lines[at..=head].concat());
        found.push(Function { name, line: at + 1, lines: last - at + 1, parameters });
    }
    found
}

/// The name of the function that begins in this line.
fn name_of(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let is_head = before.split_whitespace().all(|word| word == "const" || word == "unsafe" || word.starts_with("pub"));
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (is_head && end > 0).then(|| &rest[..end])
}

/// How many there are between the parentheses, without `self`.
fn parameters(head: &str) -> usize {
    let head = head.split_once("fn ").map_or(head, |(_, head)| head);
    let (mut depth, mut generics, mut before) = (0, 0, ' ');
    let mut all = vec![String::new()];
    for c in head.chars() {
        let closes = matches!(c, ')' | ']' | '}') || (c == '>' && before != '-');
        match c {
            '<' if depth == 0 => generics += 1,
            '>' if depth == 0 && before != '-' => generics -= 1,
            _ if generics > 0 => {}
            _ if closes && depth == 1 => break,
            ',' if depth == 1 => all.push(String::new()),
            _ => {
                depth += i32::from(matches!(c, '(' | '[' | '{' | '<')) - i32::from(closes);
                if depth > 0 {
                    all.last_mut().expect("one at least").push(c);
                }
            }
        }
        before = c;
    }
    let is_self = |one: &str| one.split(':').next().is_some_and(|name| name.trim_end().ends_with("self"));
    all.iter().map(|one| one.trim_start_matches('(').trim()).filter(|one| !one.is_empty() && !is_self(one)).count()
}
