//! The server program: how it starts, what it refuses to start with, how it ends. Ids are those of the lab reports.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use roomful::event::Event;
use serde_json::{Value, json};

#[cfg(unix)]
use crate::server_support::at_a_terminal;
use crate::server_support::{Program, peer_at, run, server};
use crate::support::{brief, eventually};

const CTRL_D: &str = "\u{4}";
const GONE: &str = "closing server-stopped: the server is going down: ";

#[test]
fn listening_is_a_line_of_its_own_with_the_real_port_on_a_pipe() {
    let program = Program::start(&[]);
    assert_ne!(program.addr.port(), 0);
    assert_eq!(program.count(&format!("listening on {}", program.addr)), 1);
    assert_eq!(program.count(&format!("nc 127.0.0.1 {}", program.addr.port())), 1);
    assert_eq!(program.count("! Everybody"), 0);
    let ended = program.stop();
    assert!(!ended.out.concat().contains('\u{1b}') && ended.err.is_empty(), "{}", ended.err);
}

#[cfg(unix)]
#[test]
fn c10_e7_a14_each_signal_says_goodbye_to_everybody_and_ends_in_order() {
    for name in ["TERM", "INT"] {
        let mut program = Program::start(&[]);
        let (mut ann, mut bob, silent) = (program.peer("ann", "#a"), program.nc("bob"), program.wire());
        eventually("the silent one", || program.asks("who").concat().contains("and 1 without a name yet"));
        let began = Instant::now();
        program.signal(name);
        assert_eq!(brief(ann.rest().last().unwrap()), format!("{GONE}it was told to stop"), "{name}");
        assert_eq!(bob.rest().last().unwrap(), "* The server is going down: it was told to stop.", "{name}");
        let ended = program.ends(); // nobody hangs up
        assert!(began.elapsed() < Duration::from_secs(2), "{name}: {:?}", began.elapsed());
        assert_eq!(ended.code, Some(0), "{name}");
        assert!(ended.out.last().unwrap().contains("sessions told 3"), "{:?}", ended.out);
        assert!(ended.out.last().unwrap().contains("all threads joined"), "{:?}", ended.out);
        drop(silent);
    }
}

#[cfg(unix)]
#[test]
fn c10_a_second_signal_ends_it_at_once() {
    for (first, second) in [("TERM", "TERM"), ("INT", "INT"), ("TERM", "INT")] {
        let mut program = Program::start(&["--stop", "60000", "--farewell", "60000"]);
        let _deaf = program.peer("deaf", "#a");
        program.signal(first);
        program.shows("stopping: it was told to stop");
        program.signal(second);
        let ended = program.ends();
        assert_eq!(ended.code, Some(130));
        assert!(ended.took < Duration::from_secs(1), "{:?}", ended.took);
        assert!(!ended.out.concat().contains("all threads joined"));
    }
}

#[cfg(unix)]
#[test]
fn e11_the_end_of_console_input_does_not_stop_a_server_without_a_terminal() {
    let mut program = Program::start(&[]);
    program.types("help");
    drop(program.console.take());
    program.shows("this list");
    let mut ann = program.peer("ann", "#a");
    ann.say("#a", "still here");
    program.shows("still here");
    let ended = program.stop();
    assert_eq!(ended.code, Some(0));
    assert!(ended.out.iter().any(|line| line == "stopping: it was told to stop"), "{:?}", ended.out);
}

#[cfg(unix)]
#[test]
fn e11_ctrl_d_at_a_terminal_stops_it_also_at_one_that_cannot_edit() {
    for term in ["xterm-256color", "dumb"] {
        let (mut screen, addr) = at_a_terminal(&[("TERM", term)]);
        let mut ann = peer_at(addr, "ann");
        screen.shows("+ ann");
        screen.types(CTRL_D);
        assert_eq!(brief(ann.rest().last().unwrap()), format!("{GONE}the operator stopped it"), "{term}");
        drop(ann);
        let (code, text) = screen.ends();
        assert!(code == 0 && unwrapped(&text).contains("all threads joined. Bye."), "{term}: {text}");
    }
}

#[cfg(unix)]
#[test]
fn sigterm_at_a_terminal_ends_in_order_too() {
    let (mut screen, addr) = at_a_terminal(&[]);
    let mut ann = peer_at(addr, "ann");
    screen.types("half a comm");
    screen.prompts("> half a comm");
    screen.signal(expectrl::process::unix::Signal::SIGTERM);
    assert_eq!(brief(ann.rest().last().unwrap()), format!("{GONE}it was told to stop"));
    drop(ann);
    let (code, text) = screen.ends();
    assert!(code == 0 && unwrapped(&text).contains("all threads joined. Bye."), "{text}");
}

/// What a screen shows, without the ends of its rows: a long line goes on in the next one.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_address_that_cannot_be_had_is_refused_with_the_reason() {
    let holding = Program::start(&[]);
    let held = holding.addr.to_string();
    for (addr, said) in [
        (held.as_str(), "is a server running there already?"),
        ("nonsense", "\"nonsense\" is no address to listen on; write for example 127.0.0.1:7667"),
        ("127.0.0.1:70000", "is no address to listen on"),
        ("192.0.2.1:0", "that is no address of this machine"),
    ] {
        let (code, out, err) = run(&["--listen", addr], &[]);
        assert_eq!((code, out.as_str()), (1, ""), "{addr}: {err}");
        assert!(err.starts_with("chat-server: ") && err.contains(said) && err.lines().count() == 1, "{addr}: {err}");
    }
}

#[test]
fn a_port_that_is_not_ours_is_refused_with_the_reason() {
    if TcpListener::bind("127.0.0.1:81").is_ok() {
        return eprintln!("skipped: this user may listen on any port");
    }
    let (code, _, err) = run(&["--listen", "127.0.0.1:81"], &[]);
    assert_eq!(code, 1);
    assert!(err.contains("ports below 1024 need more rights, take a higher one"), "{err}");
}

#[cfg(unix)]
#[test]
fn wrong_usage_is_2_and_a_wrong_setting_is_78_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (code, _, err) = run(&["--lisen", "127.0.0.1:0"], &[]);
    assert!(code == 2 && err.contains("--listen"), "{code}: {err}");
    let (broken, unknown) = (file("broken.toml", "listen = [\n"), file("unknown.toml", "quite = true\n"));
    let (limit, missing) = (file("limit.toml", "[limits]\nline-bytes = 3\n"), "/nowhere/my.toml".to_owned());
    let folder_itself = folder.path().to_str().unwrap().to_owned();
    let config = |path: &str| vec!["--config".to_owned(), path.to_owned()];
    for (arguments, variable, said) in [
        (vec!["--line-bytes".into(), "3".into()], None, "line-bytes must be 512 to 1048576 bytes, not \"3\""),
        (vec![], Some(("CHAT_SERVER_RATE", "fast")), "rate must be off, or 0 to 1000000 a second, not \"fast\""),
        (vec!["--log".into(), "roomful=loud".into()], None, "log: "),
        (config(&broken), None, "broken.toml: "),
        (config(&unknown), None, "quite (line 1): there is no such setting"),
        (config(&limit), None, "limits.line-bytes (line 2): line-bytes must be"),
        (config(&missing), None, "cannot read /nowhere/my.toml: No such file"),
        (config(&folder_itself), None, "cannot read "),
    ] {
        for check in [false, true] {
            let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            arguments.extend(check.then_some("--check-config"));
            let (code, out, err) = run(&arguments, variable.as_slice());
            assert_eq!((code, out.as_str()), (78, ""), "{arguments:?}: {err}");
            assert!(err.starts_with("chat-server: ") && err.contains(said), "{arguments:?}: {err}");
        }
    }
}

#[test]
fn what_check_config_prints_reads_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.toml");
    let path = path.to_str().unwrap();
    let changed = ["--check-config", "--quiet", "--no-console", "--listen", "[::1]:7", "--rate", "off"];
    let (code, printed, err) = run(&[&changed[..], &["--log", "info", "--log-format", "json"]].concat(), &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    fs::write(path, &printed).unwrap();
    let (code, again, err) = run(&["--config", path, "--check-config"], &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(printed, again);
    let (_, default, _) = run(&["--check-config"], &[]);
    assert_ne!(printed, default);
}

#[test]
fn a_flag_beats_its_variable_and_that_the_file_and_that_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.toml");
    let path = path.to_str().unwrap();
    fs::write(path, "listen = \"127.0.0.1:1\"\nlog = \"info\"\n[limits]\nrate = 11\ntext = 111\n").unwrap();
    let file = ("CHAT_SERVER_CONFIG", path);
    let variables = [file, ("CHAT_SERVER_LISTEN", "127.0.0.1:2"), ("CHAT_SERVER_RATE", "22")];
    let flags = ["--listen", "127.0.0.1:3", "--rate", "33"];
    for (flags, variables, listen, rate, text) in [
        (&[][..], &[][..], "127.0.0.1:7667", 2, 4000),
        (&[], &[file], "127.0.0.1:1", 11, 111),
        (&[], &variables, "127.0.0.1:2", 22, 111),
        (&flags, &variables, "127.0.0.1:3", 33, 111),
    ] {
        let (code, out, err) = run(&[&["--check-config"], flags].concat(), variables);
        assert_eq!(code, 0, "{err}");
        for line in [format!("listen = \"{listen}\"\n"), format!("rate = {rate} "), format!("\ntext = {text} ")] {
            assert!(out.contains(&line), "{line:?} is not in {out}");
        }
    }
}

#[test]
fn listening_beyond_loopback_is_warned_of() {
    let mut command = server();
    let program = Program::spawn(command.args(["--listen", "0.0.0.0:0", "--tls", "off"]).stdin(Stdio::piped()));
    assert_eq!(program.count("! Everybody on this network can come in, and nothing is encrypted."), 1);
    assert_eq!(program.count(&format!("http://127.0.0.1:{}/", program.addr.port())), 1);
    assert_eq!(program.count("Guest Wi-Fi"), 1);
    peer_at(SocketAddr::from(([127, 0, 0, 1], program.addr.port())), "ann").quit();
}

#[test]
fn c7_it_starts_again_on_the_same_port_at_once() {
    let first = Program::start(&[]);
    let addr = first.addr.to_string();
    let mut ann = first.peer("ann", "#a");
    assert_eq!(first.stop().code, Some(0));
    assert!(ann.rest().len() == 1);
    let mut command = server();
    let second = Program::spawn(command.args(["--listen", &addr]).stdin(Stdio::null()));
    assert_eq!(second.addr.to_string(), addr);
    second.peer("ann", "#a").quit();
}

#[test]
fn rate_off_makes_nobody_wait() {
    let program = Program::start(&[]);
    let mut ann = program.peer("ann", "#a");
    (0..200).for_each(|_| assert!(ann.say("#a", "fast") > 0));
    assert!(!ann.sync().iter().any(|event| matches!(event, Event::Waiting { .. })));
}

#[test]
fn the_log_is_json_with_thread_names_and_never_has_what_people_say() {
    for level in ["debug", "trace"] {
        let mut program = Program::start(&["--log", level, "--log-format", "json"]);
        let (mut ann, mut bob) = (program.peer("ann", "#a"), program.nc("bob"));
        ann.say("#a", "sekret one");
        ann.ask("msg", json!({"to": "bob", "text": "sekret two"})).unwrap();
        ann.ask("topic", json!({"room": "#a", "topic": "sekret three"})).unwrap();
        ann.ask("join", json!({"room": "#a b", "text": "sekret four"})).unwrap_err();
        ann.wire.send("{\"type\": \"say\", \"text\": \"sekret five\n");
        ann.refused();
        bob.asks("/sekret six");
        program.asks("say sekret seven");
        ann.quit();
        let ended = program.stop();
        assert!(ended.out.iter().any(|line| line.contains("sekret one")), "{:#?}", ended.out);
        assert!(!ended.err.contains("sekret"), "{}", ended.err);
        let log: Vec<Value> = ended.err.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let threads: Vec<&str> = log.iter().map(|entry| entry["threadName"].as_str().expect("a name")).collect();
        assert!(threads.contains(&"session-1"), "{threads:?}");
    }
}
