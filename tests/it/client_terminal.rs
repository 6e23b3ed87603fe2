//! The client program on a terminal, as people see it: screens, not bytes. Ids are those of the lab reports.

use std::net::TcpListener;

use expectrl::process::unix::Signal;

use crate::client_support::{Screen, ServerProgram, client, enter};

const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";

#[test]
fn a9_d7_e3_half_a_line_survives_a_hundred_incoming_ones() {
    let server = ServerProgram::start();
    let mut anna = enter(&server, "Анна");
    let boris = server.peer("Борис");
    anna.types("полстро");
    anna.prompts("#lobby Анна> полстро");
    for i in 1..=100 {
        boris.say(&format!("строка {i} 漢字 👋"));
        if i % 10 == 0 {
            anna.types("ы");
        }
    }
    anna.shows("Борис: строка 100 漢字 👋");
    anna.types("ка\r");
    assert_eq!(boris.hears("полстроыыыыыыыыыыка"), "Анна");
    anna.shows("Анна: полстроыыыыыыыыыыка");
    anna.prompts("#lobby Анна>");
    let rows: Vec<String> = anna.text().lines().map(str::to_owned).collect();
    for (row, i) in rows[..rows.len() - 2].iter().rev().zip((1..=100).rev()) {
        assert!(row.ends_with(&format!("Борис: строка {i} 漢字 👋")), "{row}");
    }
}

#[test]
fn keys_typed_ahead_are_not_lost() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    let lines: Vec<String> = (0..50).map(|i| format!("строка {i} 漢字")).collect();
    for burst in lines.chunks(10) {
        screen.types(&(burst.join("\r") + "\r"));
        ann.say("meanwhile");
    }
    lines.iter().for_each(|line| assert_eq!(ann.hears(line), "bob"));
    screen.shows("bob: строка 49 漢字");
    screen.prompts("#lobby bob>");
}

#[test]
fn e1_a13_enter_three_times_gets_in_with_the_offered_name() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let port = server.addr.rsplit(':').next().unwrap();
    let mut screen = Screen::start(&["--port", port]);
    screen.prompts("Server [127.0.0.1]:");
    screen.types("\r");
    screen.prompts(&format!("Port [{port}]:"));
    screen.types("\r");
    screen.shows("(this machine, not encrypted)");
    screen.shows("Your name [");
    screen.types("\r");
    screen.shows("* You are ");
    let text = screen.text();
    let nick = text.split("* You are ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    assert!(text.contains(&format!("Your name [{nick}]")), "{text}");
    screen.types("hello\r");
    assert_eq!(ann.hears("hello"), nick);
}

#[test]
fn a_line_is_shown_waiting_until_the_server_has_it() {
    let server = ServerProgram::start();
    let mut screen = enter(&server, "anna");
    server.signal("STOP");
    screen.types("are you there?\r");
    screen.until("the pending line", |text| {
        text.lines().any(|row| row.contains("·") && row.contains("anna: are you there?"))
    });
    screen.prompts("#lobby anna>");
    server.signal("CONT");
    screen.until("the sent line", |text| !text.contains('·') && text.contains("anna: are you there?"));
    assert_eq!(screen.text().matches("are you there?").count(), 1, "{}", screen.text());
}

#[test]
fn a_refused_name_is_explained_and_the_offered_one_is_the_default() {
    let server = ServerProgram::start();
    let _ann = server.peer("ann");
    let mut screen = Screen::start(&["--server", &server.addr, "--nick", "ann"]);
    screen.shows("! The name ann is taken by somebody who is here; ann2");
    screen.prompts("Your name [ann2]:");
    assert!(!screen.text().contains("You are"), "D8: {}", screen.text());
    screen.types("\r");
    screen.shows("* You are ann2 in #lobby");
}

#[test]
fn e2_a_failed_connect_says_why_and_remembers_what_was_typed() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let mut screen = Screen::start(&["--port", &addr.port().to_string()]);
    screen.prompts("Server [127.0.0.1]:");
    screen.types("localhost\r\r");
    screen.shows("connection refused");
    screen.prompts("Server [localhost]:");
    let _server = ServerProgram::start_at(&addr.to_string());
    screen.types("127.0.0.1\r\r");
    screen.shows("Your name [");
    screen.types("Вера\r");
    screen.prompts("#lobby Вера>");
}

#[test]
fn a_mistyped_command_names_the_nearest_and_sends_nothing() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    screen.types("/jion лыжи\r");
    screen.shows("! No command \"jion\", did you mean /join? nothing was sent.");
    screen.types("/join лыжи\r");
    screen.prompts("#лыжи bob>");
    screen.types("/join lobby\r");
    screen.prompts("#lobby bob>");
    screen.types("said\r");
    ann.until("said", |news| match news {
        roomful::client::News::Event(roomful::event::Event::Message(message)) => {
            assert_eq!(&*message.text, "said");
            Some(())
        }
        _ => None,
    });
}

#[test]
fn tab_completes_commands_and_names_and_help_lists_them() {
    let server = ServerProgram::start();
    let _vera = server.peer("Вера");
    let mut screen = enter(&server, "bob");
    screen.types("/he\t\r");
    screen.shows("/send PATH [PLACE]");
    screen.shows("/help all lists all");
    screen.types("/he\tall\r");
    screen.shows("/bell [off|mentions|all]");
    screen.shows("/cancel");
    screen.types("/he\tjoin\r");
    screen.shows("/join ROOM [KEY]");
    screen.types("ве\tпривет\r");
    screen.shows("bob: Вера: привет");
}

#[test]
fn joins_and_leaves_become_one_line() {
    let server = ServerProgram::start();
    let mut screen = enter(&server, "bob");
    for nick in ["anna", "boris", "vera"] {
        server.peer(nick).0.quit(None);
    }
    let gleb = server.peer("gleb");
    screen.shows("* gleb joined; anna, boris and vera came and went");
    gleb.say("a message ends the run");
    drop(gleb);
    screen.shows("* gleb left (connection lost)");
    assert!(screen.text().contains("* gleb joined; anna, boris and vera came and went\n"), "{}", screen.text());
}

#[test]
fn a_person_who_mentions_us_rings_the_bell_and_others_do_not() {
    let server = ServerProgram::start();
    let mut screen = enter(&server, "Анна");
    let ann = server.peer("bob");
    ann.say("hello all");
    screen.shows("hello all");
    assert!(!screen.raw.contains(&7));
    ann.say("@анна: look");
    screen.shows("look");
    assert!(screen.raw.contains(&7));
}

#[test]
fn no_text_of_others_drives_the_terminal_and_no_color_is_honoured() {
    let server = ServerProgram::start();
    let mut command = client();
    command.args(["--server", &server.addr, "--nick", "bob"]).env("NO_COLOR", "1");
    let mut screen = Screen::spawn(command);
    screen.prompts("#lobby bob>");
    server.peer("ann").say("x \u{1b}[2J\u{202e}\u{7} y");
    screen.shows("ann: x [2J y");
    let raw = String::from_utf8_lossy(&screen.raw).into_owned();
    assert!(!raw.contains('\u{202e}') && !raw.contains('\u{7}') && !raw.contains("\u{1b}[2J"), "{raw:?}");
    assert!(!raw.contains("\u{1b}[2m") && !raw.contains("\u{1b}[1m") && !raw.contains("\u{1b}[3"), "{raw:?}");
}

#[test]
fn a12_ctrl_d_leaves_with_a_goodbye() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    screen.types(CTRL_D);
    assert_eq!(ann.sees_going("bob"), "quit");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn a12_e5_quit_and_its_old_alias_leave() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    for (nick, line) in [("bob", "/quit\r"), ("vera", "{quit}\r"), ("gleb", "/exit\r")] {
        let mut screen = enter(&server, nick);
        screen.types(line);
        assert_eq!(ann.sees_going(nick), "quit");
        assert_eq!(screen.ends().0, 0);
    }
}

#[test]
fn ctrl_c_clears_the_line_once_and_leaves_twice() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    screen.types("never mind");
    screen.prompts("#lobby bob> never mind");
    screen.types(CTRL_C);
    screen.prompts("#lobby bob>");
    screen.types(&format!("said\r{CTRL_C}"));
    assert_eq!(ann.hears("said"), "bob");
    screen.shows("Ctrl-C again leaves");
    screen.types(CTRL_C);
    assert_eq!(ann.sees_going("bob"), "quit");
    assert_eq!(screen.ends().0, 130);
}

#[test]
fn sigterm_says_goodbye_and_gives_the_terminal_back() {
    let server = ServerProgram::start();
    let ann = server.peer("ann");
    let mut screen = enter(&server, "bob");
    screen.types("half");
    screen.prompts("#lobby bob> half");
    screen.signal(Signal::SIGTERM);
    assert_eq!(ann.sees_going("bob"), "quit");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn c14_e6_a_dead_server_is_told_and_what_was_typed_meanwhile_is_sent_when_it_is_back() {
    let server = ServerProgram::start();
    let addr = server.addr.clone();
    let mut screen = enter(&server, "bob");
    screen.types("half");
    screen.prompts("#lobby bob> half");
    drop(server);
    screen.shows("! Lost the server");
    screen.types(" a line\r");
    screen.until("the waiting line", |text| text.contains("·   bob: half a line"));
    let server = ServerProgram::start_at(&addr);
    screen.shows("* Back after");
    screen.until("the sent line", |text| text.contains("bob: half a line") && !text.contains('·'));
    server.peer("ann").until("the line", |news| match news {
        roomful::client::News::Event(roomful::event::Event::History(history)) => {
            assert_eq!(history.messages.len(), 1);
            Some(())
        }
        _ => None,
    });
}

#[test]
fn a_stopped_server_is_told_with_its_reason() {
    let server = ServerProgram::start();
    let mut screen = enter(&server, "bob");
    server.signal("TERM");
    screen.shows("! The server closes this connection:");
    screen.shows("rying again in");
    screen.types("/quit\r");
    assert_eq!(screen.ends().0, 0);
}
