//! Lines that mean nothing to the JSON front.

use serde_json::{Value, json};

use crate::support::TestServer;

/// Each bad line gets its code, and the next good one is obeyed.
#[test]
fn every_bad_line_is_refused_with_its_reason_and_the_session_goes_on() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    let mut ann = server.login_in("ann", "#lobby");
    watcher.hears();
    let lines = [
        ("nonsense", "bad-json", ""),
        ("[1,2]", "bad-json", ""),
        ("\"text\"", "bad-json", ""),
        ("{\"type\":", "bad-json", ""),
        ("{\"type\":\"say\",}", "bad-json", ""),
        ("{} {}", "bad-json", ""),
        ("{}", "missing-type", ""),
        ("{\"type\":\"shout\"}", "unknown-command", "shout"),
        ("{\"type\":\"SAY\",\"text\":\"x\"}", "unknown-command", "SAY"),
        ("{\"type\":17}", "bad-field", "17"),
        ("{\"type\":\"say\"}", "missing-field", "text"),
        ("{\"type\":\"say\",\"text\":17}", "bad-field", "17"),
        ("{\"type\":\"say\",\"text\":[\"x\"]}", "bad-field", "[\"x\"]"),
        ("{\"type\":\"say\",\"text\":\" \\t \"}", "text-empty", ""),
        ("{\"type\":\"join\",\"room\":{}}", "bad-field", "{}"),
        ("{\"type\":\"join\",\"room\":\"\"}", "room-empty", ""),
        ("{\"type\":\"history\",\"limit\":-1}", "bad-field", "-1"),
        ("{\"type\":\"history\",\"before\":1.5}", "bad-field", "1.5"),
        ("{\"type\":\"hello\",\"version\":1}", "named-already", "ann"),
        ("{\"type\":\"say\",\"tag\":7,\"text\":\"x\"}", "bad-field", "7"),
    ];
    for (line, code, value) in lines {
        ann.wire.send(format!("{line}\n"));
        let refusal = ann.refused();
        assert_eq!(refusal.code, code, "{line}");
        assert!(!refusal.text.is_empty(), "{line}");
        if code != "bad-json" {
            assert_eq!(refusal.value, value, "{line}");
        }
        assert_eq!(ann.hears(), [""; 0], "{line}");
    }
    assert_eq!(watcher.hears(), [""; 0]);
    assert_eq!(ann.say("#lobby", "still here"), 1);
}

/// Fields it does not know are ignored.
#[test]
fn unknown_fields_are_ignored() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    ann.ask("say", json!({"text": "hi", "colour": "red", "nested": {"deep": [1, null]}})).unwrap();
    assert_eq!(ann.hears(), ["#lobby ann: hi"]);
}

/// Nesting must not eat the small stack of a session's thread.
#[test]
fn json_nested_too_deeply_is_refused_and_not_followed() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    for depth in [100, 127, 128, 1_000, 8_000] {
        for (open, close) in [("[", "]"), ("{\"x\":", "}")] {
            let nested = |field: &str| {
                let end = if open == "[" { "" } else { "1" };
                let fits = (16_000 / (open.len() + close.len())).min(depth);
                format!(
                    "{{\"{field}\":{}{end}{},\"type\":\"say\",\"text\":1}}\n",
                    open.repeat(fits),
                    close.repeat(fits)
                )
            };
            for field in ["unknown", "tag"] {
                ann.wire.send(nested(field));
                let code = ann.refused().code;
                assert!(["bad-json", "bad-field"].contains(&code.as_str()), "{depth} {field}: {code}");
            }
        }
    }
    assert_eq!(ann.say("#lobby", "still here"), 1);
}

/// The tag comes back with the refusal, if it can be read.
#[test]
fn a_refusal_carries_the_tag_back() {
    let server = TestServer::start();
    let mut ann = server.login("ann");
    for (kind, fields, code) in [
        ("shout", json!({}), "unknown-command"),
        ("say", json!({"text": 5}), "bad-field"),
        ("join", json!({"room": "a b"}), "room-bad-character"),
        ("msg", json!({"to": "nobody", "text": "x"}), "no-such-nick"),
        ("say", json!({"text": "x"}), "no-room"),
        ("say", json!({"room": "#none", "text": "x"}), "no-such-room"),
        ("say", json!({"room": "#lobby", "text": "x"}), "not-in-room"),
        ("reply", json!({"text": "x"}), "nobody-to-reply-to"),
    ] {
        assert_eq!(ann.ask(kind, fields).unwrap_err().code, code, "{kind}");
    }
}

/// protocol.md, limits: one below and at each length is taken, one above is refused.
#[test]
fn each_text_is_taken_up_to_its_limit_and_refused_above_it() {
    let server = TestServer::with(|limits| limits.line_bytes = 65_536);
    let mut ann = server.login_in("ann", "#lobby");
    for (kind, field, most, code) in [
        ("say", "text", 4_000, "text-too-long"),
        ("topic", "topic", 390, "topic-too-long"),
        ("away", "text", 200, "away-too-long"),
    ] {
        for length in [most - 1, most, most + 1] {
            let mut fields = json!({});
            // Characters count, not bytes.
            fields[field] = Value::from("ж".repeat(length));
            let answer = ann.ask(kind, fields);
            match length > most {
                true => {
                    let refusal = answer.unwrap_err();
                    assert_eq!((refusal.code, refusal.value), (code.to_owned(), length.to_string()));
                }
                false => assert!(answer.is_ok(), "{kind} {length}: {answer:?}"),
            }
        }
    }
    assert_eq!(ann.ask("quit", json!({"text": "x".repeat(301)})).unwrap_err().code, "reason-too-long");
    ann.ask("quit", json!({"text": "x".repeat(300)})).unwrap();
    ann.rest();
}
