//! A damaged index of words is rebuilt, and nothing else of the file is changed. Knows no chat.

use super::*;

/// A room with messages in the index, whose index means nothing any more.
fn damaged() -> Rig {
    let mut rig = Rig::with_room();
    rig.say(&["one word", "two words", "three words"]);
    rig.index();
    rig.writer().connection.execute_batch("UPDATE words_data SET block = x'ffffffffffffffffffff'").unwrap();
    rig.again();
    rig
}

/// What is in the way of `record`.
fn error(rig: &mut Rig, record: Record) -> StoreError {
    rig.writer().write(&[record]).unwrap_err()
}

#[test]
fn a_damaged_index_is_known_from_other_damage_and_never_passes() {
    let mut rig = damaged();
    let error = error(&mut rig, Record::MessageDeleted(PlaceId(1), 2));
    assert!(matches!(error, StoreError::Index(_)) && error.is_damage() && !error.may_pass(), "{error}");
    assert!(!rig.message(1, 2).unwrap().message.deleted);
}

#[test]
fn a_damaged_index_is_made_anew_and_everything_is_found_again() {
    let mut rig = damaged();
    let error = error(&mut rig, Record::MessageDeleted(PlaceId(1), 2));
    assert!(rig.writer().mend_index(&error).unwrap());
    rig.write([Record::MessageDeleted(PlaceId(1), 2)]);
    rig.index();
    assert_eq!((rig.found("word*"), rig.found("three"), rig.found("two")), (vec![3, 1], vec![3], vec![]));
    rig.again();
    assert_eq!(rig.found("one"), [1]);
}

#[test]
fn an_index_whose_settings_are_damaged_is_made_anew_too() {
    let mut rig = damaged();
    let sql = "DELETE FROM words_config; DELETE FROM words_data; DELETE FROM words_docsize";
    rig.writer().connection.execute_batch(sql).unwrap();
    rig.again();
    let error = error(&mut rig, Record::MessageDeleted(PlaceId(1), 1));
    assert!(matches!(error, StoreError::Index(_)), "{error}");
    assert!(rig.writer().mend_index(&error).unwrap());
    rig.again();
    rig.index();
    assert_eq!(rig.found("words"), [3, 2]);
}

#[test]
fn a_search_in_a_damaged_index_has_the_index_checked() {
    let mut rig = damaged();
    assert!(rig.writer().suspicion().is_none());
    rig.store().search("words", &[(PlaceId(1), label())], (None, None), 9).unwrap_err();
    assert!(matches!(rig.writer().suspicion(), Some(StoreError::Index(_))));
    assert!(rig.writer().suspicion().is_none(), "once");
}

#[test]
fn what_is_no_damage_of_the_index_leaves_it_alone() {
    let mut rig = Rig::with_room();
    rig.say(&["one word"]);
    rig.index();
    let path = rig.path();
    let elsewhere = StoreError::Damaged { path: path.clone(), what: "a table".to_owned() };
    for error in [elsewhere, StoreError::Full(path.clone()), StoreError::Foreign(path)] {
        assert!(!rig.writer().mend_index(&error).unwrap());
    }
    assert_eq!(rig.found("word"), [1]);
}

/// What is answered `ok` is on the disk, also after words were indexed and that went wrong.
#[test]
fn after_work_at_leisure_a_commit_waits_for_the_disk_again() {
    let mut rig = damaged();
    let level = |rig: &mut Rig| -> i64 {
        rig.writer().connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap()
    };
    let full = 2;
    rig.write([line(1, 4, "four")]);
    assert_eq!(level(&mut rig), full);
    let failed = rig.writer().at_leisure(|writer| {
        writer.connection.execute_batch("BEGIN").unwrap();
        Ok(())
    });
    failed.unwrap_err();
    assert_ne!(level(&mut rig), full, "SQLite changes nothing within a transaction");
    rig.writer().connection.execute_batch("COMMIT").unwrap();
    rig.write([line(1, 5, "five")]);
    assert_eq!(level(&mut rig), full);
}
