//! Rules for every file: its layer, its first line, its length, and words that no file has. Knows only text.

/// The colours of the page.
mod contrast;
/// How long functions are, and what the pages say of them.
mod functions;
/// Which file imports from which.
mod imports;
/// The files of the page.
mod page;

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// The layers, from the ground up, and the modules in each. A module imports
/// from the layers below its own; on the ground and at the top also from its
/// own layer, in between not even that: `chat` and `net` do not know each other.
const LAYERS: [(&str, &[&str]); 7] = [
    (
        "ground",
        &[
            "limits", "names", "error", "command", "model", "actor", "cloak", "answer", "event", "record", "turns",
            "wording", "qr", "process",
        ],
    ),
    ("wire", &["wire"]),
    ("chat, net and store", &["chat", "net", "store"]),
    ("encryption", &["tls"]),
    ("session", &["session"]),
    ("front", &["front"]),
    ("top", &["server", "config", "console", "ctl", "terminal", "client"]),
];

/// What the pure chat has no use for.
const NOT_IN_CHAT: [&str; 7] =
    ["std::net", "std::fs", "rusqlite", "tracing", "thread::spawn", "thread::Builder", "thread::scope"];

/// Lines of code in a file, its unit tests not counted.
const LONGEST: usize = 400;

/// Files that may be longer, and why.
const LONGER: [(&str, &str); 0] = [];

/// Files that wait for something nobody tells them, and why.
const SLEEPING: &[(&str, &str)] = &[
    ("src/bin/chat-lab/measure/churn.rs", "asks the system about another process, again and again"),
    ("src/bin/chat-lab/measure/target.rs", "the same"),
];

/// Where systems differ: sockets, terminals, signals, files, the machine, the manager of services, the way in for ctl, and other programs.
const SYSTEMS: [&str; 8] = [
    "src/net/socket/",
    "src/terminal/tty/",
    "src/process/signals.rs",
    "src/process/private.rs",
    "src/process/machine.rs",
    "src/process/service.rs",
    "src/ctl/channel.rs",
    "src/bin/chat-lab/kernel/",
];

#[test]
fn every_file_imports_from_the_layers_below_its_own_only() {
    for (path, text) in files("src", "rs") {
        let Some(own) = module(&path) else { continue };
        let level = level(own).unwrap_or_else(|| panic!("{path}: the module {own} is in no layer"));
        for (number, line) in code(&text) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                assert!(!used.is_empty(), "{path}:{number}: write one module a `use`, so that layers can be read");
                let below = self::level(&used).is_some_and(|used| used < level);
                let beside = self::level(&used) == Some(level) && (level == 0 || level == LAYERS.len() - 1);
                let (here, there) = (LAYERS[level].0, &used);
                assert!(own == used || below || beside, "{path}:{number}: {own} ({here}) may not know {there}");
            }
        }
    }
}

/// One builder makes the lines of IRC, so that no text can become a second line.
#[test]
fn no_line_of_irc_is_put_together_by_hand() {
    for (path, text) in ["src/wire/irc", "src/front/irc"].into_iter().flat_map(|folder| files(folder, "rs")) {
        if path.ends_with("tests.rs") {
            continue;
        }
        for (number, line) in code(before_tests(&text)) {
            let by_hand = ["format!", "write!", "writeln!", r#"b"\r\n""#].iter().find(|word| line.contains(**word));
            assert!(
                by_hand.is_none() || path == "src/wire/irc/out.rs",
                "{path}:{number}: use the builder, not {by_hand:?}"
            );
        }
    }
}

/// Lab report B, 16: a cleaner structure.
#[test]
fn b16_the_chat_knows_no_sockets_threads_files_or_logs() {
    for (path, text) in files("src/chat", "rs") {
        if path.starts_with("src/chat/tests") {
            continue;
        }
        for (number, line) in code(before_tests(&text)) {
            for word in NOT_IN_CHAT {
                assert!(!line.contains(word), "{path}:{number}: the chat does not know {word}");
            }
        }
    }
}

#[test]
fn every_file_says_first_what_it_is_for() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{path} must start with a //! line");
    }
}

#[test]
fn no_file_leaves_something_undone_or_sleeps() {
    // Written in two halves, or this file would find itself.
    let words = [("to", "do!"), ("unimple", "mented!"), ("TO", "DO"), ("FIX", "ME"), ("thread::", "sleep")];
    for (path, text) in sources() {
        for word in words.map(|(a, b)| format!("{a}{b}")) {
            let excused = word.ends_with("sleep") && SLEEPING.iter().any(|(sleeping, _)| *sleeping == path);
            assert!(excused || !text.contains(&word), "{path} has {word}");
        }
    }
}

#[test]
fn no_file_knows_the_machine_it_was_written_on() {
    let words = [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/")].map(|(a, b)| format!("{a}{b}"));
    let all = ["rs", "md", "sh", "toml"].into_iter().flat_map(|ending| {
        ["src", "tests", "docs", "examples", "scripts"].into_iter().flat_map(move |folder| files(folder, ending))
    });
    for (path, text) in all {
        for word in &words {
            assert!(!text.contains(word), "{path} has {word}");
        }
    }
}

#[test]
fn no_file_is_too_long_to_be_read() {
    for (path, text) in sources() {
        let lines = before_tests(&text).lines().count();
        let excused = LONGER.iter().any(|(longer, _)| *longer == path);
        assert!(lines <= LONGEST || excused, "{path} has {lines} lines, and {LONGEST} is the most");
        assert!(lines > LONGEST || !excused, "{path} has only {lines} lines and needs no excuse");
    }
}

/// No async runtime, no second TLS, no library of the system, one `rustls`: the list is in deny.toml.
#[test]
fn nothing_in_the_tree_is_denied_or_comes_from_elsewhere_than_the_registry() {
    let deny = manifest("deny.toml");
    let lock = manifest("Cargo.lock");
    let packages = lock["package"].as_array().expect("a list of packages");
    let name = |table: &Value| table["name"].as_str().expect("a name").to_owned();
    for denied in deny["bans"]["deny"].as_array().expect("a list of names") {
        let most = usize::from(denied.get("deny-multiple-versions").is_some());
        let count = packages.iter().filter(|package| name(package) == name(denied)).count();
        assert!(count <= most, "{} is in Cargo.lock {count} times", name(denied));
    }
    for package in packages.iter().filter(|package| name(package) != "roomful") {
        let source = package.get("source").and_then(Value::as_str);
        assert!(source.is_some_and(|source| source.starts_with("registry+")), "{}: {source:?}", name(package));
    }
}

/// Elsewhere a line at most.
#[test]
fn systems_differ_in_a_few_small_files_and_elsewhere_in_a_line_at_most() {
    let is_of_a_system = |line: &str| {
        let asks = line.contains("cfg(") || line.contains("cfg_attr(") || line.contains("cfg!(");
        asks && ["unix", "windows", "target_os", "target_vendor", "target_family"]
            .iter()
            .any(|word| line.contains(word))
    };
    for (path, text) in files("src", "rs") {
        if SYSTEMS.iter().any(|place| path.starts_with(place)) || path.contains("/tests/") || path.ends_with("tests.rs")
        {
            continue;
        }
        let lines: Vec<_> = code(before_tests(&text)).filter(|(_, line)| is_of_a_system(line)).collect();
        assert!(lines.len() <= 1, "{path} asks for the system; that belongs to one of {SYSTEMS:?}: {lines:?}");
    }
}

#[test]
fn unsafe_code_is_forbidden() {
    assert_eq!(manifest("Cargo.toml")["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
}

#[test]
fn every_dependency_is_explained() {
    let page = read(&root().join("docs/architecture.md"));
    let (_, rest) = page.split_once("\n## What it stands on\n").expect("the section");
    let section = rest.split("\n## ").next().unwrap_or(rest);
    let mut told: Vec<&str> =
        section.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0)).collect();
    let manifest = manifest("Cargo.toml");
    let targets = manifest["target"].as_table().expect("a table");
    let of_all = ["dependencies", "dev-dependencies"].map(|name| &manifest[name]);
    let of_some = targets.values().filter_map(|target| target.get("dependencies"));
    let tables = of_all.into_iter().chain(of_some).map(|table| table.as_table().expect("a table"));
    let mut used: Vec<&str> = tables.flat_map(|table| table.keys().map(String::as_str)).collect();
    told.sort_unstable();
    used.sort_unstable();
    assert_eq!(told, used, "left: docs/architecture.md, right: Cargo.toml");
}

#[test]
fn every_module_is_on_the_map_and_in_its_layer() {
    let page = read(&root().join("docs/architecture.md"));
    for (path, _) in files("src", "rs") {
        let Some(module) = module(&path) else { continue };
        assert!(page.contains(&format!("| `{module}` |")), "{module} is not on the map in docs/architecture.md");
    }
    for (layer, modules) in LAYERS {
        let row = page.lines().find(|line| line.starts_with(&format!("| {layer} |")));
        let row = row.unwrap_or_else(|| panic!("the layer {layer} is not in docs/architecture.md"));
        assert!(modules.iter().all(|module| row.contains(&format!("`{module}`"))), "{row}");
    }
}

/// The map names each file in the row of its module. The programs' own are left
/// out, because nothing stands on them.
#[test]
fn every_file_is_on_the_map_beside_its_module() {
    let page = read(&root().join("docs/architecture.md"));
    for (path, _) in files("src", "rs") {
        let [_, module, file] = path.trim_end_matches(".rs").split('/').collect::<Vec<_>>()[..] else { continue };
        if module == "bin" || file == "mod" || file.ends_with("tests") {
            continue;
        }
        let row = page.lines().find(|line| line.starts_with(&format!("| `{module}` |"))).unwrap_or_default();
        assert!(row.contains(&format!("`{file}`")), "{path} is not on the map in docs/architecture.md");
    }
}

fn level(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, modules)| modules.contains(&module))
}

/// The top module of a source file; none of `lib.rs` and the binaries.
fn module(path: &str) -> Option<&str> {
    let name = path.strip_prefix("src/")?.split('/').next()?.trim_end_matches(".rs");
    (!matches!(name, "lib" | "bin")).then_some(name)
}

/// The lines with their numbers, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(i, line)| (i + 1, line.split("//").next().unwrap_or(line)))
}

pub fn before_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

/// The Rust files of the package.
pub fn sources() -> Vec<(String, String)> {
    ["src", "tests", "examples"].into_iter().flat_map(|folder| files(folder, "rs")).collect()
}

/// The files under `folder` with this ending: their paths in the package, and what is in them.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        // A folder that is not there has no files.
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|own| own == ending) {
                let name = path.strip_prefix(root()).expect("it is under the root").display().to_string();
                found.push((name, read(&path)));
            }
        }
    }
    found
}

fn manifest(name: &str) -> Value {
    Value::Table(read(&root().join(name)).parse::<Table>().expect("TOML"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
