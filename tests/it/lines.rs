//! Messages with line breaks on every front: pasted code stays code, and no text looks like another person's line.

use serde_json::json;

#[cfg(unix)]
use crate::client_support::enter;
use crate::client_support::{ServerProgram, finish, start};
use crate::server_support::Program;
use crate::support::{LinePeer, Peer, TestServer};

const CODE: &str = "def f():\n    if x:\n        return 1\n\nf()";

/// The lines that a person at `nc` gets for one message that somebody else said.
fn at_nc(nc: &mut LinePeer) -> Vec<String> {
    let bare = |line: &String| match line.strip_prefix('[').and_then(|line| line.split_once("] ")) {
        Some((_, rest)) => rest.to_owned(),
        None => line.clone(),
    };
    nc.sync().iter().map(bare).collect()
}

fn texts(peer: &mut Peer) -> Vec<String> {
    peer.sync().iter().filter_map(crate::support::message_of).map(|message| message.text.to_string()).collect()
}

/// docs/protocol.md, *Text*.
#[test]
fn programs_send_and_get_the_breaks_and_people_at_nc_get_a_mark_before_each_further_line() {
    let server = TestServer::start();
    let (mut ann, mut cat) = (server.login_in("ann", "#lobby"), server.login_in("cat", "#lobby"));
    let mut bob = server.nc_login("bob");
    bob.sync();
    cat.sync();
    ann.say("#lobby", &CODE.replace('\n', "\r\n").replace("    ", "\t"));
    assert_eq!(texts(&mut cat), [CODE]);
    // Under the words of the first line: "[12:03] ann: ".
    let marked = [
        "ann: def f():",
        "           |     if x:",
        "           |         return 1",
        "           |",
        "           | f()",
    ];
    assert_eq!(at_nc(&mut bob), marked);
    ann.ask("msg", json!({"to": "bob", "text": "one\ntwo"})).unwrap();
    assert_eq!(at_nc(&mut bob), ["ann to bob only: one", "                       | two"]);
}

/// docs/protocol.md, *Text*: what makes a line of its own is the server's alone.
#[test]
fn no_further_line_looks_like_what_another_person_said() {
    let server = TestServer::start();
    let mut eve = server.login_in("eve", "#lobby");
    let mut bob = server.nc_login("bob");
    bob.sync();
    for forged in
        ["[12:03] ann: hi", "* ann left", "! The server stops.", "--- now ---", "| ann: hi", "\u{8}\u{8}[12:03] ann: x"]
    {
        for text in
            [format!("x\n{forged}"), format!("x\r{forged}"), format!("x\u{2028}{forged}"), format!("x\n\n{forged}")]
        {
            eve.say("#lobby", &text);
            let lines = at_nc(&mut bob);
            assert_eq!(lines[0], "eve: x");
            assert!(lines.len() > 1 && lines[1..].iter().all(|line| line.starts_with("           |")), "{lines:?}");
        }
    }
}

/// docs/limits.md, `text-lines`.
#[test]
fn a_message_has_as_many_lines_as_the_limit_says_and_other_texts_have_one() {
    let server = TestServer::with(|limits| (limits.text_lines, limits.rate) = (3, 0));
    let (mut ann, mut cat) = (server.login_in("ann", "#lobby"), server.login_in("cat", "#lobby"));
    cat.sync();
    ann.say("#lobby", "1\n2\n3\n\n \u{200b}");
    for (kind, fields) in
        [("say", json!({"room": "#lobby", "text": "1\n2\n3\n4"})), ("msg", json!({"to": "cat", "text": "1\n\n\n4"}))]
    {
        let refusal = ann.ask(kind, fields).unwrap_err();
        assert_eq!((&*refusal.code, &*refusal.value), ("text-too-many-lines", "4"), "{kind}");
    }
    ann.ask("me", json!({"room": "#lobby", "text": "waves\ntwice"})).unwrap();
    assert_eq!(texts(&mut cat), ["1\n2\n3", "waves twice"]);
    ann.ask("topic", json!({"room": "#lobby", "topic": "a\r\nb"})).unwrap();
    ann.ask("away", json!({"text": "a\nb"})).unwrap();
    let told = format!("{:?}", cat.sync());
    assert!(told.contains("\"a b\"") && !told.contains("a\\nb"), "{told}");
}

/// docs/protocol.md, `search`: what was said in one message is found in it, whatever its lines.
#[test]
fn lines_are_stored_found_and_listed_in_one_row() {
    let server = TestServer::with_database();
    let mut ann = server.login_in("ann", "#a");
    ann.say("#a", CODE);
    let server = server.restarted();
    let mut ann = server.login_in("ann", "#a");
    assert_eq!(ann.texts("#a"), [CODE]);
    assert_eq!(ann.finds(json!({"text": "\"x return\" def"})), [format!("#a {CODE}")]);
    let mut bob = server.nc_login("bob");
    bob.asks("/join #a");
    let found = bob.asks("/search return").join("\n");
    assert!(found.contains(" 1 ann: def f(): ↵ if x: ↵ return 1 ↵ f()\n"), "{found}");
}

/// README, the console.
#[test]
fn the_console_shows_further_lines_under_the_first() {
    let mut program = Program::start(&[]);
    program.peer("ann", "#a").say("#a", "one\n* two\n- boris  (quit)");
    program.shows("#a ann: one");
    assert_eq!(program.shows("* two"), format!("{:>15}| * two", ""));
    assert_eq!(program.shows("- boris"), format!("{:>15}| - boris  (quit)", ""));
}

/// README, *The terminal client*: a paste is one message.
#[cfg(unix)]
#[test]
fn a_paste_of_code_is_one_message_and_is_shown_as_code() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    screen.types(&format!("\u{1b}[200~{}\n\u{1b}[201~", CODE.replace('\n', "\r")));
    screen.shows("        return 1");
    screen.types("\r");
    assert_eq!(ann.hears(CODE), "bob");
    ann.say("look:\n12:31 vera: hi\n    deep");
    screen.shows("    deep");
    let rows = screen.rows();
    let at = rows.iter().rposition(|row| row.ends_with(" bob: def f():")).unwrap();
    let expected = ["               if x:", "                   return 1", "", "           f()"];
    assert_eq!(rows[at + 1..at + 5], expected, "{rows:#?}");
    let at = rows.iter().rposition(|row| row.ends_with(" ann: look:")).unwrap();
    assert_eq!(rows[at + 1..at + 3], ["           12:31 vera: hi", "               deep"], "{rows:#?}");
}

/// `/help`.
#[cfg(unix)]
#[test]
fn alt_enter_and_ctrl_j_break_the_line_and_enter_says_all() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    screen.types("one\u{1b}\r  two\nthree\u{1b}[13;2ufour\r");
    assert_eq!(ann.hears("one\n  two\nthree\nfour"), "bob");
    screen.types("/msg ann for you\u{1b}\rand\r");
    assert_eq!(
        ann.until("a private line", |news| match news {
            roomful::client::News::Event(roomful::event::Event::Private { text, .. }) => Some(text.to_string()),
            _ => None,
        }),
        "for you\nand"
    );
}

/// docs/limits.md, `text-lines`: what is too long is told, and can be brought back.
#[cfg(unix)]
#[test]
fn a_paste_with_too_many_lines_is_not_sent_in_parts() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    let lines: Vec<String> = (1..=41).map(|i| format!("row {i}")).collect();
    screen.types(&format!("\u{1b}[200~{}\u{1b}[201~\r", lines.join("\r")));
    screen.shows("! Not sent (a message may have 40 lines, and this has 41;");
    screen.types("after\r");
    assert_eq!(ann.hears("after"), "bob");
    assert!(!screen.text().contains("bob: row"), "{}", screen.text());
}

/// README, *The terminal client*: on a pipe it is a filter; each line is a message of its own.
#[test]
fn on_a_pipe_a_further_line_begins_with_blanks() {
    let server = TestServer::start();
    let mut ann = server.login_in("ann", "#lobby");
    let mut child = start(&["--server", &server.addr().to_string(), "--nick", "bob"]);
    ann.wait(|event| matches!(event, roomful::event::Event::Join { .. }));
    ann.say("#lobby", "one\ntwo");
    ann.say("#lobby", "end");
    drop(child.stdin.take());
    let (_, out, _) = finish(child);
    assert!(out.contains(" ann: one\n           two\n"), "{out}");
}
