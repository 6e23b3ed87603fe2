//! The client program as a process: output that nobody reads, the end of its input, its help.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

#[cfg(unix)]
use expectrl::process::Process as _;
#[cfg(unix)]
use expectrl::process::unix::{Signal, UnixProcess, WaitStatus};
use roomful::client::News;
use roomful::event::Event;

use crate::client_support::{ServerProgram, client, examples, finish, run, start};
#[cfg(unix)]
use crate::client_support::{signal, typed};

/// Waits for the first line about the conversation.
fn is_in(child: &mut Child) -> BufReader<std::process::ChildStderr> {
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    assert!(line.starts_with("* You are bot"), "{line}");
    err
}

/// `chat-client | grep -m1 x`: a filter whose reader has ended has nothing more to do.
#[cfg(unix)]
#[test]
fn a_client_leaves_when_nobody_can_read_it_any_more() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut child = start(&["--server", &server.addr, "--nick", "bot"]);
    let _open = child.stdin.take();
    let _err = is_in(&mut child);
    drop(child.stdout.take());
    assert_eq!(ann.sees_going("bot"), "quit");
    assert_eq!(finish(child).0, 0);

    let mut child = start(&["--json", "--server", &server.addr, "--nick", "bot"]);
    let _open = child.stdin.take();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    drop(out);
    assert_eq!(finish(child).0, 0);
}

/// A full disk: what is heard from there on would be lost, and exit code 0 would say that it is not.
#[cfg(unix)]
#[test]
fn a_client_that_cannot_print_what_it_hears_ends_with_the_reason() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    for arguments in [&[][..], &["--json"]] {
        let mut command = client();
        command.args(["--server", &server.addr, "--nick", "bot"]).args(arguments);
        command.stdin(Stdio::piped()).stdout(File::create("/dev/full").unwrap()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _open = child.stdin.take();
        ann.until("bot", |news| match news {
            News::Event(Event::Join { nick, .. }) if &**nick == "bot" => Some(()),
            _ => None,
        });
        ann.say("hello");
        let (code, _, err) = finish(child);
        assert!(code == 1 && err.ends_with("! cannot print: no space left on device\n"), "{code}: {err}");
        ann.sees_going("bot");
    }
}

#[cfg(unix)]
#[test]
fn a_client_that_nobody_reads_says_goodbye_when_it_is_told_to_end() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut child = start(&["--server", &server.addr, "--nick", "bot"]);
    let _open = child.stdin.take();
    let _err = is_in(&mut child);
    // The pipe holds 64 KiB; what is more waits in the sockets.
    (0..40).for_each(|_| ann.say(&"x".repeat(3_500)));
    signal(child.id(), "TERM");
    assert_eq!(ann.sees_going("bot"), "quit");
    let mut ended = None;
    crate::support::eventually("the end of the client", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
}

/// The same on a terminal whose window has stopped to read.
#[cfg(unix)]
#[test]
fn a_client_on_a_terminal_that_takes_nothing_says_goodbye_when_it_is_told_to_end() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut command = client();
    command.args(["--server", &server.addr, "--nick", "bot"]);
    let mut terminal = UnixProcess::spawn_command(command).unwrap();
    ann.until("bot", |news| match news {
        News::Event(Event::Join { nick, .. }) if &**nick == "bot" => Some(()),
        _ => None,
    });
    (0..40).for_each(|_| ann.say(&"x".repeat(3_500)));
    terminal.signal(Signal::SIGTERM).unwrap();
    assert_eq!(ann.sees_going("bot"), "quit");
    let mut ended = WaitStatus::StillAlive;
    crate::support::eventually("the end of the client", || {
        ended = terminal.status().unwrap();
        ended != WaitStatus::StillAlive
    });
    assert!(matches!(ended, WaitStatus::Exited(_, _)), "{ended:?}");
}

/// docs/protocol.md: a client that leaves says `quit`.
#[test]
fn json_at_the_end_of_its_input_is_quit_also_after_half_a_line() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    for input in ["", "{\"type\":\"ping\"}\n", "{\"type\":\"say\",\"text\":\"no ending\"}"] {
        let (code, out, err) = run(&["--json", "--server", &server.addr, "--nick", "bot"], input);
        assert_eq!((code, err.as_str()), (0, ""), "{input:?}: {out}");
        assert_eq!(ann.sees_going("bot"), "quit", "{input:?}");
        assert!(out.contains(r#""type":"closing","reason":"quit""#), "{out}");
    }
    let (code, _, err) = run(&["--json", "--server", &server.addr], "");
    assert_eq!((code, err.as_str()), (0, ""));
}

#[cfg(unix)]
#[test]
fn a_signal_makes_the_client_with_json_quit() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut child = start(&["--json", "--server", &server.addr, "--nick", "bot"]);
    let mut open = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    while {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        !line.contains("\"members\"")
    } {}
    open.write_all(b"{\"type\":\"say\",").unwrap();
    signal(child.id(), "TERM");
    assert_eq!(ann.sees_going("bot"), "quit");
    let rest: Vec<String> = out.lines().map_while(Result::ok).collect();
    assert_eq!(finish(child).0, 0, "{rest:?}");
}

/// The examples of `chat-client --help`, at a server of this test.
#[cfg(unix)]
#[test]
fn the_examples_in_the_help_of_the_client_can_be_typed() {
    let server = ServerProgram::start();
    let (_, help, _) = run(&["--help"], "");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jpg"), "no picture").unwrap();
    std::fs::write(folder.path().join("f"), "a password\n").unwrap();
    let lines = examples(&help);
    assert!(lines.len() >= 6, "{help}");
    for line in lines {
        let line = &line.replace("example.org", &server.addr);
        let (code, out, err) = typed(line, folder.path(), &[("CHAT_CLIENT_SERVER", &server.addr)]);
        // This server has no database: it has no accounts and takes no files.
        let expected = match line {
            line if line.contains("/send") => 65,
            line if line.contains("--password-file") => 77,
            _ => 0,
        };
        assert_eq!(code, expected, "{line}: {out}{err}");
    }
}
