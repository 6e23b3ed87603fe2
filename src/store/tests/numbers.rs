//! A number that is there already is an error: nothing is ever written over. Knows no pages and no search.

use super::*;

/// Why a group is refused for good.
fn refused<const N: usize>(rig: &mut Rig, records: [Record; N]) -> String {
    let error = rig.writer().write(&records).unwrap_err();
    assert!(!error.may_pass(), "{error}");
    error.to_string()
}

/// docs/protocol.md, What the server promises: numbers are never given twice.
#[test]
fn a_message_with_a_number_that_is_there_is_refused_and_the_first_stays() {
    let mut rig = Rig::with_room();
    rig.say(&["first"]);
    for other in [line(1, 1, "second"), line_by(account(1), 1, Message { time: 9, ..message(1, "first") })] {
        let why = refused(&mut rig, [other]);
        assert!(why.contains("the number 1 in place 1 is another message's"), "{why}");
    }
    assert_eq!(&*rig.message(1, 1).unwrap().message.text, "first");
}

#[test]
fn a_message_that_is_written_again_is_the_same_also_when_it_was_deleted_since() {
    let mut rig = Rig::with_room();
    let group = [line(1, 1, "gone"), Record::MessageDeleted(PlaceId(1), 1), line(1, 2, "here")];
    rig.writer().write(&group).unwrap();
    rig.writer().write(&group).unwrap();
    assert!(rig.message(1, 1).unwrap().message.deleted);
}

#[test]
fn rooms_accounts_conversations_and_files_with_a_taken_number_are_refused() {
    let mut rig = Rig::with_room();
    let conversation = |other, nick: &str| Record::Conversation {
        place: PlaceId(2),
        between: Pair::new(account(1), other),
        nicks: ("anna".into(), nick.into()),
    };
    let file = |identity, byte: u8| {
        [Record::File(FileId(3), identity, PlaceId(1), None), Record::Piece(FileId(3), 0, vec![byte].into())]
    };
    let before = [Record::Account(account_record(1, "anna"), "$one".into()), conversation(account(2), "bob")];
    rig.write(before.clone());
    rig.write(before);
    rig.write(file(account(1), 7));
    rig.write(file(account(1), 7));
    let other_room = Record::Room(RoomRecord { made: 8, ..room_record(1, "go") });
    assert!(refused(&mut rig, [other_room]).contains("of a room is another's"));
    let other_account = Record::Account(account_record(1, "eve"), "$two".into());
    assert!(refused(&mut rig, [other_account]).contains("of an account is another's"));
    assert!(refused(&mut rig, [conversation(account(4), "eve")]).contains("of a conversation is another's"));
    assert!(refused(&mut rig, file(account(4), 7)).contains("of a file is another's"));
    assert!(refused(&mut rig, file(account(1), 8)).contains("another piece at 0 of file 3"));
    rig.again();
    assert_eq!(*rig.snapshot().rooms[0].room.name.shown(), *"#rust");
    assert_eq!(rig.store().secret("anna").unwrap(), Some((AccountId(1), "$one".to_owned())));
}

#[test]
fn after_a_count_that_is_too_low_no_number_of_a_message_is_given_again() {
    let mut rig = Rig::with_room();
    rig.write([room(2, "go"), line(2, 7, "seven")]);
    rig.say(&["one", "two", "three"]);
    rig.writer().connection.execute_batch("UPDATE place SET last = 1").unwrap();
    rig.again();
    let last: Vec<Seq> = rig.snapshot().rooms.iter().map(|room| room.seq).collect();
    assert_eq!(last, [3, 7]);
}

/// One record that can never be written does not hold back the others.
#[test]
fn of_a_group_what_can_be_written_is_and_each_change_whole_or_not_at_all() {
    let mut rig = Rig::with_room();
    rig.say(&["taken"]);
    let changes = [
        vec![line(1, 2, "two")],
        vec![room(5, "new"), line(1, 1, "other")],
        vec![line(1, 3, "three"), Record::Said(said_record(1, "a", 3, 5))],
    ];
    let records: Vec<Vec<&Record>> = changes.iter().map(|change| change.iter().collect()).collect();
    rig.writer().write(changes.iter().flatten()).unwrap_err();
    let why = rig.writer().write_each(&records).unwrap();
    assert_eq!(why.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false], "{why:?}");
    rig.again();
    assert_eq!((rig.snapshot().rooms.len(), rig.snapshot().rooms[0].seq, rig.snapshot().last.place), (1, 3, 1));
    assert_eq!(
        ["taken", "two", "three"].map(Arc::from),
        [1, 2, 3].map(|seq| rig.message(1, seq).unwrap().message.text.clone())
    );
}
