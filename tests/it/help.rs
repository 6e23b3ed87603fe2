//! The help of the three programs: it fits on the usual screen, through a pipe too. Knows no words of it.

use std::process::{Command, Stdio};

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
