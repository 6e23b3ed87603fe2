//! What people type, and what it means.

use super::*;
use crate::error::ChatError;

fn said(line: &str) -> String {
    match parse(line) {
        Ok(Command::Chat(ChatCommand::Say { text, .. })) => text.to_string(),
        other => panic!("{line:?} was not said but {other:?}"),
    }
}

#[test]
fn every_command_for_people_is_found_by_its_name_and_aliases() {
    for spec in TABLE.iter().filter(|spec| !spec.usage.is_empty()) {
        for word in spec.aliases.iter().chain([&spec.name]) {
            assert_eq!(find(word).map(|found| found.verb), Some(spec.verb), "{word}");
        }
        assert!(spec.usage.starts_with(spec.name), "{}", spec.usage);
    }
}

#[test]
fn every_verb_has_its_row() {
    for spec in TABLE {
        assert_eq!(spec.verb.spec().name, spec.name);
    }
    assert_eq!(TABLE.len(), Verb::Help as usize + 1);
}

/// Lab report C: any text with "exit" in it left the chat.
#[test]
fn c12_the_exit_is_left_is_said() {
    assert_eq!(said("the exit is left"), "the exit is left");
    assert_eq!(said("please {quit} now"), "please {quit} now");
    assert!(matches!(parse("{quit}"), Ok(Command::Link(LinkCommand::Quit { text: None }))));
    assert!(matches!(parse("/exit"), Ok(Command::Link(LinkCommand::Quit { .. }))));
}

#[test]
fn a_doubled_slash_says_a_line_that_starts_with_one() {
    assert_eq!(said("//etc/hosts"), "/etc/hosts");
}

#[test]
fn an_unknown_command_names_the_nearest_and_is_never_said() {
    for (typed, near) in [("/jion x", "join"), ("/quti", "quit"), ("/membres", "members"), ("/hepl", "help")] {
        match parse(typed) {
            Err(ChatError::UnknownCommand(_, Some(found))) => assert_eq!(found, near),
            other => panic!("{typed}: {other:?}"),
        }
    }
    assert!(matches!(parse("/xyzzy"), Err(ChatError::UnknownCommand(_, None))));
    assert!(matches!(parse("/ join"), Err(ChatError::UnknownCommand(..))));
}

#[test]
fn a_missing_argument_is_answered_with_the_usage() {
    for (typed, usage) in
        [("/join", "join ROOM [KEY]"), ("/msg", "msg NAME TEXT"), ("/msg boris", "msg NAME TEXT"), ("/me", "me TEXT")]
    {
        match parse(typed) {
            Err(ChatError::Missing { usage: said, .. }) => assert_eq!(said, usage),
            other => panic!("{typed}: {other:?}"),
        }
    }
}

#[test]
fn a_setting_is_written_as_its_name_and_its_value() {
    let change = |typed: &str| match parse(typed) {
        Ok(Command::Chat(ChatCommand::Settings { change, .. })) => Ok(change),
        Ok(other) => panic!("{typed}: {other:?}"),
        Err(refusal) => Err(refusal.to_string()),
    };
    let none = Change::default();
    for (typed, wanted) in [
        ("/settings", none.clone()),
        ("/set topic-by-ops on", Change { topic_by_ops: Some(true), ..none.clone() }),
        ("/set hidden off", Change { hidden: Some(false), ..none.clone() }),
        ("/set outsiders on", Change { outsiders: Some(true), ..none.clone() }),
        ("/set limit 20", Change { limit: Some(20), ..none.clone() }),
        ("/set limit off", Change { limit: Some(0), ..none }),
    ] {
        assert_eq!(change(typed), Ok(wanted), "{typed}");
    }
    for (typed, words) in [
        ("/set limit", "VALUE is missing"),
        ("/set limit 0", "limit takes how many members there may be, or off, not \"0\""),
        ("/set limit -3", "not \"-3\""),
        ("/set hidden maybe", "hidden takes on or off"),
        ("/set colour red", "topic-by-ops, outsiders or hidden, not \"colour\""),
    ] {
        let refusal = change(typed).unwrap_err();
        assert!(refusal.contains(words), "{typed}: {refusal}");
    }
}

#[test]
fn what_others_will_see_is_cleaned_as_it_comes_in() {
    assert_eq!(said("\u{1b}[31mred\u{7} \u{202e}gnp.exe"), "[31mred gnp.exe");
    assert_eq!(said("one\r\n\ttwo\nthree"), "one\n    two\nthree");
}
