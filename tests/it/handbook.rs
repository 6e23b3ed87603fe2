//! The pages as a reader tries them: dialogues typed, the smallest client run, threads counted. Knows no JSON beside what is on the pages.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use serde_json::json;

use crate::client_support::client;
use crate::server_support::{Program, server, with_database};
use crate::support::{DEADLINE, LinePeer, Peer, TestServer, eventually};

const PROTOCOL: &str = include_str!("../../docs/protocol.md");
const THREADS: &str = include_str!("../../docs/threads.md");
const LIMITS: &str = include_str!("../../docs/limits.md");
const README: &str = include_str!("../../README.md");

/// The block after `before` on the page about the protocol, marked as `kind`.
fn block(before: &str, kind: &str) -> Vec<&'static str> {
    let (_, rest) = PROTOCOL.split_once(before).unwrap_or_else(|| panic!("{before:?} is not on the page"));
    let (_, rest) = rest.split_once(&format!("```{kind}\n")).expect("a block");
    rest.split_once("\n```").expect("its end").0.lines().collect()
}

/// A line as it is compared: whatever the time, the day and the name offered.
fn timeless(line: &str) -> String {
    let mut line = line.to_owned();
    let bytes = line.as_bytes();
    if bytes.len() > 6 && (bytes[0], bytes[3], bytes[6]) == (b'[', b':', b']') {
        line.replace_range(..7, "[time]");
    }
    if let Some(at) = line.find("Enter [") {
        line.truncate(at);
    }
    match line.split_once(", ") {
        Some((room, day)) if room.starts_with("--- #") && day.ends_with(" ---") => format!("{room} and a day"),
        _ => line,
    }
}

/// What Boris does, so that the next line of a dialogue is this one.
fn boris_does(boris: &mut Option<Peer>, line: &str) {
    let Some(peer) = boris else { return };
    let said = timeless(line);
    let said = said.strip_prefix("[time] ").unwrap_or(&said);
    let lobby = |text: &str| json!({"room": "#lobby", "text": text});
    if let Some(text) = said.strip_prefix("Boris to anna only: ") {
        peer.does("msg", json!({"to": "anna", "text": text}));
    } else if let Some(text) = said.trim_start_matches("#lobby ").strip_prefix("Boris: ") {
        peer.does("say", lobby(text));
    } else if let Some(text) = said.strip_prefix("* Boris is away: ") {
        peer.does("away", json!({"text": text}));
    } else if said == "* Boris left (quit)" {
        peer.does("quit", json!({}));
        *boris = None;
    } else if let Some(text) = said.strip_prefix("* Boris ") {
        peer.does("me", lobby(text));
    }
}

/// Types what a dialogue has after `>`, and is shown what it has after `<`, line by line.
fn play(nc: &mut LinePeer, boris: &mut Option<Peer>, dialogue: &[&str]) {
    let mut earlier = false;
    for line in dialogue {
        if let Some(typed) = line.strip_prefix("> ") {
            nc.types(typed);
            continue;
        }
        let shown = line.strip_prefix("< ").unwrap_or_else(|| panic!("{line:?} has no mark"));
        earlier = (earlier || shown.starts_with("--- #")) && !shown.starts_with("--- now");
        if !earlier {
            boris_does(boris, shown);
        }
        assert_eq!(timeless(&nc.line()), timeless(shown), "after {line:?}");
    }
}

/// Boris, in the lobby, with one line said.
fn boris(server: &TestServer) -> Option<Peer> {
    let mut boris = server.login_in("Boris", "#lobby");
    boris.say("#lobby", "anybody for chess?");
    Some(boris)
}

/// protocol.md, *The line dialect*: what is typed into `nc -N` is answered as the page shows.
#[test]
fn a_script_on_the_line_front_is_answered_as_the_page_says() {
    let server = TestServer::with_database();
    let mut nc = server.nc();
    let typed = PROTOCOL.split_once("`printf '").and_then(|(_, rest)| rest.split_once('\'')).expect("it is there").0;
    nc.wire.send(typed.replace("\\n", "\n"));
    nc.wire.half_close();
    assert_eq!(nc.rest(), block("`printf '", "text"));
}

/// protocol.md, *The line dialect*: the conversation goes as the page shows it.
#[test]
fn a_conversation_on_the_line_front_goes_as_the_page_says() {
    let server = TestServer::with_database();
    let mut boris = boris(&server);
    play(&mut server.nc(), &mut boris, &block("A conversation; ", "text"));
}

/// protocol.md, *The line dialect*: an account is made, and come back to, as the page shows.
#[test]
fn an_account_on_the_line_front_is_made_and_come_back_to_as_the_page_says() {
    let server = TestServer::with_database();
    let mut boris = boris(&server);
    let mut anna = server.nc_login("anna");
    play(&mut anna, &mut boris, &block("\nAn account; ", "text"));
    anna.rest();
    play(&mut server.nc(), &mut boris, &block("\nAnd later:", "text"));
}

/// protocol.md: the client on top of the page is ten lines, and does what it says.
#[cfg(unix)]
#[test]
fn the_smallest_client_of_the_page_connects_says_a_line_and_prints_what_comes() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#lobby");
    let lines = block("The smallest client", "python");
    assert!(lines.iter().filter(|line| !line.is_empty()).count() <= 10, "it is called a client of ten lines");
    let code = lines.join("\n").replace("7667", &server.addr().port().to_string());
    let mut python = Command::new("python3");
    let python = python.args(["-c", &code]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut python = python.expect("python3; scripts/test.sh installs it");
    let (sender, shown) = channel();
    let out = BufReader::new(python.stdout.take().expect("it is piped"));
    let reading = thread::spawn(move || {
        out.lines().map_while(Result::ok).take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
    });
    let heard = ann.wait(|event| matches!(event, roomful::event::Event::Message(_)));
    let first = shown.recv_timeout(DEADLINE);
    ann.say("#lobby", "hello tiny");
    let second = shown.recv_timeout(DEADLINE);
    python.kill().expect("it runs");
    python.wait().expect("it was killed");
    reading.join().expect("its pipe is closed");
    assert!(matches!(heard, roomful::event::Event::Message(message) if &*message.from == "tiny"));
    assert_eq!(first.as_deref(), Ok("#lobby tiny: hello from ten lines of Python"));
    assert_eq!(second.as_deref(), Ok("#lobby ann: hello tiny"));
}

/// The names of a process's threads, without their numbers.
#[cfg(unix)]
fn threads(process: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("Linux");
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.map(|name| name.trim().trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()).collect()
}

/// threads.md, *The threads*: every thread of the server and of the client is in the table.
#[cfg(unix)]
#[test]
fn every_thread_of_the_programs_is_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::spawn(&mut with_database(&folder.path().join("roomful.db")));
    let _peer = program.peer("ann", "#a");
    let mut client = client();
    let client = client.args(["--server", &program.addr.to_string(), "--nick", "vera"]);
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut running = [Vec::new(), Vec::new()];
    eventually("the client reads, and takes signals", || {
        running = [threads(program.id()), threads(client.id())];
        ["reader", "ctrl-c"].iter().all(|name| running[1].iter().any(|own| own == name))
    });
    client.kill().unwrap();
    client.wait().unwrap();
    for (mains, running) in ["chat-server", "chat-client"].into_iter().zip(running) {
        assert!(running.iter().any(|name| name == "ctrl-c"), "{running:?}");
        for name in running.iter().filter(|name| **name != mains) {
            let is_told = THREADS.lines().any(|line| line.starts_with("| `") && line.contains(&format!("`{name}")));
            assert!(is_told, "{name} of {mains} is not in the table of docs/threads.md");
        }
    }
}

/// The same of the source: also those that are there only for a while.
#[cfg(unix)]
#[test]
fn every_thread_that_the_source_names_is_on_the_page() {
    const STARTS: [&str; 4] = ["new().name(\"", "crew.spawn(\"", "Errand::start(\"", "Outlet::open(\""];
    let mut names = 0;
    for (path, text) in crate::tidy::sources().into_iter().filter(|(path, _)| path.starts_with("src/")) {
        let text = crate::tidy::before_tests(&text);
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for name in lines.flat_map(|line| STARTS.iter().filter_map(move |start| line.split_once(start))) {
            let name = name.1.split('"').next().unwrap_or_default();
            let is_told = THREADS.lines().any(|line| line.starts_with("| `") && line.contains(&format!("`{name}`")));
            assert!(is_told, "{name} of {path} is not in the table of docs/threads.md");
            names += 1;
        }
    }
    assert!(names >= 10, "only {names} threads were found in the source");
}

/// limits.md: what `off` does instead of lifting the limit, if the row says so.
#[test]
fn files_of_no_bytes_at_most_are_no_files_as_the_page_says() {
    assert!(LIMITS.contains("With `off` no file is taken at all."));
    let server = TestServer::with_database_and(|limits| limits.set("file-bytes", "off").unwrap());
    let mut ann = server.login_in("ann", "#a");
    for size in [1, 1_000] {
        let refusal = ann.code("offer", json!({"room": "#a", "name": "a", "size": size}));
        assert_eq!(refusal, "file-too-large");
    }
    eventually("nothing is left of it", || server.hub().sessions() == 1);
}

/// README, *The first minute* and *In a classroom*: but for the file, the port, the addresses, the code and the time.
#[cfg(unix)]
#[test]
fn the_screen_of_the_server_is_as_the_readme_shows_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("roomful.db");
    for (heading, listen, ends) in
        [("## The first minute", "127.0.0.1:0", "  first op"), ("## In a classroom", "0.0.0.0:0", "  page")]
    {
        let mut command = server();
        command.env_remove("CHAT_SERVER_MEMORY").args(["--listen", listen, "--data"]).arg(&data).stdin(Stdio::null());
        let program = Program::spawn(&mut command);
        let (_, shown) = README.split_once(heading).expect("it is there");
        let (_, shown) = shown.split_once("```text\n").expect("a screen");
        for line in shown.lines().take_while(|line| !line.starts_with(ends)) {
            let line = line.replace("7667", &program.addr.port().to_string());
            let line = line.replace("roomful.db", data.to_str().expect("a path"));
            // How the client is started depends on where the server's program lies.
            let words = line.find("--server").map_or(&*line, |at| &line[at..]);
            assert_eq!(program.count(words), 1, "{words:?}");
        }
        assert_eq!(program.count(ends), 1, "{ends:?}");
        program.stop();
    }
}

/// A link in the pages leads to a file of this repository, or to another site.
#[test]
fn each_link_in_the_pages_leads_to_a_file_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = fs::read_dir(root.join("docs")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let pages = pages.chain(["README.md", "CHANGELOG.md"].map(|name| root.join(name)));
    let mut found = 0;
    for page in pages.filter(|path| path.extension().is_some_and(|kind| kind == "md")) {
        let text = fs::read_to_string(&page).expect("a page");
        let targets = text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
        for target in targets.filter(|target| !target.starts_with("http")) {
            let path = target.split('#').next().expect("a path");
            assert!(page.with_file_name(path).exists(), "{}: {target}", page.display());
            found += 1;
        }
    }
    assert!(found > 20, "only {found} links were found");
}
