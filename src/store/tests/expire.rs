//! Which records are removed by themselves, and when. Knows no clock.

use super::*;
use crate::store::expire::NOTED;

#[test]
fn messages_go_with_their_files_when_they_are_too_old() {
    let mut rig = Rig::with_room();
    rig.limits.history_days = 2;
    rig.writer().write(&file_of(3, 1, &[b"abc"])).unwrap();
    rig.write([line(1, 2, "old"), line_by(account(1), 1, Message { time: DAY, ..message(3, "new") })]);
    rig.index();
    rig.expire(2 * DAY + 2_000);
    assert_eq!((rig.message(1, 1), rig.store().bytes(OWN).unwrap()), (None, (0, 0)));
    assert!(rig.message(1, 2).is_some(), "it is exactly two days old");
    rig.expire(2 * DAY + 2_001);
    assert_eq!((rig.message(1, 2), rig.found("old")), (None, vec![]));
    assert_eq!(rig.found("new"), [3]);
}

#[test]
fn a_place_whose_messages_are_all_removed_continues_to_count() {
    let mut rig = Rig::with_room();
    rig.limits.history_days = 1;
    rig.say(&["one", "two"]);
    rig.expire(9 * DAY);
    assert_eq!(rig.message(1, 2), None);
    rig.again();
    assert_eq!(rig.snapshot().rooms[0].seq, 2);
}

#[test]
fn what_is_deleted_or_has_expired_cannot_be_read_in_the_file() {
    let mut rig = Rig::with_room();
    rig.write([room(2, "go")]);
    rig.say(&["m"; 9]);
    rig.write([Record::MessageDeleted(PlaceId(1), 3), Record::MessageDeleted(PlaceId(1), 8)]);
    let left = |rig: &Rig| {
        let after = [0, 2, 3, 7, 8, 9, Seq::MAX].map(|seq| (PlaceId(1), seq));
        rig.store().left_after(&after).unwrap()
    };
    assert_eq!(left(&rig), [7, 5, 5, 1, 1, 0, 0]);
    rig.limits.history_size = 4;
    rig.expire(0);
    assert_eq!(left(&rig), [3, 3, 3, 1, 1, 0, 0]);
    assert_eq!(rig.store().left_after(&[(PlaceId(2), 0), (PlaceId(77), 0)]).unwrap(), [0, 0]);
    rig.limits.history_days = 1;
    rig.expire(9 * DAY);
    assert_eq!(left(&rig), [0; 7]);
}

#[test]
fn each_place_keeps_its_last_messages() {
    let mut rig = Rig::with_room();
    rig.limits.history_size = 700;
    rig.write([room(2, "go"), room(3, "c"), line(3, 1, "one")]);
    for place in [1, 2] {
        let lines: Vec<Record> = (1..=2_000).map(|seq| line(place, seq, "m")).collect();
        rig.writer().write(&lines).unwrap();
    }
    let limits = rig.limits.clone();
    assert!(rig.writer().expire(0, &limits).unwrap(), "one step is not all");
    assert!(rig.message(2, 1).is_some());
    rig.expire(0);
    for place in [1, 2] {
        assert_eq!(rig.message(place, 1_300), None);
        assert!(rig.message(place, 1_301).is_some());
    }
    assert!(rig.message(3, 1).is_some());
}

#[test]
fn nothing_is_too_old_or_too_much_if_both_limits_are_off() {
    let mut rig = Rig::with_room();
    (rig.limits.history_days, rig.limits.history_size) = (0, 0);
    rig.say(&["one", "two"]);
    rig.expire(Millis::MAX);
    assert!(rig.message(1, 1).is_some());
}

#[test]
fn a_resume_record_is_removed_if_it_was_not_used_for_long() {
    let mut rig = Rig::new();
    rig.limits.resume_days = 3;
    rig.write([Record::Resume(resume_record(1, "anna", 5)), Record::Resume(resume_record(2, "bob", 6))]);
    rig.write([Record::Said(said_record(1, "a", 1, 3 * DAY)), Record::Said(said_record(2, "a", 1, 3 * DAY))]);
    rig.expire(3 * DAY + 6);
    assert_eq!(rig.store().resume(&[1; 32], 9).unwrap(), None);
    assert_eq!(rig.store().resume(&[2; 32], 9).unwrap().unwrap().said.len(), 1);
}

#[test]
fn an_account_has_so_many_resume_records_and_the_one_used_least_lately_goes() {
    let mut rig = Rig::new();
    rig.limits.tokens_per_account = 8;
    rig.again();
    let login = |number: u64, account: u32, seen: Millis| {
        let account = Some(AccountId(account));
        Record::Resume(ResumeRecord { account, ..resume_record(number, "anna", seen) })
    };
    rig.write([1, 2, 3, 4, 5, 6, 7, 8].map(|number| login(number, 1, 10)));
    rig.write([login(20, 2, 1)]);
    // The first is used again, so it is not the one that goes.
    rig.write([login(1, 1, 11), Record::Said(said_record(2, "a", 1, 10)), login(9, 1, 12)]);
    rig.write([Record::Resume(resume_record(30, "bob", 1))]);
    let left = |number: u8| rig.store().resume(&[number; 32], 9).unwrap().is_some();
    let left: Vec<u8> = (1..=30).filter(|number| left(*number)).collect();
    assert_eq!(left, [1, 3, 4, 5, 6, 7, 8, 9, 20, 30]);
    let tags: i64 = rig.writer().connection.query_row("SELECT count(*) FROM said", [], |row| row.get(0)).unwrap();
    assert_eq!(tags, 0);
}

#[test]
fn tags_go_after_a_day_or_when_there_are_too_many() {
    let mut rig = Rig::new();
    rig.limits.tags = 2;
    for resume_id in [1, 2] {
        rig.write([Record::Resume(resume_record(resume_id, "anna", DAY))]);
        for seq in 1..=4 {
            let tag = format!("t{seq}");
            rig.write([Record::Said(said_record(resume_id, &tag, seq, Millis::try_from(seq * resume_id).unwrap()))]);
        }
    }
    rig.expire(DAY + 4);
    let tags = |resume_id| -> Vec<Seq> {
        rig.store().resume(&[resume_id; 32], 9).unwrap().unwrap().said.iter().map(|said| said.seq).collect()
    };
    assert_eq!((tags(1), tags(2)), (vec![4], vec![3, 4]));
}

#[test]
fn bans_go_when_they_are_over() {
    let mut rig = Rig::with_room();
    let ban = |until, nick: &str| {
        let target = Target::Nick(nick.into());
        let (nick, by) = (nick.into(), "Anna".into());
        Record::Restriction(RestrictionRecord {
            mask: None,
            place: None,
            restriction: Restriction::Ban,
            targets: vec![target],
            nick,
            until,
            by,
            text: None,
            time: 1,
        })
    };
    rig.write([ban(Some(50), "eve"), ban(Some(51), "mallory"), ban(None, "trudy")]);
    rig.expire(50);
    rig.again();
    let left: Vec<&str> = rig.snapshot().restrictions.iter().map(|restriction| &*restriction.nick).collect();
    assert_eq!(left, ["mallory", "trudy"]);
}

/// A tag that is forgotten too early is said twice.
#[test]
fn the_last_tags_are_those_said_last_also_if_the_clock_was_set_back() {
    let mut rig = Rig::with_room();
    rig.limits.tags = 2;
    rig.write([Record::Resume(resume_record(1, "ann", 5 * DAY))]);
    for (seq, time) in [(1, 5 * DAY), (2, 5 * DAY + 1), (3, 4 * DAY + 2), (4, 4 * DAY + 3)] {
        let said = Message { time, ..message(seq, "m") };
        rig.write([line_by(guest(1), 1, said), Record::Said(said_record(1, &format!("t{seq}"), seq, time))]);
    }
    let tags = |rig: &Rig, most| -> Vec<String> {
        let resume = rig.store().resume(&[1; 32], most).unwrap().expect("it is there");
        resume.said.iter().map(|said| said.tag.0.to_string()).collect()
    };
    assert_eq!(tags(&rig, 2), ["t3", "t4"]);
    rig.expire(5 * DAY);
    assert_eq!(tags(&rig, 9), ["t3", "t4"]);
}

/// A machine without a battery for its clock begins in 1970, and is told the time later.
#[test]
fn what_is_said_by_a_clock_that_was_set_back_is_as_old_as_it_is() {
    let mut rig = Rig::with_room();
    (rig.limits.history_days, rig.limits.resume_days) = (2, 2);
    rig.writer().know_time(100 * DAY);
    rig.expire(5);
    rig.again();
    rig.write([line(1, 1, "by the wrong clock"), Record::Resume(resume_record(1, "anna", 5))]);
    let just_so = Message { time: 99 * DAY, ..message(2, "by the right one") };
    rig.write([room(2, "go"), line_by(account(1), 2, just_so)]);
    rig.expire(101 * DAY);
    assert!(rig.message(1, 1).is_some() && rig.message(2, 2).is_some());
    assert!(rig.store().resume(&[1; 32], 9).unwrap().is_some());
    rig.expire(102 * DAY + 1);
    assert_eq!((rig.message(1, 1), rig.message(2, 2)), (None, None));
    assert!(rig.store().resume(&[1; 32], 9).unwrap().is_none());
    let left: i64 = rig.writer().connection.query_row("SELECT count(*) FROM doubt", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

/// The time is noted, so that the next start knows when it was.
#[test]
fn the_last_time_is_known_at_the_next_start_if_not_to_the_minute() {
    let mut rig = Rig::new();
    assert_eq!(rig.writer().known_time(), 0);
    for (known, noted) in [(DAY, DAY), (DAY + NOTED - 1, DAY), (DAY + NOTED, DAY + NOTED), (5, 5)] {
        rig.writer().know_time(known);
        rig.expire(0);
        rig.again();
        assert_eq!(rig.writer().known_time(), noted, "{known}");
    }
}
