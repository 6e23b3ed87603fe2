//! How bytes become lines.

use serde_json::json;

use crate::support::{Got, TestServer};

const LINE_BYTES: usize = 512;

/// Lab D13: one `recv(1024)` was taken for one message.
#[test]
fn d13_three_lines_in_one_send_are_three() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.wire.send(
        "{\"type\":\"say\",\"text\":\"1\"}\n{\"type\":\"say\",\"text\":\"2\"}\n{\"type\":\"say\",\"text\":\"3\"}\n",
    );
    ann.sync();
    assert_eq!(bob.hears(), ["ann: 1", "ann: 2", "ann: 3"]);
    bob.wire.send("4\n5\n6\n");
    assert_eq!(bob.sync(), [""; 0]);
    assert_eq!(ann.hears(), ["#lobby bob: 4", "#lobby bob: 5", "#lobby bob: 6"]);
}

/// Lab D13: a long Cyrillic line was cut in the middle of a letter.
#[test]
fn d13_a_long_cyrillic_line_byte_by_byte_arrives_whole() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.hears();
    let text = "щи да каша — пища наша ".repeat(100);
    for byte in format!("{text}\n").into_bytes() {
        bob.wire.send([byte]);
    }
    assert_eq!(bob.sync(), [""; 0]);
    assert_eq!(ann.hears(), [format!("#lobby bob: {}", text.trim())]);

    let line = json!({"type": "say", "text": &text[..400]}).to_string() + "\n";
    for byte in line.into_bytes() {
        ann.wire.send([byte]);
    }
    ann.sync();
    assert_eq!(bob.hears(), [format!("ann: {}", text[..400].trim())]);
}

/// protocol.md, `hello`: nothing needs to be waited for.
#[test]
fn what_is_glued_to_the_hello_is_obeyed_after_it() {
    let server = TestServer::start();
    let mut bob = server.login_in("bob", "#lobby");
    let mut ann = server.peer();
    ann.wire.send(
        "{\"type\":\"hello\",\"version\":1,\"nick\":\"ann\",\"tag\":\"h\"}\n{\"type\":\"say\",\"text\":\"at once\"}\n",
    );
    ann.answer("h").unwrap();
    ann.sync();
    let mut cat = server.nc();
    cat.wire.send("cat\nme too\n");
    cat.until("You are in #lobby");
    cat.sync();
    assert_eq!(bob.hears(), ["#lobby + ann", "#lobby ann: at once", "#lobby + cat", "#lobby cat: me too"]);
}

/// LF, CRLF and CR NUL; telnet commands are no text.
#[test]
fn every_line_ending_and_telnet_are_understood() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut tel = server.nc();
    // IAC DO SUPPRESS-GO-AHEAD, then a name with CR NUL.
    tel.wire.send(b"\xff\xfd\x03tel\r\0");
    tel.until("You are in #lobby");
    tel.wire.send(b"one\r\ntwo\nthree\r\0fo\xff\xf1ur\r");
    tel.wire.send(b"\0\xff\xfa\x18\0xterm\xff");
    tel.wire.send(b"\xf0five\r\n");
    tel.sync();
    let said = ["one", "two", "three", "four", "five"].map(|word| format!("#lobby tel: {word}"));
    assert_eq!(ann.hears(), [vec!["#lobby + tel".to_owned()], said.to_vec()].concat());

    ann.wire.send("{\"type\":\"say\",\"text\":\"crlf\"}\r\n\r\n  \n");
    assert_eq!(ann.hears()[0], "#lobby ann: crlf");
}

/// protocol.md, `line-bytes`: a longer line is dropped up to its end, and the session goes on.
#[test]
fn a_line_one_below_and_at_the_limit_is_taken_and_one_above_is_refused_on_both_fronts() {
    let server = TestServer::with(|limits| limits.line_bytes = LINE_BYTES);
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.hears();
    for (length, taken) in [(LINE_BYTES - 1, true), (LINE_BYTES, true), (LINE_BYTES + 1, false)] {
        for piece in [LINE_BYTES * 2, 100, 1] {
            let text = "x".repeat(length - 1);
            for bytes in format!("{text}\n").as_bytes().chunks(piece) {
                bob.wire.send(bytes);
            }
            let too_long = (!taken).then_some("! Line too long (max 512 bytes), not sent.");
            assert_eq!(bob.hears(), Vec::from_iter(too_long), "{length} in pieces of {piece}");
            assert_eq!(ann.hears(), Vec::from_iter(taken.then(|| format!("#lobby bob: {text}"))));

            let text = "y".repeat(length - 1 - r#"{"type":"say","text":""}"#.len());
            for bytes in format!("{{\"type\":\"say\",\"text\":\"{text}\"}}\n").as_bytes().chunks(piece) {
                ann.wire.send(bytes);
            }
            if !taken {
                let refusal = ann.refused();
                assert_eq!((refusal.code.as_str(), refusal.value.as_str()), ("line-too-long", "512"));
            }
            assert_eq!(ann.hears().len(), if taken { 2 } else { 0 }, "{length} in pieces of {piece}");
            assert_eq!(bob.hears(), Vec::from_iter(taken.then(|| format!("ann: {text}"))));
        }
    }
}

/// An endless line kept a core busy and the memory growing.
#[test]
fn an_unfinished_line_of_a_megabyte_is_refused_once_and_costs_nobody_else_anything() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.hears();
    for _ in 0..16 {
        bob.wire.send(vec![b'x'; 65_536]);
        assert_eq!(ann.hears(), [""; 0]);
    }
    bob.types("\nstill here");
    assert_eq!(bob.hears(), ["! Line too long (max 16384 bytes), not sent."]);
    assert_eq!(ann.hears(), ["#lobby bob: still here"]);
}

/// Binary is answered, and nobody else notices.
#[test]
fn binary_lines_are_harmless_on_both_fronts() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    let every_byte: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').chain([b'\n']).collect();

    let mut ann = server.login_in("ann", "#lobby");
    ann.wire.send(&every_byte);
    assert_eq!(ann.refused().code, "bad-json");
    assert_eq!(ann.say("#lobby", "still here"), 1);

    let mut bob = server.nc_login("bob");
    watcher.hears();
    bob.wire.send(&every_byte);
    bob.types("still here");
    bob.sync();
    let heard = watcher.hears();
    let shown: Vec<char> = heard.concat().chars().filter(|c| c.is_control()).collect();
    assert_eq!(shown, [], "no control character reaches anybody");
    assert_eq!(heard.last().unwrap(), "#lobby bob: still here");
}

/// Lab E4: UTF-8 both ways; invalid bytes become U+FFFD and end nothing.
#[test]
fn e4_every_script_passes_and_bad_utf8_becomes_a_replacement_character() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.hears();
    for text in ["привет", "你好，世界", "👩‍🚀 👋🏽", "שלום", "e\u{301}"] {
        bob.types(text);
        bob.sync();
        assert_eq!(ann.hears(), [format!("#lobby bob: {text}")]);
        ann.say("#lobby", text);
        assert_eq!(bob.hears(), [format!("ann: {text}")]);
        ann.sync();
    }
    bob.wire.send(b"a\xc3(b\x80\n");
    bob.sync();
    ann.wire.send(b"{\"type\":\"say\",\"text\":\"c\xfed\"}\n");
    ann.sync();
    assert_eq!(bob.hears(), ["ann: c\u{fffd}d"]);
    let mut history = server.login("eve");
    let said: Vec<_> = history.join("#lobby").history.messages.iter().rev().take(2).map(|m| m.text.clone()).collect();
    assert_eq!(said, ["c\u{fffd}d".into(), "a\u{fffd}(b\u{fffd}".into()] as [std::sync::Arc<str>; 2]);
}

/// No text from one person drives another's terminal.
#[test]
fn control_and_escape_characters_and_nul_are_taken_out() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc_login("bob");
    ann.hears();
    bob.wire.send(b"a\0b \x1b[31mred\x07 \xe2\x80\xaeevil\n");
    bob.sync();
    assert_eq!(ann.hears(), ["#lobby bob: ab [31mred evil"]);
    ann.say("#lobby", "a\0b\n* eve joined\r\n\u{9b}2J\u{1b}c");
    assert_eq!(bob.hears(), ["ann: ab", "           | * eve joined", "           | 2Jc"]);
    assert_eq!(ann.ask("say", json!({"text": "\u{1b}\0"})).unwrap_err().code, "text-empty");
}

/// `echo hi | ncat` must work: what was read is delivered, then bye.
#[test]
fn a_half_close_delivers_what_was_read_and_says_bye() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut bob = server.nc();
    bob.wire.send("bob\nfirst\nlast, without its ending");
    bob.wire.half_close();
    assert_eq!(bob.rest().last().unwrap(), "* Bye.");
    assert_eq!(bob.get(), Got::End(String::new()));
    ann.wait(|event| matches!(event, roomful::event::Event::Quit { .. }));
    assert_eq!(ann.hears(), ["#lobby + bob", "#lobby bob: first", "#lobby bob: last, without its ending"]);
}
