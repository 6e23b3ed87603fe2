//! A database that is damaged while a server uses it: one line, one file or one search is refused, and all others are not.

use roomful::answer::Done;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::server_support::{Program, all_of, with_database};
use crate::support::{Courier, Peer, eventually};

/// A server with lines in `#a`, all of them in the index; their speaker; and the database from outside.
fn with_lines() -> (Program, Peer, Connection, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("roomful.db");
    let program = Program::spawn(&mut with_database(&data));
    let mut ann = program.peer("ann", "#a");
    ["one word", "two words", "three words"].iter().for_each(|text| assert!(ann.say("#a", text) > 0));
    assert_eq!(found(&mut ann), Some(2));
    (program, ann, Connection::open(data).unwrap(), folder)
}

/// How many lines with `words` are found, if searching is possible.
fn found(peer: &mut Peer) -> Option<usize> {
    match peer.ask("search", json!({"room": "#a", "text": "words"})) {
        Ok(Done::Search { messages, .. }) => Some(messages.len()),
        Err(_) => None,
        other => panic!("{other:?}"),
    }
}

/// protocol.md, *What is stored*: a speaker is refused only what cannot be stored.
#[test]
fn a_damaged_index_of_words_holds_nobody_back_and_is_made_anew() {
    let (mut program, mut ann, database, _folder) = with_lines();
    let mut bob = program.peer("bob", "#a");
    database.execute_batch("UPDATE words_data SET block = x'ffffffffffffffffffff'").unwrap();
    ann.send("delete", json!({"room": "#a", "seq": 2, "tag": "gone"}));
    bob.send("say", json!({"room": "#a", "text": "more words", "tag": "more"}));
    assert!(matches!(ann.answer("gone"), Ok(Done::Delete { .. })));
    assert!(matches!(bob.answer("more"), Ok(Done::Say { seq: 4, .. })));
    program.shows("the index of words was damaged, and is made anew");
    eventually("everything is found again", || found(&mut bob) == Some(2));
    assert_eq!(bob.say("#a", "and on"), 5);
    assert_eq!(program.stop().code, Some(0));
}

/// protocol.md, *What is stored*: a number is never given twice, and nothing is written over.
#[test]
fn a_number_that_is_taken_is_refused_to_its_speaker_and_the_others_are_stored() {
    let (mut program, mut ann, database, _folder) = with_lines();
    let mut bob = program.peer("bob", "#a");
    let sql = "INSERT INTO message (id, time, identity, nick, text, kind, deleted)
        SELECT id + 1, time, identity, nick, 'another''s', kind, deleted FROM message ORDER BY id DESC LIMIT 1";
    database.execute_batch(sql).unwrap();
    ann.send("say", json!({"room": "#a", "text": "lost", "tag": "lost"}));
    bob.send("say", json!({"room": "#a", "text": "kept", "tag": "kept"}));
    // Either of them may have come first.
    let answers = [ann.answer("lost"), bob.answer("kept")];
    let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert_eq!(refused.len(), 1, "{answers:?}");
    assert_eq!(refused[0].code, "not-kept");
    assert!(refused[0].value.contains("will not be kept"), "{refused:?}");
    program.shows("the number 4 in place");
    // Said again it is not answered as if it were stored.
    let (peer, tag) = if answers[0].is_err() { (&mut ann, "lost") } else { (&mut bob, "kept") };
    peer.send("say", json!({"room": "#a", "text": "once more", "tag": tag}));
    assert!(matches!(peer.answer(tag), Ok(Done::Say { seq: 6, again: false, .. })));
    let all = all_of(&mut bob, "#a");
    assert_eq!(all.iter().map(|message| message.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(&*all[3].text, "another's");
}

/// protocol.md, *Files*: all bytes, or the end of the connection.
#[test]
fn a_file_that_has_lost_bytes_is_broken_off_and_not_empty() {
    let (_program, mut ann, database, _folder) = with_lines();
    let (file, _) = ann.sends_file("#a", "cat.txt", &[b'x'; 100]);
    database.execute_batch("DELETE FROM piece").unwrap();
    let (_, url) = ann.finds_file(file);
    let mut courier = Courier::new(ann.wire.server());
    courier.begins("GET", &url, &[]);
    assert_eq!(courier.reply(true), None, "the connection ends before the bytes that were announced");
}

/// protocol.md, *What is stored*: `not-taken` is what nobody heard.
#[test]
fn if_nothing_can_be_stored_any_more_nobody_is_heard_until_it_can() {
    let (mut program, mut ann, database, _folder) = with_lines();
    let say = |ann: &mut Peer| ann.ask("say", json!({"room": "#a", "text": "hello"}));
    database.execute_batch("ALTER TABLE numbers RENAME TO other").unwrap();
    // This one is heard before it is known.
    assert_eq!(ann.code("topic", json!({"room": "#a", "topic": "of the day"})), "not-kept");
    let line = program.shows("who speaks is refused");
    assert!(line.contains("no such table: numbers"), "{line}");
    eventually("a refusal before it is heard", || say(&mut ann).is_err_and(|refusal| refusal.code == "not-taken"));
    database.execute_batch("ALTER TABLE other RENAME TO numbers").unwrap();
    program.shows("what is said is kept again");
    eventually("it is kept", || say(&mut ann).is_ok());
}
