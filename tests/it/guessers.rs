//! Many who guess passwords, and the owner among them. Knows no hashing. (protocol.md, *Accounts and sessions*)

use serde_json::json;

use crate::support::{PASSWORD, Peer, TestServer};

const WRONG: &str = "a wrong one";

/// Guesses a name's password until none is looked at any more.
fn guess(server: &TestServer, name: &str) {
    let mut peer = server.login("mallory");
    let mut codes = Vec::new();
    while codes.last().is_none_or(|code| code == "login-failed") {
        codes.push(peer.code("login", json!({"account": name, "password": WRONG})));
    }
    assert_eq!(codes, ["login-failed", "login-failed", "login-failed", "login-too-often"]);
    peer.quit();
}

fn change(peer: &mut Peer, old: &str, new: &str) -> Result<(), String> {
    peer.ask("password", json!({"old": old, "new": new})).map(drop).map_err(|refusal| refusal.code)
}

/// protocol.md: guesses of others lock out no owner for good.
#[test]
fn while_others_guess_the_owner_who_is_logged_in_changes_the_password_and_deletes_the_account() {
    let server = TestServer::with_database();
    let mut ann = server.account("ann");
    guess(&server, "ann");
    change(&mut ann, PASSWORD, "ten red sledges").unwrap();
    ann.does("delete-account", json!({"password": "ten red sledges"}));
}

/// The same with `nc`.
#[test]
fn while_others_guess_a_person_who_is_logged_in_changes_the_password() {
    let server = TestServer::with_database();
    server.account("ann").quit();
    let mut ann = server.nc();
    ann.types("/login ann");
    ann.until("Password:");
    ann.types(PASSWORD);
    ann.until("* You are in #lobby.");
    ann.sync();
    guess(&server, "ann");
    ann.types("/password");
    ann.until("assword");
    ann.types(PASSWORD);
    for (question, answer) in [("ew", "ten red sledges"), ("nce more:", "ten red sledges")] {
        let asked = ann.line();
        assert!(asked.contains(question), "{asked:?}");
        ann.types(answer);
    }
    let told = ann.sync();
    assert!(told.iter().all(|line| !line.starts_with('!')), "{told:?}");
}

/// protocol.md: a session that is logged in has a count of its own.
#[test]
fn a_guesser_at_a_terminal_logged_in_does_not_guess_for_ever_and_does_not_lock_out_the_owner_elsewhere() {
    let server = TestServer::with_database();
    let mut stolen = server.account("ann");
    for _ in 0..3 {
        assert_eq!(change(&mut stolen, WRONG, "ten red sledges"), Err("login-failed".to_owned()));
    }
    assert_eq!(change(&mut stolen, PASSWORD, "ten red sledges"), Err("login-too-often".to_owned()));
    assert_eq!(stolen.code("delete-account", json!({"password": PASSWORD})), "login-too-often");
    server.once_more("ann");
}

/// protocol.md: a token brings its owner back while others guess.
#[test]
fn while_others_guess_the_owner_comes_back_with_the_token() {
    let server = TestServer::with_database();
    let ann = server.account("ann");
    let token = ann.resume.clone();
    ann.wire.reset();
    guess(&server, "ann");
    let (_ann, nick) = server.come_back(&token);
    assert_eq!(nick, "ann");
}

/// docs/limits.md, `hashers`: a file that is damaged does not hold one for ever.
#[test]
fn a_stored_password_that_would_take_for_ever_is_refused_and_the_server_goes_on_and_stops() {
    let mut server = TestServer::with_database_and(|limits| limits.hashers = 1);
    server.account("ann").quit();
    server.account("bob").quit();
    let salted = "c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    for params in ["m=19456,t=4294967295,p=1", "m=4294967295,t=2,p=1"] {
        let file = rusqlite::Connection::open(server.data()).unwrap();
        let hash = format!("$argon2id$v=19${params}${salted}");
        assert_eq!(file.execute("UPDATE account SET secret = ? WHERE key = 'ann'", [hash]).unwrap(), 1);
        let mut peer = server.peer();
        let refused = peer.refusal("hello", json!({"version": 1, "nick": "ann", "password": PASSWORD}));
        assert_eq!((&*refused.code, refused.text.contains("operator")), ("not-taken", true), "{refused:?}");
        server.once_more("bob");
    }
    server.stop("to see that it does");
}
