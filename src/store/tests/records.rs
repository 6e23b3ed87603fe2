//! Every record is found again after the database was closed and opened. Knows no pages and no search.

use super::*;

#[test]
fn a_room_is_stored_with_its_latest_topic_and_settings_and_its_roles() {
    let mut rig = Rig::new();
    let settings = Settings {
        invite_only: true,
        key: Some("open sesame".into()),
        announcements: true,
        limit: Some(7),
        ..Settings::default()
    };
    let topic = Some(Topic { text: "Ёлки".into(), by: Some("anna".into()), time: Some(7) });
    let record = RoomRecord { topic, settings, registered: true, ..room_record(3, "Лыжи") };
    rig.write([room(3, "Лыжи"), Record::Room(record.clone()), line(3, 1, "one"), line(3, 2, "two")]);
    rig.write([
        Record::Role(PlaceId(3), AccountId(1), Some(Role::Op)),
        Record::Role(PlaceId(3), AccountId(1), Some(Role::Owner)),
        Record::Role(PlaceId(3), AccountId(2), Some(Role::Member)),
        Record::Role(PlaceId(3), AccountId(4), Some(Role::Op)),
        Record::Role(PlaceId(3), AccountId(4), None),
        Record::Voice(PlaceId(3), AccountId(2), true),
        Record::Voice(PlaceId(3), AccountId(2), true),
        Record::Voice(PlaceId(3), AccountId(4), true),
        Record::Voice(PlaceId(3), AccountId(4), false),
    ]);
    rig.again();
    let roles = vec![(AccountId(1), Role::Owner), (AccountId(2), Role::Member)];
    let (voices, said) = (vec![AccountId(2)], message(2, "two").time.max(record.made));
    assert_eq!(rig.snapshot().rooms, [RoomSnapshot { room: record, seq: 2, said, roles, voices }]);
}

#[test]
fn a_room_that_is_removed_leaves_nothing_behind() {
    let mut rig = Rig::with_room();
    rig.say(&["hello"]);
    rig.index();
    let ban = restriction_record(Some(1), Target::Nick("eve".into()));
    rig.write([
        Record::Role(PlaceId(1), AccountId(1), Some(Role::Op)),
        Record::Voice(PlaceId(1), AccountId(1), true),
        Record::Membership(AccountId(1), PlaceId(1), 1),
        Record::Restriction(ban),
        Record::PlaceDeleted(PlaceId(1)),
    ]);
    assert_eq!(rig.message(1, 1), None);
    assert_eq!(rig.found("hello"), [0; 0]);
    assert_eq!(rig.store().memberships(AccountId(1)).unwrap(), []);
    rig.expire(0);
    rig.again();
    assert_eq!((&rig.snapshot().rooms[..], &rig.snapshot().restrictions[..]), (&[][..], &[][..]));
    for table in ["place", "message", "words", "role", "membership"] {
        let count = format!("SELECT count(*) FROM {table}");
        let left: i64 = rig.writer().connection.query_row(&count, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[test]
fn what_is_said_in_a_place_that_is_removed_is_removed_with_it() {
    let mut rig = Rig::with_room();
    rig.write([Record::PlaceDeleted(PlaceId(1)), line(1, 1, "late")]);
    rig.write([line(1, 2, "later"), line(9, 1, "nowhere")]);
    assert_eq!((rig.message(1, 1), rig.message(1, 2), rig.message(9, 1)), (None, None, None));
}

#[test]
fn a_message_is_stored_with_all_that_belongs_to_it() {
    let mut rig = Rig::with_room();
    let wave = Message { kind: Kind::Action, ..message(1, "waves") };
    let sent = Message { file: Some(Arc::new(info(4, 9))), ..message(2, "look") };
    rig.write([line_by(guest(8), 1, wave.clone()), line_by(account(2), 1, sent.clone())]);
    rig.again();
    let cloak = Cloak::new(&rig.snapshot().cloak_key);
    for (seq, said, identity) in [(1, wave, guest(8)), (2, sent, account(2))] {
        let found = rig.message(1, seq).unwrap();
        let from = found.message.from.clone();
        assert_eq!(from.prefix(), format!("Anna!~u@{}", cloak.stored(identity)));
        assert_eq!(from.is_registered(), identity == account(2));
        assert_eq!((found.place, found.identity), (PlaceId(1), identity));
        assert_eq!(*found.message, Message { from, ..said });
    }
}

#[test]
fn a_deleted_message_keeps_its_number_and_loses_its_words() {
    let mut rig = Rig::with_room();
    rig.say(&["secret", "fine"]);
    rig.write([Record::MessageDeleted(PlaceId(1), 1)]);
    rig.again();
    let gone = rig.message(1, 1).unwrap().message;
    assert_eq!(*gone, Message { deleted: true, from: gone.from.clone(), ..message(1, "") });
    assert_eq!(&*rig.message(1, 2).unwrap().message.text, "fine");
}

#[test]
fn the_same_group_may_be_written_again() {
    let mut rig = Rig::new();
    let group = [room(1, "rust"), line(1, 1, "hello"), Record::Said(said_record(1, "a", 1, 5)), Record::Barrier];
    rig.writer().write(&group).unwrap();
    rig.writer().write(&group).unwrap();
    assert_eq!(rig.message(1, 1).unwrap().message.seq, 1);
    assert_eq!(rig.message(1, 2), None);
}

#[test]
fn an_account_is_stored_and_its_password_rights_and_words_change() {
    let mut rig = Rig::new();
    let mut anna = account_record(1, "Анна");
    rig.write([Record::Account(anna.clone(), "$one".into()), Record::Account(account_record(2, "bob"), "$two".into())]);
    rig.write([Record::Password(AccountId(1), "$new".into()), Record::ServerOp(AccountId(1), true)]);
    rig.write([Record::About(AccountId(1), Some("one of two".into())), Record::About(AccountId(2), None)]);
    rig.again();
    (anna.op, anna.about) = (true, Some("one of two".into()));
    assert_eq!(rig.snapshot().accounts, [anna, account_record(2, "bob")]);
    assert_eq!(rig.store().secret("анна").unwrap(), Some((AccountId(1), "$new".to_owned())));
    assert_eq!(rig.store().secret("eve").unwrap(), None);
}

#[test]
fn an_account_goes_with_all_but_its_messages() {
    let mut rig = Rig::with_room();
    rig.write(account_with_everything());
    rig.write([Record::AccountDeleted(AccountId(1), false)]);
    rig.again();
    assert_nothing_but_messages_of_account_1(&rig);
    let left = rig.message(1, 1).unwrap();
    assert_eq!((&*left.message.text, &*left.message.from, left.identity), ("hello", "Anna", guest(0)));
    rig.index();
    assert_eq!(rig.found("hello"), [1]);
}

#[test]
fn an_account_goes_with_its_messages_and_files_if_that_is_wanted() {
    let mut rig = Rig::with_room();
    rig.write(account_with_everything());
    rig.index();
    let file = file_of(3, 2, &[b"bytes"]);
    rig.writer().write(&file).unwrap();
    rig.write([line_by(account(2), 1, message(3, "hello yourself")), Record::AccountDeleted(AccountId(1), true)]);
    rig.index();
    assert_nothing_but_messages_of_account_1(&rig);
    for seq in [1, 2] {
        let gone = rig.message(1, seq).unwrap();
        assert_eq!((&*gone.message.text, gone.message.deleted, gone.identity), ("", true, guest(0)));
    }
    assert_eq!(rig.found("hello"), [3]);
    assert_eq!((rig.store().file(FileId(3)).unwrap(), rig.bytes()), (None, 0));
}

fn account_with_everything() -> [Record; 10] {
    let resume = ResumeRecord { account: Some(AccountId(1)), ..resume_record(6, "anna", 9) };
    [
        Record::Account(account_record(1, "anna"), "$".into()),
        Record::Account(account_record(2, "bob"), "$".into()),
        line(1, 1, "hello"),
        conversation(2, account(1), account(2)),
        line(2, 1, "between us"),
        Record::Membership(AccountId(1), PlaceId(2), 1),
        Record::Membership(AccountId(2), PlaceId(2), 1),
        Record::Role(PlaceId(1), AccountId(1), Some(Role::Op)),
        Record::Resume(resume),
        Record::Said(said_record(6, "tag", 1, 9)),
    ]
}

fn assert_nothing_but_messages_of_account_1(rig: &Rig) {
    let store = rig.store();
    assert_eq!(store.secret("anna").unwrap(), None);
    assert_eq!(store.memberships(AccountId(1)).unwrap(), []);
    assert_eq!(store.memberships(AccountId(2)).unwrap(), [], "nobody is left to talk to");
    assert_eq!(store.conversation(account(1), account(2)).unwrap(), None);
    assert_eq!(store.resume(&[6; 32], 9).unwrap(), None);
}

fn conversation(place: u32, one: Identity, other: Identity) -> Record {
    let nicks = ("anna".into(), "robert".into());
    Record::Conversation { place: PlaceId(place), between: Pair::new(one, other), nicks }
}

#[test]
fn a_conversation_is_found_by_the_two_in_either_order() {
    let mut rig = Rig::new();
    rig.write([conversation(2, account(1), guest(4)), conversation(3, account(1), account(2))]);
    rig.write([conversation(2, account(1), guest(4)), line(3, 1, "psst")]);
    rig.again();
    // Neither has a seat there: to both it is ended.
    let kept = |place, seq, closed: &[u32]| {
        let closed = closed.iter().copied().map(AccountId).collect();
        Some(ConversationRow { place: PlaceId(place), seq, closed })
    };
    assert_eq!(rig.store().conversation(guest(4), account(1)).unwrap(), kept(2, 0, &[1]));
    assert_eq!(rig.store().conversation(account(1), account(2)).unwrap(), kept(3, 1, &[1, 2]));
    assert_eq!(rig.store().conversation(guest(1), guest(2)).unwrap(), None);
}

#[test]
fn a_seat_tells_how_far_it_was_read_and_never_goes_back() {
    let mut rig = Rig::with_room();
    rig.say(&["one", "two", "three"]);
    rig.write([
        Record::Account(account_record(2, "Bob"), "$".into()),
        conversation(2, account(1), account(2)),
        conversation(3, account(1), guest(4)),
        Record::Membership(AccountId(1), PlaceId(1), 2),
        Record::Membership(AccountId(1), PlaceId(1), 1),
        Record::Membership(AccountId(1), PlaceId(2), 0),
        Record::Membership(AccountId(1), PlaceId(3), 0),
        Record::Membership(AccountId(2), PlaceId(1), 0),
    ]);
    rig.again();
    let membership = |place, with, seq, read| MembershipRow {
        place: PlaceId(place),
        with,
        seq,
        time: (seq > 0).then_some(3_000),
        read,
    };
    let memberships = rig.store().memberships(AccountId(1)).unwrap();
    // Bob has an account and is shown by its name; the guest by the name of then.
    let with = [Some((account(2), "Bob".into())), Some((guest(4), "robert".into()))];
    let [bob, robert] = with;
    assert_eq!(memberships, [membership(1, None, 3, 2), membership(2, bob, 0, 0), membership(3, robert, 0, 0)]);
    rig.write([Record::MembershipEnded(AccountId(1), PlaceId(1))]);
    assert_eq!(rig.store().memberships(AccountId(1)).unwrap().len(), 2);
}

#[test]
fn a_stay_is_found_by_its_token_with_its_last_tags() {
    let mut rig = Rig::new();
    let resume = ResumeRecord { account: Some(AccountId(3)), seen: 50, ..resume_record(5, "Анна", 9) };
    rig.write([Record::Resume(resume_record(5, "bob", 9)), Record::Resume(resume.clone())]);
    let said = ["a", "b", "c"].into_iter().zip(1..).map(|(tag, seq)| said_record(5, tag, seq, 10 + seq as Millis));
    let said: Vec<SaidRecord> = said.collect();
    rig.write([2, 0, 1].map(|which: usize| Record::Said(said[which].clone())));
    rig.again();
    let found = rig.store().resume(&[5; 32], 2).unwrap();
    assert_eq!(found, Some(ResumeRow { resume, said: said[1..].to_vec() }));
    assert_eq!(rig.store().resume(&[4; 32], 2).unwrap(), None);
    rig.write([Record::ResumeEnded(ResumeId(5))]);
    assert_eq!(rig.store().resume(&[5; 32], 2).unwrap(), None);
}

fn restriction_record(place: Option<u32>, target: Target) -> RestrictionRecord {
    let (nick, by) = ("Eve".into(), "Anna".into());
    let place = place.map(PlaceId);
    RestrictionRecord {
        mask: None,
        place,
        restriction: Restriction::Ban,
        targets: vec![target],
        nick,
        until: Some(90),
        by,
        text: Some("spam".into()),
        time: 9,
    }
}

#[test]
fn a_ban_replaces_one_of_the_same_kind_and_is_lifted() {
    let mut rig = Rig::with_room();
    let everywhere = restriction_record(None, Target::Address("2001:db8::1".parse().unwrap()));
    let by_nick = RestrictionRecord { time: 10, ..restriction_record(Some(1), Target::Nick("ева".into())) };
    let for_ever = RestrictionRecord {
        until: None,
        text: None,
        time: 11,
        ..restriction_record(Some(1), Target::Account(AccountId(4)))
    };
    let mute = RestrictionRecord { restriction: Restriction::Mute, time: 12, ..by_nick.clone() };
    let earlier = RestrictionRecord { until: Some(1), ..everywhere.clone() };
    rig.write([earlier, everywhere.clone(), by_nick.clone(), for_ever.clone(), mute.clone()].map(Record::Restriction));
    rig.write([Record::RestrictionLifted(Some(PlaceId(1)), Restriction::Ban, Target::Nick("ева".into()))]);
    rig.again();
    assert_eq!(rig.snapshot().restrictions, [everywhere, for_ever, mute]);
}

#[test]
fn a_ban_that_holds_for_several_is_one_ban_and_each_of_them_can_be_taken_from_it() {
    let mut rig = Rig::with_room();
    let targets = || vec![Target::Account(AccountId(4)), Target::Nick("ева".into()), Target::Resume(ResumeId(7))];
    let ban = RestrictionRecord { targets: targets(), ..restriction_record(Some(1), Target::Account(AccountId(4))) };
    let later = RestrictionRecord { time: 10, ..ban.clone() };
    let mute = RestrictionRecord { restriction: Restriction::Mute, ..ban.clone() };
    rig.write([ban, later.clone(), mute.clone()].map(Record::Restriction));
    rig.again();
    assert_eq!(rig.snapshot().restrictions, [mute.clone(), later.clone()]);
    rig.write([Record::RestrictionLifted(Some(PlaceId(1)), Restriction::Ban, Target::Nick("ева".into()))]);
    rig.again();
    assert_eq!(rig.snapshot().last.resume, 7, "or the next guest would be banned");
    let left = RestrictionRecord { targets: vec![targets()[0].clone(), targets()[2].clone()], ..later };
    assert_eq!(rig.snapshot().restrictions, [mute, left]);
}

#[test]
fn a_number_is_never_given_twice_whatever_is_removed() {
    let mut rig = Rig::new();
    rig.write([room(4, "rust"), Record::Account(account_record(5, "anna"), "$".into())]);
    rig.write([Record::Resume(resume_record(6, "bob", 1)), Record::File(FileId(7), guest(6), PlaceId(4), None)]);
    rig.write([
        Record::PlaceDeleted(PlaceId(4)),
        Record::AccountDeleted(AccountId(5), true),
        Record::ResumeEnded(ResumeId(6)),
        Record::FileDeleted(FileId(7)),
    ]);
    rig.expire(0);
    rig.again();
    assert_eq!(rig.snapshot().last, Numbers { place: 4, account: 5, resume: 6, file: 7 });
}
