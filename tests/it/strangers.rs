//! Programs that take the server for another one: answered in their own manner, and never heard by anybody. (protocol.md, *Connecting*)

use std::time::Duration;

use crate::support::{TestServer, eventually};

const SENTENCE: &str = "This is a chat server";

/// What a program sends at once, and how the answer in its manner begins.
const STRANGERS: &[(&str, &str)] = &[
    ("OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n\r\n", "SIP/2.0 501 "),
    ("OPTIONS / RTSP/1.0\r\n\r\n", "RTSP/1.0 501 "),
    ("EHLO mail.example.org\r\nMAIL FROM:<a@example.org>\r\nQUIT\r\n", "500 "),
    ("a1 LOGIN anna secret\r\na2 LOGOUT\r\n", "* BYE "),
    ("SSH-2.0-OpenSSH_9.6\r\nhello\r\n", "! "),
    ("*1\r\n$4\r\nPING\r\n", "-ERR "),
    ("PING\r\nhello\r\n", "-ERR "),
    ("<?xml version='1.0'?>\n<stream:stream>\nhello\n", "<?xml "),
    ("\u{10}\u{c}\0\u{4}MQTT\u{4}\u{2}\0<hello\n", "\u{20}\u{2}\0\u{1}"),
    ("\u{3}\0\0\u{13}\u{e}\nhello\n", "! "),
    ("an\u{1}na\nhello\n", "! "),
];

/// Whatever came before it, the server's last words begin in the program's manner, and nobody heard anything.
#[test]
fn a_program_of_another_protocol_is_answered_in_its_manner_and_says_nothing() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    for (sent, answer) in STRANGERS {
        let mut wire = server.wire();
        wire.send(sent);
        let told = String::from_utf8_lossy(&wire.bytes_to_end()).into_owned();
        assert!(told.starts_with(answer), "{sent:?}: {told:?}");
        assert!(told.contains(SENTENCE) || answer.starts_with('\u{20}'), "{sent:?}: {told:?}");
    }
    assert_eq!(watcher.hears(), [""; 0]);
    server.wait_for_sessions(1);
}

/// First bytes that are split anywhere come to the same decision.
#[test]
fn a_program_that_sends_byte_by_byte_is_answered_the_same() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    for (sent, answer) in STRANGERS {
        let mut wire = server.wire();
        // The server hangs up in the middle.
        sent.bytes().take_while(|byte| wire.try_send([*byte]).is_ok()).for_each(drop);
        let told = wire.rest_or_cut().join("\n");
        assert!(told.is_empty() || told.starts_with(answer.trim_end_matches('\u{1}')), "{sent:?}: {told:?}");
    }
    assert_eq!(watcher.hears(), [""; 0]);
    server.wait_for_sessions(1);
}

/// The greeting comes in the middle of a slow request, which is a request all the same.
#[test]
fn a_request_that_is_cut_by_the_greeting_is_still_a_request() {
    let server = TestServer::with(|limits| limits.greet_after = Duration::from_millis(10));
    let mut watcher = server.login_in("watcher", "#lobby");
    for (first, rest, answer) in [
        ("POS", "T / HTTP/1.1\r\n\r\nhello\r\n", "HTTP/1.1 408 "),
        ("E", "HLO x\r\nRSET\r\nhello\r\n", "500 "),
        ("\n", "{\"type\":\"shout\",\"tag\":\"1\"}\n", "{\"type\":\"hello\""),
    ] {
        let mut wire = server.wire();
        wire.send(first);
        assert!(wire.line().starts_with("Roomful, plain mode."));
        wire.send(rest);
        wire.half_close();
        let told = wire.rest();
        assert!(told[0].starts_with(answer), "{told:?}");
    }
    assert_eq!(watcher.hears(), [""; 0]);
}

/// PostgreSQL's wish for TLS and its startup are answered with its own error.
#[test]
fn a_database_client_gets_an_error_of_its_protocol() {
    let server = TestServer::start();
    for hello in [&b"\0\0\0\x08\x04\xd2\x16\x2f"[..], b"\0\0\0\x16\0\x03\0\0user\0anna\0\0"] {
        let mut wire = server.wire();
        wire.send(hello);
        let told = wire.bytes_to_end();
        assert!(told.starts_with(b"E\0\0\0") && String::from_utf8_lossy(&told).contains(SENTENCE), "{told:?}");
    }
}

/// RFC 9113, 3.4: a client that begins with HTTP/2 hears GOAWAY.
#[test]
fn an_http2_client_is_sent_away() {
    let server = TestServer::start();
    let mut wire = server.wire();
    wire.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let told = wire.bytes_to_end();
    assert_eq!((told[3], told[12]), (4, 7), "SETTINGS, then GOAWAY: {told:?}");
}

/// A hello after an empty line had its password said to everybody.
#[test]
fn a_hello_after_empty_lines_is_a_hello() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    for (i, before) in ["\n", "\r\n\r\n", " \n", "\u{feff}", "\u{feff}\n"].into_iter().enumerate() {
        let mut peer = server.peer();
        let hello = format!("{{\"type\":\"hello\",\"version\":1,\"nick\":\"ann{i}\",\"tag\":\"h\",\"rooms\":[]}}\n");
        peer.wire.send(format!("{before}{hello}"));
        peer.answer("h").unwrap();
    }
    assert_eq!(watcher.hears(), [""; 0]);
}

/// On the line front a line of the JSON protocol is refused at any time, wherever its `type` stands.
#[test]
fn a_line_of_json_is_never_said() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    let mut bob = server.nc_login("bob");
    watcher.hears();
    for line in [
        r#"{"type":"hello","version":1,"nick":"ann","password":"nine blue skis"}"#,
        r#"  {"password":"nine blue skis","type" : "hello"}"#,
        "\u{feff}{\"type\":\"login\"}",
        r#"[{"type":"say","text":"x"}]"#,
    ] {
        let told = bob.asks(line);
        assert_eq!(told.len(), 1, "{line}: {told:?}");
        assert!(told[0].starts_with("! This looks like a line of the JSON protocol"), "{told:?}");
    }
    assert_eq!(watcher.hears(), [""; 0]);
    bob.types("/say {\"type\": \"x\"}");
    bob.types("{ and } are brackets");
    bob.sync();
    assert_eq!(watcher.hears(), ["#lobby bob: {\"type\": \"x\"}", "#lobby bob: { and } are brackets"]);
}

/// After the greeting an empty line takes the name, and the hello after it is no line to say.
#[test]
fn a_hello_after_enter_on_the_greeting_is_refused_and_never_said() {
    let server = TestServer::with(|limits| limits.greet_after = Duration::from_millis(10));
    let mut watcher = server.login_in("watcher", "#lobby");
    let mut bob = server.nc();
    assert!(bob.line().starts_with("Roomful"));
    bob.login("");
    bob.types(r#"{"type":"hello","version":1,"nick":"ann","password":"nine blue skis"}"#);
    assert!(bob.line().starts_with("! This looks like a line of the JSON protocol"));
    let heard = watcher.hears();
    assert_eq!(heard.len(), 1, "{heard:?}");
}

/// Telnet's commands come before anything is typed, and a peer that sends them is greeted.
#[test]
fn a_peer_that_begins_with_telnet_commands_is_greeted() {
    let server = TestServer::with(|limits| limits.greet_after = Duration::from_millis(10));
    let mut tel = server.nc();
    tel.wire.send(b"\xff\xfd\x03\xff\xfb\x18");
    assert!(tel.line().starts_with("Roomful, plain mode."));
    tel.login("");
}

/// Enter is an answer to the greeting, and to nothing else.
#[test]
fn an_empty_line_takes_a_name_only_alone_and_after_the_greeting() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    // Before the greeting: it comes all the same, and Enter after it does.
    let mut bob = server.nc();
    bob.types("");
    assert!(bob.line().starts_with("Roomful"));
    bob.login("");
    assert_eq!(watcher.hears().len(), 1);
    // With more in the same write.
    let mut eve = server.nc();
    assert!(eve.line().starts_with("Roomful"));
    eve.wire.send("\nhello\nall\n");
    assert_eq!(eve.line(), "! Take a name first: /nick NAME.");
    // After a refused name, which was no answer either.
    eve.types("two words");
    assert!(eve.line().starts_with("! Nick "));
    eve.types("");
    assert_eq!(eve.line(), "! Take a name first: /nick NAME.");
    eve.login("eve");
    assert_eq!(watcher.hears(), ["#lobby + eve"]);
    // A pipe with nothing but that.
    let mut nobody = server.nc();
    nobody.types("");
    nobody.wire.half_close();
    assert_eq!(nobody.rest(), ["* Bye."]);
    assert_eq!(watcher.hears(), [""; 0]);
}

/// What came with a refused name was written before the refusal was read: it is neither a name nor said.
#[test]
fn what_came_with_a_refused_name_is_dropped() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    let mut bob = server.nc();
    bob.wire.send("watcher\nhello\nhow are you\n");
    assert!(bob.line().contains("watcher2 is free"));
    // Nor is what comes later without having been asked for: a script may not read refusals.
    for line in ["hello", "how are you"] {
        bob.types(line);
        assert_eq!(bob.line(), "! Take a name first: /nick NAME.");
    }
    bob.login("/nick bob");
    bob.types("here");
    bob.sync();
    assert_eq!(watcher.hears(), ["#lobby + bob", "#lobby bob: here"]);
    // An unknown protocol in one write.
    let mut other = server.nc();
    other.wire.send("KNOCK knock\r\nWho: there\r\n\r\nanna\r\nsays this\r\n");
    other.wire.half_close();
    assert_eq!(other.rest().len(), 2, "the refusal and the farewell");
    assert_eq!(watcher.hears(), [""; 0]);
}

/// README: a pipe says its lines under the name in its first.
#[test]
fn a_pipe_with_a_good_name_says_its_lines() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    for sent in ["anna\nhello\n", "\nanna\nhello\n", "\u{feff}anna\r\nhello\r\n", "/help\nanna\nhello\n"] {
        let mut pipe = server.nc();
        pipe.wire.send(sent);
        pipe.wire.half_close();
        pipe.rest();
        eventually("the pipe is gone", || server.hub().sessions() == 1);
        assert_eq!(watcher.hears(), ["#lobby + anna", "#lobby anna: hello", "- anna quit"], "{sent:?}");
    }
}

/// A password that looks like a protocol is an answer to the question for it.
#[test]
fn a_password_that_looks_like_a_protocol_is_a_password() {
    let server = TestServer::with_database();
    let mut ann = server.login("ann");
    for password in ["GET / HTTP/1.1", "{\"type\":1}"] {
        ann.ask("register", serde_json::json!({"password": password})).ok();
        let mut nc = server.nc();
        nc.types("/login ann");
        assert!(nc.line().contains("Password:"));
        nc.types(password);
        let told = nc.line();
        assert!(
            told.starts_with("* You are logged in as ann") || told.starts_with("! Wrong name or password"),
            "{told}"
        );
    }
}

/// protocol.md, *Commands*: an unknown `type` is an error.
#[test]
fn an_unknown_type_of_json_is_an_error_and_never_said() {
    let server = TestServer::start();
    let mut watcher = server.login_in("watcher", "#lobby");
    let mut ann = server.login_in("ann", "#lobby");
    watcher.hears();
    for kind in ["shout", "SAY", "say ", "/msg", ""] {
        assert_eq!(ann.ask(kind, serde_json::json!({"text": "hello"})).unwrap_err().code, "unknown-command", "{kind}");
    }
    assert_eq!(watcher.hears(), [""; 0]);
}
