//! Settings that change while a server runs: by the library, and by SIGHUP to the program; the message of the day; the log in a file; the end of an empty server.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use expectrl::process::unix::Signal;
use roomful::event::Event;
use roomful::front::http::Settings;
use roomful::limits::{Limits, Live, TABLE};
use roomful::server::{Handle, Server};
use roomful::session::watchdog::Checks;
use roomful::tls;
use serde_json::json;
use tempfile::TempDir;

use crate::client_support;
use crate::dead_peers::Bare;
use crate::server_support::{Ended, Program, at_a_terminal, server};
use crate::support::{LinePeer, Peer, Wire, eventually};

/// A server without a rate limit.
fn started(change: impl FnOnce(&mut Limits)) -> Handle {
    let mut limits = Limits { rate: 0, linger: Duration::ZERO, ..Limits::default() };
    change(&mut limits);
    Server::bind("127.0.0.1:0").unwrap().limits(limits).start().unwrap()
}

/// The first event of a new connection.
fn hello(server: &Handle) -> Event {
    let mut peer = Peer::new(Wire::connect(server.local_addr()));
    peer.send("hello", json!({"version": 1}));
    peer.read()
}

/// docs/limits.md, the column `live`.
#[test]
fn every_limit_that_is_live_changes_and_each_other_is_named() {
    let server = started(|_| ());
    let tuner = server.tuner();
    for row in TABLE {
        let before = server.hub().limits.now();
        let mut wanted = Limits::clone(&before);
        // Not more than the machine holds.
        let other = if before.get(row.name) == Some(row.least) { row.least + 1 } else { row.least };
        wanted.set(row.name, &other.to_string()).unwrap();
        wanted.connections = wanted.connections.max(wanted.sessions);
        let left = tuner.set_limits(&wanted);
        let number = server.hub().limits.now().get(row.name);
        match row.live {
            Live::Restart => assert_eq!((left, number), (vec![row.name], before.get(row.name))),
            Live::AtOnce | Live::NewConnections => {
                assert_eq!(left, Vec::<&str>::new(), "{}", row.name);
                let most = if row.name == "connections" { wanted.connections as u64 } else { other };
                assert_eq!(number, Some(most), "{}", row.name);
            }
        }
        tuner.set_limits(&before);
    }
}

#[test]
fn a_limit_is_never_raised_beyond_what_the_machine_holds() {
    let server = started(|_| ());
    server.tuner().set_limits(&Limits { sessions: 30_000, connections: 60_000, ..Limits::default() });
    let limits = server.hub().limits.now();
    assert!(limits.sessions <= limits.connections && limits.connections <= 60_000);
    server.tuner().set_limits(&Limits { sessions: 1, connections: 1, ..Limits::default() });
    let mut ann = Peer::new(Wire::connect(server.local_addr()));
    ann.hello(json!({"nick": "ann"})).unwrap();
    let said = Wire::connect(server.local_addr()).rest().concat();
    assert!(said.contains("The server is full (1 sessions)"), "{said}");
}

#[test]
fn a_session_holds_the_limits_that_it_was_told_and_newcomers_are_told_others() {
    let server = started(|limits| limits.text = 10);
    let mut old = Peer::new(Wire::connect(server.local_addr()));
    old.hello(json!({"nick": "old", "rooms": ["#a"]})).unwrap();
    old.shown();
    let limits = Limits { text: 5, line_bytes: 600, rate: 0, rate_burst: 3, ..Limits::default() };
    server.tuner().set_limits(&limits);
    old.say("#a", "ten signs!");
    let mut new = Peer::new(Wire::connect(server.local_addr()));
    new.hello(json!({"nick": "new", "rooms": ["#a"]})).unwrap();
    new.shown();
    assert_eq!(new.ask("say", json!({"room": "#a", "text": "ten signs!"})).unwrap_err().code, "text-too-long");
    let Event::Hello { text, line_bytes, rate_burst, .. } = hello(&server) else { panic!() };
    assert_eq!((text, line_bytes, rate_burst), (5, 600, 3));
}

/// What all share is looked at anew, also for those who are here.
#[test]
fn what_is_counted_for_all_changes_at_once() {
    let server = started(|_| ());
    let mut ann = Peer::new(Wire::connect(server.local_addr()));
    ann.hello(json!({"nick": "ann", "rooms": ["#a"]})).unwrap();
    ann.shown();
    let limits = Limits { rate: 0, rooms_per_person: 1, knocks: 1, ..Limits::default() };
    server.tuner().set_limits(&limits);
    assert_eq!(ann.ask("join", json!({"room": "#b"})).unwrap_err().code, "too-many-rooms");
    let (door, school) = (&server.hub().door, IpAddr::from([192, 0, 2, 1]));
    drop(door.begin_session(school).unwrap());
    assert!(door.begin_session(school).unwrap_err().starts_with("Too many connections"));
    server.tuner().set_limits(&Limits { knocks: 0, ..limits });
    drop(door.begin_session(school).unwrap());
}

#[test]
fn a_host_that_is_added_is_answered_from_the_next_request_on() {
    let server = started(|_| ());
    let status = || {
        let mut wire = Wire::connect(server.local_addr());
        wire.send_bytes("GET /healthz HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n\r\n");
        wire.line().split(' ').nth(1).map(str::to_owned)
    };
    let (unknown, known) = (Some("421".to_owned()), Some("200".to_owned()));
    assert_eq!(status(), unknown);
    server.tuner().set_web(&Settings { hosts: vec!["chat.example".to_owned()], ..Settings::default() });
    assert_eq!(status(), known);
    server.tuner().set_web(&Settings::default());
    assert_eq!(status(), unknown);
}

/// protocol.md, `hello` and *The line dialect*.
#[test]
fn the_message_of_the_day_is_shown_to_newcomers_on_every_front() {
    let server = started(|_| ());
    let motd = |server: &Handle| match hello(server) {
        Event::Hello { motd, .. } => motd,
        other => panic!("{other:?}"),
    };
    assert_eq!(motd(&server), None);
    let text: Arc<str> = Arc::from("Welcome.\n\nLab 3: locks");
    server.tuner().set_motd(Some(Arc::clone(&text)));
    assert_eq!(motd(&server), Some(text));
    let mut bob = LinePeer::new(Wire::connect(server.local_addr()));
    bob.types("bob");
    let lines = bob.until("You are in #lobby");
    let at = lines.iter().position(|line| line.starts_with("* Hello bob")).unwrap();
    assert_eq!(lines[at + 1..at + 4], ["* Welcome.", "* ", "* Lab 3: locks"]);
    let addr = server.local_addr().to_string();
    let (code, out, err) = client_support::run(&["--server", &addr, "--nick", "bot"], "hi\n");
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("* Welcome.\n") && err.contains("* Lab 3: locks\n") && !out.contains("Lab 3"), "{err}");
    server.tuner().set_motd(None);
    assert_eq!(motd(&server), None);
}

/// The folder of one server program, with its settings.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn writes(&self, text: &str) {
        fs::write(self.path("my.toml"), text).unwrap();
    }

    fn starts(&self) -> Program {
        let mut command = server();
        command.args(["--listen", "127.0.0.1:0", "--config", "my.toml"]).current_dir(self.folder.path());
        Program::spawn(command.stdin(Stdio::piped()))
    }
}

/// Asks for a reload, and waits for its line.
fn reload(program: &mut Program) -> String {
    program.signal("HUP");
    program.shows("settings ")
}

#[test]
fn a_hang_up_reads_the_settings_again_and_says_what_changed_and_what_needs_a_restart() {
    let desk = Desk::new();
    desk.writes("[limits]\nrooms = 30\n");
    let mut program = desk.starts();
    assert_eq!(reload(&mut program), "* settings read again: nothing has changed");
    fs::write(desk.path("motd"), "Lab 3\n").unwrap();
    desk.writes("page = \"x\"\nmotd = \"motd\"\n[limits]\nrooms = 40\ntext = 5\nbacklog = 9\n");
    let needs = "needs a restart: page \"x\", backlog 9";
    assert_eq!(
        reload(&mut program),
        format!(
            "* settings read again: motd \"motd\" (was \"\"), text 5 (was 4000, for new connections), \
             rooms 40 (was 30); {needs}"
        )
    );
    let told = program.nc("bob").asks("/say too long for this");
    assert!(told.iter().any(|line| line.contains("max 5")), "{told:?}");
    fs::write(desk.path("motd"), "Lab 4\n").unwrap();
    assert_eq!(reload(&mut program), format!("* settings read again: the text of motd; {needs}"));
    assert_eq!(program.stop().code, Some(0));
}

#[test]
fn broken_settings_change_nothing_and_are_named_with_their_line() {
    let desk = Desk::new();
    desk.writes("[limits]\ntext = 5\n");
    let mut program = desk.starts();
    fs::write(desk.path("bytes"), b"good\nbad \xff").unwrap();
    for (text, said) in [
        ("[limits]\ntext = 7\nrooms = \"many\"\n", "my.toml: limits.rooms (line 3): rooms must be 1 to 1000000"),
        ("log = \"info\"\nlgo = 1\n", "my.toml: lgo (line 2): there is no such setting"),
        ("log = \"a=loud\"\n", "log: "),
        ("motd = \"nowhere\"\n[limits]\ntext = 7\n", "motd: cannot read nowhere: No such file"),
        ("motd = \"bytes\"\n[limits]\ntext = 7\n", "motd: bytes is no UTF-8 text in line 2"),
        ("log-file = \"nowhere/a.log\"\n[limits]\ntext = 7\n", "log-file: cannot open \"nowhere/a.log\": No such file"),
        ("[limits\n", "my.toml: TOML parse error at line 1"),
    ] {
        desk.writes(text);
        let line = reload(&mut program);
        let begins = "! The settings are not read again, and nothing has changed: ";
        assert!(line.starts_with(&format!("{begins}{said}")), "{text}: {line}");
    }
    fs::remove_file(desk.path("my.toml")).unwrap();
    assert!(reload(&mut program).ends_with("cannot read my.toml: No such file or directory (os error 2)"));
    let told = program.nc("bob").asks("/say too long for this");
    assert!(told.iter().any(|line| line.contains("max 5")), "{told:?}");
    let ended = program.stop();
    assert_eq!((ended.code, ended.err.matches("are not read again").count()), (Some(0), 8), "{}", ended.err);
}

/// logrotate without copytruncate: the file is moved, then the server is told.
#[test]
fn a_log_file_that_was_moved_is_opened_anew_and_nothing_that_is_said_is_in_it() {
    let desk = Desk::new();
    desk.writes("log-file = \"a.log\"\nlog = \"trace\"\n");
    let mut program = desk.starts();
    let holds = |name: &str, words: &str| fs::read_to_string(desk.path(name)).is_ok_and(|text| text.contains(words));
    let mut ann = program.peer("ann", "#a");
    ann.say("#a", "a secret word");
    eventually("the log", || holds("a.log", "room for sessions"));
    fs::rename(desk.path("a.log"), desk.path("a.log.1")).unwrap();
    reload(&mut program);
    ann.say("#a", "another secret word");
    eventually("the new log", || holds("a.log", "roomful"));
    desk.writes("log-file = \"a.log\"\nlog = \"off\"\n");
    reload(&mut program);
    let size = || fs::metadata(desk.path("a.log")).unwrap().len();
    // What was written before is written by now, at the latest when this is answered.
    program.asks("who");
    let before = size();
    ann.say("#a", "a third one");
    drop(ann);
    let Ended { code, err, .. } = program.stop();
    assert_eq!((code, err.as_str(), size()), (Some(0), "", before));
    assert!(!holds("a.log", "secret") && !holds("a.log.1", "secret"));
}

#[test]
fn a_certificate_is_read_again_and_a_broken_one_changes_nothing() {
    let desk = Desk::new();
    let [certificate, key] = ["a.crt", "a.key"].map(|name| desk.path(name));
    let settings = tls::Settings { mode: tls::Mode::Allow, certificate, key, is_given: false };
    tls::made::make(&settings, &[], 30).unwrap();
    desk.writes("tls = \"allow\"\ntls-cert = \"a.crt\"\ntls-key = \"a.key\"\n");
    let mut program = desk.starts();
    let mut ann = program.peer("ann", "#a");
    tls::made::renew(&settings, &[], 40).unwrap();
    let told = reload(&mut program);
    assert_eq!(told, "* settings read again: another certificate, for new connections");
    fs::write(desk.path("a.crt"), "none").unwrap();
    let told = reload(&mut program);
    assert!(told.contains("nothing has changed: tls-cert: ") && told.contains("a.crt"), "{told}");
    ann.say("#a", "still here");
    assert_eq!(program.stop().code, Some(0));
}

/// E11: the window was closed.
#[test]
fn a_hang_up_at_a_persons_terminal_stops_the_server() {
    let (mut screen, addr) = at_a_terminal(&[]);
    let mut bob = LinePeer::new(Wire::connect(addr));
    bob.login("bob");
    screen.signal(Signal::SIGHUP);
    assert_eq!(bob.rest().last().unwrap(), "* The server is going down: it was told to stop.");
    let (code, text) = screen.ends();
    assert_eq!((code, text.contains("settings read again")), (0, false), "{text}");
}

#[test]
fn a_server_in_which_no_session_is_left_ends_when_it_is_told_to() {
    let bare = Bare::with(Limits { exit_when_empty: Duration::from_secs(60), ..Limits::default() }, 1);
    let (hub, start) = (&bare.hub, Instant::now());
    let mut checks = Checks::from(start);
    let mut half_seconds = 0;
    let mut pass = |seconds: u32| {
        for _ in 0..seconds * 2 {
            half_seconds += 1;
            checks.go(hub, start + Duration::from_millis(500) * half_seconds);
        }
    };
    pass(70);
    assert!(!hub.is_asked_to_stop(), "nobody has been here yet");
    let visit = hub.door.begin_session(IpAddr::from([192, 0, 2, 1])).unwrap();
    pass(70);
    drop(visit);
    pass(40);
    // A visit between two checks counts, too.
    drop(hub.door.begin_session(IpAddr::from([192, 0, 2, 1])).unwrap());
    pass(59);
    assert!(!hub.is_asked_to_stop(), "60 seconds are not over");
    pass(2);
    assert_eq!(hub.wait_until_asked(), "no session was there for 60 s (exit-when-empty)");
}

#[test]
fn a_server_program_that_is_empty_ends_with_0_and_says_why() {
    let mut program = Program::start(&["--exit-when-empty", "1", "--log", "info"]);
    program.nc("bob").types("/quit");
    program.shows("stopping: no session was there for 1 s (exit-when-empty)");
    let ended = program.ends();
    assert_eq!(ended.code, Some(0));
    assert!(ended.err.contains("no session was there for 1 s"), "{}", ended.err);
}

/// docs/operating.md.
#[test]
fn the_settings_that_are_read_again_are_in_the_print_of_all() {
    let desk = Desk::new();
    fs::write(desk.path("motd"), "x".repeat(5_000)).unwrap();
    let check = |motd: &Path| {
        let mut command = server();
        command.args(["--check-config", "--log-file", "a.log", "--exit-when-empty", "--motd"]).arg(motd);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        client_support::finish(command.spawn().unwrap())
    };
    let (code, _, err) = check(&desk.path("motd"));
    assert_eq!((code, err.contains("has more than 4096 bytes")), (78, true), "{err}");
    fs::write(desk.path("motd"), "x").unwrap();
    let (code, out, _) = check(&desk.path("motd"));
    assert!(code == 0 && out.contains("\nlog-file = \"a.log\"\n") && out.contains("\nmotd = \""), "{out}");
}
