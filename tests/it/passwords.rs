//! Passwords on the line front: asked for, and never on the line of a command. Knows no JSON. (protocol.md, *The line dialect*)

use serde_json::json;

use crate::support::{LinePeer, PASSWORD, TestServer};

/// Answers a question for a password.
fn answers(peer: &mut LinePeer, question: &str, password: &str) {
    let asked = peer.line();
    assert!(asked.contains(question), "{asked:?}");
    peer.types(password);
}

#[test]
fn a_person_registers_and_comes_back_with_the_password() {
    let server = TestServer::with_database();
    let mut ann = server.nc_login("ann");
    ann.types("/register");
    answers(&mut ann, "Password", PASSWORD);
    answers(&mut ann, "nce more:", PASSWORD);
    ann.sync();
    ann.types("/quit");
    ann.rest();
    let mut ann = server.nc();
    ann.types("ann");
    assert!(ann.until("belongs to an account").concat().contains("ann2 is free"));
    ann.types("/login ann");
    answers(&mut ann, "Password:", "nine blue skies");
    assert!(ann.line().starts_with("! Wrong name or password"));
    answers(&mut ann, "Password:", PASSWORD);
    ann.until("* You are in #lobby.");
    let mut bob = server.login("bob");
    let roomful::answer::Done::Whois(info) = bob.does("whois", json!({"nick": "ann"})) else { panic!() };
    assert!(info.registered);
}

/// A password on the command's own line may have been seen.
#[test]
fn a_password_on_the_line_of_its_command_is_refused() {
    let server = TestServer::with_database();
    server.account("bob").quit();
    let mut ann = server.nc_login("ann");
    ann.sync();
    for line in ["/register nine blue skis", "/login bob nine blue skis", "/password a b", "/delete-account nine"] {
        let told = ann.asks(line);
        assert_eq!(told.len(), 1, "{line}: {told:?}");
        assert!(told[0].starts_with("! A password is asked for and never written on the line"), "{line}: {told:?}");
        assert!(!told[0].contains("blue"), "{told:?}");
    }
    let mut new = server.nc();
    new.types("/login bob nine blue skis");
    assert!(new.until("! ").last().unwrap().contains("asked for"));
}

#[test]
fn the_line_after_the_question_is_never_said_or_shown() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#lobby");
    let mut ann = server.nc_login("ann");
    ann.types("/register");
    answers(&mut ann, "Password", "/quit is a password");
    answers(&mut ann, "nce more:", "something else");
    let told = ann.line();
    assert!(told.starts_with("! The two are not the same"), "{told}");
    answers(&mut ann, "Password", "");
    assert_eq!(ann.line(), "* Nothing was done.");
    ann.types("said again");
    ann.sync();
    let heard = bob.hears();
    assert_eq!(heard, ["#lobby + ann", "#lobby ann: said again"]);
}

#[test]
fn a_person_changes_the_password_and_deletes_the_account() {
    let server = TestServer::with_database();
    let mut ann = server.nc_login("ann");
    ann.types("/register");
    answers(&mut ann, "Password", PASSWORD);
    answers(&mut ann, "nce more:", PASSWORD);
    ann.sync();
    ann.types("mine");
    ann.types("/password");
    answers(&mut ann, "assword", PASSWORD);
    answers(&mut ann, "ew", "ten red sledges");
    answers(&mut ann, "nce more:", "ten red sledges");
    ann.sync();
    ann.types("/delete-account all");
    answers(&mut ann, "assword:", "ten red sledges");
    ann.until("* You are in #lobby.");
    ann.sync();
    let mut peer = server.login_in("ann", "#lobby");
    assert_eq!(peer.texts("#lobby"), [""]);
}

/// protocol.md, *The line dialect*: what was done is told.
#[test]
fn a_person_is_told_that_the_name_is_an_account() {
    let server = TestServer::with_database();
    let mut ann = server.nc_login("ann");
    ann.types("/register");
    answers(&mut ann, "Password", PASSWORD);
    answers(&mut ann, "nce more:", PASSWORD);
    assert_eq!(ann.sync(), ["* ann is your account now; /login ann takes it on again."]);
}
