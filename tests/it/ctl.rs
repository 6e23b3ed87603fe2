//! The operator in another shell: every command by `chat-server ctl`, and all that may come to the control socket. (docs/operating.md, Console and ctl)

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use roomful::console::{COMMANDS, Desk, WaysIn};
use roomful::ctl::{Ctl, CtlError, ask, watch};
use roomful::event::Event;
use roomful::limits::Limits;
use roomful::server::Server;
use serde_json::json;

use crate::client_support::{Screen, finish};
use crate::server_support::{Program, server, with_database};
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
fn one_who_stalls_is_told_so_and_cut_and_the_others_wait_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = TestServer::with(|limits| limits.ctl_time = Duration::from_millis(200));
    let (_ctl, path) = server.ctl(folder.path());
    let mut stalled = UnixStream::connect(&path).unwrap();
    stalled.write_all(b"wh").unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10).for_each(|_| assert!(ask(&path, "version").unwrap().is_ok)));
        }
    });
    let mut said = String::new();
    stalled.read_to_string(&mut said).unwrap();
    assert_eq!(said, "no\n! The command did not end in time (ctl-time).\n");
}

#[test]
fn bytes_that_are_no_command_are_refused_in_a_sentence() {
    let (folder, mut server) = (tempfile::tempdir().unwrap(), TestServer::start());
    let (_ctl, path) = server.ctl(folder.path());
    let says = |bytes: &[u8]| {
        let mut peer = UnixStream::connect(&path).unwrap();
        // The server answers before it has read all of a line that is too long.
        let _ = peer.write_all(bytes).and_then(|()| peer.shutdown(std::net::Shutdown::Write));
        let mut said = Vec::new();
        let _ = peer.read_to_end(&mut said);
        String::from_utf8(said).unwrap()
    };
    assert_eq!(says(&[b'x'; 70_000]), "no\n! That line is too long: 16384 bytes are the most.\n");
    assert!(says(b"\xff\0\x1b[2Jwho\n").starts_with("no\n! No command \"\u{fffd}"));
    assert!(!says(b"\x1b[2J\n").contains('\u{1b}'));
    assert_eq!(says(b""), "ok\n");
    assert!(says(b"version").starts_with("ok\n  roomful "), "the end of the input ends a line");
    assert!(says(b"version\nstop\n").starts_with("ok\n  roomful "), "one command a connection");
    assert!(matches!(ask(&path, "say one\nstop"), Err(CtlError::Lines)));
    assert!(server.login("ann").ask("ping", json!({"token": "x"})).is_ok());
}

#[test]
fn one_operator_watches_what_happens_and_the_next_takes_the_place() {
    let (folder, mut server) = (tempfile::tempdir().unwrap(), TestServer::start());
    let (_ctl, path) = server.ctl(folder.path());
    let looks_on = |line: &'static str| {
        let (path, (sender, lines)) = (path.clone(), channel());
        let thread = thread::spawn(move || watch(&path, line, drop, |line| sender.send(line.to_owned()).is_ok()));
        eventually("somebody looks on", || server.hub().news.remote.watch() != roomful::chat::effects::Watch::Nothing);
        (thread, lines)
    };
    let (first, lines) = looks_on("watch");
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
    let (second, events) = looks_on("watch events");
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

#[test]
fn an_operator_who_takes_nothing_is_cut_and_nobody_in_the_chat_waits() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = TestServer::with(|limits| limits.ctl_time = Duration::from_millis(50));
    let (_ctl, path) = server.ctl(folder.path());
    let mut deaf = UnixStream::connect(&path).unwrap();
    deaf.write_all(b"watch\n").unwrap();
    let remote = || server.hub().news.remote.watch();
    let nothing = roomful::chat::effects::Watch::Nothing;
    eventually("the deaf one looks on", || remote() != nothing);
    let mut ann = server.login_in("ann", "#a");
    let text = "x".repeat(4_000);
    eventually("the deaf one is cut", || {
        ann.say("#a", &text);
        remote() == nothing
    });
    assert!(ask(&path, "who").unwrap().text.contains("ann"));
}

#[test]
fn what_a_killed_server_left_is_taken_over_and_a_living_one_is_not() {
    let (folder, mut server) = (tempfile::tempdir().unwrap(), TestServer::start());
    let path = folder.path().join("ctl");
    drop(UnixListener::bind(&path).unwrap());
    assert!(matches!(ask(&path, "who"), Err(CtlError::Nobody(_))));
    let (ctl, path) = server.ctl(folder.path());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut other = Server::bind("127.0.0.1:0").unwrap().limits(Limits::default()).start().unwrap();
    let (_, news) = other.news().unwrap();
    let desk = Desk::of(&other, WaysIn::default(), None);
    let refused = |path: &Path| Ctl::start(path, &desk, news.clone()).unwrap_err().to_string();
    assert!(refused(&path).contains("another server answers at"), "{}", refused(&path));
    assert!(ask(&path, "version").unwrap().is_ok);
    let file = folder.path().join("notes");
    fs::write(&file, "mine").unwrap();
    assert!(refused(&file).contains("is no control socket and is not removed"));
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    let long = folder.path().join("x".repeat(120));
    assert!(refused(&long).contains("name a shorter one with --ctl"), "{}", refused(&long));
    assert!(refused(&folder.path().join("missing/ctl")).contains("no control socket can be made at"));
    // A file that another server has put there since is not removed.
    fs::remove_file(&path).unwrap();
    let _next = UnixListener::bind(&path).unwrap();
    ctl.end(DEADLINE);
    assert!(path.exists());
}

/// One run of `chat-server ctl`: exit code, stdout, stderr.
fn ctl(arguments: &[&str], path: &Path) -> (i32, String, String) {
    let mut command = server();
    command.arg("ctl").arg("--ctl").arg(path).args(arguments);
    finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

#[test]
fn a_killed_server_and_its_next_are_reached_beside_the_database_and_the_exit_codes_tell() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    let beside = folder.path().join("roomful.db.ctl");
    let program = Program::spawn(with_database(&data).arg("--no-console"));
    assert_eq!(ctl(&["health"], &beside).0, 0);
    program.signal("KILL");
    drop(program);
    let (code, out, err) = ctl(&["health"], &beside);
    assert!(code == 69 && out.is_empty() && err.contains("no server answers at"), "{code} {out} {err}");
    let program = Program::spawn(with_database(&data).arg("--no-console"));
    let mut command = server();
    command.env_remove("CHAT_SERVER_MEMORY").args(["ctl", "--data"]).arg(&data).arg("nonsense");
    let refused = finish(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    assert_eq!(refused, (1, String::new(), "! No command \"nonsense\", help lists the commands\n".to_owned()));
    let (code, out, _) = ctl(&["stats", "--prometheus"], &beside);
    assert!(code == 0 && out.contains("roomful_build_info"), "{out}");
    // Commands from a pipe, one a line.
    let mut piped = server();
    piped.arg("ctl").arg("--ctl").arg(&beside);
    let mut child = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"version\nnonsense\nbans\n").unwrap();
    let (code, out, _) = finish(child);
    assert!(code == 1 && out.contains("roomful ") && out.contains("nobody is banned"), "{out}");
    // One who has said nothing does not hold up the end.
    let _stalled = UnixStream::connect(&beside).unwrap();
    program.signal("TERM");
    let ended = program.ends();
    assert!(ended.code == Some(0) && ended.took < DEADLINE, "{:?}", ended.out);
    assert!(!beside.exists());
}

#[test]
fn a_server_without_a_database_has_a_socket_only_if_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = server();
    let (code, _, err) = finish(command.args(["ctl", "who"]).stderr(Stdio::piped()).spawn().unwrap());
    assert!(code == 78 && err.contains("only if --ctl PATH names one"), "{code} {err}");
    let path = folder.path().join("my.ctl");
    let named = ["--ctl", path.to_str().unwrap()];
    let program = Program::start(&named);
    assert_eq!(ctl(&["who"], &path).0, 0);
    // A path that the operator named and that cannot be used is an error of the start.
    let (code, _, err) = crate::server_support::run(&[&["--listen", "127.0.0.1:0"], &named[..]].concat(), &[]);
    assert!(code == 1 && err.contains("another server answers at"), "{code} {err}");
    assert_eq!(program.stop().code, Some(0));
}

#[test]
fn another_user_is_refused_by_the_file_and_by_the_server() {
    let (folder, mut server) = (tempfile::tempdir().unwrap(), TestServer::start());
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can be two users");
        return;
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("chat-server");
    fs::copy(env!("CARGO_BIN_EXE_chat-server"), &program).unwrap();
    let (_ctl, path) = server.ctl(folder.path());
    let as_nobody = || {
        let mut command = Command::new(&program);
        command.uid(65_534).gid(65_534).current_dir("/").args(["ctl", "--ctl"]).arg(&path).arg("stop");
        finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    };
    let (code, _, err) = as_nobody();
    assert!(code == 1 && err.contains("is another user's: run ctl as the user that runs the server"), "{code} {err}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let (code, _, err) = as_nobody();
    assert_eq!((code, &*err), (1, "! Only the user that runs the server may do that.\n"));
}

#[test]
fn at_a_terminal_ctl_is_the_console_of_the_server() {
    let (folder, mut server) = (tempfile::tempdir().unwrap(), TestServer::start());
    let (_ctl, path) = server.ctl(folder.path());
    let mut ann = server.login_in("ann", "#a");
    let mut command = crate::server_support::server();
    command.arg("ctl").arg("--ctl").arg(&path);
    let mut screen = Screen::spawn(command);
    screen.shows("  roomful ");
    screen.types("kick a\t");
    screen.prompts("ctl> kick ann");
    screen.types("\u{3}watch\r");
    eventually("it looks on", || server.hub().news.remote.watch() != roomful::chat::effects::Watch::Nothing);
    screen.types("half");
    ann.say("#a", "above what is typed");
    screen.shows("ann: above what is typed");
    screen.prompts("ctl> half");
    screen.types("\u{3}nonsense\r");
    screen.shows("! No command \"nonsense\"");
    screen.types("exit\r");
    let (code, text) = screen.ends();
    assert_eq!(code, 1, "{text}");
}

#[test]
fn a_full_disk_is_told_to_the_operator_and_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = TestServer::with_database_and(|limits| limits.disk_room = usize::MAX);
    let (_ctl, path) = server.ctl(folder.path());
    let reply = ask(&path, "health").unwrap();
    assert!(!reply.is_ok && reply.text.starts_with("! the disk of the database has "), "{reply:?}");
    let mut wire = server.wire();
    wire.send("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n");
    assert!(wire.line().contains(" 503 "));
}
