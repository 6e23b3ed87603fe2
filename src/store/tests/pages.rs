//! Pages of messages: order, ends and times. Knows no search.

use super::*;
use crate::command::{Bound, Page};

impl Rig {
    /// Ten messages in place 1, between two other rooms with messages of their own.
    fn with_ten() -> Rig {
        let mut rig = Rig::with_room();
        rig.write([room(2, "go"), line(2, 1, "other")]);
        rig.say(&["m"; 10]);
        rig
    }

    /// The numbers on a page, the first that is left, and whether there are more.
    fn page(&self, page: Page, most: usize) -> (Vec<Seq>, Seq, bool) {
        let page = self.store().page(PlaceId(1), &label(), page, most).unwrap();
        (page.messages.iter().map(|line| line.message.seq).collect(), page.first, page.more)
    }
}

#[test]
fn the_last_page_has_the_newest_in_their_order() {
    let rig = Rig::with_ten();
    assert_eq!(rig.page(Page::Last, 3), (vec![8, 9, 10], 1, true));
    assert_eq!(rig.page(Page::Last, 9), ((2..=10).collect(), 1, true));
    assert_eq!(rig.page(Page::Last, 10), ((1..=10).collect(), 1, false));
    assert_eq!(rig.page(Page::Last, 11), ((1..=10).collect(), 1, false));
}

#[test]
fn a_page_goes_back_from_a_number_and_forward_from_one() {
    let rig = Rig::with_ten();
    assert_eq!(rig.page(Page::Before(Bound::Seq(8)), 3), (vec![5, 6, 7], 1, true));
    assert_eq!(rig.page(Page::Before(Bound::Seq(4)), 3), (vec![1, 2, 3], 1, false));
    assert_eq!(rig.page(Page::Before(Bound::Seq(1)), 3), (vec![], 1, false));
    assert_eq!(rig.page(Page::Before(Bound::Seq(0)), 3), (vec![], 1, false));
    assert_eq!(rig.page(Page::Before(Bound::Seq(Seq::MAX)), 1), (vec![10], 1, true));
    assert_eq!(rig.page(Page::After(Bound::Seq(0)), 3), (vec![1, 2, 3], 1, true));
    assert_eq!(rig.page(Page::After(Bound::Seq(7)), 3), (vec![8, 9, 10], 1, false));
    assert_eq!(rig.page(Page::After(Bound::Seq(10)), 3), (vec![], 1, false));
    assert_eq!(rig.page(Page::After(Bound::Seq(Seq::MAX)), 3), (vec![], 1, false));
}

#[test]
fn a_page_begins_or_ends_at_a_time() {
    let rig = Rig::with_ten();
    assert_eq!(rig.page(Page::since(4_000), 2), (vec![4, 5], 1, true));
    assert_eq!(rig.page(Page::since(4_001), 2), (vec![5, 6], 1, true));
    assert_eq!(rig.page(Page::since(0), 2), (vec![1, 2], 1, true));
    assert_eq!(rig.page(Page::since(10_001), 2), (vec![], 1, false));
    assert_eq!(rig.page(Page::Before(Bound::Time(4_000)), 2), (vec![2, 3], 1, true));
    assert_eq!(rig.page(Page::Before(Bound::Time(4_001)), 2), (vec![3, 4], 1, true));
    assert_eq!(rig.page(Page::Before(Bound::Time(1_000)), 2), (vec![], 1, false));
    assert_eq!(rig.page(Page::Before(Bound::Time(Millis::MAX)), 2), (vec![9, 10], 1, true));
    assert_eq!(rig.page(Page::Before(Bound::Time(Millis::MIN)), 2), (vec![], 1, false));
}

/// If the clock was set back, a time finds a number: the first that is late enough, or the last that is early enough.
#[test]
fn a_page_by_time_begins_at_the_right_number_if_the_clock_was_set_back() {
    let times = |seq: Seq| Millis::try_from(if seq <= 600 { 10_000 + seq } else { seq - 600 }).unwrap();
    let mut rig = Rig::with_room();
    rig.write([room(2, "go"), line(2, 1, "other")]);
    let lines: Vec<_> =
        (1..=1_000).map(|seq| line_by(account(1), 1, Message { time: times(seq), ..message(seq, "m") })).collect();
    for some in lines.chunks(70) {
        rig.writer().write(some).unwrap();
    }
    assert_eq!(rig.page(Page::since(10_300), 3), (vec![300, 301, 302], 1, true));
    assert_eq!(rig.page(Page::since(0), 2), (vec![1, 2], 1, true));
    assert_eq!(rig.page(Page::since(10_600), 3), (vec![600, 601, 602], 1, true));
    assert_eq!(rig.page(Page::since(10_601), 3), (vec![], 1, false));
    assert_eq!(rig.page(Page::Before(Bound::Time(10_300)), 3), (vec![998, 999, 1_000], 1, true));
    assert_eq!(rig.page(Page::Before(Bound::Time(200)), 3), (vec![797, 798, 799], 1, true));
    assert_eq!(rig.page(Page::Before(Bound::Time(1)), 3), (vec![], 1, false));
    // The times of removed messages in the spans do not mislead.
    rig.limits.history_size = 350;
    rig.expire(0);
    assert_eq!(rig.page(Page::since(10_300), 3), (vec![], 651, false));
    assert_eq!(rig.page(Page::since(51), 2), (vec![651, 652], 651, true));
    assert_eq!(rig.page(Page::Before(Bound::Time(53)), 9), (vec![651, 652], 651, false));
}

#[test]
fn a_place_without_messages_has_an_empty_page() {
    let rig = Rig::with_room();
    for page in [
        Page::Last,
        Page::Before(Bound::Seq(5)),
        Page::After(Bound::Seq(0)),
        Page::since(0),
        Page::Before(Bound::Time(9)),
    ] {
        assert_eq!(rig.page(page, 5), (vec![], 0, false), "{page:?}");
    }
    assert_eq!(rig.store().page(PlaceId(77), &label(), Page::Last, 5).unwrap(), Pages::default());
}

#[test]
fn what_is_left_after_the_oldest_expired_has_its_numbers_still() {
    let mut rig = Rig::with_ten();
    rig.limits.history_size = 4;
    rig.expire(0);
    assert_eq!(rig.page(Page::Last, 9), (vec![7, 8, 9, 10], 7, false));
    assert_eq!(rig.page(Page::After(Bound::Seq(2)), 2), (vec![7, 8], 7, true));
    assert_eq!(rig.page(Page::since(2_000), 2), (vec![7, 8], 7, true));
    assert_eq!(rig.page(Page::Before(Bound::Time(9_000)), 9), (vec![7, 8], 7, false));
}

#[test]
fn readers_are_lent_to_all_threads_and_see_whole_groups_only() {
    let mut rig = Rig::with_room();
    rig.limits.readers = 2;
    rig.again();
    let Opened { store, mut writer, .. } = rig.opened.take().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let mut seen = 0;
                while seen < 50 {
                    let page = store.page(PlaceId(1), &label(), Page::Last, 100).unwrap();
                    assert_eq!(page.messages.len() % 5, 0, "part of a group");
                    seen = page.messages.len();
                }
            });
        }
        for group in 0..10 {
            let lines: Vec<Record> = (1..=5).map(|seq| line(1, group * 5 + seq, "m")).collect();
            writer.write(&lines).unwrap();
        }
    });
}

#[test]
fn a_page_is_between_two_bounds_after_one_or_around_one() {
    let rig = Rig::with_ten();
    let (seq, time) = (Bound::Seq, |n: Millis| Bound::Time(n * 1_000));
    let message = |n: Seq| Bound::Message(PlaceId(1), n, Millis::try_from(n * 1_000).unwrap());
    for [two, eight] in [[seq(2), seq(8)], [time(2), time(8)], [message(2), message(8)], [message(2), time(8)]] {
        assert_eq!(rig.page(Page::Between(two, eight), 9), (vec![3, 4, 5, 6, 7], 1, false));
        assert_eq!(rig.page(Page::Between(two, eight), 2), (vec![3, 4], 1, true));
        assert_eq!(rig.page(Page::Between(eight, two), 2), (vec![6, 7], 1, true));
        assert_eq!(rig.page(Page::Between(eight, two), 5), (vec![3, 4, 5, 6, 7], 1, false));
        assert_eq!(rig.page(Page::Between(two, two), 5), (vec![], 1, false));
        assert_eq!(rig.page(Page::After(eight), 9), (vec![9, 10], 1, false));
        assert_eq!(rig.page(Page::Before(two), 9), (vec![1], 1, false));
        assert_eq!(rig.page(Page::Latest(two), 2), (vec![9, 10], 1, true));
        assert_eq!(rig.page(Page::Latest(eight), 2), (vec![9, 10], 1, false));
        assert_eq!(rig.page(Page::Around(eight), 1), (vec![8], 1, true));
        assert_eq!(rig.page(Page::Around(eight), 3), (vec![7, 8, 9], 1, true));
        assert_eq!(rig.page(Page::Around(eight), 4), (vec![6, 7, 8, 9], 1, true));
        assert_eq!(rig.page(Page::Around(two), 6), (vec![1, 2, 3, 4, 5, 6], 1, true));
        assert_eq!(rig.page(Page::Around(eight), 10), (vec![3, 4, 5, 6, 7, 8, 9, 10], 1, false));
    }
    assert_eq!(rig.page(Page::Between(seq(9), seq(10)), 5), (vec![], 1, false));
    assert_eq!(rig.page(Page::After(time(11)), 5), (vec![], 1, false));
    assert_eq!(rig.page(Page::After(Bound::Time(Millis::MAX)), 5), (vec![], 1, false));
    assert_eq!(rig.page(Page::Around(time(99)), 4), (vec![9, 10], 1, false));
}

proptest::proptest! {
    /// Whatever the clock did: pages that are asked for one behind the other give all messages between two bounds, once and in order.
    #[test]
    fn pages_put_together_are_the_whole_in_both_directions(
        times in proptest::collection::vec(0_i64..9, 1..30),
        (low, high) in (proptest::prelude::any::<(bool, u8)>(), proptest::prelude::any::<(bool, u8)>()),
        most in 1_usize..5,
    ) {
        let mut rig = Rig::with_room();
        let said = (1..).zip(&times).map(|(seq, time)| line_by(account(1), 1, Message { time: *time, ..message(seq, "m") }));
        rig.writer().write(&said.collect::<Vec<_>>()).unwrap();
        let count = times.len() as u64;
        let bound = |(is_time, n): (bool, u8)| match is_time {
            true => Bound::Time(i64::from(n % 10)),
            false => Bound::Seq(u64::from(n) % (count + 2)),
        };
        let (low, high) = (bound(low), bound(high));
        let (all, _, more) = rig.page(Page::Between(low, high), 100);
        proptest::prop_assert!(!more && all.is_sorted());
        let is_up = |page: &[Seq]| page.first() == all.first();
        let mut pages: Vec<Seq> = Vec::new();
        let (first, _, mut more) = rig.page(Page::Between(low, high), most);
        let up = is_up(&first);
        pages.extend(&first);
        while more {
            // The end that was not counted from stays; the other moves to the last message that came.
            let next = if up {
                let last = Bound::Seq(pages[pages.len() - 1]);
                let end = all.last().map_or(0, |last| last + 1);
                rig.page(Page::Between(last, Bound::Seq(end)), most)
            } else {
                let end = all.first().map_or(0, |first| first - 1);
                rig.page(Page::Between(Bound::Seq(pages[0]), Bound::Seq(end)), most)
            };
            proptest::prop_assert!(!next.0.is_empty());
            more = next.2;
            if up { pages.extend(next.0) } else { drop(pages.splice(0..0, next.0)) }
        }
        proptest::prop_assert_eq!(pages, all);
    }
}
