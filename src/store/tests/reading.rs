//! Many reads at once: turns, and an end to reads that take too long. Does not know what is read.

use std::time::Duration;

use super::super::pool::Length;
use super::*;
use crate::command::Page;

const LONG: Duration = Duration::from_secs(3_600);

/// Ten messages in place 1.
fn ten() -> Rig {
    let mut rig = Rig::with_room();
    rig.say(&["m"; 10]);
    rig
}

/// Counts for ever.
fn endless(store: &Store) -> Result<i64, StoreError> {
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    store.read_for(Length::Long, |connection| connection.query_row(sql, [], |row| row.get(0)))
}

fn reads(store: &Store) -> bool {
    store.page(PlaceId(1), &label(), Page::Last, 5).is_ok()
}

/// docs/limits.md, `read-time`: a longer read is ended.
#[test]
fn a_read_that_takes_longer_than_it_may_is_ended_and_the_next_one_is_not() {
    let mut rig = ten();
    (rig.limits.read_time, rig.limits.readers) = (Duration::from_millis(1), 1);
    rig.again();
    match endless(rig.store()) {
        Err(StoreError::TookTooLong(time)) => assert_eq!(time, rig.limits.read_time),
        other => panic!("{other:?}"),
    }
    assert!(reads(rig.store()), "with the same connection");
}

#[test]
fn a_search_is_ended_too_while_it_looks_through_the_index() {
    let mut rig = Rig::with_room();
    let text = "winter weather waits while we walk ";
    let lines: Vec<Record> = (1..=600).map(|seq| line(1, seq, text)).collect();
    rig.writer().write(&lines).unwrap();
    while rig.writer().index(1_000).unwrap() {}
    rig.limits.read_time = Duration::ZERO;
    rig.again();
    let found = rig.store().search("\"weather waits\"", &[(PlaceId(1), label())], (None, None), 500);
    assert!(matches!(found, Err(StoreError::TookTooLong(_))), "{found:?}");
}

/// docs/limits.md, `readers`: searches have half of them.
#[test]
fn pages_are_read_while_searches_have_all_the_readers_that_they_may_have() {
    let mut rig = ten();
    (rig.limits.read_time, rig.limits.readers) = (LONG, 4);
    rig.again();
    let store = rig.store();
    std::thread::scope(|scope| {
        let searches: Vec<_> = (0..9).map(|_| scope.spawn(|| endless(store))).collect();
        while store.load() != (2, 7) {
            std::thread::yield_now();
        }
        assert!(reads(store));
        store.stop();
        for search in searches {
            assert!(matches!(search.join().unwrap(), Err(StoreError::Stopped)), "{}", store.load().0);
        }
    });
    assert!(!reads(store), "the server is stopping");
}

/// docs/limits.md, `turn-patience`: no read waits for ever.
#[test]
fn a_read_that_gets_no_turn_in_time_is_refused_because_too_many_read() {
    let mut rig = ten();
    (rig.limits.read_time, rig.limits.readers, rig.limits.turn_patience) = (LONG, 1, Duration::from_millis(1));
    rig.again();
    let store = rig.store();
    std::thread::scope(|scope| {
        let search = scope.spawn(|| endless(store));
        while store.load() != (1, 0) {
            std::thread::yield_now();
        }
        let page = store.page(PlaceId(1), &label(), Page::Last, 5);
        assert!(matches!(page, Err(StoreError::Busy(_))), "{page:?}");
        store.stop();
        assert!(search.join().unwrap().is_err());
    });
}
