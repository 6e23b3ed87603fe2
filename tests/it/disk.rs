//! The disk under the server program: links, rights, files that are moved away, copies that were killed, a slow end, a clock that jumps.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use roomful::answer::Done;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::client_support::finish;
use crate::server_support::{Program, all_of, server, with_database};
use crate::support::{Peer, Refusal, eventually, sha256};

/// The database cannot be made or used.
const EXIT_STORE: i32 = 73;

/// It has stopped, and not everything is in the database.
const EXIT_UNKEPT: i32 = 75;

fn run(command: &mut Command) -> (i32, String, String) {
    finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// Starting with this command fails with one line that has these words.
fn is_refused(command: &mut Command, words: &str) {
    let (code, out, err) = run(command);
    assert_eq!((code, out.as_str(), err.lines().count()), (EXIT_STORE, "", 1), "{words}: {err}");
    assert!(err.contains(words), "{words}: {err}");
}

fn data() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    (folder, data)
}

fn says(peer: &mut Peer, text: &str) -> Result<Done, Refusal> {
    peer.ask("say", json!({"room": "#a", "text": text}))
}

/// README, What is stored: what was answered `ok` is in that file.
#[test]
fn no_second_server_gets_to_a_file_by_another_of_its_names() {
    let (folder, data) = data();
    let program = Program::spawn(&mut with_database(&data));
    let mut ann = program.peer("ann", "#a");
    ann.say("#a", "one");
    let (soft, hard) = (folder.path().join("soft.db"), folder.path().join("hard.db"));
    symlink(&data, &soft).unwrap();
    is_refused(&mut with_database(&soft), "another server uses the database");
    fs::hard_link(&data, &hard).unwrap();
    is_refused(&mut with_database(&hard), "has more names than one (hard links)");
    assert_eq!(ann.say("#a", "two"), 2);
    drop(ann);
    assert_eq!(program.stop().code, Some(0));
    fs::remove_file(hard).unwrap();
    let program = Program::spawn(&mut with_database(&soft));
    assert_eq!(all_of(&mut program.peer("reader", "#a"), "#a").len(), 2);
}

/// The server program without the right to write to everything that root has.
fn bound_by_rights(data: &Path) -> Option<Command> {
    let less = ["--bounding-set", "-dac_override", "--"];
    let possible = Command::new("setpriv").args(less).arg("true").stderr(Stdio::null()).status();
    if !possible.is_ok_and(|status| status.success()) {
        eprintln!("skipped: whoever runs this may write to everything");
        return None;
    }
    let server = with_database(data);
    let mut command = Command::new("setpriv");
    command.args(less).arg(server.get_program()).args(server.get_args()).env_remove("CHAT_SERVER_MEMORY");
    Some(command)
}

#[test]
fn a_file_or_folder_that_cannot_be_written_to_is_refused_before_anybody_comes() {
    let (folder, data) = data();
    assert_eq!(Program::spawn(&mut with_database(&data)).stop().code, Some(0));
    let Some(mut command) = bound_by_rights(&data) else { return };
    let may = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for (path, mode, before) in [(&*data, 0o444, 0o600), (folder.path(), 0o555, 0o700)] {
        may(path, mode);
        let refused = run(&mut command);
        may(path, before);
        assert_eq!((refused.0, &*refused.1, refused.2.lines().count()), (EXIT_STORE, "", 1), "{}", refused.2);
        assert!(refused.2.contains("may not be written to: change its permissions"), "{}", refused.2);
    }
}

/// README, What is stored: what was answered `ok` is in that file.
#[test]
fn nothing_is_answered_ok_while_the_file_is_moved_away_and_when_it_is_back_all_goes_on() {
    let (folder, data) = data();
    let mut program = Program::spawn(with_database(&data).args(["--keep-patience", "1"]));
    let (mut ann, mut bob) = (program.peer("ann", "#a"), program.peer("bob", "#a"));
    ann.say("#a", "before");
    let away = folder.path().join("away.db");
    fs::rename(&data, &away).unwrap();
    assert_eq!(says(&mut ann, "meanwhile").unwrap_err().code, "not-kept");
    let line = program.shows("was moved or removed while the server uses it");
    assert!(line.contains("move it back, or stop the server and restore a backup"), "{line}");
    let refusal = says(&mut bob, "not heard").unwrap_err();
    assert_eq!((&*refusal.code, &*refusal.value), ("not-taken", "the server's database was moved or removed"));
    fs::rename(&away, &data).unwrap();
    program.shows("what is said is kept again");
    assert_eq!(ann.say("#a", "after"), 3);
    program.signal("KILL");
    let program = Program::spawn(&mut with_database(&data));
    let all = all_of(&mut program.peer("reader", "#a"), "#a");
    assert!(all.iter().map(|message| &*message.text).eq(["before", "meanwhile", "after"]), "{all:?}");
}

/// README: a backup is checked, and nothing is ever overwritten.
#[test]
fn what_a_killed_backup_left_behind_is_in_no_other_backups_way() {
    let (folder, data) = data();
    assert_eq!(Program::spawn(&mut with_database(&data)).stop().code, Some(0));
    let left = ["monday.db.part", "monday.db.Ab3dE6.part", "monday.db.Ab3dE6.part-journal", "monday.db.own.part"];
    left.iter().for_each(|name| fs::write(folder.path().join(name), "half").unwrap());
    let copy = folder.path().join("monday.db");
    let (code, out, err) =
        run(server().env_remove("CHAT_SERVER_MEMORY").args(["backup", "--data"]).args([&data, &copy]));
    assert_eq!((code, &*err), (0, ""), "{out}");
    let mut names: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.starts_with("monday"));
    names.sort();
    let kept = ["monday.db", "monday.db.own.part", "monday.db.part"];
    assert_eq!(names, kept, "what only we can have left is removed, and nothing else");
}

/// docs/limits.md, `stop-keep`.
#[test]
fn a_disk_that_does_not_answer_holds_up_the_end_only_as_long_as_it_may() {
    let (_folder, data) = data();
    let program = Program::spawn(with_database(&data).args(["--stop-keep", "1", "--stop", "100"]));
    let disk = Connection::open(&data).unwrap();
    let mut ann = program.peer("ann", "#a");
    ann.say("#a", "kept");
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    ann.send("say", json!({"room": "#a", "text": "not kept", "tag": "x"}));
    ann.wait(|event| matches!(event, roomful::event::Event::Message(message) if &*message.text == "not kept"));
    let ended = program.stop();
    assert_eq!(ended.code, Some(EXIT_UNKEPT), "{}", ended.err);
    assert!(ended.err.contains("not in the database: the last ") && ended.err.contains("none of them was answered ok"));
    assert!(ended.out.last().unwrap().contains("database not closed in time"), "{:?}", ended.out);
    drop(disk);
    let program = Program::spawn(&mut with_database(&data));
    assert_eq!(all_of(&mut program.peer("reader", "#a"), "#a").len(), 1);
}

/// Protocol, tags: what was carried out is answered with what it made the first time, over a restart.
#[test]
fn a_finish_that_is_sent_again_after_a_restart_is_answered_with_its_file() {
    let (_folder, data) = data();
    let program = Program::spawn(&mut with_database(&data));
    let (mut ann, mut bob) = (program.peer("ann", "#a"), program.peer("bob", "#a"));
    let mut made = Vec::new();
    for (place, tag) in [("#a", "one"), ("@bob", "two")] {
        let (upload, url) = ann.offers(place, "cat.txt", 3);
        assert_eq!(ann.puts(&url, b"cat").status, 201);
        ann.send("finish", json!({"upload": upload, "sha256": sha256(b"cat"), "tag": tag}));
        made.push((tag, ann.answer(tag).unwrap()));
    }
    bob.sync();
    let resume = std::mem::take(&mut ann.resume);
    program.signal("KILL");
    let program = Program::spawn(&mut with_database(&data));
    let mut ann = Peer::new(program.wire());
    ann.hello(json!({"nick": "ann", "resume": resume, "rooms": ["#a"]})).unwrap();
    for (tag, before) in made {
        ann.send("finish", json!({"upload": 1, "sha256": "00", "tag": tag}));
        let Done::Finish { room, seq, time, file, again: false } = before else { panic!("{before:?}") };
        assert_eq!(ann.answer(tag).unwrap(), Done::Finish { room, seq, time, file, again: true });
    }
}

/// Lines of a month ago in `#a`, in a database that was used last then.
fn of_a_month_ago() -> (TempDir, PathBuf) {
    let (folder, data) = data();
    let program = Program::spawn(&mut with_database(&data));
    let mut ann = program.peer("ann", "#a");
    (1..=5).for_each(|line| assert_eq!(ann.say("#a", "a line"), line));
    drop(ann);
    assert_eq!(program.stop().code, Some(0));
    let ago = "SELECT unixepoch() * 1000 - 31 * 86400000";
    let sql = format!("UPDATE message SET time = ({ago}); UPDATE clock SET known = ({ago})");
    Connection::open(&data).unwrap().execute_batch(&sql).unwrap();
    (folder, data)
}

/// How many lines there are in `#a`.
fn count(reader: &mut Peer) -> usize {
    match reader.ask("history", json!({"room": "#a", "after": 0, "limit": 100})) {
        Ok(Done::History(page)) => page.messages.len(),
        other => panic!("{other:?}"),
    }
}

/// docs/limits.md, `clock-settle`: that the clock is ahead and that the server was off look the same.
#[test]
fn a_clock_that_is_a_month_ahead_deletes_nothing_before_it_has_stood_by_that() {
    let (_folder, data) = of_a_month_ago();
    let program = Program::spawn(with_database(&data).args(["--history-days", "30", "--history-size", "3"]));
    let mut reader = program.peer("reader", "#a");
    // What is too much is deleted in the same step as what is too old.
    eventually("the look for what is too much", || count(&mut reader) < 5);
    assert_eq!(count(&mut reader), 3);
    drop(reader);
    assert_eq!(program.stop().code, Some(0));
    let program = Program::spawn(with_database(&data).args(["--history-days", "30", "--clock-settle", "off"]));
    let mut reader = program.peer("reader", "#a");
    eventually("what is too old is deleted", || count(&mut reader) == 0);
}

/// The version of the schema before this one ordered messages and tags by the clock.
#[test]
fn an_older_database_is_brought_up_with_its_tags() {
    let (_folder, data) = data();
    let program = Program::spawn(&mut with_database(&data));
    let mut ann = program.peer("ann", "#a");
    ann.send("say", json!({"room": "#a", "text": "once", "tag": "once"}));
    ann.answer("once").unwrap();
    let resume = std::mem::take(&mut ann.resume);
    drop(ann);
    assert_eq!(program.stop().code, Some(0));
    let older = "ALTER TABLE room DROP COLUMN topic_by; ALTER TABLE room DROP COLUMN topic_time; DROP TABLE voice; ALTER TABLE message RENAME COLUMN kind TO me; ALTER TABLE account DROP COLUMN about; ALTER TABLE restriction DROP COLUMN mask; DROP TABLE cloak; DROP INDEX message_deleted; ALTER TABLE message DROP COLUMN late; ALTER TABLE said DROP COLUMN late; DROP TABLE span; ALTER TABLE file DROP COLUMN width; ALTER TABLE file DROP COLUMN height; PRAGMA user_version = 2";
    Connection::open(&data).unwrap().execute_batch(older).unwrap();
    let program = Program::spawn(&mut with_database(&data));
    let mut ann = Peer::new(program.wire());
    ann.hello(json!({"nick": "ann", "resume": resume, "rooms": ["#a"]})).unwrap();
    ann.send("say", json!({"room": "#a", "text": "once", "tag": "once"}));
    assert!(matches!(ann.answer("once"), Ok(Done::Say { again: true, .. })));
}
