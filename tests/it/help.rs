//! The help of the three programs: it fits on the usual screen, through a pipe too. Knows no words of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use roomful::limits::TABLE;

const PROGRAMS: [&str; 3] =
    [env!("CARGO_BIN_EXE_chat-server"), env!("CARGO_BIN_EXE_chat-client"), env!("CARGO_BIN_EXE_chat-lab")];

/// README.md: the programs are read about in their `--help`, which many do through a pager.
#[test]
fn every_line_of_every_help_fits_into_80_columns() {
    let orders: [&[&str]; 6] =
        [&["--help"], &["-h"], &["help"], &["load", "--help"], &["archive", "--help"], &["backup", "--help"]];
    let mut texts = 0;
    for program in PROGRAMS {
        for order in orders {
            let done = Command::new(program).args(order).stdin(Stdio::null()).output().unwrap();
            let help = String::from_utf8(done.stdout).unwrap();
            texts += usize::from(!help.is_empty());
            let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 80).collect();
            assert!(wide.is_empty(), "{program} {order:?}: {wide:#?}");
            // The rest of a broken line stands alone on the next one, in which only a list of ours could be.
            let codes = help.split_once("Exit codes:").map_or("", |(_, codes)| codes);
            let broken: Vec<&str> = codes.lines().skip(1).filter(|line| !begins_with_a_number(line)).collect();
            assert!(broken.is_empty(), "{program} {order:?}: {broken:#?}");
        }
    }
    assert!(texts >= 10, "{texts} help texts");
}

fn begins_with_a_number(line: &str) -> bool {
    line.trim_start().starts_with(|letter: char| letter.is_ascii_digit())
}

/// What a packager asks each program for: pages and completions, with all that `--help` has.
#[test]
fn man_pages_have_every_argument_and_no_fault_and_completions_load_in_a_shell() {
    for (name, program) in [
        ("chat-server", env!("CARGO_BIN_EXE_chat-server")),
        ("chat-client", env!("CARGO_BIN_EXE_chat-client")),
        ("chat-lab", env!("CARGO_BIN_EXE_chat-lab")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let ran = Command::new(program).args(arguments).current_dir(folder.path()).output().unwrap();
            assert!(ran.status.success() && ran.stderr.is_empty(), "{name} {arguments:?}: {ran:?}");
            String::from_utf8(ran.stdout).unwrap()
        };
        run(&["man", "pages"]);
        let page = fs::read_to_string(folder.path().join(format!("pages/{name}.1"))).unwrap();
        let help = run(&["--help"]);
        let options =
            help.lines().filter_map(|line| line.trim_start().strip_prefix("--")?.split([' ', '=', '[']).next());
        let is_name = |option: &&str| option.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let options: Vec<&str> = options.filter(is_name).collect();
        assert!(name != "chat-server" || options.len() > TABLE.len(), "{options:?}");
        for option in options {
            assert!(page.contains(&format!("\\-\\-{}\\fR", option.replace('-', "\\-"))), "{name} --{option}");
        }
        if let Ok(ran) = Command::new("mandoc").args(["-Tlint", "-Wwarning"]).args(pages(folder.path())).output() {
            assert_eq!(String::from_utf8(ran.stdout).unwrap(), "", "{name}");
        }
        let script = folder.path().join("completions");
        fs::write(&script, run(&["completions", "bash"])).unwrap();
        let loads = format!(". '{}' && complete -p {name}", script.display());
        if let Ok(ran) = Command::new("bash").args(["-c", &loads]).output() {
            assert!(ran.status.success(), "{name}: {ran:?}");
        }
    }
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder.join("pages")).unwrap().map(|entry| entry.unwrap().path()).collect()
}
