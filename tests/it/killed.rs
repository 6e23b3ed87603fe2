//! The server program with a database: killed, started anew, and what it writes to its log. Knows no answers but `ok`.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::server_support::{Program, server};
use crate::support::{PASSWORD, Peer, seqs};

/// The server program with a database in this folder, its log included.
fn start(folder: &Path, arguments: &[&str]) -> Program {
    let mut command: Command = server();
    command.env_remove("CHAT_SERVER_MEMORY").current_dir(folder);
    command.args(["--listen", "127.0.0.1:0", "--rate", "off"]).args(arguments);
    Program::spawn(command.stdin(Stdio::piped()))
}

/// Lab B8: kill -9 right after the answer; the line is there after the next start, and so is the account.
#[test]
fn b8_what_was_answered_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut last = 0;
    for round in 0..5 {
        let server = start(folder.path(), &[]);
        let mut ann = Peer::new(server.wire());
        let hello = if round == 0 { json!({"nick": "ann"}) } else { json!({"nick": "ann", "password": PASSWORD}) };
        ann.hello(hello).unwrap();
        if round == 0 {
            ann.register();
        }
        ann.shown();
        let history = ann.history(json!({"room": "#lobby", "limit": 100}));
        assert!(seqs(&history).len() as u64 >= last, "round {round}: {last} were answered");
        assert!(history.messages.iter().all(|message| *message.text == message.seq.to_string()));
        last = history.messages.len() as u64;
        (0..7).for_each(|_| last = ann.say("#lobby", &(last + 1).to_string()));
        drop(server);
    }
}

/// protocol.md, *Secrecy*: no password and no token is in any log, however much is logged.
#[test]
fn no_password_or_token_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), &["--log", "trace"]);
    let mut ann = server.peer("ann", "#a");
    ann.register();
    ann.code("login", json!({"account": "ann", "password": "a wrong password"}));
    ann.code("register", json!({"password": "short"}));
    ann.does("password", json!({"old": PASSWORD, "new": "ten red sledges"}));
    ann.code("password", json!({"old": 1_234_567, "new": "four old kites"}));
    let mut line = server.nc("bob");
    line.types("/register one seen word");
    line.sync();
    line.types("/register");
    line.until("Password");
    line.types("five sad songs");
    line.until("nce more");
    line.types("five sad songs");
    line.sync();
    let token = ann.resume.clone();
    let ended = server.stop();
    let all = ended.out.join("\n") + &ended.err;
    assert!(ended.err.contains("session"), "there is a log, or this proves nothing: {}", ended.err);
    let secrets = [PASSWORD, "a wrong password", "ten red", "1234567", "four old", "seen word", "five sad", &token];
    for secret in secrets {
        assert!(!all.contains(secret), "{secret:?} is in the log");
    }
}

/// Lab B2: the client needs no file of the server's, and leaves none.
#[test]
fn b2_the_client_works_in_a_folder_without_the_database() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = start(here.path(), &[]);
    let mut ann = server.peer("ann", "#lobby");
    let mut client = crate::client_support::client();
    client.current_dir(there.path()).args(["--server", &server.addr.to_string(), "--nick", "bot"]);
    let mut child = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"hello from elsewhere\n").unwrap();
    let (code, _, err) = crate::client_support::finish(child);
    assert_eq!(code, 0, "{err}");
    assert_eq!(ann.texts("#lobby"), ["hello from elsewhere"]);
    assert!(here.path().join("roomful.db").exists(), "it is the server's");
    assert_eq!(std::fs::read_dir(there.path()).unwrap().count(), 0);
}
