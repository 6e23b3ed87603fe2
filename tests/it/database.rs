//! The database of the server program as files: what it refuses to touch, one server at a time, copies, restarts, and doing without.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use roomful::answer::Done;
use roomful::event::Event;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::client_support::{client, finish};
use crate::server_support::{Program, all_of, server, with_database};
use crate::support::{Got, Peer, Wire, eventually};

/// The database cannot be made or used.
const EXIT_STORE: i32 = 73;

fn run(command: &mut Command) -> (i32, String, String) {
    finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// Starting on this file fails with one line that has these words; the file is as it was.
fn is_refused(data: &Path, words: &str) {
    let before = fs::read(data).ok();
    let (code, out, err) = run(&mut with_database(data));
    assert_eq!((code, out.as_str()), (EXIT_STORE, ""), "{err}");
    assert!(err.starts_with("chat-server: ") && err.contains(words) && err.lines().count() == 1, "{words:?}: {err}");
    assert_eq!(fs::read(data).ok(), before, "{words:?}: the file is as it was");
}

/// A database with messages in `#a`, closed in order.
fn filled() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    let program = Program::spawn(&mut with_database(&data));
    let mut ann = program.peer("ann", "#a");
    (0..50).for_each(|_| assert!(ann.say("#a", &"words ".repeat(100)) > 0));
    drop(ann);
    assert_eq!(program.stop().code, Some(0));
    (folder, data)
}

fn count(data: &Path, room: &str) -> usize {
    let program = Program::spawn(&mut with_database(data));
    all_of(&mut program.peer("reader", room), room).len()
}

#[test]
fn a_path_that_can_have_no_database_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    is_refused(&file.join("roomful.db"), "there is no folder for the database");
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    is_refused(&folder.path().join("missing/roomful.db"), "make the folder, or name another path");
    is_refused(folder.path(), "is a folder: name a file in it");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was made");
}

#[test]
fn a_database_that_cannot_be_right_is_refused_and_left_as_it_is() {
    let (_folder, data) = filled();
    let good = fs::read(&data).unwrap();
    let mut bad = good.clone();
    let (from, to) = (bad.len() / 3, bad.len() / 3 * 2);
    bad[from..to].fill(0xff);
    fs::write(&data, &bad).unwrap();
    is_refused(&data, "is damaged");
    bad = good.clone();
    bad[..100].fill(b'?');
    fs::write(&data, &bad).unwrap();
    is_refused(&data, "is not a database of this program, or its beginning is damaged");
    fs::write(&data, &good[..good.len() / 2]).unwrap();
    is_refused(&data, "restore a backup made with `chat-server backup`");
    fs::write(&data, &good).unwrap();
    assert_eq!(count(&data, "#a"), 50, "the good one is taken");
}

#[test]
fn a_newer_database_and_that_of_another_program_are_refused_and_left_as_they_are() {
    let (folder, data) = filled();
    let newer = Connection::open(&data).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    newer.close().unwrap();
    is_refused(&data, "has version 99, and this program knows versions up to");
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE recipe (name TEXT)").unwrap();
    is_refused(&other, "is not a database of this program");
    let text = folder.path().join("text.db");
    fs::write(&text, "Dear diary, ".repeat(1_000)).unwrap();
    is_refused(&text, "is not a database of this program");
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_read_only_is_refused_with_what_to_do() {
    let (folder, data) = filled();
    let namespaces = Command::new("unshare").args(["-rm", "true"]).stderr(Stdio::null()).status();
    if !namespaces.is_ok_and(|status| status.success()) {
        return eprintln!("skipped: no mount namespace to be had for a read-only folder");
    }
    let before = fs::read(&data).unwrap();
    for name in ["roomful.db", "new.db"] {
        let server = with_database(&folder.path().join(name));
        let mut command = Command::new("unshare");
        let mount = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@""#;
        command.args(["-rm", "sh", "-c", mount]).arg(folder.path());
        command.env_remove("CHAT_SERVER_MEMORY").arg(server.get_program()).args(server.get_args());
        let (code, out, err) = run(&mut command);
        assert_eq!((code, out.as_str(), err.lines().count()), (EXIT_STORE, "", 1), "{name}: {err}");
        assert!(err.contains("may not be written to: change its permissions, or name another path"), "{name}: {err}");
    }
    assert_eq!(fs::read(&data).unwrap(), before);
}

#[test]
fn a_second_server_on_the_same_file_is_refused_and_the_first_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    let program = Program::spawn(&mut with_database(&data));
    let mut ann = program.peer("ann", "#a");
    ann.say("#a", "one");
    let (code, out, err) = run(&mut with_database(&data));
    assert_eq!((code, out.as_str()), (EXIT_STORE, ""), "{err}");
    assert!(err.contains("another server uses the database") && err.lines().count() == 1, "{err}");
    assert_eq!(ann.say("#a", "two"), 2);
    drop(ann);
    assert_eq!(program.stop().code, Some(0));
    assert_eq!(count(&data, "#a"), 2, "and a third takes it up");
}

fn backup(data: &Path, to: &Path) -> (i32, String, String) {
    run(server().env_remove("CHAT_SERVER_MEMORY").args(["backup", "--data"]).args([data, to]))
}

#[cfg(unix)]
#[test]
fn a_copy_made_under_load_opens_and_has_what_was_answered_before_and_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (folder.path().join("roomful.db"), folder.path().join("monday.db"));
    let program = Program::spawn(&mut with_database(&data));
    let (answers, mut ann) = (AtomicU64::new(0), program.peer("ann", "#a"));
    let say = |line: u64| format!("{}\n", json!({"type": "say", "room": "#a", "text": format!("{line}")}));
    let had = thread::scope(|scope| {
        let speaking = scope.spawn(|| {
            let mut line = 0;
            while ann.wire.try_send((0..20).map(|i| say(line + i)).collect::<String>()).is_ok() {
                line += 20;
                while answers.load(Ordering::Relaxed) < line {
                    let Got::Line(line) = ann.wire.get() else { return };
                    answers.fetch_add(u64::from(line.contains("\"type\":\"ok\"")), Ordering::Relaxed);
                }
            }
        });
        eventually("answers", || answers.load(Ordering::Relaxed) > 500);
        let had = answers.load(Ordering::Relaxed);
        let (code, out, err) = backup(&data, &copy);
        let then = answers.load(Ordering::Relaxed);
        eventually("more answers", || answers.load(Ordering::Relaxed) > then + 100);
        program.signal("KILL");
        speaking.join().unwrap();
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains("monday.db is a copy of"), "{out}");
        had
    });
    let bytes = fs::read(&copy).unwrap();
    let (code, out, err) = backup(&data, &copy);
    assert_eq!((code, out.as_str(), err.lines().count()), (EXIT_STORE, "", 1), "{err}");
    assert!(err.contains("is there already and is not overwritten"), "{err}");
    assert_eq!(fs::read(&copy).unwrap(), bytes);
    let in_copy = count(&copy, "#a") as u64;
    assert!(in_copy >= had, "{in_copy} of {had}");
    let stopped = folder.path().join("stopped.db");
    assert_eq!(backup(&data, &stopped).0, 0, "also of a file whose server was killed");
    assert_eq!(count(&stopped, "#a"), count(&data, "#a"));
    let missing = folder.path().join("missing.db");
    assert_eq!(backup(&missing, &folder.path().join("none.db")).0, EXIT_STORE);
    assert!(!missing.exists() && !folder.path().join("none.db").exists());
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn without_a_word_the_database_is_in_the_working_folder_and_with_memory_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = server();
    command.args(["--listen", "127.0.0.1:0"]).current_dir(folder.path()).stdin(Stdio::piped());
    let program = Program::spawn(&mut command);
    program.peer("ann", "#a").say("#a", "nowhere");
    assert!(!program.stop().out.last().unwrap().contains("database"));
    assert_eq!(names(folder.path()), [""; 0]);
    let program = Program::spawn(command.env_remove("CHAT_SERVER_MEMORY"));
    program.peer("ann", "#a").say("#a", "here");
    assert_eq!(program.stop().code, Some(0));
    assert_eq!(names(folder.path()), ["roomful.db", "roomful.db.lock"], "no log is left when it is closed in order");
}

/// A user without rights to the database can chat nevertheless.
#[test]
fn b2_the_client_does_not_mind_a_database_it_cannot_read() {
    let program = Program::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    // A folder of that name can be read as a file by nobody, also not by root.
    fs::create_dir(folder.path().join("roomful.db")).unwrap();
    let mut bob = program.peer("bob", "#lobby");
    let mut command = client();
    command.args(["--server", &program.addr.to_string(), "--nick", "ann"]).current_dir(folder.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"hello\n").unwrap();
    let (code, _, err) = finish(child);
    assert_eq!(code, 0, "{err}");
    bob.wait(|event| matches!(event, Event::Message(message) if &*message.text == "hello"));
    assert_eq!(names(folder.path()), ["roomful.db"]);
}

#[test]
fn after_a_stop_in_order_everything_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    let program = Program::spawn(&mut with_database(&data));
    let (mut ann, mut bob) = (program.peer("ann", "#a"), program.peer("bob", "#a"));
    let made = ann.join("#b").made;
    ann.ask("register", json!({"password": "correct horse"})).unwrap();
    ann.ask("topic", json!({"room": "#b", "topic": "of the day"})).unwrap();
    (1..=150).for_each(|line| assert_eq!(ann.say("#b", &format!("line {line}")), line));
    bob.ask("register", json!({"password": "battery staple"})).unwrap();
    assert!(bob.ask("msg", json!({"to": "ann", "text": "between us"})).is_ok());
    let ended = program.stop();
    let last = ended.out.last().unwrap();
    assert!(last.starts_with("stopped: ") && last.contains("database closed, all threads joined"), "{last}");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let program = Program::spawn(&mut with_database(&data));
    let mut ann = Peer::new(Wire::connect(program.addr));
    ann.hello(json!({"nick": "ann", "password": "correct horse", "rooms": []})).unwrap();
    let shown = ann.join("#b");
    assert_eq!((shown.made, shown.seq, shown.topic.as_deref()), (made, 150, Some("of the day")));
    let all = all_of(&mut ann, "#b");
    assert!(
        all.iter()
            .map(|message| (message.seq, message.text.to_string()))
            .eq((1..=150).map(|i| (i, format!("line {i}"))))
    );
    let between = all_of(&mut ann, "@bob");
    assert_eq!((between.len(), &*between[0].text), (1, "between us"));
    assert_eq!(ann.say("#b", "on it goes"), 151);
    match ann.ask("search", json!({"room": "#b", "text": "\"line 149\""})) {
        Ok(Done::Search { messages, more: false, .. }) => assert_eq!(messages[0].seq, 149),
        other => panic!("{other:?}"),
    }
}
