//! The column of a person: what is asked, what is refused, and what the first line says.

use std::path::PathBuf;

use super::{ANYWHERE, Folder, HERE};
use crate::client_support::{Screen, ServerProgram, run};

/// The client on a terminal, with TLS.
fn screen(server: &ServerProgram, arguments: &[&str]) -> Screen {
    Screen::start(&[&["--server", &server.addr, "--nick", "anna", "--tls", "always"], arguments].concat())
}

/// The client comes in without a question, and says how safe it is.
fn comes_in(mut screen: Screen, how: &str) {
    screen.shows(how);
    screen.prompts("#lobby anna>");
    assert!(!screen.text().contains("Trust it"), "{}", screen.text());
    screen.types("/quit\r");
    assert_eq!(screen.ends().0, 0);
}

/// The client asks nothing, and ends with this.
fn is_refused(screen: Screen, words: &str) {
    let (code, text) = screen.ends();
    assert!(code == 76 && text.contains(words) && !text.contains("Trust it"), "{code}\n{text}");
}

#[test]
fn a_person_is_asked_about_a_new_key_once_and_told_loudly_of_a_changed_one() {
    let folder = Folder::new();
    let (a, b) = (folder.key("a"), folder.key("b"));
    let server = a.server(ANYWHERE);
    let (own, other) = (a.fingerprint.to_string(), b.fingerprint.to_string());
    let (none, stored) = (folder.path("none"), folder.path("stored"));
    let changed = folder.known("changed", &server.addr, b.fingerprint);

    comes_in(screen(&server, &["--known-hosts", &changed, "--fingerprint", &own]), "its key is the given one");
    is_refused(screen(&server, &["--known-hosts", &none, "--fingerprint", &other]), "ANOTHER KEY");
    is_refused(screen(&server, &["--known-hosts", &changed]), "HAS CHANGED");
    comes_in(screen(&server, &["--known-hosts", &none, "--ca", &a.file("crt")]), "its certificate is valid");

    let mut asked = screen(&server, &["--known-hosts", &none]);
    asked.shows("Trust it from now on? [yes]");
    asked.shows(&own);
    asked.types("perhaps\r");
    asked.shows("Type yes or no");
    asked.types("no\r");
    let (code, text) = asked.ends();
    assert!(code == 76 && text.contains("is not trusted"), "{code}\n{text}");
    assert!(!PathBuf::from(&none).exists());

    let mut asked = screen(&server, &["--known-hosts", &stored]);
    asked.shows("Trust it from now on? [yes]");
    asked.types("\r");
    asked.shows("its key is new and stored");
    asked.prompts("#lobby anna>");
    asked.types("/quit\r");
    assert_eq!(asked.ends().0, 0);
    comes_in(screen(&server, &["--known-hosts", &stored]), "its key is known since 2");

    let plain = ServerProgram::start();
    let known = folder.known("plain", &plain.addr, a.fingerprint);
    is_refused(screen(&plain, &["--known-hosts", &known]), "WAS ENCRYPTED BEFORE");
}

/// Unix takes 0.0.0.0 for this machine; to the client it is an address of another one.
#[test]
fn a_server_elsewhere_that_does_not_encrypt_is_talked_to_after_saying_so() {
    let server = ServerProgram::start();
    let addr = server.addr.replace(HERE, "0.0.0.0");
    let (code, _, told) = run(&["--server", &addr, "--nick", "boris"], "hello\n");
    assert!(code == 0 && told.starts_with(&format!("* Connected to {addr} (not encrypted).\n")), "{code} {told}");
    let mut person = Screen::start(&["--server", &addr, "--nick", "anna"]);
    person.shows("(not encrypted)");
    person.prompts("#lobby anna>");
    person.types("/quit\r");
    assert_eq!(person.ends().0, 0);
}
