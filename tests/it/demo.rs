//! `chat-lab demo`: each demo shows what it says, and the split screen with its question, answer and difference. Knows no script.

use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use crate::client_support::{Screen, finish, one_at_a_time, signal};
use crate::support::eventually;

/// So many demos run at once. Most of their time they wait.
const AT_ONCE: usize = 5;

fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-lab"));
    command.arg("demo").args(arguments).env("TERM", "xterm-256color").env("NO_COLOR", "1");
    command
}

fn piped(arguments: &[&str]) -> Child {
    let _guard = one_at_a_time();
    demo(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for its end: a rule may need a while, and on a busy machine it runs again.
fn end(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The names of all demos that can be played here.
fn names() -> Vec<String> {
    let (code, list, _) = finish(piped(&[]));
    assert_eq!(code, 0);
    let (missing, there): (Vec<&str>, Vec<&str>) = list.lines().partition(|line| line.contains(" needs python3"));
    missing.iter().for_each(|line| eprintln!("left out: {}", line.trim()));
    let name = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    let missing: Vec<String> = missing.into_iter().map(name).collect();
    let names: Vec<String> = there.into_iter().map(name).collect();
    assert_eq!(names.len(), 16);
    names.into_iter().filter(|name| !missing.contains(name)).collect()
}

#[test]
fn in_every_demo_the_broken_server_breaks_its_rule_and_the_fixed_one_keeps_it() {
    let rest = Mutex::new(names());
    std::thread::scope(|threads| {
        for _ in 0..AT_ONCE {
            threads.spawn(|| {
                loop {
                    let Some(name) = rest.lock().unwrap().pop() else { return };
                    let mut told = end(piped(&[&name, "--fast"]));
                    // Some bugs are races and need luck, and some rules a machine that is not too busy.
                    for _ in 0..2 {
                        if told.0 != Some(0) {
                            told = end(piped(&[&name, "--fast"]));
                        }
                    }
                    let (code, out, err) = told;
                    assert_eq!(code, Some(0), "{name}:\n{out}\n{err}");
                    for part in ["\n# ", "\nbroken | ", "\nfixed  | ", "\n? ", "\n! ", "\nFrom "] {
                        assert!(out.contains(part), "{name} has no {part:?}:\n{out}");
                    }
                }
            });
        }
    });
}

#[test]
fn the_fixed_server_can_be_played_to_alone() {
    let (code, out, err) = end(piped(&["exit-word", "--fixed", "--fast"]));
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("\nfixed  | boris < anna: type /quit to leave\n"), "{out}");
    assert!(!out.contains("\nbroken "), "{out}");
}

#[test]
fn an_unknown_demo_is_told_with_the_nearest_one() {
    let (code, out, err) = finish(piped(&["lockio"]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("chat-lab: there is no demo \"lockio\": did you mean lock-io?\n"), "{err}");
    assert!(err.contains("\n  two-annas "), "{err}");
}

/// A shell puts nothing right by itself, so what is found is what the program left.
#[test]
fn on_a_terminal_both_rooms_are_beside_each_other_then_come_question_answer_and_difference() {
    let mut command = Command::new("dash");
    command.arg("-i").env("PS1", "shell$ ").env("TERM", "xterm-256color").env("NO_COLOR", "1").env_remove("ENV");
    let mut shell = Screen::spawn(command);
    shell.prompts("shell$");
    let found = shell.modes();
    let start = format!("{} demo recv-is-message --fast\r", env!("CARGO_BIN_EXE_chat-lab"));
    let is_back = |shell: &mut Screen, why: &str| {
        shell.until(&format!("the shell after {why}"), |text| text.trim_end().ends_with("shell$"));
        eventually("the modes of before", || shell.modes() == found);
    };
    shell.types(&start);
    shell.until("the rooms and the question", |text| {
        let row = |left: &str, right: &str| {
            text.lines().filter_map(|row| row.split_once(" │ ")).any(|(l, r)| l.contains(left) && r.contains(right))
        };
        row("BROKEN: recv-is-message", "FIXED: stair-09-stop")
            && row("anna < ! a line is UTF-8", "")
            && row("", "boris < anna: привет")
            && row("── 6 threads ·", "── 6 threads ·")
            && row("anna recvfrom", "anna recvfrom")
            && text.contains("\nbroken  BROKEN framing/split: ")
            && text.contains("\nfixed   kept framing/split\n")
            && text.contains("\n? Anna sends one line in three pieces.")
    });
    assert!(!shell.text().contains("\n! "), "the answer waits for Enter");
    shell.types("\r");
    shell.shows("\n! Once, twice, three times or more");
    shell.shows("\nFrom recv-is-message (-) to stair-09-stop (+):");
    shell.types("\r");
    shell.until("the rest of the difference", |text| text.contains("\n+ fn next_line(input: &mut BufReader<"));
    shell.types("q");
    is_back(&mut shell, "q");
    for name in ["TERM", "INT", "HUP"] {
        shell.types(&start);
        shell.shows("BROKEN: recv-is-message");
        assert_ne!(shell.modes(), found);
        signal(shell.foreground().cast_unsigned(), name);
        is_back(&mut shell, name);
    }
    shell.types(&start);
    shell.shows("BROKEN: recv-is-message");
    shell.types("\u{3}");
    is_back(&mut shell, "Ctrl-C");
}
