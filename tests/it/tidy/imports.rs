//! No circle of imports between the files of `src`. Knows only the text of `use` lines and of paths.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{before_tests, files};

/// Circles that are still there, and what opens each. The list must shrink.
const OPEN: &[(&[&str], &str)] = &[(
    &["src/command/parse.rs", "src/command/table.rs", "src/command/values.rs"],
    "reading a name moves to where it is checked",
)];

/// A module, by its path from the crate: `["chat", "room"]`.
type Module = Vec<String>;

/// What one file takes from others: the whole path of each name.
#[derive(Default)]
struct Uses {
    taken: Vec<Module>,
    /// Names that others find here although they are defined elsewhere.
    passed_on: HashMap<String, Module>,
}

/// Arrows go from a file to the files that *define* what it imports; a name
/// that is only passed on (`pub use`) leads to where it comes from. Between a
/// file and those in its folder there is no arrow: a parent declares its
/// children and they speak of what it defines, as `chat` and `chat::room` do.
#[test]
fn no_files_import_from_one_another_in_a_circle() {
    let arrows = arrows();
    let circles = circles(&arrows);
    for circle in &circles {
        let excused = OPEN.iter().any(|(files, _)| circle.iter().all(|file| files.contains(&file.as_str())));
        let within = |to: &&(String, String)| circle.contains(&to.0);
        let ties: Vec<String> = circle
            .iter()
            .flat_map(|from| {
                arrows[from].iter().filter(within).map(move |(to, name)| format!("{from} -> {to}: {name}"))
            })
            .collect();
        assert!(excused, "a circle of imports:\n{}", ties.join("\n"));
    }
    for (files, _) in OPEN {
        let is_there = circles.iter().any(|circle| circle.iter().all(|file| files.contains(&file.as_str())));
        assert!(is_there, "{files:?} is no circle any more and needs no excuse");
    }
}

#[test]
fn the_paths_of_a_use_line_are_found() {
    let mut found = Vec::new();
    flatten("super::{a::{self, B as C}, d::E, f}", "", &mut found);
    assert_eq!(found, ["super::a", "super::a::B", "super::d::E", "super::f"]);
    let text = "use super::{\n    a,\n    b,\n};\nfn f() { crate::x::y(super::z::W) }\n";
    let (uses, rest) = split(text);
    assert_eq!(uses, ["super::{ a, b, }"]);
    assert_eq!(inline(&rest), ["crate::x::y", "super::z::W"]);
}

/// Each file with those it imports from, and one name for each arrow.
fn arrows() -> BTreeMap<String, BTreeSet<(String, String)>> {
    let sources: BTreeMap<Module, (String, String)> = files("src", "rs")
        .into_iter()
        .filter(|(path, _)| !path.starts_with("src/bin/") && !path.contains("tests"))
        .map(|(path, text)| (module(&path), (path, text)))
        .collect();
    let modules: HashSet<&Module> = sources.keys().collect();
    let uses: HashMap<&Module, Uses> =
        sources.iter().map(|(own, (_, text))| (own, uses(own, before_tests(text), &modules))).collect();
    let arrows = sources.iter().map(|(own, (path, _))| {
        let targets = uses[own].taken.iter().filter_map(|taken| {
            let (target, name) = definition(taken.clone(), &modules, &uses)?;
            let is_family = target.starts_with(own) || own.starts_with(&target);
            (!is_family).then(|| (sources[&target].0.clone(), name))
        });
        (path.clone(), targets.collect())
    });
    arrows.collect()
}

/// `src/chat/room.rs` and `src/chat/mod.rs` as modules.
fn module(path: &str) -> Module {
    let mut parts: Module =
        path.trim_start_matches("src/").trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

fn uses(own: &Module, text: &str, modules: &HashSet<&Module>) -> Uses {
    let (lines, rest) = split(text);
    let mut uses = Uses::default();
    for line in &lines {
        let mut paths = Vec::new();
        flatten(line.rsplit("pub ").next().unwrap_or(line), "", &mut paths);
        for path in paths {
            let Some(whole) = whole(own, &path, modules) else { continue };
            let name = whole.last().cloned().unwrap_or_default();
            uses.passed_on.insert(name, whole.clone());
            uses.taken.push(whole);
        }
    }
    uses.taken.extend(inline(&rest).iter().filter_map(|path| whole(own, path, modules)));
    uses
}

/// The trees of the `use` lines, each on one line, and all other code.
fn split(text: &str) -> (Vec<String>, String) {
    let (mut lines, mut rest, mut open) = (Vec::<String>::new(), String::new(), false);
    for (_, line) in super::code(text) {
        let line = line.trim();
        let visible = line.strip_prefix("pub").map(|line| line.split_once(") ").map_or(line, |(_, line)| line).trim());
        let begun = visible.unwrap_or(line).strip_prefix("use ");
        match (begun, open) {
            (Some(tree), _) => lines.push(tree.to_owned()),
            (None, true) => lines.last_mut().expect("one is open").push_str(&format!(" {line}")),
            (None, false) => rest.push_str(&format!("{line}\n")),
        }
        open = (open || begun.is_some()) && !line.ends_with(';');
    }
    lines.iter_mut().for_each(|line| *line = line.trim_end_matches(';').to_owned());
    (lines, rest)
}

/// The single paths of a tree such as `super::{a, b::{self, C}}`.
fn flatten(tree: &str, before: &str, found: &mut Vec<String>) {
    let Some((head, inner)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or(tree).trim();
        let path = format!("{before}{name}");
        found.push(path.strip_suffix("::self").unwrap_or(&path).to_owned());
        return;
    };
    let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
    let (mut depth, mut start) = (0, 0);
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = inner[start..at].trim();
                if !part.is_empty() {
                    flatten(part, &format!("{before}{}", head.trim()), found);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The paths that are written out in the code itself.
fn inline(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with("::") {
                continue; // inside of a path that was found already
            }
            let path: String = code[at..].chars().take_while(|c| c.is_alphanumeric() || "_:".contains(*c)).collect();
            found.push(path.trim_end_matches(':').to_owned());
        }
    }
    found
}

/// `super::room::Room` in `chat::lists` is `chat::room::Room`; nothing for a path out of the crate.
fn whole(own: &Module, path: &str, modules: &HashSet<&Module>) -> Option<Module> {
    let mut parts: std::collections::VecDeque<&str> = path.split("::").collect();
    let mut base = own.clone();
    match *parts.front()? {
        "crate" => base.clear(),
        "self" | "super" => {}
        child => {
            let mut module = own.clone();
            module.push(child.to_owned());
            if !modules.contains(&module) {
                return None;
            }
        }
    }
    while let Some(part) = parts.front().filter(|part| matches!(**part, "crate" | "self" | "super")) {
        if *part == "super" {
            base.pop();
        }
        parts.pop_front();
    }
    base.extend(parts.into_iter().map(str::to_owned));
    Some(base)
}

/// The module that defines what this path leads to, and its name there.
fn definition(mut path: Module, modules: &HashSet<&Module>, uses: &HashMap<&Module, Uses>) -> Option<(Module, String)> {
    for _ in 0..8 {
        let length = (0..=path.len()).rev().find(|length| modules.contains(&path[..*length].to_vec()))?;
        let module = path[..length].to_vec();
        let Some(name) = path.get(length) else { return Some((module, "itself".to_owned())) };
        match uses[&module].passed_on.get(name) {
            Some(from) if *from != path => {
                path = from.iter().chain(&path[length + 1..]).cloned().collect();
            }
            _ => return Some((module, name.clone())),
        }
    }
    None
}

/// The sets of files that all reach one another.
fn circles(arrows: &BTreeMap<String, BTreeSet<(String, String)>>) -> BTreeSet<BTreeSet<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> = arrows.keys().map(|from| (from, reached(from, arrows))).collect();
    let circle =
        |from: &String| reach[from].iter().filter(|to| reach[**to].contains(from)).map(|to| (*to).clone()).collect();
    arrows.keys().filter(|from| reach[from].contains(from)).map(circle).collect()
}

fn reached<'a>(from: &'a String, arrows: &'a BTreeMap<String, BTreeSet<(String, String)>>) -> BTreeSet<&'a String> {
    let (mut found, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        next.extend(arrows[file].iter().map(|(to, _)| to).filter(|to| found.insert(*to)));
    }
    found
}
