//! The programs as processes: signals that were ignored at the start, closed and full descriptors, a terminal that others use, variables, several addresses.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use expectrl::process::Process as _;
use expectrl::process::unix::{Signal, UnixProcess, WaitStatus};
use roomful::limits::Limits;
use roomful::server::Server;

use crate::client_support::{self, Screen, ServerProgram, client, finish, signal};
use crate::server_support::{Program, peer_at, run, server, with_database};
use crate::support::{Peer, brief, eventually};

const TOLD: &str = "closing server-stopped: the server is going down: it was told to stop";

/// The program of `command`, started by a shell that does something before.
fn after(before: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{before}; exec \"$0\" \"$@\"")]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// The server program at this address, without a rate limit.
fn at(addr: &str) -> Command {
    let mut command = server();
    command.args(["--listen", addr, "--rate", "off"]);
    command
}

fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap()
}

/// A program of which nobody reads anything. Killed when dropped.
struct Unread(Child);

impl Unread {
    /// Waits for the end; the exit code.
    fn code(&mut self) -> Option<i32> {
        let mut code = None;
        eventually("the end of the program", || {
            self.0.try_wait().unwrap().map(|status| code = status.code()).is_some()
        });
        code
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `nohup` and shells that start programs in the background rely on it.
#[test]
fn a_signal_that_was_ignored_at_the_start_of_the_server_stays_ignored() {
    for name in ["HUP", "INT", "TERM"] {
        let mut command = after(&format!("trap '' {name}"), &at("127.0.0.1:0"));
        let mut program = Program::spawn(command.stdin(Stdio::piped()));
        let mut ann = program.peer("ann", "#a");
        program.signal(name);
        program.asks("who");
        ann.say("#a", "still here");
        program.types("stop");
        let ended = program.ends();
        assert_eq!(ended.code, Some(0), "{name}");
        assert!(ended.out.iter().any(|line| line == "stopping: the operator stopped it"), "{name}: {:?}", ended.out);
        assert!(!ended.out.concat().contains("settings read again"), "{name}");
    }
}

#[test]
fn a_signal_that_was_ignored_at_the_start_of_the_client_stays_ignored() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    for name in ["HUP", "INT", "TERM"] {
        let mut command = client();
        command.args(["--server", &server.addr, "--nick", "bot"]);
        let mut command = after(&format!("trap '' {name}"), &command);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        err.read_line(&mut String::new()).unwrap();
        signal(child.id(), name);
        std::io::Write::write_all(&mut input, b"still here\n").unwrap();
        assert_eq!(ann.hears("still here"), "bot", "{name}");
        drop(input);
        assert_eq!(finish(child).0, 0, "{name}");
        assert_eq!(ann.sees_going("bot"), "quit");
    }
}

/// A pipe that nobody reads is full soon: messages are written to stdout, and diagnostics to stderr.
#[test]
fn output_that_nobody_reads_holds_up_no_farewell() {
    let mut command = at("127.0.0.1:0");
    command.args(["--log", "trace"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Unread(command.spawn().unwrap());
    let mut out = BufReader::new(child.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let addr = out.find_map(|line| line.strip_prefix("listening on ")?.parse().ok()).unwrap();
    let mut ann = peer_at(addr, "ann");
    // The pipes hold 64 KiB, and this is ten times as much.
    (0..200).for_each(|_| assert!(ann.say("#a", &"x".repeat(3_500)) > 0));
    (0..200).for_each(|i| peer_at(addr, &format!("guest{i}")).wire.reset());
    signal(child.0.id(), "TERM");
    assert_eq!(brief(ann.rest().last().unwrap()), TOLD);
    drop(ann);
    assert_eq!(child.code(), Some(0));
    drop(out);
}

/// A terminal whose window has stopped to read, as over a connection that hangs.
#[test]
fn a_terminal_that_takes_nothing_holds_up_no_farewell() {
    let mut command = at("127.0.0.1:0");
    command.env("TERM", "xterm-256color");
    let mut terminal = UnixProcess::spawn_command(command).unwrap();
    let window = BufReader::new(terminal.get_raw_handle().unwrap());
    let mut lines = window.lines().map(|line| line.unwrap());
    let addr = lines.find_map(|line| line.trim_end().strip_prefix("listening on ")?.parse().ok()).unwrap();
    let mut ann = peer_at(addr, "ann");
    (0..200).for_each(|_| assert!(ann.say("#a", &"x".repeat(3_500)) > 0));
    terminal.signal(Signal::SIGTERM).unwrap();
    assert_eq!(brief(ann.rest().last().unwrap()), TOLD);
    drop(ann);
    let mut ended = WaitStatus::StillAlive;
    eventually("the end of the program", || {
        ended = terminal.status().unwrap();
        ended != WaitStatus::StillAlive
    });
    assert_eq!(ended, WaitStatus::Exited(terminal.pid(), 0));
}

#[test]
fn closed_or_full_descriptors_are_no_reason_to_fail() {
    for before in ["exec <&- >&- 2>&-", "exec >/dev/full 2>/dev/full"] {
        let addr = nowhere();
        let mut command = at(&addr.to_string());
        command.args(["--log", "trace"]);
        let mut command = after(before, &command);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = Unread(command.spawn().unwrap());
        eventually("a server that listens", || std::net::TcpStream::connect(addr).is_ok());
        let mut ann = peer_at(addr, "ann");
        assert!(ann.say("#a", "hi") > 0);
        signal(child.0.id(), "TERM");
        assert_eq!(brief(ann.rest().last().unwrap()), TOLD, "{before}");
        drop(ann);
        assert_eq!(child.code(), Some(0), "{before}");
    }
}

#[test]
fn what_cannot_be_printed_is_an_error_without_a_panic_and_a_copy_is_made_anyway() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    let kept = Program::spawn(&mut with_database(&data));
    let copy = folder.path().join("copy.db");
    let program = |before: &str, arguments: &[&str]| {
        let mut command = server();
        command.args(arguments).args(["--data", data.to_str().unwrap()]);
        let mut command = after(before, &command);
        finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    };
    let (code, _, err) = program("exec >/dev/full", &["--check-config"]);
    assert_eq!(code, 1);
    assert!(err.starts_with("chat-server: cannot print the settings: No space left"), "{err}");
    assert_eq!(program("exec >/dev/full 2>/dev/full", &["--check-config"]).0, 1);
    assert_eq!(program("exec >/dev/full", &["--help"]).0, 1);
    assert_eq!(program("exec 2>/dev/full", &["--log", "nonsense=loud", "--check-config"]).0, 78);
    let (code, _, err) = program("exec >/dev/full", &["backup", copy.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(fs::metadata(&copy).unwrap().len() > 0);
    assert_eq!(kept.stop().code, Some(0));
    let mut lab = Command::new(env!("CARGO_BIN_EXE_chat-lab"));
    lab.args(["report", "/dev/null", "--facts", "without an ending"]);
    let mut lab = after("exec >/dev/full", &lab);
    let (code, _, err) =
        finish(lab.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    assert!(code == 1 && err.starts_with("chat-lab: cannot print: No space left"), "{code}: {err}");
}

/// `ulimit -f`, for which the system sends SIGXFSZ.
#[test]
fn a_file_that_may_not_grow_refuses_speakers_and_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = with_database(&folder.path().join("roomful.db"));
    command.args(["--keep-patience", "1"]);
    let mut program = Program::spawn(after("ulimit -f 1000", &command).stdin(Stdio::piped()));
    let mut ann = program.peer("ann", "#a");
    let refused = (0..1_000).find_map(|_| {
        let text = "x".repeat(3_500);
        ann.ask("say", serde_json::json!({"room": "#a", "text": text})).err()
    });
    assert!(refused.is_some(), "1000 lines of 3500 characters, and the file holds them");
    assert!(!program.asks("who").is_empty());
    let mut bob = program.peer("bob", "#b");
    bob.ask("ping", serde_json::json!({"token": "x"})).unwrap();
    // What was heard and could not be stored is told at the end, as with a full disk.
    assert_eq!(program.stop().code, Some(75));
}

/// A server that a shell has put into the background of its terminal. Ended with this.
struct InBackground {
    screen: Screen,
    addr: SocketAddr,
    process: u32,
}

impl InBackground {
    fn start(arguments: &[&str]) -> InBackground {
        let mut command = at("127.0.0.1:0");
        command.args(arguments);
        let mut shell = after("set -m; \"$0\" \"$@\" & echo its process is $!.; wait; echo it is over; exit", &command);
        shell.env("TERM", "xterm-256color");
        let mut screen = Screen::spawn(shell);
        screen.shows("its process is ");
        let number = |text: &str| text.split("its process is ").nth(1)?.split('.').next()?.parse().ok();
        let process = number(&screen.text()).expect("a number");
        let mut it = InBackground { screen, addr: nowhere(), process };
        it.screen.shows(" ready, room ");
        let text = it.screen.text();
        let line = text.lines().find_map(|line| line.strip_prefix("listening on ")).expect("a line of its own");
        it.addr = line.trim_end().parse().unwrap();
        it
    }
}

impl Drop for InBackground {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = Command::new("kill").args(["-KILL", &self.process.to_string()]).stderr(Stdio::null()).status();
    }
}

/// The system stops a program that changes or reads the terminal of another one, and its clients with it.
#[test]
fn a_server_in_the_background_of_a_terminal_goes_on() {
    for arguments in [&["--no-console"][..], &[]] {
        let mut program = InBackground::start(arguments);
        let mut ann = peer_at(program.addr, "ann");
        assert!(ann.say("#a", "hi") > 0);
        signal(program.process, "TERM");
        assert_eq!(brief(ann.rest().last().unwrap()), TOLD, "{arguments:?}");
        drop(ann);
        program.screen.shows("joined. Bye.");
        program.screen.shows("it is over");
    }
}

/// docs: a flag over its variable, that over the file; every yes-or-no variable of both programs.
#[test]
fn yes_and_no_are_taken_in_every_spelling_and_an_empty_variable_is_not_set() {
    let settings = |name: &str, value: &str| {
        let mut command = server();
        command.env_remove("CHAT_SERVER_MEMORY").arg("--check-config").env(name, value);
        finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    };
    for (name, yes, no) in [
        ("CHAT_SERVER_MEMORY", "memory = true\n", "memory = false\n"),
        ("CHAT_SERVER_QUIET", "quiet = true\n", "quiet = false\n"),
        ("CHAT_SERVER_NO_CONSOLE", "console = false\n", "console = true\n"),
    ] {
        let words = [("1", yes), ("Yes", yes), ("ON", yes), ("true", yes), ("0", no), ("no", no), ("Off", no)];
        for (value, said) in words.into_iter().chain([("FALSE", no), ("", no)]) {
            let (code, out, err) = settings(name, value);
            assert!(code == 0 && out.contains(said), "{name}={value:?}: {code} {out} {err}");
        }
        let (code, _, err) = settings(name, "perhaps");
        assert_eq!(code, 2);
        assert!(err.contains("'perhaps'") && err.contains(name) && err.contains("it takes yes or no"), "{err}");
    }
    for name in ["LISTEN", "DATA", "CONFIG", "LOG", "LOG_FORMAT", "RATE", "SESSIONS", "LINE_BYTES"] {
        let (code, out, err) = settings(&format!("CHAT_SERVER_{name}"), "");
        assert_eq!((code, out), (0, settings("CHAT_SERVER_QUIET", "no").1), "{name}: {err}");
    }
    for (name, said) in [
        ("CHAT_SERVER_LOG_FORMAT", "text, json"),
        ("CHAT_SERVER_LOG", "it takes off, error, warn"),
        ("CHAT_SERVER_LINE_BYTES", "line-bytes must be 512 to 1048576 bytes"),
    ] {
        let (code, _, err) = settings(name, "roomful=loud");
        assert!(code > 0 && err.contains(name) && err.contains(said), "{name}: {code} {err}");
    }
    let (code, _, err) = run(&[], &[("CHAT_SERVER_LISTEN", "nonsense")]);
    assert!(code == 1 && err.contains("CHAT_SERVER_LISTEN: \"nonsense\" is no address"), "{err}");
}

#[test]
fn the_variables_of_the_client_are_read_as_those_of_the_server() {
    let server = ServerProgram::start();
    let with = |variables: &[(&str, &str)]| {
        let mut command = client();
        command.env("CHAT_CLIENT_SERVER", &server.addr).envs(variables.iter().copied());
        finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    };
    for (value, is_json) in [("1", true), ("yes", true), ("On", true), ("0", false), ("no", false), ("", false)] {
        let (code, out, err) = with(&[("CHAT_CLIENT_NICK", "bot"), ("CHAT_CLIENT_JSON", value)]);
        assert_eq!((code, out.starts_with('{')), (0, is_json), "{value:?}: {out} {err}");
    }
    for name in ["PORT", "NICK", "ROOM", "RETRY", "BELL", "PASSWORD", "PASSWORD_FILE"] {
        let (code, _, err) = with(&[(&format!("CHAT_CLIENT_{name}"), "")]);
        assert_eq!(code, 0, "{name}: {err}");
    }
    for (name, value, said) in [
        ("CHAT_CLIENT_JSON", "perhaps", "it takes yes or no"),
        ("CHAT_CLIENT_PORT", "70000", "70000 is not in 0..=65535"),
        ("CHAT_CLIENT_RETRY", "soon", "invalid digit"),
        ("CHAT_CLIENT_BELL", "loud", "off, mentions, all"),
    ] {
        let (code, _, err) = with(&[(name, value)]);
        assert_eq!(code, 2, "{name}");
        assert!(err.contains(&format!("'{value}' for '{name}'")) && err.contains(said), "{err}");
    }
    // The flag is what is wrong here, and not the variable.
    let (code, _, err) = client_support::run(&["--port", "70000"], "");
    assert!(code == 2 && err.contains("for '--port <PORT>'"), "{err}");
}

/// A name may stand for several addresses, and a client may take any of them first.
#[test]
fn a_server_listens_on_all_addresses_of_its_name() {
    let addrs: [SocketAddr; 2] = ["127.0.0.1:0".parse().unwrap(), "127.0.0.2:0".parse().unwrap()];
    let server = Server::bind(&addrs[..]).unwrap().limits(Limits::default()).start().unwrap();
    let bound = server.local_addrs().to_vec();
    assert_eq!((bound.len(), bound[0]), (2, server.local_addr()));
    assert_eq!(bound[0].port(), bound[1].port());
    let mut peers: Vec<Peer> = (0..6).map(|i| peer_at(bound[i % 2], &format!("guest{i}"))).collect();
    assert_eq!(server.stop("done").told, 6);
    for peer in &mut peers {
        assert!(brief(peer.rest().last().unwrap()).starts_with("closing server-stopped"));
    }
    for addr in bound {
        assert!(std::net::TcpStream::connect(addr).is_err(), "{addr} is still open");
    }
}

/// The examples of `chat-server --help`, each with its settings only printed.
#[test]
fn the_examples_in_the_help_of_the_server_can_be_typed() {
    let (_, help, _) = run(&["--help"], &[]);
    let folder = tempfile::tempdir().unwrap();
    for line in client_support::examples(&help) {
        if [" backup ", " ctl "].iter().any(|task| line.contains(task)) {
            continue; // each has tests of its own
        }
        let is_check = line.contains("--check-config");
        let line = if is_check { line } else { format!("{line} --check-config") };
        let (code, _, err) = client_support::typed(&line, folder.path(), &[]);
        assert_eq!(code, 0, "{line}: {err}");
    }
    assert!(folder.path().join("my.toml").exists());
}
