//! What must never be said: passwords that nobody asked for, and what programs of other protocols send. (protocol.md, *The line dialect*, *Connecting*)

use serde_json::json;

use crate::client_fake::{Fake, Faults};
#[cfg(unix)]
use crate::client_support::Screen;
use crate::client_support::{ServerProgram, run};
use crate::support::{PASSWORD, TestServer};

/// Sent in one piece with a command that is refused, the next lines were typed before the refusal was seen.
#[test]
fn a_password_that_came_together_with_a_refused_command_is_not_said() {
    let server = TestServer::with_database();
    server.account("owner").quit();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    bob.sync();
    ann.hears();
    for sent in [
        "/password\nsecret one\nsecret two\nsecret two",
        "/delete-account\nsecret one",
        "/register secret1\nsecret1",
        "/login owner secret1\nsecret1",
        "/password old new\nnew",
    ] {
        bob.types(sent);
        assert!(bob.until("! Not said, for it may be a password").len() > 1, "{sent:?}");
        bob.sync();
        assert_eq!(ann.hears(), [""; 0], "{sent:?}");
    }
    // A command is no password, and what is typed after the refusal is said.
    bob.types("/password\n/me waves");
    bob.sync();
    bob.types("hello");
    bob.sync();
    assert_eq!(ann.hears().len(), 2);
}

/// After too many wrong ones, the same.
#[test]
fn a_password_that_came_together_with_too_many_wrong_ones_is_not_said() {
    let server = TestServer::with_database_and(|limits| limits.login_tries = 1);
    server.account("owner").quit();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    bob.sync();
    ann.hears();
    bob.types("/login owner\nwrong one\nwrong two\nwrong three");
    bob.until("* No password is asked for now.");
    bob.until("! Not said, for it may be a password");
    bob.sync();
    assert_eq!(ann.hears(), [""; 0]);
}

/// In a pipe, what follows a refused command that needs a password is not read.
#[test]
fn a_script_whose_command_with_a_password_is_refused_says_nothing_after_that() {
    let fake = Fake::start(Faults::default());
    for command in ["/password", "/delete-account all", "/register secret1", "/login anna secret1"] {
        let piped = format!("{command}\nsecret1\nsecret2\n");
        let (code, _, err) = run(&["--server", &fake.addr, "--nick", "boris", "--retry", "0"], &piped);
        assert_eq!((code, fake.heard("say").len()), (65, 0), "{command}: {err}");
        assert!(err.contains("* The rest of the input is not read"), "{command}: {err}");
    }
}

/// STOMP 1.2, *Connecting*: CONNECT stands alone, and a password follows.
#[test]
fn a_message_brokers_client_says_nothing() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    for command in ["CONNECT", "STOMP"] {
        let mut wire = server.wire();
        wire.send(format!("{command}\naccept-version:1.2\nlogin:ann\npasscode:secret\n\n\0"));
        let told = String::from_utf8_lossy(&wire.bytes_to_end()).into_owned();
        assert!(told.starts_with("ERROR\nmessage:This is a chat server"), "{told:?}");
    }
    assert_eq!(watcher.hears(), [""; 0]);
}

/// Whatever shows nothing before the first line of JSON decides nothing, and the line is read.
#[test]
fn json_after_what_shows_nothing_is_json() {
    let server = TestServer::start();
    for before in ["\u{200b}", "\u{a0}\u{2060}", "\u{feff}\u{200b}\r\n", " \u{ad}"] {
        let mut wire = server.wire();
        wire.send(format!("{before}{}\n", json!({"type": "hello", "version": 1, "nick": "ann"})));
        assert!(wire.line().starts_with("{\"type\":\"hello\""), "{before:?}");
        assert!(wire.line().starts_with("{\"type\":\"ok\""), "{before:?}");
        wire.send("{\"type\":\"quit\"}\n");
        wire.rest();
    }
}

/// A device has no end; the first line has.
#[test]
fn a_password_file_without_an_end_is_refused() {
    let fake = Fake::start(Faults::default());
    let (code, _, err) =
        run(&["--server", &fake.addr, "--nick", "boris", "--retry", "0", "--password-file", "/dev/zero"], "");
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("the first line of /dev/zero is too long for a password"), "{err}");
    assert_eq!(fake.heard("hello").len(), 0);
}

/// On a terminal, too, it is said that the dialogue is over.
#[cfg(unix)]
#[test]
fn a_refusal_that_asks_for_no_more_passwords_says_so_on_a_terminal() {
    let server = ServerProgram::start();
    let mut screen = Screen::start(&["--server", &server.addr, "--nick", "boris"]);
    screen.prompts("#lobby boris>");
    screen.types(&format!("/login owner\r{PASSWORD}\r"));
    screen.shows("! This server keeps nothing");
    screen.shows("* No password is asked for now.");
}
