//! What is typed into the client and piped into it, and what of that is said: commands, passwords. Knows no line front.

use std::fs;

use tempfile::tempdir;

use crate::client_fake::{ACCOUNT, Fake, Faults};
#[cfg(unix)]
use crate::client_support::{Screen, never_seen};
use crate::client_support::{ServerProgram, run};

fn said(fake: &Fake) -> Vec<String> {
    fake.heard("say").iter().map(|say| say["text"].as_str().unwrap_or_default().to_owned()).collect()
}

/// What decides is what others would see, in a pipe and on a terminal.
#[test]
fn a_command_after_what_shows_nothing_is_a_command_in_the_client_too() {
    let fake = Fake::start(Faults::default());
    let piped = "\u{feff}/msg anna secret\n\u{200b}/members\n\0/topic\n  /bell off\n\u{ff0f}msg anna x\nhello\n";
    let (code, _, err) = run(&["--server", &fake.addr, "--nick", "boris", "--retry", "0"], piped);
    assert_eq!((code, said(&fake)), (65, vec!["hello".to_owned()]), "{err}");
    assert!(err.contains("! \"msg\" looks like a command") && err.contains("The bell rings never"), "{err}");
    assert_eq!((fake.heard("msg").len(), fake.heard("members").len(), fake.heard("topic").len()), (1, 1, 1));
}

/// The protocol without `--json`: its lines may have a password in them.
#[test]
fn a_line_of_json_is_not_said_by_the_client() {
    let fake = Fake::start(Faults::default());
    let piped = "{\"tag\":\"1\",\"type\":\"login\",\"password\":\"nine blue skis\"}\n";
    let (code, _, err) = run(&["--server", &fake.addr, "--nick", "boris", "--retry", "0"], piped);
    assert_eq!((code, said(&fake).len()), (65, 0), "{err}");
    assert!(err.contains("! This looks like a line of the JSON protocol"), "{err}");
}

/// In a script the line after the command may be its password.
#[test]
fn a_script_whose_password_is_not_asked_for_says_nothing_after_that() {
    let fake = Fake::start(Faults::default());
    for command in ["/login anna", "/register", "/login"] {
        let piped = format!("{command}\nnine blue skis\nhello\n");
        let (code, _, err) = run(&["--server", &fake.addr, "--nick", "boris", "--retry", "0"], &piped);
        assert_eq!((code, said(&fake).len()), (65, 0), "{err}");
        assert!(err.contains("! No password: there is CHAT_CLIENT_PASSWORD"), "{err}");
        assert!(err.contains("* The rest of the input is not read"), "{err}");
    }
}

/// A byte order mark is no part of a password; an empty first line is none at all.
#[test]
fn a_password_from_outside_begins_after_its_byte_order_mark_and_is_not_empty() {
    let fake = Fake::start(Faults::default());
    let folder = tempdir().unwrap();
    let path = folder.path().join("password");
    let login = || {
        let path = path.to_str().unwrap();
        run(&["--server", &fake.addr, "--nick", ACCOUNT.0, "--retry", "0", "--password-file", path], "")
    };
    fs::write(&path, format!("\u{feff}{}\r\nmore\n", ACCOUNT.1)).unwrap();
    let (code, _, err) = login();
    assert_eq!(code, 0, "{err}");
    for empty in ["", "\n", "\u{feff}\r\nnine blue skis\n"] {
        fs::write(&path, empty).unwrap();
        let (code, _, err) = login();
        assert!(code == 1 && err.contains("the first line of ") && err.contains(" is empty"), "{code} {err}");
    }
}

/// What a person types after a wrong password is an answer, until nothing is typed.
#[cfg(unix)]
#[test]
fn a_wrong_password_is_asked_for_again_before_anything_else_is_read() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", "boris"]);
    screen.prompts("#lobby boris>");
    // The second one is typed ahead; before, it was said.
    screen.types(&format!("/login {}\rwrong one\r{}\r", ACCOUNT.0, ACCOUNT.1));
    screen.shows("! Wrong name or password.");
    screen.shows(&format!("* You are logged in as {}.", ACCOUNT.0));
    never_seen(&screen, ACCOUNT.1);
    never_seen(&screen, "wrong one");
    assert_eq!((said(&fake).len(), fake.heard("login").len()), (0, 2));
}

#[cfg(unix)]
#[test]
fn a_password_that_nobody_needs_is_not_asked_for() {
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", "boris"]);
    screen.prompts("#lobby boris>");
    screen.types("/password\r");
    screen.shows("! Log in first: /login NAME");
    screen.types(&format!("/login {}\r{}\r", ACCOUNT.0, ACCOUNT.1));
    screen.prompts(&format!("#lobby {}>", ACCOUNT.0));
    screen.types("/register\r");
    screen.shows(&format!("! You are logged in as {}; /logout first.", ACCOUNT.0));
    assert!(!screen.text().contains("assword:"), "{}", screen.text());
    assert_eq!(said(&fake).len(), 0);
}

/// The server that is really there, and the same words.
#[cfg(unix)]
#[test]
fn a_name_that_is_taken_keeps_its_letters_in_the_sentence() {
    let server = ServerProgram::start();
    let _boris = server.peer("boris");
    let mut screen = Screen::start(&["--server", &server.addr, "--nick", "boris"]);
    screen.shows("! The name boris is taken by somebody who is here; boris2");
}
