//! The control socket and the program `chat-server ctl`: who may use it, what may come to it, how it ends. (docs/operating.md, Console and ctl)

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use roomful::chat::effects::Watch;
use roomful::console::{Desk, WaysIn};
use roomful::ctl::{Ctl, CtlError, ask};
use roomful::limits::Limits;
use roomful::server::Server;
use serde_json::json;

use crate::client_support::{Screen, finish};
use crate::server_support::{Program, server, with_database};
use crate::support::{DEADLINE, TestServer, eventually};

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
fn an_operator_who_takes_nothing_is_cut_and_nobody_in_the_chat_waits() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = TestServer::with(|limits| limits.ctl_time = Duration::from_millis(50));
    let (_ctl, path) = server.ctl(folder.path());
    let mut deaf = UnixStream::connect(&path).unwrap();
    deaf.write_all(b"watch\n").unwrap();
    let remote = || server.hub().news.remote.watch();
    let nothing = Watch::Nothing;
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
fn the_settings_are_read_again_and_the_log_is_set_from_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let (file, path) = (folder.path().join("my.toml"), folder.path().join("ctl"));
    fs::write(&file, "[limits]\nrooms = 7\n").unwrap();
    let program = Program::start(&["--config", file.to_str().unwrap(), "--ctl", path.to_str().unwrap()]);
    fs::write(&file, "[limits]\nrooms = 8\nbacklog = 9\n").unwrap();
    let says = |line: &str| ask(&path, line).unwrap();
    let reply = says("reload");
    assert!(reply.is_ok && reply.text.contains("rooms 8 (was 7)"), "{reply:?}");
    assert!(reply.text.contains("needs a restart: backlog 9"), "{reply:?}");
    fs::write(&file, "[limits]\nrooms = 9\nrooms-left = many\n").unwrap();
    let reply = says("reload");
    assert!(!reply.is_ok && reply.text.contains("nothing has changed: "), "{reply:?}");
    assert!(says("log debug").is_ok && !says("log loud=very=much").is_ok);
    assert_eq!(program.stop().code, Some(0));
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
    eventually("it looks on", || server.hub().news.remote.watch() != Watch::Nothing);
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
