//! One server for a file, under any of its names, and only if the file can be written and is not moved. Knows nothing of its contents.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn refusal(opened: Result<Opened, StoreError>) -> StoreError {
    match opened {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    }
}

/// What is there under `ending` is moved away, and comes back.
fn moved_and_back(rig: &mut Rig, ending: &str) {
    let own = with_ending(&rig.path(), ending);
    let away = with_ending(&own, ".away");
    fs::rename(&own, &away).unwrap();
    let error = rig.writer().is_in_place().unwrap_err();
    assert!(matches!(&error, StoreError::Displaced(path) if *path == own) && error.may_pass(), "{error}");
    fs::write(&own, "another file").unwrap();
    assert!(matches!(rig.writer().is_in_place().unwrap_err(), StoreError::Displaced(_)), "another is not ours");
    fs::rename(&away, &own).unwrap();
    rig.writer().is_in_place().unwrap();
}

/// docs/protocol.md, *What is stored*: `ok` means that it is in the database.
#[test]
fn a_file_that_is_moved_under_a_running_server_is_noticed_and_so_is_its_log() {
    let mut rig = Rig::with_room();
    rig.writer().is_in_place().unwrap();
    for ending in ["", "-wal", "-shm"] {
        moved_and_back(&mut rig, ending);
    }
    fs::remove_file(rig.path()).unwrap();
    let error = rig.writer().is_in_place().unwrap_err().to_string();
    assert!(error.contains("was moved or removed") && error.contains("restore a backup"), "{error}");
}

#[test]
fn a_symbolic_link_is_no_way_around_the_lock_and_is_a_way_to_the_file() {
    let mut rig = Rig::with_room();
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link.db");
    symlink(rig.path(), &link).unwrap();
    assert!(matches!(refusal(open(&link, &rig.in_force())), StoreError::InUse(_)));
    rig.close();
    assert_eq!(open(&link, &rig.in_force()).unwrap().snapshot.rooms.len(), 1);
    let nowhere = folder.path().join("nowhere.db");
    symlink(folder.path().join("missing"), &nowhere).unwrap();
    let error = refusal(open(&nowhere, &rig.in_force())).to_string();
    assert!(error.contains("it is a link to a file that is not there"), "{error}");
}

/// SQLite's page "How To Corrupt An SQLite Database File", 2.5: multiple links to the same file.
#[test]
fn a_file_with_two_names_is_refused_by_either_until_one_is_removed() {
    let mut rig = Rig::with_room();
    let other = rig.folder.path().join("other.db");
    fs::hard_link(rig.path(), &other).unwrap();
    let error = refusal(open(&other, &rig.in_force()));
    assert!(matches!(error, StoreError::Linked(_)) && error.to_string().contains("hard links"), "{error}");
    rig.writer().write(&[line(1, 1, "the first goes on")]).unwrap();
    rig.close();
    for path in [&other, &rig.path()] {
        assert!(matches!(refusal(open(path, &rig.in_force())), StoreError::Linked(_)));
    }
    assert!(matches!(backup(&other, &rig.folder.path().join("copy.db")).unwrap_err(), StoreError::Linked(_)));
    fs::remove_file(other).unwrap();
    rig.open();
    assert_eq!(rig.snapshot().rooms[0].seq, 1);
}

#[test]
fn a_file_that_may_not_be_written_to_is_refused_at_the_start() {
    let mut rig = Rig::with_room();
    rig.close();
    fs::set_permissions(rig.path(), fs::Permissions::from_mode(0o444)).unwrap();
    if fs::OpenOptions::new().write(true).open(rig.path()).is_ok() {
        return eprintln!("skipped: whoever runs this may write to everything");
    }
    let error = refusal(rig.try_open()).to_string();
    assert!(error.contains("may not be written to"), "{error}");
}

#[test]
fn what_is_no_file_is_refused() {
    let rig = Rig::new();
    let link = rig.folder.path().join("null.db");
    symlink("/dev/null", &link).unwrap();
    assert!(matches!(claim::has_one_name(&link, &fs::metadata(&link).unwrap()), Err(StoreError::Foreign(_))));
}
