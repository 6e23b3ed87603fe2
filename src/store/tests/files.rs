//! Files in pieces: whole, half, read from any offset, deleted. Does not know how they were uploaded.

use super::*;

#[test]
fn a_file_cannot_be_read_until_its_message_is_stored() {
    let mut rig = Rig::with_room();
    let mut records = file_of(3, 1, &[b"hello ", b"world"]);
    let last = records.pop().unwrap();
    rig.writer().write(&records).unwrap();
    let store = rig.store();
    assert_eq!((store.file(FileId(3)).unwrap(), store.files(PlaceId(1), None, 9).unwrap()), (None, vec![]));
    assert_eq!(store.piece(FileId(3), 0, 9).unwrap(), None);
    assert_eq!(store.bytes(OWN).unwrap(), (0, 0), "room for it is taken elsewhere");
    rig.write([last]);
    let info = Arc::new(info(3, 11));
    let kept = StoredFile { info, place: PlaceId(1), seq: 1, from: "Anna".into(), time: 1_000 };
    assert_eq!(rig.store().file(FileId(3)).unwrap(), Some(kept.clone()));
    assert_eq!(rig.store().files(PlaceId(1), None, 9).unwrap(), [kept]);
}

#[test]
fn a_file_is_read_from_any_byte_on_whatever_its_pieces() {
    let mut rig = Rig::with_room();
    rig.writer().write(&file_of(2, 1, &[b"zz"])).unwrap();
    rig.writer().write(&file_of(3, 2, &[b"abc", b"d", b"efghij", b"klm"])).unwrap();
    rig.writer().write(&file_of(4, 3, &[b"zz"])).unwrap();
    rig.again();
    let whole = b"abcdefghijklm";
    for offset in 0..=whole.len() + 2 {
        for most in 0..=whole.len() + 2 {
            let rest = whole.get(offset..).unwrap_or(&[]);
            let (_, read) = rig.store().piece(FileId(3), offset as u64, most).unwrap().unwrap();
            assert_eq!(read, &rest[..rest.len().min(most)], "{most} bytes from {offset}");
        }
    }
    assert_eq!(rig.store().piece(FileId(3), u64::MAX, 9).unwrap().unwrap().1, b"");
    assert_eq!(rig.store().piece(FileId(9), 0, 9).unwrap(), None);
}

#[test]
fn files_are_listed_with_the_newest_first_and_counted_for_their_owner() {
    let mut rig = Rig::with_room();
    for file in 1..=3 {
        rig.writer().write(&file_of(file, file, &[b"abc"])).unwrap();
    }
    let sent = Message { file: Some(Arc::new(info(4, 5))), ..message(4, "") };
    rig.write([Record::File(FileId(4), guest(9), PlaceId(1), Some(THERE)), line_by(guest(9), 1, sent)]);
    let numbers = |most| -> Vec<u64> {
        rig.store().files(PlaceId(1), None, most).unwrap().iter().map(|file| file.info.file).collect()
    };
    assert_eq!((numbers(2), numbers(9)), (vec![4, 3], vec![4, 3, 2, 1]));
    assert_eq!(rig.store().files(PlaceId(2), None, 9).unwrap(), []);
    assert_eq!(rig.store().bytes(OWN).unwrap(), (9, 14));
    assert_eq!(rig.store().bytes(Owner::Guests(THERE)).unwrap(), (5, 14));
}

#[test]
fn a_file_goes_with_its_message() {
    let mut rig = Rig::with_room();
    rig.writer().write(&file_of(3, 1, &[b"abc"])).unwrap();
    rig.write([Record::MessageDeleted(PlaceId(1), 1)]);
    assert_eq!((rig.store().file(FileId(3)).unwrap(), rig.pieces()), (None, 0));
    assert_eq!(rig.message(1, 1).unwrap().message.file, None);
}

#[test]
fn a_file_that_was_given_up_leaves_no_bytes_and_takes_no_more() {
    let mut rig = Rig::with_room();
    let mut records = file_of(3, 1, &[b"abc"]);
    records.pop();
    records.push(Record::FileDeleted(FileId(3)));
    records.push(Record::Piece(FileId(3), 3, Arc::from(*b"late")));
    rig.writer().write(&records).unwrap();
    assert_eq!((rig.bytes(), rig.pieces()), (0, 0));
}

#[test]
fn a_file_that_was_not_finished_is_removed_at_the_next_start() {
    let mut rig = Rig::with_room();
    rig.writer().write(&file_of(3, 1, &[b"abc"])).unwrap();
    let mut records = file_of(4, 2, &[b"half"]);
    records.pop();
    rig.writer().write(&records).unwrap();
    assert_eq!((rig.bytes(), rig.pieces()), (7, 2));
    rig.again();
    assert_eq!((rig.bytes(), rig.pieces()), (3, 1));
    assert_eq!(rig.store().piece(FileId(3), 0, 9).unwrap().unwrap().1, b"abc");
    assert_eq!(rig.snapshot().last.file, 4);
}

impl Rig {
    /// The bytes of all files, unfinished ones too.
    pub(super) fn bytes(&mut self) -> i64 {
        self.writer().connection.query_row("SELECT coalesce(sum(size), 0) FROM file", [], |row| row.get(0)).unwrap()
    }

    fn pieces(&mut self) -> i64 {
        self.writer().connection.query_row("SELECT count(*) FROM piece", [], |row| row.get(0)).unwrap()
    }
}
