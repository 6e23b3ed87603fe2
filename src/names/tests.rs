//! The rules of names, each with what it takes and what it refuses.

use super::*;
use proptest::prelude::*;

fn nick(text: &str) -> Nick {
    Nick::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn nick_code(text: &str) -> &'static str {
    Nick::parse(text).expect_err(text).code()
}

fn room(text: &str) -> RoomName {
    RoomName::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn room_code(text: &str) -> &'static str {
    RoomName::parse(text).expect_err(text).code()
}

fn look_alike(a: &str, b: &str) -> bool {
    nick(a).skeleton() == nick(b).skeleton()
}

#[test]
fn people_of_many_scripts_keep_their_names() {
    for text in [
        "anna",
        "Åsa",
        "Nguyễn",
        "Анна",
        "Ёлка",
        "Ελένη",
        "דנה",
        "علي",
        "नेहा",
        "ไอ่",
        "漢字",
        "たかし",
        "鈴木タカシ",
        "김민수",
        "金민수",
        "ㄅㄆ漢",
        "ދިވެހި",
        "שָׁלוֹם",
        "a.b-c_1",
        "Anna2",
        "علي٢",
        "anna|away",
    ] {
        assert_eq!(nick(text).shown(), text.nfc().collect::<String>());
    }
}

#[test]
fn a_nick_is_one_to_thirty_two_characters() {
    assert_eq!(nick_code(""), "nick-empty");
    for length in [1, 31, 32] {
        assert_eq!(nick(&"ж".repeat(length)).shown().chars().count(), length);
    }
    assert_eq!(nick_code(&"ж".repeat(33)), "nick-too-long");
}

#[test]
fn a_nick_fills_at_most_thirty_two_columns() {
    for length in [15, 16] {
        assert_eq!(nick(&"漢".repeat(length)).shown().width(), 2 * length);
    }
    assert_eq!(nick_code(&"漢".repeat(17)), "nick-too-long");
}

#[test]
fn length_is_counted_after_composing() {
    assert_eq!(nick(&"e\u{301}".repeat(32)).shown(), "é".repeat(32));
    assert_eq!(nick(&"\u{1112}\u{1161}\u{11ab}".repeat(16)).shown(), "한".repeat(16));
}

#[test]
fn a_room_is_one_to_sixty_four_characters_after_its_hash() {
    assert_eq!(room_code(""), "room-empty");
    assert_eq!(room_code("#"), "room-empty");
    for length in [1, 63, 64] {
        assert_eq!(room(&"漢".repeat(length)), room(&format!("#{}", "漢".repeat(length))));
    }
    assert_eq!(room_code(&"漢".repeat(65)), "room-too-long");
    assert_eq!(room_code(&format!("#{}", "漢".repeat(65))), "room-too-long");
}

#[test]
fn a_nick_starts_with_a_letter() {
    for text in ["1anna", "-anna", "_anna", ".anna", "#anna", "/anna", "{anna", "@anna", ":anna", " anna"] {
        assert_eq!(nick_code(text), "nick-bad-start", "{text:?}");
    }
    for text in ["\u{301}a", "\u{202e}anna", "\u{200b}anna", "🙂", "\u{1b}[31m", "٢"] {
        assert_eq!(nick_code(text), "nick-bad-start", "{text:?}");
    }
}

#[test]
fn a_room_may_start_with_a_digit_but_not_with_a_loose_mark() {
    assert_eq!(room("#2025").shown(), "#2025");
    assert_eq!(room("-x-").shown(), "#-x-");
    assert_eq!(room("c++").shown(), "#c++");
    assert_eq!(room_code("#\u{301}a"), "room-bad-start");
}

#[test]
fn what_a_front_reads_or_is_not_seen_is_a_bad_character() {
    for c in SPECIAL {
        assert_eq!(nick_code(&format!("a{c}b")), "nick-bad-character", "{c:?}");
        assert_eq!(room_code(&format!("a{c}b")), "room-bad-character", "{c:?}");
    }
    for c in " \t\n\0\u{1b}\u{7f}\u{9b}\u{a0}\u{ad}\u{200b}\u{200c}\u{200d}\u{200e}\u{202e}\u{2066}\u{2800}\u{3164}\u{feff}\u{fe0f}🙂½«".chars() {
        assert_eq!(nick_code(&format!("a{c}b")), "nick-bad-character", "{c:?}");
        assert_eq!(nick_code(&format!("ab{c}")), "nick-bad-character", "{c:?}");
    }
    // A joiner that PRECIS allows, after a virama.
    assert_eq!(nick_code("क\u{94d}\u{200d}ष"), "nick-bad-character");
}

#[test]
fn four_marks_on_a_letter_are_enough() {
    assert_eq!(nick(&format!("q{}", "\u{303}".repeat(4))).shown().chars().count(), 5);
    assert_eq!(nick_code(&format!("q{}", "\u{303}".repeat(5))), "nick-bad-character");
}

#[test]
fn a_middle_dot_is_for_catalan_only() {
    assert_eq!(nick("Gal·la").shown(), "Gal·la");
    assert_eq!(nick_code("a·b"), "nick-bad-character");
    assert_eq!(nick_code("al·"), "nick-bad-character");
}

#[test]
fn scripts_that_are_not_written_together_are_refused_by_name() {
    for (text, pair) in [
        ("A\u{43d}\u{43d}a", "Latin and Cyrillic"),
        ("\u{430}nna", "Cyrillic and Latin"),
        ("Annaさん", "Latin and Hiragana"),
        ("漢字а", "Han and Cyrillic"),
        ("дана-דנה", "Cyrillic and Hebrew"),
    ] {
        let error = Nick::parse(text).expect_err(text);
        assert_eq!(error.code(), "nick-mixed-scripts");
        assert_eq!(error.to_string(), format!("nick {text:?} mixes {pair} letters"));
        assert_eq!(room_code(text), "room-mixed-scripts");
    }
}

#[test]
fn a_right_to_left_name_keeps_its_order() {
    assert_eq!(nick_code("דנה-"), "nick-bad-direction");
    assert_eq!(nick_code("علي1٢"), "nick-bad-direction");
    assert_eq!(room_code("#7דנה"), "room-bad-direction");
    assert_eq!(nick("דנה-7").shown(), "דנה-7");
}

#[test]
fn names_are_equal_by_key_and_shown_as_typed() {
    assert_eq!(nick("АННА"), nick("анна"));
    assert_eq!(nick("Ｅmma").shown(), "Emma");
    assert_eq!(nick("Ｅmma").key(), "emma");
    assert_eq!(nick("е\u{308}лка"), nick("Ёлка"));
    assert_ne!(nick("ann"), nick("anna"));
    assert_eq!((room("Rust").shown(), room("#RUST").key()), ("#Rust", "#rust"));
}

#[test]
fn honest_names_do_not_look_alike() {
    assert!(!look_alike("Анна", "Anna"));
    assert!(!look_alike("emily", "ernily"));
    assert!(!look_alike("aO", "a0"));
    assert!(!look_alike("al", "a1"));
    assert!(!look_alike("aI", "a1"));
    assert!(!look_alike("aI", "al"));
}

#[test]
fn a_cyrillic_lookalike_has_the_latin_skeleton() {
    assert_ne!(nick("сор"), nick("cop"));
    assert!(look_alike("сор", "cop"));
    assert!(look_alike("СОР", "Cop"));
    assert_eq!(room("#сор").skeleton(), room("cop").skeleton());
}

#[test]
fn the_server_keeps_its_own_names() {
    for word in RESERVED {
        assert_eq!(skeleton(word), *word);
        assert_eq!(nick_code(word), "nick-reserved");
        assert_eq!(nick_code(&word.to_uppercase()), "nick-reserved");
        assert!(Nick::parse(&format!("{word}2")).is_ok());
        assert!(RoomName::parse(word).is_ok());
    }
    assert_eq!(nick_code("һеӏр"), "nick-reserved", "help in Cyrillic letters");
}

#[test]
fn a_refusal_tells_what_was_wrong_and_what_the_limit_is() {
    let said = |text: &str| Nick::parse(text).expect_err(text).to_string();
    assert_eq!(said(""), r#"nick "" is empty, 1 to 32 characters are needed"#);
    assert_eq!(said("7up"), r#"nick "7up" must start with a letter, not '7'"#);
    assert_eq!(said("a b"), r#"nick "a b" may not have ' ' at position 2"#);
    assert_eq!(said("a\u{1b}[31m\u{202e}"), r#"nick "a\u{1b}[31m\u{202e}" may not have '\u{1b}' at position 2"#);
    assert_eq!(said("Root"), r#"nick "Root" is kept for the server"#);
    let long = said(&"漢".repeat(9000));
    assert!(long.ends_with("漢\"… is too long: 9000 characters in 18000 columns, at most 32 of each"));
    assert!(long.len() < 300);
    let room = RoomName::parse("#a b").expect_err("a space");
    assert_eq!((room.code(), room.value()), ("room-bad-character", "a b".into()));
}

#[test]
fn names_travel_as_their_shown_form_and_are_checked_on_arrival() {
    let json = serde_json::to_string(&(nick("Анна"), room("Rust"))).expect("names are strings");
    assert_eq!(json, r##"["Анна","#Rust"]"##);
    let back: (Nick, RoomName) = serde_json::from_str(&json).expect("both were good");
    assert_eq!(back, (nick("анна"), room("rust")));
    assert!(serde_json::from_str::<Nick>(r#""a b""#).is_err());
}

/// Every character of the planes with letters, alone and doubled. A key is not always a name itself:
/// capital Cherokee is allowed, but the small letters of its keys are younger than PRECIS tables.
#[test]
fn no_character_unsettles_a_name() {
    for c in '\0'..='\u{2ffff}' {
        for text in [format!("{c}"), format!("x{c}{c}")] {
            let Ok(name) = RoomName::parse(&text) else {
                continue;
            };
            let again = RoomName::parse(name.shown()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((again.shown(), again.key()), (name.shown(), name.key()));
            assert_eq!(fold(name.key()), name.key());
        }
    }
}

/// Text in which names are likely: whole words of one script, with some dirt.
fn names_and_dirt() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "#?[a-zA-Z0-9._-]{0,34}",
        "[а-яА-ЯёЁ0-9_]{1,34}",
        "[א-ת\u{5b0}-\u{5bc}0-9]{1,34}",
        "[ء-ي٠-٩۰-۹]{1,34}",
        "[\\p{Greek}\u{300}-\u{310}]{1,20}",
        "[\\p{Han}\\p{Hiragana}\\p{Katakana}・ｱ-ﾟ]{1,20}",
        "[\\p{L}\\p{M}\\p{N}\u{200c}\u{200d}·ｱ-ﾟ]{1,8}",
    ]
}

proptest! {
    #[test]
    fn parsing_never_panics_and_a_shown_nick_parses_to_itself(text in names_and_dirt()) {
        if let Ok(nick) = Nick::parse(&text) {
            let again = Nick::parse(nick.shown());
            prop_assert_eq!(again.as_ref().map(Nick::shown), Ok(nick.shown()));
            prop_assert_eq!(again.as_ref().map(Nick::skeleton), Ok(nick.skeleton()));
            prop_assert_eq!(again, Ok(nick));
        }
        if let Ok(room) = RoomName::parse(&text) {
            let again = RoomName::parse(room.shown());
            prop_assert_eq!(again.as_ref().map(RoomName::shown), Ok(room.shown()));
        }
    }

    #[test]
    fn a_plain_name_is_what_the_rules_make_of_it(text in "[a-z0-9-]{0,66}") {
        for kind in [NameKind::Nick, NameKind::Room] {
            if is_plain(kind, &text) {
                let ruled = Forms::by_the_rules(kind, &text).unwrap();
                prop_assert_eq!([&*ruled.shown, &*ruled.key, &*ruled.skeleton], [&*text; 3]);
            }
        }
    }

    #[test]
    fn a_key_is_its_own_key(text in names_and_dirt()) {
        if let Ok(nick) = Nick::parse(&text) {
            prop_assert_eq!(fold(nick.key()), nick.key());
            prop_assert_eq!(skeleton(nick.key()), nick.skeleton());
        }
    }
}
