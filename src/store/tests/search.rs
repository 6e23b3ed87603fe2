//! Searching: which words find which messages, and how a search continues with older ones. Knows no pages.

use super::*;
use crate::command::Spot;

/// The texts in place 1, indexed.
fn rig(texts: &[&str]) -> Rig {
    let mut rig = Rig::with_room();
    rig.say(texts);
    rig.index();
    rig
}

#[test]
fn all_words_must_be_there_and_the_newest_comes_first() {
    let rig = rig(&["red apple", "green apple", "red pear", "apple, red!"]);
    assert_eq!(rig.found("apple"), [4, 2, 1]);
    assert_eq!(rig.found("red apple"), [4, 1]);
    assert_eq!(rig.found("red green"), [0; 0]);
    assert_eq!(rig.found("app"), [0; 0]);
}

#[test]
fn the_same_letters_are_found_however_they_are_written() {
    let rig =
        rig(&["ЁЛКА", "елка", "Е\u{308}лка", "ＦＵＬＬ width", "Straße", "Cafe\u{301}", "ΟΔΟΣ", "Łódź İzmir", "أحمد"]);
    for word in ["ёлка", "елка", "ЕЛКА", "Ёлка", "е\u{308}лка"] {
        assert_eq!(rig.found(word), [3, 2, 1], "{word}");
    }
    for (words, seq) in [
        ("full ｗｉｄｔｈ", 4),
        ("STRASSE", 5),
        ("straße", 5),
        ("STRAẞE", 5),
        ("strass*", 5),
        ("CAFÉ", 6),
        ("cafe", 6),
        ("caf*", 6),
        ("οδός", 7),
        ("lodz izmir", 8),
        ("ŁÓDŹ ızmır", 8),
        ("احمد", 9),
    ] {
        assert_eq!(rig.found(words), [seq], "{words}");
    }
}

#[test]
fn a_word_is_found_inside_a_run_of_a_script_without_blanks() {
    let rig = rig(&[
        "今天你好吗",
        "それでも進む",
        "학교에서 만나",
        "ขอบคุณครับ",
        "你很好",
        "ｶﾀｶﾅで書く",
        "Rustで書く",
        "hello 👋🏽 world",
    ]);
    for (words, seqs) in [
        ("你好", &[1][..]),
        ("好", &[5, 1]),
        ("\"今天你好吗\"", &[1]),
        ("好你", &[]),
        ("你 好", &[5, 1]),
        ("你好*", &[1]),
        ("好吗 今天", &[1]),
        ("でも", &[2]),
        ("で書く", &[7, 6]),
        ("カタ", &[6]),
        ("学校", &[]),
        ("학교", &[3]),
        ("คุณ", &[4]),
        ("rustで", &[7]),
        ("👋", &[8]),
        ("👋🏿", &[8]),
        ("\"hello 👋\"", &[8]),
        ("“hello 👋”", &[8]),
        ("👍", &[]),
    ] {
        assert_eq!(rig.found(words), seqs, "{words}");
    }
}

#[test]
fn as_many_words_are_looked_for_as_the_bound_says() {
    let texts = ["a ".repeat(63) + "b", "a ".repeat(64) + "b"];
    let rig = rig(&[&*texts[0], &*texts[1], "a", &"好".repeat(70)]);
    let words = |number: usize, last: &str| format!("\"{}{last}\"", "a ".repeat(number));
    assert_eq!(rig.found(&words(63, "b")), [2, 1], "64 words");
    assert_eq!(rig.found(&words(64, "c")), [2], "the 65th is not looked for");
    assert_eq!(rig.found(&"好".repeat(4_000)), [4]);
}

#[test]
fn a_letter_with_a_breve_is_another_letter() {
    let rig = rig(&["мой", "мои", "и\u{306}од"]);
    assert_eq!(rig.found("мой"), [1]);
    assert_eq!(rig.found("мои"), [2]);
    assert_eq!(rig.found("йод"), [3]);
}

#[test]
fn a_phrase_is_found_in_its_order_and_a_beginning_by_its_star() {
    let rig = rig(&["good morning all", "morning good", "goodness me"]);
    assert_eq!(rig.found("\"good morning\""), [1]);
    assert_eq!(rig.found("\"good morning"), [1]);
    assert_eq!(rig.found("good-morning"), [1]);
    assert_eq!(rig.found("good*"), [3, 2, 1]);
    assert_eq!(rig.found("goo* mor*"), [2, 1]);
    assert_eq!(rig.found("\"good\" me"), [0; 0]);
    assert_eq!(rig.found("*good"), [2, 1]);
}

#[test]
fn a_beginning_of_any_length_finds_all_its_words_however_many_they_are() {
    let mut texts: Vec<String> = (0..300).map(|n| format!("word wordword{n}")).collect();
    texts.push("wordwide".to_owned());
    let rig = rig(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let found = |words: &str| {
        let (found, more) = rig.search(words, &[(PlaceId(1), label())], None, 1_000);
        assert!(!more);
        found.len()
    };
    for (words, number) in [
        ("w*", 0),
        ("wo*", 301),
        ("wor*", 301),
        ("word*", 301),
        ("wordw*", 301),
        ("WordWord*", 300),
        ("wordword1*", 111),
        ("wordword29*", 11),
        ("wordwordx*", 0),
        ("wordword1* wordword2*", 0),
        ("wordwide* wo*", 1),
        ("word wordword29*", 11),
        ("wordword* word", 300),
        ("wordword* wordwide", 0),
    ] {
        assert_eq!(found(words), number, "{words}");
    }
}

#[test]
fn characters_that_mean_something_to_the_index_do_no_harm() {
    let rig = rig(&["and or not near", "text: a + b", "it's fine"]);
    assert_eq!(rig.found("AND"), [1]);
    assert_eq!(rig.found("NOT near"), [1]);
    assert_eq!(rig.found("text:a"), [2]);
    assert_eq!(rig.found("NEAR(and or)"), [0; 0]);
    assert_eq!(rig.found("it's"), [3]);
    assert_eq!(rig.found("text: ^a + {b}"), [2]);
    for nothing in ["", " ", "\"", "\"\"", "*", "()", "- + ^", "\0", "'; DROP TABLE message; --"] {
        assert_eq!(rig.found(nothing), [0; 0], "{nothing:?}");
    }
    assert_eq!(rig.found(&"near ".repeat(10_000)), [1]);
}

#[test]
fn any_query_is_answered() {
    let rig = rig(&["some text"]);
    let places = [(PlaceId(1), label())];
    proptest::proptest!(|(words in "\\PC{0,12}|[a-z\"*():^+{} \u{0}-]{0,12}")| {
        rig.search(&words, &places, None, 5);
    });
}

#[test]
fn only_the_places_that_were_named_are_searched() {
    let mut rig = rig(&["hello"]);
    rig.write([room(2, "go"), line(2, 1, "hello")]);
    rig.index();
    let found = |places: &[u32]| -> Vec<Arc<str>> {
        let places: Vec<_> = places.iter().map(|place| (PlaceId(*place), Arc::from(format!("#{place}")))).collect();
        rig.search("hello", &places, None, 9).0.iter().map(|message| message.room.clone()).collect()
    };
    assert_eq!(found(&[1]), ["#1".into()]);
    assert_eq!(found(&[2]), ["#2".into()]);
    assert_eq!(found(&[1, 2]).len(), 2);
    assert_eq!(found(&[]).len() + found(&[3]).len(), 0);
}

#[test]
fn what_is_found_in_many_places_is_what_each_of_them_has() {
    let mut rig = Rig::new();
    // Some places have none of the words, some one, some more than is fetched at once.
    let numbers = [0, 1, 40, 0, 0, 33, 0, 2, 32, 0, 31, 0, 64, 0];
    for (place, number) in (1..).zip(numbers) {
        rig.write([room(place, &format!("room{place}")), line(place, 1, "other words")]);
        let lines: Vec<Record> = (0..number).map(|seq| line(place, 2 + seq, "hello again")).collect();
        rig.writer().write(&lines).unwrap();
    }
    rig.index();
    let found = |places: &[u32], before| {
        let places: Vec<_> = places.iter().map(|place| (PlaceId(*place), Arc::from(format!("{place}")))).collect();
        let (found, more) = rig.search("again hello", &places, before, 1_000);
        assert!(!more);
        let mut found: Vec<(u32, Seq)> =
            found.iter().map(|message| (message.room.parse().unwrap(), message.seq)).collect();
        found.sort_unstable();
        found
    };
    for skipped in 0..=14 {
        for before in [None, Some(3_000), Some(9_000), Some(1_000)] {
            // In an order that is not that of their numbers.
            let places: Vec<u32> = (1..=14).map(|n| n * 5 % 14 + 1).filter(|place| *place != skipped).collect();
            let last =
                |number: Seq| before.map_or(1 + number, |time: Millis| (1 + number).min(time as Seq / 1_000 - 1));
            let there: Vec<(u32, Seq)> = (1..)
                .zip(numbers)
                .filter(|(place, _)| *place != skipped)
                .flat_map(|(place, number)| (2..=last(number)).map(move |seq| (place, seq)))
                .collect();
            assert_eq!(found(&places, before), there, "without {skipped}, before {before:?}");
        }
    }
}

#[test]
fn what_is_deleted_or_expired_is_not_found() {
    let mut rig = rig(&["hello one", "hello two", "hello three"]);
    rig.write([Record::MessageDeleted(PlaceId(1), 2)]);
    assert_eq!(rig.found("hello"), [3, 1]);
    rig.limits.history_size = 1;
    rig.expire(0);
    assert_eq!(rig.found("hello"), [3]);
}

#[test]
fn what_was_deleted_before_it_was_indexed_is_not_found_either() {
    let mut rig = Rig::with_room();
    rig.say(&["hello one", "hello two"]);
    rig.write([Record::MessageDeleted(PlaceId(1), 1)]);
    rig.index();
    assert_eq!(rig.found("hello"), [2]);
}

#[test]
fn what_was_not_in_the_index_yet_is_found_after_the_next_start() {
    let mut rig = Rig::with_room();
    rig.say(&["hello"; 10]);
    assert!(rig.writer().index(4).unwrap());
    assert_eq!(rig.found("hello"), [4, 3, 2, 1]);
    rig.again();
    assert!(rig.writer().index(4).unwrap());
    assert!(!rig.writer().index(4).unwrap());
    assert!(!rig.writer().index(4).unwrap());
    assert_eq!(rig.found("hello").len(), 10);
}

/// All that is found for `hello` in three places, page by page, as place and number; `between` comes after each page.
fn pages(rig: &mut Rig, most: usize, mut between: impl FnMut(&mut Rig)) -> Vec<(u32, Seq)> {
    let places: Vec<_> = (1..=3).map(|place| (PlaceId(place), Arc::from(format!("{place}")))).collect();
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let (found, more) = rig.store().search("hello", &places, (None, next), most).unwrap();
        assert!(found.len() == most || !more, "{} {most}", found.len());
        next = found.last().map(|found| Spot::parse(&found.spot.to_string()).expect("what it wrote itself"));
        all.extend(found.iter().map(|found| (found.message.room.parse::<u32>().unwrap(), found.message.seq)));
        if !more {
            return all;
        }
        between(rig);
    }
}

#[test]
fn pages_of_what_is_found_miss_nothing_and_repeat_nothing_whatever_the_clock_did() {
    // Each number is a message: the place, and the time. Some are said at one time, and the clock is set back.
    let said = (1..=3_u32, 0..12_i64);
    let config = proptest::test_runner::Config { cases: 30, ..Default::default() };
    proptest::proptest!(config, |(said in proptest::collection::vec(said, 1..60), most in 1..9_usize)| {
        let mut rig = Rig::new();
        rig.write([room(1, "a"), room(2, "b"), room(3, "c")]);
        let mut seqs = [0; 4];
        let mut kept = Vec::new();
        let mut lines = Vec::new();
        for (place, time) in said {
            let seq = &mut seqs[place as usize];
            *seq += 1;
            lines.push(line_by(account(1), place, Message { time, ..message(*seq, "hello") }));
            kept.push((place, *seq));
        }
        lines.chunks(20).for_each(|some| rig.writer().write(some).unwrap());
        rig.index();
        let later = seqs[1];
        let found = pages(&mut rig, most, |rig| {
            seqs[1] += 1;
            rig.write([line_by(account(1), 1, Message { time: 0, ..message(seqs[1], "hello") })]);
            rig.index();
        });
        let mut sorted = found.clone();
        sorted.sort_unstable();
        let mut all = kept.clone();
        all.sort_unstable();
        proptest::prop_assert_eq!(sorted, all, "each once");
        proptest::prop_assert!(found.iter().all(|(place, seq)| *place > 1 || *seq <= later));
        // The newest first: in the order in which they were stored.
        let place_in_time = |one: &(u32, Seq)| kept.iter().position(|other| other == one).unwrap();
        for two in found.windows(2) {
            let [newer, older] = [place_in_time(&two[0]), place_in_time(&two[1])];
            proptest::prop_assert!(newer > older);
        }
    });
}

#[test]
fn what_was_said_before_a_time_is_found_if_the_clock_was_set_back() {
    let mut rig = Rig::with_room();
    for (seq, time) in (1..).zip([10, 20, 30, 5, 15, 25, 40]) {
        rig.write([line_by(account(1), 1, Message { time, ..message(seq, "hello") })]);
    }
    rig.index();
    let found = |until| -> Vec<Seq> {
        let (found, more) = rig.search("hello", &[(PlaceId(1), label())], Some(until), 9);
        assert!(!more);
        found.iter().map(|message| message.seq).collect()
    };
    assert_eq!(found(16), [5, 4, 1]);
    assert_eq!(found(5), [0; 0]);
    assert_eq!(found(41), [7, 6, 5, 4, 3, 2, 1]);
}

#[test]
fn the_order_of_what_is_found_goes_on_after_the_next_start() {
    let mut rig = Rig::new();
    rig.write([room(1, "a"), room(2, "b"), room(3, "c")]);
    for (place, seq, time) in [(1, 1, 900), (2, 1, 100), (1, 2, 100)] {
        rig.write([line_by(account(1), place, Message { time, ..message(seq, "hello") })]);
    }
    rig.again();
    for (place, seq, time) in [(2, 2, 50), (1, 3, 50), (2, 3, 1_000)] {
        rig.write([line_by(account(1), place, Message { time, ..message(seq, "hello") })]);
    }
    rig.index();
    assert_eq!(pages(&mut rig, 1, |_| ()), [(2, 3), (1, 3), (2, 2), (1, 2), (2, 1), (1, 1)]);
}
