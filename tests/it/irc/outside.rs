//! The port for IRC only, the names of the server, and the page about IRC tried as a reader does. Knows no capability.

use std::process::{Command, Stdio};

use roomful::event::Event;

use crate::server_support::{Program, run};
use crate::support::{IrcPeer, Wire};

const PAGE: &str = include_str!("../../../docs/irc.md");

/// A server with a port for IRC beside the other one; and that port.
fn with_port() -> (Program, Wire) {
    let program = Program::start(&["--irc", "127.0.0.1:0", "--name", "chat.example", "--network", "School"]);
    let line = program.seen.iter().find_map(|line| line.strip_prefix("listening for IRC on ")).expect("it is told");
    let wire = Wire::connect(line.parse().expect("only an address"));
    (program, wire)
}

#[test]
fn at_a_port_for_irc_a_first_line_need_not_tell_the_protocol_and_the_server_has_its_names() {
    let (mut program, wire) = with_port();
    let mut peer = IrcPeer::new(wire);
    peer.gets("TOPIC #a", &[":chat.example 451 *"]);
    let welcome = peer.comes_in("anna").join("\n");
    assert!(welcome.contains(":chat.example 001 anna :") && welcome.contains(" NETWORK=School "), "{welcome}");
    // The other port still has every protocol.
    program.peer("boris", "#a").quit();
    program.asks("help");
}

#[test]
fn at_a_port_for_irc_a_request_of_a_browser_is_refused_and_none_of_its_lines_is_heard() {
    let (_program, mut wire) = with_port();
    wire.send("POST / HTTP/1.1\r\nHost: a\r\n\r\nNICK anna\r\nUSER a 0 * :a\r\nJOIN #a\r\n");
    let lines = wire.rest();
    assert_eq!(lines[0].trim_end(), "HTTP/1.1 421 Misdirected Request", "{lines:?}");
    assert!(!lines.concat().contains("001"), "{lines:?}");
}

#[test]
fn a_name_without_a_dot_and_a_network_of_two_words_are_refused_with_what_they_take() {
    let (code, _, err) = run(&["--name", "chat"], &[]);
    assert!(code == 78 && err.contains("it takes a name with a dot in it"), "{code} {err}");
    let (code, _, err) = run(&["--network", "my school"], &[]);
    assert!(code == 78 && err.contains("it takes one word"), "{code} {err}");
    let (code, _, err) = run(&["--irc", "6667"], &[]);
    assert!(code == 1 && err.contains("\"6667\" is no address to listen on"), "{code} {err}");
}

/// irc.md, *A bot*: it is run as it stands there, and answers.
#[cfg(unix)]
#[test]
fn the_bot_of_the_page_comes_into_its_room_and_answers() {
    let program = Program::start(&[]);
    let mut anna = program.peer("anna", "#a");
    let (_, code) = PAGE.split_once("```python\n").expect("a bot");
    let (code, _) = code.split_once("\n```").expect("its end");
    let mut python = Command::new("python3");
    python.args(["-c", code, &program.addr.to_string(), "#a"]).stdin(Stdio::null()).stdout(Stdio::null());
    let mut bot = python.spawn().expect("python3; scripts/test.sh installs it");
    anna.wait(|event| matches!(event, Event::Join { nick, .. } if **nick == *"clock"));
    anna.say("#a", "!time");
    let answer = anna.wait(|event| matches!(event, Event::Message(message) if *message.from == *"clock"));
    bot.kill().expect("it runs");
    bot.wait().expect("it was killed");
    assert!(matches!(answer, Event::Message(message) if message.kind == roomful::model::Kind::Notice));
}
