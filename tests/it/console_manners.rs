//! The operator's console for people: Ctrl-C, Tab, colours, `quiet` while it runs, names beside addresses.

use std::io::{BufRead, BufReader};
use std::sync::mpsc::channel;
use std::thread;

use expectrl::process::Process as _;
use expectrl::process::unix::UnixProcess;
use roomful::chat::effects::Watch;
use serde_json::json;

use crate::server_support::{Program, at_a_terminal, peer_at, server};
use crate::support::{Peer, brief, eventually};

const CTRL_C: &str = "\u{3}";

#[test]
fn one_ctrl_c_on_an_empty_prompt_asks_before_everybody_is_put_out() {
    let (mut screen, addr) = at_a_terminal(&[]);
    let (mut ann, _bob) = (peer_at(addr, "ann"), peer_at(addr, "bob"));
    screen.shows("+ bob");
    screen.types("half");
    screen.prompts("> half");
    screen.types(CTRL_C);
    screen.prompts(">");
    screen.types(CTRL_C);
    screen.shows("! Press Ctrl-C once more within 5 s to stop; 2 people are here.");
    assert!(ann.say("#a", "still here") > 0);
    // A command between the two is no answer to the question.
    screen.types("rooms\r");
    screen.shows("#lobby");
    screen.types(CTRL_C);
    screen.until("a second question", |text| text.matches("once more within 5 s").count() == 2);
    assert!(ann.say("#a", "still here") > 0);
    screen.types(CTRL_C);
    let last = brief(ann.rest().last().unwrap());
    assert_eq!(last, "closing server-stopped: the server is going down: the operator stopped it");
    drop(ann);
    drop(_bob);
    let (code, text) = screen.ends();
    assert!(code == 0 && text.contains("all threads"), "{text}");
}

#[test]
fn ctrl_c_stops_a_server_with_nobody_in_it_at_once() {
    let (mut screen, _) = at_a_terminal(&[]);
    screen.prompts(">");
    screen.types(CTRL_C);
    let (code, text) = screen.ends();
    assert!(code == 0 && text.contains("stopping: the operator stopped it"), "{text}");
}

#[test]
fn what_people_say_is_switched_off_and_on_while_it_runs() {
    let mut program = Program::start(&[]);
    let mut ann = program.peer("ann", "#a");
    let mut says = |program: &mut Program, text: &str| {
        ann.say("#a", text);
        // What is said before is shown before.
        ann.ask("topic", json!({"room": "#a", "topic": format!("after {text}")})).unwrap();
        program.shows(&format!("after {text}"));
        program.count(&format!("ann: {text}"))
    };
    assert_eq!(says(&mut program, "one"), 1);
    assert_eq!(program.asks("quiet on"), ["* What people say is hidden now; quiet off shows it."]);
    assert_eq!(says(&mut program, "two"), 0);
    assert_eq!(program.asks("quiet off"), ["* What people say is shown now; quiet on hides it."]);
    assert_eq!(says(&mut program, "three"), 1);
    assert_eq!(program.asks("/quiet"), ["* What people say is hidden now; quiet off shows it."]);
    assert_eq!(program.asks("quiet"), ["* What people say is shown now; quiet on hides it."]);
    assert_eq!(program.asks("quiet please"), ["! Write quiet [on|off]."]);
}

#[test]
fn a_server_is_as_quiet_as_it_is_told_to_be() {
    let server = crate::support::TestServer::start();
    for watch in [Watch::Events, Watch::Messages, Watch::Nothing] {
        server.hub().news.console.set_watch(watch);
        assert_eq!(server.hub().watch(), watch);
    }
}

#[test]
fn refusals_name_the_refused_person_beside_the_address() {
    let mut program = Program::start(&[]);
    let mut ann = program.peer("ann", "#a");
    ann.ask("leave", json!({"room": "#nowhere"})).unwrap_err();
    let line = program.shows("refused: ");
    assert!(line.contains("! ann 127.0.0.1:"), "{line}");
    let mut unnamed = Peer::new(program.wire());
    unnamed.hello(json!({"nick": "ann"})).unwrap_err();
    let line = program.shows("refused: nick-in-use");
    assert!(line.contains("! 127.0.0.1:"), "{line}");
}

/// Memory must not grow with what nobody sees, and the operator is told what was left out.
#[test]
fn what_a_terminal_does_not_take_for_long_is_counted_and_left_out() {
    let mut command = server();
    command.args(["--listen", "127.0.0.1:0", "--rate", "off"]);
    let terminal = UnixProcess::spawn_command(command).unwrap();
    let window = BufReader::new(terminal.get_raw_handle().unwrap());
    let mut lines = window.lines().map_while(Result::ok);
    let addr = lines.find_map(|line| line.trim_end().strip_prefix("listening on ")?.parse().ok()).unwrap();
    let mut ann = peer_at(addr, "ann");
    // Twice as much as is printed for a terminal that takes nothing.
    (0..600).for_each(|_| assert!(ann.say("#a", &"x".repeat(3_500)) > 0));
    let (sender, found) = channel();
    thread::spawn(move || {
        lines.filter(|line| line.contains(" lines were too many to show")).for_each(|line| drop(sender.send(line)));
    });
    // It is told with the next line for which there is room.
    eventually("the number of lines that are missing", || {
        ann.say("#a", "again");
        found.try_recv().is_ok()
    });
}

#[test]
fn exit_and_quit_name_the_command_that_ends_the_server() {
    let mut program = Program::start(&[]);
    for word in ["exit", "quit", "/quit"] {
        assert_eq!(program.asks(word), ["! Type stop to end the server; it says goodbye to everybody."]);
    }
}

#[test]
fn tab_completes_commands_people_and_rooms() {
    let (mut screen, addr) = at_a_terminal(&[]);
    let _ann = peer_at(addr, "Аннета");
    screen.shows("+ Аннета");
    for (typed, completed) in [
        ("sta\t", "> stats"),
        ("/sta\t", "> /stats"),
        ("ki\t", "> kick"),
        ("kick ан\t", "> kick Аннета"),
        ("say #lo\t", "> say #lobby"),
        ("quiet of\t", "> quiet off"),
        // A blank of more than one byte is no reason to fall.
        ("kick\u{3000}ан\t", "> kick\u{3000}Аннета"),
    ] {
        screen.types(typed);
        screen.prompts(completed);
        screen.types(CTRL_C);
        screen.prompts(">");
    }
}

#[test]
fn trouble_is_red_at_a_terminal_and_no_color_is_obeyed() {
    for (variables, is_red) in [(&[][..], true), (&[("NO_COLOR", "1")], false)] {
        let (mut screen, addr) = at_a_terminal(variables);
        let mut ann = peer_at(addr, "ann");
        ann.ask("leave", json!({"room": "#nowhere"})).unwrap_err();
        screen.shows("refused: ");
        let raw = String::from_utf8_lossy(&screen.raw).into_owned();
        assert_eq!(raw.contains("\u{1b}[31m! ann "), is_red, "{raw:?}");
    }
}
