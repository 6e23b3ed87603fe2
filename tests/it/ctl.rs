//! The operator in another shell: every command by `chat-server ctl`, on every system. (docs/operating.md, Console and ctl)

use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use roomful::chat::effects::Watch;
use roomful::console::COMMANDS;
use roomful::ctl::{ask, watch};
use roomful::event::Event;

use crate::support::{DEADLINE, TestServer, eventually};

/// A command of the operator, whether it is carried out, and words of the answer.
const ANSWERS: &[(&str, bool, &str)] = &[
    ("who", true, "  ann"),
    ("/rooms", true, "#lobby"),
    ("say dinner", true, ""),
    ("kick nobody", false, "! Nobody here is called nobody"),
    ("ban", false, "! Write ban NAME [TIME] [REASON]."),
    ("ban ann 10m spam", true, "* ann is banned until"),
    ("bans", true, "spam"),
    ("unban ann", true, "* ann is not banned any more"),
    ("op nobody", false, "! No account is called nobody"),
    ("deop nobody", false, "! No account is called nobody"),
    ("quiet on", false, "! This server shows nothing on its screen"),
    ("stats", true, " sessions now"),
    ("stats --prometheus", true, "roomful_connections{kind="),
    ("stats now", false, "! Write stats [--prometheus]."),
    ("health", true, "  ok"),
    ("version", true, "database version "),
    ("qr", false, "! Only this machine can come in"),
    ("log debug", false, "! The settings of this server are those of its start."),
    ("reload", false, "! The settings of this server are those of its start."),
    ("shutdown after lunch", false, "! Write shutdown after TIME [REASON]"),
    ("shutdown 5x", false, "! "),
    ("shutdown cancel", false, "! No shutdown was announced."),
    ("shutdown 2m new version", true, "* The server stops in 2 min; shutdown cancel takes it back."),
    ("shutdown cancel", true, "* The shutdown is taken back."),
    ("watch everything", false, "! What happens is on this screen already"),
    ("help", true, "shutdown [after TIME] [REASON]"),
    ("", true, ""),
    ("whp", false, "! No command \"whp\", did you mean who?"),
    ("exit", false, "! Type stop to end the server"),
    ("stop", true, ""),
];

#[test]
fn every_command_of_the_console_is_carried_out_from_another_process() {
    let (folder, mut server) = (tempfile::tempdir().unwrap(), TestServer::with_database());
    let (_ctl, path) = server.ctl(folder.path());
    let _ann = server.login_in("ann", "#lobby");
    for (line, is_ok, words) in ANSWERS {
        let reply = ask(&path, line).unwrap();
        assert!(reply.is_ok == *is_ok && reply.text.contains(words), "{line}: {reply:?}");
        assert_eq!(reply.text.is_empty(), words.is_empty(), "{line}: {reply:?}");
    }
    for row in COMMANDS {
        let is_tried =
            |(line, ..): &&(&str, bool, &str)| line.trim_start_matches('/').split(' ').next() == Some(row.name());
        assert!(ANSWERS.iter().any(|answer| is_tried(&answer)), "{} is not tried here", row.name());
    }
    assert_eq!(server.hub().wait_until_asked(), "the operator stopped it");
}

#[test]
fn a_shutdown_is_counted_down_before_everybody_and_taken_back() {
    let (folder, mut server) = (tempfile::tempdir().unwrap(), TestServer::start());
    let (_ctl, path) = server.ctl(folder.path());
    let mut ann = server.login_in("ann", "#lobby");
    let mut hears = |words: &str| ann.wait(|event| matches!(event, Event::Notice { text } if &**text == words));
    ask(&path, "shutdown after 90s new version").unwrap();
    hears("the server stops in 90 s: new version");
    // The second one is instead of the first.
    ask(&path, "shutdown after 1h").unwrap();
    hears("the server stops in 1 h");
    ask(&path, "shutdown cancel").unwrap();
    hears("the server does not stop");
    ask(&path, "shutdown after 1s bye").unwrap();
    hears("the server stops in 1 s: bye");
    assert_eq!(server.hub().wait_until_asked(), "bye");
}

#[test]
fn one_operator_watches_what_happens_and_the_next_takes_the_place() {
    let (folder, mut server) = (tempfile::tempdir().unwrap(), TestServer::start());
    let (_ctl, path) = server.ctl(folder.path());
    let looks_on = |line: &'static str, wanted: Watch| {
        let (path, (sender, lines)) = (path.clone(), channel());
        let thread = thread::spawn(move || watch(&path, line, drop, |line| sender.send(line.to_owned()).is_ok()));
        eventually("somebody looks on", || server.hub().news.remote.watch() == wanted);
        (thread, lines)
    };
    let (first, lines) = looks_on("watch", Watch::Messages);
    let mut ann = server.login_in("ann", "#a");
    ann.say("#a", "hello");
    let shown = |words: &str| {
        let end = Instant::now() + DEADLINE;
        let mut seen = Vec::new();
        while let Ok(line) = lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            seen.push(line.clone());
            if line.contains(words) {
                return seen;
            }
        }
        panic!("{words} is not in {seen:?}");
    };
    shown("+ ann");
    shown("#a ann: hello");
    // An operator who watches holds up no other.
    assert!(ask(&path, "health").unwrap().is_ok);
    let (second, events) = looks_on("watch events", Watch::Events);
    shown("! Another operator watches now.");
    assert!(first.join().unwrap().unwrap().is_ok);
    ann.say("#a", "unheard");
    ann.leave("#a");
    assert!(events.recv_timeout(DEADLINE).unwrap().ends_with("ann left #a"));
    drop(_ctl);
    assert!(second.join().unwrap().unwrap().is_ok);
    assert_eq!(events.try_iter().last().as_deref(), Some("! The server stops."));
    assert!(!path.exists());
}
