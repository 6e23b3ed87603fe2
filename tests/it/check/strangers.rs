//! Servers that no rule was written for: none of them passes, holds the checker up, or leaves a process behind. Knows how to run the checker, and no rule.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{fs, mem, thread};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// All descendants of one run have this variable, so that they are found wherever they went.
const MARK: &str = "ROOMFUL_STRANGER";
/// The longest that one run may take; most take a tenth of it.
const LONGEST: Duration = Duration::from_secs(30);
/// What was killed may be seen this long.
const SOON: Duration = Duration::from_secs(5);

/// The start of each stranger: `listener` listens, and `take(what)` does something for each connection.
const START: &str = r"
import os, random, signal, socket, sys, threading, time
def listen():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(('127.0.0.1', int(sys.argv[1])))
    listener.listen(100)
    return listener
connections = []
def take(what):
    listener = listen()
    while True:
        connection, _ = listener.accept()
        connections.append(connection)
        threading.Thread(target=what, args=(connection,), daemon=True).start()
def silent(connection):
    pass
def welcome(connection):
    name = connection.recv(100).split(b'\n')[0]
    connection.sendall(b'* welcome, ' + name + b'\n')
";

pub struct Stranger {
    folder: TempDir,
    mark: String,
}

/// The report breaks its lines at the width of a screen.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Stranger {
    pub fn new(script: &str) -> Stranger {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("server.py"), format!("{START}{script}")).unwrap();
        let mark = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        Stranger { folder, mark }
    }

    fn checker(&self, patience: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-lab"));
        command
            .args(["check", "--command", "python3 server.py {port}", "--patience", patience])
            .args(more)
            .current_dir(self.folder.path())
            .env(MARK, &self.mark)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a rule, and checks that nothing is left.
    pub fn run(&self, patience: &str, more: &[&str]) -> (Option<i32>, String) {
        let began = Instant::now();
        let mut child = self.checker(patience, more).process_group(0).spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            if began.elapsed() > LONGEST {
                child.kill().unwrap();
                panic!("the checker hangs");
            }
            thread::park_timeout(Duration::from_millis(20));
        }
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
        assert!(!text.contains("panicked"), "{text}");
        assert_eq!(status.signal(), None, "{text}");
        assert_eq!(self.processes(), Vec::<String>::new(), "{text}");
        (status.code(), unwrapped(&text))
    }

    /// Runs a rule that this server must not keep.
    pub fn breaks(&self, rule: &str, patience: &str) -> String {
        let (code, text) = self.run(patience, &["--rule", rule]);
        // A machine that is too busy gives no verdict (75), and that is no pass.
        assert!(matches!(code, Some(1 | 75)), "{code:?} {text}");
        assert!(!text.contains(&format!("kept {rule} ")), "{text}");
        text
    }

    /// The processes of this run that are still there.
    fn processes(&self) -> Vec<String> {
        let mark = format!("{MARK}={}", self.mark);
        let entries = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let has_mark = entries.filter(|path| {
            let variables = fs::read(path.join("environ")).unwrap_or_default();
            variables.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        });
        has_mark
            .map(|path| format!("{}: {}", path.display(), fs::read_to_string(path.join("comm")).unwrap_or_default()))
            .collect()
    }

    /// Waits until this run has so many processes.
    fn wait_for(&self, is_right: impl Fn(usize) -> bool) {
        let until = Instant::now() + SOON;
        while !is_right(self.processes().len()) {
            assert!(Instant::now() < until, "{:?}", self.processes());
            thread::park_timeout(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_silent_server_keeps_no_rule_that_waits_for_an_answer() {
    let text = Stranger::new("take(silent)").breaks("start/second", "0.2");
    assert!(text.contains("threads"), "{text}");
}

#[test]
fn a_server_that_closes_at_once_keeps_nothing() {
    Stranger::new("take(lambda connection: connection.close())").breaks("start/second", "0.2");
}

#[test]
fn a_server_that_sends_everything_to_all_keeps_no_rule_of_a_protocol_with_names() {
    let script = r"
def echo(connection):
    while data := connection.recv(4096):
        for other in connections: other.sendall(data)
take(echo)";
    Stranger::new(script).breaks("together/heard", "0.2");
}

#[test]
fn a_server_that_leaves_its_group_is_found_and_ended() {
    let script = r"
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
take(silent)";
    Stranger::new(script).breaks("start/second", "0.2");
}

#[test]
fn a_server_that_ends_at_once_gets_a_sentence_with_what_it_said() {
    let text = Stranger::new("raise OSError('no such table')").breaks("start/listens", "1");
    assert!(text.contains("ended before it took a connection, with exit code 1 "), "{text}");
    assert!(text.contains(" OSError: no such table"), "{text}");
    let text = Stranger::new("os.kill(os.getpid(), 11)").breaks("start/listens", "1");
    assert!(text.contains("with signal 11 (SIGSEGV) why "), "it printed nothing: {text}");
}

#[test]
fn a_server_that_ends_in_the_middle_is_told_with_its_signal() {
    let script = "take(lambda connection: connection.recv(1) and os.kill(os.getpid(), 11))";
    let text = Stranger::new(script).breaks("start/second", "1");
    assert!(text.contains("the server has ended with signal 11 (SIGSEGV)"), "{text}");
}

#[test]
fn a_server_that_never_accepts_is_no_server() {
    Stranger::new("listener = listen(); time.sleep(1000)").breaks("start/second", "0.2");
    let text = Stranger::new("time.sleep(1000)").breaks("start/listens", "0.1");
    assert!(text.contains("takes no connection on 127.0.0.1:") && text.contains("within 3.0 s"), "{text}");
}

#[test]
fn an_answer_after_five_seconds_is_no_answer() {
    Stranger::new("take(lambda connection: (time.sleep(5), welcome(connection)))").breaks("start/second", "0.2");
}

#[test]
fn a_server_that_ignores_sigterm_is_killed() {
    Stranger::new("signal.signal(signal.SIGTERM, signal.SIG_IGN); take(silent)").breaks("start/second", "0.2");
}

#[test]
fn a_server_that_takes_two_gigabytes_is_stopped_and_the_rule_says_so() {
    let script = r"
def greedy(connection):
    welcome(connection)
    for _ in range(64): connections.append(b'x' * (32 << 20))
take(greedy)";
    let text = Stranger::new(script).breaks("start/second", "12");
    assert!(text.contains("the server took more than 1 GiB of memory and was stopped"), "{text}");
}

#[test]
fn nothing_is_left_when_the_checker_itself_is_ended_by_a_signal() {
    let script = r"
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    time.sleep(1000)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
take(silent)";
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL] {
        let server = Stranger::new(script);
        let mut checker = server.checker("100", &["--rule", "start/second"]).process_group(0).spawn().unwrap();
        // The checker, its guard, the server, and what left the group.
        server.wait_for(|count| count == 4);
        kill_process(Pid::from_child(&checker), signal).unwrap();
        let code = if signal == Signal::KILL { None } else { Some(130) };
        assert_eq!(checker.wait().unwrap().code(), code);
        server.wait_for(|count| count == 0);
    }
}

#[test]
fn the_checker_has_as_many_descriptors_after_many_rules_as_after_the_first() {
    let server = Stranger::new("");
    let right = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/python/right.py");
    fs::copy(right, server.folder.path().join("server.py")).unwrap();
    let mut checker = server.checker("3", &["--rule", "start", "--rule", "together"]).spawn().unwrap();
    let (sender, told) = channel();
    let out = BufReader::new(checker.stdout.take().unwrap());
    let reader = thread::spawn(move || {
        let rules = out.lines().map_while(Result::ok).filter(|line| line.starts_with("  kept"));
        rules.for_each(|line| sender.send(line).unwrap());
    });
    // Those of a rule come and go, but each begins with a program that starts and no client: then they are the fewest.
    let folder = format!("/proc/{}/fd", checker.id());
    let (mut counts, mut least) = (Vec::new(), usize::MAX);
    loop {
        match told.recv_timeout(Duration::from_millis(2)) {
            Ok(_) => counts.push(mem::replace(&mut least, usize::MAX)),
            Err(RecvTimeoutError::Timeout) => {
                let count = fs::read_dir(&folder).map_or(0, Iterator::count);
                least = least.min(if count == 0 { usize::MAX } else { count });
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    reader.join().unwrap();
    assert!(checker.wait().unwrap().success());
    // A short rule may have no look that falls between its parts, so five are taken together. Before the first one
    // nothing runs.
    let (first, last) = (counts.iter().skip(1).take(5).min(), counts.iter().rev().take(5).min());
    assert!(counts.len() >= 10 && last <= first.map(|first| first + 2).as_ref(), "{counts:?}");
    assert_eq!(server.processes(), Vec::<String>::new());
}

#[test]
fn a_port_that_is_taken_is_told_with_the_process_that_has_it() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let server = Stranger::new("take(welcome)");
    let (code, text) = server.run("1", &["--port", &port]);
    assert_eq!(code, Some(69), "{text}");
    assert!(text.contains(&format!("{port} is taken by pid {}, ", std::process::id())), "{text}");
    assert!(text.contains("stop it first, or give {port} to the command"), "{text}");
}

#[test]
fn a_port_is_free_again_when_the_checker_has_ended() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Stranger::new(&format!("sys.argv[1] = {port}\ntake(silent)"));
    server.run("0.1", &["--rule", "start", "--port", &port.to_string()]);
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

/// Everybody hears everything, the speaker too, which the protocol `plain` does not ask for.
const OWN_COPIES: &str = r"
open('starts', 'a').write('x')
def tell(line):
    for connection in list(connections):
        try: connection.sendall(line)
        except OSError: pass
def chat(connection):
    lines = connection.makefile('rb')
    name = lines.readline().strip()
    connection.sendall(b'* welcome, ' + name + b'\n')
    tell(b'* ' + name + b' joined\n')
    for line in lines: tell(name + b': ' + line)
take(chat)";

#[test]
fn a_server_that_is_kept_and_lives_is_asked_the_other_rules_too() {
    let server = Stranger::new(OWN_COPIES);
    let rules = ["--keep", "--rule", "together/own", "--rule", "start/listens", "--rule", "together/utf8"];
    let (code, text) = server.run("2", &rules);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("BROKEN together/own "), "{text}");
    assert!(text.contains("2 kept, 1 broken"), "{text}");
    assert_eq!(fs::read_to_string(server.folder.path().join("starts")).unwrap(), "x");
}

#[test]
fn a_server_that_is_silent_after_a_broken_rule_is_asked_nothing_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let mut checker = Command::new(env!("CARGO_BIN_EXE_chat-lab"));
    let done = checker.args(["check", &addr, "--patience", "0.1", "--rule", "start"]).output().unwrap();
    let text = unwrapped(&String::from_utf8(done.stdout).unwrap());
    assert!(text.contains("kept start/listens ") && text.contains("BROKEN start/second "), "{text}");
    assert!(text.contains("start/fifty it has been silent since start/second"), "{text}");
    assert_eq!(done.status.code(), Some(1));
}

#[test]
fn only_servers_in_a_private_network_are_graded_from_afar() {
    for (server, far, told) in [
        ("192.0.2.1:7667", false, "is not on this machine: the checker sends load and resets to loopback only (--far"),
        ("192.0.2.1:7667", true, "is not in a private network: only the owner of a server may grade it"),
        ("[2001:db8::1]:7667", true, "is not in a private network"),
    ] {
        let mut checker = Command::new(env!("CARGO_BIN_EXE_chat-lab"));
        let done = checker.args(["check", server]).args(far.then_some("--far")).output().unwrap();
        let text = unwrapped(&String::from_utf8(done.stderr).unwrap());
        assert!(done.status.code() == Some(2) && text.contains(told), "{server}: {text}");
    }
}

#[test]
fn what_cannot_be_started_gets_a_sentence_that_says_what_to_do() {
    let server = Stranger::new("");
    let script = server.folder.path().join("script");
    fs::write(&script, "#!/no/such/language\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for (command, told) in [
        ("pyhton3 server.py", "there is no program pyhton3: is it installed, and is its name right?"),
        ("./server.py", "./server.py is not executable: start it with python3 ./server.py, or do chmod +x"),
        ("./sever", "there is no file ./sever in "),
        ("python3 sever.py {port}", "with exit code 2: there is no file sever.py in "),
        ("./script", "its first line names a program that is not there"),
        ("python3 'server.py", "the quote ' is not closed in: python3 'server.py"),
    ] {
        let mut checker = Command::new(env!("CARGO_BIN_EXE_chat-lab"));
        let done = checker.args(["check", "--command", command]).current_dir(server.folder.path()).output().unwrap();
        let text = unwrapped(&String::from_utf8(done.stderr).unwrap());
        assert!(text.contains(told), "{command}: {text}");
    }
}
