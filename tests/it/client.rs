//! The client program on pipes: what it says, what it prints, how it ends. Ids are those of the lab reports.

use std::io::{BufRead, BufReader, Write};

use crate::client_relay::{Relay, fake_server};
use crate::client_support::{ServerProgram, finish, run, start};

#[test]
fn a_line_from_a_pipe_is_said_and_the_client_leaves_with_0() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let (code, out, err) = run(&["--server", &server.addr, "--nick", "bot"], "hi\n");
    assert_eq!(ann.hears("hi"), "bot");
    assert_eq!(ann.sees_going("bot"), "quit");
    assert_eq!(code, 0, "{err}");
    assert_eq!(out.trim_end().split_once(' ').unwrap().1, "bot: hi");
    assert!(err.starts_with("* You are bot in #lobby, with ann."), "{err}");
}

#[test]
fn all_lines_of_a_long_pipe_are_said_in_order() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let lines: Vec<String> = (0..500).map(|i| format!("line {i}")).collect();
    let (code, _, err) = run(&["--server", &server.addr, "--nick", "bot"], &lines.join("\n"));
    assert_eq!(code, 0, "{err}");
    lines.iter().for_each(|line| assert_eq!(ann.hears(line), "bot"));
}

#[test]
fn commands_from_a_pipe_are_obeyed_and_a_mistyped_one_is_never_said() {
    let server = ServerProgram::start();
    let input = "/join лыжи\nпривет\n/jion x\n//etc\n/me waves\n/quit\nnot any more\n";
    let (code, out, err) = run(&["--server", &server.addr, "--nick", "bot"], input);
    let said: Vec<&str> = out.lines().filter_map(|line| line.split_once(' ')).map(|(_, said)| said).collect();
    assert_eq!(said, ["bot: привет", "bot: /etc", "* bot waves"]);
    assert!(err.contains("No command \"jion\", did you mean /join? nothing was sent."), "{err}");
    assert_eq!(code, 65, "a refused line is told by the exit code");
}

#[test]
fn bytes_that_are_no_utf8_do_not_end_anything() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut child = start(&["--server", &server.addr, "--nick", "bot"]);
    child.stdin.take().unwrap().write_all(b"a\xffb\0c\n\xd0\n").unwrap();
    let (code, ..) = finish(child);
    assert_eq!(ann.hears("a\u{fffd}bc"), "bot");
    assert_eq!(ann.hears("\u{fffd}"), "bot");
    assert_eq!(code, 0);
}

#[test]
fn a10_no_server_is_one_line_on_stderr_and_69() {
    let (code, out, err) = run(&["--server", "127.0.0.1:1", "--nick", "bot"], "hi\n");
    assert_eq!((code, out.as_str()), (69, ""));
    assert_eq!(err, "! cannot connect to 127.0.0.1:1: connection refused\n");
}

#[test]
fn d8_a_name_that_is_in_use_is_refused_with_77_and_nobody_is_told_they_are_in() {
    let server = ServerProgram::start();
    let _ann = server.peer("ann");
    let (code, out, err) = run(&["--server", &server.addr, "--nick", "ann"], "hi\n");
    assert_eq!((code, out.as_str()), (77, ""));
    assert_eq!(err, "! the name ann is taken by somebody who is here; ann2 is free\n");
}

#[test]
fn a_server_without_a_place_is_75_with_its_sentence() {
    let addr = fake_server("! The server is full (1 session), try again later.\n");
    let (code, _, err) = run(&["--server", &addr, "--nick", "bot"], "hi\n");
    assert_eq!(code, 75);
    assert_eq!(err, "! the server says: The server is full (1 session), try again later\n");
}

#[test]
fn a_person_who_is_kicked_is_told_why_and_does_not_come_back() {
    let addr = fake_server(concat!(
        r##"{"type":"hello","version":1,"server":"x","offer":"a","lobby":"#l","text":10,"line_bytes":512,"ping_after":9,"rate":2,"rate_burst":10,"file_bytes":0,"kept":true}"##,
        "\n",
        r##"{"type":"ok","for":"hello","nick":"a","resume":"r"}"##,
        "\n",
        r##"{"type":"closing","reason":"kicked","text":"you were kicked: enough"}"##,
        "\n",
    ));
    let child = start(&["--server", &addr, "--nick", "a"]);
    let (code, _, err) = finish(child);
    assert_eq!(code, 75, "{err}");
    assert_eq!(err.matches("you were kicked: enough").count(), 1, "{err}");
}

#[test]
fn something_that_is_no_chat_server_is_65_and_no_panic() {
    let addr = fake_server("HTTP/1.1 400 Bad Request\r\n\r\n");
    let (code, _, err) = run(&["--server", &addr, "--nick", "bot"], "hi\n");
    assert_eq!(code, 65);
    assert_eq!(err, "! that is no Roomful server; it says \"HTTP/1.1 400 Bad Request\"\n");
}

#[cfg(unix)]
#[test]
fn e6_a_server_that_dies_is_told_at_once_and_given_up_with_69() {
    let server = ServerProgram::start();
    let mut child = start(&["--server", &server.addr, "--nick", "bot", "--retry", "0"]);
    let _open = child.stdin.take();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    assert!(line.starts_with("* You are bot"), "{line}");
    server.signal("KILL");
    line.clear();
    err.read_line(&mut line).unwrap();
    assert!(line.starts_with("! lost the server"), "{line}");
    assert_eq!(finish(child).0, 69);
}

#[cfg(unix)]
#[test]
fn e7_the_farewell_of_a_server_is_shown_with_its_reason() {
    let server = ServerProgram::start();
    let mut child = start(&["--server", &server.addr, "--nick", "bot", "--retry", "0"]);
    let _open = child.stdin.take();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    server.signal("TERM");
    line.clear();
    err.read_line(&mut line).unwrap();
    assert!(line.starts_with("! The server closes this connection: "), "{line}");
    assert_eq!(finish(child).0, 69);
}

#[cfg(unix)]
#[test]
fn e5_sighup_says_goodbye() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut child = start(&["--server", &server.addr, "--nick", "bot"]);
    let _open = child.stdin.take();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    err.read_line(&mut String::new()).unwrap();
    let hang_up = std::process::Command::new("kill").args(["-HUP", &child.id().to_string()]).status();
    assert!(hang_up.unwrap().success());
    assert_eq!(ann.sees_going("bot"), "quit");
    assert_eq!(finish(child).0, 0);
}

#[test]
fn lines_from_a_pipe_survive_a_cut_connection_once_and_in_order() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let relay = Relay::to(&server.addr);
    let mut child = start(&["--server", &relay.addr, "--nick", "bot"]);
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "one").unwrap();
    ann.hears("one");
    relay.cut();
    writeln!(input, "two\nthree").unwrap();
    drop(input);
    let (code, out, err) = finish(child);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("! Lost the server") && err.contains("* Back after"), "{err}");
    let said: Vec<&str> = out.lines().filter_map(|line| line.split_once(": ")).map(|(_, said)| said).collect();
    assert_eq!(said, ["one", "two", "three"]);
    ann.hears("two");
    ann.hears("three");
}

#[test]
fn json_is_passed_through_both_ways() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let say = r#"{"type":"say","tag":"mine","text":"from json"}"#;
    let (code, out, err) = run(&["--json", "--server", &server.addr, "--nick", "bot"], &format!("{say}\n"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(ann.hears("from json"), "bot");
    assert!(out.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{out}");
    assert!(out.contains(r#""tag":"mine","for":"say""#), "{out}");
}

#[test]
fn json_without_a_name_says_nothing_by_itself() {
    let server = ServerProgram::start();
    let hello = r#"{"type":"hello","version":1,"nick":"raw","rooms":[]}"#;
    let (code, out, _) = run(&["--json", "--server", &server.addr], &format!("{hello}\n"));
    assert_eq!(code, 0);
    assert!(out.contains(r#""for":"hello","nick":"raw""#), "{out}");
    let (code, out, err) = run(&["--json", "--server", &server.addr, "--nick", "1"], "");
    assert!(code == 77 && out.contains("error") && !err.is_empty(), "{code} {out} {err}");
}

#[test]
fn help_has_examples_and_bad_usage_is_2() {
    let (code, out, _) = run(&["--help"], "");
    assert!(code == 0 && out.contains("Examples:") && out.contains("CHAT_CLIENT_NICK"), "{out}");
    let (_, short, _) = run(&["-h"], "");
    assert!(short.len() < out.len());
    assert_eq!(run(&["--port", "70000"], "").0, 2);
}
