//! The server program under a service manager such as systemd: what it tells, and the sockets that are passed to it. (docs/operating.md, under systemd)

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use roomful::chat::effects::{Effects, Watch};
use roomful::chat::outbox::Outbox;
use roomful::chat::{Chat, LoginKind, LoginRequest, SessionId};
use roomful::command::ChatCommand;
use roomful::limits::{InForce, Limits};
use roomful::names::{Nick, RoomName};
use roomful::net::crew::Crew;
use roomful::record::Snapshot;
use roomful::session::hub::Hub;
use roomful::session::news::Newsroom;
use roomful::session::pulse::Pulse;

use crate::client_support::finish;
use crate::server_support::{Program, run, server};
use crate::support::{DEADLINE, LinePeer, Wire};

/// The socket of a service manager.
struct Manager {
    socket: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Manager {
    fn new() -> Manager {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Manager { socket, folder }
    }

    /// The next word, a line without its ending.
    fn hears(&self) -> String {
        let mut bytes = [0; 512];
        let count = self.socket.recv(&mut bytes).expect("a word within the deadline");
        String::from_utf8_lossy(&bytes[..count]).trim_end().to_owned()
    }

    /// Waits for a word.
    fn hears_of(&self, word: &str) {
        while self.hears() != word {}
    }
}

#[test]
fn a_service_manager_hears_that_the_server_is_ready_who_is_there_that_it_works_and_that_it_stops() {
    let manager = Manager::new();
    let mut command = server();
    command.args(["--listen", "127.0.0.1:0", "--no-console", "--sessions", "20"]).stdin(Stdio::null());
    command.env("NOTIFY_SOCKET", manager.folder.path().join("notify")).env("WATCHDOG_USEC", "400000");
    let program = Program::spawn(&mut command);
    let first = manager.hears();
    assert_eq!(first, "READY=1", "before anything else, and the port is open then");
    manager.hears_of("STATUS=0 sessions, of at most 20");
    manager.hears_of("WATCHDOG=1");
    let _ann = program.nc("ann");
    manager.hears_of("STATUS=1 sessions, of at most 20");
    manager.hears_of("WATCHDOG=1");
    program.signal("TERM");
    manager.hears_of("STOPPING=1");
    assert_eq!(program.ends().code, Some(0));
}

/// The server, on the socket `passed`, as systemd would pass it.
fn on(passed: impl Into<OwnedFd>) -> Command {
    let command = server();
    let script =
        "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" --no-console --rate off --greet-after 10";
    let mut shell = Command::new("sh");
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.args(["-c", script]).arg(command.get_program()).stdin(Stdio::from(passed.into()));
    shell
}

#[test]
fn a_socket_that_is_passed_is_served_and_clients_who_come_between_two_servers_wait_there() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap();
    let program = Program::spawn(&mut on(socket.try_clone().unwrap()));
    assert_eq!(program.addr, addr);
    program.nc("ann").types("hi");
    assert_eq!(program.stop().code, Some(0));
    let mut waiting = LinePeer::new(Wire::connect(addr));
    let program = Program::spawn(&mut on(socket));
    waiting.login("boris");
    assert_eq!(program.stop().code, Some(0));
}

#[test]
fn what_is_passed_and_is_no_listening_tcp_socket_is_refused_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connection = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let wrong: [OwnedFd; 3] = [
        UnixListener::bind(folder.path().join("socket")).unwrap().into(),
        connection.into(),
        std::fs::File::open("/dev/null").unwrap().into(),
    ];
    for passed in wrong {
        let child = on(passed).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (code, _, err) = finish(child);
        assert_eq!(code, 78, "{err}");
        assert!(err.contains("the socket number 1 that was passed") && err.contains("ListenStream="), "{err}");
    }
}

/// Whether the thread that rolls dice is inside the chat's lock, and whether it may leave.
static HELD: (Mutex<(bool, bool)>, Condvar) = (Mutex::new((false, false)), Condvar::new());

/// The chat asks for a number while it holds its lock.
fn hold(_: u64) -> Option<u64> {
    let mut held = HELD.0.lock();
    held.0 = true;
    HELD.1.notify_all();
    HELD.1.wait_while(&mut held, |(_, may_leave)| !*may_leave);
    Some(1)
}

/// A server that is merely alive is not told to work.
#[test]
fn the_pulse_stops_while_the_chats_lock_is_held_or_the_watchdog_does_not_check() {
    let limits = InForce::default();
    let lobby = RoomName::parse("#lobby").unwrap();
    let chat = Chat::new(&limits, lobby, 0, Snapshot::default(), None).with_chance(hold);
    let crew = Crew::new(1, limits.now().stack_bytes);
    let hub = Hub::new(chat, &limits, None, Newsroom::open(Watch::Nothing, 1).0, crew);
    enter(&hub.chat, &limits.now());
    let checked = || {
        hub.checks.fetch_add(1, Ordering::Relaxed);
    };
    let mut pulse = Pulse::default();
    checked();
    assert!(pulse.beats(&hub));
    assert!(!pulse.beats(&hub), "the watchdog has not checked since");
    checked();
    let (beat, beats) = crossbeam_channel::bounded(1);
    thread::scope(|scope| {
        scope.spawn(|| {
            let roll = ChatCommand::Roll { room: None, dice: Default::default() };
            assert!(hub.chat.obey(SessionId(1), None, roll, 0, &mut Effects::default()).is_ok());
        });
        HELD.1.wait_while(&mut HELD.0.lock(), |(is_inside, _)| !*is_inside);
        scope.spawn(|| beat.send(pulse.beats(&hub)).unwrap());
        assert!(beats.recv_timeout(Duration::from_millis(200)).is_err(), "the lock is held");
        HELD.0.lock().1 = true;
        HELD.1.notify_all();
        assert_eq!(beats.recv_timeout(DEADLINE), Ok(true), "and now it is free");
    });
}

/// A session with a name, in the lobby.
fn enter(chat: &Chat, limits: &Limits) {
    let session = SessionId(1);
    let outbox = Arc::new(Outbox::new(session, limits, None));
    let entry = LoginRequest {
        session,
        outbox: &outbox,
        echo: true,
        wants: Default::default(),
        front: "json",
        user: "~u".into(),
        own: false,
        about: None,
        nick: Some(Nick::parse("anna").unwrap()),
        seed: 1,
        resume: None,
        beside: false,
        address: [127, 0, 0, 1].into(),
        account: None,
        asked: 0,
        memberships: Vec::new(),
        recalled: None,
        resume_hash: [0; 32],
        token: ("token".into(), [0; 32]),
        rooms: None,
        greeting: LoginKind::Hello,
        tag: None,
    };
    let entered = chat.enter(&entry, 0, &mut Effects::default()).unwrap();
    for room in entered.rooms {
        chat.go_in(session, None, &room.into(), 0, &mut Effects::default()).unwrap();
    }
}

/// A file that comes with the server.
fn contrib(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(name)).unwrap()
}

/// The value of a line such as `ExecStart=/usr/local/bin/chat-server …`.
fn line<'a>(file: &'a str, name: &str) -> &'a str {
    file.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} is in no line"))
}

#[test]
fn the_unit_and_the_image_start_the_server_with_settings_that_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display().to_string();
    let (code, toml, err) = run(&["--listen", "0.0.0.0:7667", "--check-config"], &[]);
    assert_eq!(code, 0, "{err}");
    std::fs::create_dir(folder.path().join("roomful")).unwrap();
    std::fs::write(folder.path().join("roomful/chat-server.toml"), toml).unwrap();
    let unit = contrib("chat-server.service").replace("%E", &at).replace("%S", &at);
    let flags: Vec<&str> = line(&unit, "ExecStart=/usr/local/bin/chat-server ").split(' ').collect();
    let image = contrib("Dockerfile");
    let variables: Vec<_> = line(&image, "ENV ").split(' ').map(|pair| pair.split_once('=').unwrap()).collect();
    for (flags, variables) in [(flags, vec![]), (vec![], variables)] {
        let (code, out, err) = run(&[&flags[..], &["--check-config"]].concat(), &variables);
        assert_eq!(code, 0, "{err}");
        for setting in ["listen = \"0.0.0.0:7667\"", "console = false", "/roomful.db\""] {
            assert!(out.contains(setting), "{setting} is not in {out}");
        }
    }
}

/// The unit that comes with the server, judged by systemd, if that is here.
#[test]
fn the_unit_is_right_and_shuts_off_what_the_server_does_not_need() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["chat-server.service", "chat-server.socket"] {
        let unit = contrib(name).replace("/usr/local/bin/chat-server", env!("CARGO_BIN_EXE_chat-server"));
        std::fs::write(folder.path().join(name), unit).unwrap();
    }
    let analyze = |arguments: &[&str], name: &str| {
        let unit = folder.path().join(name);
        let output = Command::new("systemd-analyze").args(arguments).arg(unit).output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(output.status.success(), "{name}: {said}");
        said
    };
    for name in ["chat-server.service", "chat-server.socket"] {
        let said = analyze(&["verify", "--man=no"], name);
        assert!(!said.contains("chat-server."), "{said}");
    }
    // Tenths: 1.5 of 10, where 9.6 is a unit without any of these settings.
    analyze(&["security", "--offline=true", "--threshold=15", "--no-pager"], "chat-server.service");
}
