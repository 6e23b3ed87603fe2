//! Rules for the files of the page: how large, how long, and which words would be a hole in it. Knows only their text.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::root;

/// All files together as they are sent, in bytes, and how many there may be: a class loads them at once over one Wi-Fi.
const MOST_SENT: usize = 100_000;
const MOST_FILES: usize = 30;

/// All of them together as they are read by people. Four more settings of a room, voices, notices, reasons, masks and
/// words about oneself took 5 KiB, each in one place; what is sent is a bound of its own.
const MOST_BYTES: usize = 272 << 10;

/// Lines of a file.
const LONGEST: usize = 300;

/// What takes a text for HTML, for a script, or for something that is loaded. Text reaches the page as text only.
const BANNED: [&str; 17] = [
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "setHTML",
    "document.write",
    "DOMParser",
    "createContextualFragment",
    "eval(",
    "Function(",
    "srcdoc",
    "cssText",
    "importScripts",
    "javascript:",
    "localStorage.password",
    "sessionStorage.password",
    "http://",
    "https://",
];

/// Words that one file may have, so that one file is to be read with care.
const ONLY_IN: [(&str, &[&str]); 7] = [
    ("createElement", &["el.js"]),
    ("setAttribute", &["el.js"]),
    (".style.setProperty(\"background", &[]),
    (".href = ", &["text.js", "files.js"]),
    (".src = ", &["text.js", "files.js"]),
    (".download = ", &["text.js", "files.js"]),
    ("new WebSocket(", &["wire.js"]),
];

/// Names of namespaces, which nothing loads.
const NAMESPACES: [&str; 1] = ["http://www.w3.org/2000/svg"];

/// The files that are served, and the types beside them.
fn files() -> Vec<(String, String)> {
    let folder = fs::read_dir(root().join("page")).expect("the folder of the page");
    let mut files: Vec<_> = folder
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8").to_owned();
            (name, fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        })
        .collect();
    files.sort();
    files
}

fn served() -> Vec<(String, String)> {
    files().into_iter().filter(|(name, _)| !name.ends_with(".d.ts")).collect()
}

#[test]
fn the_page_is_small_enough_for_a_class_that_opens_it_at_once() {
    let files = served();
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let sent: usize = files.iter().map(|(name, _)| compressed(name)).sum();
    assert!(bytes <= MOST_BYTES, "{bytes} bytes, and {MOST_BYTES} is the most");
    assert!(sent < MOST_SENT, "{sent} bytes compressed, and {MOST_SENT} is the most");
    assert!(files.len() <= MOST_FILES, "{} files, and {MOST_FILES} is the most", files.len());
}

/// How many bytes of a file are sent.
fn compressed(name: &str) -> usize {
    let output = Command::new("gzip").arg("-9c").arg(root().join("page").join(name)).output().expect("gzip");
    assert!(output.status.success(), "{name}: {output:?}");
    output.stdout.len()
}

#[test]
fn each_file_of_the_page_says_first_what_it_is_for_and_what_it_does_not_know() {
    for (name, text) in files() {
        let first: Vec<&str> = text.lines().take(2).collect();
        let (line, begins) = match name.rsplit('.').next().expect("an ending") {
            "js" => {
                assert!(first[0] == "// @ts-check", "{name} is not checked by tsc");
                (first[1], "// ")
            }
            "ts" => (first[0], "// "),
            "css" => (first[0], "/* "),
            "html" => (first[1], "<!-- "),
            "svg" => (first[0], "<!-- "),
            other => panic!("{name}: what begins a {other} file?"),
        };
        assert!(line.starts_with(begins) && line.len() > 40, "{name} begins {line:?}");
        let says = ["know", " no ", "not "].iter().any(|word| line.contains(word)) || name == "icon.svg";
        assert!(says, "{name} does not say what it does not know: {line:?}");
    }
}

/// docs/page.md: the table has the name of each file, with its ending or without.
#[test]
fn each_file_of_the_page_is_on_its_page() {
    let text = fs::read_to_string(root().join("docs/page.md")).expect("the page");
    let cells = text.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
    let bare = |name: &str| name.strip_suffix(".js").unwrap_or(name).to_owned();
    let told: BTreeSet<String> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(bare).collect();
    let made = served().iter().map(|(name, _)| bare(name)).collect();
    assert_eq!(told, made, "left: docs/page.md, right: the folder");
}

#[test]
fn no_file_of_the_page_is_too_long_to_be_read() {
    for (name, text) in served() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{name} has {lines} lines, and {LONGEST} is the most");
    }
}

#[test]
fn text_reaches_the_page_as_text_only() {
    for (name, text) in served() {
        let text = NAMESPACES.iter().fold(text, |text, namespace| text.replace(namespace, ""));
        for (number, line) in (1..).zip(text.lines()) {
            for word in BANNED.iter().filter(|word| line.contains(**word)) {
                assert!(is_comment(line), "page/{name}:{number} has {word}: {line}");
            }
            for (word, only) in ONLY_IN {
                let may = only.contains(&name.as_str()) || !name.ends_with(".js");
                assert!(may || !line.contains(word), "page/{name}:{number}: {word} stands in {only:?} only: {line}");
            }
        }
    }
}

/// A policy forbids both, and a browser would say so in its console.
#[test]
fn the_first_file_of_the_page_has_no_script_and_no_style_inside() {
    let (_, index) = served().into_iter().find(|(name, _)| name == "index.html").expect("the first file");
    for tag in index.split('<').skip(1).filter_map(|tag| tag.split('>').next()) {
        let handler = tag.split_whitespace().skip(1).any(|attribute| attribute.starts_with("on"));
        assert!(!handler && !tag.contains("style="), "<{tag}>");
        assert!(!tag.starts_with("script") || tag.contains("src="), "<{tag}>");
        assert!(!tag.starts_with("style"), "<{tag}>");
    }
}

#[test]
fn no_file_of_the_page_leaves_something_undone_or_speaks_to_the_console() {
    // Written in two halves, or this file would be found by others like it.
    let words = [("TO", "DO"), ("FIX", "ME"), ("console", "."), ("debug", "ger;"), ("ale", "rt(\"")];
    for (name, text) in files() {
        for word in words.map(|(a, b)| format!("{a}{b}")) {
            assert!(!text.contains(&word), "page/{name} has {word}");
        }
    }
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") || line.starts_with('*') || line.starts_with("/*")
}
