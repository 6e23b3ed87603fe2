//! What people type on the line front, and what others get to see of it: commands, passwords, hints. (protocol.md, *The line dialect*)

use serde_json::json;

use crate::support::{LinePeer, PASSWORD, TestServer};

/// What a question for a password says at `nc`.
fn asks(peer: &mut LinePeer, question: &str) {
    let asked = peer.line();
    assert!(asked.starts_with("* ") && asked.contains(question), "{asked:?}");
}

/// What decides is what others would see: nothing that shows nothing makes a command something to say.
#[test]
fn a_command_after_what_shows_nothing_is_a_command() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.hears();
    for before in [
        "\u{feff}",
        "\0",
        "\u{1b}",
        "\u{200b}",
        "\u{200d}\u{200e}",
        "  ",
        "\t",
        "\u{a0}",
        "\u{2060}\u{ad}",
        "\u{1b}[A",
        "\u{1b}[1;5C",
        "\u{1b}OD",
        "\u{9b}A",
        "\u{fff0}\u{1bca0}",
        "\u{1d159}",
        "\u{fff9}",
        "\u{7}\u{feff} ",
        "x\u{8}",
        "xy\u{7f}\u{7f}",
        "hello\u{15}",
        "two words\u{17}\u{17}",
        "secret\u{3}",
        "\r",
    ] {
        bob.types(&format!("{before}/msg ann secret"));
        bob.sync();
        assert_eq!(ann.hears(), ["bob to ann: secret"], "{before:?}");
    }
    // A mistyped one is refused as without them.
    assert_eq!(bob.asks("\u{feff}/mgs ann secret").len(), 1);
    assert_eq!(bob.asks("/\u{200b}msg ann secret").len(), 1);
    assert_eq!(ann.hears(), [""; 0]);
}

/// RFC 854: telnet's own keys for erasing are obeyed, too.
#[test]
fn what_was_erased_with_telnet_is_not_said() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.hears();
    bob.wire.send(b"my secret\xff\xf8/msg ann one\r\nx\xff\xf7/msg ann two\r\n");
    bob.sync();
    assert_eq!(ann.hears(), ["bob to ann: one", "bob to ann: two"]);
}

/// A line that looks like a command, and is none, is refused with a hint.
#[test]
fn a_line_that_looks_like_a_command_is_refused_and_say_says_it() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.hears();
    for line in
        ["\u{ff0f}msg ann secret", "\u{2215}msg ann secret", "hello\r/msg ann secret", "hello\u{b}/msg ann secret"]
    {
        let told = bob.asks(line);
        assert!(told.len() == 1 && told[0].starts_with("! \"msg\" looks like a command"), "{line:?}: {told:?}");
    }
    assert_eq!(ann.hears(), [""; 0]);
    for line in
        ["/say \u{ff0f}msg is Chinese", "1/2 of it", "and/or", "\u{ff0f}", "x\rboris: hi", "//msg", "\u{200f}שלום"]
    {
        bob.types(line);
        bob.sync();
        assert_eq!(ann.hears().len(), 1, "{line:?}");
    }
}

/// A new password that does not do is asked for again at once, and what is typed next is an answer.
#[test]
fn a_new_password_that_does_not_do_is_asked_for_again() {
    let server = TestServer::with_database();
    let mut bob = server.login_in("bob", "#lobby");
    let mut ann = server.nc_login("ann");
    bob.hears();
    ann.types("/register");
    asks(&mut ann, "Password, 8 characters or more:");
    ann.types("short");
    assert!(ann.line().starts_with("! A password has 8 to 1024 bytes"));
    asks(&mut ann, "Password, 8 characters or more:");
    ann.types(PASSWORD);
    asks(&mut ann, "Once more:");
    ann.types("nine red skis");
    assert!(ann.line().starts_with("! The two are not the same"));
    asks(&mut ann, "Password, 8 characters or more:");
    ann.types(PASSWORD);
    asks(&mut ann, "Once more:");
    ann.types(PASSWORD);
    assert!(ann.line().starts_with("* ann is your account now"));
    // The same if there is one already; the present one is remembered meanwhile.
    ann.types("/password");
    asks(&mut ann, "Present password:");
    ann.types(PASSWORD);
    asks(&mut ann, "New password");
    ann.types("ten red sledges");
    asks(&mut ann, "The new one once more:");
    ann.types("ten red sledge");
    assert!(ann.line().starts_with("! The two are not the same"));
    asks(&mut ann, "New password");
    ann.types("ten red sledges");
    asks(&mut ann, "The new one once more:");
    ann.types("ten red sledges");
    assert_eq!(ann.line(), "* The password is changed.");
    assert_eq!(bob.hears(), [""; 0]);
}

/// A wrong password is asked for again; an empty line stops, and says so.
#[test]
fn a_wrong_password_is_asked_for_again_until_an_empty_line() {
    let server = TestServer::with_database();
    server.account("ann").quit();
    let mut bob = server.login_in("bob", "#lobby");
    let mut eve = server.nc_login("eve");
    bob.hears();
    eve.types("/login ann");
    asks(&mut eve, "Password:");
    eve.types("nine blue skies");
    assert!(eve.line().starts_with("! Wrong name or password"));
    asks(&mut eve, "Password:");
    eve.types(&"x".repeat(20_000));
    assert!(eve.line().starts_with("! Line too long"));
    asks(&mut eve, "Password:");
    eve.types("");
    assert_eq!(eve.line(), "* Nothing was done.");
    eve.types("said");
    eve.sync();
    assert_eq!(bob.hears(), ["#lobby eve: said"]);
    // Before there is a name it would become one.
    let mut new = server.nc();
    new.types("/login ann");
    asks(&mut new, "Password:");
    new.types("ninebluesky");
    assert!(new.line().starts_with("! Wrong name or password"));
    asks(&mut new, "Password:");
    new.types(PASSWORD);
    new.until("* You are in #lobby.");
    assert_eq!(bob.hears(), ["#lobby + ann"]);
}

/// After too many wrong ones no more are asked for, and the person is told so.
#[test]
fn when_no_more_passwords_are_looked_at_the_dialogue_is_over_and_says_so() {
    let server = TestServer::with_database_and(|limits| limits.login_tries = 1);
    server.account("ann").quit();
    let mut eve = server.nc_login("eve");
    eve.sync();
    eve.types("/login ann");
    asks(&mut eve, "Password:");
    eve.types("nine blue skies");
    assert!(eve.line().starts_with("! Wrong name or password"));
    asks(&mut eve, "Password:");
    eve.types("nine blue skins");
    assert!(eve.line().starts_with("! Too many wrong passwords"));
    assert_eq!(eve.line(), "* No password is asked for now.");
}

/// What is refused whatever the password is, is refused before it is asked for.
#[test]
fn what_needs_no_password_to_be_refused_is_refused_before_it_is_asked_for() {
    let server = TestServer::with_database();
    let mut ann = server.nc_login("ann");
    ann.sync();
    for line in ["/password", "/delete-account all"] {
        assert!(ann.asks(line)[0].starts_with("! Log in first: /login NAME"), "{line}");
    }
    ann.types("/register");
    asks(&mut ann, "Password");
    ann.types(PASSWORD);
    asks(&mut ann, "Once more:");
    ann.types(PASSWORD);
    ann.until("* ann is your account now");
    for line in ["/register", "/login", "/login bob"] {
        assert_eq!(ann.asks(line), ["! You are logged in as ann; /logout first."], "{line}");
    }
    let memory = TestServer::start();
    let mut bob = memory.nc_login("bob");
    bob.sync();
    for line in ["/register", "/login", "/login ann"] {
        let told = bob.asks(line);
        assert!(told.len() == 1 && told[0].starts_with("! This server keeps nothing"), "{line}: {told:?}");
    }
    let mut new = memory.nc();
    new.types("/login ann");
    assert!(new.line().starts_with("! This server keeps nothing"));
}

/// A script's wrong password takes what comes after it for answers, not for things to say.
#[test]
fn what_a_script_says_after_a_wrong_password_is_not_said() {
    let server = TestServer::with_database();
    server.account("ann").quit();
    let mut bob = server.login_in("bob", "#lobby");
    let mut pipe = server.nc();
    pipe.wire.send("/login ann\nnine blue skies\nhello\nall\n");
    pipe.wire.half_close();
    assert_eq!(pipe.rest().last().unwrap(), "* Bye.");
    assert_eq!(bob.hears(), [""; 0]);
}

/// A hint shows the command as it is typed, and a name as it is written.
#[test]
fn hints_have_their_slash_and_names_their_letters() {
    let server = TestServer::start();
    let _ann = server.login("ann");
    let mut bob = server.nc_login("bob");
    bob.sync();
    for (typed, told) in [
        ("/nick ann", "! The name ann is taken by somebody who is here; ann2 is free."),
        ("/msg nobody x", "! Nobody here is called \"nobody\"; /members lists who is here."),
        ("/who #none", "! There is no #none; /rooms lists what there is, /join makes one."),
        ("/r x", "! Nobody has written to you yet; /msg NAME TEXT writes to somebody."),
        ("/join", "! ROOM is missing; write /join ROOM [KEY]."),
    ] {
        assert_eq!(bob.asks(typed), [told]);
    }
}

/// A key for a room that does not exist is no wish for a room that is open to all; a second room is no key.
#[test]
fn a_key_for_a_new_room_and_two_rooms_at_once_are_refused() {
    let server = TestServer::start();
    let mut bob = server.nc_login("bob");
    bob.sync();
    let told = "! There is no #new yet, so no key opens it; /join #new makes it, then /settings key WORD sets a key.";
    assert_eq!(bob.asks("/join #new word"), [told]);
    for line in ["/join #one #two", "/join #one,#two"] {
        let told = bob.asks(line);
        assert!(told.len() == 1 && told[0].starts_with("! ROOM takes one room at a time, not \"#one"), "{told:?}");
    }
    assert_eq!(bob.asks("/rooms"), ["* 1 room:", "*   #lobby  1"]);
    let mut ann = server.login("ann");
    assert_eq!(ann.ask("join", json!({"room": "#new", "key": "word"})).unwrap_err().code, "room-new");
    // A key that is needed is taken, and one that is not needed does no harm.
    bob.asks("/join #new");
    ann.ask("join", json!({"room": "#new", "key": "word"})).unwrap();
    bob.asks("/settings key word");
    let mut eve = server.login("eve");
    eve.ask("join", json!({"room": "#new", "key": "word"})).unwrap();
}
