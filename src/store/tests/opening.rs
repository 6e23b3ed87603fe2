//! Opening, refusing to, running out of room, copying. Knows nothing of what is in the file.

use std::fs;
use std::path::Path;

use super::*;
use crate::command::{Bound, Page};
use crate::process::private::NAMES_HAVE_MEANINGS;

/// What is said when it does not open.
fn refusal(opened: Result<Opened, StoreError>) -> StoreError {
    match opened {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    }
}

#[test]
fn a_second_server_is_refused_until_the_first_has_ended() {
    let mut rig = Rig::with_room();
    let error = refusal(rig.try_open());
    assert!(matches!(error, StoreError::InUse(_)), "{error}");
    assert!(error.to_string().contains("another server uses the database"));
    let Opened { store, writer, .. } = rig.opened.take().unwrap();
    drop(store);
    assert!(matches!(refusal(rig.try_open()), StoreError::InUse(_)), "it is written to still");
    writer.close().unwrap();
    rig.open();
    assert_eq!(rig.snapshot().rooms.len(), 1);
}

#[test]
fn a_thread_can_own_the_writer_and_all_threads_share_the_store() {
    fn own<T: Send>() {}
    fn share<T: Send + Sync>() {}
    own::<Writer>();
    share::<Store>();
}

#[test]
fn what_was_stored_is_there_though_the_database_was_never_closed() {
    let rig = Rig::with_room();
    let left = rig.folder.path().join("left.db");
    // As after `kill -9`: the file and its log, as they are while the server runs.
    fs::copy(rig.path(), &left).unwrap();
    fs::copy(with_ending(&rig.path(), "-wal"), with_ending(&left, "-wal")).unwrap();
    assert_eq!(open(&left, &rig.in_force()).unwrap().snapshot.rooms.len(), 1);
}

/// Whether only its owner may read a file. On Windows the rights of its folder decide.
fn is_private(path: &Path) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777 == 0o600;
    #[cfg(windows)]
    path.is_file()
}

#[test]
fn closed_in_order_it_is_one_file_that_only_its_owner_reads() {
    let mut rig = Rig::with_room();
    rig.close();
    assert!(!with_ending(&rig.path(), "-wal").exists());
    assert!(is_private(&rig.path()));
}

#[test]
fn a_path_that_cannot_be_is_refused_with_what_to_do() {
    let rig = Rig::new();
    let folder = rig.folder.path();
    let said = |path: &Path| refusal(open(path, &rig.in_force())).to_string();
    assert!(said(folder).ends_with("is a folder: name a file in it for the database"));
    assert!(said(&folder.join("missing/a.db")).contains("there is no folder for the database"));
    assert!(said(&rig.path().join("a.db")).contains("there is no folder for the database"));
    let denied = StoreError::io(&folder.join("a.db"), &std::io::ErrorKind::ReadOnlyFilesystem.into());
    assert!(denied.to_string().contains("change its permissions"));
}

#[test]
fn a_file_of_something_else_is_refused_and_left_as_it_is() {
    let mut rig = Rig::new();
    rig.close();
    for (name, bytes) in [("short", &b"hello"[..]), ("long", &[b'x'; 9_000][..])] {
        let path = rig.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = refusal(open(&path, &rig.in_force()));
        assert!(matches!(error, StoreError::Foreign(_)), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    let path = rig.folder.path().join("browser.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE visits (url TEXT)").unwrap();
    let before = fs::read(&path).unwrap();
    let error = refusal(open(&path, &rig.in_force()));
    assert!(error.to_string().contains("is not a database of this program"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_version_is_refused_with_both_numbers() {
    let mut rig = Rig::with_room();
    rig.writer().connection.pragma_update(None, "user_version", 99).unwrap();
    rig.close();
    let error = refusal(rig.try_open()).to_string();
    let known = format!("knows versions up to {}", schema::MIGRATIONS.len());
    assert!(error.contains("has version 99") && error.contains(&known), "{error}");
}

#[test]
fn an_older_file_is_brought_up_step_by_step_and_keeps_what_it_has() {
    let mut rig = Rig::with_room();
    let mut steps = schema::MIGRATIONS.to_vec();
    let path = rig.path();
    let next = "ALTER TABLE room ADD COLUMN colour TEXT; UPDATE room SET colour = 'blue'";
    steps.extend([next, "UPDATE room SET colour = colour || '!'"]);
    schema::migrate(&mut rig.writer().connection, &path, &steps).unwrap();
    // A second time there is nothing to do.
    schema::migrate(&mut rig.writer().connection, &path, &steps).unwrap();
    let connection = &rig.writer().connection;
    let colour: String = connection.query_row("SELECT colour FROM room", [], |row| row.get(0)).unwrap();
    assert_eq!((&*colour, schema::version(connection, &path, &steps).unwrap() as usize), ("blue!", steps.len()));
}

#[test]
fn words_of_the_first_version_are_found_after_the_next_start() {
    let mut rig = Rig::new();
    rig.close();
    std::fs::remove_file(rig.path()).unwrap();
    let mut old = Connection::open(rig.path()).unwrap();
    schema::migrate(&mut old, &rig.path(), &schema::MIGRATIONS[..1]).unwrap();
    old.execute_batch(
        "INSERT INTO place (id, last, indexed) VALUES (1, 2, 2);
         INSERT INTO message VALUES (4294967297, 1000, 1, 'Anna', '今天你好吗 Café', 0, 0, NULL);
         INSERT INTO message VALUES (4294967298, 500, 1, 'Anna', 'plain words', 0, 0, NULL);
         INSERT INTO words (rowid, text) VALUES (4294967297, '今天你好吗 café'), (4294967298, 'plain words');",
    )
    .unwrap();
    drop(old);
    rig.open();
    rig.index();
    for (words, seq) in [("你好", 1), ("cafe", 1), ("plain", 2), ("word*", 2)] {
        assert_eq!(rig.found(words), [seq], "{words}");
    }
    // The second was said when the clock stood behind the first.
    let (page, places) = (Page::Before(Bound::Time(600)), [(PlaceId(1), label())]);
    assert_eq!(rig.store().page(PlaceId(1), &label(), page, 9).unwrap().messages.len(), 2);
    let (found, _) = rig.store().search("plain", &places, (None, None), 1).unwrap();
    assert_eq!((found[0].message.time, found[0].spot.counted), (500, 1_000));
}

#[test]
fn before_an_older_file_is_changed_it_is_copied_once() {
    let mut rig = Rig::new();
    rig.close();
    fs::remove_file(rig.path()).unwrap();
    let older = |steps: usize| {
        let mut old = Connection::open(rig.path()).unwrap();
        schema::migrate(&mut old, &rig.path(), &schema::MIGRATIONS[..steps]).unwrap();
        old.execute_batch("INSERT INTO place (id, last, indexed) VALUES (7, 0, 0)").unwrap();
    };
    older(2);
    // Without room nothing is copied, and the server starts even so.
    let told = backup::before_upgrade(&rig.path(), (2, 4), Some(1_000)).unwrap();
    assert!(told.contains("no copy of it was made, because its disk has 1000 bytes left, and "), "{told}");
    let copy = with_ending(&rig.path(), ".v2");
    assert!(!copy.exists());
    let told = rig.try_open().unwrap().upgraded.unwrap();
    assert!(told.contains("is brought from version 2 to ") && told.ends_with("roomful.db.v2"), "{told}");
    assert!(is_private(&copy));
    let old = Connection::open(&copy).unwrap();
    assert_eq!(schema::version(&old, &copy, schema::MIGRATIONS).unwrap(), 2);
    let place: i64 = old.query_row("SELECT id FROM place", [], |row| row.get(0)).unwrap();
    assert_eq!((place, rig.try_open().unwrap().upgraded), (7, None), "now it has the newest version");
    // What the first upgrade left is not overwritten by a second one.
    drop(old);
    fs::write(&copy, "the first").unwrap();
    fs::remove_file(rig.path()).unwrap();
    older(2);
    assert!(rig.try_open().unwrap().upgraded.unwrap().ends_with("is there already and is not made anew"));
    assert_eq!(fs::read(&copy).unwrap(), b"the first");
}

#[test]
fn a_step_that_fails_changes_nothing() {
    let mut rig = Rig::with_room();
    let path = rig.path();
    let mut steps = schema::MIGRATIONS.to_vec();
    steps.push("UPDATE room SET made = 99; SELECT * FROM nothing");
    schema::migrate(&mut rig.writer().connection, &path, &steps).unwrap_err();
    rig.again();
    assert_eq!(rig.snapshot().rooms[0].room.made, 7);
}

#[test]
fn a_damaged_file_is_refused_with_what_to_do() {
    let mut rig = Rig::with_room();
    let lines: Vec<Record> = (1..=5_000).map(|seq| line(1, seq, "something to fill the pages with")).collect();
    rig.writer().write(&lines).unwrap();
    rig.close();
    let whole = fs::read(rig.path()).unwrap();
    let middle = whole.len() / 2;
    let half_page = 2_048;
    let mut damaged = whole.clone();
    damaged[middle..middle + 3 * half_page].fill(0x5a);
    let mut beheaded = whole.clone();
    beheaded[..100].fill(0x5a);
    let mut cut = whole.clone();
    cut.truncate(middle);
    for (bytes, what) in [(damaged, "middle"), (beheaded, "beginning"), (cut, "end")] {
        fs::write(rig.path(), &bytes).unwrap();
        let error = refusal(rig.try_open());
        assert!(error.to_string().contains("restore a backup made with `chat-server backup`"), "{what}: {error}");
        assert!(!error.may_pass());
        assert_eq!(fs::read(rig.path()).unwrap(), bytes, "it is left as it is");
    }
    fs::write(rig.path(), &whole).unwrap();
    rig.open();
    assert_eq!(rig.snapshot().rooms[0].seq, 5_000);
}

#[test]
fn on_a_full_disk_nothing_is_stored_by_halves_and_later_all_is() {
    let mut rig = Rig::with_room();
    let bytes: Arc<[u8]> = Arc::from(vec![7; 200_000]);
    let group = [
        line(1, 1, "first"),
        Record::File(FileId(1), account(1), PlaceId(1), None),
        Record::Piece(FileId(1), 0, bytes),
    ];
    let pages: i64 = rig.writer().connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    limit_pages(&mut rig, pages + 10);
    for _ in 0..2 {
        let error = rig.writer().write(&group).unwrap_err();
        assert!(matches!(error, StoreError::Full(_)) && error.may_pass(), "{error}");
        assert_eq!((rig.message(1, 1), rig.bytes()), (None, 0));
    }
    limit_pages(&mut rig, 1_000_000);
    rig.writer().write(&group).unwrap();
    assert_eq!((rig.message(1, 1).is_some(), rig.bytes()), (true, 200_000));
}

/// `con.db` would be the console, and `a.db:b` a part of `a.db` that no listing of a folder shows.
#[test]
fn a_database_has_no_name_that_the_system_takes_for_something_else() {
    let mut rig = Rig::with_room();
    rig.writer().write(&[line(1, 1, "one")]).unwrap();
    for name in ["con.db", "nul", "a.db:b"] {
        let to = rig.folder.path().join(name);
        match backup(&rig.path(), &to) {
            Err(StoreError::BadName { .. }) if NAMES_HAVE_MEANINGS => {
                assert!(matches!(open(&to, &rig.in_force()), Err(StoreError::BadName { .. })), "{name}");
            }
            done => assert!(done.is_ok() && !NAMES_HAVE_MEANINGS, "{name}: {done:?}"),
        }
    }
}

fn limit_pages(rig: &mut Rig, pages: i64) {
    let sql = format!("PRAGMA max_page_count = {pages}");
    rig.writer().connection.query_row(&sql, [], |_| Ok(())).unwrap();
}

#[test]
fn a_backup_is_made_while_the_database_is_written_to() {
    let mut rig = Rig::with_room();
    let (path, to) = (rig.path(), rig.folder.path().join("copy.db"));
    let writer = rig.writer();
    let (bytes, written) = std::thread::scope(|scope| {
        let copying = scope.spawn(|| backup(&path, &to).unwrap());
        let mut written = 0;
        while !copying.is_finished() || written < 20 {
            written += 2;
            writer.write(&[line(1, written - 1, "one"), line(1, written, "two")]).unwrap();
        }
        (copying.join().unwrap(), written)
    });
    assert_eq!(bytes, fs::metadata(&to).unwrap().len());
    let copied = open(&to, &rig.in_force()).unwrap().snapshot.rooms[0].seq;
    assert!(copied <= written && copied.is_multiple_of(2), "{copied} of {written}");
}

#[test]
fn a_backup_is_made_while_no_server_runs_and_holds_everything() {
    let mut rig = Rig::with_room();
    rig.say(&["hello"]);
    rig.index();
    rig.close();
    let to = rig.folder.path().join("copy.db");
    backup(&rig.path(), &to).unwrap();
    assert!(is_private(&to));
    fs::rename(&to, rig.path()).unwrap();
    rig.open();
    assert_eq!(rig.found("hello"), [1]);
    let left: Vec<_> = fs::read_dir(rig.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("copy.db")), "{left:?}");
}

#[test]
fn a_backup_never_overwrites_and_leaves_no_half_copy() {
    let mut rig = Rig::with_room();
    let folder = rig.folder.path().to_path_buf();
    let to = folder.join("copy.db");
    fs::write(&to, "precious").unwrap();
    assert!(matches!(backup(&rig.path(), &to).unwrap_err(), StoreError::Exists(_)));
    assert_eq!(fs::read_to_string(&to).unwrap(), "precious");
    fs::remove_file(&to).unwrap();

    assert!(matches!(backup(&folder.join("none.db"), &to).unwrap_err(), StoreError::Missing(_)));
    let text = folder.join("text");
    fs::write(&text, "no database").unwrap();
    assert!(matches!(backup(&text, &to).unwrap_err(), StoreError::Foreign(_)));
    assert!(matches!(backup(&rig.path(), &folder.join("no/copy.db")).unwrap_err(), StoreError::NoFolder(_)));

    let lines: Vec<Record> = (1..=5_000).map(|seq| line(1, seq, "something to fill the pages with")).collect();
    rig.writer().write(&lines).unwrap();
    rig.close();
    let mut bytes = fs::read(rig.path()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 6_000].fill(0x5a);
    fs::write(rig.path(), bytes).unwrap();
    let error = backup(&rig.path(), &to).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("copy")), "{left:?}");
}
